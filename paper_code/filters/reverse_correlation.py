"""Receptive fields by reverse correlation, as physiologists measure them, beside those computed from the weights."""

import numpy as np
import torch
from torch.nn.grad import conv2d_weight

from paper_code import weights
from paper_code.core.geometry import IMAGE_SIZE
from paper_code.filters import fit_gabor
from paper_code.network.model import Network


@torch.no_grad()
def reverse_correlation(network: Network, frames: int, seed: int, lateral: bool = False, size: int = 15, batch: int = 64) -> np.ndarray:
    """Receptive fields (cells, size, size) as measured in physiology: averages of white noise behind the optics, weighted by activity.

    For Gaussian white noise and a linear filter followed by a fixed nonlinearity, the average is proportional to the filter (Bussgang
    1952), so without propagation it should be l1 * l0. The weights are not used. With ``lateral``, the average is weighted by the activity
    after propagation, not by the feed-forward activity h. The noise consists of ``frames`` images of sd 1; every position of the lattice
    away from the border counts as a repetition. Float64, in units of activity per standard deviation of the noise; ``size`` is odd.
    """
    generator = torch.Generator().manual_seed(seed)
    stride, cells = network.config.stride, network.config.cells
    total = torch.zeros(cells, 1, size, size, dtype=torch.float64)
    margin = -(-(size // 2) // stride)  # cells whose receptive field extends beyond the border
    places = 0
    for first in range(0, frames, batch):
        noise = torch.randn(min(batch, frames - first), 1, IMAGE_SIZE, IMAGE_SIZE, generator=generator)
        activity = network.simple_cells(network.lgn(noise))
        if lateral:
            activity = network.propagate(activity)
        inner = torch.zeros_like(activity)
        inner[:, :, margin:-margin, margin:-margin] = activity[:, :, margin:-margin, margin:-margin]
        places += len(noise) * (activity.shape[-1] - 2 * margin) ** 2
        # The gradient of a convolution with respect to its weights is exactly this weighted sum of the noise.
        total += conv2d_weight(noise, total.shape, inner, stride=stride, padding=size // 2).double()
    return (total[:, 0] / places).numpy()


def three_ways(condition: str, seed: int, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Receptive fields of a shipped network: from its weights, and measured before and after propagation; each (cells, size, size)."""
    computed = weights.load_early(condition, seed).receptive_fields
    network = weights.load_network(condition, seed)
    size = computed.shape[-1]
    measured, after = (reverse_correlation(network, frames, seed=0, lateral=lateral, size=size) for lateral in (False, True))
    return computed, measured, after


def length_over_width(versions: tuple[np.ndarray, ...]) -> np.ndarray:
    """Median ratio of sigma along the bars to sigma across them, for each version, over cells that a Gabor describes in all versions."""
    alive = np.logical_and.reduce([np.ptp(one, axis=(1, 2)) > 0 for one in versions])  # a cell that never responds has no receptive field
    fits = [fit_gabor(one[alive]) for one in versions]
    kept = np.logical_and.reduce([(one.r2 > 0.8) & ~one.at_bound for one in fits])
    return np.array([np.median(one[kept].sigma_along_bar / one[kept].sigma_along_carrier) for one in fits])
