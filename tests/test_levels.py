"""Levels of chance: what the plan says of how many filters, the same from a file, and one line for a file of something else."""

import json

import numpy as np
import pytest

from paper_code.core import plan as plan_module
from paper_code.core.errors import PaperCodeError
from paper_code.filters import fit_gabor, null_filters, null_radial
from paper_code.report.__main__ import main
from paper_code.report.levels import Levels


@pytest.fixture
def few(monkeypatch):
    """A plan of few random filters."""
    monkeypatch.setattr("paper_code.report.levels.plan", lambda: {"filters": {name: {"count": 40} for name in ("log_r2", "gabor_r2")}})
    assert plan_module.plan()["filters"]["log_r2"]["count"] == plan_module.plan()["filters"]["gabor_r2"]["count"] == 1000


def test_a_level_is_the_quantile_of_as_many_random_filters_as_the_plan_says(few):
    levels, null = Levels(), null_radial(7, "smooth", 40, 0)
    assert levels.radial(7, "i_rad") == np.quantile(null.i_rad, 0.95) and levels.radial(7, "log_r2") == np.quantile(null.log_r2, 0.95)
    assert levels.gabor(9) == pytest.approx(np.quantile(fit_gabor(null_filters(9, "smooth", 40, 0)).r2, 0.95), abs=1e-9)


def test_levels_from_a_file_are_the_same_to_the_bit_and_are_not_worked_out_again(few, tmp_path, monkeypatch):
    levels, path = Levels(), tmp_path / "levels.json"
    own = levels.radial(7, "log_r2"), levels.gabor(9)
    with pytest.raises(SystemExit, match="^0$"):
        main(["levels", "--output", str(path)])
    assert json.loads(path.read_text()) == levels.known
    monkeypatch.setattr("paper_code.report.levels.gabor_level", None)
    monkeypatch.setattr("paper_code.report.levels.null_radial", None)
    found = Levels.load(path)
    assert (found.radial(7, "log_r2"), found.gabor(9)) == own and found.known == levels.known


@pytest.mark.parametrize("content", [{"log_r2": [3]}, {"log_r2": 3}, {"log_r2": {"7": "high"}}, {"log_r2": {"7": None}}])
def test_another_file_is_one_line(tmp_path, content):
    (tmp_path / "levels.json").write_text(json.dumps(content))
    with pytest.raises(PaperCodeError, match="levels.json holds no levels .*delete it"):
        Levels.load(tmp_path / "levels.json")
