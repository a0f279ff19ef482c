"""Laws of the comparison of K with models: sums are least squares, planted families are known, noise is not, and labels matter."""

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from lateral_cells import drawn, random_cells

from paper_code.errors import PaperCodeError
from paper_code.lateral import (
    Cells,
    bins,
    comparison,
    fits,
    network_comparison,
    pair_frame,
    permutations,
    planted,
    recognition,
    rf_kernel,
)
from paper_code.lateral.fits import Data, Model
from paper_code.lateral.models import FAMILIES, Places, library

COUNT, SIZE, STRIDE, R2 = 28, 7, 2, 0.08
EFFORT = comparison.Effort(fine=False, splits=2, drawn=60, permuted=39, shuffled=0, dealt=0)


@lru_cache(maxsize=1)
def scene():
    cells = random_cells(COUNT, 5)
    return cells, pair_frame(cells, SIZE, STRIDE)


def kernel_of(family, seed, r2=R2, frame=None):
    frame = frame or scene()[1]
    return planted.mixed(planted.model(frame, family, planted.EXAMPLES[family]), planted.noise(COUNT, SIZE, seed), r2)


def compared(kernel, cells=None, frame=None, effort=EFFORT, **given):
    cells, frame = (cells, frame) if frame is not None else scene()
    return comparison.compare({"K": kernel}, frame, cells, STRIDE, given, effort)["K"]


def by_hand(data, element, base, kernel, weights, pairs):
    """Least squares on the values themselves: coefficients of the base and the element."""
    keep = data.keep[pairs]
    root = np.sqrt(np.broadcast_to(weights[pairs][:, None], keep.shape)[keep])
    columns = [data.columns[data.names.index(one)][pairs][keep] for one in base] + [element[pairs][keep]]
    matrix = np.stack(columns, axis=1).astype(float)
    return np.linalg.lstsq(matrix * root[:, None], data.columns[data.names.index(kernel)][pairs][keep] * root, rcond=None)[0]


def test_cross_validation_is_least_squares_outside_the_block():
    cells = random_cells(8, 0)
    frame = pair_frame(cells, 5, STRIDE)
    other = np.random.default_rng(1).standard_normal((8, 8, 5, 5))
    rest = np.random.default_rng(2).standard_normal(other.shape)
    kernel = planted.model(frame, "SEP", planted.EXAMPLES["SEP"]) + 0.5 * other + 0.3 * rest
    data, shapes = Data(frame, {"RF": other, "K": kernel}), library(False)
    sums = fits.sums_of(data, shapes, (True,))[0]
    number, weights = fits.fold_numbers(8, 4, 0), np.array([1, 2, 0, 1, 1, 1, 1, 3.0])
    pair_weights = weights[frame.target] * weights[frame.source]
    member = shapes.members["SEP"][7]
    one = replace(sums, members={"SEP": np.array([member])})
    for base in (("1",), ("1", "RF")):
        found = fits.cross_validated(one, [Model("SEP", base)], "K", number, weights[None])[0, 0]
        element = shapes.values(data.places, [member])[0] * data.wave
        error = spread = 0.0
        for a in range(4):
            for b in range(4):
                held = (number[frame.target] == a) & (number[frame.source] == b)
                train = (number[frame.target] != a) & (number[frame.source] != b)
                coefficients = by_hand(data, element, base, "K", pair_weights, train)
                assert coefficients[-1] > 0
                parts = [data.columns[data.names.index(name)] for name in base] + [element]
                values, keep = data.columns[-1], data.keep
                guess = sum(c * part for c, part in zip(coefficients, parts, strict=True))
                mean = (pair_weights[train] @ values[train]).sum() / (pair_weights[train] @ keep[train]).sum()
                error += (pair_weights[held] @ ((values - guess) ** 2 * keep)[held]).sum()
                spread += (pair_weights[held] @ ((values - mean) ** 2 * keep)[held]).sum()
        assert found == pytest.approx(1 - error / spread, abs=1e-5)


def test_parameters_are_chosen_outside_the_block():
    # If the held-out values could reach the choice, changing them would change it: the errors of the other blocks stay as they are.
    cells = random_cells(8, 1)
    frame = pair_frame(cells, 5, STRIDE)
    kernel = np.random.default_rng(3).standard_normal((8, 8, 5, 5))
    number = fits.fold_numbers(8, 2, 0)  # two folds: block (a, b) is predicted from the one block of the other target and source fold
    held = (number[:, None] == 0) & (number[None] == 0)
    changed = np.where(held[:, :, None, None], 5 * kernel, kernel)
    data = Data(frame, {"K": kernel, "changed": changed})
    sums = fits.sums_of(data, library(False), (True,))[0]
    blocks = fits.block_totals(sums, number, np.ones((1, 8)))
    outside = blocks.map(fits._outside)
    for name, same in (("cross", outside.cross), ("gram", outside.gram)):
        k, c = sums.names.index("K"), sums.names.index("changed")
        first, second = (same[0, 0, 0, ..., column] for column in (k, c)) if name == "cross" else (same[0, 0, 0, 0, k], same[0, 0, 0, 0, c])
        np.testing.assert_allclose(first, second)


def test_the_best_element_has_the_largest_correlation():
    _, frame = scene()
    data, shapes = Data(frame, {"K": kernel_of("DP", 0, 0.2)}), library(False)
    sums = fits.sums_of(data, shapes, (True,))[0]
    for family in ("SEP", "DP"):
        element, gain, r2 = fits.best(sums, family, "K")
        squared = []
        for one in shapes.members[family]:
            model = (shapes.values(data.places, [one])[0] * data.wave)[data.keep]
            values = data.columns[-1][data.keep]
            squared.append(max(np.corrcoef(model, values)[0, 1], 0) ** 2)
        assert r2 == pytest.approx(max(squared), rel=1e-4) and gain > 0
        assert element == shapes.members[family][int(np.argmax(squared))]


def test_relabelling_is_the_fit_of_relabelled_cells():
    cells = random_cells(9, 2)
    frame, kernel = pair_frame(cells, 5, STRIDE), np.random.default_rng(4).standard_normal((9, 9, 5, 5))
    orders = np.concatenate([np.arange(9)[None], permutations(9, 2, 0)])
    found = fits.relabelled_r2(Data(frame, {"K": kernel}), library(False), kernel, orders)
    for row, order in enumerate(orders):
        sums = fits.sums_of(Data(pair_frame(cells[np.argsort(order)], 5, STRIDE), {"K": kernel}), library(False), (True,))[0]
        np.testing.assert_allclose(found[row], fits.family_r2(fits.total(sums), sums.names, "K", sums.members), rtol=1e-3)


def test_bins_agree_with_the_models_and_shuffle_orientations():
    cells, frame = scene()
    kernel = kernel_of("SEP", 1, 0.3)
    data, orders = Data(frame, {"K": kernel}), np.concatenate([np.arange(COUNT)[None], permutations(COUNT, 2, 0)])
    found = bins.orientations_alone(data, cells, STRIDE, library(False), "K", orders, bins.Bins(0.5, 36))
    for row, order in enumerate(orders):
        shuffled = pair_frame(cells.with_orientations(cells.carrier[order]), SIZE, STRIDE)
        sums = fits.sums_of(Data(shuffled, {"K": kernel}), library(False), (True,))[0]
        exact = fits.family_r2(fits.total(sums), sums.names, "K", sums.members)
        np.testing.assert_allclose(found[row], exact, rtol=0.08, atol=3e-4)


def test_a_bin_is_found_again_from_its_centre_and_from_its_mirror_images():
    rng, some = np.random.default_rng(5), bins.Bins(1.0, 18)
    used = np.unique(some.number(Places(*rng.uniform(-9, 9, (2, 50, 4)), rng.uniform(-1.4, 1.4, 50))))
    centres = some.centres(used)
    inner = np.abs(centres.turn) < 1.5  # at a right angle the mean of the two orientations is not one
    for along, across, turn in ((1, 1, 1), (-1, -1, 1), (1, -1, -1)):
        image = Places(along * centres.along, across * centres.across, turn * centres.turn)
        np.testing.assert_array_equal(some.number(image)[inner, 0], used[inner])
    assert used.max() < len(some)


def test_planted_families_are_recognised():
    cells, frame = scene()
    rf = rf_kernel(drawn(cells, 23), SIZE, STRIDE)
    found = recognition.confusion(frame, [planted.noise(COUNT, SIZE, seed) for seed in range(3)], R2, rf=rf, drawn=60, splits=2)
    assert set(found) == {*FAMILIES, "RF"}
    for name, seen in found.items():
        assert sum(seen.values()) == 3
        assert seen.get(name, 0) >= 2, (name, seen)
    assert sum(seen.get(name, 0) for name, seen in found.items()) >= 19
    assert found["ISO"] == {"ISO": 3}


def test_a_trial_plants_between_the_network_s_own_cells():
    _, frame = scene()
    kernel, nothing = kernel_of("ANI", 20, 0.1), {}
    own = comparison.Comparison(
        COUNT, {family: np.array([0.1]) for family in FAMILIES}, nothing, nothing, nothing, nothing, nothing, nothing
    )
    rf = rf_kernel(drawn(scene()[0], 23), SIZE, STRIDE)
    network = network_comparison.NetworkComparison(0, np.ones(COUNT, bool), frame, kernel, rf, EFFORT, own, None, nothing)
    found = recognition.trial(network, 1, drawn=30)
    assert sum(seen.get(name, 0) for name, seen in found.items()) >= 6 and sum(sum(seen.values()) for seen in found.values()) == 7


@pytest.mark.parametrize("family", ["SEP", "ANI", "COC", "DP", "HR"])
def test_planted_parameters_come_back(family):
    _, frame = scene()
    true = planted.EXAMPLES[family]
    data = Data(frame, {"K": kernel_of(family, 7, 0.15)})
    sums = fits.sums_of(data, library(), (True,))[0]
    found = library().parameters(family, fits.best(sums, family, "K")[0])
    # Neighbours in the grid; diffusion and length are read together: both broaden.
    factors = {"scale": 1.3, "kappa": 2.0, "elongation": 1.45, "length": 1.8, "diffusion": 3.4, "blur": 1.6}
    for name, factor in factors.items():
        if name in true:
            assert true[name] / factor <= found[name] <= true[name] * factor, (name, found)


def test_noise_is_never_a_match():
    cells, frame = scene()
    kernels = {f"noise {seed}": planted.noise(COUNT, SIZE, 100 + seed, shared=1.0) for seed in range(20)}
    effort = replace(EFFORT, drawn=120, permuted=80)  # 80 relabellings for the first, 20 for the others
    found = comparison.compare(kernels, frame, cells, STRIDE, None, effort)
    assert not any(recognition.explains(one, family) for one in found.values() for family in FAMILIES)
    assert not any(recognition.recognised(one) for one in found.values())
    assert max(one.r2(family).value for one in found.values() for family in FAMILIES) < 0.003


def test_a_match_is_called_one():
    found = compared(kernel_of("ANI", 0))
    assert recognition.explains(found, "ANI") and recognition.explains(found, "ISO") and recognition.recognised(found) == "ANI"
    assert recognition.rivals(found)[0] == "ANI" and "ISO" not in recognition.rivals(found)
    assert found.labels_excess["ANI"].p == pytest.approx(1 / 40)
    assert found.r2("ANI").value == pytest.approx(R2, abs=0.015) and found.r2("ANI").low < R2 < found.r2("ANI").high + 0.01
    assert abs(found.r2("ANI blind").value) < 0.005
    assert 0.5 < found.share_of_ceiling("ANI") < 2 and found.fits["ANI"].cosine == pytest.approx(np.sqrt(R2), abs=0.03)


def test_a_blind_kernel_is_known_by_blind_models_alone():
    _, frame = scene()
    found = compared(planted.mixed(planted.model(frame, "SEP", planted.EXAMPLES["SEP"], coherent=False), planted.noise(COUNT, SIZE, 3), R2))
    assert found.r2("SEP blind").value > 0.05 and abs(found.r2("SEP").value) < 0.005
    assert recognition.recognised(found) is None


def moved(cells, kernel, turn):
    """Cells and K turned counter-clockwise by a quarter (turn), or reflected in the x axis."""
    if turn:
        return Cells(-cells.y, cells.x, cells.carrier + np.pi / 2, cells.frequency, cells.phase), np.rot90(kernel, axes=(2, 3))
    return Cells(cells.x, -cells.y, -cells.carrier, cells.frequency, cells.phase), kernel[:, :, ::-1]


@pytest.mark.parametrize("turn", [True, False])
def test_the_world_turned_or_reflected_gives_the_same(turn):
    cells, kernel = scene()[0], kernel_of("DP", 4)
    other, turned = moved(cells, kernel, turn)
    effort = replace(EFFORT, drawn=4, permuted=2)
    plain, again = compared(kernel, effort=effort), compared(turned, other, pair_frame(other, SIZE, STRIDE), effort)
    for name in plain.values:
        # Squares at the edge of a bin may be counted in its neighbour.
        tolerance = 0.004 if name == "bins" else 1e-4
        np.testing.assert_allclose(again.values[name], plain.values[name], atol=tolerance)
    # K turned without the cells is another matter.
    assert compared(turned, effort=effort).r2("DP").value < 0.5 * plain.r2("DP").value


def test_wrong_labels_and_wrong_signs_explain_nothing():
    cells, frame = scene()
    kernel, order = kernel_of("HR", 5), permutations(COUNT, 1, 0)[0]
    effort = replace(EFFORT, drawn=20, permuted=19)
    shuffled = cells[order]
    assert recognition.recognised(compared(kernel, shuffled, pair_frame(shuffled, SIZE, STRIDE), effort)) is None
    # Phi with the sign of D.n turned round.
    offset = cells.phase[frame.source] - cells.phase[frame.target]
    wrong = replace(frame, phase=2 * offset[:, None] - frame.phase)
    assert compared(kernel, cells, wrong, effort).r2("HR").value < 0.3 * compared(kernel, effort=effort).r2("HR").value


def test_a_joint_regression_finds_what_a_family_adds():
    cells, frame = scene()
    rf, co = rf_kernel(drawn(cells, 23), SIZE, STRIDE), planted.noise(COUNT, SIZE, 50)
    signal = planted.mixed(planted.model(frame, "DP", planted.EXAMPLES["DP"]), rf, 0.5)
    with_family = compared(planted.mixed(signal, planted.noise(COUNT, SIZE, 6), R2), RF=rf, CO=co)
    without = compared(planted.mixed(rf, planted.noise(COUNT, SIZE, 6), R2), RF=rf, CO=co)
    assert with_family.difference("RF + CO + DP", "RF + CO").low > 0.003
    gain = without.difference("RF + CO + DP", "RF + CO")
    assert gain.low <= 0.0005 and gain.value < 0.002
    assert without.r2("RF").value == pytest.approx(R2, abs=0.015) and abs(without.r2("CO").value) < 0.003


def test_errors_of_the_labels_cost_what_they_cost():
    lost = planted.jitter(random_cells(20, 8), 7, STRIDE, "SEP", planted.EXAMPLES["SEP"])
    for values in lost.values():
        assert 1 > values[0] > values[1] > values[2] > 0.3
        assert values[0] > 0.9
    exact = planted.jitter(random_cells(10, 8), 7, STRIDE, "SEP", planted.EXAMPLES["SEP"], angles=np.zeros(1), drawn=1)
    assert exact["orientation"][0] == pytest.approx(1) and exact["phase"][0] == pytest.approx(1)


def test_the_ceiling_is_above_the_models_where_there_is_much_to_see():
    _, frame = scene()
    data = Data(frame, {"K": planted.mixed(planted.model(frame, "DP", planted.EXAMPLES["DP"]), planted.noise(COUNT, SIZE, 9), 0.6)})
    number = [fits.fold_numbers(COUNT, fits.FOLDS, 0)]
    heights = bins.ceiling(data, "K", number, np.ones((1, COUNT)))
    sums = fits.sums_of(data, library(False), (True,))[0]
    iso, dp = fits.cross_validated(sums, [Model("ISO"), Model("DP")], "K", number[0], np.ones((1, COUNT)))[0]
    assert iso + 0.03 < heights.max() < 0.62 and heights.max() > 0.75 * dp
    noise = Data(frame, {"K": planted.noise(COUNT, SIZE, 10)})
    assert bins.ceiling(noise, "K", number, np.ones((1, COUNT))).max() < 0.005


def test_the_results_file_holds_plain_numbers_and_seeds_decide_them():
    cells, frame = scene()
    effort = comparison.Effort(False, 2, 6, 5, 2, 5)
    kernels, rf = {"K": kernel_of("SEP", 11), "start": planted.noise(COUNT, SIZE, 12)}, rf_kernel(drawn(cells, 23), SIZE, STRIDE)
    kept = []
    for seed in (0, 0, 1):
        found = comparison.compare(kernels, frame, cells, STRIDE, {"RF": rf}, effort, seed)
        whole = np.ones(COUNT, bool)
        one = network_comparison.NetworkComparison(
            3, whole, frame, kernels["K"], rf, effort, found["K"], found["start"], {"phase": np.ones(3)}
        )
        kept.append(network_comparison.numbers([one, one]))
    assert json.loads(json.dumps(kept[0])) == kept[0] == kept[1] != kept[2]
    assert kept[0]["seeds"] == [3, 3] and len(kept[0]["dp_minus_ani_low"]) == 2 and "untrained_hr_r2" in kept[0]
    assert kept[0]["sep_orientations_excess_p"][0] in (1 / 3, 2 / 3, 1)
    assert kept[0]["sep_turns_excess_p"][0] == 1 / 6 and kept[0]["untrained_dp_turns_excess_p"][0] in (1 / 3, 2 / 3, 1)
    assert all(isinstance(one, list) and len(one) == 2 for key, one in kept[0].items() if key != "effort")


def test_bad_input_is_refused_in_one_line():
    cells, frame = scene()
    with pytest.raises(PaperCodeError, match="too few for 4 folds"):
        compared(np.random.default_rng(0).random((6, 6, 5, 5)), random_cells(6, 0), pair_frame(random_cells(6, 0), 5, STRIDE))
    with pytest.raises(PaperCodeError, match="does not belong"):
        compared(np.random.default_rng(0).random((COUNT, COUNT, 5, 5)))
    with pytest.raises(PaperCodeError, match="no model 'XX'"):
        compared(kernel_of("ISO", 0), effort=replace(EFFORT, drawn=2, permuted=1)).r2("XX")
