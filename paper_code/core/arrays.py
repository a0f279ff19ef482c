"""Numbers from whoever holds them, as NumPy has them; PyTorch is not imported."""

import math

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.errors import PaperCodeError, short


def real_array(values: ArrayLike, name: str) -> np.ndarray:
    """``values`` as a new float64 array: of NumPy, lists, or a tensor of PyTorch, with a gradient, on any device, in any precision.

    Raises
    ------
    PaperCodeError
        If they are complex, or no numbers.
    """
    try:
        if hasattr(values, "detach"):
            values = values.detach().cpu()
            try:
                values = values.numpy()
            except TypeError:  # bfloat16, which NumPy lacks
                values = values.float().numpy()
        array = np.asarray(values)
        if not np.iscomplexobj(array):
            return array.astype(float)
    except (TypeError, ValueError, RuntimeError) as error:
        raise PaperCodeError(f"expected {name} as an array of numbers: {' '.join(str(error).split())}") from None
    raise PaperCodeError(f"{name} must be real, not {array.dtype}: give the real part, or the modulus")


def positive(value: float, name: str) -> float:
    """``value`` as a float; PaperCodeError unless it is a finite number above 0."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise PaperCodeError(f"{name} must be a number above 0, not {short(value)}")
    return number
