"""The learned K against group models, baselines and the kernels RF and CO: how much each explains, and how sure that is.

The measure is the R^2 of :mod:`fits`, cross-validated over blocks of target and source cells and averaged over ``splits`` random foldings.
Intervals are of the joint bootstrap over filters: every draw is cross-validated anew, with its parameters chosen anew, its foldings taken
in turn. The permutation test refits the families (on the coarse library) to relabelled cells; phases and orientations move together, then
orientations alone.
"""

from dataclasses import dataclass, field

import numpy as np

from paper_code import weights
from paper_code.errors import PaperCodeError
from paper_code.filters import fit_gabor, null_gabor_r2
from paper_code.lateral import bins, fits, planted
from paper_code.lateral.fits import Data, Model
from paper_code.lateral.frame import PairFrame, oriented_frame
from paper_code.lateral.measures import NULL_QUANTILE
from paper_code.lateral.models import FAMILIES, PARAMETERS, library
from paper_code.lateral.rf_kernel import co_kernel as co_over_images
from paper_code.lateral.rf_kernel import rf_kernel
from paper_code.lateral.selectivity import standardise
from paper_code.lateral.statistics import against, bootstrap_weights, interval, permutations

GROUP = ("DP", "HR")
RINGS = (1.0, 3.0, 5.0, 8.0, np.inf)  # px, edges of the distances
LEVEL = 0.05  # of the permutation tests
CEILING_DRAWS = 100  # draws of the filters for the ceiling, the slowest of the models
PATCHES = 256  # photographs' patches that CO is taken over


@dataclass(frozen=True)
class Effort:
    """How much is computed; the library is the fine or the coarse one."""

    fine: bool = True
    splits: int = 8  # random foldings
    drawn: int = 1000  # bootstrap draws
    permuted: int = 999  # relabellings of the cells
    shuffled: int = 199  # shuffles of the orientations alone


FULL, QUICK = Effort(), Effort(fine=False, splits=4, drawn=200, permuted=99, shuffled=19)


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

    def r2(self, name):
        """Cross-validated R^2 of a model: a :class:`Range`."""
        return self._range(self.values[self._known(name)], self.draws[name])

    def difference(self, one, other):
        """R^2 of a model less that of another: a :class:`Range`."""
        return self._range(self.values[self._known(one)] - self.values[self._known(other)], self.draws[one] - self.draws[other])

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


def explains(comparison, family):
    """Whether a family is called a match to K.

    Its cross-validated R^2 (for all but ISO: its excess over ISO) has an interval above 0, and so has a permutation p below LEVEL.
    """
    test = comparison.labels if family == "ISO" else comparison.labels_excess
    found = comparison.r2("ISO") if family == "ISO" else comparison.difference(family, "ISO")
    return found.low > 0 and test[family].p < LEVEL and comparison.r2(family).low > 0


def recognised(comparison):
    """The model that K is recognised as: a family, "RF", or None.

    The best by cross-validated R^2, unless a simpler one (ISO, then SEP) cannot be told from it; RF only if it is above every family; None
    if its interval reaches 0 or its permutation p, where there is one, is not below LEVEL.
    """
    family = max(FAMILIES, key=lambda name: comparison.values[name].mean())
    if comparison.r2(family).low <= 0 or (comparison.labels and comparison.labels[family].p >= LEVEL):
        return None
    if "RF" in comparison.values and comparison.difference("RF", family).low > 0:
        return "RF"
    for simpler in ("ISO", "SEP"):
        if family == simpler or comparison.difference(family, simpler).low <= 0:
            return simpler
    return family


def rivals(comparison):
    """The families that cannot be told from the best one: the interval of their difference to it reaches 0. The best comes first."""
    best = max(FAMILIES, key=lambda name: comparison.values[name].mean())
    return (best, *(one for one in FAMILIES if one != best and comparison.difference(best, one).low <= 0))


def _models(names):
    """Models of the coherent sums and of the blind ones, by name."""
    given = [name for name in ("RF", "CO") if name in names]
    coherent = {family: Model(family) for family in FAMILIES}
    bases = [(name,) for name in given] + ([tuple(given)] if len(given) == 2 else [])
    for base in bases:
        coherent[" + ".join(base)] = Model(None, ("1", *base))
        coherent |= {" + ".join((*base, family)): Model(family, ("1", *base)) for family in FAMILIES if len(base) == 2 or family in GROUP}
    return coherent, {f"{family} blind": Model(family) for family in FAMILIES}


def _validated(sums, models, kernel, foldings, draws):
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
    same, found = np.arange(len(cells))[None], {}
    for row, (name, kernel) in enumerate(kernels.items()):
        few = 1 if row == 0 else 4
        some = draws[: -(-len(draws) // few)]
        values, drawn = {}, {}
        for sums, models in zip(both, _models(given), strict=True):
            parts = _validated(sums.only((*given, name)), models, name, foldings, some)
            values, drawn = values | parts[0], drawn | parts[1]
        heights = bins.ceiling(data, name, foldings, np.ones((len(foldings), len(cells))))
        best = heights.mean(axis=1).argmax()
        values["bins"] = heights[best]
        drawn["bins"] = bins.ceiling(data, name, foldings, some[:CEILING_DRAWS], bins.RESOLUTIONS[best : best + 1])[0]
        null = fits.relabelled_r2(data, coarse, kernel, np.concatenate([same, orders[: -(-len(orders) // few)]]))
        shuffles = np.concatenate([same, orders[: effort.shuffled]])
        alone = bins.orientations_alone(data, cells, stride, coarse, name, shuffles) if row == 0 and effort.shuffled else None
        found[name] = Comparison(
            len(cells),
            values,
            drawn,
            {family: _fit(data, both[0], shapes, family, name) for family in FAMILIES},
            {family: against(null[0, one], null[1:, one]) for one, family in enumerate(FAMILIES)},
            _excess(null),
            {} if alone is None else _excess(alone),
        )
    return found


def _excess(r2):
    """Tests of each family's R^2 less ISO's, the first row of r2 (1 + r, families) against the others."""
    excess = r2 - r2[:, :1]
    return {family: against(excess[0, one], excess[1:, one]) for one, family in enumerate(FAMILIES) if one}


def confusion(frame, rests, r2, parameters=None, rf=None, drawn=100, splits=4, seed=0):
    """Plant each family between the cells of a frame, in noise, and say what the comparison takes it for.

    Parameters
    ----------
    frame : PairFrame
        Of all pairs of m cells.
    rests : sequence of arrays (m, m, k, k)
        Noise: K with its cells relabelled, or :func:`noise`. One planted kernel a family for each.
    r2 : float
        Share of the planted kernel's variance that the family makes.
    parameters : dict of dicts, optional
        Of each family; EXAMPLES by default.
    rf : array (m, m, k, k), optional
        Planted too, and a candidate.
    drawn, splits : int
        Bootstrap draws and foldings.
    seed : int

    Returns
    -------
    dict of dicts
        Planted name: {recognised name: count}; no permutation tests, so "recognised" rests on intervals.
    """
    signals = {family: planted.model(frame, family, (parameters or planted.EXAMPLES)[family]) for family in FAMILIES}
    given = {} if rf is None else {"RF": standardise(rf)}
    signals |= given
    made = {(name, row): planted.mixed(signal, rest, r2) for name, signal in signals.items() for row, rest in enumerate(rests)}
    data = Data(frame, given | {f"{name} {row}": kernel for (name, row), kernel in made.items()})
    sums = fits.sums_of(data, library(False), (True,))[0]
    models = {name: one for name, one in _models(given)[0].items() if name in (*FAMILIES, "RF")}
    foldings = [fits.fold_numbers(data.count, fits.FOLDS, seed + number) for number in range(splits)]
    draws, found = bootstrap_weights(data.count, drawn, seed), {name: {} for name in signals}
    for name, row in made:
        kernel = f"{name} {row}"
        parts = _validated(sums.only((*given, kernel)), models, kernel, foldings, draws)
        seen = recognised(Comparison(data.count, *parts, {}, {}, {}, {}))
        found[name][seen] = found[name].get(seen, 0) + 1
    return found


@dataclass(frozen=True)
class NetworkComparison:
    """One network's K against the models, and its K before training under the trained cells' labels."""

    seed: int
    oriented: np.ndarray  # (cells,) bool
    frame: PairFrame  # of the m oriented cells
    kernel: np.ndarray  # (m, m, k, k), K between them
    rf: np.ndarray  # (m, m, k, k)
    effort: Effort
    trained: Comparison
    untrained: Comparison | None
    jitter: dict = field(default_factory=dict)  # of paper_code.lateral.planted.jitter


def compare_kernel(kernel, gabors, null_r2, stride, rf, co=None, untrained=None, seed=0, effort=FULL, resampling_seed=0):
    """Compare a network's lateral kernel with all models.

    Parameters
    ----------
    kernel : array (n, n, k, k)
    gabors : GaborBank
        Fits of all n receptive fields.
    null_r2 : float
        R^2 that a fit has to exceed; the other cells are left out.
    stride : int
        Pixels between neighbouring places of l1.
    rf, co : arrays (n, n, k, k)
        Correlation of the receptive fields, and of the activities over images; CO may be left out.
    untrained : array (n, n, k, k), optional
        K before training.
    seed : int
        Named in the result.
    effort : Effort
    resampling_seed : int

    Returns
    -------
    NetworkComparison
    """
    oriented, cells, frame = oriented_frame(gabors, null_r2, kernel.shape[-1], stride)
    among = np.ix_(oriented, oriented)
    given = {name: one[among] for name, one in (("RF", rf), ("CO", co)) if one is not None}
    kernels = {name: one[among] for name, one in (("K", kernel), ("start", untrained)) if one is not None}
    found = compare(kernels, frame, cells, stride, given, effort, resampling_seed)
    best = max(FAMILIES, key=lambda family: found["K"].values[family].mean())
    blurred = planted.jitter(cells, kernel.shape[-1], stride, best, found["K"].fits[best].parameters, seed=resampling_seed)
    return NetworkComparison(seed, oriented, frame, kernels["K"], given["RF"], effort, found["K"], found.get("start"), blurred)


def trial(network, count=3, seed=0, drawn=100):
    """Would each family have been recognised in this network? :func:`confusion` between its own cells.

    The planted families explain as much as the best one does of K; the rest is K with its cells relabelled, in ``count`` ways.

    Parameters
    ----------
    network : NetworkComparison
    count, seed, drawn : int
        Relabellings, their seed, and bootstrap draws.
    """
    rests = [network.kernel[np.ix_(order, order)] for order in permutations(len(network.kernel), count, seed)]
    r2 = max(network.trained.values[family].mean() for family in FAMILIES)
    return confusion(network.frame, rests, max(float(r2), 0.0), rf=network.rf, drawn=drawn, seed=seed)


def co_kernel(condition, seed, patches=PATCHES):
    """CO of a shipped network over ``patches`` of the built-in photographs, as :func:`paper_code.lateral.rf_kernel.co_kernel`."""
    return co_over_images(condition, seed, count=patches)


def compare_network(condition, seed, co=None, effort=FULL, field_null_count=200, resampling_seed=0):
    """Compare the lateral kernel of a shipped network, after and before training: a :class:`NetworkComparison`.

    Parameters
    ----------
    condition : str
    seed : int
    co : array (n, n, k, k), optional
        By default :func:`co_kernel`.
    effort : Effort
    field_null_count : int
        Smooth random fields behind the Gabor R^2 that a cell has to exceed.
    resampling_seed : int

    Raises
    ------
    PaperCodeError
        If the condition has no lateral connections or a network is missing.
    """
    early, start = weights.load_early(condition, seed), weights.load_snapshots(condition, seed)[0]
    if early.K is None or start.K is None:
        raise PaperCodeError(f"networks of the condition {condition} have no lateral kernel; choose another condition")
    null = np.quantile(null_gabor_r2(early.l1.shape[-1], "smooth", field_null_count, 0, psi0=early.l0), NULL_QUANTILE)
    stride = weights.entry(condition, seed)["condition"]["network"]["stride"]
    fields = early.receptive_fields
    rf = rf_kernel(fields, early.K.shape[-1], stride)
    co = co_kernel(condition, seed) if co is None else co
    return compare_kernel(early.K, fit_gabor(fields), null, stride, rf, co, start.K, seed, effort, resampling_seed)


def numbers(networks):
    """What the results file keeps of a list of :class:`NetworkComparison`: one value a seed under each key, None for what has no value."""
    kept = {"seeds": [one.seed for one in networks], "oriented_cells": [one.trained.cells for one in networks]}
    kept["effort"] = vars(networks[0].effort)
    for prefix, pick in (("", "trained"), ("untrained_", "untrained")):
        found = [getattr(one, pick) for one in networks]
        if all(one is not None for one in found):
            kept |= {prefix + key: [value(one) for one in found] for key, value in _columns(found[0]).items()}
    for kind in networks[0].jitter:
        kept[f"jitter_{kind}_r2"] = [list(map(float, one.jitter[kind])) for one in networks]
    return _plain(kept)


def _plain(value):
    """Without NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _key(name):
    return name.lower().replace(" + ", "_").replace(" ", "_")


def _columns(first):
    columns = {}

    def add(key, pick):
        columns[key] = lambda one: pick(one).value
        columns[f"{key}_low"] = lambda one: pick(one).low
        columns[f"{key}_high"] = lambda one: pick(one).high

    for name in first.values:
        add(f"{_key(name)}_r2", lambda one, name=name: one.r2(name))
    for one, other in differences(first):
        add(f"{_key(one)}_minus_{_key(other)}", lambda found, pair=(one, other): found.difference(*pair))
    for family in FAMILIES:
        name = _key(family)
        columns[f"{name}_cosine"] = lambda one, family=family: one.fits[family].cosine
        columns[f"{name}_gain"] = lambda one, family=family: one.fits[family].gain
        columns[f"{name}_rings"] = lambda one, family=family: list(map(float, one.fits[family].rings))
        for parameter in PARAMETERS[family]:
            columns[f"{name}_{parameter}"] = lambda one, family=family, parameter=parameter: one.fits[family].parameters[parameter]
        columns[f"{name}_labels_p"] = lambda one, family=family: one.labels[family].p
        columns[f"{name}_labels_z"] = lambda one, family=family: one.labels[family].z
        columns[f"{name}_match"] = lambda one, family=family: bool(explains(one, family))
        columns[f"{name}_share_of_ceiling"] = lambda one, family=family: one.share_of_ceiling(family)
        for kind in ("labels_excess", "orientations_excess"):
            if family in getattr(first, kind):
                columns[f"{name}_{kind}_p"] = lambda one, family=family, kind=kind: getattr(one, kind)[family].p
                columns[f"{name}_{kind}_z"] = lambda one, family=family, kind=kind: getattr(one, kind)[family].z
    columns["recognised"] = recognised
    columns["rivals"] = lambda one: list(rivals(one))
    return columns


def differences(comparison):
    """The pairs of models whose difference is reported: everything against ISO, SEP and ANI, and each given kernel's gain."""
    pairs = [(one, other) for other in ("ISO", "SEP", "ANI") for one in FAMILIES[1:] if FAMILIES.index(one) > FAMILIES.index(other)]
    pairs.append(("HR", "DP"))
    for name in comparison.values:
        base, _, family = name.rpartition(" + ")
        if base in comparison.values and (base, name) not in pairs:
            pairs.append((name, base))
    return pairs + [("RF", family) for family in FAMILIES if "RF" in comparison.values]
