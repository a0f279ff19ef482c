"""Measures of claims 1 and 2 on shipped networks, with nulls and untrained networks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy import ndimage

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.filters import GaborBank, LogFit, NullRadial, RadialSymmetry, fit_gabor, fit_log, null_filters, null_radial, radial_symmetry
from paper_code.filters.nulls import QUANTILE, SEED, phase_scrambled
from paper_code.filters.spectrum import frequency_grid, transform


@dataclass(frozen=True)
class LgnMeasures:
    """Claim 1 over s seeds: the l0 filters and their fits, and the same for the untrained filters."""

    seeds: tuple[int, ...]
    filters: np.ndarray  # (s, a, a)
    fit: LogFit  # arrays (s,)
    symmetry: RadialSymmetry  # about the fitted centre
    start: np.ndarray  # (s, a, a), the filters before training
    start_fit: LogFit
    start_symmetry: RadialSymmetry
    null: NullRadial  # smooth random filters, fitted and recentred as the data are

    def level(self, name: str) -> float:
        """Value below which 95 % of smooth random filters lie, for the named field of ``null``."""
        return float(np.quantile(getattr(self.null, name), QUANTILE))

    def first(self, count: int) -> Self:
        """The same measures for the first ``count`` networks only, for figures."""
        return replace(self, **{name: values[:count] for name, values in vars(self).items() if name != "null"})


def measure_lgn(condition: str, seeds: Sequence[int], null_count: int) -> LgnMeasures:
    """Fit and measure the l0 filters of a condition's shipped networks; PaperCodeError if they have no l0 or a network is missing."""
    start, filters = first_filters(condition, seeds)
    fit, start_fit = fit_log(filters), fit_log(start)
    return LgnMeasures(
        tuple(seeds),
        filters,
        fit,
        radial_symmetry(filters, fit.x0, fit.y0),
        start,
        start_fit,
        radial_symmetry(start, start_fit.x0, start_fit.y0),
        null_radial(filters.shape[-1], "smooth", null_count, SEED),
    )


def first_filters(condition: str, seeds: Sequence[int]) -> list[np.ndarray]:
    """l0 of each network before and after training, two arrays (s, a, a); PaperCodeError if they have none."""
    trained = [weights.load_early(condition, seed).l0 for seed in seeds]
    if any(one is None for one in trained):
        raise PaperCodeError(f"networks of the condition {condition} have no l0; choose another condition")
    return [np.stack([weights.initial_early(condition, seed).l0 for seed in seeds]), np.stack(trained)]


@dataclass(frozen=True)
class SharedSpectrum:
    """Power spectra of l0 and of the bank l1 of one network, each scaled to unit mean over the frequency plane."""

    frequency: np.ndarray  # (k,), cycles per pixel
    l0_power: np.ndarray  # (k,), radial mean of |Psi0^|^2
    l1_power: np.ndarray  # (k,), radial mean of sum_i |Psi1_i^|^2
    correlation: float  # between the two spectra over the whole plane


def shared_spectrum(l0: np.ndarray, l1: np.ndarray) -> SharedSpectrum:
    """Compare the spectrum of l0 (a, a) with the summed spectrum of the bank l1 (n, b, b), on a plane of 33 x 33 frequencies.

    Weight decay minimises ``a |Psi0|^2 + b sum_i |Psi1_i|^2``. For fixed products F_i = Psi0 * Psi1_i, the minimum satisfies, at each
    frequency, ``a |Psi0^|^2 = b sum_i |Psi1_i^|^2``: l0 takes a share of the spectrum common to all cells. The two sides are compared here.
    """
    fx, fy = frequency_grid(33)
    first = np.abs(transform(l0[None], fx, fy)[0]) ** 2
    bank = (np.abs(transform(l1, fx, fy)) ** 2).sum(axis=0)
    first, bank = first / first.mean(), bank / bank.mean()
    edges = np.linspace(0, 0.5, 17)
    ring = np.digitize(np.hypot(fx, fy), edges) - 1
    powers = (ndimage.mean(power, ring, np.arange(len(edges) - 1)) for power in (first, bank))
    return SharedSpectrum((edges[1:] + edges[:-1]) / 2, *powers, float(np.corrcoef(first.ravel(), bank.ravel())[0, 1]))


@dataclass(frozen=True)
class SimpleCellMeasures:
    """Claim 2 over s seeds of n cells: Gabor fits to l1, to the receptive fields l1 * l0, to the untrained l1, and to random filters."""

    seeds: tuple[int, ...]
    fields: np.ndarray  # (s, n, c, c), c = a + b - 1
    r2: np.ndarray  # (s, n), Gabor R^2 of l1
    field_fits: tuple[GaborBank, ...]  # one per seed, to the receptive fields
    start_r2: np.ndarray  # (s, n), Gabor R^2 of the untrained l1
    null: np.ndarray  # (m,), Gabor R^2 of smooth random filters of l1's size
    field_nulls: np.ndarray  # (s, m'), the same for random filters behind each seed's l0
    scrambled: np.ndarray  # (s n,), Gabor R^2 of the seeds' own l1 with random phases

    @property
    def above_null(self) -> np.ndarray:
        """Which l1 filters exceed the 95 % quantile of the null: bool (s, n)."""
        return self.r2 > np.quantile(self.null, QUANTILE)


def _null_r2(size: int, count: int, psi0: np.ndarray | None = None) -> np.ndarray:
    return fit_gabor(null_filters(size, "smooth", count, SEED, psi0)).r2


def measure_simple_cells(condition: str, seeds: Sequence[int], null_count: int, field_null_count: int) -> SimpleCellMeasures:
    """Fit Gabors to the l1 filters and receptive fields of a condition's shipped networks, and to random filters."""
    early = [weights.load_early(condition, seed) for seed in seeds]
    start = [weights.initial_early(condition, seed).l1 for seed in seeds]
    size = early[0].l1.shape[-1]
    fields = [network.receptive_fields for network in early]
    return SimpleCellMeasures(
        tuple(seeds),
        np.stack(fields),
        np.stack([fit_gabor(network.l1).r2 for network in early]),
        tuple(fit_gabor(field) for field in fields),
        np.stack([fit_gabor(bank).r2 for bank in start]),
        _null_r2(size, null_count),
        np.stack([_null_r2(size, field_null_count, network.l0) for network in early]),
        fit_gabor(np.concatenate([phase_scrambled(network.l1, [seed, 1]) for seed, network in zip(seeds, early, strict=True)])).r2,
    )
