"""Laws of what lateral connections are measured to do: completion, inference, lightness, robustness."""

import base64
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from lateral_cells import FREQUENCY, drawn
from tiny import CONDITION, HARDWARE, image_set
from torch.nn import functional

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_json, write_json
from paper_code.core.geometry import pixel_grid
from paper_code.core.statistics import correlation, estimated, over_networks
from paper_code.core.text import effect_text
from paper_code.function import circuits, contours, lightness, robustness, stimuli
from paper_code.images.image_set import ImageSet
from paper_code.lateral import Cells, pair_frame
from paper_code.network.config import NetworkConfig
from paper_code.network.dynamics import gain
from paper_code.network.model import Network
from paper_code.report.verdict import family_verdicts, illusion_verdicts
from paper_code.training.run import Run
from paper_code.weights.collect import collect

SIZE = 11


@pytest.fixture(scope="module")
def circuit():
    """Round Gabors of 4 orientations and 4 phases, which see no more than 7 px far, and kernels of known shape."""
    carrier, phase = (axis.ravel() for axis in np.meshgrid(np.arange(4) * np.pi / 4, np.arange(4) * np.pi / 2, indexing="ij"))
    cells = Cells(np.zeros(16), np.zeros(16), carrier, np.full(16, FREQUENCY), phase)
    fields = drawn(cells, 15, sigma=2.0)
    network = Network(NetworkConfig(blur=0, noise=0, l0="none", cells=16, l1_size=15, lateral_size=SIZE, steps=2), seed=0).eval()
    network.l1.weight.data = torch.as_tensor(fields, dtype=torch.float32)[:, None]
    every = np.ones(16, bool)
    kernels = {"K": {"family": "DP", **circuits.FIELD}}
    kernels["across"] = {"family": "ANI", "scale": 6.0, "exponent": 2, "kappa": 2.0, "elongation": 1 / 2.8}
    made = {name: circuits.between(every, cells, SIZE, 2, **one) for name, one in kernels.items()}
    made = {name: (one / gain(one, 16)).astype(np.float32) for name, one in made.items()}
    made["none"] = np.zeros_like(made["K"])
    orders = np.stack([np.random.default_rng(n).permutation(16) for n in range(9)])
    return circuits.Circuit(0, network, fields, every, cells.orientation % np.pi, made, orders)


# propagation


@pytest.mark.parametrize("side, steps", [(25, 0), (25, 1), (25, 2), (25, 3), (16, 2), (32, 4)])
def test_the_middle_of_a_window_is_the_middle_of_the_sheet(side, steps):
    rng = np.random.default_rng(steps)
    h = torch.as_tensor(rng.standard_normal((3, 5, side, side)), dtype=torch.float64).relu()
    kernel = torch.as_tensor(rng.standard_normal((5, 5, 7, 7)) * 0.1)
    activity = h
    for _ in range(steps):
        activity = functional.relu(h + functional.conv2d(activity, kernel, padding=3))
    found = contours.propagated(h.numpy(), kernel.numpy(), steps)
    np.testing.assert_allclose(found, activity[:, :, side // 2, side // 2], atol=1e-4 * float(activity.max()))


# completion


def test_a_kernel_along_the_axis_completes_and_one_across_it_does_not(circuit):
    scene = contours.Scene(circuit, stimuli.contours("dashed", 8.0))
    found = scene.completion(("K", "across", "none"), circuit.orders)
    assert found.leak < contours.LEAK
    assert found.advantage() > found.null.max() and len(found.null) == len(circuit.orders)
    assert found.advantage("across") < 0 < found.advantage() and found.advantage("none") == 0


@pytest.mark.parametrize("family", stimuli.FAMILIES)
def test_beyond_the_receptive_field_nothing_is_seen_and_the_unit_is_the_complete_contour(circuit, family):
    assert circuit.field_reach == 7 and circuit.kernel_reach == 10
    scene = contours.Scene(circuit, stimuli.contours(family, 7 * np.sqrt(2) + 1))
    assert all((values == 0).all() for values in scene.before.values())
    assert scene._read(scene._columns(("complete",), circuit.kernels["none"], 2)["complete"]).mean() == pytest.approx(1, rel=1e-5)


def test_what_is_seen_of_a_gap_does_not_cancel_over_stimuli():
    before = {"gap": np.array([0.3, -0.3]), "turned": np.zeros(2)}
    assert contours.Completion(8.0, before, {}).leak == pytest.approx(0.3)


def test_what_every_picture_adds_alike_is_no_completion():
    rng = np.random.default_rng(0)
    before = {name: rng.standard_normal(20) for name in ("gap", "turned", "flanking")}
    np.testing.assert_allclose(contours.advantage(before, {name: one + 0.3 for name, one in before.items()}), 0, atol=1e-12)
    only = {name: one + 0.3 * (name == "gap") for name, one in before.items()}
    np.testing.assert_allclose(contours.advantage(before, only), 0.3)
    only = {name: one + 0.3 * (name == "turned") for name, one in before.items()}
    np.testing.assert_allclose(contours.advantage(before, only), -0.15)


def test_families_are_adjusted_and_judged_over_networks():
    strong, weak, against = [0.11, 0.12, 0.13, 0.12], [0.2, -0.1, 0.05, 0.01], [-0.3, -0.31, -0.29, -0.3]
    single = {name: estimated(values) for name, values in (("strong", strong), ("weak", weak), ("against", against))}
    found = family_verdicts(single, margin=0.01)
    assert [word for _, _, word in found.values()] == ["holds", "not settled", "does not hold"]
    p = {name: over_networks(values).p for name, values in (("strong", strong), ("weak", weak), ("against", against))}
    assert found["weak"][1] == pytest.approx(p["weak"]) and found["strong"][1] == pytest.approx(2 * p["strong"])
    assert found["against"][1] == pytest.approx(3 * p["against"])
    assert family_verdicts({"K": estimated([0.5, 0.51, 0.49], null=0.6)}, threshold=0.6)["K"][2] == "does not hold"


def test_a_single_network_has_a_value_and_no_verdict():
    one, p, word = family_verdicts({"K": estimated([0.5])})["K"]
    assert one.value == 0.5 and np.isnan([one.low, one.high, p]).all() and word == "not settled"
    assert effect_text(one) == "+0.500" and effect_text(over_networks([0.4, 0.6])).startswith("+0.500 [")


def test_the_map_holds_at_its_middle_what_is_measured_there(circuit):
    scene = contours.Scene(circuit, stimuli.contours("dashed", 8.0, offsets=(0.0,)))
    after = scene.after(circuit.kernels["K"])["gap"]
    power = (scene.suits**2).sum(1)
    for stimulus in (0, 3):
        maps = scene.maps(stimulus, circuit.kernels["K"])
        assert maps[0, 16, 16] == pytest.approx(scene.before["gap"][stimulus], abs=1e-5)
        assert maps[1, 16, 16] == pytest.approx(after[stimulus] * scene.unit / power[stimulus], abs=1e-4)


def test_the_gap_is_the_narrowest_that_is_not_seen(circuit):
    found = contours.measure_completion(circuit, gaps=(3.0, 6.0, 8.0, 10.0))
    for family, one in found.at.items():
        leaks = {each.half_gap: each.leak for each in found.by_gap[family]}
        assert one.half_gap == min(gap for gap, leak in leaks.items() if leak < contours.LEAK)
        assert set(one.after) == set(circuit.kernels) and len(one.null) == len(circuit.orders)


def test_the_fitted_model_is_the_one_that_made_the_kernel(monkeypatch):
    shapes = circuits.library()
    few = {family: members[1::9] for family, members in shapes.members.items()}
    few["HR"] = np.append(few["HR"], next(one for one in shapes.members["HR"] if shapes.parameters("HR", one)["blur"] == 1.6))
    monkeypatch.setattr(circuits, "library", lambda: replace(shapes, members=few))
    carrier = np.repeat(np.arange(4), 4) * np.pi / 4
    cells = Cells(np.zeros(16), np.zeros(16), carrier, np.full(16, FREQUENCY), np.tile(np.arange(4), 4) * np.pi / 2)
    made = {"family": "HR", **shapes.parameters("HR", few["HR"][-1])}
    kernel = circuits.between(np.ones(16, bool), cells, SIZE, 2, **made)
    noise = 0.3 * kernel.std() * np.random.default_rng(0).standard_normal(kernel.shape)
    assert circuits.fitted_group(kernel + noise, pair_frame(cells, SIZE, 2)) == made


# silenced cells


def test_lateral_input_is_the_convolution_without_the_cell_itself():
    rng = np.random.default_rng(0)
    h, kernel = rng.standard_normal((4, 6, 20, 20)), rng.standard_normal((6, 6, 5, 5))
    around, own = circuits.windows(h, 5, 50, seed=1)
    found = circuits.lateral_input(around, kernel)
    others = kernel.copy()
    others[np.arange(6), np.arange(6)] = 0
    whole = functional.conv2d(torch.as_tensor(h), torch.as_tensor(others)).numpy()
    inner = h[:, :, 2:-2, 2:-2]
    for one, u in zip(own, found, strict=True):
        picture, row, column = np.argwhere(np.abs(inner - one[None, :, None, None]).max(1) < 1e-12)[0]
        np.testing.assert_allclose(u, whole[picture, :, row, column])


def test_a_cell_that_its_neighbours_determine_is_inferred_and_one_that_they_do_not_is_not():
    rng = np.random.default_rng(0)
    around, kernel = rng.standard_normal((4000, 6 * 9)), rng.standard_normal((6, 6, 3, 3))
    u = circuits.lateral_input(around, kernel)
    own = 2 + 3 * u
    own[:, 0] = rng.standard_normal(4000)
    likeness = correlation(u, own, axis=0)
    explained = circuits.explained_share(u[:2000], own[:2000], u[2000:], own[2000:])
    np.testing.assert_allclose(likeness[1:], 1)
    np.testing.assert_allclose(explained[1:], 1)
    assert abs(likeness[0]) < 0.06 and -0.02 < explained[0] < 0.02
    order = np.array([1, 2, 3, 4, 5, 0])
    wrong = correlation(circuits.lateral_input(around, kernel[np.ix_(order, order)]), own, axis=0)
    assert np.abs(wrong).max() < 0.5
    np.testing.assert_array_equal(correlation(np.ones((9, 2)), rng.standard_normal((9, 2)), axis=0), 0)


# lightness


def log_filter(sigma=1.3, size=7):
    x, y = pixel_grid(size)
    q = (x**2 + y**2) / (2 * sigma**2)
    values = (1 - q) * np.exp(-q)
    return values - values.mean()


def test_illusions_of_a_balanced_centre_and_surround_and_of_a_blur():
    x, y = pixel_grid(7)
    filters = lightness.upright(np.stack([log_filter(), np.exp(-(x**2 + y**2) / 8)]))
    balanced, blurred = (dict(zip(lightness.NAMES, row, strict=True)) for row in lightness.indices(filters, blur=1.0, noise=0.0))
    for name in ("simultaneous contrast", "Hermann grid", "Mach bands", "Cornsweet edge"):
        assert balanced[name] > 0.01, name
    assert balanced["White's effect"] < 0  # contrast with what a patch touches predicts the reverse of White's effect
    for name in ("simultaneous contrast", "Hermann grid", "Mach bands"):
        assert blurred[name] < 0, name
    assert blurred["White's effect"] > 0


def test_verdicts_say_the_direction_over_networks_and_whether_chance_reaches_as_far():
    none = np.zeros((1, 7, 7))
    chance = np.tile(np.linspace(-1, 1, 201)[:, None], 6)
    middle = np.array([2.5, 0.5, -2.5, -0.5, 0.0, 1.0])
    values = middle + np.array([[0.01], [-0.01], [0.02]]) * np.array([1, 1, 1, 1, 9, 90])
    found = lightness.Lightness(none, none, values, none, none, chance, none, 1.0)
    assert list(illusion_verdicts(found).values()) == [
        "as perceived and beyond chance",
        "as perceived, but within chance",
        "reversed and beyond chance",
        "reversed, but within chance",
        "not settled",
        "not settled",
    ]
    assert set(illusion_verdicts(replace(found, l0=values[:1])).values()) == {"not settled"}


def test_indices_do_not_depend_on_the_sign_or_the_scale_of_a_filter():
    filters = np.random.default_rng(0).standard_normal((5, 7, 7))
    one, other = (lightness.indices(lightness.upright(given), 1.0, 0.2) for given in (filters, -3 * filters))
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_without_a_filter_equal_luminances_are_equal():
    delta = np.zeros((1, 7, 7))
    delta[0, 3, 3] = 1
    found = dict(zip(lightness.NAMES, lightness.indices(delta, blur=0.0, noise=0.0)[0], strict=True))
    for name in ("simultaneous contrast", "Hermann grid", "White's effect", "Cornsweet edge"):
        assert abs(found[name]) < 1e-12, name


def test_integration_undoes_second_differences_and_a_threshold_turns_the_edge_into_a_step():
    rng = np.random.default_rng(0)
    u = rng.standard_normal((3, 40)).cumsum(1)
    padded = np.pad(u, ((0, 0), (1, 1)), mode="edge")
    response = -np.diff(padded, 2)
    np.testing.assert_allclose(lightness.integrated(response, 0), u - u.mean(1, keepdims=True), atol=1e-9)
    edge, step = (one[0] for one in stimuli.cornsweet(decay=10.0))
    second = -np.diff(np.pad(np.stack([edge, step]), ((0, 0), (1, 1)), mode="edge"), 2)
    plain, kept = (lightness.right_less_left(lightness.integrated(second, threshold)) for threshold in (0, 0.1))
    assert plain[0] / plain[1] < 0.15 and kept[0] / kept[1] > 0.9


def test_the_response_is_that_of_the_network(circuit):
    network = Network(NetworkConfig(blur=1.0, noise=0), seed=3)
    pictures = np.random.default_rng(0).standard_normal((2, 64, 64))
    with torch.no_grad():
        expected = network.lgn(network.front_end(torch.as_tensor(pictures, dtype=torch.float32)[:, None]))[:, 0].numpy()
    found = lightness.respond(network.l0.weight.detach().numpy()[:, 0], pictures, 1.0)[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


# robustness


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Weights of two tiny reference networks and one without lateral connections."""
    top = tmp_path_factory.mktemp("robustness")
    runs = []
    for name, seed, lateral in (("reference", 0, 7), ("reference", 1, 7), ("no-lateral", 0, 0)):
        short = replace(CONDITION.training, epochs=1, snapshots=1)
        condition = replace(CONDITION, name=name, network=replace(CONDITION.network, lateral_size=lateral), training=short)
        runs.append(Run(condition, image_set(), seed, top / f"{name}-{seed}", HARDWARE, 100))
        runs[-1].train(progress=False)
    collect([run.directory for run in runs], top / "data")
    return top / "data"


@pytest.fixture(scope="module")
def measured(shipped, tmp_path_factory):
    path = tmp_path_factory.mktemp("results") / "robustness.json"
    write_json(path, robustness.measure_robustness(image_set(), shipped, report=lambda line: None))
    return path


def test_what_is_kept_is_what_the_networks_answer(shipped, measured):
    kept = robustness.Robustness.read(measured)
    assert kept.seeds == {"reference": [0, 1], "ablated": [0, 1], "no-lateral": [0]} and kept.stale(shipped) == []
    images = image_set()
    pictures = (images.test_images - images.mean) / images.sd
    for corruption, levels in robustness.CORRUPTIONS.items():
        network = weights.load_network("reference", 1, shipped)
        for group in ("reference", "ablated"):
            for row, level in enumerate(levels):
                seen = torch.as_tensor(robustness.corrupt(pictures, corruption, level), dtype=torch.float32)[:, None]
                with torch.no_grad():
                    scores = network(seen, torch.Generator().manual_seed(robustness.SEED))
                right = scores.argmax(1).numpy() == images.test_labels
                np.testing.assert_array_equal(kept.right[group][corruption][1, row], right)
            network.lateral.weight.data.zero_()


def test_changed_weights_and_other_images_are_noticed(shipped, measured, tmp_path):
    content = read_json(measured)
    content["networks"]["reference/seed-1"]["early"] = "0" * 64
    del content["networks"]["no-lateral/seed-0"]
    content["networks"]["reference/seed-7"] = {}
    write_json(tmp_path / "old.json", content)
    stale = robustness.Robustness.read(tmp_path / "old.json").stale(shipped)
    assert stale == ["no-lateral/seed-0", "reference/seed-1", "reference/seed-7"]
    with pytest.raises(PaperCodeError, match="other images"):
        robustness.measure_robustness(image_set(1), shipped)
    write_json(tmp_path / "old.json", {"images": {}})
    with pytest.raises(PaperCodeError, match="field required; measure again"):
        robustness.Robustness.read(tmp_path / "old.json")


def answers(shares, images=400, seed=0):
    """A Robustness with noise alone, whose networks name the given shares (group: (seeds, levels)) of images rightly."""
    rng = np.random.default_rng(seed)
    right = {}
    for group, table in shares.items():
        draws = rng.random((len(table), 1, images)) if group != "ablated" else rng.random((1, 1, images))
        found = draws < np.array(table)[:, :, None]
        right[group] = {str(n): {"noise": [base64.b64encode(np.packbits(level)).decode() for level in one]} for n, one in enumerate(found)}
    about = {"name": "planted", "sha256": "0" * 64, "test": images, "classes": 2}
    return {"images": about, "networks": {}, "levels": {"noise": [0.0, 1.0]}, "right": right}


def test_a_planted_difference_is_found_and_none_is_not(tmp_path):
    path = tmp_path / "planted.json"
    write_json(path, answers({"reference": [[0.6, 0.5]] * 3, "no-lateral": [[0.6, 0.2]] * 3}))
    found = robustness.Robustness.read(path)
    start, growth = found.lead("noise", relative=True)
    assert start.value == start.low == start.high == 0 and start.p == 1
    assert growth.value == pytest.approx(0.3, abs=0.06) and growth.low > 0.15 and growth.p < 0.01
    first, last = found.lead("noise")
    assert abs(first.value) < 0.05 and growth.value == pytest.approx(last.value - first.value)
    gap = found.accuracy("reference", "noise").mean(0) - found.accuracy("no-lateral", "noise").mean(0)
    np.testing.assert_allclose([first.value, last.value], gap)


def test_where_there_is_no_difference_nearly_all_intervals_hold_zero(tmp_path):
    inside = 0
    for seed in range(30):
        write_json(tmp_path / "none.json", answers({"reference": [[0.5, 0.5]] * 5, "no-lateral": [[0.5, 0.5]] * 2}, 200, seed))
        _, growth = robustness.Robustness.read(tmp_path / "none.json").lead("noise", relative=True)
        inside += growth.low <= 0 <= growth.high
    assert inside >= 25


def test_one_network_on_each_side_gives_a_lead_without_an_interval(tmp_path):
    write_json(tmp_path / "two.json", answers({"reference": [[0.9, 0.9]], "no-lateral": [[0.1, 0.1]]}))
    lead = robustness.Robustness.read(tmp_path / "two.json").lead("noise")
    assert lead[0].value > 0.5 and np.isnan([lead[0].low, lead[0].high, lead[0].p]).all()


def test_only_networks_that_are_shipped_whole_are_run(shipped, tmp_path):
    collect([shipped.parent / "reference-0"], tmp_path)
    collect([shipped.parent / "reference-1"], tmp_path, preset="measured")
    assert weights.seeds("reference", tmp_path) == [0, 1] and weights.shipped("reference", ("rest",), tmp_path) == [0]
    assert list(robustness.networks_listed(tmp_path)) == ["reference/seed-0"]
    assert list(robustness.measure_robustness(image_set(), tmp_path, report=lambda line: None)["right"]["reference"]) == ["0"]


def test_the_images_are_those_of_the_training_and_have_answers(shipped, tmp_path, monkeypatch):
    images = image_set()
    empty = ImageSet("folder", images.classes, images.train_images, images.train_labels, images.test_images[:0], images.test_labels[:0])
    with pytest.raises(PaperCodeError, match="other images"):
        robustness.measure_robustness(empty, shipped)
    monkeypatch.setattr(robustness.images, "load", lambda *about, **options: empty)
    with pytest.raises(PaperCodeError, match="has no test images"):
        robustness.main(tmp_path, out=tmp_path / "answers.json")
    assert not (tmp_path / "answers.json").exists()
    for one, other in itertools.pairwise(robustness.CORRUPTIONS["noise"]):
        assert other > one
