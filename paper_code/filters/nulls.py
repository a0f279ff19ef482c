"""What a fit reaches on filters that hold nothing: the distributions an R^2 is read against."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import sides
from paper_code.core.statistics import generator
from paper_code.filters.fitting import Indexed, minimise, read_bank, unit_energy
from paper_code.filters.gabor import GaborModel, fit_gabor, starting_points
from paper_code.filters.laplacian import fit_log
from paper_code.filters.radial import radial_symmetry
from paper_code.network.layers import receptive_fields

SMOOTHING = 1.0  # px: sd of the Gaussian that makes smooth random filters
HEAT = 20  # iterations that every start of every filter gets, where a quantile of R^2 alone is asked for,
AHEAD = 5  # and the best this many times the filters above the quantile are then fitted to the end


def null_filters(size: int | tuple[int, int], kind: str, count: int, seed: int, psi0: ArrayLike | None = None) -> np.ndarray:
    """Random filters, for the very fit of the data: what :func:`paper_code.filters.fit_gabor` reaches on them is chance.

    Parameters
    ----------
    size : int or (int, int)
        Side of the filters in px, or their height and width.
    kind : "white" or "smooth"
        Independent standard normal weights, or these blurred by a Gaussian of 1 px, mirrored at the border.
    count : int
    seed : int
    psi0 : array (m, m), optional
        Look through this LGN filter: the null of receptive fields Psi1 * Psi0, where only Psi1 is random.

    Returns
    -------
    array (count, h, w)
        Of the size, or of ``size + m - 1`` behind ``psi0``.

    Raises
    ------
    PaperCodeError
        For another kind, a seed that is not a whole number >= 0, or a count or size that is too small.

    Examples
    --------
    >>> from paper_code.filters import null_filters
    >>> null_filters(9, "smooth", count=20, seed=0).shape
    (20, 9, 9)
    """
    if kind not in ("white", "smooth"):
        raise PaperCodeError(f"null filters are 'white' or 'smooth', not {kind!r}")
    shape = sides(size)
    if count < 1 or min(shape) < 3:
        raise PaperCodeError(f"a null needs count >= 1 and size >= 3, not {count} and {size}")
    filters = generator(seed).standard_normal((count, *shape))
    if kind == "smooth":
        filters = gaussian_filter(filters, (0, SMOOTHING, SMOOTHING))
    return receptive_fields(filters, psi0)


def spectrum_matched(filters: ArrayLike, count: int, seed: int) -> np.ndarray:
    """Smooth random fields with the mean power spectrum of a bank: what its filters would be if their spectrum were all there is to them.

    The null of a network without an l0, whose smoothness is not known otherwise. The spectrum is that on the filters' own lattice, the mean
    over the filters scaled to unit energy, so that none counts more for being strong. Filters are those of
    :func:`paper_code.filters.fit_gabor`, errors its and those of :func:`null_filters`; filters that hold NaN or are constant are left out.

    Returns
    -------
    array (count, h, w)
        Gaussian, of unit energy on average.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.filters import spectrum_matched
    >>> bank = np.random.default_rng(0).normal(size=(8, 7, 5))
    >>> print(spectrum_matched(bank, count=20, seed=0).shape)
    (20, 7, 5)
    """
    bank = read_bank(filters).sound
    if count < 1:
        raise PaperCodeError(f"a null needs count >= 1, not {count}")
    shape = bank.shape[1:]
    power = (np.abs(np.fft.fft2(unit_energy(bank)[0].reshape(bank.shape))) ** 2).mean(axis=0)
    noise = np.fft.fft2(generator(seed).standard_normal((count, *shape)))
    return np.fft.ifft2(noise * np.sqrt(power / power.size)).real


def phase_scrambled(filters: ArrayLike, seed: int | Sequence[int]) -> np.ndarray:
    """Filters (n, h, w) with random phases: their power spectra on the lattice, and nothing else of their shape."""
    filters = np.asarray(filters, float)
    spectrum = np.fft.fft2(filters)
    # The phases of white noise: real filters come of it, each sign of a real frequency as likely.
    noise = np.fft.fft2(generator(seed).standard_normal(filters.shape))
    return np.fft.ifft2(np.abs(spectrum) * noise / np.abs(noise)).real


def gabor_level(filters: ArrayLike, quantile: float = 0.95) -> float:
    """The R^2 that a share of filters stays below when each gets its Gabor: what a filter must exceed to be no random one.

    The quantile of ``fit_gabor(filters).r2``, for two thirds of its cost: R^2 only rises during a fit, so that filters which are far
    below after a few steps from each of their starts are left there. Filters and errors are those of
    :func:`paper_code.filters.fit_gabor`; filters that hold NaN or are constant are left out.

    Examples
    --------
    >>> from paper_code.filters import gabor_level, null_filters
    >>> print(f"{gabor_level(null_filters(9, 'smooth', count=100, seed=0)):.1f}")
    0.7
    """
    bank = read_bank(filters).sound
    values, _, about_mean = unit_energy(bank)
    model = GaborModel(bank.shape[1:])
    starts = model.from_frequency(starting_points(bank))
    count, tries = starts.shape[:2]
    heat = minimise(model, np.repeat(values, tries, axis=0), starts.reshape(count * tries, -1), HEAT)
    r2 = 1 - heat.ssr.reshape(count, tries).min(axis=1) / about_mean
    best = np.argsort(-r2, kind="stable")[: int(np.ceil(AHEAD * (1 - quantile) * count))]
    r2[best] = fit_gabor(bank[best]).r2
    return float(np.quantile(r2, quantile))


@dataclass(frozen=True)
class NullRadial(Indexed):
    """Radial measures of random filters, recentred on the fitted LoG as the data are: arrays (count,)."""

    log_r2: np.ndarray
    i_orb: np.ndarray
    i_rad: np.ndarray


def null_radial(size: int | tuple[int, int], kind: str, count: int, seed: int) -> NullRadial:
    """LoG R^2 and radial indices of :func:`null_filters`, each filter recentred as the data are: a :class:`NullRadial`.

    A fitted centre finds symmetry that the middle of the lattice does not have. About the middle the white null is exact: I_orb is
    Beta((o - 1)/2, (size^2 - o)/2) with o orbits of D4 (10 at size 7), and I_rad is Beta(5/2, (size^2 - 6)/2). Parameters and errors
    are those of :func:`null_filters`.

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
