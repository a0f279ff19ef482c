"""Compare executed notebooks with the references, output by output:

    python -m paper_code.workflow.compare _build/quick/executed tests/reference

Text has to be the same to the letter. Pictures are not compared, nor are cells tagged ``nbval-ignore-output``.
"""

import sys
from pathlib import Path

import nbformat

from paper_code.workflow.toc import notebook_chapters

PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


def shown(outputs):
    """What a cell shows, as a dict of lists: texts by stream, and representations of results by type; pictures left out."""
    found = {}
    for output in outputs:
        if output["output_type"] == "stream":
            found.setdefault(output["name"], [""])[0] += output["text"]
        elif output["output_type"] == "error":
            found.setdefault("error", []).append(f"{output['ename']}: {output['evalue']}")
        else:
            for kind, content in output["data"].items():
                if kind not in PICTURES:
                    found.setdefault(kind, []).append(content)
    return found


def differences(reference, outputs):
    """Where outputs of a cell are not those of the reference, a text each: the type, and the first line that differs, both ways."""
    old, new = shown(reference), shown(outputs)
    return [f"{kind}: {_first(old.get(kind), new.get(kind))}" for kind in sorted(old | new) if old.get(kind) != new.get(kind)]


def _first(old, new):
    if old is None or new is None or len(old) != len(new):
        return f"{len(new or [])} outputs, {len(old or [])} in the reference"
    one, other = next(pair for pair in zip(old, new, strict=True) if pair[0] != pair[1])
    lines = [(str(text) + "\n").splitlines() for text in (one, other)]
    place = next((n for n, pair in enumerate(zip(*lines, strict=False)) if pair[0] != pair[1]), min(map(len, lines)))
    was, now = ("\n".join(text[place : place + 1]) for text in lines)
    return f"{now!r}, {was!r} in the reference"


def compare_notebooks(reference, executed):
    """Differences of two notebooks, a line each, by the number of the code cell, from 0."""
    cells = [[cell for cell in notebook.cells if cell.cell_type == "code"] for notebook in (reference, executed)]
    if len(cells[0]) != len(cells[1]):
        return [f"{len(cells[1])} code cells, {len(cells[0])} in the reference; run make references and read the diff"]
    pairs = [(n, *pair) for n, pair in enumerate(zip(*cells, strict=True)) if "nbval-ignore-output" not in pair[0].metadata.get("tags", [])]
    return [f"Cell {n}, {line}" for n, old, new in pairs for line in differences(old.outputs, new.outputs)]


def main(arguments=None):
    """Print every difference, a line each; 1 if there is one."""
    executed, references = map(Path, sys.argv[1:] if arguments is None else arguments)
    found = []
    for chapter in notebook_chapters():
        notebooks = [nbformat.read(folder / f"{chapter}.ipynb", as_version=4) for folder in (references, executed)]
        found += [f"{chapter}, {line}" for line in compare_notebooks(*notebooks)]
    for line in found:
        print(f"error: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
