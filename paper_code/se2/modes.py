"""Common parts of the two diffusions on SE(2): argument checks, modes in theta, one tridiagonal system per frequency, lifetime, blur.

The density of displacement (x, y) and turn theta from the identity is written
``p(x, y, theta) = int dw / (2 pi)^2 e^{i (wx x + wy y)} sum_m p_m(w) e^{i m theta}``. Both generators couple a mode only to modes one
step away (1 for the direction process, 2 for enhancement), so a resolvent takes one Thomas sweep over m, for all frequencies at once
(Zhang, Duits, Sanguinetti and ter Haar Romeny 2016). Modes run from -M to M along the first axis. Frequencies ``wx, wy`` are angular,
in radians per pixel.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv, poch

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError, check_bounds, short

TAIL = math.exp(-10)  # the mass that a box may neglect; e^{-10} is the rule L >= window + 10 / alpha
BLOCK = 2048  # frequencies per sweep, fewer where modes times frequencies exceed 128 times this: the arrays stay in the cache
WORK = 1e9  # modes times frequencies allowed in one call: about a minute on one core
MOST_MODES = 2**13  # largest M; corresponds to a blur in theta of 0.0005 radians
SMALLEST, LARGEST = 1e-30, 1e30  # allowed for a parameter
MOST = 2**31 - 1  # largest count
MEMORY = 2 * 2**30  # bytes that one call may request


def check_number(name: str, value: Any, positive: bool = True) -> float:
    """``value`` as a float, if it is a real number, positive (or else non-negative), whose powers stay within double precision."""
    number = check_array(name, value)
    if number.ndim or not (SMALLEST <= number <= LARGEST or (number == 0 and not positive)):
        allowed = f"a number between {SMALLEST:g} and {LARGEST:g}" + ("" if positive else ", or 0")
        raise PaperCodeError(f"{name} must be {allowed}, not {short(value)}")
    return float(number)


def check_count(name: str, value: Any, least: int = 1, most: int = MOST) -> int:
    """``value`` as an int, if it is an integer from ``least`` to ``most``."""
    check_bounds(name, value, least, most)
    return int(value)


def check_array(name: str, value: ArrayLike) -> np.ndarray:
    """``value`` as a float array, if it contains only finite real numbers."""
    array = real_array(value, name)
    if not np.isfinite(array).all():
        raise PaperCodeError(f"{name} must be finite: it holds nan or infinity.")
    return array


def check_arrays(**values: ArrayLike) -> tuple[np.ndarray, ...]:
    """The values as float arrays, broadcast to a common shape."""
    arrays = [check_array(name, value) for name, value in values.items()]
    try:
        return np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(values, arrays, strict=True))
        raise PaperCodeError(f"These shapes do not fit each other: {shapes}.") from None


def check_memory(needed: float, advice: str) -> None:
    """Raise PaperCodeError if a result needs more than MEMORY bytes; ``advice`` says what to reduce."""
    if not needed <= MEMORY:
        raise PaperCodeError(f"This would need {needed / 2**30:.3g} GiB of memory, over the {MEMORY / 2**30:g} allowed: {advice}.")


def tridiagonal(
    base: np.ndarray, common: complex | np.ndarray, lower: np.ndarray, upper: np.ndarray, rhs: np.ndarray, step: int = 1
) -> np.ndarray:
    """Solve (base_m + common) p_m + lower p_{m-step} + upper p_{m+step} = rhs_m for all frequencies, in one Thomas sweep.

    ``base`` (2M+1,) depends on the mode and ``common``, a scalar or (F,), on the frequency. ``lower`` and ``upper`` (F,) have a real
    product: -rho^2/4 for the direction process, whose pivots are then positive, and (D11 rho^2/4)^2 for enhancement, whose matrix is
    diagonally dominant, so no pivoting is needed. ``step`` is 2 where odd and even modes decouple. Returns a complex array (2M+1, F).
    """
    product = (lower * upper).real
    solution = np.empty((len(base), lower.size), complex)
    inverse = np.empty(solution.shape, np.result_type(common, float))
    for k in range(len(base)):
        if k < step:
            inverse[k] = 1 / (base[k] + common)
            solution[k] = rhs[k] * inverse[k]
        else:
            inverse[k] = 1 / (base[k] + common - product * inverse[k - step])
            solution[k] = (rhs[k] - lower * solution[k - step]) * inverse[k]
    for k in range(len(base) - step - 1, -1, -1):
        solution[k] -= upper * inverse[k] * solution[k + step]
    return solution


def sweeps(count: int, process: "Process") -> Iterator[slice]:
    """Slices that divide ``count`` frequencies into sweeps of a process."""
    step = max(1, min(BLOCK, 128 * BLOCK // (2 * process.modes + 1)))
    return (slice(start, start + step) for start in range(0, count, step))


def check_work(process: "Process", frequencies: float) -> None:
    """Raise PaperCodeError if this many frequencies of a process would exceed WORK."""
    if not process.work * frequencies <= WORK:
        raise PaperCodeError(
            f"{frequencies:.2g} frequencies of {process.modes} modes would take more than minutes: give a larger blur or "
            "alpha, a shorter time, a smaller window or box, or fewer modes or steps."
        )


@dataclass(frozen=True)
class Moments:
    """Expectations under a kernel of 1, cos theta, cos 2 theta, x, x^2, y^2, x cos theta and y sin theta (pixels, radians).

    For an undirected kernel theta stands for both theta and theta + pi, so the odd moments are zero.
    """

    mass: float
    cos: float
    cos2: float
    x: float
    x2: float
    y2: float
    x_cos: float
    y_sin: float


@dataclass(frozen=True, kw_only=True)
class Process(ABC):
    """Lifetime, blur and resolution of a diffusion on SE(2); see DirectionProcess and Enhancement for the diffusions.

    Exactly one of ``alpha`` and ``time`` must be given.
    """

    alpha: float | None = None  # killing rate, 1/px; the mean lifetime is shape/alpha
    time: float | None = None  # fixed lifetime, px, instead of a random one
    shape: int = 1  # k of the Gamma(k) lifetime; 1 is exponential
    undirected: bool = False  # theta in [0, pi): source and target have an orientation but no direction
    blur: float = 0.5  # total standard deviation of the Gaussian in x and in y, px
    blur_theta: float = 0.1  # standard deviation of the Gaussian in theta, applied at the source and again at the target, radians
    modes: int | None = None  # M; by default blur_theta M = 4, or M = 64 without blur in theta, and more where sampling needs them

    def __post_init__(self) -> None:
        if (self.alpha is None) == (self.time is None):
            raise PaperCodeError("Give either alpha (killing rate, 1/px) or time (fixed lifetime, px), and not both.")
        self._set("alpha" if self.time is None else "time", check_number)
        self._set("shape", check_count, most=10**6)
        if self.time is not None and self.shape != 1:
            raise PaperCodeError("shape belongs to a random lifetime: give alpha, not time.")
        self._set("blur", check_number, positive=False)
        self._set("blur_theta", check_number, positive=False)
        if not isinstance(self.undirected, bool | np.bool_):
            raise PaperCodeError(f"undirected must be True or False, not {self.undirected!r}.")
        if self.modes is None:
            if self.default_modes > MOST_MODES:
                raise PaperCodeError(f"blur_theta must be zero or at least {4 / MOST_MODES:.2g} radians, not {self.blur_theta:g}.")
            object.__setattr__(self, "modes", self.default_modes)
        self._set("modes", check_count, most=MOST_MODES)

    def _set(self, name: str, check: Callable[..., Any], **limits: Any) -> None:
        """Store a field as the plain number returned by its check."""
        object.__setattr__(self, name, check(name, getattr(self, name), **limits))

    @property
    @abstractmethod
    def reach(self) -> float:
        """Distance in px within which all but e^{-10} of the mass stays."""

    @abstractmethod
    def resolve(self, s: complex, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes (2M+1, F) of (s - generator)^{-1} source at the frequencies (wx, wy); source is (2M+1,) or (2M+1, F)."""

    @abstractmethod
    def evolve(self, wx: np.ndarray, wy: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Modes (2M+1, F) of exp(time generator) source (2M+1,) at the frequencies (wx, wy)."""

    @abstractmethod
    def moments(self) -> Moments:
        """Closed-form Moments of the blurred kernel, in the plane, without the wrap-around of a box."""

    @property
    def default_modes(self) -> int:
        """M if none is given."""
        return max(1, math.ceil(4 / self.blur_theta - 1e-9)) if self.blur_theta > 0 else 64

    @property
    def time_steps(self) -> int | None:
        """Time steps for a fixed time; None if none are taken."""
        return None

    @property
    def work(self) -> int:
        """Number of mode updates in the solution at one frequency."""
        return self.shape * (2 * self.modes + 1)

    @property
    def period(self) -> float:
        """The range of theta: 2 pi, or pi for undirected contours."""
        return math.pi if self.undirected else 2 * math.pi

    @property
    def mode_numbers(self) -> np.ndarray:
        """m = -M, ..., M."""
        return np.arange(-self.modes, self.modes + 1)

    @property
    def life_quantile(self) -> float:
        """The lifetime below which all but e^{-10} of the paths stay, px."""
        return self.time if self.alpha is None else gammaincinv(self.shape, 1 - TAIL) / self.alpha

    @property
    def life_mean(self) -> float:
        """The mean lifetime E T, px."""
        return self.time if self.alpha is None else self.shape / self.alpha

    def life_laplace(self, rate: float) -> float:
        """E exp(-rate T), with the rate in 1/px."""
        return math.exp(-rate * self.time) if self.alpha is None else (self.alpha / (self.alpha + rate)) ** self.shape

    def life_rest(self, rate: float, order: int) -> float:
        """The remainder of E exp(-rate T) = sum_n (-rate)^n E T^n / n! after ``order`` terms, divided by (-rate)^order.

        Summed as a series of its own where taking the difference would cause cancellation.
        """

        def term(n):  # E T^n / n! over (E T)^n
            return 1 / math.factorial(n) if self.alpha is None else poch(self.shape, n) / self.shape**n / math.factorial(n)

        u = rate * self.life_mean
        if u < 0.02:
            scaled = sum((-u) ** (n - order) * term(n) for n in range(order, order + 9))
        else:
            scaled = (self.life_laplace(rate) - sum((-u) ** n * term(n) for n in range(order))) / (-u) ** order
        return scaled * self.life_mean**order

    def spectrum(self, wx: ArrayLike, wy: ArrayLike, source_angle: float = 0.0) -> np.ndarray:
        """The modes p_m of the blurred kernel at frequencies ``wx, wy`` (F,), radians per pixel: complex array (2M+1, F).

        ``sum_m p_m e^{i m theta}`` is the Fourier transform over (x, y) of the density per px^2 and radian. An undirected kernel has only
        even modes. ``source_angle`` is the orientation of the source, radians; displacement and theta are then in world axes.
        """
        wx, wy = check_arrays(wx=wx, wy=wy)
        if wx.ndim != 1:
            raise PaperCodeError(f"wx and wy must be lists of frequencies, not of shape {wx.shape}.")
        check_memory(64 * wx.size * (2 * self.modes + 1), "ask for fewer frequencies or modes")
        check_work(self, wx.size)
        m = self.mode_numbers
        gaussian = np.exp(-((self.blur_theta * m) ** 2) / 2)
        source = gaussian * np.exp(-1j * m * source_angle) / (2 * math.pi)
        target = gaussian.copy()
        if self.undirected:  # half of the source at theta, half at theta + pi; then the target's two directions added
            source[m % 2 == 1] = 0
            target = np.where(m % 2 == 0, 2 * target, 0)
        target = target[:, None] * np.exp(-(self.blur**2) * (wx**2 + wy**2) / 2)
        if self.alpha is None:
            return self.evolve(wx, wy, source) * target
        for _ in range(self.shape):
            source = self.alpha * self.resolve(self.alpha, wx, wy, source)
        return source * target
