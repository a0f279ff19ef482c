"""Laws of the Gabor fit: exact recovery, equivariance, agreement with scipy, and the spectral orientation beside it."""

import tracemalloc

import independent
import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.signal import correlate2d

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import orientation_difference, pixel_grid
from paper_code.filters.fitting import best_start, minimise, unit_energy
from paper_code.filters.gabor import GaborModel, canonical, fit_gabor, starting_points, zone_edge
from paper_code.filters.laplacian import DogModel, GaussianModel, LogModel, fit_dog, fit_log
from paper_code.filters.nulls import null_filters
from paper_code.filters.radial import radial_symmetry
from paper_code.filters.spectrum import spectral_orientation
from paper_code.network.layers import receptive_fields


def planted(count, size, seed, noise=0.0, **given):
    """Gabors of known parameters, with noise of ``noise`` times their rms."""
    rng = np.random.default_rng(seed)
    truth = {
        "x0": rng.uniform(-1.2, 1.2, count),
        "y0": rng.uniform(-1.2, 1.2, count),
        "carrier": (np.arange(count) + 0.3) * np.pi / count,
        "frequency": rng.uniform(0.15, 0.25, count),
        "sigma_along_carrier": rng.uniform(0.2, 0.22, count) * size,
        "sigma_along_bar": rng.uniform(0.15, 0.35, count) * size,
        "amplitude": rng.uniform(0.5, 3, count),
        "phase": rng.uniform(-np.pi, np.pi, count),
    } | given
    filters = independent.gabors(truth, (size, size))
    filters += noise * filters.std(axis=(1, 2), keepdims=True) * rng.standard_normal(filters.shape)
    return filters, truth


def angle_gap(a, b):
    """Gap of two phases, modulo a whole turn."""
    return np.abs(np.angle(np.exp(1j * (a - b))))


@pytest.mark.parametrize("size", [9, 15])
@pytest.mark.parametrize("low", [30, 120])
@pytest.mark.parametrize("band", [(0.3, 0.5), (0.5, 0.6), (0.6, 0.7)])
def test_diagonal_gratings_come_back_up_to_the_edge_of_the_zone(size, low, band):
    rng, count = np.random.default_rng(20), 24
    carrier = np.deg2rad(low + np.linspace(1, 29, count))
    # A little inside: at the edge itself two waves have the same samples.
    frequency = np.minimum(rng.uniform(*band, count), 0.96 * zone_edge(carrier))
    filters, truth = planted(count, size, 21, carrier=carrier, frequency=frequency)
    bank = fit_gabor(filters)
    assert bank.r2.min() > 1 - 1e-8 and not (bank.at_bound | bank.blob).any()
    np.testing.assert_allclose(bank.frequency, frequency, atol=1e-5)
    assert orientation_difference(bank.carrier, carrier).max() < 1e-4
    np.testing.assert_allclose(bank.sigma_along_carrier, truth["sigma_along_carrier"], atol=1e-3)


def test_the_zone_holds_each_wave_of_the_lattice_once():
    t = np.linspace(0, 2 * np.pi, 721)
    edge = zone_edge(t)
    np.testing.assert_allclose(np.maximum(np.abs(edge * np.cos(t)), np.abs(edge * np.sin(t))), 0.5)
    np.testing.assert_allclose(zone_edge(np.array([0, np.pi / 4, np.pi / 2])), [0.5, np.sqrt(0.5), 0.5])
    model, starts = GaborModel(9), np.column_stack([np.zeros((721, 2)), t, 0.9 * edge, np.ones((721, 2))])
    parameters = model.from_frequency(starts)
    np.testing.assert_allclose(model.frequency(t, parameters[:, 3]), 0.9 * edge)
    np.testing.assert_allclose(model.frequency(t, model.lower[3]), 1 / 36)
    np.testing.assert_allclose(model.frequency(t, model.upper[3]), edge)


def test_the_orientation_is_the_direction_of_the_bars():
    rows_alternate = np.cos(2 * np.pi * 0.2 * pixel_grid(9)[1]) * np.hanning(11)[1:-1] * np.hanning(11)[1:-1, None]
    bank = fit_gabor(np.stack([rows_alternate, rows_alternate.T]))
    np.testing.assert_allclose(bank.carrier, [np.pi / 2, 0], atol=1e-6)
    assert orientation_difference(bank.orientation, [0, np.pi / 2]).max() < 1e-6
    assert orientation_difference(bank.spectral_orientation, [0, np.pi / 2]).max() < 1e-6


def test_a_quarter_turn_of_the_filter_turns_the_fit():
    filters, _ = planted(24, 9, seed=1, noise=0.3)
    before, after = fit_gabor(filters), fit_gabor(np.rot90(filters, axes=(1, 2)))  # counter-clockwise, as y points up
    np.testing.assert_allclose(after.r2, before.r2, atol=1e-6)
    assert orientation_difference(after.carrier, before.carrier + np.pi / 2).max() < 1e-3
    assert orientation_difference(after.spectral_orientation, before.spectral_orientation + np.pi / 2).max() < 1e-9
    np.testing.assert_allclose(after.x0, -before.y0, atol=2e-3)
    np.testing.assert_allclose(after.y0, before.x0, atol=2e-3)
    np.testing.assert_allclose(after.render(9), np.rot90(before.render(9), axes=(1, 2)), atol=5e-3)


def test_a_factor_goes_into_amplitude_and_polarity_only():
    filters, _ = planted(12, 9, seed=3, noise=0.3)
    before, after = fit_gabor(filters), fit_gabor(-5 * filters)
    np.testing.assert_allclose(after.amplitude, 5 * before.amplitude, rtol=1e-6)
    assert angle_gap(after.phase, before.phase + np.pi).max() < 1e-6
    for name in ("x0", "y0", "carrier", "frequency", "sigma_along_carrier", "sigma_along_bar", "r2"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=1e-6, err_msg=name)


def test_a_shift_of_the_lattice_moves_the_centre_and_nothing_else():
    filters, _ = planted(12, 9, seed=4)
    edge = np.hanning(11)[1:-1]
    filters *= edge * edge[:, None]
    middle = fit_gabor(np.pad(filters, ((0, 0), (2, 2), (2, 2))))
    moved = fit_gabor(np.pad(filters, ((0, 0), (3, 1), (4, 0))))  # one row down, two columns right
    np.testing.assert_allclose(moved.x0, middle.x0 + 2, atol=1e-3)
    np.testing.assert_allclose(moved.y0, middle.y0 - 1, atol=1e-3)
    assert orientation_difference(moved.carrier, middle.carrier).max() < 1e-3
    assert angle_gap(moved.phase, middle.phase).max() < 5e-3


def test_canonical_form_is_the_same_wave():
    rng = np.random.default_rng(5)
    t = np.concatenate([rng.uniform(-20, 20, 200), [0, -1e-20, np.pi, -np.pi, 3 * np.pi]])
    phase = np.concatenate([rng.uniform(-9, 9, 200), [np.pi, -np.pi, np.pi, 0, -np.pi]])
    folded, new_phase = canonical(t, phase)
    assert (folded >= 0).all() and (folded < np.pi).all()
    assert (new_phase > -np.pi).all() and (new_phase <= np.pi).all()
    x, y = rng.uniform(-5, 5, (2, 30, 1))
    wave = np.cos(1.3 * (x * np.cos(t) + y * np.sin(t)) + phase)
    np.testing.assert_allclose(np.cos(1.3 * (x * np.cos(folded) + y * np.sin(folded)) + new_phase), wave, atol=1e-12)


@pytest.mark.parametrize(
    "model, size, widths",
    [(GaborModel(9), 9, (0.3, 1)), (GaborModel((6, 15)), (6, 15), (-0.6, 2))]
    + [(one(7), 7, (0.1, 0.9)) for one in (LogModel, DogModel, GaussianModel)],
    ids=["Gabor", "Gabor on a rectangle", "LoG", "DoG", "Gaussian"],
)
def test_the_normal_equations_are_kaufmans(model, size, widths):
    (values, _, _), rng, k = unit_energy(null_filters(size, "smooth", 12, seed=6)), np.random.default_rng(6), len(model.lower)
    parameters = np.column_stack([rng.uniform(-2, 2, (12, 2)), rng.uniform(*widths, (12, k - 2))])
    if isinstance(model, GaborModel):
        parameters[:, 2:4] = np.column_stack([rng.uniform(-4, 4, 12), rng.uniform(0, 1, 12)])
    if isinstance(model, DogModel):
        parameters[:, 3] += 1  # two Gaussians of one width are one
    ssr, _, curvature, gradient = model.normal_equations(parameters, values)
    residual = model.residuals(parameters, values)[1]
    np.testing.assert_allclose(ssr, (residual**2).sum(axis=1))
    steps = 1e-6 * np.eye(k)
    ends = (np.stack([model.residuals(parameters + sign * step, values)[1] for step in steps], axis=1) for sign in (1, -1))
    numeric = np.subtract(*ends) / 2e-6
    basis = np.linalg.qr(model.basis(parameters).swapaxes(1, 2))[0]
    off_basis = numeric - (numeric @ basis) @ basis.swapaxes(1, 2)
    np.testing.assert_allclose(curvature, off_basis @ off_basis.swapaxes(1, 2), atol=1e-6)
    np.testing.assert_allclose(gradient, (numeric @ residual[:, :, None])[:, :, 0], atol=1e-8)


def test_the_batched_search_is_as_good_as_scipy():
    filters = null_filters(9, "smooth", 10, seed=7)
    bank = fit_gabor(filters)
    (values, _, about_mean), model = unit_energy(filters), GaborModel(9)
    starts = model.from_frequency(starting_points(filters))
    scipy_r2 = []
    for value, tries, total in zip(values, starts, about_mean, strict=True):

        def left(p, value=value):
            return model.residuals(p[None], value[None])[1][0]

        fits = [
            least_squares(left, np.clip(p, model.lower + 1e-9, model.upper - 1e-9), bounds=(model.lower, model.upper), x_scale="jac")
            for p in tries
        ]
        scipy_r2.append(1 - 2 * min(fit.cost for fit in fits) / total)
    worse = np.array(scipy_r2) - bank.r2
    assert np.sum(worse > 1e-4) <= 1 and np.median(worse) < 1e-6


def test_fits_stay_inside_their_bounds():
    bank = fit_gabor(null_filters(9, "white", 40, seed=8))
    assert (bank.frequency >= 1 / 36).all() and (bank.frequency <= zone_edge(bank.carrier) + 1e-12).all()
    for sigma in (bank.sigma_along_carrier, bank.sigma_along_bar):
        assert (sigma >= 0.5 - 1e-12).all() and (sigma <= 9 + 1e-12).all()
    assert np.abs([bank.x0, bank.y0]).max() <= 4.5
    assert (bank.amplitude > 0).all() and (bank.r2 <= 1).all()


def test_a_blob_is_degenerate_and_a_grating_without_end_is_at_its_bound():
    x, y = pixel_grid(9)
    checkers = np.cos(np.pi * x) * np.cos(np.pi * y)  # f at its upper bound
    bank = fit_gabor(np.stack([np.exp(-(x**2 + y**2) / 8), np.cos(2 * np.pi * 0.2 * x + 1), checkers]))
    assert bank.r2.min() > 0.97
    assert bank.degenerate.tolist() == [True, False, False]
    assert bank.blob.tolist() == [True, False, False]
    assert bank.at_bound.all()
    assert bank.frequency[[0, 2]] == pytest.approx([1 / 36, np.sqrt(0.5)], abs=1e-4)
    gratings, _ = planted(12, 9, seed=16)
    assert not fit_gabor(gratings).blob.any()


def test_orientation_survives_noise():
    filters, truth = planted(60, 9, seed=9, noise=0.3)
    bank = fit_gabor(filters)
    fitted = orientation_difference(bank.carrier, truth["carrier"])
    spectral = orientation_difference(bank.spectral_orientation, truth["carrier"] + np.pi / 2)
    assert np.rad2deg(np.median(fitted)) < 1.2 and np.rad2deg(np.median(spectral)) < 1.2
    gap = orientation_difference(bank.orientation, bank.spectral_orientation)
    assert (bank.disagrees == (np.rad2deg(gap) > 5)).all() and bank.disagrees.mean() < 0.1


def test_a_plaid_makes_fit_and_spectrum_disagree():
    x, y = pixel_grid(9)
    envelope, oblique = np.exp(-(x**2 + y**2) / 8), np.cos(np.pi / 3) * x + np.sin(np.pi / 3) * y
    waves = np.stack([np.cos(2 * np.pi * 0.2 * x) + share * np.cos(2 * np.pi * 0.2 * oblique) for share in (0, 0.6)])
    bank = fit_gabor(envelope * waves)
    assert bank.disagrees.tolist() == [False, True] and bank.disagrees.dtype == bool


def test_the_spectral_moment_beats_the_gradient_tensor_under_noise():
    filters, truth = planted(60, 15, seed=10, noise=0.3)
    down, right = np.gradient(filters, axis=(1, 2))
    tensor = np.angle(((right - 1j * down) ** 2).sum(axis=(1, 2))) / 2
    spectral = orientation_difference(spectral_orientation(filters), truth["carrier"] + np.pi / 2)
    assert np.rad2deg(np.median(spectral)) < 0.7
    assert np.median(spectral) < np.median(orientation_difference(tensor, truth["carrier"])) / 2


def test_receptive_fields_are_two_correlations_in_a_row():
    rng = np.random.default_rng(11)
    psi0, psi1, image = rng.standard_normal((7, 7)), rng.standard_normal((2, 9, 9)), rng.standard_normal((30, 30))
    for field, kernel in zip(receptive_fields(psi1, psi0), psi1, strict=True):
        two = correlate2d(correlate2d(image, psi0, mode="valid"), kernel, mode="valid")
        np.testing.assert_allclose(correlate2d(image, field, mode="valid"), two, atol=1e-10)


def test_a_bank_can_be_indexed():
    filters, _ = planted(5, 9, seed=12)
    bank = fit_gabor(filters)
    assert len(bank) == 5 and len(bank[bank.x0 > 0]) == (bank.x0 > 0).sum()
    np.testing.assert_array_equal(bank[[3, 1]].carrier, bank.carrier[[3, 1]])
    np.testing.assert_allclose(bank[2].render(9), filters[2], atol=1e-4)


def test_the_fit_of_a_filter_does_not_depend_on_its_company():
    filters = null_filters(9, "smooth", 8, seed=13)
    together, alone = fit_gabor(filters), fit_gabor(filters[5:6])
    np.testing.assert_allclose(together.r2[5], alone.r2[0], atol=1e-9)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f[0], r"shape \(n, h, w\).*one filter is filters\[None\]"),
        (lambda f: np.stack([f] * 3, axis=-1), r"channels come second: filters.transpose\(0, 3, 1, 2\)"),
        (lambda f: np.stack([f] * 4, axis=1), r"\(n, 1, h, w\) or \(n, 3, h, w\)"),
        (lambda f: f[:, :2], "h and w >= 3"),
        (lambda f: f[:0], "n >= 1"),
        (
            lambda f: np.where(np.arange(4)[:, None, None] < 3, np.nan, 1 + 0 * f),
            "no filter can be fitted: 3 of 4 hold NaN.* and 1 are constant",
        ),
        (lambda f: np.stack([f] * 3, axis=1) * np.nan, "no filter can be fitted: 4 of 4 hold NaN"),
    ],
)
def test_bad_filters_are_named(spoil, message):
    with pytest.raises(PaperCodeError, match=message):
        fit_gabor(spoil(planted(4, 9, seed=14)[0]))


ANALYSES = [fit_gabor, fit_log, fit_dog, radial_symmetry, spectral_orientation]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("analysis", ANALYSES)
@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e-154, 1e154, 1e299])
def test_no_unit_of_the_weights_is_too_small_or_too_large(analysis, scale):
    filters = planted(3, 9, seed=17, noise=0.1)[0]
    before, after = analysis(filters), analysis(filters * scale)
    close = 1e-2 if scale < 1e-300 else 1e-6  # a subnormal has few digits
    if analysis is spectral_orientation:
        np.testing.assert_allclose(after, before, atol=close)
    for name in ("r2", "i_orb", "i_rad"):
        if hasattr(before, name):
            np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=close)
    if hasattr(before, "amplitude"):
        np.testing.assert_allclose(after.amplitude / scale, before.amplitude, rtol=1e-1 if scale < 1e-300 else 1e-5)


@pytest.mark.parametrize("analysis", ANALYSES)
@pytest.mark.parametrize(
    ("filters", "message"),
    [(np.ones((2, 9, 9)) * 1j, "must be real"), (np.full((2, 9, 9), "a"), "array of numbers"), ([[[1]], [[1, 2]]], "array of numbers")]
    + [(np.full((2, 9, 9), bad), "hold NaN, or weights above") for bad in (np.nan, np.inf, -np.inf, 1.7e308)],
)
def test_weights_that_are_no_finite_real_numbers_are_refused(analysis, filters, message):
    with pytest.raises(PaperCodeError, match=message):
        analysis(filters)


def test_memory_is_bounded_for_large_filters():
    filters, _ = planted(16, 64, seed=19)
    values, _, about_mean = unit_energy(filters)
    model = GaborModel(64)
    tracemalloc.start()
    ssr = best_start(model, values, model.from_frequency(starting_points(filters)[:, :1])).ssr
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6 and (1 - ssr / about_mean).min() > 0.9


@pytest.mark.parametrize("kind", ["smooth", "white"])
def test_starts_that_are_dropped_could_not_have_won(kind):
    filters = null_filters(9, kind, 24, seed=23)
    values, model = unit_energy(filters)[0], GaborModel(9)
    starts = model.from_frequency(starting_points(filters))
    to_the_end = np.min([minimise(model, values, starts[:, k]).ssr for k in range(starts.shape[1])], axis=0)
    np.testing.assert_allclose(best_start(model, values, starts).ssr, to_the_end, atol=1e-5)


def test_no_optimum_is_missed_that_many_random_starts_find():
    filters, rng = null_filters(9, "smooth", 40, seed=22), np.random.default_rng(22)
    place, wave = rng.uniform(-3, 3, (40, 24, 2)), np.stack([rng.uniform(0, np.pi, (40, 24)), rng.uniform(0.03, 0.45, (40, 24))], axis=-1)
    rich = np.concatenate([starting_points(filters), np.concatenate([place, wave, rng.uniform(-0.4, 1.3, (40, 24, 2))], axis=-1)], axis=1)
    (values, _, about_mean), model = unit_energy(filters), GaborModel(9)
    sought = 1 - best_start(model, values, model.from_frequency(rich)).ssr / about_mean
    assert np.sum(sought - fit_gabor(filters).r2 > 0.005) <= 3
