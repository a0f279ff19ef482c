"""Inference of silenced cells: what their neighbours say of them, through the learned K and through other kernels.

In training whole maps of l1 are silenced at random; the lateral input to such a map is all that is left of it.
"""

from dataclasses import dataclass

import numpy as np

from paper_code import images
from paper_code.function.circuits import RIVALS, mean_kernel
from paper_code.function.contours import key
from paper_code.lateral.activity import activity_of

BALANCED = "K less its mean"  # over the pairs, offset by offset: without what all cells receive alike


@dataclass(frozen=True)
class Inference:
    """How well lateral input tells the activity of a silenced cell: arrays over the m cells that are oriented and answer the pictures."""

    cells: np.ndarray  # int (m,)
    correlation: dict  # by kernel (m,), of lateral input from the other cells with the cell's own activity, over pictures and places
    explained: dict  # by kernel (m,), share of the activity's variance explained by a cell's gain and offset, fitted on other pictures
    null: np.ndarray  # (r, m), correlation with the cells of K relabelled
    alike: np.ndarray  # (m,), share of the variance of K's lateral input that goes with :func:`shared_input`, what every cell receives
    alike_mean: np.ndarray  # (m,), mean of that input: negative if it suppresses

    def median(self, name="K"):
        """Median correlation over the cells."""
        return float(np.median(self.correlation[name]))


def windows(h, size, count, seed):
    """Activity around random places of random pictures.

    Parameters
    ----------
    h : array (m, cells, p, p)
    size : int
        Side of the windows, odd; all lie on the sheet.
    count : int
    seed : int

    Returns
    -------
    float32 arrays (count, cells * size * size) and (count, cells)
        The windows, and the activity at their middles.
    """
    generator = np.random.default_rng(seed)
    picture = generator.integers(len(h), size=count)
    row, column = generator.integers(h.shape[-1] - size + 1, size=(2, count))
    view = np.lib.stride_tricks.sliding_window_view(h, (size, size), axis=(2, 3))
    return view[picture, :, row, column].reshape(count, -1), h[picture, :, row + size // 2, column + size // 2]


def lateral_input(around, kernel):
    """u_i = sum over j != i of K_ij * h_j at the middle of every window: (count, cells)."""
    others = np.array(kernel)
    others[np.arange(len(others)), np.arange(len(others))] = 0
    return around @ others.reshape(len(others), -1).T


def shared_input(around, kernel):
    """Lateral input by the mean of a kernel over pairs: what every cell receives alike, (count, cells)."""
    return lateral_input(around, np.broadcast_to(mean_kernel(kernel), kernel.shape))


def correlations(one, other):
    """Pearson correlation of the columns of two arrays (count, cells); 0 where a column does not vary."""
    one, other = (values - values.mean(0) for values in (one, other))
    norms = np.sqrt((one**2).sum(0) * (other**2).sum(0))
    return np.divide((one * other).sum(0), norms, out=np.zeros_like(norms), where=norms > 0)


def infer(circuit, count=1500, pictures=220):
    """Silence each cell in turn on natural images and ask its neighbours: an :class:`Inference`.

    The pictures are patches of scikit-image's photographs, on which the network was not trained; gain and offset of each cell are
    fitted on the training patches, all else is measured on the test patches, of which no pixel is the same.

    Parameters
    ----------
    circuit : Circuit
    count : int
        Places, on each of the two sets of patches.
    pictures : int
        Patches of each set.
    """
    photographs, sets = images.load("photographs", progress=False), []
    for seed, shown in enumerate((photographs.train_images, photographs.test_images)):
        shown = shown[np.linspace(0, len(shown) - 1, min(pictures, len(shown))).round().astype(int)]
        h = activity_of(circuit.network, (shown.astype(np.float32) - photographs.mean) / photographs.sd)
        sets.append(windows(h, circuit.kernels["K"].shape[-1], count, seed))
    (first, fitted), (second, own) = sets
    cells = np.flatnonzero(circuit.oriented & (own.std(0) > 0) & (fitted.std(0) > 0))
    found, explained = {}, {}
    kernels = {name: circuit.kernels[name] for name in ("K", *RIVALS)}
    kernels[BALANCED] = kernels["K"] - mean_kernel(kernels["K"])
    for name, kernel in kernels.items():
        u, v = lateral_input(first, kernel)[:, cells], lateral_input(second, kernel)[:, cells]
        found[name] = correlations(v, own[:, cells])
        explained[name] = explained_share(u, fitted[:, cells], v, own[:, cells])
    null = [correlations(lateral_input(second, circuit.relabelled(order))[:, cells], own[:, cells]) for order in circuit.orders]
    shared = shared_input(second, kernels["K"])[:, cells]
    alike = correlations(lateral_input(second, kernels["K"])[:, cells], shared) ** 2
    return Inference(cells, found, explained, np.array(null), alike, shared.mean(0))


def explained_share(u, h, new_u, new_h):
    """1 - error / variance of ``new_h`` by gain and offset fitted to h = offset + gain u, column by column."""
    centred = u - u.mean(0)
    power = (centred**2).sum(0)
    slope = np.divide((centred * h).sum(0), power, out=np.zeros_like(power), where=power > 0)
    error = new_h - h.mean(0) - slope * (new_u - u.mean(0))
    return 1 - (error**2).mean(0) / new_h.var(0)


def numbers(measures):
    """What the results file keeps of a list of :class:`Inference`, one value a network under each key.

    ``median_<kernel>`` and ``explained_<kernel>`` (medians over cells), ``null_mean`` (median correlation, K with its cells relabelled),
    ``alike`` and ``alike_mean`` (medians over cells), ``cells``.
    """
    names = tuple(measures[0].correlation)
    kept = {f"median_{key(name)}": [one.median(name) for one in measures] for name in names}
    kept |= {f"explained_{key(name)}": [float(np.median(one.explained[name])) for one in measures] for name in names}
    kept["null_mean"] = [float(np.median(one.null, axis=1).mean()) for one in measures]
    kept |= {name: [float(np.median(getattr(one, name))) for one in measures] for name in ("alike", "alike_mean")}
    return kept | {"cells": [len(one.cells) for one in measures]}
