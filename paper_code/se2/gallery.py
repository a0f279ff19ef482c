"""Both group kernels on a small grid of parameters, as maps and as fans on a ring, for the interactive figure of chapter 01.

Kernels are undirected, like those with which a lateral kernel is compared: bars have no direction. Enhancement has D22 = D and
D11 = 1 / alpha, with its time measured in px: without turning, both families then have the same mean square displacement along the
edge, 2 / alpha^2.
"""

from dataclasses import dataclass

import numpy as np

from paper_code.se2.curves import mode_field
from paper_code.se2.processes import DirectionProcess, Enhancement
from paper_code.se2.sampling import Kernel, sample_grid

FAMILIES = ("direction process", "enhancement")
DIFFUSIONS = (0.01, 0.03, 0.1, 0.3)  # rad^2/px
LENGTHS = (3.0, 6.0, 12.0)  # px, 1 / alpha
BLUR, BLUR_THETA = 1.0, 0.1  # px and radians; the samples are one blur apart
RADIUS = 15  # px, half the side of the maps
RING = (6.0, 10.5)  # px, range of distances over which a fan is averaged
STEP = np.deg2rad(15)  # between turns
DIRECTIONS = np.pi * np.arange(36) / 36 - np.pi / 2  # directions of a fan, radians
CONE = np.deg2rad(25)  # on either side of the axis: the range in which the slope is measured
SLOPES = np.linspace(-1, 4, 5001)


@dataclass(frozen=True, eq=False)
class Gallery:
    """Densities per px^2 and radian for f families, d diffusions, l lengths and t turns.

    Turns in the other sense are mirror images: K(x, y, -theta) = K(x, -y, theta).
    """

    families: tuple[str, ...]
    diffusion: np.ndarray  # (d,), rad^2/px, increasing
    length: np.ndarray  # (l,), 1 / alpha, px, increasing
    turns: np.ndarray  # (t,), radians, from 0 to pi / 2
    ticks: np.ndarray  # (n,), px, increasing: x of the columns, and y of the rows from bottom to top
    directions: np.ndarray  # (p,), radians, increasing from -pi / 2, with period pi
    ring: tuple[float, float]  # px
    maps: np.ndarray  # (f, d, l, t, n, n), rows from top to bottom, x along the edge at the centre
    fans: np.ndarray  # (f, d, l, t, p), mean over the ring
    slope: np.ndarray  # (f, d, l), of the most probable turn on the ring against direction, near the axis; 2 is co-circular


def gallery() -> Gallery:
    """Both families at every combination of DIFFUSIONS and LENGTHS."""
    found = [[[_views(_kernel(_process(family, D, length))) for length in LENGTHS] for D in DIFFUSIONS] for family in FAMILIES]
    maps, fans, slope = (np.array([[[one[part] for one in line] for line in block] for block in found]) for part in range(3))
    grid, turns, ticks = (np.array(DIFFUSIONS), np.array(LENGTHS)), STEP * np.arange(maps.shape[3]), np.arange(-RADIUS, RADIUS + 1.0)
    return Gallery(FAMILIES, *grid, turns, ticks, DIRECTIONS, RING, maps, fans, slope)


def _process(family: str, D: float, length: float) -> DirectionProcess | Enhancement:
    shared = {"alpha": 1 / length, "blur": BLUR, "blur_theta": BLUR_THETA, "undirected": True}
    return DirectionProcess(D=D, **shared) if family == FAMILIES[0] else Enhancement(D11=length, D22=D, **shared)


def _kernel(process: DirectionProcess | Enhancement) -> Kernel:
    """A process sampled at twice the resolution in place and turn that is kept, which is enough for interpolation."""
    return sample_grid(process, size=4 * RADIUS + 1, spacing=0.5, n_theta=2 * round(np.pi / STEP))


def _views(kernel: Kernel) -> tuple[np.ndarray, np.ndarray, float]:
    """Maps (t, n, n) and fan (t, p) at turns from 0 to pi / 2, and the slope."""
    quarter = slice(0, kernel.theta.size // 2 + 1, 2)
    inner, outer = RING
    distance = inner + (outer - inner) * (np.arange(6) + 0.5) / 6
    at = kernel.at(distance[:, None] * np.cos(DIRECTIONS), distance[:, None] * np.sin(DIRECTIONS), kernel.theta[:, None, None])
    fan = np.average(at, axis=1, weights=distance)  # a ring has more area farther out
    ahead = (np.abs(DIRECTIONS) <= CONE) & (np.abs(DIRECTIONS) > 1e-9)  # the axis itself carries no information on the slope
    likeliest, weight = mode_field(fan[:, None, ahead], np.pi)
    score = (weight[0] * np.cos(2 * (likeliest[0] - SLOPES[:, None] * DIRECTIONS[ahead]))).sum(axis=1)
    return kernel.values[quarter, ::2, ::2], fan[quarter], SLOPES[score.argmax()]
