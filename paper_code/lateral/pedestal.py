"""What does a model of the group add to K, beyond what any round and any orientation-tuned kernel explains?

    K = a + cos Phi [rho(r) + tau(r) cos 2 theta + g M(x, y, theta)] + rest,

rho and tau free and signed in rings of 1 px (the pedestal), g signed, M one of the shapes of :mod:`paper_code.lateral.models` of unit sd
over the offsets. All of it, the shape of M too, is fitted on the other networks and judged on the one left out: nothing is gained by having
more parameters. RF and CO can be part of the pedestal.
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
BATCH = 32  # elements at once


@dataclass(frozen=True)
class ModelSums:
    """Sums over the offsets of one network, near (2 to 6 px) and far (6 to 14 px)."""

    regressors: tuple[str, ...]  # the last columns of the pedestal: 1, rho, tau, regressors; q in all
    gram: np.ndarray  # (2, q, q)
    cross: np.ndarray  # (2, q)
    total: np.ndarray  # (2,), of K in its sd
    square: np.ndarray  # (2,)
    count: np.ndarray  # (2,)
    model_gram: np.ndarray  # (2, q, e), pedestal times every shape cos Phi M of the library
    model_square: np.ndarray  # (2, e), of the shapes with themselves
    model_cross: np.ndarray  # (2, e), of the shapes with K

    def equations(self, ring: str, pedestal: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(gram (q, q), cross (q,), model_gram (q, e), model_square (e,), model_cross (e,)) of a ring and a pedestal."""
        parts = list(RINGS[ring])
        fixed = len(self.cross[0]) - len(self.regressors)
        # rho and tau of rings of 1 px that have no offset here stay out
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
        """Sum of squares of K, and the same about its mean, in a ring."""
        total, square, count = (part[list(RINGS[ring])].sum() for part in (self.total, self.square, self.count))
        return square, square - total**2 / count


def model_sums(frame: PairFrame, kernel: ArrayLike, regressors: Mapping[str, ArrayLike], library: Library) -> ModelSums:
    """Sums of one network: the frame of its oriented cells, its kernel and the regressors RF and CO between them, (m, m, k, k)."""
    inside, pedestal = _pedestal(frame, regressors)
    pair, offset = np.nonzero(inside)
    far = frame.squared_distance[pair, offset] >= SPLIT**2
    order = np.argsort(far, kind="stable")  # near ones first: each side is a slice
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
    """Which offsets (p, l) lie in 2 to 14 px, and the columns of the pedestal there (offsets, q)."""
    distance = np.sqrt(frame.squared_distance)
    inside = (distance >= NEAREST) & (distance < FARTHEST)
    step = np.floor(distance[inside]).astype(int) - NEAREST
    wave = np.cos(frame.phase)[inside]
    like = np.broadcast_to(np.cos(2 * frame.turn)[:, None], distance.shape)[inside]
    in_ring = (step[:, None] == np.arange(FARTHEST - NEAREST)) * wave[:, None]
    extra = [unit(one, frame)[inside][:, None] for one in regressors.values()]
    return inside, np.concatenate([np.ones((len(wave), 1)), in_ring, in_ring * like[:, None], *extra], axis=1)


def beyond_pedestal(frame: PairFrame, kernels: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """What the plain pedestal leaves of kernels (m, m, k, k) between the cells of a network, each kernel in its own sd.

    Residuals of least squares over the offsets of 2 to 14 px, of the kernels' shape; 0 at all other offsets.
    """
    inside, columns = _pedestal(frame, {})
    columns = columns[:, (columns**2).sum(axis=0) > 0]
    values = np.stack([unit(kernel, frame)[inside] for kernel in kernels.values()], axis=1)
    left, found = values - columns @ solve(columns.T @ columns, columns.T @ values), {}
    for (name, kernel), one in zip(kernels.items(), left.T, strict=True):
        whole = np.zeros(inside.shape)
        whole[inside] = one
        found[name] = np.zeros(np.shape(kernel))
        found[name][frame.target, frame.source] = whole.reshape(-1, *np.shape(kernel)[2:])
    return found


@dataclass(frozen=True)
class LeftOut:
    """What is explained of K on the network left out, in % of its variance in the ring; arrays (n,), one value a network."""

    base: np.ndarray  # by the pedestal alone
    gain: dict[str, np.ndarray]  # family: what it adds
    chosen: dict[str, np.ndarray]  # family: element of the library chosen on the other networks, (n,)
    strength: dict[str, np.ndarray]  # family: g, fitted on the other networks, (n,)


def left_out_gains(networks: Sequence[ModelSums], library: Library, ring: str, pedestal: str) -> LeftOut:
    """Fit on all networks but one (of at least 3), judge on that one, for every network and family; by ring and pedestal of the above."""
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
        # By blocks: what a shape adds to the pedestal is its part beyond it.
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
    """Sum of squared residuals of given coefficients on one network, with ``g`` times one shape or without."""
    gram, cross, model_gram, model_square, model_cross = equations
    error = square - 2 * coefficients @ cross + coefficients @ gram @ coefficients
    if element is not None:
        error += -2 * g * model_cross[element] + 2 * g * coefficients @ model_gram[:, element] + g**2 * model_square[element]
    return float(error)
