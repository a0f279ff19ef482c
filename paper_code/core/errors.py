"""The one exception that a person is meant to read, what raises it for wrong numbers, and how text is made fit to be read."""

import math
from dataclasses import field, fields
from numbers import Integral, Real
from typing import Any


class PaperCodeError(Exception):
    """Bad input or a failed write: the message is one line that says what is wrong and how to mend it.

    The command line prints it without a traceback and exits with status 1.

    Examples
    --------
    >>> from paper_code.se2 import DirectionProcess
    >>> DirectionProcess(D=-1, alpha=0.1)
    Traceback (most recent call last):
        ...
    paper_code.core.errors.PaperCodeError: D must be finite and positive, not -1.
    """


def printable(text: object) -> str:
    """``text`` on one line, control characters and bytes that are not UTF-8 as escapes, so that no file name can steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(str(text).split()))


def bounded(default: float, low: float, high: float) -> Any:
    """A field of a configuration for :func:`check_numbers`: a number between two that are allowed, whole if both are ints."""
    return field(default=default, metadata={"bounds": (low, high)})


def check_numbers(settings: Any) -> None:
    """Check the :func:`bounded` fields of a configuration before they are used, or memory is asked for by them."""
    for one in fields(settings):
        if "bounds" in one.metadata:
            check_bounds(one.name, getattr(settings, one.name), *one.metadata["bounds"])


def check_bounds(name: str, value: object, low: float, high: float) -> None:
    """A PaperCodeError unless ``value`` is a number between two that are allowed, whole if both are ints."""
    kind, words = (Integral, "a whole number") if isinstance(low, int) and isinstance(high, int) else (Real, "a number")
    if not isinstance(value, kind) or isinstance(value, bool) or not low <= value <= high:
        raise PaperCodeError(f"{name} must be {words} between {low} and {high}, not {short(value)}")


def short(value: object) -> str:
    """``value`` on one line for a message, whatever its length."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def positive(value: float, name: str) -> float:
    """``value`` as a float; PaperCodeError unless it is a finite number above 0."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise PaperCodeError(f"{name} must be a number above 0, not {short(value)}")
    return number
