"""What a build ran on, and where its networks come from, as rows for tables."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from paper_code import weights
from paper_code.core.schema import Record, read
from paper_code.core.tables import plain

PACKAGES = ("torch", "numpy", "scipy", "matplotlib", "safetensors", "jupyter-book", "jupytext", "papermill", "snakemake")


def environment():
    """Rows (name, version) of Python, the machine's kind and the packages that decide the results."""
    rows = [["Python", platform.python_version()], ["system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"]]
    return rows + [[name, version(name)] for name in PACKAGES]


class Time(Record):
    """How long a chapter ran."""

    seconds: float


def chapter_times(build):
    """Rows (chapter, seconds) of the chapters that this build has run so far."""
    rows = []
    for path in sorted((Path(build) / "times").glob("*.json")):
        rows.append([path.stem, read(Time, path, "build the book again").seconds])
    return rows


def networks(directory=None):
    """Rows for every network of the manifest: name, accuracies, steps, minutes, arithmetic, hash of the early layers."""
    rows = []
    for key, entry in sorted(weights.manifest(directory)["networks"].items()):
        threads = entry["hardware"]["threads"]
        rows.append(
            [
                f"`{key}`",
                *("–" if entry[name] is None else f"{entry[name]:.3f}" for name in ("accuracy", "accuracy_noise_free")),
                entry["steps"],
                round(entry["wall_seconds"] / 60),
                f"{plain(entry['hardware']['device'])}, {plain(entry['hardware']['precision'])}, {threads} thread{'s' * (threads != 1)}",
                f"`{entry['files']['early']['sha256'][:12]}…`",
            ]
        )
    return rows


def image_sets(directory=None):
    """Rows for every set of images that a network of the manifest saw: name, rule, numbers, hash, networks."""
    seen = {}
    for key, entry in sorted(weights.manifest(directory)["networks"].items()):
        images = entry["images"]
        row = (
            plain(images["name"]),
            f"{len(images['classes'])} classes ({plain(entry['condition']['classes'])})",
            f"{entry['train_images']:,} + {entry['test_images']:,}",
            f"`{images['sha256'][:12]}…`",
        )
        seen.setdefault(row, []).append(key)
    return [[*row, len(keys)] for row, keys in seen.items()]
