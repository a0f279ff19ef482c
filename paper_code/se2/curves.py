"""The group SE(2), its curves and its association fields: x right, y up, in pixels; theta in radians from the x axis, counter-clockwise.

An element is (x, y, theta); the product, the action on functions of the plane and the left-invariant frame are those of Citti and Sarti
(2006). In their model, the horizontal curves (with velocity along the direction theta) of constant curvature form the co-circular
association field of Field, Hayes and Hess (1993). Geodesics and orientation fields follow.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError
from paper_code.core.text import first_greatest
from paper_code.se2.modes import check_array, check_arrays, check_count, check_number

TURNS = 5000.0  # largest rotation of a geodesic's momentum, radians; takes ten seconds
MOST_PLACES = 10**6  # points on a curve
Function = Callable[[np.ndarray, np.ndarray], np.ndarray]


def compose(g: ArrayLike, h: ArrayLike) -> np.ndarray:
    """The product g h = (p + R_theta p', theta + theta'), with h taken in the frame of g; arrays (3, ...) that broadcast."""
    g, h = np.asarray(g, float), np.asarray(h, float)
    c, s = np.cos(g[2]), np.sin(g[2])
    return np.array([g[0] + c * h[0] - s * h[1], g[1] + s * h[0] + c * h[1], g[2] + h[2]])


def moved(g: ArrayLike, function: Function) -> Function:
    """Action L_g on a function of the plane: (L_g f)(q) = f(R_{-theta} (q - p))."""
    a, b, theta = np.asarray(g, float)
    c, s = np.cos(theta), np.sin(theta)
    return lambda x, y: function(c * (x - a) + s * (y - b), -s * (x - a) + c * (y - b))


def frame(g: ArrayLike) -> np.ndarray:
    """The fields X1 (forwards), X2 (rotation) and X3 (to the left) at g: rows of an array (3, 3), in the coordinates x, y, theta."""
    c, s = np.cos(np.asarray(g, float)[2]), np.sin(np.asarray(g, float)[2])
    return np.array([[c, s, 0], [0, 0, 1], [-s, c, 0]])


def parking(step: float) -> np.ndarray:
    """Corners of exp(step X1) exp(step X2) exp(-step X1) exp(-step X2) from the identity: (5, 3); the last is close to -step^2 X3."""
    corners = [np.zeros(3)]
    for ahead, turn in ((step, 0), (0, step), (-step, 0), (0, -step)):
        corners.append(compose(corners[-1], [ahead, 0, turn]))
    return np.array(corners)


def constant_curvature(curvature: ArrayLike, s: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The horizontal curve of constant curvature, 1/px, from the identity, at arc lengths s, px; both may be negative or zero; broadcasts.

    Returns x = sin(k s)/k and y = (1 - cos(k s))/k, px, and theta = k s, radians, so that theta = 2 atan2(y, x) within (-pi, pi)
    (co-circularity). PaperCodeError if a value is not finite, or the shapes cannot be broadcast together.

    Examples
    --------
    >>> from paper_code.se2 import constant_curvature
    >>> x, y, theta = constant_curvature(0.1, 5.0)
    >>> print(f"{x:.3f} {y:.3f} {theta:.1f}")
    4.794 1.224 0.5
    """
    k, s = check_arrays(curvature=curvature, s=s)
    turn = k * s
    half = np.sinc(turn / (2 * np.pi))  # a chord of length s half, at angle turn / 2
    return s * half * np.cos(turn / 2), s * half * np.sin(turn / 2), turn


def co_circular(x: ArrayLike, y: ArrayLike, theta_source: ArrayLike = 0.0) -> np.ndarray:
    """Orientation at displacement (x, y), px, that is co-circular with a source of orientation theta_source, radians.

    theta_source + theta = 2 psi mod pi, psi being the direction of the line joining them. Float array, radians in [0, pi); broadcasts.
    PaperCodeError if a value is not finite, or the shapes cannot be broadcast together.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.se2 import co_circular
    >>> print(np.rad2deg(co_circular([1, 1, 0], [0, 1, 1])).round())
    [ 0. 90.  0.]
    """
    x, y, theta_source = check_arrays(x=x, y=y, theta_source=theta_source)
    theta = np.mod(2 * np.arctan2(y, x) - theta_source, np.pi)
    return np.where(theta >= np.pi, 0.0, theta)


@dataclass(frozen=True, eq=False)
class Geodesic:
    """A sub-Riemannian geodesic; every field has shape (n,)."""

    t: np.ndarray  # sub-Riemannian arc length
    x: np.ndarray
    y: np.ndarray
    theta: np.ndarray
    b: np.ndarray  # direction of the momentum in the horizontal plane: h1 = cos b, h2 = sin b
    h3: np.ndarray


def geodesic(b: float, h3: float, length: float, count: int = 101) -> Geodesic:
    """The sub-Riemannian geodesic from the identity with momentum (cos b, sin b, h3); its forward and angular speeds are cos b and sin b.

    x' = cos(b) cos(theta), y' = cos(b) sin(theta), theta' = sin(b), b' = -h3, h3' = -sin(b) cos(b); cos(b)^2 + h3^2 is constant. It is
    sampled at ``count`` values of t from 0 to length, as a :class:`Geodesic`. One pixel is weighted as one radian here; if it is to count
    as beta radians, divide x and y by beta. PaperCodeError if b, h3, length or count is out of range.

    Parameters
    ----------
    b, h3 : float
        Initial momentum: its direction in the horizontal plane, radians, and its third component.
    length : float
        Sub-Riemannian arc length.
    count : int
        Number of points, at least 2.

    Examples
    --------
    >>> from paper_code.se2 import geodesic
    >>> curve = geodesic(b=0.0, h3=0.0, length=2.0, count=5)
    >>> print(curve.x)  # straight ahead
    [0.  0.5 1.  1.5 2. ]
    """
    b, h3, length = check_array("b", b), check_array("h3", h3), check_number("length", length)
    if b.ndim or h3.ndim or not (1 + abs(h3)) * length <= TURNS:
        raise PaperCodeError(f"A geodesic takes one b and one h3, and takes too long with (1 + |h3|) length over {TURNS:g}.")
    count = check_count("count", count, least=2, most=MOST_PLACES)
    turns = 2 * np.pi * np.rint(b / (2 * np.pi))  # the solver's steps must not be relative to a large angle

    def slope(_, state):
        _, _, theta, b, h3 = state
        return [np.cos(b) * np.cos(theta), np.cos(b) * np.sin(theta), np.sin(b), -h3, -np.sin(b) * np.cos(b)]

    t = np.linspace(0, length, count)
    states = solve_ivp(slope, (0, length), [0, 0, 0, b - turns, h3], method="DOP853", t_eval=t, rtol=1e-12, atol=1e-13).y
    return Geodesic(t, *states[:3], states[3] + turns, states[4])


def association_arcs(*, length: float, curvature: float, count: int = 9, points: int = 41) -> np.ndarray:
    """The association field of Field, Hayes and Hess as a fan of arcs through the origin, tangent to the x axis.

    Float array (count, points, 3) of x, y and theta, px and radians. PaperCodeError if a value is out of range.

    Parameters
    ----------
    length : float
        Arc length on either side of the origin, px.
    curvature : float
        Largest curvature, 1/px.
    count : int
        Number of arcs, with curvatures evenly spaced over [-curvature, curvature].
    points : int
        Points per arc; an arc ends early where it has turned by a right angle.

    Examples
    --------
    >>> from paper_code.se2 import association_arcs
    >>> print(association_arcs(length=20, curvature=0.05, count=5).shape)
    (5, 41, 3)
    """
    length, curvature = check_number("length", length), check_number("curvature", curvature)
    count, points = check_count("count", count, most=10**4), check_count("points", points, least=2, most=10**4)
    k = np.linspace(-curvature, curvature, count) if count > 1 else np.zeros(1)
    reach = np.minimum(length, np.pi / 2 / np.maximum(np.abs(k), 1e-300))
    s = reach[:, None] * np.linspace(-1, 1, points)
    return np.stack(constant_curvature(k[:, None], s), axis=-1)


def mode_field(values: ArrayLike, period: float = np.pi) -> tuple[np.ndarray, np.ndarray]:
    """Orientation of the largest value at each position (the first, if several are equal), refined by a parabola.

    Returns it, radians in [0, period), and the largest sample, float arrays (rows, columns). PaperCodeError if the values are not finite,
    have another shape, or cover fewer than three orientations.

    Parameters
    ----------
    values : array (n_theta, rows, columns)
        theta_k = k period / n_theta.
    period : float
        pi or 2 pi.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.se2 import mode_field
    >>> theta = np.arange(12)[:, None, None] * np.pi / 12
    >>> best, height = mode_field(np.cos(2 * (theta - 0.7)) + np.zeros((12, 1, 1)))
    >>> print(f"{best[0, 0]:.1f}")
    0.7
    """
    values, period = check_array("values", values), check_number("period", period)
    if values.ndim != 3 or len(values) < 3 or not values.size:
        raise PaperCodeError(f"mode_field needs values (n_theta >= 3, rows, columns), not an array of shape {values.shape}.")
    best = first_greatest(values)
    before, top, after = (np.take_along_axis(values, (best + k)[None] % len(values), 0)[0] for k in (-1, 0, 1))
    bend = before - 2 * top + after
    shift = np.where(bend < 0, (before - after) / np.where(bend < 0, 2 * bend, 1), 0)
    return (best + shift) % len(values) * period / len(values), top


def fold(angle: ArrayLike) -> np.ndarray:
    """An angle, radians, modulo pi, in (-pi/2, pi/2]: float array of the same shape; nan and infinity give nan.

    PaperCodeError if ``angle`` contains anything but real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.se2 import fold
    >>> print(np.rad2deg(fold(np.deg2rad([100, 20, -100]))).round())
    [-80.  20.  80.]
    """
    return np.pi / 2 - np.mod(np.pi / 2 - real_array(angle, "angle"), np.pi)
