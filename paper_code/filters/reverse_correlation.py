"""Receptive fields as a physiologist would measure them: white noise in, activity-weighted average of the stimulus out."""

import numpy as np
import torch
from torch.nn.grad import conv2d_weight

from paper_code import weights
from paper_code.filters.gabor import fit_gabor
from paper_code.images.image_set import IMAGE_SIZE
from paper_code.network.model import Network


@torch.no_grad()
def reverse_correlation(network: Network, frames: int, seed: int, lateral: bool = False, size: int = 15, batch: int = 64) -> np.ndarray:
    """Activity-weighted average of white noise shown behind the optics, at l0's input.

    For Gaussian white noise and a linear filter followed by a fixed nonlinearity the average is proportional to the filter
    (Bussgang 1952), so without propagation it should be l1 * l0. It makes no use of the weights.

    Parameters
    ----------
    network : Network
        In evaluation mode.
    frames : int
        Noise images, of standard deviation 1; every place of the lattice away from the border counts as a repetition.
    seed : int
    lateral : bool
        Weight by the activity after lateral propagation instead of the feed-forward activity h.
    size : int
        Side of the field in pixels, odd.

    Returns
    -------
    float64 array (cells, size, size)
        In units of activity per standard deviation of the noise.
    """
    generator = torch.Generator().manual_seed(seed)
    stride, cells = network.config.stride, network.config.cells
    total = torch.zeros(cells, 1, size, size, dtype=torch.float64)
    margin = -(-(size // 2) // stride)  # cells whose field reaches over the border
    places = 0
    for first in range(0, frames, batch):
        noise = torch.randn(min(batch, frames - first), 1, IMAGE_SIZE, IMAGE_SIZE, generator=generator)
        activity = network.simple_cells(network.lgn(noise))
        if lateral:
            activity = network.propagate(activity)
        inner = torch.zeros_like(activity)
        inner[:, :, margin:-margin, margin:-margin] = activity[:, :, margin:-margin, margin:-margin]
        places += len(noise) * (activity.shape[-1] - 2 * margin) ** 2
        # The gradient of a convolution with respect to its weights is this very average.
        total += conv2d_weight(noise, total.shape, inner, stride=stride, padding=size // 2).double()
    return (total[:, 0] / places).numpy()


def three_ways(condition: str, seed: int, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Receptive fields of a shipped network: by its weights, measured before propagation, and after it, each (cells, size, size)."""
    computed = weights.load_early(condition, seed).receptive_fields
    network = weights.load_network(condition, seed)
    size = computed.shape[-1]
    measured, after = (reverse_correlation(network, frames, seed=0, lateral=lateral, size=size) for lateral in (False, True))
    return computed, measured, after


def length_over_width(versions: tuple[np.ndarray, ...]) -> np.ndarray:
    """Median of sigma along the bars over sigma across them, of each version, over cells that a Gabor describes in all of them."""
    alive = np.logical_and.reduce([np.ptp(one, axis=(1, 2)) > 0 for one in versions])  # a cell that never responds has no field
    fits = [fit_gabor(one[alive]) for one in versions]
    kept = np.logical_and.reduce([(one.r2 > 0.8) & ~one.at_bound for one in fits])
    return np.array([np.median(one[kept].sigma_along_bar / one[kept].sigma_along_carrier) for one in fits])
