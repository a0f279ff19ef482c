"""Laws of the group kernels, which faults break: simulated paths, symmetries, moments, rates of convergence; and honest clocks."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import chi2
from se2_reference import hankel

from paper_code import se2
from paper_code.se2 import checks
from paper_code.se2.lattice import lattice_kernel

PROCESS = se2.DirectionProcess(D=0.3, alpha=0.8, blur=1.0, blur_theta=0.25)
LATTICE = checks.Lattice(radius=5, n_theta=16)
PROCESSES = [
    se2.DirectionProcess(D=0.2, alpha=0.6, blur=1.2, blur_theta=0.3),
    se2.Enhancement(D11=2.0, D22=0.2, alpha=0.6, blur=1.2, blur_theta=0.3),
    se2.DirectionProcess(D=0.1, alpha=1.0, shape=2, blur=1.2, blur_theta=0.3),
    se2.DirectionProcess(D=0.1, time=4.0, blur=1.2, blur_theta=0.3),
    se2.Enhancement(D11=1.3, D22=0.1, time=4.0, blur=1.2, blur_theta=0.3),
]


@pytest.mark.parametrize("process", PROCESSES, ids=["direction", "enhancement", "Gamma", "direction at a time", "enhancement at a time"])
def test_the_kernels_keep_their_laws(process):
    errors = checks.symmetry_errors(process, count=12)
    assert errors.pop("left") < 1e-4 and errors.pop("reflection") < 1e-9
    assert errors.keys() == {"reversal", "reciprocity"} and max(errors.values()) < 1e-6


FAULTS = {
    "a shift across": ("reflection", lambda x, y, theta: (x, y + 0.3, theta)),
    "the wrong sign of the angle": ("reversal", lambda x, y, theta: (x, y, -theta)),
    "a stretch": ("left", lambda x, y, theta: (1.2 * x, y, theta)),
    "a shift along": ("reciprocity", lambda x, y, theta: (x + 0.3, y, theta)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_breaks_a_law(name, monkeypatch):
    law, fault = FAULTS[name]
    true = checks.sample_points
    monkeypatch.setattr(checks, "sample_points", lambda process, x, y, theta, **box: true(process, *fault(x, y, theta), **box))
    assert checks.symmetry_errors(PROCESSES[0], count=12)[law] > 0.02


def test_the_largest_gap_of_the_moments_is_found():
    pairs, gap = checks.moment_gap(PROCESSES[0], size=61, spacing=0.6)
    assert gap == pytest.approx(max(abs(one - two) / max(abs(two), 0.1) for one, two in pairs.values())) and gap < 0.01
    cut = checks.moment_gap(PROCESSES[0], size=7, spacing=0.6, box=45.0)[1]
    assert cut > 10 * gap


def on_lattice(process, lattice):
    return lattice_kernel(process, radius=lattice.radius, angles=lattice.theta, cell=0, box=40.0, tolerance=np.inf)[0]


def bin_averages(process, lattice):
    return lattice_kernel(process, radius=lattice.radius, n_theta=lattice.n_theta, cell=1.0)[0]


def relative_error(found, exact):
    return np.linalg.norm(found - exact) / np.linalg.norm(exact)


def histogram(count, seed):
    """Densities in the bins of LATTICE, from simulated paths."""
    return checks.histogram(*checks.simulate(PROCESS, count, seed), LATTICE) / (count * 2 * np.pi / LATTICE.n_theta)


def test_the_fourier_route_is_the_hankel_route_at_the_lattice():
    found = on_lattice(PROCESS, LATTICE)
    rng = np.random.default_rng(0)
    level, row, column = (rng.integers(n, size=20) for n in found.shape)
    places = LATTICE.ticks[column], -LATTICE.ticks[row], LATTICE.theta[level]
    expected = hankel(*places, D=0.3, alpha=0.8, blur=1.0, blur_theta=0.25, modes=24)
    np.testing.assert_allclose(found[level, row, column], expected, atol=1e-5 * found.max())


@pytest.mark.parametrize("process", [PROCESS, se2.Enhancement(D11=3.0, D22=0.3, alpha=0.8, blur=1.0, blur_theta=0.25)])
def test_paths_fill_the_boxes_as_the_kernel_says(process):
    seen, expected, residuals = checks.standard_residuals(process, LATTICE, 60_000, seed=1)
    assert residuals.size > 200
    assert 1e-3 < chi2.sf((residuals**2).sum(), residuals.size) < 1 - 1e-3
    assert abs(seen.sum() - expected.sum()) < 4 * np.sqrt(expected.sum())
    # A kernel mirrored in y, or turned the other way, is found out at once.
    often = expected > 20
    for wrong in (expected[:, ::-1], expected[-np.arange(16) % 16], np.roll(expected, 1, axis=2)):
        assert (((seen - wrong) ** 2 / np.maximum(wrong, 1))[often]).mean() > 1.5


def test_paths_are_seeded_and_scatter_by_the_root_of_their_number():
    one, two = (histogram(3_000, seed) for seed in (4, 4))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - histogram(3_000, 5)).max() > 0
    exact = bin_averages(PROCESS, LATTICE)
    p = exact * 2 * np.pi / LATTICE.n_theta  # each count is binomial
    for count in (2_000, 16_000):
        expected = np.sqrt((p * (1 - p)).sum() / count / (p**2).sum())
        errors = [relative_error(histogram(count, seed), exact) for seed in range(6)]
        assert np.mean(errors) == pytest.approx(expected, rel=0.12)


def near_axis(process, lattice):
    """The Heisenberg approximation (cos theta = 1, sin theta = theta) with the same blurs: at each distance (y, theta) is Gaussian."""
    ahead, jitter = np.linspace(0, lattice.radius + 6 * process.blur, 400), process.blur_theta**2
    y2 = 2 * process.D * ahead**3 / 3 + jitter * ahead**2 + process.blur**2
    yt, t2 = process.D * ahead**2 + jitter * ahead, 2 * process.D * ahead + 2 * jitter
    det = y2 * t2 - yt**2
    turn = ((lattice.theta + np.pi) % (2 * np.pi) - np.pi)[:, None, None]
    y = -lattice.ticks[None, :, None]
    plane = np.exp(-(t2 * y**2 - 2 * yt * y * turn + y2 * turn**2) / (2 * det)) / (2 * np.pi * np.sqrt(det))  # (theta, y, distances)
    along = np.exp(-((lattice.ticks - ahead[:, None]) ** 2) / (2 * process.blur**2)) / (np.sqrt(2 * np.pi) * process.blur)
    weight = np.full(len(ahead), ahead[1])
    weight[[0, -1]] /= 2
    return plane @ ((weight * process.alpha * np.exp(-process.alpha * ahead))[:, None] * along)


def test_the_approximation_near_the_axis_is_the_limit_of_little_turning():
    gaps = []
    for D in (0.08, 0.02):
        process = se2.DirectionProcess(D=D, alpha=0.8, blur=0.8, blur_theta=0.1)
        exact = on_lattice(process, LATTICE)
        gaps.append(relative_error(near_axis(process, LATTICE), exact))
    assert gaps[1] < 0.5 * gaps[0] < 0.05


def test_the_kernel_is_normalised_and_its_paths_turn_left_above():
    cell, wide = 2 * np.pi / 16, checks.Lattice(radius=9, n_theta=16)
    paths = checks.histogram(*checks.simulate(PROCESS, 20_000, 0), wide) / (20_000 * cell)
    for found in (on_lattice(PROCESS, wide), bin_averages(PROCESS, wide), paths):
        assert found.shape == (16, 19, 19)
        assert found.sum() * cell == pytest.approx(1, abs=0.01)
        mean_x = (found * wide.ticks).sum() * cell  # x grows with the columns
        assert 0.85 * PROCESS.moments().x < mean_x < 1 / PROCESS.alpha  # which is what going straight would give
        upper_left = found[1:8, :9].sum() - found[1:8, 10:].sum()
        assert upper_left > 0  # paths that turned left lie above, and y shrinks with the row


def test_moments_and_rates_are_reported():
    pairs = checks.moment_gap(PROCESS, size=81, spacing=0.5)[0]
    assert set(pairs) == set(vars(PROCESS.moments()))
    assert max(abs(found - closed) for found, closed in pairs.values()) < 1e-3
    small = checks.moment_gap(PROCESS, size=9, spacing=0.5)[0]
    assert abs(np.subtract(*small["mass"])) > 0.1  # a window that cuts the tails is seen
    process = se2.DirectionProcess(D=0.05, alpha=1.0, blur=0.8, blur_theta=0.25)
    places = np.array([0.5, 1.5, 1.0]), np.array([0.0, 0.4, -0.8]), np.array([0.0, 0.4, -0.6])
    errors = checks.convergence(process, places, modes=[4, 8, 12], steps=[1.2, 0.8, 0.6], boxes=[18.0, 22.0], times=[4, 8])
    assert np.all(errors["modes"] <= 3 * np.exp(-((0.25 * np.array([4, 8, 12])) ** 2)))
    assert np.all(errors["steps"] <= 3 * np.exp(-((np.pi * 0.8 / np.array([1.2, 0.8, 0.6])) ** 2) / 2))
    assert checks.orders(errors["times"], [4, 8])[0] == pytest.approx(4, abs=0.4)
    assert errors["boxes"][1] < errors["boxes"][0]


def test_the_scale_measures_what_it_says():
    assert checks.peak_memory(lambda: np.zeros(4_000_000)) == pytest.approx(32e6, rel=0.05)
    table = checks.cost(PROCESS, sizes=[8, 16, 64], directions=[4, 8, 64], modes=[4, 8, 16], repeats=1)
    efforts, seconds, memory = table["n_theta"]
    assert memory[2] > 2 * memory[0] and np.all(seconds > 0) and efforts.tolist() == [4, 8, 64]


def test_the_checks_do_without_torch():
    code = "import sys; import paper_code.se2.checks; sys.exit(bool({'torch', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
