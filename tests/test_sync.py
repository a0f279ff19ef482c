"""The reference notebooks are those of the chapters: nbval runs the code in the reference, not the code in the book."""

from pathlib import Path

import nbformat
import pytest

from paper_code.workflow.chapters import read_chapter
from paper_code.workflow.toc import is_notebook, notebook_chapters, pages

ROOT = Path(__file__).resolve().parent.parent
REFERENCES = ROOT / "tests" / "reference"
CHAPTERS = [Path(page).name for page in pages(ROOT / "_toc.yml") if is_notebook(ROOT / page)]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def code(notebook):
    """Source and tags of the code cells, without the one that papermill adds."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tagged = [(cell.source, cell.metadata.get("tags", [])) for cell in cells]
    return [(source, tags) for source, tags in tagged if "injected-parameters" not in tags]


def test_one_reference_for_each_notebook_chapter():
    assert sorted(path.stem for path in REFERENCES.glob("*.ipynb")) == sorted(notebook_chapters()), "run make references"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_reference_holds_the_chapter_s_code(chapter):
    reference = nbformat.read(REFERENCES / f"{chapter}.ipynb", as_version=4)
    assert code(reference) == code(read_chapter(f"book/{chapter}.md")), f"book/{chapter}.md changed: run make references and read the diff"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_code_that_a_page_shows_fits_its_width(chapter):
    cells = [source for source, tags in code(read_chapter(f"book/{chapter}.md")) if not {"remove-input", "remove-cell"} & set(tags)]
    assert [line for source in cells for line in source.splitlines() if len(line) > 88] == []


@pytest.mark.parametrize("path", sorted(REFERENCES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_references_are_small_and_hold_no_trace_of_a_machine(path):
    text = path.read_text()
    notebook = nbformat.reads(text, as_version=4)
    assert len(text) < 200_000
    assert str(ROOT) not in text and str(Path.home()) + "/" not in text
    assert "image/png" not in text
    assert [cell.id for cell in notebook.cells] == [f"cell-{number:03d}" for number in range(len(notebook.cells))]
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
