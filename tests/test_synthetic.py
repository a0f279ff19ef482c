"""Laws of the synthetic images: what each keeps of natural images, what it lacks, and that there is something to learn."""

import numpy as np
import pytest
from scipy import ndimage
from tiny import fails

from paper_code import images
from paper_code.emergence.efficient_coding import radial_power
from paper_code.images import drawn
from paper_code.images.drawn import dead_leaves, paint, periodic_component, photographs, pink_noise, power_law, scramble, white_noise

GENERATED = {"dead-leaves": dead_leaves, "pink-noise": pink_noise, "white-noise": white_noise}


def filter_kurtosis(images, sd=1.5):
    """Excess kurtosis of the response of images (n, s, s) to a Laplacian of Gaussian, the mean over the images.

    It is 0 for a Gaussian signal, whatever its spectrum, and positive where large responses are rare: natural images are sparse
    (Field 1987). Each image is taken by itself, since a mixture of contrasts has a positive kurtosis too. Responses within 4 sd of
    the border are left out, and so are images without any variation.
    """
    margin = int(np.ceil(4 * sd))
    response = np.stack([ndimage.gaussian_laplace(np.asarray(image, float), sd) for image in images])[:, margin:-margin, margin:-margin]
    response = response - response.mean((1, 2), keepdims=True)
    variance = (response**2).mean((1, 2))
    varies = variance > 1e-12
    return float(((response[varies] ** 4).mean((1, 2)) / variance[varies] ** 2 - 3).mean())


@pytest.fixture(scope="module")
def small():
    """Twenty training and eight test images of every class of each generated source."""
    return {name: draw(progress=False, train=20, test=8) for name, draw in GENERATED.items()}


@pytest.fixture(scope="module")
def natural():
    """Patches of photographs, float (n, 64, 64)."""
    patches = photographs(classes="all", progress=False).train_images
    return patches[::11].astype(float)


def laplacian(padded):
    """Five-point Laplacian of images (n, s + 2, s + 2), with their borders: (n, s, s)."""
    return padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:] - 4 * padded[:, 1:-1, 1:-1]


# what all share


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_set_is_the_same_each_time_and_a_rule_leaves_the_other_classes_alone(small, name, monkeypatch):
    monkeypatch.delenv("PAPER_CODE_IMAGES", raising=False)
    np.random.seed(7)  # noqa: NPY002 -- the state of the global generator does not matter
    whole = small[name]
    assert len(whole.classes) == 20 and list(whole.classes) == sorted(whole.classes)
    assert np.all(np.bincount(whole.train_labels) == 20) and np.all(np.bincount(whole.test_labels) == 8)
    part = GENERATED[name](classes="every-10", progress=False, train=20, test=8)
    assert part.classes == whole.classes[::10] and part.sha256 != whole.sha256
    np.testing.assert_array_equal(part.train_images[part.train_labels == 1], whole.train_images[whole.train_labels == 10])
    np.testing.assert_array_equal(part.test_images[part.test_labels == 1], whole.test_images[whole.test_labels == 10])
    every = np.concatenate([whole.train_images, whole.test_images]).reshape(560, -1)
    assert len(np.unique(every, axis=0)) == 560  # no image twice, neither within the training nor in the test


def test_sources_are_loaded_by_name_and_only_natural_images_need_a_place(monkeypatch, tiny_imagenet):
    monkeypatch.delenv("PAPER_CODE_IMAGES", raising=False)
    monkeypatch.setattr(drawn, "_generate", lambda name, *_: name)
    for name in GENERATED:
        assert images.load(name) == name
    fails("phase-scrambled needs a place: pass --root, or set PAPER_CODE_IMAGES; .*download tiny-imagenet", images.load, "phase-scrambled")
    fails("holds no tiny-imagenet-200", images.load, "phase-scrambled", tiny_imagenet / "val")
    monkeypatch.setenv("PAPER_CODE_IMAGES", str(tiny_imagenet))
    assert len(images.load("phase-scrambled", progress=False).train_images) == 12


@pytest.mark.parametrize("name", GENERATED)
def test_there_is_something_to_learn(small, name):
    """The nearest class mean of the log spectrum names far more test images than chance, which is 1 in 20."""
    data = small[name]

    def features(pictures):
        return np.log([radial_power(one[None]).power for one in pictures.astype(float)])

    train = features(data.train_images)
    means = np.stack([train[data.train_labels == label].mean(0) for label in range(20)])
    named = ((features(data.test_images)[:, None] - means) ** 2).sum(2).argmin(1)
    assert (named == data.test_labels).mean() > 0.2


@pytest.mark.parametrize("name", GENERATED)
def test_no_orientation_is_built_in(small, name):
    """The structure tensor has no preferred direction: its double-angle part is small beside its trace."""
    down, across = np.gradient(small[name].train_images.astype(float), axis=(1, 2))
    trace = (down**2 + across**2).mean()
    assert abs((down**2 - across**2).mean()) / trace < 0.02
    assert abs(2 * (down * across).mean()) / trace < 0.02


# noise


def test_the_spectrum_of_pink_noise_falls_with_the_exponent_of_its_class(small):
    data = small["pink-noise"]
    for label in (0, 10, 19):
        slope = radial_power(data.train_images[data.train_labels == label].astype(float)).slope
        assert slope == pytest.approx(-2 * drawn.SLOPES[label], abs=0.15)
    clipped = np.isin(data.train_images, (0, 255)).mean()
    assert clipped < 0.004 and filter_kurtosis(data.train_images) == pytest.approx(0, abs=0.05)


def test_white_noise_is_flat_and_has_the_contrast_of_its_class(small):
    data = small["white-noise"]
    for label in (0, 10, 19):
        power = radial_power(data.train_images[data.train_labels == label].astype(float)).power
        np.testing.assert_allclose(power[5:], drawn.WHITE_SDS[label] ** 2, rtol=0.2)  # lower rings hold few frequencies
        assert power.mean() == pytest.approx(drawn.WHITE_SDS[label] ** 2, rel=0.05)
    assert filter_kurtosis(data.train_images) == pytest.approx(0, abs=0.05)


# dead leaves


def test_painted_pixels_are_those_within_the_radius_each_disc_over_those_before_on_a_torus():
    rng = np.random.default_rng(0)
    row, column, radius = rng.uniform(0, 40, 60), rng.uniform(0, 56, 60), rng.uniform(0.2, 18, 60)
    grey = rng.integers(0, 256, 60, np.uint8)
    canvas = np.full((40, 56), 7, np.uint8)
    paint(canvas, row, column, radius, grey)
    expected = np.full((40, 56), 7, np.uint8)
    rows, columns = np.mgrid[:40, :56]
    for n in range(60):
        for down in (-40, 0, 40):
            for across in (-56, 0, 56):
                expected[(rows + down - row[n]) ** 2 + (columns + across - column[n]) ** 2 <= radius[n] ** 2] = grey[n]
    np.testing.assert_array_equal(canvas, expected)


def test_radii_follow_the_power_law():
    u = (np.arange(200_000) + 0.5) / 200_000
    for exponent in drawn.EXPONENTS:
        radii = power_law(u, 2.0, 32.0, exponent)
        assert radii.min() >= 2 and radii.max() <= 32
        counts, edges = np.histogram(radii, np.geomspace(2, 32, 6))
        mass = [low ** (1 - exponent) - high ** (1 - exponent) for low, high in zip(edges, edges[1:], strict=False)]
        np.testing.assert_allclose(counts / counts.sum(), np.array(mass) / sum(mass), atol=1e-4)


def test_leaves_leave_the_share_exp_minus_depth_uncovered(monkeypatch):
    monkeypatch.setattr(drawn, "DEPTH", 1.0)
    monkeypatch.setattr(drawn, "GREY", 0)
    pictures = drawn._leaves((1.0, 3.0), 0, 100, np.random.default_rng(0))
    covered = np.isin(pictures, 0).mean()  # all four fine pixels uncovered: fewer than one alone, more than if they were independent
    assert np.exp(-1) * 0.7 < covered < np.exp(-1) + 1 / 256 + 0.02


def test_dead_leaves_have_edges_and_their_scrambled_versions_do_not(small):
    pictures = small["dead-leaves"].train_images[::3].astype(float)
    scrambled = scramble(pictures, np.random.default_rng(0))
    assert filter_kurtosis(pictures) > 0.5 > 0.1 > filter_kurtosis(scrambled)


# phase scrambling


def test_the_periodic_component_keeps_the_inside_and_has_no_step_across_the_border(natural):
    pictures = np.concatenate([natural[:5], np.broadcast_to(np.arange(64.0), (1, 64, 64))])
    periodic = periodic_component(pictures)
    np.testing.assert_allclose(periodic.mean((1, 2)), pictures.mean((1, 2)))
    wrapped, closed = (np.pad(values, ((0, 0), (1, 1), (1, 1)), mode) for values, mode in ((periodic, "wrap"), (pictures, "edge")))
    np.testing.assert_allclose(laplacian(wrapped), laplacian(closed), atol=1e-9)  # what defines it: Moisan 2011, eq. 9
    assert periodic[-1].std() < 0.02 * pictures[-1].std()  # hardly anything is left of a ramp


def test_scrambling_keeps_amplitudes_and_means_and_nothing_of_the_phases(natural):
    scrambled = scramble(natural, np.random.default_rng(0))
    expected = np.fft.fft2(periodic_component(natural))
    found = np.fft.fft2(scrambled)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(scrambled.mean((1, 2)), natural.mean((1, 2)))
    turned = (found * expected.conj())[:, 1:20, 1:20]
    assert abs((turned / np.abs(turned)).mean()) < 0.02  # 80 images of 361 frequencies
    assert abs(radial_power(scrambled).slope - radial_power(periodic_component(natural)).slope) < 0.2
    assert filter_kurtosis(natural) > 1 > 0.2 > filter_kurtosis(scrambled) > -0.2


def test_phase_scrambled_images_keep_labels_and_amplitudes(tiny_imagenet):
    natural = images.load("tiny-imagenet", tiny_imagenet, progress=False)
    first, again = (images.load("phase-scrambled", tiny_imagenet, progress=False) for _ in range(2))
    assert first.sha256 == again.sha256 != natural.sha256 and first.classes == natural.classes
    for split in ("train", "test"):
        np.testing.assert_array_equal(getattr(first, f"{split}_labels"), getattr(natural, f"{split}_labels"))
        pictures = getattr(natural, f"{split}_images").astype(float)
        expected = np.abs(np.fft.rfft2(periodic_component(pictures)))[:, 1:20, 1:20]
        found = np.abs(np.fft.rfft2(getattr(first, f"{split}_images").astype(float)))[:, 1:20, 1:20] / drawn.CONTRAST
        np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.02 * expected.max())  # rounded, and clipped a little
    assert (np.diff(first.train_images.astype(int), axis=0) != 0).mean() > 0.9
