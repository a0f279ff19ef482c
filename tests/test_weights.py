"""Laws of weights on disk: what comes back is what was trained, and anything else is refused in one line."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
import torch
from tiny import CONDITION, STEPS, TRAINING, disk_full_beyond, image_set, make_run, temporary_files

from paper_code import weights
from paper_code.errors import PaperCodeError
from paper_code.files import read_json, sha256, write_json
from paper_code.network import Network
from paper_code.training import snapshot_steps
from paper_code.weights import EarlyLayers, collect, load_early, load_network, load_snapshots, read_log, read_tensors, verify, write_tensors


def fails(match, call, *arguments, **keywords):
    with pytest.raises(PaperCodeError, match=match) as caught:
        call(*arguments, **keywords)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two finished runs, the networks at their end, and what was collected from them."""
    top = tmp_path_factory.mktemp("weights")
    runs = [make_run(top / f"run-{seed}", seed) for seed in (0, 1)]
    for run in runs:
        run.train(progress=False)
    assert collect([run.directory for run in runs], top / "data") == ["tiny/seed-0", "tiny/seed-1"]
    return runs, top / "data"


@pytest.fixture
def store(trained, tmp_path):
    """A copy of the collected weights, to be damaged."""
    return shutil.copytree(trained[1], tmp_path / "weights")


def read_all(directory):
    """Everything that the package reads of seed 0."""
    load_early("tiny", 0, directory)
    load_snapshots("tiny", 0, directory)
    load_network("tiny", 0, directory)
    read_log("tiny", 0, directory)


# what comes back


def test_the_network_comes_back_as_it_was_trained(trained):
    runs, directory = trained
    images = torch.randn(3, 1, 64, 64)
    for run in runs:
        back = load_network("tiny", run.seed, directory)
        assert not back.training and back.config == run.condition.network
        for name, tensor in run.network.state_dict().items():
            assert torch.equal(back.state_dict()[name], tensor), name
        with torch.no_grad():
            expected = run.network.eval()(images, torch.Generator().manual_seed(1))
            torch.testing.assert_close(back(images, torch.Generator().manual_seed(1)), expected, atol=1e-6, rtol=1e-5)


def test_early_layers_are_readable_without_the_package(trained):
    runs, directory = trained
    for run in runs:
        plain = safetensors.numpy.load_file(directory / "tiny" / f"seed-{run.seed}.safetensors")
        assert {name: (tensor.shape, str(tensor.dtype)) for name, tensor in plain.items()} == {
            "l0": ((7, 7), "float32"),
            "l1": ((4, 9, 9), "float32"),
            "K": ((4, 4, 7, 7), "float32"),
            "l1_gain": ((4,), "float32"),
            "l1_offset": ((4,), "float32"),
        }
        early = load_early("tiny", run.seed, directory)
        for name, tensor in plain.items():
            np.testing.assert_array_equal(getattr(early, name), tensor)
        np.testing.assert_array_equal(early.K, run.network.lateral.weight.detach().numpy())  # target first, not mirrored
        np.testing.assert_array_equal(early.l1, run.network.l1.weight.detach().numpy()[:, 0])
    listed = json.loads((directory / "manifest.json").read_text())["networks"]["tiny/seed-1"]
    assert listed["seed"] == 1 and listed["images"]["sha256"] == image_set().sha256 and listed["steps"] == STEPS
    assert {"condition", "versions", "wall_seconds", "accuracy", "accuracy_noise_free"} <= set(listed)


def test_receptive_fields_are_the_convolution_of_l1_and_l0():
    rng = np.random.default_rng(0)
    tensors = {"l0": rng.standard_normal((3, 3)), "l1": rng.standard_normal((2, 5, 5)), "l1_gain": np.ones(2), "l1_offset": np.zeros(2)}
    fields = EarlyLayers.from_tensors(tensors).receptive_fields
    expected = np.zeros((2, 7, 7))
    for row in range(3):
        for column in range(3):
            expected[:, row : row + 5, column : column + 5] += tensors["l0"][row, column] * tensors["l1"]
    np.testing.assert_allclose(fields, expected, atol=1e-12)
    del tensors["l0"]
    np.testing.assert_array_equal(EarlyLayers.from_tensors(tensors).receptive_fields, tensors["l1"])


def test_snapshots_start_at_the_untrained_network_and_come_in_order(trained):
    runs, directory = trained
    snapshots = load_snapshots("tiny", 1, directory)
    steps, lateral = snapshot_steps(STEPS, TRAINING)
    assert [one.step for one in snapshots] == sorted(steps)
    assert [one.step for one in snapshots if one.K is not None] == sorted(lateral)
    start = Network(runs[1].condition.network, 1).early_layers()
    for name in ("l0", "l1", "K"):
        np.testing.assert_allclose(getattr(snapshots[0], name), start[name], rtol=1e-3, atol=1e-7)
    assert load_early("tiny", 1, directory).step is None


def test_the_untrained_network_is_drawn_again_without_a_snapshot(trained):
    runs, directory = trained
    for seed in (0, 1):
        start, kept = weights.initial_early("tiny", seed, directory), load_snapshots("tiny", seed, directory)[0]
        assert start.step == kept.step == 0
        for name in ("l0", "l1", "K", "l1_gain", "l1_offset"):
            np.testing.assert_array_equal(getattr(start, name).astype(np.float16), getattr(kept, name))
    assert not np.array_equal(weights.initial_early("tiny", 0, directory).K, weights.initial_early("tiny", 1, directory).K)


def test_seeds_log_and_verify(trained):
    runs, directory = trained
    assert weights.seeds("tiny", directory) == [0, 1] and weights.seeds("other", directory) == []
    assert read_log("tiny", 0, directory)[-1]["step"] == STEPS
    assert verify(directory) == 8


def test_equal_tensors_give_equal_bytes_whatever_their_order(tmp_path):
    a, b = np.arange(6.0).reshape(2, 3), np.arange(4, dtype=np.float16)
    metadata = {"step": 3, "z": [1], "a": 0.5}
    write_tensors(tmp_path / "1", {"a": a, "b": b}, metadata)
    write_tensors(tmp_path / "2", {"b": b, "a": np.asfortranarray(a)}, dict(reversed(metadata.items())))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert weights.read_metadata(tmp_path / "1") == metadata
    np.testing.assert_array_equal(read_tensors(tmp_path / "2")["a"], a)


def test_the_digest_sees_every_part():
    a = np.arange(6, dtype=np.float32)
    known = [
        ({"a": a}, {}),
        ({"b": a}, {}),
        ({"a": a[::-1]}, {}),
        ({"a": a.reshape(2, 3)}, {}),
        ({"a": a.view(np.int32)}, {}),
        ({"a": a}, {"step": 1}),
        ({"a": a, "b": a[:0]}, {}),
    ]
    assert len({weights.digest(*one) for one in known}) == len(known)
    assert weights.digest({"a": a, "b": a}, {}) == weights.digest({"b": a, "a": a.copy()}, {})


# collecting


def test_collecting_again_changes_nothing_and_keeps_the_others(trained, store):
    runs, directory = trained
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    assert collect([runs[0].directory], store) == ["tiny/seed-0"]
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def test_half_precision_rounds_filters_and_k_by_a_known_share_and_halves_the_file(trained, tmp_path):
    runs, directory = trained
    assert collect([runs[0].directory], tmp_path, ("early", "log"), half=True) == ["tiny/seed-0"] and verify(tmp_path) == 2
    full, half = load_early("tiny", 0, directory), load_early("tiny", 0, tmp_path)
    for name in ("l0", "l1", "K"):
        exact, rounded = getattr(full, name), getattr(half, name)
        assert rounded.dtype == np.float64 and not np.array_equal(exact, rounded)
        assert (np.abs(rounded - exact) <= np.maximum(5e-4 * np.abs(exact), 3e-8)).all()
    for name in ("l1_gain", "l1_offset"):
        np.testing.assert_array_equal(getattr(full, name), getattr(half, name))
    kinds = {name: str(tensor.dtype) for name, tensor in read_tensors(tmp_path / "tiny" / "seed-0.safetensors").items()}
    assert kinds == {"l0": "float16", "l1": "float16", "K": "float16", "l1_gain": "float32", "l1_offset": "float32"}
    sizes = [weights.entry("tiny", 0, place)["files"]["early"]["bytes"] for place in (directory, tmp_path)]
    assert sizes[0] - sizes[1] == pytest.approx(2 * (49 + 4 * 81 + 16 * 49), abs=16)  # the header is padded to 8 bytes
    np.testing.assert_array_equal(weights.initial_early("tiny", 0, tmp_path).K, weights.initial_early("tiny", 0, directory).K)
    fails("lists no rest file", load_network, "tiny", 0, tmp_path)


def test_weights_beyond_half_precision_are_not_collected_in_it(trained, tmp_path):
    run = shutil.copytree(trained[0][0].directory, tmp_path / "run")
    early = read_tensors(run / "early.safetensors")
    write_tensors(run / "early.safetensors", {**early, "l1": early["l1"] + np.float32(1e5)})
    fails("beyond half precision; collect the run without --light", collect, [run], tmp_path / "data", ("early", "log"), half=True)
    assert not (tmp_path / "data" / "manifest.json").exists()


def test_runs_that_cannot_be_collected_leave_the_weights_as_they_are(trained, store, tmp_path):
    runs, _ = trained
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    good = runs[0].directory

    def damaged(name, change):
        run = shutil.copytree(good, tmp_path / name)
        change(run)
        return run

    def in_result(change):
        def edit(run):
            result = read_json(run / "result.json")
            change(result)
            write_json(run / "result.json", result)

        return edit

    other = in_result(lambda result: (result["condition"]["training"].update(epochs=99), result.update(seed=7)))
    cases = [
        ("no finished run", lambda run: (run / "result.json").unlink()),
        ("not valid JSON", lambda run: (run / "result.json").write_text("{")),
        ("result.json is damaged", in_result(lambda result: result.pop("seed"))),
        ("result.json is damaged", in_result(lambda result: result["condition"].update(name="../../outside"))),
        ("there is no weights file", lambda run: (run / "early.safetensors").unlink()),
        ("not a whole safetensors", lambda run: (run / "rest.safetensors").write_bytes(b"")),
        ("cannot read .*log.jsonl", lambda run: (run / "log.jsonl").unlink()),
        ("without l1_gain", lambda run: write_tensors(run / "early.safetensors", {"l1": np.ones((2, 3, 3)), "l1_offset": np.ones(2)})),
        ("other settings or images than tiny/seed-[01]; collect it --to another directory", other),
    ]
    for number, (said, change) in enumerate(cases):
        fails(said, collect, [good, damaged(str(number), change)] if number < 8 else [damaged(str(number), change)], store)
    fails("both tiny/seed-0", collect, [good, shutil.copytree(good, tmp_path / "twin")], store)
    with disk_full_beyond(1000):
        fails("cannot write", collect, [good], store)
    assert temporary_files(store) == []
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


# what is refused


@pytest.mark.parametrize("kind", ["early", "snapshots", "rest", "log"])
def test_a_flipped_byte_or_a_lost_file_is_found(store, kind):
    path = store / weights.entry("tiny", 0, store)["files"][kind]["path"]
    whole = path.read_bytes()
    for place in (0, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        for reader in (verify, read_all):
            fails(f"{path} is .*not the file that the manifest lists.*restore it", reader, store)
    path.unlink()
    for reader in (verify, read_all):
        fails(f"{path}.*", reader, store)
    load_early("tiny", 1, store)  # the other is whole


def test_a_manifest_that_is_lost_or_damaged_is_named(store, tmp_path):
    path = store / "manifest.json"
    whole = path.read_text()
    for content in ("", "{", "[]", "{}", '{"networks": []}', '{"networks": {"tiny/seed-0": {}}}', whole.replace('"sha256"', '"sha265"')):
        path.write_text(content)
        for reader in (verify, read_all):
            fails(f"{path} (is not valid JSON|holds no JSON object|is damaged)", reader, store)
    path.unlink()
    for reader in (verify, read_all):
        fails(f"there is no {path}; .*PAPER_CODE_WEIGHTS", reader, store)
    fails("there is no", verify, tmp_path / "nowhere")


def test_a_manifest_reaches_no_file_outside_its_directory(store, tmp_path):
    secret = tmp_path / "early.safetensors"
    shutil.copy(store / "tiny" / "seed-0.safetensors", secret)
    content = read_json(store / "manifest.json")
    for name in ("../early.safetensors", str(secret), "tiny/../../early.safetensors", "..\\early.safetensors"):
        content["networks"]["tiny/seed-0"]["files"]["early"] = {"path": name, "sha256": sha256(secret), "bytes": 1}
        write_json(store / "manifest.json", content)
        for reader in (verify, read_all):
            fails("is not below its directory", reader, store)


def test_an_unknown_network_is_answered_with_those_that_there_are(store):
    for name, seed in (("tiny", 5), ("large", 0)):
        for reader in (load_early, load_snapshots, load_network, read_log):
            fails(f"no weights of {name}/seed-{seed}; the manifest lists tiny/seed-0, tiny/seed-1", reader, name, seed, store)
    content = read_json(store / "manifest.json")
    del content["networks"]["tiny/seed-0"]["files"]["rest"], content["networks"]["tiny/seed-1"]["condition"]
    write_json(store / "manifest.json", content)
    fails("lists no rest file of tiny/seed-0", load_network, "tiny", 0, store)
    fails("no condition", load_network, "tiny", 1, store)


def test_tensors_of_another_shape_are_refused(store):
    content = read_json(store / "manifest.json")
    listed = content["networks"]["tiny/seed-0"]["files"]["early"]
    path = store / listed["path"]
    good = read_tensors(path)
    for name, shape in (("l0", (7, 5)), ("l1", (4, 9)), ("l1", (5, 9, 9)), ("K", (4, 3, 7, 7)), ("K", (4, 4, 7)), ("l1_gain", (3,))):
        write_tensors(path, {**good, name: np.zeros(shape, np.float32)})
        listed["sha256"] = sha256(path)
        write_json(store / "manifest.json", content)
        fails("early layers with .* of shape", load_early, "tiny", 0, store)
        if name != "l1_gain":  # which the whole network has no use for
            fails("weights of tiny/seed-0 do not fit", load_network, "tiny", 0, store)
    write_tensors(path, {name: tensor for name, tensor in good.items() if name != "l1"})
    fails("early layers without l1;", EarlyLayers.from_tensors, read_tensors(path))


def test_files_that_hold_no_weights_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    fails("there is no weights file", read_tensors, path)
    fails("there is no weights file", read_tensors, tmp_path)
    for content in (b"", b"hello", b"\xff" * 100, b"\x02" + bytes(7) + b"[]"):
        path.write_bytes(content)
        fails("is not a whole safetensors file", read_tensors, path)
        fails("is not a whole safetensors file", weights.read_metadata, path)
    for value in (np.nan, np.inf, -np.inf):
        write_tensors(path, {"l1": np.array([0, value], np.float16)})
        fails("tensor l1 holds values that are not finite", read_tensors, path)
    path.write_bytes(safetensors.numpy.save({"l1": np.ones(2)}).replace(b"F64", b"U64"))
    read_tensors(path)
    path.write_bytes(safetensors.numpy.save({"l1": np.ones(2, np.float16)}).replace(b"F16 ", b"BF16").replace(b'"F16"', b'"BF16"'))
    fails("of a type that NumPy lacks|not a whole", read_tensors, path)
    path.write_bytes(safetensors.numpy.save({"l1": np.ones(2)}, {"paper_code": "{"}))
    fails("is not a whole safetensors file", weights.read_metadata, path)


def test_conditions_of_the_manifest_are_those_of_the_run(trained):
    listed = weights.entry("tiny", 0, trained[1])
    found = weights.Condition.from_dict(listed["condition"])
    assert found == replace(CONDITION, network=replace(CONDITION.network, classes=2))
