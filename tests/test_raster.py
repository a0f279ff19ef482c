"""Laws of what the interactive figures share: bytes, colours, and a page that is whole, alone and in a scope of its own."""

import base64
import json
import re

import numpy as np
import pytest

from paper_code.figures import interactive
from paper_code.workflow.html import Page

NAMES = {"explorer": "cell-explorer", "growth": "growth", "kernel": "kernel-player"}


@pytest.fixture(scope="module")
def pages():
    """All figures without numbers: text, style and script alone."""
    return {name: interactive.figure_html(name, interactive.colours()) for name in NAMES}


def scripts(text):
    """The scripts of a page that run."""
    return re.findall(r"<script>(.*?)</script>", text, re.DOTALL)


def test_bytes_are_the_values_and_mark_what_is_missing():
    values = np.array([[-2.0, -0.5, 0.0], [0.25, np.nan, 9.0]])
    found = np.frombuffer(base64.b64decode(interactive.signed_bytes(values, 2.0)), np.int8).reshape(2, 3)
    assert found[1, 1] == interactive.MISSING == interactive.colours()["missing"] and found[0, 0] == -127 and found[1, 2] == 127
    known = np.abs(values) <= 2
    np.testing.assert_allclose(found[known] / 127 * 2, values[known], atol=2 / 254 + 1e-12)
    assert interactive.signed_bytes(np.zeros(3), 0.0) == interactive.signed_bytes(np.zeros(3), 1.0)


def test_zero_is_in_the_middle_of_the_shades_and_the_ends_are_red_and_blue():
    shades = [[int(shade[at : at + 2], 16) for at in (1, 3, 5)] for shade in interactive.colours()["shades"]]
    assert min(shades[len(shades) // 2]) > 240 and len(shades) % 2 == 1
    assert shades[0][2] > shades[0][0] + 50 and shades[-1][0] > shades[-1][2] + 50


@pytest.mark.parametrize("name", NAMES)
def test_each_figure_holds_the_shared_script_in_a_scope_of_its_own(pages, name):
    shared, own = ((interactive.HERE / file).read_text(encoding="utf-8").strip() for file in ("raster.js", f"{name}.js"))
    (script,) = scripts(pages[name])
    assert script.count(shared) == script.count(own) == 1 and script.index(shared) < script.index(own)
    assert script.strip().startswith('(function () {\n"use strict";') and script.strip().endswith("})();")
    assert "/*" not in pages[name] and re.search(rf'figureTools\("{NAMES[name]}"\)', own)


@pytest.mark.parametrize("name", NAMES)
def test_each_figure_takes_the_tools_that_it_uses(name):
    shared, own = ((interactive.HERE / file).read_text(encoding="utf-8") for file in ("raster.js", f"{name}.js"))
    given = set(re.split(r",\s+", re.search(r"return \{ ([^}]+) \};\n\}\s*$", shared)[1]))
    taken = set(re.split(r",\s+", re.search(r"const \{ ([^}]+) \} = figureTools", own)[1]))
    rest = own.split("figureTools(", 1)[1]
    assert len(given) > 8 and taken == {tool for tool in given if re.search(rf"(?<![.\w]){tool}\b[(.]", rest)}
    assert not re.search(r"function (raster|shade|ready|plane|colourBar)\(|parseInt|putImageData|getContext|devicePixelRatio", own)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_comes_from_another_host(pages, name):
    def is_alone(text):
        page = Page(text)
        return "://" not in text and page.assets == [] and page.links == []

    assert is_alone(pages[name])
    for planted in (
        '<script src="//example.org/a.js"></script>',
        "<style>a { background: url(//example.org/a.png) }</style>",
        '<script>fetch("//example.org")</script>',
        '<script>open("https://example.org")</script>',
    ):
        assert not is_alone(pages[name] + planted)


@pytest.mark.parametrize("name", NAMES)
def test_the_data_are_in_the_page(pages, name):
    found = re.search(rf'<script type="application/json" id="{NAMES[name]}-data">(.*?)</script>', pages[name], re.DOTALL)
    assert json.loads(found[1]) == interactive.colours()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_by_itself_and_focus_can_be_seen(pages, name):
    (script,) = scripts(pages[name])
    assert "autoplay" not in pages[name] and not re.search(r"animation|transition", pages[name])
    starts = [found.start() for found in re.finditer(r"setInterval\(", script)]
    assert all('get("play").addEventListener("click"' in script[:start] for start in starts) and "requestAnimationFrame" not in script
    assert re.search(rf"#{NAMES[name]} input:focus-visible", pages[name])


def test_two_figures_share_no_id(pages):
    found = [set(re.findall(r'\bid="([^"]+)"', text)) for text in pages.values()]
    assert all(found) and len(set.union(*found)) == sum(map(len, found))
