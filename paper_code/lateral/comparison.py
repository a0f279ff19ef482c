"""A lateral kernel against group models, baselines and the kernels RF and CO: how much each explains, and how sure that is.

The measure is the R^2 of :mod:`fits`, cross-validated over blocks of target and source cells and averaged over ``splits`` random foldings.
Intervals are of the joint bootstrap over filters: every draw is cross-validated anew, with its parameters chosen anew, its foldings taken
in turn. The permutation tests refit the families (on the coarse library): to relabelled cells, phases and orientations together; with
orientations alone shuffled; and, the strict one, with distance and phase kept in every pair and the rest dealt out anew (:mod:`dealing`).
"""

from dataclasses import dataclass

import numpy as np

from paper_code.errors import PaperCodeError
from paper_code.lateral import bins, dealing, fits
from paper_code.lateral.fits import Data, Model
from paper_code.lateral.models import FAMILIES, library
from paper_code.lateral.selectivity import standardise
from paper_code.lateral.statistics import against, bootstrap_weights, interval, permutations
from paper_code.rounding import as_large

GROUP = ("DP", "HR")
RINGS = (1.0, 3.0, 5.0, 8.0, np.inf)  # px, edges of the distances
CEILING_DRAWS = 100  # draws of the filters for the ceiling, the slowest of the models


@dataclass(frozen=True)
class Effort:
    """How much is computed; the library is the fine or the coarse one."""

    fine: bool = True
    splits: int = 8  # random foldings
    drawn: int = 1000  # bootstrap draws
    permuted: int = 999  # relabellings of the cells
    shuffled: int = 199  # shuffles of the orientations alone, at most ``permuted``
    dealt: int = 999  # deals of the turns, distances and phases kept


FULL, QUICK = Effort(), Effort(fine=False, splits=4, drawn=200, permuted=99, shuffled=19, dealt=199)


@dataclass(frozen=True)
class Range:
    """A value and the 95 % interval over filters."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Fit:
    """A family's best element on all pairs, times cos Phi."""

    parameters: dict
    gain: float  # in standard deviations of K for the largest value of the family's shape
    cosine: float  # centred cosine between the fitted model and K
    rings: np.ndarray  # (g,), R^2 within the distances of RINGS, gain and offset refitted there; 0 where the gain is negative


@dataclass(frozen=True)
class Comparison:
    """One kernel K between m oriented cells against all models.

    Models go by the names of FAMILIES, "DP blind" and so on for those without cos Phi, "RF", "CO", "RF + CO", "RF + CO + DP" and so on for
    joint regressions, and "bins" for the ceiling.
    """

    cells: int
    values: dict  # name: array (splits,), cross-validated R^2
    draws: dict  # name: array (r,), the same over draws of the filters; row by row the same draws for all but "bins"
    fits: dict  # family: Fit
    labels: dict  # family: Test of its R^2 against relabelled cells
    labels_excess: dict  # family: Test of its R^2 less ISO's; not for ISO
    orientations_excess: dict  # the same with the orientations alone shuffled; empty if that was left out
    turns_excess: dict  # the same with distance and phase kept and all else dealt out anew; empty likewise

    def r2(self, name):
        """Cross-validated R^2 of a model: a :class:`Range`."""
        return self._range(self.values[self._known(name)], self.draws[name])

    def difference(self, one, other):
        """R^2 of a model less that of another: a :class:`Range`."""
        return self._range(self.values[self._known(one)] - self.values[self._known(other)], self.draws[one] - self.draws[other])

    def resampled_p(self, one, other):
        """One-sided p, the share of resampled banks in which a model does not exceed another; below .025 if the interval is above 0."""
        gap = self.draws[self._known(one)] - self.draws[self._known(other)]
        return float((1 + as_large(-gap, 0).sum()) / (1 + len(gap)))

    def share_of_ceiling(self, name):
        """R^2 of a model over that of the ceiling."""
        return float(self.values[self._known(name)].mean() / self.values["bins"].mean())

    def _known(self, name):
        if name not in self.values:
            raise PaperCodeError(f"no model {name!r} in this comparison; there are {', '.join(self.values)}")
        return name

    @staticmethod
    def _range(values, draws):
        return Range(float(values.mean()), *map(float, interval(draws)))


def candidates(names):
    """The models that compete if kernels of these names are given, by name: dicts of the coherent ones and of the blind ones."""
    given = [name for name in ("RF", "CO") if name in names]
    coherent = {family: Model(family) for family in FAMILIES}
    bases = [(name,) for name in given] + ([tuple(given)] if len(given) == 2 else [])
    for base in bases:
        coherent[" + ".join(base)] = Model(None, ("1", *base))
        coherent |= {" + ".join((*base, family)): Model(family, ("1", *base)) for family in FAMILIES if len(base) == 2 or family in GROUP}
    return coherent, {f"{family} blind": Model(family) for family in FAMILIES}


def validated(sums, models, kernel, foldings, draws):
    """Cross-validated R^2 over foldings and over draws: two dicts of arrays by the models' names."""
    ones = np.ones((1, draws.shape[1]))
    values = np.concatenate([fits.cross_validated(sums, list(models.values()), kernel, number, ones) for number in foldings])
    drawn = np.empty((len(draws), len(models)))
    for row, number in enumerate(foldings):
        if len(draws[row :: len(foldings)]):
            drawn[row :: len(foldings)] = fits.cross_validated(sums, list(models.values()), kernel, number, draws[row :: len(foldings)])
    return dict(zip(models, values.T, strict=True)), dict(zip(models, drawn.T, strict=True))


def _fit(data, sums, shapes, family, kernel):
    element, gain, r2 = fits.best(sums, family, kernel)
    model = shapes.values(data.places, [element])[0] * data.wave
    values, distance = data.columns[data.names.index(kernel)], np.sqrt(data.frame.squared_distance)
    rings = []
    for low, high in zip(RINGS[:-1], RINGS[1:], strict=True):
        inside = data.keep & (distance >= low) & (distance < high)
        rings.append(max(np.corrcoef(model[inside], values[inside])[0, 1], 0) ** 2 if inside.sum() > 2 else np.nan)
    return Fit(shapes.parameters(family, element), gain, float(np.sqrt(r2)), np.array(rings))


def compare(kernels, frame, cells, stride, given=None, effort=FULL, resampling_seed=0):
    """Compare kernels between the same m cells with all models: a dict of :class:`Comparison` by the kernels' names.

    Parameters
    ----------
    kernels : dict of arrays (m, m, k, k)
        By name; standardised here.
    frame : PairFrame
        Of all pairs.
    cells : Cells
    stride : int
    given : dict of arrays (m, m, k, k), optional
        Kernels "RF" and "CO", or one of them.
    effort : Effort
        The first kernel has all draws and permutations, the others a quarter, and no shuffles of the orientations alone.
    resampling_seed : int
        Of foldings, draws and permutations.

    Raises
    ------
    PaperCodeError
        If a kernel does not vary or does not belong to the frame, or the cells are too few for the folds.
    """
    given = {name: standardise(one) for name, one in (given or {}).items()}
    kernels = {name: standardise(one) for name, one in kernels.items()}
    data = Data(frame, {**given, **kernels})
    shapes, coarse = library(effort.fine), library(False)
    both = fits.sums_of(data, shapes)
    foldings = [fits.fold_numbers(len(cells), fits.FOLDS, resampling_seed + number) for number in range(effort.splits)]
    draws, orders = bootstrap_weights(len(cells), effort.drawn, resampling_seed), permutations(len(cells), effort.permuted, resampling_seed)
    dealt = permutations(len(cells), effort.dealt, resampling_seed)
    same, found = np.arange(len(cells))[None], {}
    for row, (name, kernel) in enumerate(kernels.items()):
        few = 1 if row == 0 else 4
        some = draws[: -(-len(draws) // few)]
        values, drawn = {}, {}
        for sums, models in zip(both, candidates(given), strict=True):
            parts = validated(sums.only((*given, name)), models, name, foldings, some)
            values, drawn = values | parts[0], drawn | parts[1]
        heights = bins.ceiling(data, name, foldings, np.ones((len(foldings), len(cells))))
        best = heights.mean(axis=1).argmax()
        values["bins"] = heights[best]
        drawn["bins"] = bins.ceiling(data, name, foldings, some[:CEILING_DRAWS], bins.RESOLUTIONS[best : best + 1])[0]
        labels, shuffles, deals = (
            np.concatenate([same, rows])
            for rows in (orders[: -(-len(orders) // few)], orders[: effort.shuffled], dealt[: -(-len(dealt) // few)])
        )
        null = fits.relabelled_r2(data, coarse, kernel, labels)
        alone = bins.orientations_alone(data, cells, stride, coarse, name, shuffles) if row == 0 and effort.shuffled else None
        turns = dealing.turns_alone(data, cells, coarse, name, deals) if effort.dealt else None
        found[name] = Comparison(
            len(cells),
            values,
            drawn,
            {family: _fit(data, both[0], shapes, family, name) for family in FAMILIES},
            {family: against(null[0, one], null[1:, one]) for one, family in enumerate(FAMILIES)},
            _excess(null),
            {} if alone is None else _excess(alone),
            {} if turns is None else _excess(turns),
        )
    return found


def _excess(r2):
    """Tests of each family's R^2 less ISO's, the first row of r2 (1 + r, families) against the others."""
    excess = r2 - r2[:, :1]
    return {family: against(excess[0, one], excess[1:, one]) for one, family in enumerate(FAMILIES) if one}
