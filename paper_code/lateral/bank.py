"""One network's first layers and fits: which cells are oriented and where their receptive fields lie. All measures of K start here."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError
from paper_code.core.plan import plan
from paper_code.filters.fitting import read_bank
from paper_code.filters.gabor import GaborBank, fit_gabor
from paper_code.filters.nulls import QUANTILE, SEED, gabor_level, null_filters
from paper_code.lateral.frame import Cells, PairFrame, pair_frame
from paper_code.lateral.kernels import rf_kernel
from paper_code.network.layers import receptive_fields

NULL_COUNT = plan()["oriented"]["count"]
FEWEST = plan()["oriented"]["fewest"]  # oriented cells below which K is not measured


@dataclass(frozen=True)
class Bank:
    """l1 behind l0, the fits of its n receptive fields, and K between the cells.

    A cell is oriented if its Gabor R^2 exceeds the 95 % quantile of 800 smooth random filters behind the same l0 and no parameter of its
    fit is at a bound. No other criterion is used anywhere.
    """

    l0: np.ndarray | None  # (a, a)
    l1: np.ndarray  # (n, h, w)
    K: np.ndarray | None  # (n, n, k, k), target first
    stride: int  # px between neighbouring cells
    fits: GaborBank  # (n,), of the receptive fields
    level: float  # Gabor R^2 that an oriented cell must exceed

    @classmethod
    def of(cls, l0: ArrayLike | None, l1: ArrayLike, K: ArrayLike | None, stride: int, count: int = NULL_COUNT) -> Self:
        """Fit a bank and its null, ``count`` random l1 behind l0; takes some seconds. NumPy or PyTorch arrays, l1 as in ``fit_gabor``."""
        l0 = None if l0 is None else real_array(l0, "l0")
        filters, K = read_bank(l1), None if K is None else real_array(K, "K")
        level = gabor_level(null_filters(filters.values.shape[1:], "smooth", count, SEED, psi0=l0), QUANTILE)
        return cls(l0, filters.values, K, stride, fit_gabor(filters.behind(l0)), level)

    @cached_property
    def fields(self) -> np.ndarray:
        """Receptive fields l1 * l0, (n, h + a - 1, w + a - 1), or l1 itself if there is no l0."""
        return receptive_fields(self.l1, self.l0)

    @cached_property
    def oriented(self) -> np.ndarray:
        """Indices of the m oriented cells, ascending."""
        return np.flatnonzero(self.fits.beyond(self.level))

    @cached_property
    def cells(self) -> Cells:
        """Centres, carriers, frequencies and phases of the oriented cells: a :class:`Cells`."""
        return Cells.from_gabors(self.fits[self.oriented])

    @cached_property
    def frame(self) -> PairFrame:
        """All ordered pairs of oriented cells at all offsets of K."""
        return pair_frame(self.cells, self.side, self.stride)

    @property
    def side(self) -> int:
        """Side k of K, in offsets."""
        if self.K is None:
            raise PaperCodeError("this network has no lateral kernel K; choose another condition")
        return self.K.shape[-1]

    @property
    def measurable(self) -> bool:
        """Whether there are enough oriented cells to measure K."""
        return self.K is not None and len(self.oriented) >= FEWEST

    def among(self, kernel: np.ndarray) -> np.ndarray:
        """Restrict a kernel (n, n, k, k) to the oriented cells: (m, m, k, k)."""
        return kernel[np.ix_(self.oriented, self.oriented)]

    @cached_property
    def rf(self) -> np.ndarray:
        """RF, the correlation of the receptive fields of all cells: (n, n, k, k)."""
        return rf_kernel(self.fields, self.side, self.stride)
