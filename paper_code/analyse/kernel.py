"""The lateral kernel of one network: principal components between cells of similar orientation, and harmonics by distance, against chance.

One network is one sample. Chance is what the same K gives with its cells relabelled (rows and columns permuted together), so a small p says
that K reflects the geometry of its own cells, and nothing about other networks trained in the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import nan
from typing import Any

import numpy as np

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError
from paper_code.core.statistics import generator, permutation_p, permutation_p_of_greatest, permutations
from paper_code.lateral.bank import FEWEST
from paper_code.lateral.frame import Cells, PairFrame, pair_frame
from paper_code.lateral.harmonics import TERMS, VERSIONS, PairSums, fit
from paper_code.lateral.kernels import rf_kernel
from paper_code.lateral.nulls import relabelled
from paper_code.lateral.views import LIKE_BELOW, Components, components, extent, turned

OVERLAP = (0.9, 0.998)  # shares of RF's energy within the two inner edges, which for the book's networks are near 6 and 10.5 px
FEW_OFFSETS = 200  # a ring with fewer is merged with its neighbour
MOST_OFFSETS = 1_200_000  # most pairs times offsets kept in memory: beyond that, cells are drawn at random
MOST_PAIRS = 2000  # most pairs of similar orientation whose kernels are turned: beyond that, pairs are drawn at random
DRAWN = 9  # number of relabelled kernels whose components are computed
UNPHASED = "blind to phase"  # the version of the terms without cos Phi
PLACES = 10  # number of places of a picture from its middle to its border


@dataclass(frozen=True)
class Ring:
    """Distances ``low <= r < high`` between the receptive fields of two cells, px."""

    name: str
    low: float
    high: float
    offsets: int  # number over all pairs of cells
    overlap: float  # share of RF's energy: how much the receptive fields overlap there


@dataclass(frozen=True)
class Term:
    """One coefficient of K in one ring, and its null: the same for K with its cells relabelled."""

    name: str
    ring: str
    version: str  # raw, beyond RF, or "blind to phase": without cos Phi
    value: float  # sd of K
    p: float  # two-sided, for this term alone
    p_all: float  # the same against the farthest from chance of all terms, rings and versions: corrected for multiple tests
    null: float  # mean of the null
    low: float  # 2.5 % of the null lies below
    high: float  # 2.5 % of the null lies above


@dataclass(frozen=True)
class KernelAnalysis:
    """K between the m oriented cells."""

    cells: np.ndarray  # (m,) int, indices of the filters
    rings: tuple[Ring, ...]
    terms: tuple[Term, ...]
    explained: dict[tuple[str, str], float]  # (ring, version): % of K's variance there that the five terms add
    components: Components | None  # of K between cells of similar orientation, x along the bars
    rf_components: Components | None  # the same for RF, the correlation of the receptive fields
    relabelled_share: float  # of the first component with cells relabelled, mean over some draws
    radius: float  # px, half side of the components' pictures
    extents: tuple[float, float]  # rms extent of K's first component along and across the bars, px
    rf_extents: tuple[float, float]  # the same for RF

    def term(self, name: str, ring: str, version: str = "raw") -> Term:
        """One of the terms; raises PaperCodeError if it does not exist."""
        for one in self.terms:
            if (one.name, one.ring, one.version) == (name, ring, version):
                return one
        known = sorted({(one.ring, one.version) for one in self.terms})
        raise PaperCodeError(f"no term {name} at {ring} px, {version}; there are {', '.join(TERMS)} at {known}")


def check_kernel(kernel: object, cells: int) -> np.ndarray:
    """K as float64 (n, n, k, k), target first; raises PaperCodeError for a wrong shape, side or number of cells."""
    K = real_array(kernel, "the kernel")
    if K.ndim != 4 or K.shape[0] != K.shape[1] or K.shape[2] != K.shape[3]:
        raise PaperCodeError(f"expected a kernel of shape (n, n, k, k), target cell first, got {K.shape}")
    if len(K) != cells:
        raise PaperCodeError(f"the kernel connects {len(K)} cells but there are {cells} filters; pass the kernel of these same filters")
    side = K.shape[-1]
    if side % 2 == 0 or side < 3:
        raise PaperCodeError(f"a lateral kernel has an odd side of 3 or more, with offset 0 at its centre; got {side}")
    return K


def analyse_kernel(
    K: np.ndarray,
    fields: np.ndarray,
    cells: Cells,
    oriented: np.ndarray,
    stride: int,
    permuted: int,
    seed: int,
    edges: Sequence[float] | None,
    say: Callable[[str], None],
) -> tuple[KernelAnalysis | None, list[str]]:
    """Measure K (n, n, k, k): the result, or None if nothing can be measured, and notes in words, one of which then says why.

    ``fields`` are (n, h, w), ``cells`` all n of them, in px, and ``oriented`` (m,) the indices of those to be used; the rest is as in
    :func:`paper_code.analyse.analyse`.
    """
    chosen, notes = _usable(K, oriented, seed)
    if len(chosen) < FEWEST:
        notes.append(
            f"K is not measured: that needs {FEWEST} oriented cells, and there {'is' if len(chosen) == 1 else 'are'} {len(chosen)}."
        )
        return None, notes
    kernel = K[np.ix_(chosen, chosen)]
    pairs = kernel[~np.eye(len(kernel), dtype=bool)]
    greatest = np.abs(pairs).max()
    if not np.ptp(pairs) > 1e-12 * greatest:
        notes.append("K is not measured: it is constant over all pairs of different cells.")
        return None, notes
    kernel = kernel / greatest  # so that the squares of very small or large weights do not underflow or overflow
    cells, fields = cells[chosen], fields[chosen]
    frame = pair_frame(cells, K.shape[-1], stride)
    rf = rf_kernel(fields, K.shape[-1], stride)
    regressors = {"RF": rf} if frame.values(rf).std() > 1e-9 else {}
    rings, parts = ring_edges(frame, rf, stride, edges)
    if not rings:
        notes.append("The harmonics of K are not measured: at its offsets no two receptive fields lie in the rings that were asked for.")
    say(f"harmonics of K between {len(chosen)} cells, and of {permuted} relabelled kernels")
    terms, explained, missing = _terms(frame, cells, kernel, regressors, rings, parts, permuted, seed)
    notes += missing
    say("principal components of K")
    found = _components(frame, cells, kernel, rf if regressors else None, stride, seed)
    if found["components"] is None:
        notes.append("The components of K are not measured: too few pairs of cells have similar orientations (within 22.5 degrees).")
    return KernelAnalysis(chosen, tuple(rings), tuple(terms), explained, **found), notes


def _usable(K: np.ndarray, oriented: np.ndarray, seed: int) -> tuple[np.ndarray, list[str]]:
    """Indices of the oriented cells whose weights are all finite, drawn at random if there are too many; and notes."""
    broken, kept = ~np.isfinite(K).all(axis=(2, 3)), np.ones(len(K), bool)
    np.fill_diagonal(broken, False)
    kept[np.setdiff1d(np.arange(len(K)), oriented)] = False
    while (inside := broken & kept & kept[:, None]).any():
        kept[np.argmax(inside.sum(axis=0) + inside.sum(axis=1))] = False
    chosen, notes = np.flatnonzero(kept), []
    if len(chosen) < len(oriented):
        left = np.setdiff1d(oriented, chosen)
        who = f"cell {left[0]} is" if len(left) == 1 else f"{len(left)} cells ({first_twelve(left)}) are"
        notes.append(
            f"K contains {int((~np.isfinite(K)).sum()):,} NaN or infinite weights: {who} left out of its measures. Set such weights "
            "to 0 to keep these cells."
        )
    most = max(FEWEST, int(np.sqrt(MOST_OFFSETS) / K.shape[-1]))
    if len(chosen) > most:
        notes.append(f"K is measured between {most} of the {len(chosen)} oriented cells, drawn at random: all would take too much memory.")
        chosen = np.sort(generator([seed, 1]).choice(chosen, most, replace=False))
    return chosen, notes


def first_twelve(numbers: np.ndarray) -> str:
    """The first twelve of some numbers, as text."""
    return ", ".join(map(str, numbers[:12])) + (", ..." if len(numbers) > 12 else "")


def ring_edges(frame: PairFrame, rf: np.ndarray, stride: int, edges: Sequence[float] | None) -> tuple[list[Ring], list[float]]:
    """Rings of distance for K's own offsets, and the edges between them.

    The innermost ring begins at the stride (for strides above 2 px, at 2 px or half a stride, whichever is more), as closer receptive
    fields have no direction from each other. The next two edges enclose the shares ``OVERLAP`` of the energy of RF, the correlation of the
    receptive fields, so that these overlap in the first ring, touch in the second and are apart in the third, whatever their size. The
    last edge is the reach of K. Rings with fewer than ``FEW_OFFSETS`` offsets, or narrower than a stride, are merged with their
    neighbours. If there are several rings, one more covers them all.
    """
    distance, energy = frame.distance, frame.values(rf) ** 2
    if edges is None:
        low = min(stride, max(2, stride / 2))
        inside = distance >= low
        order = np.argsort(distance[inside])
        ranked, total = distance[inside][order], np.cumsum(energy[inside][order])
        step = stride / 4
        inner = []
        if len(ranked) and total[-1] > 0:
            inner = [float(np.round(ranked[np.searchsorted(total, share * total[-1])] / step) * step) for share in OVERLAP]
        top = float(np.floor(distance.max() / step) * step + step)
        edges = [float(low)]
        for edge in [*inner, top]:
            if edge - edges[-1] >= stride and frame.within(edges[-1], edge).sum() >= FEW_OFFSETS:
                edges.append(edge)
        if len(edges) == 1:
            edges.append(top)
        edges[-1] = top
    whole = energy[frame.within(edges[0], edges[-1])].sum()
    spans = list(zip(edges, edges[1:], strict=False))
    if len(spans) > 1:
        spans.append((edges[0], edges[-1]))
    rings = []
    for low, high in spans:
        inside = frame.within(low, high)
        if inside.any():
            rings.append(Ring(f"{low:g}-{high:g}", low, high, int(inside.sum()), float(energy[inside].sum() / whole) if whole > 0 else 0.0))
    return rings, list(edges)


def _terms(
    frame: PairFrame,
    cells: Cells,
    kernel: np.ndarray,
    regressors: Mapping[str, np.ndarray],
    rings: Sequence[Ring],
    edges: Sequence[float],
    permuted: int,
    seed: int,
) -> tuple[list[Term], dict[tuple[str, str], float], list[str]]:
    parts = {ring.name: tuple(n for n, edge in enumerate(edges[:-1]) if ring.low <= edge < ring.high) for ring in rings}
    sums = PairSums.of(frame, cells.orientation, {"K": kernel}, regressors, edges=edges, rings=parts)
    blind = PairSums.of(frame, cells.orientation, {"K": kernel}, coherent=False, edges=edges, rings=parts)
    fits, apart, notes = {}, [], []
    for ring in rings:
        for version, needed in VERSIONS.items():
            if not set(needed) <= set(regressors):
                continue
            if needed and ring.overlap < 1e-9:
                apart.append(ring.name)
                continue
            with suppress(PaperCodeError):  # collinear terms
                fits[ring.name, version] = fit(sums, ring.name, needed)
        with suppress(PaperCodeError):
            fits[ring.name, UNPHASED] = fit(blind, ring.name)
    if apart or not regressors:
        where = f"At {', '.join(apart)} px" if apart else "At the offsets of K"
        notes.append(f"{where} no two receptive fields overlap, so there is nothing to take off: K is shown as it is.")
    unfitted = [ring.name for ring in rings if (ring.name, "raw") not in fits]
    if unfitted:
        where = f" at {', '.join(unfitted)} px" if fits else ""
        notes.append(
            f"The harmonics of K are not measured{where}: they cannot be separated, as when cells are few or all of one orientation."
        )
    if not fits:
        return [], {}, notes
    orientation = np.asarray(cells.orientation)
    drawn = partial(relabelled, frame, orientation, kernel, times=permuted, seed=[seed, 2], edges=edges, rings=parts)
    unphased = [(ring, "raw") for ring, version in fits if version == UNPHASED]
    chance = drawn(regressors, places=fits) | {
        (ring, UNPHASED): one for (ring, _), one in drawn({}, places=unphased, coherent=False).items()
    }
    places = [(place, name) for place, one in fits.items() for name in one.names]
    values = np.concatenate([one.coefficients[:, 0] for one in fits.values()])
    null = np.concatenate([chance[place] for place in fits], axis=1)
    mean = null.mean(axis=0)
    bounds = np.quantile(null, [0.025, 0.975], axis=0)
    p = permutation_p(values, null), permutation_p_of_greatest(values, null)
    columns = zip(places, values, *p, mean, *bounds, strict=True)
    terms = [Term(name, *place, *map(float, rest)) for (place, name), *rest in columns]
    return terms, {place: 100 * float(one.share[0]) for place, one in fits.items()}, notes


def _components(frame: PairFrame, cells: Cells, kernel: np.ndarray, rf: np.ndarray | None, stride: int, seed: int) -> dict[str, Any]:
    radius = float(stride * (kernel.shape[-1] // 2))
    step = radius / PLACES
    like = np.flatnonzero(frame.difference < LIKE_BELOW)
    if len(like) > MOST_PAIRS:
        like = np.sort(generator([seed, 4]).choice(like, MOST_PAIRS, replace=False))
    frame = frame[like]
    orders = permutations(len(kernel), DRAWN, [seed, 3])

    def of(one):
        try:
            return components(turned(frame, cells.orientation, one, radius, step))
        except PaperCodeError:  # constant over these pairs
            return None

    own = of(kernel) if len(like) >= FEWEST else None
    overlap = None if own is None or rf is None else of(rf)
    draws = [] if own is None else [of(kernel[np.ix_(order, order)]) for order in orders]
    reach = [(nan, nan) if one is None else tuple(float(side[0]) for side in extent(one.patterns, step)) for one in (own, overlap)]
    return {
        "components": own,
        "rf_components": overlap,
        "relabelled_share": float(np.mean([one.share[0] for one in draws if one is not None])) if any(draws) else nan,
        "radius": radius,
        "extents": reach[0],
        "rf_extents": reach[1],
    }
