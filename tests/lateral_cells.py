"""Random cells and their receptive fields, drawn from the definition: what the tests of the lateral kernel are made of."""

import numpy as np

from paper_code.core.geometry import pixel_grid
from paper_code.lateral import Cells, standardise

SIGMA, FREQUENCY = 2.5, 0.12


def random_cells(count, seed, spread=2.0):
    """Cells at random, all of one frequency, centres within ``spread`` px."""
    rng = np.random.default_rng(seed)
    return Cells(
        x=rng.uniform(-spread, spread, count),
        y=rng.uniform(-spread, spread, count),
        carrier=rng.uniform(0, np.pi, count),
        frequency=np.full(count, FREQUENCY),
        phase=rng.uniform(-np.pi, np.pi, count),
    )


def drawn(cells, size, sigma=SIGMA):
    """Round Gabors of these cells on a lattice, from the definition."""
    x, y = pixel_grid(size)
    dx, dy = x - cells.x[:, None, None], y - cells.y[:, None, None]
    t, f, phase = (value[:, None, None] for value in (cells.carrier, cells.frequency, cells.phase))
    return np.exp(-(dx**2 + dy**2) / (2 * sigma**2)) * np.cos(2 * np.pi * f * (dx * np.cos(t) + dy * np.sin(t)) + phase)


def noise(count, size, seed, shared=0.3):
    """Noise such as K has: white, smooth over the offsets, and in part common to all pairs of a source; (count, count, size, size)."""
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((count, count, size, size))
    common = rng.standard_normal((1, count, size, size))
    frequency = np.fft.fftfreq(size)
    low = np.exp(-2 * (np.pi * 0.7) ** 2 * (frequency[:, None] ** 2 + frequency**2))
    smooth = np.fft.ifft2(np.fft.fft2(rng.standard_normal((count, count, size, size))) * low).real
    return standardise(white + smooth / smooth.std() * 0.5 + shared * common)
