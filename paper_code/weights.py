"""Trained weights on disk: safetensors files and a manifest that knows their hashes.

Layout, readable without this package::

    data/weights/manifest.json                        hashes and provenance of all that follows
    data/weights/<condition>/seed-<n>.safetensors            float32 l0 (7, 7), l1 (64, 9, 9), K (64, 64, k, k), l1_gain, l1_offset (64,);
                                                             l0, l1 and K of a control may be float16
    data/weights/<condition>/seed-<n>.snapshots.safetensors  float16, named <step>/l0, <step>/l1, ... and, at fewer steps, <step>/K
    data/weights/<condition>/seed-<n>.rest.safetensors       what completes the network: norms, tail, read-out
    data/weights/<condition>/seed-<n>.log.jsonl              the training log

A condition without l0 or lateral connections has no tensor of that name.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import safetensors
import safetensors.numpy
import torch

from paper_code.conditions import Condition
from paper_code.errors import PaperCodeError
from paper_code.files import read_json, sha256, write_atomically, write_json
from paper_code.filters.gabor import receptive_fields
from paper_code.network import Network
from paper_code.perturb import perturbed

DIRECTORY = Path(os.environ.get("PAPER_CODE_WEIGHTS", Path(__file__).resolve().parents[1] / "data" / "weights"))
SUFFIXES = {"early": ".safetensors", "snapshots": ".snapshots.safetensors", "rest": ".rest.safetensors", "log": ".log.jsonl"}
EARLY_KEYS = {"l0": "l0.weight", "l1": "l1.weight", "K": "lateral.weight"}


@dataclass(frozen=True)
class EarlyLayers:
    """l0, l1 and K of one network at one step; a layer that the condition lacks is None.

    Attributes
    ----------
    l0 : float64 array (a, a)
    l1 : float64 array (n, b, b)
    K : float64 array (n, n, k, k)
        ``K[i, j]`` leads from source cell j to target cell i.
    l1_gain, l1_offset : float64 arrays (n,)
        h = ReLU(l1_gain * response + l1_offset).
    step : int or None
        Training step of a snapshot; None at the end of training.
    """

    l0: np.ndarray | None
    l1: np.ndarray
    K: np.ndarray | None
    l1_gain: np.ndarray
    l1_offset: np.ndarray
    step: int | None = field(default=None)

    @classmethod
    def from_tensors(cls, tensors, step=None):
        """From the tensors of a file; a PaperCodeError if one is missing or of another shape."""
        wide = perturbed({name: np.asarray(tensor, np.float64) for name, tensor in tensors.items()})
        missing = {"l1", "l1_gain", "l1_offset"} - set(wide)
        if missing:
            raise PaperCodeError(f"early layers without {', '.join(sorted(missing))}; pass the early layers that a training wrote")
        n = len(wide["l1"]) if wide["l1"].ndim else 0
        fits = {
            "l0": lambda shape: len(shape) == 2 and shape[0] == shape[1],
            "l1": lambda shape: len(shape) == 3 and shape[1] == shape[2],
            "K": lambda shape: len(shape) == 4 and shape[:2] == (n, n) and shape[2] == shape[3],
            "l1_gain": lambda shape: shape == (n,),
            "l1_offset": lambda shape: shape == (n,),
        }
        for name, is_right in fits.items():
            if name in wide and not is_right(wide[name].shape):
                raise PaperCodeError(f"early layers with {name} of shape {wide[name].shape}, which does not go with {n} square l1 filters")
        return cls(wide.get("l0"), wide["l1"], wide.get("K"), wide["l1_gain"], wide["l1_offset"], step)

    @property
    def receptive_fields(self):
        """Effective receptive fields l1 * l0, (n, a + b - 1, a + b - 1); l1 itself where there is no l0."""
        return self.l1 if self.l0 is None else receptive_fields(self.l1, self.l0)


def write_tensors(path, tensors, metadata=None):
    """Write arrays (a dict of NumPy arrays) as safetensors, atomically; equal input gives equal bytes."""
    # A single metadata entry: the library does not keep the order of several.
    header = {"paper_code": json.dumps(metadata, sort_keys=True)} if metadata else None
    content = safetensors.numpy.save({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}, header)
    write_atomically(path, content)


def digest(tensors, metadata):
    """SHA-256 over names, types, shapes and values of arrays and over what JSON can hold beside them."""
    total = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        total.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        total.update(tensor.tobytes())
    return total.hexdigest()


def read_tensors(path, expected_sha256=None):
    """Read a safetensors file as a dict of NumPy arrays.

    Raises
    ------
    PaperCodeError
        If the file is missing, is no safetensors file, does not have the expected hash, or holds values that are not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise PaperCodeError(f"there is no weights file {path}")
    if expected_sha256 is not None and sha256(path) != expected_sha256:
        raise PaperCodeError(
            f"{path} is not the file that the manifest lists (SHA-256 differs): restore it, with 'git checkout' for shipped weights"
        )
    try:
        tensors = safetensors.numpy.load(path.read_bytes())
    except KeyError as error:
        raise PaperCodeError(f"{path} holds values of a type that NumPy lacks ({error}); write them as float32") from error
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise PaperCodeError(f"{path} is not a whole safetensors file ({error}); restore it or make it again") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise PaperCodeError(f"{path}: tensor {name} holds values that are not finite; train again")
    return tensors


def read_metadata(path):
    """The metadata that :func:`write_tensors` stored, a dict."""
    try:
        with safetensors.safe_open(path, "np") as stream:
            return dict(json.loads((stream.metadata() or {}).get("paper_code", "{}")))
    except (safetensors.SafetensorError, OSError, ValueError, TypeError) as error:
        raise PaperCodeError(f"{path} is not a whole safetensors file ({error}); restore it or delete it") from error


def manifest(directory=None):
    """The manifest: a dict ``{"networks": {"<condition>/seed-<n>": entry}}``.

    Raises
    ------
    PaperCodeError
        If it is missing or damaged, or lists a file outside its own directory.
    """
    path = Path(directory or DIRECTORY) / "manifest.json"
    if not path.is_file():
        raise PaperCodeError(f"there is no {path}; shipped weights come with the repository, or set PAPER_CODE_WEIGHTS to their place")
    content = read_json(path)
    try:
        files = [(file["path"], file["sha256"]) for listed in content["networks"].values() for file in listed["files"].values()]
        outside = [name for name, _ in files if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name]
    except (KeyError, TypeError, AttributeError) as error:
        raise PaperCodeError(f"{path} is damaged: not every network has its files, paths and hashes; restore it") from error
    if outside:
        raise PaperCodeError(f"{path} is damaged: {outside[0]!r} is not below its directory; restore it")
    return content


def entry(condition, seed, directory=None):
    """The manifest's entry for one network."""
    networks = manifest(directory)["networks"]
    key = f"{condition}/seed-{seed}"
    if key not in networks:
        raise PaperCodeError(f"no weights of {key}; the manifest lists {', '.join(sorted(networks)) or 'none'}")
    return networks[key]


def seeds(condition, directory=None):
    """The seeds for which there are weights of a condition, sorted."""
    prefix = f"{condition}/seed-"
    return sorted(int(key.removeprefix(prefix)) for key in manifest(directory)["networks"] if key.startswith(prefix))


def full_seeds(condition, directory=None):
    """The seeds of a condition whose networks are shipped whole, so that :func:`load_network` can run them, sorted."""
    return [seed for seed in seeds(condition, directory) if {"early", "rest"} <= set(entry(condition, seed, directory)["files"])]


def _read_listed(condition, seed, kind, directory):
    directory = Path(directory or DIRECTORY)
    listed = _listed(condition, seed, kind, directory)
    return read_tensors(directory / listed["path"], listed["sha256"])


def _listed(condition, seed, kind, directory):
    files = entry(condition, seed, directory)["files"]
    if kind not in files:
        raise PaperCodeError(f"the manifest in {directory} lists no {kind} file of {condition}/seed-{seed}; collect the run again")
    return files[kind]


def load_early(condition, seed, directory=None):
    """The trained l0, l1 and K of one network, hash checked."""
    return EarlyLayers.from_tensors(_read_listed(condition, seed, "early", directory))


def initial_early(condition, seed, directory=None):
    """l0, l1 and K of one network as they were at step 0, before any training, whether or not it has snapshots.

    They are drawn again from the seed and the configuration that the manifest lists, in full precision.
    """
    listed = entry(condition, seed, directory)
    return EarlyLayers.from_tensors(Network(_condition(listed, f"{condition}/seed-{seed}").network, seed).early_layers(), step=0)


def _condition(listed, key):
    if "condition" not in listed:
        raise PaperCodeError(f"the manifest does not say what {key} is (no condition); collect the run again")
    return Condition.from_dict(listed["condition"])


def configuration(condition, seed, directory=None):
    """The NetworkConfig of one network."""
    return _condition(entry(condition, seed, directory), f"{condition}/seed-{seed}").network


def load_snapshots(condition, seed, directory=None):
    """Snapshots through training, a list of :class:`EarlyLayers` by step; K is None where it was not kept."""
    by_step = {}
    for name, tensor in _read_listed(condition, seed, "snapshots", directory).items():
        step, layer = name.split("/")
        by_step.setdefault(int(step), {})[layer] = tensor
    return [EarlyLayers.from_tensors(by_step[step], step) for step in sorted(by_step)]


def load_network(condition, seed, directory=None):
    """The whole trained network, in evaluation mode, hash checked."""
    listed = entry(condition, seed, directory)
    network = Network(_condition(listed, f"{condition}/seed-{seed}").network, seed)
    early = _read_listed(condition, seed, "early", directory)
    state = _read_listed(condition, seed, "rest", directory)
    for name, key in EARLY_KEYS.items():
        if name in early:
            state[key] = early[name][None, None] if name == "l0" else early[name][:, None] if name == "l1" else early[name]
    try:
        network.load_state_dict({name: torch.from_numpy(np.array(tensor)) for name, tensor in perturbed(state).items()})
    except RuntimeError as error:
        raise PaperCodeError(f"weights of {condition}/seed-{seed} do not fit their configuration: {str(error).splitlines()[-1]}") from error
    return network.eval()


def read_log(condition, seed, directory=None):
    """The training log: a list of dicts, one a line."""
    directory = Path(directory or DIRECTORY)
    listed = _listed(condition, seed, "log", directory)
    path = directory / listed["path"]
    if not path.is_file() or sha256(path) != listed["sha256"]:
        raise PaperCodeError(f"{path} is missing or is not the file that the manifest lists; restore it with 'git checkout'")
    return [json.loads(line) for line in path.read_text().splitlines()]


def verify(directory=None):
    """Check every file of the manifest; returns the number of files, or raises at the first that is missing or changed."""
    directory = Path(directory or DIRECTORY)
    count = 0
    for listed in manifest(directory)["networks"].values():
        for file in listed["files"].values():
            path = directory / file["path"]
            if not path.is_file():
                raise PaperCodeError(f"{path} is missing: restore it, with 'git checkout' for shipped weights")
            if sha256(path) != file["sha256"]:
                raise PaperCodeError(f"{path} is not the file that the manifest lists (SHA-256 differs): restore it with 'git checkout'")
            count += 1
    return count


def collect(runs, directory=None, kinds=tuple(SUFFIXES), half=False):
    """Copy finished runs into the layout of this module and list them in the manifest, which is written last.

    Parameters
    ----------
    runs : sequence of paths
        Directories that :class:`paper_code.training.Run` filled to the end.
    directory : path, optional
        By default ``data/weights``.
    kinds : sequence of str
        Which files to keep: early, snapshots, rest, log. Without "rest" a network cannot be run, without "snapshots" not followed.
    half : bool
        Keep l0, l1 and K of the end of training as float16, in half the bytes: each weight is off by at most 5e-4 of itself or, below
        6e-5, by 3e-8. Gains and offsets stay float32.

    Returns
    -------
    list of str
        The manifest's keys of the runs, ``<condition>/seed-<n>``.

    Raises
    ------
    PaperCodeError
        If a run is not finished or is damaged, or its condition goes by the name of another that is listed already.
    """
    directory = Path(directory or DIRECTORY)
    listed = manifest(directory) if (directory / "manifest.json").exists() else {"networks": {}}
    found = {}
    for run in map(Path, runs):
        key, content = _read_run(run)
        if key in found:
            raise PaperCodeError(f"{run} and {found[key][0]} are both {key}; collect one of them")
        found[key] = (run, *content)
        listed["networks"].pop(key, None)
    for key, (run, result, files) in found.items():
        for other, known in listed["networks"].items():
            if "condition" in known and _network_name(other) == _network_name(key) and _setting(known) != _setting(result):
                raise PaperCodeError(f"{run} was trained with other settings or images than {other}; collect it --to another directory")
        paths = {kind: directory / f"{key}{SUFFIXES[kind]}" for kind in kinds}
        for kind, path in paths.items():
            if kind == "early" and half:
                write_tensors(path, _halved(files[kind], key))
            elif isinstance(files[kind], bytes):
                write_atomically(path, files[kind])
            else:
                write_tensors(path, files[kind])
        entries = {
            kind: {"path": path.relative_to(directory).as_posix(), "sha256": sha256(path), "bytes": path.stat().st_size}
            for kind, path in paths.items()
        }
        listed["networks"][key] = {**result, "files": entries}
    write_json(directory / "manifest.json", listed)
    return list(found)


def _halved(early, key):
    """The same tensors with l0, l1 and K as float16."""
    with np.errstate(over="ignore"):
        halved = {name: tensor.astype(np.float16) if name in EARLY_KEYS else tensor for name, tensor in early.items()}
    if not all(np.isfinite(tensor).all() for tensor in halved.values()):
        raise PaperCodeError(f"weights of {key} are beyond half precision; collect the run without --light")
    return halved


def _network_name(key):
    return key.rpartition("/")[0]


def _setting(result):
    """What the seeds of one condition share."""
    return result["condition"]["network"], result["condition"]["training"], result["images"]["sha256"]


def _read_run(run):
    """Key of a finished run, and the content of its result and of its files by suffix."""
    if not (run / "result.json").is_file():
        raise PaperCodeError(f"{run} holds no finished run (no result.json); train it to the end first")
    result = read_json(run / "result.json")
    try:
        key = f"{result['condition']['name']}/seed-{result['seed']}"
        _setting(result)
    except (KeyError, TypeError) as error:
        raise PaperCodeError(f"{run / 'result.json'} is damaged (no {error}); train again") from error
    if re.fullmatch(r"[\w-]+/seed-\d+", key) is None:
        raise PaperCodeError(f"{run / 'result.json'} is damaged: {key!r} names no network; train again")
    early = read_tensors(run / "early.safetensors")
    EarlyLayers.from_tensors(early)
    snapshots = {}
    for file in sorted((run / "snapshots").glob("*.safetensors")):
        snapshots |= {f"{file.stem}/{layer}": tensor for layer, tensor in read_tensors(file).items()}
    try:
        log = (run / "log.jsonl").read_bytes()
    except OSError as error:
        raise PaperCodeError(f"cannot read {run / 'log.jsonl'}: {error.strerror}; train again") from error
    files = {"early": early, "snapshots": snapshots, "rest": read_tensors(run / "rest.safetensors"), "log": log}
    return key, (result, files)
