"""The measures of the control table, written a second time from the chapters' words: numpy and scipy alone, nothing of paper_code.

Where the package separates the linear parameters of a fit, starts from peaks of a spectrum and sums pair by pair, this file fits all
parameters with MINPACK from a grid of starts, and the terms of K to every offset of every pair at once. Conventions as in the package:
x right, y up, pixels, radians; K[i, j, row, column] joins source j, at that offset from the middle, to target i.
"""

import json
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import least_squares
from scipy.signal import convolve2d

WEIGHTS = Path(__file__).resolve().parents[1] / "data" / "weights"
PROFILES = (0.5, 0.7, 1.0, 1.4, 2.0)  # px, of the Gaussians of I_rad


def load(name):
    """Tensors of ``<condition>/seed-<n>`` in double precision, and the stride of l1."""
    from safetensors.numpy import load_file  # here, as the tests of the core do without

    entry = json.loads((WEIGHTS / "manifest.json").read_text())["networks"][name]
    tensors = load_file(WEIGHTS / entry["files"]["early"]["path"])
    return {key: tensor.astype(float) for key, tensor in tensors.items()}, entry["condition"]["network"]["stride"]


def grid(size):
    """x and y of the pixels of a square, or of a lattice (rows, columns), from its middle."""
    rows, columns = (size, size) if isinstance(size, int) else size
    right, down = (np.arange(side) - (side - 1) / 2 for side in (columns, rows))
    return np.tile(right, (rows, 1)), np.tile(-down[:, None], (1, columns))


def gabors(truth, shape):
    """Gabors (n, rows, columns) of known parameters, each (n,), in the order x0, y0, carrier, frequency, two widths, amplitude, phase."""
    x0, y0, t, f, sx, sy, amplitude, phase = (value[:, None, None] for value in truth.values())
    x, y = grid(shape)
    u, v = (x - x0) * np.cos(t) + (y - y0) * np.sin(t), -(x - x0) * np.sin(t) + (y - y0) * np.cos(t)
    return amplitude * np.exp(-(u**2) / (2 * sx**2) - v**2 / (2 * sy**2)) * np.cos(2 * np.pi * f * u + phase)


def explained(values, model):
    """R^2 about the mean."""
    return 1 - np.sum((values - model) ** 2) / np.sum((values - values.mean()) ** 2)


def projected(values, columns):
    """Coefficients of the best combination of columns (p, c), and its R^2."""
    coefficients = np.linalg.lstsq(columns, values.ravel(), rcond=None)[0]
    return coefficients, explained(values.ravel(), columns @ coefficients)


def laplacian_of_gaussian(l0):
    """(x0, y0, sigma, A, B) of the best A (1 - q) exp(-q) + B, q = r^2 / 2 sigma^2, and its R^2."""
    x, y = (one.ravel() for one in grid(len(l0)))

    def shape(p):
        q = ((x - p[0]) ** 2 + (y - p[1]) ** 2) / (2 * p[2] ** 2)
        return (1 - q) * np.exp(-q)

    found = []
    for x0, y0, sigma in np.stack(np.meshgrid([-2, 0, 2], [-2, 0, 2], [0.8, 1.4, 2.4], indexing="ij"), -1).reshape(-1, 3):
        linear, _ = projected(l0, np.stack([shape((x0, y0, sigma)), np.ones_like(x)], 1))
        fit = least_squares(lambda p: p[3] * shape(p) + p[4] - l0.ravel(), [x0, y0, sigma, *linear], method="lm", xtol=1e-12, ftol=1e-12)
        found.append((explained(l0.ravel(), fit.fun + l0.ravel()), fit.x))
    inside = [one for one in found if np.abs(one[1][:2]).max() <= (len(l0) - 1) / 2]  # a centre beyond the filter is none
    r2, best = max(inside, key=lambda one: one[0])
    return np.r_[best[:2], abs(best[2]), best[3:]], r2


def radial_index(l0, x0, y0):
    """R^2 of the best sum of Gaussians about a centre and a constant."""
    x, y = (one.ravel() for one in grid(len(l0)))
    squared = (x - x0) ** 2 + (y - y0) ** 2
    return projected(l0, np.stack([*(np.exp(-squared / (2 * s**2)) for s in PROFILES), np.ones_like(x)], 1))[1]


def gabor(p, x, y):
    """Value and Jacobian of exp(-u^2/2sx^2 - v^2/2sy^2) (A cos 2 pi f u + B sin 2 pi f u); p = x0, y0, t, f, log sx, log sy, A, B."""
    x0, y0, t, f, log_x, log_y, a, b = p
    cos, sin, (sx2, sy2) = np.cos(t), np.sin(t), np.exp(2 * np.clip([log_x, log_y], -4, 8))
    u, v = (x - x0) * cos + (y - y0) * sin, -(x - x0) * sin + (y - y0) * cos
    envelope, angle = np.exp(-(u**2) / (2 * sx2) - v**2 / (2 * sy2)), 2 * np.pi * f * u
    even, odd = envelope * np.cos(angle), envelope * np.sin(angle)
    value, across = a * even + b * odd, b * even - a * odd
    by_u, by_v = -value * u / sx2 + 2 * np.pi * f * across, -value * v / sy2
    slopes = [-by_u * cos + by_v * sin, -by_u * sin - by_v * cos, by_u * v - by_v * u]
    return value, np.stack([*slopes, 2 * np.pi * u * across, value * u**2 / sx2, value * v**2 / sy2, even, odd], 1)


def gabor_starts(values, x, y, size, tries):
    """The Gabors of a coarse grid that explain most, no two alike."""
    power = values**2 / np.sum(values**2)
    x0, y0 = np.sum(power * x), np.sum(power * y)
    found = []
    for t in np.pi * np.arange(8) / 8:
        for f in (0.06, 0.12, 0.18, 0.26):
            for s in (0.15 * size, 0.28 * size):
                p = [x0, y0, t, f, np.log(s), np.log(s)]
                linear, r2 = projected(values, gabor([*p, 1, 0], x, y)[1][:, 6:])
                found.append((r2, [*p, *linear]))
    return [p for _, p in sorted(found, key=lambda one: -one[0])[:tries]]


def fit_gabor(filters, tries=5):
    """Best Gabor of every filter: parameters (n, 8) with f > 0 and t in [0, pi), R^2 (n,), and whether it lies at a bound."""
    size = filters.shape[-1]
    x, y = (one.ravel() for one in grid(size))
    half, widths = size / 2, (np.log(0.5), np.log(size))
    low = np.array([-half, -half, -np.inf, 1 / (4 * size), widths[0], widths[0], -np.inf, -np.inf])
    high = np.array([half, half, np.inf, 0.5, widths[1], widths[1], np.inf, np.inf])
    parameters, reached, at_bound = [], [], []
    for one in filters:
        values = one.ravel() / np.linalg.norm(one)
        task = {"fun": lambda p, v=values: gabor(p, x, y)[0] - v, "jac": lambda p: gabor(p, x, y)[1], "max_nfev": 150}
        starts = gabor_starts(values, x, y, size, tries)
        fits = [(fit := least_squares(x0=start, method="lm", **task), explained(values, values + fit.fun)) for start in starts]
        found = [(r2, fit.x) for fit, r2 in fits if ((fit.x >= low) & (fit.x <= high)).all()]
        for (_, r2), start in zip(fits, starts, strict=True):
            if r2 > max([best for best, _ in found], default=-np.inf):  # it left the bounds: once more, held inside
                fit = least_squares(x0=np.clip(start, low + 1e-3, high - 1e-3), bounds=(low, high), **task)
                found.append((explained(values, values + fit.fun), fit.x))
        best, p = max(found, key=lambda pair: pair[0])
        at_bound.append(((p - low < 1e-3) | (high - p < 1e-3)).any())
        turned = np.floor(p[2] / np.pi) % 2 == 1  # half a turn reverses u, and with it the odd part
        parameters.append([p[0], p[1], p[2] % np.pi, *p[3:7], -p[7] if turned else p[7]])
        reached.append(best)
    return np.array(parameters), np.array(reached), np.array(at_bound)


def smooth_noise(size, count, seed):
    """White noise blurred by a Gaussian of 1 px, mirrored at the border."""
    white = np.random.default_rng(seed).standard_normal((count, size, size))
    return np.array([gaussian_filter(one, 1.0, mode="reflect") for one in white])


def receptive_fields(l1, l0):
    """What each cell sees: two cross-correlations in a row are one with the full convolution of their kernels."""
    return np.array([convolve2d(one, l0) for one in l1])


def rf_kernel(fields, size, stride):
    """<F_i, F_j shifted by stride d> at the size x size offsets, fields of unit norm: (n, n, size, size)."""
    fields = fields / np.linalg.norm(fields, axis=(1, 2), keepdims=True)
    side, kernel = fields.shape[-1], np.zeros((len(fields), len(fields), size, size))
    for row in range(size):
        for column in range(size):
            down, right = stride * (row - size // 2), stride * (column - size // 2)
            if max(abs(down), abs(right)) >= side:
                continue
            of_i = fields[:, max(down, 0) : side + min(down, 0), max(right, 0) : side + min(right, 0)]
            of_j = fields[:, max(-down, 0) : side + min(-down, 0), max(-right, 0) : side + min(-right, 0)]
            kernel[:, :, row, column] = np.einsum("irc,jrc->ij", of_i, of_j, optimize=True)
    return kernel


def between(kernel):
    """Kernels of all ordered pairs of different cells: (p, offsets), target first."""
    return kernel[~np.eye(len(kernel), dtype=bool)].reshape(-1, kernel.shape[-1] ** 2)


def in_deviations(kernel):
    """The same less their mean, in standard deviations."""
    pairs = between(kernel)
    return (pairs - pairs.mean()) / pairs.std()


def pairs_of(cells, size, stride):
    """Geometry of all ordered pairs of Gabor cells (n, 8): turn (p,), and at each offset place in the target's frame, |D|^2 and cos Phi.

    A dict of arrays (p, offsets) but for ``turn``, the source's orientation less the target's in [-pi/2, pi/2).
    """
    x0, y0, t, f = cells[:, :4].T
    phase = np.arctan2(-cells[:, 7], cells[:, 6])
    i, j = np.nonzero(~np.eye(len(cells), dtype=bool))
    turn = (t[j] - t[i] + np.pi / 2) % np.pi - np.pi / 2
    flipped = np.cos(t[j] - t[i]) < 0  # the source's carrier is more than 90 degrees away: the opposite one, with the opposite phase
    source_phase = np.where(flipped, -phase[j], phase[j])
    x, y = (stride * one.ravel() for one in grid(size))
    dx, dy = x + (x0[j] - x0[i])[:, None], y + (y0[j] - y0[i])[:, None]
    mean = (t[i] + turn / 2)[:, None]
    wave = 2 * np.pi * np.sqrt(f[i] * f[j])[:, None] * (dx * np.cos(mean) + dy * np.sin(mean))
    bar = (t[i] + np.pi / 2)[:, None]
    return {
        "turn": turn,
        "along": dx * np.cos(bar) + dy * np.sin(bar),
        "across": -dx * np.sin(bar) + dy * np.cos(bar),
        "squared": dx**2 + dy**2,
        "cosine": np.cos((source_phase - phase[i])[:, None] - wave),
    }


def terms(kernel, pairs, low, high):
    """The five terms of a kernel in deviations (p, offsets) at low <= r < high px, fitted together with an intercept, as a dict."""
    theta, psi, radius = pairs["turn"][:, None], np.arctan2(pairs["across"], pairs["along"]), np.sqrt(pairs["squared"])
    angles = {
        "round": 0 * psi,
        "like": 2 * theta + 0 * psi,
        "target": 2 * psi,
        "source": 2 * (psi - theta),
        "cocircular": 4 * psi - 2 * theta,
    }
    ring = (radius >= low) & (radius < high)
    columns = [np.ones(ring.sum()), *((pairs["cosine"] * np.cos(angle))[ring] for angle in angles.values())]
    return dict(zip(angles, projected(kernel[ring], np.stack(columns, 1))[0][1:], strict=True))
