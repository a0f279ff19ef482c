"""Accuracy under noise, occlusion and reduced contrast, with and without lateral connections.

This needs the test images of the set used for training, which the book does not have. So accuracy is measured where they are, and
kept in ``data/robustness.json`` with the hashes of the weights and images on which it was measured::

    PAPER_CODE_IMAGES=tiny-imagenet-200.zip python -m paper_code robustness

There are three groups of networks: the reference, the reference with K set to zero at test time ("ablated"), and networks trained
without lateral connections.
"""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from paper_code import images, weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.files import check_writable, read_json, write_json
from paper_code.core.plan import condition_and_seed
from paper_code.core.statistics import Estimate, pooled_differences
from paper_code.core.text import plain
from paper_code.function import stimuli
from paper_code.weights.records import Count, Hash, Key, Record, Word, as_record

FILE = Path(__file__).resolve().parents[2] / "data" / "robustness.json"
REFERENCE, WITHOUT = "reference", "no-lateral"
GROUPS = (REFERENCE, "ablated", WITHOUT)
CORRUPTIONS = {  # levels; the first leaves the picture unchanged
    "noise": (0.0, 0.25, 0.5, 1.0),  # sd, in standard deviations of the training images
    "occlusion": (0.0, 0.1, 0.2, 0.35),  # share of the picture covered by bars
    "contrast": (1.0, 0.75, 0.5, 0.35),  # factor on the deviation from the picture's mean
}
AGAIN = "measure again: python -m paper_code robustness"
SEED = 0  # of the noise, the bars and the receptor noise
BATCH = 100


def corrupt(pictures, corruption, level):
    """Apply one of CORRUPTIONS to standardised pictures (n, 64, 64), with the same noise and bars in every call."""
    if corruption == "contrast":
        return stimuli.change_contrast(pictures, level)
    return {"noise": stimuli.add_noise, "occlusion": stimuli.occlude}[corruption](pictures, level, SEED)


@torch.no_grad()
def predict(network, pictures, lateral=True):
    """Classes predicted for standardised pictures (n, 64, 64), with receptor noise from a fixed seed: int array (n,)."""
    generator = torch.Generator().manual_seed(SEED)
    named = []
    for part in torch.as_tensor(pictures, dtype=torch.float32)[:, None].split(BATCH):
        h = network.simple_cells(network.lgn(network.front_end(part, generator)))
        named.append(network.tail(network.propagate(h) if lateral else h).argmax(1))
    return torch.cat(named).numpy()


def networks_listed(directory=None):
    """SHA-256 of the files of those networks of both conditions that can be run whole: a dict of dicts, by key and kind of file."""
    listed = {}
    for condition in (REFERENCE, WITHOUT):
        for seed in weights.shipped(condition, ("rest",), directory, needed=False):
            files = weights.entry(condition, seed, directory)["files"]
            listed[f"{condition}/seed-{seed}"] = {kind: files[kind]["sha256"] for kind in ("early", "rest")}
    return listed


def measure_robustness(image_set, directory=None, report=print):
    """Which test images each network classifies correctly under every corruption: what ``data/robustness.json`` holds.

    A dict of ``images`` (name, sha256, test, classes), ``networks`` (SHA-256 of the weights), ``levels``, and
    ``right[group][seed][corruption]``, one base64 string per level with one bit per test image. ``report`` is called with lines of text.
    PaperCodeError if a network was trained on other images, or no reference network can be run whole.
    """
    listed = networks_listed(directory)
    if not any(key.startswith(f"{REFERENCE}/") for key in listed):
        raise PaperCodeError("no reference network can be run whole (no rest file in the manifest); collect its runs with --preset full")
    right = {group: {} for group in GROUPS}
    pictures = (image_set.test_images.astype(np.float32) - np.float32(image_set.mean)) / np.float32(image_set.sd)
    shown = {(name, level): corrupt(pictures, name, level) for name, levels in CORRUPTIONS.items() for level in levels}
    for key in listed:
        condition, seed = condition_and_seed(key)
        trained_on = weights.entry(condition, seed, directory)["images"]["sha256"]
        if trained_on != image_set.sha256:
            raise PaperCodeError(f"{key} was trained on other images than these ({image_set.name}); pass those that it was trained on")
        network = weights.load_network(condition, seed, directory)
        ways = {"reference": True, "ablated": False} if condition == REFERENCE else {WITHOUT: True}
        for group, lateral in ways.items():
            bits = right[group].setdefault(str(seed), {name: [] for name in CORRUPTIONS})
            clean = predict(network, pictures, lateral) == image_set.test_labels
            for name, level in shown:
                found = clean if level == CORRUPTIONS[name][0] else predict(network, shown[name, level], lateral) == image_set.test_labels
                bits[name].append(base64.b64encode(np.packbits(found)).decode())
            report(f"{key}, {group}: {clean.mean():.3f} of the uncorrupted test images classified correctly")
    about = {"name": image_set.name, "sha256": image_set.sha256, "test": len(image_set.test_images), "classes": len(image_set.classes)}
    return {"images": about, "networks": listed, "levels": {name: list(levels) for name, levels in CORRUPTIONS.items()}, "right": right}


class Shown(Record):
    """The test images."""

    name: Word
    sha256: Hash
    test: Count
    classes: Count


class Answers(Record):
    """Schema of what :func:`measure_robustness` returns."""

    images: Shown
    networks: dict[Key, dict[str, Hash]]
    levels: dict[Word, list[float]]
    right: dict[Word, dict[Annotated[str, Field(pattern=r"^\d{1,10}$")], dict[Word, list[str]]]]


@dataclass(frozen=True)
class Robustness:
    """Contents of ``data/robustness.json``."""

    content: dict
    right: dict  # bool arrays (seeds, levels, images), ``right[group][corruption]``; groups without networks are omitted
    seeds: dict  # lists of int by group

    @classmethod
    def read(cls, path=FILE):
        """Read the file; raises PaperCodeError if it is missing or damaged."""
        content = read_json(path)
        as_record(Answers, content, path, AGAIN)
        try:
            test = content["images"]["test"]
            kept = {group: content["right"][group] for group in GROUPS if content["right"].get(group)}
            groups = {group: {seed: found[seed] for seed in sorted(found, key=int)} for group, found in kept.items()}
            right = {
                group: {name: np.array([[_bits(word, test) for word in one[name]] for one in found.values()]) for name in content["levels"]}
                for group, found in groups.items()
            }
            return cls(content, right, {group: [int(seed) for seed in found] for group, found in groups.items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PaperCodeError(f"{path} is damaged ({error!r}); {AGAIN}") from error

    @property
    def source(self):
        """Name of the image set, for display on a page."""
        return plain(self.content["images"]["name"])

    @property
    def levels(self):
        """Levels by corruption, in the order of CORRUPTIONS."""
        return {name: self.content["levels"][name] for name in CORRUPTIONS if name in self.content["levels"]}

    def stale(self, directory=None):
        """Sorted keys of the networks that have changed, disappeared or been added since the measurement."""
        now, then = networks_listed(directory), self.content["networks"]
        return sorted(key for key in {*now, *then} if now.get(key) != then.get(key))

    def accuracy(self, group, corruption):
        """Accuracy of every network at every level: (seeds, levels)."""
        return self.right[group][corruption].mean(2)

    def lead(self, corruption, relative=False):
        """How much more accurate the reference is than networks trained without K, at every level: a list of Estimate.

        The sample is the networks; the variance within the two groups is pooled. With ``relative``, each network's accuracy on uncorrupted
        images is first subtracted: positive where the reference loses less. If neither group has two networks, there is no interval.
        """
        own, without = (self.accuracy(group, corruption) for group in (REFERENCE, WITHOUT))
        if relative:
            own, without = own - own[:, :1], without - without[:, :1]
        if len(own) + len(without) < 3:
            return [Estimate(float(value)) for value in own.mean(0) - without.mean(0)]
        pairs = zip(own.T, without.T, strict=True)
        return [pooled_differences({REFERENCE: one, WITHOUT: other}, WITHOUT)[REFERENCE] for one, other in pairs]


def _bits(word, count):
    found = np.unpackbits(np.frombuffer(base64.b64decode(word), np.uint8))[:count].astype(bool)
    if len(found) != count:
        raise ValueError(f"{len(found)} answers for {count} images")
    return found


def main(root=None, classes=None, out=FILE, report=print):
    """Measure the shipped networks on the test images of the set on which they were trained, and write the file."""
    check_writable(out)
    condition = weights.entry(REFERENCE, weights.seeds(REFERENCE)[0])["condition"]
    image_set = images.load(condition["images"], root, condition["classes"] if classes is None else classes)
    if not len(image_set.test_images):
        raise PaperCodeError(f"{image_set.name} has no test images; pass a source that has")
    write_json(out, measure_robustness(image_set, report=report))
    report(f"wrote {out}")
