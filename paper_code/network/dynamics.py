"""Effects of lateral propagation: the stages of one image, an impulse spreading through K, and how strongly K feeds back."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from paper_code.core.statistics import correlation
from paper_code.core.text import as_large
from paper_code.network import fourier


@dataclass(frozen=True)
class Trace:
    """One image on its way through a network at test time; float arrays."""

    image: np.ndarray  # (64, 64), standardised
    blurred: np.ndarray  # (64, 64), after the optics
    noisy: np.ndarray  # (64, 64), with receptor noise
    lgn: np.ndarray  # (64, 64), filtered by l0
    h: np.ndarray  # (cells, rows, columns), feed-forward activity of l1
    activity: np.ndarray  # (steps + 1, cells, rows, columns), h_0 = h, h_1, ..., h_T; only h_0 without lateral connections
    scores: np.ndarray  # (classes,)

    def lively(self, count):
        """Cells whose maps vary most over the image, before and after propagation taken together: at most ``count``."""
        contrast = np.log(self.h.std((1, 2)) + 1e-9) + np.log(self.activity[-1].std((1, 2)) + 1e-9)
        return np.argsort(-contrast, kind="stable")[:count]


@torch.no_grad()
def trace(network, image, noise_seed=0):
    """Follow a standardised image (64, 64) through a network in evaluation mode."""
    config = network.config
    picture = torch.as_tensor(np.asarray(image), dtype=torch.float32)[None, None]
    noisy = network.front_end(picture, torch.Generator().manual_seed(noise_seed))
    noise = config.noise * torch.randn(picture.shape, generator=torch.Generator().manual_seed(noise_seed))
    lgn = network.lgn(noisy)
    h = network.simple_cells(lgn)
    steps = config.steps if config.lateral else 0
    activity = torch.cat([network.propagate(h, step) if step else h for step in range(steps + 1)])
    stages = (picture, noisy - noise, noisy, lgn)
    return Trace(*[stage[0, 0].numpy() for stage in stages], h[0].numpy(), activity.numpy(), network.tail(activity[-1:])[0].numpy())


def drive_by_receptive_fields(early, picture, stride):
    """Prediction of h away from the border by the receptive fields l1 * l0, applied in one step to an image (64, 64).

    Returns it, (cells, p, p), and the slice ``inner``: ``h[:, inner, inner]`` are the cells whose receptive field lies inside the image.
    """
    fields = torch.as_tensor(early.receptive_fields)[:, None]
    reach = fields.shape[-1] // 2
    drive = functional.conv2d(torch.as_tensor(picture, dtype=torch.float64)[None, None], fields, stride=stride, padding=reach)[0].numpy()
    predicted = np.maximum(early.l1_gain[:, None, None] * drive + early.l1_offset[:, None, None], 0)
    inner = slice(-(-reach // stride), (len(picture) - 1 - reach) // stride + 1)
    return predicted[:, inner, inner], inner


def impulse(kernel, source, steps, size):
    """Response (steps + 1, cells, size, size) to driving the cell ``source`` with amplitude 1 at the centre of a lattice of odd side."""
    h = np.zeros((len(kernel), size, size))
    h[source, size // 2, size // 2] = 1
    return _states(h, kernel, steps).numpy()


def _states(h, kernel, steps):
    """h_0 = h, h_{t+1} = ReLU(h + K * h_t) by direct convolution, float64 (steps + 1, cells, rows, columns)."""
    h, weights = (torch.as_tensor(np.asarray(value), dtype=torch.float64) for value in (h, kernel))
    states = [h[None]]
    for _ in range(steps):
        states.append(functional.relu(h + functional.conv2d(states[-1], weights, padding=weights.shape[-1] // 2)))
    return torch.cat(states)


def read_out(activity, fields, stride):
    """Images that activity (n, cells, p, p) stands for: the sum of receptive fields (a, a) of unit norm, weighted by their cells' activity.

    Their side is (p - 1) * stride + a; for odd p and a the centre of the lattice is the centre of the image.
    """
    fields = np.asarray(fields, float)
    fields = fields / np.sqrt((fields**2).sum((1, 2), keepdims=True))
    pictures = functional.conv_transpose2d(torch.as_tensor(np.asarray(activity, float)), torch.as_tensor(fields)[:, None], stride=stride)
    return pictures[:, 0].numpy()


def echo(kernel, fields, stride, order=None):
    """Correlation (cells,) of a cell's receptive field with the image that its impulse evokes in the other cells, one step later.

    The image is that of :func:`read_out`, cropped to the size of the field; the cell's own map is left out. ``order``, a permutation of
    the cells, says whose receptive field each target is assigned: shuffled for a null distribution.
    """
    cells = len(kernel)
    woken = np.maximum(np.asarray(kernel, float).swapaxes(0, 1)[:, :, ::-1, ::-1], 0)  # (source, target, k, k): an impulse after one step
    woken[np.arange(cells), np.arange(cells)] = 0
    pictures = read_out(woken, fields if order is None else fields[order], stride)
    margin = (pictures.shape[-1] - fields.shape[-1]) // 2
    return correlation(pictures[:, margin:, margin:][:, : fields.shape[-1], : fields.shape[-1]], fields)


def gain(kernel, size=32):
    """Largest factor by which K can amplify a pattern of activity on an infinite sheet of cells.

    It is the largest singular value of K's Fourier transform, a cells x cells matrix at each of size x size frequencies. Below 1,
    propagation would converge to a single stationary state whatever the image.
    """
    spectrum = np.fft.rfft2(np.asarray(kernel, float), (size, size), axes=(2, 3))
    return float(np.linalg.svd(np.moveaxis(spectrum, (2, 3), (0, 1)), compute_uv=False).max())


def as_strong(kernel, other):
    """A kernel, scaled to have the :func:`gain` of another."""
    return gain(other, 16) / gain(kernel, 16) * kernel


def routes_differ(h, kernel, steps):
    """Largest difference between direct and spectral convolution on activity h (cells, rows, columns), relative to the largest activity."""
    direct = _states(h, kernel, steps)[-1:]
    single = [torch.as_tensor(np.asarray(value), dtype=torch.float32) for value in (h[None], kernel)]
    return float((direct - fourier.propagate(*single, steps).double()).abs().max() / direct.abs().max())


@dataclass(frozen=True)
class LateralMeasures:
    """K of s networks: how strongly it feeds back, and what one cell's activity evokes in the others."""

    gain: np.ndarray  # (s,), :func:`gain` after training
    start_gain: np.ndarray  # (s,), :func:`gain` before training
    echo: np.ndarray  # (s, cells), :func:`echo` after training
    start_echo: np.ndarray  # (s, cells), :func:`echo` before training
    shuffled: np.ndarray  # (s, shuffles, cells), :func:`echo` after training, with the receptive fields randomly reassigned to the targets

    @property
    def p(self):
        """Share of the shuffles, counting the true order as one, whose median echo is at least the true one: (s,)."""
        true = np.median(self.echo, axis=1, keepdims=True)
        as_high = as_large(np.median(self.shuffled, axis=2), true).sum(1)
        return (1 + as_high) / (1 + self.shuffled.shape[1])


def measure_lateral(starts, ends, stride, shuffles):
    """:class:`LateralMeasures` of networks given by their early layers before (``starts``) and after training (``ends``)."""
    generator = np.random.default_rng(0)

    def echoes(layers, orders=(None,)):
        return np.stack([echo(layers.K, layers.receptive_fields, stride, order) for order in orders])

    orders = [generator.permutation(len(ends[0].l1)) for _ in range(shuffles)]
    return LateralMeasures(
        np.array([gain(layers.K) for layers in ends]),
        np.array([gain(layers.K) for layers in starts]),
        np.concatenate([echoes(layers) for layers in ends]),
        np.concatenate([echoes(layers) for layers in starts]),
        np.stack([echoes(layers, orders) for layers in ends]),
    )


def responses(early, cells, steps, stride):
    """Impulse responses of some cells as images (steps + 1, n, side, side): at step 0 the cell's field, then the read-out of the others."""
    size = 2 * steps * (early.K.shape[-1] // 2) + 1
    pictures = []
    for cell in cells:
        states = impulse(early.K, int(cell), steps, size)
        states[1:, cell] = 0
        pictures.append(read_out(states, early.receptive_fields, stride))
    return np.stack(pictures, axis=1)
