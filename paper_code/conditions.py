"""Named training conditions: what is trained on what, and how.

The recipe is this companion's own. It was chosen on networks that are not among those reported.
"""

import math
from dataclasses import asdict, dataclass, field, fields, replace

from paper_code.errors import PaperCodeError
from paper_code.images.image_set import IMAGE_SIZE, unknown_name
from paper_code.network import NetworkConfig


@dataclass(frozen=True)
class TrainingConfig:
    """The recipe; the defaults are the reference condition."""

    epochs: int = 16  # passes over the images
    batch: int = 64  # images a step
    peak_rate: float = 0.05  # top of the one-cycle learning rate
    warm_up: float = 0.15  # share of the steps in which the rate rises
    momentum: float = 0.9  # Nesterov
    label_smoothing: float = 0.05  # share of the target that is spread over all classes
    shift: int = 4  # largest random shift, pixels
    flip: bool = True  # random left-right flips
    decay_l0: float = 5e-2  # weight decay of the l0 filter
    decay_l1: float = 6e-3  # of the l1 filters
    decay_lateral: float = 5e-3  # of K
    decay: float = 5e-4  # of every other weight; norms and biases have none
    snapshots: int = 24  # log-spaced steps at which l0 and l1 are kept, step 0 and the last besides
    lateral_snapshots: int = 4  # of these, how many keep K too, step 0 besides

    def __post_init__(self):
        if self.epochs < 1 or self.batch < 2:
            raise PaperCodeError(f"training needs at least 1 epoch and batches of at least 2 images, not {self.epochs} and {self.batch}")
        if not 0 < self.peak_rate < math.inf or not 0 <= self.warm_up < 1:
            raise PaperCodeError("peak_rate must be a positive number and warm_up must lie in [0, 1)")
        if not 0 < self.momentum < 1 or not 0 <= self.label_smoothing < 1:
            raise PaperCodeError("momentum must lie in (0, 1) and label_smoothing in [0, 1)")
        if not 0 <= self.shift < IMAGE_SIZE:
            raise PaperCodeError(f"shift must lie between 0 and {IMAGE_SIZE - 1} pixels, not {self.shift}")
        if not all(0 <= decay < math.inf for decay in (self.decay_l0, self.decay_l1, self.decay_lateral, self.decay)):
            raise PaperCodeError("weight decays must be numbers of at least 0")


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
        return asdict(self)

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


def _all():
    reference = Condition("reference", "the network of the book: l0, l1 and lateral connections on 20 classes of Tiny ImageNet")
    network = reference.network
    yield reference
    yield replace(reference, name="no-lateral", about="without lateral connections", network=replace(network, lateral_size=0))
    yield replace(reference, name="no-l0", about="without the LGN filter", network=replace(network, l0="none"))
    yield replace(
        reference,
        name="photographs",
        about="a minute's training on patches of scikit-image's photographs, no download: for trying things out",
        images="photographs",
        classes="all",
        network=replace(network, cells=16, lateral_size=5, widths=(16, 16, 32)),
        training=replace(reference.training, epochs=2),
    )


CONDITIONS = {condition.name: condition for condition in _all()}


def condition(name):
    """The condition of that name, or a clear error that lists them."""
    if name not in CONDITIONS:
        raise PaperCodeError(unknown_name("condition", name, CONDITIONS))
    return CONDITIONS[name]


def with_overrides(base, part, overrides):
    """Replace fields of ``base.network`` or ``base.training`` (``part``) by those of ``overrides`` that are not None."""
    current = getattr(base, part)
    known = {item.name for item in fields(current)}
    chosen = {name: value for name, value in overrides.items() if value is not None}
    unknown = set(chosen) - known
    if unknown:
        raise PaperCodeError(f"unknown setting {', '.join(sorted(unknown))}; choose among {', '.join(sorted(known))}")
    return replace(base, **{part: replace(current, **chosen)}) if chosen else base
