"""Provenance of the networks, as table rows: what a build ran on, what they were trained on, and how their recipe was chosen.

The runs in ``data/sweep.json`` and ``data/shortening.json`` were measured once, before the present measures of K existed, and are kept
unchanged.
"""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_json
from paper_code.core.text import plain, shown

PACKAGES = ("torch", "numpy", "scipy", "matplotlib", "safetensors", "jupyter-book", "jupytext", "papermill", "snakemake")


def environment():
    """Rows (name, version) for Python, the type of machine, and the packages on which the results depend."""
    rows = [["Python", platform.python_version()], ["system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"]]
    return rows + [[name, version(name)] for name in PACKAGES]


def chapter_times(build):
    """Rows (chapter, seconds) for the chapters that this build has run so far."""
    return [[path.stem, read_json(path)["seconds"]] for path in sorted((Path(build) / "times").glob("*.json"))]


def network_rows(directory=None):
    """One row per network of the manifest: name, accuracies, steps, minutes, device and precision, hash of the early layers."""
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


def image_sets():
    """One row per set of images used by networks of the manifest: name, classes, numbers of images, hash, number of networks."""
    seen = {}
    for key, entry in sorted(weights.manifest()["networks"].items()):
        images = entry["images"]
        row = (
            plain(images["name"]),
            f"{len(images['classes'])} classes ({plain(entry['condition']['classes'])})",
            f"{entry['train_images']:,} + {entry['test_images']:,}",
            f"`{images['sha256'][:12]}…`",
        )
        seen.setdefault(row, []).append(key)
    return [[*row, len(keys)] for row, keys in seen.items()]


def changed_settings(condition, base):
    """Settings of a condition that differ from those of ``base``, both as returned by :meth:`Condition.as_dict`: ``{name: value}``."""
    found = {}
    condition, base = json.loads(json.dumps([condition, base]))  # tuples become lists, as in a file
    for part in ("network", "training"):
        for key in {**base[part], **condition[part]}:
            if key != "classes" and condition[part].get(key) != base[part].get(key):
                found[key] = condition[part].get(key)
    return found | {key: condition[key] for key in ("images", "classes") if condition[key] != base[key]}


def recorded(path):
    """The surveyed runs in a file, as a list of dicts; raises PaperCodeError if it is missing or not such a list."""
    try:
        rows = read_json(path)["runs"]
        for row in rows:
            row["survey"], row["condition"]["training"], row["sha256"]  # noqa: B018
        return rows
    except (KeyError, TypeError) as error:
        raise PaperCodeError(f"{path} is not a list of surveyed runs; restore it with 'git checkout'") from error


# Minimum values that a recipe had to reach on the development seed, by measure.
WANTED = {"log_r2": 0.95, "gabor_r2": 0.85, "tuning_z": 10.0, "elongation_z": 3.3}


def reaches_all(row):
    """Whether a surveyed run reaches every minimum in :data:`WANTED`."""
    return all(row["survey"][name] is not None and row["survey"][name] >= least for name, least in WANTED.items())


def recipe_rows(rows, base):
    """Header and rows of a table of surveyed runs: changes from the condition ``base``, seed, and measures, bold if they reach WANTED."""
    measures = {"log_r2": 3, "i_rad": 3, "sigma": 2, "gabor_r2": 3, "gabor_share": 2, "like": 2, "orthogonal": 2, "tuning_z": 1}
    measures |= {"elongation": 2, "elongation_z": 1}
    names = ["LoG R²", "$I_\\mathrm{rad}$", "σ (px)", "Gabor R²", "share", "like", "orthogonal", "z, tuning", "elongation", "z, elongation"]
    table = []
    for row in sorted(rows, key=lambda one: (one["seed"], json.dumps(one["condition"], sort_keys=True))):
        changed = changed_settings(row["condition"], base.as_dict())
        line = [", ".join(f"{key} {value}" for key, value in changed.items()) or "**as frozen**", row["seed"]]
        for name, digits in measures.items():
            value = row["survey"][name]
            text = "–" if value is None else shown(value, digits)
            line.append(f"**{text}**" if name in WANTED and value is not None and value >= WANTED[name] else text)
        accuracy = row["accuracy_noise_free"]
        table.append([*line, "–" if accuracy is None else f"{accuracy:.3f}"])
    return ["changed", "seed", *names, "accuracy"], table
