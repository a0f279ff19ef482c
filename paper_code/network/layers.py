"""The layers that the book analyses, l0, l1 and K of one network, as arrays, without PyTorch; and noise in their last digits, for tests.

``PAPER_CODE_PERTURB=<seed>``, or ``<seed>:<size>``, multiplies every loaded array by 1 + size * N(0, 1), to imitate the effect of another
processor on every sum. The size is 1e-12 by default, or the relative spacing of the array's type (for float16, that of float32) where
that is wider: float32 resolves nothing finer than 1e-7.
"""

import os
import re
import zlib
from dataclasses import dataclass

import numpy as np
from scipy import fft

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError, short

VARIABLE = "PAPER_CODE_PERTURB"
EARLY_KEYS = {"l0": "l0.weight", "l1": "l1.weight", "K": "lateral.weight"}


@dataclass(frozen=True)
class EarlyLayers:
    """l0, l1 and K of one network at one step; a layer that the condition lacks is None.

    Examples
    --------
    >>> from paper_code import weights
    >>> early = weights.load_early("reference", 10)
    >>> early.receptive_fields.shape
    (64, 15, 15)
    """

    l0: np.ndarray | None  # float64 (a, a)
    l1: np.ndarray  # float64 (n, b, b)
    K: np.ndarray | None  # float64 (n, n, k, k); ``K[i, j]`` connects source cell j to target cell i
    l1_gain: np.ndarray  # float64 (n,), in h = ReLU(l1_gain * response + l1_offset)
    l1_offset: np.ndarray  # float64 (n,)
    step: int | None = None  # training step of a snapshot; None at the end of training

    @classmethod
    def from_tensors(cls, tensors, step=None):
        """From the tensors of a file; raises PaperCodeError if one is missing or has another shape."""
        wide = perturbed({name: np.asarray(tensor, np.float64) for name, tensor in tensors.items()})
        missing = {"l1", "l1_gain", "l1_offset"} - set(wide)
        if missing:
            raise PaperCodeError(f"early layers without {', '.join(sorted(missing))}; pass the early layers that a training wrote")
        n = len(wide["l1"]) if wide["l1"].ndim else 0
        for name, leading in {"l0": (), "l1": (n,), "K": (n, n), "l1_gain": (n,), "l1_offset": (n,)}.items():
            shape = wide[name].shape if name in wide else ()
            if name in wide and shape != leading + (2 * shape[-1:] if name in EARLY_KEYS else ()):
                raise PaperCodeError(f"early layers with {name} of shape {shape}, which does not go with {n} square l1 filters")
        return cls(wide.get("l0"), wide["l1"], wide.get("K"), wide["l1_gain"], wide["l1_offset"], step)

    @property
    def receptive_fields(self):
        """Effective receptive fields l1 * l0, (n, a + b - 1, a + b - 1); l1 itself if there is no l0."""
        return receptive_fields(self.l1, self.l0)


def receptive_fields(psi1, psi0):
    """Psi1 * Psi0, what each l1 cell sees of the image: exact, since l0 is linear; Psi1 itself if there is no l0.

    Two successive cross-correlations are one, with the convolution of their kernels: (n, h, w) and (m, m) give (n, h + m - 1, w + m - 1).
    """
    psi1 = real_array(psi1, "psi1")
    if psi0 is None:
        return psi1
    psi0 = real_array(psi0, "psi0")
    if psi1.ndim != 3 or psi0.ndim != 2:
        raise PaperCodeError(f"expected psi1 of shape (n, h, w) and psi0 of shape (m, m), got {psi1.shape} and {psi0.shape}")
    shape = np.add(psi1.shape[1:], psi0.shape) - 1
    return fft.irfft2(fft.rfft2(psi1, shape) * fft.rfft2(psi0, shape), shape)  # scipy.signal takes half a second to import


def perturbed(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same arrays (a dict), with noise if the environment requests it."""
    setting = os.environ.get(VARIABLE)
    if not setting:
        return tensors
    match = re.fullmatch(r"(\d+)(?::([\d.e+-]+))?", setting, re.ASCII)
    try:
        seed, size = int(match[1]), float(match[2] or 1e-12)
    except (TypeError, ValueError) as error:
        raise PaperCodeError(f"{VARIABLE} is {short(setting)}; it is a seed, or a seed and a size, as in 1:1e-9") from error
    generators = {name: np.random.default_rng([seed, zlib.crc32(name.encode())]) for name in tensors}
    return {name: _noisy(np.asarray(tensor), generators[name], size) for name, tensor in tensors.items()}


def _noisy(tensor: np.ndarray, generator: np.random.Generator, size: float) -> np.ndarray:
    if tensor.dtype.kind != "f":
        return tensor
    spacing = min(np.finfo(tensor.dtype).eps, np.finfo(np.float32).eps)  # float16 is widened before it is used
    factor = 1 + max(size, spacing) * generator.standard_normal(tensor.shape)
    return (tensor * factor).astype(tensor.dtype)
