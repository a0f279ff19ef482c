"""What the functions of SE(2) ask of their arguments, before they compute: numbers, counts, arrays, and memory."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.errors import PaperCodeError, short

SMALLEST, LARGEST = 1e-30, 1e30  # of a parameter: its powers and ratios then stay inside double precision
MOST = 2**31 - 1  # of a count
MEMORY = 2 * 2**30  # bytes that one call may ask for


def check_number(name: str, value: Any, positive: bool = True) -> float:
    """``value`` as a float, if it is a real number from 1e-30 to 1e30, or zero where ``positive`` does not forbid it."""
    value = _unpack(value)
    try:
        if isinstance(value, str | bytes | bool | np.bool_) or np.ndim(value):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise PaperCodeError(f"{name} must be a number, not {short(value)}.") from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < 0 or (positive and number == 0):
        raise PaperCodeError(f"{name} must be finite and {'positive' if positive else 'not negative'}, not {short(value)}.")
    if number and not SMALLEST <= number <= LARGEST:
        raise PaperCodeError(f"{name} must lie between {SMALLEST:g} and {LARGEST:g}, not {short(value)}: choose other units.")
    return number


def check_count(name: str, value: Any, least: int = 1, most: int = MOST) -> int:
    """``value`` as an int, if it is a whole number from ``least`` to ``most``."""
    value = _unpack(value)
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        limit = f"of at least {least}" if most == MOST else f"from {least} to {most}"
        raise PaperCodeError(f"{name} must be a whole number {limit}, not {short(value)}.")
    return int(value)


def check_array(name: str, value: ArrayLike, finite: bool = True) -> np.ndarray:
    """``value`` as an array of float, if it holds real numbers alone; ``finite`` forbids nan and infinity."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufO":
            raise TypeError
        if array.dtype.kind == "O" and any(isinstance(item, str | bytes | complex) for item in array.flat):
            raise TypeError
        array = array.astype(float, copy=False)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise PaperCodeError(f"{name} must be real numbers in an even array, not {short(value)}.") from None
    if finite and not np.isfinite(array).all():
        raise PaperCodeError(f"{name} must be finite: it holds nan or infinity.")
    return array


def check_arrays(finite: bool = True, **values: ArrayLike) -> tuple[np.ndarray, ...]:
    """The values as arrays of float of one shape."""
    arrays = [check_array(name, value, finite) for name, value in values.items()]
    try:
        return np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(values, arrays, strict=True))
        raise PaperCodeError(f"These shapes do not fit each other: {shapes}.") from None


def check_memory(needed: float, advice: str) -> None:
    """Raise PaperCodeError if an answer needs more than MEMORY bytes; ``advice`` says what to make smaller."""
    if not needed <= MEMORY:
        raise PaperCodeError(f"This would need {needed / 2**30:.3g} GiB of memory, over the {MEMORY / 2**30:g} allowed: {advice}.")


def _unpack(value: Any) -> Any:
    """A scalar in an array without dimensions."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
