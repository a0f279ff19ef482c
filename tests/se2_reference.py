"""Kernels on SE(2) by routes that share nothing with paper_code.se2 (Hankel transforms with dense solves), and by it."""

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import jv

from paper_code import se2


def sampled(process, *, size=8, spacing=0.25, n_theta=64, box=None, **given):
    """A process of a kind on a grid, by the package."""
    return se2.sample_grid(process(**given), size=size, spacing=spacing, n_theta=n_theta, box=box)


def generator(rho, modes, D=None, D11=None, D22=None):
    """Real matrices -L(rho) (F, 2M+1, 2M+1) in the frame of the frequency, where p_m = e^{-i m phi} (-i)^m q_m."""
    m = np.arange(-modes, modes + 1)
    matrix = np.zeros((rho.size, m.size, m.size))
    k = np.arange(m.size)
    if D is not None:
        matrix[:, k, k] = D * m**2
        matrix[:, k[1:], k[:-1]] = -rho[:, None] / 2
        matrix[:, k[:-1], k[1:]] = rho[:, None] / 2
    else:
        matrix[:, k, k] = D22 * m**2 + D11 * rho[:, None] ** 2 / 2
        matrix[:, k[2:], k[:-2]] = matrix[:, k[:-2], k[2:]] = -D11 * rho[:, None] ** 2 / 4
    return matrix


def hankel(x, y, theta, *, alpha, shape=1, blur, blur_theta, modes=40, nodes=240, **diffusion):
    """Density of a resolvent at a list of points in the whole plane: no box, no grid."""
    node, weight = leggauss(nodes)
    top = 8 / blur
    rho, weight = top * (node + 1) / 2, top * weight / 2
    m = np.arange(-modes, modes + 1)
    inverse = np.linalg.inv(generator(rho, modes, **diffusion) + alpha * np.eye(m.size)) * alpha
    green = np.linalg.matrix_power(inverse, shape)
    gaussian = np.exp(-((blur_theta * m) ** 2) / 2)
    green *= gaussian[:, None] * gaussian
    weight = weight * rho * np.exp(-(blur**2) * rho**2 / 2) / (4 * np.pi**2)
    # n = m' - m: e^{i n phi} integrates over phi to 2 pi i^n J_n(rho r) e^{i n psi}, and the frame adds i^n.
    n = np.arange(-2 * modes, 2 * modes + 1)
    sheared = np.zeros((rho.size, m.size, n.size))
    for k in range(m.size):
        sheared[:, k, m.size - 1 - k : 2 * m.size - 1 - k] = green[:, k]
    sheared *= weight[:, None, None]
    answer = []
    for px, py, pt in zip(x, y, theta, strict=True):
        bessel = jv(np.arange(2 * modes + 1), rho[:, None] * np.hypot(px, py))[:, np.abs(n)] * np.where(n < 0, (-1.0) ** n, 1.0)
        in_theta = np.cos(m * pt) @ sheared + 1j * (np.sin(m * pt) @ sheared)
        answer.append(((in_theta * bessel).sum(0) * (-1.0) ** n * np.exp(1j * n * np.arctan2(py, px))).sum().real)
    return np.array(answer)
