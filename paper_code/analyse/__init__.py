"""Measure the first-layer filters of any network, and a lateral kernel between them if there is one, against chance in one call.

>>> from paper_code.analyse import analyse
>>> result = analyse(filters, kernel=K, stride=2)
>>> result.save("report")

``network`` holds the call and its result, ``kernel`` the measures of K; ``inputs`` reads the arrays from files, and ``page`` writes the
report. PyTorch is not required.
"""

from paper_code.analyse.kernel import KernelAnalysis, Ring, Term
from paper_code.analyse.network import Analysis, analyse

__all__ = ["Analysis", "KernelAnalysis", "Ring", "Term", "analyse"]
