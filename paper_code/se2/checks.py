"""Checks of the kernels: simulated paths, convergence, symmetries, moments, and what a kernel costs.

Arrays are (n_theta, rows, columns), densities per px^2 and radian or counts, with theta_k = 2 pi k / n_theta and y up.
"""

import math
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import process_time
from timeit import repeat
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paper_code.se2.lattice import lattice_kernel
from paper_code.se2.modes import Process
from paper_code.se2.processes import DirectionProcess, Enhancement
from paper_code.se2.sampling import sample_grid, sample_points

STEPS = 64  # steps per simulated path


@dataclass(frozen=True)
class Lattice:
    """The points compared: (2 radius + 1)^2 positions, 1 px apart and centred on the source, and n_theta directions over 2 pi."""

    radius: int = 8
    n_theta: int = 32

    @property
    def ticks(self) -> np.ndarray:
        """Coordinates along an axis, px, increasing."""
        return np.arange(-self.radius, self.radius + 1.0)

    @property
    def theta(self) -> np.ndarray:
        """Directions in [0, 2 pi), radians."""
        return 2 * math.pi * np.arange(self.n_theta) / self.n_theta


def peak_memory(function: Callable[[], object]) -> int:
    """Peak memory held by ``function()``, in bytes, including its result."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def simulate(process: DirectionProcess | Enhancement, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Endpoints of independent paths of a blurred, directed process with an exponential lifetime: x, y, theta, each (count,).

    Angles are exact. Half of each step follows its initial direction and half its final direction: this is the trapezoidal rule for the
    displacement of the direction process, and for the variance of that of enhancement. Blurs are drawn as Gaussian jitter.
    """
    rng = np.random.default_rng(seed)
    step = rng.exponential(1 / process.alpha, count) / STEPS
    ahead = isinstance(process, DirectionProcess)
    spread = np.sqrt(2 * (process.D if ahead else process.D22) * step)
    theta = process.blur_theta * rng.standard_normal(count)
    x, y = process.blur * rng.standard_normal((2, count))
    for _ in range(STEPS):
        turned = theta + spread * rng.standard_normal(count)
        for angle in (theta, turned):
            way = step / 2 if ahead else np.sqrt(process.D11 * step) * rng.standard_normal(count)
            x, y = x + way * np.cos(angle), y + way * np.sin(angle)
        theta = turned
    return x, y, theta + process.blur_theta * rng.standard_normal(count)


def histogram(x: np.ndarray, y: np.ndarray, theta: np.ndarray, lattice: Lattice) -> np.ndarray:
    """Number of endpoints in each bin centred on a lattice point: int array (n_theta, rows, columns)."""
    column, row = np.rint(x).astype(int) + lattice.radius, lattice.radius - np.rint(y).astype(int)
    level = np.rint(theta * lattice.n_theta / (2 * math.pi)).astype(int) % lattice.n_theta
    side = 2 * lattice.radius + 1
    inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    place = (level[inside] * side + row[inside]) * side + column[inside]
    return np.bincount(place, minlength=lattice.n_theta * side * side).reshape(lattice.n_theta, side, side)


def standard_residuals(
    process: DirectionProcess | Enhancement, lattice: Lattice, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts of simulated paths, the counts expected from the kernel, both (n_theta, rows, columns), and the residuals (n,) in sd.

    Residuals, of the bins that expect more than 20, are normal with variance 1 if the kernel is correct; their sum of squares is chi^2.
    """
    seen = histogram(*simulate(process, count, seed), lattice)
    density = lattice_kernel(process, radius=lattice.radius, n_theta=lattice.n_theta, cell=1.0)[0]  # averages over the bins
    expected = density * count * 2 * math.pi / lattice.n_theta
    often = expected > 20
    return seen, expected, (seen[often] - expected[often]) / np.sqrt(expected[often])


def convergence(
    process: DirectionProcess,
    places: tuple[ArrayLike, ArrayLike, ArrayLike],
    *,
    modes: Iterable[int],
    steps: Iterable[float],
    boxes: Sequence[float],
    times: Sequence[int],
) -> dict[str, np.ndarray]:
    """Largest error at points (x, y, theta), relative to the largest density, as one numerical parameter varies and the others are fine.

    ``modes`` are values of M, ``steps`` and ``boxes`` grid steps and box sides, px, of a blurred process with an exponential lifetime;
    ``times`` are time steps of it stopped at the mean lifetime, M = 40, compared at 40 random frequencies. Returns arrays by these names.
    """
    fine = replace(process, modes=math.ceil(5 / process.blur_theta))
    step, box = process.blur / 3.2, max(boxes) + 40 / process.alpha / 4
    exact = sample_points(fine, *places, step=step, box=box)

    def gap(process, step=step, box=box):
        found = sample_points(process, *places, step=step, box=box, tolerance=math.inf)
        return float(np.abs(found - exact).max() / exact.max())

    rng = np.random.default_rng(0)
    rho, phi = rng.uniform(0.05, 3 / process.blur, 40), rng.uniform(-math.pi, math.pi, 40)
    stopped = DirectionProcess(D=process.D, time=1 / process.alpha, blur=process.blur, blur_theta=process.blur_theta, modes=40)

    def at(count):
        return replace(stopped, steps=count).spectrum(rho * np.cos(phi), rho * np.sin(phi))

    end = at(4 * max(times))
    return {
        "modes": np.array([gap(replace(process, modes=count)) for count in modes]),
        "steps": np.array([gap(fine, step=one) for one in steps]),
        "boxes": np.array([gap(fine, box=one) for one in boxes]),
        "times": np.array([np.abs(at(count) - end).max() / np.abs(end).max() for count in times]),
    }


def orders(errors: ArrayLike, efforts: ArrayLike) -> np.ndarray:
    """Observed orders of convergence between successive runs: log(e_k / e_{k+1}) / log(n_{k+1} / n_k)."""
    errors, efforts = np.asarray(errors, float), np.asarray(efforts, float)
    return np.log(errors[:-1] / errors[1:]) / np.log(efforts[1:] / efforts[:-1])


def cost(
    process: Process,
    *,
    sizes: Sequence[int],
    directions: Sequence[int],
    modes: Sequence[int],
    repeats: int = 2,
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Processor seconds and bytes of ``sample_grid``, increasing one parameter at a time: dict name: (efforts, seconds, bytes).

    The other two parameters stay at the middle of their lists; ``sizes`` are positions per side, ``directions`` n_theta, ``modes`` M.
    """
    middle = {"size": sizes[len(sizes) // 2], "n_theta": directions[len(directions) // 2], "modes": modes[len(modes) // 2]}
    table = {}
    for name, efforts in (("size", sizes), ("n_theta", directions), ("modes", modes)):
        seconds, memory = [], []
        for effort in efforts:
            given = middle | {name: effort}
            numerics = replace(process, modes=given.pop("modes"))
            kernel = partial(sample_grid, numerics, spacing=0.25, tolerance=math.inf, **given)
            seconds.append(min(repeat(kernel, timer=process_time, repeat=repeats, number=1)))
            memory.append(peak_memory(kernel))
        table[name] = (np.array(efforts), np.array(seconds), np.array(memory))
    return table


def symmetry_errors(process: DirectionProcess | Enhancement, count: int = 40) -> dict[str, float]:
    """Departures of a blurred, directed kernel from its symmetries, as shares of its peak, at random points (x -3 to 7 px, y -5 to 5 px).

    "left": the kernel of a rotated source against the rotated kernel, on a 7 x 7 lattice. "reflection": p(x, -y, -theta) = p(x, y,
    theta). "reversal": read from the other end, p(x cos theta + y sin theta, x sin theta - y cos theta, theta) = p(x, y, theta).
    "reciprocity": K(k) = K(k^{-1}) for the undirected kernel. The kernel must not wrap round in the box of 60 px.
    """
    rng = np.random.default_rng(0)
    x, y, theta = rng.uniform(-3, 7, count), rng.uniform(-5, 5, count), rng.uniform(-np.pi, np.pi, count)
    cos, sin = np.cos(theta), np.sin(theta)
    undirected = replace(process, undirected=True)

    def at(*place, of=process):
        return sample_points(of, *place, box=60.0)

    value, twice = at(x, y, theta), at(x, y, theta, of=undirected)
    turned = lattice_kernel(process, radius=3, frame_angles=[0.7], angles=[1.9], cell=0)[0, 0]
    columns, lines = np.meshgrid(np.arange(-3.0, 4), np.arange(3.0, -4, -1))
    moved = at(columns * np.cos(0.7) + lines * np.sin(0.7), lines * np.cos(0.7) - columns * np.sin(0.7), 1.2)
    inverse = at(-x * cos - y * sin, x * sin - y * cos, -theta, of=undirected)
    gaps = {
        "left": np.abs(turned - moved).max() / max(at(0.0, 0.0, 0.0), value.max()),
        "reflection": np.abs(at(x, -y, -theta) - value).max() / value.max(),
        "reversal": np.abs(at(x * cos + y * sin, x * sin - y * cos, theta) - value).max() / value.max(),
        "reciprocity": np.abs(inverse - twice).max() / twice.max(),
    }
    return {name: float(np.max(gap)) for name, gap in gaps.items()}


def moment_gap(process: DirectionProcess | Enhancement, n_theta: int = 48, **window: Any) -> tuple[dict[str, tuple[float, float]], float]:
    """Moments of the kernel sampled by ``sample_grid`` in a window that must contain the tails: dict name: (sampled, closed form).

    Also returns the largest difference, relative to the closed form, or to 0.1 where the closed form is smaller.
    """
    sampled, closed = sample_grid(process, n_theta=n_theta, **window).moments(), process.moments()
    pairs = {name: (getattr(sampled, name), getattr(closed, name)) for name in vars(closed)}
    return pairs, max(abs(found - exact) / max(abs(exact), 0.1) for found, exact in pairs.values())
