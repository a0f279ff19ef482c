"""The measures of the shipped networks, against fits by other code."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from paper_code import weights
from paper_code.core import table
from paper_code.core.statistics import generator
from paper_code.core.text import comments
from paper_code.filters import fit_gabor, measures
from paper_code.lateral.frame import Cells, pair_frame
from paper_code.report.sensitivity import arithmetic, shifted
from paper_code.workflow.html import stage

SEEDS = weights.seeds("reference")[:5]


@pytest.fixture(scope="module")
def lgn():
    return measures.measure_lgn("reference", SEEDS, null_count=50)


def independent_log_r2(weights_2d):
    """LoG R^2 by plain nonlinear least squares over all five parameters, from several starts."""
    size = len(weights_2d)
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2

    def residual(p):
        q = ((columns - p[0]) ** 2 + (rows - p[1]) ** 2) / (2 * p[2] ** 2)
        return (p[3] * (1 - q) * np.exp(-q) + p[4] - weights_2d).ravel()

    starts = [(0, 0, sigma, sign * np.abs(weights_2d).max(), 0) for sigma in (0.8, 1.2, 1.8, 2.6) for sign in (1, -1)]
    best = min(2 * least_squares(residual, start).cost for start in starts)
    return 1 - best / ((weights_2d - weights_2d.mean()) ** 2).sum()


def test_log_r2_of_shipped_filters_agrees_with_an_independent_fit(lgn):
    expected = [independent_log_r2(filter_) for filter_ in lgn.filters]
    np.testing.assert_allclose(lgn.fit.r2, expected, atol=1e-4)


def test_training_took_l0_out_of_the_null(lgn):
    assert (lgn.fit.r2 > lgn.level("log_r2")).all()
    assert (lgn.symmetry.i_rad > lgn.level("i_rad")).all()
    assert np.median(lgn.start_fit.r2) < lgn.level("log_r2")


def test_radial_index_ignores_a_quarter_turn(lgn):
    turned = np.rot90(lgn.filters, axes=(1, 2))
    fit = measures.fit_log(turned)
    again = measures.radial_symmetry(turned, fit.x0, fit.y0)
    np.testing.assert_allclose(again.i_rad, lgn.symmetry.i_rad, atol=1e-5)


def test_the_first_networks_are_the_same_ones(lgn):
    few = lgn.first(2)
    assert few.seeds == lgn.seeds[:2] and few.null is lgn.null
    np.testing.assert_array_equal(few.fit.r2, lgn.fit.r2[:2])
    np.testing.assert_array_equal(few.start_symmetry.i_rad, lgn.start_symmetry.i_rad[:2])


def test_simple_cells_are_fitted_and_above_chance():
    cells = measures.measure_simple_cells("reference", SEEDS[:1], null_count=60, field_null_count=10)
    early = weights.load_early("reference", SEEDS[0])
    np.testing.assert_array_equal(cells.above_null[0], fit_gabor(early.l1).r2 > np.quantile(cells.null, 0.95))
    np.testing.assert_array_equal(cells.fields[0], early.receptive_fields)
    assert np.median(cells.r2) > np.median(cells.null) > np.median(cells.start_r2)


def test_the_columns_of_the_page_are_those_of_the_table():
    assert tuple(comments(table.Row)) == table.COLUMNS


def planted_frame(frequency):
    """Six cells, their frame and their offsets' distances."""
    draw = generator(0)
    angle, phase = draw.uniform(0, np.pi, 6), draw.uniform(-np.pi, np.pi, 6)
    cells = Cells(draw.uniform(-1, 1, 6), draw.uniform(-1, 1, 6), angle, np.broadcast_to(frequency, 6).astype(float), phase)
    return cells, pair_frame(cells, 5, 2)


class Planted:
    """What the rules of the sensitivity table read of a bank."""

    def __init__(self, frequency):
        self.cells, self.frame = planted_frame(frequency)


def test_moved_edges_keep_direction_and_phase():
    _, frame = planted_frame(0.1)
    r = frame.distance
    for distance in (1.0, -1.0):
        other = shifted(frame, distance)
        far = r > 1.5
        np.testing.assert_allclose(other.distance[far], (r + distance)[far])
        np.testing.assert_allclose(np.arctan2(other.across, other.along)[far], np.arctan2(frame.across, frame.along)[far])
        assert other.phase is frame.phase
    np.testing.assert_allclose(shifted(frame, 0.0).along, frame.along)


def test_the_mean_of_frequencies_matters_only_where_they_differ():
    same, unlike = Planted(0.1), Planted([0.05, 0.1, 0.15, 0.2, 0.1, 0.05])
    np.testing.assert_allclose(arithmetic(same).phase, same.frame.phase, atol=1e-12)
    cells, frame = unlike.cells, unlike.frame
    phase = arithmetic(unlike).phase
    first, second = cells.frequency[frame.target], cells.frequency[frame.source]
    equal = first == second
    np.testing.assert_allclose(phase[equal], frame.phase[equal], atol=1e-12)
    assert np.abs(phase - frame.phase)[~equal].max() > 0.1
    # Phi is linear in the displacement, with the mean frequency as its slope: the same for any two offsets of a pair.
    ratio = (phase[:, 1] - phase[:, 0]) / (frame.phase[:, 1] - frame.phase[:, 0])
    np.testing.assert_allclose(ratio, (first + second) / 2 / np.sqrt(first * second))


def test_the_shipped_networks_have_the_files_that_are_asked_for(monkeypatch):
    kept = {10: {"early", "log"}, 11: {"early", "rest"}, 12: {"early", "rest", "snapshots"}, 3: {"early", "rest", "snapshots"}}
    monkeypatch.setattr("paper_code.weights.seeds", lambda *_: sorted(kept))
    monkeypatch.setattr("paper_code.weights.entry", lambda condition, seed, directory: {"files": dict.fromkeys(kept[seed])})
    assert weights.shipped("reference") == [3]  # those of the plan are not all there
    kept |= {seed: {"early"} for seed in range(13, 20)}
    assert weights.shipped("reference") == list(range(10, 20))
    assert weights.shipped("reference", ("rest",)) == [11, 12] and weights.shipped("reference", ("rest", "snapshots")) == [12]
    kept[12].discard("snapshots")
    assert weights.shipped("reference", ("snapshots",)) == []


def test_the_staged_book_holds_the_table_of_its_build(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "intro.md").write_text("# A page\n")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    (tmp_path / "_config.yml").write_text("title: A book\n")
    stage("build/executed", "build/stage")
    assert not (tmp_path / "build/stage/book/table.csv").exists()
    table.write_table(tmp_path / "build" / "table.csv", [table.Row("reference", "10", "end", "l0.log_r2", value=0.95)])
    stage("build/executed", "build/stage")
    assert (tmp_path / "build/stage/book/table.csv").read_bytes() == (tmp_path / "build/table.csv").read_bytes()


def test_shared_spectrum_is_one_for_equal_spectra_and_low_for_noise():
    generator = np.random.default_rng(0)
    l0 = generator.standard_normal((7, 7))
    assert measures.shared_spectrum(l0, l0[None]).correlation == pytest.approx(1)
    assert measures.shared_spectrum(l0, l0[None, ::-1, ::-1] * 3).correlation == pytest.approx(1)  # power knows neither sign nor scale
    assert abs(measures.shared_spectrum(l0, generator.standard_normal((64, 9, 9))).correlation) < 0.6
