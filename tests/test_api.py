"""The pages of the API: every public name is there, with an example that runs."""

import doctest
import importlib
import inspect
import re

import pytest
from small_book import ROOT

from paper_code.core.text import comments
from paper_code.filters import GaborBank
from paper_code.se2 import DirectionProcess
from paper_code.workflow import extension

PAGES = ("analyse", "filters", "lateral", "se2", "weights")


def listed(page):
    """What a page describes: ``(module, name)`` of each entry."""
    found, module = [], None
    for kind, name in re.findall(
        r"^\.\. (?:auto|current)(module|function|class|data):: (\S+)", (ROOT / "book" / page).read_text(), re.MULTILINE
    ):
        module = name if kind == "module" else module
        if kind != "module":
            found.append(tuple(name.rsplit(".", 1)) if "." in name else (module, name))
    return found


@pytest.mark.parametrize("folder", PAGES)
def test_every_public_name_is_described_once(folder):
    public = importlib.import_module(f"paper_code.{folder}").__all__
    names = [name for module, name in listed(f"api_{folder}.md") if module == f"paper_code.{folder}"]
    assert sorted(names) == sorted(public)
    table = (ROOT / "book" / "api.md").read_text()
    for _, name in listed(f"api_{folder}.md"):
        assert len(re.findall(rf"^   (?:\w+\.)*{name}$", table, re.MULTILINE)) >= 1, name


@pytest.mark.parametrize("folder", PAGES)
def test_every_function_has_an_example_that_runs(folder, monkeypatch):
    monkeypatch.chdir(ROOT)
    runner = doctest.DocTestRunner(verbose=False)
    for module, name in [
        *listed(f"api_{folder}.md"),
        ("paper_code.core.geometry", "pixel_grid"),
        ("paper_code.core.errors", "PaperCodeError"),
    ]:
        thing = getattr(importlib.import_module(module), name)
        examples = [test for test in doctest.DocTestFinder(recurse=False).find(thing, name, globs={}) if test.examples]
        assert examples or not inspect.isfunction(thing), f"{name} has no example"
        for test in examples:
            assert runner.run(test).failed == 0, name


def test_comments_behind_fields_are_their_descriptions():
    assert comments(GaborBank)["frequency"] == "f, cycles per pixel"
    assert list(comments(DirectionProcess))[-2:] == ["D", "steps"] and "alpha" in comments(DirectionProcess)
    lines = ["A bank.", "", "Examples", "--------", ">>> 1"]
    extension.add_fields(None, "class", "GaborBank", GaborBank, None, lines)
    assert lines[2:5] == ["", "Fields", "------"] and lines[-3:] == ["Examples", "--------", ">>> 1"]
    assert extension.leave_out(None, "class", "", GaborBank, None, "(x0)", None) == ("", None)
    assert extension.leave_out(None, "class", "", DirectionProcess, None, "(*, D)", None) is None
