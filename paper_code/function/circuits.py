"""The networks of chapter 10: each shipped network without receptor noise, and other kernels of the same gain to replace K.

:func:`infer` silences their cells. During training, whole maps of l1 are silenced at random, and then receive lateral input alone.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from paper_code import weights
from paper_code.core.arrays import evenly
from paper_code.core.errors import PaperCodeError
from paper_code.core.statistics import correlation, permutations
from paper_code.lateral.activity import activity_of, natural_patches
from paper_code.lateral.bank import FEWEST
from paper_code.lateral.frame import ordered_pairs, pair_frame
from paper_code.lateral.models import GROUP, Places, library, model
from paper_code.network.dynamics import as_strong

RIVALS = ("SE(2) model", "RF", "untrained K")  # take the place of K
BALANCED = "K less its mean"  # mean over pairs at each offset: removes the input that all cells receive alike
PLANTED = "planted field"  # a direction process: what an association field would do between the same cells
FIELD = {"length": 12.0, "diffusion": 0.03, "blur": 1.6}  # parameters of the planted field; length and blur in px
PATCHES, WINDOWS = 220, 1500  # of photographs, and places on them, to estimate silenced cells: for fitting, and again for measuring
CORE = 1.0  # px: closer offsets say nothing about position, and model kernels are 0 there


@dataclass(frozen=True)
class Circuit:
    """One network as used in this chapter."""

    seed: int
    network: torch.nn.Module  # without receptor noise
    fields: np.ndarray  # (cells, b, b), receptive fields Psi1 * Psi0
    oriented: np.ndarray  # bool (cells,), by the rule of :class:`paper_code.lateral.bank.Bank`
    orientation: np.ndarray  # (cells,), of the Gabor fits, radians
    kernels: dict  # float32 (cells, cells, k, k): "K", the RIVALS and PLANTED, with K's gain; SE(2) models connect only oriented cells
    orders: np.ndarray  # int (r, cells), relabellings of the cells of K, for the null

    @property
    def steps(self):
        """Number of propagation steps of the network, T."""
        return self.network.config.steps

    @property
    def field_reach(self):
        """Distance along rows and columns, in px, beyond which a cell sees nothing: set by l1, l0 and the optics."""
        return self.fields.shape[-1] // 2 + self.network.blur_kernel.shape[-1] // 2

    @property
    def kernel_reach(self):
        """Distance along rows and columns, in px, that K spans in one step."""
        return self.network.config.stride * (self.kernels["K"].shape[-1] // 2)

    def relabelled(self, order):
        """K with its cells relabelled by ``order``: the same connections between other cells."""
        return self.kernels["K"][np.ix_(order, order)]


def circuit(measured, relabellings):
    """A measured network as a :class:`Circuit`; raises PaperCodeError if K cannot be measured or not all layers are shipped."""
    condition, seed, bank = measured.condition, measured.seed, measured.bank
    if not bank.measurable:
        raise PaperCodeError(f"{condition}/seed-{seed} has no lateral kernel between {FEWEST} oriented cells; choose another condition")
    network = weights.load_network(condition, seed)
    network.config = replace(network.config, noise=0.0)
    oriented = bank.fits.beyond(bank.level)
    fitted = fitted_group(bank.among(bank.K), bank.frame)
    group, ideal = (between(oriented, bank.cells, bank.side, bank.stride, **one) for one in (fitted, {"family": "DP", **FIELD}))
    rivals = {"SE(2) model": group, "RF": bank.rf, "untrained K": weights.initial_early(condition, seed).K, PLANTED: ideal}
    kernels = {"K": bank.K} | {name: as_strong(one, bank.K) for name, one in rivals.items()}
    kernels = {name: one.astype(np.float32) for name, one in kernels.items()}
    orders = permutations(len(bank.l1), relabellings, seed)
    return Circuit(seed, network, bank.fields, oriented, bank.fits.orientation, kernels, orders)


def mean_kernel(kernel):
    """Mean of a kernel over pairs of different cells, at each offset: (k, k)."""
    return kernel[ordered_pairs(len(kernel))].mean(0)


def fitted_group(kernel, frame):
    """Family and parameters (a dict) of the direction process or enhancement kernel that, times cos Phi, correlates best with K.

    ``kernel`` (m, m, k, k) is K between the m oriented cells of ``frame``.
    """
    shapes = library()
    elements = np.concatenate([shapes.members[family] for family in GROUP])
    places, wave = Places.of(frame), np.cos(frame.phase).astype(np.float32)
    keep = frame.distance >= CORE
    learned = frame.values(kernel)[keep].astype(np.float32)
    likeness = [np.corrcoef(learned, (shapes.values(places, [one])[0] * wave)[keep])[0, 1] for one in elements]
    best = elements[int(np.argmax(likeness))]
    family = next(name for name in GROUP if best in shapes.members[name])
    return {"family": family, **shapes.parameters(family, best)}


def between(oriented, cells, size, stride, family, **parameters):
    """A family's kernel, times cos Phi, between oriented cells, each with itself too: (n, n, size, size); 0 for other cells and in CORE."""
    frame = pair_frame(cells, size, stride, *(axis.ravel() for axis in np.indices((len(cells),) * 2)))
    whole = np.zeros((len(oriented), len(oriented), size, size))
    whole[np.ix_(oriented, oriented)] = model(frame, family, parameters) * frame.as_kernel(frame.distance >= CORE)
    return whole


@dataclass(frozen=True)
class Inference:
    """How well lateral input predicts the activity of a silenced cell: arrays over the m oriented cells that respond to the pictures."""

    correlation: dict  # by kernel (m,), between lateral input from the other cells and the cell's own activity, over pictures and places
    explained: dict  # by kernel (m,), share of the activity's variance explained, with a gain and offset per cell fitted on other pictures
    null: np.ndarray  # (r, m), the correlation for K with its cells relabelled


def windows(h, size, count, seed):
    """Windows (count, cells * size * size) at random places of activity h (m, cells, p, p), and h at their centres (count, cells)."""
    generator = np.random.default_rng(seed)
    picture = generator.integers(len(h), size=count)
    row, column = generator.integers(h.shape[-1] - size + 1, size=(2, count))
    view = np.lib.stride_tricks.sliding_window_view(h, (size, size), axis=(2, 3))
    return view[picture, :, row, column].reshape(count, -1), h[picture, :, row + size // 2, column + size // 2]


def lateral_input(around, kernel):
    """u_i = sum over j != i of K_ij * h_j at the centre of every window: (count, cells)."""
    others = kernel * ~np.eye(len(kernel), dtype=bool)[:, :, None, None]
    return around @ others.reshape(len(others), -1).T


def infer(circuit):
    """Silence each cell in turn on natural images and predict its activity from its neighbours: an :class:`Inference`.

    The pictures are patches of scikit-image's photographs, on which the network was not trained. The gain and offset of each cell are
    fitted on the training patches; everything else is measured on the test patches, which share no pixel with them.
    """
    photographs, sets = natural_patches(), []
    for seed, shown in enumerate((photographs.train_images, photographs.test_images)):
        h = activity_of(circuit.network, (evenly(shown, PATCHES).astype(np.float32) - photographs.mean) / photographs.sd)
        sets.append(windows(h, circuit.kernels["K"].shape[-1], WINDOWS, seed))
    (first, fitted), (second, own) = sets
    cells = np.flatnonzero(circuit.oriented & (own.std(0) > 0) & (fitted.std(0) > 0))
    found, explained = {}, {}
    kernels = {name: circuit.kernels[name] for name in ("K", *RIVALS)}
    kernels[BALANCED] = kernels["K"] - mean_kernel(kernels["K"])
    for name, kernel in kernels.items():
        u, v = lateral_input(first, kernel)[:, cells], lateral_input(second, kernel)[:, cells]
        found[name] = correlation(v, own[:, cells], axis=0)
        explained[name] = explained_share(u, fitted[:, cells], v, own[:, cells])
    null = [correlation(lateral_input(second, circuit.relabelled(order))[:, cells], own[:, cells], axis=0) for order in circuit.orders]
    return Inference(found, explained, np.array(null))


def explained_share(u, h, new_u, new_h):
    """1 - mean squared error / variance of ``new_h``, by column, with the gain and offset fitted to h = offset + gain u."""
    centred = u - u.mean(0)
    power = (centred**2).sum(0)
    slope = np.divide((centred * h).sum(0), power, out=np.zeros_like(power), where=power > 0)
    error = new_h - h.mean(0) - slope * (new_u - u.mean(0))
    return 1 - (error**2).mean(0) / new_h.var(0)
