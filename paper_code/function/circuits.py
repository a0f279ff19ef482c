"""The networks of chapter 10: each shipped network without receptor noise, and other kernels of the same gain to take the place of K."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.statistics import permutations
from paper_code.lateral.bank import FEWEST
from paper_code.lateral.frame import ordered_pairs, pair_frame
from paper_code.lateral.models import Places, library, model
from paper_code.network.dynamics import gain

GROUP = ("DP", "HR")
RIVALS = ("SE(2) model", "RF", "untrained K")  # stand in the place of K
PLANTED = "planted field"  # a direction process: what an association field would do, in the same cells
FIELD = {"length": 12.0, "diffusion": 0.03, "blur": 1.6}  # of the planted field; length and blur in px
GAIN_FREQUENCIES = 16
CORE = 1.0  # px: nearer offsets tell nothing of a place, and a model has none


@dataclass(frozen=True)
class Circuit:
    """One network as this chapter uses it."""

    seed: int
    network: torch.nn.Module  # without receptor noise
    fields: np.ndarray  # (cells, b, b), receptive fields Psi1 * Psi0
    oriented: np.ndarray  # bool (cells,), by the rule of :class:`paper_code.lateral.bank.Bank`
    orientation: np.ndarray  # (cells,), of the fits, radians
    kernels: (
        dict  # of float32 (cells, cells, k, k): "K", the RIVALS and PLANTED, with the gain of K; SE(2) models join oriented cells alone
    )
    model: dict  # family and parameters of the SE(2) model
    orders: np.ndarray  # int (r, cells), relabellings of the cells of K: the null

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


def load(measured, relabellings):
    """A measured network as a :class:`Circuit`.

    Parameters
    ----------
    measured : paper_code.report.measure.Measured
        Of a network that is shipped whole (:func:`paper_code.weights.shipped`).
    relabellings : int
        At least 1.

    Raises
    ------
    PaperCodeError
        If its K cannot be measured, or the network is not there whole.
    """
    condition, seed, bank = measured.condition, measured.seed, measured.bank
    if not bank.measurable:
        raise PaperCodeError(f"{condition}/seed-{seed} has no lateral kernel between {FEWEST} oriented cells; choose another condition")
    network = weights.load_network(condition, seed)
    network.config = replace(network.config, noise=0.0)
    oriented = np.isin(np.arange(len(bank.l1)), bank.oriented)
    fitted = fitted_group(bank.among(bank.K), bank.frame)
    group, ideal = (between(oriented, bank.cells, bank.side, bank.stride, **one) for one in (fitted, {"family": "DP", **FIELD}))
    rivals = {"SE(2) model": group, "RF": bank.rf, "untrained K": weights.initial_early(condition, seed).K, PLANTED: ideal}
    level = gain(bank.K, GAIN_FREQUENCIES)
    kernels = {"K": bank.K} | {name: level / gain(one, GAIN_FREQUENCIES) * one for name, one in rivals.items()}
    kernels = {name: one.astype(np.float32) for name, one in kernels.items()}
    orders = permutations(len(bank.l1), relabellings, seed)
    return Circuit(seed, network, bank.fields, oriented, bank.fits.orientation, kernels, fitted, orders)


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
