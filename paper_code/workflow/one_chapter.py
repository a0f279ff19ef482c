"""Run one chapter and look at it: ``make chapter CH=04_lgn``.

It runs on the quick profile, on the numbers of data/table.csv, like the reference notebooks, so that its text can be laid beside theirs.
The page is rendered alone, and links to other pages lead nowhere. For the whole book with every number made anew, ``make book``.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import yaml

from paper_code.core.errors import PaperCodeError
from paper_code.workflow import refuse
from paper_code.workflow.compare import compare_notebooks
from paper_code.workflow.environment import closed
from paper_code.workflow.html import build
from paper_code.workflow.stage import copy, sources
from paper_code.workflow.toc import is_notebook, notebook_chapters, pages

QUICK = Path("_build/quick")
FOLDER = Path("_build/chapter")
REFERENCES = Path("tests/reference")


def check_name(chapter):
    """Refuse what is not a chapter that runs, with those that do."""
    chapters = notebook_chapters()
    if chapter not in chapters:
        said = f"there is no chapter {chapter!r}" if chapter else "name a chapter"
        raise PaperCodeError(f"{said}: make chapter CH=<one of {', '.join(chapters)}>")


def render(chapter, notebook, folder=FOLDER):
    """Render a chapter as a book of its own, with the plain pages (glossary, references) that it cites; returns the page.

    Raises
    ------
    PaperCodeError
        If Jupyter Book fails; the message holds its last line.
    """
    stage, work = Path(folder) / "stage", Path(folder) / "work"
    for old in (stage, work):
        shutil.rmtree(old, ignore_errors=True)
    for source in sources():
        if str(source) not in ("_toc.yml", *(f"{page}.md" for page in pages() if is_notebook(page))):
            copy(source, stage / source)
    copy(notebook, stage / "book" / f"{chapter}.ipynb")
    (stage / "extra" / "_sources").mkdir(parents=True, exist_ok=True)
    plain = [{"file": page} for page in pages() if not is_notebook(page)]
    (stage / "_toc.yml").write_text(yaml.safe_dump({"format": "jb-book", "root": f"book/{chapter}", "chapters": plain}))
    faults = build(stage, work, strict=False)  # links to other chapters lead nowhere
    page = work / "_build" / "html" / "book" / f"{chapter}.html"
    if faults or not page.is_file():
        raise PaperCodeError(f"cannot render {chapter}: {(faults or ['it has no page'])[-1]}")
    return page


def main(arguments=None):
    """Run, render and compare; 1 if the chapter fails."""
    (chapter,) = (sys.argv[1:] if arguments is None else arguments) or [""]
    try:
        check_name(chapter)
        notebook = QUICK / "executed" / f"{chapter}.ipynb"
        pipeline = [sys.executable, "-m", "paper_code.workflow", str(notebook), "--config", "profile=quick", f"build={QUICK}"]
        if status := subprocess.run(pipeline, env=closed()).returncode:
            return status
        print(f"the page is {render(chapter, notebook)}")
        executed, reference = (nbformat.read(place, as_version=4) for place in (notebook, REFERENCES / f"{chapter}.ipynb"))
        found = compare_notebooks(reference, executed)
        print("\n".join(found) if found else f"every text and number is that of {REFERENCES / chapter}.ipynb")
    except (PaperCodeError, OSError) as error:
        return refuse(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
