"""What does a group model explain of K, beyond what any round kernel and any orientation-tuned kernel explain?

    K = a + cos Phi [rho(r) + tau(r) cos 2 theta + g M(x, y, theta)] + rest,

where rho and tau are free and signed in rings of 1 px (the pedestal), g is signed, and M is one of the shapes of
:mod:`paper_code.lateral.models`, of unit sd over the offsets. Everything, including the shape of M, is fitted on the other networks and
evaluated on the one left out, so more parameters give no advantage. RF and CO can be part of the pedestal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.errors import PaperCodeError
from paper_code.lateral.frame import PairFrame
from paper_code.lateral.harmonics import solve, unit
from paper_code.lateral.models import Library, Places

NEAREST, SPLIT, FARTHEST = 2, 6, 14  # px
RINGS = {"2-14": (0, 1), "6-14": (1,)}
PEDESTALS = {"plain": (), "with RF and CO": ("RF", "CO")}
BATCH = 32  # elements processed at once


@dataclass(frozen=True)
class ModelSums:
    """Sums over the offsets of one network, near (2 to 6 px) and far (6 to 14 px)."""

    regressors: tuple[str, ...]  # the last of the q columns of the pedestal, which are 1, rho, tau and the regressors
    gram: np.ndarray  # (2, q, q)
    cross: np.ndarray  # (2, q)
    total: np.ndarray  # (2,), sum of K in units of its sd
    square: np.ndarray  # (2,), sum of its squares
    count: np.ndarray  # (2,), number of offsets
    model_gram: np.ndarray  # (2, q, e), products of the pedestal and every shape cos Phi M of the library
    model_square: np.ndarray  # (2, e), products of the shapes with themselves
    model_cross: np.ndarray  # (2, e), products of the shapes with K

    def equations(self, ring: str, pedestal: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(gram (q, q), cross (q,), model_gram (q, e), model_square (e,), model_cross (e,)) for a ring and a pedestal."""
        parts = list(RINGS[ring])
        fixed = len(self.cross[0]) - len(self.regressors)
        # rho and tau of rings of 1 px without offsets here are left out
        gram = self.gram[parts].sum(axis=0)
        kept = [column for column in range(fixed) if gram[column, column] > 0]
        kept += [fixed + self.regressors.index(name) for name in PEDESTALS[pedestal]]
        return (
            gram[np.ix_(kept, kept)],
            self.cross[parts].sum(axis=0)[kept],
            self.model_gram[parts].sum(axis=0)[kept],
            self.model_square[parts].sum(axis=0),
            self.model_cross[parts].sum(axis=0),
        )

    def about_mean(self, ring: str) -> tuple[float, float]:
        """Sum of squares of K in a ring, about zero and about its mean."""
        total, square, count = (part[list(RINGS[ring])].sum() for part in (self.total, self.square, self.count))
        return square, square - total**2 / count


def model_sums(frame: PairFrame, kernel: ArrayLike, regressors: Mapping[str, ArrayLike], library: Library) -> ModelSums:
    """Sums of one network, from the frame of its oriented cells, its kernel and the regressors RF and CO between them, (m, m, k, k)."""
    inside, pedestal = _pedestal(frame, regressors)
    pair, offset = np.nonzero(inside)
    far = frame.distance[pair, offset] >= SPLIT
    order = np.argsort(far, kind="stable")  # near offsets first, so that each side is a slice
    pair, offset, pedestal = pair[order], offset[order], pedestal[order]
    sides = [slice(np.count_nonzero(~far)), slice(np.count_nonzero(~far), None)]
    wave, values = np.cos(frame.phase[pair, offset]).astype(np.float32), unit(kernel, frame)[pair, offset]
    gram = np.stack([pedestal[side].T @ pedestal[side] for side in sides])
    cross = np.stack([pedestal[side].T @ values[side] for side in sides])
    narrow, narrow_values = pedestal.astype(np.float32), values.astype(np.float32)
    along, across = (part[pair, offset, None].astype(np.float32) for part in (frame.along, frame.across))
    places, parts = Places(along, across, frame.turn[pair]), []
    for start in range(0, len(library), BATCH):
        elements = np.arange(start, min(start + BATCH, len(library)))
        shapes = library.values(places, elements)[..., 0] * wave
        parts.append(
            (
                [narrow[side].T @ shapes[:, side].T for side in sides],
                [np.vecdot(shapes[:, side], shapes[:, side]) for side in sides],
                [shapes[:, side] @ narrow_values[side] for side in sides],
            )
        )
    model_gram, model_square, model_cross = (np.concatenate(one, axis=-1).astype(float) for one in zip(*parts, strict=True))
    # The first column of the pedestal is 1: its product with a shape is the shape's sum.
    deviation = np.sqrt(model_square.sum(axis=0) / len(values) - (model_gram[:, 0].sum(axis=0) / len(values)) ** 2)
    model_gram, model_square, model_cross = model_gram / deviation, model_square / deviation**2, model_cross / deviation
    total, square, count = (np.array([part(values[side]) for side in sides]) for part in (np.sum, lambda v: (v**2).sum(), len))
    return ModelSums(tuple(regressors), gram, cross, total, square, count, model_gram, model_square, model_cross)


def _pedestal(frame: PairFrame, regressors: Mapping[str, ArrayLike]) -> tuple[np.ndarray, np.ndarray]:
    """Mask of the offsets within 2 to 14 px (p, l), and the columns of the pedestal at these (offsets, q)."""
    inside = frame.within(NEAREST, FARTHEST)
    step = np.floor(frame.distance[inside]).astype(int) - NEAREST
    wave = np.cos(frame.phase)[inside]
    like = np.broadcast_to(np.cos(2 * frame.turn)[:, None], inside.shape)[inside]
    in_ring = (step[:, None] == np.arange(FARTHEST - NEAREST)) * wave[:, None]
    extra = [unit(one, frame)[inside][:, None] for one in regressors.values()]
    return inside, np.concatenate([np.ones((len(wave), 1)), in_ring, in_ring * like[:, None], *extra], axis=1)


def beyond_pedestal(frame: PairFrame, kernels: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """What the plain pedestal leaves unexplained of kernels (m, m, k, k) between the cells of a network, each in units of its own sd.

    Least-squares residuals over the offsets of 2 to 14 px, in arrays of the kernels' shape; 0 at all other offsets.
    """
    inside, columns = _pedestal(frame, {})
    columns = columns[:, (columns**2).sum(axis=0) > 0]
    values = np.stack([unit(kernel, frame)[inside] for kernel in kernels.values()], axis=1)
    left, whole = values - columns @ solve(columns.T @ columns, columns.T @ values), np.zeros((len(kernels), *inside.shape))
    whole[:, inside] = left.T
    return {name: frame.as_kernel(one) for name, one in zip(kernels, whole, strict=True)}


@dataclass(frozen=True)
class LeftOut:
    """What is explained of K on the network left out, in % of its variance in the ring: arrays (n,), one value per network."""

    base: np.ndarray  # explained by the pedestal alone
    gain: dict[str, np.ndarray]  # per family: what it adds
    chosen: dict[str, np.ndarray]  # per family: element of the library chosen on the other networks, (n,)
    strength: dict[str, np.ndarray]  # per family: g, fitted on the other networks, (n,)


def left_out_gains(networks: Sequence[ModelSums], library: Library, ring: str, pedestal: str) -> LeftOut:
    """Fit on all but one of at least 3 networks and evaluate on that one, for each network and family; ring and pedestal as above."""
    if len(networks) < 3:
        raise PaperCodeError(f"leaving one network out needs at least 3 of them, got {len(networks)}")
    parts = [one.equations(ring, pedestal) for one in networks]
    pooled = [sum(part) for part in zip(*parts, strict=True)]
    base, gain, chosen, strength = [], {}, {}, {}
    for number, own in enumerate(parts):
        gram, cross, model_gram, model_square, model_cross = (whole - one for whole, one in zip(pooled, own, strict=True))
        square, about_mean = networks[number].about_mean(ring)
        alone = solve(gram, cross[:, None])[:, 0]
        base.append(100 * (1 - _sse(own, alone, square) / about_mean))
        # Blockwise: what a shape adds is the part of it orthogonal to the pedestal.
        inside = solve(gram, model_gram)
        beyond = model_square - (model_gram * inside).sum(axis=0)
        g = (model_cross - cross @ inside) / np.maximum(beyond, 1e-9 * model_square)
        lowered = g**2 * beyond
        for family, members in library.members.items():
            best = members[int(np.argmax(lowered[members]))]
            coefficients = alone - g[best] * inside[:, best]
            error = _sse(own, coefficients, square, best, g[best])
            gain.setdefault(family, []).append(100 * (1 - error / about_mean) - base[-1])
            chosen.setdefault(family, []).append(int(best))
            strength.setdefault(family, []).append(float(g[best]))
    return LeftOut(np.array(base), *({family: np.array(found) for family, found in one.items()} for one in (gain, chosen, strength)))


def _sse(equations, coefficients, square, element=None, g=0.0):
    """Sum of squared residuals of given coefficients on one network, with or without ``g`` times one shape."""
    gram, cross, model_gram, model_square, model_cross = equations
    error = square - 2 * coefficients @ cross + coefficients @ gram @ coefficients
    if element is not None:
        error += -2 * g * model_cross[element] + 2 * g * coefficients @ model_gram[:, element] + g**2 * model_square[element]
    return float(error)
