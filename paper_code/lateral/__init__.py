"""The lateral kernel K: which cells it joins, how strongly, and whether orientation and phase decide it.

Read :mod:`frame` first (where a source lies and whether its wave agrees with the target's), then :mod:`selectivity` (what is measured) and
:mod:`statistics` (how sure it is). :mod:`rf_kernel` holds the kernels that K is compared with, :mod:`association_field` the map of K around
a cell, :mod:`tuning` and :mod:`measures` all of it on the shipped networks, :mod:`slope` the turns that go with each place (made ready by
:mod:`turn_map`), :mod:`natural_images` their K beside CO, :mod:`single_cell` one cell at a time. Group models of K: :mod:`models` (the
families) and :mod:`pedestal` (what they add, on the network left out). K[i, j, d]
leads from the source cell j at x + d to the target i at x.
"""

from paper_code.lateral.association_field import AssociationField, association_field
from paper_code.lateral.frame import Cells, PairFrame, ordered_pairs, pair_frame
from paper_code.lateral.measures import LateralMeasures, example_pairs, measure_flanks, measure_kernel, measure_lateral, numbers
from paper_code.lateral.natural_images import CoMeasures, co_numbers, compare_co, measure_co
from paper_code.lateral.rf_kernel import activity_of, co_activation, co_kernel, rf_kernel
from paper_code.lateral.selectivity import (
    balance,
    broad_share,
    contrast,
    correlation_sums,
    elongation_probe,
    excitatory,
    flank_probe,
    monotonicity,
    orientation_null,
    standardise,
    strength_probe,
    strengths,
    tuning_probe,
)
from paper_code.lateral.single_cell import SingleCells, single_cells, strongest_sources
from paper_code.lateral.statistics import PairSums, Probe, Test, against, bootstrap_weights, interval, permutations

__all__ = [
    "AssociationField",
    "Cells",
    "CoMeasures",
    "LateralMeasures",
    "PairFrame",
    "PairSums",
    "Probe",
    "SingleCells",
    "Test",
    "activity_of",
    "against",
    "association_field",
    "balance",
    "bootstrap_weights",
    "broad_share",
    "co_activation",
    "co_kernel",
    "co_numbers",
    "compare_co",
    "contrast",
    "correlation_sums",
    "elongation_probe",
    "example_pairs",
    "excitatory",
    "flank_probe",
    "interval",
    "measure_co",
    "measure_flanks",
    "measure_kernel",
    "measure_lateral",
    "monotonicity",
    "numbers",
    "ordered_pairs",
    "orientation_null",
    "pair_frame",
    "permutations",
    "rf_kernel",
    "single_cells",
    "standardise",
    "strength_probe",
    "strengths",
    "strongest_sources",
    "tuning_probe",
]
