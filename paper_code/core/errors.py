"""The one exception that is meant for the user, the checks that raise it for invalid numbers, and helpers that make text readable."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import field, fields
from numbers import Integral, Real
from typing import Any


class PaperCodeError(Exception):
    """Invalid input or a failed write: the message is one line that says what is wrong and how to fix it.

    The command line prints it without a traceback and exits with status 1.

    Examples
    --------
    >>> from paper_code.se2 import DirectionProcess
    >>> DirectionProcess(D=-1, alpha=0.1)
    Traceback (most recent call last):
        ...
    paper_code.core.errors.PaperCodeError: D must be a number between 1e-30 and 1e+30, not -1
    """


def printable(text: object) -> str:
    """``text`` on one line, with control characters and bytes that are not UTF-8 escaped, so that no file name can control a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(str(text).split()))


def bounded(default: float, low: float, high: float) -> Any:
    """A configuration field for :func:`check_numbers`: a number from ``low`` to ``high``, an integer if both of them are ints."""
    return field(default=default, metadata={"bounds": (low, high)})


def check_numbers(settings: Any) -> None:
    """Check the :func:`bounded` fields of a configuration before they are used or determine how much memory is requested."""
    for one in fields(settings):
        if "bounds" in one.metadata:
            check_bounds(one.name, getattr(settings, one.name), *one.metadata["bounds"])


def check_bounds(name: str, value: object, low: float, high: float) -> None:
    """Raise PaperCodeError unless ``value`` is a number from ``low`` to ``high``, an integer if both of them are ints."""
    kind, words = (Integral, "a whole number") if isinstance(low, int) and isinstance(high, int) else (Real, "a number")
    if not isinstance(value, kind) or isinstance(value, bool) or not low <= value <= high:
        raise PaperCodeError(f"{name} must be {words} between {low} and {high}, not {short(value)}")


def short(value: object) -> str:
    """``value`` on one line for a message, shortened if it is long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # more digits than Python converts to text
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def named(kind: str, name: str, choices: Mapping[str, Any]) -> Any:
    """The choice of that name; PaperCodeError lists them all if there is none, and asks whether one that is close was meant."""
    if name not in choices:
        near = difflib.get_close_matches(name.lower().replace("_", "-"), choices, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise PaperCodeError(f"unknown {kind} {name!r}; choose one of {', '.join(choices)}{meant}")
    return choices[name]


def positive(value: float, name: str) -> float:
    """``value`` as a float; raises PaperCodeError unless it is a finite number above 0, and no text or truth value."""
    try:
        number = math.nan if isinstance(value, bool | str | bytes) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 < number < math.inf:
        raise PaperCodeError(f"{name} must be a number above 0, not {short(value)}")
    return number
