"""Gabor functions fitted to a bank of filters (Ringach 2002), all filters and all starts at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import maximum_filter

from paper_code.core.errors import PaperCodeError, real_array
from paper_code.core.geometry import orientation_difference, pixel_grid, sides
from paper_code.filters.fitting import Fits, best_start, bic, blocks, read_bank, unit_energy, unit_scale
from paper_code.filters.spectrum import fine, frequency_grid, modulus, spectral_orientation

DEGENERATE_BELOW = 0.25  # n_x under which frequency and width along the carrier trade off: a blob, not a grating
DISAGREES_ABOVE = np.deg2rad(5)  # between the fitted and the spectral orientation


@dataclass(frozen=True)
class GaborBank(Fits):
    """Gabors ``amplitude exp(-u^2 / 2 sx^2 - v^2 / 2 sy^2) cos(2 pi f u + phase)``, arrays (n,), in canonical form.

    ``u = (x - x0) cos t + (y - y0) sin t`` runs across the bars, ``v = -(x - x0) sin t + (y - y0) cos t`` along them. Of a filter that
    cannot be fitted all numbers are NaN, and ``valid`` and the other marks are False. Lengths are in pixels unless a scale was given.
    """

    LENGTHS = ("x0", "y0", "sigma_along_carrier", "sigma_along_bar")

    x0: np.ndarray  # centre of the envelope, px right of the middle of the filter
    y0: np.ndarray  # px up
    carrier: np.ndarray  # t in [0, pi), radians
    orientation: np.ndarray  # theta = (t + pi/2) mod pi, the direction of the bars
    frequency: np.ndarray  # f, cycles per pixel
    sigma_along_carrier: np.ndarray  # sx, px
    sigma_along_bar: np.ndarray  # sy, px
    amplitude: np.ndarray  # > 0, in units of the weights
    phase: np.ndarray  # (-pi, pi], at the centre of the envelope
    r2: np.ndarray  # 1 - SSR / sum of squares about the mean; below 0 where a constant would fit better
    n_x: np.ndarray  # sx f, the number of bars (Ringach 2002)
    n_y: np.ndarray  # sy f, their length
    bic: np.ndarray  # of the unit-energy filter, 8 parameters
    spectral_orientation: np.ndarray  # radians in [0, pi), without any fit
    at_bound: np.ndarray  # bool: a fitted parameter stopped at its bound
    blob: np.ndarray  # bool: the frequency stopped at its lower bound
    degenerate: np.ndarray  # bool: n_x < .25
    disagrees: np.ndarray  # bool: fitted and spectral orientation differ by more than 5 degrees
    valid: np.ndarray  # bool: neither NaN, nor infinite, nor constant
    energy_kept: np.ndarray  # share of the energy that the main component of the colours keeps; 1 without colours
    scale: np.ndarray  # units per pixel

    def beyond(self, level: float) -> np.ndarray:
        """Which filters are oriented, bool (n,): their R^2 exceeds a level of chance, and no parameter of their fit is at a bound."""
        return (self.r2 > level) & ~self.at_bound

    def render(self, size: int | tuple[int, int]) -> np.ndarray:
        """The Gabors on a lattice of pixels, ``size`` or (h, w) of it: (n, h, w), or (h, w) for a single one."""
        x, y = self.grid(size)
        names = ("x0", "y0", "carrier", "frequency", "sigma_along_carrier", "sigma_along_bar", "amplitude", "phase")
        x0, y0, t, f, sx, sy, amplitude, phase = (np.asarray(getattr(self, name))[..., None, None] for name in names)
        u = (x - x0) * np.cos(t) + (y - y0) * np.sin(t)
        v = -(x - x0) * np.sin(t) + (y - y0) * np.cos(t)
        return amplitude * np.exp(-(u**2) / (2 * sx**2) - v**2 / (2 * sy**2)) * np.cos(2 * np.pi * f * u + phase)


def zone_edge(t: ArrayLike) -> np.ndarray:
    """Highest frequency in the direction t, cycles per pixel: the edge of the square ``|fx|, |fy| <= 1/2``, 1/sqrt(2) at 45 degrees.

    On a lattice frequencies are defined modulo whole cycles per pixel, in fx and in fy. The square is one period (the first Brillouin
    zone); a wave outside has the samples of one inside, but of another direction, which its envelope would not share.
    """
    return 0.5 / np.maximum(np.abs(np.cos(t)), np.abs(np.sin(t)))


class GaborModel:
    """``A E cos(2 pi f u) + B E sin(2 pi f u)``, E the envelope; parameters (x0, y0, t, s, log sx, log sy).

    ``s`` in [0, 1] is how far f lies on the way from 1/(4 size) to :func:`zone_edge` of t: so the bounds are a box. ``size`` may be
    (h, w): the bounds of the widths and of f are then those of the longer side.
    """

    def __init__(self, size: int | tuple[int, int]) -> None:
        rows, columns = sides(size)
        x, y = pixel_grid((rows, columns))
        self.x, self.y = x[0], y[:, 0]
        longest = max(rows, columns)
        self.lowest = 1 / (4 * longest)
        self.lower = np.array([-columns / 2, -rows / 2, -np.inf, 0, np.log(0.5), np.log(0.5)])
        self.upper = np.array([columns / 2, rows / 2, np.inf, 1, np.log(longest), np.log(longest)])

    def from_frequency(self, starts: ArrayLike) -> np.ndarray:
        """Parameters (..., 6) of (x0, y0, t, f, log sx, log sy)."""
        parameters = np.array(starts, dtype=float)
        parameters[..., 3] = (parameters[..., 3] - self.lowest) / (zone_edge(parameters[..., 2]) - self.lowest)
        return parameters

    def frequency(self, t: ArrayLike, share: np.ndarray | float) -> np.ndarray:
        """f in cycles per pixel."""
        return self.lowest + share * (zone_edge(t) - self.lowest)

    def _axes(self, parameters: np.ndarray) -> tuple[np.ndarray, ...]:
        x0, y0, t, share, log_sx, log_sy = parameters.T[:, :, None]
        precisions = np.exp(-2 * log_sx), np.exp(-2 * log_sy)
        return self.x - x0, self.y - y0, np.cos(t), np.sin(t), self.frequency(t, share), *precisions

    def basis(self, parameters: np.ndarray) -> np.ndarray:
        dx, dy, cos, sin, f, px, py = self._axes(parameters)
        # The wave is a product of a row and a column, and so is the envelope but for its mixed term.
        envelope = np.multiply(((py - px) * cos * sin * dy)[:, :, None], dx[:, None])
        envelope += (-0.5 * (px * sin**2 + py * cos**2) * dy**2)[:, :, None]
        envelope += (-0.5 * (px * cos**2 + py * sin**2) * dx**2)[:, None]
        np.exp(envelope, out=envelope)
        wave = np.exp(2j * np.pi * f * sin * dy)[:, :, None] * np.exp(2j * np.pi * f * cos * dx)[:, None]
        basis = np.empty((len(parameters), 2, *envelope.shape[1:]))
        np.multiply(envelope, wave.real, out=basis[:, 0])
        np.multiply(envelope, wave.imag, out=basis[:, 1])
        return basis.reshape(len(parameters), 2, -1)

    def slope(self, parameters: np.ndarray, basis: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        dx, dy, cos, sin, f, px, py = self._axes(parameters)
        u = ((sin * dy)[:, :, None] + (cos * dx)[:, None]).reshape(len(parameters), -1)
        v = ((cos * dy)[:, :, None] - (sin * dx)[:, None]).reshape(len(parameters), -1)
        share, edge = parameters[:, 3, None], zone_edge(parameters[:, 2, None])
        edge_by_t = 2 * edge**2 * np.where(np.abs(cos) > np.abs(sin), sin * np.sign(cos), -cos * np.sign(sin))
        even, odd = basis.swapaxes(0, 1)
        a, b = coefficients.T[:, :, None]
        value, quadrature = a * even + b * odd, 2 * np.pi * (b * even - a * odd)
        fall_u, fall_v, by_f = px * u * value, py * v * value, u * quadrature
        by_u = f * quadrature - fall_u
        slope = np.empty((len(parameters), 6, u.shape[1]))
        slope[:, 0] = -sin * fall_v - cos * by_u
        slope[:, 1] = cos * fall_v - sin * by_u
        slope[:, 2] = v * by_u + u * fall_v + share * edge_by_t * by_f
        slope[:, 3] = (edge - self.lowest) * by_f
        slope[:, 4] = u * fall_u
        slope[:, 5] = v * fall_v
        return slope


def starting_points(filters: np.ndarray, peaks: int = 4, scales: Sequence[float] = (0.08, 0.3)) -> np.ndarray:
    """Starts of the fit: the highest peaks of the spectrum, each at several widths, and the highest at the centroid.

    The centre is where the filter, demodulated by the peak and blurred to the width, is strongest; in the last start it is the
    centroid of the squared filter, and the width its spread (a Gaussian's square spreads by ``sigma / sqrt(2)`` along each axis).

    Parameters
    ----------
    filters : array (n, h, w)
    peaks : int
        Local maxima of the modulus of the spectrum in one half plane, highest first; a filter with fewer repeats its highest.
    scales : sequence of float
        ``sx = sy``, as a share of the size, ``sqrt(h w)``.

    Returns
    -------
    array (n, peaks * len(scales) + 1, 6)
        (x0, y0, t, f, log sx, log sy).
    """
    filters, _ = unit_scale(filters)
    pixels = int(np.prod(fine(filters.shape[1:])))
    return np.concatenate([_starts(filters[block], peaks, scales) for block in blocks(len(filters), pixels)])


def _starts(filters: np.ndarray, peaks: int, scales: Sequence[float]) -> np.ndarray:
    count, *shape = filters.shape
    fx, fy = frequency_grid(fine(shape))
    # From the lower bound of f on: a blob, whose spectrum peaks at zero, then starts from its widest direction.
    spectrum = modulus(filters) * (np.hypot(fx, fy) >= 1 / (4 * max(shape)))
    highest = maximum_filter(spectrum, size=(1, 3, 3), mode="wrap")
    half_plane = (fy > 0) | ((fy == 0) & (fx > 0))  # f and -f are one peak
    score = np.where((spectrum == highest) & half_plane, spectrum, 0).reshape(count, -1)
    order = np.argsort(-score, axis=1, kind="stable")[:, :peaks]
    order = np.where(np.take_along_axis(score, order, axis=1) > 0, order, order[:, :1])
    fx, fy = fx.ravel()[order], fy.ravel()[order]

    x, y = pixel_grid(shape)
    waves = np.exp(-2j * np.pi * (fx[..., None, None] * x + fy[..., None, None] * y))
    demodulated = filters[:, None] * waves
    starts = np.empty((count, peaks, len(scales), 6))
    starts[..., 2] = np.arctan2(fy, fx)[..., None]
    starts[..., 3] = np.hypot(fx, fy)[..., None]
    for k, scale in enumerate(scales):
        width = max(scale * np.sqrt(shape[0] * shape[1]), 0.7)
        down, right = (np.exp(-((ticks[:, None] - ticks) ** 2) / (2 * width**2)) for ticks in (y[:, 0], x[0]))
        strength = np.abs(down @ demodulated @ right).reshape(count, peaks, -1).argmax(axis=-1)
        starts[:, :, k, 0], starts[:, :, k, 1] = x.ravel()[strength], y.ravel()[strength]
        starts[:, :, k, 4:] = np.log(width)
    energy = filters**2 / (filters**2).sum(axis=(1, 2), keepdims=True)
    x0, y0 = (energy * x).sum(axis=(1, 2)), (energy * y).sum(axis=(1, 2))
    spread = np.sqrt((energy * (x**2 + y**2)).sum(axis=(1, 2)) - x0**2 - y0**2)
    log_width = np.log(np.maximum(spread, 0.7))
    centroid = np.stack([x0, y0, *starts[:, 0, 0, 2:4].T, log_width, log_width], axis=1)
    return np.concatenate([starts.reshape(count, -1, 6), centroid[:, None]], axis=1)


def fit_gabor(filters: ArrayLike, starts: ArrayLike | None = None, scale: float = 1.0) -> GaborBank:
    """Least-squares Gabor of every filter: the learned filters Psi1, or the receptive fields Psi1 * Psi0.

    Bounds: f from 1/(4 size) to ``zone_edge`` (.5 to .707 cycles per pixel), sx and sy in [1/2, size] px, size the longer side, the
    centre inside the filter.

    The Gabor has no constant, yet R^2 is taken about the filter's mean: it is the stricter of the two (the sum of squares about zero
    is larger, and would reward any even Gabor for the mean weight), and it compares with the R^2 of the LoG and of the radial indices.

    Parameters
    ----------
    filters : array (n, h, w), (n, 1, h, w) or (n, 3, h, w)
        Of NumPy or PyTorch. Colours are projected on each filter's main component, as :func:`paper_code.filters.fitting.read_bank` says;
        ``energy_kept`` is the share of the energy that it keeps.
    starts : array (n, k, 6), optional
        (x0, y0, t, f, log sx, log sy) in pixels; ``starting_points`` when absent. The lowest SSR over the starts is kept.
    scale : float
        Units per pixel: lengths in the result are in that unit, frequencies in cycles per unit.

    Returns
    -------
    GaborBank
        A filter that holds NaN, or is constant, is not ``valid``, and changes nothing for the others.

    Raises
    ------
    PaperCodeError
        As :func:`paper_code.filters.fitting.read_bank`, if the starts have another shape or are not finite, or the scale is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.core.geometry import pixel_grid
    >>> from paper_code.filters import fit_gabor
    >>> x, y = pixel_grid(9)
    >>> cell = np.exp(-(x**2 + y**2) / 8) * np.cos(2 * np.pi * 0.2 * x)  # upright bars
    >>> fits = fit_gabor(cell[None])
    >>> print(f"{np.rad2deg(fits.orientation[0]):.0f} degrees, {fits.frequency[0]:.2f} cycles per pixel, R2 {fits.r2[0]:.3f}")
    90 degrees, 0.20 cycles per pixel, R2 1.000
    """
    bank = read_bank(filters)
    if starts is not None:
        starts = real_array(starts, "starts")
        if starts.ndim != 3 or starts.shape[0] != len(bank.valid) or starts.shape[1] < 1 or starts.shape[2] != 6:
            raise PaperCodeError(f"expected starts of shape ({len(bank.valid)}, k, 6) with k >= 1, got {starts.shape}")
        if not np.isfinite(starts).all():
            raise PaperCodeError(f"starts of filter {np.argwhere(~np.isfinite(starts))[0, 0]} hold NaN or infinity")
        starts = starts[bank.valid]
    filters = bank.sound
    starts = starting_points(filters) if starts is None else starts
    values, norm, about_mean = unit_energy(filters)
    model = GaborModel(filters.shape[1:])
    solution = best_start(model, values, model.from_frequency(starts))
    x0, y0, t, share, log_sx, log_sy = solution.parameters.T
    f = model.frequency(t, share)
    a, b = solution.coefficients.T
    carrier, phase = canonical(t, np.arctan2(-b, a))
    orientation = np.mod(carrier + np.pi / 2, np.pi)
    spectral = spectral_orientation(filters)
    sx, sy = np.exp(log_sx), np.exp(log_sy)
    return bank.fits(
        GaborBank,
        scale,
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
        bic=bic(solution.ssr, values.shape[1], 8),
        spectral_orientation=spectral,
        at_bound=solution.at_bound.any(axis=1),
        blob=solution.at_bound[:, 3] & (share < 0.5),
        degenerate=sx * f < DEGENERATE_BELOW,
        disagrees=orientation_difference(orientation, spectral) > DISAGREES_ABOVE,
    )


def canonical(t: np.ndarray, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same wave with t in [0, pi) and the phase in (-pi, pi]: half a turn of t turns u, and with it the phase, around."""
    folded = np.mod(t, np.pi)
    folded = np.where(folded >= np.pi, 0.0, folded)  # np.mod of a tiny negative angle rounds to pi itself
    half_turns = np.rint((t - folded) / np.pi).astype(int)
    phase = np.where(half_turns % 2 == 1, -phase, phase)
    return folded, -np.mod(np.pi - phase, 2 * np.pi) + np.pi
