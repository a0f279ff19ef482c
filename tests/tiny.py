"""A training of a second and what the tests ask of it."""

import contextlib
import json
import resource
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paper_code.core.errors import PaperCodeError
from paper_code.images.image_set import ImageSet
from paper_code.network.config import NetworkConfig
from paper_code.training.conditions import Condition, TrainingConfig
from paper_code.training.run import Hardware, Run

NETWORK = NetworkConfig(classes=2, cells=4, lateral_size=7, widths=(4, 4, 8))
TRAINING = TrainingConfig(epochs=3, batch=8, snapshots=4, lateral_snapshots=2)
CONDITION = Condition("tiny", "for tests", "folder", "all", NETWORK, TRAINING)
HARDWARE = Hardware("cpu", "fp32", 1)
STEPS = 12  # 3 epochs of 4
WNIDS = [f"n0000000{digit}" for digit in range(4)]  # the classes of the fixture tiny_imagenet


def fails(match, call, *arguments, **keywords):
    """The call fails with one line that matches."""
    with pytest.raises(PaperCodeError, match=match) as caught:
        call(*arguments, **keywords)
    assert "\n" not in str(caught.value)


def picture(key, size=64, channels=3):
    """Smooth random picture, uint8 (size, size, 3), or (size, size) of one channel."""
    coarse = np.random.default_rng(key).integers(0, 256, (8, 8, channels), np.uint8)
    return np.asarray(Image.fromarray(coarse.squeeze()).resize((size, size)))


def image_set(key=0):
    """Two classes, 32 training and 6 test images."""
    images = np.stack([picture([key, n])[:, :, 0] // (1 + n % 2) for n in range(38)])
    labels = np.arange(38) % 2
    return ImageSet("folder", ("bright", "dim"), images[:32], labels[:32], images[32:], labels[32:])


def make_run(directory, seed=0, images=None, network=None, training=None, hardware=HARDWARE, checkpoint_every=3):
    condition = replace(CONDITION, network=replace(NETWORK, **(network or {})), training=replace(TRAINING, **(training or {})))
    return Run(condition, images or image_set(), seed, directory, hardware, checkpoint_every)


def trained_bytes(directory):
    """What a training is reproducible in: the bytes of its tensors, and its log and result but for the time that it took."""
    directory = Path(directory)
    files = {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*.safetensors")}
    del files["checkpoint.safetensors"]
    lines = [json.loads(line) for line in (directory / "log.jsonl").read_text().splitlines()]
    result = json.loads((directory / "result.json").read_text())
    files["log"] = [{key: value for key, value in line.items() if key != "seconds"} for line in lines]
    files["result"] = {key: value for key, value in result.items() if key != "wall_seconds"}
    return files


def temporary_files(directory):
    return list(Path(directory).rglob("*.tmp"))


@contextlib.contextmanager
def disk_full_beyond(size):
    """No file of this process can grow beyond ``size`` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def command(monkeypatch, capsys, *arguments):
    """Run the command line in this process: (exit status, standard output, standard error)."""
    from paper_code.cli import main

    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["paper-code", *map(str, arguments)])
    try:
        main()
        status = 0
    except SystemExit as stop:
        status = stop.code or 0
    return status, *capsys.readouterr()
