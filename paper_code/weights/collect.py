"""From finished runs to listed weights: everything is checked before the first byte is written, and either all or nothing is replaced."""

import hashlib
import json
from pathlib import Path

import numpy as np

from paper_code import weights
from paper_code.core.errors import PaperCodeError, named
from paper_code.core.files import as_bytes, is_missing, locked, read_bytes, read_json, read_tensors, remove_leftovers, write_together
from paper_code.network.layers import EARLY_KEYS
from paper_code.training.conditions import Condition, snapshot_steps
from paper_code.training.run_files import EARLY, IDENTITY, LOG, REST, RESULT, SNAPSHOTS
from paper_code.weights.records import SUFFIXES, Identity, Manifest, Result, as_record

# Which files are kept, and which layers at the end of training as float16: each weight is then off by at most 5e-4 of itself or, below
# 6e-5, by 3e-8. Without "rest" a network cannot be run; without "snapshots" its training cannot be followed.
PRESETS = {
    "exact": (tuple(SUFFIXES), ()),
    "full": (tuple(SUFFIXES), ("K",)),
    "measured": (("early", "log"), ("K",)),
    "light": (("early", "log"), tuple(EARLY_KEYS)),
}
AGAIN = "train again, into another --out"


def collect(runs, directory=None, preset="exact", replace=False):
    """Copy finished runs into the layout of this package and list them in the manifest, either all or none; returns their keys.

    ``runs`` are directories that :class:`paper_code.training.run.Run` completed, ``directory`` is by default ``weights.DIRECTORY``,
    ``preset`` says what to keep, and ``replace`` whether a listed network may be replaced by other files of the same condition and seed.
    """
    kept, found = named("preset", preset, PRESETS), {}
    for run in map(Path, runs):
        key, result, files = _read_run(run)
        if key in found:
            raise PaperCodeError(f"{run} and {found[key][0]} are both {key}; collect one of them")
        found[key] = run, result, _encode(files, kept, key)
    directory = Path(directory or weights.DIRECTORY)
    with locked(directory / ".lock"):
        _install(found, directory, replace)
    return list(found)


def _encode(files, preset, key):
    """Content of the files that a preset keeps, by kind; ``preset`` is one of the values of PRESETS."""
    kinds, halved = preset
    early = dict(files["early"])
    for layer in set(halved) & set(early):
        with np.errstate(over="ignore"):
            early[layer] = early[layer].astype(np.float16)
        if not np.isfinite(early[layer]).all():
            raise PaperCodeError(f"weights of {key} are beyond half precision; keep them exact")
    kept = {**files, "early": early}
    return {kind: kept[kind] if kind == "log" else as_bytes(kept[kind]) for kind in kinds}


def _install(found, directory, replace):
    """Write the files of networks, ``{key: (source, result, content by kind)}``, and the manifest that lists them, which comes last.

    If killed between two renames, the manifest rejects what it does not list, and the same command can be run again.
    """
    path = directory / "manifest.json"
    before = {"networks": {}} if is_missing(path) else weights.manifest(directory)
    after = {key: listed for key, listed in before["networks"].items() if key not in found}
    contents = {}
    for key, (source, result, files) in found.items():
        for other, known in after.items():
            if known["condition"]["name"] == result["condition"]["name"] and _setting(known) != _setting(result):
                raise PaperCodeError(f"{source} was trained with other settings or images than {other}; collect it --to another directory")
        entries = {}
        for kind, content in files.items():
            place = f"{key}{SUFFIXES[kind]}"
            contents[directory / place] = content
            entries[kind] = {"path": place, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        if not replace and before["networks"].get(key, {"files": entries})["files"] != entries:
            raise PaperCodeError(f"{source} has other files than {key} has; add --replace if this is meant, or collect it --to elsewhere")
        after[key] = {**result, "files": entries}
    listed = {**before, "networks": after}
    as_record(Manifest, listed, path, AGAIN)
    contents[path] = json.dumps(listed, indent=1, sort_keys=True, allow_nan=False) + "\n"
    for folder in {place.parent for place in contents}:
        remove_leftovers(folder)
    write_together(contents)
    for key in set(found) & set(before["networks"]):
        for file in before["networks"][key]["files"].values():
            if directory / file["path"] not in contents:
                (directory / file["path"]).unlink(missing_ok=True)


def _setting(result):
    """What all seeds of one condition share."""
    return result["condition"]["network"], result["condition"]["training"], result["images"]["sha256"]


def read_result(run):
    """``result.json`` of a finished run, a dict, checked and confirmed to be of the run described in ``run.json``."""
    path, begun = Path(run) / RESULT, Path(run) / IDENTITY
    if is_missing(path):
        raise PaperCodeError(f"{run} holds no finished run (no {RESULT}); train it to the end first")
    result, identity = read_json(path), read_json(begun)
    as_record(Result, result, path, AGAIN)
    as_record(Identity, identity, begun, AGAIN)
    if {name: result.get(name) for name in identity} != identity:
        raise PaperCodeError(f"{run} is damaged: {RESULT} and {IDENTITY} are of different runs; {AGAIN}")
    return result


def _read_run(run):
    """Key of a finished run, its result, and the content of its files, by kind."""
    result = read_result(run)
    condition = Condition.from_dict(result["condition"])
    early, rest = (read_tensors(run / name) for name in (EARLY, REST))
    network = weights.assemble(condition.network, early, rest, f"{EARLY} and {REST} of {run}")
    for name, layer in network.early_layers().items():
        if not np.allclose(early[name], layer, rtol=1e-4, atol=1e-6):  # gains are derived from the norms in rest
            raise PaperCodeError(f"{run} is damaged: its {EARLY} and {REST} are of different networks; {AGAIN}")
    steps, with_lateral = snapshot_steps(result["steps"], condition.training)
    snapshots = {}
    for step in sorted(steps):  # of step 0, which weights.initial_early draws again, only the layers are checked
        path = run / SNAPSHOTS / f"{step:06d}.safetensors"
        tensors = read_tensors(path)
        wanted = {name: tensor.shape for name, tensor in early.items() if name != "K" or step in with_lateral}
        if {name: tensor.shape for name, tensor in tensors.items()} != wanted:
            raise PaperCodeError(f"{path} does not hold the layers of its network; {AGAIN}")
        snapshots |= {f"{path.stem}/{name}": tensor for name, tensor in tensors.items() if step > 0}
    log = read_bytes(run / LOG)
    lines = weights.parse_log(log, run / LOG)
    if not lines or lines[-1]["step"] != result["steps"] or "epoch" not in lines[-1]:
        raise PaperCodeError(f"{run / LOG} does not go to the end of its training, step {result['steps']}; {AGAIN}")
    key = f"{condition.name}/seed-{result['seed']}"
    return key, result, {"early": early, "snapshots": snapshots, "rest": rest, "log": log}
