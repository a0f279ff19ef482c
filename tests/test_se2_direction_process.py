"""Laws of the direction process: closed forms, symmetries, limits, two independent routes, simulated paths, and orders of convergence."""

import subprocess
import sys

import numpy as np
import pytest
from se2_reference import hankel, sampled

from paper_code import se2
from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import pixel_grid

RESOLVENT = dict(D=0.05, alpha=0.2)


def random_places(count, seed, back=-4.0, ahead=9.0):
    rng = np.random.default_rng(seed)
    return rng.uniform(back, ahead, count), rng.uniform(-5, 5, count), rng.uniform(-np.pi, np.pi, count)


def random_frequencies(count, seed, top=6.0):
    rng = np.random.default_rng(seed)
    rho, phi = rng.uniform(0.05, top, count), rng.uniform(-np.pi, np.pi, count)
    return rho * np.cos(phi), rho * np.sin(phi)


def path_moments(D, laplace, mean):
    """Without blur: E cos, E cos 2, E x, E x^2, E y^2, E x cos, E y sin, from E e^{-rate T} and E T."""
    one, four = laplace(D), laplace(4 * D)
    r2, z2 = 2 * (mean / D - (1 - one) / D**2), 2 / (3 * D**2) * (0.75 - one + four / 4)
    back, forth = (1 - one) / D, (one - four) / (3 * D)
    return np.array([one, four, back, (r2 + z2) / 2, (r2 - z2) / 2, (back + forth) / 2, (back - forth) / 2])


def test_closed_forms_of_the_worked_example():
    found = se2.DirectionProcess(**RESOLVENT, blur=0, blur_theta=0).moments()
    expected = dict(mass=1, cos=0.8, cos2=0.5, x=4, x2=30, y2=10, x_cos=3, y_sin=1)
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-13), name


@pytest.mark.parametrize(
    "life, laplace, mean",
    [
        (dict(alpha=0.5), lambda c: 0.5 / (0.5 + c), 2.0),
        (dict(alpha=0.8, shape=3), lambda c: (0.8 / (0.8 + c)) ** 3, 3 / 0.8),
        (dict(time=5.0), lambda c: np.exp(-5 * c), 5.0),
    ],
)
@pytest.mark.parametrize("D", [0.05, 0.3])
def test_moments_of_the_sampled_kernel_are_the_closed_forms(D, life, laplace, mean):
    blur, blur_theta = 1.2, 0.15
    kernel = sampled(se2.DirectionProcess, size=161, spacing=0.6, n_theta=48, D=D, blur=blur, blur_theta=blur_theta, box=150.0, **life)
    g1, g2 = np.exp(-(blur_theta**2) / 2), np.exp(-2 * blur_theta**2)
    cos, cos2, x, x2, y2, x_cos, y_sin = path_moments(D, laplace, mean)
    # A jitter of the source's angle turns the whole displacement; one of the target's touches only theta.
    second, difference = (x2 + y2) / 2 + blur**2, g2 * (x2 - y2) / 2
    along, twice = g1 * (x_cos + y_sin), g1 * g2 * (x_cos - y_sin)
    expected = [1, g1**2 * cos, g2**2 * cos2, g1 * x, second + difference, second - difference, (along + twice) / 2, (along - twice) / 2]
    found = list(vars(kernel.moments()).values())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 if "alpha" in life else 1e-5)
    np.testing.assert_allclose(list(vars(kernel.process.moments()).values()), expected, rtol=1e-12)


def test_the_fixed_time_covariances_with_every_harmonic():
    process = se2.DirectionProcess(D=0.07, time=6.0, blur=0, blur_theta=0, modes=30, steps=150)
    D, t, step, m = 0.07, 6.0, 1e-3, np.arange(6)
    at = 2 * np.pi * process.spectrum(step * np.array([0, 1, -1, 2, -2]), np.zeros(5))[30 + np.arange(-6, 7)]
    np.testing.assert_allclose(at[6:12, 0], np.exp(-D * m**2 * t), atol=1e-12)
    # Of x e^{-i m theta}, m = -6, ..., 6, half of z and half of its conjugate: the slope at w = 0, by five points.
    moment = (8 * (at[:, 2] - at[:, 1]) - (at[:, 4] - at[:, 3])) / (12j * step)

    def z(m):
        return np.exp(-D * m**2 * t) * (1 - np.exp(-D * (2 * m + 1) * t)) / (D * (2 * m + 1))

    np.testing.assert_allclose(moment[6:12], (z(m) + z(-m)) / 2, rtol=1e-6)


@pytest.mark.parametrize("shape", [1, 2])
def test_values_agree_with_the_hankel_route(shape):
    x, y, theta = random_places(24, seed=1)
    x[:3], y[:3], theta[:3] = [0, 1.0, 6.0], 0, 0
    given = dict(D=0.07, alpha=0.4, shape=shape, blur=0.5, blur_theta=0.12)
    found = se2.sample_points(se2.DirectionProcess(**given), x, y, theta)
    expected = hankel(x, y, theta, modes=34, **given)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * expected.max())
    assert np.linalg.norm(found - expected) < 1e-8 * np.linalg.norm(expected)


def test_the_continued_fraction_of_the_zeroth_mode():
    process = se2.DirectionProcess(**RESOLVENT)
    wx, wy = random_frequencies(40, seed=2, top=12)
    source = np.zeros(process.mode_numbers.size)
    source[process.modes] = 1
    found = process.resolve(0.2, wx, wy, source)[process.modes]
    rho2, tail = wx**2 + wy**2, 0.0
    for m in range(300, 0, -1):
        tail = rho2 / (2 if m == 1 else 4) / (0.2 + 0.05 * m**2 + tail)
    np.testing.assert_allclose(found, 1 / (0.2 + tail), rtol=1e-12)


@pytest.mark.parametrize("undirected", [False, True])
@pytest.mark.parametrize("size, spacing", [(24, 0.25), (25, 0.4), (9, 1.0)])
def test_the_grid_holds_the_values_at_its_own_axes(size, spacing, undirected):
    kernel = sampled(se2.DirectionProcess, size=size, spacing=spacing, n_theta=12, D=0.1, alpha=1.0, undirected=undirected, box=25.0)
    X, Y = pixel_grid(size, spacing)
    np.testing.assert_allclose(kernel.x, X[0], atol=1e-12)
    np.testing.assert_allclose(kernel.y, Y[:, 0], atol=1e-12)
    np.testing.assert_array_equal(np.diff(kernel.theta).round(12), round(kernel.process.period / 12, 12))
    pick = (slice(None), slice(None, None, 4), slice(None, None, 3))
    theta, y, x = np.meshgrid(kernel.theta, kernel.y[::4], kernel.x[::3], indexing="ij")
    expected = se2.sample_points(kernel.process, x, y, theta, box=40.0)
    np.testing.assert_allclose(kernel.values[pick], expected, atol=1e-8 * expected.max())


def test_contours_bend_to_the_left_above_the_axis():
    kernel = sampled(se2.DirectionProcess, size=33, spacing=0.5, D=0.05, alpha=0.2, blur=1.0)
    above = kernel.values[:, :12, 22:]  # small rows: y > 0
    left = (kernel.theta > 0) & (kernel.theta < np.pi)
    assert above[left].sum() > 5 * above[~left].sum()
    assert kernel.values[:, :, 20:].sum() > 5 * kernel.values[:, :, :12].sum()


def test_undirected_kernels_sum_four_contours():
    given = dict(D=0.1, alpha=0.5, blur=0.6, blur_theta=0.25)
    directed, undirected = se2.DirectionProcess(**given), se2.DirectionProcess(undirected=True, **given)
    x, y, theta = random_places(20, seed=4, back=-5, ahead=5)
    four = sum(se2.sample_points(directed, s * x, s * y, theta + a, box=60.0) for s in (1, -1) for a in (0, np.pi)) / 2
    value = se2.sample_points(undirected, x, y, theta, box=60.0)
    np.testing.assert_allclose(value, four, atol=1e-12)
    whole = sampled(se2.DirectionProcess, size=61, spacing=0.5, n_theta=24, undirected=True, box=50.0, D=0.1, alpha=0.8, blur=1.0)
    np.testing.assert_allclose(
        [whole.mass, whole.moments().x2, whole.moments().y2], [1, whole.process.moments().x2, whole.process.moments().y2], atol=1e-4
    )
    assert abs(whole.moments().cos) + abs(whole.moments().x) < 1e-10


def test_the_scaling_that_leaves_two_parameters():
    D, blur = 0.08, 0.5
    x, y, theta = random_places(20, seed=5)
    at = se2.sample_points(se2.DirectionProcess(D=D, alpha=0.3, blur=blur), x, y, theta)
    scaled = se2.sample_points(se2.DirectionProcess(D=1.0, alpha=0.3 / D, blur=D * blur), D * x, D * y, theta)
    np.testing.assert_allclose(at, D**2 * scaled, rtol=1e-10, atol=1e-14)


def test_the_resolvent_averages_fixed_times_over_the_life_time():
    wx, wy = random_frequencies(12, seed=6, top=0.9)
    step = 0.2
    times = np.exp(np.arange(-14, np.log(60), step))  # the trapezoidal rule in log t
    weights = step * times * 0.5 * np.exp(-0.5 * times)
    mixed = sum(w * se2.DirectionProcess(D=0.1, time=t, steps=60).spectrum(wx, wy) for t, w in zip(times, weights, strict=True))
    np.testing.assert_allclose(mixed, se2.DirectionProcess(D=0.1, alpha=0.5).spectrum(wx, wy), atol=1e-6)


def test_gamma_life_times_tend_to_a_fixed_time():
    wx, wy = random_frequencies(12, seed=7, top=2)
    fixed = se2.DirectionProcess(D=0.1, time=5.0).spectrum(wx, wy)
    gaps = [np.abs(se2.DirectionProcess(D=0.1, alpha=k / 5.0, shape=k).spectrum(wx, wy) - fixed).max() for k in (100, 200, 400)]
    np.testing.assert_allclose(np.log2(np.divide(gaps[:-1], gaps[1:])), 1, atol=0.15)


def test_the_time_steps_are_of_fourth_order_and_the_default_is_fine():
    wx, wy = random_frequencies(30, seed=8, top=10)
    process = dict(D=0.3, time=4.0)
    exact = se2.DirectionProcess(steps=160, **process).spectrum(wx, wy)
    gaps = [np.abs(se2.DirectionProcess(steps=n, **process).spectrum(wx, wy) - exact).max() for n in (8, 16, 32, None)]
    np.testing.assert_allclose(np.log2([gaps[0] / gaps[1], gaps[1] / gaps[2]]), 4, atol=0.3)
    assert gaps[3] < 2e-6 / (2 * np.pi)


def test_modes_and_grid_converge_at_once_and_the_box_at_the_killing_rate():
    x, y, theta = random_places(12, seed=9, back=0, ahead=5)
    theta /= 4
    exact = hankel(x, y, theta, D=0.05, alpha=0.4, blur=0.5, blur_theta=0.12, modes=40)

    def values(modes=40, step=0.25, box=60.0):
        process = se2.DirectionProcess(D=0.05, alpha=0.4, blur=0.5, blur_theta=0.12, modes=modes)
        return se2.sample_points(process, x, y, theta, step=step, box=box, tolerance=np.inf)

    def gap(**given):
        return np.abs(values(**given) - exact).max() / exact.max()

    by_modes = np.array([gap(modes=M) for M in (4, 8, 16, 32)])
    assert np.all(by_modes[1:3] < by_modes[:2] ** 1.5) and by_modes[-1] < 1e-7
    for step in (0.5, 0.4, 0.3, 0.25):  # the cut at the Nyquist circle loses what the blur leaves there: over six decades
        assert 0.1 < gap(step=step) / np.exp(-((np.pi * 0.5 / step) ** 2) / 2) < 20
    wide = values(box=96.0, step=0.2)
    by_box = [np.abs(values(box=L, step=0.2) - wide).max() for L in (36.0, 40.0)]  # 180 and 200 steps, good lengths as they are
    assert 0.4 < np.log(by_box[0] / by_box[1]) / 4 < 0.7  # paths that go straight die at 0.4, and the others fall behind


@pytest.mark.parametrize("undirected", [False, True])
def test_splines_and_marginals(undirected):
    kernel = sampled(se2.DirectionProcess, size=61, spacing=0.25, D=0.1, alpha=1.0, undirected=undirected)
    x, y, theta = random_places(300, seed=10, back=-5, ahead=6)
    exact = se2.sample_points(kernel.process, x, y, theta)
    assert np.abs(kernel.at(x, y, theta) - exact).max() < 2e-5 * kernel.values.max()
    assert np.abs(kernel.at(x, y, theta + 2 * np.pi) - kernel.at(x, y, theta)).max() < 1e-12
    assert kernel.marginal("theta").sum() * kernel.spacing**2 == pytest.approx(kernel.mass, rel=1e-12)
    assert kernel.marginal("place").sum() * kernel.process.period / 64 == pytest.approx(kernel.mass, rel=1e-12)


def test_near_the_axis_the_heisenberg_approximation_is_the_limit():
    # On the axis the gap to the exact kernel shrinks with D x, blurs shrinking faster than the kernel's own widths.
    gaps = []
    for x in (0.8, 0.4):
        process = se2.DirectionProcess(D=0.25, alpha=8.0, blur=0.04 * x**1.5, blur_theta=0.06 * x**0.5)
        exact = se2.sample_points(process, x, 0.0, 0.0, box=2.6)
        gaps.append(abs(exact / (8.0 * np.exp(-8.0 * x) * np.sqrt(3) / (2 * np.pi * 0.25 * x**2)) - 1))
    assert gaps[1] < 0.7 * gaps[0] < 0.15


def test_places_that_are_not_numbers_or_outside():
    kernel = sampled(se2.DirectionProcess, size=9, D=0.1, alpha=2.0)
    with pytest.raises(PaperCodeError, match="finite"):
        kernel.at(np.nan, 0, 0)
    with pytest.raises(PaperCodeError, match="window in y"):
        kernel.at(0, 5, 0)
    with pytest.raises(PaperCodeError, match="finite"):
        se2.sample_points(kernel.process, 0, 0, np.inf)
    with pytest.raises(PaperCodeError, match="marginal"):
        kernel.marginal("x")


def test_the_package_does_without_torch():
    code = "import sys; from paper_code import se2; sys.exit(any(m.split('.')[0] in ('torch', 'matplotlib') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
