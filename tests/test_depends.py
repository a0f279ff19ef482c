"""A chapter's key covers what it imports, directly or not, and nothing else."""

from pathlib import Path

import pytest
from small_book import FRONT

from paper_code.core.errors import PaperCodeError
from paper_code.workflow.dependencies import chapter_files
from paper_code.workflow.toc import notebook_chapters

CHAPTERS = notebook_chapters()


@pytest.fixture
def chapter(tmp_path):
    def write(*lines):
        path = tmp_path / "one.md"
        path.write_text(FRONT + "```{code-cell} ipython3\n" + "\n".join(lines) + "\n```\n")
        return path

    return write


def names(source):
    return {str(path.relative_to("paper_code")) for path in chapter_files(source)}


def test_the_packages_around_a_module_and_what_it_imports_belong_to_it(chapter):
    found = names(chapter("from paper_code.lateral import kernels"))
    assert {"lateral/__init__.py", "lateral/kernels.py", "lateral/frame.py", "filters/fitting.py", "core/errors.py", "__init__.py"} <= found
    assert not {"network/model.py", "report/measure.py", "cli.py"} & found


@pytest.mark.parametrize(
    "line", ["import paper_code.se2.curves", "from paper_code.se2 import curves", "from paper_code.se2.curves import co_circular"]
)
def test_every_way_to_import_counts_inside_functions_too(chapter, line):
    assert "se2/curves.py" in names(chapter("def later():", f"    {line}"))


def test_data_beside_a_module_belong_to_it(chapter):
    assert "report/claims.toml" in names(chapter("from paper_code.report import scorecard"))
    assert "report/plan.toml" in names(chapter("from paper_code.core.plan import plan"))
    assert {"figures/paper.mplstyle"} < names(chapter("from paper_code import figures")) > {"figures/__init__.py"}
    assert "figures/interactive/growth.js" in names(chapter("from paper_code.figures.interactive import growth"))


@pytest.mark.parametrize(
    ("edited", "last"), [({"function/circuits.py", "function/contours.py"}, "10_function"), ({"function/lightness.py"}, "10b_lightness")]
)
def test_an_edit_in_function_runs_the_chapter_on_it_alone(edited, last):
    assert [chapter for chapter in CHAPTERS if edited & names(f"book/{chapter}.md")] == [last]


def test_no_chapter_waits_for_training_or_the_command_line():
    found = {chapter: names(f"book/{chapter}.md") for chapter in CHAPTERS}
    assert not any({"training/run.py", "cli.py", "report/measure.py", "workflow/html.py"} & files for files in found.values())
    assert all(Path("paper_code", name).is_file() for files in found.values() for name in files)


def test_a_cell_that_is_no_python_is_one_line(chapter):
    with pytest.raises(PaperCodeError, match="a cell is not Python .its line 1"):
        chapter_files(chapter("def ("))
