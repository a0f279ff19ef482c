"""One network's first layers with their fits: who has an orientation, and where every cell's field lies. Every measure of K starts here."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError
from paper_code.filters.fitting import read_bank
from paper_code.filters.gabor import GaborBank, fit_gabor
from paper_code.filters.nulls import gabor_level, null_filters
from paper_code.lateral.frame import Cells, PairFrame, pair_frame
from paper_code.lateral.kernels import rf_kernel
from paper_code.network.layers import receptive_fields

NULL_COUNT, QUANTILE, NULL_SEED = 800, 0.95, 0  # of the frozen plan, as is FEWEST
FEWEST = 20  # oriented cells below which K is not measured


@dataclass(frozen=True)
class Bank:
    """l1 behind l0, the fits of its n receptive fields, and K between them.

    A cell is oriented if its Gabor R^2 exceeds what 95 % of 800 smooth random fields behind the same l0 reach, and no parameter of its fit
    is at a bound. There is no other rule anywhere.
    """

    l0: np.ndarray | None  # (a, a)
    l1: np.ndarray  # (n, h, w)
    K: np.ndarray | None  # (n, n, k, k), target first
    stride: int  # px between neighbouring cells
    fits: GaborBank  # (n,), of the receptive fields
    level: float  # Gabor R^2 that an oriented cell exceeds

    @classmethod
    def of(cls, l0: ArrayLike | None, l1: ArrayLike, K: ArrayLike | None, stride: int, count: int = NULL_COUNT) -> Self:
        """Fit a bank and its null, ``count`` random l1 behind the l0; some seconds. Arrays of NumPy or PyTorch, l1 as of ``fit_gabor``."""
        l0 = None if l0 is None else real_array(l0, "l0")
        filters, K = read_bank(l1), None if K is None else real_array(K, "K")
        level = gabor_level(null_filters(filters.values.shape[1:], "smooth", count, NULL_SEED, psi0=l0), QUANTILE)
        return cls(l0, filters.values, K, stride, fit_gabor(filters.behind(l0)), level)

    @cached_property
    def fields(self) -> np.ndarray:
        """Receptive fields l1 * l0, (n, h + a - 1, w + a - 1); l1 itself where there is no l0."""
        return receptive_fields(self.l1, self.l0)

    @cached_property
    def oriented(self) -> np.ndarray:
        """Indices of the m oriented cells, ascending."""
        return np.flatnonzero(self.fits.beyond(self.level))

    @cached_property
    def cells(self) -> Cells:
        """Centres, carriers, frequencies and phases of the oriented cells, a :class:`Cells`."""
        return Cells.from_gabors(self.fits[self.oriented])

    @cached_property
    def frame(self) -> PairFrame:
        """All ordered pairs of oriented cells at all offsets of K."""
        return pair_frame(self.cells, self.side, self.stride)

    @property
    def side(self) -> int:
        """k, offsets on a side of K."""
        if self.K is None:
            raise PaperCodeError("this network has no lateral kernel K; choose another condition")
        return self.K.shape[-1]

    @property
    def measurable(self) -> bool:
        """Whether there are enough oriented cells to measure K."""
        return self.K is not None and len(self.oriented) >= FEWEST

    def among(self, kernel: np.ndarray) -> np.ndarray:
        """A kernel (n, n, k, k) between the oriented cells alone: (m, m, k, k)."""
        return kernel[np.ix_(self.oriented, self.oriented)]

    @cached_property
    def rf(self) -> np.ndarray:
        """RF, the correlation of the receptive fields, between all cells: (n, n, k, k)."""
        return rf_kernel(self.fields, self.side, self.stride)
