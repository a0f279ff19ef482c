"""Two kernels that require no training: the correlation of the receptive fields, and that of the cells' activities over images."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError, check_bounds
from paper_code.filters.fitting import unit_scale


def rf_kernel(fields: ArrayLike, size: int, stride: int) -> np.ndarray:
    """RF: correlation between receptive fields, one shifted by the offsets of K (KerCNNs, Montobbio et al. 2019), array (n, n, k, k).

    ``RF[i, j, d] = <F_i, F_j shifted by stride d>`` for receptive fields of unit norm: the correlation of the linear responses of i at x
    and of j at x + d to white noise. ``RF[i, j, d] = RF[j, i, -d]``. PaperCodeError if the size is even.

    Parameters
    ----------
    fields : array (n, h, w)
        Receptive fields Psi1 * Psi0; one that is all zeros has correlation 0 with every other.
    size : int
        Side k of the kernel, odd.
    stride : int
        Pixels between neighbouring positions of l1.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import rf_kernel
    >>> fields = np.random.default_rng(0).normal(size=(4, 9, 9))
    >>> rf = rf_kernel(fields, size=5, stride=2)
    >>> print(rf.shape, f"{rf[0, 0, 2, 2]:.3f}")
    (4, 4, 5, 5) 1.000
    """
    fields = real_array(fields, "fields")
    check_bounds("stride", stride, 1, 10**4)
    if fields.ndim != 3:
        raise PaperCodeError(f"expected fields of shape (n, h, w), got {fields.shape}")
    fields, _ = unit_scale(fields)
    norm = np.linalg.norm(fields, axis=(1, 2), keepdims=True)
    fields = fields / np.where(norm > 0, norm, 1)
    lags = _offsets(size) * stride
    touching = np.abs(lags) < max(fields.shape[1:])
    near = lags[touching]
    rows, columns = (side + near[-1] for side in fields.shape[1:])  # wide enough that no lag wraps round onto another
    spectrum = np.fft.rfft2(fields, (rows, columns))
    # sum_p F_i(p + s) F_j(p) at the lag s: F_j is shifted by s.
    kernel, inside = np.zeros((len(fields), len(fields), size, size)), np.ix_(np.arange(len(fields)), touching, touching)
    for target, one in zip(kernel, spectrum, strict=True):
        product = np.fft.irfft2(one * spectrum.conj(), (rows, columns))
        target[inside] = product[:, (near % rows)[:, None], near % columns]
    return kernel


def co_activation(activity: ArrayLike, size: int) -> np.ndarray:
    """CO: correlation of h_i(x) and h_j(x + d) over images and positions, or edge co-occurrence (Geisler et al. 2001; Iyer et al. 2020).

    Array (n, n, k, k): mean product over the positions where both cells lie on the sheet, each activity minus its mean and in units of its
    standard deviation; computed in single precision. PaperCodeError if a cell responds identically to all images, the sheet is too small,
    or the size is even.

    Parameters
    ----------
    activity : array (m, n, rows, columns)
        Activity of n cells for m images, as from ``paper_code.lateral.activity.activity_of``; on a larger sheet its border matters less.
    size : int
        Side k of the kernel, odd and at most 2 * min(rows, columns) - 1.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import co_activation
    >>> activity = np.random.default_rng(0).normal(size=(3, 4, 16, 16))
    >>> co = co_activation(activity, size=5)
    >>> print(co.shape, f"{co[0, 0, 2, 2]:.3f}")
    (4, 4, 5, 5) 1.000
    """
    activity = real_array(activity, "activity")
    _, cells, rows, columns = activity.shape
    offsets = _offsets(size)
    if offsets[-1] >= min(rows, columns):
        raise PaperCodeError(f"offsets up to {offsets[-1]} need a larger sheet than {rows} x {columns}")
    deviation = activity.std(axis=(0, 2, 3), keepdims=True)
    silent = np.flatnonzero(deviation.ravel() == 0)
    if len(silent):
        raise PaperCodeError(f"cell {silent[0]} answers all images alike ({len(silent)} of {cells} do): no correlation; show more images")
    activity = ((activity - activity.mean(axis=(0, 2, 3), keepdims=True)) / deviation).astype(np.float32)  # takes half the time
    shape = (rows + offsets[-1], columns + offsets[-1])
    spectrum = fft.rfft2(activity, shape).transpose(2, 3, 1, 0)  # one matrix (cells, images) for every frequency
    product = spectrum.conj() @ spectrum.swapaxes(2, 3)
    total = fft.irfft2(product.transpose(2, 3, 0, 1), shape).astype(float)
    total = total[:, :, (offsets % shape[0])[:, None], offsets % shape[1]]
    overlap = (rows - np.abs(offsets))[:, None] * (columns - np.abs(offsets))
    return total / (len(activity) * overlap)


def _offsets(size: int) -> np.ndarray:
    if size % 2 == 0:
        raise PaperCodeError(f"a lateral kernel has an odd side, with offset 0 at its centre; got {size}")
    return np.arange(size) - size // 2
