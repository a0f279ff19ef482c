"""The networks of chapter 10: each shipped network without receptor noise, and other kernels of the same gain to take the place of K."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from paper_code import weights
from paper_code.errors import PaperCodeError
from paper_code.filters import fit_gabor, null_gabor_r2
from paper_code.lateral import ordered_pairs, pair_frame, permutations, rf_kernel
from paper_code.lateral.frame import oriented_frame
from paper_code.lateral.measures import NULL_QUANTILE
from paper_code.lateral.models import Places, library, model
from paper_code.propagation import gain

GROUP = ("DP", "HR")
RIVALS = ("SE(2) model", "RF", "untrained K")  # stand in the place of K
PLANTED = "planted field"  # a direction process: what an association field would do, in the same cells
FIELD = {"length": 12.0, "diffusion": 0.03, "blur": 1.6}  # of the planted field; length and blur in px
GAIN_FREQUENCIES = 16
CORE = 1.0  # px: nearer offsets tell nothing of a place, and a model has none


@dataclass(frozen=True)
class Circuit:
    """One network as this chapter uses it.

    Attributes
    ----------
    seed : int
    network : Network
        Without receptor noise.
    fields : array (cells, b, b)
        Receptive fields Psi1 * Psi0.
    oriented : bool array (cells,)
        Cells whose Gabor fit exceeds its null.
    orientation : array (cells,)
        Of the fits, radians.
    kernels : dict of float32 arrays (cells, cells, k, k)
        "K", the RIVALS and PLANTED, each with the gain of K. The SE(2) models join the oriented cells alone.
    model : dict
        Family and parameters of the SE(2) model.
    orders : int array (r, cells)
        Relabellings of the cells of K: the null.
    """

    seed: int
    network: torch.nn.Module
    fields: np.ndarray
    oriented: np.ndarray
    orientation: np.ndarray
    kernels: dict
    model: dict
    orders: np.ndarray

    @property
    def steps(self):
        """Propagation steps of the network, T."""
        return self.network.config.steps

    @property
    def field_reach(self):
        """Distance in px, along rows and columns, beyond which a cell sees nothing: l1, l0 and the optics."""
        return self.fields.shape[-1] // 2 + self.network.blur_kernel.shape[-1] // 2

    @property
    def kernel_reach(self):
        """Distance in px, along rows and columns, that K spans in one step."""
        return self.network.config.stride * (self.kernels["K"].shape[-1] // 2)

    def relabelled(self, order):
        """K with its cells exchanged: the same connections between other cells."""
        return self.kernels["K"][np.ix_(order, order)]

    def net_weight(self, name):
        """All weights into an oriented cell added up, mean over these cells: negative where a kernel suppresses more than it excites."""
        return float(self.kernels[name][self.oriented].sum((1, 2, 3)).mean())

    @property
    def balanced_gain(self):
        """Gain of K less its mean over pairs, over the gain of K: 1 if what K does to all cells alike takes no part in its gain."""
        kernel = self.kernels["K"]
        return gain(kernel - mean_kernel(kernel), GAIN_FREQUENCIES) / gain(kernel, GAIN_FREQUENCIES)


def load(condition, seed, relabellings, field_null_count=200):
    """A shipped network as a :class:`Circuit`.

    Parameters
    ----------
    condition : str
    seed : int
    relabellings : int
        At least 1.
    field_null_count : int
        Smooth random filters behind the Gabor R^2 that a cell has to exceed.

    Raises
    ------
    PaperCodeError
        If the condition has no lateral connections or a network is missing.
    """
    early, start = weights.load_early(condition, seed), weights.initial_early(condition, seed)
    if early.K is None:
        raise PaperCodeError(f"networks of the condition {condition} have no lateral kernel; choose another condition")
    network = weights.load_network(condition, seed)
    network.config = replace(network.config, noise=0.0)
    stride, size = network.config.stride, early.K.shape[-1]
    null = np.quantile(null_gabor_r2(early.l1.shape[-1], "smooth", field_null_count, 0, psi0=early.l0), NULL_QUANTILE)
    fields = early.receptive_fields
    fits = fit_gabor(fields)
    oriented, cells, frame = oriented_frame(fits, null, size, stride)
    fitted = fitted_group(early.K[np.ix_(oriented, oriented)], frame)
    group, ideal = (between(oriented, cells, size, stride, **one) for one in (fitted, {"family": "DP", **FIELD}))
    rivals = {"SE(2) model": group, "RF": rf_kernel(fields, size, stride), "untrained K": start.K, PLANTED: ideal}
    level = gain(early.K, GAIN_FREQUENCIES)
    kernels = {"K": early.K} | {name: level / gain(one, GAIN_FREQUENCIES) * one for name, one in rivals.items()}
    kernels = {name: one.astype(np.float32) for name, one in kernels.items()}
    return Circuit(seed, network, fields, oriented, fits.orientation, kernels, fitted, permutations(len(fields), relabellings, seed))


def mean_kernel(kernel):
    """Mean of a kernel over pairs of different cells, offset by offset: (k, k)."""
    return kernel[ordered_pairs(len(kernel))].mean(0)


def fitted_group(kernel, frame):
    """Family and parameters of the direction process or enhancement kernel that, times cos Phi, correlates best with K: a dict.

    ``kernel`` (m, m, k, k) joins the m oriented cells of ``frame``.
    """
    shapes = library()
    elements = np.concatenate([shapes.members[family] for family in GROUP])
    places, wave = Places.of(frame), np.cos(frame.phase).astype(np.float32)
    keep = frame.squared_distance >= CORE**2
    learned = kernel[frame.target, frame.source].reshape(keep.shape)[keep].astype(np.float32)
    likeness = [np.corrcoef(learned, (shapes.values(places, [one])[0] * wave)[keep])[0, 1] for one in elements]
    best = elements[int(np.argmax(likeness))]
    family = next(name for name in GROUP if best in shapes.members[name])
    return {"family": family, **shapes.parameters(family, best)}


def between(oriented, cells, size, stride, family, **parameters):
    """A family's kernel, times cos Phi, between oriented cells, a cell and itself too: (n, n, size, size), 0 for the others and in CORE."""
    frame = pair_frame(cells, size, stride, *(axis.ravel() for axis in np.indices((len(cells),) * 2)))
    far = (frame.squared_distance >= CORE**2).reshape(len(cells), len(cells), size, size)
    whole = np.zeros((len(oriented), len(oriented), size, size))
    whole[np.ix_(oriented, oriented)] = model(frame, family, parameters) * far
    return whole
