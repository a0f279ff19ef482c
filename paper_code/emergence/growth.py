"""How the filters of one network grew, by its snapshots."""

from dataclasses import dataclass

import numpy as np

from paper_code import weights
from paper_code.filters.spectrum import spectral_orientation
from paper_code.network.dynamics import correlation


@dataclass(frozen=True)
class Growth:
    """Filters through training.

    Attributes
    ----------
    steps : int array (k,)
        The last is the end of training.
    l0 : float array (k, a, a), or None
    cells : int array (c,)
        Which cells of l1 are shown, by orientation.
    fields : float array (k, c, b, b)
        Their receptive fields l1 * l0.
    all_steps : int array (n,)
        Every snapshot, and the end.
    l0_similarity : float array (n,), or None
        Correlation of l0 with what it becomes.
    field_similarity : float array (n, cells)
        The same for the receptive field of every cell.
    """

    steps: np.ndarray
    l0: np.ndarray | None
    cells: np.ndarray
    fields: np.ndarray
    all_steps: np.ndarray
    l0_similarity: np.ndarray | None
    field_similarity: np.ndarray


def growth(condition, seed, columns=9, cells=6, directory=None):
    """Follow l0 and some receptive fields of one network from its start to the end of training.

    Parameters
    ----------
    condition, seed : str, int
    columns : int
        Steps to show: 0, the last, and between them the snapshots nearest to logarithmic spacing.
    cells : int
        Receptive fields to show, evenly spread over the orientations of the stronger half of the cells.
    """
    end = weights.load_early(condition, seed, directory)
    total = weights.entry(condition, seed, directory)["steps"]
    layers = [*weights.load_snapshots(condition, seed, directory), end]
    steps = np.array([*[layer.step for layer in layers[:-1]], total])
    shown = spaced(steps, columns)
    final = end.receptive_fields
    strength = (final**2).sum((1, 2)) * end.l1_gain**2
    strong = np.argsort(-strength, kind="stable")[: max(cells, len(strength) // 2)]
    by_orientation = strong[np.argsort(spectral_orientation(final[strong]), kind="stable")]
    chosen = by_orientation[(np.arange(min(cells, len(strong))) * len(strong)) // cells]
    bank = np.stack([layer.receptive_fields for layer in layers])
    l0 = None if end.l0 is None else np.stack([layer.l0 for layer in layers])
    return Growth(
        steps[shown],
        None if l0 is None else l0[shown],
        chosen,
        bank[shown][:, chosen],
        steps,
        None if l0 is None else correlation(l0, l0[-1]),
        correlation(bank, bank[-1]),
    )


def settled(steps, similarity, level=0.5):
    """First of ``steps`` from which on ``similarity`` (n,) stays above ``level``."""
    below = np.flatnonzero(np.asarray(similarity) <= level)
    return int(steps[below[-1] + 1 if len(below) else 0])


def spaced(steps, count, span=500):
    """Indices of at most ``count`` of increasing ``steps``: the first, the last, and between them those nearest to logarithmic spacing.

    The spacing begins at 1 / ``span`` of the last step: before, little happens.
    """
    steps = np.asarray(steps, float)
    wanted = np.geomspace(max(steps[1], steps[-1] / span), steps[-1], max(count - 1, 1))
    nearest = [1 + int(np.abs(np.log(steps[1:] / step)).argmin()) for step in wanted]
    return np.unique([0, *nearest, len(steps) - 1])
