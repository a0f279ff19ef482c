"""The layers that the book analyses, and tensors in files."""

import hashlib
import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import safetensors.numpy

from paper_code.errors import PaperCodeError
from paper_code.files import write_atomically
from paper_code.filters.gabor import receptive_fields
from paper_code.perturb import perturbed

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
    write_atomically(path, as_bytes(tensors, metadata))


def as_bytes(tensors, metadata=None):
    """The content of the file that :func:`write_tensors` writes."""
    # A single metadata entry: the library does not keep the order of several.
    header = {"paper_code": json.dumps(metadata, sort_keys=True)} if metadata else None
    return safetensors.numpy.save({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}, header)


def digest(tensors, metadata):
    """SHA-256 over names, types, shapes and values of arrays and over what JSON can hold beside them."""
    total = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        total.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        total.update(tensor.tobytes())
    return total.hexdigest()


def is_missing(path):
    """Whether nothing is at a path; what cannot be looked at may be there."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def read_bytes(path):
    """Content of a regular file of a training; a PaperCodeError if there is none or it cannot be read, which is no damage."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise PaperCodeError(f"cannot read {path}: it is no regular file")
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PaperCodeError(f"there is no weights file {path}") from error
    except OSError as error:
        raise PaperCodeError(f"cannot read {path}: {error.strerror}") from error


def read_tensors(path):
    """Read a safetensors file as a dict of NumPy arrays.

    Raises
    ------
    PaperCodeError
        If the file is missing or cannot be read, is no safetensors file, or holds values that are not finite.
    """
    return from_bytes(read_bytes(path), path)


def from_bytes(content, path):
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


def read_metadata(path):
    """The metadata that :func:`write_tensors` stored, a dict."""
    content = read_bytes(path)
    from_bytes(content, path)  # checks the header, its length too
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return dict(json.loads(header.get("__metadata__", {}).get("paper_code", "{}")))
    except (ValueError, TypeError) as error:
        raise PaperCodeError(f"{path} is not a whole safetensors file ({error}); restore it or make it again") from error
