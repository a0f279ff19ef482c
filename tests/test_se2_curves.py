"""Laws of the curves: arcs, geodesics, integral curves with a known invariant, and recovery of a planted slope."""

import numpy as np
import pytest

from paper_code import se2
from paper_code.core.geometry import pixel_grid


def gap(a, b):
    """Difference of two orientations."""
    return np.abs(se2.fold(np.subtract(a, b)))


def score(c, x, y, theta, weights):
    """sum w cos 2 (theta - c psi) / sum w, which the slope of a field maximises."""
    found = weights * np.cos(2 * (theta - c * se2.fold(np.arctan2(y, x))))
    return found.sum() / np.broadcast_to(weights, found.shape).sum()


def fit_slope(x, y, theta, weights=1.0):
    """The slope that maximises it."""
    slopes = np.linspace(-1, 4, 5001)
    return slopes[np.argmax([score(c, x, y, theta, weights) for c in slopes])]


def lattice(radius=6, nearest=1.5):
    x, y = pixel_grid(2 * radius + 1)
    keep = np.hypot(x, y) >= nearest
    return x, y, keep


@pytest.mark.parametrize("k", [-0.3, 0.0, 1e-9, 0.2, 0.5])
def test_arcs_are_horizontal_of_constant_curvature_and_co_circular(k):
    s = np.linspace(-5, 5, 2001)
    x, y, theta = se2.constant_curvature(k, s)
    np.testing.assert_allclose(np.gradient(x, s)[1:-1], np.cos(theta)[1:-1], atol=1e-5)
    np.testing.assert_allclose(np.gradient(y, s)[1:-1], np.sin(theta)[1:-1], atol=1e-5)
    np.testing.assert_allclose(theta, k * s, atol=1e-15)
    if abs(k) > 1e-3:
        np.testing.assert_allclose(x, np.sin(k * s) / k, atol=1e-14)
        np.testing.assert_allclose(y, (1 - np.cos(k * s)) / k, atol=1e-14)
    away = np.abs(s) > 0.1
    assert gap(theta, 2 * np.arctan2(y, x))[away].max() < 1e-9
    assert gap(se2.co_circular(x, y), theta)[away].max() < 1e-9


def test_co_circularity_of_any_source():
    rng = np.random.default_rng(0)
    turn, k, s = rng.uniform(-np.pi, np.pi, 50), rng.uniform(-0.4, 0.4, 50), rng.uniform(-6, 6, 50)
    x, y, theta = se2.constant_curvature(k, s)
    px, py = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    found = se2.co_circular(px, py, turn)
    assert gap(found, theta + turn).max() < 1e-12
    assert ((found >= 0) & (found < np.pi)).all()
    assert se2.co_circular(1.0, -1e-20) == 0  # not pi


def test_geodesics():
    path = se2.geodesic(0.6, 0.35, 1.2, count=2001)
    np.testing.assert_allclose([path.x[-1], path.y[-1], path.theta[-1]], [0.99664336, 0.30503683, 0.56845833], atol=1e-8)
    np.testing.assert_allclose(np.cos(path.b) ** 2 + path.h3**2, np.cos(0.6) ** 2 + 0.35**2, rtol=1e-11)
    forward, angular = np.hypot(np.gradient(path.x, path.t), np.gradient(path.y, path.t)), np.gradient(path.theta, path.t)
    np.testing.assert_allclose((forward**2 + angular**2)[1:-1], 1, atol=1e-6)  # of unit speed
    np.testing.assert_allclose((angular / forward)[1:-1], np.tan(path.b)[1:-1], rtol=1e-5)  # the curvature
    mirrored = se2.geodesic(-0.6, -0.35, 1.2)
    np.testing.assert_allclose([mirrored.x[-1], mirrored.y[-1], mirrored.theta[-1]], [0.99664336, -0.30503683, -0.56845833], atol=1e-8)
    straight = se2.geodesic(0.0, 0.0, 2.0)
    np.testing.assert_allclose([straight.x, straight.y, straight.theta], [straight.t, 0 * straight.t, 0 * straight.t], atol=1e-12)
    cusp = se2.geodesic(1.4, -0.5, 1.0, count=1001)  # b passes pi/2, where the path turns back
    ahead = np.gradient(cusp.x, cusp.t) * np.cos(cusp.theta) + np.gradient(cusp.y, cusp.t) * np.sin(cusp.theta)
    assert np.abs(cusp.b[np.flatnonzero(np.diff(np.sign(ahead)))[0]] - np.pi / 2) < 0.01


def test_modes_are_refined_between_samples_and_round_the_end():
    true = np.linspace(0, np.pi, 50, endpoint=False).reshape(5, 10)
    for n in (16, 32):
        theta = np.pi * np.arange(n) / n
        found, weight = se2.mode_field(3 + np.cos(2 * (theta[:, None, None] - true)))
        assert gap(found, true).max() < 1.2 * (np.pi / n) ** 3 / 8
        assert ((weight > 3.9) & (weight <= 4)).all() and ((found >= 0) & (found < np.pi)).all()
    found, _ = se2.mode_field(np.exp(np.cos(2 * np.pi * np.arange(64) / 64 - 4.0))[:, None, None], period=2 * np.pi)
    assert found == pytest.approx(4.0, abs=1e-3)


def test_chance_and_parallel_levels():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 20_000))
    for theta in (np.zeros(20_000), rng.uniform(0, np.pi, 20_000)):
        assert np.degrees(gap(theta, se2.co_circular(x, y)).mean()) == pytest.approx(45, abs=1)
        assert abs(score(2.0, x, y, theta, 1.0)) < 0.03


def test_the_direction_process_bends_by_three_halves_and_enhancement_by_one():
    x, y, keep = lattice()
    given = dict(blur=0.3, blur_theta=0.05, undirected=True)
    slopes, deviations, cocircularities = [], [], []
    for process in (se2.DirectionProcess(D=0.05, alpha=0.2, **given), se2.Enhancement(D11=1.0, D22=0.05, alpha=0.1, **given)):
        kernel = se2.lattice_kernel(process, cell=0, cell_theta=0)[0]
        theta, weight = se2.mode_field(kernel)
        slopes.append(fit_slope(x[keep], y[keep], theta[keep], weight[keep]))
        deviations.append(np.degrees(np.average(gap(theta, se2.co_circular(x, y))[keep], weights=weight[keep])))
        cocircularities.append(score(2.0, x[keep], y[keep], theta[keep], weight[keep]))
        angles = (np.pi * np.arange(64) / 64)[:, None]
        scores = [score(c, x[keep], y[keep], angles, np.maximum(kernel[:, keep], 0)) for c in (0, slopes[-1], 3)]
        assert scores[1] > max(scores[0], scores[2])
    assert slopes[0] == pytest.approx(1.40, abs=0.01) and 0.8 < slopes[1] < 1.05
    assert deviations[0] == pytest.approx(9.6, abs=0.06) and deviations[1] == pytest.approx(20.6, abs=3)
    assert cocircularities[0] == pytest.approx(0.90, abs=0.007)


def test_the_association_field_is_a_fan_of_arcs():
    fan = se2.association_arcs(length=4.0, curvature=0.6, count=7, points=21)
    assert fan.shape == (7, 21, 3)
    np.testing.assert_allclose(fan[:, 10], 0, atol=1e-15)  # all pass through the origin, along the x axis
    np.testing.assert_allclose(fan[::-1] * [1, -1, -1], fan, atol=1e-14)
    for k, arc in zip(np.linspace(-0.6, 0.6, 7), fan, strict=True):
        if abs(k) > 1e-9:
            np.testing.assert_allclose(np.hypot(arc[:, 0], arc[:, 1] - 1 / k), 1 / abs(k), rtol=1e-12)
        assert arc[-1, 2] == pytest.approx(np.clip(4 * k, -np.pi / 2, np.pi / 2))
    assert gap(fan[..., 2], 2 * np.arctan2(fan[..., 1], fan[..., 0])).max() < 1e-12
