"""Laws of the controls: each changes what it says and nothing else, and every one of them trains."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from tiny import HARDWARE, image_set, make_run, trained_bytes

from paper_code import images, weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_json
from paper_code.training import run
from paper_code.training.conditions import CONDITIONS, CONTROLS, Condition, TrainingConfig
from paper_code.training.run import Run, augment, rotate
from paper_code.training.run_files import check_same
from paper_code.weights.collect import collect

# the table


def test_every_shipped_network_was_trained_under_the_condition_of_its_name():
    for listed in weights.manifest()["networks"].values():
        assert json.loads(json.dumps(CONDITIONS[listed["condition"]["name"]].as_dict())) == listed["condition"]


def test_a_condition_has_its_own_name_and_survives_a_manifest():
    for name, one in CONDITIONS.items():
        assert one.name == name and Condition.from_dict(json.loads(json.dumps(one.as_dict()))) == one


def test_a_control_is_a_condition_of_known_images_and_asks_a_question():
    assert [name for name in CONDITIONS if name.startswith("control")] == list(CONTROLS)
    for name, control in CONTROLS.items():
        condition = CONDITIONS[name]
        assert condition.images in images.SOURCES and "\n" not in condition.about + control.label + control.asks
        assert control.asks.endswith("?") and len(control.label) < 30


# settings that may be left out


def test_a_run_of_either_kind_is_not_gone_on_with_as_the_other(tmp_path):
    plain, shuffled = make_run(tmp_path / "plain"), make_run(tmp_path / "shuffled", training={"labels": "shuffled"})
    for one in (plain, shuffled):
        one._resume()
        check_same(one.directory, read_json(one.directory / "run.json"), one.identity)
    with pytest.raises(PaperCodeError, match="condition.training.labels = its default, not shuffled"):
        check_same(shuffled.directory, plain.identity, shuffled.identity)
    with pytest.raises(PaperCodeError, match="condition.training.labels = shuffled, not its default"):
        check_same(plain.directory, shuffled.identity, plain.identity)


# labels


def test_shuffled_labels_keep_the_classes_sizes_and_follow_the_seed(tmp_path):
    many = replace(image_set(), train_images=np.zeros((600, 64, 64), np.uint8), train_labels=np.repeat(np.arange(2), (200, 400)))
    np.testing.assert_array_equal(make_run(tmp_path, images=many).train_labels, many.train_labels)
    found = [make_run(tmp_path, seed, images=many, training={"labels": "shuffled"}).train_labels.numpy() for seed in (0, 1, 0)]
    for labels in found:
        np.testing.assert_array_equal(np.bincount(labels), [200, 400])
        assert (labels == many.train_labels).mean() == pytest.approx((1 / 3) ** 2 + (2 / 3) ** 2, abs=0.08)  # chance
    assert not np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def test_a_run_learns_the_shuffled_labels_and_is_tested_on_the_true_ones(tmp_path):
    run = make_run(tmp_path, training={"labels": "shuffled"})
    assert not np.array_equal(run.train_labels.numpy(), run.images.train_labels)
    np.testing.assert_array_equal(run.images.test_labels, image_set().test_labels)
    run.train(progress=False)
    make_run(tmp_path / "true").train(progress=False)
    found, other = trained_bytes(tmp_path), trained_bytes(tmp_path / "true")
    assert found["snapshots/000000.safetensors"] == other["snapshots/000000.safetensors"]
    assert found["early.safetensors"] != other["early.safetensors"]


# rotations


def smooth(count=50):
    """Random images (count, 1, 64, 64) without fine detail."""
    noise = torch.randn(count, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(noise, size=64, mode="bicubic", align_corners=False)


def test_quarter_turns_are_exact_and_counter_clockwise():
    pictures = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    for turns in range(-2, 3):
        turned = rotate(pictures, torch.full((2,), turns * torch.pi / 2))
        torch.testing.assert_close(turned, pictures.rot90(turns, (2, 3)), atol=1e-4, rtol=0)


def test_a_round_image_stays_as_it_is_and_a_grating_turns_by_the_angle():
    place = torch.arange(64.0) - 31.5
    x, y = place[None, :], -place[:, None]
    angle = torch.linspace(-3, 3, 13)
    round_image = torch.exp(-(x**2 + y**2) / 50)[None, None]
    turned = rotate(round_image.expand(13, -1, -1, -1), angle)
    torch.testing.assert_close(turned, round_image.expand_as(turned), atol=0.015, rtol=0)

    def grating(direction):
        return torch.cos(0.3 * (torch.cos(direction) * x + torch.sin(direction) * y))

    for one in angle:
        turned = rotate(grating(torch.tensor(0.4))[None, None], one[None])[0, 0]
        inside = x**2 + y**2 < 30**2
        torch.testing.assert_close(turned[inside], grating(0.4 + one)[inside], atol=0.03, rtol=0)


def test_rotations_keep_the_mean_fill_the_corners_and_take_every_angle_up_to_the_largest():
    bright = smooth() + 5
    turned = augment(bright, TrainingConfig(shift=0, flip=False, rotation=180.0))
    assert turned.shape == bright.shape and turned.min() > 0  # no dark corners
    assert turned.mean().item() == pytest.approx(bright.mean().item(), abs=0.05)

    seen = []
    real, run.rotate = run.rotate, lambda pictures, angle: seen.append(angle) or pictures
    try:
        torch.manual_seed(0)
        augment(smooth(2000), TrainingConfig(rotation=30.0))
    finally:
        run.rotate = real
    degrees = torch.rad2deg(seen[0])
    assert -30 <= degrees.min() < -29 and 29 < degrees.max() <= 30 and abs(degrees.mean()) < 1
    assert degrees.std().item() == pytest.approx(30 / 3**0.5, rel=0.03)  # uniform


def test_without_rotation_nothing_is_drawn_for_it():
    """Neither the shifts and flips nor what the step draws next depend on a rotation that is not there."""
    pictures = smooth(8)
    torch.manual_seed(1)
    augment(pictures, TrainingConfig())
    after = torch.get_rng_state()
    torch.manual_seed(1)
    torch.randint(0, 9, (2, 8, 1))
    torch.rand(8, 1, 1, 1)
    assert torch.equal(after, torch.get_rng_state())
    torch.manual_seed(1)
    augment(pictures, TrainingConfig(rotation=5.0))
    assert not torch.equal(after, torch.get_rng_state())


# all of them train


@cache
def generated(name):
    return images.SOURCES[name](progress=False, train=3, test=1)


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_trains_and_is_collected(name, tmp_path, tiny_imagenet):
    condition = CONDITIONS[name]
    if condition.images in images.WITHOUT_ROOT:
        data = generated(condition.images)
    else:
        data = images.load(condition.images, tiny_imagenet, "all", progress=False)
    small = {"cells": 8, "widths": (8, 8, 8)} | ({"lateral_size": 5} if condition.network.lateral else {})
    recipe = replace(condition.training, epochs=1, batch=len(data.train_images) // 6)
    small = replace(condition, network=replace(condition.network, **small), training=recipe)
    run = Run(small, data, 1, tmp_path / "run", HARDWARE)
    result = run.train(progress=False)
    assert result["condition"]["name"] == name and result["steps"] == 6
    for tensor in run.network.state_dict().values():
        assert torch.isfinite(tensor).all()
    assert collect([run.directory], tmp_path / "data", "light") == [f"{name}/seed-1"]
    end, start = weights.load_early(name, 1, tmp_path / "data"), weights.initial_early(name, 1, tmp_path / "data")
    assert (end.l0 is None) == (start.l0 is None) == (condition.network.l0 == "none")
    assert (end.K is None) == (start.K is None) == (not condition.network.lateral)
    assert np.abs(end.l1 - start.l1).max() > 1e-3  # l1 moved
