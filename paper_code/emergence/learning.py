"""Learning: curves of loss and accuracy, accuracies over seeds, and the development of one network's filters."""

from dataclasses import dataclass

import numpy as np

from paper_code import weights
from paper_code.core.plan import reported
from paper_code.core.statistics import correlation
from paper_code.core.text import signed
from paper_code.filters.spectrum import spectral_orientation
from paper_code.training.conditions import CONTROLS

REFERENCE = "reference"


@dataclass(frozen=True)
class Curve:
    """The training log of one network."""

    seed: int
    step: np.ndarray  # int (n,), steps at which the loss was logged
    loss: np.ndarray  # (n,), cross-entropy of the batch, with label smoothing, in nats
    epoch: np.ndarray  # int (m,), epochs after which the network was tested
    accuracy: np.ndarray  # (m,), on the test images, with receptor noise; NaN without test images
    accuracy_noise_free: np.ndarray  # (m,), the same without noise

    def smoothed(self, window):
        """Running mean of the loss over a centred ``window`` of log entries, truncated at both ends: (n,)."""
        reach = window // 2
        return np.array([self.loss[max(0, i - reach) : i + reach + 1].mean() for i in range(len(self.loss))])


@dataclass(frozen=True)
class Accuracy:
    """Test accuracies of the networks of one condition."""

    condition: str
    images_sha256: str
    classes: int
    test_images: int
    seeds: tuple
    noisy: np.ndarray  # (seeds,), with receptor noise
    noise_free: np.ndarray  # (seeds,), without receptor noise

    @property
    def chance(self):
        """Accuracy of guessing, for classes of equal size."""
        return 1 / self.classes

    @property
    def chance_bound(self):
        """Accuracy exceeded with a probability of about one in a thousand by guessing on every test image (normal approximation)."""
        return self.chance + 3.09 * np.sqrt(self.chance * (1 - self.chance) / self.test_images)


def curve(condition, seed, directory=None):
    """The :class:`Curve` of one shipped network."""
    log = weights.read_log(condition, seed, directory)
    training = [line for line in log if "loss" in line]
    tests = [line for line in log if "epoch" in line]

    def column(lines, key, kind=float):
        return np.array([np.nan if line[key] is None else line[key] for line in lines], kind)

    return Curve(
        seed,
        column(training, "step", int),
        column(training, "loss"),
        column(tests, "epoch", int),
        column(tests, "accuracy"),
        column(tests, "accuracy_noise_free"),
    )


def accuracies(directory=None):
    """One :class:`Accuracy` for each tested condition and set of images in the manifest: the reference first, then by name.

    Controls are left out, because their training is shorter, and so are networks not used for estimates of conditions in the plan.
    """
    groups = {}
    for listed in weights.manifest(directory)["networks"].values():
        name = listed["condition"]["name"]
        if listed["accuracy"] is not None and name not in CONTROLS:
            groups.setdefault((name != REFERENCE, name, listed["images"]["sha256"]), []).append(listed)
    found = []
    for (_, name, sha256), networks in sorted(groups.items()):
        wanted = reported(networks[0]["condition"]["name"], [listed["seed"] for listed in networks])
        networks = sorted((listed for listed in networks if listed["seed"] in wanted), key=lambda listed: listed["seed"])
        first = networks[0]
        found.append(
            Accuracy(
                name,
                sha256,
                len(first["images"]["classes"]),
                first["test_images"],
                tuple(listed["seed"] for listed in networks),
                np.array([listed["accuracy"] for listed in networks]),
                np.array([listed["accuracy_noise_free"] for listed in networks]),
            )
        )
    return found


def comparison(groups, labels):
    """Sentences comparing every other condition with the reference, given the result of :func:`accuracies` and names to show."""
    reference = next((group for group in groups if group.condition == REFERENCE), None)
    others = [group for group in groups if group.condition != REFERENCE]
    if reference is None or not others:
        return ["The manifest lists no other condition to compare with the reference."]
    return [
        f"{labels.get(group.condition, group.condition)} ({len(group.seeds)} against {len(reference.seeds)}): {against(group, reference)}."
        for group in others
    ]


def against(other, reference):
    """Difference between a condition and the reference, in words that claim no more than the seeds' noise-free accuracies allow."""
    if other.images_sha256 != reference.images_sha256:
        return "other images: not comparable"
    clean, noisy = (100 * (getattr(other, kind).mean() - getattr(reference, kind).mean()) for kind in ("noise_free", "noisy"))
    text = f"{signed(clean, 1)} points without noise, {signed(noisy, 1)} with it"
    if min(len(other.seeds), len(reference.seeds)) < 2:
        return f"{text}; a single seed, no verdict"
    if other.noise_free.min() > reference.noise_free.max():
        return f"{text}; every network above every network of the reference"
    if other.noise_free.max() < reference.noise_free.min():
        return f"{text}; every network below every network of the reference"
    return f"{text}; the ranges overlap"


@dataclass(frozen=True)
class Growth:
    """Development of filters through training."""

    steps: np.ndarray  # int (k,), steps shown; the last is the end of training
    l0: np.ndarray | None  # (k, a, a)
    cells: np.ndarray  # int (c,), indices of the cells of l1 shown, ordered by orientation
    fields: np.ndarray  # (k, c, b, b), their receptive fields l1 * l0
    all_steps: np.ndarray  # int (n,), all snapshots and the end of training
    l0_similarity: np.ndarray | None  # (n,), correlation of l0 with its final state
    field_similarity: np.ndarray  # (n, cells), the same for every receptive field


def growth(condition, seed, columns=9, cells=6, directory=None):
    """Follow l0 and some receptive fields of one network from the start to the end of training, as a :class:`Growth`.

    It shows ``columns`` steps (0, the last, and the snapshots in between closest to logarithmic spacing) and ``cells`` receptive
    fields, evenly spread over the orientations of the stronger half of the cells.
    """
    layers, steps = layers_through_training(condition, seed, directory)
    shown = spaced(steps, columns)
    final = layers[-1].receptive_fields
    strength = (final**2).sum((1, 2)) * layers[-1].l1_gain ** 2
    strong = np.argsort(-strength, kind="stable")[: max(cells, len(strength) // 2)]
    by_orientation = strong[np.argsort(spectral_orientation(final[strong]), kind="stable")]
    chosen = by_orientation[(np.arange(min(cells, len(strong))) * len(strong)) // cells]
    bank = np.stack([layer.receptive_fields for layer in layers])
    l0 = None if layers[-1].l0 is None else np.stack([layer.l0 for layer in layers])
    return Growth(
        steps[shown],
        None if l0 is None else l0[shown],
        chosen,
        bank[shown][:, chosen],
        steps,
        None if l0 is None else correlation(l0, l0[-1]),
        correlation(bank, bank[-1]),
    )


def layers_through_training(condition, seed, directory=None):
    """Early layers at the snapshots and at the end, with the step of each; a snapshot taken at the end is not listed twice."""
    total = weights.entry(condition, seed, directory)["steps"]
    layers = [one for one in weights.load_snapshots(condition, seed, directory) if one.step < total]
    return [*layers, weights.load_early(condition, seed, directory)], np.array([*(one.step for one in layers), total])


def settled(steps, similarity):
    """First of ``steps`` from which ``similarity`` (n,) stays above one half."""
    below = np.flatnonzero(np.asarray(similarity) <= 0.5)
    return int(steps[below[-1] + 1 if len(below) else 0])


def spaced(steps, count):
    """Indices of at most ``count`` of the increasing ``steps``: the first, the last, and those in between closest to logarithmic spacing.

    The spacing begins at 1 / 500 of the last step, because little happens earlier.
    """
    steps = np.asarray(steps, float)
    wanted = np.geomspace(max(steps[1], steps[-1] / 500), steps[-1], max(count - 1, 1))
    nearest = [1 + int(np.abs(np.log(steps[1:] / step)).argmin()) for step in wanted]
    return np.unique([0, *nearest, len(steps) - 1])
