"""What a training keeps in its directory, and whether it is whole and its own.

An error of reading is told apart from damage: a file that cannot be read may be good, and nobody is told to delete it.
"""

import json
import math
import os

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import from_bytes, read_bytes, read_json, unreadable

IDENTITY = "run.json"
CHECKPOINT = "checkpoint.safetensors"
LOG = "log.jsonl"
EARLY = "early.safetensors"
REST = "rest.safetensors"
RESULT = "result.json"
SNAPSHOTS = "snapshots"
LOG_EVERY = 10  # steps


def snapshot_file(directory, step):
    """Where the snapshot of a step lies."""
    return directory / SNAPSHOTS / f"{step:06d}.safetensors"


def anew(directory):
    """What to do about a run that cannot go on, in words."""
    return f"restore it, or move {directory} away (or choose another --out) to train anew"


def begun(directory):
    """The identity of the run that ``directory`` holds, a dict; None if it holds none."""
    path = directory / IDENTITY
    found = _json(path, anew(directory))
    wrong = [] if found is None else [key for key in ("condition", "images", "hardware") if not isinstance(found.get(key), dict)]
    if wrong:
        raise PaperCodeError(f"{path} is damaged (no {wrong[0]}); {anew(directory)}")
    return found


def check_same(directory, found, wanted):
    """Refuse to go on with the run ``found`` as another one, ``wanted``; settings that older runs lack count as the same."""
    if "plan" not in found:  # begun before there was one
        wanted = {key: value for key, value in wanted.items() if key != "plan"}
    if "lateral" not in found["hardware"]:  # begun when there was one way only
        wanted = {**wanted, "hardware": {key: value for key, value in wanted["hardware"].items() if key != "lateral"}}
    changed = _differences(found, wanted)
    if changed:
        raise PaperCodeError(
            f"{directory} holds another run: it has {', '.join(changed[:4])}{' and more' * (len(changed) > 4)}; "
            f"run with its values to go on with it; to train anew, move {directory} away or choose another --out"
        )


def check_unused(directory):
    """Refuse a directory that holds no run but files that a run would write over."""
    for name in (CHECKPOINT, RESULT, LOG, EARLY, REST, SNAPSHOTS):
        if os.path.lexists(directory / name):
            raise PaperCodeError(
                f"{directory} holds {name} but no {IDENTITY}, so it is not a run's to write over; choose another --out, or move it away"
            )


def logged(directory):
    """The lines of the log, with their ends."""
    try:
        return (directory / LOG).read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(directory / LOG, error) from error


def logged_step(line):
    """The step of a line of the log; infinity for one that a kill or a full disk cut short."""
    try:
        return json.loads(line)["step"] if line.endswith("\n") else math.inf
    except (ValueError, KeyError, TypeError):
        return math.inf


def check_kept(directory, step, snapshots):
    """Check that what a run wrote before a step is there and whole: training on would not bring it back.

    ``snapshots`` are the names of the tensors in each, by step.
    """
    for one in sorted(one for one in snapshots if one < step):
        check_tensors(snapshot_file(directory, one), snapshots[one], anew(directory))
    steps = {logged_step(line) for line in logged(directory)}
    missing = [one for one in range(LOG_EVERY, step + 1, LOG_EVERY) if one not in steps]
    if missing:
        raise PaperCodeError(f"{directory / LOG} lacks step {missing[0]}, which was logged; {anew(directory)}")


def finished(directory, steps):
    """The content of ``result.json`` of a run of so many steps, whose identity and trained weights are there; None if it has not ended."""
    path = directory / RESULT
    remade = f"restore it, or move {path} away, and the same command makes it again from the checkpoint"
    result = _json(path, remade)
    if result is None:
        return None
    identity = begun(directory)
    if {"accuracy", "accuracy_noise_free"} - set(result) or result != {**result, **identity, "steps": steps}:
        raise PaperCodeError(f"{path} is damaged, or is not of this run; {remade}")
    check_tensors(directory / EARLY, {"l1", "l1_gain", "l1_offset"}, remade)
    check_tensors(directory / REST, {"readout.weight"}, remade)
    return result


def check_tensors(path, names, mend):
    """Raise a PaperCodeError that ends in ``mend`` unless a safetensors file is there, whole and with tensors of these names."""
    if not os.path.lexists(path):
        raise PaperCodeError(f"{path} is gone, which this run wrote; {mend}")
    content = read_bytes(path)
    try:
        missing = names - set(from_bytes(content, path))
    except PaperCodeError as error:
        raise PaperCodeError(f"{path} is damaged; {mend}") from error
    if missing:
        raise PaperCodeError(f"{path} is damaged (no {', '.join(sorted(missing))}); {mend}")


def _json(path, mend):
    if not os.path.lexists(path):
        return None
    read_bytes(path)
    try:
        return read_json(path)
    except PaperCodeError as error:
        raise PaperCodeError(f"{path} is damaged ({error.__cause__ or 'no JSON object'}); {mend}") from error


def _differences(found, wanted, name=""):
    """What differs between two nested dictionaries, as "name.of.field = value found, not value wanted"; None is a setting left out."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys = [*wanted, *(key for key in found if key not in wanted)]
        return [text for key in keys for text in _differences(found.get(key), wanted.get(key), f"{name}.{key}" if name else key)]
    if found == wanted:
        return []
    long = max(len(str(found)), len(str(wanted))) > 40
    found, wanted = ("its default" if value is None else value for value in (found, wanted))
    return [f"other {name}" if long else f"{name} = {found}, not {wanted}"]
