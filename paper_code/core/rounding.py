"""Numbers as far as their arithmetic carries, so that another processor, which sums in another order, says the same.

A network's float32 and the optimum of a fit carry five digits. A value that is discrete by nature, such as the mean of a few shares,
may lie on a tie of what is shown, and a resampled statistic may equal the true one: both are decided after the noise, about 1e-12, is
taken off.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

DIGITS = 5
TIE = 1e-9  # what differs by less, relative to its size, is equal


def significant(value: Any, digits: int = DIGITS) -> Any:
    """The same number, array (as a list), or list, tuple or dict of such, with every float rounded to significant digits."""
    if isinstance(value, dict):
        return {key: significant(one, digits) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [significant(one, digits) for one in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def fixed(value: float, digits: int = 2, sign: str = "-") -> str:
    """A number as text with so many decimals, ties decided after nine decimals, and no minus before zero; ``sign`` may be "+"."""
    return f"{round(round(float(value), 9), digits) + 0.0:{sign}.{digits}f}"


def shown(value: float, digits: int = 3, sign: str = "-") -> str:
    """The same as :func:`fixed` with a true minus, as a page shows it."""
    return fixed(value, digits, sign).replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """:func:`shown` with a plus where there is no minus."""
    return shown(value, digits, "+")


def as_large(null: ArrayLike, value: ArrayLike) -> np.ndarray:
    """Which values of a null distribution are as large as ``value``, equal ones and NaN included: bool array. Broadcasts."""
    null, value = np.asarray(null, float), np.asarray(value, float)
    size = np.nanmax(np.abs(null), initial=0)
    return ~(null < value - TIE * np.maximum(np.abs(value), size))


def first_greatest(values: ArrayLike) -> np.ndarray:
    """Index along the first axis of the greatest value, of equal ones the first: int array, shape ``values.shape[1:]``."""
    values = np.asarray(values, float)
    top = values.max(0)
    return (values >= top - TIE * np.abs(top)).argmax(0)
