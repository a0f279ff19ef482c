"""What lateral connections do at the gap of a contour.

Everything is measured with the learned K and with other kernels of the same gain in its place. Receptor noise is switched off.
:mod:`paper_code.inference` asks the same kernels for the activity of silenced cells.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional

from paper_code import spectral, stimuli
from paper_code.errors import PaperCodeError
from paper_code.geometry import orientation_difference
from paper_code.lateral import activity_of, against, interval

SUITS = np.pi / 6  # largest orientation difference between a contour and the cells that suit it
LEAK = 0.01  # rms of feed-forward activity inside a gap, over the mean on the complete contour, below which it counts as hardly seen
HALF_GAPS = (4.0, 6.0, 8.0, 9.0, 10.0, 12.0)  # px
LEVEL = 0.05 / len(stimuli.FAMILIES)  # of the verdict on one kind of contour: .05 is shared out among them


def propagated(h, kernel, steps):
    """Activity after some steps at the middle place of a sheet of cells.

    Only the places from which activity can come are computed, so that the sheet's border acts as it does in the network.

    Parameters
    ----------
    h : array (n, cells, p, p)
        Feed-forward activity; the middle is the place p // 2.
    kernel : array (cells, cells, k, k)
    steps : int

    Returns
    -------
    float32 array (n, cells)
    """
    kernel, h = (torch.as_tensor(np.asarray(one), dtype=torch.float32) for one in (kernel, h))
    middle, reach = h.shape[-1] // 2, kernel.shape[-1] // 2
    if steps == 0:
        return h[:, :, middle, middle].numpy()
    inner = steps * reach
    if inner > middle or middle + inner >= h.shape[-1]:
        return spectral.propagate(h, kernel, steps)[:, :, middle, middle].numpy()
    window = h[:, :, middle - inner : middle + inner + 1, middle - inner : middle + inner + 1]
    near = spectral.propagate(window, kernel, steps - 1) if steps > 1 else window
    near = near[:, :, inner - reach : inner + reach + 1, inner - reach : inner + reach + 1]
    return functional.relu(window[:, :, inner, inner] + near.flatten(1) @ kernel.flatten(1).T).numpy()


@dataclass(frozen=True)
class Completion:
    """Activity of the cells that suit a contour, at the middle of its gap; arrays (n,) over stimuli.

    The unit is the feed-forward activity of the same cells at the same place on the complete contour, averaged over stimuli; what a blank
    picture gives is taken off.

    Attributes
    ----------
    family : str
    half_gap : float
    steps : int
    before : dict of arrays
        Feed-forward activity for "gap" and the controls.
    after : dict of dicts of arrays
        The same and "complete" after propagation, by the kernel's name.
    null : array (r,)
        :meth:`advantage` of K with its cells relabelled.
    """

    family: str
    half_gap: float
    steps: int
    before: dict
    after: dict
    null: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def leak(self):
        """Feed-forward activity at the middle, root mean square over stimuli, the largest of gap and controls."""
        return float(max(np.sqrt((values**2).mean()) for values in self.before.values()))

    def gains(self, name="K"):
        """What propagation adds in the gap less what it adds in the controls, for every stimulus: (n,)."""
        return advantage(self.before, self.after[name])

    def advantage(self, name="K"):
        """Mean of :meth:`gains`: positive where the contour is continued."""
        return float(self.gains(name).mean())

    def interval(self, name="K", minus=None, drawn=1000, seed=0):
        """95 % interval over stimuli of :meth:`advantage`, or of its difference from another kernel's: (low, high)."""
        values = self.gains(name) - (0 if minus is None else self.gains(minus))
        return tuple(map(float, interval(values[np.random.default_rng(seed).integers(len(values), size=(drawn, len(values)))].mean(1))))

    @property
    def test(self):
        """The learned K against relabelled cells."""
        return against(self.advantage(), self.null)

    @property
    def completes(self):
        """Whether the learned K continues the contour: interval above 0, and more than with any relabelling."""
        return self.interval()[0] > 0 and self.advantage() > self.null.max()


def over_seeds(found, drawn=9999, seed=0):
    """Mean advantage of K over networks, tested against relabelled cells: a Test.

    If the labels mean nothing, a network's own order is as good as any of its relabellings; so the null takes for each network one of all
    of them, its own among them, at random.

    Parameters
    ----------
    found : sequence of Completion
        Of one family, one a network.
    """
    generator = np.random.default_rng(seed)
    null = np.mean([generator.choice([*one.null, one.advantage()], drawn) for one in found], axis=0)
    return against(np.mean([one.advantage() for one in found]), null)


def least_p(found, drawn=9999):
    """The smallest p that :func:`over_seeds` can find, all relabellings of all networks being below their own order."""
    return max(float(np.prod([1 / (1 + len(one.null)) for one in found])), 1 / (1 + drawn))


def interval_over_seeds(found, name="K", minus=None, level=0.95, drawn=2000, seed=0):
    """Interval of the mean advantage, or of its difference from another kernel's, over networks and stimuli: (low, high).

    Both are drawn anew, the same stimuli for all networks.
    """
    gains = np.stack([one.gains(name) - (0 if minus is None else one.gains(minus)) for one in found])
    generator = np.random.default_rng(seed)
    networks, shown = (generator.multinomial(count, np.full(count, 1 / count), size=drawn) / count for count in gains.shape)
    return tuple(map(float, interval(np.einsum("rs,sn,rn->r", networks, gains, shown), level)))


def continued(found):
    """Whether K continues a kind of contour in all networks together, or None where they have too few relabellings to decide.

    It asks for p below LEVEL against relabelled cells, and for an interval over networks and stimuli above 0 at that level too.
    """
    if least_p(found) >= LEVEL:
        return None
    return over_seeds(found).p < LEVEL and interval_over_seeds(found, level=1 - LEVEL)[0] > 0


def advantage(before, after):
    """After less before in the gap, less the mean of the same over the controls: (n,)."""
    added = {name: after[name] - before[name] for name in before}
    return added["gap"] - np.mean([values for name, values in added.items() if name != "gap"], axis=0)


class Stage:
    """Feed-forward activity that a network has for one family of contours, and what is read from it.

    The cells that suit a contour are the oriented ones within SUITS of its direction, each weighted by its answer at the middle of the
    complete contour, so that phase and polarity are right.

    Parameters
    ----------
    circuit : Circuit
    shown : stimuli.Contours
    """

    def __init__(self, circuit, shown):
        self.circuit, self.shown = circuit, shown
        blank = np.zeros_like(shown.pictures["gap"][:1])
        self.h = {name: activity_of(circuit.network, pictures) for name, pictures in (*shown.pictures.items(), ("blank", blank))}
        columns = self._columns(("complete", "gap", *shown.controls))
        along = orientation_difference(circuit.orientation, shown.orientation[:, None]) < SUITS
        self.suits = np.maximum(columns.pop("complete"), 0) * (along & circuit.oriented)  # (n, cells)
        self.unit = (self.suits**2).sum(1).mean()
        if self.unit == 0:
            raise PaperCodeError(f"no oriented cell of seed {circuit.seed} answers the contours {shown.family}; train the network")
        self.before = {name: self._read(column) for name, column in columns.items()}

    def _columns(self, names, kernel=None, steps=0):
        """Activity at the middle less the blank's: a dict of arrays (n, cells)."""
        kernel = self.circuit.kernels["K"] if kernel is None else kernel
        h = np.concatenate([self.h["blank"], *(self.h[name] for name in names)])
        found = propagated(h, kernel, steps)
        return dict(zip(names, np.split(found[1:] - found[:1], len(names)), strict=True))

    def _read(self, column):
        """Activity of the cells that suit the contour: (n,)."""
        return (column * self.suits).sum(1) / self.unit

    def after(self, kernel, steps, complete=False):
        """Activity after propagation, for "gap" and the controls, and "complete" if asked."""
        names = (*self.before, *(("complete",) if complete else ()))
        return {name: self._read(column) for name, column in self._columns(names, kernel, steps).items()}

    def completion(self, kernels=("K",), orders=(), steps=None):
        """A :class:`Completion` with some of the circuit's kernels, and with the cells of K relabelled by ``orders``."""
        steps = self.circuit.steps if steps is None else steps
        after = {name: self.after(self.circuit.kernels[name], steps, complete=True) for name in kernels}
        null = [advantage(self.before, self.after(self.circuit.relabelled(order), steps)).mean() for order in orders]
        return Completion(self.shown.family, self.shown.half_gap, steps, self.before, after, np.array(null))

    def maps(self, stimulus, kernel, steps=None, name="gap"):
        """Activity of the cells that suit one contour at all places, less the blank's, before and after propagation: (2, p, p)."""
        h = torch.as_tensor(np.concatenate([self.h[name][stimulus : stimulus + 1], self.h["blank"]]))
        states = torch.stack([h, spectral.propagate(h, torch.as_tensor(kernel), self.circuit.steps if steps is None else steps)]).numpy()
        suits = self.suits[stimulus]
        return np.einsum("tcyx,c->tyx", states[:, 0] - states[:, 1], suits) / (suits**2).sum()


@dataclass(frozen=True)
class CompletionMeasures:
    """One network's :class:`Completion` of every family of contours; dicts by the family's name.

    Attributes
    ----------
    seed : int
    at : dict of Completion
        With all kernels and the null, at the narrowest gap into which the cells at its middle hardly see.
    by_gap : dict of lists of Completion
        K alone, by HALF_GAPS.
    by_steps : dict of lists of Completion
        K alone, at the same gap, after 0 to 4 steps.
    """

    seed: int
    at: dict
    by_gap: dict
    by_steps: dict


def measure_completion(circuit, orientations=8, gaps=HALF_GAPS, most_steps=4):
    """:class:`CompletionMeasures` of one network.

    The gap of ``at`` is chosen from feed-forward activity alone: the narrowest at which its root mean square, in which stimuli cannot
    cancel, is below LEAK for gap and controls alike, or else the widest.
    """
    at, by_gap, by_steps = {}, {}, {}
    for family in stimuli.FAMILIES:
        stages = [Stage(circuit, stimuli.contours(family, half_gap, orientations)) for half_gap in gaps]
        by_gap[family] = [stage.completion() for stage in stages]
        unseen = [one.leak < LEAK for one in by_gap[family]]
        stage = stages[unseen.index(True) if any(unseen) else -1]
        at[family] = stage.completion(tuple(circuit.kernels), circuit.orders)
        few = Stage(circuit, stimuli.contours(family, stage.shown.half_gap, orientations, offsets=(0.0,)))
        by_steps[family] = [few.completion(steps=steps) for steps in range(most_steps + 1)]
    return CompletionMeasures(circuit.seed, at, by_gap, by_steps)


def numbers(measures):
    """What the results file keeps of a list of :class:`CompletionMeasures`: for every family, one value a seed under each key.

    ``advantage_<kernel>``, ``advantage_low`` and ``_high`` (of K, over stimuli), ``minus_rf_low`` and ``_high`` (of K less RF),
    ``null_mean``, ``null_sd``, ``z`` and ``p`` (K with its cells relabelled), ``half_gap_px``, ``leak``, ``gap_after`` and
    ``complete_after`` (of K), ``completes``; ``advantage_by_gap`` and ``advantage_by_steps`` (lists, of K); and of all seeds together
    ``all_seeds_p``, ``all_seeds_low``, ``all_seeds_high``, and ``continued``, where None means undecided.
    """
    kept = {"seeds": [one.seed for one in measures], "half_gaps_px": [one.half_gap for one in next(iter(measures[0].by_gap.values()))]}
    for family in stimuli.FAMILIES:
        found = [one.at[family] for one in measures]
        values = {f"advantage_{key(name)}": [one.advantage(name) for one in found] for name in found[0].after}
        for start, minus in (("advantage", None), ("minus_rf", "RF")):
            ends = zip(*(one.interval(minus=minus) for one in found), strict=True)
            values[f"{start}_low"], values[f"{start}_high"] = (list(end) for end in ends)
        values["null_mean"] = [float(one.null.mean()) for one in found]
        values["null_sd"] = [float(one.null.std()) for one in found]
        values["z"], values["p"] = [one.test.z for one in found], [one.test.p for one in found]
        values["half_gap_px"], values["leak"] = [one.half_gap for one in found], [one.leak for one in found]
        values["gap_after"] = [float(one.after["K"]["gap"].mean()) for one in found]
        values["complete_after"] = [float(one.after["K"]["complete"].mean()) for one in found]
        values["completes"] = [bool(one.completes) for one in found]
        values["advantage_by_gap"] = [[each.advantage() for each in one.by_gap[family]] for one in measures]
        values["advantage_by_steps"] = [[each.advantage() for each in one.by_steps[family]] for one in measures]
        low, high = interval_over_seeds(found)
        together = {"all_seeds_p": over_seeds(found).p, "all_seeds_low": low, "all_seeds_high": high, "continued": continued(found)}
        kept[family] = {**values, **together}
    return kept


def key(name):
    """A kernel's name as part of a key."""
    return name.lower().replace("(2)", "2").replace(" ", "_")
