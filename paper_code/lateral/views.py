"""K as pictures, without a model of how it varies: tuning, fan, principal components; maps are in ``association_field``.

The coefficient of cos Phi in a bin is ``sum K cos Phi / sum cos^2 Phi`` over its offsets, in sd of K: what
:mod:`paper_code.lateral.harmonics` fits by a few cosines, here free in every bin. Principal components are those of the kernels between
like cells: what K is made of, without phase.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import map_coordinates

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import cardinal, orientation_difference, pixel_grid
from paper_code.lateral.frame import PairFrame
from paper_code.lateral.harmonics import unit

TURNS = np.deg2rad(np.arange(0, 91, 15))  # edges, of the orientation difference
BINS = 12  # of a direction, over 180 degrees
STRONGEST, BEYOND, WITHIN = 0.01, 6.0, np.deg2rad(30)  # the share of weights, px and radians of :func:`along_and_across`
LIKE_BELOW = np.deg2rad(22.5)
IN_LINE = np.deg2rad(15)
RADIUS = 10  # px, half side of the pictures of like cells: the reach of K along rows and columns


def tuning(frame: PairFrame, kernel: ArrayLike, low: float = 2.0, high: float = 14.0, coherent: bool = True) -> np.ndarray:
    """Coefficient of cos Phi, or the phase-blind mean, by orientation difference (edges TURNS), from low to high px: array (6,)."""
    values, inside = unit(kernel, frame), frame.within(low, high)
    wave = np.cos(frame.phase) if coherent else np.ones_like(frame.phase)
    count = len(TURNS) - 1
    group = np.clip(np.digitize(frame.difference, TURNS) - 1, 0, count - 1)
    top, bottom = (values * wave * inside).sum(axis=1), (wave**2 * inside).sum(axis=1)
    return np.bincount(group, top, count) / np.bincount(group, bottom, count)


def fan(frame: PairFrame, kernel: ArrayLike, low: float = 10.5, high: float = 18.0) -> np.ndarray:
    """Coefficient of cos Phi by the direction psi of the source from the target's bars and by its turn theta: array (12, 12).

    Rows are theta and columns psi, both from -90 degrees up and of period 180. A co-circular kernel is large along theta = 2 psi.
    """
    row, column = _bin(frame.turn[:, None]), _bin(np.arctan2(frame.across, frame.along))
    return _by_place(frame, kernel, frame.within(low, high), row * BINS + column, BINS)


def in_line(frame: PairFrame, orientation: ArrayLike, kernel: ArrayLike, low: float, high: float) -> np.ndarray:
    """Coefficient of cos Phi between cells in line with each other, direction and turn below 15 degrees: array (3,).

    Of all such pairs, of those with a cardinal target, within 22.5 degrees of the horizontal or the vertical, and of those with an oblique
    one. ``orientation`` is that of the cells, radians.
    """
    straight = frame.within(low, high) & (np.abs(frame.across) < np.tan(IN_LINE) * np.abs(frame.along))
    straight &= (np.abs(frame.turn) < IN_LINE)[:, None]
    along_axes = cardinal(np.asarray(orientation)[frame.target])[:, None]
    values, wave = unit(kernel, frame), np.cos(frame.phase)
    parts = (straight, straight & along_axes, straight & ~along_axes)
    return np.array([(values * wave)[use].sum() / max((wave[use] ** 2).sum(), 1e-9) for use in parts])


def ridge(frame: PairFrame, kernel: ArrayLike) -> np.ndarray:
    """Coefficient of cos Phi against the direction from the ridge psi = theta / 2, by the size of the turn, 6 to 14 px: array (3, 12).

    Columns go from -90 degrees up; a turn to the other side is mirrored. The source's axis is at half the turn, the target's at minus half.
    """
    edges = TURNS[::2]
    side = np.where(frame.turn < 0, -1, 1)[:, None]
    away = side * (np.arctan2(frame.across, frame.along) - frame.turn[:, None] / 2)
    row = np.clip(np.digitize(frame.difference, edges) - 1, 0, len(edges) - 2)
    return _by_place(frame, kernel, frame.within(6.0, 14.0), row[:, None] * BINS + _bin(away), len(edges) - 1)


def _bin(angle: np.ndarray) -> np.ndarray:
    return np.floor((angle / np.pi + 0.5) % 1 * BINS).astype(int) % BINS


def _by_place(frame: PairFrame, kernel: ArrayLike, inside: np.ndarray, place: np.ndarray, rows: int) -> np.ndarray:
    """Coefficients (rows, BINS) over the offsets ``inside``, by their ``place``, both (p, k * k)."""
    values, wave = unit(kernel, frame)[inside], np.cos(frame.phase)[inside]
    top, bottom = (np.bincount(place[inside], part, rows * BINS) for part in (values * wave, wave**2))
    return (top / np.maximum(bottom, 1e-9)).reshape(rows, BINS)


def along_and_across(frame: PairFrame, kernel: ArrayLike) -> np.ndarray:
    """Where the strongest excitatory weights lie, as Bosking et al. (1997) plot boutons: array (2, 2).

    The share of the strongest 1 % of weights beyond 6 px that lie within 30 degrees of the source's axis and of what is orthogonal to it;
    below, the same of all weights there: chance.
    """
    values, far = unit(kernel, frame), frame.distance >= BEYOND
    angle = orientation_difference(np.arctan2(frame.across, frame.along), frame.turn[:, None])
    strong = far & (values >= np.quantile(values[far], 1 - STRONGEST))
    return np.array([[(angle[chosen] <= WITHIN).mean(), (angle[chosen] >= np.pi / 2 - WITHIN).mean()] for chosen in (strong, far)])


@dataclass(frozen=True)
class Components:
    """c patterns (c, s, s) of unit energy, x along the bars, and each one's share of the kernels' energy (c,)."""

    patterns: np.ndarray
    share: np.ndarray
    pairs: int


def turned(frame: PairFrame, orientation: ArrayLike, kernel: ArrayLike, radius: float = RADIUS, step: float = 1.0) -> np.ndarray:
    """The kernels between cells of similar orientation, each turned to the pair's mean bar direction and centred on the receptive fields.

    Array (p, s, s), s = 2 radius / step + 1, x along the mean of the bars, y counter-clockwise of it; in sd of K, 0 beyond its reach.

    Parameters
    ----------
    frame : PairFrame
        Of all ordered pairs of the m cells.
    orientation : array (m,)
        Radians.
    kernel : array (m, m, k, k)
    radius, step : float
        Half side and distance of the places, px.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import Cells, pair_frame
    >>> from paper_code.lateral.views import turned
    >>> cells = Cells(*np.random.default_rng(0).uniform(size=(5, 12)))
    >>> frame = pair_frame(cells, size=7, stride=2)
    >>> K = np.random.default_rng(1).normal(size=(12, 12, 7, 7))
    >>> pictures = turned(frame, cells.orientation, K, radius=6)
    >>> print(pictures.shape, int((frame.difference < np.deg2rad(22.5)).sum()))
    (100, 13, 13) 100
    """
    like = np.abs(frame.turn) < LIKE_BELOW
    values = unit(kernel, frame)[like]
    side, target = frame.side, frame.target[like]
    middle = np.asarray(orientation)[target] + frame.turn[like] / 2
    # The displacement of the fields at the centre of K, in the image; a place of K further is a stride further.
    centre = values.shape[1] // 2
    direction = np.asarray(orientation)[target]
    along, across = frame.along[like], frame.across[like]
    x0 = along[:, centre] * np.cos(direction) - across[:, centre] * np.sin(direction)
    y0 = along[:, centre] * np.sin(direction) + across[:, centre] * np.cos(direction)
    stride = np.hypot(along[:, centre + 1] - along[:, centre], across[:, centre + 1] - across[:, centre])[0]
    u, v = pixel_grid(2 * round(radius / step) + 1, step)
    pictures = np.empty((len(values), *u.shape))
    for row, (one, angle, x, y) in enumerate(zip(values.reshape(-1, side, side), middle, x0, y0, strict=True)):
        dx = u * np.cos(angle) - v * np.sin(angle) - x
        dy = u * np.sin(angle) + v * np.cos(angle) - y
        pictures[row] = map_coordinates(one, [side // 2 - dy / stride, side // 2 + dx / stride], order=3, mode="constant")
    return pictures


def components(pictures: np.ndarray, count: int = 3) -> Components:
    """Principal components of pictures (p, s, s) about zero, the strongest first; the largest value of each is positive.

    PaperCodeError for fewer pictures than components.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral.views import components
    >>> pictures = np.zeros((8, 5, 5))
    >>> pictures[:, 2] = 1.0  # all alike: a bar
    >>> noise = 0.01 * np.random.default_rng(0).normal(size=pictures.shape)
    >>> found = components(pictures + noise)
    >>> print(f"{found.share[0]:.2f}")
    1.00
    """
    flat = pictures.reshape(len(pictures), -1)
    if len(flat) < count:
        raise PaperCodeError(f"{count} components need as many kernels between cells of similar orientation, got {len(flat)}")
    energy, vectors = np.linalg.eigh(flat.T @ flat)
    patterns = vectors.T[::-1][:count].reshape(count, *pictures.shape[1:])
    peak = np.take_along_axis(patterns.reshape(count, -1), np.abs(np.round(patterns.reshape(count, -1), 9)).argmax(axis=1)[:, None], 1)
    return Components(patterns * np.sign(peak)[:, :, None], energy[::-1][:count] / energy.sum(), len(pictures))


def extent(patterns: np.ndarray, step: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Root mean square extent of patterns (c, s, s), ``step`` px a place, along the bars and across them, px: two arrays (c,).

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral.views import extent
    >>> bar = np.zeros((1, 5, 5))
    >>> bar[0, 2] = 1.0
    >>> along, across = extent(bar)
    >>> print(f"{along[0]:.2f} {across[0]:.2f}")
    1.41 0.00
    """
    u, v = pixel_grid(patterns.shape[-1], step)
    energy = patterns**2 / (patterns**2).sum(axis=(1, 2), keepdims=True)
    return np.sqrt((energy * u**2).sum(axis=(1, 2))), np.sqrt((energy * v**2).sum(axis=(1, 2)))
