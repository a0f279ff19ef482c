"""Numbers as text: Markdown tables and short summaries; and what a chapter keeps of them, for the tests and for other chapters."""

import numpy as np

from paper_code.files import write_json
from paper_code.rounding import fixed, significant


def markdown_table(header, rows):
    """A Markdown table of strings or numbers."""
    lines = ["| " + " | ".join(map(str, header)) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def plain(text):
    """Text from a file for a page of Markdown, on one line: whatever could be markup, of HTML too, as a character reference."""
    return "".join(one if one.isalnum() or one in " -.,/" else f"&#{ord(one)};" for one in " ".join(str(text).split()))


def spread(values, digits=2):
    """Lowest, median and highest of some numbers, as ``".91 / .95 / .97"``."""
    values = np.asarray(values, float)
    return " / ".join(fixed(value, digits) for value in (values.min(), np.median(values), values.max()))


def glue(name, value):
    """Keep a number, rounded to what it carries, or a text for the page, where ``{glue:text}`` shows it."""
    import myst_nb  # here, as it imports Sphinx, which the package does without elsewhere

    myst_nb.glue(name, significant(value), display=False)


def write_results(path, numbers):
    """Write a chapter's numbers, rounded to what they carry, as JSON; nothing if ``path`` is None."""
    if path:
        write_json(path, significant(numbers))
