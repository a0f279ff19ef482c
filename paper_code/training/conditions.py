"""Named training conditions: what is trained on what, and how.

The recipe is this companion's own. It was chosen on networks that are not among those reported.
"""

import math
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from paper_code.core.errors import PaperCodeError, bounded, check_numbers, short
from paper_code.core.geometry import IMAGE_SIZE
from paper_code.network.config import NetworkConfig


@dataclass(frozen=True)
class TrainingConfig:
    """The recipe; the defaults are the reference condition."""

    epochs: int = bounded(16, 1, 100_000)  # passes over the images
    batch: int = bounded(64, 2, 1_000_000)  # images per step
    peak_rate: float = bounded(0.05, 1e-9, 1000.0)  # peak of the one-cycle learning rate
    warm_up: float = bounded(0.15, 0.0, 0.99)  # share of the steps during which the rate rises
    momentum: float = bounded(0.9, 1e-3, 0.9999)  # Nesterov momentum
    label_smoothing: float = bounded(0.05, 0.0, 0.99)  # share of the target spread over all classes
    shift: int = bounded(4, 0, IMAGE_SIZE - 1)  # largest random shift, pixels
    flip: bool = True  # random left-right flips
    rotation: float = bounded(0.0, 0.0, 180.0)  # largest random rotation, degrees, either way; 0 = none
    labels: str = "true"  # of the training images: "true", or "shuffled" once for the whole run; test labels stay true
    decay_l0: float = bounded(0.1, 0.0, 1000.0)  # weight decay of the l0 filter
    decay_l1: float = bounded(6e-3, 0.0, 1000.0)  # weight decay of the l1 filters
    decay_lateral: float = bounded(5e-3, 0.0, 1000.0)  # weight decay of K
    decay: float = bounded(5e-4, 0.0, 1000.0)  # decay of every other weight; norms and biases have none
    snapshots: int = bounded(24, 0, 1000)  # log-spaced steps at which l0 and l1 are kept, besides step 0 and the last
    lateral_snapshots: int = bounded(4, 0, 20)  # steps at which K is kept as well, besides step 0

    def __post_init__(self):
        check_numbers(self)
        if not isinstance(self.flip, bool):
            raise PaperCodeError(f"flip must be true or false, not {short(self.flip)}")
        if self.labels not in ("true", "shuffled"):
            raise PaperCodeError(f"labels must be 'true' or 'shuffled', not {short(self.labels)}")


def learning_rate(step, total, config):
    """One-cycle rate (Smith and Topin 2019): cosine up from peak / 25, cosine down to nearly 0."""
    top = config.warm_up * total
    if step < top:
        low, share = config.peak_rate / 25, step / top
        return low + (config.peak_rate - low) * (1 - math.cos(math.pi * share)) / 2
    return config.peak_rate * (1 + math.cos(math.pi * (step - top) / (total - top))) / 2


def snapshot_steps(total, config):
    """Steps at which the early layers are kept: (all, those that keep K), log-spaced, step 0 in both, the last in neither.

    The end of training is kept in full precision elsewhere.
    """
    early, with_lateral = {0}, {0}
    if config.snapshots > 0:
        early |= {int(step) for step in np.geomspace(1, total, config.snapshots + 1).round()[:-1]}
    if config.lateral_snapshots > 0 and total > 8:
        exact = np.geomspace(total / 4**config.lateral_snapshots, total, config.lateral_snapshots + 1)[:-1]
        with_lateral |= {int(step - 1e-6) for step in exact}  # below a whole number too, lest its rounding decide
    return {step for step in early | with_lateral if step < total}, with_lateral


# Not written where they have their default: a run or a manifest without them means the same, and compares as the same.
LEFT_OUT = {"network": ("lateral_sign",), "training": ("rotation", "labels")}


@dataclass(frozen=True)
class Condition:
    """A named experiment."""

    name: str
    about: str  # one line for people
    images: str = "tiny-imagenet"  # a source of paper_code.images
    classes: str = "every-10"  # the rule that names the classes
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def as_dict(self):
        """Plain nested dictionary, for a manifest."""
        values = asdict(self)
        for part, names in LEFT_OUT.items():
            for name in names:
                if values[part][name] == getattr(type(getattr(self, part)), name):
                    del values[part][name]
        return values

    @classmethod
    def from_dict(cls, values):
        """The condition that :meth:`as_dict` wrote."""
        values = dict(values)
        try:
            network = dict(values.pop("network"))
            network["widths"] = tuple(network["widths"])
            return cls(network=NetworkConfig(**network), training=TrainingConfig(**values.pop("training")), **values)
        except (KeyError, TypeError) as error:
            raise PaperCodeError(f"not a condition of this version of the package: {error}") from error


def _changed(chosen, values, **own):
    """A condition with those ``values`` that are settings of its network or its training, or its images or classes, and ``own`` fields."""
    own |= {key: values[key] for key in ("images", "classes") if key in values}
    for part, known in settings_of(chosen).items():
        own[part] = replace(getattr(chosen, part), **{key: value for key, value in values.items() if key in known})
    return replace(chosen, **own)


# Every control is shortened alike, and compared with `control`, the reference shortened alike. Batches are halved with it: the decay of the
# weights, which makes filters smooth, acts once a step, and few steps leave them rough.
SHORTENED = {"epochs": 6, "batch": 32}


@dataclass(frozen=True)
class Control:
    """What a control takes away from the reference or changes, and the words for it."""

    label: str  # a few words for a table
    asks: str  # the question that it answers
    about: str  # its line in lists of conditions
    changes: dict  # settings of network and training, or fields of the condition
    lacks: str = ""  # what it removes, to be read after "without"


_NOISE = "does l0's centre widen with the noise?"
_STEPS = "does it depend on the number of propagation steps?"
CONTROLS = {
    "control": Control(
        "shortened reference", "what does the reference reach in so short a training?", "the reference, shortened like all controls", {}
    ),
    "control-shuffled-labels": Control(
        "shuffled labels", "does it need meaningful labels?", "control: training labels permuted", {"labels": "shuffled"}, "true labels"
    ),
    "control-no-l0": Control("no l0", "do l1 and K need a layer before them?", "control: without the LGN filter", {"l0": "none"}),
    "control-no-lateral": Control(
        "no K", "do l0 and l1 need lateral connections?", "control: without lateral connections", {"lateral_size": 0}
    ),
    "control-no-silencing": Control(
        "no silenced cells", "does K need silenced cells?", "control: no map of l1 is ever silenced", {"silenced": 0.0}, "silenced cells"
    ),
    "control-two-steps": Control("T = 2", _STEPS, "control: two steps of lateral propagation", {"steps": 2}),
    "control-four-steps": Control("T = 4", _STEPS, "control: four steps of lateral propagation", {"steps": 4}),
    "control-phase-scrambled": Control(
        "phase-scrambled images",
        "is the power spectrum of natural images enough?",
        "control: the same images with random phases: their power spectra, without edges",
        {"images": "phase-scrambled"},
        "edges",
    ),
    "control-dead-leaves": Control(
        "dead leaves",
        "are edges and occlusion enough, without objects or a preferred orientation?",
        "control: occluding discs of power-law radii, told apart by size",
        {"images": "dead-leaves", "classes": "all"},
    ),
    "control-pink-noise": Control(
        "1/f noise",
        "is correlation between pixels enough?",
        "control: Gaussian noise with amplitude 1/f^a, told apart by a",
        {"images": "pink-noise", "classes": "all"},
    ),
    "control-white-noise": Control(
        "white noise",
        "does it need any structure in the images?",
        "control: Gaussian white noise, told apart by contrast",
        {"images": "white-noise", "classes": "all"},
    ),
    "control-no-front-end": Control(
        "no blur, no noise",
        "does l0 need optics and noisy receptors?",
        "control: neither optical blur nor receptor noise",
        {"blur": 0.0, "noise": 0.0},
        "optics and receptor noise",
    ),
    "control-noise-low": Control("receptor noise .1", _NOISE, "control: receptor noise .1 of the images' sd", {"noise": 0.1}),
    "control-noise-high": Control("receptor noise .4", _NOISE, "control: receptor noise .4 of the images' sd", {"noise": 0.4}),
    "control-noise-higher": Control("receptor noise .8", _NOISE, "control: receptor noise .8 of the images' sd", {"noise": 0.8}),
    "control-rectified-l0": Control("rectified l0", "does it need a linear l0?", "control: ReLU after the LGN filter", {"l0": "rectified"}),
    "control-rotations": Control(
        "rotated images",
        "does it need the orientations that upright images favour?",
        "control: every training image turned by a random angle",
        {"rotation": 180.0},
        "upright images",
    ),
}
"""The controls in the order of a table; the first is the reference, shortened like all others."""


LACKS = {name: one.lacks for name, one in CONTROLS.items() if one.lacks}
"""What the main controls remove."""

LABELS = {"reference": "reference", "excitatory": "excitatory K", "turned": "rotated images", "no-l0": "no l0", "no-lateral": "no K"}
LABELS |= {name: one.label for name, one in CONTROLS.items()}
"""Every condition of the book in a few words; those of controls do not say that their training is shortened."""


def _all():
    reference = Condition("reference", "the network of the book: l0, l1 and lateral connections on 20 classes of Tiny ImageNet")
    excites = "lateral connections that only excite, as horizontal connections of V1 do"
    short = "a minute's training on patches of scikit-image's photographs, no download: for trying things out"
    small = {"images": "photographs", "classes": "all", "cells": 16, "lateral_size": 5, "widths": (16, 16, 32), "epochs": 2}
    yield reference
    yield _changed(reference, {"lateral_size": 0}, name="no-lateral", about="without lateral connections")
    yield _changed(reference, {"l0": "none"}, name="no-l0", about="without the LGN filter")
    yield _changed(reference, {"lateral_sign": "excitatory"}, name="excitatory", about=excites)
    yield _changed(reference, {"rotation": 180.0}, name="turned", about="every training image turned by a random angle, at full length")
    yield _changed(reference, small, name="photographs", about=short)
    for name, one in CONTROLS.items():
        yield _changed(reference, SHORTENED | one.changes, name=name, about=one.about)


def settings_of(chosen):
    """What of a condition may be set, ``{"network": {name: value}, "training": {name: value}}``; classes follow from the images."""
    parts = {"network": chosen.network, "training": chosen.training}
    return {part: {key: value for key, value in vars(config).items() if key != "classes"} for part, config in parts.items()}


def with_settings(chosen, texts):
    """A condition with some settings, each a text ``NAME=VALUE``."""
    known = {key: value for part in settings_of(chosen).values() for key, value in part.items()}
    values = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            raise PaperCodeError(f"--set {text}: write NAME=VALUE with a name that '--set help' lists")
        values[key] = _parsed(key, value, known[key])
    return _changed(chosen, values)


def _parsed(key, text, current):
    """``text`` as a value of the type of ``current``."""
    try:
        if isinstance(current, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(current, tuple):
            return tuple(int(item) for item in text.strip("() ").split(","))
        return type(current)(text)
    except (ValueError, KeyError) as error:
        like = "true or false" if isinstance(current, bool) else written(current)
        raise PaperCodeError(f"--set {key}={text:.60}: not a value like {like}") from error


def written(value):
    """A setting as ``--set`` takes it, as text."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


CONDITIONS = {one.name: one for one in _all()}
"""Every :class:`Condition` by name."""
