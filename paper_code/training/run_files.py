"""The files that a training run keeps in its directory, and checks that they are its own."""

import json
import os

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_bytes, read_json, write_atomically

IDENTITY = "run.json"
CHECKPOINT = "checkpoint.safetensors"
LOG = "log.jsonl"
EARLY = "early.safetensors"
REST = "rest.safetensors"
RESULT = "result.json"
SNAPSHOTS = "snapshots"
LOG_EVERY = 10  # steps


def begun(directory):
    """The identity of the run in ``directory``, a dict; None if there is no run."""
    return read_json(directory / IDENTITY) if os.path.lexists(directory / IDENTITY) else None


def finished(directory, identity, steps):
    """The content of ``result.json`` of a run of ``steps`` steps; None if the run has not ended or its weights are gone."""
    path = directory / RESULT
    if not os.path.lexists(path):
        return None
    result = read_json(path)
    if result != {**result, **identity, "steps": steps}:
        raise PaperCodeError(f"{path} is not of this run; move it away, and the same command makes it again from the checkpoint")
    if {"accuracy", "accuracy_noise_free"} - set(result):
        raise PaperCodeError(f"{path} lacks the accuracy; move it away, and the same command makes it again from the checkpoint")
    return result if all(os.path.lexists(directory / name) for name in (EARLY, REST)) else None


def check_same(directory, found, wanted):
    """Refuse to resume the run ``found`` as a different run, ``wanted``."""
    if changed := _differences(found, wanted):
        raise PaperCodeError(
            f"{directory} holds another run: it has {', '.join(changed[:4])}{' and more' * (len(changed) > 4)}; "
            f"run with its values to go on with it; to train anew, move {directory} away or choose another --out"
        )


def check_unused(directory):
    """Refuse a directory that holds no run, but holds files that a run would overwrite."""
    for name in (CHECKPOINT, RESULT, LOG, EARLY, REST, SNAPSHOTS):
        if os.path.lexists(directory / name):
            raise PaperCodeError(
                f"{directory} holds {name} but no {IDENTITY}, so it is not a run's to write over; choose another --out, or move it away"
            )


def cut_log(directory, step):
    """Remove from the log all entries after ``step``, and any line that a kill or a full disk cut short."""
    path = directory / LOG
    if os.path.lexists(path):
        lines = read_bytes(path).decode(errors="replace").splitlines(keepends=True)
        kept = [line for line in lines if _is_kept(line, step)]
        if kept != lines:
            write_atomically(path, "".join(kept))


def _is_kept(line, step):
    try:
        return line.endswith("\n") and json.loads(line)["step"] <= step
    except (ValueError, KeyError, TypeError):
        return False


def _differences(found, wanted, name=""):
    """Differences of two nested dictionaries, as "name.of.field = value found, not value wanted"; None stands for an absent setting."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys = [*wanted, *(key for key in found if key not in wanted)]
        return [text for key in keys for text in _differences(found.get(key), wanted.get(key), f"{name}.{key}" if name else key)]
    if found == wanted:
        return []
    long = max(len(str(found)), len(str(wanted))) > 40
    found, wanted = ("its default" if value is None else value for value in (found, wanted))
    return [f"other {name}" if long else f"{name} = {found}, not {wanted}"]
