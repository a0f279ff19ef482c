"""Principal components of the kernels between like cells: what K is made of, without a model and without phase."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import map_coordinates

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import pixel_grid
from paper_code.lateral.frame import PairFrame
from paper_code.lateral.harmonics import unit

LIKE_BELOW = np.deg2rad(22.5)
RADIUS = 10  # px, half side of the pictures: the reach of K along rows and columns


@dataclass(frozen=True)
class Components:
    """c patterns (c, s, s) of unit energy, x along the bars, and each one's share of the kernels' energy (c,)."""

    patterns: np.ndarray
    share: np.ndarray
    pairs: int


def turned(frame: PairFrame, orientation: ArrayLike, kernel: ArrayLike, radius: float = RADIUS, step: float = 1.0) -> np.ndarray:
    """The kernels between like cells, each turned to the pair's mean bar direction and centred on the fields.

    Parameters
    ----------
    frame : PairFrame
        Of all ordered pairs of the m cells.
    orientation : array (m,)
        Radians.
    kernel : array (m, m, k, k)
    radius, step : float
        Half side and distance of the places, px.

    Returns
    -------
    array (p, s, s)
        s = 2 radius / step + 1, x along the mean of the bars, y counter-clockwise of it; in sd of K, 0 beyond its reach.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import Cells, pair_frame
    >>> from paper_code.lateral.components import turned
    >>> carrier = np.random.default_rng(0).uniform(0, np.pi, 12)
    >>> cells = Cells(x=np.zeros(12), y=np.zeros(12), carrier=carrier, frequency=np.full(12, 0.2), phase=np.zeros(12))
    >>> frame = pair_frame(cells, size=7, stride=2)
    >>> K = np.random.default_rng(1).normal(size=(12, 12, 7, 7))
    >>> pictures = turned(frame, cells.orientation, K, radius=6)
    >>> print(pictures.shape, int((frame.difference < np.deg2rad(22.5)).sum()))
    (42, 13, 13) 42
    """
    like = np.abs(frame.turn) < LIKE_BELOW
    values = unit(kernel, frame)[like]
    side = int(round(np.sqrt(values.shape[1])))
    target = frame.target[like]
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

    Raises
    ------
    PaperCodeError
        For fewer pictures than components.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral.components import components
    >>> pictures = np.zeros((8, 5, 5))
    >>> pictures[:, 2] = 1.0  # all alike: a bar
    >>> found = components(pictures + 0.01 * np.random.default_rng(0).normal(size=pictures.shape))
    >>> print(f"{found.share[0]:.2f}")
    1.00
    """
    flat = pictures.reshape(len(pictures), -1)
    if len(flat) < count:
        raise PaperCodeError(f"{count} components need as many kernels between like cells, got {len(flat)}")
    energy, vectors = np.linalg.eigh(flat.T @ flat)
    patterns = vectors.T[::-1][:count].reshape(count, *pictures.shape[1:])
    peak = np.take_along_axis(patterns.reshape(count, -1), np.abs(np.round(patterns.reshape(count, -1), 9)).argmax(axis=1)[:, None], 1)
    return Components(patterns * np.sign(peak)[:, :, None], energy[::-1][:count] / energy.sum(), len(pictures))


def extent(patterns: np.ndarray, step: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Root mean square extent of patterns (c, s, s), ``step`` px a place, along the bars and across them, px: two arrays (c,).

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral.components import extent
    >>> bar = np.zeros((1, 5, 5))
    >>> bar[0, 2] = 1.0
    >>> along, across = extent(bar)
    >>> print(f"{along[0]:.2f} {across[0]:.2f}")
    1.41 0.00
    """
    u, v = pixel_grid(patterns.shape[-1], step)
    energy = patterns**2 / (patterns**2).sum(axis=(1, 2), keepdims=True)
    return np.sqrt((energy * u**2).sum(axis=(1, 2))), np.sqrt((energy * v**2).sum(axis=(1, 2)))
