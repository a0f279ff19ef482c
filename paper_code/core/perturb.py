"""Noise in the last digits of the weights, for the tests alone: what another processor does to every sum, done on this one.

``PAPER_CODE_PERTURB=<seed>``, or ``<seed>:<size>``, multiplies every array that is loaded by 1 + size * N(0, 1). The size is 1e-12, or the
relative spacing of the array's own type where that is wider: float32 knows nothing finer than 1e-7.
"""

import os
import zlib

import numpy as np

from paper_code.core.errors import PaperCodeError

VARIABLE = "PAPER_CODE_PERTURB"


def perturbed(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same arrays (a dict), with noise where the environment asks for it; a PaperCodeError if it asks for no number."""
    setting = os.environ.get(VARIABLE)
    if not setting:
        return tensors
    seed, _, size = setting.partition(":")
    try:
        seed, size = int(seed), float(size or 1e-12)
        if not (seed >= 0 and 0 < size < 1):
            raise ValueError
        generators = {name: np.random.default_rng([seed, zlib.crc32(name.encode())]) for name in tensors}
    except ValueError as error:
        raise PaperCodeError(f"{VARIABLE}={setting} is not <seed> or <seed>:<size>, such as 1 or 1:1e-9") from error
    return {name: _noisy(np.asarray(tensor), generators[name], size) for name, tensor in tensors.items()}


def _noisy(tensor: np.ndarray, generator: np.random.Generator, size: float) -> np.ndarray:
    if tensor.dtype.kind != "f":
        return tensor
    spacing = min(np.finfo(tensor.dtype).eps, np.finfo(np.float32).eps)  # halves are widened before they are used
    factor = 1 + max(size, spacing) * generator.standard_normal(tensor.shape)
    return (tensor * factor).astype(tensor.dtype)
