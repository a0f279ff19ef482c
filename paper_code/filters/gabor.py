"""Fit Gabor functions to a bank of filters (Ringach 2002), all filters and all starts at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import maximum_filter

from paper_code.core.geometry import orientation_difference, pixel_grid, sides
from paper_code.filters.fitting import Fits, Model, best_start, blocks, read_bank, unit_energy, unit_scale
from paper_code.filters.spectrum import fine, frequency_grid, modulus, spectral_orientation

DEGENERATE_BELOW = 0.25  # n_x below which frequency and width along the carrier trade off: a blob, not a grating
DISAGREES_ABOVE = np.deg2rad(5)  # difference between the fitted and the spectral orientation
PEAKS = 4  # peaks of the spectrum in a half plane, highest first, from which a fit starts; the highest is repeated if there are fewer
SCALES = (0.08, 0.3)  # sx = sy of the starts, as a fraction of sqrt(h w)

MONOMIALS = [(total - power, power) for total in range(5) for power in range(total + 1)]  # x^i y^j up to degree four

ATOMS = [(wave, i, j) for wave in (0, 1) for i, j in MONOMIALS[:6]]  # {E cos, E sin} x {monomials up to degree two}
# Positions of the moments of their products among the 3 x 15 moments, (12, 12).
PRODUCTS = np.array([[(p + q) * len(MONOMIALS) + MONOMIALS.index((i + k, j + m)) for q, k, m in ATOMS] for p, i, j in ATOMS])


@dataclass(frozen=True)
class GaborBank(Fits):
    """Gabor functions ``amplitude exp(-u^2 / 2 sx^2 - v^2 / 2 sy^2) cos(2 pi f u + phase)`` in canonical form: arrays (n,).

    ``u = (x - x0) cos t + (y - y0) sin t`` runs across the bars, ``v = -(x - x0) sin t + (y - y0) cos t`` along them. For a filter that
    cannot be fitted, all fitted values are NaN, and ``valid`` and the other flags are False. Lengths are in pixels unless rescaled.
    """

    LENGTHS = ("x0", "y0", "sigma_along_carrier", "sigma_along_bar")

    x0: np.ndarray  # centre of the envelope, px to the right of the middle of the filter
    y0: np.ndarray  # the same, px upwards
    carrier: np.ndarray  # t in [0, pi), radians
    orientation: np.ndarray  # theta = (t + pi/2) mod pi, the direction of the bars
    frequency: np.ndarray  # f, cycles per pixel
    sigma_along_carrier: np.ndarray  # sx, px
    sigma_along_bar: np.ndarray  # sy, px
    amplitude: np.ndarray  # > 0, in units of the weights
    phase: np.ndarray  # (-pi, pi], at the centre of the envelope
    r2: np.ndarray  # 1 - SSR / sum of squares about the mean; below 0 where a constant would fit better
    n_x: np.ndarray  # sx f, width of the envelope in cycles (Ringach 2002)
    n_y: np.ndarray  # sy f, length of the envelope in cycles
    spectral_orientation: np.ndarray  # radians in [0, pi), from the power spectrum, without a fit
    at_bound: np.ndarray  # bool: a fitted parameter ended at its bound
    blob: np.ndarray  # bool: the frequency ended at its lower bound
    degenerate: np.ndarray  # bool: n_x < .25
    disagrees: np.ndarray  # bool: fitted and spectral orientation differ by more than 5 degrees
    valid: np.ndarray  # bool: neither NaN, nor infinite, nor constant
    energy_kept: np.ndarray  # share of the energy retained by the main colour component; 1 for a filter without colour
    scale: np.ndarray  # units per pixel

    def beyond(self, level: float) -> np.ndarray:
        """Which filters are oriented, bool (n,): R^2 exceeds ``level``, that of chance, and no fitted parameter is at a bound."""
        return (self.r2 > level) & ~self.at_bound

    def render(self, size: int | tuple[int, int]) -> np.ndarray:
        """Evaluate the Gabors on a pixel lattice of side ``size``, or (h, w): (n, h, w), or (h, w) for a single Gabor."""
        x, y = self.grid(size)
        names = ("x0", "y0", "carrier", "frequency", "sigma_along_carrier", "sigma_along_bar", "amplitude", "phase")
        x0, y0, t, f, sx, sy, amplitude, phase = (np.asarray(getattr(self, name))[..., None, None] for name in names)
        u = (x - x0) * np.cos(t) + (y - y0) * np.sin(t)
        v = -(x - x0) * np.sin(t) + (y - y0) * np.cos(t)
        return amplitude * np.exp(-(u**2) / (2 * sx**2) - v**2 / (2 * sy**2)) * np.cos(2 * np.pi * f * u + phase)


def zone_edge(t: ArrayLike) -> np.ndarray:
    """Highest frequency in the direction t, cycles per pixel: the edge of the square ``|fx|, |fy| <= 1/2``, 1/sqrt(2) at 45 degrees.

    On a lattice, frequencies are defined modulo whole cycles per pixel in fx and in fy. The square is one period (the first Brillouin
    zone). A wave outside it has the same samples as one inside, but that one has another direction, which the envelope would not share.
    """
    return 0.5 / np.maximum(np.abs(np.cos(t)), np.abs(np.sin(t)))


class GaborModel(Model):
    """``A E cos(2 pi f u) + B E sin(2 pi f u)``, with E the envelope; parameters (x0, y0, t, s, log sx, log sy).

    ``s`` in [0, 1] is the relative position of f between 1/(4 size) and :func:`zone_edge` of t, which makes the bounds a box. ``size``
    may be (h, w): the bounds on the widths and on f are then those for the longer side.
    """

    def __init__(self, size: int | tuple[int, int]) -> None:
        rows, columns = sides(size)
        x, y = pixel_grid((rows, columns))
        self.x, self.y = x[0], y[:, 0]
        self.monomials = np.stack([x.ravel() ** i * y.ravel() ** j for i, j in MONOMIALS], axis=1)
        longest = max(rows, columns)
        self.lowest = 1 / (4 * longest)
        self.lower = np.array([-columns / 2, -rows / 2, -np.inf, 0, np.log(0.5), np.log(0.5)])
        self.upper = np.array([columns / 2, rows / 2, np.inf, 1, np.log(longest), np.log(longest)])

    def from_frequency(self, starts: ArrayLike) -> np.ndarray:
        """Model parameters (..., 6) from (x0, y0, t, f, log sx, log sy)."""
        parameters = np.array(starts, dtype=float)
        parameters[..., 3] = (parameters[..., 3] - self.lowest) / (zone_edge(parameters[..., 2]) - self.lowest)
        return parameters

    def frequency(self, t: ArrayLike, share: np.ndarray | float) -> np.ndarray:
        """Frequency f in cycles per pixel."""
        return self.lowest + share * (zone_edge(t) - self.lowest)

    def basis(self, parameters: np.ndarray) -> np.ndarray:
        x0, y0, t, share, log_sx, log_sy = parameters.T[:, :, None]
        px, py = np.exp(-2 * log_sx), np.exp(-2 * log_sy)
        dx, dy, cos, sin, f = self.x - x0, self.y - y0, np.cos(t), np.sin(t), self.frequency(t, share)
        # The wave separates into factors of x and of y, and so does the envelope except for its mixed term.
        envelope = np.multiply(((py - px) * cos * sin * dy)[:, :, None], dx[:, None])
        envelope += (-0.5 * (px * sin**2 + py * cos**2) * dy**2)[:, :, None]
        envelope += (-0.5 * (px * cos**2 + py * sin**2) * dx**2)[:, None]
        np.exp(envelope, out=envelope)
        up, right = 2 * np.pi * f * sin * dy, 2 * np.pi * f * cos * dx
        up_cos, up_sin = envelope * np.cos(up)[:, :, None], np.multiply(envelope, np.sin(up)[:, :, None], out=envelope)
        right_cos, right_sin = np.cos(right)[:, None], np.sin(right)[:, None]
        basis = np.empty((len(parameters), 2, *envelope.shape[1:]))
        np.multiply(up_cos, right_cos, out=basis[:, 0])
        basis[:, 0] -= up_sin * right_sin
        np.multiply(up_sin, right_cos, out=basis[:, 1])
        basis[:, 1] += up_cos * right_sin
        return basis.reshape(len(parameters), 2, -1)

    def normal_equations(self, parameters: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """As in :class:`paper_code.filters.fitting.Model`, but without forming the slopes, which are E cos and E sin times polynomials.

        Products of two slopes, summed over the pixels, are therefore moments of the three products of E cos and E sin; one multiplication
        by a matrix of monomials gives these moments for all problems.
        """
        count = len(parameters)
        coefficients, residual, basis, gram = self.residuals(parameters, values)
        even, odd = basis.swapaxes(0, 1)
        products = np.empty((count, 3, even.shape[1]))
        np.multiply(even, even, out=products[:, 0])
        np.multiply(even, odd, out=products[:, 1])
        np.multiply(odd, odd, out=products[:, 2])
        moments = (products.reshape(3 * count, -1) @ self.monomials).reshape(count, -1)
        products = np.take(moments, PRODUCTS, axis=1)  # of {E cos, E sin} x {1, x, y, x^2, x y, y^2}: (b, 12, 12)
        pull = ((basis * residual[:, None]).reshape(2 * count, -1) @ self.monomials[:, :6]).reshape(count, 12, 1)
        slope = self._slope(parameters, coefficients)
        along = products[:, ::6] @ slope.swapaxes(1, 2)
        curvature = slope @ products @ slope.swapaxes(1, 2) - along.swapaxes(1, 2) @ np.linalg.solve(gram, along)
        return (residual**2).sum(axis=1), coefficients, curvature, -(slope @ pull)[:, :, 0]

    def _slope(self, parameters: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """Coefficients of the slopes on {E cos, E sin} x {1, x, y, x^2, x y, y^2}: (b, 6, 12)."""
        x0, y0, t, share, log_sx, log_sy = parameters.T
        cos, sin, zero = np.cos(t), np.sin(t), np.zeros(len(t))
        px, py, f = np.exp(-2 * log_sx), np.exp(-2 * log_sy), self.frequency(t, share)
        u0, v0 = cos * x0 + sin * y0, cos * y0 - sin * x0
        u, v = np.stack([-u0, cos, sin, zero, zero, zero]), np.stack([-v0, -sin, cos, zero, zero, zero])
        uu = np.stack([u0 * u0, -2 * u0 * cos, -2 * u0 * sin, cos * cos, 2 * cos * sin, sin * sin])
        uv = np.stack([u0 * v0, u0 * sin - v0 * cos, -u0 * cos - v0 * sin, -cos * sin, cos * cos - sin * sin, cos * sin])
        vv = np.stack([v0 * v0, 2 * v0 * sin, -2 * v0 * cos, sin * sin, -2 * cos * sin, cos * cos])
        edge = zone_edge(t)
        edge_by_t = 2 * edge**2 * np.where(np.abs(cos) > np.abs(sin), sin * np.sign(cos), -cos * np.sign(sin))
        value, quadrature = np.zeros((2, 6, 6, len(t)))  # indexed by parameter and monomial
        value[0], value[1] = cos * px * u - sin * py * v, sin * px * u + cos * py * v
        value[2], value[4], value[5] = (py - px) * uv, px * uu, py * vv
        quadrature[0, 0], quadrature[1, 0] = -f * cos, -f * sin
        quadrature[2], quadrature[3] = f * v + share * edge_by_t * u, (edge - self.lowest) * u
        a, b = coefficients.T
        slope = np.concatenate([a * value + 2 * np.pi * b * quadrature, b * value - 2 * np.pi * a * quadrature], axis=1)
        return slope.transpose(2, 0, 1)


def starting_points(filters: np.ndarray) -> np.ndarray:
    """Starts (x0, y0, t, f, log sx, log sy) for fits to filters (n, h, w): array (n, PEAKS * len(SCALES) + 1, 6).

    The starts are the highest peaks of the modulus of the spectrum, each at several widths, and the highest peak at the centroid. The
    centre is where the filter, demodulated at the peak and blurred by that width, is strongest. In the last start it is the centroid of
    the squared filter, and the width is its spread (the square of a Gaussian spreads by ``sigma / sqrt(2)`` along each axis).
    """
    filters, _ = unit_scale(filters)
    return np.concatenate([_starts(filters[block]) for block in blocks(len(filters), int(np.prod(fine(filters.shape[1:]))))])


def _starts(filters: np.ndarray) -> np.ndarray:
    count, *shape = filters.shape
    fx, fy = frequency_grid(fine(shape))
    # Only f at or above its lower bound: a blob, whose spectrum peaks at zero, then starts from its widest direction.
    spectrum = modulus(filters) * (np.hypot(fx, fy) >= 1 / (4 * max(shape)))
    highest = maximum_filter(spectrum, size=(1, 3, 3), mode="wrap")
    half_plane = (fy > 0) | ((fy == 0) & (fx > 0))  # f and -f are the same peak
    score = np.where((spectrum == highest) & half_plane, spectrum, 0).reshape(count, -1)
    order = np.argsort(-score, axis=1, kind="stable")[:, :PEAKS]
    order = np.where(np.take_along_axis(score, order, axis=1) > 0, order, order[:, :1])
    fx, fy = fx.ravel()[order], fy.ravel()[order]

    x, y = pixel_grid(shape)
    waves = np.exp(-2j * np.pi * (fx[..., None, None] * x + fy[..., None, None] * y))
    demodulated = filters[:, None] * waves
    starts = np.empty((count, PEAKS, len(SCALES), 6))
    starts[..., 2] = np.arctan2(fy, fx)[..., None]
    starts[..., 3] = np.hypot(fx, fy)[..., None]
    for k, scale in enumerate(SCALES):
        width = max(scale * np.sqrt(shape[0] * shape[1]), 0.7)
        down, right = (np.exp(-((ticks[:, None] - ticks) ** 2) / (2 * width**2)) for ticks in (y[:, 0], x[0]))
        strength = np.abs(down @ demodulated @ right).reshape(count, PEAKS, -1).argmax(axis=-1)
        starts[:, :, k, 0], starts[:, :, k, 1] = x.ravel()[strength], y.ravel()[strength]
        starts[:, :, k, 4:] = np.log(width)
    energy = filters**2 / (filters**2).sum(axis=(1, 2), keepdims=True)
    x0, y0 = (energy * x).sum(axis=(1, 2)), (energy * y).sum(axis=(1, 2))
    spread = np.sqrt((energy * (x**2 + y**2)).sum(axis=(1, 2)) - x0**2 - y0**2)
    log_width = np.log(np.maximum(spread, 0.7))
    centroid = np.stack([x0, y0, *starts[:, 0, 0, 2:4].T, log_width, log_width], axis=1)
    return np.concatenate([starts.reshape(count, -1, 6), centroid[:, None]], axis=1)


def fit_gabor(filters: ArrayLike) -> GaborBank:
    """Least-squares Gabor fit to every filter, of the lowest SSR over the ``starting_points``: a :class:`GaborBank`.

    The filters may be the learned Psi1, or the receptive fields Psi1 * Psi0. Bounds: f from 1/(4 size) to ``zone_edge`` (.5 to .707 cycles
    per pixel); sx and sy in [1/2, size] px, where size is the longer side; the centre inside the filter.

    The Gabor has no constant term, yet R^2 is taken about the filter's mean. This is the stricter choice (the sum of squares about zero is
    larger and would credit any even Gabor with the mean weight), and is comparable with the R^2 of the LoG and of the radial indices.
    PaperCodeError as for :func:`paper_code.filters.fitting.read_bank`.

    Parameters
    ----------
    filters : array (n, h, w), (n, 1, h, w) or (n, 3, h, w)
        NumPy or PyTorch array. Colours are projected onto each filter's main component, see :func:`paper_code.filters.fitting.read_bank`.
        A filter that contains NaN or is constant is not ``valid``, and does not affect the others.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.core.geometry import pixel_grid
    >>> from paper_code.filters import fit_gabor
    >>> x, y = pixel_grid(9)
    >>> cell = np.exp(-(x**2 + y**2) / 8) * np.cos(2 * np.pi * 0.2 * x)  # upright bars
    >>> fit = fit_gabor(cell[None])[0]
    >>> print(f"{np.rad2deg(fit.orientation):.0f} degrees, period {1 / fit.frequency:.1f} px")
    90 degrees, period 5.0 px
    """
    bank = read_bank(filters)
    filters = bank.sound
    values, norm, about_mean = unit_energy(filters)
    model = GaborModel(filters.shape[1:])
    solution = best_start(model, values, model.from_frequency(starting_points(filters)))
    x0, y0, t, share, log_sx, log_sy = solution.parameters.T
    f = model.frequency(t, share)
    a, b = solution.coefficients.T
    carrier, phase = canonical(t, np.arctan2(-b, a))
    orientation = np.mod(carrier + np.pi / 2, np.pi)
    spectral = spectral_orientation(filters)
    sx, sy = np.exp(log_sx), np.exp(log_sy)
    return bank.fits(
        GaborBank,
        x0=x0,
        y0=y0,
        carrier=carrier,
        orientation=orientation,
        frequency=f,
        sigma_along_carrier=sx,
        sigma_along_bar=sy,
        amplitude=np.hypot(a, b) * norm,
        phase=phase,
        r2=1 - solution.ssr / about_mean,
        n_x=sx * f,
        n_y=sy * f,
        spectral_orientation=spectral,
        at_bound=solution.at_bound.any(axis=1),
        blob=solution.at_bound[:, 3] & (share < 0.5),
        degenerate=sx * f < DEGENERATE_BELOW,
        disagrees=orientation_difference(orientation, spectral) > DISAGREES_ABOVE,
    )


def canonical(t: np.ndarray, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same wave with t in [0, pi) and phase in (-pi, pi]: adding pi to t reverses the sign of u, and so that of the phase."""
    folded = np.mod(t, np.pi)
    folded = np.where(folded >= np.pi, 0.0, folded)  # np.mod of a tiny negative angle rounds to pi itself
    half_turns = np.rint((t - folded) / np.pi).astype(int)
    phase = np.where(half_turns % 2 == 1, -phase, phase)
    return folded, -np.mod(np.pi - phase, 2 * np.pi) + np.pi
