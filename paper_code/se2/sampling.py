"""A kernel on SE(2) sampled on a grid, and the sums that take a process from its modes to positions, each as fine as the kernel requires.

A sum that is cut at M modes and at the frequency pi / step loses, at any point, at most the sum of the moduli of the omitted terms. This
bound is evaluated here at about a hundred frequencies, against twice the modes, twice the time steps, and the ring up to twice the
frequency. It is a share of the peak, which is at least the integral of the square of a density of mass 1.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import fft, ifft, irfft, next_fast_len
from scipy.ndimage import map_coordinates, spline_filter1d

from paper_code.core.errors import PaperCodeError
from paper_code.se2.modes import (
    MOST_MODES,
    WORK,
    Moments,
    Process,
    check_arrays,
    check_count,
    check_memory,
    check_number,
    check_work,
    sweeps,
)

TOLERANCE = 2e-4  # loss allowed to each cut, as a share of the kernel's peak
FEWEST = 20000  # frequencies that a kernel is assumed to need at least, so that the comparison itself stays short
RATIO, SECTORS, RINGS = 1.5, 8, 8  # test frequencies: ratio of neighbouring radii, directions per quadrant, radii outside the cut
PAD = 4  # samples of theta repeated at either end, for the support of a quintic spline
POINTS = 128  # points per sum
SMALLER = "give a smaller window or box, a larger alpha or blur, or a shorter time"


def losses(process: Process, step: float) -> dict[str, float]:
    """Shares of the peak lost to the cut in modes, to the cut in frequency (at pi / step) and to the time steps: dict of float."""
    band = math.pi / step
    edges = band * RATIO ** -np.arange(max(2, math.ceil(math.log(5 * band * process.reach) / math.log(RATIO))))
    outer = band * (1 + (np.arange(RINGS) + 0.5) / RINGS)
    rho = np.concatenate([edges / math.sqrt(RATIO), outer])
    width = np.concatenate([rho[: edges.size] * math.log(RATIO), np.full(RINGS, band / RINGS)])
    # By symmetry one quadrant is enough. A contour is sharpest across itself, so the directions crowd there, spaced as cubes.
    share = (np.arange(SECTORS) + 0.5) / SECTORS
    tilt, wedge = math.pi / 2 * share**3, 3 * math.pi / 2 * share**2 / SECTORS
    wx, wy = np.outer(rho, np.sin(tilt)).ravel(), np.outer(rho, np.cos(tilt)).ravel()
    area, inside = np.outer(rho * width, wedge).ravel() / math.pi**2, np.repeat(rho < band, SECTORS)
    twice = replace(process, modes=2 * process.modes)
    found, fine = process.spectrum(wx, wy), twice.spectrum(wx, wy)
    rest = fine.copy()
    rest[process.modes : -process.modes] -= found
    peak = process.period * (area * (np.abs(fine) ** 2).sum(0))[inside].sum()
    lost = {"modes": np.abs(rest)[:, inside], "step": np.abs(fine)[:, ~inside]}
    if process.time_steps:
        lost["steps"] = np.abs(replace(twice, steps=2 * process.time_steps).spectrum(wx, wy) - fine)[:, inside]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return {name: float((part.sum(0) * area[~inside if name == "step" else inside]).sum() / peak) for name, part in lost.items()}


def resolved(process: Process, step: float | None = None, tolerance: float = TOLERANCE) -> tuple[Process, float]:
    """The process with enough modes and time steps, and a grid step (px) that is fine enough.

    Modes and steps are refined where they are at their defaults. The grid step is blur / 2 by default, where the spectrum has fallen to
    e^{-2 pi^2}, and without blur as fine as the kernel requires. Each cut may lose ``tolerance`` of the peak; infinity accepts modes, steps
    and step as they are. A PaperCodeError says that a given value is too coarse, or that no affordable one is fine enough.
    """
    if not isinstance(process, Process):
        raise PaperCodeError(f"A process must be a DirectionProcess or an Enhancement, not {type(process).__name__}.")
    step = None if step is None else check_number("step", step)
    without_limit = isinstance(tolerance, float) and tolerance == math.inf
    return _resolved(process, step, math.inf if without_limit else check_number("tolerance", tolerance))


@lru_cache(maxsize=512)
def _resolved(process: Process, step: float | None, tolerance: float) -> tuple[Process, float]:
    given = {
        "modes": process.modes if process.modes != process.default_modes else None,
        "step": step,
        "steps": getattr(process, "steps", None),
    }
    step = step or (process.blur / 2 if process.blur else process.reach / 8)
    coarse = []
    while tolerance < math.inf:
        frequencies = max((process.reach / step) ** 2 / 2, FEWEST)
        if not frequencies * process.work <= WORK or process.modes > MOST_MODES // 2:
            cures = {"modes": "blur_theta", "step": "blur", "steps": "blur"}
            cure = " and a larger ".join(sorted({cures[name] for name in coarse}))
            cure = cure or "blur or alpha, a shorter time, or fewer modes or steps"
            raise PaperCodeError(f"This kernel is finer, or reaches farther, than minutes can compute: give a larger {cure}.")
        coarse = [name for name, share in losses(process, step).items() if not share <= tolerance]
        if not coarse:
            break
        if "step" in coarse:
            step /= RATIO
        if "modes" in coarse:
            process = replace(process, modes=math.ceil(RATIO * process.modes))
        if "steps" in coarse:
            process = replace(process, steps=2 * process.time_steps)
    needed = {"modes": process.modes, "step": step, "steps": process.time_steps}
    for name, value in given.items():
        if value is not None and value != needed[name]:
            raise PaperCodeError(f"{name} = {value:g} is too coarse for this kernel: give {name} = {needed[name]:.4g}, or leave it out.")
    return process, step


@dataclass(frozen=True, eq=False)
class Kernel:
    """A density on SE(2), per px^2 and radian, with total mass 1 over the plane and one period of theta."""

    values: np.ndarray  # (n_theta, rows, columns)
    x: np.ndarray  # (columns,), px, increasing
    y: np.ndarray  # (rows,), px, decreasing
    theta: np.ndarray  # (n_theta,), radians, from 0; the end of the period is not included
    process: Process  # the process that was sampled

    @property
    def spacing(self) -> float:
        """Distance between neighbouring positions, px."""
        return float(self.x[1] - self.x[0])

    def expect(self, function: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray | float]) -> float:
        """The integral over the window of ``function(x, y, theta)`` times the density.

        For an undirected kernel the function is averaged over theta and theta + pi.
        """
        x, y, theta = self.x[None, None, :], self.y[None, :, None], self.theta[:, None, None]
        value = function(x, y, theta)
        if self.process.undirected:
            value = (value + function(x, y, theta + math.pi)) / 2
        return float((value * self.values).sum() * self.spacing**2 * self.process.period / self.theta.size)

    @property
    def mass(self) -> float:
        """The mass inside the window, 1 less the mass outside."""
        return self.expect(lambda x, y, theta: 1.0)

    def moments(self) -> Moments:
        """Moments of the samples; ``kernel.process.moments()`` gives the closed forms."""
        return Moments(
            mass=self.mass,
            cos=self.expect(lambda x, y, t: np.cos(t)),
            cos2=self.expect(lambda x, y, t: np.cos(2 * t)),
            x=self.expect(lambda x, y, t: x),
            x2=self.expect(lambda x, y, t: x**2),
            y2=self.expect(lambda x, y, t: y**2),
            x_cos=self.expect(lambda x, y, t: x * np.cos(t)),
            y_sin=self.expect(lambda x, y, t: y * np.sin(t)),
        )

    def marginal(self, over: str) -> np.ndarray:
        """Density (rows, columns) per px^2 integrated ``over="theta"``, or (n_theta,) per radian integrated ``over="place"``."""
        if over == "theta":
            return self.values.sum(0) * self.process.period / self.theta.size
        if over == "place":
            return self.values.sum((1, 2)) * self.spacing**2
        raise PaperCodeError(f'marginal is over "theta" or "place", not {over!r}.')

    def at(self, x: ArrayLike, y: ArrayLike, theta: ArrayLike) -> np.ndarray:
        """Density at arbitrary points of the window, by quintic splines on samples doubled in theta; broadcasts.

        Accurate to 1e-5 of the peak if the spacing is at most blur / 2 and n_theta at least 4 / blur_theta, except at the four
        outermost positions of the window. se2.sample_points is exact but slower. PaperCodeError if a point is not within the window.
        """
        x, y, theta = check_arrays(x=x, y=y, theta=theta)
        row, column = (self.y[0] - y) / self.spacing, (x - self.x[0]) / self.spacing
        slack = 1e-9
        for name, place, count in (("x", column, self.x.size), ("y", row, self.y.size)):
            if place.size and (place.min() < -slack or place.max() > count - 1 + slack):
                raise PaperCodeError(f"A place lies outside the kernel's window in {name}: make the kernel with a larger size.")
        level = (theta % self.process.period) * (2 * self.theta.size / self.process.period) + PAD
        places = np.stack([level.ravel(), np.clip(row, 0, self.y.size - 1).ravel(), np.clip(column, 0, self.x.size - 1).ravel()])
        return map_coordinates(self._spline, places, order=5, mode="mirror", prefilter=False).reshape(x.shape)

    @cached_property
    def _spline(self) -> np.ndarray:
        count = self.theta.size
        modes = fft(self.values, axis=0)
        padded = np.zeros((2 * count, *self.values.shape[1:]), complex)
        half = (count + 1) // 2
        padded[:half] = modes[:half]
        padded[-(half - 1) or 2 * count :] = modes[-(half - 1) or count :]
        if count % 2 == 0:
            padded[half] = padded[-half] = modes[half] / 2
        doubled = spline_filter1d(2 * ifft(padded, axis=0).real, order=5, axis=0, mode="grid-wrap")
        for axis in (1, 2):
            doubled = spline_filter1d(doubled, order=5, axis=axis, mode="mirror")
        return np.pad(doubled, ((PAD, PAD), (0, 0), (0, 0)), mode="wrap")


def box_count(process: Process, step: float, window: float, box: float | None = None) -> int:
    """The number of steps, an even one, across the periodic box for a window: by default at least the window plus the reach, in px."""
    least = window / 2 + process.reach
    if box is None:
        box = window + process.reach
    else:
        box = check_number("box", box)
        if box < max(least, window):
            raise PaperCodeError(
                f"A box of {box:g} px is too small for the lifetime and the window: give at least {max(least, window):.4g} px."
            )
    check_memory(40 * (box / step) ** 2 / 2, SMALLER)
    return 2 * next_fast_len(math.ceil(box / step / 2 - 1e-9), real=True)


def to_theta(modes: np.ndarray, process: Process, n_theta: int) -> np.ndarray:
    """Values at n_theta directions, evenly spaced over the period, from the modes (2M+1, F): complex (n_theta, F)."""
    stride = 2 if process.undirected else 1
    folded = np.zeros((n_theta, modes.shape[1]), complex)
    for m, row in zip(process.mode_numbers, modes, strict=True):
        if m % stride == 0:
            folded[(m // stride) % n_theta] += row
    return ifft(folded, axis=0, norm="forward", overwrite_x=True)


def sample_grid(
    process: Process,
    *,
    size: int,
    spacing: float = 0.25,
    n_theta: int = 64,
    box: float | None = None,
    tolerance: float = TOLERANCE,
) -> Kernel:
    """Sample a process on a square grid centred on the identity, as a :class:`Kernel`.

    The cost is proportional to (box / step)^2 frequencies times M, plus as many times n_theta; memory is a quarter of the latter, complex,
    plus the values. A direction process at 128 x 128 positions and 64 directions at the defaults takes 0.1 s on one core and 40 MB.
    PaperCodeError if size, spacing or n_theta is invalid, the box is too small for the lifetime, or the kernel is too fine or too wide.

    Parameters
    ----------
    process : DirectionProcess or Enhancement
    size : int
        Positions per side; an odd size has one at the origin, as in :func:`paper_code.core.geometry.pixel_grid`.
    spacing : float
        px. Where it exceeds blur / 2, or without blur what the kernel requires, the frequencies of a finer grid are used, so the samples
        are accurate at any spacing.
    n_theta : int
        Number of directions, theta_k = k period / n_theta.
    box : float, optional
        Side in px of the periodic box; by default the window plus the reach (10 / alpha and the blur for an exponential direction process).
    tolerance : float, optional
        Truncation loss allowed, as a share of the peak (``resolved``).

    Examples
    --------
    >>> from paper_code.se2 import Enhancement, sample_grid
    >>> process = Enhancement(D11=1, D22=0.02, alpha=0.2)
    >>> kernel = sample_grid(process, size=21, spacing=1, n_theta=8)
    >>> print(kernel.values.shape, kernel.x[0], kernel.y[0])
    (8, 21, 21) -10.0 10.0
    >>> print(kernel.at(3, 0, 0) > kernel.at(0, 3, 0))  # ahead, and beside
    True
    """
    size, n_theta = check_count("size", size, least=2), check_count("n_theta", n_theta)
    spacing = check_number("spacing", spacing)
    process, step = resolved(process, None, tolerance)
    check_memory(8 * n_theta * size**2, "give a smaller size or n_theta")
    refinement = max(1, math.ceil(spacing / step - 1e-9))
    step = spacing / refinement
    count = box_count(process, step, size * spacing, box)
    check_memory(8 * n_theta * size**2 + (50 + 4 * n_theta) * count**2, SMALLER + ", or fewer directions")
    check_work(process, math.pi / 16 * count**2)
    # By reflection p(x, -y, -theta) = p(x, y, theta) a quadrant of frequencies and half of the directions are enough. Frequencies
    # beyond the Nyquist circle are left out, so that the band does not depend on direction.
    half = count // 2
    frequency = 2 * math.pi / (count * step) * np.arange(half)
    row, column = np.nonzero(frequency[:, None] ** 2 + frequency**2 < (math.pi / step) ** 2)
    levels = np.empty((n_theta, row.size), complex)
    for block in sweeps(row.size, process):
        levels[:, block] = to_theta(process.spectrum(frequency[column[block]], frequency[row[block]]), process, n_theta)
    places = np.arange(size) * refinement
    centre = (size - 1) * spacing / 2
    shift = np.exp(-1j * centre * frequency)  # a sample at index 0 lies at -centre
    levels *= shift[column]
    low = row > 0
    upper, lower = (row, column), (count - row[low], column[low])
    up, down = shift[row], shift[row[low]].conj()
    values = np.empty((n_theta, size, size))
    plane = np.zeros((count, half + 1), complex)
    for k in range(n_theta // 2 + 1):
        plane[upper] = levels[k] * up
        plane[lower] = levels[-k][low] * down
        rows = ifft(plane, axis=0)[places[::-1]]
        values[k] = irfft(rows, count, axis=1)[:, places] / step**2
        if k:
            values[-k] = values[k][::-1]
    ticks = np.arange(size) * spacing - centre
    return Kernel(values, ticks, -ticks, process.period * np.arange(n_theta) / n_theta, process)


def sample_points(
    process: Process,
    x: ArrayLike,
    y: ArrayLike,
    theta: ArrayLike,
    *,
    step: float | None = None,
    box: float | None = None,
    tolerance: float = TOLERANCE,
) -> np.ndarray:
    """Density per px^2 and radian at arbitrary displacements and turns, by the direct Fourier sum: float array; broadcasts.

    PaperCodeError if a coordinate is not finite, the box is too small for the lifetime, or the kernel is too fine or too wide.

    Parameters
    ----------
    process : DirectionProcess or Enhancement
    x, y : array_like
        px, in the frame of the source.
    theta : array_like
        Radians.
    step : float, optional
        Step in px of the grid whose frequencies are summed; by default blur / 2, and without blur as fine as the kernel requires.
    box : float, optional
        Side in px of the periodic box; by default twice the largest coordinate plus the reach of the process.
    tolerance : float, optional
        Truncation loss allowed, as a share of the peak (``resolved``).

    Examples
    --------
    >>> from paper_code.se2 import DirectionProcess, sample_points
    >>> process = DirectionProcess(D=0.02, alpha=0.3)
    >>> density = sample_points(process, x=[3, 3], y=[1, -1], theta=[0.5, -0.5])
    >>> print(f"{density[0] / density[1]:.3f}")  # its own mirror image
    1.000
    """
    x, y, theta = check_arrays(x=x, y=y, theta=theta)
    shape = x.shape
    x, y, theta = x.ravel(), y.ravel(), theta.ravel()
    if not x.size:
        return np.zeros(shape)
    process, wx, wy, weight = half_plane(process, step, 2 * max(np.abs(x).max(), np.abs(y).max()), box, tolerance)
    check_work(process, wx.size * (1 + x.size / 16))
    values = np.zeros(x.size)
    for block in sweeps(wx.size, process):
        modes = process.spectrum(wx[block], wy[block])
        for start in range(0, x.size, POINTS):
            here = slice(start, start + POINTS)
            levels = np.exp(1j * np.outer(theta[here], process.mode_numbers)) @ modes
            levels *= np.exp(1j * (np.outer(x[here], wx[block]) + np.outer(y[here], wy[block])))
            values[here] += levels.real @ weight[block]
    return values.reshape(shape)


def half_plane(
    process: Process, step: float | None, window: float, box: float | None, tolerance: float
) -> tuple[Process, np.ndarray, np.ndarray, np.ndarray]:
    """The resolved process, its frequencies wx >= 0 inside the Nyquist circle, and the weights by which real parts sum to the density."""
    process, step = resolved(process, step, tolerance)
    count = box_count(process, step, window, box)
    unit = 2 * math.pi / (count * step)
    wy, wx = np.meshgrid(unit * np.arange(1 - count // 2, count // 2), unit * np.arange(count // 2), indexing="ij")
    inside = wx**2 + wy**2 < (math.pi / step) ** 2
    return process, wx[inside], wy[inside], np.where(wx[inside] > 0, 2, 1) / (count * step) ** 2
