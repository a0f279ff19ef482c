"""Laws of the training loop: the recipe, the same bytes whatever happens, and what is said when it cannot go on."""

import hashlib
import io
import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import CONDITION, HARDWARE, STEPS, TRAINING, disk_full_beyond, fails, image_set, make_run, temporary_files, trained_bytes
from torch.nn import functional

from paper_code.core import plan as plan_module
from paper_code.core.errors import PaperCodeError, short
from paper_code.core.files import from_bytes, locked, read_bytes, read_json, read_tensors, write_tensors
from paper_code.core.plan import plan_sha256
from paper_code.network.model import Network
from paper_code.training import run as run_module
from paper_code.training.conditions import Condition, TrainingConfig, learning_rate, snapshot_steps
from paper_code.training.run import Hardware, augment, draw_seed


def train(directory, *arguments, **keywords):
    make_run(directory, *arguments, **keywords).train(progress=False)
    return trained_bytes(directory)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A training from start to end, and what it wrote."""
    directory = tmp_path_factory.mktemp("undisturbed")
    return directory, train(directory)


class Stop(BaseException):
    """What ends a training from outside."""


def stop_before(run, step):
    """Let a run end, as if it were killed, before it takes a step."""
    take = run._train_step

    def take_or_stop(rate):
        if run.step == step:
            raise Stop
        return take(rate)

    run._train_step = take_or_stop
    with pytest.raises(Stop):
        run.train(progress=False)
    del run._train_step
    return run


# the recipe


def test_the_learning_rate_is_one_cycle():
    for total, config in ((2500, TrainingConfig()), (400, TrainingConfig(warm_up=0.3, peak_rate=2.0)), (50, TrainingConfig(warm_up=0.0))):
        rates = np.array([learning_rate(step, total, config) for step in range(total)])
        top = round(config.warm_up * total)
        assert rates[0] == pytest.approx(config.peak_rate / (25 if top else 1))
        assert rates.argmax() == top and rates[top] == pytest.approx(config.peak_rate, rel=1e-3)
        assert (np.diff(rates[: top + 1]) > 0).all() and (np.diff(rates[top:]) < 0).all()
        assert 0 < rates[-1] < 5 / (total - top) ** 2 * config.peak_rate  # 1 + cos(pi - e) is e^2 / 2
        assert rates[(total + top) // 2] == pytest.approx(config.peak_rate / 2, rel=0.1)
        assert np.abs(np.diff(rates)).max() < 1.6 * config.peak_rate / max(min(top, total - top), 1 if top else total)


def test_snapshots_are_log_spaced_and_start_at_step_0():
    for total in [*range(1, 60), 1000, 2496]:
        steps, lateral = snapshot_steps(total, TrainingConfig())
        assert {0} <= lateral <= steps <= set(range(total))
    steps, lateral = (sorted(chosen) for chosen in snapshot_steps(2496, TrainingConfig()))
    assert lateral == [0, 9, 38, 155, 623]  # just below 2496 / 256, / 64, / 16, / 4: the steps of the shipped snapshots
    regular = np.array([step for step in steps if step not in lateral and step > 8])
    ratios = regular[1:] / regular[:-1]
    assert 22 <= len(steps) <= 30 and 1.3 < ratios.min() and ratios.max() < 1.5  # 2496^(1/24) = 1.385
    assert snapshot_steps(2496, TrainingConfig(snapshots=0, lateral_snapshots=0)) == ({0}, {0})


def test_weight_decay_is_that_of_the_layer_and_norms_and_biases_have_none(tmp_path):
    decays = {"decay_l0": 0.1, "decay_l1": 0.2, "decay_lateral": 0.3, "decay": 0.4}
    run = make_run(tmp_path, training=decays)
    decay_of = {id(parameter): group["weight_decay"] for group in run.optimizer.param_groups for parameter in group["params"]}
    assert sum(len(group["params"]) for group in run.optimizer.param_groups) == len(decay_of) == len(list(run.network.parameters()))
    for name, parameter in run.network.named_parameters():
        layer = name.split(".")[0]
        expected = {"l0": 0.1, "l1": 0.2, "lateral": 0.3, "l1_norm": 0.0}.get(layer)
        if expected is None:
            expected = 0.0 if name.endswith("bias") or parameter.ndim == 1 else 0.4
        assert decay_of[id(parameter)] == expected, name
    assert all(group["nesterov"] and group["momentum"] == 0.9 for group in run.optimizer.param_groups)


def test_one_step_is_nesterov_descent_on_the_loss_of_the_batch(tmp_path):
    run = make_run(tmp_path, network={"noise": 0.0, "silenced": 0.0, "dropout": 0.0}, training={"shift": 0, "flip": False, "decay_l1": 0.2})
    copy = Network(run.condition.network, 0).train()
    order = torch.randperm(32, generator=torch.Generator().manual_seed(draw_seed(0, -1)))[:8]
    data = run.images
    images = (torch.from_numpy(data.train_images).float()[order, None] - data.train_images.mean()) / data.train_images.std()
    loss = functional.cross_entropy(copy(images), torch.from_numpy(data.train_labels)[order], label_smoothing=0.05)
    loss.backward()
    assert run._train_step(0.01) == pytest.approx(loss.item(), rel=1e-5)
    # the first momentum is the gradient g, so Nesterov's step is (1 + .9) g
    for layer, decay in (("l1", 0.2), ("lateral", TRAINING.decay_lateral)):
        weight = getattr(copy, layer).weight
        expected = weight - 0.01 * 1.9 * (weight.grad + decay * weight)
        torch.testing.assert_close(getattr(run.network, layer).weight, expected, atol=1e-7, rtol=1e-5)


def test_images_are_shifted_and_flipped_and_nothing_else():
    image = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    padded = functional.pad(image, [4] * 4, mode="reflect")[0, 0]
    known = {}
    for row in range(9):
        for column in range(9):
            view = padded[row : row + 64, column : column + 64]
            known[view.numpy().tobytes()] = (row, column, False)
            known[view.flip(1).contiguous().numpy().tobytes()] = (row, column, True)
    torch.manual_seed(1)
    many = augment(image.expand(600, -1, -1, -1), TrainingConfig())
    found = np.array([known[one.contiguous().numpy().tobytes()] for one in many])
    assert abs(found[:, 2].mean() - 0.5) < 0.07
    for axis in (0, 1):
        counts = np.bincount(found[:, axis].astype(int), minlength=9)
        assert counts.min() > 35 and counts.max() < 105  # 67 expected, 4.5 sd
    assert abs(np.corrcoef(found.T.astype(float)) - np.eye(3)).max() < 0.15  # drawn apart
    torch.manual_seed(1)
    assert torch.equal(augment(image.expand(600, -1, -1, -1), TrainingConfig()), many)
    assert torch.equal(augment(image, TrainingConfig(shift=0, flip=False)), image)


def test_every_seed_step_and_epoch_has_draws_of_its_own():
    seeds = [draw_seed(seed, step) for seed in (0, 1, 2, 100) for step in [*range(-40, 400), run_module.EVALUATION_STEP]]
    assert len(set(seeds)) == len(seeds) and min(seeds) >= 0 and max(seeds) < 2**63


def test_an_epoch_shows_each_image_once_in_an_order_of_its_own(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(run_module, "augment", lambda images, _: shown.append(images) or images)
    for seed in (0, 1):
        make_run(tmp_path / str(seed), seed).train(progress=False)
    epochs = torch.cat(shown).reshape(6, 32, -1).mean(2)  # two seeds of three epochs; the means tell the images apart
    assert len(set(epochs[0].tolist())) == 32
    assert all(torch.equal(epoch.sort()[0], epochs[0].sort()[0]) for epoch in epochs)
    assert not any(torch.equal(epochs[a], epochs[b]) for a in range(6) for b in range(a))


def test_a_smaller_set_than_a_batch_trains(tmp_path):
    few = image_set()
    few = replace(few, train_images=few.train_images[:5], train_labels=few.train_labels[:5])
    run = make_run(tmp_path, images=few, training={"epochs": 1})
    assert run.train(progress=False)["steps"] == 1


def test_accuracy_is_the_share_of_test_images_named_right_with_noise_and_without(undisturbed):
    run = make_run(undisturbed[0])
    run._resume()  # the network at the end
    images = (torch.from_numpy(run.images.test_images)[:, None].float() - run.images.mean) / run.images.sd
    labels = torch.from_numpy(run.images.test_labels)
    seen = []
    hook = run.network.register_forward_hook(lambda module, _, scores: seen.append((module.training, scores)))
    result = run.evaluate()
    hook.remove()
    assert run.network.config.noise == 0.2  # as before
    with torch.no_grad():
        noisy = run.network(images, torch.Generator().manual_seed(draw_seed(0, run_module.EVALUATION_STEP)))
        run.network.config = replace(run.network.config, noise=0.0)
        clear = run.network(images)
    assert not torch.equal(noisy, clear)
    for key, expected, (in_training, scores) in zip(("accuracy", "accuracy_noise_free"), (noisy, clear), seen, strict=True):
        assert torch.equal(scores, expected) and not in_training
        assert result[key] == pytest.approx((expected.argmax(1) == labels).float().mean().item())


# the same bytes


def test_the_seed_fixes_every_byte(tmp_path, undisturbed):
    torch.manual_seed(99)  # the state of the global generator does not matter
    assert train(tmp_path / "again") == undisturbed[1]
    other = train(tmp_path / "other", seed=1)
    for name in ("early.safetensors", "rest.safetensors", "snapshots/000000.safetensors"):
        assert other[name] != undisturbed[1][name]


def test_what_a_run_keeps(undisturbed):
    directory, _ = undisturbed
    start = read_tensors(directory / "snapshots" / "000000.safetensors")
    untrained = Network(make_run(directory).condition.network, 0).early_layers()
    for name in ("l0", "l1", "K"):
        np.testing.assert_array_equal(start[name], untrained[name].astype(np.float16))
    steps, lateral = snapshot_steps(STEPS, TRAINING)
    kept = {int(path.stem): set(read_tensors(path)) for path in (directory / "snapshots").iterdir()}
    assert set(kept) == steps and {step for step, names in kept.items() if "K" in names} == lateral
    early = read_tensors(directory / "early.safetensors")
    assert {name: tensor.dtype for name, tensor in early.items()} == dict.fromkeys(untrained, np.dtype(np.float32))
    assert all(np.abs(early[name] - untrained[name]).max() > 0 for name in untrained)
    result = read_json(directory / "result.json")
    assert (result["seed"], result["steps"], result["train_images"], result["test_images"]) == (0, STEPS, 32, 6)
    assert result["images"]["sha256"] == image_set().sha256 and result["versions"]["torch"] == torch.__version__
    assert Condition.from_dict(result["condition"]) == CONDITION
    lines = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], "epoch" in line) for line in lines] == [(4, True), (8, True), (10, False), (12, True)]


@pytest.mark.parametrize("step", [0, 1, 3, 5, 8, 11])
def test_a_training_stopped_at_any_step_goes_on_to_the_same_bytes(tmp_path, undisturbed, step):
    stop_before(make_run(tmp_path), step)
    assert train(tmp_path) == undisturbed[1]


def test_the_spacing_of_checkpoints_does_not_matter(tmp_path, undisturbed):
    stop_before(make_run(tmp_path, checkpoint_every=1), 6)
    assert from_bytes(read_bytes(tmp_path / "checkpoint.safetensors"), "checkpoint")[1]["step"] == 6
    assert train(tmp_path, checkpoint_every=1000) == undisturbed[1]


KILLER = """
import os, random, signal, sys, time
sys.path.insert(0, sys.argv[1])
from tiny import make_run
make_run(sys.argv[3]).train(progress=False)  # a whole training, for its duration
durations = []
for number in range(3):  # the shortest: another process may slow a training down, and kills timed by that come after the end
    started = time.monotonic()
    make_run(f"{sys.argv[4]}-{number}").train(progress=False)
    durations.append(time.monotonic() - started)
checkpoint = os.path.join(sys.argv[2], "checkpoint.safetensors")


def written():
    return os.stat(checkpoint).st_mtime_ns if os.path.exists(checkpoint) else None


chance = random.Random(0)
for number in range(10):
    before, ended = written(), False
    child = os.fork()
    if child == 0:
        make_run(sys.argv[2], checkpoint_every=1).train(progress=False)
        os._exit(0)
    while number % 5 and written() == before and not ended:  # by steps, as another process may slow them down; two are killed earlier
        time.sleep(0.0005)
        ended = os.waitpid(child, os.WNOHANG)[0] == child
    if not ended:
        time.sleep(chance.uniform(0, min(durations) / 12))  # of 12 steps
        os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)[1] != signal.SIGKILL
    print(not ended)
make_run(sys.argv[2], checkpoint_every=1).train(progress=False)
"""


def test_kill_9_at_ten_random_times_and_the_same_bytes_at_the_end(tmp_path, undisturbed):
    places = [tmp_path / name for name in ("killed", "warm", "timed")]
    arguments = [sys.executable, "-c", KILLER, Path(__file__).parent, *places]
    ended = subprocess.run(arguments, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split().count("True") >= 4  # killed before the end
    assert trained_bytes(places[0]) == undisturbed[1]
    assert temporary_files(tmp_path) == []


def test_a_kill_between_the_last_files_is_mended(tmp_path, undisturbed):
    train(tmp_path)
    (tmp_path / "result.json").unlink()
    (tmp_path / "rest.safetensors").unlink()
    assert train(tmp_path) == undisturbed[1]


def test_leftovers_of_a_kill_are_cleared_and_other_peoples_files_are_not(tmp_path, undisturbed):
    stop_before(make_run(tmp_path), 5)
    with open(tmp_path / "log.jsonl", "a") as log:
        log.write('{"step": 5, "loss": 1.0}\n5\n{"step": "3"}\n{"step": 4, "lo')  # beyond the checkpoint; no lines of ours; cut short
    (tmp_path / "checkpoint.safetensors.abcdef01.tmp").write_text("half")
    (tmp_path / "snapshots" / "000002.safetensors.abcdef01.tmp").write_text("half")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tmp").write_text("mine")
    assert train(tmp_path) == undisturbed[1]
    assert [path.name for path in temporary_files(tmp_path)] == ["chapter.tmp"]


def test_a_finished_run_is_left_as_it_is(tmp_path):
    train(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"}
    assert make_run(tmp_path).train(progress=False) == read_json(tmp_path / "result.json")
    assert {path: path.stat().st_mtime_ns for path in before} == before


# when it cannot go on


def test_a_full_disk_is_one_line_and_the_checkpoint_stays(tmp_path, undisturbed):
    whole = (undisturbed[0] / "checkpoint.safetensors").stat().st_size
    snapshot = (undisturbed[0] / "snapshots" / "000006.safetensors").stat().st_size
    stop_before(make_run(tmp_path), 5)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    for limit, file in ((whole - 100, "checkpoint.safetensors"), (snapshot - 100, "snapshots/000006"), (10, "")):
        with disk_full_beyond(limit):
            said = f"cannot write {tmp_path}/{file}.*free some space.*run the same command again"
            fails(said, train, tmp_path, checkpoint_every=1000)
        assert (tmp_path / "checkpoint.safetensors").read_bytes() == before and temporary_files(tmp_path) == []
    with disk_full_beyond((tmp_path / "log.jsonl").stat().st_size + 10):  # amid a line of the log
        run = make_run(tmp_path)
        run._resume()
        fails(f"cannot write {tmp_path}/log.jsonl: File too large", run._log, step=5, loss=1.0)
    assert not (tmp_path / "log.jsonl").read_text().endswith("\n")
    assert train(tmp_path) == undisturbed[1]


def test_a_loss_or_weights_that_are_not_finite_stop_the_training(tmp_path, undisturbed):
    run = stop_before(make_run(tmp_path), 5)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    weights = dict(run.network.named_parameters())
    for name, value, said, call in (
        ("lateral.weight", float("inf"), "lateral.weight is no longer finite", run._save_checkpoint),
        ("l1.weight", float("nan"), "the loss became nan", lambda: run._train_step(0.01)),
        ("l1.weight", 1e6, "l1 grew beyond half precision", lambda: run._snapshot({"l1"})),
    ):
        good = weights[name].detach().clone()
        with torch.no_grad():
            weights[name].fill_(value)
        fails(f"^{said} at step 5; lower the learning rate .--peak-rate 0.025.*another --out.*is untouched$", call)
        with torch.no_grad():
            weights[name].copy_(good)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before and temporary_files(tmp_path) == []
    assert train(tmp_path) == undisturbed[1]
    fails(r"(the loss became|is no longer finite|grew beyond).*--peak-rate 500", train, tmp_path / "wild", training={"peak_rate": 1000.0})
    assert not (tmp_path / "wild" / "result.json").exists()


def test_a_damaged_checkpoint_is_never_taken_up(tmp_path):
    run = stop_before(make_run(tmp_path), 5)
    path = tmp_path / "checkpoint.safetensors"
    whole = path.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    rng = np.random.default_rng(0)
    places = [*rng.integers(0, header, 60), *rng.integers(header, len(whole), 20), len(whole) - 1]
    damaged = [whole[:place] + bytes([whole[place] ^ 1 << rng.integers(8)]) + whole[place + 1 :] for place in places]
    damaged += [whole[:cut] for cut in (0, 5, 100, header, len(whole) // 2, len(whole) - 1)] + [whole + b"\0"]
    for content in damaged:
        path.write_bytes(content)
        fails(f"{path} is damaged.*or move it away, and the same command", run._load_checkpoint, path)
    path.write_bytes(whole)
    run._load_checkpoint(path)
    tensors = read_tensors(path)
    write_tensors(path, {name: tensor for name, tensor in tensors.items() if name != "momentum.l1.weight"}, {"step": 3, "seconds": 0})
    fails("damaged", run._load_checkpoint, path)


def test_another_run_is_not_mixed_in(tmp_path):
    stop_before(make_run(tmp_path), 5)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    others = {
        "seed = 0, not 1": {"seed": 1},
        "condition.training.epochs = 3, not 4": {"training": {"epochs": 4}},
        "condition.network.cells = 4, not 5": {"network": {"cells": 5}},
        "other images.sha256": {"images": image_set(1)},
        "hardware.threads = 1, not 2": {"hardware": Hardware("cpu", "fp32", 2)},
        "hardware.precision = fp32, not bf16": {"hardware": Hardware("cpu", "bf16", 1, "fourier")},
        "hardware.lateral = fourier, not direct": {"hardware": Hardware("cpu", "fp32", 1, "direct")},
    }
    for said, changes in others.items():
        fails(f"{tmp_path} holds another run: it has {said}; .*choose another --out", train, tmp_path, **changes)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    whole = before[tmp_path / "run.json"].decode()
    for content in ("", "{", "[]", "null", "\0", whole[:-20]):
        (tmp_path / "run.json").write_text(content)
        fails(f"^{tmp_path}/run.json (is not valid JSON|holds no JSON object).*restore it, or move it away", train, tmp_path)
    for content in ("{}", whole.replace('"seed"', '"seat"')):
        (tmp_path / "run.json").write_text(content)
        fails(f"{tmp_path} holds another run: it has ", train, tmp_path)
    (tmp_path / "run.json").write_text(whole)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    (tmp_path / "run.json").unlink()
    fails("holds checkpoint.safetensors but no run.json", train, tmp_path)


@pytest.mark.parametrize(
    "name", ["log.jsonl", "early.safetensors", "rest.safetensors", "result.json", "checkpoint.safetensors", "snapshots"]
)
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_files_of_other_people_are_not_written_over(tmp_path, name, kind):
    path = tmp_path / name
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
        (path / "000000.safetensors").write_text("precious")
    else:
        path.symlink_to("elsewhere")
    before = sorted(tmp_path.rglob("*"))
    fails(f"^{tmp_path} holds {name} but no run.json.*choose another --out, or move it away$", train, tmp_path)
    assert sorted(set(tmp_path.rglob("*")) - {tmp_path / "lock"}) == before
    assert kind != "file" or path.read_text() == "precious"
    (tmp_path / "thesis").mkdir()
    if kind == "link":
        path.unlink()
        (tmp_path / "notes.txt").write_text("mine")  # a run goes beside files that it would not write
        train(tmp_path)


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "run.json", "log.jsonl"])
@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error"), OSError(116, "Stale file handle")]
)
def test_what_cannot_be_read_is_not_called_damaged(tmp_path, undisturbed, monkeypatch, name, error):
    stop_before(make_run(tmp_path), 5)
    whole, opened = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}, io.open

    def open_or_fail(file, mode="r", *arguments, **keywords):
        if "r" in mode and str(file).endswith(name):
            raise error
        return opened(file, mode, *arguments, **keywords)

    for place in ("builtins.open", "io.open"):
        monkeypatch.setattr(place, open_or_fail)
    with pytest.raises(PaperCodeError) as caught:
        train(tmp_path)
    assert str(caught.value) == f"cannot read {tmp_path / name}: {error.strerror}"
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in whole} == whole
    assert train(tmp_path) == undisturbed[1]


def test_a_checkpoint_that_is_moved_away_as_advised_lets_the_training_start_again(tmp_path, undisturbed):
    stop_before(make_run(tmp_path), 5)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    fails("is damaged.*move it away, and the same command starts this training again", train, tmp_path)
    path.rename(tmp_path / "moved")
    (tmp_path / "moved").rename(tmp_path.parent / "moved")
    assert train(tmp_path) == undisturbed[1]


@pytest.mark.parametrize("content", ["{}", "{", "", "[1]", '{"accuracy": 1}', "other seed", "other steps"])
def test_a_result_that_is_damaged_or_not_of_the_run_is_no_success_and_can_be_made_again(tmp_path, undisturbed, content):
    shutil.copytree(undisturbed[0], tmp_path, dirs_exist_ok=True)
    path = tmp_path / "result.json"
    result = json.loads(path.read_text())
    changed = {"other seed": {**result, "seed": 7}, "other steps": {**result, "steps": 7}}
    path.write_text(json.dumps(changed[content]) if content in changed else content)
    fails(f"^{path} (is not of this run|is not valid JSON|holds no JSON object).*move it away", train, tmp_path)
    path.unlink()
    assert train(tmp_path) == undisturbed[1]


def test_a_damaged_checkpoint_of_a_finished_run_does_not_matter(tmp_path, undisturbed):
    shutil.copytree(undisturbed[0], tmp_path, dirs_exist_ok=True)
    for content in (b"", b"half"):
        (tmp_path / "checkpoint.safetensors").write_bytes(content)
        assert train(tmp_path) == undisturbed[1]


def test_two_processes_do_not_train_in_one_place(tmp_path):
    with locked(tmp_path / "lock"):
        fails(f"another process is at work in {tmp_path}", train, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    train(tmp_path)


def test_places_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    fails("cannot write", train, tmp_path / "file")
    (tmp_path / "run" / "log.jsonl").mkdir(parents=True)
    fails("holds log.jsonl but no run.json", train, tmp_path / "run")


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30, 10**400, 1.5, "1", None])
def test_seeds_that_are_none(tmp_path, seed):
    fails("seed must be a whole number between 0 and", make_run, tmp_path, seed)
    assert list(tmp_path.iterdir()) == []


def test_hardware_is_checked_before_it_is_used():
    assert Hardware("cpu", "fp32", 1).resolve() == Hardware("cpu", "fp32", 1, "fourier")
    found = Hardware().resolve()
    assert found.device in ("cpu", "cuda") and found.precision in ("bf16", "fp32") and found.threads >= 1 and found.resolve() == found
    for device in ("gpu", "cuda:", "cuda:x", "meta", "cpu:0", ""):
        fails("unknown device .*choose auto, cpu, cuda", Hardware(device).resolve)
    fails("cuda|this PyTorch sees no CUDA", Hardware("cuda:99").resolve)
    fails("precision must be", Hardware(precision="fp8").resolve)
    fails("lateral must be", Hardware(lateral="winograd").resolve)
    for threads in (-1, 2**31, 10**30):
        fails("threads must be a whole number between 0 and", Hardware(threads=threads).resolve)


PROCESSORS = {  # what PyTorch says of a processor, and the precision and the way to K * h that are fast on it
    "Sapphire Rapids": ({"avx512_bf16": True, "amx_bf16": True, "amx_tile": True}, "bf16", "direct"),
    "Zen 4": ({"avx512_bf16": True, "amx_bf16": False, "amx_tile": False}, "bf16", "fourier"),
    "Skylake": ({"avx512_f": True}, "fp32", "fourier"),
    "ARM": ({}, "fp32", "fourier"),
}


@pytest.mark.parametrize("processor", PROCESSORS)
def test_precision_and_way_are_those_that_are_fast_on_the_processor(monkeypatch, processor):
    capabilities, precision, way = PROCESSORS[processor]
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert Hardware("cpu").resolve() == Hardware("cpu", precision, torch.get_num_threads(), way)
    assert Hardware("cpu", "fp32").resolve().lateral == "fourier"  # the tiles multiply bfloat16
    for asked in ("direct", "fourier"):
        assert Hardware("cpu", lateral=asked).resolve().lateral == asked


@pytest.mark.parametrize("begun", [Hardware("cpu", "bf16", 1, "direct"), Hardware("cpu", "fp32", 1, "direct"), Hardware("cpu", "bf16", 1)])
def test_a_run_goes_on_as_it_was_begun_on_another_processor(tmp_path, monkeypatch, begun):
    short = {"training": {"epochs": 1}}
    expected = train(tmp_path / "whole", hardware=begun, **short)
    stop_before(make_run(tmp_path / "moved", hardware=begun, checkpoint_every=1, **short), 2)
    begun = begun.resolve()  # here, where it began, and not on the processor that takes over
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    torch.set_num_threads(1)
    run = make_run(tmp_path / "moved", hardware=Hardware(), **short)
    assert run.hardware == begun and "here it would be" in run.kept and "device" not in run.kept
    run.train(progress=False)
    assert trained_bytes(tmp_path / "moved") == expected
    fails(
        f"hardware.precision = {begun.precision}, not",
        train,
        tmp_path / "moved",
        hardware=replace(begun, precision={"bf16": "fp32", "fp32": "bf16"}[begun.precision]),
        **short,
    )
    assert make_run(tmp_path / "new", hardware=replace(HARDWARE, lateral="auto")).kept == ""


def test_a_run_goes_on_with_the_threads_that_it_was_begun_with(tmp_path):
    threads = torch.get_num_threads()
    make_run(tmp_path, hardware=replace(HARDWARE, threads=threads + 1))._resume()
    torch.set_num_threads(threads)
    run = make_run(tmp_path, hardware=replace(HARDWARE, threads=0))
    assert run.hardware.threads == torch.get_num_threads() == threads + 1
    assert run.kept == f"threads {threads + 1} (here it would be {threads})"
    torch.set_num_threads(threads)


def test_what_this_machine_cannot_do_is_refused(tmp_path):
    stop_before(make_run(tmp_path), 5)
    run = json.loads((tmp_path / "run.json").read_text())
    for changes in ({"device": "cuda:77"}, {"precision": "fp8"}, {"threads": 10**30}, {"lateral": None}):
        (tmp_path / "run.json").write_text(json.dumps({**run, "hardware": {**run["hardware"], **changes}}))
        said = f"holds another run: it has hardware.{next(iter(changes))} = "
        fails(said, train, tmp_path, hardware=Hardware(precision="fp32", threads=1))
    for hardware in (3, None, [1], {"device": 5}, {"device": None}):
        (tmp_path / "run.json").write_text(json.dumps({**run, "hardware": hardware}))
        fails("holds another run: it has ", train, tmp_path, hardware=Hardware())


def test_the_plan_is_the_same_under_any_line_endings_and_another_plan_is_another_run(tmp_path, monkeypatch):
    stop_before(make_run(tmp_path / "run"), 5)
    plan = tmp_path / "plan.toml"
    monkeypatch.setattr(plan_module, "FILE", plan)
    fails(f"cannot read .*{plan}: .*install", plan_sha256)
    found = set()
    for content in (b"[rings]\nfar = [10.5, 18]\n", b"[rings]\r\nfar = [10.5, 18]\r\n"):
        plan.write_bytes(content)
        found.add(plan_sha256())
    assert found == {hashlib.sha256(b"[rings]\nfar = [10.5, 18]\n").hexdigest()}
    fails("holds another run: it has other plan;", train, tmp_path / "run")


EXCITATORY = {"lateral_sign": "excitatory"}


def test_an_excitatory_k_is_never_negative_and_goes_on_to_the_same_bytes(tmp_path):
    whole = make_run(tmp_path / "whole", network=EXCITATORY, training={"peak_rate": 0.5})
    free = make_run(tmp_path / "free", training={"peak_rate": 0.5})
    with torch.no_grad():
        free.network.load_state_dict(whole.network.state_dict())
    take, lowest = whole._train_step, []
    whole._train_step = lambda rate: (take(rate), lowest.append(whole.network.lateral.weight.min().item()))[0]
    free._train_step(0.3), make_run(tmp_path / "one", network=EXCITATORY)._train_step(0.3)
    assert free.network.lateral.weight.min() < 0  # the step itself would leave the sign
    whole.train(progress=False)
    assert len(lowest) == STEPS and min(lowest) == 0  # clamped, not kept away
    expected = trained_bytes(tmp_path / "whole")
    for file in [tmp_path / "whole" / "early.safetensors", *(tmp_path / "whole" / "snapshots").iterdir()]:
        assert read_tensors(file).get("K", np.zeros(1)).min() >= 0
    for step in (1, 5, 8):
        stop_before(make_run(tmp_path / str(step), network=EXCITATORY, training={"peak_rate": 0.5}, checkpoint_every=1), step)
        assert train(tmp_path / str(step), network=EXCITATORY, training={"peak_rate": 0.5}) == expected


def test_an_excitatory_step_is_the_reference_s_step_clamped(tmp_path):
    run, free = (make_run(tmp_path / name, network=network) for name, network in (("run", EXCITATORY), ("free", {})))
    free.network.load_state_dict(run.network.state_dict())
    assert run._train_step(0.3) == free._train_step(0.3)
    for (name, found), expected in zip(run.network.named_parameters(), free.network.parameters(), strict=True):
        assert torch.equal(found, expected.clamp(min=0) if name == "lateral.weight" else expected), name


IMPOSSIBLE = {
    "epochs": [0, 10**30, 1.5, True],
    "batch": [1, 10**30, "8"],
    "peak_rate": [0.0, math.nan, math.inf, 1e300],
    "warm_up": [1.0, -0.1],
    "momentum": [0.0, 1.0],
    "label_smoothing": [1.0],
    "shift": [-1, 64],
    "flip": [1],
    "rotation": [-1.0, 181.0, math.nan],
    "labels": ["wrong", "x" * 5000],
    "decay_l0": [10**400],
    "decay_l1": [-0.1],
    "decay": [1e300, math.nan],
    "snapshots": [10**9, -1],
    "lateral_snapshots": [600],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in IMPOSSIBLE for value in IMPOSSIBLE[name]], ids=short)
def test_a_recipe_that_cannot_be_is_refused(name, value):
    with pytest.raises(PaperCodeError, match=f"^{name} must be") as caught:
        replace(TRAINING, **{name: value})
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_numbers_that_python_does_not_write_are_refused_too(tmp_path):
    for change in ({"epochs": 10**5000}, {"decay": 10**5000}):
        fails("not a number of thousands of digits", replace, TRAINING, **change)
    fails("not a number of thousands of digits", make_run, tmp_path, 10**5000)


def test_the_limits_of_the_recipe_train(tmp_path):
    limits = {"lateral_snapshots": 20, "snapshots": 1000, "batch": 1_000_000, "shift": 63, "warm_up": 0.99, "rotation": 180}
    assert make_run(tmp_path, training=limits).train(progress=False)["steps"] == 3


def test_memory_is_counted_before_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "Network", None)  # nothing is built
    for change in ({"network": {"cells": 8192, "lateral_size": 3, "stride": 1}}, {"network": {"cells": 1000, "lateral_size": 31}}):
        monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 10**5, "SC_PAGE_SIZE": 4096}.get)
        fails("needs more than .* GB of memory, and this machine has 0 GB; choose a smaller --batch", make_run, tmp_path, **change)


def test_a_condition_of_another_version_is_refused():
    values = CONDITION.as_dict()
    for change in ({"network": {}}, {"network": None}, {"training": {"speed": 1}}, {"colour": 1}):
        fails("not a condition of this version", Condition.from_dict, {**values, **change})
    fails("not a condition of this version", Condition.from_dict, {})


def test_mixed_precision_goes_on_to_the_same_bytes_too(tmp_path):
    hardware = replace(HARDWARE, precision="bf16")
    expected = train(tmp_path / "whole", training={"epochs": 1}, hardware=hardware)
    stop_before(make_run(tmp_path / "stopped", training={"epochs": 1}, hardware=hardware, checkpoint_every=1), 2)
    assert train(tmp_path / "stopped", training={"epochs": 1}, hardware=hardware) == expected
    assert expected["early.safetensors"] != train(tmp_path / "single", training={"epochs": 1})["early.safetensors"]
