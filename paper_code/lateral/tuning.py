"""What is measured in one lateral kernel between oriented cells: tuning curves, elongation and flanks, with intervals and nulls."""

from dataclasses import dataclass

import numpy as np

from paper_code.lateral import selectivity
from paper_code.lateral.statistics import Test, against, interval


@dataclass(frozen=True)
class Curve:
    """A measure in g bins of the orientation difference; arrays (g,)."""

    value: np.ndarray
    low: np.ndarray  # 95 % of the joint bootstrap over filters
    high: np.ndarray
    null_low: np.ndarray  # 95 % of the networks with relabelled cells
    null_high: np.ndarray


@dataclass(frozen=True)
class Estimate:
    """One number, its 95 % interval over filters and its test against relabelled cells."""

    value: float
    low: float
    high: float
    test: Test


@dataclass(frozen=True)
class Tuning:
    """What :func:`measure_tuning` finds in one kernel between n oriented cells."""

    coherent: Curve  # coefficient of cos Phi, in standard deviations of K
    blind: Curve  # weighted mean of K, in the same units
    difference: Estimate  # like minus orthogonal, of the coherent curve
    blind_difference: Estimate
    monotonicity: Test
    elongation: Estimate  # along minus across
    along: float
    across: float
    contrast: float  # (along - across) / (along + across)


@dataclass(frozen=True)
class Flanks:
    """Collinear against flanking weight of sources of like orientation."""

    collinear: float
    flanking: float
    difference: Estimate  # collinear minus flanking
    balance: float  # (collinear - flanking) / (|collinear| + |flanking|)
    balance_low: float  # 95 % of the joint bootstrap over filters
    balance_high: float


def ends(curves):
    """First value less last, over the last axis: like minus orthogonal, or along minus across."""
    return curves[..., 0] - curves[..., -1]


def estimate(value, draws, null):
    """An :class:`Estimate` from draws of the filters and from relabelled cells, arrays (r,)."""
    return Estimate(float(value), *map(float, interval(draws)), against(value, null))


def measure_tuning(kernel, frame, orders, draws):
    """Tuning curves and elongation of one kernel.

    Parameters
    ----------
    kernel : array (n, n, k, k)
    frame : PairFrame
        Of all its pairs.
    orders, draws : arrays (r, n)
        Of :func:`permutations` and :func:`bootstrap_weights`.

    Returns
    -------
    Tuning
    """
    kernel = selectivity.standardise(kernel)
    curves, tests = [], []
    for coherent in (True, False):
        probe = selectivity.tuning_probe(frame, len(kernel), coherent)
        sums, null = probe.sums(kernel), probe.null(kernel, orders)
        samples = sums.bootstrap(draws)
        curves.append(Curve(sums.value, *interval(samples), *interval(null)))
        tests.append(estimate(ends(sums.value), ends(samples), ends(null)))
        if coherent:
            steadiness = against(selectivity.monotonicity(sums.value), selectivity.monotonicity(null))
    probe = selectivity.elongation_probe(frame, len(kernel))
    sums = probe.sums(kernel)
    elongation = estimate(ends(sums.value), ends(sums.bootstrap(draws)), ends(probe.null(kernel, orders)))
    along, across = map(float, sums.value)
    return Tuning(*curves, *tests, steadiness, elongation, along, across, float(selectivity.contrast(sums.value)))


FLANKS = {"signed": (selectivity.standardise, True), "excitatory": (selectivity.excitatory, True), "blind": (selectivity.excitatory, False)}
"""Weight compared at collinear and flanking places: all of K signed by polarity, its excitatory part so signed, and that part as it is."""


def measure_flanks(kernel, frame, orders, draws):
    """Collinear against flanking weight of one kernel; arguments as :func:`measure_tuning`.

    Returns
    -------
    dict of Flanks
        Under the names of :data:`FLANKS`, in standard deviations of the kernel.
    """
    found = {}
    for name, (part, signed) in FLANKS.items():
        values = part(kernel)
        probe = selectivity.flank_probe(frame, len(kernel), signed)
        sums = probe.sums(values)
        samples = sums.bootstrap(draws)
        difference = estimate(ends(sums.value), ends(samples), ends(probe.null(values, orders)))
        low, high = map(float, interval(selectivity.balance(samples)))
        found[name] = Flanks(*map(float, sums.value), difference, float(selectivity.balance(sums.value)), low, high)
    return found
