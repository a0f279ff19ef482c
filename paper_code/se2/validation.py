"""Laws that the kernel of a process has to keep, as errors that should vanish."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from paper_code.se2.benchmark import Run, moment_errors, orders
from paper_code.se2.direction_process import DirectionProcess
from paper_code.se2.enhancement import Enhancement
from paper_code.se2.lattice import lattice_kernel
from paper_code.se2.sampling import sample_points


def symmetry_errors(process: DirectionProcess | Enhancement, count: int = 40, seed: int = 0, box: float = 60.0) -> dict[str, float]:
    """How far the kernel is from its symmetries at random places (x -3 to 7 px, y -5 to 5 px, all angles), as shares of its peak there.

    Parameters
    ----------
    process : DirectionProcess or Enhancement
        Directed, blurred; its undirected relative serves the last law.
    count, seed : int
        Places and their seed.
    box : float
        Side of the box, px: in it nothing may wrap round.

    Returns
    -------
    dict of float
        "left": the kernel of a source that is moved and turned, against the kernel moved and turned. "reflection": p(x, -y, -theta) = p(x,
        y, theta). "reversal": read from the other end, p(x cos theta + y sin theta, x sin theta - y cos theta, theta) = p(x, y, theta).
        "reciprocity": K(k) = K(1/k) of the undirected kernel.
    """
    rng = np.random.default_rng(seed)
    x, y, theta = rng.uniform(-3, 7, count), rng.uniform(-5, 5, count), rng.uniform(-np.pi, np.pi, count)
    cos, sin = np.cos(theta), np.sin(theta)
    undirected = replace(process, undirected=True)

    def at(*place, of=process):
        return sample_points(of, *place, box=box)

    value, twice = at(x, y, theta), at(x, y, theta, of=undirected)
    turned = lattice_kernel(process, radius=3, frame_angles=[0.7], angles=[1.9], cell=0)[0, 0]
    columns, lines = np.meshgrid(np.arange(-3.0, 4), np.arange(3.0, -4, -1))
    moved = at(columns * np.cos(0.7) + lines * np.sin(0.7), lines * np.cos(0.7) - columns * np.sin(0.7), 1.2)
    inverse = at(-x * cos - y * sin, x * sin - y * cos, -theta, of=undirected)
    gaps = {
        "left": np.abs(turned - moved).max() / at(0.0, 0.0, 0.0),
        "reflection": np.abs(at(x, -y, -theta) - value).max() / value.max(),
        "reversal": np.abs(at(x * cos + y * sin, x * sin - y * cos, theta) - value).max() / value.max(),
        "reciprocity": np.abs(inverse - twice).max() / twice.max(),
    }
    return {name: float(np.max(gap)) for name, gap in gaps.items()}


def moment_gap(process: DirectionProcess | Enhancement, **window: Any) -> tuple[dict[str, tuple[float, float]], float]:
    """Moments of the sampled kernel beside their closed forms, as ``benchmark.moment_errors``, and the largest relative gap.

    Gaps are relative to the closed form, or to 0.1 where that is smaller.
    """
    pairs = moment_errors(process, **window)
    return pairs, max(abs(found - closed) / max(abs(closed), 0.1) for found, closed in pairs.values())


def compare_ways(runs: Sequence[Run]) -> dict[str, Any]:
    """What a list of ``benchmark.work_precision`` says of the ways to one kernel.

    Returns
    -------
    dict
        "best": smallest error of each way. "others": the smallest of all but the Fourier modes. "scatter": of each run of paths, its error
        times the root of their number, which should be constant. "orders": of the finite differences, which should be 2.
    """
    ways = {name: [run for run in runs if run.method == name] for name in dict.fromkeys(run.method for run in runs)}
    best = {name: min(run.error for run in some) for name, some in ways.items()}
    others = min(error for name, error in best.items() if name != "Fourier modes")
    return {
        "best": best,
        "others": others,
        "scatter": np.array([run.error * np.sqrt(int(run.setting.split()[0].replace(",", ""))) for run in ways["Monte Carlo"]]),
        "orders": orders([run.error for run in ways["finite differences"]], range(1, 1 + len(ways["finite differences"]))),
    }
