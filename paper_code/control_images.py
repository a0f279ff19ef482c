"""The images of the controls, and which statistics of natural images each of them keeps."""

from dataclasses import dataclass

import numpy as np

from paper_code import images
from paper_code.image_statistics import RadialPower, edge_pairs, filter_kurtosis, radial_power
from paper_code.images.synthetic import dead_leaves, pink_noise, scramble, white_noise
from paper_code.lateral.statistics import interval

DISTANCES = (8, 12, 16)  # px between the edges of a pair
SCRAMBLES = 2  # phase-scrambled versions that a set of images is compared with
GAUSSIAN = ("phase-scrambled", "1/f noise", "white noise")  # kinds that have a spectrum and nothing else


@dataclass(frozen=True)
class Kind:
    """One kind of images, c classes of them (for photographs, the patches of one photograph)."""

    label: str
    images: np.ndarray  # (c, n, 64, 64), grey levels
    slope: np.ndarray  # (c,), exponent of the power spectrum
    kurtosis: np.ndarray  # (c,), excess, of filtered images
    collinear: np.ndarray  # (c, d), correlation of edges ahead of one another, at DISTANCES
    flanking: np.ndarray  # (c, d), of edges beside one another
    beyond: np.ndarray  # (c, d), collinear less flanking, less the same of the class's own phase-scrambled version
    power: RadialPower  # of all

    @property
    def edges(self):
        """The mean of ``beyond`` over the distances and its 95 % interval over classes: edges that continue, which no spectrum explains."""
        return mean_with_interval(self.beyond.mean(axis=1))


def kinds(count=12, seed=0):
    """Natural images, their phase-scrambled versions, dead leaves, 1/f noise and white noise: a list of :class:`Kind`.

    Tiny ImageNet is not in this book, so that natural images are the photographs of scikit-image; the others are small sets of the kinds
    that the controls see.

    Parameters
    ----------
    count : int
        Images a class; at least 2.
    seed : int
        Of the phases.
    """
    photographs = images.load("photographs", progress=False)
    natural = by_class(photographs.train_images, photographs.train_labels, count)
    found = [("photographs", natural), ("phase-scrambled", _scrambled(natural, seed))]
    for label, source in (("dead leaves", dead_leaves), ("1/f noise", pink_noise), ("white noise", white_noise)):
        drawn = source(progress=False, train=count, test=1)
        found.append((label, by_class(drawn.train_images, drawn.train_labels, count)))
    return [measure_kind(label, values, seed + 1) for label, values in found]


def by_class(values, labels, count):
    """``count`` images of each class at even distances in their order: (c, count, s, s)."""
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.stack([values[one[np.linspace(0, len(one) - 1, count).round().astype(int)]] for one in members]).astype(float)


def _scrambled(values, seed):
    return scramble(values.reshape(-1, *values.shape[2:]), np.random.default_rng(seed)).reshape(values.shape)


def measure_kind(label, values, seed):
    """The statistics of images (c, n, s, s), by class: a :class:`Kind`; ``seed`` of the phases of the scrambled version."""
    pairs = [edge_pairs(one, DISTANCES) for one in values]
    gaussian = np.mean(
        [[edge_pairs(one, DISTANCES).elongation for one in _scrambled(values, [seed, repeat])] for repeat in range(SCRAMBLES)], axis=0
    )
    return Kind(
        label,
        values,
        np.array([radial_power(one).slope for one in values]),
        np.array([filter_kurtosis(one) for one in values]),
        np.array([one.collinear for one in pairs]),
        np.array([one.flanking for one in pairs]),
        np.array([one.elongation for one in pairs]) - gaussian,
        radial_power(values.reshape(-1, *values.shape[2:])),
    )


def mean_with_interval(values, drawn=2000, seed=0):
    """Mean over classes (c, ...) and its 95 % interval over draws of the classes: (mean, low, high)."""
    values = np.asarray(values, float)
    draws = np.random.default_rng(seed).integers(0, len(values), (drawn, len(values)))
    return values.mean(axis=0), *interval(values[draws].mean(axis=1))


def has_edges(kind, kinds):
    """Whether the edges of a kind continue: its interval lies above 0 and above that of the classes of the (other) Gaussian kinds."""
    others = [one.beyond.mean(axis=1) for one in kinds if one.label in GAUSSIAN and one is not kind]
    return bool(kind.edges[1] > max(0.0, mean_with_interval(np.concatenate(others))[2] if others else 0.0))
