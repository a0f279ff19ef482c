"""Lay out what Jupyter Book renders: pages, executed notebooks and their assets, under the names that ``_toc.yml`` uses.

``_build/stage`` repeats the layout of ``book/``, with ``04_lgn.ipynb`` in the place of ``04_lgn.md``. The Markdown sources of the
notebooks go to ``extra/_sources``, which Sphinx copies into the html, so that every page offers both files for download; the tidy table
of the build lies beside the pages for the same end. Where a chapter asks how long it runs, the page says how long it ran in this build.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_json, write_atomically
from paper_code.workflow import refuse
from paper_code.workflow.toc import is_notebook, pages

ROOT_FILES = ("_toc.yml", "_config.yml")
FOOT_FILES = ("CITATION.cff", "LICENSE")  # read by the foot of every page; a folder for training alone has none

RUN_TIME = "[how long that takes](reproducibility.ipynb)"  # a chapter's words, in place of which a page has its run time


def sources(toc="_toc.yml"):
    """Every file that is staged as it is: of the root, plain pages, and all in book/ that is not a page (pictures, styles, MathJax)."""
    found = [Path(name) for name in (*ROOT_FILES, *filter(os.path.isfile, FOOT_FILES))]
    found += [Path(f"{page}.md") for page in pages(toc)]
    for folder in sorted({Path(page).parent for page in pages(toc)}):
        found += [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".md", ".ipynb", ".tmp")]
    return sorted(set(found))


def stage(executed, folder, toc="_toc.yml"):
    """Rebuild ``folder`` from the sources and the notebooks in ``executed``.

    Raises
    ------
    PaperCodeError
        If a file cannot be copied; the message names it.
    """
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    chapters = {f"{page}.md": f"{page}.ipynb" for page in pages(toc) if is_notebook(page)}
    table = Path(executed).parent / "table.csv"
    if table.is_file():  # for download
        copy(table, folder / "book" / table.name)
    extra = folder / "extra" / "_sources"
    extra.mkdir(parents=True)
    for source in sources(toc):
        if str(source) in chapters:
            notebook = chapters[str(source)]
            copy(Path(executed) / Path(notebook).name, folder / notebook)
            say_run_time(folder / notebook, Path(executed).parent / "times")
            copy(source, extra / source)
        else:
            copy(source, folder / source)


def say_run_time(notebook, times):
    """Put a chapter's run time, of the file of its name in ``times``, in the place of :data:`RUN_TIME`; without one, leave the words."""
    took = times / f"{notebook.stem}.json"
    text = notebook.read_text(encoding="utf-8")
    if RUN_TIME in text and took.is_file():
        time = read_json(took)
        said = f"[{time['seconds']:.0f} s in the {time['profile']} profile of this build](reproducibility.ipynb)"
        write_atomically(notebook, text.replace(RUN_TIME, said))


def copy(source, target):
    """Copy one file, making its folder."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise PaperCodeError(f"cannot copy {source} to {target}: {error.strerror}") from error


def main(arguments=None):
    """Command line of the rule ``stage``."""
    parser = argparse.ArgumentParser(prog="python -m paper_code.workflow.stage", description=__doc__.splitlines()[0])
    parser.add_argument("executed")
    parser.add_argument("folder")
    options = parser.parse_args(arguments)
    try:
        stage(options.executed, options.folder)
    except (PaperCodeError, OSError) as error:
        return refuse(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
