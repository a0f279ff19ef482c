"""The laws of the group kernels hold for them and are broken by faults, and the ways to a kernel are compared as they were run."""

import numpy as np
import pytest

from paper_code import se2
from paper_code.se2 import benchmark
from paper_code.se2.benchmark import Effort

PROCESSES = [
    se2.DirectionProcess(D=0.2, alpha=0.6, blur=1.2, blur_theta=0.3),
    se2.Enhancement(D11=2.0, D22=0.2, alpha=0.6, blur=1.2, blur_theta=0.3),
    se2.DirectionProcess(D=0.1, alpha=1.0, shape=2, blur=1.2, blur_theta=0.3),
    se2.DirectionProcess(D=0.1, time=4.0, blur=1.2, blur_theta=0.3),
    se2.Enhancement(D11=1.3, D22=0.1, time=4.0, blur=1.2, blur_theta=0.3),
]


@pytest.mark.parametrize("process", PROCESSES, ids=["direction", "enhancement", "Gamma", "direction at a time", "enhancement at a time"])
def test_the_kernels_keep_their_laws(process):
    errors = benchmark.symmetry_errors(process, count=12)
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
    true = benchmark.sample_points
    monkeypatch.setattr(benchmark, "sample_points", lambda process, x, y, theta, **box: true(process, *fault(x, y, theta), **box))
    assert benchmark.symmetry_errors(PROCESSES[0], count=12)[law] > 0.02


def test_the_largest_gap_of_the_moments_is_found():
    pairs, gap = benchmark.moment_gap(PROCESSES[0], size=61, spacing=0.6)
    assert gap == pytest.approx(max(abs(one - two) / max(abs(two), 0.1) for one, two in pairs.values())) and gap < 0.01
    cut = benchmark.moment_gap(PROCESSES[0], size=7, spacing=0.6, box=45.0)[1]
    assert cut > 10 * gap


def test_ways_are_compared_by_their_best_runs():
    runs = [
        Effort("Fourier modes", "M = 4", 4, 0.1, 0.5),
        Effort("Fourier modes", "M = 8", 8, 0.01, 1.0),
        Effort("Fourier modes", "M = 16", 16, 1e-5, 2.0),
        Effort("Monte Carlo", "100 paths", 100, 0.3, 3.0),
        Effort("Monte Carlo", "10,000 paths", 10_000, 0.03, 300.0),
        Effort("finite differences", "grid of 1/1 px", 1, 0.4, 5.0),
        Effort("finite differences", "grid of 1/2 px", 2, 0.1, 40.0),
        Effort("near the axis", "closed form", 0, 0.2, 0.1),
    ]
    found = benchmark.compare_ways(runs)
    assert found["best"] == {"Fourier modes": 1e-5, "Monte Carlo": 0.03, "finite differences": 0.1, "near the axis": 0.2}
    assert found["others"] == 0.03
    np.testing.assert_allclose(found["scatter"], [3, 3])
    np.testing.assert_allclose(found["orders"], [2])
