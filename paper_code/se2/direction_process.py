"""The direction process (Mumford 1994): a unit-speed path whose direction does Brownian motion, as a kernel on SE(2).

dx = cos(theta) ds, dy = sin(theta) ds, d theta = sqrt(2 D) dW, so d_t p = -X1 p + D X2^2 p with X1 = cos(theta) d_x + sin(theta) d_y and
X2 = d_theta. Mumford's d theta = sigma dW has D = sigma^2 / 2. The kernel is the density of the path's end after a life time that is
exponential with rate alpha (the resolvent alpha (alpha + X1 - D X2^2)^{-1} delta), Gamma, or fixed: contour completion in the sense
of Citti and Sarti 2006, Duits and Franken 2010, Sanguinetti, Citti and Sarti 2010, and Barbieri, Citti, Cocci and Sarti 2014.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.fft import fft, ifft, next_fast_len

from paper_code.se2.arguments import check_count, check_number
from paper_code.se2.modes import Moments, Process, tridiagonal
from paper_code.se2.sampling import Kernel, sample_grid


@dataclass(frozen=True, kw_only=True)
class DirectionProcess(Process):
    """The direction process with angular diffusion ``D``; the other fields are those of ``Process``.

    Raises
    ------
    PaperCodeError
        If D, alpha, time, shape, blur, blur_theta, modes or steps is not a number of the right kind, or not exactly one of
        alpha and time is given.

    Examples
    --------
    >>> from paper_code.se2 import DirectionProcess
    >>> process = DirectionProcess(D=0.02, alpha=0.1)
    >>> print(f"ends {process.moments().x:.2f} px ahead on average")
    ends 8.29 px ahead on average
    """

    D: float  # angular diffusion, rad^2/px
    steps: int | None = None  # time steps for a fixed time; by default of 0.25 px, or 0.15 / sqrt(D) if less, or as sampling needs

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set("D", check_number)
        if self.steps is not None:
            self._set("steps", check_count)

    @property
    def time_steps(self) -> int | None:
        """Steps of a fixed time, given or by default; None for a random life time."""
        if self.alpha is not None:
            return None
        return self.steps or max(8, math.ceil(self.time / min(0.25, 0.15 / math.sqrt(self.D))))

    @property
    def work(self) -> int:
        """How often a solve at one frequency goes over a mode; a step costs as much as four."""
        return super().work * (4 * self.time_steps if self.time_steps else 1)

    @property
    def reach(self) -> float:
        """Distance in px that all but e^{-10} of the mass stays within: the speed is 1, so it is the life time, and the blur."""
        return self.life_quantile + math.sqrt(20) * self.blur

    def resolve(self, s: complex, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes of (s + X1 - D X2^2)^{-1} source at the frequencies (wx, wy); source is (2M+1,) or (2M+1, F)."""
        half = 0.5j * (wx - 1j * wy)
        return tridiagonal(self.D * self.mode_numbers**2.0, s, half, -half.conj(), source)

    def evolve(self, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes of exp(-t (X1 - D X2^2)) source by Chin's fourth-order splitting.

        Transport is a phase in theta and diffusion a factor in m. The double commutator [V, [T, V]], which makes the scheme of fourth
        order with steps all forward, is the factor in theta ``2 D (w . n')^2``, n' = (-sin, cos). Talbot's contour fails here: the
        spectrum reaches far up the imaginary axis. (Chin 1997, Phys. Lett. A 226, scheme A.)
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
        """Closed-form Moments of the blurred kernel (in the plane, so without the wrapping of a box)."""
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


def direction_process(
    *,
    size: int,
    D: float,
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
    """The kernel of the direction process on a grid.

    Parameters
    ----------
    size : int
        Places on a side.
    D : float
        Angular diffusion, rad^2/px.
    alpha, time : float
        One of them: the killing rate, 1/px, of a Gamma(shape) life time, or a fixed life time, px.
    shape : int
        1 is the exponential life time.
    spacing : float
        px.
    n_theta : int
        Directions over 2 pi, or over pi if undirected.
    undirected : bool
        Sum the four kernels of contours without a direction: K(x, y, theta) = 1/2 sum over a in {0, pi} of
        p(x, y, theta + a) + p(-x, -y, theta + a), which has K(k) = K(k^{-1}).
    blur : float
        Total standard deviation in x and in y, px. It commutes with the process, so blurs of source and target add in squares.
    blur_theta : float
        Standard deviation in theta at source and at target each (one alone would break reciprocity), radians.
    modes : int, optional
        M; by default blur_theta M = 4.
    box : float, optional
        Side of the periodic box, px; by default the window and 10 / alpha.

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
    >>> from paper_code.se2 import direction_process
    >>> kernel = direction_process(size=33, D=0.02, alpha=0.3, spacing=1, n_theta=16)
    >>> print(kernel.values.shape, f"{kernel.mass:.2f}")
    (16, 33, 33) 1.01
    """
    process = DirectionProcess(
        D=D, alpha=alpha, time=time, shape=shape, undirected=undirected, blur=blur, blur_theta=blur_theta, modes=modes
    )
    return sample_grid(process, size=size, spacing=spacing, n_theta=n_theta, box=box)
