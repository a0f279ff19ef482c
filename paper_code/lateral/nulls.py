"""Two nulls for the harmonics of K, each of which breaks the link between K and the geometry within a network.

*Relabelled*: the cells of K are permuted, rows and columns together. K itself is unchanged, but each of its cells has another's labels.
*Permuted carriers* (*dealt* in the plan): the carriers are permuted over the cells, and theta and psi change accordingly; every pair keeps
its distance, its Phi and its kernel. This null tests whether turn and direction matter, given phase and distance.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.errors import check_bounds
from paper_code.core.statistics import permutations
from paper_code.lateral.frame import PairFrame
from paper_code.lateral.harmonics import BLIND, EDGES, RINGS, TERMS, WAVES, PairSums, cosines, offset_functions, solve_all, unit

NULLS = ("relabelled", "permuted")  # as files and rows of the table name them
ORDERS = 32  # relabellings processed at once


def relabelled(
    frame: PairFrame,
    orientation: np.ndarray,
    kernel: ArrayLike,
    regressors: Mapping[str, ArrayLike],
    times: int = 999,
    seed: int | Sequence[int] = 0,
    edges: Sequence[float] = EDGES,
    rings: Mapping[str, tuple[int, ...]] = RINGS,
    places: Collection[tuple[str, str]] | None = None,
    coherent: bool = True,
) -> dict[tuple[str, str], np.ndarray]:
    """Coefficients of the terms when the cells of K are relabelled, for all rings and versions: a dict of arrays (times, terms).

    Its keys are (ring, version), for the versions whose regressors are present.

    Parameters
    ----------
    frame : PairFrame
        Frame of all ordered pairs of the m cells.
    orientation : array (m,)
    kernel : array (m, m, k, k)
    regressors : dict of arrays (m, m, k, k)
        RF, CO or none; they are not permuted and stay with the labels.
    times : int
    seed : int or sequence of int
    edges, rings
        As in :meth:`paper_code.lateral.harmonics.PairSums.of`.
    places : collection of (ring, version), optional
        Compute these only.
    coherent : bool
        If False, cos Phi is omitted, and there are four terms, those of ``harmonics.BLIND``.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import Cells, pair_frame
    >>> from paper_code.lateral.nulls import relabelled
    >>> cells = Cells(*np.random.default_rng(0).uniform(size=(5, 12)))
    >>> frame = pair_frame(cells, size=13, stride=2)
    >>> K = np.random.default_rng(1).normal(size=(12, 12, 13, 13))
    >>> relabelled(frame, cells.orientation, K, {}, times=19)["2-6", "raw"].shape
    (19, 5)
    """
    check_bounds("times", times, 1, 10**7)
    count, orders = len(orientation), permutations(len(orientation), times, seed)
    values = frame.as_kernel(unit(kernel, frame).astype(np.float32)).reshape(count**2, -1)
    weights = cosines(TERMS if coherent else BLIND, orientation[frame.target], orientation[frame.source])
    terms = np.einsum("pqw,wpl->plq", weights, offset_functions(frame, orientation, coherent))
    columns = np.concatenate([np.ones_like(terms[:, :, :1]), terms, *(unit(one, frame)[:, :, None] for one in regressors.values())], axis=2)
    ring = np.digitize(frame.distance, edges) - 1
    grams, stacked = [], []
    for number in range(len(edges) - 1):
        inside = columns * (ring == number)[:, :, None]
        grams.append(np.einsum("plq,plr->qr", inside, columns, optimize=True))
        stacked.append(inside.reshape(-1, columns.shape[2]))
    stacked = np.concatenate(stacked, axis=1).astype(np.float32)
    crosses = []
    for start in range(0, times, ORDERS):
        some = orders[start : start + ORDERS]
        moved = some[:, frame.target] * count + some[:, frame.source]
        crosses.append(values[moved].reshape(len(some), -1) @ stacked)
    crosses = np.concatenate(crosses).astype(float).reshape(times, len(grams), -1).swapaxes(0, 1)
    return solve_all(np.stack(grams)[:, None], crosses, tuple(regressors), rings, places, weights.shape[1])


def permuted_carriers(sums: PairSums, times: int = 999, seed: int | Sequence[int] = 0) -> dict[tuple[str, str], np.ndarray]:
    """Coefficients of the first kernel when the carriers are permuted over the cells, for all rings and versions, as :func:`relabelled`.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import Cells, pair_frame
    >>> from paper_code.lateral.harmonics import PairSums
    >>> from paper_code.lateral.nulls import permuted_carriers
    >>> cells = Cells(*np.random.default_rng(0).uniform(size=(5, 12)))
    >>> frame = pair_frame(cells, size=13, stride=2)
    >>> K = np.random.default_rng(1).normal(size=(12, 12, 13, 13))
    >>> sums = PairSums.of(frame, cells.orientation, {"K": K})
    >>> permuted_carriers(sums, times=19)["2-6", "raw"].shape
    (19, 5)
    """
    phasors = np.exp(2j * sums.orientation[permutations(len(sums.orientation), times, seed)])  # (times, m)
    # With z_m = cos Phi exp(2 i m D), a term is Re(z_m exp(2 i n source - 2 i (m + n) target)), and Re a Re b = Re(a b + a conj(b)) / 2.
    powers = {power: phasors**power for power in range(-4, 5)}
    waves = np.zeros((3, WAVES), complex)
    waves[0, 0], waves[1, 1:3], waves[2, 3:5] = 1, (1, 1j), (1, 1j)
    wave, rest = slice(1, 1 + WAVES), [0, *range(1 + WAVES, sums.gram.shape[-1])]
    half = waves @ sums.gram[:, :, wave, wave]
    products, conjugates = half @ waves.T, half @ waves.conj().T  # (rings, p, 3, 3)
    mixed, heard = waves @ sums.gram[:, :, wave][..., rest], waves @ sums.cross[:, :, wave, :1]

    def over_pairs(values: np.ndarray, source: int, target: int) -> np.ndarray:
        """Real part of the sum over pairs of ``values`` (rings, p) times exp(2 i (source theta_source + target theta_target))."""
        between = np.zeros((len(values), *2 * [len(sums.orientation)]), complex)
        between[:, sums.target, sums.source] = values
        return ((powers[target] @ between) * powers[source]).sum(axis=-1).real

    terms, count = list(TERMS.values()), len(TERMS) + len(rest)
    others = [0, *range(1 + len(terms), count)]
    grams, crosses = np.zeros((len(sums.gram), times, count, count)), np.zeros((len(sums.gram), times, count))
    for row, (m, n) in enumerate(terms, start=1):
        for column, (k, o) in enumerate(terms[:row], start=1):
            together = over_pairs(products[:, :, m, k], n + o, -m - n - k - o)
            grams[:, :, row, column] = (together + over_pairs(conjugates[:, :, m, k], n - o, -m - n + k + o)) / 2
            grams[:, :, column, row] = grams[:, :, row, column]
        for number, other in enumerate(others):
            grams[:, :, row, other] = grams[:, :, other, row] = over_pairs(mixed[:, :, m, number], n, -m - n)
        crosses[:, :, row] = over_pairs(heard[:, :, m, 0], n, -m - n)
    plain = sums.gram.sum(axis=1)
    grams[np.ix_(range(len(grams)), range(times), others, others)] = plain[np.ix_(range(len(grams)), rest, rest)][:, None]
    crosses[:, :, others] = sums.cross[:, :, rest, 0].sum(axis=1)[:, None]
    return solve_all(grams, crosses, sums.regressors, sums.rings)
