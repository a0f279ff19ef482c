"""The comparison with the reference notebooks sees a change in the second digit of any number, and none of what is not compared."""

import copy
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from paper_code.workflow.chapters import reference
from paper_code.workflow.compare import compare_notebooks, displayed, mismatches

REFERENCES = sorted((Path(__file__).resolve().parent / "reference").glob("*.ipynb"))
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?|(?<![\w.,])\.\d+")


def read(path):
    return nbformat.read(path, as_version=4)


def planted(text):
    """The text with the second significant digit of one of its numbers changed, for every number that has two."""
    for number in NUMBER.finditer(text):
        digits = [place for place, letter in enumerate(number[0]) if letter.isdigit()]
        while digits and number[0][digits[0]] == "0":
            digits.pop(0)
        if len(digits) > 1:
            place = number.start() + digits[1]
            yield text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]


def changed(output):
    """The same output with one number changed, for every number in any of its representations."""
    if output.output_type == "stream":
        for text in planted(output.text):
            yield {**output, "text": text}
    elif "data" in output:
        for kind, content in output.data.items():
            for text in planted(content if isinstance(content, str) else ""):
                yield {**output, "data": {**output.data, kind: text}}


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_a_change_in_the_second_digit_of_any_shown_number_is_seen(path):
    tried = 0
    for cell in read(path).cells:
        if cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", []):
            assert mismatches(cell.outputs, copy.deepcopy(cell.outputs)) == []
            for place, output in enumerate(cell.outputs):
                for other in changed(output):
                    assert len(mismatches(cell.outputs, [*cell.outputs[:place], other, *cell.outputs[place + 1 :]])) == 1
                    tried += 1
    assert tried > 0


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_no_reference_shows_a_float_in_full(path):
    """Where every digit of a sum is shown, another processor shows another."""
    for cell in read(path).cells:
        if cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", []):
            for texts in displayed(cell.outputs).values():
                for text in texts:
                    assert not re.search(r"\d*\.\d{7,}", str(text)), text


def notebook(*cells):
    """A notebook whose code cells have the given outputs and tags."""
    made = []
    for outputs, tags in cells:
        cell = new_code_cell("x", execution_count=1, outputs=list(outputs))
        cell.metadata["tags"] = tags
        made.append(cell)
    return new_notebook(cells=made)


def result(**data):
    return new_output("display_data", {f"text/{kind}": text for kind, text in data.items()})


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([printed("a\nb 0.84\n")], [printed("a\nb 0.86\n")], "Cell 0 ('x'), stdout: 'b 0.86', in the reference 'b 0.84'"),
        ([printed("a\n")], [printed("a\nb\n")], "Cell 0 ('x'), stdout: 'b', in the reference ''"),
        ([printed("a\n")], [printed("a\n", "stderr")], "Cell 0 ('x'), stderr: 1 outputs, in the reference 0"),
        ([printed("a\n")], [printed("a\n"), printed("warning", "stderr")], "Cell 0 ('x'), stderr: 1 outputs, in the reference 0"),
        ([result(plain="'0.70'")], [result(plain="'0.71'")], "Cell 0 ('x'), text/plain: \"'0.71'\", in the reference \"'0.70'\""),
        ([result(html="<b>12</b>")], [result(html="<b>13</b>")], "Cell 0 ('x'), text/html: '<b>13</b>', in the reference '<b>12</b>'"),
        ([result(plain="1"), result(plain="2")], [result(plain="1")], "Cell 0 ('x'), text/plain: 1 outputs, in the reference 2"),
        ([], [new_output("error", ename="E", evalue="v", traceback=[])], "Cell 0 ('x'), error: 1 outputs, in the reference 0"),
        ([printed("a\n")], [printed("a")], "Cell 0 ('x'), stdout: '', in the reference ''"),
    ],
)
def test_a_difference_is_told_in_one_line(old, new, said):
    found = compare_notebooks(notebook((old, [])), notebook((new, [])))
    assert said in found or (said.endswith("in the reference ''") and len(found) == 1)
    assert all("\n" not in line for line in found)


def test_pieces_of_a_stream_pictures_and_ignored_cells_are_not_compared():
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "AAAA", "text/plain": "<Figure>"}}
    old = notebook(([printed("ab\n")], []), ([printed("1.2")], ["nbval-ignore-output"]), ([nbformat.from_dict(picture)], []))
    other = copy.deepcopy(picture)
    other["data"]["image/png"] = "BBBB"
    new = notebook(([printed("a"), printed("b\n")], []), ([printed("3.4")], ["nbval-ignore-output"]), ([nbformat.from_dict(other)], []))
    assert compare_notebooks(old, new) == []
    assert compare_notebooks(reference(old), new) == []


def test_another_number_of_cells_is_told():
    assert "2 code cells, in the reference 1" in compare_notebooks(notebook(([], [])), notebook(([], []), ([], [])))[0]
