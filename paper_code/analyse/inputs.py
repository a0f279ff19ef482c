"""Read the arrays of a network from .npy, .npz and .safetensors files, but nothing that is pickled."""

import os
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import unreadable

# Names that are recognised, in order of preference; also as the end of a longer name, as in "model.conv1.weight".
FILTERS = ("l1", "l1.weight", "conv1.weight", "features.0.weight", "conv1", "filters")
KERNEL = ("K", "lateral.weight", "lateral", "kernel")
FRONT = ("l0", "l0.weight")
PICKLED = (".pt", ".pth", ".ckpt", ".pkl", ".bin")
# Raised by NumPy, by its parser of Python literals, and for zip archives that are damaged, encrypted or compressed by another method.
DAMAGED = (ValueError, EOFError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, RuntimeError)


@dataclass(frozen=True)
class Arrays:
    """Arrays of one file: their shapes by name, and a function that reads one of them. A .npy file has a single array, named ""."""

    path: Path
    shapes: dict[str, tuple[int, ...]]
    read: Callable[[str], np.ndarray]

    def choose(self, name: str | None, guesses: Sequence[str], option: str, likely: Sequence[str]) -> str | None:
        """``name``; if that is None, the name that fits ``guesses``, or the only one that is ``likely``, or None.

        Raises PaperCodeError if ``name`` is missing.
        """
        if name is None:
            fitting = [one for guess in guesses for one in self.shapes if one == guess or one.endswith(f".{guess}")]
            found = fitting[:1] or likely
            return found[0] if len(found) == 1 else None
        if name not in self.shapes:
            raise PaperCodeError(f"{self.path} holds no array called {name}; {option} may be {self.listed()}")
        return name

    def listed(self) -> str:
        """Names and shapes, at most 30, for an error message."""
        parts = [f"{name} {shape}" for name, shape in self.shapes.items() if name]
        more = f" and {len(parts) - 30} more" if len(parts) > 30 else ""
        return f"one of {', '.join(parts[:30])}{more}" if parts else "left out"


@contextmanager
def open_arrays(path: str | os.PathLike) -> Iterator[Arrays]:
    """The arrays of a file, read on demand; raises PaperCodeError if it is missing, damaged, pickled or of another type."""
    path = Path(path)
    kind = path.suffix.lower()
    if kind in PICKLED:
        raise PaperCodeError(f"{path} may hold pickled code, which is not run; save its weights with safetensors, or with numpy.savez")
    if kind not in (".npy", ".npz", ".safetensors"):
        raise PaperCodeError(f"{path} is no .npy, .npz or .safetensors file")
    try:
        if not path.is_file():
            raise PaperCodeError(f"there is no file {path}")
        with _safetensors(path) if kind == ".safetensors" else _numpy(path) as arrays:
            if not arrays.shapes:
                raise PaperCodeError(f"{path} holds no arrays of numbers")
            yield arrays
    except OSError as error:
        raise unreadable(path, error) from error
    except DAMAGED as error:
        pickled = "pickle" in str(error)  # NumPy says so of any file that it does not recognise
        reason = "it holds pickled objects, or is no NumPy file" if pickled else " ".join(str(error).split())
        raise PaperCodeError(f"{path} cannot be read: {reason}; write it again with numpy.save or numpy.savez") from error


@contextmanager
def _numpy(path: Path) -> Iterator[Arrays]:
    whole = np.load(path, allow_pickle=False)
    if isinstance(whole, np.ndarray):
        yield Arrays(path, {"": whole.shape}, lambda name: whole)
    else:
        with whole:
            yield Arrays(path, {name: shape for name in whole.files if (shape := _shape(whole, name)) is not None}, whole.__getitem__)


def _shape(archive: np.lib.npyio.NpzFile, name: str) -> tuple[int, ...] | None:
    try:
        return archive[name].shape
    except ValueError:  # pickled objects among the arrays
        return None


@contextmanager
def _safetensors(path: Path) -> Iterator[Arrays]:
    import safetensors  # from the extra 'cli'

    def read(name: str) -> np.ndarray:
        try:
            return file.get_tensor(name)
        except TypeError:  # a type that NumPy lacks
            part = dict(safetensors.deserialize(path.read_bytes()))[name]
            if part["dtype"] != "BF16":
                raise PaperCodeError(f"{path}: {name} is of type {part['dtype']}, which NumPy lacks; write it as float32") from None
            # BF16 is the upper half of a float32.
            return (np.frombuffer(part["data"], "<u2").astype("<u4") << 16).view("<f4").reshape(part["shape"])

    try:
        with safetensors.safe_open(path, framework="np") as file:
            yield Arrays(path, {name: tuple(file.get_slice(name).get_shape()) for name in sorted(file.keys())}, read)
    except safetensors.SafetensorError as error:
        raise PaperCodeError(f"{path} is not a whole safetensors file ({error})") from error


def read_network(
    filters: str | os.PathLike,
    kernel: str | os.PathLike | None = None,
    l0: str | os.PathLike | None = None,
    filters_name: str | None = None,
    kernel_name: str | None = None,
    l0_name: str | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Read the filters, kernel and l0 of a network from files; the last two are None if there are none.

    Without files of their own, ``kernel`` and ``l0`` are looked for in the file of the filters. Names that are not given are guessed,
    starting with :data:`FILTERS`, :data:`KERNEL` and :data:`FRONT`; ``say`` is told which array was taken for the filters. Raises
    PaperCodeError, which lists the names, if an array is missing or cannot be guessed.
    """
    with open_arrays(filters) as arrays:
        likely = [name for name, shape in arrays.shapes.items() if name == "" or _like_filters(shape)]
        taken = arrays.choose(filters_name, FILTERS, "--filters-name", likely)
        if taken is None:
            raise PaperCodeError(f"which array of {filters} holds the filters? --filters-name may be {arrays.listed()}")
        if say and filters_name is None and len(likely) > 1:
            say(f"filters: the array {taken} {arrays.shapes[taken]} of {filters}; for another, say --filters-name")
        found = [arrays.read(taken)]
        for path, name, guesses, option in ((kernel, kernel_name, KERNEL, "--kernel-name"), (l0, l0_name, FRONT, "--l0-name")):
            with nullcontext(arrays) if path is None else open_arrays(path) as other:
                one = other.choose(name, guesses, option, [] if path is None else list(other.shapes))
                if one is None and path is not None:
                    raise PaperCodeError(f"which array of {path}? {option} may be {other.listed()}")
                found.append(None if one is None else other.read(one))
    bank, K, front = found
    if front is not None and front.ndim > 2 and set(front.shape[:-2]) == {1}:
        front = front.reshape(front.shape[-2:])
    return bank, K, front


def _like_filters(shape: tuple[int, ...]) -> bool:
    return min(shape[-2:], default=0) >= 3 and (len(shape) == 3 or len(shape) == 4 and shape[1] in (1, 3))
