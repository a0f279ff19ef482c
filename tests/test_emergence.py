"""Laws of the course of a measure through training, and of the slider's data."""

import base64
import json
import re
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from paper_code import weights
from paper_code.core.table import ALL, END, Row, Table
from paper_code.emergence.courses import FOLLOWED, course, falls
from paper_code.emergence.courses import film as filmed
from paper_code.figures import emergence as figures
from paper_code.figures import interactive, overview
from paper_code.lateral.bank import Bank
from paper_code.report.networks import Measured
from paper_code.workflow.html import Page

SIZE_CAP = 300_000
TOTAL = 64
LOG, FAN = FOLLOWED[0], FOLLOWED[-1]


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def planted(followed, seed, steps, rise=1.0):
    """Rows of a measure that rises with the step, on one network."""
    values = {step: rise * (TOTAL if step == END else step) + seed for step in steps}
    place = followed.measure, followed.version, followed.ring
    null = 0.7 if followed.layer == "l0" else 0.5
    return [Row("reference", str(seed), str(step), *place, value, null=null if step == END else np.nan) for step, value in values.items()]


def test_a_course_goes_over_the_networks_whose_snapshots_were_kept():
    numbers = Table(
        [*planted(FAN, 0, (0, END)), *planted(FAN, 1, (0, 4, END)), *planted(FAN, 2, (0, 4, END)), *planted(FAN, 7, (0, 4, 9, END))]
    )
    found = course(numbers, FAN, "reference", [0, 1, 2], TOTAL)
    assert found.seeds == [1, 2] and found.steps.tolist() == [0, 4, TOTAL]
    np.testing.assert_allclose(found.values, [[1, 5, TOTAL + 1], [2, 6, TOTAL + 2]])
    assert (found.chance, found.band, found.trained) == (0.0, (), None)
    np.testing.assert_allclose(found.ends, [[0, TOTAL], [1, TOTAL + 1], [2, TOTAL + 2]])
    alone = course(numbers, FAN, "reference", [0], TOTAL)
    assert alone.seeds == [0] and alone.steps.tolist() == [0, TOTAL]
    assert course(numbers, LOG, "reference", [0, 1], TOTAL).values.size == 0


def test_chance_is_the_null_of_a_filter_and_the_relabelled_cells_of_a_kernel():
    pooled = [
        Row("reference", ALL, END, f"{FAN.measure}:relabelled", FAN.version, FAN.ring, 0.1, -0.02, 0.03, 0.001, 0.004),
        Row("reference", ALL, END, f"{FAN.measure}:trained", FAN.version, FAN.ring, 0.09, 0.07, 0.11, 0.001, 0.0),
    ]
    numbers = Table([*planted(LOG, 0, (0, END)), *planted(FAN, 0, (0, END)), *pooled])
    assert course(numbers, LOG, "reference", [0], TOTAL).chance == pytest.approx(0.7)
    found = course(numbers, FAN, "reference", [0], TOTAL)
    assert (found.chance, found.band, found.trained.value) == (0.004, (-0.02, 0.03), 0.09)


def test_the_figure_has_a_line_a_network_and_one_for_the_mean():
    numbers = Table([row for seed in (0, 1, 2) for row in planted(FAN, seed, (0, 4, END))])
    (panel, *_) = figures.courses([course(numbers, FAN, "reference", [0, 1, 2], TOTAL)]).axes
    lines = [line.get_ydata() for line in panel.lines if len(line.get_xdata()) == 3]
    assert len(lines) == 4
    np.testing.assert_allclose(lines[-1], np.mean(lines[:3], axis=0))


def test_a_fall_after_the_peak_is_said():
    rising = course(Table([*planted(FAN, 0, (0, 4, END))]), FAN, "reference", [0], TOTAL)
    fallen = replace(rising, values=np.array([[0.0, 0.2, 0.1]]))
    level, below = (replace(rising, values=np.array([values])) for values in ([0.0, 0.2, 0.199], [-0.3, -0.1, -0.1]))
    assert falls([rising, fallen, level, below]) == {FAN.name: "0.200 at step 4, 0.100 at the end (lower at the end in 1 of 1 networks)"}
    two = replace(rising, values=np.array([[0.0, 0.5, 0.1], [0.0, 0.1, 0.2]]))
    assert falls([two])[FAN.name].endswith("in 1 of 2 networks)")


# the slider


@pytest.fixture(scope="module")
def bank():
    early = weights.load_early("reference", 10)
    return Bank.of(early.l0, early.l1, early.K, weights.configuration("reference", 10).stride, count=60)


@pytest.fixture(scope="module")
def shipped(bank):
    snapshots = weights.load_snapshots("reference", 10)
    with_kernel = [one.step for one in snapshots if one.K is not None]
    rows = [
        row
        for one in FOLLOWED
        for row in planted(one, 10, (*with_kernel, END) if one.layer == "K" else (*(s.step for s in snapshots), END))
    ]
    film = filmed(Table(rows), Measured("reference", 10, bank, None, {}, {}, []))
    return film, interactive.figure_html("growth", interactive.growth_data(film, (0.3, -0.2)))


def unpacked(text, shape):
    return np.frombuffer(base64.b64decode(text), np.int8).reshape(shape).astype(float)


def test_bytes_of_the_page_are_the_filters_and_the_maps(shipped):
    film, _ = shipped
    data = interactive.growth_data(film, (0.0, 0.0))
    l0, bank = unpacked(data["l0"], film.l0.shape), unpacked(data["bank"], film.bank.shape)
    np.testing.assert_allclose(l0 / 127, film.l0 / np.abs(film.l0).max((1, 2), keepdims=True), atol=1 / 250)
    np.testing.assert_allclose(bank / 127, film.bank / np.abs(film.bank).max((2, 3), keepdims=True), atol=1 / 250)
    end = weights.load_early("reference", 10)
    np.testing.assert_array_equal(film.bank[-1], end.l1[film.cells])
    maps = unpacked(data["maps"], (len(film.map_steps), data["half"]))
    own = film.maps.reshape(len(film.maps), -1)[:, : data["half"]]
    np.testing.assert_array_equal(maps == interactive.MISSING, np.isnan(own))
    known = ~np.isnan(own)
    np.testing.assert_allclose(maps[known] / 127 * data["scale"], own[known], atol=0.01 * data["scale"] + 0.01)
    np.testing.assert_allclose(film.maps, film.maps[:, ::-1, ::-1], atol=1e-9)


def test_cells_are_sorted_by_the_orientation_at_the_end_and_the_nearest_kernel_is_shown(shipped):
    film, _ = shipped
    oriented = film.orientation[~np.isnan(film.orientation)]
    assert (np.diff(oriented) >= 0).all() and not np.isnan(film.orientation[: len(oriented)]).any()
    assert sorted(film.cells) == list(range(len(film.cells)))
    for step, index in zip(film.steps, film.nearest, strict=True):
        away = np.abs(np.log1p(film.map_steps) - np.log1p(step))
        assert away[index] == away.min()
    assert film.map_steps[0] == 0 and film.map_steps[-1] == film.steps[-1] and set(film.map_steps) < set(film.steps)


def test_the_numbers_are_the_measures(shipped):
    film, _ = shipped
    listed = interactive.growth_data(film, (0.0, 0.0))["measures"]
    assert len(listed) == len(FOLLOWED)
    for one, followed in zip(listed, FOLLOWED, strict=True):
        known = [value is not None for value in one["values"]]
        np.testing.assert_array_equal(
            known, np.isin(film.steps, film.map_steps) if followed.layer == "K" else np.ones(len(film.steps), bool)
        )
        np.testing.assert_allclose([value for value in one["values"] if value is not None], film.values[followed][known], atol=0.0051)
        assert one["chance"] == film.chance[followed] and one["label"].startswith(followed.layer)


def test_the_page_is_whole_small_and_loads_nothing(shipped):
    film, text = shipped
    per_step = len(interactive.growth_data(film, (0.0, 0.0))["bank"]) / len(film.steps)
    assert len(text) + per_step * (len(weights.load_snapshots("reference", 10)) + 1 - len(film.steps)) < SIZE_CAP
    assert "://" not in text and "/*" not in text
    assert (interactive.HERE / "raster.js").read_text().strip() in text
    page = Page(text)
    assert page.assets == [] and page.links == [] and page.faults == []
    identifiers = re.findall(r'\bid="([^"]+)"', text)
    assert len(identifiers) == len(set(identifiers)) and all(name.startswith("growth") for name in identifiers)
    assert json.loads(re.search(r'id="growth-data">(.*?)</script>', text, re.DOTALL)[1])["steps"] == film.steps.tolist()
    assert text.count("<script") == text.count("</script>") == 2 and "<noscript>" in text


def test_the_script_finds_all_that_it_looks_for(shipped):
    script, text = (interactive.HERE / "growth.js").read_text(), shipped[1]
    wanted = set(re.findall(r'\b(?:get|list|slider)\("([\w-]+)"', script))
    wanted |= {f"{name}-{part}" for tool, part in (("show", "now"), ("tell", "note")) for name in re.findall(rf'\b{tool}\("(\w+)"', script)}
    assert wanted >= {"step", "play", "l0", "bank", "map", "words"}
    assert all(f'id="growth-{name}"' in text for name in wanted)
    keys = set(re.findall(r"(?<!\.)\bdata\.(\w+)", script)) | set(re.search(r"const \{ ([^}]+) \} = data", script)[1].split(", "))
    data = interactive.growth_data(shipped[0], (0.0, 0.0))
    assert keys <= set(data) and set(re.findall(r"\bmeasure\.(\w+)", script)) <= set(data["measures"][0])


def test_controls_can_be_reached_and_are_named(shipped):
    text = shipped[1]
    assert re.search(r'<button type="button" id="growth-play"', text) and 'type="range" id="growth-step"' in text
    assert all("aria-label" in tag for tag in re.findall(r"<canvas[^>]*>", text))
    assert re.search(r'<label[^>]*>(?:(?!</label>).)*id="growth-step"', text, re.DOTALL)


def test_a_network_without_K_still_grows(shipped):
    film = replace(shipped[0], maps=np.zeros((0,)), map_steps=np.zeros(0, int), l0=None)
    data = interactive.growth_data(film, (0.0, 0.0))
    assert data["maps"] == "" == data["l0"] and data["small"] == 0 and data["kept"] == []


def test_the_picture_of_the_readme_has_a_column_a_step():
    layers = [early for early in weights.load_snapshots("reference", 10) if early.K is not None]
    drawn = np.random.default_rng(0).standard_normal((len(layers), 9, 9))
    drawn[0, 0, 0] = np.nan
    figure = overview.growth(layers, drawn, [3, 0])
    assert len(layers) > 1 and len(figure.axes) == 3 * len(layers)
    assert [panel.get_title() for panel in figure.axes[: len(layers)]] == [f"step {early.step:,}" for early in layers]
