"""Does a sum over modes, frequencies and time steps hold the kernel? Refine it until it does, or say in one line why it cannot.

A sum that is cut at M modes and at the frequency pi / step loses, at any place, at most the sum of the moduli of what it leaves out. Here
that is compared, at about a hundred frequencies, with twice the modes, twice the time steps, and the ring up to twice the frequency.
It is a share of the peak, which is at least the integral of the square of a density of mass 1.
"""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.se2.arguments import check_number
from paper_code.se2.modes import MOST_MODES, WORK, Process

TOLERANCE = 2e-4  # what each cut may lose, as a share of the kernel's peak
FEWEST = 20000  # frequencies that a kernel is taken to need, so that the comparison itself stays short
RATIO, SECTORS, RINGS = 1.5, 8, 8  # of the frequencies: neighbouring radii, directions in a quadrant, radii outside the cut


def losses(process: Process, step: float) -> dict[str, float]:
    """Shares of the peak that are lost to the cut in modes, the cut in frequency and the time steps: dict of float.

    Parameters
    ----------
    process : DirectionProcess or Enhancement
    step : float
        px: frequencies up to pi / step are summed.
    """
    band = math.pi / step
    edges = band * RATIO ** -np.arange(max(2, math.ceil(math.log(5 * band * process.reach) / math.log(RATIO))))
    outer = band * (1 + (np.arange(RINGS) + 0.5) / RINGS)
    rho = np.concatenate([edges / math.sqrt(RATIO), outer])
    width = np.concatenate([rho[: edges.size] * math.log(RATIO), np.full(RINGS, band / RINGS)])
    # By symmetry a quadrant is enough. A contour is sharpest across itself, so the directions crowd there, as cubes.
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


@lru_cache(maxsize=512)
def resolved(process: Process, step: float | None = None, tolerance: float = TOLERANCE) -> tuple[Process, float]:
    """The process with modes and time steps enough, and a grid step that is fine enough.

    Parameters
    ----------
    process : DirectionProcess or Enhancement
        Its ``modes`` and ``steps`` are refined where they are at their defaults.
    step : float, optional
        px; by default blur / 2, where the spectrum is down to e^{-2 pi^2}, and without blur as fine as the kernel asks.
    tolerance : float
        Largest share of the peak that each cut may lose; infinity takes modes, steps and step as they are.

    Raises
    ------
    PaperCodeError
        If a given number is too coarse, or no affordable one is fine enough.
    """
    if not isinstance(process, Process):
        raise PaperCodeError(f"A process must be a DirectionProcess or an Enhancement, not {type(process).__name__}.")
    given = {
        "modes": process.modes if process.modes != process.default_modes else None,
        "step": step,
        "steps": getattr(process, "steps", None),
    }
    step = check_number("step", step) if step is not None else process.blur / 2 if process.blur else process.reach / 8
    coarse = []
    while tolerance < math.inf:
        lost = _losses_in_reach(process, step)
        if lost is None:
            cures = {"modes": "blur_theta", "step": "blur", "steps": "blur"}
            cure = " and a larger ".join(sorted({cures[name] for name in coarse})) or "blur or alpha, or a shorter time"
            raise PaperCodeError(f"This kernel is finer, or reaches farther, than minutes can compute: give a larger {cure}.")
        coarse = [name for name, share in lost.items() if not share <= tolerance]
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


def _losses_in_reach(process: Process, step: float) -> dict[str, float] | None:
    """losses, or None where the kernel's own reach would take more than WORK."""
    frequencies = max((process.reach / step) ** 2 / 2, FEWEST)
    return losses(process, step) if frequencies * process.work <= WORK and process.modes <= MOST_MODES // 2 else None
