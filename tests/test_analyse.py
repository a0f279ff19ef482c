"""Laws of the analysis of other people's networks: what is planted is found, what is shuffled is not, and nothing stops the rest."""

import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.stats import kstest

from paper_code.analyse import analyse
from paper_code.analyse.kernel import MOST_OFFSETS, OVERLAP, _usable, analyse_kernel, ring_edges
from paper_code.analyse.network import KEYS
from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import orientation_difference, pixel_grid
from paper_code.lateral import Cells, pair_frame
from paper_code.lateral.harmonics import TERMS
from paper_code.lateral.kernels import rf_kernel

QUICK = {"null_count": 40, "permutations": 59}


def bank(count, shape, seed=0, frequency=(0.14, 0.24), sigma=0.2):
    """Gabors at random on a lattice of a shape, and their cells."""
    rng = np.random.default_rng(seed)
    cells = Cells(*rng.uniform(-0.8, 0.8, (2, count)), *(rng.uniform(*span, count) for span in ((0, np.pi), frequency, (-np.pi, np.pi))))
    x, y = pixel_grid(shape)
    dx, dy = x - cells.x[:, None, None], y - cells.y[:, None, None]
    t, f, phase = (one[:, None, None] for one in (cells.carrier, cells.frequency, cells.phase))
    wave = np.cos(2 * np.pi * f * (dx * np.cos(t) + dy * np.sin(t)) + phase)
    return np.exp(-(dx**2 + dy**2) / (2 * (sigma * min(shape)) ** 2)) * wave, cells


def planted_kernel(cells, side, stride, term, strength=0.4, seed=1, coherent=True):
    """White noise, and one term at all offsets, times cos Phi unless it is not to be ``coherent``."""
    frame, (m, n) = pair_frame(cells, side, stride), TERMS[term]
    psi = np.arctan2(frame.across, frame.along)
    values = (np.cos(frame.phase) if coherent else 1) * np.cos(2 * m * psi + 2 * n * frame.turn[:, None])
    kernel = np.random.default_rng(seed).standard_normal((len(cells), len(cells), side, side))
    kernel[frame.target, frame.source] += strength * values.reshape(-1, side, side)
    return kernel


@pytest.fixture(scope="module", autouse=True)
def few_draws():
    """Of relabelled kernels for the components, which would take most of the time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("paper_code.analyse.kernel.DRAWN", 2)
        yield


@pytest.fixture(scope="module")
def planted():
    filters, cells = bank(36, (11, 11))
    return filters, cells, planted_kernel(cells, 9, 3, "cocircular")


@pytest.fixture(scope="module")
def result(planted):
    filters, _, kernel = planted
    return analyse(filters, kernel, 3, name="planted", **QUICK)


def test_a_planted_cocircular_kernel_is_found_at_all_distances_and_nothing_else_is(result):
    assert result.oriented.all() and len(result.kernel.rings) > 1
    for ring in result.kernel.rings:
        for version in ("raw", "beyond RF"):
            term = result.kernel.term("cocircular", ring.name, version)
            assert term.value == pytest.approx(0.4 / np.sqrt(1 + 0.4**2 / 4), abs=0.08)
            assert term.p == term.p_all == 1 / 60 and term.low < 0 < term.high < term.value
    others = [one for one in result.harmonics if one.name != "cocircular"]
    assert min(one.p_all for one in others) > 0.05
    assert max(abs(one.value) for one in others) < 0.1


def test_the_same_kernel_with_its_labels_shuffled_is_not_found(planted, result):
    filters, _, kernel = planted
    order = np.random.default_rng(4).permutation(len(filters))
    shuffled = analyse(filters, kernel[np.ix_(order, order)], 3, **QUICK)
    assert min(one.p_all for one in shuffled.harmonics) > 0.05
    assert max(abs(one.value) for one in shuffled.harmonics) < 0.1


def test_a_kernel_that_joins_like_orientations_whatever_their_phases_is_found(planted):
    filters, cells, _ = planted
    found = analyse(filters, planted_kernel(cells, 9, 3, "like", coherent=False), 3, **QUICK)
    for ring in found.kernel.rings:
        term = found.kernel.term("like", ring.name, "blind to phase")
        assert term.value == pytest.approx(0.4 / np.sqrt(1 + 0.4**2 / 2), abs=0.08) and term.p_all < 0.05
    assert min(one.p_all for one in found.harmonics if one.version != "blind to phase") > 0.05
    assert {one.name for one in found.harmonics if one.version == "blind to phase"} == set(TERMS) - {"round"}


def test_a_transposed_kernel_swaps_the_axes_of_target_and_source(planted):
    filters, cells, _ = planted
    kernel = planted_kernel(cells, 9, 3, "source")
    back = kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    for K, name, other in ((kernel, "source", "target"), (back, "target", "source")):
        found = analyse(filters, K, 3, **QUICK)
        ring = found.kernel.rings[-1].name
        assert found.kernel.term(name, ring).p_all < 0.05 < found.kernel.term(other, ring).p_all


def test_noise_is_found_as_often_as_chance_says():
    filters, cells = bank(24, (9, 9))
    p, p_all = [], []
    assert analyse(filters, **QUICK).oriented.all()
    for trial in range(25):
        noise = np.random.default_rng([7, trial]).standard_normal((24, 24, 3, 3))
        found, _ = analyse_kernel(noise, filters, cells, np.arange(24), 3, 39, trial, (2, 6), lambda text: None)
        p += [one.p for one in found.terms if one.version == "raw"]
        p_all.append(min(one.p_all for one in found.terms))
    assert kstest(p, "uniform").pvalue > 1e-3
    assert np.sum(np.array(p_all) <= 0.05) <= 5  # 1.3 expected; more than 5 with a chance of 1 in 500


def test_the_components_of_stripes_are_stripes():
    filters, cells = bank(40, (9, 9), frequency=(0.15, 0.15))
    frame = pair_frame(cells, 9, 2)
    kernel = np.zeros((40, 40, 9, 9))
    # Long and thin along the target's bars.
    values = np.exp(-(frame.along**2) / 50 - frame.across**2 / 4.5)
    kernel[frame.target, frame.source] = values.reshape(-1, 9, 9)
    found = analyse(filters, kernel, 2, **QUICK).kernel
    assert found.components.share[0] > 0.8 > found.relabelled_share
    along, across = found.extents
    assert along > 2 * across and found.radius == 8


def test_torchvisions_first_layer_with_two_dead_filters():
    rng = np.random.default_rng(2)
    filters, cells = bank(64, (11, 11))
    mixtures = rng.standard_normal((64, 3)) + 1
    coloured = (filters[:, None] * mixtures[:, :, None, None]).astype(np.float32)
    coloured[12], coloured[40] = 0, 0.3
    found = analyse(coloured, **QUICK)
    assert np.flatnonzero(~found.valid).tolist() == [12, 40]
    assert found.oriented.sum() == 62 and np.isnan(found.fits.n_x[[12, 40]]).all()
    assert any("2 of 64 filters (12, 40)" in note for note in found.notes) and any("main component" in note for note in found.notes)
    assert orientation_difference(found.fits.carrier, cells.carrier)[found.valid].max() < 1e-3
    np.testing.assert_allclose(found.fits.energy_kept[found.valid], 1, atol=1e-6)
    assert found.order.tolist()[-2:] == [12, 40]
    assert np.all(np.diff(found.fits.orientation[found.order[:62]]) >= 0)


@pytest.mark.parametrize(("shape", "side", "stride"), [((7, 5), 7, 2), ((11, 11), 3, 4), ((8, 10), 5, 1), ((9, 9), 3, 8), ((9, 9), 5, 30)])
def test_any_lattice_and_any_stride(shape, side, stride):
    filters, cells = bank(32, shape, frequency=(0.16, 0.26), sigma=0.24)
    kernel = planted_kernel(cells, side, stride, "cocircular", strength=1.0)
    found = analyse(filters[:, None], kernel, stride, **QUICK)
    assert found.oriented.sum() >= 28
    rings = found.kernel.rings
    assert all(ring.high - ring.low >= stride and ring.offsets >= 200 for ring in rings)
    assert found.kernel.term("cocircular", rings[-1].name).p_all < 0.05
    offsets = pair_frame(cells[np.flatnonzero(found.oriented)], side, stride).distance
    assert rings[-1].high >= offsets.max() - 1 and found.kernel.radius == stride * (side // 2)


@pytest.mark.parametrize(("sigma", "stride"), [(2, 1), (2, 2), (3, 3)])
def test_the_rings_lie_where_the_overlap_of_the_fields_ends(sigma, stride):
    filters, cells = bank(40, (25, 25), sigma=sigma / 25)
    cells = replace(cells, x=0 * cells.x, y=0 * cells.y)
    dx, dy = pixel_grid(25)
    t, f, phase = (one[:, None, None] for one in (cells.carrier, cells.frequency, cells.phase))
    filters = np.exp(-(dx**2 + dy**2) / (2 * sigma**2)) * np.cos(2 * np.pi * f * (dx * np.cos(t) + dy * np.sin(t)) + phase)
    side = 2 * (12 // stride) + 1
    frame = pair_frame(cells, side, stride)
    rings, edges = ring_edges(frame, rf_kernel(filters, side, stride), stride, None)
    # The energy of RF falls as exp(-r^2 / 2 sigma^2), in two dimensions from the innermost edge on.
    low = min(stride, 2)
    wanted = [np.sqrt(low**2 - 2 * sigma**2 * np.log(1 - share)) for share in OVERLAP]
    assert edges[0] == low and edges[1:3] == pytest.approx(wanted, abs=0.6 * stride) and edges[3] >= frame.distance.max()
    assert [ring.name for ring in rings][-1] == f"{edges[0]:g}-{edges[3]:g}" and rings[-1].overlap == 1
    chosen, _ = ring_edges(frame, rf_kernel(filters, side, stride), stride, (2, 6, 10.5, 18))
    assert [ring.name for ring in chosen] == ["2-6", "6-10.5", "10.5-18", "2-18"]


def test_a_tensor_gives_what_its_numbers_give(planted):
    torch = pytest.importorskip("torch")
    filters, _, kernel = planted
    half = filters.astype(np.float16)
    one = analyse(torch.nn.Parameter(torch.tensor(half)), torch.nn.Parameter(torch.tensor(kernel).float()), 3, **QUICK)
    other = analyse(half.astype(np.float32), kernel.astype(np.float32), 3, **QUICK)
    assert one.as_dict() == other.as_dict()


def test_a_scale_changes_lengths_alone(planted, result):
    filters, _, kernel = planted
    other = analyse(filters, kernel, 3, scale=0.1, unit="deg", **QUICK)
    np.testing.assert_allclose(other.fits.sigma_along_bar, result.fits.sigma_along_bar * 0.1)
    np.testing.assert_array_equal(other.fits.n_y, result.fits.n_y)
    assert other.harmonics == result.harmonics and other.unit == "deg" and result.unit == "px"


def test_the_weights_unit_does_not_matter(planted, result):
    filters, _, kernel = planted
    for factor in (2.0**-900, 2.0**900):
        other = analyse(filters * factor, kernel * factor, 3, **QUICK)
        np.testing.assert_allclose([one.value for one in other.harmonics], [one.value for one in result.harmonics], atol=1e-9)
        np.testing.assert_allclose(other.fits.r2, result.fits.r2, atol=1e-9)


def test_a_filter_in_front_is_part_of_the_fields():
    filters, cells = bank(24, (9, 9))
    delta = np.zeros((3, 3))
    delta[1, 1] = 2
    found = analyse(filters, l0=delta, **QUICK)
    assert found.fields.shape == (24, 11, 11) and "behind l0" in found.null_kind
    np.testing.assert_allclose(found.fields[:, 1:-1, 1:-1], 2 * filters, atol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f, K: (f[:12], K[:12, :12]), "needs 20 oriented cells, and there are 12"),
        (lambda f, K: (f[:1], K[:1, :1]), "there is 1"),
        (lambda f, K: (f, np.ones_like(K)), "constant over all pairs"),
        (lambda f, K: (f, 0 * K), "constant over all pairs"),
        (lambda f, K: (f, np.full_like(K, np.nan)), "NaN or infinite"),
        (lambda f, K: (np.repeat(f[:1], 36, axis=0), K), "all of one orientation"),
        (lambda f, K: (np.concatenate([f[:18], f[:18]]), K), "Copies of other filters, up to a scale factor: 18"),
        (lambda f, K: (f[:, 4:7, 4:7], K), "eight parameters"),
        (lambda f, K: (np.concatenate([f[:-1], 1e-8 * f[-1:]]), K), "perhaps dead: 35"),
        (lambda f, K: (np.exp(-0.02 * np.arange(11) ** 2) * np.ones((36, 11, 1)) + 1e-3 * f, K), "blobs without an orientation"),
    ],
)
def test_what_cannot_be_measured_is_said_and_stops_nothing(planted, tmp_path, change, words):
    filters, _, kernel = planted
    found = analyse(*change(filters, kernel), 3, **QUICK)
    assert any(words in note for note in found.notes), found.notes
    found.save(tmp_path / "report")
    assert words in (tmp_path / "report" / "result.json").read_text()


@pytest.mark.filterwarnings("error")
def test_cells_with_broken_weights_are_left_out_of_the_kernel_alone(planted):
    filters, _, kernel = planted
    broken = kernel.copy()
    broken[5], broken[:, 9], broken[7, 7] = np.nan, np.inf, np.nan
    found, whole = (analyse(filters, one, 3, edges=(3, 9), **QUICK) for one in (broken, kernel))
    assert found.oriented.all()
    np.testing.assert_array_equal(found.kernel.cells, np.setdiff1d(np.arange(36), [5, 9]))
    assert found.kernel.term("cocircular", "3-9").value == pytest.approx(whole.kernel.term("cocircular", "3-9").value, abs=0.05)


def test_of_too_many_cells_some_are_drawn():
    kernel = np.zeros((400, 400, 5, 5), np.float32)
    chosen, notes = _usable(kernel, np.arange(400), 0)
    assert len(chosen) * (len(chosen) - 1) * 25 <= MOST_OFFSETS and "drawn at random" in notes[0]
    np.testing.assert_array_equal(chosen, _usable(kernel, np.arange(400), 0)[0])
    assert not np.array_equal(chosen, _usable(kernel, np.arange(400), 1)[0])


def test_the_seed_decides_everything(planted, result):
    filters, _, kernel = planted
    assert analyse(filters, kernel, 3, name="planted", **QUICK).as_dict() == result.as_dict()
    assert analyse(filters, kernel, 3, seed=1, **QUICK).level != result.level


class Page(HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.sources, self.alts, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)
        self.sources += [attributes[name] for name in ("src", "href", "srcset", "data", "action") if name in attributes]
        if tag == "img":
            self.alts.append(attributes.get("alt", ""))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_needs_nothing_else(result, tmp_path):
    result.save(tmp_path / "deep" / "report")
    text = (tmp_path / "deep" / "report" / "index.html").read_text()
    page = Page(text)
    assert page.open == [] and "script" not in page.tags and "link" not in page.tags
    assert all(one.startswith("data:image/") or one == "result.json" for one in page.sources)
    assert not re.search(r"url\(|@import", text)
    assert page.tags.count("img") == len(page.alts) >= 36 + 6 and all(len(alt) > 10 for alt in page.alts)
    assert "prefers-color-scheme: dark" in text and 'name="viewport"' in text
    assert "one network, so one sample" in text and "co-circular" in text
    assert sorted(path.name for path in (tmp_path / "deep").rglob("*")) == ["index.html", "report", "result.json"]


def test_what_is_in_a_name_cannot_be_markup(planted, tmp_path):
    filters, _, _ = planted
    analyse(filters[:20], name="<script>alert(1)</script>\n&", unit="<b>", scale=2, **QUICK).save(tmp_path / "report")
    text = (tmp_path / "report" / "index.html").read_text()
    assert "<script" not in text and "<b>)" not in text and "&lt;script&gt;" in text


def test_the_numbers_are_json_and_every_key_is_explained(result, tmp_path):
    result.save(tmp_path / "report")
    found = json.loads((tmp_path / "report" / "result.json").read_text(), parse_constant=pytest.fail)
    keys = set(found) - {"keys"} | {f"kernel.{key}" for key in found["kernel"]}
    assert keys == set(KEYS) == set(found["keys"])
    assert len(found["fits"]["r2"]) == 36 and len(found["kernel"]["terms"]) == len(result.harmonics)
    filters = result.filters[:, 0].copy()
    filters[3] = np.nan
    dead = analyse(filters, **QUICK).as_dict()
    assert dead["fits"]["r2"][3] is None and dead["valid"][3] is False and dead["kernel"] is None
    json.dumps(dead, allow_nan=False)


def test_a_report_is_whole_or_not_there(result, tmp_path, monkeypatch):
    folder = tmp_path / "report"
    folder.mkdir()
    monkeypatch.setattr("paper_code.analyse.page.page", lambda result: result.name)
    result.save(folder)  # an empty folder is one to write to
    before = (folder / "index.html").read_text()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(PaperCodeError, match="is not empty"):
        result.save(folder)
    replace(result, name="another").save(folder, replace=True)
    assert "another" in (folder / "index.html").read_text() != before and (folder / "mine.txt").read_text() == "mine"
    with pytest.raises(PaperCodeError, match="is a file"):
        result.save(folder / "mine.txt")
    monkeypatch.setattr("paper_code.analyse.page.json.dumps", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        result.save(tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report"]


def test_a_report_that_was_killed_is_written_by_the_same_command(result, tmp_path, monkeypatch):
    monkeypatch.setattr("paper_code.analyse.page.page", lambda result: result.name)

    def ends(folder, moment):
        """Whether saving ends, in a process that is killed at this rename."""
        child = os.fork()
        if child == 0:
            try:
                calls, rename = iter(range(10)), os.replace
                os.replace = lambda *places: os._exit(9) if next(calls) == moment else rename(*places)
                result.save(folder)
                os._exit(0)
            finally:
                os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, 9)
        return status == 0

    for number, moments in enumerate([(0,), (1,), (0, 1), (1, 0), (1, 1)]):
        folder = tmp_path / str(number)
        assert not any(ends(folder, moment) for moment in moments) and ends(folder, 2)
        assert sorted(path.name for path in folder.iterdir()) == ["index.html", "result.json"]
        with pytest.raises(PaperCodeError, match="is not empty"):
            result.save(folder)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"filters": np.zeros((4, 9, 9))}, "no filter can be fitted"),
        ({"filters": np.ones((4, 1, 1))}, "h and w >= 3"),
        ({"filters": np.ones((4, 9, 9, 3))}, "channels come second"),
        ({"filters": "here"}, "array of numbers"),
        ({"kernel": np.zeros((36, 36, 4, 4))}, "an odd side of 3 or more"),
        ({"kernel": np.zeros((36, 36, 1, 1))}, "an odd side of 3 or more"),
        ({"kernel": np.zeros((35, 35, 5, 5))}, "connects 35 cells but there are 36 filters"),
        ({"kernel": np.zeros((36, 35, 5, 5))}, r"shape \(n, n, k, k\)"),
        ({"kernel": np.zeros((36, 36, 5))}, r"shape \(n, n, k, k\)"),
        ({"kernel": np.zeros((36, 36, 5, 5)) + 1j}, "must be real"),
        ({"stride": 0}, "stride must be a whole number"),
        ({"stride": 1.5}, "stride must be a whole number"),
        ({"permutations": 3}, "permutations must be"),
        ({"null_count": 3}, "null_count must be"),
        ({"seed": -1}, "seed must be"),
        ({"scale": 0}, "scale must be"),
        ({"l0": np.ones(3)}, "l0 must be one filter"),
        ({"l0": np.full((3, 3), np.nan)}, "l0 must be one filter"),
        ({"edges": (3,)}, "edges of rings"),
        ({"edges": (3, 2)}, "edges of rings"),
        ({"edges": (3, np.nan)}, "edges of rings"),
    ],
)
def test_bad_input_is_one_line(planted, arguments, words):
    with pytest.raises(PaperCodeError, match=words) as caught:
        analyse(**{"filters": planted[0], **QUICK, **arguments})
    assert "\n" not in str(caught.value)


def test_a_term_that_is_not_there_is_named(result):
    with pytest.raises(PaperCodeError, match="no term round at 1-2 px"):
        result.kernel.term("round", "1-2")


def test_a_unit_without_a_scale_is_refused():
    with pytest.raises(PaperCodeError, match="needs scale"):
        analyse(np.eye(9)[None], unit="deg")
