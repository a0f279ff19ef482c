"""From finished runs to weights that are listed: everything is checked before the first byte is written, and all is replaced or nothing."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.files import (
    as_bytes,
    from_bytes,
    is_missing,
    locked,
    read_bytes,
    read_json,
    read_tensors,
    unwritable,
    write_atomically,
)
from paper_code.network.layers import EARLY_KEYS
from paper_code.training.conditions import Condition, snapshot_steps
from paper_code.weights.records import SUFFIXES, Identity, Manifest, Result, check, read

# Which files are kept, and which layers at the end of training as float16: each weight is then off by at most 5e-4 of itself or, below
# 6e-5, by 3e-8. Without "rest" a network cannot be run, without "snapshots" not followed.
PRESETS = {
    "exact": (tuple(SUFFIXES), ()),
    "full": (tuple(SUFFIXES), ("K",)),
    "whole": (("early", "rest", "log"), ()),
    "measured": (("early", "log"), ("K",)),
    "light": (("early", "log"), tuple(EARLY_KEYS)),
}
AGAIN = "train again, into another --out"


def collect(runs, directory=None, preset="exact", replace=False):
    """Copy finished runs into the layout of this package and list them in the manifest, all of them or none; returns their keys.

    Parameters
    ----------
    runs : sequence of paths
        Directories that :class:`paper_code.training.run.Run` filled to the end.
    directory : path, optional
        By default ``data/weights``.
    preset : str
        What to keep, one of PRESETS.
    replace : bool
        Whether a listed network may lose files, precision or its values to a run of the same condition and seed.
    """
    found = {}
    for run in map(Path, runs):
        key, result, files = _read_run(run)
        if key in found:
            raise PaperCodeError(f"{run} and {found[key][0]} are both {key}; collect one of them")
        found[key] = run, result, _encode(files, preset, key)
    directory = Path(directory or weights.DIRECTORY)
    with locked(directory / ".lock"):
        _install(found, directory, replace)
    return list(found)


def lighten(keys, preset, directory=None):
    """Keep less of listed networks, ``<condition>/seed-<n>``: the files and the precision of a preset. All of them or none."""
    directory = Path(directory or weights.DIRECTORY)
    weights.manifest(directory)
    with locked(directory / ".lock"):
        _recover(directory)
        found = {}
        for key in keys:
            name, _, seed = key.partition("/seed-")
            listed = weights.entry(name, seed, directory)
            files = {kind: weights.content(name, seed, kind, directory) for kind in _preset(preset)[0]}
            files = {kind: content if kind == "log" else from_bytes(content, path) for kind, (content, path) in files.items()}
            found[key] = key, {name: value for name, value in listed.items() if name != "files"}, _encode(files, preset, key)
        _install(found, directory, replace=True)
    return list(found)


def _preset(name):
    if name not in PRESETS:
        raise PaperCodeError(f"unknown preset {name!r}; choose {', '.join(PRESETS)}")
    return PRESETS[name]


def _encode(files, preset, key):
    """Content of the files that a preset keeps, by kind."""
    kinds, halved = _preset(preset)
    early = dict(files["early"])
    for layer in set(halved) & set(early):
        with np.errstate(over="ignore"):
            early[layer] = early[layer].astype(np.float16)
        if not np.isfinite(early[layer]).all():
            raise PaperCodeError(f"weights of {key} are beyond half precision; keep them exact")
    kept = {**files, "early": early}
    if "snapshots" in kinds:  # the start is not kept: weights.initial_early draws it again
        kept["snapshots"] = {name: tensor for name, tensor in files["snapshots"].items() if int(name.partition("/")[0]) > 0}
    return {kind: kept[kind] if kind == "log" else as_bytes(kept[kind]) for kind in kinds}


def _install(found, directory, replace):
    """Write the files of networks, ``{key: (source, result, content by kind)}``, and the manifest that lists them."""
    path, before = directory / "manifest.json", _recover(directory)
    after = {key: listed for key, listed in before["networks"].items() if key not in found}
    contents = {}
    for key, (source, result, files) in found.items():
        for other, known in after.items():
            if known["condition"]["name"] == result["condition"]["name"] and _setting(known) != _setting(result):
                raise PaperCodeError(f"{source} was trained with other settings or images than {other}; collect it --to another directory")
        lost = None if replace or key not in before["networks"] else _lost(before["networks"][key]["files"], files, directory)
        if lost:
            raise PaperCodeError(
                f"{source} would take from {key} its {lost}, or the precision or the values of that; add --replace if this is meant, or "
                "collect it --to another directory"
            )
        places = {kind: f"{key}{SUFFIXES[kind]}" for kind in files}
        entries = {
            kind: {"path": places[kind], "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for kind, content in files.items()
        }
        contents |= {directory / places[kind]: content for kind, content in files.items()}
        after[key] = {**result, "files": entries}
    listed = {**before, "networks": after}
    check(Manifest, listed, path, AGAIN)
    contents[path] = (json.dumps(listed, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
    _write_together(contents)
    for key in set(found) & set(before["networks"]):
        for file in before["networks"][key]["files"].values():
            if directory / file["path"] not in contents:
                (directory / file["path"]).unlink(missing_ok=True)


def _setting(result):
    """What the seeds of one condition share."""
    return result["condition"]["network"], result["condition"]["training"], result["images"]["sha256"]


def _lost(listed, files, directory):
    """The first kind of file, whole as listed, of which new content (by kind) holds less; None if there is none."""
    for kind, file in listed.items():
        path = directory / file["path"]
        old = b"" if is_missing(path) else read_bytes(path)
        if weights.is_listed(old, file) and not (kind in files and (kind == "log" or _holds(files[kind], old, path))):
            return kind
    return None


def _holds(new, old, path):
    """Whether every tensor of a file is in another with the same values, as exactly."""
    new = from_bytes(new, path)
    with np.errstate(over="ignore"):
        return all(
            name in new and new[name].dtype.itemsize >= tensor.dtype.itemsize and np.array_equal(new[name].astype(tensor.dtype), tensor)
            for name, tensor in from_bytes(old, path).items()
        )


def _write_together(contents):
    """Write files, ``{path: bytes}``: each beside its place, and when all are whole each to its place, the manifest last; or none.

    A failure puts back what was there; after a kill between two renames, :func:`_recover` does.
    """
    new = {path: path.with_name(f"{path.name}.new.tmp") for path in contents}
    manifest = list(contents)[-1]
    for path in contents:
        if os.path.lexists(path) and (os.path.islink(path) or not os.path.isfile(path)):
            raise PaperCodeError(f"{path} is no regular file, and is not replaced; move it away")
    fresh = {path for path in contents if is_missing(path)}
    begun = []
    try:
        for path, content in contents.items():
            write_atomically(new[path], content)
        for path in contents:
            begun.append(path)
            if path not in fresh | {manifest}:
                os.replace(path, _aside(path))
            os.replace(new[path], path)
    except BaseException as error:
        for path in begun if not is_missing(new[manifest]) or manifest not in begun else ():  # else all is in its place
            if not is_missing(_aside(path)):
                os.replace(_aside(path), path)
            elif path in fresh:
                path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(path, error) from error
        raise
    finally:
        for path in [*new.values(), *map(_aside, contents)]:
            path.unlink(missing_ok=True)


def _aside(path):
    return path.with_name(f"{path.name}.old.tmp")


def _recover(directory):
    """The manifest, after putting back what a process that was killed had moved aside before it could list what it put there."""
    path = directory / "manifest.json"
    content = {"networks": {}} if is_missing(path) else weights.read_manifest(path)
    for file in (file for listed in content["networks"].values() for file in listed["files"].values()):
        path = directory / file["path"]
        if not is_missing(_aside(path)):
            if weights.is_listed(read_bytes(_aside(path)), file):
                os.replace(_aside(path), path)
            else:
                _aside(path).unlink()
    return content


def read_result(run):
    """``result.json`` of a finished run, a dict, checked and of the run that ``run.json`` says."""
    path = Path(run) / "result.json"
    if is_missing(path):
        raise PaperCodeError(f"{run} holds no finished run (no result.json); train it to the end first")
    check(Result, result := read_json(path), path, AGAIN)
    read(Identity, Path(run) / "run.json", AGAIN)
    identity = read_json(Path(run) / "run.json")
    if {name: result.get(name) for name in identity} != identity:
        raise PaperCodeError(f"{run} is damaged: result.json and run.json are of different runs; {AGAIN}")
    return result


def _read_run(run):
    """Key of a finished run, its result, and what it left, by kind."""
    result = read_result(run)
    condition = Condition.from_dict(result["condition"])
    early, rest = (read_tensors(run / f"{kind}.safetensors") for kind in ("early", "rest"))
    network = weights.assemble(condition.network, early, rest, f"early.safetensors and rest.safetensors of {run}")
    for name, layer in network.early_layers().items():
        if not np.allclose(early[name], layer, rtol=1e-4, atol=1e-6):  # gains follow from the norms in rest
            raise PaperCodeError(f"{run} is damaged: its early.safetensors and rest.safetensors are of different networks; {AGAIN}")
    steps, with_lateral = snapshot_steps(result["steps"], condition.training)
    snapshots = {}
    for step in sorted(steps):
        path = run / "snapshots" / f"{step:06d}.safetensors"
        tensors = read_tensors(path)
        wanted = {name: tensor.shape for name, tensor in early.items() if name != "K" or step in with_lateral}
        if {name: tensor.shape for name, tensor in tensors.items()} != wanted:
            raise PaperCodeError(f"{path} does not hold the layers of its network; {AGAIN}")
        snapshots |= {f"{path.stem}/{name}": tensor for name, tensor in tensors.items()}
    log = read_bytes(run / "log.jsonl")
    lines = weights.parse_log(log, run / "log.jsonl")
    if not lines or lines[-1]["step"] != result["steps"] or "epoch" not in lines[-1]:
        raise PaperCodeError(f"{run / 'log.jsonl'} does not go to the end of its training, step {result['steps']}; {AGAIN}")
    key = f"{condition.name}/seed-{result['seed']}"
    return key, result, {"early": early, "snapshots": snapshots, "rest": rest, "log": log}
