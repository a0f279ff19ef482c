"""Files that are either complete or absent, their hashes, and arrays in safetensors files, checked to be finite, with a hash."""

import hashlib
import json
import os
import re
import secrets
import stat
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from paper_code.core.errors import PaperCodeError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LEFTOVER = re.compile(r".+\.(safetensors|jsonl?|html)\.[0-9a-f]{8}\.tmp")  # the names given by write_together


def write_together(contents: Mapping[str | os.PathLike, str | bytes]) -> None:
    """Write files, ``{path: content}``: each to a temporary file beside its place and, once all are whole, each to its place, in order.

    A crash or a full disk at any moment leaves of every file the old one or the new one, which keeps the permissions of the old. After a
    PaperCodeError the temporary files are gone and, unless a rename failed, what was there is untouched.
    """
    new = []
    try:
        for path, content in contents.items():
            place = Path(path)
            temporary = place.with_name(f"{place.name}.{secrets.token_hex(4)}.tmp")
            place.parent.mkdir(parents=True, exist_ok=True)
            mode = check_place(place)
            # Created by os.open, the file has the permissions that the umask allows.
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
                new.append((place, temporary, mode))
                stream.write(content.encode() if isinstance(content, str) else content)
                stream.flush()
                os.fsync(stream.fileno())
        for path, temporary, mode in new:
            if mode is not None:
                os.chmod(temporary, mode)
            os.replace(temporary, path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name, or no name
        raise unwritable(path, error) from error
    finally:
        for _, temporary, _ in new:
            temporary.unlink(missing_ok=True)


def write_atomically(path: str | os.PathLike, content: str | bytes) -> None:
    """Write ``content`` to ``path``, as :func:`write_together` does."""
    write_together({path: content})


def check_writable(path: str | os.PathLike) -> None:
    """Raise PaperCodeError unless a file can be written to ``path``, whose folder need not exist; for before work that takes long."""
    try:
        check_place(path)
        with tempfile.TemporaryDirectory(dir=next(one for one in Path(path).resolve().parents if one.exists())):
            pass
    except OSError as error:
        raise unwritable(path, error) from error


def check_place(path: str | os.PathLike) -> int | None:
    """Permissions of the file at ``path``, None if nothing is there; a folder, link or device there raises PaperCodeError."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a link" if stat.S_ISLNK(mode) else "a device, a pipe or a socket"
        raise PaperCodeError(f"{path} is {kind} and not a file, and is left as it is; choose another place")
    return stat.S_IMODE(mode)


def append_line(path: str | os.PathLike, line: str) -> None:
    """Append one line to a text file and flush it to disk; after a PaperCodeError the file may end in a part of ``line``."""
    try:
        check_place(path)
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(line + "\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: str | os.PathLike, error: Exception) -> PaperCodeError:
    """The PaperCodeError that reports a failed write."""
    reason = getattr(error, "strerror", None) or error
    return PaperCodeError(f"cannot write {path}: {reason}; free some space or choose another place, then run the same command again")


def unreadable(path: str | os.PathLike, error: OSError) -> PaperCodeError:
    """The PaperCodeError that reports a failed read."""
    return PaperCodeError(f"cannot read {path}: {error.strerror or error}")


def leftovers(directory: str | os.PathLike) -> list[Path]:
    """The temporary safetensors, JSON and HTML files that a killed :func:`write_together` left in ``directory``."""
    return [path for path in Path(directory).glob("*.tmp") if LEFTOVER.fullmatch(path.name)]


def remove_leftovers(directory: str | os.PathLike) -> None:
    """Delete the :func:`leftovers` in ``directory``, and nothing else."""
    for path in leftovers(directory):
        path.unlink(missing_ok=True)


def locked(path: str | os.PathLike, patience: float = 0.0, busy: str | None = None) -> IO:
    """The lock file ``path``, open: the lock ends when it is closed, or with the process, however that ends. It is left behind empty.

    If the file system or operating system does not support locks, there is none. A lock that another process still holds after
    ``patience`` seconds raises PaperCodeError, with the message ``busy``.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_place(path)
        stream = open(path, "a")
    except OSError as error:
        raise unwritable(path, error) from error
    deadline = time.monotonic() + patience
    while fcntl is not None:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                stream.close()
                at_work = f"another process is at work in {path.parent}; wait for its end, or choose another directory"
                raise PaperCodeError(busy or at_work) from error
            time.sleep(0.2)
        except OSError:  # a file system without locks
            break
    return stream


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write ``value`` as sorted, indented JSON, atomically; NaN, infinity or an array in it raises PaperCodeError."""
    try:
        content = json.dumps(value, indent=1, sort_keys=True, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise PaperCodeError(
            f"{path} is not written: JSON has no word for a value ({error}); make it a number, a text or a list"
        ) from error
    write_atomically(path, content + "\n")


def read_json(path: str | os.PathLike) -> dict[str, Any]:
    """Read a JSON object as a dict, or raise PaperCodeError with the reason in one line."""
    try:
        value = json.loads(read_bytes(path).decode())
    except (ValueError, RecursionError) as error:
        raise PaperCodeError(f"{path} is not valid JSON ({error}); restore it, or move it away and make it again") from error
    if not isinstance(value, dict):
        raise PaperCodeError(f"{path} holds no JSON object; restore it, or move it away and make it again")
    return value


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file as a hexadecimal string; raises PaperCodeError if it cannot be read."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def write_tensors(path: str | os.PathLike, tensors: Mapping[str, np.ndarray], metadata: dict[str, Any] | None = None) -> None:
    """Write arrays (a dict of NumPy arrays) as safetensors, atomically; equal input gives identical bytes."""
    write_atomically(path, as_bytes(tensors, metadata))


def as_bytes(tensors: Mapping[str, np.ndarray], metadata: dict[str, Any] | None = None) -> bytes:
    """The content of the file that :func:`write_tensors` writes."""
    import safetensors.numpy  # here, because lightweight commands do without it

    # A single metadata entry: the library does not preserve the order of several.
    header = {"paper_code": json.dumps(metadata, sort_keys=True)} if metadata else None
    return safetensors.numpy.save({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}, header)


def digest(tensors: Mapping[str, np.ndarray], metadata: Any) -> str:
    """SHA-256 over the names, types, shapes and values of arrays, and over metadata that JSON can hold."""
    total = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        total.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        total.update(tensor.tobytes())
    return total.hexdigest()


def is_missing(path: str | os.PathLike) -> bool:
    """Whether nothing is at a path; False if it cannot be examined, since something may be there."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def read_bytes(path: str | os.PathLike) -> bytes:
    """Content of a file; raises PaperCodeError if it is missing or unreadable, which does not mean damaged, or if it may never end."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise PaperCodeError(f"cannot read {path}: it is no regular file")
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PaperCodeError(f"there is no file {path}") from error
    except OSError as error:
        raise unreadable(path, error) from error


def read_tensors(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, a dict; raises PaperCodeError if it cannot be read, is no such file, or has non-finite values."""
    return from_bytes(read_bytes(path), path)[0]


def from_bytes(content: bytes, path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the metadata in the content of a file that :func:`write_tensors` wrote; ``path`` is used only in messages."""
    import safetensors.numpy

    try:
        tensors = safetensors.numpy.load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = dict(json.loads(header.get("__metadata__", {}).get("paper_code", "{}")))
    except KeyError as error:
        raise PaperCodeError(f"{path} holds values of a type that NumPy lacks ({error}); write them as float32") from error
    except (safetensors.SafetensorError, ValueError, TypeError) as error:
        raise PaperCodeError(f"{path} is not a whole safetensors file ({error}); restore it or make it again") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise PaperCodeError(f"{path}: tensor {name} holds values that are not finite; train again")
    return tensors, metadata
