"""Rotation invariance of K: how much of its geometry is the same at every orientation.

A kernel on SE(2) depends on relative, not absolute, orientation. A convolution has only translations built in, so rotation invariance is
what would have to emerge. Let mu be the mean orientation of a pair. With left-right flipped training images, a term h = 2 m psi + 2 n theta
may depend on mu as cos h cos k mu and sin h sin k mu, k = 2, 4, but not as cos h sin k mu or sin h cos k mu. The share is

    (R2_base - R2_round) / (R2_full - R2_round),

where base is the five terms of :mod:`paper_code.lateral.harmonics` and full adds their dependence on mu. Each R2 is for the network left
out of its fit, so that noise adds nothing; the share may exceed 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.statistics import bootstrap_weights
from paper_code.lateral.harmonics import RINGS, TERMS, PairSums, solve

MODULATIONS = (2, 4)
NESTED = ("round", "base", "full")


@dataclass(frozen=True)
class Invariance:
    """Result for one ring: R^2 in % of the variance of K on the network left out, arrays (n,)."""

    round: np.ndarray
    base: np.ndarray
    full: np.ndarray
    forbidden: np.ndarray  # full plus the terms that mirror symmetry forbids: no better than full if the images are mirrored
    share: float
    low: float  # 95 % interval of the share, by bootstrap over the networks left out, with the fits held fixed
    high: float


def nested(sums: PairSums) -> dict[str, np.ndarray]:
    """The four nested sets of columns, without the intercept: arrays (p, terms, 5) by name."""
    target, source = sums.orientation[sums.target], sums.orientation[sums.source]
    turn = source - target
    middle = target + (turn - np.pi * np.rint(turn / np.pi)) / 2  # the source's orientation taken within 90 degrees of the target's
    with_angle = {name: pair for name, pair in TERMS.items() if pair != (0, 0)}  # sin 0 gives no column
    base = sums.cosines()
    full, both = [base], [base]
    for k in MODULATIONS:
        even, odd = np.cos(k * middle), np.sin(k * middle)
        allowed = [sums.cosines(factor=even), sums.cosines(with_angle, sine=True, factor=odd)]
        full += allowed
        both += [*allowed, sums.cosines(factor=odd), sums.cosines(with_angle, sine=True, factor=even)]
    whole = {"full": np.concatenate(full, axis=1), "forbidden": np.concatenate(both, axis=1)}
    return {"round": sums.cosines({"round": TERMS["round"]}), "base": base, **whole}


def invariance(networks: Sequence[PairSums], ring: str, drawn: int = 2000, seed: int | Sequence[int] = 0) -> Invariance:
    """The share of K's geometry that is the same at all orientations, in a ring of RINGS.

    K is the first kernel in the sums of n >= 2 networks; ``drawn`` and ``seed`` control the bootstrap over networks.
    """
    if len(networks) < 2:
        raise PaperCodeError(f"leaving one network out needs at least 2 of them, got {len(networks)}")
    square = np.array([one.square[list(RINGS[ring])].sum(axis=(0, 1))[0] for one in networks])
    about_mean = np.array([one.squares(ring)[0] for one in networks])
    others = 1 - np.eye(len(networks))
    explained = {}
    sets = [nested(one) for one in networks]
    for name in sets[0]:
        parts = [sums.normal_equations(ring, found[name]) for sums, found in zip(networks, sets, strict=True)]
        gram, cross = np.stack([part[0].sum(axis=0) for part in parts]), np.stack([part[1].sum(axis=0)[:, 0] for part in parts])
        g = solve(np.tensordot(others, gram, 1), np.tensordot(others, cross, 1)[..., None])[..., 0]
        error = square - 2 * (g * cross).sum(axis=-1) + np.einsum("nq,nqr,nr->n", g, gram, g, optimize=True)
        explained[name] = 100 * (1 - error / about_mean)
    drawn_counts = bootstrap_weights(len(networks), drawn, seed) / len(networks)
    shares = _share(*(drawn_counts @ explained[name] for name in NESTED))
    low, high = np.nanpercentile(shares, [2.5, 97.5]) if np.isfinite(shares).any() else (np.nan, np.nan)
    share = _share(*(explained[name].mean() for name in NESTED))
    return Invariance(*explained.values(), float(share), float(low), float(high))


def _share(plain: np.ndarray | float, base: np.ndarray | float, full: np.ndarray | float) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(full > plain, (base - plain) / (full - plain), np.nan)
