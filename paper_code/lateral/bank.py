"""One network's first layers with their fits: who has an orientation, and where every cell's field lies. Every measure of K starts here."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.filters.gabor import GaborBank, fit_gabor
from paper_code.filters.nulls import null_gabor_r2
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
    l1: np.ndarray  # (n, b, b)
    K: np.ndarray | None  # (n, n, k, k), target first
    stride: int  # px between neighbouring cells
    fits: GaborBank  # (n,), of the receptive fields
    level: float  # Gabor R^2 that an oriented cell exceeds

    @classmethod
    def of(
        cls, l0: np.ndarray | None, l1: np.ndarray, K: np.ndarray | None, stride: int, count: int = NULL_COUNT, seed: int = NULL_SEED
    ) -> Self:
        """Fit a bank and its null; some seconds."""
        null = null_gabor_r2(l1.shape[-1], "smooth", count, seed, psi0=l0)
        return cls(l0, l1, K, stride, fit_gabor(receptive_fields(l1, l0)), float(np.quantile(null, QUANTILE)))

    @cached_property
    def fields(self) -> np.ndarray:
        """Receptive fields l1 * l0, (n, c, c); l1 itself where there is no l0."""
        return receptive_fields(self.l1, self.l0)

    @cached_property
    def oriented(self) -> np.ndarray:
        """Indices of the m oriented cells, ascending."""
        return np.flatnonzero((self.fits.r2 > self.level) & ~self.fits.at_bound)

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

    def with_kernel(self, K: np.ndarray) -> Self:
        """The same labels for another K: of a snapshot, the untrained one, or a planted one."""
        if K.shape[:2] != (len(self.l1),) * 2:
            raise PaperCodeError(f"a kernel of shape {K.shape} does not go with {len(self.l1)} cells")
        return replace(self, K=K)
