"""Geometry and phase of pairs of cells: where a source lies in the target's own frame, and whether their phases agree.

The receptive field of a cell is ``envelope(p - c) cos(2 pi f n.(p - c) + phi)``, with carrier n = (cos t, sin t). K[i, j, d] connects the
source j at x + d to the target i at x, so their receptive fields are displaced by ``D = stride d + c_j - c_i``.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError, check_bounds, positive
from paper_code.core.geometry import pixel_grid
from paper_code.filters.fitting import Indexed
from paper_code.filters.gabor import GaborBank


@dataclass(frozen=True)
class Cells(Indexed):
    """Geometry of n cells: arrays (n,), with x to the right and y up, in pixels (or the unit of the fits) and radians."""

    x: np.ndarray  # centre of the receptive field relative to the cell's position in the lattice, px
    y: np.ndarray  # the same, px upwards
    carrier: np.ndarray  # t, any representative: (t + pi, -phase) is the same cell
    frequency: np.ndarray  # cycles per pixel
    phase: np.ndarray  # at the centre of the envelope

    @classmethod
    def from_gabors(cls, bank: GaborBank) -> Self:
        """Build from the Gabor fits of the receptive fields, a :class:`paper_code.filters.GaborBank`."""
        return cls(bank.x0, bank.y0, bank.carrier, bank.frequency, bank.phase)

    @property
    def orientation(self) -> np.ndarray:
        """Direction of the bars, theta = t + pi/2, not reduced to [0, pi)."""
        return self.carrier + np.pi / 2


def ordered_pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """All ordered pairs of ``count`` cells, each with another: targets and sources, two int arrays (count * (count - 1),).

    Examples
    --------
    >>> from paper_code.lateral import ordered_pairs
    >>> target, source = ordered_pairs(3)
    >>> print(target, source)
    [0 0 1 1 2 2] [1 2 0 2 0 1]
    """
    return np.nonzero(~np.eye(count, dtype=bool))


def standardise(kernel: ArrayLike) -> np.ndarray:
    """K (n, n, k, k) minus its mean, in units of its standard deviation, both taken over the pairs i != j: array (n, n, k, k).

    PaperCodeError if K does not vary.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import ordered_pairs, standardise
    >>> K = standardise(np.random.default_rng(0).normal(size=(6, 6, 5, 5)))
    >>> print(f"{K[ordered_pairs(6)].std():.3f}")
    1.000
    """
    kernel = real_array(kernel, "a kernel")
    if kernel.ndim != 4 or kernel.shape[0] != kernel.shape[1]:
        raise PaperCodeError(f"expected a kernel of shape (n, n, k, k), got {kernel.shape}")
    values = kernel[ordered_pairs(len(kernel))]
    return (kernel - values.mean()) / deviation(values)


def deviation(values: np.ndarray) -> float:
    """Standard deviation of a kernel's values over its pairs; PaperCodeError if they are not finite, or all the same."""
    found = float(values.std())
    if not np.isfinite(found):
        raise PaperCodeError("a lateral kernel holds NaN or infinite weights; train again, or leave those cells out")
    if not found > 0:
        raise PaperCodeError("a lateral kernel that is constant over its pairs has no geometry; was it trained?")
    return found


def relative_pose(cells: Cells, target: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Describe each source by the carrier within 90 degrees of its target's: turn, middle and phase, arrays (p,).

    A wave along t with phase phi is also the wave along t + pi with phase -phi. The representative nearer to the target is taken, so that
    the mean of the two carriers, the middle, lies between them and not opposite. The turn t_j - t_i, in [-pi/2, pi/2], is
    counter-clockwise; the phase is phi_j - phi_i for this representative of the source.
    """
    difference = cells.carrier[source] - cells.carrier[target]
    half_turns = np.rint(difference / np.pi)
    turn = difference - np.pi * half_turns
    phase = np.where(half_turns % 2 == 1, -cells.phase[source], cells.phase[source]) - cells.phase[target]
    return turn, cells.carrier[target] + turn / 2, phase


@dataclass(frozen=True)
class PairFrame(Indexed):
    """p ordered pairs of cells at the k x k offsets of K: arrays (p,), or (p, k * k) in the order of ``K[i, j].ravel()``."""

    target: np.ndarray  # (p,), index of the target cell
    source: np.ndarray  # (p,), index of the source cell
    turn: np.ndarray  # (p,), orientation of the source minus the target's, in [-pi/2, pi/2]
    along: np.ndarray  # (p, k * k), component of D along the target's bars, px
    across: np.ndarray  # (p, k * k), component of D across them, 90 degrees counter-clockwise from along, px
    phase: np.ndarray  # (p, k * k), Phi = phi_j - phi_i - 2 pi sqrt(f_i f_j) D.n: 0 where the source continues the target's carrier

    @property
    def difference(self) -> np.ndarray:
        """Orientation difference (p,), in [0, pi/2]."""
        return np.abs(self.turn)

    @property
    def distance(self) -> np.ndarray:
        """``|D|``, (p, k * k), px."""
        return np.sqrt(self.along**2 + self.across**2)

    def within(self, low: float, high: float) -> np.ndarray:
        """Mask of the offsets with ``low <= |D| < high`` px, (p, k * k)."""
        distance = self.distance
        return (distance >= low) & (distance < high)

    @property
    def side(self) -> int:
        """Side k of the kernel, in offsets."""
        return int(round(np.sqrt(self.phase.shape[1])))

    @property
    def count(self) -> int:
        """Number of cells that a kernel has at least, one more than the largest index."""
        return 1 + int(max(self.target.max(), self.source.max()))

    def values(self, kernel: np.ndarray) -> np.ndarray:
        """Values of a kernel (m, m, k, k) at the pairs, (p, k * k)."""
        return kernel[self.target, self.source].reshape(self.phase.shape)

    def as_kernel(self, values: np.ndarray) -> np.ndarray:
        """The kernel (count, count, k, k) with these values (p, k * k), 0 for pairs not in the frame."""
        kernel = np.zeros((self.count, self.count, self.side, self.side), values.dtype)
        kernel[self.target, self.source] = values.reshape(-1, self.side, self.side)
        return kernel


def pair_frame(cells: Cells, size: int, stride: float, target: np.ndarray | None = None, source: np.ndarray | None = None) -> PairFrame:
    """Pairs of cells in the frames of their targets, with K neither rotated nor resampled: a :class:`PairFrame`.

    PaperCodeError if the size is even, there are fewer than two cells, or a cell has no fit.

    Parameters
    ----------
    cells : Cells
        n cells.
    size : int
        Side k of the lateral kernel, odd.
    stride : float
        Distance between neighbouring positions of l1: pixels, or the unit of the cells.
    target, source : int arrays (p,), optional
        By default all ordered pairs of distinct cells.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import Cells, pair_frame
    >>> zero = np.zeros(2)
    >>> cells = Cells(x=zero, y=zero, carrier=zero, frequency=zero + 0.25, phase=zero)
    >>> frame = pair_frame(cells, size=3, stride=2)
    >>> print(frame.across[0].reshape(3, 3).round() + 0)  # upright bars: to the left
    [[ 2.  0. -2.]
     [ 2.  0. -2.]
     [ 2.  0. -2.]]
    >>> print(np.cos(frame.phase[0]).reshape(3, 3)[0].round())  # 2 px are half a cycle
    [-1.  1. -1.]
    """
    check_bounds("size", size, 1, 10**4)
    stride = positive(stride, "stride")
    if size % 2 == 0:
        raise PaperCodeError(f"a lateral kernel has an odd side, with offset 0 at its centre; got {size}")
    if len(cells) < 2:
        raise PaperCodeError(f"pairs need at least 2 cells, got {len(cells)}; were nearly all left out as unoriented?")
    unfitted = np.flatnonzero(~np.isfinite([getattr(cells, item.name) for item in fields(cells)]).all(axis=0))
    if len(unfitted):
        raise PaperCodeError(f"cell {unfitted[0]} has no fit; pass the cells that are oriented, or valid, alone")
    if (target is None) != (source is None):
        raise PaperCodeError("pairs need their targets and their sources: give both, or neither for all pairs")
    if target is None:
        target, source = ordered_pairs(len(cells))
    dx, dy = (axis.ravel() for axis in pixel_grid(size, stride))
    dx = dx + (cells.x[source] - cells.x[target])[:, None]
    dy = dy + (cells.y[source] - cells.y[target])[:, None]
    turn, middle, phase = relative_pose(cells, target, source)
    angular = 2 * np.pi * np.sqrt(cells.frequency[target] * cells.frequency[source])  # angular frequency of the wave along the mean carrier
    kx, ky = angular * np.cos(middle), angular * np.sin(middle)
    cosine, sine = np.cos(cells.orientation[target])[:, None], np.sin(cells.orientation[target])[:, None]
    return PairFrame(
        target,
        source,
        turn,
        along=dx * cosine + dy * sine,
        across=dy * cosine - dx * sine,
        phase=phase[:, None] - dx * kx[:, None] - dy * ky[:, None],
    )
