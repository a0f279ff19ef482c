"""What lateral connections do at the gap of a contour.

Everything is measured with the learned K and with other kernels of the same gain in its place. Receptor noise is switched off.
:mod:`paper_code.inference` asks the same kernels for the activity of silenced cells.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch.nn import functional

from paper_code import spectral, stimuli, weights
from paper_code.errors import PaperCodeError
from paper_code.filters import fit_gabor, null_gabor_r2
from paper_code.geometry import orientation_difference
from paper_code.lateral import activity_of, against, interval, pair_frame, permutations, planted, rf_kernel, standardise
from paper_code.lateral.fits import Data, best, sums_of
from paper_code.lateral.frame import oriented_frame
from paper_code.lateral.measures import NULL_QUANTILE
from paper_code.lateral.models import library
from paper_code.propagation import gain

GROUP = ("DP", "HR")
RIVALS = ("SE(2) model", "RF", "untrained K")  # stand in the place of K
PLANTED = "planted field"  # a direction process of 12 px: what an association field would do, in the same cells
FIELD = {"length": 12.0, "diffusion": 0.03, "blur": 1.6}
SUITS = np.pi / 6  # largest orientation difference between a contour and the cells that suit it
LEAK = 0.01  # feed-forward activity inside a gap, over that of the complete contour, below which the gap counts as unseen
HALF_GAPS = (4.0, 6.0, 8.0, 9.0, 10.0, 12.0)  # px
GAIN_FREQUENCIES = 16


@dataclass(frozen=True)
class Circuit:
    """One network as this chapter uses it.

    Attributes
    ----------
    seed : int
    network : Network
        Without receptor noise.
    fields : array (cells, b, b)
        Receptive fields Psi1 * Psi0.
    oriented : bool array (cells,)
        Cells whose Gabor fit exceeds its null.
    orientation : array (cells,)
        Of the fits, radians.
    kernels : dict of float32 arrays (cells, cells, k, k)
        "K", the RIVALS and PLANTED, each with the gain of K. The SE(2) models join the oriented cells alone.
    model : dict
        Family and parameters of the SE(2) model.
    orders : int array (r, cells)
        Relabellings of the cells of K: the null.
    """

    seed: int
    network: torch.nn.Module
    fields: np.ndarray
    oriented: np.ndarray
    orientation: np.ndarray
    kernels: dict
    model: dict
    orders: np.ndarray

    @property
    def steps(self):
        """Propagation steps of the network, T."""
        return self.network.config.steps

    @property
    def field_reach(self):
        """Distance in px, along rows and columns, beyond which a cell sees nothing: l1, l0 and the optics."""
        return self.fields.shape[-1] // 2 + self.network.blur_kernel.shape[-1] // 2

    @property
    def kernel_reach(self):
        """Distance in px, along rows and columns, that K spans in one step."""
        return self.network.config.stride * (self.kernels["K"].shape[-1] // 2)

    def relabelled(self, order):
        """K with its cells exchanged: the same connections between other cells."""
        return self.kernels["K"][np.ix_(order, order)]


def load(condition, seed, relabellings, fine=True, field_null_count=200):
    """A shipped network as a :class:`Circuit`.

    Parameters
    ----------
    condition : str
    seed : int
    relabellings : int
        At least 1.
    fine : bool
        Choose the parameters of the SE(2) model from the fine library of :mod:`paper_code.lateral.models`.
    field_null_count : int
        Smooth random filters behind the Gabor R^2 that a cell has to exceed.

    Raises
    ------
    PaperCodeError
        If the condition has no lateral connections or a network is missing.
    """
    early, start = weights.load_early(condition, seed), weights.initial_early(condition, seed)
    if early.K is None:
        raise PaperCodeError(f"networks of the condition {condition} have no lateral kernel; choose another condition")
    network = weights.load_network(condition, seed)
    network.config = replace(network.config, noise=0.0)
    stride, size = network.config.stride, early.K.shape[-1]
    null = np.quantile(null_gabor_r2(early.l1.shape[-1], "smooth", field_null_count, 0, psi0=early.l0), NULL_QUANTILE)
    fields = early.receptive_fields
    fits = fit_gabor(fields)
    oriented, cells, frame = oriented_frame(fits, null, size, stride)
    model = fitted_group(early.K[np.ix_(oriented, oriented)], frame, fine)
    group, ideal = (between(oriented, cells, size, stride, **one) for one in (model, {"family": "DP", **FIELD}))
    rivals = {"SE(2) model": group, "RF": rf_kernel(fields, size, stride), "untrained K": start.K, PLANTED: ideal}
    level = gain(early.K, GAIN_FREQUENCIES)
    kernels = {"K": early.K} | {name: level / gain(one, GAIN_FREQUENCIES) * one for name, one in rivals.items()}
    kernels = {name: one.astype(np.float32) for name, one in kernels.items()}
    return Circuit(seed, network, fields, oriented, fits.orientation, kernels, model, permutations(len(fields), relabellings, seed))


def fitted_group(kernel, frame, fine=True):
    """Family and parameters of the direction process or enhancement kernel that, times cos Phi, fits K between oriented cells best."""
    shapes = library(fine)
    group = np.unique(np.concatenate([shapes.members[family] for family in GROUP]))
    used = np.unique(shapes.shape[group])
    only = replace(
        shapes,
        shapes=tuple(shapes.shapes[one] for one in used),
        shape=np.searchsorted(used, shapes.shape[group]),
        kappa=shapes.kappa[group],
        members={family: np.searchsorted(group, shapes.members[family]) for family in GROUP},
    )
    sums = sums_of(Data(frame, {"K": standardise(kernel)}), only, (True,))[0]
    found = {family: best(sums, family, "K") for family in GROUP}
    family = max(GROUP, key=lambda name: found[name][2])
    return {"family": family, **only.parameters(family, found[family][0])}


def between(oriented, cells, size, stride, family, **parameters):
    """A family's kernel, times cos Phi, between oriented cells, a cell and itself too, and 0 for the others: (n, n, size, size)."""
    target, source = (axis.ravel() for axis in np.indices((len(cells),) * 2))
    whole = np.zeros((len(oriented), len(oriented), size, size))
    whole[np.ix_(oriented, oriented)] = planted.model(pair_frame(cells, size, stride, target, source), family, parameters)
    return whole


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
        """Largest mean feed-forward activity at the middle, over gap and controls, in size."""
        return float(max(abs(values.mean()) for values in self.before.values()))

    def gains(self, name="K"):
        """What propagation adds in the gap less what it adds in the controls, for every stimulus: (n,)."""
        return advantage(self.before, self.after[name])

    def advantage(self, name="K"):
        """Mean of :meth:`gains`: positive where the contour is continued."""
        return float(self.gains(name).mean())

    def interval(self, name="K", drawn=1000, seed=0):
        """95 % interval of :meth:`advantage` over stimuli: (low, high)."""
        values = self.gains(name)
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
    value = np.mean([one.advantage() for one in found])
    return against(value, np.where(np.isclose(null, value), value, null))


def interval_over_seeds(found, name="K", drawn=2000, seed=0):
    """95 % interval of the mean advantage over networks and stimuli, both drawn anew, the same stimuli for all networks: (low, high)."""
    gains = np.stack([one.gains(name) for one in found])
    generator = np.random.default_rng(seed)
    networks, shown = (generator.multinomial(count, np.full(count, 1 / count), size=drawn) / count for count in gains.shape)
    return tuple(map(float, interval(np.einsum("rs,sn,rn->r", networks, gains, shown))))


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
        With all kernels and the null, at the narrowest gap into which no cell at its middle sees.
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

    The gap of ``at`` is chosen from feed-forward activity alone: the narrowest at which its mean is below LEAK, for gap and controls alike,
    or else the widest.
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

    ``advantage_<kernel>``, ``advantage_low`` and ``_high`` (of K, over stimuli), ``null_mean``, ``null_sd``, ``z`` and ``p`` (K with its
    cells relabelled), ``half_gap_px``, ``leak``, ``gap_after`` and ``complete_after`` (of K), ``completes``; ``advantage_by_gap`` and
    ``advantage_by_steps`` (lists, of K); and of all seeds together ``all_seeds_p``, ``all_seeds_low`` and ``all_seeds_high``.
    """
    kept = {"seeds": [one.seed for one in measures], "half_gaps_px": [one.half_gap for one in next(iter(measures[0].by_gap.values()))]}
    for family in stimuli.FAMILIES:
        found = [one.at[family] for one in measures]
        values = {f"advantage_{key(name)}": [one.advantage(name) for one in found] for name in found[0].after}
        values["advantage_low"], values["advantage_high"] = (list(ends) for ends in zip(*(one.interval() for one in found), strict=True))
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
        kept[family] = {**values, "all_seeds_p": over_seeds(found).p, "all_seeds_low": low, "all_seeds_high": high}
    return kept


def key(name):
    """A kernel's name as part of a key."""
    return name.lower().replace("(2)", "2").replace(" ", "_")
