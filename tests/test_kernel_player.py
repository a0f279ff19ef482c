"""Laws of the kernels to play with: the bytes of the page are the kernels, and the fan has its ridge where theory puts it."""

import base64
import json
import re
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from paper_code import se2
from paper_code.core.errors import PaperCodeError
from paper_code.figures import interactive
from paper_code.se2 import gallery
from paper_code.workflow.html import Page

SIZE_CAP = 150_000  # characters of the page's figure
KERNELS = [(0, 0, 2), (0, 2, 1), (1, 0, 1), (1, 3, 0)]  # family, diffusion, length


@pytest.fixture(scope="module")
def shown():
    return gallery.gallery()


@pytest.fixture(scope="module")
def page(shown):
    return interactive.figure_html("kernel", interactive.kernel_data(shown))


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def process_of(shown, family, diffusion, length):
    """The process behind a kernel, made anew."""
    D, far = shown.diffusion[diffusion], shown.length[length]
    common = {"alpha": 1 / far, "undirected": True, "blur": gallery.BLUR, "blur_theta": gallery.BLUR_THETA}
    return se2.Enhancement(D11=far, D22=D, **common) if family else se2.DirectionProcess(D=D, **common)


# the numbers


@pytest.mark.parametrize("place", KERNELS)
def test_maps_are_the_kernels_with_y_up_and_the_turn_counter_clockwise(shown, place):
    rows, columns, turns = np.array([4, 15, 20, 11]), np.array([22, 25, 9, 15]), np.array([1, 0, 3, 6])
    x, y = shown.ticks[columns], shown.ticks[::-1][rows]
    exact = se2.sample_points(process_of(shown, *place), x, y, np.deg2rad(15 * turns))
    found = shown.maps[place][turns, rows, columns]
    np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-6 * shown.maps[place].max())


def test_a_fan_is_the_mean_over_its_ring(shown):
    place, numbers = (0, 2, 1), np.array([14, 20, 23])
    radius = np.linspace(6, 10.5, 10)[:, None, None]
    psi, theta = shown.directions[numbers], shown.turns[[0, 2]][:, None]
    at = se2.sample_points(process_of(shown, *place), radius * np.cos(psi), radius * np.sin(psi), theta)
    mean = np.trapezoid(at * radius, radius, axis=0) / np.trapezoid(radius, radius, axis=0)
    np.testing.assert_allclose(shown.fans[place][np.ix_([0, 2], numbers)], mean, rtol=0.01)
    assert shown.ring == (6, 10.5) and np.degrees(psi[1]) == pytest.approx(10)


def test_the_ridge_of_narrow_kernels_is_co_circular(shown):
    step = np.diff(shown.directions)[0]
    assert shown.diffusion[0] <= 0.01
    for fans in shown.fans[0, 0]:
        for theta, fan in zip(shown.turns[:-1], fans, strict=False):  # at a right angle there are two ridges
            assert abs(shown.directions[fan.argmax()] - theta / 2) <= step / 2 + 1e-9
            centre = np.angle((fan * np.exp(2j * shown.directions)).sum()) / 2
            assert 2 * centre == pytest.approx(theta, abs=np.deg2rad(0.5))


def test_at_every_turn_a_fan_is_even_about_half_of_it(shown):
    count = shown.directions.size
    for number, theta in enumerate(np.degrees(shown.turns)):
        psi = np.degrees(shown.directions)
        mirrored = np.rint((theta - psi + 90) / 5).astype(int) % count
        fans = shown.fans[..., number, :]
        np.testing.assert_allclose(fans[..., mirrored], fans, atol=2e-4 * fans.max())


def test_maps_are_point_symmetric_and_turns_begin_with_none(shown):
    np.testing.assert_allclose(shown.maps, shown.maps[..., ::-1, ::-1], atol=1e-9)
    np.testing.assert_allclose(shown.maps[..., 0, :, :], shown.maps[..., 0, ::-1, :], atol=1e-9)
    np.testing.assert_allclose(np.degrees(shown.turns), np.arange(0, 91, 15))


def test_without_turns_both_families_have_the_same_mean_square_distance():
    for length in gallery.LENGTHS:
        for family in gallery.FAMILIES:
            process = gallery._process(family, 1e-7, length)
            moments = process.moments()
            assert moments.x2 + moments.y2 - 2 * process.blur**2 == pytest.approx(2 * length**2, rel=1e-4)


@pytest.mark.parametrize("slope", [0.8, 1.5, 2.0])
def test_a_planted_slope_is_found(slope):
    made = gallery._kernel(gallery._process(gallery.FAMILIES[0], 0.1, 3.0))
    psi = se2.fold(np.arctan2(made.y[:, None], made.x))
    away = se2.fold(made.theta[:, None, None] - slope * psi)
    *_, found = gallery._views(replace(made, values=np.exp(-(away**2) / (2 * 0.3**2))))
    assert found == pytest.approx(slope, abs=0.05)


def test_likeliest_turns_stay_below_co_circular_ones(shown):
    # Mumford's limit near the axis is 3/2, which the blur lowers; enhancement turns more slowly still.
    assert shown.slope[0].max() < 1.5 and (shown.slope[1, :3] < shown.slope[0, :3]).all() and shown.slope.min() > 0.5


# the page


def unpacked(text, *shape):
    return np.frombuffer(base64.b64decode(text), np.int8).reshape(shape).astype(float)


def test_bytes_of_the_page_are_the_kernels(shown):
    data = interactive.kernel_data(shown)
    half, turns, kernels = data["half"], len(data["turns"]), 2 * len(data["diffusion"]) * len(data["length"])
    maps, fans = unpacked(data["maps"], kernels, turns, half), unpacked(data["fans"], kernels, turns, data["directions"])
    map_tops, fan_tops = np.array(data["map_tops"])[..., None], np.array(data["fan_tops"])[..., None]
    own = shown.maps.reshape(kernels, turns, -1)[..., :half]
    inside = own < 0.97 * map_tops
    np.testing.assert_allclose(((maps / 127) ** 2)[inside], (own / map_tops)[inside], atol=0.012)
    assert (maps >= 0).all() and (maps[~inside] > 124).all() and inside.mean() > 0.9
    np.testing.assert_allclose(fans / 127, shown.fans.reshape(kernels, turns, -1) / fan_tops, atol=0.01)
    place = [tuple(index) for index in np.ndindex(shown.maps.shape[:3])].index((1, 2, 0))  # the script's order
    np.testing.assert_array_equal(place, (1 * len(data["diffusion"]) + 2) * len(data["length"]) + 0)
    far = np.hypot(shown.ticks, shown.ticks[:, None]) >= data["core"]
    assert data["map_tops"][place][2] == pytest.approx(shown.maps[1, 2, 0, 2][far].max(), rel=0.01)
    assert data["slope"][place] == pytest.approx(shown.slope[1, 2, 0], abs=0.006)


def test_the_page_is_whole_small_and_loads_nothing(shown, page):
    assert len(page) < SIZE_CAP
    assert "://" not in page and "/*" not in page
    assert (interactive.HERE / "raster.js").read_text().strip() in page
    read = Page(page)
    assert read.assets == [] and read.links == [] and read.faults == []
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers)) and all(name.startswith("kernel-player") for name in identifiers)
    data = json.loads(re.search(r'id="kernel-player-data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["diffusion"] == list(gallery.DIFFUSIONS) and data["length"] == list(gallery.LENGTHS)
    family, diffusion, length, turn = data["first"]
    assert data["families"][family] == "direction process" and (diffusion, length) == interactive.FIRST and turn in data["turns"]
    assert page.count("<script") == page.count("</script>") == 2 and "<noscript>" in page


def test_the_script_finds_all_that_it_looks_for(shown, page):
    script = (interactive.HERE / "kernel.js").read_text()
    wanted = set(re.findall(r'\b(?:get|list|slider|plot)\("([\w-]+)"', script)) | {
        f"{part}-scale" for part in re.findall(r'\bplot\("(\w+)"', script)
    }
    wanted |= {f"{name}-{part}" for tool, part in (("show", "now"), ("tell", "note")) for name in re.findall(rf'\b{tool}\("(\w+)"', script)}
    assert wanted >= {"map", "fan", "words", "own", "completion", "enhancement", "diffusion-now", "length-now", "turn-now"}
    assert all(f'id="kernel-player-{name}"' in page for name in wanted)
    keys = set(re.findall(r"(?<!\.)\bdata\.(\w+)", script)) | set(re.search(r"const \{ ([^}]+) \} = data", script)[1].split(", "))
    assert keys <= set(interactive.kernel_data(shown))


def test_controls_can_be_reached_and_are_named(page):
    inputs = re.findall(r'<input[^>]*id="([^"]+)"', page)
    assert len(inputs) == 6 and len(re.findall(r'<input type="range"', page)) == 3
    for name in inputs:
        assert re.search(rf'<label[^>]*>(?:(?!</label>).)*id="{name}"', page), name
    assert all("aria-label" in tag for tag in re.findall(r'<canvas[^>]*>|<div[^>]*role="radiogroup"[^>]*>', page))
    for slider in ("diffusion", "length", "turn"):
        assert re.search(rf'<output id="kernel-player-{slider}-now" for="kernel-player-{slider}"', page)
    words = re.sub(r"<style>.*?</style>|<script.*?</script>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert all(name in words for name in ("angular diffusion D", "mean length 1/α", "turn θ", "direction process", "enhancement"))


def test_the_same_kernels_give_the_same_page(page):
    assert interactive.figure_html("kernel", interactive.kernel_data(gallery.gallery())) == page


def test_the_still_picture_shows_both_families_at_the_place_that_the_page_begins_with(shown):
    figure = interactive.still(shown)
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == 8
    diffusion, length = interactive.FIRST
    far = np.hypot(shown.ticks, shown.ticks[:, None]) >= interactive.CORE
    for family in (0, 1):
        maps, fan = shown.maps[family, diffusion, length], shown.fans[family, diffusion, length]
        middle = panels[4 * family + 1]
        np.testing.assert_allclose(middle.images[0].get_array() ** 2, np.clip(maps[2], 0, None) / maps[:, far].max(), atol=1e-6)
        seconds = [line.get_xydata() for line in middle.lines if line.get_color() == interactive.ACCENT]
        for ends in seconds:
            (x, y), along = ends.mean(axis=0), ends[1] - ends[0]
            assert np.arctan2(*along[::-1]) == pytest.approx(np.deg2rad(30)) and np.arctan(y / x) == pytest.approx(np.deg2rad(15))
        assert len(seconds) == 2 and [axes.get_title() for axes in panels[:3]] == ["θ = 0°", "θ = 30°", "θ = 60°"]
        drawn = panels[4 * family + 3].images[0].get_array()
        assert drawn.shape == (13, 37)
        np.testing.assert_allclose(drawn[6:, :-1], fan / fan.max())
        np.testing.assert_allclose(drawn, drawn[::-1, ::-1])


def test_bad_input_is_refused_in_one_line(shown):
    holed, empty = shown.maps.copy(), shown.maps.copy()
    holed[0, 0, 0, 0, 0, 0], empty[0, 1, 1, 2] = np.nan, 0
    for call in (
        lambda: interactive.kernel_data(replace(shown, maps=holed)),
        lambda: interactive.kernel_data(replace(shown, maps=empty)),
    ):
        with pytest.raises(PaperCodeError) as found:
            call()
        assert "\n" not in str(found.value)
