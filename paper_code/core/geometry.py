"""Pixel coordinates (x right, y up, origin at the centre of the lattice) and orientations."""

import numpy as np
from numpy.typing import ArrayLike

IMAGE_SIZE = 64  # side of the images that a network sees, px


def pixel_grid(size: int | tuple[int, int], spacing: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x and y of the points of a lattice centred on zero, in pixels: two float64 arrays (rows, columns).

    ``x`` increases with the column, ``y`` decreases with the row.

    Parameters
    ----------
    size : int or (int, int)
        Points per side, or rows and columns; an odd number has a point at the origin, an even one has the origin midway between points.
    spacing : float
        Distance between neighbouring points, in pixels (the stride, for offsets of K).

    Examples
    --------
    >>> from paper_code.core.geometry import pixel_grid
    >>> x, y = pixel_grid(3)
    >>> print(x[0], y[:, 0] + 0)
    [-1.  0.  1.] [ 1.  0. -1.]
    """
    y, x = ((np.arange(count) - (count - 1) / 2) * spacing for count in sides(size))
    return np.meshgrid(x, -y, indexing="xy")


def sides(size: int | tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a lattice; a single number stands for both."""
    return (size, size) if np.ndim(size) == 0 else tuple(size)


def orientation_difference(theta_1: ArrayLike, theta_2: ArrayLike) -> np.ndarray:
    """Smallest angle between two orientations, in [0, pi/2] radians; broadcasts."""
    difference = np.abs(np.asarray(theta_1) - np.asarray(theta_2)) % np.pi
    return np.minimum(difference, np.pi - difference)


def cardinal(orientation: ArrayLike) -> np.ndarray:
    """Whether an orientation, in radians, lies within 22.5 degrees of the horizontal or the vertical."""
    return np.cos(4 * np.asarray(orientation)) >= -1e-12


def evenness(orientation: ArrayLike) -> np.ndarray:
    """How evenly orientations (..., n), in radians, are spread: 1 if the doubled and the quadrupled angles cancel, 0 if all are equal."""
    return 1 - np.abs(np.exp(2j * np.multiply.outer([1, 2], orientation)).mean(axis=-1)).max(axis=0)
