"""Activity of the cells of a shipped network: its first layers run on photographs."""

import os
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from paper_code import images, weights
from paper_code.core.arrays import evenly
from paper_code.core.errors import PaperCodeError
from paper_code.core.plan import plan
from paper_code.lateral.kernels import co_activation
from paper_code.network.model import Network

CO_IMAGES = plan()["co"]["count"]  # patches over which CO is computed


@lru_cache(maxsize=1)
def natural_patches() -> images.ImageSet:
    """Patches of the photographs of scikit-image, which need no download; made once."""
    return images.load("photographs", progress=False)


@torch.no_grad()
def activity_of(network: Network, images: ArrayLike, noise_seed: int = 0, batch: int = 64) -> np.ndarray:
    """Feed-forward activity h of l1 on standardised grey images (m, 64, 64): float32 array (m, cells, rows, columns)."""
    generator = torch.Generator().manual_seed(noise_seed)
    images = torch.as_tensor(np.asarray(images), dtype=torch.float32)[:, None]
    parts = [network.simple_cells(network.lgn(network.front_end(part, generator))) for part in images.split(batch)]
    return torch.cat(parts).numpy()


def co_kernel(
    condition: str,
    seed: int,
    image_set: images.ImageSet | None = None,
    count: int = CO_IMAGES,
    noise_seed: int = 0,
    directory: str | os.PathLike | None = None,
) -> np.ndarray:
    """CO of one shipped network at the offsets of its K, as :func:`co_activation`, over natural images and without K: (n, n, k, k).

    ``count`` training images, or all if there are fewer, are taken at even intervals in their order and standardised with the set's own
    mean and sd, so the network sees the contrast on which it was trained; by default those of :func:`natural_patches`. ``noise_seed`` is
    that of the receptor noise. PaperCodeError if the network is missing or has no lateral kernel, for a count below 2, and as for
    :func:`co_activation`.
    """
    if count < 2:
        raise PaperCodeError(f"a correlation over images needs at least 2 of them, got {count}")
    early = weights.load_early(condition, seed, directory)
    if early.K is None:
        raise PaperCodeError(f"networks of the condition {condition} have no lateral kernel; choose another condition")
    network = first_layers(condition, seed, directory)
    image_set = natural_patches() if image_set is None else image_set
    shown = evenly(image_set.train_images, count)
    standardised = (shown.astype(np.float32) - image_set.mean) / image_set.sd
    return co_activation(activity_of(network, standardised, noise_seed), network.config.lateral_size)


@torch.no_grad()
def first_layers(condition: str, seed: int, directory: str | os.PathLike | None = None, **changes: Any) -> Network:
    """A shipped network in evaluation mode from its early layers alone: untrained beyond l1, with ``changes`` to its configuration."""
    early = weights.load_early(condition, seed, directory)
    network = Network(replace(weights.configuration(condition, seed, directory), **changes), 0).eval()
    if early.l0 is not None:
        network.l0.weight[0, 0] = torch.as_tensor(early.l0, dtype=torch.float32)
    network.l1.weight[:, 0] = torch.as_tensor(early.l1, dtype=torch.float32)
    norm = network.l1_norm
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.copy_(torch.as_tensor(early.l1_gain))
    norm.bias.copy_(torch.as_tensor(early.l1_offset))
    return network


def pictures(wanted: Iterable[tuple[str, int]], condition: str, seed: int, directory: str | os.PathLike | None = None) -> np.ndarray:
    """Test patches (photograph's name, index) as a network sees them, by the mean and sd of its own training images: (n, 64, 64)."""
    photographs, listed = natural_patches(), weights.entry(condition, seed, directory)
    found = []
    for name, index in wanted:
        own = photographs.test_images[photographs.test_labels == photographs.classes.index(name)]
        found.append((own[index] - listed["image_mean"]) / listed["image_sd"])
    return np.stack(found)
