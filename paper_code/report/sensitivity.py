"""How much the primary terms hang on the rules of the plan: the same fits under other rules."""

from dataclasses import replace

import numpy as np

from paper_code.core.plan import plan
from paper_code.lateral.frame import fold
from paper_code.lateral.harmonics import TERMS, VERSIONS, PairSums, fit

VARIANTS = tuple(f"{one['term']}, {one['ring']} px, {one['version']}" for one in plan()["primary"])
"""The five primary terms, the columns of the table."""

RULES = {
    "the plan's": lambda bank: (bank, bank.frame),
    "oriented: R² above .7": lambda bank: labelled(bank, 0.7),
    "oriented: R² above .9": lambda bank: labelled(bank, 0.9),
    "edges of the rings 1 px nearer": lambda bank: (bank, moved(bank.frame, 1.0)),
    "edges of the rings 1 px farther": lambda bank: (bank, moved(bank.frame, -1.0)),
    "arithmetic mean of the frequencies": lambda bank: (bank, arithmetic(bank)),
}


def sensitivity(members):
    """The primary terms of measured networks under every rule, means over networks: ``{rule: array (5,)}`` in the order of VARIANTS."""
    found = {name: [] for name in RULES}
    for one in members:
        kernels = {"RF": one.bank.rf, "CO": one.co}
        for name, rule in RULES.items():
            found[name].append(primary(*rule(one.bank), kernels))
    return {name: np.mean(values, axis=0) for name, values in found.items()}


def primary(bank, frame, kernels):
    """The five primary terms of K, (5,), between the oriented cells of a bank, placed by a frame."""
    regressors = {name: bank.among(kernel) for name, kernel in kernels.items()}
    sums = PairSums.of(frame, bank.cells.orientation, {"K": bank.among(bank.K)}, regressors)
    names = list(TERMS)
    return [fit(sums, one["ring"], VERSIONS[one["version"]]).coefficients[names.index(one["term"]), 0] for one in plan()["primary"]]


def labelled(bank, level):
    """The bank with another level of R^2 for its oriented cells, and its frame."""
    other = replace(bank, level=level)
    return other, other.frame


def moved(frame, distance):
    """The frame with every displacement longer by ``distance`` px, direction and phase kept: the rings' edges lie as much nearer."""
    r = np.sqrt(frame.squared_distance)
    scale = np.divide(np.maximum(r + distance, 0), r, out=np.ones_like(r), where=r > 0)
    return replace(frame, along=frame.along * scale, across=frame.across * scale)


def arithmetic(bank):
    """The frame with the arithmetic in place of the geometric mean of two cells' frequencies in Phi."""
    frame, cells = bank.frame, bank.cells
    first, second = cells.frequency[frame.target], cells.frequency[frame.source]
    own = fold(cells, frame.target, frame.source)[2][:, None]  # what of Phi does not hang on the displacement
    return replace(frame, phase=own + (frame.phase - own) * ((first + second) / 2 / np.sqrt(first * second))[:, None])
