"""Numbers as text: Markdown tables and short summaries; and what a chapter keeps of them, for the tests and for other chapters."""

import inspect
import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.files import write_json
from paper_code.core.rounding import shown, signed, significant


def markdown_table(header: Sequence[object], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table of strings or numbers."""
    lines = ["| " + " | ".join(map(str, header)) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def plain(text: object) -> str:
    """Text from a file for a page of Markdown, on one line: whatever could be markup, of HTML too, as a character reference."""
    return "".join(one if one.isalnum() or one in " -.,/" else f"&#{ord(one)};" for one in " ".join(str(text).split()))


def spread(values: ArrayLike, digits: int = 2) -> str:
    """Lowest, median and highest of some numbers, as ``"0.91 / 0.95 / 0.97"``; of a single one, that."""
    values = np.asarray(values, float)
    return " / ".join(
        shown(value, digits) for value in ([values.min(), np.median(values), values.max()] if values.size > 1 else values.ravel())
    )


def settings(config: Any) -> list[tuple[str, Any, str]]:
    """The fields of a configuration with the comments of its source: a list of (name, value, meaning)."""
    comments = dict(re.findall(r"^    (\w+): [^#\n]+?(?:  # (.*))?$", inspect.getsource(type(config)), re.MULTILINE))
    return [(field.name, getattr(config, field.name), comments.get(field.name, "")) for field in fields(config)]


def p_text(p: float) -> str:
    """``p = .012``, or ``p < .001``: never a p of 0, and the one number without a zero before its point."""
    if math.isnan(p):
        return "p not to be had"
    if p < 0.001:
        return "p < .001"
    digits = 3 if p < 0.1 else 2
    return f"p = {p:.{digits}f}".replace("0.", ".")


def p_cell(p: float) -> str:
    """The same for a cell of a table of p: ``.012``, or ``< .001``."""
    return p_text(p).removeprefix("p ").removeprefix("= ").replace(" ", "\N{NO-BREAK SPACE}")


def effect_text(row: Any, digits: int = 3) -> str:
    """``+0.108 [+0.087, +0.127]`` of a Row or an Estimate, with a true minus; a single network's value has no interval."""
    value, low, high = (signed(one, digits) for one in (row.value, row.low, row.high))
    return value if math.isnan(row.low) else f"{value} [{low}, {high}]"


def glue(name: str, value: Any) -> None:
    """Keep a number, rounded to what it carries, or a text for the page, where ``{glue:text}`` shows it."""
    import myst_nb  # here, as it imports Sphinx, which the package does without elsewhere

    myst_nb.glue(name, significant(value), display=False)


def write_results(path: str | os.PathLike | None, numbers: Any) -> None:
    """Write a chapter's numbers, rounded to what they carry, as JSON; nothing if ``path`` is None."""
    if path:
        write_json(path, significant(numbers))
