"""The lateral kernel K: which cells it connects, how strongly, and whether orientation and phase determine this.

Start with ``frame`` (where a source lies and whether the phases agree) and ``bank`` (one network's cells and K), then read
``harmonics`` (K as a Fourier series on SE(2)) and ``nulls`` (what chance gives). ``kernels`` holds the kernels with which K is
compared, and ``activity`` computes CO for shipped networks, for which PyTorch is needed. ``views`` makes pictures of K,
``association_field`` maps it around a cell, and ``invariance`` tests whether it is the same at every orientation.
Group models of K are in ``models`` (the families) and ``pedestal`` (what they add, on the network left out).
K[i, j, d] connects the source cell j at x + d to the target cell i at x.
"""

from paper_code.lateral.association_field import AssociationField, SingleCells, association_field, single_cells, strongest_sources
from paper_code.lateral.frame import Cells, PairFrame, ordered_pairs, pair_frame, standardise
from paper_code.lateral.kernels import co_activation, rf_kernel

__all__ = ["AssociationField", "Cells", "PairFrame", "SingleCells"]
__all__ += ["association_field", "co_activation", "ordered_pairs", "pair_frame", "rf_kernel", "single_cells", "standardise"]
__all__ += ["strongest_sources"]
