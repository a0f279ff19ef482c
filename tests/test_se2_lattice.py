"""Laws of the kernels on the lattice of K: cell averages, left invariance, reciprocity, and convergence."""

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from se2_reference import hankel

from paper_code import se2
from paper_code.core.geometry import pixel_grid

PROCESSES = [
    se2.DirectionProcess(D=0.1, alpha=0.5),
    se2.Enhancement(D11=1.0, D22=0.1, alpha=0.6),
    se2.Enhancement(D11=1.0, D22=0.1, time=2.0),
]
named = pytest.mark.parametrize("process", PROCESSES, ids=["direction", "resolvent", "heat"])


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@named
def test_values_are_cell_averages(process):
    kernel = se2.lattice_kernel(process, radius=3, n_theta=64)[0]
    node, weight = leggauss(6)
    rng = np.random.default_rng(0)
    X, Y = pixel_grid(7)
    for k, row, column in zip(rng.integers(-6, 7, 5), rng.integers(0, 7, 5), rng.integers(0, 7, 5), strict=True):
        x, y, theta = X[row, column] + node[:, None, None] / 2, Y[row, column] + node[:, None] / 2, (k + node / 2) * 2 * np.pi / 64
        inside = se2.sample_points(process, x, y, theta) * weight[:, None, None] * weight[:, None] * weight / 8
        assert kernel[k, row, column] == pytest.approx(inside.sum(), rel=1e-5, abs=1e-7 * kernel.max())


def test_a_cell_average_by_the_hankel_route():
    given = dict(D=0.1, alpha=0.5, blur=0.5, blur_theta=0.12)
    kernel = se2.lattice_kernel(se2.DirectionProcess(**given), radius=2, n_theta=32)[0]
    node, weight = leggauss(4)
    x, y, theta = (v.ravel() for v in np.meshgrid(1 + node / 2, 1 + node / 2, (4 + node / 2) * 2 * np.pi / 32, indexing="ij"))
    weights = np.einsum("a,b,c->abc", weight, weight, weight).ravel() / 8
    expected = weights @ hankel(x, y, theta, modes=34, nodes=120, **given)
    assert kernel[4, 1, 3] == pytest.approx(expected, rel=1e-5)  # row 1 is y = +1


@named
def test_refining_step_modes_and_box_changes_nothing(process):
    coarse = se2.lattice_kernel(process)
    fine = se2.lattice_kernel(type(process)(**{**vars(process), "modes": 50}), step=0.2, box=50.0)
    assert coarse.shape == (1, 64, 13, 13)
    assert relative(coarse, fine) < 1e-7


@pytest.mark.parametrize("undirected", [False, True])
def test_moving_the_source_moves_the_kernel(undirected):
    process = se2.DirectionProcess(D=0.1, alpha=0.8, undirected=undirected)
    frames, angles = np.array([0.0, 0.4, 2.0, -1.1]), np.array([0.3, 1.7, 2.9])
    rng = np.random.default_rng(1)
    offsets = rng.uniform(-1, 1, (4, 3, 2))
    found = se2.lattice_kernel(process, radius=2, frame_angles=frames, angles=angles, offsets=offsets, cell=0, box=40.0)
    X, Y = pixel_grid(5)
    for i, frame in enumerate(frames):
        for j, angle in enumerate(angles):
            x, y = X + offsets[i, j, 0], Y + offsets[i, j, 1]
            along, across = x * np.cos(frame) + y * np.sin(frame), y * np.cos(frame) - x * np.sin(frame)
            expected = se2.sample_points(process, along, across, angle - frame, box=40.0)
            np.testing.assert_allclose(found[i, j], expected, rtol=0, atol=1e-7 * found.max())


@named
def test_a_quarter_turn_turns_the_lattice(process):
    angles = np.array([0.2, 1.0, 2.5])
    plain = se2.lattice_kernel(process, radius=3, frame_angles=[0.3], angles=angles, cell_theta=0.2)
    turned = se2.lattice_kernel(process, radius=3, frame_angles=[0.3 + np.pi / 2], angles=angles + np.pi / 2, cell_theta=0.2)
    np.testing.assert_allclose(turned, np.rot90(plain, axes=(2, 3)), atol=1e-12)


@pytest.mark.parametrize("blur_theta", [0.1, 0.4])
def test_undirected_lattices_are_reciprocal(blur_theta):
    for process in (
        se2.DirectionProcess(D=0.1, alpha=0.8, blur_theta=blur_theta, undirected=True),
        se2.Enhancement(D11=1.0, D22=0.1, alpha=1.0, blur_theta=blur_theta, undirected=True),
    ):
        angles = np.array([0.1, 0.9, 1.6, 2.8])
        kernel = se2.lattice_kernel(process, radius=3, frame_angles=angles, angles=angles, box=40.0)
        np.testing.assert_allclose(kernel, kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1], rtol=0, atol=1e-6 * kernel.max())


def test_undirecting_sums_over_the_directions_of_source_and_target():
    given = dict(D=0.1, alpha=0.5)
    directed = se2.lattice_kernel(se2.DirectionProcess(**given), n_theta=32, box=40.0)[0]
    whole = se2.lattice_kernel(se2.DirectionProcess(**given, undirected=True), n_theta=16, box=40.0)[0]
    both = directed + directed[:, ::-1, ::-1]
    np.testing.assert_allclose((both[:16] + both[16:]) / 2, whole, atol=1e-12)
    assert np.abs(whole[1] - whole[-1]).max() > 0.01 * whole.max()  # so the sign of theta matters


def test_the_cells_of_a_wide_lattice_hold_all_the_mass():
    process = se2.DirectionProcess(D=0.1, alpha=0.8)
    for undirected, period in ((False, 2 * np.pi), (True, np.pi)):
        kernel = se2.lattice_kernel(type(process)(**{**vars(process), "undirected": undirected}), radius=24, n_theta=12)
        assert kernel.sum() * period / 12 == pytest.approx(1, abs=1e-6)
