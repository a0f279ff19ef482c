"""How much the five primary terms depend on rules that the plan could have set otherwise."""

from dataclasses import replace

import numpy as np

from paper_code.core.plan import plan
from paper_code.core.text import ring_text
from paper_code.lateral.frame import relative_pose
from paper_code.lateral.harmonics import TERM_NAMES, TERMS, VERSIONS, PairSums, fit

VARIANTS = tuple(f"{TERM_NAMES[one['term']]}, {ring_text(one['ring'])}, {one['version']}" for one in plan()["primary"])
"""The five primary terms, which are the columns of the table of sensitivity."""

RULES = {
    "the plan's": lambda bank: (bank, bank.frame),
    "oriented: R² above .7": lambda bank: labelled(bank, 0.7),
    "oriented: R² above .9": lambda bank: labelled(bank, 0.9),
    "edges of the rings 1 px nearer": lambda bank: (bank, shifted(bank.frame, 1.0)),
    "edges of the rings 1 px farther": lambda bank: (bank, shifted(bank.frame, -1.0)),
    "arithmetic mean of the frequencies": lambda bank: (bank, arithmetic(bank)),
}


def sensitivity(members):
    """Mean over networks of the primary terms under every rule: ``{rule: array (5,)}``, in the order of VARIANTS."""
    found = {name: [] for name in RULES}
    for one in members:
        kernels = {"RF": one.bank.rf, "CO": one.co}
        for name, rule in RULES.items():
            found[name].append(primary(*rule(one.bank), kernels))
    return {name: np.mean(values, axis=0) for name, values in found.items()}


def primary(bank, frame, kernels):
    """The five primary terms of K, (5,), between the oriented cells of a bank, with the geometry of their pairs given by a frame."""
    regressors = {name: bank.among(kernel) for name, kernel in kernels.items()}
    sums = PairSums.of(frame, bank.cells.orientation, {"K": bank.among(bank.K)}, regressors)
    names = list(TERMS)
    return [fit(sums, one["ring"], VERSIONS[one["version"]]).coefficients[names.index(one["term"]), 0] for one in plan()["primary"]]


def labelled(bank, level):
    """The bank with a different R^2 level for counting cells as oriented, and its frame."""
    other = replace(bank, level=level)
    return other, other.frame


def shifted(frame, distance):
    """The frame with every displacement lengthened by ``distance`` px, direction and phase kept: ring edges move nearer by as much."""
    r = frame.distance
    scale = np.divide(np.maximum(r + distance, 0), r, out=np.ones_like(r), where=r > 0)
    return replace(frame, along=frame.along * scale, across=frame.across * scale)


def arithmetic(bank):
    """The bank's frame, with the arithmetic instead of the geometric mean of the two cells' frequencies in Phi."""
    frame, cells = bank.frame, bank.cells
    first, second = cells.frequency[frame.target], cells.frequency[frame.source]
    own = relative_pose(cells, frame.target, frame.source)[2][:, None]  # the part of Phi that does not depend on displacement
    return replace(frame, phase=own + (frame.phase - own) * ((first + second) / 2 / np.sqrt(first * second))[:, None])
