"""Laws of the association slope: planted slopes come back inside their intervals, noise has none, and a fault is seen."""

from dataclasses import replace

import numpy as np
import pytest
from lateral_cells import random_cells

from paper_code import se2
from paper_code.errors import PaperCodeError
from paper_code.lateral import bootstrap_weights, pair_frame, permutations, slope

CELLS, SIZE, STRIDE = 32, 11, 2


@pytest.fixture(scope="module")
def frame():
    return pair_frame(random_cells(CELLS, 3), SIZE, STRIDE)


def noise(seed, count=CELLS):
    return np.random.default_rng(seed).standard_normal((count, count, SIZE, SIZE))


def measure(kernel, frame, count=60):
    return slope.measure_slope(kernel, frame, permutations(CELLS, count, 0), bootstrap_weights(CELLS, count, 0))


@pytest.mark.parametrize("c", [0.0, 1.0, 1.5, 2.0])
def test_a_planted_slope_comes_back_inside_its_interval(frame, c):
    found = measure(slope.planted(frame, CELLS, c) + 0.3 * noise(1), frame)
    # The blur mixes both sides of the jump of 1.5 psi across the y axis, and takes up to 0.12 off; whole slopes have no jump.
    seam = 0.12 if c == 1.5 else 0.02
    assert slope.recovered(frame, c) == pytest.approx(c, abs=seam)
    assert found.field.fit.c == pytest.approx(c, abs=0.05 + seam)
    assert found.slope[0] - 0.02 <= c <= found.slope[1] + seam and found.slope[1] - found.slope[0] < 0.4
    best = max(found.field.scores, key=found.field.scores.get)
    assert slope.SLOPES[best] == c and found.alignment.p < 0.02
    assert max(found.field.free, key=found.field.free.get) == best
    if c == 2:
        assert found.cocircularity.p < 0.02 and found.differences.p < 0.02 and found.field.fit.cocircularity > 0.9
        assert np.degrees(found.field.fit.deviation) < 10


def test_a_fault_loses_the_curves(frame):
    kernel = slope.planted(frame, CELLS, 2.0) + 0.3 * noise(1)
    for fault in (replace(frame, turn=-frame.turn), replace(frame, across=-frame.across), replace(frame, along=-frame.along)):
        assert measure(kernel, fault, 5).field.fit.cocircularity < 0.3
    # Without the sign of cos Phi the phase-coherent map has little left.
    x, y = slope.ring()
    blind = kernel.copy()
    blind[frame.target, frame.source] *= np.sign(np.cos(frame.phase)).reshape(-1, SIZE, SIZE)
    turn_map = slope.TurnMap(frame, x, y)
    assert turn_map(blind).max() < 0.5 * turn_map(kernel).max()


def test_noise_has_no_curves_and_its_p_is_uniform(frame):
    found = [measure(noise(seed), frame, 39) for seed in range(30)]
    c, p = np.array([(one.field.fit.cocircularity, one.cocircularity.p) for one in found]).T
    assert abs(c.mean()) < 3 * c.std() / np.sqrt(len(c)) + 0.02
    assert 0.3 < p.mean() < 0.7 and (p < 0.05).sum() <= 5
    assert all(one.interval[0] <= one.interval[1] for one in found)


def test_the_same_draws_give_the_same_numbers(frame):
    kernel = slope.planted(frame, CELLS, 1.5) + noise(2)
    once, again = measure(kernel, frame, 10), measure(kernel, frame, 10)
    assert once.slope == again.slope and once.cocircularity == again.cocircularity
    np.testing.assert_array_equal(once.field.maps, again.field.maps)


def test_units_do_not_matter_and_a_bar_has_neither_head_nor_tail(frame):
    kernel = slope.planted(frame, CELLS, 1.0) + noise(4)
    assert measure(3 * kernel + 2, frame, 5).field.fit.c == pytest.approx(measure(kernel, frame, 5).field.fit.c, abs=1e-6)
    x, y = slope.ring()
    np.testing.assert_allclose(slope.TurnMap(frame, x, y)(kernel), slope.TurnMap(frame, -x, -y)(kernel), atol=1e-12)


def test_resampling_by_identity_gives_the_map_itself(frame):
    x, y = slope.ring()
    turn_map, kernel = slope.TurnMap(frame, x, y), noise(5)
    plain, same = turn_map(kernel), np.arange(CELLS)[None]
    for resampled in (turn_map.bootstrap(kernel, np.ones((1, CELLS))), turn_map.relabelled(kernel, same), turn_map.regrouped(kernel, same)):
        np.testing.assert_allclose(resampled[0], plain, atol=1e-10)


def test_relabelling_moves_the_kernel_and_not_the_geometry():
    cells, order = random_cells(8, 6), np.random.default_rng(7).permutation(8)
    x, y = slope.ring()
    kernel = noise(8, 8)
    # Cell a = order[b] gets the label of cell b.
    label = np.argsort(order)
    direct = slope.TurnMap(pair_frame(cells[label], SIZE, STRIDE), x, y)(kernel)
    np.testing.assert_allclose(slope.TurnMap(pair_frame(cells, SIZE, STRIDE), x, y).relabelled(kernel, order[None])[0], direct, atol=1e-10)


def test_the_vectorised_scores_are_those_of_se2(frame):
    x, y = slope.ring()
    theta, weight = slope.preferred(slope.TurnMap(frame, x, y)(noise(9)))
    for c in (0.0, 1.3, 2.0):
        assert slope.scores(theta, weight, x, y, c)[0] == pytest.approx(se2.slope_score(c, x, y, theta, weight), abs=1e-12)


def test_the_models_bend_as_they_should():
    found = slope.model_fields(slope.model_maps())
    assert 1.2 < found["direction"].fit.c < 1.6 and 0.8 < found["enhancement"].fit.c < 1.15
    assert found["direction"].fit.cocircularity > found["enhancement"].fit.cocircularity


def test_power_finds_what_is_planted_in_noise(frame):
    kernel = slope.planted(frame, CELLS, 0.0) + noise(10)
    c, cocircularity = slope.power(kernel, frame, permutations(CELLS, 5, 1))
    assert np.median(c) == pytest.approx(2, abs=0.15) and cocircularity.min() > 0.6


def test_a_map_without_positive_values_is_refused():
    x, y = slope.ring()
    with pytest.raises(PaperCodeError, match="nowhere positive"):
        slope.field(-np.ones((len(slope.THETAS), x.size)), x, y)
