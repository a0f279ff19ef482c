"""Measures through training: their courses over networks, and one network as a film of filters, bank and K."""

from dataclasses import dataclass

import numpy as np

from paper_code.core.table import ALL, END
from paper_code.core.text import ring_text, shown
from paper_code.emergence.learning import layers_through_training
from paper_code.lateral.association_field import like_map


@dataclass(frozen=True)
class Followed:
    """A measure followed through training, and its place in the table."""

    measure: str
    version: str
    ring: str
    label: str  # short label for an axis

    @property
    def layer(self):
        """The layer, which is l0, l1 or K."""
        return self.measure.partition(".")[0]

    @property
    def name(self):
        """Layer and label, separated by a colon."""
        return f"{self.layer}: {self.label}"

    @property
    def title(self):
        """The name, with the ring if the measure has one."""
        return f"{self.name}, {ring_text(self.ring)}" if self.ring else self.name


FOLLOWED = (
    Followed("l0.log_r2", "", "", "R² of the LoG"),
    Followed("l0.i_rad", "", "", "radial symmetry"),
    Followed("l1.gabor_r2", "", "", "Gabor R², median"),
    Followed("l1.gabor_share", "", "", "share of Gabors"),
    Followed("K.like", "beyond RF and CO", "2-14", "like, beyond RF and CO"),
    Followed("K.source", "raw", "6-10.5", "source's axis"),
    Followed("K.target", "beyond RF and CO", "6-10.5", "target's axis, beyond RF and CO"),
    Followed("K.cocircular", "raw", "10.5-18", "far co-circular"),
    Followed("K.cocircular", "beyond RF and CO", "6-10.5", "near co-circular, beyond RF and CO"),
)


@dataclass(frozen=True)
class Course:
    """One measure at n steps of m networks."""

    followed: Followed
    steps: np.ndarray  # (n,), the last is the end of training
    seeds: list  # (m,)
    values: np.ndarray  # (m, n)
    ends: np.ndarray  # (p, 2), values at the start and the end, for every network that has both, with or without snapshots
    chance: float  # level below which 95 % of smooth random filters lie; for K, the mean with cells relabelled, or 0
    band: tuple  # (low, high) of 95 % of the means with cells relabelled; empty for l0 and l1, or if none were drawn
    trained: object  # Row over networks of end minus start; None if there is none


def course(numbers, followed, condition, seeds, total):
    """The :class:`Course` of a measure over those of ``seeds`` with measured snapshots or, failing these, over start and end only.

    ``total`` is the number of steps of the whole training.
    """
    own = {"version": followed.version, "ring": followed.ring}
    rows = numbers.where(condition=condition, seed=list(seeds), measure=followed.measure, **own).rows
    by_network = {}
    for row in rows:
        by_network.setdefault(int(row.seed), {})[total if row.step == END else int(row.step)] = row.value
    most = max(map(len, by_network.values()), default=0)
    kept = {seed: values for seed, values in sorted(by_network.items()) if len(values) == most}
    steps = np.array(sorted(set.intersection(*map(set, kept.values()))) if kept else [], int)
    values = np.array([[one[step] for step in steps] for one in kept.values()]).reshape(len(kept), len(steps))
    ends = [(one[0], one[total]) for _, one in sorted(by_network.items()) if {0, total} <= set(one)]
    place = {"condition": condition, "seed": ALL, "step": END, **own}
    pooled = (numbers.where(measure=f"{followed.measure}:{part}", **place).rows for part in ("relabelled", "trained"))
    moved, trained = (found[0] if found else None for found in pooled)
    nulls = [row.null for row in rows if row.step == END and np.isfinite(row.null)]
    chance = float(np.mean(nulls)) if nulls and followed.layer != "K" else moved.null if moved else 0.0
    return Course(
        followed,
        steps,
        list(kept),
        values,
        np.reshape(ends, (len(ends), 2)),
        chance,
        (moved.low, moved.high) if moved else (),
        trained,
    )


def falls(courses):
    """For courses whose mean ends more than 5 % below its highest step: that step, both means and how many networks fell, text by name."""
    found = {}
    for one in courses:
        mean = one.values.mean(axis=0)
        top = int(mean.argmax())
        if mean[top] - mean[-1] > 0.05 * abs(mean[top]):
            fell = f"lower at the end in {(one.values[:, -1] < one.values[:, top]).sum()} of {len(one.values)} networks"
            found[one.followed.name] = f"{shown(mean[top])} at step {one.steps[top]:,}, {shown(mean[-1])} at the end ({fell})"
    return found


@dataclass(frozen=True)
class Film:
    """One network at n steps, for display: m cells, and maps of K at k of the steps."""

    steps: np.ndarray  # (n,)
    l0: np.ndarray | None  # (n, a, a)
    bank: np.ndarray  # (n, m, b, b), l1, sorted by final orientation, cells without one last
    cells: np.ndarray  # (m,), indices of the cells in that order
    orientation: np.ndarray  # (m,), final orientation in radians; NaN for a cell without one
    map_steps: np.ndarray  # (k,), steps at which K was kept
    nearest: np.ndarray  # (n,), index of the nearest map step on a logarithmic scale, for every step
    maps: np.ndarray  # (k, q, q), K between cells of similar orientation, :func:`paper_code.lateral.association_field.like_map`
    values: dict  # by Followed: (n,), NaN where not measured
    chance: dict  # by Followed: the chance value


def film(numbers, measured):
    """A measured network at its snapshots and at the end of training, as a :class:`Film`.

    Cells are assigned their final orientation throughout; without enough oriented cells there are no maps.
    """
    bank = measured.bank
    layers, steps = layers_through_training(measured.condition, measured.seed)
    angle = np.full(len(bank.l1), np.nan)
    angle[bank.oriented] = bank.fits.orientation[bank.oriented]
    order = np.argsort(angle, kind="stable")  # NaN come last
    with_kernel = [index for index, one in enumerate(layers) if one.K is not None and bank.measurable]
    maps = [like_map(bank.frame, bank.among(layers[index].K)) for index in with_kernel]
    kept = steps[with_kernel]
    courses = [course(numbers, one, measured.condition, [measured.seed], steps[-1]) for one in FOLLOWED]
    values = {one.followed: np.full(len(steps), np.nan) for one in courses}
    for one in courses:
        values[one.followed][np.isin(steps, one.steps)] = one.values[0] if len(one.values) else np.nan
    return Film(
        steps,
        None if layers[-1].l0 is None else np.stack([one.l0 for one in layers]),
        np.stack([one.l1 for one in layers])[:, order],
        order,
        angle[order],
        kept,
        np.abs(np.log1p(steps[:, None]) - np.log1p(kept)).argmin(1) if len(kept) else np.zeros(len(steps), int),
        np.array(maps),
        values,
        {one.followed: one.chance for one in courses},
    )
