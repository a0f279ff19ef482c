"""One chapter alone: what it is called, and that it is rendered with what it cites."""

import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from small_book import small_book

from paper_code.core.errors import PaperCodeError
from paper_code.workflow.reader import name_of, render_chapter


@pytest.mark.parametrize(
    ("name", "says"), [("", "name a chapter: "), ("40", "there is no chapter '40': "), ("glossary", "no chapter 'glossary'")]
)
def test_another_name_is_one_line_with_the_chapters_that_there_are(name, says):
    with pytest.raises(PaperCodeError, match=f"{says}.*make chapter CH=<one of .*04_lgn"):
        name_of(name)
    assert {name_of(name) for name in ("04_lgn", "4", "04", "book/04_lgn.md")} == {"04_lgn"} and name_of("9b") == "09b_controls"


def test_the_command_ends_with_that_line():
    done = subprocess.run([sys.executable, "-m", "paper_code.workflow.reader", "chapter", "40"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: there is no chapter '40'") and done.stderr.count("\n") == 1


def test_a_chapter_is_rendered_with_the_plain_pages(tmp_path, monkeypatch):
    root = small_book(tmp_path)
    monkeypatch.chdir(root)
    notebook = tmp_path / "one.ipynb"
    notebook.write_text(nbformat.writes(new_notebook(cells=[new_markdown_cell("# One")])))
    page = render_chapter("one", tmp_path, tmp_path / "out")
    assert "One" in page.read_text() and (page.parent / "plain.html").is_file()
