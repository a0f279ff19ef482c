"""Effects of lateral connections at the gap of a contour.

All measures use the learned K, and other kernels of the same gain in its place. Receptor noise is switched off.
:mod:`paper_code.function.circuits` predicts the activity of silenced cells from the same kernels.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import orientation_difference
from paper_code.function import stimuli
from paper_code.lateral.activity import activity_of
from paper_code.network import fourier

SUITS = np.pi / 6  # largest orientation difference between a contour and the cells that suit it, radians
LEAK = 0.01  # a gap is hardly seen if its rms feed-forward activity, relative to the mean on the complete contour, is below this
HALF_GAPS = (4.0, 6.0, 8.0, 9.0, 10.0, 12.0)  # px


def propagated(h, kernel, steps):
    """Activity (n, cells) at the middle place, p // 2, after ``steps`` steps from feed-forward activity h (n, cells, p, p).

    For a single step within the sheet, only the places from which activity arrives are computed.
    """
    kernel, h = (torch.as_tensor(np.asarray(one), dtype=torch.float32) for one in (kernel, h))
    middle, reach = h.shape[-1] // 2, kernel.shape[-1] // 2
    if steps == 0:
        return h[:, :, middle, middle].numpy()
    if steps > 1 or reach > middle or middle + reach >= h.shape[-1]:
        return fourier.propagate(h, kernel, steps)[:, :, middle, middle].numpy()
    around = h[:, :, middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
    return functional.relu(h[:, :, middle, middle] + around.flatten(1) @ kernel.flatten(1).T).numpy()


@dataclass(frozen=True)
class Completion:
    """Activity of the cells that suit a contour, at the middle of its gap; arrays (n,) over stimuli.

    The unit is the feed-forward activity of the same cells at the same place on the complete contour, averaged over stimuli. Activity on
    a blank picture is subtracted.
    """

    half_gap: float
    before: dict  # of arrays: feed-forward activity for "gap" and the controls
    after: dict  # of dicts of arrays, by kernel name: the same after propagation
    null: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (r,), :meth:`advantage` for K with its cells relabelled

    @property
    def leak(self):
        """Feed-forward activity at the middle, as the root mean square over stimuli: the largest of gap and controls."""
        return float(max(np.sqrt((values**2).mean()) for values in self.before.values()))

    def advantage(self, name="K"):
        """What propagation adds in the gap minus what it adds in the controls, mean over stimuli: positive if the contour is continued."""
        return float(advantage(self.before, self.after[name]).mean())


def advantage(before, after):
    """After minus before in the gap, minus the mean of the same difference over the controls: (n,)."""
    added = {name: after[name] - before[name] for name in before}
    return added["gap"] - np.mean([values for name, values in added.items() if name != "gap"], axis=0)


class Scene:
    """Feed-forward activity of a network for one family of contours, and the measures taken from it.

    The cells that suit a contour are the oriented ones within SUITS of its direction, each weighted by its response at the middle of the
    complete contour, so that phase and polarity are correct.
    """

    def __init__(self, circuit, shown):
        self.circuit, self.shown = circuit, shown
        blank = np.zeros_like(shown.pictures["gap"][:1])
        self.h = {name: activity_of(circuit.network, pictures) for name, pictures in (*shown.pictures.items(), ("blank", blank))}
        columns = self._columns(tuple(shown.pictures), circuit.kernels["K"], steps=0)
        along = orientation_difference(circuit.orientation, shown.orientation[:, None]) < SUITS
        self.suits = np.maximum(columns.pop("complete"), 0) * (along & circuit.oriented)  # (n, cells)
        self.unit = (self.suits**2).sum(1).mean()
        if self.unit == 0:
            raise PaperCodeError(f"no oriented cell of seed {circuit.seed} responds to the contours {shown.family}; train the network")
        self.before = {name: self._read(column) for name, column in columns.items()}

    def _columns(self, names, kernel, steps):
        """Activity at the middle minus that on a blank picture, by stimulus name: a dict of arrays (n, cells)."""
        h = np.concatenate([self.h["blank"], *(self.h[name] for name in names)])
        found = propagated(h, kernel, steps)
        return dict(zip(names, np.split(found[1:] - found[:1], len(names)), strict=True))

    def _read(self, column):
        """Activity of the cells that suit the contour: (n,)."""
        return (column * self.suits).sum(1) / self.unit

    def after(self, kernel):
        """Activity after propagation, for "gap" and the controls."""
        return {name: self._read(column) for name, column in self._columns(tuple(self.before), kernel, self.circuit.steps).items()}

    def completion(self, kernels=("K",), orders=()):
        """A :class:`Completion` for the named kernels of the circuit, and for K with its cells relabelled by each of ``orders``."""
        after = {name: self.after(self.circuit.kernels[name]) for name in kernels}
        null = [advantage(self.before, self.after(self.circuit.relabelled(order))).mean() for order in orders]
        return Completion(self.shown.half_gap, self.before, after, np.array(null))

    def maps(self, stimulus, kernel):
        """Activity of the cells that suit one contour with a gap, minus that on a blank, before and after propagation: maps (2, p, p)."""
        h = torch.as_tensor(np.concatenate([self.h["gap"][stimulus : stimulus + 1], self.h["blank"]]))
        states = torch.stack([h, fourier.propagate(h, torch.as_tensor(kernel), self.circuit.steps)]).numpy()
        suits = self.suits[stimulus]
        return np.einsum("tcyx,c->tyx", states[:, 0] - states[:, 1], suits) / (suits**2).sum()


def pictured(circuit, family, half_gap, kernels):
    """The contour of a family to which its cells respond most, for display: (family, half_gap, pictures, maps).

    Pictures are the complete contour, the gap and a control; maps (p, p) show the activity of the cells that suit it, by kernel.
    ``kernels`` names kernels of the circuit; the first and the last are None, for before propagation and for K with cells relabelled.
    """
    scene = Scene(circuit, stimuli.contours(family, half_gap))
    best = int(np.argmax((scene.suits**2).sum(1)))
    after = [scene.maps(best, circuit.kernels[name])[1] for name in kernels if name]
    maps = [scene.maps(best, circuit.kernels["K"])[0], *after, scene.maps(best, circuit.relabelled(circuit.orders[0]))[1]]
    return family, half_gap, [scene.shown.pictures[name][best] for name in ("complete", "gap", "turned")], maps


@dataclass(frozen=True)
class CompletionMeasures:
    """One network's :class:`Completion` for every family of contours: dicts by family name."""

    at: dict  # of Completion, for all kernels and the null, at the narrowest gap that the cells at its middle hardly see
    by_gap: dict  # of lists of Completion, for K alone, one per gap of HALF_GAPS


def measure_completion(circuit, gaps=HALF_GAPS):
    """:class:`CompletionMeasures` of one network.

    The gap of ``at`` is chosen from feed-forward activity alone: the narrowest at which its root mean square (in which stimuli cannot
    cancel) is below LEAK for the gap and for all controls, or the widest if there is none.
    """
    at, by_gap = {}, {}
    for family in stimuli.FAMILIES:
        scenes = [Scene(circuit, stimuli.contours(family, half_gap)) for half_gap in gaps]
        by_gap[family] = [scene.completion() for scene in scenes]
        unseen = [one.leak < LEAK for one in by_gap[family]]
        scene = scenes[unseen.index(True) if any(unseen) else -1]
        at[family] = scene.completion(tuple(circuit.kernels), circuit.orders)
    return CompletionMeasures(at, by_gap)
