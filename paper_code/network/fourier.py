"""Lateral propagation in the Fourier domain.

A lateral kernel of 11 x 11 positions between 64 cells costs 0.5 billion multiplications per image and step when it is convolved
directly. By the convolution theorem it is one 64 x 64 matrix per frequency. The transforms are short, so they are written as
products with small real matrices, which keeps all the work in matrix multiplication: several times faster than direct
convolution on a CPU without matrix tiles (AMX). In float32 it is exact to single precision. In bfloat16 every product is
rounded, and K * h is off by about .003 of its size, twice as much as with direct convolution in bfloat16.
"""

import math
from functools import lru_cache

import torch
from torch.nn import functional


@lru_cache(maxsize=8)
@torch.inference_mode(False)  # the cached matrices may be used in training later
def fourier_matrices(size, kernel_size, dtype=torch.float32):
    """Real matrices of the zero-padded two-dimensional Fourier transform, computed in double precision and rounded to ``dtype``.

    They are for an activity with ``size`` positions per side and an odd kernel; n = size + kernel_size // 2 is the period and m =
    n // 2 + 1. ``rows`` (2m, size) and ``columns`` (2n, 2 size) transform along rows and columns; ``kernel_rows`` and ``kernel_columns``
    do so for the kernel, conjugated because the layer cross-correlates; ``inverse_columns`` (2 size, 2n) and ``inverse_rows`` (size, 2m)
    together still lack the factor 1 / n^2. The part, real or imaginary, is the inner index next to a frequency and the outer index
    next to a position, so that each product takes the previous one as it lies in memory.
    """
    period = size + kernel_size // 2
    half = period // 2 + 1
    places = torch.arange(size, dtype=torch.float64)
    offsets = torch.arange(kernel_size, dtype=torch.float64) - kernel_size // 2

    def phase(count, points):
        return 2 * math.pi / period * torch.outer(torch.arange(count, dtype=torch.float64), points)

    def on_real(angle, sign):
        return torch.stack([angle.cos(), sign * angle.sin()], 1).flatten(0, 1)

    def on_complex(angle, sign):
        real, imaginary = angle.cos(), sign * angle.sin()
        return torch.cat([torch.stack([real, imaginary], 1), torch.stack([-imaginary, real], 1)], 2).flatten(0, 1)

    # Frequencies m and n - m of the rows are conjugate, so all but 0 (and n / 2, for even n) count twice.
    twice = torch.full((half,), 2.0, dtype=torch.float64)
    twice[0] = 1
    if period % 2 == 0:
        twice[-1] = 1
    rows, columns = on_real(phase(half, places), -1), on_complex(phase(period, places), -1)
    matrices = {
        "rows": rows,
        "columns": columns,
        "kernel_rows": on_real(phase(half, offsets), 1),
        "kernel_columns": on_complex(phase(period, offsets), 1),
        "inverse_columns": columns.T,  # unitary up to the factor n
        "inverse_rows": rows.T * twice.repeat_interleave(2),
    }
    return {name: matrix.to(dtype).contiguous() for name, matrix in matrices.items()}


def _spectrum(signal, along_rows, along_columns):
    """Spectrum (m * n, 2, p, q) of a real signal (rows, columns, p, q)."""
    rows, columns, p, q = signal.shape
    half = along_rows.shape[0] // 2
    spectrum = (along_rows @ signal.reshape(rows, -1)).reshape(half, 2 * columns, p * q)
    return torch.bmm(along_columns.expand(half, -1, -1), spectrum).reshape(-1, 2, p, q)


class _Transposed(torch.autograd.Function):
    """A matrix transposed in memory, as is its gradient: not by strides, which the products that follow would read slowly."""

    @staticmethod
    def forward(context, matrix):
        return matrix.t().contiguous()

    @staticmethod
    def backward(context, gradient):
        return gradient.t().contiguous()


def _as_real(matrices):
    """Complex matrices (f, 2, p, q) as real ones (f, 2p, 2q) with the same products: [[real, -imaginary], [imaginary, real]]."""
    real, imaginary = matrices.unbind(1)
    return torch.stack([torch.stack([real, -imaginary], 2), torch.stack([imaginary, real], 2)], 1).flatten(3).flatten(1, 2)


def _convolve(h, kernel_spectrum, matrices):
    """K * h (batch, cells, size, size), channels last, from the spectrum of K as real matrices (m * n, 2 cells, 2 cells)."""
    batch, cells, size, _ = h.shape
    # The images are the innermost index here, so that each frequency is one product with all of them.
    signal = _Transposed.apply(h.permute(0, 2, 3, 1).reshape(batch, -1)).reshape(size, size, cells, batch)
    spectrum = _spectrum(signal, matrices["rows"], matrices["columns"])
    spectrum = torch.bmm(kernel_spectrum, spectrum.flatten(1, 2))
    half = len(matrices["rows"]) // 2
    signal = torch.bmm(matrices["inverse_columns"].expand(half, -1, -1), spectrum.reshape(half, -1, cells * batch))
    signal = matrices["inverse_rows"] @ signal.reshape(2 * half, -1)
    return _Transposed.apply(signal.reshape(-1, batch)).reshape(batch, size, size, cells).permute(0, 3, 1, 2)


def propagate(h, kernel, steps, activation=functional.relu, start=None):
    """h_{t+1} = ReLU(h + K * h_t) from h_0 = h, with zero padding: equal to conv2d, but channels last in memory.

    ``h`` (batch, cells, size, size) is fastest with channels last; ``kernel`` (cells, cells, k, k) is a cross-correlation kernel, target
    cell first, k odd and at most 2 * size - 1. ``activation`` may replace ReLU, and ``start`` may replace h_0. The result is bfloat16
    or float64 if ``h`` is, otherwise float32.
    """
    dtype = h.dtype if h.dtype in (torch.bfloat16, torch.float64) else torch.float32
    with torch.autocast(h.device.type, enabled=False):
        matrices = {name: matrix.to(h.device) for name, matrix in fourier_matrices(h.shape[-1], kernel.shape[-1], dtype).items()}
        period = len(matrices["columns"]) // 2
        exact = kernel if dtype == torch.float64 else kernel.float()
        scaled = (exact / period**2).to(dtype).permute(2, 3, 0, 1)  # scaled here, where rounding a factor leaves no bias
        spectrum = _as_real(_spectrum(scaled, matrices["kernel_rows"], matrices["kernel_columns"]))
        drive = h.to(dtype, memory_format=torch.channels_last)
        activity = drive if start is None else start.to(dtype, memory_format=torch.channels_last)
        for _ in range(steps):
            activity = activation(drive + _convolve(activity, spectrum, matrices))
        return activity
