"""What a fit reaches on filters that hold nothing: the distributions an R^2 is read against."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

from paper_code.core.errors import PaperCodeError
from paper_code.filters.fitting import Bank
from paper_code.filters.gabor import fit_gabor
from paper_code.filters.radial import fit_log, radial_symmetry
from paper_code.network.layers import receptive_fields

SMOOTHING = 1.0  # px: sd of the Gaussian that makes smooth random filters


def null_filters(size: int, kind: str, count: int, seed: int, psi0: ArrayLike | None = None) -> np.ndarray:
    """Random filters.

    Parameters
    ----------
    size : int
        Side of the filters in px.
    kind : "white" or "smooth"
        Independent standard normal weights, or these blurred by a Gaussian of 1 px, mirrored at the border.
    count : int
    seed : int
    psi0 : array (m, m), optional
        Look through this LGN filter: the null of receptive fields Psi1 * Psi0, where only Psi1 is random.

    Returns
    -------
    array (count, side, side)
        ``side = size``, or ``size + m - 1`` behind ``psi0``.

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
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise PaperCodeError(f"a null needs a seed, a whole number >= 0, not {seed!r}")
    if count < 1 or size < 3:
        raise PaperCodeError(f"a null needs count >= 1 and size >= 3, not {count} and {size}")
    filters = np.random.default_rng(seed).standard_normal((count, size, size))
    if kind == "smooth":
        filters = gaussian_filter(filters, (0, SMOOTHING, SMOOTHING))
    return receptive_fields(filters, psi0)


def phase_scrambled(filters: ArrayLike, seed: int | Sequence[int]) -> np.ndarray:
    """The same filters with random phases: their power spectra on the lattice, and nothing else of their shape.

    Parameters
    ----------
    filters : array (n, size, size)
    seed : int or sequence of int

    Returns
    -------
    array (n, size, size)
    """
    filters = np.asarray(filters, float)
    spectrum = np.fft.fft2(filters)
    # The phases of white noise: real filters come of it, each sign of a real frequency as likely.
    noise = np.fft.fft2(np.random.default_rng(seed).standard_normal(filters.shape))
    return np.fft.ifft2(np.abs(spectrum) * noise / np.abs(noise)).real


def null_gabor_r2(size: int, kind: str, count: int, seed: int, psi0: ArrayLike | None = None) -> np.ndarray:
    """Gabor R^2 of :func:`null_filters`, by the very fit of the data.

    Parameters
    ----------
    size, kind, count, seed, psi0
        As of :func:`null_filters`.

    Returns
    -------
    array (count,)

    Raises
    ------
    PaperCodeError
        As :func:`null_filters`.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.filters import null_gabor_r2
    >>> r2 = null_gabor_r2(9, "smooth", count=50, seed=0)
    >>> print(f"half of smooth random filters reach {np.median(r2):.1f}")
    half of smooth random filters reach 0.6
    """
    return fit_gabor(null_filters(size, kind, count, seed, psi0)).r2


@dataclass(frozen=True)
class NullRadial(Bank):
    """Radial measures of random filters, arrays (count,)."""

    log_r2: np.ndarray
    i_orb: np.ndarray  # recentred on the fitted LoG, as the data are
    i_rad: np.ndarray
    i_orb_middle: np.ndarray  # about the middle of the lattice
    i_rad_middle: np.ndarray


def null_radial(size: int, kind: str, count: int, seed: int) -> NullRadial:
    """LoG R^2 and radial indices of :func:`null_filters`, each filter recentred as the data are.

    About the middle of the lattice the white null is exact: I_orb is Beta((o - 1)/2, (size^2 - o)/2) with o orbits of D4
    (10 at size 7), and I_rad is Beta(5/2, (size^2 - 6)/2).

    Parameters
    ----------
    size, kind, count, seed
        As of :func:`null_filters`.

    Returns
    -------
    NullRadial

    Raises
    ------
    PaperCodeError
        As :func:`null_filters`.

    Examples
    --------
    >>> from paper_code.filters import null_radial
    >>> null = null_radial(7, "white", count=50, seed=0)
    >>> print(f"{null.i_rad_middle.mean():.1f}")
    0.1
    """
    filters = null_filters(size, kind, count, seed)
    fit = fit_log(filters)
    middle, recentred = radial_symmetry(filters), radial_symmetry(filters, fit.x0, fit.y0)
    return NullRadial(fit.r2, recentred.i_orb, recentred.i_rad, middle.i_orb, middle.i_rad)
