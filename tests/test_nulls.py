"""The null distributions: exact where theory gives them, the design's quantiles elsewhere, the same for the same seed."""

import numpy as np
import pytest
from scipy.stats import beta, kstest

from paper_code.core.errors import PaperCodeError
from paper_code.filters.gabor import fit_gabor
from paper_code.filters.laplacian import fit_log
from paper_code.filters.nulls import gabor_level, null_filters, null_radial
from paper_code.filters.radial import radial_symmetry


def q95(values):
    return np.quantile(values, 0.95)


def test_white_indices_about_the_middle_follow_their_beta_laws():
    null = radial_symmetry(null_filters(7, "white", 4000, seed=0))
    assert kstest(null.i_orb, beta(9 / 2, 39 / 2).cdf).pvalue > 1e-3
    assert kstest(null.i_rad, beta(5 / 2, 43 / 2).cdf).pvalue > 1e-3
    assert beta(9 / 2, 39 / 2).ppf(0.95) == pytest.approx(0.330, abs=5e-4)
    assert beta(5 / 2, 43 / 2).ppf(0.95) == pytest.approx(0.2205, abs=5e-5)


@pytest.mark.parametrize(
    ("size", "kind", "count", "quantile", "tolerance"),
    [
        (7, "white", 400, 0.41, 0.03),
        (7, "smooth", 400, 0.84, 0.03),
        (11, "white", 150, 0.21, 0.02),
        (11, "smooth", 250, 0.64, 0.05),
        (9, "smooth", 1000, 0.735, 0.001),
    ],
)
def test_gabor_quantiles(size, kind, count, quantile, tolerance):
    filters = null_filters(size, kind, count, seed=0)
    whole = q95(fit_gabor(filters).r2)
    assert whole == pytest.approx(quantile, abs=tolerance)
    assert gabor_level(filters) == pytest.approx(whole, abs=1e-9)  # though it leaves most filters unfinished


def test_radial_quantiles():
    smooth, white = null_radial(7, "smooth", 1000, seed=0), null_radial(7, "white", 1000, seed=0)
    middle = [q95(radial_symmetry(null_filters(7, kind, 1000, seed=0)).i_rad) for kind in ("smooth", "white")]
    assert middle[0] == pytest.approx(0.35, abs=0.03)
    assert q95(smooth.log_r2) == pytest.approx(0.77, abs=0.03)
    assert q95(white.log_r2) == pytest.approx(0.31, abs=0.03)
    # A fitted centre finds symmetry that the middle does not have, so the null must be recentred as the data are.
    assert q95(white.i_rad) > middle[1] + 0.05 and q95(smooth.i_rad) > middle[0] + 0.2


def test_a_null_is_treated_as_the_data_are():
    filters = null_filters(9, "smooth", 6, seed=3)
    fit = fit_log(filters)
    np.testing.assert_array_equal(null_radial(9, "smooth", 6, seed=3).i_rad, radial_symmetry(filters, fit.x0, fit.y0).i_rad)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_seed_decides_everything(seed):
    np.testing.assert_array_equal(null_filters(9, "smooth", 5, seed), null_filters(9, "smooth", 5, seed))
    assert not np.array_equal(null_filters(9, "smooth", 5, seed), null_filters(9, "smooth", 5, seed + 1))


def test_receptive_field_null_looks_through_psi0():
    delta, seen = np.zeros((7, 7)), null_filters(9, "smooth", 4, seed=0)
    delta[3, 3] = 1
    through = null_filters(9, "smooth", 4, seed=0, psi0=delta)
    assert through.shape == (4, 15, 15)
    np.testing.assert_allclose(through[:, 3:-3, 3:-3], seen, atol=1e-12)


def test_smoothing_is_a_gaussian_of_one_pixel():
    field = null_filters(41, "smooth", 60, seed=4)[:, 5:-5, 5:-5]
    variance = (field**2).mean()
    for lag in (1, 2, 3):  # the correlation of Gaussian-blurred noise is a Gaussian, sqrt(2) times as wide
        across, down = (field[:, :, lag:] * field[:, :, :-lag]).mean(), (field[:, lag:] * field[:, :-lag]).mean()
        np.testing.assert_allclose([across / variance, down / variance], np.exp(-(lag**2) / 4), atol=0.03)
    assert abs((field[1:] * field[:-1]).mean()) < 0.03 * variance  # one filter knows nothing of the next


@pytest.mark.parametrize("bad", [{"kind": "pink"}, {"seed": None}, {"seed": -1}, {"seed": True}, {"count": 0}, {"size": 2}])
def test_bad_nulls_are_refused(bad):
    with pytest.raises(PaperCodeError, match="null|seed"):
        null_filters(**{"size": 7, "kind": "white", "count": 2, "seed": 0} | bad)


@pytest.mark.parametrize("quantile", [1.5, -0.1, np.nan, "high", None])
def test_a_quantile_that_is_none_is_refused(quantile):
    with pytest.raises(PaperCodeError, match="quantile must be a number between 0"):
        gabor_level(null_filters(5, "smooth", 5, 0), quantile)


def test_the_highest_quantile_is_the_best_fit():
    filters = null_filters(5, "smooth", 12, 0)
    assert gabor_level(filters, 1) == fit_gabor(filters).r2.max()
