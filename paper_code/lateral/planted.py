"""Kernels made from a known family, between random or real cells: would the comparison know them, and what do errors of the labels cost?"""

from dataclasses import replace

import numpy as np

from paper_code.lateral.fits import CORE
from paper_code.lateral.frame import pair_frame
from paper_code.lateral.models import Places, evaluate
from paper_code.lateral.selectivity import standardise

ANGLES = np.deg2rad([5.0, 10.0, 20.0])  # sd of the errors of orientation and phase
# One kernel a family, each well away from those it includes and of a like extent.
EXAMPLES = {
    "ISO": {"scale": 3.0, "exponent": 2},
    "SEP": {"scale": 3.0, "exponent": 2, "kappa": 2.0},
    "ANI": {"scale": 3.0, "exponent": 2, "kappa": 2.0, "elongation": 2.0},
    "COC": {"scale": 3.0, "exponent": 2, "kappa": 1.0},
    "DP": {"length": 7.0, "diffusion": 0.3, "blur": 0.8},
    "HR": {"length": 3.5, "diffusion": 0.3, "blur": 0.8},
}


def model(frame, family, parameters, coherent=True, core=CORE):
    """A family's kernel between the cells of a frame, times cos Phi or not: (m, m, k, k); 0 from a cell to itself and inside ``core``."""
    count, side = 1 + int(max(frame.target.max(), frame.source.max())), int(round(np.sqrt(frame.phase.shape[1])))
    places = Places(frame.along.astype(np.float32), frame.across.astype(np.float32), frame.turn)
    values = evaluate(family, places, **parameters) * (np.cos(frame.phase) if coherent else 1)
    kernel = np.zeros((count, count, side, side))
    kernel[frame.target, frame.source] = (values * (frame.squared_distance >= core**2)).reshape(-1, side, side)
    return kernel


def noise(count, size, seed, shared=0.3):
    """Noise such as K has: white, smooth over the offsets, and in part common to all pairs of a source; (count, count, size, size)."""
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((count, count, size, size))
    common = rng.standard_normal((1, count, size, size))
    frequency = np.fft.fftfreq(size)
    low = np.exp(-2 * (np.pi * 0.7) ** 2 * (frequency[:, None] ** 2 + frequency**2))
    smooth = np.fft.ifft2(np.fft.fft2(rng.standard_normal((count, count, size, size))) * low).real
    return standardise(white + smooth / smooth.std() * 0.5 + shared * common)


def mixed(signal, rest, r2):
    """A kernel of which ``signal`` explains the share r2, the rest being noise."""
    return np.sqrt(r2) * standardise(signal) + np.sqrt(1 - r2) * standardise(rest)


def jitter(cells, size, stride, family, parameters, angles=ANGLES, drawn=3, seed=0):
    """R^2 that the true model keeps, without any noise in K, if the cells' labels are wrong by ``angles``: what could be explained at most.

    Parameters
    ----------
    cells : Cells
    size, stride : int
        As in :func:`paper_code.lateral.pair_frame`.
    family, parameters
        The true kernel.
    angles : array (a,)
        Standard deviation of the errors, radians.
    drawn : int
        Draws of the errors, averaged.
    seed : int

    Returns
    -------
    dict of arrays (a,)
        "orientation" and "phase".
    """
    rng = np.random.default_rng(seed)
    frame = pair_frame(cells, size, stride)
    pairs, keep = (frame.target, frame.source), (frame.squared_distance >= CORE**2).ravel()
    truth = model(frame, family, parameters)[pairs].ravel()[keep]
    found = {"orientation": np.zeros(len(angles)), "phase": np.zeros(len(angles))}
    for row, angle in enumerate(angles):
        for _ in range(drawn):
            error = angle * rng.standard_normal(len(cells))
            for name, wrong in (("orientation", {"carrier": cells.carrier + error}), ("phase", {"phase": cells.phase + error})):
                kernel = model(pair_frame(replace(cells, **wrong), size, stride), family, parameters)
                found[name][row] += np.corrcoef(truth, kernel[pairs].ravel()[keep])[0, 1] ** 2 / drawn
    return found
