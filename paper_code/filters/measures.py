"""The measures of claims 1 and 2 on shipped networks, each beside its null distribution and its untrained start."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.filters import (
    GaborBank,
    LogFit,
    NullRadial,
    RadialSymmetry,
    fit_gabor,
    fit_log,
    null_gabor_r2,
    null_radial,
    radial_symmetry,
)
from paper_code.filters.spectrum import frequency_grid, transform
from paper_code.network.layers import EarlyLayers

NULL_QUANTILE = 0.95


@dataclass(frozen=True)
class LgnMeasures:
    """Claim 1 over s seeds: l0 filters, their fits, and the same for the untrained filters."""

    seeds: tuple[int, ...]
    filters: np.ndarray  # (s, a, a)
    fit: LogFit  # arrays (s,)
    symmetry: RadialSymmetry  # about the fitted centre
    start: np.ndarray  # (s, a, a), the filters before training
    start_fit: LogFit
    start_symmetry: RadialSymmetry
    null: NullRadial  # smooth random filters, fitted and recentred like the data

    @property
    def null_log_r2(self) -> float:
        """LoG R^2 that 95 % of smooth random filters stay below."""
        return float(np.quantile(self.null.log_r2, NULL_QUANTILE))

    @property
    def null_i_rad(self) -> float:
        """I_rad that 95 % of smooth random filters stay below."""
        return float(np.quantile(self.null.i_rad, NULL_QUANTILE))

    @property
    def null_i_orb(self) -> float:
        """I_orb that 95 % of smooth random filters stay below."""
        return float(np.quantile(self.null.i_orb, NULL_QUANTILE))

    def first(self, count: int) -> Self:
        """The same of the first ``count`` networks, for pictures."""
        names = ("seeds", "filters", "fit", "symmetry", "start", "start_fit", "start_symmetry")
        return replace(self, **{name: getattr(self, name)[:count] for name in names})


def measure_lgn(condition: str, seeds: Sequence[int], null_count: int = 1000, null_seed: int = 0) -> LgnMeasures:
    """Fit and measure the l0 filters of a condition's shipped networks.

    Raises
    ------
    PaperCodeError
        If the condition has no l0 or a network is missing.
    """
    filters = np.stack([_l0(weights.load_early(condition, seed), condition) for seed in seeds])
    start = np.stack([_l0(weights.initial_early(condition, seed), condition) for seed in seeds])
    fit, start_fit = fit_log(filters), fit_log(start)
    return LgnMeasures(
        tuple(seeds),
        filters,
        fit,
        radial_symmetry(filters, fit.x0, fit.y0),
        start,
        start_fit,
        radial_symmetry(start, start_fit.x0, start_fit.y0),
        null_radial(filters.shape[-1], "smooth", null_count, null_seed),
    )


def _l0(early: EarlyLayers, condition: str) -> np.ndarray:
    if early.l0 is None:
        raise PaperCodeError(f"networks of the condition {condition} have no l0; choose another condition")
    return early.l0


@dataclass(frozen=True)
class SharedSpectrum:
    """Power spectra of l0 and of the bank l1, each scaled to unit mean over the plane, for one network."""

    frequency: np.ndarray  # (k,), cycles per pixel
    l0_power: np.ndarray  # (k,), radial mean of |Psi0^|^2
    l1_power: np.ndarray  # (k,), radial mean of sum_i |Psi1_i^|^2
    correlation: float  # of the two over the whole plane


def shared_spectrum(l0: np.ndarray, l1: np.ndarray, count: int = 33) -> SharedSpectrum:
    """Compare the spectrum of l0 with the summed spectrum of the bank.

    Weight decay minimises ``a |Psi0|^2 + b sum_i |Psi1_i|^2``. At fixed products F_i = Psi0 * Psi1_i its minimum has, at each frequency,
    ``a |Psi0^|^2 = b sum_i |Psi1_i^|^2``: l0 takes a share of the spectrum that all cells have in common. The two sides are compared here.

    Parameters
    ----------
    l0 : array (a, a)
    l1 : array (n, b, b)
    count : int
        Frequencies on a side of the plane.
    """
    fx, fy = frequency_grid(count)
    first = np.abs(transform(l0[None], fx, fy)[0]) ** 2
    bank = (np.abs(transform(l1, fx, fy)) ** 2).sum(axis=0)
    first, bank = first / first.mean(), bank / bank.mean()
    edges = np.linspace(0, 0.5, 17)
    ring = np.digitize(np.hypot(fx, fy), edges) - 1
    inside = ring < len(edges) - 1
    number = np.bincount(ring[inside], minlength=len(edges) - 1)

    def radial(power):
        return np.bincount(ring[inside], power[inside], minlength=len(edges) - 1) / number

    return SharedSpectrum((edges[1:] + edges[:-1]) / 2, radial(first), radial(bank), float(np.corrcoef(first.ravel(), bank.ravel())[0, 1]))


@dataclass(frozen=True)
class SimpleCellMeasures:
    """Claim 2 over s seeds of n cells: Gabor fits of l1, of the receptive fields l1 * l0, of the untrained l1, and of chance."""

    seeds: tuple[int, ...]
    l1: np.ndarray  # (s, n, b, b)
    fields: np.ndarray  # (s, n, c, c), c = a + b - 1
    fits: tuple[GaborBank, ...]  # one a seed, of l1
    field_fits: tuple[GaborBank, ...]  # one a seed, of the receptive fields
    start_r2: np.ndarray  # (s, n), Gabor R^2 of the untrained l1
    null: np.ndarray  # (m,), Gabor R^2 of smooth random filters of l1's size
    field_nulls: np.ndarray  # (s, m'), the same behind each seed's l0

    @property
    def null_r2(self) -> float:
        """Gabor R^2 that 95 % of smooth random filters stay below."""
        return float(np.quantile(self.null, NULL_QUANTILE))

    @property
    def r2(self) -> np.ndarray:
        """Gabor R^2 of l1, (s, n)."""
        return np.stack([fit.r2 for fit in self.fits])

    @property
    def field_r2(self) -> np.ndarray:
        """Gabor R^2 of the receptive fields, (s, n)."""
        return np.stack([fit.r2 for fit in self.field_fits])

    @property
    def above_null(self) -> np.ndarray:
        """Which l1 filters exceed the null's 95 %: bool (s, n)."""
        return self.r2 > self.null_r2


def measure_simple_cells(
    condition: str, seeds: Sequence[int], null_count: int = 1000, field_null_count: int = 200, null_seed: int = 0
) -> SimpleCellMeasures:
    """Fit Gabors to the l1 filters and receptive fields of a condition's shipped networks, and to chance."""
    early = [weights.load_early(condition, seed) for seed in seeds]
    start = [weights.initial_early(condition, seed).l1 for seed in seeds]
    size = early[0].l1.shape[-1]
    fields = [network.receptive_fields for network in early]
    return SimpleCellMeasures(
        tuple(seeds),
        np.stack([network.l1 for network in early]),
        np.stack(fields),
        tuple(fit_gabor(network.l1) for network in early),
        tuple(fit_gabor(field) for field in fields),
        np.stack([fit_gabor(bank).r2 for bank in start]),
        null_gabor_r2(size, "smooth", null_count, null_seed),
        np.stack([null_gabor_r2(size, "smooth", field_null_count, null_seed, psi0=network.l0) for network in early]),
    )


@dataclass(frozen=True)
class FitReport:
    """Fits of one network's early layers, for the command line."""

    log: LogFit | None
    symmetry: RadialSymmetry | None
    gabor: GaborBank
    null_log_r2: float | None
    null_i_rad: float | None
    null_gabor_r2: float

    def text(self) -> str:
        """A few lines for people."""
        lines = []
        if self.log is not None:
            lines += [
                f"l0: Laplacian of Gaussian R^2 {self.log.r2[0]:.3f} (95 % of smooth random filters stay below {self.null_log_r2:.3f})",
                f"    sigma {self.log.sigma[0]:.2f} px, centre ({self.log.x0[0]:+.2f}, {self.log.y0[0]:+.2f}) px, "
                f"I_rad {self.symmetry.i_rad[0]:.3f} (below {self.null_i_rad:.3f}), I_orb {self.symmetry.i_orb[0]:.3f}",
            ]
        share, middle = (self.gabor.r2 > self.null_gabor_r2).mean(), np.nanmedian(self.gabor.r2)
        lines.append(
            f"l1: {len(self.gabor)} filters, Gabor R^2 median {middle:.3f}; {share:.0%} above {self.null_gabor_r2:.3f}, "
            "which 95 % of smooth random filters stay below"
        )
        lines.append("    cell  R^2    orientation  frequency  n_x   n_y   phase   (degrees, cycles per pixel)")
        for index in np.argsort(-self.gabor.r2)[: self.gabor.valid.sum()]:
            cell = self.gabor[index]
            lines.append(
                f"    {index:4d}  {cell.r2:.3f}  {np.degrees(cell.orientation):11.0f}  {cell.frequency:9.3f}"
                f"  {cell.n_x:.2f}  {cell.n_y:.2f}  {np.degrees(cell.phase):6.0f}"
                + ("  at a bound" if cell.at_bound else "")
                + ("  degenerate" if cell.degenerate else "")
            )
        if not self.gabor.valid.all():
            lines.append(f"    not fitted, as constant or not finite: {', '.join(map(str, np.flatnonzero(~self.gabor.valid)))}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Every fitted number, for JSON; None for those of a filter that was not fitted."""
        columns = {
            name: [one if ok else None for one, ok in zip(value.tolist(), self.gabor.valid, strict=True)]
            for name, value in vars(self.gabor).items()
            if name != "valid"
        } | {"valid": self.gabor.valid.tolist()}
        report = {"l1": columns, "null_gabor_r2": self.null_gabor_r2}
        if self.log is not None:
            report |= {
                "l0": {name: np.asarray(value).tolist()[0] for name, value in vars(self.log).items()},
                "i_rad": float(self.symmetry.i_rad[0]),
                "i_orb": float(self.symmetry.i_orb[0]),
                "null_log_r2": self.null_log_r2,
                "null_i_rad": self.null_i_rad,
            }
        return report


def fit_report(l0: ArrayLike | None, l1: ArrayLike, null_count: int = 300) -> FitReport:
    """Fit one network's early layers: ``l0`` (a, a) or None, ``l1`` (n, h, w)."""
    gabor = fit_gabor(l1)
    level = float(np.quantile(null_gabor_r2(np.shape(l1)[-2:], "smooth", null_count, 0), NULL_QUANTILE))
    if l0 is None:
        return FitReport(None, None, gabor, None, None, level)
    filters = np.asarray(l0, float)[None]
    log = fit_log(filters)
    null = null_radial(filters.shape[1:], "smooth", null_count, 0)
    return FitReport(
        log,
        radial_symmetry(filters, log.x0, log.y0),
        gabor,
        float(np.quantile(null.log_r2, NULL_QUANTILE)),
        float(np.quantile(null.i_rad, NULL_QUANTILE)),
        level,
    )
