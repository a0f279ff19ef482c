"""Trained weights on disk: safetensors files and a manifest with their hashes, which are checked whenever a file is read.

``data/weights`` holds the following files, which can be read without this package:

``manifest.json``
    Hashes and provenance of all the files below.
``<condition>/seed-<n>.safetensors``
    l0 (7, 7), l1 (64, 9, 9), K (64, 64, k, k), l1_gain and l1_offset (64,), in float32; K may be float16, as may l0 and l1 of a control.
``<condition>/seed-<n>.snapshots.safetensors``
    ``<step>/l0``, ``<step>/l1`` and so on and, at fewer steps, ``<step>/K``, in float16; the initial state, step 0, is left out, since
    :func:`initial_early` draws it again from the seed.
``<condition>/seed-<n>.rest.safetensors``
    The rest of the network: norms, tail, read-out.
``<condition>/seed-<n>.log.jsonl``
    The training log.

A condition without l0 or lateral connections has no tensor of that name; the last three files may be absent. ``data/banks`` holds filters
from other sources, for :func:`load_bank`.
"""

import hashlib
import io
import json
import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import from_bytes, is_missing, read_bytes, read_json
from paper_code.core.plan import reported
from paper_code.network.layers import EARLY_KEYS, EarlyLayers, perturbed
from paper_code.training.conditions import Condition
from paper_code.weights.records import SUFFIXES, Manifest, Noted, Tested, as_record

__all__ = ["configuration", "initial_early", "load_bank", "load_early", "load_network", "load_snapshots", "read_log"]
__all__ += ["DIRECTORY", "entry", "manifest", "seeds", "shipped", "verify"]

DATA = Path(__file__).resolve().parents[2] / "data"
DIRECTORY = Path(os.environ.get("PAPER_CODE_WEIGHTS") or DATA / "weights")
"""Where weights are read from, the environment variable ``PAPER_CODE_WEIGHTS`` or ``data/weights`` of the repository."""
BANKS = DATA / "banks"


def manifest(directory=None):
    """The manifest: a dict ``{"networks": {"<condition>/seed-<n>": entry}}``.

    Raises PaperCodeError if it is missing, cannot be read, or does not conform to ``paper_code.weights.records.Manifest``.

    Examples
    --------
    >>> from paper_code import weights
    >>> weights.manifest()["networks"]["reference/seed-10"]["seed"]
    10
    """
    path = Path(directory or DIRECTORY) / "manifest.json"
    if is_missing(path):
        raise PaperCodeError(f"there is no {path}; shipped weights come with the repository, or set PAPER_CODE_WEIGHTS to their place")
    content = read_json(path)
    _check_manifest(json.dumps(content), path)
    return content


@lru_cache(maxsize=4)  # a chapter asks for dozens of entries
def _check_manifest(text, path):
    as_record(Manifest, json.loads(text), path, "restore it from where the weights came from, shipped ones with 'git checkout'")


def entry(condition, seed, directory=None):
    """The manifest's entry for one network.

    Examples
    --------
    >>> from paper_code import weights
    >>> sorted(weights.entry("reference", 10)["files"])
    ['early', 'log', 'rest', 'snapshots']
    """
    networks = manifest(directory)["networks"]
    key = f"{condition}/seed-{seed}"
    if key not in networks:
        same = [one for one in networks if one.startswith(f"{condition}/")] or {one.partition("/")[0] for one in networks}
        raise PaperCodeError(f"no weights of {key}; the manifest lists {', '.join(sorted(same))}")
    return networks[key]


def seeds(condition, directory=None, needed=True):
    """The seeds for which there are weights of a condition, in increasing order.

    Raises PaperCodeError if there are none and ``needed`` is True.

    Examples
    --------
    >>> from paper_code import weights
    >>> weights.seeds("control")
    [0, 1, 2]
    """
    networks = manifest(directory)["networks"].values()
    found = sorted(listed["seed"] for listed in networks if listed["condition"]["name"] == condition)
    if needed and not found:
        names = ", ".join(sorted({listed["condition"]["name"] for listed in networks}))
        raise PaperCodeError(
            f"no network of the condition {condition} in {Path(directory or DIRECTORY)}, which has {names}; collect runs of it, or set "
            "PAPER_CODE_WEIGHTS to weights that have it"
        )
    return found


def shipped(condition="reference", kinds=(), directory=None, needed=True):
    """The seeds of a condition that the book reports and that have files of these kinds; with "rest" :func:`load_network` can run them.

    ``needed`` and errors are as in :func:`seeds`.

    Examples
    --------
    >>> from paper_code import weights
    >>> weights.shipped("reference")[:3]
    [10, 11, 12]
    """
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if strange := kinds - set(SUFFIXES):
        raise PaperCodeError(f"there are no {', '.join(sorted(strange))} files; choose among {', '.join(SUFFIXES)}")
    there = reported(condition, seeds(condition, directory, needed))
    return [seed for seed in there if kinds <= set(entry(condition, seed, directory)["files"])]


def _content(condition, seed, kind, directory):
    """Content of one file of a network, after a hash check, and its path."""
    directory = Path(directory or DIRECTORY)
    files = entry(condition, seed, directory)["files"]
    if kind not in files:
        raise PaperCodeError(f"the manifest in {directory} lists no {kind} file of {condition}/seed-{seed}; collect the run again")
    path = directory / files[kind]["path"]
    return _checked(path, files[kind]["sha256"]), path


def _checked(path, sha256):
    """Content of a file, which must have this hash."""
    found = read_bytes(path)
    if hashlib.sha256(found).hexdigest() != sha256:
        raise PaperCodeError(
            f"{path} is not the file that was listed (its SHA-256 differs): move it away, then restore it, a shipped one with "
            f"'git checkout -- {path}', another by collecting its run again"
        )
    return found


def _tensors(*place):
    return from_bytes(*_content(*place))[0]


def load_early(condition, seed, directory=None):
    """The trained l0, l1 and K of one network, after a hash check.

    Examples
    --------
    >>> from paper_code import weights
    >>> early = weights.load_early("reference", 10)
    >>> print(early.l0.shape, early.l1.shape, early.K.shape)
    (7, 7) (64, 9, 9) (64, 64, 11, 11)
    """
    return EarlyLayers.from_tensors(_tensors(condition, seed, "early", directory))


def initial_early(condition, seed, directory=None):
    """l0, l1 and K of one network as they were at step 0, before any training, whether or not it has snapshots.

    They are drawn again, in full precision, from the seed and the configuration listed in the manifest.

    Examples
    --------
    >>> from paper_code import weights
    >>> weights.initial_early("reference", 10).step
    0
    """
    from paper_code.network.model import Network  # here, because it imports PyTorch, which trained layers can do without

    return EarlyLayers.from_tensors(Network(configuration(condition, seed, directory), seed).early_layers(), step=0)


def configuration(condition, seed, directory=None):
    """The NetworkConfig of one network.

    Examples
    --------
    >>> from paper_code import weights
    >>> weights.configuration("reference", 10).stride
    2
    """
    return Condition.from_dict(entry(condition, seed, directory)["condition"]).network


def load_snapshots(condition, seed, directory=None):
    """Snapshots during training, a list of :class:`~paper_code.network.layers.EarlyLayers` by step; K is None where it was not kept.

    The first is :func:`initial_early` if the file does not hold step 0; files written by ``weights collect`` never do.

    Examples
    --------
    >>> from paper_code import weights
    >>> [early.step for early in weights.load_snapshots("reference", 10)][:3]
    [0, 1, 2]
    """
    by_step = {}
    for name, tensor in _tensors(condition, seed, "snapshots", directory).items():
        step, _, layer = name.partition("/")
        by_step.setdefault(int(step), {})[layer] = tensor
    start = [] if 0 in by_step else [initial_early(condition, seed, directory)]
    return start + [EarlyLayers.from_tensors(by_step[step], step) for step in sorted(by_step)]


def load_network(condition, seed, directory=None):
    """The whole trained network, in float32 and in evaluation mode, after a hash check.

    Examples
    --------
    >>> import torch
    >>> from paper_code import weights
    >>> with torch.inference_mode():
    ...     scores = weights.load_network("reference", 10)(torch.zeros(1, 1, 64, 64))
    >>> tuple(scores.shape)
    (1, 20)
    """
    config = configuration(condition, seed, directory)
    # To float32 before any noise, for which half precision has no digits.
    early = perturbed({name: tensor.astype(np.float32) for name, tensor in _tensors(condition, seed, "early", directory).items()})
    rest = perturbed(_tensors(condition, seed, "rest", directory))
    return assemble(config, early, rest, f"weights of {condition}/seed-{seed}")


def assemble(config, early, rest, name):
    """The network of a configuration with given early layers and rest, dicts of arrays; raises PaperCodeError if they do not fit."""
    import torch

    from paper_code.network.model import Network

    EarlyLayers.from_tensors(early)
    state = dict(rest)
    for layer, key in EARLY_KEYS.items():
        if layer in early:
            state[key] = (early[layer] if layer == "K" else early[layer].reshape(-1, 1, *early[layer].shape[-2:])).astype(np.float32)
    network = Network(config, 0)
    try:
        network.load_state_dict({key: torch.from_numpy(np.array(tensor)) for key, tensor in state.items()})
    except RuntimeError as error:
        raise PaperCodeError(f"{name} do not fit their configuration: {str(error).splitlines()[-1].strip()}") from error
    return network.eval()


def read_log(condition, seed, directory=None):
    """The training log: a list of dicts, one per line.

    Examples
    --------
    >>> from paper_code import weights
    >>> weights.read_log("reference", 10)[-1]["epoch"]
    16
    """
    return parse_log(*_content(condition, seed, "log", directory))


def parse_log(found, path):
    """The lines in the content of a log; ``path`` is used only in messages."""
    lines = []
    for number, text in enumerate(found.splitlines(), start=1):
        try:
            lines.append(json.loads(text))
        except ValueError as error:
            raise PaperCodeError(f"line {number} of {path} is not whole ({error}); restore it or train again") from error
        kind = Tested if isinstance(lines[-1], dict) and "epoch" in lines[-1] else Noted
        as_record(kind, lines[-1], f"line {number} of {path}", "restore it or train again")
    return lines


def verify(directory=None):
    """Check every file of the manifest; returns the number of files, or raises PaperCodeError at the first that is missing or changed.

    Examples
    --------
    >>> from paper_code import weights
    >>> weights.verify() > 0
    True
    """
    directory = Path(directory or DIRECTORY)
    files = [file for listed in manifest(directory)["networks"].values() for file in listed["files"].values()]
    for file in files:
        _checked(directory / file["path"], file["sha256"])
    return len(files)


def load_bank(name, directory=None):
    """A bank of filters, float64, after a hash check, and its record: ``what`` it is, its ``source``, ``by`` whom, and its ``licence``.

    Raises PaperCodeError for a name that there is not, or if the file is missing or differs from its listing.

    Parameters
    ----------
    name : str
        ``first_layer``, (64, 3, 7, 7): that of a convolutional network, for blue, green and red. ``dictionary``, (64, 12, 12): that of
        convolutional sparse coding.
    directory : path, optional
        Directory to use instead of ``data/banks`` of the repository.

    Examples
    --------
    >>> from paper_code.weights import load_bank
    >>> filters, record = load_bank("dictionary")
    >>> print(filters.shape, record["licence"])
    (64, 12, 12) BSD 3-Clause
    """
    directory = Path(directory or BANKS)
    listed = read_json(directory / "banks.json")
    if name not in listed:
        raise PaperCodeError(f"there is no bank {name}; {directory} holds {', '.join(sorted(listed))}")
    record, path = listed[name], directory / f"{name}.npy"
    filters = perturbed({name: np.load(io.BytesIO(_checked(path, record["sha256"])), allow_pickle=False).astype(float)})[name]
    return filters, {key: record[key] for key in ("what", "source", "by", "licence")}
