"""What lateral connections do at the gap of a contour.

Everything is measured with the learned K and with other kernels of the same gain in its place. Receptor noise is switched off.
:mod:`paper_code.function.circuits` asks the same kernels for the activity of silenced cells.
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

SUITS = np.pi / 6  # largest orientation difference between a contour and the cells that suit it
LEAK = 0.01  # rms of feed-forward activity inside a gap, over the mean on the complete contour, below which it counts as hardly seen
HALF_GAPS = (4.0, 6.0, 8.0, 9.0, 10.0, 12.0)  # px


def propagated(h, kernel, steps):
    """Activity (n, cells) after some steps at the middle place, p // 2, of a sheet with the feed-forward activity h (n, cells, p, p).

    Only the places from which activity can come are computed, so that the sheet's border acts as it does in the network.
    """
    kernel, h = (torch.as_tensor(np.asarray(one), dtype=torch.float32) for one in (kernel, h))
    middle, reach = h.shape[-1] // 2, kernel.shape[-1] // 2
    if steps == 0:
        return h[:, :, middle, middle].numpy()
    inner = steps * reach
    if inner > middle or middle + inner >= h.shape[-1]:
        return fourier.propagate(h, kernel, steps)[:, :, middle, middle].numpy()
    window = h[:, :, middle - inner : middle + inner + 1, middle - inner : middle + inner + 1]
    near = fourier.propagate(window, kernel, steps - 1) if steps > 1 else window
    near = near[:, :, inner - reach : inner + reach + 1, inner - reach : inner + reach + 1]
    return functional.relu(window[:, :, inner, inner] + near.flatten(1) @ kernel.flatten(1).T).numpy()


@dataclass(frozen=True)
class Completion:
    """Activity of the cells that suit a contour, at the middle of its gap; arrays (n,) over stimuli.

    The unit is the feed-forward activity of the same cells at the same place on the complete contour, averaged over stimuli; what a blank
    picture gives is taken off.
    """

    half_gap: float
    before: dict  # of arrays, feed-forward activity for "gap" and the controls
    after: dict  # of dicts of arrays, the same after propagation, by the kernel's name
    null: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (r,), :meth:`advantage` of K with its cells relabelled

    @property
    def leak(self):
        """Feed-forward activity at the middle, root mean square over stimuli, the largest of gap and controls."""
        return float(max(np.sqrt((values**2).mean()) for values in self.before.values()))

    def advantage(self, name="K"):
        """What propagation adds in the gap less what it adds in the controls, mean over stimuli: above 0 where the contour goes on."""
        return float(advantage(self.before, self.after[name]).mean())


def advantage(before, after):
    """After less before in the gap, less the mean of the same over the controls: (n,)."""
    added = {name: after[name] - before[name] for name in before}
    return added["gap"] - np.mean([values for name, values in added.items() if name != "gap"], axis=0)


class Scene:
    """Feed-forward activity that a network has for one family of contours, and what is read from it.

    The cells that suit a contour are the oriented ones within SUITS of its direction, each weighted by its answer at the middle of the
    complete contour, so that phase and polarity are right.
    """

    def __init__(self, circuit, shown):
        self.circuit, self.shown = circuit, shown
        blank = np.zeros_like(shown.pictures["gap"][:1])
        self.h = {name: activity_of(circuit.network, pictures) for name, pictures in (*shown.pictures.items(), ("blank", blank))}
        columns = self._columns(("complete", "gap", *shown.controls), circuit.kernels["K"], steps=0)
        along = orientation_difference(circuit.orientation, shown.orientation[:, None]) < SUITS
        self.suits = np.maximum(columns.pop("complete"), 0) * (along & circuit.oriented)  # (n, cells)
        self.unit = (self.suits**2).sum(1).mean()
        if self.unit == 0:
            raise PaperCodeError(f"no oriented cell of seed {circuit.seed} answers the contours {shown.family}; train the network")
        self.before = {name: self._read(column) for name, column in columns.items()}

    def _columns(self, names, kernel, steps):
        """Activity at the middle less the blank's: a dict of arrays (n, cells)."""
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
        """A :class:`Completion` with some of the circuit's kernels, and with the cells of K relabelled by ``orders``."""
        after = {name: self.after(self.circuit.kernels[name]) for name in kernels}
        null = [advantage(self.before, self.after(self.circuit.relabelled(order))).mean() for order in orders]
        return Completion(self.shown.half_gap, self.before, after, np.array(null))

    def maps(self, stimulus, kernel):
        """Activity of the cells that suit one gap at all places, less the blank's, before and after propagation: (2, p, p)."""
        h = torch.as_tensor(np.concatenate([self.h["gap"][stimulus : stimulus + 1], self.h["blank"]]))
        states = torch.stack([h, fourier.propagate(h, torch.as_tensor(kernel), self.circuit.steps)]).numpy()
        suits = self.suits[stimulus]
        return np.einsum("tcyx,c->tyx", states[:, 0] - states[:, 1], suits) / (suits**2).sum()


def pictured(circuit, family, half_gap, kernels):
    """The contour of a family that its cells answer most, for looking: (family, half_gap, pictures, maps).

    Pictures are the complete contour, the gap and a control; maps (p, p) the activity of the cells that suit it, by kernel. ``kernels``
    names kernels of the circuit; the first and the last are None, for before propagation and for K with its cells relabelled.
    """
    scene = Scene(circuit, stimuli.contours(family, half_gap))
    best = int(np.argmax((scene.suits**2).sum(1)))
    after = [scene.maps(best, circuit.kernels[name])[1] for name in kernels if name]
    maps = [scene.maps(best, circuit.kernels["K"])[0], *after, scene.maps(best, circuit.relabelled(circuit.orders[0]))[1]]
    return family, half_gap, [scene.shown.pictures[name][best] for name in ("complete", "gap", "turned")], maps


@dataclass(frozen=True)
class CompletionMeasures:
    """One network's :class:`Completion` of every family of contours; dicts by the family's name."""

    at: dict  # of Completion, with all kernels and the null, at the narrowest gap into which the cells at its middle hardly see
    by_gap: dict  # of lists of Completion, K alone, by HALF_GAPS


def measure_completion(circuit, gaps=HALF_GAPS):
    """:class:`CompletionMeasures` of one network.

    The gap of ``at`` is chosen from feed-forward activity alone: the narrowest at which its root mean square, in which stimuli cannot
    cancel, is below LEAK for gap and controls alike, or else the widest.
    """
    at, by_gap = {}, {}
    for family in stimuli.FAMILIES:
        scenes = [Scene(circuit, stimuli.contours(family, half_gap)) for half_gap in gaps]
        by_gap[family] = [scene.completion() for scene in scenes]
        unseen = [one.leak < LEAK for one in by_gap[family]]
        scene = scenes[unseen.index(True) if any(unseen) else -1]
        at[family] = scene.completion(tuple(circuit.kernels), circuit.orders)
    return CompletionMeasures(at, by_gap)
