"""Arrays in safetensors files: whole or not there, finite, and with a hash."""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import write_atomically


def write_tensors(path: str | os.PathLike, tensors: Mapping[str, np.ndarray], metadata: dict[str, Any] | None = None) -> None:
    """Write arrays (a dict of NumPy arrays) as safetensors, atomically; equal input gives equal bytes."""
    write_atomically(path, as_bytes(tensors, metadata))


def as_bytes(tensors: Mapping[str, np.ndarray], metadata: dict[str, Any] | None = None) -> bytes:
    """The content of the file that :func:`write_tensors` writes."""
    # A single metadata entry: the library does not keep the order of several.
    header = {"paper_code": json.dumps(metadata, sort_keys=True)} if metadata else None
    return safetensors.numpy.save({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}, header)


def digest(tensors: Mapping[str, np.ndarray], metadata: Any) -> str:
    """SHA-256 over names, types, shapes and values of arrays and over what JSON can hold beside them."""
    total = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        total.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        total.update(tensor.tobytes())
    return total.hexdigest()


def is_missing(path: str | os.PathLike) -> bool:
    """Whether nothing is at a path; what cannot be looked at may be there."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def read_bytes(path: str | os.PathLike) -> bytes:
    """Content of a regular file of a training; a PaperCodeError if there is none or it cannot be read, which is no damage."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise PaperCodeError(f"cannot read {path}: it is no regular file")
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PaperCodeError(f"there is no weights file {path}") from error
    except OSError as error:
        raise PaperCodeError(f"cannot read {path}: {error.strerror}") from error


def read_tensors(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a safetensors file as a dict of NumPy arrays.

    Raises
    ------
    PaperCodeError
        If the file is missing or cannot be read, is no safetensors file, or holds values that are not finite.
    """
    return from_bytes(read_bytes(path), path)


def from_bytes(content: bytes, path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays in the content of a safetensors file; ``path`` is for people."""
    try:
        tensors = safetensors.numpy.load(content)
    except KeyError as error:
        raise PaperCodeError(f"{path} holds values of a type that NumPy lacks ({error}); write them as float32") from error
    except (safetensors.SafetensorError, ValueError) as error:
        raise PaperCodeError(f"{path} is not a whole safetensors file ({error}); restore it or make it again") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise PaperCodeError(f"{path}: tensor {name} holds values that are not finite; train again")
    return tensors


def read_metadata(path: str | os.PathLike) -> dict[str, Any]:
    """The metadata that :func:`write_tensors` stored, a dict."""
    content = read_bytes(path)
    from_bytes(content, path)  # checks the header, its length too
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return dict(json.loads(header.get("__metadata__", {}).get("paper_code", "{}")))
    except (ValueError, TypeError) as error:
        raise PaperCodeError(f"{path} is not a whole safetensors file ({error}); restore it or make it again") from error
