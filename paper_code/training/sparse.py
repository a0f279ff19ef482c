"""Another kind of network with a lateral kernel: two steps of sparse coding with fixed filters (Gregor and LeCun 2010).

Each of the filters D has a map of cells, one at every pixel. Their drive is b = gain (D * image); activity passes a soft threshold S,

    z_0 = S(b),    z_{t+1} = S(b + K * z_t),    t = 0, 1,

and is signed, not rectified. K, which starts at 0, the gains and the thresholds are trained to compose the image from few active
cells: training lowers the mean over pixels of 1/2 (image - sum_j D_j z_j)^2 + lambda |z|_1. There are no labels.

For linear cells at rest, K would be minus the correlation of the filters, so that a cell subtracts what others already explain (Rozell
et al. 2008); two steps and a short training need not reach this.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch.nn import functional

from paper_code.images.drawn import photographs
from paper_code.network.fourier import propagate

STEPS, STRIDE = 2, 1  # T; pixels between neighbouring cells
SIDE = 24  # side of a patch, px
SURROUND = 4.0  # px, sd of the Gaussian of the local mean, which is subtracted
SPARSITY = 0.1  # lambda
RATE, BATCH = 5e-4, 16  # of Adam, for K; the rate for gains and thresholds is three times as high


@dataclass(frozen=True)
class SparseKernel:
    """The result of :func:`train` for n filters."""

    K: np.ndarray | None  # (n, n, k, k), float64, target first
    cost: float  # what training lowers, on held-out patches
    explained: float  # explained share of the squares of these patches, where every filter reaches


def patches(images):
    """Centres of images (n, 64, 64), minus local means and divided by (standard deviation + 1) of each: float64 (n, 1, 24, 24)."""
    values = np.asarray(images, float)
    values = values - gaussian_filter(values, (0, SURROUND, SURROUND))
    edge = (values.shape[-1] - SIDE) // 2
    values = values[:, edge : edge + SIDE, edge : edge + SIDE]
    return torch.from_numpy(values / (values.std(axis=(1, 2), keepdims=True) + 1))[:, None]


class SparseCoding(torch.nn.Module):
    """The network, with fixed filters (n, 1, h, w) of unit norm."""

    def __init__(self, filters, size):
        super().__init__()
        self.register_buffer("filters", filters)
        self.kernel = torch.nn.Parameter(filters.new_zeros(len(filters), len(filters), size, size)) if size else None
        self.gain, self.threshold = (torch.nn.Parameter(filters.new_full((len(filters), 1, 1), 0.05)) for _ in range(2))

    def forward(self, images):
        """Activity (batch, n, rows, columns) where the filters fit in the image, and the image composed from it."""
        drive = self.gain * functional.conv2d(images, self.filters)
        activity = self.shrink(drive)
        if self.kernel is not None:
            activity = propagate(drive, self.kernel, STEPS, self.shrink, activity)
        return activity, functional.conv_transpose2d(activity, self.filters)

    def shrink(self, values):
        """Soft threshold."""
        return torch.sign(values) * functional.relu(values.abs() - self.threshold)

    def cost(self, images):
        """The cost that training lowers, and the share of the images' squares that is explained, where every filter reaches."""
        activity, made = self(images)
        inner = slice(self.filters.shape[-1] - 1, 1 - self.filters.shape[-1])
        error, whole = (((one[..., inner, inner]) ** 2).mean() for one in (images - made, images))
        return 0.5 * ((images - made) ** 2).mean() + SPARSITY * activity.abs().sum() / images.numel(), 1 - error / whole


def train(filters, size=11, updates=150, seed=0):
    """Train the lateral kernel of a bank (n, h, h) on scikit-image's photographs; about 0.1 s per update with 64 filters on one core.

    No filter may be all 0, and h is at most 12. ``size`` is the odd side k of K, or 0 to train only gains and thresholds; ``seed`` fixes
    the order of the patches. Training amplifies differences between the arithmetic of processors, which would show in single precision:
    double precision is used.
    """
    filters = np.asarray(filters, np.float64)
    norm = np.linalg.norm(filters, axis=(1, 2), keepdims=True)
    images = photographs(progress=False)
    learned, held = patches(images.train_images), patches(images.test_images)
    network = SparseCoding(torch.from_numpy(filters / norm)[:, None], size)
    groups = [{"params": [network.gain, network.threshold], "lr": 3 * RATE}, *([{"params": [network.kernel]}] if size else [])]
    optimiser = torch.optim.Adam(groups, lr=RATE, eps=1e-5)  # an eps above the reach of rounding
    generator = np.random.default_rng(seed)
    for _ in range(updates):
        optimiser.zero_grad()
        network.cost(learned[generator.integers(len(learned), size=BATCH)])[0].backward()
        optimiser.step()
    with torch.no_grad():
        cost, explained = map(float, network.cost(held))
    return SparseKernel(network.kernel.detach().numpy() if size else None, cost, explained)
