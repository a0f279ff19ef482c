"""The measures of the shipped networks, against fits by other code."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from paper_code import measures, weights
from paper_code.filters import fit_gabor

SEEDS = weights.seeds("reference")


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
    assert (lgn.fit.r2 > lgn.null_log_r2).all()
    assert (lgn.symmetry.i_rad > lgn.null_i_rad).all()
    assert np.median(lgn.start_fit.r2) < lgn.null_log_r2


def test_radial_index_ignores_a_quarter_turn(lgn):
    turned = np.rot90(lgn.filters, axes=(1, 2))
    fit = measures.fit_log(turned)
    again = measures.radial_symmetry(turned, fit.x0, fit.y0)
    np.testing.assert_allclose(again.i_rad, lgn.symmetry.i_rad, atol=1e-5)


def test_gabor_share_counts_filters_above_the_null():
    cells = measures.measure_simple_cells("reference", SEEDS[:1], null_count=60, field_null_count=10)
    numbers = cells.numbers()
    expected = (fit_gabor(weights.load_early("reference", SEEDS[0]).l1).r2 > np.quantile(cells.null, 0.95)).mean()
    assert numbers["gabor_share_above_null"] == [pytest.approx(expected)]
    assert numbers["gabor_median_r2"][0] > numbers["null_median_r2"] > numbers["start_median_r2"][0]


def test_shared_spectrum_is_one_for_equal_spectra_and_low_for_noise():
    generator = np.random.default_rng(0)
    l0 = generator.standard_normal((7, 7))
    assert measures.shared_spectrum(l0, l0[None]).correlation == pytest.approx(1)
    assert measures.shared_spectrum(l0, l0[None, ::-1, ::-1] * 3).correlation == pytest.approx(1)  # power knows neither sign nor scale
    assert abs(measures.shared_spectrum(l0, generator.standard_normal((64, 9, 9))).correlation) < 0.6


def test_report_says_what_it_fitted():
    early = weights.load_early("reference", SEEDS[0])
    report = measures.fit_report(early.l0, early.l1[:4], null_count=20)
    assert report.as_dict()["l0"]["r2"] == pytest.approx(report.log.r2[0])
    assert f"{report.log.r2[0]:.3f}" in report.text()
    assert "4 filters" in report.text()
    assert "l0" not in measures.fit_report(None, early.l1[:4], null_count=20).text()
