"""Laws of the LoG fit, of the radial indices and of the frequency response."""

import numpy as np
import pytest

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import pixel_grid
from paper_code.filters.laplacian import fit_dog, fit_log
from paper_code.filters.nulls import null_filters
from paper_code.filters.radial import frequency_response, radial_profile, radial_symmetry, recentre
from paper_code.filters.spectrum import frequency_grid, transform


def planted_log(size, x0, y0, sigma, amplitude=1.0, constant=0.0):
    x, y = pixel_grid(size)
    q = ((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma**2)
    return amplitude * (1 - q) * np.exp(-q) + constant


def test_planted_log_comes_back_off_centre_and_of_either_sign():
    rng = np.random.default_rng(0)
    x0, y0, sigma = rng.uniform(-2, 2, 40), rng.uniform(-2, 2, 40), rng.uniform(0.7, 2.2, 40)
    amplitude, constant = rng.uniform(0.2, 3, 40) * rng.choice([-1, 1], 40), rng.uniform(-0.3, 0.3, 40)
    filters = np.stack([planted_log(7, *p) for p in zip(x0, y0, sigma, amplitude, constant, strict=True)])
    fit = fit_log(filters)
    for name, truth in (("x0", x0), ("y0", y0), ("sigma", sigma), ("amplitude", amplitude), ("constant", constant)):
        np.testing.assert_allclose(getattr(fit, name), truth, atol=1e-5, err_msg=name)
    assert fit.r2.min() > 1 - 1e-9 and not fit.at_bound.any()
    assert np.abs(filters - fit.render(7)).max() < 1e-5
    np.testing.assert_allclose(fit[3].render(7), filters[3], atol=1e-5)


def test_a_log_integrates_to_nothing():
    for sigma in (0.8, 1.5, 2.5):
        surface = planted_log(61, 0.3, -0.4, sigma)
        assert abs(surface.sum()) < 1e-3 * np.abs(surface).sum()


def test_closed_form_of_the_frequency_response():
    psi0 = planted_log(31, 0, 0, 2.0, amplitude=-2.5)
    fit = fit_log(psi0[None])[0]
    fx, fy = frequency_grid(21)
    by_sum = transform(psi0[None], fx, fy)[0]
    np.testing.assert_allclose(by_sum, fit.response(np.hypot(fx, fy).ravel()).reshape(21, 21), atol=1e-6)
    f = np.linspace(0, 0.5, 50001)
    assert f[np.abs(fit.response(f)).argmax()] == pytest.approx(1 / (np.sqrt(2) * np.pi * 2.0), abs=1e-4)


def test_transform_is_the_fft_and_its_vertical_axis_points_up():
    image = np.random.default_rng(1).standard_normal((9, 9))
    fx, fy = frequency_grid(9)
    np.testing.assert_allclose(np.abs(transform(image[None], fx, fy)[0]), np.abs(np.fft.fftshift(np.fft.fft2(image))), atol=1e-10)
    x, y = pixel_grid(9)
    rising = transform(np.exp(2j * np.pi * (0.1 * x + 0.2 * y))[None], np.array([0.1, 0.1]), np.array([0.2, -0.2]))[0]
    assert abs(rising[0]) == pytest.approx(81) and abs(rising[1]) < 20


def test_frequency_response_of_a_log_is_a_ring():
    psi0 = planted_log(15, 0, 0, 1.6)
    response = frequency_response(psi0, fit_log(psi0[None])[0])
    np.testing.assert_allclose(response.radial_mean, response.fitted, atol=2e-3 * response.fitted.max())
    assert response.radial_spread.max() < 2e-3 * response.fitted.max()
    assert response.modulus.shape == (65, 65)


def test_a_quarter_turn_and_a_reflection_move_the_centre():
    filters = planted_log(7, 1.2, -0.4, 1.1)[None] + 0.1 * np.random.default_rng(3).standard_normal((1, 7, 7))
    fit, turned, flipped = fit_log(filters), fit_log(np.rot90(filters, axes=(1, 2))), fit_log(filters[:, ::-1])
    np.testing.assert_allclose([turned.x0, turned.y0], [-fit.y0, fit.x0], atol=1e-4)
    np.testing.assert_allclose([flipped.x0, flipped.y0], [fit.x0, -fit.y0], atol=1e-4)
    for same in (turned, flipped, fit_log(-3 * filters + 1)):
        np.testing.assert_allclose(same.r2, fit.r2, atol=1e-7)


def test_a_discrete_laplacian_looks_like_a_narrow_log():
    laplacian = np.zeros((7, 7))
    laplacian[2:5, 3] = laplacian[3, 2:5] = -1
    laplacian[3, 3] = 4
    fit = fit_log(laplacian[None])[0]
    assert fit.r2 > 0.94 and fit.sigma < 0.6


def test_dog_recovers_two_gaussians_and_a_log_is_nearly_one():
    x, y = pixel_grid(9)
    r2 = (x - 0.7) ** 2 + (y + 0.5) ** 2
    fit = fit_dog((2 * np.exp(-r2 / 2) - 0.6 * np.exp(-r2 / 12.5) + 0.1)[None])[0]
    found = [fit.x0, fit.y0, fit.sigma_centre, fit.sigma_surround, fit.amplitude_centre, fit.amplitude_surround, fit.constant]
    np.testing.assert_allclose(found, [0.7, -0.5, 1, 2.5, 2, -0.6, 0.1], atol=1e-3)
    np.testing.assert_allclose(fit.render(9), 2 * np.exp(-r2 / 2) - 0.6 * np.exp(-r2 / 12.5) + 0.1, atol=1e-4)
    assert fit_dog(planted_log(9, 0, 0, 1.5)[None]).r2[0] > 0.999


def test_orbits_cannot_tell_a_square_from_a_disc_but_the_radial_index_can():
    x, y = pixel_grid(7)
    square = (np.cos(1.3 * x) * np.cos(1.3 * y))[None]
    indices = radial_symmetry(square)
    assert indices.i_orb[0] == pytest.approx(1, abs=1e-12)
    assert indices.i_rad[0] < 0.5


def test_a_log_is_radial_once_recentred():
    filters = np.stack([planted_log(7, x0, y0, 1.3) for x0, y0 in [(0, 0), (0.4, -0.3), (1, 0.6)]])
    fit = fit_log(filters)
    recentred = radial_symmetry(filters, fit.x0, fit.y0)
    assert recentred.i_rad.min() > 0.999
    assert recentred.i_orb.min() > 0.9 and recentred.i_orb[0] > 1 - 1e-8
    assert radial_symmetry(filters).i_rad[2] < 0.7


def test_radial_indices_ignore_turns_and_affine_maps_of_the_weights():
    filters = null_filters(7, "smooth", 20, seed=5)
    before = radial_symmetry(filters)
    for same in (np.rot90(filters, axes=(1, 2)), filters[:, ::-1], 4 - 2 * filters):
        after = radial_symmetry(same)
        np.testing.assert_allclose(after.i_orb, before.i_orb, atol=1e-10)
        np.testing.assert_allclose(after.i_rad, before.i_rad, atol=1e-10)


def test_recentring_moves_the_fitted_centre_to_the_middle():
    fit = fit_log(recentre(planted_log(15, 1.3, -0.6, 1.5)[None], 1.3, -0.6))[0]
    assert abs(fit.x0) < 0.02 and abs(fit.y0) < 0.02


def test_the_profile_of_a_log_lies_on_its_curve():
    filters = planted_log(7, 0.4, 0.9, 1.2)[None]
    fit = fit_log(filters)
    radius, weight = radial_profile(filters, fit.x0, fit.y0)
    assert (np.diff(radius[0]) >= 0).all() and radius.shape == (1, 49)
    np.testing.assert_allclose(weight[0], fit[0].profile(radius[0]), atol=1e-5)
    assert abs(fit[0].profile(np.sqrt(2) * fit.sigma) - fit.constant) < 1e-9


def test_a_centre_off_the_lattice_is_refused():
    with pytest.raises(PaperCodeError, match="off its lattice"):
        radial_symmetry(planted_log(7, 0, 0, 1)[None], 20, 0)
    with pytest.raises(PaperCodeError, match="a centre as an array of numbers"):
        radial_symmetry(planted_log(7, 0, 0, 1)[None], "middle", 0)
    with pytest.raises(PaperCodeError, match=r"arrays \(1,\), not of shapes \(2,\) and \(\)"):
        radial_symmetry(planted_log(7, 0, 0, 1)[None], [0, 0], 0)


def test_integers_are_recentred_as_numbers():
    filters = np.round(100 * planted_log(9, 0.5, 0, 1.3)[None]).astype(int)
    np.testing.assert_allclose(recentre(filters, 0.5, 0), recentre(filters.astype(float), 0.5, 0))
