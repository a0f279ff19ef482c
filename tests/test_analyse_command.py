"""`analyse` as a person types it: what it reads, what it guesses, and the one line for each thing that is wrong."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tiny import command, make_run

from paper_code import weights
from paper_code.analyse import analyse
from paper_code.analyse.inputs import read_network
from paper_code.cli import _recorded
from paper_code.core.errors import PaperCodeError
from paper_code.filters.nulls import null_filters
from paper_code.weights.collect import collect

SHIPPED = Path(weights.__file__).parent.parent.parent / "data" / "weights" / "reference" / "seed-10.safetensors"


@pytest.fixture
def say(monkeypatch, capsys):
    return lambda *arguments: command(monkeypatch, capsys, "analyse", *arguments)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    filters = null_filters(7, "smooth", 24, 0).astype(np.float32)
    kernel = rng.standard_normal((24, 24, 3, 3)).astype(np.float32)
    np.save("filters.npy", filters)
    np.save("K.npy", kernel)
    np.savez("all.npz", **{"net.conv1.weight": filters[:, None], "K": kernel, "fc.weight": rng.standard_normal((10, 24)), "l0": np.eye(3)})
    np.savez("odd.npz", a=filters, b=filters)
    tensors = {
        "features.0.weight": torch.tensor(filters)[:, None].bfloat16(),
        "lateral.weight": torch.tensor(kernel),
        "bias": torch.ones(24),
    }
    save_file(tensors, "all.safetensors")
    return filters, kernel


def test_the_shipped_network_is_measured_as_the_book_measures_it(say, tmp_path):
    options = ["--permutations", 39, "--edges", "2,6,10.5,18", "--quiet"]
    status, out, err = say("reference/seed-10", "--out", tmp_path / "report", *options)
    assert (status, err) == (0, "") and "one network, so one sample" in out and "--stride" not in out
    found = json.loads((tmp_path / "report" / "result.json").read_text())
    assert found["name"] == "reference/seed-10"
    early = weights.load_early("reference", 10)
    for one, other in zip(read_network(SHIPPED), (early.l1, early.K, early.l0), strict=True):
        np.testing.assert_array_equal(one, other)
    from paper_code.lateral.bank import Bank
    from paper_code.lateral.harmonics import PairSums, fit

    bank = Bank.of(early.l0, early.l1, early.K, 2)
    assert found["level"] == pytest.approx(bank.level, rel=1e-4) and found["kernel"]["cells"] == bank.oriented.tolist()
    sums = PairSums.of(bank.frame, bank.cells.orientation, {"K": bank.among(bank.K)}, {"RF": bank.among(bank.rf)})
    for version, needed in (("raw", ()), ("beyond RF", ("RF",))):
        wanted = fit(sums, "6-10.5", needed).coefficients[:, 0]
        own = [one["value"] for one in found["kernel"]["terms"] if (one["ring"], one["version"]) == ("6-10.5", version)]
        np.testing.assert_allclose(own, wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("l0", ["linear", "rectified", "none"])
def test_a_training_is_measured_alike_where_it_lies_and_once_it_is_collected(l0, say, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_code.weights.DIRECTORY", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    Path("tiny/seed-0").mkdir(parents=True)  # which does not hide the network of that name
    measured = []

    def measure(*arguments, **_):
        measured.append(arguments[:4])  # filters, K, stride, l0
        return SimpleNamespace(save=lambda *_: None, summary=list, notes=[])

    monkeypatch.setattr("paper_code.analyse.analyse", measure)
    run = make_run(tmp_path / "run", network={"l0": l0}, training={"epochs": 1})
    run.train(progress=False)
    collect([run.directory])
    early = run.directory / "early.safetensors"
    for filters in ("tiny/seed-0", early):
        status, out, err = say(filters, "--out", tmp_path / "report")
        assert (status, err) == (0, "") and ("l0 of this network is rectified" in out) == (l0 == "rectified") and "--stride" not in out
        assert measured[-1][2] == 2 and (measured[-1][3] is not None) == (l0 == "linear")
    for one, other in zip(*measured, strict=True):
        np.testing.assert_array_equal(one, other)
    assert say(early, "--out", tmp_path / "report", "--stride", 1)[0] == 0 and measured[-1][2] == 1
    if l0 == "rectified":  # asked for, it is taken
        assert "rectified" not in say(early, "--out", tmp_path / "report", "--l0-name", "l0")[1] and measured[-1][3] is not None


@pytest.mark.parametrize("record", [None, "{}", '{"condition": 3}', '{"condition": {"network": [1]}}'])
def test_of_filters_that_no_training_wrote_no_settings_are_known(record, folder):
    shutil.copy("all.safetensors", "early.safetensors")
    if record is not None:
        Path("run.json").write_text(record)
    assert _recorded(Path("early.safetensors")) == {}
    Path("run.json").write_text('{"condition": {"network": {"l0": "rectified"}}}')
    assert _recorded(Path("all.safetensors")) == {} and _recorded(Path("early.safetensors")) == {"l0": "rectified"}


def test_files_of_every_kind_are_read_and_names_are_guessed(folder):
    filters, kernel = folder
    bank, K, l0 = read_network("filters.npy", "K.npy")
    np.testing.assert_array_equal(bank, filters)
    np.testing.assert_array_equal(K, kernel)
    assert l0 is None and read_network("filters.npy")[1] is None
    bank, K, l0 = read_network("all.npz")
    assert bank.shape == (24, 1, 7, 7) and K.shape == kernel.shape and l0.shape == (3, 3)
    bank, K, l0 = read_network("all.safetensors")
    np.testing.assert_array_equal(bank[:, 0], torch.tensor(filters).bfloat16().float().numpy())
    np.testing.assert_array_equal(K, kernel)
    assert l0 is None
    assert read_network("odd.npz", "all.npz", filters_name="b")[1].shape == kernel.shape
    np.testing.assert_array_equal(read_network("odd.npz", "K.npy", filters_name="a")[1], kernel)


def test_an_archive_with_objects_beside_its_arrays_is_read(folder):
    filters, _ = folder
    np.savez("beside.npz", about=np.array({"a": 1}, dtype=object), weights=filters)
    np.testing.assert_array_equal(read_network("beside.npz")[0], filters)
    with pytest.raises(PaperCodeError, match="no array called about"):
        read_network("beside.npz", filters_name="about")


@pytest.mark.parametrize("name", ["filters.npy", "all.npz", "packed.npz", "all.safetensors"])
def test_a_file_with_a_flipped_bit_is_read_or_refused_in_one_line(folder, name):
    filters, kernel = folder
    np.savez_compressed("packed.npz", l1=filters, K=kernel)
    whole = Path(name).read_bytes()
    refused = 0
    for place in (*range(200), *range(len(whole) - 300, len(whole))):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        Path(f"bad{Path(name).suffix}").write_bytes(changed)
        try:
            read_network(f"bad{Path(name).suffix}")
        except PaperCodeError as error:
            refused += "\n" not in str(error)
    assert refused > 50


def test_a_report_is_written_and_what_is_done_is_said(folder, say, monkeypatch):
    monkeypatch.setattr("paper_code.analyse.analyse", partial(analyse, null_count=20))
    status, out, err = say("filters.npy", "--kernel", "K.npy", "--stride", 2, "--out", "report", "--name", "mine")
    assert status == 0 and "24 of 24 filters can be fitted" in out and out.endswith("report: report/index.html\n")
    assert "fitting 24 filters of 7 x 7 px" in err and sorted(path.name for path in Path("report").iterdir()) == [
        "index.html",
        "result.json",
    ]
    assert json.loads(Path("report/result.json").read_text())["name"] == "mine"
    status, _, err = say("filters.npy", "--out", "report", "--replace", "--quiet")
    assert (status, err) == (0, "") and json.loads(Path("report/result.json").read_text())["name"] == "filters"
    assert "say --stride" in say("filters.npy", "--kernel", "K.npy", "--out", "report", "--replace", "--quiet")[1]


def test_what_is_wrong_is_one_line_and_nothing_is_written(folder, refused):
    before = sorted(path.name for path in Path().iterdir())
    refused("there is no file nowhere.npy", "nowhere.npy")
    refused("is no .npy, .npz or .safetensors file", "filters.txt")
    Path("net.pt").write_bytes(pickle.dumps({}))
    refused("may hold pickled code", "net.pt")
    Path("net.pt").unlink()
    np.save("objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    refused("pickled objects", "objects.npy")
    Path("objects.npy").unlink()
    for name in ("half.npy", "half.npz", "half.safetensors"):
        whole = Path({"half.npy": "filters.npy"}.get(name, name.replace("half", "all"))).read_bytes()
        Path(name).write_bytes(whole[: len(whole) // 2])
        refused("half", name)
        Path(name).write_bytes(b"")
        refused("half", name)
        Path(name).unlink()
    refused("a (24, 7, 7), b (24, 7, 7)", "odd.npz")
    refused("--filters-name may be one of", "all.npz", "--filters-name", "conv9")
    refused("--kernel-name may be one of", "all.npz", "--kernel-name", "conv9")
    refused("which array of odd.npz? --kernel-name", "filters.npy", "--kernel", "odd.npz")
    refused("no array called x", "filters.npy", "--filters-name", "x")
    refused("(n, n, k, k)", "filters.npy", "--kernel", "filters.npy")
    refused("scale must be", "filters.npy", "--scale", 0)
    refused("stride must be", "filters.npy", "--stride", 0)
    refused("numbers with commas", "filters.npy", "--edges", "2;3")
    refused("leave out --kernel, --l0 and all names", "reference/seed-10", "--kernel", "K.npy")
    refused("edges of rings", "filters.npy", "--edges", "3,2")
    refused("is a file; name a folder", "filters.npy", "--out", "K.npy")
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    refused("full is not empty", "filters.npy", "--out", "full")
    Path("full/mine.txt").unlink()
    Path("full").rmdir()
    refused("cannot write /proc", "filters.npy", "--out", "/proc/report", "--quiet")
    assert sorted(path.name for path in Path().iterdir()) == before


def without(*packages):
    """Run the command where some packages are not installed."""
    code = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing())
sys.argv = ["paper-code", "analyse", "all.safetensors", "--stride", "2", "--quiet"]
from paper_code.__main__ import main
main()
"""
    root = Path(weights.__file__).parent.parent.parent
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(root)})


def test_neither_pytorch_nor_what_comes_with_training_is_needed(folder):
    done = without("torch", "skimage", "tqdm", "pooch", "requests", "yaml")
    assert done.returncode == 0 and "report: report/index.html" in done.stdout, done.stderr
    shutil.rmtree("report")
    done = without("torch", "safetensors")
    assert (
        done.returncode == 1
        and done.stderr == "error: this needs the package safetensors: python -m pip install '.[cli]' in the repository of paper_code\n"
    )
