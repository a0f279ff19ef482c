"""What a build ran on, and where its networks come from, as rows for tables."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from paper_code import weights

PACKAGES = ("torch", "numpy", "scipy", "matplotlib", "safetensors", "jupyter-book", "jupytext", "papermill", "snakemake")


def environment():
    """Rows (name, version) of Python, the machine's kind and the packages that decide the results."""
    rows = [["Python", platform.python_version()], ["system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"]]
    return rows + [[name, version(name)] for name in PACKAGES]


def chapter_times(build):
    """Rows (chapter, seconds) of the chapters that this build has run so far."""
    rows = []
    for path in sorted((Path(build) / "times").glob("*.json")):
        content = json.loads(path.read_text())
        rows.append([path.stem, float(content["seconds"])])
    return rows


def networks(directory=None):
    """Rows for every network of the manifest: name, images, accuracies, steps, minutes, arithmetic, torch, hashes."""
    rows = []
    for key, entry in sorted(weights.manifest(directory)["networks"].items()):
        images = entry["images"]
        rows.append(
            [
                key,
                f"{images['name']}, {len(images['classes'])} classes, {entry['train_images']} images",
                "–" if entry["accuracy"] is None else f"{entry['accuracy']:.3f}",
                "–" if entry["accuracy_noise_free"] is None else f"{entry['accuracy_noise_free']:.3f}",
                entry["steps"],
                round(entry["wall_seconds"] / 60),
                f"{entry['hardware']['precision']}, {entry['hardware']['threads']} thread(s)",
                entry["versions"]["torch"],
                f"`{entry['files']['early']['sha256'][:12]}…`",
                f"`{images['sha256'][:12]}…`",
            ]
        )
    return rows
