"""Laws of the tables and sentences of chapter 08: they follow the numbers, for one seed and for several."""

from dataclasses import replace

import numpy as np
import pytest
from lateral_cells import random_cells

from paper_code.lateral import group_report, network_comparison, pair_frame, planted
from paper_code.lateral.comparison import Comparison, Effort, Fit, Range
from paper_code.lateral.models import FAMILIES, library
from paper_code.lateral.network_comparison import NetworkComparison
from paper_code.lateral.statistics import Test

COUNT, SIZE = 9, 5
NAMES = (*group_report.SHOWN, "CO + DP", "CO + HR", "RF + DP", "RF + HR")
EFFORT = Effort(fine=False, splits=2, drawn=40, permuted=1999, shuffled=199, dealt=999)
PLAIN = {"ISO": 0.05, "SEP": 0.06, "ANI": 0.07, "COC": 0.05, "DP": 0.065, "HR": 0.068, "RF": 0.09, "bins": 0.06}
TAKEN = {"ISO": {"ISO": 19, None: 1}, "DP": {"DP": 9, "HR": 11}}


def compared(values=None, p=0.0005, width=0.001):
    """A comparison with given R^2, intervals of half-width ``width`` and one p for all tests."""
    values = {**dict.fromkeys(NAMES, 0.0), **PLAIN, **(values or {})}
    rng = np.random.default_rng(0)
    draws = {name: value + width * rng.uniform(-1, 1, 40) for name, value in values.items()}
    tests = {family: Test(0.01, 3.0, p, 0.0) for family in FAMILIES}
    shapes = library(False)
    fits = {
        family: Fit(shapes.parameters(family, shapes.members[family][0]), 1.5, 0.25, np.array([0.06, 0.03, 0.01, 0.001]))
        for family in FAMILIES
    }
    return Comparison(COUNT, {name: np.full(2, value) for name, value in values.items()}, draws, fits, tests, tests, tests, tests)


def network(seed=0, trained=None, untrained=None):
    frame = pair_frame(random_cells(COUNT, 1), SIZE, 2)
    nothing = compared({**dict.fromkeys(NAMES, 0.0), "bins": 0.001}, p=0.6)
    return NetworkComparison(seed, np.ones(COUNT, bool), frame, None, None, EFFORT, trained or compared(), untrained or nothing)


EACH, NEITHER = "each of the two group models on every seed", "neither group model on any seed"


def sentence(networks, word):
    return next(line for line in group_report.statements(networks, TAKEN) if word in line)


def test_sentences_follow_the_numbers():
    one = [network()]
    assert "rank ANI, HR, DP, SEP, ISO, COC" in sentence(one, "rank") and "Best on each seed: ANI" in sentence(one, "rank")
    assert "exceeded (interval above 0) by each of the two group models on every seed" in sentence(one, "ISO is exceeded (interval")
    assert "SEP, which knows distance and turn but no direction, is exceeded by each" in sentence(one, "SEP, which")
    assert "ANI by neither group model on any seed" in sentence(one, "SEP, which")
    assert "can be told apart (interval beside 0) on every seed" in sentence(one, "told apart")
    assert "in more than nine trials of ten for ISO; in fewer for DP" in sentence(one, "Planted")
    assert "RF alone exceeds the best family on every seed" in sentence(one, "RF alone")
    assert "does better than the best family on no seed" in sentence(one, "free coefficient")
    assert "explains $K$ on no seed" in sentence(one, "Before training the best")
    assert "for each of the two group models on every seed" in sentence(one, "least of its grid")


def test_seeds_that_disagree_are_counted():
    weak = compared({"DP": 0.0505, "HR": 0.068}, width=0.004)
    two = [network(0), network(1, weak)]
    assert "by the direction process on 1 of 2 seeds, enhancement on every seed" in sentence(two, "ISO is exceeded (interval")
    assert group_report.best_families(two)[0] == ["ANI", "ANI"]


@pytest.mark.parametrize("p, said", [(0.001, EACH), (0.03, NEITHER), (0.4, NEITHER)])
def test_the_strict_null_has_its_own_verdict(p, said):
    strict = {family: Test(0.01, 3.0, p, 0.0) for family in FAMILIES}
    line = sentence([network(0, replace(compared(), turns_excess=strict))], "strict null")
    assert f"the excess shows for {said}" in line
    assert "before training for neither group model on any seed" in line
    assert "(p < .001) the excess shows for each of the two group models on every seed" in sentence([network()], "relabelled cells")


def test_what_too_few_permutations_cannot_show_is_not_denied():
    coarse = replace(network(), effort=replace(EFFORT, permuted=99))
    assert "(p < .001) the excess shows for no model, as so few permutations cannot show it" in sentence([coarse], "relabelled cells")


def test_tables_have_a_row_for_all_and_mark_the_ends_of_the_grids():
    two = [network(3), network(4)]
    assert len(group_report.explained_table(two).splitlines()) == 2 + len(group_report.SHOWN)
    excess = group_report.excess_table(two).splitlines()
    assert len(excess) == 2 + 8 and all(line.count("|") == excess[0].count("|") for line in excess)
    assert "| ≤ 0.0005 |" in excess[2] and excess[2].endswith("| yes |")
    rows = group_report.group_table(two).splitlines()[2:]
    least = library(False).ends("DP", "length")[0]
    assert len(rows) == 4 and f"| DP | {least:.3g}* |" in rows[0]
    assert "| 3 | 1.5* |" in group_report.baseline_table(two)


def test_a_range_never_shows_minus_zero():
    assert group_report.range_text(Range(-0.0001, -0.0004, 0.0123)) == "0.000 (0.000 to 0.012)"


def test_the_fitted_kernel_is_what_was_planted():
    one = network()
    kernel = planted.model(one.frame, "ANI", one.trained.fits["ANI"].parameters, core=0.0)
    found = network_comparison.fitted(one, "ANI")
    np.testing.assert_allclose(found, 1.5 * kernel)
    inside = (one.frame.squared_distance < 1).reshape(-1, SIZE, SIZE)
    assert np.abs(found[one.frame.target, one.frame.source][inside]).min() > 0
    cut = planted.model(one.frame, "ANI", one.trained.fits["ANI"].parameters)[one.frame.target, one.frame.source]
    assert np.abs(cut[inside]).max() == 0 and np.abs(cut[~inside]).max() > 0.1


def test_a_resampled_p_agrees_with_the_interval():
    found = compared({"DP": 0.0, "HR": 0.0101})
    assert found.resampled_p("HR", "DP") == pytest.approx(1 / 41) and found.difference("HR", "DP").low > 0
    assert found.resampled_p("DP", "HR") == 1
    kept = network_comparison.numbers([network(0, found)])
    assert kept["hr_minus_dp_resampled_p"] == [pytest.approx(1 / 41)] and kept["hr_minus_dp_percent"] == [pytest.approx(1.01)]
    assert kept["dp_turns_excess_p"] == [0.0005] and kept["untrained_hr_turns_excess_p"] == [0.6]
