"""For a network of anyone's: its first-layer filters, and a lateral kernel between them if it has one, measured against chance in one call.

>>> from paper_code.analyse import analyse
>>> result = analyse(filters, kernel=K, stride=2)
>>> result.save("report")

``network`` holds the call and its result, ``kernel`` what is measured of K, ``inputs`` reads the arrays from files and ``page`` writes the
report. PyTorch is not needed.
"""

from paper_code.analyse.kernel import KernelAnalysis, Ring, Term
from paper_code.analyse.network import Analysis, analyse

__all__ = ["Analysis", "KernelAnalysis", "Ring", "Term", "analyse"]
