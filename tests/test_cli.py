"""What a person types, and what is said when it cannot be done: one line, status 1, no traceback."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import make_run, picture, temporary_files, trained_bytes
from typer.main import get_command

from paper_code import cli
from paper_code.core.files import read_tensors
from paper_code.weights import verify
from paper_code.weights.collect import collect

SMALL = "--set cells=4 --set lateral_size=7 --set widths=4,4,8 --set snapshots=3 --device cpu --precision fp32 --threads 1".split()


@pytest.fixture
def folder(tmp_path):
    """Class folders as people have them: mixed sizes, colour and grey, one file truncated, two no image."""
    top = tmp_path / "my images"
    for label, name in enumerate(("cats", "Hunde & Füchse", "boats")):
        (top / name).mkdir(parents=True)
        for n in range(12):
            pixels = picture([label, n], (40, 64, 90, 200)[n % 4])
            image = Image.fromarray(pixels[: 40 + 5 * n, :, 0] if n % 3 == 0 else pixels)
            image.save(top / name / f"{n}.{'png' if n == 5 else 'jpg'}")
    whole = (top / "cats" / "3.jpg").read_bytes()
    (top / "cats" / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (top / "boats" / "notes.txt").write_text("not an image")
    (top / "boats" / "empty.jpg").write_bytes(b"")
    return top


def commands(group, path=()):
    """Every command and group, as words."""
    yield list(path)
    for name, one in getattr(group, "commands", {}).items():
        yield from commands(one, (*path, name))


def test_every_command_has_help_that_teaches(say):
    every = list(commands(get_command(cli.app)))
    assert ["train"] in every and ["weights", "collect"] in every and len(every) >= 12
    for words in every:
        status, out, err = say(*words, "--help")
        assert (status, err) == (0, "") and "Usage:" in out and len(out.splitlines()) > 4, words
    assert "train --condition photographs" in " ".join(say("--help")[1].split())


def test_what_there_is_can_be_listed(say):
    assert all(name in say("conditions")[1] for name in ("reference", "no-lateral", "no-l0", "photographs"))
    assert all(name in say("data", "list")[1] for name in ("tiny-imagenet", "stl10", "folder", "photographs"))
    status, out, _ = say("train", "--set", "help")
    assert status == 0 and "lateral_size" in out and "decay_l0" in out and "\nnetwork   classes" not in out
    assert all(line.split()[3:] for line in out.splitlines())  # a name, a value and what it means


def test_bad_words_are_refused_before_anything_is_read_or_written(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAPER_CODE_IMAGES", raising=False)
    train = ["train", "--condition", "photographs", "--quiet"]
    assert "did you mean 'reference'" in refused("unknown condition", "train", "--condition", "referense")
    refused("unknown data set", *train, "--data", "cifar")
    assert "data download tiny-imagenet" in refused("pass --root", "train")
    refused("no regular file at nowhere", "train", "--root", "nowhere")
    for root in ("/none", "."):
        assert "--data folder" in refused("photographs needs no --root", *train, "--root", root)
        refused("photographs needs no --root", "data", "describe", "photographs", "--root", root)
    refused("seed must be a whole number between", "train", "--root", "nowhere", "--seed", -1)  # said before the images are looked for
    refused("seed must be a whole number between", *train, "--seed", 2**70)
    refused("epochs must be a whole number between 1 and", *train, "--epochs", 0)
    refused("batch must be a whole number between 2 and", *train, "--batch", 1)
    refused("peak_rate must be", *train, "--peak-rate", "nan")
    refused("'--set help' lists", *train, "--set", "nonsense")
    refused("'--set help' lists", *train, "--set", "nonsense=1")
    refused("'--set help' lists", *train, "--set", "classes=3")
    refused("not a value like 16", *train, "--set", "cells=abc")
    refused("not a value like true or false", *train, "--set", "flip=perhaps")
    refused("not a value like 16,16,32", *train, "--set", "widths=1;2")
    refused("lateral_size must be odd", *train, "--set", "lateral_size=4")
    refused("momentum must be", *train, "--set", "momentum=0")
    refused("unknown rule for classes", *train, "--classes", "some")
    refused("unknown device", *train, "--device", "gpu")
    refused("precision must be", *train, "--precision", "fp8")
    refused("threads must be", *train, "--threads", -2)
    if not torch.cuda.is_available():
        refused("use --device cpu, or install a CUDA build", *train, "--device", "cuda")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(refused, tmp_path):
    (tmp_path / "file").write_text("")
    train = ["train", "--condition", "photographs", "--classes", "first-2", "--quiet", *SMALL]
    refused(f"cannot write {tmp_path}/file", *train, "--out", tmp_path / "file")
    refused("cannot write /proc", *train, "--out", "/proc/paper-code")
    beyond = ["--set", "cells=8000", "--set", "lateral_size=3"]  # 0.6 billion weights: 9 GB with their gradients and momenta
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < 9e9:
        refused("GB of memory, and this machine has", *train, *beyond, "--out", tmp_path / "big")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't allocate memory: you tried to allocate 150 bytes")])
def test_advice_on_memory_fits_the_command(say, monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setattr(cli, "app", fail)
    for words, advice in (
        (["train"], "a smaller --batch"),
        (["data", "describe"], "fewer --classes, or pass the unpacked images"),
        (["analyse", "x"], "filters that are fewer"),
        (["picture"], "a larger machine"),
        ([], "a larger machine"),
    ):
        status, out, err = say(*words)
        assert (status, out) == (1, "") and err.startswith("error: out of memory; ") and advice in err and err.count("\n") == 1
        assert ("--batch" in err) == (words == ["train"])


@pytest.mark.parametrize(
    "words",
    [
        ["--set", "cells=" + "9" * 5000],
        ["--threads", 10**30],
        ["--classes", "every-" + "9" * 5000],
        ["--device", "cuda:" + "9" * 5000],
    ],
)
def test_settings_out_of_bounds_are_one_short_line(refused, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    assert len(refused("", "train", "--condition", "photographs", "--quiet", *words)) < 250
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_diverges_says_what_to_change(refused, tmp_path):
    train = ["train", "--condition", "photographs", "--classes", "first-2", "--quiet", *SMALL, "--out", tmp_path, "--peak-rate", "1000"]
    refused("lower the learning rate (--peak-rate 500, say)", *train)
    assert not (tmp_path / "result.json").exists() and temporary_files(tmp_path) == []


def start(arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "paper_code", *map(str, arguments)]

    def heed_ctrl_c():  # which a job in the background of a shell does not
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=heed_ctrl_c)


def test_a_folder_that_nobody_has_seen_trains_through_ctrl_c_to_the_same_bytes(say, folder, tmp_path):
    arguments = ["train", "--data", "folder", "--root", folder, "--batch", 8, "--epochs", 12, "--checkpoint-every", 2, *SMALL]
    out = tmp_path / "stopped"
    process = start([*arguments, "--out", out])
    deadline = time.monotonic() + 100
    while not (out / "checkpoint.safetensors").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.splitlines()[-1].startswith("stopped; the same command goes on from the last checkpoint") and "Traceback" not in err
    skipped = [line for line in err.replace("\r", "\n").splitlines() if "skipped" in line]
    assert len(skipped) == 3 and all(sum(name in line for line in skipped) == 1 for name in ("truncated.jpg", "notes.txt", "empty.jpg"))
    assert "3 classes" in err and "log.jsonl" in err
    assert not (out / "result.json").exists() and temporary_files(out) == []

    status, told, err = say(*arguments, "--out", out, "--quiet")
    assert status == 0 and "accuracy" in told and err.count("\n") == 3  # the bad files
    status, _, err = say(*arguments, "--out", tmp_path / "whole")
    assert status == 0 and f"analyse {tmp_path / 'whole' / 'early.safetensors'}" in err
    assert trained_bytes(out) == trained_bytes(tmp_path / "whole")
    assert json.loads((out / "result.json").read_text())["images"]["classes"] == ["Hunde & Füchse", "boats", "cats"]


def test_the_command_itself_fails_with_one_line():
    process = start(["data", "describe", "photograph"])
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out) == (1, "") and err.startswith("error: unknown data set 'photograph'") and err.count("\n") == 1


@pytest.mark.parametrize("words", [["conditions"], ["--help"]], ids=" ".join)
def test_an_output_that_cannot_be_written_is_one_line(words):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as full:
        process = subprocess.run([sys.executable, "-m", "paper_code", *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert process.returncode == 1 and process.stderr.startswith("error: cannot") and process.stderr.count("\n") == 1
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run([sys.executable, "-m", "paper_code", *words], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert process.returncode == 1 and process.stderr.startswith("error: the output was closed") and process.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "settings",
    [{"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONOPTIMIZE": "2"}, {"MPLBACKEND": "no_such"}],
    ids=str,
)
def test_settings_of_the_person_do_not_reach_a_command(settings, tmp_path):
    asked = ["data", "describe", "photographs", "--picture", str(tmp_path / "x.PNG")]
    for words in (asked, ["data", "list"]):
        process = subprocess.run([sys.executable, "-m", "paper_code", *words], env=os.environ | settings, capture_output=True)
        assert process.returncode == 0 and process.stdout and b"Traceback" not in process.stderr
    with Image.open(tmp_path / "x.PNG") as image:
        assert image.format == "PNG"


@pytest.mark.parametrize("name", ["x.docx", "x.pgf", "x.raw", "x.gif", "x.png.zip", "x.猫", "x.mp4"])
def test_a_picture_of_another_ending_is_refused_before_the_work(name, refused, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_code.images.load", lambda *_, **__: pytest.fail("read the images first"))
    monkeypatch.setattr("paper_code.weights.load_early", lambda *_: pytest.fail("read the weights first"))
    for words in (["picture", tmp_path / name], ["data", "describe", "photographs", "--picture", tmp_path / name]):
        assert "a picture ends in .png, .svg, .pdf" in refused(f"cannot write {tmp_path / name}", *words)
    assert not list(tmp_path.iterdir())


def test_a_network_that_is_not_shipped_is_refused(refused, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_code.weights.DIRECTORY", tmp_path / "data")
    refused("there is no", "analyse", "reference/seed-0")
    refused("is no .npy, .npz or .safetensors file", "analyse", "reference")
    refused("is no .npy, .npz or .safetensors file", "analyse", "runs/reference/seed-0")
    refused("not a network", "picture", "picture.png", "--network", "reference/seed-²")
    endless = "reference/seed-" + "9" * 5000
    assert len(refused("not a network", "picture", "picture.png", "--network", endless)) < 250
    refused("is no .npy, .npz or .safetensors file", "analyse", endless)


def test_weights_are_collected_listed_and_verified(say, refused, tmp_path, monkeypatch):
    data = tmp_path / "data"
    monkeypatch.setattr("paper_code.weights.DIRECTORY", data)
    refused("PAPER_CODE_WEIGHTS", "weights", "list")
    refused("PAPER_CODE_WEIGHTS", "weights", "verify")
    run = make_run(tmp_path / "run", training={"epochs": 1})
    refused("train it to the end first", "weights", "collect", tmp_path / "run")
    run.train(progress=False)
    assert say("weights", "collect", tmp_path / "run") == (0, "tiny/seed-0\n", "")
    status, out, _ = say("weights", "list")
    assert status == 0 and "tiny/seed-0" in out and "4 steps" in out
    assert say("weights", "verify")[:2] == (0, "4 files are as the manifest lists them\n")
    copy = shutil.copytree(data, tmp_path / "copy")
    again = ["weights", "collect", tmp_path / "run", "--to", copy, "--preset"]
    refused("add --replace", *again, "light")
    refused("unknown preset 'x'", *again, "x", "--replace")
    assert verify(copy) == 4
    assert say(*again, "light", "--replace") == (0, "tiny/seed-0\n", "") and verify(copy) == 2
    assert read_tensors(copy / "tiny" / "seed-0.safetensors")["l1"].dtype == np.float16
    assert say("weights", "verify")[:2] == (0, "4 files are as the manifest lists them\n")  # those elsewhere are as they were
    path = data / "tiny" / "seed-0.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused(f"{path} is not the file that was listed", "weights", "verify")
    refused(f"{path} is not the file that was listed", "analyse", "tiny/seed-0")
    (data / "manifest.json").write_text("{")
    for words in (["weights", "list"], ["weights", "verify"], ["weights", "collect", tmp_path / "run"], ["analyse", "tiny/seed-0"]):
        refused("manifest.json is not valid JSON", *words)


def test_a_network_without_test_images_can_be_listed(say, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_code.weights.DIRECTORY", tmp_path / "data")
    run = make_run(tmp_path / "run", training={"epochs": 1})
    empty = np.zeros((0, 64, 64), np.uint8), np.zeros(0, np.int64)
    object.__setattr__(run.images, "test_images", empty[0])
    object.__setattr__(run.images, "test_labels", empty[1])
    assert run.train(progress=False)["accuracy"] is None
    collect([run.directory])
    status, out, err = say("weights", "list")
    assert (status, err) == (0, "") and "accuracy unknown" in out


def test_a_message_of_several_lines_becomes_one(say, monkeypatch):
    def fail():
        raise cli.PaperCodeError("one\n  two")

    monkeypatch.setattr(cli, "app", fail)
    assert say() == (1, "", "error: one two\n")


def test_a_fault_of_our_own_is_not_hidden(say, monkeypatch):
    def fail():
        raise RuntimeError("a fault in the program")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(RuntimeError, match="a fault"):
        say()
