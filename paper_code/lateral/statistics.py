"""How sure: joint bootstrap over filters, and null distributions from relabelled cells, all of it sums over pairs.

Pairs that share a cell are not independent, so filters are drawn, not pairs: a filter drawn w_i times gives the pair (i, j) the weight
w_i w_j, and pairs i = j are dropped. A label permutation gives every cell the label (orientation, phase, centre, frequency) of another: it
breaks the tie between K and the geometry and leaves each of them as it is. Both need only sums over the offsets of each pair, kept once.
"""

from dataclasses import dataclass

import numpy as np

from paper_code.errors import PaperCodeError
from paper_code.rounding import as_large

ROWS = 512  # pairs whose products with all of K are in memory at once


@dataclass(frozen=True)
class PairSums:
    """g ratios of sums over pairs: ``sum_ij numerator[g, i, j] / sum_ij denominator[g, i, j]``.

    Attributes
    ----------
    numerator, denominator : arrays (g, n, n)
        Target first; zero for a pair that is not in a group, and for i = j.
    """

    numerator: np.ndarray
    denominator: np.ndarray

    @property
    def value(self):
        """The ratios, (g,); NaN for an empty group."""
        return _ratio(self.numerator.sum(axis=(1, 2)), self.denominator.sum(axis=(1, 2)))

    def bootstrap(self, weights):
        """The ratios with filter i counted ``weights[r, i]`` times: (r, g)."""
        return _ratio(_weighted(self.numerator, weights), _weighted(self.denominator, weights))

    def regrouped(self, orders):
        """The ratios with the pairs' sums kept and their membership of the groups relabelled: (r, g).

        For groups without common pairs; it asks whether the group matters, given all else that the sums depend on.
        """
        whole = [part.sum(axis=0).ravel() for part in (self.numerator, self.denominator)]
        count = self.numerator.shape[-1]
        ratios = []
        for members in self.denominator > 0:
            target, source = np.nonzero(members)
            moved = orders[:, target] * count + orders[:, source]
            ratios.append(_ratio(*(part[moved].sum(axis=1) for part in whole)))
        return np.stack(ratios, axis=1)


@dataclass(frozen=True)
class Probe:
    """g measures that are linear in a kernel: ``sum_p <feature_p, K[target_p, source_p]> / sum_p denominator_p`` for each group of pairs.

    Attributes
    ----------
    count : int
        Cells n.
    pairs : sequence of g (target, source), int arrays (p,)
    features : sequence of g arrays (p, l)
        l values a pair: k * k offsets, or 1.
    denominators : sequence of g arrays (p,)
    """

    count: int
    pairs: tuple
    features: tuple
    denominators: tuple

    def sums(self, kernel):
        """Sums over the offsets of ``kernel`` (n, n, ...): a :class:`PairSums`."""
        flat = self._flat(kernel)
        numerator = np.zeros((len(self.pairs), self.count, self.count))
        denominator = np.zeros_like(numerator)
        for group, (target, source) in enumerate(self.pairs):
            numerator[group, target, source] = np.einsum("pl,pl->p", self.features[group], flat[target, source])
            denominator[group, target, source] = self.denominators[group]
        return PairSums(numerator, denominator)

    def null(self, kernel, orders):
        """The measures with cell a given the label of cell b where ``orders[r, b] = a``: (r, g).

        Every product of a label pair's feature with a pair of K is computed once, as one matrix product; a permutation only picks.
        """
        flat = self._flat(kernel).reshape(self.count**2, -1)
        result = np.zeros((len(orders), len(self.pairs)))
        for group, (target, source) in enumerate(self.pairs):
            for start in range(0, len(target), ROWS):
                rows = slice(start, start + ROWS)
                products = self.features[group][rows] @ flat.T
                moved = orders[:, target[rows]] * self.count + orders[:, source[rows]]
                result[:, group] += products[np.arange(len(products)), moved].sum(axis=1)
        return _ratio(result, np.array([denominator.sum() for denominator in self.denominators]))

    def _flat(self, kernel):
        flat = np.asarray(kernel, float).reshape(*np.shape(kernel)[:2], -1)
        if flat.shape[:2] != (self.count, self.count):
            raise PaperCodeError(f"a probe of {self.count} cells needs a kernel between as many, not of shape {np.shape(kernel)}")
        return flat


@dataclass(frozen=True)
class Test:
    """An observed value against its null distribution."""

    value: float
    z: float  # in standard deviations of the null, from its mean
    p: float  # one-sided: (1 + how often the null is as large) / (1 + its size)
    null_mean: float

    __test__ = False  # pytest: no test class


def against(value, null):
    """Compare one value with a null distribution (r,); NaN in the null counts as if it were as large.

    Raises
    ------
    PaperCodeError
        If the null is empty.
    """
    null = np.asarray(null, float)
    if null.size == 0:
        raise PaperCodeError("a null distribution needs at least one permutation")
    spread = np.nanstd(null)
    z = (value - np.nanmean(null)) / spread if spread > 0 else np.nan
    return Test(float(value), float(z), float((1 + as_large(null, value).sum()) / (1 + null.size)), float(np.nanmean(null)))


def interval(samples, level=0.95):
    """Central interval of bootstrap samples (r, ...): low and high, arrays (...)."""
    tail = 100 * (1 - level) / 2
    return tuple(np.nanpercentile(samples, [tail, 100 - tail], axis=0))


def bootstrap_weights(cells, count, seed):
    """How often each of n filters is drawn, n draws with replacement a row: float array (count, n)."""
    return np.random.default_rng(_seed(seed)).multinomial(cells, np.full(cells, 1 / cells), size=count).astype(float)


def permutations(cells, count, seed):
    """Random orders of n cells: int array (count, n)."""
    return np.random.default_rng(_seed(seed)).permuted(np.tile(np.arange(cells), (count, 1)), axis=1)


def _seed(seed):
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise PaperCodeError(f"resampling needs a seed, a whole number >= 0, not {seed!r}")
    return seed


def _weighted(sums, weights):
    return np.stack([((weights @ one) * weights).sum(axis=1) for one in sums], axis=1)


def _ratio(numerator, denominator):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)
