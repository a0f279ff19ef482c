"""Pixel coordinates: x right, y up, origin at the centre of the lattice."""

import numpy as np
from numpy.typing import ArrayLike


def pixel_grid(size: int, spacing: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the places of a square lattice, centred on zero.

    Parameters
    ----------
    size : int
        Places on a side; odd sizes have a place at the origin.
    spacing : float
        Distance of neighbouring places, in pixels (the stride, for offsets of K).

    Returns
    -------
    x, y : float64 arrays (size, size)
        In pixels; ``x`` grows with the column, ``y`` shrinks with the row.

    Examples
    --------
    >>> from paper_code.core.geometry import pixel_grid
    >>> x, y = pixel_grid(3)
    >>> print(x[0], y[:, 0] + 0)
    [-1.  0.  1.] [ 1.  0. -1.]
    """
    ticks = (np.arange(size) - (size - 1) / 2) * spacing
    return np.meshgrid(ticks, -ticks, indexing="xy")


def orientation_difference(theta_1: ArrayLike, theta_2: ArrayLike) -> np.ndarray:
    """Smallest angle between two orientations, in [0, pi/2] radians; broadcasts."""
    difference = np.abs(np.asarray(theta_1) - np.asarray(theta_2)) % np.pi
    return np.minimum(difference, np.pi - difference)
