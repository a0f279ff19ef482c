"""Laws of what a condition does to a measure, of the words for it, and of l0's width against the noise."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats
from tiny import command, make_run

from paper_code import weights
from paper_code.core.table import END, Row, Table
from paper_code.emergence import controls, efficient_coding
from paper_code.emergence.controls import CONTROL_MEASURES
from paper_code.emergence.efficient_coding import RadialPower
from paper_code.figures import emergence as figures
from paper_code.report import measure
from paper_code.report.pool import control_differences, emergence
from paper_code.training.conditions import CONDITIONS

FAR = ("K.cocircular", "raw", "10.5-18")
NETWORKS = {"control": (0.100, 0.102, 0.101), "weaker": (0.050, 0.051), "gone": (0.001, -0.001), "more": (0.2, 0.2), "same": (0.1, 0.103)}


def rows(measure, version, ring, values, null=float("nan")):
    """A row for each network."""
    return [
        Row(name, str(seed), END, measure, version, ring, value=value, null=null)
        for name, several in values.items()
        for seed, value in enumerate(several)
    ]


@pytest.fixture(scope="module")
def numbers():
    """One term of K under five conditions; a sixth has a filter alone."""
    own = [*rows(*FAR, NETWORKS), *rows("l0.log_r2", "", "", {"control": (0.9, 0.9), "blind": (0.5, 0.6)}, 0.7)]
    return Table(own + control_differences(Table(own), [*list(NETWORKS)[1:], "blind"], CONTROL_MEASURES))


def board(numbers):
    """All conditions of the table under their own names."""
    return controls.Board(numbers, {name: name for name in (*NETWORKS, "blind")})


def test_every_measure_of_a_control_has_its_words():
    assert set(CONTROL_MEASURES) == {*controls.FILTERS, *controls.KERNEL}


@pytest.mark.parametrize(
    ("name", "word", "remains"),
    [("weaker", "lower", True), ("gone", "lower", False), ("more", "higher", True), ("same", "not distinguishable", True)],
)
def test_a_word_follows_from_the_corrected_p_and_from_what_is_left(numbers, name, word, remains):
    found = board(numbers).compare(name, FAR)
    assert (found.word, found.remains) == (word, remains)
    assert found.difference.value == pytest.approx(np.mean(NETWORKS[name]) - np.mean(NETWORKS["control"]))


def test_a_condition_without_the_measure_is_not_compared(numbers):
    found = board(numbers).compare("blind", FAR)
    assert found.word == "not measured" and not found.remains and len(found.values) == 0
    assert board(numbers).story("blind").endswith("0.55 against 0.90. No term of $K$ could be measured.")


def test_the_interval_of_a_mean_is_that_of_the_pooled_variance(numbers):
    groups = [np.array(values) for values in NETWORKS.values()]
    freedom = sum(len(one) - 1 for one in groups)
    sd = np.sqrt(sum(((one - one.mean()) ** 2).sum() for one in groups) / freedom)
    half = stats.t.ppf(0.975, freedom) * sd / np.sqrt(2)
    assert board(numbers).compare("weaker", FAR).interval == pytest.approx((0.0505 - half, 0.0505 + half))


def test_sentences_follow_the_words(numbers):
    shown = board(numbers)
    stories = {name: shown.story(name) for name in NETWORKS if name != "control"}
    assert stories["same"] == "None of the 1 measures is distinguishable from the control."
    assert stories["gone"].startswith("Distinguishable from the control: far co-circular 0.000 against 0.101 (−0.101 [")
    changes = {"weaker": "weaker", "gone": "gone", "more": "stronger"}
    told = {name: f"without its {name}, the far co-circular term is {change}" for name, change in changes.items()}
    lost = shown.lost({name: f"its {name}" for name in NETWORKS}, [FAR])
    assert {name: text for name, text in lost.items() if "too few" not in text} == told
    assert controls.Board(numbers, dict.fromkeys(["blind", "nothing", "control"], "x")).there == ["blind", "control"]


def term(condition, base, place=FAR, low=-0.01, high=0.01, p=0.001):
    """A term of two networks of a condition beside those of its base, with a narrow interval of their difference."""
    condition, base = np.array(condition), np.array(base)
    value = condition.mean() - base.mean()
    return controls.Compared(place, condition, base, Row("x", "all", END, "", value=value, low=value + low, high=value + high, p=p))


@pytest.mark.parametrize(
    ("condition", "base", "word"),
    [
        ((0.05, 0.05), (0.1, 0.1), "weaker"),
        ((0.2, 0.2), (0.1, 0.1), "stronger"),
        ((0.001, -0.001), (0.1, 0.1), "gone"),
        ((-0.05, -0.05), (0.1, 0.1), "reversed"),
        ((-0.05, -0.05), (0.005, 0.001), "below 0"),
        ((-0.004, -0.004), (0.005, 0.005), "lower"),
    ],
)
def test_a_term_goes_only_where_it_was(condition, base, word):
    assert term(condition, base).change == word
    assert term(condition, base, p=0.5).change == ""
    assert term(condition, base, ("bank.oriented", "", "")).change in ("lower", "higher")


def test_many_networks_have_an_interval_of_their_own():
    below = term((-0.02, -0.02), (0.1, 0.1))
    assert below.change == "reversed" and replace(below, own=(-0.041, 0.0003)).change == "gone"
    assert replace(below, own_base=(-0.01, 0.2)).change == "below 0"
    many = [Row("x", str(seed), END, *FAR, value=0.02 * (seed % 2)) for seed in range(controls.ENOUGH)]
    shown = controls.Board(Table([*many, Row("x", "all", END, *FAR, value=0.008, low=-0.005, high=0.021)]), {"x": "x"}, "x")
    assert shown.compare("x", FAR).interval == (-0.005, 0.021)


def test_what_a_condition_keeps_is_told_by_its_own_interval():
    places = {FAR: (0.07, 0.06, 0.08), ("K.source", "raw", "6-10.5"): (0.01, -0.01, 0.03)}
    own = [Row("x", "all", END, *place, value=value, low=low, high=high) for place, (value, low, high) in places.items()]
    assert controls.Board(Table(own), {}).kept("x") == "above 0: far co-circular (+0.070); not above 0: source's axis (+0.010)"
    assert controls.Board(Table(own), {}).kept("y") == ""


def test_tables_show_every_network_and_mark_what_is_told(numbers):
    shown = board(numbers)
    assert shown.rows(["weaker", "blind"], [FAR], controls.Compared.each) == [["weaker", "0.050, 0.051"], ["blind", "–"]]
    (weaker, same), cells = shown.rows(["weaker", "same"], [FAR], controls.Compared.told), shown.rows(["gone", "more"], [FAR])
    assert weaker[1].startswith("**−0.051 [") and same[1].startswith("+0.0")
    assert cells == [["gone", "0.000 **gone**"], ["more", "0.200 **stronger**"]]


def test_the_matrix_has_a_column_a_measure_and_fills_what_is_told(numbers):
    (panel,) = figures.matrix(board(numbers), list(NETWORKS), [FAR], ["far"]).axes
    assert [label.get_text() for label in panel.get_yticklabels()] == list(NETWORKS)
    faces = {-line.get_ydata()[0]: line.get_markerfacecolor() for line in panel.lines if line.get_marker() == "o"}
    assert [faces[place] == "white" for place in (1, 2, 3, 4)] == [False, False, False, True]
    plt.close("all")


def test_full_length_conditions_are_compared_with_their_own_base():
    own = rows(*FAR, {"control": (0.1, 0.1), "reference": (0.5, 0.52), "turned": (0.3, 0.31)})
    (found,) = control_differences(Table(own), ["turned"], [FAR], "reference")
    assert found.condition == "turned" and found.value == pytest.approx(0.305 - 0.51)


def test_training_is_paired_over_the_networks_that_have_both_ends():
    ends = rows("l0.log_r2", "", "", {"reference": (0.9, 0.8, 0.95, 0.2)})
    starts = [replace(row, step="0", value=value) for row, value in zip(ends[:3], (0.1, 0.1, 0.2), strict=True)]
    (found,) = emergence("reference", Table(ends + starts))
    assert found.measure == "l0.log_r2:trained" and found.value == pytest.approx(np.mean([0.8, 0.7, 0.75]))


def test_behind_a_rectified_filter_no_cell_has_an_orientation(monkeypatch):
    """A receptive field is l1 * l0 only where both are linear."""
    monkeypatch.setattr(measure, "Bank", SimpleNamespace(of=lambda *_: SimpleNamespace(measurable=True)))
    monkeypatch.setattr(measure, "l0_measures", lambda l0, levels: [("log_r2", 0.9, 0.7)])
    monkeypatch.setattr(measure, "l1_measures", lambda l1, seed, levels: [("gabor_r2", 0.8, 0.7)])
    found = measure.measure_network("control-rectified-l0", 0)
    assert found.sums is None and [row.measure for row in found.rows] == ["l0.log_r2", "l1.gabor_r2"]


def test_measure_takes_a_run_that_is_not_shipped(tmp_path, monkeypatch, capsys):
    run, seen = make_run(tmp_path / "run"), []
    run.train(progress=False)

    def measured(condition, seed, times, directory):
        seen.append((condition, seed, times, weights.load_early(condition, seed, directory).l1.shape))
        bank = SimpleNamespace(K=np.zeros((4, 4, 7, 7)), oriented=np.arange(3))
        return SimpleNamespace(rows=rows("l0.log_r2", "", "", {"tiny": (0.25,)}), sums=None, bank=bank)

    monkeypatch.setattr(measure, "measure_network", measured)
    status, out, err = command(monkeypatch, capsys, "measure", run.directory, "--out", tmp_path / "rows.csv")
    assert (
        (status, err) == (0, "K is not measured: that needs 20 oriented cells, and there are 3\n") and "l0.log_r2" in out and "0.250" in out
    )
    assert seen[0][:3] == ("tiny", 0, 0) and "0.25" in (tmp_path / "rows.csv").read_text()
    status, _, err = command(monkeypatch, capsys, "measure", tmp_path)
    assert status == 1 and "no finished run" in err and err.count("\n") == 1


# l0's width against the noise


def test_only_networks_that_differ_in_noise_and_blur_take_part():
    def own(name, sigma, r2=0.9, off=0.3):
        places = (("l0.sigma", sigma, float("nan")), ("l0.log_r2", r2, 0.7), ("l0.off_centre", off, float("nan")))
        return [Row(name, "0", END, measure, value=value, null=null) for measure, value, null in places]

    table = Table(
        [
            *own("control", 1.0),
            *own("control-noise-high", 1.2, off=3.0),
            *own("control-no-front-end", 0.8, r2=0.5),
            *own("control-no-lateral", 1.0),
        ]
    )
    found = efficient_coding.noise_rows(table)
    base = CONDITIONS["control"].network
    assert [(one.noise, one.blur, one.sigma, one.is_log) for one in found] == [
        (base.noise, base.blur, 1.0, True),
        (0.4, base.blur, 1.2, False),  # its centre lies off the middle
        (0.0, 0.0, 0.8, False),
    ]
    figures.noise(found, np.array([0.1, 0.8]), np.array([1.0, 2.0]))
    plt.close("all")


def test_a_trend_with_the_noise_is_found_and_a_reversed_one_is_not():
    def networks(sigmas, shift=3.0):
        """Two seeds, the second wider by ``shift`` at every level."""
        levels = (0.1, 0.2, 0.4, 0.8)
        pairs = [(noise, sigma + shift * seed, seed) for seed in (0, 1) for noise, sigma in zip(levels, sigmas, strict=True)]
        return [efficient_coding.NoiseRow(noise, 1.0, sigma, seed, True) for noise, sigma, seed in pairs]

    rising = networks((1.0, 1.25, 1.5, 1.75))
    found = efficient_coding.noise_trend(rising)
    assert found.p < 0.01
    assert (found.slope, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25)) and (found.networks, found.levels) == (8, 4)
    found = efficient_coding.noise_trend(networks((1.9, 1.5, 1.2, 1.0)))
    assert found.p > 0.99 and found.high < 0
    lost = [replace(rising[0], is_log=False), *rising[1:]]
    assert efficient_coding.noise_trend(lost).left_out == 1 and efficient_coding.noise_trend(lost).networks == 7
    assert efficient_coding.noise_trend([replace(one, blur=0.0) for one in rising]) is None and efficient_coding.noise_trend([]) is None
    assert efficient_coding.noise_trend([one for one in rising if one.noise < 0.3]) is None  # two levels are no trend
    silent = [replace(rising[0], noise=0.0, sigma=9.0), *rising]
    assert efficient_coding.noise_trend(silent) == efficient_coding.noise_trend(rising)  # there is no doubling of nothing


def test_the_interval_of_the_slope_covers(monkeypatch):
    monkeypatch.setattr(efficient_coding, "DRAWS", 1)
    rng, covered = np.random.default_rng(1), []
    for _ in range(300):
        levels = [(noise, seed) for seed in (0, 1) for noise in (0.1, 0.2, 0.4, 0.8)]
        rows = [
            efficient_coding.NoiseRow(noise, 1.0, 2 + seed + 0.2 * np.log2(noise) + 0.1 * rng.standard_normal(), seed, True)
            for noise, seed in levels
        ]
        found = efficient_coding.noise_trend(rows)
        covered.append(found.low <= 0.2 <= found.high)
    assert 0.9 < np.mean(covered) < 0.99


def test_efficient_coding_asks_for_a_wider_centre_with_more_noise():
    frequency = np.arange(1, 33) / 64
    power = RadialPower(frequency, 0.01 * frequency**-2.0)
    sigma = efficient_coding.efficient_sigma(power, [0.1, 0.2, 0.4, 0.8], 1.0)
    assert (np.diff(sigma) > 0).all() and sigma[0] > 0.3
    # Without optics, S / N alone sets the peak: of f^-2 it lies where the noise is half the signal, N = S / 2.
    peak = 1 / (np.sqrt(2) * np.pi * efficient_coding.efficient_sigma(power, [0.5], 0.0)[0])
    assert 0.01 * peak**-2 == pytest.approx(2 * 0.25, rel=0.05)


def test_few_cells_are_less_even_by_chance_than_many():
    few, many = measure.chance_evenness(8), measure.chance_evenness(400)
    assert 0.4 < few < 0.7 and 0.9 < many < 1 and measure.chance_evenness(1) == pytest.approx(0, abs=1e-9)
    measure.chance_evenness.cache_clear()
    assert few == measure.chance_evenness(8)
