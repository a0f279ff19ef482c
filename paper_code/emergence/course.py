"""Measures through training: their course over the networks whose snapshots were kept, and the pictures of one network at each."""

from dataclasses import dataclass

import numpy as np

from paper_code import weights
from paper_code.core.table import ALL, END
from paper_code.lateral.views import like_map


@dataclass(frozen=True)
class Followed:
    """A measure that is followed: its place in the table."""

    measure: str
    version: str
    ring: str
    label: str  # a few words for an axis

    @property
    def place(self):
        """Columns of the table."""
        return {"measure": self.measure, "version": self.version, "ring": self.ring}

    @property
    def layer(self):
        """l0, l1 or K."""
        return self.measure.partition(".")[0]

    @property
    def name(self):
        """Layer and label."""
        return f"{self.layer}: {self.label}"


FOLLOWED = (
    Followed("l0.log_r2", "", "", "R² of the LoG"),
    Followed("l0.i_rad", "", "", "radial symmetry I_rad"),
    Followed("l1.gabor_r2", "", "", "Gabor R², median"),
    Followed("l1.gabor_share", "", "", "share of Gabors"),
    Followed("K.like", "beyond RF and CO", "2-14", "like, beyond RF and CO"),
    Followed("K.source", "raw", "6-10.5", "source's axis"),
    Followed("K.target", "beyond RF and CO", "6-10.5", "target's axis, beyond RF and CO"),
    Followed("K.cocircular", "raw", "10.5-18", "co-circular, far"),
    Followed("K.cocircular", "raw", "2-14", "co-circular"),
)


@dataclass(frozen=True)
class Course:
    """One measure at n steps of m networks."""

    followed: Followed
    steps: np.ndarray  # (n,), the last is the end of training
    seeds: list  # (m,)
    values: np.ndarray  # (m, n)
    ends: np.ndarray  # (p, 2), at the start and the end, of every network that has both, snapshots or not
    chance: float  # what 95 % of smooth random filters stay below; of K, the mean over relabelled cells, or 0
    band: tuple  # (low, high) that holds 95 % of the means over relabelled cells; empty for l0 and l1, or where none were drawn
    trained: object  # Row of the end less the start, over networks; None where there is none


def course(numbers, followed, condition, seeds, total):
    """The course of a measure over those of ``seeds`` whose snapshots were measured, or over the start and the end alone.

    Parameters
    ----------
    numbers : Table
    followed : Followed
    condition : str
    seeds : sequence of int
    total : int
        Steps of the whole training.
    """
    rows = numbers.where(condition=condition, seed=list(seeds), **followed.place).rows
    by_network = {}
    for row in rows:
        by_network.setdefault(int(row.seed), {})[total if row.step == END else int(row.step)] = row.value
    most = max(map(len, by_network.values()), default=0)
    kept = {seed: values for seed, values in sorted(by_network.items()) if len(values) == most}
    steps = np.array(sorted(set.intersection(*map(set, kept.values()))) if kept else [], int)
    values = np.array([[one[step] for step in steps] for one in kept.values()]).reshape(len(kept), len(steps))
    ends = [(one[0], one[total]) for _, one in sorted(by_network.items()) if {0, total} <= set(one)]
    found = {part: _pooled(numbers, f"{followed.measure}{part}", followed, condition) for part in (":relabelled", ":trained")}
    nulls = [row.null for row in rows if row.step == END and np.isfinite(row.null)]
    moved = found[":relabelled"]
    chance = float(np.mean(nulls)) if nulls and followed.layer != "K" else moved.null if moved else 0.0
    return Course(
        followed,
        steps,
        list(kept),
        values,
        np.reshape(ends, (len(ends), 2)),
        chance,
        (moved.low, moved.high) if moved else (),
        found[":trained"],
    )


def falls(courses, least=0.05):
    """Courses whose mean falls from its peak by more than a share ``least`` of it: (name, step of the peak, peak, last value) each."""
    found = []
    for one in courses:
        mean = one.values.mean(axis=0)
        top = int(mean.argmax())
        if mean[-1] < (1 - least) * mean[top]:
            found.append((one.followed.name, int(one.steps[top]), float(mean[top]), float(mean[-1])))
    return found


def _pooled(numbers, measure, followed, condition):
    found = numbers.where(condition=condition, seed=ALL, step=END, measure=measure, version=followed.version, ring=followed.ring).rows
    return found[0] if found else None


@dataclass(frozen=True)
class Film:
    """One network at n steps, for looking: m cells, maps of K at k of the steps."""

    seed: int
    steps: np.ndarray  # (n,)
    l0: np.ndarray | None  # (n, a, a)
    bank: np.ndarray  # (n, m, b, b), l1, sorted by the orientation at the end, cells without one last
    cells: np.ndarray  # (m,), numbers of the cells in that order
    orientation: np.ndarray  # (m,), radians at the end; NaN for a cell without one
    map_steps: np.ndarray  # (k,), steps at which K was kept
    nearest: np.ndarray  # (n,), which of them is nearest to each step, on a logarithmic scale
    maps: np.ndarray  # (k, q, q), of like cells, :func:`paper_code.lateral.views.like_map`
    ticks: np.ndarray  # (q,), px
    values: dict  # Followed: (n,), NaN where it was not taken
    chance: dict  # Followed: what chance gives


def film(numbers, measured, directory=None):
    """What a measured network looked like at its snapshots and at the end: a :class:`Film`.

    The cells have the orientation that they have at the end; without enough oriented cells there are no maps.
    """
    bank, place = measured.bank, (measured.condition, measured.seed, directory)
    end, total = weights.load_early(*place), weights.entry(*place)["steps"]
    layers = [*(one for one in weights.load_snapshots(*place) if one.step < total), end]
    steps = np.array([*(one.step for one in layers[:-1]), total])
    angle = np.full(len(bank.l1), np.nan)
    angle[bank.oriented] = bank.fits.orientation[bank.oriented]
    order = np.argsort(angle, kind="stable")  # NaN last
    with_kernel = [index for index, one in enumerate(layers) if one.K is not None and bank.measurable]
    found = [like_map(bank.frame, bank.among(layers[index].K)) for index in with_kernel]
    kept = steps[with_kernel]
    courses = [course(numbers, one, measured.condition, [measured.seed], total) for one in FOLLOWED]
    values = {one.followed: np.full(len(steps), np.nan) for one in courses}
    for one in courses:
        values[one.followed][np.isin(steps, one.steps)] = one.values[0] if len(one.values) else np.nan
    return Film(
        measured.seed,
        steps,
        None if end.l0 is None else np.stack([one.l0 for one in layers]),
        np.stack([one.l1 for one in layers])[:, order],
        order,
        angle[order],
        kept,
        np.abs(np.log1p(steps[:, None]) - np.log1p(kept)).argmin(1) if len(kept) else np.zeros(len(steps), int),
        np.array([one for _, one in found]),
        found[0][0] if found else np.zeros(0),
        values,
        {one.followed: one.chance for one in courses},
    )
