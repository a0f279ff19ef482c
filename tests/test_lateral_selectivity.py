"""Laws of the selectivity measures: planted tunings and elongations come back, with their sign, in any description of the same cells."""

from dataclasses import replace

import numpy as np
import pytest
from lateral_cells import drawn, random_cells

from paper_code.errors import PaperCodeError
from paper_code.lateral import (
    Cells,
    balance,
    bootstrap_weights,
    broad_share,
    contrast,
    correlation_sums,
    elongation_probe,
    excitatory,
    flank_probe,
    measure_flanks,
    measure_kernel,
    measure_lateral,
    monotonicity,
    numbers,
    orientation_null,
    pair_frame,
    permutations,
    rf_kernel,
    standardise,
    strength_probe,
    strengths,
    tuning_probe,
)
from paper_code.lateral.selectivity import EDGES, correlation_bootstrap

COEFFICIENTS = np.array([0.9, 0.7, 0.5, 0.3, 0.2, 0.1])


def planted(cells, size=9, seed=0, noise=1.0, envelope=lambda frame: 1.0):
    """K = .2 + g(difference) envelope cos Phi + noise, g the COEFFICIENTS; also the frame."""
    frame = pair_frame(cells, size, 2)
    bins = np.minimum(np.digitize(frame.difference, EDGES) - 1, 5)
    values = 0.2 + COEFFICIENTS[bins][:, None] * envelope(frame) * np.cos(frame.phase)
    kernel = noise * np.random.default_rng(seed).standard_normal((len(cells), len(cells), size, size))
    kernel[frame.target, frame.source] += values.reshape(-1, size, size)
    return kernel, frame


@pytest.fixture(scope="module")
def cells():
    return random_cells(40, seed=10)


def test_a_planted_tuning_comes_back(cells):
    kernel, frame = planted(cells)
    curve = tuning_probe(frame, 40).sums(kernel - 0.2).value
    # The noise of a coefficient: one over the root of sum w cos^2 Phi, about 3000 a bin.
    np.testing.assert_allclose(curve, COEFFICIENTS, atol=0.06)
    assert monotonicity(curve) == 1
    # In standard deviations of K.
    scale = kernel[frame.target, frame.source].std()
    np.testing.assert_allclose(tuning_probe(frame, 40).sums(standardise(kernel)).value * scale, curve, atol=0.02)
    # Phase-blind sums see none of it.
    np.testing.assert_allclose(tuning_probe(frame, 40, coherent=False).sums(kernel - 0.2).value, 0, atol=0.06)


def test_without_noise_the_coefficients_are_exact(cells):
    kernel, frame = planted(cells, noise=0.0)
    np.testing.assert_allclose(tuning_probe(frame, 40).sums(kernel - 0.2).value, COEFFICIENTS, atol=1e-12)


def test_ninety_degrees_belong_to_the_last_bin():
    pair = Cells(*(np.array(v, float) for v in ([0, 0], [0, 0], [0, np.pi / 2], [0.1, 0.1], [0, 0])))
    assert [len(members[0]) for members in tuning_probe(pair_frame(pair, 3, 2), 2).pairs] == [0, 0, 0, 0, 0, 2]


def test_rotating_everything_by_90_degrees_changes_nothing(cells):
    kernel, frame = planted(cells)
    turned_cells = replace(cells, x=-cells.y, y=cells.x, carrier=cells.carrier + np.pi / 2)
    turned, turned_frame = np.rot90(kernel, axes=(2, 3)), pair_frame(turned_cells, 9, 2)
    for probe in (tuning_probe, elongation_probe):
        np.testing.assert_allclose(probe(turned_frame, 40).sums(turned).value, probe(frame, 40).sums(kernel).value, rtol=1e-9)
    # Turning the offsets without the cells is another thing.
    assert tuning_probe(frame, 40).sums(turned).value[0] < 0.5 * COEFFICIENTS[0]


def test_mirroring_everything_changes_nothing(cells):
    kernel, frame = planted(cells)
    mirrored = replace(cells, y=-cells.y, carrier=-cells.carrier)
    for probe in (tuning_probe, elongation_probe):
        value = probe(pair_frame(mirrored, 9, 2), 40).sums(kernel[:, :, ::-1]).value
        np.testing.assert_allclose(value, probe(frame, 40).sums(kernel).value, rtol=1e-9)


def test_transposing_pairs_and_offsets_changes_no_tuning(cells):
    kernel, frame = planted(cells)
    swapped = kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    np.testing.assert_allclose(tuning_probe(frame, 40).sums(swapped).value, tuning_probe(frame, 40).sums(kernel).value, rtol=1e-9)


def test_a_planted_elongation_has_its_sign(cells):
    def along(frame):
        return np.exp(-(frame.along**2) / 50 - frame.across**2 / 8)

    def across(frame):
        return np.exp(-(frame.across**2) / 50 - frame.along**2 / 8)

    for envelope, sign in ((along, 1), (across, -1), (lambda frame: np.exp(-frame.squared_distance / 18), 0)):
        kernel, frame = planted(cells, noise=0.3, envelope=envelope)
        ratios = elongation_probe(frame, 40).sums(kernel - 0.2).value
        if sign:
            assert sign * (ratios[0] - ratios[1]) > 0.15
            assert sign * contrast(ratios) > 0.3
        else:
            assert abs(ratios[0] - ratios[1]) < 0.04


def test_the_transposed_frame_reverses_the_elongation(cells):
    kernel, frame = planted(cells, noise=0.3, envelope=lambda frame: np.exp(-(frame.along**2) / 50 - frame.across**2 / 8))
    other = replace(frame, along=frame.across, across=frame.along)
    ratios, transposed = elongation_probe(frame, 40).sums(kernel).value, elongation_probe(other, 40).sums(kernel).value
    np.testing.assert_allclose(transposed, ratios[::-1])


def test_round_cells_have_an_rf_kernel_without_elongation():
    cells = random_cells(64, seed=11)
    frame = pair_frame(cells, 11, 2)
    ratios = elongation_probe(frame, 64).sums(rf_kernel(drawn(cells, 25), 11, 2)).value
    assert abs(contrast(ratios)) < 0.05


def test_flanks_of_planted_polarities_are_exact(cells):
    frame = pair_frame(cells, 9, 2)
    agreeing, constant = np.zeros((2, 40, 40, 9, 9))
    agreeing[frame.target, frame.source] = 0.5 * np.sign(np.cos(frame.phase)).reshape(-1, 9, 9)
    constant[frame.target, frame.source] = 0.5
    signed, blind = (flank_probe(frame, 40, signed) for signed in (True, False))
    np.testing.assert_allclose(signed.sums(agreeing).value, 0.5)
    np.testing.assert_allclose(signed.sums(-agreeing).value, -0.5)
    np.testing.assert_allclose(blind.sums(constant).value, 0.5)
    # What excites both polarities alike is no geometry to the signed measure.
    assert np.abs(signed.sums(constant).value).max() < 0.1


def test_flanks_find_a_planted_axis_in_all_three_weights(cells):
    draws, orders = bootstrap_weights(40, 100, 0), permutations(40, 199, 0)
    for sign, narrow in ((1, "across"), (-1, "along")):
        kernel, frame = planted(cells, noise=0.3, envelope=lambda frame, narrow=narrow: 2 * np.exp(-(getattr(frame, narrow) ** 2) / 6))
        for name, found in measure_flanks(kernel - 0.2, frame, orders, draws).items():
            assert sign * found.difference.value > 0 and sign * found.balance > 0, name
            assert found.difference.value == pytest.approx(found.collinear - found.flanking)
            assert found.balance_low < found.balance < found.balance_high
            assert found.difference.test.p == (1 / 200 if sign > 0 else 1), name


def test_flanks_of_a_kernel_without_an_axis_are_inside_the_null(cells):
    kernel, frame = planted(cells, envelope=lambda frame: np.exp(-frame.squared_distance / 18))
    for name, found in measure_flanks(kernel, frame, permutations(40, 199, 0), bootstrap_weights(40, 200, 0)).items():
        assert found.difference.low < 0.02 and found.difference.high > -0.02, name
        assert abs(found.difference.value) < 0.1, name


def test_the_transposed_frame_swaps_the_flanks(cells):
    kernel, frame = planted(cells)
    other = replace(frame, along=frame.across, across=frame.along)
    for signed in (True, False):
        ratios, swapped = (flank_probe(one, 40, signed).sums(kernel).value for one in (frame, other))
        np.testing.assert_allclose(swapped, ratios[::-1])


def test_balance_and_excitatory_part():
    np.testing.assert_allclose(balance([[2, 1], [1, -1], [-1, 1], [-1, -3]]), [1 / 3, 1, -1, 0.5])
    kernel = np.random.default_rng(14).standard_normal((5, 5, 3, 3))
    part, spread = excitatory(kernel), kernel[~np.eye(5, dtype=bool)].std()
    np.testing.assert_allclose(part - excitatory(-kernel), kernel / spread)
    assert part.min() == 0
    with pytest.raises(PaperCodeError, match="constant"):
        excitatory(np.ones((3, 3, 3, 3)))


def test_strengths_add_up(cells):
    kernel, frame = planted(cells)
    found = strengths(kernel)
    np.testing.assert_allclose(found["signed"], found["excitatory"] - found["inhibitory"])
    apart = ~np.eye(40, dtype=bool)
    assert found["energy"][apart].mean() == pytest.approx(1)
    assert (found["excitatory"] + found["inhibitory"])[apart].mean() == pytest.approx(1)
    sums = strength_probe(frame, 40).sums(found["energy"])
    bins = np.minimum(np.digitize(frame.difference, EDGES) - 1, 5)
    by_hand = [found["energy"][frame.target[bins == one], frame.source[bins == one]].mean() for one in range(6)]
    np.testing.assert_allclose(sums.value, by_hand)
    only_excitation = strengths(np.abs(kernel))
    assert only_excitation["excitatory"].min() > 0 and only_excitation["inhibitory"].max() == 0
    # A tuned kernel has more energy between like cells.
    assert by_hand[0] > by_hand[-1]


def test_orientation_null_agrees_with_the_frame_written_out(cells):
    kernel, _ = planted(cells)
    orders = np.concatenate([np.arange(40)[None], permutations(40, 3, seed=1)])
    found = orientation_null(kernel, cells, 2, orders)
    for row, order in enumerate(orders):
        frame = pair_frame(cells.with_orientations(cells.carrier[order]), 9, 2)
        curve = tuning_probe(frame, 40).sums(kernel).value
        np.testing.assert_allclose((found.like[row], found.orthogonal[row]), (curve[0], curve[-1]), atol=2e-5)


def test_broad_share_of_planted_kernels():
    rng = np.random.default_rng(12)
    noise = rng.standard_normal((30, 30, 9, 9))
    assert broad_share(noise)[0] == pytest.approx(1 / 81, rel=0.1)
    constant = -np.abs(rng.standard_normal((30, 30, 1, 1)))
    share, negative = broad_share(np.broadcast_to(constant, (30, 30, 9, 9)))
    assert (share, negative) == (pytest.approx(1), 1)
    # Equal energies, so half, and half of the noise's own chance share.
    mixed = noise + rng.standard_normal((30, 30, 1, 1))
    assert broad_share(mixed)[0] == pytest.approx(0.5, abs=0.05)


def test_monotonicity_of_falling_rising_and_flat_curves():
    assert monotonicity([3, 2, 1]) == 1
    assert monotonicity([1, 2, 3]) == -1
    assert monotonicity([1, 1, 1]) == 0
    np.testing.assert_allclose(monotonicity([[3, 1, 2], [2, 3, 1]]), 1 / 3)


def test_correlation_of_kernels_matches_numpy_and_its_bootstrap_at_unit_weights(cells):
    kernel, frame = planted(cells)
    other = rf_kernel(drawn(cells, 15), 9, 2)
    expected = np.corrcoef(kernel[frame.target, frame.source].ravel(), other[frame.target, frame.source].ravel())[0, 1]
    probe, _ = correlation_sums(kernel, other)
    assert probe.sums(standardise(kernel)).value[0] == pytest.approx(expected)
    assert correlation_bootstrap(kernel, other, np.ones((1, 40)))[0] == pytest.approx(expected)
    # By hand: relabelled cells of the other kernel.
    order = permutations(40, 1, seed=2)
    inverse = np.argsort(order[0])
    moved = other[np.ix_(inverse, inverse)]
    by_hand = np.corrcoef(kernel[frame.target, frame.source].ravel(), moved[frame.target, frame.source].ravel())[0, 1]
    assert probe.null(standardise(kernel), order)[0, 0] == pytest.approx(by_hand)


@pytest.fixture(scope="module")
def measured():
    """A kernel that is partly its cells' RF kernel, measured as shipped networks are, from drawn fields."""
    cells = replace(random_cells(24, seed=13, spread=1.0), frequency=np.full(24, 0.18))
    rng = np.random.default_rng(13)
    fields = drawn(cells, 13, sigma=2.2)
    fields[3] += 0.3 * rng.standard_normal((13, 13))  # a Gabor too noisy to tell its orientation
    noise, untrained = rng.standard_normal((2, 24, 24, 7, 7))
    kernel = noise + 3 * rf_kernel(fields, 7, 2)
    return [measure_kernel(kernel, untrained, fields, 0.7, 2, seed=5, permuted=499, shuffled=99, drawn=200)]


def test_measures_of_a_planted_network(measured):
    found = numbers(measured)
    assert found["seeds"] == [5] and found["cells"] == [24] and found["oriented_cells"] == [23]
    assert found["rf_correlation"][0] > 0.3 and found["rf_p"][0] == 1 / 500
    assert found["rf_correlation_low"][0] < found["rf_correlation"][0] < found["rf_correlation_high"][0]
    assert found["tuning_like"][0] > found["tuning_orthogonal"][0] and found["tuning_p"][0] < 0.01
    # Two untrained tests in the tail would be one chance in a thousand or less.
    assert found["untrained_rf_p"][0] > 0.01 and found["untrained_tuning_p"][0] > 0.01
    assert found["broad_chance"] == [pytest.approx(1 / 49)]
    assert found["flank_signed_difference"][0] == pytest.approx(found["flank_signed_collinear"][0] - found["flank_signed_flanking"][0])
    assert found["unsure_cells"][0] < found["oriented_cells"][0]
    assert all(len(values) == 1 for values in found.values())


def test_doubtful_orientations_are_left_out_of_the_sure_measures(measured):
    one = measured[0]
    sure = one.oriented & ~one.fits.disagrees
    assert one.unsure == (one.oriented & one.fits.disagrees).sum()
    frame = pair_frame(Cells.from_gabors(one.fits[sure]), 7, 2)
    curve = tuning_probe(frame, sure.sum()).sums(standardise(one.kernel[np.ix_(sure, sure)])).value
    assert one.sure_difference.value == pytest.approx(curve[0] - curve[-1])


def test_measures_do_not_depend_on_the_order_of_the_cells(measured):
    one = measured[0]
    order = np.random.default_rng(0).permutation(int(one.oriented.sum()))
    inner = one.kernel[np.ix_(one.oriented, one.oriented)]
    shuffled = pair_frame(Cells.from_gabors(one.fits[one.oriented][order]), 7, 2)
    value = tuning_probe(shuffled, len(order)).sums(standardise(inner[np.ix_(order, order)])).value
    np.testing.assert_allclose(value, one.tuning.coherent.value, rtol=1e-9)


def test_a_shipped_network_is_tuned_and_its_start_is_not():
    (found,) = measure_lateral("reference", [0], field_null_count=20, permuted=999, shuffled=9, drawn=100)
    values = numbers([found])
    assert values["tuning_p"][0] == 1e-3 and values["rf_p"][0] == 1e-3
    assert values["rf_correlation"][0] > 0.1 > 0.01 > abs(values["untrained_rf_correlation"][0])
    assert values["broad_share"][0] > 3 * values["broad_chance"][0]
    assert values["untrained_broad_share"][0] < 1.5 * values["broad_chance"][0]


def test_networks_without_lateral_connections_are_refused(monkeypatch):
    from paper_code import weights

    early = weights.load_early("reference", 0)
    monkeypatch.setattr(weights, "load_early", lambda *_: replace(early, K=None))
    with pytest.raises(PaperCodeError, match="no lateral kernel"):
        measure_lateral("reference", [0], field_null_count=2)
