"""The lateral kernel K: which cells it joins, how strongly, and whether orientation and phase decide it.

Read ``frame`` first (where a source lies and whether its wave agrees) and ``bank`` (one network's cells and K), then
``harmonics`` (K as a Fourier series on SE(2)) and ``nulls`` (what chance gives). ``kernels`` holds the kernels that K is compared
with, ``activity`` the same of shipped networks, for which PyTorch is needed. ``views`` makes pictures of K,
``association_field`` maps of it around a cell, ``invariance`` asks if it is the same at every orientation.
Group models of K: ``models`` (the families) and ``pedestal`` (what they add, on the network left out).
K[i, j, d] leads from the source cell j at x + d to the target i at x.
"""

from paper_code.lateral.association_field import AssociationField, SingleCells, association_field, single_cells, strongest_sources
from paper_code.lateral.frame import Cells, PairFrame, ordered_pairs, pair_frame, standardise
from paper_code.lateral.kernels import co_activation, rf_kernel

__all__ = [
    "AssociationField",
    "Cells",
    "PairFrame",
    "SingleCells",
    "association_field",
    "co_activation",
    "ordered_pairs",
    "pair_frame",
    "rf_kernel",
    "single_cells",
    "standardise",
    "strongest_sources",
]
