"""Radial symmetry of the LGN filter Psi0: symmetry indices, radial profile and frequency response."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import shift

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import pixel_grid
from paper_code.filters.fitting import Indexed, read_bank, unit_scale
from paper_code.filters.laplacian import LogFit
from paper_code.filters.spectrum import frequency_grid, transform

GAUSSIANS = (0.5, 0.7, 1.0, 1.4, 2.0)  # px: widths of the Gaussians that span a smooth radial profile in I_rad
FREQUENCIES, RADII = 65, 51  # per side of the frequency plane, and along its radius


@dataclass(frozen=True)
class RadialSymmetry(Indexed):
    """Symmetry of filters about ``(x0, y0)``: two R^2 about the mean, arrays (n,); NaN for a filter that contains NaN or is constant."""

    x0: np.ndarray
    y0: np.ndarray
    i_orb: np.ndarray  # R^2 of the means over the orbits of the square group D4, after recentring
    i_rad: np.ndarray  # R^2 of the best combination of Gaussians about the centre and a constant
    valid: np.ndarray  # bool


def radial_symmetry(filters: ArrayLike, x0: ArrayLike = 0.0, y0: ArrayLike = 0.0) -> RadialSymmetry:
    """Orbit and radial symmetry indices about a centre: a :class:`RadialSymmetry`.

    The centre of Psi0 is a gauge freedom (Psi1 can undo a shift of Psi0): fit it, recentre, then measure, by
    ``radial_symmetry(filters, fit.x0, fit.y0)`` with ``fit = fit_log(filters)``.

    ``i_orb`` is the share of variance in the means over the orbits of D4, the eight symmetries of the square (for a filter that is not
    square, over its own four). It can refute symmetry and does not require smoothness. It cannot establish rotational symmetry: on a
    7 x 7 lattice the classes of equal radius are these orbits, so a separable square filter scores 1. ``i_rad`` tests for a single smooth
    radial profile at all angles: it is the R^2 of the best linear combination of Gaussians of sigma .5, .7, 1, 1.4, 2 px (either sign) and
    a constant. It bounds rotational symmetry from below, since a radial profile outside their span lowers it too. PaperCodeError as for
    :func:`fit_log`, and if centres are not numbers, one or one per filter, or a filter is shifted off its lattice.

    Parameters
    ----------
    filters : array (n, h, w), (n, 1, h, w) or (n, 3, h, w)
        As for :func:`fit_log`.
    x0, y0 : float or arrays (n,)
        Centre in px, x to the right and y up; by default the middle of the lattice.

    Examples
    --------
    >>> from paper_code.filters import LogFit, radial_symmetry
    >>> psi0 = LogFit.of(sigma=1.2, x0=0.5).render(9)
    >>> for centre in (0.5, 0.0):
    ...     print(f"{radial_symmetry(psi0, centre, 0.0).i_rad[0]:.2f}")
    1.00
    0.77
    """
    bank = read_bank(filters)
    centres = [real_array(one, "a centre") for one in (x0, y0)]
    if any(one.shape not in ((), (1,), bank.valid.shape) for one in centres):
        shapes = " and ".join(str(one.shape) for one in centres)
        raise PaperCodeError(f"x0 and y0 must be numbers or arrays ({len(bank.valid)},), not of shapes {shapes}")
    x0, y0 = (np.broadcast_to(one, len(bank.valid)).copy() for one in centres)
    centre_x, centre_y = x0[bank.valid], y0[bank.valid]
    if not np.isfinite([centre_x, centre_y]).all():
        raise PaperCodeError("a filter that can be fitted has a centre that is no number; give x0 and y0 of these very filters")
    filters, _ = unit_scale(bank.sound)
    x, y = (axis.ravel() for axis in pixel_grid(filters.shape[1:]))
    values = filters.reshape(len(filters), -1)
    values = values - values.mean(axis=1, keepdims=True)
    r2 = (x - centre_x[:, None]) ** 2 + (y - centre_y[:, None]) ** 2
    atoms = np.stack([np.exp(-r2 / (2 * sigma**2)) for sigma in GAUSSIANS] + [np.ones_like(r2)], axis=2)
    basis = np.linalg.qr(atoms)[0]
    explained = (np.einsum("bnm,bn->bm", basis, values) ** 2).sum(axis=1)
    i_rad = explained / (values**2).sum(axis=1)
    indices = bank.spread(i_orb=_orbit_share(recentre(filters, centre_x, centre_y)), i_rad=i_rad)
    return RadialSymmetry(x0=x0, y0=y0, **indices, valid=bank.valid)


def recentre(filters: np.ndarray, x0: ArrayLike, y0: ArrayLike) -> np.ndarray:
    """Move the point (x0, y0) of each filter (n, h, w) to the middle of its lattice by cubic splines: array (n, h, w).

    The weights of a convolution filter are zero outside its lattice, so zeros are shifted in. ``x0`` and ``y0``, numbers or arrays (n,),
    are in px to the right of and above the middle of the lattice.

    Examples
    --------
    >>> from paper_code.filters import LogFit, recentre
    >>> psi0 = LogFit.of(sigma=1.2, x0=0.5).render(9)
    >>> moved = recentre(psi0, 0.5, 0.0)[0]
    >>> print(bool(moved[4, 4] == moved.max()))
    True
    """
    filters = real_array(filters, "filters")  # of integers, the splines would be rounded
    shifts = np.broadcast_to(np.stack(np.broadcast_arrays(y0, -np.asarray(x0)), axis=-1), (len(filters), 2))
    return np.stack([shift(one, step, order=3, mode="grid-constant") for one, step in zip(filters, shifts, strict=True)])


def _orbit_share(filters: np.ndarray) -> np.ndarray:
    square = filters.shape[1] == filters.shape[2]
    turns = [np.rot90(filters, k, axes=(1, 2)) for k in (range(4) if square else (0, 2))]
    mean = np.mean([*turns, *(turn[:, :, ::-1] for turn in turns)], axis=0)
    centred = filters - filters.mean(axis=(1, 2), keepdims=True)
    total = (centred**2).sum(axis=(1, 2))
    if not (total > 0).all():
        raise PaperCodeError(f"filter {np.flatnonzero(~(total > 0))[0]} is constant after recentring; its centre lies off its lattice")
    return 1 - ((filters - mean) ** 2).sum(axis=(1, 2)) / total


def radial_profile(filters: np.ndarray, x0: ArrayLike, y0: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Weights of filters (n, h, w) against distance from a centre, ``x0`` and ``y0`` (n,), px to the right of and above the middle.

    Returns the radius in px and the weights, arrays (n, h * w), sorted by radius.

    Examples
    --------
    >>> from paper_code.filters import LogFit, radial_profile
    >>> psi0 = LogFit.of(sigma=1.2, x0=0.5).render(9)
    >>> radius, weight = radial_profile(psi0, 0.5, 0.0)
    >>> print(radius[0, :3], weight.shape)
    [0.5        0.5        1.11803399] (1, 81)
    """
    x, y = (axis.ravel() for axis in pixel_grid(filters.shape[1:]))
    radius = np.hypot(x - np.reshape(x0, (-1, 1)), y - np.reshape(y0, (-1, 1)))
    order = np.argsort(radius, axis=1, kind="stable")
    return np.take_along_axis(radius, order, axis=1), np.take_along_axis(filters.reshape(len(filters), -1), order, axis=1)


@dataclass(frozen=True)
class FrequencyResponse:
    """Modulus of the Fourier transform of one filter, in units of the weights; frequencies in cycles per pixel."""

    modulus: np.ndarray  # (m, m), over [-1/2, 1/2), fx to the right and fy up
    frequency: np.ndarray  # (k,), radial, 0 to 1/2
    radial_mean: np.ndarray  # (k,), mean of the modulus over 180 directions
    radial_spread: np.ndarray  # (k,), standard deviation over these directions: 0 for a radial filter
    fitted: np.ndarray  # (k,), radial mean for the fitted function, with its constant, on the same lattice
    fitted_plane: np.ndarray  # (k,), modulus of the fitted LoG's transform over the whole plane, in closed form


def frequency_response(psi0: np.ndarray, fit: LogFit) -> FrequencyResponse:
    """Frequency response of one filter (h, w) and of its LoG fit, ``fit_log(psi0[None])[0]``: a :class:`FrequencyResponse`.

    Examples
    --------
    >>> from paper_code.filters import LogFit, fit_log, frequency_response
    >>> psi0 = LogFit.of(sigma=1.2, x0=0.5).render(9)
    >>> response = frequency_response(psi0[0], fit_log(psi0)[0])
    >>> peak = response.frequency[response.radial_mean.argmax()]
    >>> print(f"strongest at {peak:.2f} cycles per pixel")
    strongest at 0.19 cycles per pixel
    """
    psi0 = real_array(psi0, "psi0")
    fx, fy = frequency_grid(FREQUENCIES)
    frequency = np.linspace(0, 0.5, RADII)
    angle = np.arange(180) * np.pi / 180
    both = np.stack([psi0, fit.render(psi0.shape)])
    rays, fitted_rays = np.abs(transform(both, np.outer(frequency, np.cos(angle)), np.outer(frequency, np.sin(angle))))
    return FrequencyResponse(
        modulus=np.abs(transform(psi0[None], fx, fy)[0]),
        frequency=frequency,
        radial_mean=rays.mean(axis=1),
        radial_spread=rays.std(axis=1),
        fitted=fitted_rays.mean(axis=1),
        fitted_plane=np.abs(fit.response(frequency / fit.scale)),
    )
