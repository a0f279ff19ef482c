"""Laws of contour enhancement: closed forms, Mathieu spectrum, symmetries, small times, and Talbot against matrix exponentials."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import mathieu_a, mathieu_b
from se2_reference import hankel, sampled

from paper_code import se2
from paper_code.core.errors import PaperCodeError

FIXED, KILLED = dict(D11=1.3, D22=0.1, time=4.0), dict(D11=1.3, D22=0.1, alpha=0.5)


def random_places(count, seed, far=4.0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-far, far, count), rng.uniform(-far, far, count), rng.uniform(-np.pi, np.pi, count)


@pytest.mark.parametrize(
    "life, laplace, first, second",
    [
        (dict(time=4.0), lambda c: np.exp(-4 * c), 4.0, 16.0),
        (dict(alpha=0.5), lambda c: 0.5 / (0.5 + c), 2.0, 8.0),
        (dict(alpha=1.0, shape=3), lambda c: (1 / (1 + c)) ** 3, 3.0, 12.0),
    ],
)
def test_moments_of_the_sampled_kernel_are_the_closed_forms(life, laplace, first, second):
    D11, D22, blur, blur_theta = 1.3, 0.1, 1.0, 0.12
    kernel = sampled(se2.Enhancement, size=161, spacing=0.5, n_theta=48, D11=D11, D22=D22, blur=blur, blur_theta=blur_theta, **life)
    r2, z2 = 2 * D11 * first, D11 / (2 * D22) * (1 - laplace(4 * D22)) * np.exp(-2 * blur_theta**2)
    r4 = 8 * D11**2 * (second + first / (4 * D22) - (1 - laplace(4 * D22)) / (16 * D22**2))
    g1, g2 = np.exp(-(blur_theta**2)), np.exp(-4 * blur_theta**2)
    expected = [1, g1 * laplace(D22), g2 * laplace(4 * D22), 0, (r2 + z2) / 2 + blur**2, (r2 - z2) / 2 + blur**2, 0, 0]
    if "time" not in life and life.get("shape") is None:  # the resolvent's own closed forms
        alpha = life["alpha"]
        assert r4 == pytest.approx(16 * D11**2 / alpha**2 + 8 * D11**2 / (alpha * (alpha + 4 * D22)) * 1, rel=1e-12)
        assert z2 == pytest.approx(2 * D11 / (alpha + 4 * D22) * np.exp(-2 * blur_theta**2), rel=1e-12)
    np.testing.assert_allclose(list(vars(kernel.moments()).values()), expected, atol=1e-5)
    np.testing.assert_allclose(list(vars(kernel.process.moments()).values()), expected, rtol=1e-12)
    fourth = kernel.expect(lambda x, y, theta: (x**2 + y**2) ** 2)  # the Gaussian's own moments: E|z + n|^4
    assert fourth == pytest.approx(r4 + 8 * blur**2 * r2 + 8 * blur**4, rel=1e-5)


@pytest.mark.parametrize("shape", [1, 2])
def test_values_agree_with_the_hankel_route(shape):
    x, y, theta = random_places(20, seed=1)
    x[0] = y[0] = theta[0] = 0
    given = dict(D11=1.1, D22=0.08, alpha=0.4, shape=shape, blur=0.5, blur_theta=0.12)
    found = se2.sample_points(se2.Enhancement(**given), x, y, theta)
    expected = hankel(x, y, theta, modes=34, **given)
    assert np.linalg.norm(found - expected) < 1e-8 * np.linalg.norm(expected)


def test_the_spectrum_is_mathieus():
    process = se2.Enhancement(D11=1.3, D22=0.1, alpha=0.4, modes=30)
    for rho, phi in ((0.3, 0.0), (0.7, 1.0), (1.0, -2.0)):
        wx, wy = np.full(61, rho * np.cos(phi)), np.full(61, rho * np.sin(phi))
        resolvent = process.resolve(0.4, wx, wy, np.eye(61))
        rates = np.sort(1 / np.linalg.eigvals(resolvent).real - 0.4)[:12]
        # D22 d^2 - D11 rho^2 cos^2 is Mathieu's operator with q = D11 rho^2 / (4 D22), scaled by D22.
        q = 1.3 * rho**2 / 0.4
        values = [mathieu_a(n, q) for n in range(9)] + [mathieu_b(n, q) for n in range(1, 9)]
        np.testing.assert_allclose(rates, 0.1 * np.sort(values)[:12] + 1.3 * rho**2 / 2, rtol=1e-8)


def test_talbot_is_the_exponential_of_the_generator_and_makes_a_semigroup():
    rng = np.random.default_rng(2)
    wx, wy = rng.uniform(-6, 6, 40), rng.uniform(-6, 6, 40)
    for time in (0.01, 1.0, 30.0):
        process = se2.Enhancement(D11=1.3, D22=0.1, time=time)
        many = np.exp(-0.005 * process.mode_numbers**2.0)
        found = process.evolve(wx, wy, many)
        for column in range(5):
            resolvent = process.resolve(1.0, *(np.full(many.size, one[column]) for one in (wx, wy)), np.eye(many.size))
            np.testing.assert_allclose(
                found[:, column], expm(time * (np.eye(many.size) - np.linalg.inv(resolvent))) @ many, rtol=0, atol=1e-10
            )
    one, three, four = (se2.Enhancement(D11=1.3, D22=0.1, time=t) for t in (1.0, 3.0, 4.0))
    source = np.exp(-0.005 * one.mode_numbers**2.0)
    np.testing.assert_allclose(three.evolve(wx, wy, one.evolve(wx, wy, source)), four.evolve(wx, wy, source), atol=1e-12)


def test_the_resolvent_averages_heat_kernels_over_the_life_time():
    rng = np.random.default_rng(3)
    wx, wy = rng.uniform(-2, 2, 20), rng.uniform(-2, 2, 20)
    step = 0.2
    times = np.exp(np.arange(-17, np.log(80), step))
    weights = step * times * 0.5 * np.exp(-0.5 * times)
    mixed = sum(w * se2.Enhancement(D11=1.3, D22=0.1, time=t).spectrum(wx, wy) for t, w in zip(times, weights, strict=True))
    np.testing.assert_allclose(mixed, se2.Enhancement(**KILLED).spectrum(wx, wy), atol=1e-7)


def test_the_kernel_is_even_and_undirecting_adds_the_directions():
    process = se2.Enhancement(**KILLED, blur_theta=0.2)
    x, y, theta = random_places(20, seed=4)
    plain, even, other = (se2.sample_points(process, *place, box=40.0) for place in ((x, y, theta), (-x, -y, theta), (x, y, theta + np.pi)))
    assert plain.min() > -1e-12
    np.testing.assert_allclose(even, plain, atol=1e-12)
    undirected = se2.sample_points(se2.Enhancement(**KILLED, blur_theta=0.2, undirected=True), x, y, theta, box=40.0)
    np.testing.assert_allclose(undirected, plain + other, atol=1e-12)


def test_the_scaling_that_leaves_two_parameters():
    x, y, theta = random_places(20, seed=5)
    scale = np.sqrt(0.1 / 1.3)
    found = se2.sample_points(se2.Enhancement(**FIXED, blur=0.5), x, y, theta)
    scaled = se2.sample_points(se2.Enhancement(D11=1.0, D22=1.0, time=0.4, blur=0.5 * scale), x * scale, y * scale, theta)
    np.testing.assert_allclose(found, 0.1 / 1.3 * scaled, rtol=1e-9, atol=1e-12)


def test_the_small_time_limit_at_the_identity():
    excess = []
    for t in (0.08, 0.16):
        process = se2.Enhancement(D11=1.0, D22=2.0, time=t / 2, blur=0, blur_theta=0, modes=60)
        value = float(se2.sample_points(process, 0, 0, 0, step=t / 10, box=6 * np.sqrt(t)))
        excess.append(value * 16 * 2 * (t / 2) ** 2 - 1 - t / 8)
    assert abs(excess[0]) < 1e-3 * 0.08  # against the first-order term, 0.01
    assert excess[1] / excess[0] == pytest.approx(4, rel=0.25)  # what is left is O(t^2)


def test_the_sampled_grid_and_its_box():
    kernel = sampled(se2.Enhancement, size=30, spacing=0.5, n_theta=10, undirected=True, blur=1.0, **KILLED)
    theta, y, x = np.meshgrid(kernel.theta, kernel.y[::5], kernel.x[::4], indexing="ij")
    np.testing.assert_allclose(kernel.values[:, ::5, ::4], se2.sample_points(kernel.process, x, y, theta), atol=1e-6 * kernel.values.max())
    with pytest.raises(PaperCodeError, match="too small"):
        sampled(se2.Enhancement, size=30, spacing=0.5, box=16.0, **KILLED)
