"""Laws of weights on disk: what comes back is what was trained, and anything else is refused in one line."""

import copy
import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from markdown_it import MarkdownIt
from tiny import STEPS, TRAINING, command, disk_full_beyond, fails, image_set, make_run, temporary_files

from paper_code import weights
from paper_code.core.files import digest, from_bytes, locked, read_json, read_tensors, sha256, write_json, write_tensors
from paper_code.core.text import markdown_table, plain
from paper_code.network.layers import EarlyLayers, perturbed
from paper_code.network.model import Network
from paper_code.report import provenance
from paper_code.training.conditions import snapshot_steps
from paper_code.weights import load_early, load_network, load_snapshots, read_log, verify
from paper_code.weights.collect import collect, read_result


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
            np.testing.assert_array_equal(getattr(start, name), getattr(kept, name))
        assert min(int(name.partition("/")[0]) for name in read_tensors(directory / f"tiny/seed-{seed}.snapshots.safetensors")) > 0
        first = read_tensors(runs[seed].directory / "snapshots" / "000000.safetensors")
        for name in ("l0", "l1", "K"):
            np.testing.assert_array_equal(getattr(start, name).astype(np.float16), first[name])
    assert not np.array_equal(weights.initial_early("tiny", 0, directory).K, weights.initial_early("tiny", 1, directory).K)


def test_seeds_log_and_verify(trained):
    runs, directory = trained
    assert weights.seeds("tiny", directory) == [0, 1]
    assert read_log("tiny", 0, directory)[-1]["step"] == STEPS
    assert verify(directory) == 8


def test_equal_tensors_give_equal_bytes_whatever_their_order(tmp_path):
    a, b = np.arange(6.0).reshape(2, 3), np.arange(4, dtype=np.float16)
    metadata = {"step": 3, "z": [1], "a": 0.5}
    write_tensors(tmp_path / "1", {"a": a, "b": b}, metadata)
    write_tensors(tmp_path / "2", {"b": b, "a": np.asfortranarray(a)}, dict(reversed(metadata.items())))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert from_bytes((tmp_path / "1").read_bytes(), "1")[1] == metadata
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
    assert len({digest(*one) for one in known}) == len(known)
    assert digest({"a": a, "b": a}, {}) == digest({"b": a, "a": a.copy()}, {})


# collecting


def contents(directory):
    """Every file of a folder but its lock."""
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file() and path.name != ".lock"}


def kinds(path):
    return {name: str(tensor.dtype) for name, tensor in read_tensors(path).items()}


def test_collecting_again_changes_nothing_and_keeps_the_others(trained, store):
    before = contents(store)
    assert collect([trained[0][0].directory], store) == ["tiny/seed-0"]
    assert contents(store) == before


@pytest.mark.parametrize(
    ("preset", "halved", "files"),
    [("exact", (), 4), ("full", ("K",), 4), ("measured", ("K",), 2), ("light", ("l0", "l1", "K"), 2)],
)
def test_a_preset_rounds_its_layers_by_a_known_share_and_keeps_its_files(trained, tmp_path, preset, halved, files):
    runs, directory = trained
    assert collect([runs[0].directory], tmp_path / "once", preset) == ["tiny/seed-0"] and verify(tmp_path / "once") == files
    exact, kept = load_early("tiny", 0, directory), load_early("tiny", 0, tmp_path / "once")
    for name in ("l0", "l1", "K", "l1_gain", "l1_offset"):
        error = np.abs(getattr(kept, name) - getattr(exact, name))
        assert (error <= np.maximum(5e-4 * np.abs(getattr(exact, name)), 3e-8)).all() and (error.max() > 0) == (name in halved)
    path = tmp_path / "once" / "tiny" / "seed-0.safetensors"
    assert kinds(path) == {name: "float16" if name in halved else "float32" for name in ("l0", "l1", "K", "l1_gain", "l1_offset")}
    np.testing.assert_array_equal(weights.initial_early("tiny", 0, tmp_path / "once").K, weights.initial_early("tiny", 0, directory).K)
    if files == 4:
        network = load_network("tiny", 0, tmp_path / "once")
        assert all(tensor.dtype == torch.float32 for name, tensor in network.state_dict().items() if "num_batches" not in name)
        np.testing.assert_array_equal(network.lateral.weight.detach().numpy(), kept.K)
        assert len(load_snapshots("tiny", 0, tmp_path / "once")) == len(load_snapshots("tiny", 0, directory))
    else:
        fails("lists no rest file", load_network, "tiny", 0, tmp_path / "once")
    store = shutil.copytree(directory, tmp_path / "later")  # in the place of the exact ones they are the same
    assert collect([run.directory for run in runs], store, preset, replace=True) == ["tiny/seed-0", "tiny/seed-1"]
    assert verify(store) == 2 * files == len(contents(store)) - 1
    assert contents(store)[store / "tiny" / "seed-0.safetensors"] == path.read_bytes()
    assert weights.entry("tiny", 0, store) == weights.entry("tiny", 0, tmp_path / "once")


def test_weights_beyond_half_precision_are_not_rounded(trained, tmp_path):
    run = shutil.copytree(trained[0][0].directory, tmp_path / "run")
    early = read_tensors(run / "early.safetensors")
    write_tensors(run / "early.safetensors", {**early, "l1": early["l1"] + np.float32(1e5)})
    fails("beyond half precision; keep them exact", collect, [run], tmp_path / "data", "light")
    assert not (tmp_path / "data").exists()


def test_a_listed_network_changes_only_where_that_is_asked_for(trained, store, tmp_path):
    run, other, before = trained[0][0].directory, trained[0][1].directory, contents(store)
    for preset in ("full", "measured", "light"):
        fails("has other files than tiny/seed-. has; add --replace", collect, [other, run], store, preset)
    again = make_run(tmp_path / "again", training={"peak_rate": TRAINING.peak_rate * 1.01})  # another network
    again.train(progress=False)
    for name in ("run.json", "result.json"):
        shutil.copy(run / name, again.directory)
    fails("has other files than tiny/seed-0", collect, [again.directory], store)
    assert contents(store) == before
    collect([again.directory], store, replace=True)
    assert verify(store) == 8 and contents(store) != before
    collect([run], store, "measured", replace=True)
    assert verify(store) == 6 == len(contents(store)) - 1
    assert collect([run], store, replace=True) == ["tiny/seed-0"] and contents(store) == before


def test_a_listed_file_that_is_gone_or_damaged_is_no_loss(trained, store):
    before = contents(store)
    (store / "tiny" / "seed-0.rest.safetensors").unlink()
    (store / "tiny" / "seed-0.safetensors").write_bytes(b"nothing")
    assert collect([trained[0][0].directory], store) == ["tiny/seed-0"] and contents(store) == before


def test_a_collect_of_several_is_refused_as_a_whole(trained, tmp_path):
    """A is listed; B is another training of its seed, C another seed with A's settings."""
    runs = [make_run(tmp_path / "B", 0, training={"epochs": 2}), make_run(tmp_path / "C", 1)]
    for run in runs:
        run.train(progress=False)
    collect([trained[0][0].directory], tmp_path / "W")
    before = contents(tmp_path / "W")
    for replacing in (False, True):
        fails("tiny/seed-", collect, [run.directory for run in runs], tmp_path / "W", "exact", replacing)
        assert contents(tmp_path / "W") == before and verify(tmp_path / "W") == 4


def everything(directory, call):
    """Whether a call on weights leaves them as they were, whole."""
    before = contents(directory)
    failed = call()
    assert contents(directory) == before and verify(directory) == 8 and temporary_files(directory) == []
    return failed


def test_a_full_disk_at_any_moment_leaves_the_weights_as_they_were(trained, store):
    runs = [run.directory for run in trained[0]]
    sizes = sorted({len(content) for content in contents(store).values()})
    for size in [0, *(size - 1 for size in sizes[:-1])]:

        def on_a_full_disk(size=size):
            with disk_full_beyond(size):
                fails("cannot write", collect, runs, store, "full", True)

        everything(store, on_a_full_disk)


def test_the_same_command_mends_what_a_kill_between_two_renames_left(trained, store):
    runs = [run.directory for run in trained[0]]
    for moment in range(100):
        copy = shutil.copytree(store, store.parent / f"copy-{moment}")
        child = os.fork()
        if child == 0:
            calls, rename = iter(range(1000)), os.replace
            os.replace = lambda *places: os._exit(9) if next(calls) == moment else rename(*places)  # noqa: B023
            collect(runs, copy, "measured", replace=True)
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert (copy / "manifest.json").is_file()
        collect(runs, copy, "measured", replace=True)
        assert verify(copy) == 4 and temporary_files(copy) == []
        if not killed:
            break
    assert moment == 5  # of each network the layers and the log, and the manifest


def test_two_at_once_are_refused(trained, store):
    with locked(store / ".lock"):
        everything(store, lambda: fails("another process", collect, [trained[0][0].directory], store))


# what is refused


def other_rest(run, trained):
    shutil.copy(trained[0][1].directory / "rest.safetensors", run)


def edit_tensors(name, change):
    def edit(run, trained):
        tensors = read_tensors(run / name)
        write_tensors(run / name, change(tensors) or tensors)

    return edit


def edit_text(name, change):
    def edit(run, trained):
        (run / name).write_text(change((run / name).read_text()))

    return edit


DAMAGED_RUNS = {
    "unfinished": ("no finished run", lambda run, trained: (run / "result.json").unlink()),
    "no place": ("no finished run", lambda run, trained: shutil.rmtree(run)),
    "half a result": ("not valid JSON", edit_text("result.json", lambda text: text[:100])),
    "empty result": ("result.json: condition: field required", edit_text("result.json", lambda text: "{}")),
    "a name that leads away": ("result.json: condition.name", edit_text("result.json", lambda text: text.replace('"tiny"', '"../../x"'))),
    "another's result": ("of different runs", edit_text("result.json", lambda text: text.replace('"seed": 0', '"seed": 7'))),
    "no run.json": ("there is no file .*run.json", lambda run, trained: (run / "run.json").unlink()),
    "empty run.json": ("run.json: condition: field required", edit_text("run.json", lambda text: "{}")),
    "another's run.json": ("of different runs", edit_text("run.json", lambda text: text.replace('"seed": 0', '"seed": 7'))),
    "no early layers": ("there is no file", lambda run, trained: (run / "early.safetensors").unlink()),
    "no l1_gain": ("without l1_gain", edit_tensors("early.safetensors", lambda tensors: tensors.pop("l1_gain") is None)),
    "no K": ("do not fit", edit_tensors("early.safetensors", lambda tensors: {k: v for k, v in tensors.items() if k != "K"})),
    "no rest": ("there is no file", lambda run, trained: (run / "rest.safetensors").unlink()),
    "empty rest": ("not a whole safetensors", lambda run, trained: (run / "rest.safetensors").write_bytes(b"")),
    "foreign rest": ("of different networks", other_rest),
    "foreign gain": ("of different networks", edit_tensors("early.safetensors", lambda t: {**t, "l1_gain": t["l1_gain"] * 2})),
    "wide rest": ("do not fit", edit_tensors("rest.safetensors", lambda t: {**t, "readout.bias": np.zeros(9, np.float32)})),
    "strange rest": ("do not fit", edit_tensors("rest.safetensors", lambda t: {**t, "x": np.zeros(9, np.float32)})),
    "no snapshots": ("there is no file .*000000", lambda run, trained: shutil.rmtree(run / "snapshots")),
    "snapshot without l1": ("does not hold the layers", edit_tensors("snapshots/000001.safetensors", lambda t: {"l0": t["l0"]})),
    "start without K": ("does not hold the layers", edit_tensors("snapshots/000000.safetensors", lambda t: {"l1": t["l1"]})),
    "no log": ("there is no file .*log.jsonl", lambda run, trained: (run / "log.jsonl").unlink()),
    "log without end": ("not go to the end", edit_text("log.jsonl", lambda text: text.splitlines()[0] + "\n")),
    "half a line": ("line . of .*log.jsonl is not whole", edit_text("log.jsonl", lambda text: text[:-20])),
    "log of numbers": ("line 1 of", edit_text("log.jsonl", lambda text: "1\n" + text)),
    "empty log": ("not go to the end", edit_text("log.jsonl", lambda text: "")),
}


@pytest.mark.parametrize("name", DAMAGED_RUNS)
def test_a_damaged_run_leaves_the_weights_as_they_are(trained, store, tmp_path, name):
    said, change = DAMAGED_RUNS[name]
    run = shutil.copytree(trained[0][0].directory, tmp_path / "run")
    change(run, trained)
    other = trained[0][1].directory
    everything(store, lambda: fails(said, collect, [other, run], store, "exact", True))
    fails(said, collect, [run], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def faults(value, path=()):
    """Every way to spoil one field of a record: (its path, what to do)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if "versions" not in path:  # which packages there were is free
                yield (*path, key), "drop"
            for other in (None, [1], "<b>", -1.5, True):
                if type(other) is not type(inner) and not (other is True and isinstance(inner, bool)):
                    yield (*path, key), other
            yield from faults(inner, (*path, key))


def spoiled(record, path, other):
    record = copy.deepcopy(record)
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    if other == "drop":
        del inner[path[-1]]
    else:
        inner[path[-1]] = other
    return record


# A network that was trained before there was a plan, or more than one way to K * h, does not have these.
OPTIONAL = tuple((path, other) for path in (("plan",), ("hardware", "lateral")) for other in ("drop", None))
OPTIONAL += (("accuracy",), None), (("accuracy_noise_free",), None)  # without test images there are none


def test_no_field_of_result_json_may_be_lost_or_of_another_kind(trained, tmp_path):
    run = shutil.copytree(trained[0][0].directory, tmp_path / "run")
    result = read_json(run / "result.json")
    for path, other in faults(result):
        if (path, other) in OPTIONAL:
            continue
        write_json(run / "result.json", spoiled(result, path, other))
        fails(f"{run / 'result.json'}: ", read_result, run)
    write_json(run / "result.json", result)
    assert read_result(run) == result


def test_no_field_of_the_manifest_may_be_lost_or_of_another_kind(store):
    content = read_json(store / "manifest.json")
    listed = content["networks"]["tiny/seed-1"]
    number = 0
    for path, other in faults(listed):
        if (path, other) in (*OPTIONAL, (("files", "rest"), "drop"), (("files", "snapshots"), "drop"), (("files", "log"), "drop")):
            continue
        write_json(store / "manifest.json", {"networks": {**content["networks"], "tiny/seed-1": spoiled(listed, path, other)}})
        fails(f"{store / 'manifest.json'}: .*; restore it", weights.manifest, store)
        number += 1
    assert number > 200
    optional = {**listed, "plan": "0" * 64, "hardware": {**listed["hardware"], "lateral": "fourier"}, "of a later version": 1}
    write_json(store / "manifest.json", {"networks": {**content["networks"], "tiny/seed-1": optional}})
    assert weights.entry("tiny", 1, store) == optional
    for path, other in ((("plan",), "nonsense"), (("hardware", "lateral"), "<script>"), (("hardware", "lateral"), 3)):
        write_json(store / "manifest.json", {"networks": {"tiny/seed-1": spoiled(optional, path, other)}})
        fails(path[-1], weights.manifest, store)


HOSTILE = "<script>alert(1)</script>"
MANIFESTS = {
    "empty file": lambda content: "",
    "half": lambda content: json.dumps(content)[:500],
    "a list": lambda content: "[]",
    "an empty object": lambda content: "{}",
    "a list of networks": lambda content: '{"networks": []}',
    "no network": lambda content: '{"networks": {}}',
    "a seed in letters": lambda content: edited(content, key="reference/seed-abc"),
    "a seed in two ways": lambda content: edited(content, key="reference/seed-00"),
    "another's key": lambda content: edited(content, key="no-l0/seed-0"),
    "a key that leads away": lambda content: edited(content, key="../reference/seed-0"),
    "a page in a name": lambda content: edited(content, images={**content["networks"]["reference/seed-0"]["images"], "name": HOSTILE}),
    "a hash in capitals": lambda content: edited(content, "sha256", "A" * 64),
    "a place outside": lambda content: edited(content, "path", "../early.safetensors"),
    "an absolute place": lambda content: edited(content, "path", "/etc/passwd"),
    "a place of Windows": lambda content: edited(content, "path", "..\\early.safetensors"),
    "another's place": lambda content: edited(content, "path", "reference/seed-1.safetensors"),
    "NaN": lambda content: edited(content, image_mean=float("nan")),
}


def edited(content, field=None, value=None, key="reference/seed-0", **changes):
    """A manifest with one network whose entry, or the field of its early file, is changed."""
    listed = {**content["networks"]["reference/seed-0"], **changes}
    if field:
        listed = spoiled(listed, ("files", "early", field), value)
    return json.dumps({"networks": {key: listed}})


@pytest.mark.parametrize("name", MANIFESTS)
def test_every_command_refuses_a_damaged_manifest_in_one_line(tmp_path, monkeypatch, capsys, name):
    shutil.copytree(weights.DIRECTORY / "reference", tmp_path / "reference", copy_function=os.link)
    (tmp_path / "manifest.json").write_text(MANIFESTS[name](read_json(weights.DIRECTORY / "manifest.json")))
    monkeypatch.setattr("paper_code.weights.DIRECTORY", tmp_path)
    before = contents(tmp_path)
    for words in (
        ["weights", "list"],
        ["weights", "verify"],
        ["analyse", "reference/seed-0", "--out", str(tmp_path / "report")],
        ["picture", str(tmp_path / "x.png")],
        ["robustness", "--out", str(tmp_path / "x.json")],
    ):
        status, out, err = command(monkeypatch, capsys, *words)
        assert (status, out, err.count("\n")) == (1, "", 1), err
        assert err.startswith("error: ") and "manifest.json" in err
    for reader in (provenance.network_rows, provenance.image_sets, lambda: weights.seeds("reference")):
        fails("manifest.json", reader)
    assert contents(tmp_path) == before


def test_text_from_a_file_is_text_on_the_page():
    texts = [HOSTILE, "`a`", "a|b", "**a** _b_", "[a](javascript:b)", "![a](b)", "$x$", "{{ a }}", "&lt;", "a\nb", "~~a~~", "<x@y.z>"]
    for text in texts:
        page = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown_table(["a"], [[plain(text)]]))
        shown = re.search("<td>(.*)</td>", page)[1]
        assert "<" not in shown and html.unescape(shown) == " ".join(text.split())


def test_reading_that_fails_is_not_called_damage(store, monkeypatch):
    refuse = PermissionError(13, "Permission denied")
    for broken in ("read_bytes", "stat"):
        holder = os if broken == "stat" else Path
        real = getattr(holder, broken)

        def fail(path, *_, real=real, **keywords):
            if str(path).endswith("seed-0.safetensors"):
                raise refuse
            return real(path, **keywords)

        with monkeypatch.context() as patched:
            patched.setattr(holder, broken, fail)
            for reader in (verify, lambda directory: load_early("tiny", 0, directory)):
                fails("cannot read .*seed-0.safetensors: Permission denied$", reader, store)


def test_what_never_ends_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        fails("no regular file", read_tensors, path)


def test_the_mend_that_is_advised_mends(store):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=b", *words], cwd=store, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "weights")
    path = store / "tiny" / "seed-0.log.jsonl"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    fails(f"{path} is not the file .*: move it away, then .*'git checkout -- {path}'", verify, store)
    path.rename(store.parent / "away")
    git("checkout", "--", str(path))
    assert verify(store) == 8


def test_a_condition_without_networks_is_named(store):
    fails("no network of the condition reference in .*, which has tiny; collect .*PAPER_CODE_WEIGHTS", weights.seeds, "reference", store)
    assert weights.seeds("reference", store, needed=False) == [] and weights.seeds("tiny", store) == [0, 1]


def test_a_lost_manifest_is_named(store, tmp_path):
    (store / "manifest.json").unlink()
    for place in (store, tmp_path / "nowhere"):
        for reader in (verify, read_all):
            fails("there is no .*manifest.json; .*PAPER_CODE_WEIGHTS", reader, place)


def test_an_unknown_network_is_answered_with_those_that_there_are(store):
    for name, seed in (("tiny", 5), ("large", 0)):
        for reader in (load_early, load_snapshots, load_network, read_log):
            there = "tiny/seed-0, tiny/seed-1" if name == "tiny" else "tiny"
            fails(f"no weights of {name}/seed-{seed}; the manifest lists {there}$", reader, name, seed, store)
    content = read_json(store / "manifest.json")
    del content["networks"]["tiny/seed-0"]["files"]["rest"]
    write_json(store / "manifest.json", content)
    fails("lists no rest file of tiny/seed-0", load_network, "tiny", 0, store)


@pytest.mark.parametrize("kind", ["early", "snapshots", "rest", "log"])
def test_a_flipped_byte_or_a_lost_file_is_found(store, kind):
    path = store / weights.entry("tiny", 0, store)["files"][kind]["path"]
    whole = path.read_bytes()
    for place in (0, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        for reader in (verify, read_all):
            fails(f"{path} is .*not the file that was listed.*restore it", reader, store)
    path.unlink()
    for reader in (verify, read_all):
        fails(f"{path}.*", reader, store)
    load_early("tiny", 1, store)  # the other is whole


def test_tensors_of_another_shape_are_refused(store):
    content = read_json(store / "manifest.json")
    listed = content["networks"]["tiny/seed-0"]["files"]["early"]
    path = store / listed["path"]
    good = read_tensors(path)
    for name, shape in (("l0", (7, 5)), ("l1", (4, 9)), ("l1", (5, 9, 9)), ("K", (4, 3, 7, 7)), ("K", (4, 4, 7)), ("l1_gain", (3,))):
        write_tensors(path, {**good, name: np.zeros(shape, np.float32)})
        listed |= {"sha256": sha256(path), "bytes": path.stat().st_size}
        write_json(store / "manifest.json", content)
        fails("early layers with .* of shape", load_early, "tiny", 0, store)
        fails("early layers with .* of shape", load_network, "tiny", 0, store)
    write_tensors(path, {name: tensor for name, tensor in good.items() if name != "l1"})
    fails("early layers without l1;", EarlyLayers.from_tensors, read_tensors(path))


def test_files_that_hold_no_weights_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    fails("there is no file", read_tensors, path)
    for content in (b"", b"hello", b"\xff" * 100, b"\x02" + bytes(7) + b"[]"):
        path.write_bytes(content)
        fails("is not a whole safetensors file", read_tensors, path)
    for value in (np.nan, np.inf, -np.inf):
        write_tensors(path, {"l1": np.array([0, value], np.float16)})
        fails("tensor l1 holds values that are not finite", read_tensors, path)
    path.write_bytes(safetensors.numpy.save({"l1": np.ones(2)}).replace(b"F64", b"U64"))
    read_tensors(path)
    path.write_bytes(safetensors.numpy.save({"l1": np.ones(2, np.float16)}).replace(b"F16 ", b"BF16").replace(b'"F16"', b'"BF16"'))
    fails("of a type that NumPy lacks|not a whole", read_tensors, path)
    path.write_bytes(safetensors.numpy.save({"l1": np.ones(2)}, {"paper_code": "{"}))
    fails("is not a whole safetensors file", read_tensors, path)


@pytest.mark.parametrize("setting", ["abc", "1:x", "-1", "1:", "1:2:3"])
def test_noise_that_is_none_is_refused(setting, monkeypatch):
    monkeypatch.setenv("PAPER_CODE_PERTURB", setting)
    fails("PAPER_CODE_PERTURB is .*it is a seed", perturbed, {"l1": np.ones(2)})


def test_kinds_of_files_are_named_alone_or_together():
    assert weights.shipped("reference", "rest") == weights.shipped("reference", ("rest",)) != []
    fails("there are no nonsense files; choose among", weights.shipped, "reference", "nonsense")
