"""Laws of what comes first and of what a claim needs, the images of the controls, and the slider's data."""

import base64
import json
import re
from dataclasses import fields, replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats
from tiny import HARDWARE, STEPS, make_run

from paper_code import control_images, controls, emergence, receptor_noise, weights
from paper_code.conditions import CONTROLS
from paper_code.control_images import Kind
from paper_code.emergence import MEASURES, Trajectory
from paper_code.errors import PaperCodeError
from paper_code.figures import emergence as figures
from paper_code.figures import growth, overview, raster
from paper_code.image_statistics import RadialPower
from paper_code.survey import Survey
from paper_code.training import Run
from paper_code.workflow.check_html import Page

EFFORT = {"permuted": 19, "drawn": 20, "field_null_count": 20}
SIZE_CAP = 300_000
NOTHING = {item.name: float("nan") for item in fields(Survey)}


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def one(**values):
    return Survey(**{**NOTHING, **values})


# what comes first


def test_onset_is_for_good():
    steps = [0, 1, 2, 4, 8]
    assert emergence.onset(steps, [False, True, False, True, True]) == (2, 4)
    assert emergence.onset(steps, [True] * 5) == (0, 0)
    assert emergence.onset(steps, [True, True, True, True, False]) == (8, np.inf)


def test_half_rise_is_where_half_the_change_is_passed_whichever_way():
    assert emergence.half_rise([0, 1, 2, 4], [0.0, 0.2, 0.6, 1.0]) == (1, 2)
    assert emergence.half_rise([0, 1, 2, 4], [1.0, 0.8, 0.4, 0.0]) == (1, 2)
    assert emergence.half_rise([0, 1, 2, 4], [0.0, 0.0, 0.0, 1.0]) == (2, 4)


def test_one_thing_precedes_another_only_if_the_brackets_part_on_every_seed():
    early, late = np.array([[0, 10], [5, 10]]), np.array([[10, 20], [15, 20]])
    assert emergence.precedes(early, late) and not emergence.precedes(late, early)
    assert not emergence.precedes(early, early) and not emergence.precedes(np.zeros((2, 2)), np.zeros((2, 2)))
    assert not emergence.precedes(early, late - [[1, 0], [0, 0]])  # overlap on one seed
    assert emergence.precedes(early, np.array([[10, np.inf], [15, 20]]))
    assert not emergence.precedes(np.array([[0, np.inf], [5, 10]]), late)


def test_sentences_follow_the_brackets():
    found = {"rf": np.array([[0, 5]]), "log_r2": np.array([[5, 9]]), "tuning": np.array([[4, 9]])}
    assert emergence.ordered(found)[0] == "rf"
    assert emergence.sentences_of_order(found) == ["*K like RF* before *l0 a Laplacian of Gaussian*"]


def test_steadiness_is_the_net_share_of_all_change():
    assert emergence.steadiness([0, 0, 0, 1, 3]) == 1  # flat and then rising
    assert emergence.steadiness([0, 2, 1, 3]) == pytest.approx(3 / 5)
    assert emergence.steadiness([3, 1]) == 0 == emergence.steadiness([2, 2])
    assert emergence.rank_correlation([0, 1, 2], [1, 2, 9]) == pytest.approx(1) and np.isnan(emergence.rank_correlation([0, 1], [3, 3]))


def test_the_level_of_a_test_at_the_start_is_shared_out():
    assert emergence.inside_at_start([0.01, 0.5, 0.02]).tolist() == [False, True, True]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Three trainings of a second: the reference with snapshots, and two controls without."""
    place = tmp_path_factory.mktemp("tiny")
    run = make_run(place / "run")
    run.train(progress=False)
    weights.collect([run.directory], place / "data")
    for name in (controls.BASE, "control-white-noise"):
        for seed in (0, 1):
            like = make_run(place / "like", seed, network=None if name == controls.BASE else {"noise": 0.3})
            own = Run(replace(like.condition, name=name), like.images, seed, place / f"{name}-{seed}", HARDWARE, 3)
            own.train(progress=False)
            weights.collect([own.directory], place / "data", "light")
    return place / "data"


def test_a_network_is_followed_at_its_own_steps(trained):
    found = emergence.follow("tiny", 0, directory=trained, **EFFORT)
    snapshots = weights.load_snapshots("tiny", 0, trained)
    assert found.steps[0] == 0 and found.steps[-1] == STEPS and (np.diff(found.steps) > 0).all()
    kept = [early.step for early in snapshots if early.K is not None and early.step < STEPS] + [STEPS]
    assert found.series("rf")[0].tolist() == kept == sorted(found.own)
    start = weights.initial_early("tiny", 0, trained)
    assert found.series("log_r2")[1][0] == pytest.approx(emergence.survey_filters(start)["log_r2"], abs=2e-3)
    assert found.known == ["log_r2", "i_rad", "gabor_r2", "gabor_share", "rf"]  # four cells are too few for the geometry of K
    fewer = emergence.follow("tiny", 0, every=100, directory=trained, **EFFORT)
    assert set(kept) <= set(fewer.steps) <= set(found.steps) and len(fewer.steps) < len(found.steps)
    with pytest.raises(PaperCodeError, match="not 0"):
        emergence.follow("tiny", 0, every=0, directory=trained)


def test_what_is_kept_is_a_value_a_seed_and_plain_json(trained):
    found = emergence.follow("tiny", 0, directory=trained, **EFFORT)
    kept = emergence.numbers([found], "tiny", trained)
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
    for key in ("start_inside", "filters_steadiness", "kernel_steadiness", "log_r2_start_p", "rf_onset"):
        assert len(kept[key]) == 1
    assert "kernel_steadiness" in kept and "field_steadiness" not in kept  # of what was measured alone
    p = [kept[f"{name}_start_p"][0] for name in kept["measures"]]
    assert kept["start_inside"][0] == np.mean(np.array(p) >= 0.05 / len(p))


def test_the_field_of_a_control_is_that_of_its_own_cells():
    name, seed = controls.BASE, weights.seeds(controls.BASE)[0]
    found = controls.field_of(name, seed, field_null_count=20)
    middle = len(found.ticks) // 2
    like = found.coherent[np.abs(found.turns).argmin()]
    across = found.coherent[np.abs(found.turns - np.pi / 2).argmin()]
    # The shortened reference is tuned: cells of like orientation are joined more strongly than orthogonal ones, next to the target.
    assert np.isfinite(like).all() and like[middle, middle] > 1.5 * across[middle, middle] > 0


def test_growth_is_drawn_a_column_a_step(trained):
    layers = [early for early in weights.load_snapshots("tiny", 0, trained) if early.K is not None]
    maps = np.random.default_rng(0).standard_normal((len(layers), 9, 9))
    maps[0, 0, 0] = np.nan
    figure = overview.growth(layers, maps, [3, 0])
    assert len(layers) > 1 and len(figure.axes) == 3 * len(layers)
    assert [panel.get_title() for panel in figure.axes[: len(layers)]] == [f"step {early.step}" for early in layers]


def test_a_start_beyond_chance_is_seen():
    """A network that is born with what it is said to learn."""
    random = np.random.default_rng(0).standard_normal((40, 9, 9))
    early = weights.EarlyLayers(random[0, :7, :7], random, None, np.ones(40), np.zeros(40))
    steps = np.array([0, 1])
    for name, built, chance in (("log_r2", 0.99, 0.3), ("i_rad", 0.99, 0.3), ("gabor_r2", 0.9, 0.4), ("gabor_share", 0.5, 0.025)):
        p = [emergence.start_p(Trajectory(0, steps, (one(**{name: value}),) * 2, {}, {}), name, early) for value in (built, chance)]
        assert p[0] < 0.005 and p[1] > 0.05
    for p in (0.005, 0.6):
        found = Trajectory(0, steps, (one(tuning=0.3, tuning_p=p),) * 2, {}, {})
        assert emergence.start_p(found, "tuning", early) == p


def test_kernels_are_beyond_by_their_p_and_filters_by_their_level():
    values = [(0.1, 0.5, 0.9), (0.8, 0.01, 0.1), (0.9, 0.04, 0.5)]
    found = Trajectory(
        0, np.arange(3), tuple(one(log_r2=a, off_centre=0.1, tuning=c, tuning_p=b) for a, b, c in values), {}, {"log_r2": 0.85}
    )
    assert found.beyond("log_r2").tolist() == [False, False, True] and found.beyond("tuning").tolist() == [False, True, True]
    slope = replace(found, surveys=tuple(replace(survey, off_centre=0.4) for survey in found.surveys))
    assert not slope.beyond("log_r2").any()


# controls


FACE = controls.Portrait(np.zeros((7, 7)), np.zeros((64, 9, 9)), None)


def row(name, values, level=0.5, **more):
    """A condition with these LoG R^2."""
    surveys = tuple(one(**{"log_r2": value, "off_centre": 0.1} | more) for value in values)
    return controls.Row(name, name, "?", tuple(range(len(values))), surveys, {"log_r2": level}, FACE)


def tuned(name, values, p=None, low=None, half=0.05, chance=0.0):
    """A condition with these differences of tuning, between oriented cells."""
    p = [0.01] * len(values) if p is None else p
    low = [value - half for value in values] if low is None else low
    measured = [{"tuning": a, "tuning_p": b, "tuning_low": c, "tuning_high": a + half} for a, b, c in zip(values, p, low, strict=True)]
    surveys = tuple(one(rf=0.1, tuning_chance=chance, **more) for more in measured)
    return controls.Row(name, name, "?", tuple(range(len(values))), surveys, {}, FACE)


def test_a_single_filter_is_judged_by_its_level_and_by_all_of_the_reference():
    base = row(controls.BASE, (0.9, 0.95))
    for values, word in (
        ((0.91, 0.99), controls.HOLDS),
        ((0.6, 0.89), controls.HOLDS),  # no interval, so not weaker
        ((0.4, 0.99), controls.SOME),
        ((0.4, 0.5), controls.LOST),
        ((np.nan, np.nan), controls.ABSENT),
    ):
        assert controls.verdict(row("x", values), "log_r2", base) == word
    assert controls.verdict(base, "log_r2", base) == controls.HOLDS
    weak = row(controls.BASE, (0.9, 0.4))
    assert controls.verdict(row("x", (0.1, 0.1)), "log_r2", weak) == controls.UNSHOWN  # nothing to be less than
    assert controls.verdict(row("x", (0.91, 0.99), off_centre=0.3), "log_r2", base) == controls.LOST  # a slope, not a centre
    assert "(off centre)" in controls.evidence(row("x", (0.91,), off_centre=0.3), "log_r2")[0]
    high = row("x", (0.95, 0.96), level=0.99)
    assert controls.verdict(high, "log_r2", base) == controls.UNSHOWN  # within its chance, but not less than the reference


def test_a_measure_of_K_needs_both_its_p_and_its_interval_on_every_seed():
    for p, low, word in (
        ((0.01, 0.04), (0.1, 0.01), controls.HOLDS),
        ((0.01, 0.06), (0.1, 0.01), controls.SOME),
        ((0.01, 0.01), (0.1, -0.01), controls.SOME),
        ((0.01, 0.01), (-0.1, -0.01), controls.UNSHOWN),
    ):
        assert controls.verdict(tuned("x", (0.3, 0.2), p, low), "tuning") == word
    assert (
        controls.verdict(tuned("x", (0.3, 0.2), chance=0.2), "tuning") == controls.SOME
    )  # the interval is held against what relabelling gives
    few = controls.Row("x", "x", "?", (0,), (one(rf=0.2),), {}, FACE)
    assert controls.verdict(few, "tuning") == controls.FEW
    assert controls.verdict(tuned("x", (0.3, np.nan)), "tuning") == controls.FEW


def test_a_share_counts_if_its_interval_lies_above_chance():
    for low, word in ((0.06, controls.HOLDS), (0.05, controls.UNSHOWN)):
        found = controls.Row("x", "x", "?", (0,), (one(gabor_share=0.2, gabor_share_low=low),), {}, FACE)
        assert controls.verdict(found, "gabor_share") == word


def test_weaker_and_lost_ask_for_an_interval_of_the_difference_and_for_networks_that_lie_apart():
    base = tuned(controls.BASE, (0.8, 1.0))
    assert controls.verdict(tuned("x", (0.3, 0.35)), "tuning", base) == controls.WEAKER
    assert controls.verdict(tuned("x", (1.5, 1.6)), "tuning", base) == controls.STRONGER
    assert controls.verdict(tuned("x", (0.75, 0.79), half=0.15), "tuning", base) == controls.HOLDS  # apart, but the interval holds 0
    assert controls.verdict(tuned("x", (0.2, 0.85)), "tuning", base) == controls.HOLDS  # less on the mean, but not apart
    assert controls.verdict(tuned("x", (0.01, 0.02), p=(0.5, 0.5)), "tuning", base) == controls.LOST
    wide = tuned("x", (0.01, 0.02), p=(0.5, 0.5), half=2.0)
    assert controls.verdict(wide, "tuning", base) == controls.UNSHOWN  # to miss a test is not to differ
    unsure = tuned(controls.BASE, (0.8, 1.0), p=(0.01, 0.2))
    assert controls.verdict(tuned("x", (0.01, 0.02), p=(0.5, 0.5)), "tuning", unsure) == controls.UNSHOWN


def test_the_interval_of_a_difference_covers_and_widens_with_the_comparisons():
    rng = np.random.default_rng(0)
    true, sd, covered = -0.3, 0.1, []
    for _ in range(400):
        conditions = []
        for mean in (0.5, 0.5 + true):
            values = mean + sd * rng.standard_normal(2)
            conditions.append(tuned("x", values, half=1.96 * sd))
        found = controls.difference(conditions[1], "tuning", conditions[0], comparisons=1)
        covered.append(found.low <= true <= found.high)
    assert 0.92 < np.mean(covered) < 0.98
    many = controls.difference(conditions[1], "tuning", conditions[0], comparisons=16)
    assert many.high - many.low > 1.3 * (found.high - found.low) and many.value == found.value
    assert (
        controls.difference(conditions[0], "tuning", conditions[0]) is None
        and controls.difference(row("x", (0.5,)), "log_r2", base=row("y", (0.6,))) is None
    )


def test_what_the_reference_does_not_show_cannot_be_taken_from_it():
    rows = [row(controls.BASE, (0.1, 0.2)), row("blind", (0.1, 0.1)), row("other", (0.9, 0.9))]
    text = controls.needs(rows, "log_r2")
    assert "not what it needs" in text and "arises also with other" in text and "lost" not in text and "reference) with blind" in text
    shown = [row(controls.BASE, (0.9, 0.95)), row("blind", (0.1, 0.1)), row("other", (0.92, 0.92)), row("untrained", (0.1,))]
    text = controls.needs(shown, "log_r2")
    assert "lost with blind" in text and "arises also with other" in text and "before training: no, surely less" in text
    assert "no shortened reference" in controls.needs(shown[1:], "log_r2")


def test_evidence_is_the_value_its_interval_the_null_and_p():
    found = row("x", (0.9, np.nan), level=0.7)
    assert controls.evidence(found, "log_r2")[0].startswith("0.90; 0.70; ") and controls.evidence(found, "log_r2")[1] == "–"
    assert controls.p_value(found, "log_r2")[0] < 0.05 < controls.p_value(row("x", (0.3,)), "log_r2")[0]
    kernel = tuned("x", (0.3,), p=(0.0004,))
    assert controls.evidence(kernel, "tuning") == ["0.30 [0.25, 0.35]; nan; < .001"]
    share = controls.Row(
        "x", "x", "?", (0,), (one(gabor_share=0.125, gabor_share_low=0.05, gabor_share_high=0.23),), {"gabor_share": 0.1}, FACE
    )
    assert controls.p_value(share, "gabor_share")[0] == pytest.approx(stats.binom.sf(7, 64, 0.05))


def test_a_preference_for_cardinal_orientations_is_counted_in_cells():
    def cells(name, shares):
        return controls.Row(name, name, "?", (0, 1), tuple(one(oriented=40, cardinal=share) for share in shares), {}, FACE)

    base = cells(controls.BASE, (0.8, 0.75))
    assert controls.cardinal_p(cells("x", (0.5, 0.45)), base) == pytest.approx(stats.fisher_exact([[38, 42], [62, 18]]).pvalue)
    assert controls.cardinal_p(cells("x", (0.8, 0.75)), base) == 1


def test_chance_in_accuracy_is_seen():
    found = replace(row("x", (0.9, 0.9)), accuracy=(0.06, 0.4), tested=1000, classes=20)
    assert controls.learned(found).tolist() == [False, True] and len(controls.learned(row("x", (0.9,)))) == 0


def test_controls_are_read_from_whatever_there_is(trained):
    rows = controls.measure_all(directory=trained, **EFFORT)
    assert [found.name for found in rows] == ["untrained", controls.BASE, "control-white-noise"]
    assert all(found.seeds == (0, 1) for found in rows)
    start = weights.initial_early(controls.BASE, 1, trained)
    assert rows[0].values("log_r2")[1] == pytest.approx(emergence.survey_filters(start)["log_r2"])
    absent, single = controls.missing(trained)
    assert len(absent) == len(CONTROLS) - 2 and not single
    kept = controls.numbers(rows)
    counted = controls.tally(kept, "tuning")
    assert counted.measured == counted.undecided == ["white noise"] and not counted.lost and "0 of 1" in counted.sentence()
    assert "so many undecided" in counted.sentence() and "nor does it arise with any control" in controls.closing(kept, "tuning")
    kept[controls.BASE]["verdicts"]["tuning"] = controls.HOLDS
    assert "0 of 1 controls" in controls.closing(kept, "tuning")
    kept[controls.BASE]["verdicts"]["tuning"], kept["control-white-noise"]["verdicts"]["tuning"] = controls.SOME, controls.HOLDS
    assert "it arises with white noise" in controls.closing(kept, "tuning")
    kept = controls.numbers(rows)
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept and kept["control-white-noise"]["verdicts"]["tuning"] == controls.FEW
    assert len(kept["control-white-noise"]["rf_less_reference"]) == 3 and len(kept["control-white-noise"]["accuracy"]) == 2
    noisy = receptor_noise.noise_rows(rows, trained)
    assert {(found.noise, found.seed) for found in noisy} >= {(0.3, 0), (0.3, 1)} and len(noisy) == 4
    figures.table(rows)
    figures.gallery(rows)
    figures.noise(noisy, np.array([0.1, 0.8]), np.array([1.0, 2.0]))


def test_a_trend_with_the_noise_is_found_and_a_reversed_one_is_not():
    def networks(sigmas, shift=3.0):
        """Two seeds, the second wider by ``shift`` at every level."""
        levels = (0.1, 0.2, 0.4, 0.8)
        pairs = [(noise, sigma + shift * seed, seed) for seed in (0, 1) for noise, sigma in zip(levels, sigmas, strict=True)]
        return [receptor_noise.NoiseRow(noise, 1.0, sigma, seed, True) for noise, sigma, seed in pairs]

    rising = networks((1.0, 1.25, 1.5, 1.75))
    found = receptor_noise.noise_trend(rising)
    assert found.correlation == pytest.approx(1) and found.p < 0.01 and found.least_p == pytest.approx(1 / 24**2)
    assert (found.slope, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25)) and (found.networks, found.levels) == (8, 4)
    found = receptor_noise.noise_trend(networks((1.9, 1.5, 1.2, 1.0)))
    assert found.correlation == pytest.approx(-1) and found.p > 0.99 and found.high < 0
    lost = [replace(rising[0], is_log=False), *rising[1:]]
    assert receptor_noise.noise_trend(lost).left_out == 1 and receptor_noise.noise_trend(lost).networks == 7
    assert receptor_noise.noise_trend([replace(one, blur=0.0) for one in rising]) is None and receptor_noise.noise_trend([]) is None
    assert receptor_noise.noise_trend([one for one in rising if one.noise < 0.3]) is None  # two levels are no trend


def test_the_interval_of_the_slope_covers():
    rng, covered = np.random.default_rng(1), []
    for _ in range(300):
        levels = [(noise, seed) for seed in (0, 1) for noise in (0.1, 0.2, 0.4, 0.8)]
        rows = [
            receptor_noise.NoiseRow(noise, 1.0, 2 + seed + 0.2 * np.log2(noise) + 0.1 * rng.standard_normal(), seed, True)
            for noise, seed in levels
        ]
        found = receptor_noise.noise_trend(rows, draws=1)
        covered.append(found.low <= 0.2 <= found.high)
    assert 0.9 < np.mean(covered) < 0.99


def test_efficient_coding_asks_for_a_wider_centre_with_more_noise():
    frequency = np.arange(1, 33) / 64
    power = RadialPower(frequency, 0.01 * frequency**-2.0)
    sigma = receptor_noise.efficient_sigma(power, [0.1, 0.2, 0.4, 0.8], 1.0)
    assert (np.diff(sigma) > 0).all() and sigma[0] > 0.3
    # Without optics, S / N alone sets the peak: of f^-2 it lies where the noise is half the signal, N = S / 2.
    peak = 1 / (np.sqrt(2) * np.pi * receptor_noise.efficient_sigma(power, [0.5], 0.0)[0])
    assert 0.01 * peak**-2 == pytest.approx(2 * 0.25, rel=0.05)


# the images of the controls


def lines(count, seed):
    """Grey images (1, count, 64, 64) of long bright lines of all orientations."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64] - 31.5
    images = np.zeros((count, 64, 64))
    for image in images:
        for angle, away in zip(random.uniform(0, np.pi, 4), random.uniform(-25, 25, 4), strict=True):
            image += np.exp(-((x * np.cos(angle) + y * np.sin(angle) - away) ** 2) / 4)
    return 100 * images[None]


def test_lines_continue_beyond_their_spectrum_and_scrambled_ones_do_not():
    values = np.concatenate([lines(6, seed) for seed in range(4)])
    drawn = control_images.measure_kind("lines", values, 1)
    scrambled = control_images.measure_kind("phase-scrambled", control_images._scrambled(values, 5), 2)
    assert control_images.has_edges(drawn, [drawn, scrambled])
    assert not control_images.has_edges(scrambled, [drawn, scrambled])
    assert drawn.edges[0] > 5 * abs(scrambled.edges[0]) and drawn.kurtosis.mean() > 1 > abs(scrambled.kurtosis.mean())
    assert isinstance(drawn, Kind)


def test_images_are_grouped_by_class():
    labels = np.repeat([0, 1, 2], 5)
    values = np.arange(15)[:, None, None] * np.ones((1, 2, 2))
    assert control_images.by_class(values, labels, 3)[:, :, 0, 0].tolist() == [[0, 2, 4], [5, 7, 9], [10, 12, 14]]


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(0).standard_normal(400)
    mean, low, high = control_images.mean_with_interval(values)
    assert low < mean < high and (high - low) == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


# the slider


@pytest.fixture(scope="module")
def shipped():
    found = emergence.follow("reference", 0, every=6, **EFFORT)
    grown = emergence.grow("reference", found, 20)
    return grown, growth.html(grown, (0.3, -0.2))


def unpacked(text, shape):
    return np.frombuffer(base64.b64decode(text), np.int8).reshape(shape).astype(float)


def test_bytes_of_the_page_are_the_filters_and_the_maps(shipped):
    grown, _ = shipped
    data = growth.payload(grown)
    l0, bank = unpacked(data["l0"], grown.l0.shape), unpacked(data["bank"], grown.bank.shape)
    np.testing.assert_allclose(l0 / 127, grown.l0 / np.abs(grown.l0).max((1, 2), keepdims=True), atol=1 / 250)
    np.testing.assert_allclose(bank / 127, grown.bank / np.abs(grown.bank).max((2, 3), keepdims=True), atol=1 / 250)
    end = weights.load_early("reference", 0)
    np.testing.assert_array_equal(grown.bank[-1], end.l1[grown.cells])
    maps = unpacked(data["maps"], (len(grown.map_steps), data["half"]))
    own = grown.maps.reshape(len(grown.maps), -1)[:, : data["half"]]
    np.testing.assert_array_equal(maps == raster.MISSING, np.isnan(own))
    known = ~np.isnan(own)
    np.testing.assert_allclose(maps[known] / 127 * data["scale"], own[known], atol=0.01 * data["scale"] + 0.01)
    np.testing.assert_allclose(grown.maps, grown.maps[:, ::-1, ::-1], atol=1e-9)


def test_cells_are_sorted_by_the_orientation_at_the_end_and_the_nearest_kernel_is_shown(shipped):
    grown, _ = shipped
    oriented = grown.orientation[~np.isnan(grown.orientation)]
    assert (np.diff(oriented) >= 0).all() and not np.isnan(grown.orientation[: len(oriented)]).any()
    assert sorted(grown.cells) == list(range(len(grown.cells)))
    for step, index in zip(grown.steps, grown.nearest, strict=True):
        away = np.abs(np.log1p(grown.map_steps) - np.log1p(step))
        assert away[index] == away.min()
    assert set(grown.map_steps) == set(grown.trajectory.series("rf")[0])


def test_the_words_are_the_measures(shipped):
    grown, _ = shipped
    for listed, measure in zip(growth.payload(grown)["measures"], MEASURES, strict=True):
        steps, values = grown.trajectory.series(measure.name)
        known = [value is not None for value in listed["values"]]
        assert grown.steps[known].tolist() == steps.tolist()
        np.testing.assert_allclose([value for value in listed["values"] if value is not None], values, atol=0.005001)
        assert [value for value in listed["beyond"] if value is not None] == grown.trajectory.beyond(measure.name).tolist()


def test_the_page_is_whole_small_and_loads_nothing(shipped):
    grown, text = shipped
    per_step = len(growth.payload(grown)["bank"]) / len(grown.steps)
    assert len(text) + per_step * (len(weights.load_snapshots("reference", 0)) + 1 - len(grown.steps)) < SIZE_CAP
    assert "://" not in text and "/*" not in text
    assert (raster.HERE / "raster.js").read_text().strip() in text
    page = Page(text)
    assert page.assets == [] and page.links == [] and page.faults == []
    identifiers = re.findall(r'\bid="([^"]+)"', text)
    assert len(identifiers) == len(set(identifiers)) and all(name.startswith("growth") for name in identifiers)
    assert json.loads(re.search(r'id="growth-data">(.*?)</script>', text, re.DOTALL)[1])["steps"] == grown.steps.tolist()
    assert text.count("<script") == text.count("</script>") == 2 and "<noscript>" in text


def test_the_script_finds_all_that_it_looks_for(shipped):
    script, text = (raster.HERE / "growth.js").read_text(), shipped[1]
    wanted = set(re.findall(r'\bget\("([\w-]+)"\)', script))
    assert wanted >= {"step", "play", "l0", "bank", "map", "words"}
    assert all(f'id="growth-{name}"' in text for name in wanted)
    keys = set(re.findall(r"(?<!\.)\bdata\.(\w+)", script)) | set(re.search(r"const \{ ([^}]+) \} = data", script)[1].split(", "))
    data = growth.payload(shipped[0])
    assert keys <= set(data) and set(re.findall(r"\bmeasure\.(\w+)", script)) <= set(data["measures"][0])


def test_controls_can_be_reached_and_are_named(shipped):
    text = shipped[1]
    assert re.search(r'<button type="button" id="growth-play"', text) and 'type="range" id="growth-step"' in text
    assert all("aria-label" in tag for tag in re.findall(r"<canvas[^>]*>", text))
    assert re.search(r'<label[^>]*>(?:(?!</label>).)*id="growth-step"', text, re.DOTALL)


def test_a_network_without_K_still_grows(shipped):
    grown = replace(shipped[0], maps=np.zeros((0,)), map_steps=np.zeros(0, int), ticks=np.zeros(0), l0=None)
    data = growth.payload(grown)
    assert data["maps"] == "" == data["l0"] and data["small"] == 0 and data["kept"] == []
    figures.trajectories([grown.trajectory])
    onsets, halves = emergence.brackets([grown.trajectory]), emergence.brackets([grown.trajectory], "half_rise")
    figures.order(onsets, halves, emergence.ordered(onsets), grown.steps[-1])
