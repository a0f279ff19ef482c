"""Arrays of real numbers from what users pass. (Not in ``errors``, which the command line imports without NumPy.)"""

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.errors import PaperCodeError, short


def real_array(values: ArrayLike, name: str) -> np.ndarray:
    """``values`` as a new float64 array: from NumPy, lists, or a PyTorch tensor, with a gradient, on any device, in any precision.

    Complex values raise PaperCodeError, and so does anything that is not a number, such as text and dates. PyTorch is not imported.
    """
    try:
        if hasattr(values, "detach"):
            values = values.detach().cpu()
            try:
                values = values.numpy()
            except TypeError:  # bfloat16, which NumPy lacks
                values = values.float().numpy()
        array = np.asarray(values)
        if array.dtype.kind not in "biufcO" or (array.dtype.kind == "O" and any(isinstance(one, str | bytes) for one in array.flat)):
            raise TypeError(f"{short(values)} holds text, or what is no number")
        if not np.iscomplexobj(array):
            return array.astype(float)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise PaperCodeError(f"expected {name} as an array of numbers: {' '.join(str(error).split())}") from None
    raise PaperCodeError(f"{name} must be real, not {array.dtype}: give the real part, or the modulus")


def evenly(items: np.ndarray, most: int) -> np.ndarray:
    """At most that many of an array's items, at even intervals from the first to the last."""
    return items[np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)]
