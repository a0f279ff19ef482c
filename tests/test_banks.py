"""Laws of the fits on banks from elsewhere: any sides, colours, tensors, filters that are dead, and other units."""

from dataclasses import fields

import independent
import numpy as np
import pytest

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import orientation_difference, pixel_grid
from paper_code.filters import fit_dog, fit_gabor, fit_log, radial_symmetry, spectral_orientation, spectrum_matched
from paper_code.filters.fitting import read_bank
from paper_code.filters.radial import frequency_response
from paper_code.filters.spectrum import fine, frequency_grid, modulus, transform
from paper_code.lateral import Cells, pair_frame
from paper_code.lateral.bank import Bank
from paper_code.lateral.kernels import rf_kernel

SHAPES = [(8, 8), (7, 11), (12, 9), (10, 7)]


def gabors(shape, count=24, seed=0):
    """Gabors of known parameters on any lattice."""
    rng, short = np.random.default_rng(seed), min(shape)
    truth = {
        "x0": rng.uniform(-1, 1, count),
        "y0": rng.uniform(-1, 1, count),
        "carrier": (np.arange(count) + 0.3) * np.pi / count,
        "frequency": rng.uniform(0.17, 0.25, count),
        "sigma_along_carrier": rng.uniform(0.2, 0.24, count) * short,
        "sigma_along_bar": rng.uniform(0.16, 0.3, count) * short,
        "amplitude": rng.uniform(0.5, 3, count),
        "phase": rng.uniform(-np.pi, np.pi, count),
    }
    return independent.gabors(truth, shape), truth


def same(one, other, **options):
    """All fields of two results are equal, or close if options say how."""
    for item in fields(one):
        a, b = getattr(one, item.name), getattr(other, item.name)
        if options and a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, err_msg=item.name, **options)
        else:
            np.testing.assert_array_equal(a, b, err_msg=item.name)


@pytest.mark.parametrize("shape", [*SHAPES, (9, 9), (15, 15)])
def test_planted_gabors_come_back_on_any_lattice(shape):
    filters, truth = gabors(shape)
    bank = fit_gabor(filters)
    for name in set(truth) - {"carrier", "phase"}:
        np.testing.assert_allclose(getattr(bank, name), truth[name], atol=1e-4, err_msg=name)
    assert orientation_difference(bank.carrier, truth["carrier"]).max() < 1e-5
    assert np.abs(np.angle(np.exp(1j * (bank.phase - truth["phase"])))).max() < 1e-4
    np.testing.assert_allclose(bank.n_x, truth["frequency"] * truth["sigma_along_carrier"], atol=1e-4)
    np.testing.assert_allclose(bank.n_y, truth["frequency"] * truth["sigma_along_bar"], atol=1e-4)
    np.testing.assert_allclose(bank.render(shape), filters, atol=1e-4)
    np.testing.assert_array_equal(bank.energy_kept, 1)
    assert bank.valid.all() and not (bank.at_bound | bank.blob).any() and bank.r2.min() > 1 - 1e-8
    assert (bank.degenerate == (bank.n_x < 0.25)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_transposing_a_bank_reflects_its_fits(shape):
    filters, _ = gabors(shape, seed=1)
    filters = filters + 0.3 * filters.std() * np.random.default_rng(1).standard_normal(filters.shape)
    # Rows become columns: (x, y) goes to (-y, -x), and a direction t to -t - 90 degrees.
    one, other = fit_gabor(filters), fit_gabor(filters.swapaxes(1, 2))
    np.testing.assert_allclose(other.r2, one.r2, atol=1e-6)
    np.testing.assert_allclose([other.x0, other.y0], [-one.y0, -one.x0], atol=5e-3)
    assert orientation_difference(other.orientation, -one.orientation - np.pi / 2).max() < 2e-3
    assert orientation_difference(other.spectral_orientation, -one.spectral_orientation - np.pi / 2).max() < 1e-9
    log, turned = fit_log(filters), fit_log(filters.swapaxes(1, 2))
    np.testing.assert_allclose(turned.r2, log.r2, atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8), (9, 6), (7, 10)])
def test_planted_logs_come_back_on_any_lattice(shape):
    x, y = pixel_grid(shape)
    rng = np.random.default_rng(2)
    place, sigma = rng.uniform(-1, 1, (20, 2)), rng.uniform(0.8, 1.6, 20)
    q = ((x - place[:, 0, None, None]) ** 2 + (y - place[:, 1, None, None]) ** 2) / (2 * sigma[:, None, None] ** 2)
    filters = -2 * (1 - q) * np.exp(-q) + 0.1
    fit = fit_log(filters)
    np.testing.assert_allclose(np.stack([fit.x0, fit.y0, fit.sigma], axis=1), np.column_stack([place, sigma]), atol=1e-5)
    np.testing.assert_allclose(fit.render(filters.shape[1:]), filters, atol=1e-5)
    assert radial_symmetry(filters, fit.x0, fit.y0).i_rad.min() > 0.99
    assert fit_dog(filters).r2.min() > 0.99
    response = frequency_response(filters[0], fit[0])
    np.testing.assert_allclose(response.radial_mean, response.fitted, atol=1e-4)


def test_the_orbits_of_a_rectangle_are_its_own():
    x, y = pixel_grid((5, 9))
    even = np.cos(0.7 * x) * np.cos(0.4 * y)
    assert radial_symmetry(even[None]).i_orb[0] == pytest.approx(1)
    assert radial_symmetry((even + 0.5 * np.sin(0.7 * x))[None]).i_orb[0] < 0.9


def test_spectra_have_the_axes_of_their_lattice():
    filters = np.random.default_rng(3).standard_normal((2, 6, 9))
    np.testing.assert_allclose(modulus(filters), np.abs(transform(filters, *frequency_grid(fine((6, 9))))), atol=1e-12)
    fx, fy = frequency_grid((5, 3))
    assert fx.shape == (5, 3) and np.ptp(fx[0]) == pytest.approx(2 / 3) and np.ptp(fy[:, 0]) == pytest.approx(4 / 5)


@pytest.mark.parametrize("shape", [(11, 11), (8, 7)])
def test_colours_are_projected_on_their_main_component(shape):
    filters, truth = gabors(shape, 12)
    rng = np.random.default_rng(4)
    mixtures = rng.standard_normal((12, 3))
    mixtures /= np.linalg.norm(mixtures, axis=1, keepdims=True)
    coloured = mixtures[:, :, None, None] * filters[:, None]
    bank = fit_gabor(coloured)
    np.testing.assert_allclose(bank.energy_kept, 1, atol=1e-12)
    np.testing.assert_allclose(bank.amplitude, truth["amplitude"], atol=1e-4)
    # The sign is that of the sum of the mixture.
    np.testing.assert_allclose(read_bank(coloured).values, np.sign(mixtures.sum(axis=1))[:, None, None] * filters, atol=1e-9)
    np.testing.assert_allclose(read_bank(-coloured).values, -read_bank(coloured).values, atol=1e-9)
    np.testing.assert_array_equal(fit_gabor(filters[:, None]).r2, fit_gabor(filters).r2)


def test_opponent_colours_have_a_sign_too():
    filters, _ = gabors((9, 9), 4)
    red_green = np.array([1, -1, 0])[:, None, None] * filters[:, None]
    for sign, coloured in ((1, red_green), (-1, -red_green), (1, red_green + 1e-13)):
        np.testing.assert_allclose(read_bank(coloured).values, sign * np.sqrt(2) * filters, atol=1e-9)


def test_the_energy_that_a_second_colour_takes_is_said():
    filters, _ = gabors((9, 9), 2)
    one, other = filters / np.linalg.norm(filters, axis=(1, 2), keepdims=True)
    other = other - (other * one).sum() * one
    other /= np.linalg.norm(other)
    coloured = np.stack([one, 0.5 * other, 0 * one])[None]
    assert read_bank(coloured).energy_kept[0] == pytest.approx(0.8)
    np.testing.assert_allclose(read_bank(coloured).values[0], one, atol=1e-9)


FITS = [fit_gabor, fit_log, fit_dog, radial_symmetry]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("colours", [False, True])
@pytest.mark.parametrize("analysis", FITS)
def test_a_dead_filter_is_flagged_and_changes_no_other(analysis, colours):
    filters, _ = gabors((9, 7), 6)
    filters = filters[:, None] * np.array([0.2, 0.9, -0.1])[:, None, None] if colours else filters
    dead = filters.copy()
    dead[1], dead[3], dead[5] = 0, np.nan, 0.7
    dead[4].flat[3] = -np.inf
    found, alone = analysis(dead), analysis(dead[[0, 2]])
    assert found.valid.tolist() == [True, False, True, False, False, False]
    same(found[found.valid], alone)
    for item in fields(found):
        column = getattr(found, item.name)[~found.valid]
        if item.name in ("r2", "sigma", "amplitude", "i_orb", "i_rad", "orientation", "n_x"):
            assert np.isnan(column).all(), item.name
        if column.dtype == bool:
            assert not column.any(), item.name


@pytest.mark.filterwarnings("error")
def test_the_spectral_orientation_of_a_dead_filter_is_no_number():
    filters, _ = gabors((9, 9), 3)
    filters[1] = 0
    assert np.isnan(spectral_orientation(filters)).tolist() == [False, True, False]


@pytest.mark.parametrize("analysis", FITS)
def test_whatever_holds_the_numbers_they_are_fitted_alike(analysis):
    half = gabors((9, 9), 4)[0].astype(np.float16)
    wanted = analysis(half.astype(np.float32))
    for other in (half, half.astype(np.float64), half.tolist()):
        same(analysis(other), wanted)


@pytest.mark.parametrize("analysis", FITS)
def test_a_tensor_is_fitted_as_its_numbers_are(analysis):
    torch = pytest.importorskip("torch")
    half = gabors((9, 9), 4)[0].astype(np.float16)
    wanted, tensor = analysis(half.astype(np.float32)), torch.tensor(half)
    for other in (tensor, torch.nn.Parameter(tensor), torch.nn.Parameter(tensor.float()) * 1, tensor[:, None]):
        same(analysis(other), wanted)
    rough = torch.tensor(half).bfloat16().requires_grad_()
    same(analysis(rough), analysis(rough.detach().float().numpy()))


def test_a_scale_changes_units_and_nothing_else():
    filters, _ = gabors((9, 8), 6)
    pixels, units = fit_gabor(filters), fit_gabor(filters).in_units(0.25)
    for name in ("x0", "y0", "sigma_along_carrier", "sigma_along_bar"):
        np.testing.assert_allclose(getattr(units, name), getattr(pixels, name) / 4)
    np.testing.assert_allclose(units.frequency, 4 * pixels.frequency)
    for name in ("r2", "n_x", "n_y", "orientation", "phase", "amplitude", "at_bound"):
        np.testing.assert_array_equal(getattr(units, name), getattr(pixels, name))
    np.testing.assert_allclose(units.render((9, 8)), pixels.render((9, 8)), atol=1e-12)
    np.testing.assert_allclose(units[2].render((9, 8)), filters[2], atol=1e-4)
    log, log_units, f = fit_log(filters), fit_log(filters).in_units(3), np.linspace(0, 0.5, 7)
    np.testing.assert_allclose(log_units.render((9, 8)), log.render((9, 8)), atol=1e-9)
    np.testing.assert_allclose(log_units.response(f / 3), log.response(f), atol=1e-9)
    # Cells and stride in one unit have the frame of the same in pixels.
    frame, in_units = (pair_frame(Cells.from_gabors(one), 3, stride) for one, stride in ((pixels, 2), (units, 0.5)))
    np.testing.assert_allclose(in_units.along, frame.along / 4)
    np.testing.assert_allclose(in_units.phase, frame.phase)


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf, "wide", None])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(PaperCodeError, match="scale must be a number above 0"):
        fit_gabor(gabors((9, 9), 1)[0]).in_units(scale)


@pytest.mark.parametrize("shape", [(11, 11), (7, 10)])
def test_the_null_of_a_bank_has_its_spectrum(shape):
    filters, _ = gabors(shape, 20)
    loud = filters * np.geomspace(1, 1e6, 20)[:, None, None]
    null = spectrum_matched(loud, 4000, seed=0)
    unit = filters / np.linalg.norm(filters, axis=(1, 2), keepdims=True)
    wanted = (np.abs(np.fft.fft2(unit)) ** 2).mean(axis=0)
    found = (np.abs(np.fft.fft2(null)) ** 2).mean(axis=0)
    np.testing.assert_allclose(found, wanted, rtol=0.15, atol=1e-3 * wanted.max())
    assert (null**2).sum(axis=(1, 2)).mean() == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(null[:3], spectrum_matched(np.concatenate([loud, 0 * loud[:2]]), 3, seed=0))
    assert not np.array_equal(null[:3], spectrum_matched(loud, 3, seed=1))
    with pytest.raises(PaperCodeError, match="count of a null must be"):
        spectrum_matched(loud, 0, seed=0)
    with pytest.raises(PaperCodeError, match="needs a seed"):
        spectrum_matched(loud, 3, seed=-1)


def test_gabors_rise_above_fields_of_their_own_spectrum_and_such_fields_do_not():
    filters, _ = gabors((11, 9), 40)

    def oriented(bank):
        fits = fit_gabor(bank)
        return fits.beyond(np.quantile(fit_gabor(spectrum_matched(bank, 200, seed=0)).r2, 0.95)).sum()

    assert oriented(filters) == 40
    assert oriented(spectrum_matched(filters, 60, seed=5)) <= 9  # 3 expected; 9 with a chance of 1 in 300


def test_a_bank_and_its_kernel_may_be_tensors_with_a_dead_cell():
    torch = pytest.importorskip("torch")
    filters, _ = gabors((7, 9), 6)
    filters[2] = 0
    K = np.random.default_rng(6).standard_normal((6, 6, 3, 3)).astype(np.float32)
    filters = filters.astype(np.float32)
    bank = Bank.of(None, torch.nn.Parameter(torch.tensor(filters)), torch.nn.Parameter(torch.tensor(K)), 2, count=60)
    plain = Bank.of(None, filters, K, 2, count=60)
    same(bank.fits, plain.fits)
    np.testing.assert_array_equal(bank.K, plain.K)
    assert 2 not in bank.oriented and not bank.rf[2].any() and bank.rf[0, 0, 1, 1] == pytest.approx(1)


def test_a_constant_filter_is_as_dead_behind_an_l0():
    filters, _ = gabors((7, 7), 6)
    filters[2] = 0.5
    front = np.outer([1.0, 2, 1], [1.0, 2, 1])
    bank = Bank.of(front, filters, None, 1, count=60)
    assert bank.fits.valid.tolist() == [index != 2 for index in range(6)] and 2 not in bank.oriented
    alone = Bank.of(front, filters[:2], None, 1, count=60)
    same(bank.fits[:2], alone.fits)


def test_a_pair_with_a_cell_that_has_no_fit_is_refused():
    filters, _ = gabors((9, 9), 3)
    filters[1] = 0
    with pytest.raises(PaperCodeError, match="cell 1 has no fit"):
        pair_frame(Cells.from_gabors(fit_gabor(filters)), 3, 1)


def test_rf_of_fields_that_are_not_square_is_their_correlation():
    fields_, _ = gabors((6, 9), 3)
    fields_ = fields_ / np.linalg.norm(fields_, axis=(1, 2), keepdims=True)
    kernel = rf_kernel(fields_, 5, 2)
    # Source 1 moved by one place right and two up: 2 px and 4 px.
    moved = np.zeros((6 + 8, 9 + 8))
    moved[4 - 4 : 10 - 4, 4 + 2 : 13 + 2] = fields_[1]
    target = np.zeros((6 + 8, 9 + 8))
    target[4:10, 4:13] = fields_[0]
    assert kernel[0, 1, 0, 3] == pytest.approx((moved * target).sum())
