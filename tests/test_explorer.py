"""Laws of the interactive figure: planted structure is found where it was planted and is still there in the bytes of the page."""

import base64
import json
import re
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from lateral_cells import drawn, random_cells

from paper_code import se2, weights
from paper_code.core.errors import PaperCodeError
from paper_code.figures import interactive
from paper_code.filters import fit_gabor
from paper_code.lateral import pair_frame, single_cells, standardise, strongest_sources
from paper_code.lateral.association_field import MIDDLES
from paper_code.lateral.bank import Bank
from paper_code.workflow.html import Page

COUNT, SIZE, STRIDE = 28, 11, 2
NOISY = 3  # a cell whose field is too noisy to tell its orientation
WIDTH = np.deg2rad(20)  # of the planted fan
SIZE_CAP = 300_000  # characters of a page's figure


@pytest.fixture(scope="module")
def planted():
    """Cells with a co-circular kernel between them, but for the weights from cell 5 to cell 2, and their single maps."""
    cells = replace(random_cells(COUNT, seed=21, spread=1.0), frequency=np.full(COUNT, 0.18))
    fields = drawn(cells, 13, sigma=2.2)
    fields[NOISY] += 0.4 * np.random.default_rng(21).standard_normal((13, 13))
    frame = pair_frame(cells, SIZE, STRIDE)
    gap = se2.fold(frame.turn[:, None] - 2 * se2.fold(np.arctan2(frame.across, frame.along)))
    kernel = np.zeros((COUNT, COUNT, SIZE, SIZE))
    values = np.exp(-(frame.distance**2) / 32 - gap**2 / (2 * WIDTH**2)) * np.cos(frame.phase)
    kernel[frame.target, frame.source] = values.reshape(-1, SIZE, SIZE)
    kernel[2, 5, 1, 8] = -40 * np.abs(kernel).max()  # 4 rows up, 3 places right
    return kernel, single_cells(Bank(None, fields, kernel, STRIDE, fit_gabor(fields), 0.7), seed=4)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def row_of(cells, cell):
    """Where the maps of an oriented cell lie."""
    return int(cells.oriented[:cell].sum())


def test_planted_co_circular_turns_are_preferred_around_each_cell(planted):
    _, cells = planted
    x, y = np.meshgrid(cells.ticks, cells.ticks[::-1])
    near = (np.hypot(x, y) >= 2.5) & (np.hypot(x, y) <= 7.5)
    away = {1: [], -1: []}
    for cell in np.flatnonzero(cells.oriented):
        if cell == 2:
            continue
        preferred, strength = (part[row_of(cells, cell)][near] for part in (cells.preferred, cells.strength))
        for sign in away:
            gap = np.abs(se2.fold(preferred - 2 * sign * np.arctan2(y, x)[near]))
            away[sign].append(np.degrees((strength * gap).sum() / strength.sum()))
    # Bands are 30 degrees wide and sources few; a map upside down would be about 45 degrees off.
    assert np.median(away[1]) < 15 < 30 < np.median(away[-1])


def test_maps_of_one_turn_hold_the_sources_of_that_turn_alone(planted):
    kernel, cells = planted
    fits = cells.fits[cells.oriented]
    for cell in (0, 7):
        turn = se2.fold(fits.orientation - fits.orientation[cell])
        others = np.arange(len(turn)) != cell
        by_hand = [(others & (np.abs(se2.fold(turn - middle)) <= np.deg2rad(15))).sum() for middle in MIDDLES]
        assert cells.sources[cell].tolist() == by_hand
        empty = cells.sources[cell] == 0
        assert np.isnan(cells.maps[cell][:, empty]).all() and not np.isnan(cells.maps[cell][:, ~empty]).all()
    assert cells.like_sources.max() <= cells.oriented.sum() - 1


def test_maps_are_point_symmetric(planted):
    _, cells = planted
    np.testing.assert_allclose(cells.maps, cells.maps[..., ::-1, ::-1], atol=1e-9)
    np.testing.assert_allclose(cells.like, cells.like[..., ::-1, ::-1], atol=1e-9)


def test_the_strongest_source_is_the_planted_one_at_its_place_with_its_sign(planted):
    kernel, cells = planted
    assert cells.strongest[2, 0] == 5
    assert cells.place[2, 0].tolist() == [6, 8]  # 3 places right and 4 up, 2 px each
    assert cells.weight[2, 0] == pytest.approx(standardise(kernel)[2, 5, 1, 8]) and cells.weight[2, 0] < -10
    assert (np.diff(np.abs(cells.weight), axis=1) <= 0).all()
    assert (cells.strongest != np.arange(COUNT)[:, None]).all()


def test_a_cell_is_no_source_of_itself():
    kernel = np.zeros((3, 3, 3, 3))
    kernel[0, 0, 1, 1], kernel[0, 2, 0, 1] = 5, 1
    source, place, weight = strongest_sources(kernel, 2)
    assert source.shape == (3, 2) and source[0, 0] == 2 and weight[0, 0] == 1 and place[0, 0].tolist() == [0, 2]


def test_a_field_without_orientation_is_marked_and_comes_last(planted):
    _, cells = planted
    listed = interactive.explorer_data(cells)["cells"]
    assert not cells.oriented[NOISY]
    marked = [entry["oriented"] for entry in listed]
    assert marked == sorted(marked, reverse=True) and sum(marked) == cells.oriented.sum()
    assert NOISY in [entry["id"] for entry in listed if not entry["oriented"]]
    angles = [entry["theta"] for entry in listed if entry["oriented"]]
    assert angles == sorted(angles) and sorted(entry["id"] for entry in listed) == list(range(COUNT))


def test_bytes_of_the_page_are_the_maps(planted):
    _, cells = planted
    data = interactive.explorer_data(cells)
    listed, half, wide = data["cells"], data["half"], len(data["ticks"])
    kept = sum(entry["oriented"] for entry in listed)
    maps = np.frombuffer(base64.b64decode(data["maps"]), np.int8).reshape(kept, 2, len(MIDDLES) + 1, half).astype(float)
    fields = np.frombuffer(base64.b64decode(data["fields"]), np.int8).reshape(COUNT, data["side"], data["side"])
    bars = np.frombuffer(base64.b64decode(data["bars"]), np.uint8).reshape(kept, 2, half)
    for place in (0, kept // 2, kept - 1):
        cell, scale = listed[place]["id"], listed[place]["scale"]
        row = row_of(cells, cell)
        own = np.concatenate([cells.like[row][:, None], cells.maps[row]], axis=1).reshape(2, len(MIDDLES) + 1, wide**2)[..., :half]
        np.testing.assert_array_equal(maps[place] == interactive.MISSING, np.isnan(own))
        inside = np.abs(own) < 0.98 * scale
        np.testing.assert_allclose((maps[place] / 127 * scale)[inside], own[inside], atol=0.02 * scale)
        strong = bars[place, 1] > 0
        gap = se2.fold(bars[place, 0] * np.pi / 256 - cells.preferred[row].ravel()[:half])
        assert np.abs(gap[strong]).max() <= np.pi / 512 + 1e-9
    for place, entry in enumerate(listed):
        own = cells.fields[entry["id"]]
        np.testing.assert_allclose(fields[place] / 127, own / np.abs(own).max(), atol=1 / 250)


@pytest.fixture(scope="module")
def shipped():
    early = weights.load_early("reference", 0)
    cells = single_cells(Bank(early.l0, early.l1, early.K, STRIDE, fit_gabor(early.receptive_fields), 0.8))
    return cells, interactive.figure_html("explorer", interactive.explorer_data(cells))


def test_the_page_is_whole_small_and_loads_nothing(shipped):
    cells, text = shipped
    assert len(text) < SIZE_CAP
    assert "://" not in text and "/*" not in text
    assert (interactive.HERE / "raster.js").read_text().strip() in text
    page = Page(text)
    assert page.assets == [] and page.links == [] and page.faults == []
    identifiers = re.findall(r'\bid="([^"]+)"', text)
    assert len(identifiers) == len(set(identifiers)) and all(name.startswith("cell-explorer") for name in identifiers)
    data = json.loads(re.search(r'id="cell-explorer-data">(.*?)</script>', text, re.DOTALL)[1])
    assert len(data["cells"]) == len(cells.fields) and data["first"] == interactive.best_cell(cells)
    assert text.count("<script") == text.count("</script>") == 2 and "<noscript>" in text


def test_the_script_finds_all_that_it_looks_for(shipped):
    script, text = (interactive.HERE / "explorer.js").read_text(), shipped[1]
    wanted = set(re.findall(r'\b(?:get|list|slider)\("([\w-]+)"', script))
    wanted |= {f"{name}-{part}" for tool, part in (("show", "now"), ("tell", "note")) for name in re.findall(rf'\b{tool}\("(\w+)"', script)}
    assert wanted >= {"bank", "map", "field", "bars", "sources"}
    assert all(f'id="cell-explorer-{name}"' in text for name in wanted)
    keys = set(re.findall(r"(?<!\.)\bdata\.(\w+)", script)) | {"side", "half", "ticks", "turns", "cells", "ink", "accent"}
    assert keys <= set(interactive.explorer_data(shipped[0]))
    entry = set(re.findall(r"\bcell\.(\w+)", script))
    assert entry <= set(interactive.explorer_data(shipped[0])["cells"][0])


def test_controls_can_be_reached_and_are_named(shipped):
    text = shipped[1]
    bank = re.search(r'<div id="cell-explorer-bank"[^>]*>', text)[0]
    assert 'tabindex="0"' in bank and 'role="listbox"' in bank and "aria-label" in bank
    assert all("aria-label" in tag for tag in re.findall(r"<canvas[^>]*>", text))
    for name in re.findall(r'<input[^>]*id="([^"]+)"', text):
        assert re.search(rf'<label[^>]*>(?:(?!</label>).)*id="{name}"', text), name


def test_the_same_cells_give_the_same_page(shipped):
    assert interactive.figure_html("explorer", interactive.explorer_data(shipped[0])) == shipped[1]


def test_bad_input_is_refused(planted):
    _, cells = planted
    none = replace(cells, oriented=np.zeros(COUNT, bool))
    for call in (
        lambda: interactive.explorer_data(none),
        lambda: single_cells(Bank(None, cells.fields, None, STRIDE, cells.fits, 0.7)),
    ):
        with pytest.raises(PaperCodeError):
            call()
