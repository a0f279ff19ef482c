"""What a notebook shows of a figure: SVG where its marks are few, PNG where they are many, and each only once."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure

from paper_code import figures


@pytest.fixture
def shown(monkeypatch):
    """The types in which a kernel shows a figure."""
    shell = InteractiveShell()
    shell.kernel = None
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: shell)
    shell.display_formatter.formatters["image/png"].for_type(Figure, lambda figure: b"a png of another maker")
    figures.show_in_notebook()
    yield lambda figure: shell.display_formatter.format(figure)[0]
    plt.close("all")


def drawn(marks):
    figure, axes = plt.subplots()
    axes.scatter(*np.random.default_rng(0).random((2, marks)), s=np.arange(marks))
    return figure


def test_few_marks_are_svg_without_a_date_and_many_are_png(shown):
    few, many = shown(drawn(10)), shown(drawn(20_000))
    assert "image/png" not in few and "<svg" in few["image/svg+xml"] and "dc:date" not in few["image/svg+xml"]
    assert "image/svg+xml" not in many and many["image/png"].startswith("iVBOR")


def test_outside_of_a_notebook_nothing_is_done(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    backend = plt.get_backend()
    figures.show_in_notebook()
    assert plt.get_backend() == backend
