"""What K is taken for: whether a family matches it, which one it is recognised as, and whether a planted one would have been.

The last is a confusion table: each family is planted between the cells of a network, in noise such as K has, and compared in its turn.
"""

import numpy as np

from paper_code.lateral import fits, planted
from paper_code.lateral.comparison import Comparison, candidates, validated
from paper_code.lateral.fits import Data
from paper_code.lateral.models import FAMILIES, library
from paper_code.lateral.selectivity import standardise
from paper_code.lateral.statistics import bootstrap_weights, permutations

LEVEL = 0.05  # of the permutation tests


def explains(comparison, family):
    """Whether a family is called a match to K.

    Its cross-validated R^2 (for all but ISO: its excess over ISO) has an interval above 0, and so has a permutation p below LEVEL.
    """
    test = comparison.labels if family == "ISO" else comparison.labels_excess
    found = comparison.r2("ISO") if family == "ISO" else comparison.difference(family, "ISO")
    return found.low > 0 and test[family].p < LEVEL and comparison.r2(family).low > 0


def recognised(comparison):
    """The model that K is recognised as: a family, "RF", or None.

    The best by cross-validated R^2, unless a simpler one (ISO, then SEP) cannot be told from it; RF only if it is above every family; None
    if its interval reaches 0 or its permutation p, where there is one, is not below LEVEL.
    """
    family = max(FAMILIES, key=lambda name: comparison.values[name].mean())
    if comparison.r2(family).low <= 0 or (comparison.labels and comparison.labels[family].p >= LEVEL):
        return None
    if "RF" in comparison.values and comparison.difference("RF", family).low > 0:
        return "RF"
    for simpler in ("ISO", "SEP"):
        if family == simpler or comparison.difference(family, simpler).low <= 0:
            return simpler
    return family


def rivals(comparison):
    """The families that cannot be told from the best one: the interval of their difference to it reaches 0. The best comes first."""
    best = max(FAMILIES, key=lambda name: comparison.values[name].mean())
    return (best, *(one for one in FAMILIES if one != best and comparison.difference(best, one).low <= 0))


def confusion(frame, rests, r2, parameters=None, rf=None, drawn=100, splits=4, seed=0):
    """Plant each family between the cells of a frame, in noise, and say what the comparison takes it for.

    Parameters
    ----------
    frame : PairFrame
        Of all pairs of m cells.
    rests : sequence of arrays (m, m, k, k)
        Noise: K with its cells relabelled, or :func:`noise`. One planted kernel a family for each.
    r2 : float
        Share of the planted kernel's variance that the family makes.
    parameters : dict of dicts, optional
        Of each family; EXAMPLES by default.
    rf : array (m, m, k, k), optional
        Planted too, and a candidate.
    drawn, splits : int
        Bootstrap draws and foldings.
    seed : int

    Returns
    -------
    dict of dicts
        Planted name: {recognised name: count}; no permutation tests, so "recognised" rests on intervals.
    """
    signals = {family: planted.model(frame, family, (parameters or planted.EXAMPLES)[family]) for family in FAMILIES}
    given = {} if rf is None else {"RF": standardise(rf)}
    signals |= given
    made = {(name, row): planted.mixed(signal, rest, r2) for name, signal in signals.items() for row, rest in enumerate(rests)}
    data = Data(frame, given | {f"{name} {row}": kernel for (name, row), kernel in made.items()})
    sums = fits.sums_of(data, library(False), (True,))[0]
    models = {name: one for name, one in candidates(given)[0].items() if name in (*FAMILIES, "RF")}
    foldings = [fits.fold_numbers(data.count, fits.FOLDS, seed + number) for number in range(splits)]
    draws, found = bootstrap_weights(data.count, drawn, seed), {name: {} for name in signals}
    for name, row in made:
        kernel = f"{name} {row}"
        parts = validated(sums.only((*given, kernel)), models, kernel, foldings, draws)
        seen = recognised(Comparison(data.count, *parts, {}, {}, {}, {}, {}))
        found[name][seen] = found[name].get(seen, 0) + 1
    return found


def trial(network, count=3, seed=0, drawn=100):
    """Would each family have been recognised in this network? :func:`confusion` between its own cells.

    The planted families explain as much as the best one does of K; the rest is K with its cells relabelled, in ``count`` ways.

    Parameters
    ----------
    network : NetworkComparison
    count, seed, drawn : int
        Relabellings, their seed, and bootstrap draws.
    """
    rests = [network.kernel[np.ix_(order, order)] for order in permutations(len(network.kernel), count, seed)]
    r2 = max(network.trained.values[family].mean() for family in FAMILIES)
    return confusion(network.frame, rests, max(float(r2), 0.0), rf=network.rf, drawn=drawn, seed=seed)
