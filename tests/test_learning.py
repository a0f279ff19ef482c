"""Logs, accuracies and growth, on a planted weights directory."""

import json

import numpy as np
import pytest

from paper_code.core.files import sha256, write_json, write_tensors
from paper_code.core.text import comments
from paper_code.emergence import learning
from paper_code.lateral import activity
from paper_code.network.config import NetworkConfig
from paper_code.training.conditions import Condition, TrainingConfig

RNG = np.random.default_rng(0)
STEPS = (0, 1, 4, 16, 64)
TOTAL = 128
ACCURACY = {"reference": (0.50, 0.54), "no-l0": (0.30, 0.40), "other-images": (0.9, 0.8), "single": (0.2,), "between": (0.52, 0.7)}
ACCURACY |= {"control-no-l0": (0.3,)}


def lines(final):
    """A log whose loss falls from 3 by .01 a note, tested at the end of two epochs."""
    log = []
    for step in range(10, TOTAL + 1, 10):
        log.append({"step": step, "loss": 3 - step / 1000, "rate": 0.1, "seconds": step / 2})
        if step in (60, 120):
            log.append({"step": step, "epoch": step // 60, "accuracy": final - 0.1, "accuracy_noise_free": final, "seconds": step / 2 + 1})
    return log


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Networks of several conditions, whose filters move in a straight line from noise to their end."""
    directory = tmp_path_factory.mktemp("weights")
    networks = {}
    for name, values in ACCURACY.items():
        for seed, value in enumerate(values):
            stem = directory / name / f"seed-{seed}"
            start, end = ({"l0": RNG.normal(size=(7, 7)), "l1": RNG.normal(size=(8, 9, 9))} for _ in range(2))
            rest = {"l1_gain": np.ones(8), "l1_offset": np.zeros(8)}
            snapshots = {}
            for step in STEPS:
                share = step / TOTAL
                for layer in start:
                    snapshots[f"{step:06d}/{layer}"] = ((1 - share) * start[layer] + share * end[layer]).astype(np.float32)
                snapshots |= {f"{step:06d}/{key}": value.astype(np.float32) for key, value in rest.items()}
            write_tensors(f"{stem}.safetensors", {key: value.astype(np.float32) for key, value in (end | rest).items()})
            write_tensors(f"{stem}.snapshots.safetensors", snapshots)
            log = directory / name / f"seed-{seed}.log.jsonl"
            log.write_text("".join(json.dumps(line) + "\n" for line in lines(value)))
            files = {}
            for kind, suffix in (("early", ".safetensors"), ("snapshots", ".snapshots.safetensors"), ("log", ".log.jsonl")):
                path = directory / name / f"seed-{seed}{suffix}"
                files[kind] = {"path": f"{name}/{path.name}", "sha256": sha256(path), "bytes": path.stat().st_size}
            networks[f"{name}/seed-{seed}"] = {
                "condition": Condition(name, "planted", network=NetworkConfig(classes=4)).as_dict(),
                "seed": seed,
                "images": {"name": "planted", "sha256": ("0" if name == "other-images" else "1") * 64, "classes": list("abcd")},
                "accuracy": value - 0.1,
                "accuracy_noise_free": value,
                "hardware": {"device": "cpu", "precision": "fp32", "threads": 1},
                "train_images": 800,
                "test_images": 400,
                "wall_seconds": 1,
                "versions": {},
                "python": "3",
                "image_mean": 100.0,
                "image_sd": 50.0,
                "steps": TOTAL,
                "files": files,
            }
    write_json(directory / "manifest.json", {"networks": networks})
    return directory


def test_curve_separates_losses_from_tests(planted):
    curve = learning.curve("reference", 1, planted)
    np.testing.assert_array_equal(curve.step, np.arange(10, 121, 10))
    np.testing.assert_allclose(curve.loss, 3 - curve.step / 1000)
    assert curve.epoch.tolist() == [1, 2]
    np.testing.assert_allclose([curve.accuracy, curve.accuracy_noise_free], [[0.44, 0.44], [0.54, 0.54]])


def test_a_running_mean_leaves_a_straight_line_alone_inside_and_a_constant_everywhere(planted):
    curve = learning.curve("reference", 0, planted)
    np.testing.assert_allclose(curve.smoothed(5)[2:-2], curve.loss[2:-2])
    assert curve.smoothed(5)[0] == pytest.approx(curve.loss[:3].mean())


def test_accuracies_put_the_reference_first_and_keep_seeds_in_order(planted):
    groups = learning.accuracies(planted)
    assert [group.condition for group in groups] == ["reference", "between", "no-l0", "other-images", "single"]
    np.testing.assert_allclose(groups[0].noise_free, ACCURACY["reference"])
    np.testing.assert_allclose(groups[0].noisy, np.array(ACCURACY["reference"]) - 0.1)
    assert groups[0].seeds == (0, 1) and groups[0].chance == 0.25


def test_guesses_seldom_pass_the_bound(planted):
    group = learning.accuracies(planted)[0]
    guesses = RNG.binomial(group.test_images, group.chance, 200_000) / group.test_images
    assert 0.0003 < (guesses > group.chance_bound).mean() < 0.003


def test_a_comparison_claims_no_more_than_the_seeds_allow(planted):
    said = {line.split(" ")[0]: line for line in learning.comparison(learning.accuracies(planted), {})}
    assert "−17.0 points without noise, −17.0 with it; every network below every network of the reference" in said["no-l0"]
    assert "the ranges overlap" in said["between"]
    assert "not comparable" in said["other-images"]
    assert "single seed, no verdict" in said["single"]


def test_a_manifest_with_the_reference_alone_has_nothing_to_compare(planted):
    assert learning.comparison(learning.accuracies(planted)[:1], {}) == [
        "The manifest lists no other condition to compare with the reference."
    ]


def test_growth_ends_at_the_trained_filters_with_similarity_one(planted):
    grown = learning.growth("reference", 0, columns=4, cells=3, directory=planted)
    assert grown.all_steps.tolist() == [*STEPS, TOTAL]
    assert grown.steps[0] == 0 and grown.steps[-1] == TOTAL and len(grown.steps) == 4
    np.testing.assert_allclose(grown.l0_similarity[-1], 1)
    np.testing.assert_allclose(grown.field_similarity[-1], 1)
    assert (np.diff(grown.l0_similarity) > 0).all()
    assert grown.fields.shape == (4, 3, 15, 15) and len(set(grown.cells)) == 3


def test_settled_is_the_step_after_the_last_fall_below():
    assert learning.settled(np.array([0, 1, 2, 5, 9]), [0.1, 0.6, 0.4, 0.7, 1.0]) == 5
    assert learning.settled(np.array([3, 4]), [0.6, 0.9]) == 3


def test_spaced_keeps_first_and_last_and_is_logarithmic():
    steps = np.array([0, *range(1, 1001)])
    np.testing.assert_array_equal(steps[learning.spaced(steps, 5)], [0, 2, 16, 126, 1000])
    assert learning.spaced(np.array([0, 7]), 9).tolist() == [0, 1]


def test_pictures_are_standardised_by_the_training_images(planted):
    from paper_code import images

    photographs = images.load("photographs", progress=False)
    label = photographs.classes.index("camera")
    raw = photographs.test_images[photographs.test_labels == label][3].astype(float)
    np.testing.assert_allclose(activity.pictures([("camera", 3)], "reference", 0, planted)[0], (raw - 100) / 50)


@pytest.mark.parametrize("config", [TrainingConfig(), NetworkConfig()])
def test_every_setting_has_a_comment(config):
    said = comments(type(config))
    assert set(said) == set(vars(config))
    if isinstance(config, TrainingConfig):
        assert said["decay_l1"] == "weight decay of the l1 filters" and said["shift"] == "largest random shift, pixels"
