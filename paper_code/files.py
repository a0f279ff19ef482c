"""Files that are either whole or not there, and their hashes."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from paper_code.errors import PaperCodeError


def write_atomically(path, content):
    """Write ``content`` (bytes or str) to ``path`` through a temporary file beside it, then rename.

    A crash or a full disk at any moment leaves either the old file or the new one.

    Raises
    ------
    PaperCodeError
        If the file cannot be written; the temporary file is gone and an earlier file is untouched.
    """
    path = Path(path)
    if isinstance(content, str):
        content = content.encode()
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise PaperCodeError(
            f"cannot write {path}: {error.strerror}; free some space or choose another place, then run the same command again"
        ) from error


def write_json(path, value):
    """Write ``value`` as sorted, indented JSON, atomically; NaN is refused."""
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path):
    """Read a JSON file, or say in one line why not.

    Raises
    ------
    PaperCodeError
        If the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text())
    except OSError as error:
        raise PaperCodeError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise PaperCodeError(f"{path} is not valid JSON ({error}); restore it or delete it and make it again") from error


def sha256(path):
    """SHA-256 of a file as a hexadecimal string."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
