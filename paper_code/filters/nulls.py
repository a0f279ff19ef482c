"""Null distributions for R^2: what a fit reaches on random filters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

from paper_code.core.errors import PaperCodeError, check_bounds
from paper_code.core.geometry import sides
from paper_code.core.plan import plan
from paper_code.core.statistics import generator
from paper_code.filters.fitting import Indexed, minimise, read_bank, unit_energy
from paper_code.filters.gabor import GaborModel, fit_gabor, starting_points
from paper_code.filters.laplacian import fit_log
from paper_code.filters.radial import radial_symmetry
from paper_code.network.layers import receptive_fields

QUANTILE, SEED = plan()["oriented"]["quantile"], plan()["oriented"]["seed"]  # random filters rarely exceed their quantile
SMOOTHING = 1.0  # px: sd of the Gaussian blur that produces smooth random filters
HEAT = 20  # iterations for every start of every filter if only a quantile of R^2 is needed;
AHEAD = 5  # the best filters, this many times the number above the quantile, are then fitted to convergence


def null_filters(size: int | tuple[int, int], kind: str, count: int, seed: int, psi0: ArrayLike | None = None) -> np.ndarray:
    """Random filters (count, h, w), to be fitted as the data are: what :func:`paper_code.filters.fit_gabor` reaches on them is chance.

    PaperCodeError for any other kind, a seed that is not a whole number >= 0, or a count or size that is too small.

    Parameters
    ----------
    size : int or (int, int)
        Side of the filters, or height and width, in px.
    kind : "white" or "smooth"
        Independent standard normal weights, or the same blurred by a Gaussian of sd 1 px with mirrored borders.
    count, seed : int
    psi0 : array (m, m), optional
        LGN filter in front of the random filters, which makes them m - 1 px wider and higher: the null for receptive fields Psi1 * Psi0,
        in which only Psi1 is random.

    Examples
    --------
    >>> from paper_code.filters import null_filters
    >>> null_filters(9, "smooth", count=20, seed=0).shape
    (20, 9, 9)
    """
    if kind not in ("white", "smooth"):
        raise PaperCodeError(f"null filters are 'white' or 'smooth', not {kind!r}")
    shape = sides(size)
    check_bounds("count of a null", count, 1, 10**7)
    if min(shape) < 3:
        raise PaperCodeError(f"a null needs size >= 3, not {size}")
    filters = generator(seed).standard_normal((count, *shape))
    if kind == "smooth":
        filters = gaussian_filter(filters, (0, SMOOTHING, SMOOTHING))
    return receptive_fields(filters, psi0)


def spectrum_matched(filters: ArrayLike, count: int, seed: int) -> np.ndarray:
    """Gaussian fields (count, h, w) with the mean power spectrum of a bank: what its filters would be if only their spectrum mattered.

    This is the null for a network without an l0, whose smoothness is not otherwise known. The spectrum is computed on the filters' own
    lattice and averaged over the filters scaled to unit energy, so that strong filters do not count for more. Filters and errors are those
    of :func:`paper_code.filters.fit_gabor`, with the errors of :func:`null_filters` too; filters with NaN or constant ones are left out.
    The fields are of unit energy on average.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.filters import spectrum_matched
    >>> bank = np.random.default_rng(0).normal(size=(8, 7, 5))
    >>> print(spectrum_matched(bank, count=20, seed=0).shape)
    (20, 7, 5)
    """
    bank = read_bank(filters).sound
    check_bounds("count of a null", count, 1, 10**7)
    shape = bank.shape[1:]
    power = (np.abs(np.fft.fft2(unit_energy(bank)[0].reshape(bank.shape))) ** 2).mean(axis=0)
    noise = np.fft.fft2(generator(seed).standard_normal((count, *shape)))
    return np.fft.ifft2(noise * np.sqrt(power / power.size)).real


def phase_scrambled(filters: ArrayLike, seed: int | Sequence[int]) -> np.ndarray:
    """Filters (n, h, w) with random phases: they keep their power spectra on the lattice, and nothing else of their shape."""
    filters = np.asarray(filters, float)
    spectrum = np.fft.fft2(filters)
    # With the phases of white noise the filters are real, and the two signs of a real Fourier coefficient are equally likely.
    noise = np.fft.fft2(generator(seed).standard_normal(filters.shape))
    return np.fft.ifft2(np.abs(spectrum) * noise / np.abs(noise)).real


def gabor_level(filters: ArrayLike, quantile: float = QUANTILE) -> float:
    """Quantile of the Gabor R^2 of a set of (random) filters: the level that a filter must exceed to be distinguishable from them.

    This is the quantile of ``fit_gabor(filters).r2`` at two thirds of the cost: R^2 only rises during a fit, so the fits of filters that
    lie far below it after a few steps from each start are not continued. Filters and errors are those of
    :func:`paper_code.filters.fit_gabor`, with one for a quantile outside [0, 1]; filters that contain NaN or are constant are left out.

    Examples
    --------
    >>> from paper_code.filters import gabor_level, null_filters
    >>> print(f"{gabor_level(null_filters(9, 'smooth', count=100, seed=0)):.1f}")
    0.7
    """
    check_bounds("quantile", quantile, 0.0, 1.0)
    bank = read_bank(filters).sound
    values, _, about_mean = unit_energy(bank)
    model = GaborModel(bank.shape[1:])
    starts = model.from_frequency(starting_points(bank))
    count, tries = starts.shape[:2]
    heat = minimise(model, np.repeat(values, tries, axis=0), starts.reshape(count * tries, -1), HEAT)
    r2 = 1 - heat.ssr.reshape(count, tries).min(axis=1) / about_mean
    best = np.argsort(-r2, kind="stable")[: max(1, int(np.ceil(AHEAD * (1 - quantile) * count)))]
    r2[best] = fit_gabor(bank[best]).r2
    return float(np.quantile(r2, quantile))


@dataclass(frozen=True)
class NullRadial(Indexed):
    """Radial measures of random filters, each recentred on its fitted LoG as the data are: arrays (count,)."""

    log_r2: np.ndarray
    i_orb: np.ndarray
    i_rad: np.ndarray


def null_radial(size: int | tuple[int, int], kind: str, count: int, seed: int) -> NullRadial:
    """LoG R^2 and radial indices of :func:`null_filters`, each recentred as the data are: a :class:`NullRadial`.

    A fitted centre finds symmetry that is absent about the middle of the lattice. About the middle, the white null is known exactly:
    I_orb is Beta((o - 1)/2, (size^2 - o)/2) with o orbits of D4 (10 at size 7), and I_rad is Beta(5/2, (size^2 - 6)/2). Parameters and
    errors are those of :func:`null_filters`.

    Examples
    --------
    >>> from paper_code.filters import null_radial
    >>> null = null_radial(7, "white", count=50, seed=0)
    >>> print(f"{null.i_rad.mean():.1f}")
    0.3
    """
    filters = null_filters(size, kind, count, seed)
    fit = fit_log(filters)
    recentred = radial_symmetry(filters, fit.x0, fit.y0)
    return NullRadial(fit.r2, recentred.i_orb, recentred.i_rad)
