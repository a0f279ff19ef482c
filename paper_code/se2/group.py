"""The group SE(2) itself: its product, its action on functions of the plane, and its left-invariant frame.

An element is (x, y, theta): px, x right and y up, and radians, counter-clockwise from the x axis. Citti and Sarti 2006.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

Function = Callable[[np.ndarray, np.ndarray], np.ndarray]


def compose(g: ArrayLike, h: ArrayLike) -> np.ndarray:
    """The product g h = (p + R_theta p', theta + theta'): first h in the frame of g. Arrays (3, ...) that broadcast."""
    g, h = np.asarray(g, float), np.asarray(h, float)
    c, s = np.cos(g[2]), np.sin(g[2])
    return np.array([g[0] + c * h[0] - s * h[1], g[1] + s * h[0] + c * h[1], g[2] + h[2]])


def moved(g: ArrayLike, function: Function) -> Function:
    """L_g of a function of the plane: (L_g f)(q) = f(R_{-theta} (q - p))."""
    a, b, theta = np.asarray(g, float)
    c, s = np.cos(theta), np.sin(theta)
    return lambda x, y: function(c * (x - a) + s * (y - b), -s * (x - a) + c * (y - b))


def frame(g: ArrayLike) -> np.ndarray:
    """X1 (ahead), X2 (a turn) and X3 (to the left) at g: rows of an array (3, 3), in the coordinates x, y, theta."""
    c, s = np.cos(np.asarray(g, float)[2]), np.sin(np.asarray(g, float)[2])
    return np.array([[c, s, 0], [0, 0, 1], [-s, c, 0]])


def parking(step: float) -> np.ndarray:
    """Corners of exp(step X1) exp(step X2) exp(-step X1) exp(-step X2) from the identity: (5, 3); the last is near -step^2 X3."""
    corners = [np.zeros(3)]
    for ahead, turn in ((step, 0), (0, step), (-step, 0), (0, -step)):
        corners.append(compose(corners[-1], [ahead, 0, turn]))
    return np.array(corners)
