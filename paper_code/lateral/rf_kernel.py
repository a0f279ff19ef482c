"""Two kernels that need no training: the correlation of the receptive fields, and the correlation of the cells' activities over images."""

from dataclasses import replace

import numpy as np
import torch

from paper_code import weights
from paper_code.errors import PaperCodeError
from paper_code.images import load as load_images
from paper_code.network import Network

CO_IMAGES = 240  # patches that CO is taken over


def rf_kernel(fields, size, stride):
    """RF: correlation of every receptive field with every other, shifted by the offsets of K (KerCNNs, Montobbio et al. 2019).

    ``RF[i, j, d] = <F_i, F_j shifted by stride d>``, fields of unit norm; it is the correlation of the linear responses of i at x and of
    j at x + d to white noise. ``RF[i, j, d] = RF[j, i, -d]``.

    Parameters
    ----------
    fields : array (n, b, b)
        Receptive fields Psi1 * Psi0.
    size : int
        Side k of the kernel, odd.
    stride : int
        Pixels between neighbouring places of l1.

    Returns
    -------
    array (n, n, k, k)
    """
    fields = np.asarray(fields, float)
    fields = fields / np.linalg.norm(fields, axis=(1, 2), keepdims=True)
    lags = _offsets(size) * stride
    period = fields.shape[-1] + lags[-1]  # wide enough for no lag to wrap round onto another
    spectrum = np.fft.rfft2(fields, (period, period))
    # sum_p F_i(p + s) F_j(p) at the lag s: F_j is moved by s.
    kernel = np.fft.irfft2(spectrum[:, None] * spectrum[None].conj(), (period, period))
    return kernel[:, :, (lags % period)[:, None], lags % period]


def co_activation(activity, size):
    """CO: correlation over images and places of h_i(x) and h_j(x + d), edge co-occurrence (Geisler et al. 2001; Iyer et al. 2020).

    Parameters
    ----------
    activity : array (m, n, rows, columns)
        Activity of n cells for m images, as :func:`activity_of` gives it; the wider the sheet of cells, the less its border matters.
    size : int
        Side k of the kernel, odd and at most 2 * rows - 1.

    Returns
    -------
    array (n, n, k, k)
        Mean over the places where both cells lie on the sheet, of activities less their mean, in units of their standard deviations.

    Raises
    ------
    PaperCodeError
        If a cell is never active, or the sheet is too small.
    """
    activity = np.asarray(activity, float)
    _, cells, rows, columns = activity.shape
    offsets = _offsets(size)
    if offsets[-1] >= min(rows, columns):
        raise PaperCodeError(f"offsets up to {offsets[-1]} need a larger sheet than {rows} x {columns}")
    deviation = activity.std(axis=(0, 2, 3), keepdims=True)
    silent = np.flatnonzero(deviation.ravel() == 0)
    if len(silent):
        raise PaperCodeError(f"cell {silent[0]} answers all images alike ({len(silent)} of {cells} do): no correlation; show more images")
    activity = (activity - activity.mean(axis=(0, 2, 3), keepdims=True)) / deviation
    shape = (rows + offsets[-1], columns + offsets[-1])
    spectrum = np.fft.rfft2(activity, shape).transpose(2, 3, 1, 0)  # one matrix (cells, images) for every frequency
    product = spectrum.conj() @ spectrum.swapaxes(2, 3)
    total = np.fft.irfft2(product.transpose(2, 3, 0, 1), shape)
    total = total[:, :, (offsets % shape[0])[:, None], offsets % shape[1]]
    overlap = (rows - np.abs(offsets))[:, None] * (columns - np.abs(offsets))
    return total / (len(activity) * overlap)


@torch.no_grad()
def activity_of(network, images, noise_seed=0, batch=64):
    """Feed-forward activity h of l1 on standardised grey images (m, 64, 64): float32 array (m, cells, rows, columns)."""
    generator = torch.Generator().manual_seed(noise_seed)
    images = torch.as_tensor(np.asarray(images), dtype=torch.float32)[:, None]
    parts = [network.simple_cells(network.lgn(network.front_end(part, generator))) for part in images.split(batch)]
    return torch.cat(parts).numpy()


def co_kernel(condition, seed, image_set=None, count=CO_IMAGES, noise_seed=0, directory=None):
    """CO of one shipped network, with the offsets of its K: feed-forward activity over natural images, K taking no part.

    Parameters
    ----------
    condition : str
    seed : int
    image_set : ImageSet, optional
        The photographs of scikit-image when absent: they need no download. Its training images are taken at even distances in their order
        and standardised with the set's own mean and sd, so that the network sees the contrast that it was trained on.
    count : int
        Images, at least 2; all training images if there are fewer.
    noise_seed : int
        Of the receptor noise.
    directory : path, optional
        Of the weights.

    Returns
    -------
    array (n, n, k, k)
        As :func:`co_activation`.

    Raises
    ------
    PaperCodeError
        If the network is missing or has no lateral kernel, or as :func:`co_activation`.
    """
    if count < 2:
        raise PaperCodeError(f"a correlation over images needs at least 2 of them, got {count}")
    early = weights.load_early(condition, seed, directory)
    if early.K is None:
        raise PaperCodeError(f"networks of the condition {condition} have no lateral kernel; choose another condition")
    network = first_layers(early, weights.configuration(condition, seed, directory))
    image_set = load_images("photographs", progress=False) if image_set is None else image_set
    shown = image_set.train_images
    shown = shown[np.linspace(0, len(shown) - 1, min(count, len(shown))).round().astype(int)]
    standardised = (shown.astype(np.float32) - image_set.mean) / image_set.sd
    return co_activation(activity_of(network, standardised, noise_seed), network.config.lateral_size)


@torch.no_grad()
def first_layers(early, config):
    """A network that is right up to l1 and untrained behind it, from early layers alone, in evaluation mode.

    Parameters
    ----------
    early : EarlyLayers
    config : NetworkConfig
    """
    network = Network(config, 0).eval()
    if early.l0 is not None:
        network.l0.weight[0, 0] = torch.as_tensor(early.l0, dtype=torch.float32)
    network.l1.weight[:, 0] = torch.as_tensor(early.l1, dtype=torch.float32)
    norm = network.l1_norm
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.copy_(torch.as_tensor(early.l1_gain))
    norm.bias.copy_(torch.as_tensor(early.l1_offset))
    return network


def noise_free_layers(condition, seed, directory=None):
    """:func:`first_layers` of a shipped network without receptor noise."""
    config = replace(weights.configuration(condition, seed, directory), noise=0.0)
    return first_layers(weights.load_early(condition, seed, directory), config)


def _offsets(size):
    if size % 2 == 0:
        raise PaperCodeError(f"a lateral kernel has an odd side, with offset 0 at its centre; got {size}")
    return np.arange(size) - size // 2
