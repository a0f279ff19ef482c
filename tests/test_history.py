"""The tables of how the recipe was chosen are those of the shipped lists."""

import pytest

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.report import provenance
from paper_code.training.conditions import CONDITIONS


@pytest.mark.parametrize("name", ["sweep", "shortening"])
def test_every_run_has_a_line_that_names_what_was_changed(name):
    rows = provenance.recorded(weights.DIRECTORY.parent / f"{name}.json")
    header, table = provenance.recipe_rows(rows, CONDITIONS["reference"])
    assert len(table) == len(rows) > 2 and {len(line) for line in table} == {len(header)}
    for row in rows:
        changed = provenance.changed_settings(row["condition"], CONDITIONS["reference"].as_dict())
        assert sum(all(f"{key} {value}" in line[0] for key, value in changed.items()) for line in table) >= 1


def test_a_setting_that_differs_is_named_and_equal_ones_are_not():
    base, other = (CONDITIONS[name].as_dict() for name in ("reference", "control"))
    assert provenance.changed_settings(base, base) == {}
    assert provenance.changed_settings(other, base) == {"epochs": other["training"]["epochs"], "batch": other["training"]["batch"]}


def test_what_was_asked_for_is_the_least(tmp_path):
    row = {"survey": dict(provenance.WANTED)}
    assert provenance.reaches_all(row)
    for name in provenance.WANTED:
        assert not provenance.reaches_all({"survey": row["survey"] | {name: provenance.WANTED[name] - 0.01}})
        assert not provenance.reaches_all({"survey": row["survey"] | {name: None}})
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(PaperCodeError, match="not a list of surveyed runs"):
        provenance.recorded(tmp_path / "other.json")
