"""K as a Fourier series on SE(2), term by term.

Two cells i (target) and j (source), with receptive fields displaced by D of length r, have a relative pose in the group: psi is the
direction of D from the target's bars, theta the orientation of the source minus the target's. Bars have no direction, so both have period
pi; natural images have no handedness, so only cosines remain (sines are a check). With Phi of :class:`paper_code.lateral.PairFrame`,::

    K_ij(d) / sd(K) = a + cos Phi sum_mn g_mn cos(2 m psi + 2 n theta) + rest,

fitted in a ring of r by a single ordinary least squares for all terms. Five terms have names:

==========  =========================  ======================================================================
round       1                          connected whatever psi and theta, by phase alone
like        cos 2 theta                similar orientations
target      cos 2 psi                  sources lie along the target's bars
source      cos 2 (psi - theta)        targets lie along the source's bars (what Bosking et al. 1997 measured)
cocircular  cos (4 psi - 2 theta)      sources lie on a circle with the target (Field, Hayes and Hess 1993)
==========  =========================  ======================================================================

The same fit applies to any kernel between the cells: K, RF, CO, an untrained K or a model. "Beyond RF (and CO)": with these as regressors.

Every term is a sum of functions of the pair times the five functions of the offset, {1, cos 2D, sin 2D, cos 4D, sin 4D} cos Phi. So only
each pair's sums of products of these are kept (:class:`PairSums`); fits, bootstraps and permuted carriers then add small matrices.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError, short
from paper_code.core.statistics import bootstrap_weights, generator
from paper_code.lateral.frame import PairFrame, deviation

TERMS = {"round": (0, 0), "like": (0, 1), "target": (1, 0), "source": (1, -1), "cocircular": (2, -1)}
TERM_NAMES = {"round": "round", "like": "like", "target": "target's axis", "source": "source's axis", "cocircular": "co-circular"}
EDGES = (2.0, 6.0, 10.5, 14.0, 18.0)  # px, for the book's networks (others have their own); the rings below are unions of these intervals
RINGS = {"2-6": (0,), "6-10.5": (1,), "2-14": (0, 1, 2), "10.5-18": (2, 3)}
BLIND = {name: pair for name, pair in TERMS.items() if name != "round"}  # without phase, the round term is the intercept
VERSIONS = {"raw": (), "beyond RF": ("RF",), "beyond RF and CO": ("RF", "CO")}
PAIRS, DRAWS = 1000, 250  # numbers processed at once, to stay in the cache
WAVES = 5  # functions of the offset: 1, cos 2D, sin 2D, cos 4D, sin 4D


def all_terms(order: int = 2) -> dict[str, tuple[int, int]]:
    """All (m, n) up to an order, with one of each pair (m, n) and (-m, -n): 13 at order 2, named ``"m,n"``."""
    span = range(-order, order + 1)
    kept = [(m, n) for m in range(order + 1) for n in span if m > 0 or n >= 0]
    return {f"{m},{n}": (m, n) for m, n in kept}


def cosines(
    terms: Mapping[str, tuple[int, int]], target: np.ndarray, source: np.ndarray, sine: bool = False, factor: np.ndarray | None = None
) -> np.ndarray:
    """Terms cos(2 m psi + 2 n theta), or the sines, for pairs with orientations ``target`` and ``source`` (p,) in radians: (p, terms, 5).

    Each is a linear combination of the five functions of the offset. ``factor`` (p,), if given, multiplies every term.
    """
    weights = np.zeros((len(target), len(terms), WAVES))
    for column, (m, n) in enumerate(terms.values()):
        if not 0 <= m <= 2:
            raise PaperCodeError(f"harmonics go up to m = 2 of psi, and are written with m >= 0; got ({m}, {n})")
        # 2 m psi + 2 n theta = 2 m D + shift, with D the direction in the image
        shift = 2 * n * source - 2 * (m + n) * target
        if m == 0:
            weights[:, column, 0] = np.sin(shift) if sine else np.cos(shift)
        else:
            weights[:, column, 2 * m - 1] = np.sin(shift) if sine else np.cos(shift)
            weights[:, column, 2 * m] = np.cos(shift) if sine else -np.sin(shift)
    return weights if factor is None else weights * factor[:, None, None]


@dataclass(frozen=True)
class PairSums:
    """Sums over the offsets of every pair and elementary ring of one network, from which all fits are made.

    The u functions of an offset are 1, the five functions of direction times cos Phi, and the regressors in units of their own sd.
    """

    target: np.ndarray  # (p,), index of the target among the m oriented cells
    source: np.ndarray  # (p,), index of the source
    orientation: np.ndarray  # (m,), orientation of the cells, radians
    regressors: tuple[str, ...]  # their names
    kernels: tuple[str, ...]  # names of the kernels to be explained, each in units of its sd over all offsets of all pairs
    gram: np.ndarray  # (rings, p, u, u), products of the functions
    cross: np.ndarray  # (rings, p, u, kernels), products of the functions and the kernels
    total: np.ndarray  # (rings, p, kernels), sums of the kernels' values
    square: np.ndarray  # (rings, p, kernels), sums of their squares
    count: np.ndarray  # (rings, p), number of offsets
    rings: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: RINGS)  # the elementary rings that make up each ring
    coherent: bool = True  # whether the functions of direction hold cos Phi

    @classmethod
    def of(
        cls,
        frame: PairFrame,
        orientation: ArrayLike,
        kernels: Mapping[str, ArrayLike],
        regressors: Mapping[str, ArrayLike] | None = None,
        coherent: bool = True,
        edges: Sequence[float] = EDGES,
        rings: Mapping[str, tuple[int, ...]] = RINGS,
    ) -> Self:
        """Compute the sums from kernels between the oriented cells.

        PaperCodeError if a kernel has the wrong shape, does not vary, or is not finite.

        Parameters
        ----------
        frame : PairFrame
            Frame of all ordered pairs of the m cells.
        orientation : array (m,)
            Orientation of the cells, radians.
        kernels, regressors : dicts of arrays (m, m, k, k)
        coherent : bool
            If False, cos Phi is omitted: the terms are blind to phase.
        edges : sequence of float
            Edges of the elementary rings, ascending, in the unit of the frame.
        rings : dict of str to tuple of int
            The elementary rings that make up each ring.
        """
        regressors = regressors or {}
        values = {name: unit(kernel, frame) for name, kernel in kernels.items()}
        extra = [unit(kernel, frame) for kernel in regressors.values()]
        waves = offset_functions(frame, orientation, coherent)
        functions = np.stack([np.ones_like(frame.along), *waves, *extra])
        explained = np.stack(list(values.values()))
        ring = np.digitize(frame.distance, edges) - 1
        found = []
        for some in np.array_split(np.arange(len(ring)), 1 + len(ring) // PAIRS):
            right, there = functions[:, some].transpose(1, 2, 0), explained[:, some].transpose(1, 2, 0)
            parts = []
            for number in range(len(edges) - 1):
                inside = (ring[some] == number).astype(float)
                here = (functions[:, some] * inside).transpose(1, 0, 2)  # (p, u, l)
                sums = inside[:, None] @ there, inside[:, None] @ there**2
                parts.append((here @ right, here @ there, *(one[:, 0] for one in sums), inside.sum(axis=1)))
            found.append([np.stack(one) for one in zip(*parts, strict=True)])
        gram, cross, total, square, count = (np.concatenate(one, axis=1) for one in zip(*found, strict=True))
        sums = gram, cross, total, square, count, rings, coherent
        return cls(frame.target, frame.source, np.asarray(orientation, float), tuple(regressors), tuple(values), *sums)

    def cosines(self, terms: Mapping[str, tuple[int, int]] = TERMS, sine: bool = False, factor: np.ndarray | None = None) -> np.ndarray:
        """The terms of all pairs, as the function ``cosines`` gives them: (p, terms, 5)."""
        return cosines(terms, self.orientation[self.target], self.orientation[self.source], sine, factor)

    def mix(self, cosines: np.ndarray, version: Sequence[str]) -> np.ndarray:
        """Columns 1, cosines and the version's regressors for each pair, as mixtures of the u functions of an offset: (p, q, u)."""
        p, terms, _ = cosines.shape
        columns = [1 + WAVES + self.regressors.index(name) for name in version]
        mix = np.zeros((p, 1 + terms + len(columns), self.gram.shape[-1]))
        mix[:, 0, 0] = 1
        mix[:, 1 : 1 + terms, 1 : 1 + WAVES] = cosines
        for row, column in enumerate(columns):
            mix[:, 1 + terms + row, column] = 1
        return mix

    def normal_equations(self, ring: str, cosines: np.ndarray, version: Sequence[str] = ()) -> tuple[np.ndarray, np.ndarray]:
        """X'X (p, q, q) and X'y (p, q, kernels) of each pair in a ring, with columns 1, the cosines and the version's regressors."""
        mix, rings = self.mix(cosines, version), list(self.rings[ring])
        gram, cross = self.gram[rings].sum(axis=0), self.cross[rings].sum(axis=0)
        return mix @ gram @ mix.swapaxes(1, 2), mix @ cross

    def squares(self, ring: str) -> np.ndarray:
        """Sum of squares of each kernel about its mean in a ring: (kernels,)."""
        rings = list(self.rings[ring])
        total, square, count = (part[rings].sum(axis=(0, 1)) for part in (self.total, self.square, self.count))
        return square - total**2 / count


def unit(kernel: ArrayLike, frame: PairFrame) -> np.ndarray:
    """Values of a kernel (m, m, k, k) at the pairs of a frame, (p, k * k), divided by their sd."""
    kernel = real_array(kernel, "a kernel")
    side, count = frame.side, frame.count
    if kernel.shape[2:] != (side, side) or kernel.shape[0] != kernel.shape[1] or len(kernel) < count:
        raise PaperCodeError(f"a kernel of shape {kernel.shape} does not go with pairs of {count} cells at {side} x {side} offsets")
    values = frame.values(kernel)
    return values / deviation(values)


def offset_functions(frame: PairFrame, orientation: ArrayLike, coherent: bool = True) -> np.ndarray:
    """cos Phi times {1, cos 2D, sin 2D, cos 4D, sin 4D}, with D the direction of the displacement in the image: (5, p, k * k)."""
    direction = np.arctan2(frame.across, frame.along) + np.asarray(orientation, float)[frame.target][:, None]
    wave = np.cos(frame.phase) if coherent else np.ones_like(frame.phase)
    double = np.exp(2j * direction)
    fourfold = double**2
    return np.stack([wave, wave * double.real, wave * double.imag, wave * fourfold.real, wave * fourfold.imag])


@dataclass(frozen=True)
class Fit:
    """Least-squares coefficients of one network in one ring and version."""

    names: tuple[str, ...]  # names of the terms
    coefficients: np.ndarray  # (terms, kernels), in sd of the kernel
    r2: np.ndarray  # (kernels,), R^2 of the whole fit
    share: np.ndarray  # (kernels,), share of the variance in the ring that the terms add to the intercept and regressors


def fit(
    sums: PairSums, ring: str, regressors: Sequence[str] = (), terms: Mapping[str, tuple[int, int]] | None = None, sine: bool = False
) -> Fit:
    """Fit all terms jointly in a ring: a :class:`Fit`.

    PaperCodeError for an unknown ring or regressor, and if the columns are collinear in the ring, as with too few cells.

    Parameters
    ----------
    sums : PairSums
    ring : str
        One of ``sums.rings``.
    regressors : sequence of str
        Regressors of ``sums`` in addition to the terms.
    terms : dict, optional
        ``{name: (m, n)}``; by default TERMS, or BLIND for sums that are blind to phase.
    sine : bool
        Add the sines of the terms, named with the prefix ``sin``; their coefficients should be 0.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import Cells, pair_frame
    >>> from paper_code.lateral.harmonics import PairSums, fit
    >>> cells = Cells(*np.random.default_rng(0).uniform(size=(5, 12)))
    >>> frame = pair_frame(cells, size=7, stride=2)
    >>> K = np.random.default_rng(1).normal(size=(12, 12, 7, 7))
    >>> K[frame.target, frame.source] += np.cos(frame.phase).reshape(-1, 7, 7)
    >>> found = fit(PairSums.of(frame, cells.orientation, {"K": K}), "2-6")
    >>> dict(zip(found.names, found.coefficients[:, 0].round(1) + 0.0))["round"] > 0.5
    np.True_
    """
    for what, given, known in (("ring", [ring], sums.rings), ("regressor", regressors, sums.regressors)):
        if isinstance(given, str) or not set(given) <= set(known):
            raise PaperCodeError(f"no {what} {short(given)}; choose among {', '.join(known) or 'none'}")
    terms = terms or (TERMS if sums.coherent else BLIND)
    odd = {f"sin {name}": pair for name, pair in terms.items() if sine and pair != (0, 0)}
    names, columns = (*terms, *odd), np.concatenate([sums.cosines(terms), sums.cosines(odd, sine=True)], axis=1)
    gram, cross = (part.sum(axis=0) for part in sums.normal_equations(ring, columns, regressors))
    solution, square = solve(gram, cross), sums.square[list(sums.rings[ring])].sum(axis=(0, 1))
    count, whole = len(names), sums.squares(ring)
    others = [0, *range(1 + count, len(gram))]
    error = sse(gram, cross, solution, square)
    plain, plain_cross = gram[np.ix_(others, others)], cross[others]
    error_without = sse(plain, plain_cross, solve(plain, plain_cross), square)
    return Fit(names, solution[1 : 1 + count], 1 - error / whole, (error_without - error) / whole)


def solve(gram: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """Solve normal equations (..., q, q) and (..., q, kernels) for the coefficients; PaperCodeError if columns are collinear."""
    scale = np.sqrt(np.einsum("...qq->...q", gram))
    if not (scale > 0).all():
        raise PaperCodeError("a term has no offsets in this ring; take a wider ring or more cells")
    scaled = gram / (scale[..., :, None] * scale[..., None, :])
    eigenvalues = np.linalg.eigvalsh(scaled)
    if not (eigenvalues[..., -1] < 1e10 * eigenvalues[..., 0]).all():
        raise PaperCodeError("terms are collinear in this ring: too few oriented cells, or the same regressor twice")
    return np.linalg.solve(scaled, cross / scale[..., None]) / scale[..., None]


def sse(gram: np.ndarray, cross: np.ndarray, solution: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Sum of squared residuals (kernels,) for given coefficients (q, kernels)."""
    return square - 2 * (solution * cross).sum(axis=-2) + (solution * (gram @ solution)).sum(axis=-2)


def solve_all(
    grams: np.ndarray,
    crosses: np.ndarray,
    regressors: Sequence[str],
    rings: Mapping[str, tuple[int, ...]],
    places: Collection[tuple[str, str]] | None = None,
    terms: int = len(TERMS),
) -> dict[tuple[str, str], np.ndarray]:
    """Solve sums (rings, r or 1, q, q) and (rings, r, q) of elementary rings for every ring and version: dict of arrays (r, terms).

    The columns are 1, the terms and the regressors; versions whose regressors are missing are omitted.
    """
    found = {}
    for ring, parts in rings.items():
        gram, cross = grams[list(parts)].sum(axis=0), crosses[list(parts)].sum(axis=0)
        for version, needed in VERSIONS.items():
            if set(needed) <= set(regressors) and (places is None or (ring, version) in places):
                kept = [*range(1 + terms), *(1 + terms + regressors.index(name) for name in needed)]
                found[ring, version] = solve(gram[:, kept][:, :, kept], cross[:, kept, None])[:, 1 : 1 + terms, 0]
    return found


def bootstrap(networks: Sequence[PairSums], drawn: int = 2000, seed: int | Sequence[int] = 0) -> dict[tuple[str, str], np.ndarray]:
    """Hierarchical bootstrap: networks are resampled, and within each the cells, with joint weights w_i w_j, w multinomial.

    It is conservative within a network (Owen 2007), and is shown beside the t interval over networks, not in its place. All networks have
    the same rings and regressors. Returns the coefficients of the first kernel by (ring, version), means over the drawn networks, arrays
    (drawn, 5), for the versions whose regressors are present.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import Cells, pair_frame
    >>> from paper_code.lateral.harmonics import PairSums, bootstrap
    >>> cells = Cells(*np.random.default_rng(0).uniform(size=(5, 12)))
    >>> frame = pair_frame(cells, size=13, stride=2)
    >>> kernels = np.random.default_rng(1).normal(size=(3, 12, 12, 13, 13))
    >>> networks = [PairSums.of(frame, cells.orientation, {"K": K}) for K in kernels]
    >>> bootstrap(networks, drawn=50)["2-6", "raw"].shape
    (50, 5)
    """
    chosen, total = generator(seed).integers(len(networks), size=(drawn, len(networks))), {}
    for number, sums in enumerate(networks):
        rows = np.nonzero(chosen.T == number)[1]  # each time a network is drawn, its cells are resampled anew
        weights = bootstrap_weights(len(sums.orientation), len(rows), [*np.atleast_1d(seed), number])
        mix = sums.mix(sums.cosines(), sums.regressors)
        gram, cross = mix @ sums.gram @ mix.swapaxes(1, 2), mix @ sums.cross[..., :1]
        size = gram.shape[-1]
        upper, lower = np.triu_indices(size), np.tril_indices(size, -1)
        of_pairs = np.concatenate([gram[..., *upper], cross[..., 0]], axis=-1).swapaxes(0, 1).reshape(len(mix), -1)
        joint = [(some[:, sums.target] * some[:, sums.source]) @ of_pairs for some in np.array_split(weights, 1 + len(weights) // DRAWS)]
        joint = np.concatenate(joint).reshape(len(rows), len(gram), -1).swapaxes(0, 1)
        grams = np.empty((*joint.shape[:2], size, size))
        grams[..., *upper] = joint[..., :-size]
        grams[..., *lower] = grams.swapaxes(-1, -2)[..., *lower]
        for place, found in solve_all(grams, joint[..., -size:], sums.regressors, sums.rings).items():
            np.add.at(total.setdefault(place, np.zeros((drawn, len(TERMS)))), rows, found)
    return {place: one / len(networks) for place, one in total.items()}
