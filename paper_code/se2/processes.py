"""The two diffusions on SE(2), with X1 = cos(theta) d_x + sin(theta) d_y and X2 = d_theta.

*Direction process* (Mumford 1994): a unit-speed path whose direction performs Brownian motion, d_t p = -X1 p + D X2^2 p. Mumford's
d theta = sigma dW has D = sigma^2 / 2. The kernel is the density of the path's endpoint after a lifetime that is exponential with rate
alpha (the resolvent alpha (alpha + X1 - D X2^2)^{-1} delta), Gamma or fixed: contour completion as in Citti and Sarti 2006, Duits and
Franken 2010, Sanguinetti, Citti and Sarti 2010, and Barbieri, Citti, Cocci and Sarti 2014.

*Contour enhancement*: the hypoelliptic (sub-Riemannian) diffusion d_t p = (D11 X1^2 + D22 X2^2) p (Citti and Sarti 2006; Duits and Franken
2010). Even and odd modes decouple, and at each frequency the generator is a Mathieu operator (Zhang et al. 2016). A fixed time is
computed with a Talbot contour.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.fft import fft, ifft, next_fast_len

from paper_code.se2.modes import Moments, Process, check_count, check_number, tridiagonal

TALBOT = 24  # nodes on the contour, for errors of 3.9^-24 (Trefethen, Weideman and Schmelzer 2006)


@dataclass(frozen=True, kw_only=True)
class DirectionProcess(Process):
    """The direction process (contour completion) with angular diffusion ``D``.

    Undirected, it sums the four kernels of contours without a direction: K(x, y, theta) = 1/2 sum over a in {0, pi} of
    p(x, y, theta + a) + p(-x, -y, theta + a), which has K(k) = K(k^{-1}). The blur in the plane commutes with the process, so the
    variances of source and target blur add; a blur in theta at only one of the two would break reciprocity. PaperCodeError if a field is
    not a valid number, or if not exactly one of alpha and time is given.

    Examples
    --------
    >>> from paper_code.se2 import DirectionProcess
    >>> process = DirectionProcess(D=0.02, alpha=0.1)
    >>> print(f"ends {process.moments().x:.2f} px ahead on average")
    ends 8.29 px ahead on average
    """

    D: float  # angular diffusion, rad^2/px
    steps: int | None = None  # time steps for a fixed time; by default of 0.25 px, or 0.15 / sqrt(D) if less, or as sampling requires

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set("D", check_number)
        if self.steps is not None:
            self._set("steps", check_count)

    @property
    def time_steps(self) -> int | None:
        """Time steps for a fixed time, given or by default; None for a random lifetime."""
        if self.alpha is not None:
            return None
        return self.steps or max(8, math.ceil(self.time / min(0.25, 0.15 / math.sqrt(self.D))))

    @property
    def work(self) -> int:
        """Number of mode updates in the solution at one frequency; a time step costs as much as four."""
        return super().work * (4 * self.time_steps if self.time_steps else 1)

    @property
    def reach(self) -> float:
        """Distance in px within which all but e^{-10} of the mass stays: the lifetime, as the speed is 1, plus the blur."""
        return self.life_quantile + math.sqrt(20) * self.blur

    def resolve(self, s: complex, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes of (s + X1 - D X2^2)^{-1} source at the frequencies (wx, wy); source is (2M+1,) or (2M+1, F)."""
        half = 0.5j * (wx - 1j * wy)
        return tridiagonal(self.D * self.mode_numbers**2.0, s, half, -half.conj(), source)

    def evolve(self, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes of exp(-t (X1 - D X2^2)) source by Chin's fourth-order splitting.

        Transport is a phase in theta and diffusion a factor in m. The double commutator [V, [T, V]], which makes the scheme fourth-order
        with forward steps only, is the factor ``2 D (w . n')^2`` in theta, with n' = (-sin, cos). A Talbot contour fails here, because the
        spectrum extends far up the imaginary axis. (Chin 1997, Phys. Lett. A 226, scheme A.)
        """
        steps = self.time_steps
        dt = self.time / steps
        count = next_fast_len(2 * self.modes + 2)
        theta = 2 * math.pi * np.arange(count) / count
        numbers = np.fft.fftfreq(count, 1 / count)
        along = np.outer(wx, np.cos(theta)) + np.outer(wy, np.sin(theta))
        across = np.outer(wy, np.cos(theta)) - np.outer(wx, np.sin(theta))
        ends = np.exp(-1j * dt / 3 * along)  # the last sixth of a step and the first of the next
        middle = np.exp(-2j * dt / 3 * along + dt**3 / 36 * self.D * across**2)
        diffuse = np.exp(-dt / 2 * self.D * numbers**2)
        start = np.zeros(count, complex)
        start[self.mode_numbers] = source
        state = ifft(start) * count * np.exp(-1j * dt / 6 * along)
        for step in range(steps):
            state = ifft(fft(state, axis=-1) * diffuse, axis=-1) * middle
            state = ifft(fft(state, axis=-1) * diffuse, axis=-1)
            if step < steps - 1:
                state *= ends
        state *= np.exp(-1j * dt / 6 * along)
        return fft(state, axis=-1)[:, self.mode_numbers].T / count

    def moments(self) -> Moments:
        D, phi, rest = self.D, self.life_laplace, self.life_rest
        g1, g2 = math.exp(-(self.blur_theta**2) / 2), math.exp(-2 * self.blur_theta**2)
        odd = 0.0 if self.undirected else 1.0
        r2 = 2 * rest(D, 2) + 2 * self.blur**2
        z2 = g2 * 2 / 3 * (4 * rest(4 * D, 2) - rest(D, 2))
        along = g1 * rest(D, 1)  # E[z e^{-i theta}]
        twice = g1 * g2 * (4 * rest(4 * D, 1) - rest(D, 1)) / 3  # E[z e^{i theta}]
        return Moments(
            1.0,
            odd * g1**2 * phi(D),
            g2**2 * phi(4 * D),
            odd * g1 * rest(D, 1),
            (r2 + z2) / 2,
            (r2 - z2) / 2,
            odd * (along + twice) / 2,
            odd * (along - twice) / 2,
        )


@dataclass(frozen=True, kw_only=True)
class Enhancement(Process):
    """Contour enhancement with diffusions ``D11`` along the contour and ``D22`` in angle.

    The lifetime is the time of the diffusion, so D11 time is in px^2 and D22 time in rad^2. The kernel is already even in (x, y), so
    ``undirected`` only adds theta and theta + pi. PaperCodeError as for :class:`DirectionProcess`.

    Examples
    --------
    >>> from paper_code.se2 import Enhancement
    >>> moments = Enhancement(D11=1, D22=0.02, time=10).moments()
    >>> print(f"{moments.x2 ** 0.5:.1f} px along, {moments.y2 ** 0.5:.1f} px across")
    4.1 px along, 1.9 px across
    """

    D11: float  # diffusion along the contour, px^2 per unit of time
    D22: float  # angular diffusion, rad^2 per unit of time

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set("D11", check_number)
        self._set("D22", check_number)

    @property
    def reach(self) -> float:
        """Distance in px beyond which e^{-10} bounds the tail: Gaussian for a fixed time, else exponential of length sqrt(D11/alpha)."""
        if self.alpha is None:
            return math.sqrt(40 * self.D11 * self.time + 20 * self.blur**2)
        return self.life_quantile * math.sqrt(self.D11 * self.alpha) + math.sqrt(20) * self.blur

    @property
    def work(self) -> int:
        """Number of mode updates in the solution at one frequency: one per node of the contour."""
        return super().work * (1 if self.time is None else TALBOT // 2)

    def resolve(self, s: complex, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes of (s - D11 X1^2 - D22 X2^2)^{-1} source at the frequencies (wx, wy); s may be complex, but not on the negative axis."""
        quarter = self.D11 / 4 * (wx - 1j * wy) ** 2
        common = s + self.D11 / 2 * (wx**2 + wy**2)
        return tridiagonal(self.D22 * self.mode_numbers**2.0, common, quarter, quarter.conj(), source, step=2)

    def evolve(self, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes of exp(t (D11 X1^2 + D22 X2^2)) source at the frequencies (wx, wy), by a Talbot contour."""
        # The nodes in the lower half plane are the conjugates: the kernel's resolvent at the conjugate of s has modes conj(p_{-m}),
        # because the source has this property (it is real in theta) and the kernel is even in (x, y).
        angle = math.pi * np.arange(1, TALBOT, 2) / TALBOT
        z = TALBOT * (0.5017 * angle / np.tan(0.6407 * angle) - 0.6122 + 0.2645j * angle)
        slope = 0.5017 / np.tan(0.6407 * angle) - 0.5017 * 0.6407 * angle / np.sin(0.6407 * angle) ** 2 + 0.2645j
        weights = -1j * np.exp(z) * slope
        total = sum(w / self.time * self.resolve(node / self.time, wx, wy, source) for w, node in zip(weights, z, strict=True))
        return total + total[::-1].conj()

    def moments(self) -> Moments:
        g1, g2 = math.exp(-(self.blur_theta**2) / 2), math.exp(-2 * self.blur_theta**2)
        r2 = 2 * self.D11 * self.life_mean + 2 * self.blur**2
        z2 = g2 * 2 * self.D11 * self.life_rest(4 * self.D22, 1)
        cos = 0.0 if self.undirected else g1**2 * self.life_laplace(self.D22)
        return Moments(1.0, cos, g2**2 * self.life_laplace(4 * self.D22), 0.0, (r2 + z2) / 2, (r2 - z2) / 2, 0.0, 0.0)
