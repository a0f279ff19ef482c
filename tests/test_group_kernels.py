"""Laws of the benchmark of the group kernels: four routes to one density, exact scaling of the paths' scatter, and honest clocks.

And of their figures: y up, turn and half turn where they are drawn.
"""

import subprocess
import sys
import time

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import chi2
from se2_reference import hankel

from paper_code import se2
from paper_code.figures import group_kernels as figures
from paper_code.se2 import benchmark

PROCESS = se2.DirectionProcess(D=0.3, alpha=0.8, blur=1.0, blur_theta=0.25)
LATTICE = benchmark.Lattice(radius=5, n_theta=16)


def test_the_fourier_route_is_the_hankel_route_at_the_lattice():
    found = benchmark.fourier(PROCESS, LATTICE, box=50.0)
    rng = np.random.default_rng(0)
    level, row, column = (rng.integers(n, size=20) for n in found.shape)
    places = LATTICE.ticks[column], -LATTICE.ticks[row], LATTICE.theta[level]
    expected = hankel(*places, D=0.3, alpha=0.8, blur=1.0, blur_theta=0.25, modes=24)
    np.testing.assert_allclose(found[level, row, column], expected, atol=1e-5 * found.max())


def test_finite_differences_converge_to_it_at_second_order():
    exact = benchmark.fourier(PROCESS, LATTICE, box=40.0)
    errors = [benchmark.relative_error(benchmark.finite_differences(PROCESS, LATTICE, n, life=14.0), exact) for n in (1, 2, 3)]
    assert errors[2] < 0.02
    assert np.log(errors[0] / errors[2]) / np.log(3) == pytest.approx(2, abs=0.3)


@pytest.mark.parametrize("process", [PROCESS, se2.Enhancement(D11=3.0, D22=0.3, alpha=0.8, blur=1.0, blur_theta=0.25)])
def test_paths_fill_the_boxes_as_the_kernel_says(process):
    seen, expected, residuals = benchmark.standard_residuals(process, LATTICE, 60_000, seed=1)
    assert residuals.size > 200
    assert 1e-3 < chi2.sf((residuals**2).sum(), residuals.size) < 1 - 1e-3
    assert abs(seen.sum() - expected.sum()) < 4 * np.sqrt(expected.sum())
    # A kernel mirrored in y, or turned the other way, is found out at once.
    often = expected > 20
    for wrong in (expected[:, ::-1], expected[-np.arange(16) % 16], np.roll(expected, 1, axis=2)):
        assert (((seen - wrong) ** 2 / np.maximum(wrong, 1))[often]).mean() > 1.5


def test_paths_are_seeded_and_scatter_by_the_root_of_their_number():
    one, two = (benchmark.monte_carlo(PROCESS, LATTICE, 3_000, seed=seed) for seed in (4, 4))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - benchmark.monte_carlo(PROCESS, LATTICE, 3_000, seed=5)).max() > 0
    exact = benchmark.bin_averages(PROCESS, LATTICE)
    p = exact * 2 * np.pi / LATTICE.n_theta  # each count is binomial
    for count in (2_000, 16_000):
        expected = np.sqrt((p * (1 - p)).sum() / count / (p**2).sum())
        errors = [benchmark.relative_error(benchmark.monte_carlo(PROCESS, LATTICE, count, seed=seed), exact) for seed in range(6)]
        assert np.mean(errors) == pytest.approx(expected, rel=0.12)


def test_the_approximation_near_the_axis_is_the_limit_of_little_turning():
    gaps = []
    for D in (0.08, 0.02):
        process = se2.DirectionProcess(D=D, alpha=0.8, blur=0.8, blur_theta=0.1)
        exact = benchmark.fourier(process, LATTICE, box=40.0)
        gaps.append(benchmark.relative_error(benchmark.near_axis(process, LATTICE), exact))
    assert gaps[1] < 0.5 * gaps[0] < 0.05


def test_the_kernel_is_normalised_by_every_route():
    cell = 2 * np.pi / LATTICE.n_theta
    wide = benchmark.Lattice(radius=9, n_theta=16)
    for found in (
        benchmark.fourier(PROCESS, wide),
        benchmark.bin_averages(PROCESS, wide),
        benchmark.near_axis(PROCESS, wide),
        benchmark.monte_carlo(PROCESS, wide, 20_000),
        benchmark.finite_differences(PROCESS, wide, 1, life=14.0),
    ):
        assert found.shape == (16, 19, 19)
        assert found.sum() * cell == pytest.approx(1, abs=0.01)
        mean_x = (found * wide.ticks).sum() * cell  # x grows with the columns
        assert 0.85 * PROCESS.moments().x < mean_x < 1 / PROCESS.alpha  # which is what going straight would give
        upper_left = found[1:8, :9].sum() - found[1:8, 10:].sum()
        assert upper_left > 0  # paths that turned left lie above, and y shrinks with the row


def test_moments_and_rates_are_reported():
    pairs = benchmark.moment_gap(PROCESS, size=81, spacing=0.5)[0]
    assert set(pairs) == set(vars(PROCESS.moments()))
    assert max(abs(found - closed) for found, closed in pairs.values()) < 1e-3
    small = benchmark.moment_gap(PROCESS, size=9, spacing=0.5)[0]
    assert abs(np.subtract(*small["mass"])) > 0.1  # a window that cuts the tails is seen
    process = se2.DirectionProcess(D=0.05, alpha=1.0, blur=0.8, blur_theta=0.25)
    places = np.array([0.5, 1.5, 1.0]), np.array([0.0, 0.4, -0.8]), np.array([0.0, 0.4, -0.6])
    errors = benchmark.convergence(process, places, modes=[4, 8, 12], steps=[1.2, 0.8, 0.6], boxes=[18.0, 22.0], times=[4, 8])
    assert np.all(errors["modes"] <= 3 * np.exp(-((0.25 * np.array([4, 8, 12])) ** 2)))
    assert np.all(errors["steps"] <= 3 * np.exp(-((np.pi * 0.8 / np.array([1.2, 0.8, 0.6])) ** 2) / 2))
    assert benchmark.orders(errors["times"], [4, 8])[0] == pytest.approx(4, abs=0.4)
    assert errors["boxes"][1] < errors["boxes"][0]


def test_work_and_precision_of_all_routes():
    runs = benchmark.work_precision(PROCESS, LATTICE, modes=[8, 16], paths=[500], refinements=[1], repeats=1)
    by_method = {}
    for run in runs:
        by_method.setdefault(run.method, []).append(run)
    assert set(by_method) == {"Fourier modes", "Monte Carlo", "finite differences", "near the axis"}
    assert by_method["Fourier modes"][1].error < 0.02 < by_method["Monte Carlo"][0].error
    assert all(run.seconds > 0 and 0 < run.error < 1.5 for run in runs)


def test_the_clock_and_the_scale_measure_what_they_say():
    def busy():
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return "done"

    answer, seconds = benchmark.timed(busy, 2)
    assert answer == "done" and 0.04 < seconds < 0.2
    assert benchmark.timed(lambda: time.sleep(0.05))[1] < 0.04  # waiting is not work
    assert benchmark.peak_memory(lambda: np.zeros(4_000_000)) == pytest.approx(32e6, rel=0.05)
    table = benchmark.cost(PROCESS, sizes=[8, 16, 64], directions=[4, 8, 64], modes=[4, 8, 16], repeats=1)
    efforts, seconds, memory = table["n_theta"]
    assert memory[2] > 2 * memory[0] and np.all(seconds > 0) and efforts.tolist() == [4, 8, 64]


def test_the_benchmark_does_without_torch():
    code = "import sys; import paper_code.se2.benchmark; sys.exit(bool({'torch', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_kernel_panels_have_y_up_and_show_turn_and_half_turn():
    theta = np.deg2rad([0, 50])
    slices = np.zeros((2, 9, 9))
    slices[:, 0, 4] = 1  # the uppermost place
    figure = figures.kernels([("one", slices[0], slices)], theta, se2.association_arcs(length=3, curvature=0.2, count=3), 4.5)
    assert len(figure.axes[0].lines) == 3
    for axes, angle in zip(figure.axes[1:3], theta, strict=True):
        assert axes.images[0].origin == "upper" and axes.images[0].get_extent() == [-4.5, 4.5, -4.5, 4.5]
        assert axes.get_ylim()[1] > axes.get_ylim()[0]
        for line, expected in zip(axes.lines, (angle / 2, angle), strict=True):
            ends = line.get_xydata()
            assert np.arctan2(*(ends[1] - ends[0])[::-1]) == pytest.approx(expected, abs=1e-9)
    plt.close(figure)
