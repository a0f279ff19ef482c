"""What a result stands on: the files of the modules that it imports and of all that these import, as grimp reads them from the sources.

A chapter runs again when one of these files changes, and no other does: an edit in function/ leaves the chapter on l0 alone.
"""

import ast
from functools import cache
from pathlib import Path

import grimp

from paper_code.core.errors import PaperCodeError
from paper_code.workflow.chapters import read_chapter

PACKAGE = "paper_code"
RUNNER = "paper_code.workflow.chapters"  # every chapter is run by it


@cache
def _graph():
    return grimp.build_graph(PACKAGE, cache_dir=None)


def closure(modules):
    """The modules that importing some modules runs, themselves and the packages around them included: a set of names."""
    found, waiting = set(), set(modules)
    while waiting:
        whole = waiting | {above for name in waiting for above in _graph().find_upstream_modules(name)}
        whole |= {name.rpartition(".")[0] for name in whole} - {""}
        found, waiting = found | waiting, whole - found - waiting
    return found


def files(modules, root="."):
    """Paths of the files behind :func:`closure` of some modules, with the data (plans, styles, scripts) that lie beside them."""
    names, folder = closure(modules), Path(root)
    found = set()
    for name in names:
        place = folder.joinpath(*name.split("."))
        is_package = (place / "__init__.py").is_file()
        found.add(place / "__init__.py" if is_package else place.with_suffix(".py"))
        beside = place if is_package else place.parent
        found |= {path for path in beside.glob("*.*") if path.suffix in (".toml", ".mplstyle", ".js", ".css", ".html")}
    if f"{PACKAGE}.core.plan" in names:
        found.add(folder / PACKAGE / "report" / "plan.toml")
    return sorted(found)


def imported(source):
    """Modules of the package that the code of a chapter imports.

    Raises
    ------
    PaperCodeError
        If the chapter cannot be read, or a cell is not Python.
    """
    found = set()
    for cell in read_chapter(source).cells:
        if cell.cell_type != "code":
            continue
        try:
            tree = ast.parse("\n".join("" if line.lstrip().startswith("%") else line for line in cell.source.splitlines()))
        except SyntaxError as error:
            raise PaperCodeError(f"{source}: a cell is not Python (its line {error.lineno}: {error.msg})") from error
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            found |= {name for name in names if name in _graph().modules}
    return found


def chapter_files(source, root="."):
    """Files of the package that a chapter's numbers and pictures stand on."""
    return files(imported(source) | {RUNNER}, root)
