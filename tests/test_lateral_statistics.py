"""Laws of the statistics over pairs: nulls are centred and uniform, relabelling is relabelling, intervals cover, seeds decide."""

import numpy as np
import pytest
from lateral_cells import random_cells
from scipy.stats import kstest

from paper_code.errors import PaperCodeError
from paper_code.lateral import (
    PairSums,
    against,
    bootstrap_weights,
    elongation_probe,
    interval,
    ordered_pairs,
    pair_frame,
    permutations,
    tuning_probe,
)
from paper_code.lateral.statistics import Probe


def ends(curves):
    return curves[..., 0] - curves[..., -1]


def random_kernel(count, size, seed):
    return np.random.default_rng(seed).standard_normal((count, count, size, size))


def test_relabelling_is_the_probe_of_the_relabelled_cells():
    cells, kernel = random_cells(14, seed=0), random_kernel(14, 5, seed=0)
    orders = permutations(14, 4, seed=0)
    for build in (tuning_probe, elongation_probe):
        null = build(pair_frame(cells, 5, 2), 14).null(kernel, orders)
        for row, order in enumerate(orders):
            relabelled = cells[np.argsort(order)]  # cell order[b] takes the label of cell b
            np.testing.assert_allclose(null[row], build(pair_frame(relabelled, 5, 2), 14).sums(kernel).value, rtol=1e-9)


def test_the_identity_gives_the_observed_value():
    cells, kernel = random_cells(30, seed=1), random_kernel(30, 5, seed=1)
    probe = tuning_probe(pair_frame(cells, 5, 2), 30)  # more pairs than one block of rows
    same = np.arange(30)[None]
    np.testing.assert_allclose(probe.null(kernel, same)[0], probe.sums(kernel).value)
    np.testing.assert_allclose(probe.sums(kernel).regrouped(same)[0], probe.sums(kernel).value)
    np.testing.assert_allclose(probe.sums(kernel).bootstrap(np.ones((1, 30)))[0], probe.sums(kernel).value)


def test_regrouping_moves_sums_between_groups():
    rng = np.random.default_rng(2)
    numerator, denominator = rng.random((2, 1, 5, 5)) * ~np.eye(5, dtype=bool)
    upper = np.triu(np.ones((5, 5), bool), 1)
    sums = PairSums(np.concatenate([numerator * upper, numerator * ~upper]), np.concatenate([denominator * upper, denominator * ~upper]))
    reverse = np.arange(5)[::-1][None]
    np.testing.assert_allclose(sums.regrouped(reverse)[0], sums.value[::-1])


def test_bootstrap_weights_pairs_by_the_draws_and_drops_a_cell_with_itself():
    rng = np.random.default_rng(3)
    numerator, denominator = rng.random((2, 1, 6, 6)) * ~np.eye(6, dtype=bool)
    draws = rng.integers(6, size=6)
    pairs = [(i, j) for i in draws for j in draws if i != j]
    by_hand = sum(numerator[0, i, j] for i, j in pairs) / sum(denominator[0, i, j] for i, j in pairs)
    weights = np.bincount(draws, minlength=6)[None].astype(float)
    assert PairSums(numerator, denominator).bootstrap(weights)[0, 0] == pytest.approx(by_hand)


def test_pure_noise_gives_uniform_p_and_a_centred_null():
    cells = random_cells(16, seed=4)
    probe = tuning_probe(pair_frame(cells, 5, 2), 16)
    orders = permutations(16, 199, seed=4)
    tests = [against(ends(probe.sums(kernel).value), ends(probe.null(kernel, orders))) for kernel in map(_noise, range(200))]
    assert kstest([test.p for test in tests], "uniform").pvalue > 0.01
    z = np.array([test.z for test in tests])
    assert abs(z.mean()) < 3 / np.sqrt(200) and abs(z.std() - 1) < 0.2
    centre = np.mean([test.null_mean for test in tests])
    assert abs(centre) < 3 * np.std([test.null_mean for test in tests]) / np.sqrt(200) + 1e-3


def _noise(seed):
    return random_kernel(16, 5, seed=1000 + seed)


def test_noise_that_the_pairs_of_a_cell_share_gives_no_false_finding():
    # Each source has a kernel of its own, the same to all targets: the permutation of cells keeps it, pairs are not taken as independent.
    cells = random_cells(16, seed=5)
    probe = tuning_probe(pair_frame(cells, 5, 2), 16)
    orders = permutations(16, 199, seed=5)
    small = 0
    for seed in range(100):
        shared = np.random.default_rng(2000 + seed).standard_normal((1, 16, 5, 5)) + 0.3 * _noise(seed)
        small += against(ends(probe.sums(shared).value), ends(probe.null(shared, orders))).p <= 0.1
    assert 2 <= small <= 20  # 10 expected, sd 3


def test_intervals_of_the_joint_bootstrap_cover():
    # Pairs that share a cell share its effect: value_ij = 1 + a_i + b_j + noise, true mean 1.
    pairs = ordered_pairs(30)
    probe = Probe(30, (pairs,), (np.ones((len(pairs[0]), 1)),), (np.ones(len(pairs[0])),))
    weights = bootstrap_weights(30, 300, seed=6)
    rng = np.random.default_rng(6)
    covered, naive = 0, 0
    for _ in range(200):
        values = 1 + rng.standard_normal((30, 1)) + rng.standard_normal(30) + rng.standard_normal((30, 30))
        low, high = interval(probe.sums(values).bootstrap(weights)[:, 0])
        covered += low <= 1 <= high
        error = values[pairs].std() / np.sqrt(len(pairs[0]))
        naive += abs(values[pairs].mean() - 1) < 1.96 * error
    assert 176 <= covered <= 199  # 95 % of 200
    assert naive < 120  # what pairs taken as independent would cover


def test_p_has_one_added_on_both_sides():
    null = np.arange(9.0)
    assert against(100.0, null).p == 0.1
    assert against(-1.0, null).p == 1.0
    assert against(4.0, null).p == 0.6  # ties count
    assert against(4.0, null).z == 0 and against(4.0, null).null_mean == 4
    assert against(1.0, np.array([0.0, np.nan])).p == pytest.approx(2 / 3)
    with pytest.raises(PaperCodeError):
        against(1.0, [])


@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_decides_everything(seed):
    for draw in (permutations, bootstrap_weights):
        np.testing.assert_array_equal(draw(9, 5, seed), draw(9, 5, seed))
        assert (draw(9, 5, seed) != draw(9, 5, seed + 1)).any()
        for wrong in (None, -1, True, 0.5):
            with pytest.raises(PaperCodeError):
                draw(9, 5, wrong)


def test_draws_are_draws():
    orders, weights = permutations(9, 200, 0), bootstrap_weights(9, 200, 0)
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(9), (200, 1)))
    np.testing.assert_array_equal(weights.sum(axis=1), 9)
    assert abs(orders.mean(axis=0) - 4).max() < 0.7 and abs(weights.mean(axis=0) - 1).max() < 0.3


def test_an_empty_group_is_nan_and_a_wrong_kernel_is_refused():
    cells = random_cells(3, seed=7)
    probe = tuning_probe(pair_frame(cells, 3, 2), 3)
    assert np.isnan(probe.sums(random_kernel(3, 3, 0)).value).any()
    with pytest.raises(PaperCodeError):
        probe.sums(random_kernel(4, 3, 0))
