"""The one exception that a person is meant to read, and how text is made fit to be read."""

from collections.abc import Mapping
from numbers import Integral, Real


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


def check_numbers(settings: object, bounds: Mapping[str, tuple[float, float]]) -> None:
    """Check numbers of a configuration before they are used, or memory is asked for by them.

    Parameters
    ----------
    settings : object
        With an attribute for each name.
    bounds : dict of str to (smallest, largest)
        Both allowed; a whole number is asked for where both are ints.

    Raises
    ------
    PaperCodeError
        If one is no such number.
    """
    for name, (low, high) in bounds.items():
        value = getattr(settings, name)
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
