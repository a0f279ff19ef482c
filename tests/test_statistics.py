"""Inference over networks: intervals cover, tests keep their level, corrections are those of their authors."""

import numpy as np
import pytest
from scipy import stats

from paper_code.core import statistics
from paper_code.core.errors import PaperCodeError


def test_the_estimate_over_networks_is_that_of_a_t_test():
    values = np.random.default_rng(0).normal(0.3, 1, 8)
    found, test = statistics.over_networks(values, 0.1), stats.ttest_1samp(values, 0.1)
    interval = test.confidence_interval(0.95)
    assert (found.value, found.p, found.low, found.high) == pytest.approx((values.mean(), test.pvalue, interval.low, interval.high))


def test_networks_that_agree_to_the_last_digit_are_sure():
    assert statistics.over_networks([0.2, 0.2]).p == 0 and statistics.over_networks([0.0, 0.0]).p == 1
    assert statistics.equivalence_p([0.01, 0.01], 0.02) == 0 and statistics.equivalence_p([0.03, 0.03], 0.02) == 1


def test_equivalence_is_the_larger_of_two_one_sided_tests():
    values = np.random.default_rng(1).normal(0.005, 0.01, 10)
    lower = stats.ttest_1samp(values, -0.02, alternative="greater").pvalue
    upper = stats.ttest_1samp(values, 0.02, alternative="less").pvalue
    assert statistics.equivalence_p(values, 0.02) == pytest.approx(max(lower, upper))


def test_equivalence_keeps_its_level_at_the_margin():
    rng = np.random.default_rng(2)
    p = [statistics.equivalence_p(rng.normal(0.02, 0.01, 6), 0.02) for _ in range(2000)]
    assert np.mean(np.array(p) < 0.05) < 0.065


@pytest.mark.parametrize(
    "adjust, p, wanted",
    [
        (statistics.holm, [0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        (statistics.holm, [0.5, 0.9], [1.0, 1.0]),
        (statistics.benjamini_hochberg, [0.01, 0.04, 0.03, 0.005], [0.02, 0.04, 0.04, 0.02]),
        (statistics.holm, [0.02], [0.02]),
    ],
)
def test_corrections_are_those_of_their_authors(adjust, p, wanted):
    assert adjust(p) == pytest.approx(wanted)


def test_holm_keeps_the_error_of_the_family():
    rng = np.random.default_rng(3)
    wrong = [(statistics.holm(rng.uniform(size=5)) < 0.05).any() for _ in range(4000)]
    assert abs(np.mean(wrong) - 0.05) < 0.012


def test_a_permutation_p_counts_both_sides_and_ties():
    null = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert statistics.permutation_p(2.0, null) == pytest.approx(3 / 6)
    assert statistics.permutation_p(2.0 * (1 + 1e-13), null) == pytest.approx(3 / 6)  # rounding undoes no tie
    assert statistics.permutation_p(5.0, null) == pytest.approx(1 / 6)
    assert np.allclose(statistics.permutation_p(np.array([5.0, 0.0]), np.stack([null, null], 1)), [1 / 6, 1])


def test_differences_pool_the_variance_of_all_conditions():
    groups = {"control": np.array([1.0, 1.2]), "a": np.array([0.5, 0.7]), "b": np.array([1.1, 1.0, np.nan])}
    found = statistics.pooled_differences(groups, "control")
    test = stats.ttest_ind(groups["a"], groups["control"])  # variance of the two alone
    assert set(found) == {"a", "b"} and found["a"].value == pytest.approx(-0.5) and found["b"].value == pytest.approx(-0.05)
    variance = (0.02 + 0.02 + 0.005) / 3
    assert found["a"].high - found["a"].value == pytest.approx(stats.t.ppf(0.975, 3) * np.sqrt(variance))
    assert found["a"].p != pytest.approx(test.pvalue)
    single = statistics.pooled_differences({"control": [1.0, 2.0], "a": [5.0]}, "control")["a"]
    assert np.isfinite([single.low, single.high]).all()


def test_pooled_differences_keep_their_level():
    rng = np.random.default_rng(4)
    p = [
        one.p
        for _ in range(400)
        for one in statistics.pooled_differences({name: rng.normal(size=2) for name in ("control", "a", "b", "c")}, "control").values()
    ]
    assert abs(np.mean(np.array(p) < 0.05) - 0.05) < 0.02


@pytest.mark.parametrize("seed", [None, -1, 1.5, True, "0", [], [1, None]])
def test_nothing_is_drawn_without_a_seed(seed):
    with pytest.raises(PaperCodeError, match="seed"):
        statistics.generator(seed)


def test_seed_zero_is_a_seed():
    assert np.array_equal(statistics.permutations(9, 4, 0), statistics.permutations(9, 4, 0))
    assert not np.array_equal(statistics.permutations(9, 4, 0), statistics.permutations(9, 4, 1))
    weights = statistics.bootstrap_weights(7, 50, 0)
    assert (weights.sum(axis=1) == 7).all() and np.array_equal(weights, statistics.bootstrap_weights(7, 50, 0))


@pytest.mark.parametrize("values, says", [([1.0], "at least 2"), ([], "at least 2"), ([1.0, np.nan], "NaN"), ([[1.0, 2.0]], "at least 2")])
def test_a_sample_that_is_none_is_refused_in_one_line(values, says):
    for refuses in (statistics.over_networks, lambda sample: statistics.equivalence_p(sample, 0.1)):
        with pytest.raises(PaperCodeError, match=says) as caught:
            refuses(values)
        assert "\n" not in str(caught.value)


def test_other_bad_calls_are_refused():
    with pytest.raises(PaperCodeError, match="margin"):
        statistics.equivalence_p([1.0, 2.0], 0)
    with pytest.raises(PaperCodeError, match="control"):
        statistics.pooled_differences({"a": [1.0, 2.0]}, "control")
