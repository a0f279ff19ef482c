"""Does a cell respond to a contour? A small Gabor at the image's centre, four flankers, and K's input to the cell that responds to it.

The experiment of Field, Hayes and Hess (1993) and of Kapadia et al. (1995) in a single cell. The flankers lie on a circle through the
centre, each tangent to it (*arc*), or at the same places, each turned the other way (*zigzag*): the two differ in nothing but the turn. In
a straight line, they have the centre's polarity (*line*), the opposite polarity, orthogonal bars, or bars of random orientation.
"""

from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional

from paper_code.core.geometry import IMAGE_SIZE
from paper_code.core.plan import plan
from paper_code.function.stimuli import coordinates
from paper_code.lateral.frame import ordered_pairs
from paper_code.lateral.harmonics import TERMS, fit
from paper_code.network.dynamics import as_strong
from paper_code.network.model import blurred, gaussian_kernel

PLANNED = plan()["flankers"]
SD, FREQUENCY, CONTRAST = PLANNED["sd"], PLANNED["frequency"], PLANNED["contrast"]  # px, cycles per pixel, sd of the training images
ORIENTATIONS, PHASES, PLACES = PLANNED["orientations"], PLANNED["phases"], PLANNED["places"]
SPACINGS, STEPS = PLANNED["spacings"], PLANNED["steps"]  # px, and degrees from one element to the next
AWAY = np.array([1, 2, -1, -2])  # by how many turns each of the four flankers differs from the centre's orientation
APART = ("2-6", "6-10.5", "10.5-18")  # rings of distance that do not overlap
COMPARISONS = {
    **{f"arc less zigzag, {step}": (f"arc {step}", f"zigzag {step}") for step in STEPS},
    "line less opposite polarity": ("line", "opposite"),
    "line less orthogonal": ("line", "orthogonal"),
    "line less random": ("line", "random"),
}


def elements(x, y, orientation, phase):
    """Pictures (n, 64, 64) of e Gabor elements each, in standard deviations of the training images.

    All arguments are arrays (n, e): positions in px, direction of the bars and phase in radians.
    """
    right, up = coordinates()
    x, y, orientation, phase = (part[:, :, None, None] for part in (x, y, orientation, phase))
    dx, dy = right - x, up - y
    across = dy * np.cos(orientation) - dx * np.sin(orientation)
    return CONTRAST * (np.exp(-(dx**2 + dy**2) / (2 * SD**2)) * np.cos(2 * np.pi * FREQUENCY * across + phase)).sum(1)


def circle(orientation, turn, spacing):
    """Positions on a circle of two elements on either side of the centre: each step is ``spacing`` px and turns by ``turn`` radians.

    ``orientation`` (n,) is the centre's. Returns two arrays (n, 4), x and y in px, in the order of AWAY.
    """
    sides = np.sign(AWAY)
    chords = [orientation[:, None] + side * (np.arange(abs(step)) + 0.5) * turn for side, step in zip(sides, AWAY, strict=True)]
    return tuple(spacing * sides * np.stack([part(one).sum(axis=1) for one in chords], axis=1) for part in (np.cos, np.sin))


def stimuli(spacing, seed=0):
    """All pictures, ``"alone"`` and every arrangement of flankers: arrays (orientations x phases, 64, 64) by name.

    ``seed`` determines the random orientations of the flankers.
    """
    orientation = np.repeat(np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS, PHASES)
    phase = np.tile(np.arange(PHASES) * 2 * np.pi / PHASES, ORIENTATIONS)
    zero = np.zeros((len(orientation), 1))
    centre = elements(zero, zero, orientation[:, None], phase[:, None])

    def with_flankers(turn, tilt, shift=0.0):
        """The centre and flankers on a circle of this turn, tilted from the centre's orientation, with ``shift`` added to their phase."""
        x, y = circle(orientation, turn, spacing)
        return centre + elements(x, y, orientation[:, None] + tilt, np.broadcast_to(phase[:, None] + shift, x.shape))

    drawn = np.random.default_rng(seed).uniform(0, np.pi, (len(orientation), len(AWAY)))
    pictures = {
        "alone": centre,
        "line": with_flankers(0.0, 0 * AWAY),
        "opposite": with_flankers(0.0, 0 * AWAY, np.pi),
        "orthogonal": with_flankers(0.0, 0 * AWAY + np.pi / 2),
        "random": with_flankers(0.0, drawn),
    }
    for step in STEPS:
        turn = np.deg2rad(step)
        pictures |= {f"arc {step}": with_flankers(turn, turn * AWAY), f"zigzag {step}": with_flankers(turn, -turn * AWAY)}
    return pictures


@lru_cache(maxsize=len(SPACINGS))
def _seen(spacing, seed, blur):
    """The pictures after the optics, tensors (n, 1, 64, 64) by name: the same for all networks with this blur."""
    pictures = {name: torch.as_tensor(one, dtype=torch.float32)[:, None] for name, one in stimuli(spacing, seed).items()}
    return {name: blurred(one, gaussian_kernel(blur)) for name, one in pictures.items()} if blur > 0 else pictures


@torch.no_grad()
def flanker_effects(network, kernels, spacing, seed=0):
    """Lateral input with flankers minus that without, divided by the cell's own response to the centre alone; mean over elements.

    The cell is the one with the largest h among the 3 x 3 places at the image's centre. The network runs in evaluation mode and without
    receptor noise. ``kernels``, (n, n, k, k) by name, replace its own K, which is not used. Returns ``{kernel: {arrangement: value}}``.
    """
    reach = next(iter(kernels.values())).shape[-1] // 2
    activity = _activity(network, spacing, seed, reach)
    alone = activity["alone"]
    count, _, side, _ = alone.shape
    first = side // 2 - PLACES // 2
    window = alone[:, :, first : first + PLACES, first : first + PLACES].reshape(count, -1)
    cell, place = np.divmod(window.argmax(dim=1).numpy(), PLACES**2)
    row, column = first + place // PLACES, first + place % PLACES
    own = alone[range(count), cell, row, column].numpy()

    def inputs(h):
        """Activity within reach of the cell chosen for every stimulus: (stimuli, n k k)."""
        around = np.lib.stride_tricks.sliding_window_view(functional.pad(h, [reach] * 4).numpy(), [2 * reach + 1] * 2, axis=(2, 3))
        return around[np.arange(count), :, row, column].reshape(count, -1)

    names = [name for name in activity if name != "alone"]
    base = inputs(alone)
    brought = np.stack([(inputs(activity[name]) - base) / own[:, None] for name in names])
    found = {}
    for name, kernel in kernels.items():
        heard = np.einsum("asf,sf->a", brought, np.asarray(kernel, np.float32)[cell].reshape(count, -1)) / count
        found[name] = dict(zip(names, heard.astype(float).tolist(), strict=True))
    return found


@torch.no_grad()
def summed_effects(network, kernel, spacing):
    """Lateral input with flankers minus that without, summed over all cells at the 3 x 3 places, over their summed response to the centre.

    This is what a recording that does not distinguish between cells would show, for one kernel (n, n, k, k). Returns
    ``{arrangement: value}``, means over elements.
    """
    into_all = torch.as_tensor(np.asarray(kernel).sum(axis=0), dtype=torch.float32)[None]
    reach = into_all.shape[-1] // 2

    def around(h, margin):
        """Activity at the places and up to ``margin`` places beyond them."""
        first, padded = h.shape[-1] // 2 - PLACES // 2, functional.pad(h, [margin] * 4)
        return padded[:, :, first : first + PLACES + 2 * margin, first : first + PLACES + 2 * margin]

    activity = _activity(network, spacing, 0, reach)
    lateral = {name: functional.conv2d(around(h, reach), into_all).sum(dim=(1, 2, 3)) for name, h in activity.items()}
    alone, own = lateral.pop("alone"), around(activity["alone"], 0).sum(dim=(1, 2, 3))
    return {name: float(((one - alone) / own).mean()) for name, one in lateral.items()}


def parts(bank, sums):
    """Kernels (n, n, k, k), by name, that replace K one after the other, to find out which part of it acts on a cell.

    They are K of a Bank; its five terms, and the co-circular term alone, as fitted in the rings of APART to the PairSums of its oriented
    cells; what is left of K without the five terms, or without its regression on RF; and RF with the gain of K.
    """
    frame, unit = bank.frame, bank.frame.values(bank.among(bank.K)).std()
    psi, theta = np.arctan2(frame.across, frame.along), frame.turn[:, None]
    made = {name: np.zeros(psi.shape) for name in TERMS}
    for ring in APART:
        inside, found = frame.within(*plan()["harmonics"]["rings"][ring]), fit(sums, ring)
        for name, value in zip(found.names, found.coefficients[:, sums.kernels.index("K")], strict=True):
            m, n = TERMS[name]
            made[name] += inside * value * np.cos(frame.phase) * np.cos(2 * m * psi + 2 * n * theta)

    def between_all(values):
        kernel = np.zeros_like(bank.K)
        kernel[np.ix_(bank.oriented, bank.oriented)] = frame.as_kernel(unit * values)
        return kernel

    geometry = between_all(sum(made.values()))
    own, rf = (kernel[ordered_pairs(len(bank.K))].ravel() for kernel in (bank.K, bank.rf))
    slope = np.cov(own, rf)[0, 1] / rf.var(ddof=1)
    return {
        "K": bank.K,
        "K less its part in RF": bank.K - slope * bank.rf,
        "RF, with the gain of K": as_strong(bank.rf, bank.K),
        "the five terms of K": geometry,
        "the co-circular term alone": between_all(made["cocircular"]),
        "K less its five terms": bank.K - geometry,
    }


def _activity(network, spacing, seed, reach):
    """h, (n, cells, side, side) by picture name, at the places and at least ``reach`` places beyond, the image's centre in the middle."""
    config, seen = network.config, _seen(spacing, seed, network.config.blur)
    l0 = 0 if config.l0 == "none" else config.l0_size
    # Values near a cut are wrong, within the margins of l0 and l1, but these lie beyond the reach.
    away = config.stride * (PLACES // 2 + 1 + reach) + l0 // 2 + config.l1_size // 2
    cut = max(IMAGE_SIZE // 2 - away, 0) // (2 * config.stride) * (2 * config.stride)
    inner = slice(cut, IMAGE_SIZE - cut)
    return {name: network.simple_cells(network.lgn(images[:, :, inner, inner])) for name, images in seen.items()}


def compared(effects):
    """The differences that the plan judges, from the effects of one kernel, by name."""
    return {name: effects[one] - effects[other] for name, (one, other) in COMPARISONS.items()}
