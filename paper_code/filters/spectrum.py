"""Fourier analysis of filters: the transform at arbitrary frequencies, and the orientation of the power spectrum."""

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.geometry import pixel_grid, sides
from paper_code.filters.fitting import blocks, read_bank, unit_scale


def frequency_grid(count: int | tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (fx right, fy up) in cycles per pixel over one period [-1/2, 1/2): (count, count), or (rows, columns) for a pair."""
    rows, columns = sides(count)
    x, y = pixel_grid((rows, columns))
    return x * (1 / columns), y * (1 / rows)


def fine(shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the frequency grid of :func:`modulus` for filters of a given shape: four times as fine as the lattice's own."""
    return 4 * shape[0] + 1, 4 * shape[1] + 1


def transform(filters: np.ndarray, fx: ArrayLike, fy: ArrayLike) -> np.ndarray:
    """Fourier transform ``sum F(x, y) exp(-2 pi i (fx x + fy y))`` of filters (n, h, w) at arbitrary frequencies in cycles per pixel.

    Complex array (n, *fx.shape) in units of the weights; phases are relative to the centre of the lattice.
    """
    x, y = pixel_grid(filters.shape[1:])
    fx, fy = np.asarray(fx), np.asarray(fy)
    waves = np.exp(-2j * np.pi * (np.outer(x, fx) + np.outer(y, fy)))
    return (filters.reshape(len(filters), -1) @ waves).reshape(len(filters), *fx.shape)


def modulus(filters: np.ndarray) -> np.ndarray:
    """``|transform|`` of filters (n, h, w) on all of ``frequency_grid((4 h + 1, 4 w + 1))``, by FFT: (n, 4 h + 1, 4 w + 1)."""
    return np.abs(np.fft.fftshift(np.fft.fft2(filters, fine(filters.shape[1:])), axes=(1, 2)))


def radial_gain(filters: np.ndarray, frequency: np.ndarray, directions: int = 64) -> np.ndarray:
    """``|transform|`` of filters (n, h, w) at frequencies (k,) in cycles per pixel, averaged over directions: (n, k)."""
    angle = np.arange(directions) * np.pi / directions
    return np.abs(transform(filters, np.outer(frequency, np.cos(angle)), np.outer(frequency, np.sin(angle)))).mean(axis=2)


def spectral_orientation(filters: ArrayLike) -> np.ndarray:
    """Orientation of the bars (n,), radians in [0, pi), from the double-angle moment of the power spectrum, without a fit.

    The sum in ``t = arg(sum |F^(f)|^2 exp(2 i arg f)) / 2`` is over the disc ``|f| <= 1/2``, which treats all directions alike; the
    orientation is ``t + pi/2``. The gradient structure tensor is the same moment weighted by ``|f|^2``, which emphasises noise. Filters
    and errors are those of :func:`paper_code.filters.fitting.read_bank`. Angles are counter-clockwise from the x axis, and NaN for a filter
    that contains NaN or is constant.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.core.geometry import pixel_grid
    >>> from paper_code.filters import spectral_orientation
    >>> x, y = pixel_grid(9)
    >>> cell = np.exp(-(x**2 + y**2) / 8) * np.cos(2 * np.pi * 0.2 * x)  # upright bars
    >>> print(np.rad2deg(spectral_orientation(cell[None])).round())
    [90.]
    """
    bank = read_bank(filters)
    filters, _ = unit_scale(bank.sound)
    shape = fine(filters.shape[1:])
    fx, fy = frequency_grid(shape)
    weight = np.exp(2j * np.arctan2(fy, fx)) * ((np.hypot(fx, fy) <= 0.5) & (np.hypot(fx, fy) > 0))
    moment = [np.tensordot(modulus(filters[block]) ** 2, weight) for block in blocks(len(filters), shape[0] * shape[1])]
    return bank.spread(angle=np.mod(np.angle(np.concatenate(moment)) / 2 + np.pi / 2, np.pi))["angle"]
