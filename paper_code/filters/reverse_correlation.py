"""Receptive fields as a physiologist would measure them: white noise in, activity-weighted average of the stimulus out."""

import numpy as np
import torch
from torch.nn.grad import conv2d_weight

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
