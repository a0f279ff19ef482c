"""What chapter 10 says over networks, of planted measures."""

from types import SimpleNamespace

import numpy as np
import pytest

from paper_code.core.statistics import over_networks
from paper_code.function import circuits
from paper_code.report import outcomes


def completion(own, rf, planted):
    """One network's measure of one family of contours, by kernel."""
    advantage = {"K": own, "RF": rf, circuits.PLANTED: planted}
    return SimpleNamespace(at={"dashed": SimpleNamespace(advantage=advantage.get, null=np.array([0.0, 0.001]))})


@pytest.mark.parametrize(
    ("own", "word"),
    [((0.10, 0.11, 0.12), "continued"), ((-0.001, 0.0, 0.001), "not continued"), ((-0.05, 0.0, 0.12), "not settled")],
)
def test_a_gap_is_judged_by_the_networks_against_relabelled_cells(own, word):
    found = outcomes.gaps([completion(value, value - 0.05 + n / 1000, 0.3) for n, value in enumerate(own)], {"dashed": "dashed bar"})
    assert found.verdict == f"{word} for the dashed bar"
    assert found.own["dashed bar"][0].null == pytest.approx(0.0005)
    assert found.beside_rf["dashed bar"][0].value == pytest.approx(0.049) and found.beside_rf["dashed bar"][2] == "holds"
    assert found.planted["dashed bar"].value == pytest.approx(0.3)


def inference(level):
    """One network whose cells K predicts by some level, RF better and the untrained K not at all."""
    correlation = {"K": np.full(5, level), "RF": np.full(5, level + 0.4 + level / 100), "untrained K": np.full(5, level / 50)}
    explained = {name: values**2 for name, values in correlation.items()}
    return SimpleNamespace(
        correlation=correlation, explained=explained, null=np.full((3, 5), -0.2), median=lambda name: float(np.median(correlation[name]))
    )


def test_a_silenced_cell_is_told_by_each_kernel_beside_the_others():
    found = outcomes.silenced([inference(level) for level in (0.24, 0.25, 0.26)])
    assert found.own[0].value == pytest.approx(0.25) and found.own[2] == "holds" and found.chance == pytest.approx(-0.2)
    assert [outcomes.differing(found.beside, sign) for sign in (1, -1)] == [["untrained K"], ["RF"]]
    rows = found.rows()
    assert [row[0] for row in rows] == ["K", "RF", "untrained K"] and rows[0][3] == "–"
    assert rows[0][1].startswith("+0.25 [") and rows[0][2].startswith("6.3 [") and rows[1][3].startswith("−0.40 [")


def test_growth_of_a_lead_is_shown_in_points_with_the_lead_itself():
    lead = [over_networks(np.array(values)) for values in ((0.0, 0.02), (0.01, 0.03), (0.024, 0.026), (0.05, 0.05001))]
    estimate = lead[2]
    (row,) = outcomes.growth_rows({"noise": (lead, lead)}, {"noise": (estimate, 0.01, "holds")})
    assert row[0] == "noise" and row[1].startswith("+2.5 [") and row[2] == row[1] and row[3:] == [".010", "**holds**"]
