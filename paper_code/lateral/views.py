"""K seen bin by bin, without a model of how it varies: tuning, maps in the frame of the target or the source, the strongest weights.

The coefficient of cos Phi in a bin is ``sum K cos Phi / sum cos^2 Phi`` over its offsets, in sd of K: what
:mod:`paper_code.lateral.harmonics` fits by a few cosines, here free in every bin.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from paper_code.lateral.frame import PairFrame
from paper_code.lateral.harmonics import unit

TURNS = np.deg2rad(np.arange(0, 91, 15))  # edges, of the orientation difference


def tuning(
    frame: PairFrame, kernel: ArrayLike, low: float = 2.0, high: float = 14.0, edges: np.ndarray = TURNS, coherent: bool = True
) -> np.ndarray:
    """Coefficient of cos Phi, or the phase-blind mean, against the orientation difference.

    Parameters
    ----------
    frame : PairFrame
    kernel : array (m, m, k, k)
    low, high : float
        Px, the ring.
    edges : array (g + 1,)
        Radians.
    coherent : bool

    Returns
    -------
    array (g,)
        In sd of the kernel.
    """
    values, inside = unit(kernel, frame), _ring(frame, low, high)
    wave = np.cos(frame.phase) if coherent else np.ones_like(frame.phase)
    group = np.clip(np.digitize(frame.difference, edges) - 1, 0, len(edges) - 2)
    top, bottom = (values * wave * inside).sum(axis=1), (wave**2 * inside).sum(axis=1)
    count = len(edges) - 1
    return np.bincount(group, top, count) / np.bincount(group, bottom, count)


def fan(frame: PairFrame, kernel: ArrayLike, low: float = 10.5, high: float = 18.0, bins: int = 12) -> np.ndarray:
    """Coefficient of cos Phi by the direction psi of the source from the target's bars and by its turn theta: array (bins, bins).

    Rows are theta from -90 degrees up, columns psi from -90 degrees up, both of period 180. A co-circular kernel is large along
    theta = 2 psi.
    """
    values, inside = unit(kernel, frame), _ring(frame, low, high)
    psi, theta = np.arctan2(frame.across, frame.along), np.broadcast_to(frame.turn[:, None], frame.along.shape)
    number = [np.floor((angle / np.pi + 0.5) % 1 * bins).astype(int) % bins for angle in (theta, psi)]
    place = (number[0] * bins + number[1])[inside]
    wave = np.cos(frame.phase)[inside]
    top, bottom = np.bincount(place, values[inside] * wave, bins**2), np.bincount(place, wave**2, bins**2)
    return (top / np.maximum(bottom, 1e-9)).reshape(bins, bins)


def ridge(
    frame: PairFrame, kernel: ArrayLike, low: float = 6.0, high: float = 14.0, edges: np.ndarray = TURNS[::2], bins: int = 12
) -> np.ndarray:
    """Coefficient of cos Phi against the direction from the ridge psi = theta / 2, by the size of the turn: array (turns, bins).

    Columns run from -90 degrees up; a turn to the other side is mirrored. The source's axis lies at plus half the turn, the target's at
    minus half of it.
    """
    values, inside = unit(kernel, frame), _ring(frame, low, high)
    side = np.where(frame.turn < 0, -1, 1)[:, None]
    away = side * (np.arctan2(frame.across, frame.along) - frame.turn[:, None] / 2)
    column = np.floor((away / np.pi + 0.5) % 1 * bins).astype(int) % bins
    row = np.clip(np.digitize(frame.difference, edges) - 1, 0, len(edges) - 2)
    place, wave = (row[:, None] * bins + column)[inside], np.cos(frame.phase)[inside]
    size = (len(edges) - 1) * bins
    top, bottom = np.bincount(place, values[inside] * wave, size), np.bincount(place, wave**2, size)
    return (top / np.maximum(bottom, 1e-9)).reshape(-1, bins)


def maps(
    frame: PairFrame,
    kernel: ArrayLike,
    turns: Iterable[float],
    half_width: float,
    source: bool = False,
    extent: float = 17.0,
    step: float = 1.0,
    blur: float = 1.5,
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficient of cos Phi by place, for sources of some turns, in the frame of the target or of the source.

    Parameters
    ----------
    frame : PairFrame
    kernel : array (m, m, k, k)
    turns : sequence of float
        Radians.
    half_width : float
        Radians, of each band of turns.
    source : bool
        The place of the target from the source, x along the source's bars; otherwise of the source from the target.
    extent, step, blur : float
        Half side, distance of places and blur of the maps, px.

    Returns
    -------
    ticks : array (n,)
    array (turns, n, n)
        Rows from top to bottom, NaN where there is next to nothing.
    """
    from scipy.ndimage import gaussian_filter

    values, wave = unit(kernel, frame), np.cos(frame.phase)
    x, y, turn = frame.along, frame.across, frame.turn
    if source:  # the displacement reversed, and turned into the source's frame
        cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
        x, y, turn = -(x * cos + y * sin), -(y * cos - x * sin), -turn
    count = int(round(2 * extent / step)) + 1
    column, row = np.rint((x + extent) / step).astype(int), np.rint((extent - y) / step).astype(int)
    inside = (column >= 0) & (column < count) & (row >= 0) & (row < count)
    found = []
    for angle in turns:
        apart = (turn - angle + np.pi / 2) % np.pi - np.pi / 2
        use = inside & (np.abs(apart) <= half_width)[:, None]
        place = row[use] * count + column[use]
        top, bottom = (np.bincount(place, part[use], count**2).reshape(count, count) for part in (values * wave, wave**2))
        top, bottom = gaussian_filter(top, blur / step), gaussian_filter(bottom, blur / step)
        found.append(np.where(bottom > 0.5, top / np.maximum(bottom, 1e-9), np.nan))
    return np.arange(count) * step - extent, np.stack(found)


def like_map(frame: PairFrame, kernel: ArrayLike, half_width: float = np.pi / 8, extent: float = 17.0) -> tuple[np.ndarray, np.ndarray]:
    """What like cells send each other, by place in the target's frame, its bars to the right: ticks (n,) and a map (n, n), as :func:`maps`.

    Bars have no head, so that a place and the opposite one are the same: the map is point-symmetric.
    """
    ticks, (found,) = maps(frame, kernel, [0.0], half_width, extent=extent)
    both = np.stack([found, found[::-1, ::-1]])
    there = np.isfinite(both)
    return ticks, np.where(there.any(axis=0), np.where(there, both, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1), np.nan)


def along_and_across(frame: PairFrame, kernel: ArrayLike, share: float = 0.01, beyond: float = 6.0) -> np.ndarray:
    """Where the strongest excitatory weights lie, as Bosking et al. (1997) plot boutons.

    Returns
    -------
    array (2, 2)
        Share of the strongest ``share`` of weights beyond ``beyond`` px that lie within 30 degrees of the source's axis and of what is
        orthogonal to it; below, the same of all weights there: chance.
    """
    within, values, far = np.deg2rad(30), unit(kernel, frame), np.sqrt(frame.squared_distance) >= beyond
    angle = np.arctan2(frame.across, frame.along) - frame.turn[:, None]
    angle = np.abs((angle + np.pi / 2) % np.pi - np.pi / 2)
    strong = far & (values >= np.quantile(values[far], 1 - share))
    return np.array([[(angle[chosen] <= within).mean(), (angle[chosen] >= np.pi / 2 - within).mean()] for chosen in (strong, far)])


def _ring(frame: PairFrame, low: float, high: float) -> np.ndarray:
    distance = np.sqrt(frame.squared_distance)
    return (distance >= low) & (distance < high)
