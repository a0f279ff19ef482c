"""Does a cell hear the contour? A small Gabor at the image's centre, four more around it, and what K brings to the cell that answers it.

The experiment of Field, Hayes and Hess (1993) and of Kapadia et al. (1995) in one cell. The flankers lie on a circle through the centre,
each tangent to it (*arc*), or at the same places, each turned the other way (*zigzag*): nothing but the turn tells the two apart. In a
straight line they have the centre's polarity (*line*), the opposite one, orthogonal bars, or bars of random orientation.
"""

import numpy as np
import torch
from torch.nn import functional

from paper_code.stimuli import CONTRAST, coordinates

SD, FREQUENCY = 2.0, 0.14  # px and cycles per pixel, of an element
ORIENTATIONS, PHASES, PLACES = 12, 4, 3
SPACINGS = (7.0, 8.0, 9.0)  # px
STEPS = (15, 30, 45)  # degrees from one element to the next
COMPARISONS = {
    **{f"arc less zigzag, {step}": (f"arc {step}", f"zigzag {step}") for step in STEPS},
    "line less opposite polarity": ("line", "opposite"),
    "line less orthogonal": ("line", "orthogonal"),
    "line less random": ("line", "random"),
}


def elements(x, y, orientation, phase):
    """Pictures (n, 64, 64) of e Gabor elements each, in sd of the training images.

    Parameters
    ----------
    x, y, orientation, phase : arrays (n, e)
        Places in px; direction of the bars and phase in radians.
    """
    right, up = coordinates()
    total = np.zeros((len(x), *right.shape))
    for column in range(x.shape[1]):
        one_x, one_y, angle, shift = (part[:, column, None, None] for part in (x, y, orientation, phase))
        dx, dy = right - one_x, up - one_y
        across = dy * np.cos(angle) - dx * np.sin(angle)
        total += np.exp(-(dx**2 + dy**2) / (2 * SD**2)) * np.cos(2 * np.pi * FREQUENCY * across + shift)
    return CONTRAST * total


def circle(orientation, turn, spacing):
    """Two elements on either side of the centre, each ``spacing`` px from its neighbour and ``turn`` radians from its orientation.

    Returns
    -------
    x, y, step : arrays (n, 4)
        Places in px; how many turns each element is away from the centre's orientation.
    """
    steps = np.array([1, 2, -1, -2])
    x, y = np.zeros((len(orientation), 4)), np.zeros((len(orientation), 4))
    for row, step in enumerate(steps):
        side = np.sign(step)
        chords = orientation[:, None] + side * (np.arange(abs(step)) + 0.5) * turn
        x[:, row], y[:, row] = (side * spacing * part(chords).sum(axis=1) for part in (np.cos, np.sin))
    return x, y, steps


def stimuli(spacing, seed=0):
    """All pictures: ``"alone"`` and every arrangement of flankers, arrays (orientations x phases, 64, 64) by name.

    The random orientations of the flankers are drawn from ``seed``.
    """
    orientation = np.repeat(np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS, PHASES)
    phase = np.tile(np.arange(PHASES) * 2 * np.pi / PHASES, ORIENTATIONS)
    zero = np.zeros((len(orientation), 1))
    centre = elements(zero, zero, orientation[:, None], phase[:, None])

    def with_flankers(turn, tilt, shift=0.0):
        x, y, step = circle(orientation, turn, spacing)
        bars = orientation[:, None] + (tilt if isinstance(tilt, np.ndarray) else tilt * step)
        return centre + elements(x, y, bars, np.broadcast_to(phase[:, None] + shift, x.shape))

    straight = np.zeros((len(orientation), 4))
    drawn = np.random.default_rng(seed).uniform(0, np.pi, straight.shape)
    pictures = {
        "alone": centre,
        "line": with_flankers(0.0, straight),
        "opposite": with_flankers(0.0, straight, np.pi),
        "orthogonal": with_flankers(0.0, straight + np.pi / 2),
        "random": with_flankers(0.0, drawn),
    }
    for step in STEPS:
        turn = np.deg2rad(step)
        pictures |= {f"arc {step}": with_flankers(turn, turn), f"zigzag {step}": with_flankers(turn, -turn)}
    return pictures


@torch.no_grad()
def flanker_effects(network, kernels, spacing, seed=0):
    """Lateral input with flankers less that without, over the cell's own response to the centre alone, mean over the elements.

    The cell is the one with the largest h among the 3 x 3 places at the image's centre.

    Parameters
    ----------
    network : Network
        Without receptor noise, in evaluation mode; its own K takes no part.
    kernels : dict of arrays (n, n, k, k)
        By name; what stands for K, such as K itself and relabelled ones.
    spacing : float
        Px between neighbouring elements.
    seed : int

    Returns
    -------
    dict of dicts
        ``{kernel: {arrangement: value}}``.
    """
    pictures = stimuli(spacing, seed)
    activity = {name: _activity(network, one) for name, one in pictures.items()}
    alone = activity["alone"]
    count, _, side, _ = alone.shape
    first = side // 2 - PLACES // 2
    window = alone[:, :, first : first + PLACES, first : first + PLACES].reshape(count, -1)
    cell, place = np.divmod(window.argmax(dim=1).numpy(), PLACES**2)
    row, column = first + place // PLACES, first + place % PLACES
    own = alone[range(count), cell, row, column].numpy()
    found = {}
    for name, kernel in kernels.items():
        weights = torch.as_tensor(np.asarray(kernel), dtype=torch.float32)
        reach = weights.shape[-1] // 2

        def lateral(h, weights=weights, reach=reach):
            padded = functional.pad(h, [reach] * 4)
            return np.array(
                [
                    float((weights[i] * padded[n, :, r : r + 2 * reach + 1, c : c + 2 * reach + 1]).sum())
                    for n, (i, r, c) in enumerate(zip(cell, row, column, strict=True))
                ]
            )

        base = lateral(alone)
        found[name] = {key: float(((lateral(h) - base) / own).mean()) for key, h in activity.items() if key != "alone"}
    return found


@torch.no_grad()
def summed_effects(network, kernel, spacing, seed=0):
    """Lateral input with flankers less that without, summed over all cells at the 3 x 3 places, over their summed response to the centre.

    What a recording that does not tell cells apart would show. Arguments as of :func:`flanker_effects`, of one kernel (n, n, k, k).

    Returns
    -------
    dict
        ``{arrangement: value}``, mean over the elements.
    """
    into_all = torch.as_tensor(np.asarray(kernel).sum(axis=0), dtype=torch.float32)[None]

    def at_centre(h):
        first = h.shape[-1] // 2 - PLACES // 2
        return h[:, :, first : first + PLACES, first : first + PLACES].sum(dim=(1, 2, 3))

    activity = {name: _activity(network, one) for name, one in stimuli(spacing, seed).items()}
    lateral = {name: at_centre(functional.conv2d(h, into_all, padding=into_all.shape[-1] // 2)) for name, h in activity.items()}
    alone, own = lateral.pop("alone"), at_centre(activity["alone"])
    return {name: float(((one - alone) / own).mean()) for name, one in lateral.items()}


def _activity(network, pictures):
    images = torch.as_tensor(pictures, dtype=torch.float32)[:, None]
    return network.simple_cells(network.lgn(network.front_end(images)))


def compared(effects):
    """The judged differences of one kernel's effects, by name."""
    return {name: effects[one] - effects[other] for name, (one, other) in COMPARISONS.items()}
