"""Contour enhancement: the hypoelliptic (sub-Riemannian) diffusion on SE(2), with its heat kernel and its resolvent.

d_t p = (D11 X1^2 + D22 X2^2) p with X1 = cos(theta) d_x + sin(theta) d_y and X2 = d_theta (Citti and Sarti 2006; Duits and Franken 2010).
Even and odd modes do not meet, and at each frequency the generator is a Mathieu operator (Zhang et al. 2016). A fixed time is
reached by a Talbot contour.
"""

import math
from dataclasses import dataclass

import numpy as np

from paper_code.se2.arguments import check_number
from paper_code.se2.modes import Moments, Process, tridiagonal
from paper_code.se2.sampling import Kernel, sample_grid

TALBOT = 24  # nodes on the contour; errors of 3.9^-24 (Trefethen, Weideman and Schmelzer 2006)


@dataclass(frozen=True, kw_only=True)
class Enhancement(Process):
    """Contour enhancement with diffusions ``D11`` along and ``D22`` in angle; the other fields are those of ``Process``.

    Here life time is the diffusion's time, so D11 time is in px^2 and D22 time in rad^2.

    Raises
    ------
    PaperCodeError
        If a field is not a number of the right kind, or not exactly one of alpha and time is given.

    Examples
    --------
    >>> from paper_code.se2 import Enhancement
    >>> moments = Enhancement(D11=1, D22=0.02, time=10).moments()
    >>> print(f"spreads {moments.x2 ** 0.5:.1f} px along the contour, {moments.y2 ** 0.5:.1f} px across")
    spreads 4.1 px along the contour, 1.9 px across
    """

    D11: float  # diffusion along the contour, px^2 per unit of time
    D22: float  # angular diffusion, rad^2 per unit of time

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set("D11", check_number)
        self._set("D22", check_number)

    @property
    def reach(self) -> float:
        """Distance in px past which e^{-10} bounds the tail: Gaussian at a fixed time, else exponential of length sqrt(D11/alpha)."""
        if self.alpha is None:
            return math.sqrt(40 * self.D11 * self.time + 20 * self.blur**2)
        return self.life_quantile * math.sqrt(self.D11 * self.alpha) + math.sqrt(20) * self.blur

    @property
    def work(self) -> int:
        """How often a solve at one frequency goes over a mode: once a node of the contour."""
        return super().work * (1 if self.time is None else TALBOT // 2)

    def resolve(self, s: complex, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes of (s - D11 X1^2 - D22 X2^2)^{-1} source at the frequencies (wx, wy); s may be complex, off the negative axis."""
        quarter = self.D11 / 4 * (wx - 1j * wy) ** 2
        common = s + self.D11 / 2 * (wx**2 + wy**2)
        return tridiagonal(self.D22 * self.mode_numbers**2.0, common, quarter, quarter.conj(), source, step=2)

    def evolve(self, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes of exp(t (D11 X1^2 + D22 X2^2)) source at the frequencies (wx, wy), by a Talbot contour."""
        # The nodes of the lower half plane are the conjugates: the kernel's resolvent at the conjugate of s has modes conj(p_{-m}),
        # if the source has (it has, being real in theta) and because the kernel is even in (x, y).
        angle = math.pi * np.arange(1, TALBOT, 2) / TALBOT
        z = TALBOT * (0.5017 * angle / np.tan(0.6407 * angle) - 0.6122 + 0.2645j * angle)
        slope = 0.5017 / np.tan(0.6407 * angle) - 0.5017 * 0.6407 * angle / np.sin(0.6407 * angle) ** 2 + 0.2645j
        weights = -1j * np.exp(z) * slope
        total = sum(w / self.time * self.resolve(node / self.time, wx, wy, source) for w, node in zip(weights, z, strict=True))
        return total + total[::-1].conj()

    def moments(self) -> Moments:
        """Closed-form Moments of the blurred kernel (in the plane, so without the wrapping of a box)."""
        g1, g2 = math.exp(-(self.blur_theta**2) / 2), math.exp(-2 * self.blur_theta**2)
        r2 = 2 * self.D11 * self.life_mean + 2 * self.blur**2
        z2 = g2 * 2 * self.D11 * self.life_rest(4 * self.D22, 1)
        cos = 0.0 if self.undirected else g1**2 * self.life_laplace(self.D22)
        return Moments(1.0, cos, g2**2 * self.life_laplace(4 * self.D22), 0.0, (r2 + z2) / 2, (r2 - z2) / 2, 0.0, 0.0)


def enhancement(
    *,
    size: int,
    D11: float,
    D22: float,
    alpha: float | None = None,
    time: float | None = None,
    shape: int = 1,
    spacing: float = 0.25,
    n_theta: int = 64,
    undirected: bool = False,
    blur: float = 0.5,
    blur_theta: float = 0.1,
    modes: int | None = None,
    box: float | None = None,
) -> Kernel:
    """The kernel of contour enhancement on a grid.

    Parameters
    ----------
    size : int
        Places on a side.
    D11, D22 : float
        Diffusion along the contour (px^2 per unit of time) and in angle (rad^2 per unit of time).
    alpha, time : float
        One of them: the killing rate of a Gamma(shape) life time, or a fixed time.
    shape, spacing, n_theta, blur, blur_theta, modes, box
        As for direction_process; the default box is the window and 10 sqrt(D11 / alpha), or sqrt(40 D11 time).
    undirected : bool
        Add theta and theta + pi (the kernel is already even in (x, y)).

    Returns
    -------
    Kernel
        Values (n_theta, size, size), per px^2 and radian, of mass 1.

    Raises
    ------
    PaperCodeError
        For values out of range, or a box too small for the life time.

    Examples
    --------
    >>> from paper_code.se2 import enhancement
    >>> kernel = enhancement(size=33, D11=1, D22=0.02, time=10, spacing=1, n_theta=16)
    >>> print(kernel.values.shape, f"{kernel.mass:.2f}")
    (16, 33, 33) 1.00
    """
    process = Enhancement(
        D11=D11,
        D22=D22,
        alpha=alpha,
        time=time,
        shape=shape,
        undirected=undirected,
        blur=blur,
        blur_theta=blur_theta,
        modes=modes,
    )
    return sample_grid(process, size=size, spacing=spacing, n_theta=n_theta, box=box)
