"""The LGN filter Psi0 as a Laplacian of Gaussian (Marr & Hildreth 1980), and two alternatives: a difference of Gaussians and a Gaussian."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.geometry import pixel_grid, sides
from paper_code.filters.fitting import Fits, Model, best_start, read_bank, unit_energy

SIGMAS = (0.6, 0.9, 1.3, 1.9, 2.7)  # px, from which a fit starts


@dataclass(frozen=True)
class LogFit(Fits):
    """Laplacians of Gaussian ``A (1 - q) exp(-q) + B``, ``q = ((x - x0)^2 + (y - y0)^2) / (2 sigma^2)``: arrays (n,). A > 0 is ON-centre.

    For a filter that cannot be fitted, all fitted values are NaN and all flags are False. Lengths are in pixels unless rescaled.
    """

    LENGTHS = ("x0", "y0", "sigma")

    x0: np.ndarray  # centre, px to the right of the middle of the filter
    y0: np.ndarray  # centre, px upwards
    sigma: np.ndarray  # px; the LoG is zero at radius sqrt(2) sigma; below .6 it rests on five weights and says nothing about shape
    amplitude: np.ndarray  # A, signed, in units of the weights
    constant: np.ndarray  # B
    r2: np.ndarray  # 1 - SSR / sum of squares about the mean, as the model has a constant
    at_bound: np.ndarray  # bool: the centre or sigma is at its bound
    valid: np.ndarray  # bool: neither NaN, nor infinite, nor constant
    energy_kept: np.ndarray  # share of the energy retained by the main colour component; 1 for a filter without colour
    scale: np.ndarray  # units per pixel

    @classmethod
    def of(cls, sigma: ArrayLike, amplitude: ArrayLike = 1.0, constant: ArrayLike = 0.0, x0: ArrayLike = 0.0, y0: ArrayLike = 0.0) -> Self:
        """Functions with given parameters, numbers or arrays (n,), in pixels; as they are not fitted, R^2 is NaN."""
        given = np.broadcast_arrays(*np.atleast_1d(x0, y0, sigma, amplitude, constant))
        one = np.ones(len(given[0]))
        return cls(*(part.astype(float) for part in given), one * np.nan, one < 0, one > 0, one, one)

    def render(self, size: int | tuple[int, int]) -> np.ndarray:
        """Evaluate the fit on a pixel lattice of side ``size``, or (h, w): (n, h, w), or (h, w) for a single fit."""
        x, y = self.grid(size)
        x0, y0 = np.asarray(self.x0)[..., None, None], np.asarray(self.y0)[..., None, None]
        return self._profile(np.hypot(x - x0, y - y0), 2)

    def profile(self, radius: ArrayLike) -> np.ndarray:
        """The fit as a function of the radius, in the unit of sigma: (n, k), or (k,) for a single fit, for ``radius`` (k,)."""
        return self._profile(np.asarray(radius, dtype=float), 1)

    def response(self, frequency: ArrayLike) -> np.ndarray:
        """Transform of the LoG in closed form: ``4 pi^3 A sigma^4 f^2 exp(-2 pi^2 sigma^2 f^2)``, f in cycles per unit of sigma.

        This is the transform of ``A (1 - q) exp(-q)`` over the whole plane: zero at f = 0, largest at ``f = 1 / (sqrt(2) pi sigma)``. The
        constant B, which on the finite lattice contributes only at the lowest frequencies, is omitted.
        """
        f, sigma = np.asarray(frequency, dtype=float), np.asarray(self.sigma)[..., None]
        amplitude = np.asarray(self.amplitude)[..., None]
        pixel = np.asarray(self.scale)[..., None] ** 2  # the transform is a sum over pixels
        return 4 * np.pi**3 * amplitude * sigma**4 * f**2 * np.exp(-2 * np.pi**2 * sigma**2 * f**2) / pixel

    def _profile(self, radius: np.ndarray, axes: int) -> np.ndarray:
        sigma, amplitude, constant = (np.asarray(value)[(..., *[None] * axes)] for value in (self.sigma, self.amplitude, self.constant))
        q = radius**2 / (2 * sigma**2)
        return amplitude * (1 - q) * np.exp(-q) + constant


@dataclass(frozen=True)
class DogFit(Fits):
    """Differences of Gaussians ``A1 exp(-r^2 / 2 s1^2) + A2 exp(-r^2 / 2 s2^2) + B``, s1 <= s2: arrays (n,), as in :class:`LogFit`."""

    LENGTHS = ("x0", "y0", "sigma_centre", "sigma_surround")

    x0: np.ndarray  # centre, px to the right
    y0: np.ndarray  # centre, px upwards
    sigma_centre: np.ndarray  # s1, px
    sigma_surround: np.ndarray  # s2, px
    amplitude_centre: np.ndarray  # A1, signed, in units of the weights
    amplitude_surround: np.ndarray  # A2, signed
    constant: np.ndarray
    r2: np.ndarray  # about the mean
    at_bound: np.ndarray  # bool
    valid: np.ndarray  # bool
    energy_kept: np.ndarray
    scale: np.ndarray

    def render(self, size: int | tuple[int, int]) -> np.ndarray:
        """Evaluate the fit on a pixel lattice, as :meth:`LogFit.render` does."""
        x, y = self.grid(size)
        x0, y0, s1, s2, a1, a2, b = (np.asarray(getattr(self, field.name))[..., None, None] for field in fields(self)[:7])
        r2 = (x - x0) ** 2 + (y - y0) ** 2
        return a1 * np.exp(-r2 / (2 * s1**2)) + a2 * np.exp(-r2 / (2 * s2**2)) + b


class LogModel(Model):
    """Basis ``(1 - q) exp(-q)`` and 1; parameters (x0, y0, log sigma). ``size`` may be (h, w)."""

    def __init__(self, size: int | tuple[int, int]) -> None:
        rows, columns = sides(size)
        x, y = pixel_grid((rows, columns))
        self.x, self.y = x.ravel(), y.ravel()
        right, top = (columns - 1) / 2, (rows - 1) / 2
        self.lower, self.upper = np.array([-right, -top, np.log(0.3)]), np.array([right, top, np.log(max(rows, columns))])

    def _q(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        x0, y0, log_sigma = parameters.T[:, :, None]
        precision = np.exp(-2 * log_sigma)
        dx, dy = self.x - x0, self.y - y0
        return precision * (dx**2 + dy**2) / 2, dx, dy, precision

    def basis(self, parameters: np.ndarray) -> np.ndarray:
        q = self._q(parameters)[0]
        return np.stack([(1 - q) * np.exp(-q), np.ones_like(q)], axis=1)

    def slope(self, parameters: np.ndarray, basis: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        q, dx, dy, precision = self._q(parameters)
        by_q = coefficients[:, :1] * (q - 2) * np.exp(-q)
        return np.stack([-precision * dx * by_q, -precision * dy * by_q, -2 * q * by_q], axis=1)


class DogModel(Model):
    """Basis of two Gaussians and 1; parameters (x0, y0, log s1, log s2)."""

    def __init__(self, size: int | tuple[int, int]) -> None:
        self.log = LogModel(size)
        bounds = self.log.lower, self.log.upper
        self.lower, self.upper = (np.append(bound, bound[2]) for bound in bounds)

    def basis(self, parameters: np.ndarray) -> np.ndarray:
        first, second = (np.exp(-self.log._q(parameters[:, [0, 1, k]])[0]) for k in (2, 3))
        return np.stack([first, second, np.ones_like(first)], axis=1)

    def slope(self, parameters: np.ndarray, basis: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        (q1, dx, dy, p1), (q2, _, _, p2) = (self.log._q(parameters[:, [0, 1, k]]) for k in (2, 3))
        first, second = coefficients[:, :1] * basis[:, 0], coefficients[:, 1:2] * basis[:, 1]
        pull = p1 * first + p2 * second
        return np.stack([dx * pull, dy * pull, 2 * q1 * first, 2 * q2 * second], axis=1)


class GaussianModel(LogModel):
    """Basis ``exp(-q)`` and 1; parameters (x0, y0, log sigma): an alternative to the LoG with equally many parameters."""

    def basis(self, parameters: np.ndarray) -> np.ndarray:
        q = self._q(parameters)[0]
        return np.stack([np.exp(-q), np.ones_like(q)], axis=1)

    def slope(self, parameters: np.ndarray, basis: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        q, dx, dy, precision = self._q(parameters)
        value = coefficients[:, :1] * basis[:, 0]
        return np.stack([precision * dx * value, precision * dy * value, 2 * q * value], axis=1)


def gaussian_r2(filters: ArrayLike) -> np.ndarray:
    """R^2 (n,) of the best Gaussian plus a constant, with the starts and errors of :func:`fit_log`."""
    bank = read_bank(filters)
    values, _, about_mean = unit_energy(bank.sound)
    ssr = best_start(GaussianModel(bank.values.shape[1:]), values, log_starts(bank.sound)).ssr
    return bank.spread(r2=1 - ssr / about_mean)["r2"]


def log_starts(filters: np.ndarray) -> np.ndarray:
    """Starts (n, len(SIGMAS), 3) of the LoG fit: for each sigma, the lattice position at which the LoG has the highest R^2."""
    count = len(filters)
    x, y = (axis.ravel() for axis in pixel_grid(filters.shape[1:]))
    values = filters.reshape(count, -1) - filters.mean(axis=(1, 2))[:, None]
    starts = np.empty((count, len(SIGMAS), 3))
    for k, sigma in enumerate(SIGMAS):
        q = ((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2) / (2 * sigma**2)
        atoms = (1 - q) * np.exp(-q)
        atoms -= atoms.mean(axis=1, keepdims=True)
        best = np.abs(values @ (atoms / np.linalg.norm(atoms, axis=1, keepdims=True)).T).argmax(axis=1)
        starts[:, k] = np.stack([x[best], y[best], np.full(count, np.log(sigma))], axis=1)
    return starts


def fit_log(filters: ArrayLike) -> LogFit:
    """Least-squares fit of a Laplacian of Gaussian plus a constant: a :class:`LogFit`.

    Bounds: the centre lies on the filter's lattice, and sigma in [.3, size] px, where size is the longer side. PaperCodeError as for
    :func:`paper_code.filters.fitting.read_bank`.

    Parameters
    ----------
    filters : array (n, h, w), (n, 1, h, w) or (n, 3, h, w)
        As for :func:`paper_code.filters.fit_gabor`. Pass Psi0 alone as ``psi0[None]``; ``fit_log(psi0[None])[0]`` is then a fit of scalars.

    Examples
    --------
    >>> from paper_code.filters import LogFit, fit_log
    >>> psi0 = LogFit.of(sigma=1.2, x0=0.5).render(9)
    >>> fit = fit_log(psi0)[0]
    >>> print(f"centre {fit.x0:.2f} px right, sigma {fit.sigma:.2f} px, R2 {fit.r2:.3f}")
    centre 0.50 px right, sigma 1.20 px, R2 1.000
    """
    bank = read_bank(filters)
    values, norm, about_mean = unit_energy(bank.sound)
    solution = best_start(LogModel(bank.values.shape[1:]), values, log_starts(bank.sound))
    x0, y0, log_sigma = solution.parameters.T
    return bank.fits(
        LogFit,
        x0=x0,
        y0=y0,
        sigma=np.exp(log_sigma),
        amplitude=solution.coefficients[:, 0] * norm,
        constant=solution.coefficients[:, 1] * norm,
        r2=1 - solution.ssr / about_mean,
        at_bound=solution.at_bound.any(axis=1),
    )


def fit_dog(filters: ArrayLike) -> DogFit:
    """Least-squares fit of a difference of Gaussians plus a constant: a :class:`DogFit`. Filters, bounds and errors as for :func:`fit_log`.

    Examples
    --------
    >>> from paper_code.filters import LogFit, fit_dog
    >>> psi0 = LogFit.of(sigma=1.2, x0=0.5).render(9)
    >>> print(f"R2 {fit_dog(psi0)[0].r2:.2f}")
    R2 1.00
    """
    bank = read_bank(filters)
    values, norm, about_mean = unit_energy(bank.sound)
    single = log_starts(bank.sound)
    # A LoG is the limit of a DoG as s2 / s1 -> 1; a ratio of 1.6 is the usual approximation (Marr & Hildreth 1980), 3 a wide surround.
    starts = np.concatenate([np.concatenate([single, single[:, :, 2:] + np.log(ratio)], axis=2) for ratio in (1.6, 3.0)], axis=1)
    solution = best_start(DogModel(bank.values.shape[1:]), values, starts)
    order = np.argsort(solution.parameters[:, 2:], axis=1)
    sigmas = np.exp(np.take_along_axis(solution.parameters[:, 2:], order, axis=1))
    amplitudes = np.take_along_axis(solution.coefficients[:, :2], order, axis=1) * norm[:, None]
    return bank.fits(
        DogFit,
        x0=solution.parameters[:, 0],
        y0=solution.parameters[:, 1],
        sigma_centre=sigmas[:, 0],
        sigma_surround=sigmas[:, 1],
        amplitude_centre=amplitudes[:, 0],
        amplitude_surround=amplitudes[:, 1],
        constant=solution.coefficients[:, 2] * norm,
        r2=1 - solution.ssr / about_mean,
        at_bound=solution.at_bound.any(axis=1),
    )
