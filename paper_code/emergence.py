"""Symmetry through training: each measure at each snapshot, what it is before training, when it leaves its null, and what comes first.

The snapshots of one training are not independent of one another, so no test is made over steps: what counts is whether something is so on
every seed. The geometry of K is measured under the labels that its cells have at the end, since at the start hardly any has one.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from paper_code import weights
from paper_code.errors import PaperCodeError
from paper_code.lateral.association_field import association_field
from paper_code.lateral.frame import oriented_frame
from paper_code.lateral.selectivity import LIKE_BELOW, standardise
from paper_code.rounding import as_large
from paper_code.survey import MEASURES as SURVEYED
from paper_code.survey import Labels, Survey, gabor_level, gabor_null, radial_levels, radial_null, survey_filters, survey_kernel

LEVEL = 0.05  # of a test
MAP_EXTENT = 9  # px, half side of the maps of K
MIDDLE = 0.25  # sides of l0 that its fitted centre may lie off the middle: of a centre near the border little but a smooth slope is seen
CHANCE_SHARE = 0.05  # of smooth random filters that exceed their own 95 %


@dataclass(frozen=True)
class Measure:
    """What is followed: a field of :class:`paper_code.survey.Survey`."""

    name: str
    label: str  # a few words for an axis
    layer: str  # l0, l1 or K


MEASURES = (
    Measure("log_r2", "R² of the LoG", "l0"),
    Measure("i_rad", "radial symmetry $I_{rad}$", "l0"),
    Measure("gabor_r2", "Gabor R², median", "l1"),
    Measure("gabor_share", "share of Gabors", "l1"),
    Measure("rf", "correlation with RF", "K"),
    Measure("tuning", "like − orthogonal (sd)", "K"),
    Measure("elongation", "along − across (sd)", "K"),
    Measure("cocircularity", "co-circularity C", "K"),
)
WORDS = {
    "log_r2": "l0 a Laplacian of Gaussian",
    "i_rad": "l0 round",
    "gabor_r2": "the median l1 filter a Gabor",
    "gabor_share": "Gabors in l1",
    "rf": "K like RF",
    "tuning": "K tuned to orientation",
    "elongation": "K elongated along the axis",
    "cocircularity": "K co-circular",
}
LAYER = {measure.name: measure.layer for measure in MEASURES}


@dataclass(frozen=True)
class Trajectory:
    """One network through training, n steps."""

    seed: int
    steps: np.ndarray  # (n,), from 0 to the end of training
    surveys: tuple  # of Survey, one a step; the measures of K are NaN where it was not kept
    own: dict  # step: Survey of K under the labels that its cells have at that very step
    levels: dict  # name: what 95 % of chance stay below, of the measures of l0 and l1

    def series(self, name):
        """Steps at which a measure is known, and its values."""
        values = np.array([getattr(one, name) for one in self.surveys])
        known = np.isfinite(values)
        return self.steps[known], values[known]

    def beyond(self, name):
        """Where, of :meth:`series`, the measure is beyond its null, and l0 has its centre in the middle: bool array."""
        steps, values = self.series(name)
        if LAYER[name] == "K":
            return self.series(f"{name}_p")[1] < LEVEL
        centred = self.series("off_centre")[1] <= MIDDLE if LAYER[name] == "l0" else True
        return (values > self.levels[name]) & centred

    @property
    def known(self):
        """Names of the measures that this network has."""
        return [measure.name for measure in MEASURES if len(self.series(measure.name)[0]) > 1]


def levels(early):
    """What 95 % of chance stay below, by name: smooth random filters of the size.

    Of a share of n filters, the largest whose 95 % interval still holds the share of chance: 97.5 % of chance stay at it or below.
    """
    found = {"gabor_r2": gabor_level(early.l1.shape[-1])}
    found["gabor_share"] = float(stats.binom.ppf(0.975, len(early.l1), CHANCE_SHARE)) / len(early.l1)
    if early.l0 is not None:
        found |= dict(zip(("log_r2", "i_rad"), radial_levels(early.l0.shape[-1]), strict=True))
    return found


def follow(condition, seed, every=1, permuted=199, drawn=200, field_null_count=60, directory=None):
    """Measure one network at its snapshots and at the end of training.

    Parameters
    ----------
    condition, seed : str, int
    every : int
        Take each snapshot (1), every second one (2), and so on; those with K and the end are always taken.
    permuted, drawn, field_null_count : int
        As in :func:`paper_code.survey.survey`.
    directory : path, optional
        Of the weights.

    Returns
    -------
    Trajectory

    Raises
    ------
    PaperCodeError
        If ``every`` is below 1 or the network has no snapshots.
    """
    if every < 1:
        raise PaperCodeError(f"take each snapshot (1) or every so many (2, 3, ...), not {every}")
    end, listed = weights.load_early(condition, seed, directory), weights.entry(condition, seed, directory)
    stride, total = listed["condition"]["network"]["stride"], listed["steps"]
    snapshots = weights.load_snapshots(condition, seed, directory)
    kept = [one for index, one in enumerate(snapshots) if (index % every == 0 or one.K is not None) and one.step < total]
    layers = [*kept, end]
    effort = {"permuted": permuted, "drawn": drawn}
    labels = None if end.K is None else Labels.of(end, field_null_count)
    surveys, own = [], {}
    for early in layers:
        found = dict.fromkeys(SURVEYED, float("nan")) | survey_filters(early)
        if early.K is not None:
            found |= survey_kernel(early, stride, labels, **effort)
            if early is not end:
                its = Labels.of(early, field_null_count // 2 + 1)
                few = {"permuted": 19, "drawn": 19}  # of these the values alone are of use
                own[early.step] = _survey(dict.fromkeys(SURVEYED, float("nan")) | survey_kernel(early, stride, its, **few))
        surveys.append(_survey(found))
    if end.K is not None:
        own[total] = surveys[-1]
    steps = np.array([*[one.step for one in kept], total])
    return Trajectory(seed, steps, tuple(surveys), own, levels(end))


def _survey(found):
    return Survey(**{name: float(value) for name, value in found.items()})


# Before training


def start_p(trajectory, name, early, draws=4999):
    """One-sided p of a measure at step 0: how often chance is as large.

    l0 and l1 are compared with smooth random filters, a median or a share with that of as many of them; K with relabelled cells.
    """
    value = trajectory.series(name)[1][0]
    if LAYER[name] == "K":
        return float(trajectory.series(f"{name}_p")[1][0])
    if LAYER[name] == "l0":
        null = getattr(radial_null(early.l0.shape[-1]), name)
    elif name == "gabor_r2":
        known = gabor_null(early.l1.shape[-1])
        null = np.median(np.random.default_rng(0).choice(known, (draws, len(early.l1))), axis=1)
    else:
        return float(stats.binom.sf(round(value * len(early.l1)) - 1, len(early.l1), CHANCE_SHARE))
    return float((1 + as_large(null, value).sum()) / (1 + len(null)))


def inside_at_start(p):
    """Which of m measures are inside their null at step 0, with .05 shared out among the m tests (Bonferroni): bool array."""
    p = np.asarray(p, float)
    return p >= LEVEL / len(p)


# When


def onset(steps, beyond):
    """Between which two steps a measure leaves its null for good: (last step inside, first step from which on it is outside).

    The second is inf if it is inside at the end; both are the first step if it never was inside.
    """
    steps, inside = np.asarray(steps, float), np.flatnonzero(~np.asarray(beyond, bool))
    if len(inside) == 0:
        return steps[0], steps[0]
    last = inside[-1]
    return steps[last], steps[last + 1] if last + 1 < len(steps) else np.inf


def half_rise(steps, values):
    """Between which two steps a measure first passes half the way from its first to its last value."""
    steps, values = np.asarray(steps, float), np.asarray(values, float)
    change = values[-1] - values[0]
    passed = (values - values[0]) * np.sign(change) >= abs(change) / 2
    first = int(passed.argmax())
    return steps[max(first - 1, 0)], steps[first]


def precedes(first, second):
    """Whether one event comes before another on every seed, with certainty: (s, 2) brackets that do not overlap, the first one earlier."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    return bool((first[:, 1] <= second[:, 0]).all() and np.isfinite(first).all() and (first[:, 1] < second[:, 1]).all())


def brackets(trajectories, kind="onset"):
    """Of each measure that every network has, the bracket of its ``onset`` or ``half_rise`` on each seed: {name: (s, 2)}."""
    names = [measure.name for measure in MEASURES if all(measure.name in one.known for one in trajectories)]
    found = {}
    for name in names:
        if kind == "onset":
            found[name] = np.array([onset(one.series(name)[0], one.beyond(name)) for one in trajectories])
        else:
            found[name] = np.array([half_rise(*one.series(name)) for one in trajectories])
    return found


def ordered(found):
    """Names of :func:`brackets` in the order of the median of the later ends, those that do not end last, then by the earlier ends."""
    return sorted(found, key=lambda name: (np.median(found[name][:, 1]), np.median(found[name][:, 0])))


def sentences_of_order(found):
    """What comes before what on every seed, in words: for each measure those that it surely precedes."""
    lines = []
    for name in ordered(found):
        later = [WORDS[other] for other in ordered(found) if other != name and precedes(found[name], found[other])]
        if later:
            lines.append(f"*{WORDS[name]}* before {', '.join(f'*{other}*' for other in later)}")
    return lines


# How steadily


def steadiness(values):
    """Net rise over the sum of all changes, up and down: 1 for a measure that never falls, 0 for one that ends no higher than it began.

    Unlike a rank correlation it does not count a flat stretch as a failure to rise.
    """
    values = np.asarray(values, float)
    total = np.abs(np.diff(values)).sum()
    return float(max(values[-1] - values[0], 0) / total) if total > 0 else 0.0


def rank_correlation(steps, values):
    """Spearman's correlation of a measure with the step; NaN for one that never changes."""
    return float(stats.spearmanr(steps, values).statistic) if np.ptp(values) > 0 else float("nan")


GROUPS = {"filters": ("log_r2", "i_rad", "gabor_r2", "gabor_share"), "kernel": ("rf", "tuning"), "field": ("elongation", "cocircularity")}
"""Measures that the scorecard takes together."""


def numbers(trajectories, condition, directory=None):
    """What the results file keeps: one value a seed under each key."""
    kept = {"seeds": [one.seed for one in trajectories], "snapshots": [len(one.steps) for one in trajectories]}
    early = [weights.load_early(condition, one.seed, directory) for one in trajectories]
    names = list(brackets(trajectories))
    p = {name: [start_p(one, name, end) for one, end in zip(trajectories, early, strict=True)] for name in names}
    kept["measures"] = names
    kept["start_inside"] = [float(inside_at_start([p[name][index] for name in names]).mean()) for index in range(len(trajectories))]
    for name in names:
        known = [one.series(name) for one in trajectories]
        kept |= {f"{name}_start": [float(values[0]) for _, values in known], f"{name}_end": [float(values[-1]) for _, values in known]}
        kept |= {f"{name}_start_p": p[name], f"{name}_steadiness": [steadiness(values) for _, values in known]}
        ranks = [rank_correlation(*series) for series in known]
        kept[f"{name}_spearman"] = [value if np.isfinite(value) else None for value in ranks]
    for kind in ("onset", "half_rise"):
        for name, ends in brackets(trajectories, kind).items():
            kept[f"{name}_{kind}"] = [[float(low), float(high) if np.isfinite(high) else None] for low, high in ends]
    for group, members in GROUPS.items():
        known = [kept[f"{name}_steadiness"] for name in members if name in names]
        if known:
            kept[f"{group}_steadiness"] = np.min(known, axis=0).tolist()
    return kept


# The growth of one network


@dataclass(frozen=True)
class Growth:
    """One network at n steps, for looking: m cells, maps of K at k of the steps."""

    seed: int
    steps: np.ndarray  # (n,)
    l0: np.ndarray | None  # (n, a, a)
    bank: np.ndarray  # (n, m, b, b), l1, sorted by the orientation at the end, cells without one last
    cells: np.ndarray  # (m,), numbers of the cells in that order
    orientation: np.ndarray  # (m,), radians at the end; NaN for a cell without one
    map_steps: np.ndarray  # (k,), steps at which K was kept
    nearest: np.ndarray  # (n,), which of them is nearest to each step, on a logarithmic scale
    maps: np.ndarray  # (k, q, q), coefficient of cos Phi from sources of like orientation, in the target's frame; NaN where there are none
    ticks: np.ndarray  # (q,), px
    trajectory: Trajectory


def fields_of(kernels, labels, stride, **bands):
    """Kernels (n, n, s, s) around a target cell: a list of :class:`paper_code.lateral.AssociationField`, each in sd between oriented cells.

    ``bands`` are the turns of :func:`paper_code.lateral.association_field` and their half width.
    """
    oriented, _, frame = oriented_frame(labels.fits, labels.level, kernels[0].shape[-1], stride)
    chosen = (standardise(kernel[np.ix_(oriented, oriented)]) for kernel in kernels)
    return [association_field(kernel, frame, extent=MAP_EXTENT, **bands) for kernel in chosen]


def like_maps(kernels, labels, stride):
    """What cells of like orientation send each other, averaged in the frame of the target, its axis to the right.

    Parameters
    ----------
    kernels : sequence of arrays (n, n, s, s)
    labels : Labels
        Of the n cells, two of them oriented or more.
    stride : int

    Returns
    -------
    maps : array (kernels, q, q)
        Coefficient of cos Phi, in standard deviations of each kernel between oriented cells; NaN where there is none.
    ticks : array (q,)
        Px.
    """
    fields = fields_of(kernels, labels, stride, turns=np.zeros(1), half_width=LIKE_BELOW)
    return np.array([field.coherent[0] for field in fields]), fields[0].ticks


def grow(condition, trajectory, field_null_count=60, directory=None):
    """What grows in the network of a trajectory, at its steps: a :class:`Growth`; no maps without K or without oriented cells."""
    snapshots = {one.step: one for one in weights.load_snapshots(condition, trajectory.seed, directory)}
    end, steps = weights.load_early(condition, trajectory.seed, directory), trajectory.steps
    layers = [*(snapshots[step] for step in steps[:-1]), end]
    labels = Labels.of(end, field_null_count)
    angle = np.where(labels.oriented, labels.fits.orientation, np.nan)
    order = np.argsort(angle, kind="stable")  # NaN last
    with_kernel = [index for index, one in enumerate(layers) if one.K is not None and labels.oriented.sum() > 1]
    maps, ticks = [], np.zeros(0)
    if with_kernel:
        stride = weights.entry(condition, trajectory.seed, directory)["condition"]["network"]["stride"]
        maps, ticks = like_maps([layers[index].K for index in with_kernel], labels, stride)
    kept = steps[with_kernel]
    return Growth(
        trajectory.seed,
        steps,
        None if end.l0 is None else np.stack([one.l0 for one in layers]),
        np.stack([one.l1 for one in layers])[:, order],
        order,
        angle[order],
        kept,
        np.abs(np.log1p(steps[:, None]) - np.log1p(kept)).argmin(1) if len(kept) else np.zeros(len(steps), int),
        np.array(maps),
        ticks,
        trajectory,
    )
