"""Accuracy and cost of the kernels: closed forms, convergence, cost, and the other standard methods for the same values.

The methods compared are those of the literature (Zhang, Duits, Sanguinetti and ter Haar Romeny 2016 compare three of them): Fourier
modes (this package), histograms of simulated paths, explicit finite differences, and a Gaussian approximation near the axis. All
compute the same kernel, that of the blurred direction process with an exponential lifetime, on a ``Lattice``, and return an array
(n_theta, rows, columns) of densities per px^2 and radian, with theta_k = 2 pi k / n_theta and y up.
"""

import math
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from paper_code.se2.lattice import lattice_kernel
from paper_code.se2.modes import Process
from paper_code.se2.processes import DirectionProcess, Enhancement
from paper_code.se2.sampling import sample_grid, sample_points

STEPS = 64  # steps per simulated path
SIDE = 26.0  # px, side of the periodic grid of the finite differences


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


@dataclass(frozen=True)
class Effort:
    """One method for computing the kernel, at one setting."""

    method: str
    setting: str  # in words
    effort: float  # as a number: M, paths, or grid points per pixel; 0 for the closed form
    error: float  # relative to the exact values, root mean square over the lattice
    seconds: float  # processor time, which other load on the machine does not lengthen


def timed(function: Callable[[], Any], repeats: int = 1) -> tuple[Any, float]:
    """The result of ``function()`` and the shortest processor time of ``repeats`` calls, summed over threads, in seconds."""
    best = math.inf
    for _ in range(repeats):
        start = time.process_time()
        answer = function()
        best = min(best, time.process_time() - start)
    return answer, best


def peak_memory(function: Callable[[], object]) -> int:
    """Peak memory held by ``function()``, in bytes, including its result."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def relative_error(found: ArrayLike, exact: ArrayLike) -> float:
    """Relative error |found - exact| / |exact|, in the root mean square."""
    return float(np.linalg.norm(np.subtract(found, exact)) / np.linalg.norm(exact))


def fourier(process: Process, lattice: Lattice, step: float | None = None, box: float | None = None) -> np.ndarray:
    """Densities from the Fourier modes of this package, cut at M = ``process.modes``; step and box as in ``lattice_kernel``, px."""
    return lattice_kernel(process, radius=lattice.radius, angles=lattice.theta, cell=0, box=box, step=step, tolerance=math.inf)[0]


def bin_averages(process: Process, lattice: Lattice) -> np.ndarray:
    """Exact averages over the bins of :func:`histogram`, 1 px by 1 px by 2 pi / n_theta."""
    return lattice_kernel(process, radius=lattice.radius, n_theta=lattice.n_theta, cell=1.0)[0]


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


def monte_carlo(process: DirectionProcess | Enhancement, lattice: Lattice, count: int, seed: int = 0) -> np.ndarray:
    """Densities, averaged over bins, from the histogram of ``count`` simulated paths."""
    volume = 2 * math.pi / lattice.n_theta
    return histogram(*simulate(process, count, seed), lattice) / (count * volume)


def finite_differences(process: DirectionProcess, lattice: Lattice, refinement: int, life: float = 20.0) -> np.ndarray:
    """Densities by central differences on a grid of 1 / refinement px and explicit fourth-order Runge-Kutta steps.

    The blurred source is placed on the grid and its density p_t is evolved; the resolvent is alpha times the integral of e^{-alpha t}
    p_t, by Simpson's rule. Both differences are of second order. The integral is cut at ``life`` px.
    The target's blur in theta is a factor on the modes in theta.
    """
    h = 1 / refinement
    n_theta = lattice.n_theta * max(1, math.ceil(refinement / 2))
    half = math.ceil(SIDE * refinement / 2)
    ticks = np.arange(-half, half) * h
    theta = 2 * math.pi * np.arange(n_theta) / n_theta
    turn = (theta + math.pi) % (2 * math.pi) - math.pi
    profile, angles = _normal(ticks, process.blur), _normal(turn, process.blur_theta)
    density = angles[:, None, None] * profile[:, None] * profile  # (theta, y, x), y increasing
    cos, sin = (part[:, None, None] / (2 * h) for part in (np.cos(theta), np.sin(theta)))
    bend = process.D / (theta[1] ** 2)

    def rate(p):
        change = cos * (np.roll(p, 1, 2) - np.roll(p, -1, 2))
        change += sin * (np.roll(p, 1, 1) - np.roll(p, -1, 1))
        change += bend * (np.roll(p, 1, 0) + np.roll(p, -1, 0))
        change -= (2 * bend + process.alpha) * p
        return change

    # RK4 is stable up to 2.8 on the imaginary axis, where the spectrum of transport lies, and up to 2.7 on the real axis.
    count = 2 * math.ceil(life * max(math.sqrt(2) / h / 2.4, (4 * bend + process.alpha) / 2.4) / 2)
    dt = life / count
    total = density.copy()
    for step in range(1, count + 1):
        first = rate(density)
        second = rate(density + dt / 2 * first)
        third = rate(density + dt / 2 * second)
        density = density + dt / 6 * (first + 2 * second + 2 * third + rate(density + dt * third))
        total += (1 if step == count else 4 if step % 2 else 2) * density
    total *= process.alpha * dt / 3
    m = np.fft.fftfreq(n_theta, 1 / n_theta)
    blurred = np.fft.ifft(np.fft.fft(total, axis=0) * np.exp(-((process.blur_theta * m) ** 2) / 2)[:, None, None], axis=0).real
    places = half + refinement * np.arange(-lattice.radius, lattice.radius + 1)
    return blurred[:: n_theta // lattice.n_theta][:, places[::-1]][:, :, places]


def _normal(x: np.ndarray, sd: float) -> np.ndarray:
    return np.exp(-(x**2) / (2 * sd**2)) / (math.sqrt(2 * math.pi) * sd)


def near_axis(process: DirectionProcess, lattice: Lattice) -> np.ndarray:
    """The Heisenberg approximation (cos theta = 1, sin theta = theta) with the same blurs, in closed form except for x.

    At distance x' the pair (y, theta) is Gaussian with variances 2 D x'^3 / 3 and 2 D x' and covariance D x'^2. To these, jitter s of the
    source's angle adds s^2 (x', 1)(x', 1)^T, that of the target adds s^2 to the variance of theta, and the blur its square to that of y.
    """
    ahead, D, jitter = np.linspace(0, lattice.radius + 6 * process.blur, 400), process.D, process.blur_theta**2
    y2 = 2 * D * ahead**3 / 3 + jitter * ahead**2 + process.blur**2
    yt, t2 = D * ahead**2 + jitter * ahead, 2 * D * ahead + 2 * jitter
    det = y2 * t2 - yt**2
    turn = (lattice.theta + math.pi) % (2 * math.pi) - math.pi
    y, theta = -lattice.ticks[None, :, None], turn[:, None, None]
    plane = np.exp(-(t2 * y**2 - 2 * yt * y * theta + y2 * theta**2) / (2 * det)) / (2 * math.pi * np.sqrt(det))  # (theta, y, nodes)
    along = _normal(lattice.ticks - ahead[:, None], process.blur)
    weight = np.full(len(ahead), ahead[1])
    weight[[0, -1]] /= 2
    return plane @ ((weight * process.alpha * np.exp(-process.alpha * ahead))[:, None] * along)


def work_precision(
    process: DirectionProcess,
    lattice: Lattice,
    *,
    modes: Iterable[int],
    paths: Iterable[int],
    refinements: Iterable[int],
    repeats: int = 3,
) -> list[Effort]:
    """Error and time of the four methods for a blurred kernel at increasing effort, as a list of :class:`Effort`.

    ``modes`` are values of M in the Fourier method; the grid step follows so that both cuts are at the same multiple of 1 / blur_theta and
    1 / blur: step = pi blur / (blur_theta M). ``paths`` are numbers of paths, simulated from seed 0; their histogram is compared with exact
    averages over its bins, so binning adds no error. ``refinements`` are grid points per pixel of the finite differences. The Fourier
    method and the approximation take milliseconds and are timed ``repeats`` times; the shortest time counts. Exact values are those of the
    Fourier method with M = 4.5 / blur_theta, a step of blur / 3 and a wider box.
    """
    fine = replace(process, modes=math.ceil(4.5 / process.blur_theta))
    window = 2 * lattice.radius + 1
    exact = fourier(fine, lattice, step=process.blur / 3, box=window + 1.5 * process.reach)
    averages = bin_averages(process, lattice)
    runs = []

    def run(method, setting, effort, found, right, times=1):
        values, seconds = timed(found, times)
        runs.append(Effort(method, setting, effort, relative_error(values, right), seconds))

    for count in modes:
        coarse, step = replace(process, modes=count), math.pi * process.blur / (process.blur_theta * count)
        run("Fourier modes", f"M = {count}, step {step:.2f} px", count, partial(fourier, coarse, lattice, step=step), exact, repeats)
    for count in paths:
        run("Monte Carlo", f"{count:,} paths", count, partial(monte_carlo, process, lattice, count), averages)
    for refinement in refinements:
        setting = f"grid of 1/{refinement} px"
        run("finite differences", setting, refinement, partial(finite_differences, process, lattice, refinement), exact)
    run("near the axis", "closed form", 0, partial(near_axis, process, lattice), exact, repeats)
    return runs


def standard_residuals(
    process: DirectionProcess | Enhancement, lattice: Lattice, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts of simulated paths, the counts expected from the kernel, both (n_theta, rows, columns), and the residuals (n,) in sd.

    Residuals, of the bins that expect more than 20, are normal with variance 1 if the kernel is correct; their sum of squares is chi^2.
    """
    seen = histogram(*simulate(process, count, seed), lattice)
    expected = bin_averages(process, lattice) * count * 2 * math.pi / lattice.n_theta
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
            seconds.append(timed(kernel, repeats)[1])
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


def compare_ways(runs: Sequence[Effort]) -> dict[str, Any]:
    """Summary, as a dict, of the methods compared by the runs of :func:`work_precision`.

    "best": smallest error of each method. "others": smallest error of all but the Fourier modes. "scatter": for each Monte Carlo run,
    its error times the root of the number of paths, which should be constant. "orders": those of the finite differences, which should be 2.
    """
    ways = {name: [run for run in runs if run.method == name] for name in dict.fromkeys(run.method for run in runs)}
    best = {name: min(run.error for run in some) for name, some in ways.items()}
    others = min(error for name, error in best.items() if name != "Fourier modes")
    return {
        "best": best,
        "others": others,
        "scatter": np.array([run.error * np.sqrt(run.effort) for run in ways["Monte Carlo"]]),
        "orders": orders(*zip(*((run.error, run.effort) for run in ways["finite differences"]), strict=True)),
    }
