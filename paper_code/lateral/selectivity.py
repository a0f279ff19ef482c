"""Does K know orientation? Its strength against the orientation difference, with the cells' phase and blind to it.

Cells are rectified and have a phase, so K alternates in sign: a source whose wave continues the target's excites, one of the opposite
polarity inhibits. The measure that sees this is the coefficient g of ``K = a + g cos Phi``, offsets weighted by exp(-|D|^2 / 32 px^2).
"""

from dataclasses import dataclass

import numpy as np

from paper_code.errors import PaperCodeError
from paper_code.geometry import pixel_grid
from paper_code.lateral.frame import fold, ordered_pairs, standardise, wave_vector
from paper_code.lateral.statistics import PairSums, Probe

RANGE = 32.0  # px^2: weight exp(-|D|^2 / 32), an sd of 4 px
EDGES = np.deg2rad(np.arange(0, 91, 15))  # of the orientation difference
LIKE_BELOW = np.deg2rad(22.5)  # "like" orientations of the elongation
SECTOR = np.deg2rad(30)  # half width of the sectors along and across
CORE = 2.0  # px: nearer offsets have no direction


def _members(frame, edges):
    """Indices of the pairs of each bin of the orientation difference; the last bin includes 90 degrees."""
    number = np.clip(np.digitize(frame.difference, edges) - 1, 0, len(edges) - 2)
    return [np.flatnonzero(number == group) for group in range(len(edges) - 1)]


def _probe(frame, members, feature, denominator, count):
    pairs = tuple((frame.target[one], frame.source[one]) for one in members)
    return Probe(count, pairs, tuple(feature(one) for one in members), tuple(denominator(one) for one in members))


def tuning_probe(frame, count, coherent=True, edges=EDGES):
    """The tuning curve: the coefficient of cos Phi (or of 1, blind to phase) in each bin of the orientation difference.

    Parameters
    ----------
    frame : PairFrame
    count : int
        Cells n.
    coherent : bool
        ``sum w K cos Phi / sum w cos^2 Phi`` if true, ``sum w K / sum w`` if not.
    edges : array (g + 1,)
        Of the orientation difference, radians from 0 to pi/2.

    Returns
    -------
    Probe
        g measures, in the units of the kernel it is given.
    """

    def weight(pairs):
        return np.exp(-frame.squared_distance[pairs] / RANGE)

    def wave(pairs):
        return np.cos(frame.phase[pairs]) if coherent else np.ones_like(frame.phase[pairs])

    return _probe(
        frame,
        _members(frame, edges),
        lambda pairs: weight(pairs) * wave(pairs),
        lambda pairs: (weight(pairs) * wave(pairs) ** 2).sum(axis=1),
        count,
    )


def elongation_probe(frame, count):
    """The coefficient of cos Phi along the target's bars and across them, in sectors of +-30 degrees.

    |D| >= 2 px, orientation differences below 22.5 degrees, weight exp(-|D|^2 / 32 px^2).

    Returns
    -------
    Probe
        Two measures, along and across; the elongation is their difference.
    """
    pairs, sectors = _sectors(frame)
    wave = np.cos(frame.phase[pairs])
    ends = (frame.target[pairs], frame.source[pairs])
    return Probe(count, (ends,) * 2, tuple(one * wave for one in sectors), tuple((one * wave**2).sum(axis=1) for one in sectors))


def flank_probe(frame, count, signed=True):
    """The mean weight at collinear places and at flanking ones, of sources of like orientation.

    Collinear: within 30 degrees of the target's bars; flanking: within 30 degrees of their normal. Offsets as in :func:`elongation_probe`.

    Parameters
    ----------
    frame : PairFrame
    count : int
        Cells n.
    signed : bool
        Times the polarity of the source there, the sign of cos Phi: ``sum w K sign(cos Phi) / sum w``. False leaves the polarity out.

    Returns
    -------
    Probe
        Two measures, collinear and flanking, in the units of the kernel it is given.
    """
    pairs, sectors = _sectors(frame)
    polarity = np.sign(np.cos(frame.phase[pairs])) if signed else 1.0
    ends = (frame.target[pairs], frame.source[pairs])
    return Probe(count, (ends,) * 2, tuple(one * polarity for one in sectors), tuple(one.sum(axis=1) for one in sectors))


def _sectors(frame):
    """Pairs of like orientation, and their weights (p, k * k) along the target's bars and across them."""
    like = np.flatnonzero(frame.difference < LIKE_BELOW)
    angle = np.arctan2(np.abs(frame.across[like]), np.abs(frame.along[like]))
    near = frame.squared_distance[like]
    weight = np.exp(-near / RANGE) * (near >= CORE**2)
    return like, [weight * (angle <= SECTOR), weight * (angle >= np.pi / 2 - SECTOR)]


def balance(ratios):
    """(collinear - flanking) / (|collinear| + |flanking|) of the last axis, between -1 and 1 whatever their signs."""
    collinear, flanking = np.moveaxis(np.asarray(ratios, float), -1, 0)
    with np.errstate(invalid="ignore"):
        return (collinear - flanking) / (np.abs(collinear) + np.abs(flanking))


def excitatory(kernel):
    """max(K, 0) in standard deviations of K over the pairs i != j: zero stays zero, unlike in :func:`standardise`."""
    kernel = np.asarray(kernel, float)
    spread = kernel[ordered_pairs(len(kernel))].std()
    if not spread > 0:
        raise PaperCodeError("a lateral kernel that is constant over its pairs has no excitatory part to compare; was it trained?")
    return np.maximum(kernel, 0) / spread


def contrast(ratios):
    """(along - across) / (along + across) of the last axis: the elongation whatever the strength."""
    along, across = np.moveaxis(np.asarray(ratios), -1, 0)
    return (along - across) / (along + across)


STRENGTHS = ("energy", "signed", "excitatory", "inhibitory")


def strengths(kernel):
    """Energy, signed, excitatory and inhibitory strength of every pair: a dict of arrays (n, n).

    ``sum K^2, sum K, sum max(K, 0), sum max(-K, 0)`` over the offsets; energy in units of its mean over the pairs i != j, the others in
    units of the mean of ``sum |K|``.
    """
    kernel = np.asarray(kernel, float)
    energy, absolute = (kernel**2).sum(axis=(2, 3)), np.abs(kernel).sum(axis=(2, 3))
    pairs = ordered_pairs(len(kernel))
    unit = absolute[pairs].mean()
    excitatory, inhibitory = (np.maximum(sign * kernel, 0).sum(axis=(2, 3)) / unit for sign in (1, -1))
    return {
        "energy": energy / energy[pairs].mean(),
        "signed": excitatory - inhibitory,
        "excitatory": excitatory,
        "inhibitory": inhibitory,
    }


def strength_probe(frame, count, edges=EDGES):
    """Mean over the pairs of each bin of the orientation difference, for an array (n, n) of :func:`strengths`."""
    return _probe(frame, _members(frame, edges), lambda pairs: np.ones((len(pairs), 1)), lambda pairs: np.ones(len(pairs)), count)


def monotonicity(curves):
    """How steadily tuning curves (..., g) fall: share of the pairs of bins in falling order, less those in rising order; 1 to -1."""
    curves = np.asarray(curves, float)
    low, high = np.triu_indices(curves.shape[-1], 1)
    return np.sign(curves[..., low] - curves[..., high]).mean(axis=-1)


def correlation_sums(kernel, other):
    """Sums for the correlation of two kernels (n, n, k, k) over all offsets of the pairs i != j.

    Returns
    -------
    probe : Probe
        One measure, whose value on ``standardise(kernel)`` is the correlation; its null relabels the cells of ``other``.
    powers : PairSums
        Numerator and denominator are the sums of squares of the two, for :func:`correlation_bootstrap`.
    """
    count = len(other)
    target, source = ordered_pairs(count)
    kernel, other = standardise(kernel), standardise(other).reshape(count, count, -1)
    feature = other[target, source]
    probe = Probe(count, ((target, source),), (feature,), (np.full(len(target), float(feature.shape[1])),))
    apart = 1 - np.eye(count)
    squares = [(values**2).reshape(count, count, -1).sum(axis=-1) * apart for values in (kernel, other)]
    return probe, PairSums(squares[0][None], squares[1][None])


def correlation_bootstrap(kernel, other, weights):
    """Correlation of two kernels over joint draws of the filters, ``weights`` (r, n): (r,)."""
    probe, powers = correlation_sums(kernel, other)
    products = PairSums(probe.sums(standardise(kernel)).numerator, powers.denominator).bootstrap(weights)[:, 0]
    return products / np.sqrt(powers.bootstrap(weights)[:, 0])


def broad_share(kernel):
    """Share of K's energy that its spatial mean carries, over the pairs i != j: what does not depend on place. Chance is 1 / k^2.

    Returns
    -------
    share : float
    negative : float
        Share of the pairs whose spatial mean is negative.
    """
    values = np.asarray(kernel, float)[ordered_pairs(len(kernel))]
    mean = values.mean(axis=(1, 2))
    return float((mean**2).sum() / (values**2).mean(axis=(1, 2)).sum()), float((mean < 0).mean())


@dataclass(frozen=True)
class Ends:
    """The tuning coefficient of like (first bin) and orthogonal (last bin) orientations over r relabellings, arrays (r,)."""

    like: np.ndarray
    orthogonal: np.ndarray

    @property
    def difference(self):
        """Like minus orthogonal."""
        return self.like - self.orthogonal


def orientation_null(kernel, cells, stride, orders, edges=EDGES):
    """Tuning with the orientations alone shuffled: every cell keeps its phase, centre and frequency, and takes another's carrier.

    The phase Phi changes with the orientations, so no sum can be kept. It is linear in the offset, so the sum over the offsets is a product
    of sums over rows and columns, ``exp(i Phi) = exp(i alpha) exp(-i kx Dx) exp(-i ky Dy)``.

    Parameters
    ----------
    kernel : array (n, n, k, k)
    cells : Cells
    stride : int
    orders : int array (r, n)
        Cell i takes the orientation of cell ``orders[r, i]``.

    Returns
    -------
    Ends
    """
    size = kernel.shape[-1]
    target, source = ordered_pairs(len(cells))
    across, down = pixel_grid(size, stride)
    x = across[0] + (cells.x[source] - cells.x[target])[:, None]
    y = down[:, 0] + (cells.y[source] - cells.y[target])[:, None]
    wx, wy = np.exp(-(x**2) / RANGE), np.exp(-(y**2) / RANGE)
    weighted = (np.asarray(kernel)[target, source] * wy[:, :, None] * wx[:, None, :]).astype(np.complex64)
    total = wx.sum(axis=1) * wy.sum(axis=1)
    ends = np.empty((len(orders), 2))
    for row, order in enumerate(orders):
        shuffled = cells.with_orientations(cells.carrier[order])
        turn = fold(shuffled, target, source)[0]
        for column, chosen in enumerate((np.abs(turn) < edges[1], np.abs(turn) >= edges[-2])):
            pairs = np.flatnonzero(chosen)
            i, j = target[pairs], source[pairs]
            _, middle, phase = fold(shuffled, i, j)
            kx, ky = wave_vector(shuffled, i, j, middle)
            ex, ey = np.exp(-1j * kx[:, None] * x[pairs]), np.exp(-1j * ky[:, None] * y[pairs])
            inner = np.matmul(weighted[pairs], ex[:, :, None].astype(np.complex64))[:, :, 0]
            numerator = (np.exp(1j * phase) * (inner * ey).sum(axis=1)).real.sum()
            doubled = np.exp(2j * phase) * (wx[pairs] * ex**2).sum(axis=1) * (wy[pairs] * ey**2).sum(axis=1)
            ends[row, column] = numerator / (0.5 * (total[pairs] + doubled.real)).sum()
    return Ends(*ends.T)
