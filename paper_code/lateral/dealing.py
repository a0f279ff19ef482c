"""A strict null for what a family explains beyond ISO: distance and phase stay with every pair, and all else is dealt out anew.

ISO times cos Phi knows |D| and Phi. Every other family also knows how the two cells lie: the turn between them, and the direction of the
source against the mean of their orientations. Here the orientations are dealt out among the cells for that alone, while every pair keeps
its connections, its |D| and its Phi as measured, so that ISO explains as much as before. A kernel that depends on |D| and Phi alone cannot
tell the deal from the truth, but for the little that Phi itself betrays of the orientations it was measured with.

All families are functions of |D|, of the direction up to its sign and modulo pi, and of |turn|. They are taken at the centres of bins of
these three, for the data and for every deal alike; the bin of |D| never changes, and that of the direction is shifted pair by pair.
"""

from dataclasses import dataclass

import numpy as np

from paper_code import se2
from paper_code.lateral.fits import Totals, family_r2
from paper_code.lateral.models import Places

STEP = 0.5  # px, bins of |D|
DIRECTIONS = 48  # bins of the direction, over pi, before its sign is dropped
TURNS = 18  # bins of the turn, over pi, likewise
BLOCK = 50  # orders whose sums are in memory at once


@dataclass(frozen=True)
class PolarBins:
    """Bins of all offsets of p pairs, and how they move when orientations (p,) of targets and sources change.

    Attributes
    ----------
    ring : int32 array (p, l)
        Bin of |D|.
    direction : int32 array (p, l)
        Bin of the direction of D in the image, in [0, DIRECTIONS).
    rings : int
        Bins of |D|.
    """

    ring: np.ndarray
    direction: np.ndarray
    rings: int

    @classmethod
    def of(cls, frame, cells):
        """From the PairFrame of all pairs of cells."""
        ring = np.rint(np.sqrt(frame.squared_distance) / STEP).astype(np.int32)
        direction = np.arctan2(frame.across, frame.along) + cells.orientation[frame.target][:, None]
        return cls(ring, (np.rint(direction / np.pi * DIRECTIONS) % DIRECTIONS).astype(np.int32), int(ring.max()) + 1)

    @property
    def shape(self):
        """Bins of |turn|, |D| and direction."""
        return TURNS // 2 + 1, self.rings, DIRECTIONS // 2 + 1

    def number(self, target, source):
        """The bins (p, l) with the targets' and sources' orientations (p,), radians."""
        turn = se2.fold(source - target)
        middle = np.rint((target + turn / 2) / np.pi * DIRECTIONS).astype(np.int32)
        steps = np.arange(2 * DIRECTIONS, dtype=np.int32) % DIRECTIONS
        unsigned = np.minimum(steps, DIRECTIONS - steps)
        line = np.rint(np.abs(turn) / np.pi * TURNS).astype(np.int32)[:, None] * self.rings + self.ring
        return line * self.shape[2] + unsigned[self.direction + (-middle % DIRECTIONS)[:, None]]

    def centres(self, used):
        """The centres of the bins ``used``, one a row, as :class:`paper_code.lateral.models.Places`."""
        part, ring, step = np.unravel_index(used, self.shape)
        turn, direction = part * np.pi / TURNS, part * np.pi / TURNS / 2 + step * np.pi / DIRECTIONS
        along, across = ring * STEP * np.cos(direction), ring * STEP * np.sin(direction)
        return Places(along[:, None].astype(np.float32), across[:, None].astype(np.float32), turn)


def turns_alone(data, cells, library, kernel, orders):
    """R^2 of the families on all pairs, cell i lying in the plane as cell ``orders[r, i]`` does for all that ISO does not know.

    The parameters are chosen anew for every order.

    Parameters
    ----------
    data : Data
    cells : Cells
        The m cells of its frame.
    library : Library
    kernel : str
        Column to explain.
    orders : int array (r, m)
        The identity gives the R^2 of the data.

    Returns
    -------
    array (r, families)
    """
    frame, bins, values = data.frame, PolarBins.of(data.frame, cells), data.columns[data.names.index(kernel)]
    weights = [part.ravel() for part in (data.wave, data.wave**2, data.wave * values)]
    size = int(np.prod(bins.shape))
    table = library.values(bins.centres(np.arange(size)), np.arange(len(library)))[:, :, 0].astype(float)
    cross, square = np.empty((len(orders), len(library), 2)), np.empty((len(orders), len(library)))
    for start in range(0, len(orders), BLOCK):
        rows = slice(start, start + BLOCK)
        lying = cells.orientation[orders[rows]]
        numbers = (bins.number(one[frame.target], one[frame.source]).ravel() for one in lying)
        sums = np.array([[np.bincount(number, weight, size) for weight in weights] for number in numbers])
        cross[rows] = np.stack([sums[:, 0] @ table.T, sums[:, 2] @ table.T], axis=-1)
        square[rows] = sums[:, 1] @ table.T**2
    gram = np.array([[data.keep.sum(), values.sum()], [values.sum(), (values**2).sum()]], float)
    totals = Totals(np.broadcast_to(gram, (len(orders), 2, 2)), cross, square)
    return family_r2(totals, ("1", kernel), kernel, library.members)
