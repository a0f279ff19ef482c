"""K in bins of place and turn: how much any model of them could explain, and a null with the orientations alone shuffled.

All families are reciprocal and do not change with a reflection or a half turn, so they are functions of |u|, |v| and |turn|, (u, v) being
the displacement along and across the mean of the two orientations. With a free coefficient in each bin of these three, times cos Phi, they
have a common ceiling. With the families' values at the centres, a fit needs three sums a bin, which are quick to take again for other
orientations.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from paper_code.lateral.fits import Totals, family_r2
from paper_code.lateral.frame import pair_frame
from paper_code.lateral.models import REACH, Places

RESOLUTIONS = ((1.0, 12), (1.5, 12), (1.5, 6), (2.0, 6), (2.0, 4))  # of the ceiling: px, bins over pi
RIDGE = 25.0  # sums of squares added to a bin's: a coefficient is a priori 0 give or take 0.2, in standard deviations of K


@dataclass(frozen=True)
class Bins:
    """Bins of |u|, |v| and |turn|: ``step`` px wide, and pi / ``turns``, an even number of turns; centred on multiples of these."""

    step: float = 1.0
    turns: int = 18

    @property
    def shape(self):
        """Bins of |turn|, |v| and |u|."""
        side = int(np.rint(REACH / self.step)) + 1
        return self.turns // 2 + 1, side, side

    def __len__(self):
        return int(np.prod(self.shape))

    def number(self, places):
        """The bins of places (p, l); those beyond REACH are put in the last."""
        last = self.shape[-1] - 1
        column, row = (np.minimum(np.rint(np.sqrt(part) / self.step), last).astype(np.int32) for part in places.middle)
        part = np.rint(np.abs(places.turn) / np.pi * self.turns).astype(np.int32)
        return (part[:, None] * (last + 1) + row) * (last + 1) + column

    def centres(self, used):
        """The centres of the bins ``used``, one a row."""
        part, row, column = np.unravel_index(used, self.shape)
        turn = part * np.pi / self.turns
        cosine, sine = np.cos(turn / 2), np.sin(turn / 2)
        along, across = (column * cosine - row * sine) * self.step, (column * sine + row * cosine) * self.step
        return Places(along[:, None].astype(np.float32), across[:, None].astype(np.float32), turn)


def orientations_alone(data, cells, stride, library, kernel, orders, bins=None):
    """R^2 of the families with every cell keeping phase, centre and frequency and taking the carrier of cell ``orders[r, i]``.

    Places, turns and Phi change. Models are taken at the centres of bins, for the data (the identity) and for the shuffles alike, and the
    parameters are chosen anew for each.

    Returns
    -------
    array (r, families)
    """
    bins = bins or Bins()
    side = int(round(np.sqrt(data.keep.shape[1])))
    values = data.columns[data.names.index(kernel)]
    found = np.empty((3, len(orders), len(bins)))
    for row, order in enumerate(orders):
        frame = pair_frame(cells.with_orientations(cells.carrier[order]), side, stride)
        number = bins.number(Places(frame.along.astype(np.float32), frame.across.astype(np.float32), frame.turn)).ravel()
        wave = np.cos(frame.phase.astype(np.float32)) * data.keep
        for sums, weight in zip(found, (wave, wave**2, wave * values), strict=True):
            sums[row] = np.bincount(number, weight.ravel(), len(bins))
    used = np.flatnonzero(found[1].any(axis=0))
    first, second, shared = found[:, :, used]
    table = library.values(bins.centres(used), np.arange(len(library)))[:, :, 0].astype(float)
    count = data.keep.sum()
    gram = np.array([[count, values.sum()], [values.sum(), (values**2).sum()]], float)
    cross = np.stack([first @ table.T, shared @ table.T], axis=-1)
    totals = Totals(np.broadcast_to(gram, (len(orders), 2, 2)), cross, second @ table.T**2)
    return family_r2(totals, ("1", kernel), kernel, library.members)


def ceiling(data, kernel, numbers, weights, resolutions=RESOLUTIONS):
    """Cross-validated R^2 of a coefficient of cos Phi for each bin, shrunk by RIDGE, in blocks as the models are.

    Parameters
    ----------
    data : Data
    kernel : str
        Column to explain.
    numbers : sequence of int arrays (m,)
        Folds of the cells, one array a draw or one for all.
    weights : array (r, m)
        How often each filter counts in each draw.

    Returns
    -------
    array (len(resolutions), r)
        The best resolution is the ceiling: bins that are too wide blur the model, too narrow ones are too many.
    """
    values = data.columns[data.names.index(kernel)]
    pairs = np.repeat(np.arange(len(values)), values.shape[1])
    target, source = data.frame.target, data.frame.source
    plain = np.stack([data.keep.sum(axis=1), values.sum(axis=1), (values**2).sum(axis=1)], axis=1).astype(float)
    found = np.empty((len(resolutions), len(weights)))
    for row, resolution in enumerate(resolutions):
        bins = Bins(*resolution)
        used, number = np.unique(bins.number(data.places).ravel(), return_inverse=True)
        parts = [
            csr_array((part.ravel(), (pairs, number)), shape=(len(values), len(used)))
            for part in (data.wave, data.wave**2, data.wave * values)
        ]
        for draw, weight in enumerate(weights):
            folds = numbers[draw % len(numbers)]
            count, weighted = folds.max() + 1, weight[target] * weight[source]
            block = csr_array((weighted, (folds[target] * count + folds[source], np.arange(len(values)))), shape=(count**2, len(values)))
            first, second, shared = ((block @ part).toarray().reshape(count, count, -1) for part in parts)
            n, k, kk = np.moveaxis((block @ plain).reshape(count, count, 3), -1, 0)
            outside = [_outside(part) for part in (first, second, shared)]
            mean = _outside(k) / _outside(n)
            gain = (outside[2] - mean[..., None] * outside[0]) / (outside[1] + RIDGE)
            spread = kk - 2 * mean * k + mean**2 * n
            saved = (2 * gain * (shared - mean[..., None] * first) - gain**2 * second).sum(axis=-1)
            found[row, draw] = saved.sum() / spread.sum()
    return found


def _outside(blocks):
    """The sum over the blocks of other target folds and other source folds, (f, f, ...)."""
    return blocks.sum(axis=(0, 1)) - blocks.sum(axis=0, keepdims=True) - blocks.sum(axis=1, keepdims=True) + blocks
