"""Numbers as text that is the same on every processor: rounded to the digits they carry, in sentences, tables and checks.

A network's float32 weights and the optimum of a fit carry five digits; another processor sums in another order. A value that is discrete
by nature, such as the mean of a few shares, may lie on a rounding tie, and a resampled statistic may equal the true one: both are decided
after the numerical noise, about 1e-12, is removed.
"""

import inspect
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

DIGITS = 5  # significant digits: those that no number here carries from one processor to another are left out
TIE = 1e-9  # values that differ by less, relative to their size, are equal


def significant(value: Any, digits: int = DIGITS) -> Any:
    """The same number, array (as a list), or list, tuple or dict of these, with every float rounded to significant digits."""
    if isinstance(value, dict):
        return {key: significant(one, digits) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [significant(one, digits) for one in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def fixed(value: float, digits: int = 2, sign: str = "-") -> str:
    """A number as text with ``digits`` decimals, ties decided after nine decimals, and no minus sign before zero; ``sign`` may be "+"."""
    return f"{round(round(float(value), 9), digits) + 0.0:{sign}.{digits}f}"


def shown(value: float, digits: int = 3, sign: str = "-") -> str:
    """The same as :func:`fixed` with a typographic minus sign, as shown on a page."""
    return fixed(value, digits, sign).replace("-", "−")


def ring_text(ring: str) -> str:
    """A ring of the table of measures in words: "6 to 10.5 px" for "6-10.5"."""
    return f"{ring.replace('-', ' to ')} px"


def signed(value: float, digits: int = 3) -> str:
    """:func:`shown` with a plus sign where there is no minus sign."""
    return shown(value, digits, "+")


def as_large(null: ArrayLike, value: ArrayLike) -> np.ndarray:
    """Which values of a null distribution are at least as large as ``value``, ties and NaN included: bool array. Broadcasts."""
    null, value = np.asarray(null, float), np.asarray(value, float)
    size = np.nanmax(np.abs(null), initial=0)
    return ~(null < value - TIE * np.maximum(np.abs(value), size))


def first_greatest(values: ArrayLike) -> np.ndarray:
    """Index along the first axis of the largest value, the first of equal ones: int array, shape ``values.shape[1:]``."""
    values = np.asarray(values, float)
    top = values.max(0)
    return (values >= top - TIE * np.abs(top)).argmax(0)


def markdown_table(header: Sequence[object], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table of strings or numbers."""
    lines = ["| " + " | ".join(map(str, header)) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def plain(text: object) -> str:
    """Text from a file for a Markdown page, on one line: whatever could be markup, HTML included, becomes a character reference."""
    return "".join(one if one.isalnum() or one in " -.,/" else f"&#{ord(one)};" for one in " ".join(str(text).split()))


def spread(values: ArrayLike, digits: int = 2) -> str:
    """Lowest, median and highest of several numbers, as ``"0.91 / 0.95 / 0.97"``; a single number is given alone."""
    values = np.asarray(values, float)
    some = [values.min(), np.median(values), values.max()] if values.size > 1 else values.ravel()
    return " / ".join(shown(value, digits) for value in some)


def comments(cls: type) -> dict[str, str]:
    """The comments that follow the fields of a dataclass, own and inherited, in the source: ``{name: comment}``."""
    said = {}
    for one in reversed(cls.__mro__):
        if is_dataclass(one):
            said |= dict(re.findall(r"^ {4}(\w+): [^#\n]+?# (.+)$", inspect.getsource(one), re.MULTILINE))
    return said


def p_text(p: float) -> str:
    """``p = .012``, or ``p < .001``: never a p of 0, and the only number without a zero before its decimal point."""
    if math.isnan(p):
        return "p not to be had"
    if p < 0.001:
        return "p < .001"
    digits = 3 if p < 0.1 else 2
    return f"p = {p:.{digits}f}".replace("0.", ".")


def p_cell(p: float) -> str:
    """The same for a cell in a table of p: ``.012``, or ``< .001``."""
    return p_text(p).removeprefix("p ").removeprefix("= ").replace(" ", "\N{NO-BREAK SPACE}")


def effect_text(row: Any, digits: int = 3) -> str:
    """``+0.108 [+0.087, +0.127]`` for a Row or an Estimate, with a typographic minus sign; a single network's value has no interval."""
    value, low, high = (signed(one, digits) for one in (row.value, row.low, row.high))
    return value if math.isnan(row.low) else f"{value} [{low}, {high}]"


def listed(names: Sequence[str], word: str = "and") -> str:
    """Names in a sentence, ``a, b and c``, or "none"."""
    *first, last = names or ["none"]
    return f"{', '.join(first)} {word} {last}" if first else last


def glue(name: str, value: Any) -> None:
    """Store a number, rounded to the digits it carries, or a text for the page, where ``{glue:text}`` shows it."""
    import myst_nb  # here, because it imports Sphinx, which the package does not need elsewhere

    myst_nb.glue(name, significant(value), display=False)


class Checks:
    """Claims of a chapter, each checked where it is made."""

    def __init__(self):
        self._lines = []

    def below(self, claim, value, limit, what="error"):
        """Check that a value, described by ``what``, is below its limit; NaN is not."""
        self.that(f"{claim}: {what} below {limit:g}", value < limit)

    def that(self, claim, holds):
        """Check a claim that is stated in full."""
        self._lines.append(f"{'yes' if holds else 'NO '}  {claim}")

    def told(self):
        """What was checked since the last call, one line per claim."""
        lines, self._lines = self._lines, []
        return "\n".join(lines)
