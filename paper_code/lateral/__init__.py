"""The lateral kernel K: which cells it joins, how strongly, and whether orientation and phase decide it.

Read :mod:`frame` first (where a source lies and whether its wave agrees with the target's), then :mod:`selectivity` (what is measured) and
:mod:`statistics` (how sure it is). :mod:`rf_kernel` holds the kernels that K is compared with, :mod:`association_field` the map of K around
a cell, :mod:`measures` all of it on the shipped networks. K[i, j, d] leads from the source cell j at x + d to the target i at x.
"""

from paper_code.lateral.association_field import AssociationField, association_field
from paper_code.lateral.frame import Cells, PairFrame, ordered_pairs, pair_frame
from paper_code.lateral.measures import LateralMeasures, example_pairs, measure_kernel, measure_lateral, numbers
from paper_code.lateral.rf_kernel import activity_of, co_activation, rf_kernel
from paper_code.lateral.selectivity import (
    broad_share,
    contrast,
    correlation_sums,
    elongation_probe,
    monotonicity,
    orientation_null,
    standardise,
    strength_probe,
    strengths,
    tuning_probe,
)
from paper_code.lateral.statistics import PairSums, Probe, Test, against, bootstrap_weights, interval, permutations

__all__ = [
    "AssociationField",
    "Cells",
    "LateralMeasures",
    "PairFrame",
    "PairSums",
    "Probe",
    "Test",
    "activity_of",
    "against",
    "association_field",
    "bootstrap_weights",
    "broad_share",
    "co_activation",
    "contrast",
    "correlation_sums",
    "elongation_probe",
    "example_pairs",
    "interval",
    "measure_kernel",
    "measure_lateral",
    "monotonicity",
    "numbers",
    "ordered_pairs",
    "orientation_null",
    "pair_frame",
    "permutations",
    "rf_kernel",
    "standardise",
    "strength_probe",
    "strengths",
    "tuning_probe",
]
