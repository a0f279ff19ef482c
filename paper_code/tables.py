"""Numbers as text: Markdown tables and short summaries."""

import numpy as np


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
    return " / ".join(f"{value:.{digits}f}" for value in (values.min(), np.median(values), values.max()))
