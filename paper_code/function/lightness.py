"""Lightness illusions through the LGN filter: responses of l0, of its LoG and of random filters to equal luminances.

The lightness of a place is read from the filter's response there, times the sign of the filter's centre, so that a larger response
means lighter, and averaged over the patch in question, as in filter accounts of brightness (Blakeslee and McCourt 1999). For the
Cornsweet edge the response is also integrated: Retinex recovers lightness by solving a Poisson equation for second differences
from which small values have been removed (Horn 1974; Morel, Petro and Sbert 2010). All filters have unit norm.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.fft import dct, idct
from torch.nn import functional

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.statistics import correlation, estimated
from paper_code.filters import fit_log, null_filters
from paper_code.filters.measures import first_filters
from paper_code.function import stimuli
from paper_code.network.model import blurred, gaussian_kernel

CORNSWEET = ("Cornsweet edge", "Cornsweet, integrated")
NAMES = tuple(one.name for one in stimuli.illusions()) + CORNSWEET


def upright(filters, fits=None):
    """Filters (n, a, a) scaled to unit norm, with a positive centre according to the sign of their fitted LoG."""
    fits = fit_log(filters) if fits is None else fits
    return filters * (np.where(fits.amplitude < 0, -1, 1) / np.sqrt((filters**2).sum((1, 2))))[:, None, None]


def respond(filters, pictures, blur):
    """Responses (n, m, 64, 64) of filters (n, a, a) to pictures (m, 64, 64) after optical blur (``blur`` px), borders as in the network."""
    seen = torch.as_tensor(np.asarray(pictures, float))[:, None]
    if blur > 0:
        seen = blurred(seen, gaussian_kernel(blur).double())
    seen = functional.pad(seen, [filters.shape[-1] // 2] * 4, mode="reflect")
    return functional.conv2d(seen, torch.as_tensor(np.asarray(filters, float))[:, None]).transpose(0, 1).numpy()


def integrated(response, threshold):
    """Lightness u that solves u'' = -response along a row, after responses of at most ``threshold`` in magnitude are set to 0.

    No flux leaves through the ends; the mean of the response (..., p), for which there is no solution, is dropped; and u has mean 0.
    """
    kept = np.where(np.abs(response) > threshold, response, 0)
    spectrum = dct(kept, axis=-1)
    spectrum[..., 0] = 0
    squared = 2 - 2 * np.cos(np.pi * np.arange(kept.shape[-1]) / kept.shape[-1])
    squared[0] = 1
    return idct(spectrum / squared, axis=-1)


def likeness(one, other):
    """1 - |one - other|^2 / |other|^2 over the last axis."""
    return 1 - ((one - other) ** 2).sum(-1) / (other**2).sum(-1)


def indices(filters, blur, noise):
    """One index per illusion, positive in the perceived direction.

    - Simultaneous contrast, Hermann grid, Mach bands, White's effect: response at the places that look lighter minus that at the places
      that look darker (:class:`paper_code.function.stimuli.Illusion`), in standard deviations of the response over the picture.
    - Cornsweet edge: likeness of the response to this edge (a) and the response to a true step (b), minus the likeness of the two
      luminances. The likeness of a and b is 1 - |a - b|^2 / |b|^2.
    - Cornsweet, integrated: difference between the two sides of :func:`integrated`, more than 16 px from the edge, divided by that for
      the true step, minus the same ratio of the luminances. The threshold is the sd of the response to receptor noise.

    ``filters`` (n, a, a) are as returned by :func:`upright`; ``blur`` and ``noise`` are those of the network's front end. Returns an array
    (n, 6), in the order of NAMES.
    """
    shown = stimuli.illusions()
    edges = np.stack(stimuli.cornsweet())
    response = respond(filters, np.concatenate([np.stack([one.picture for one in shown]), edges]), blur)
    direct = np.einsum("nmyx,myx->nm", response[:, : len(shown)], np.stack([one.where for one in shown]))
    direct /= response[:, : len(shown)].std((2, 3))
    profile = response[:, len(shown) :, stimuli.NEAR].mean(2)  # (n, 2, 64)
    luminance = edges[:, stimuli.NEAR].mean(1)
    alike = likeness(profile[:, 0], profile[:, 1]) - likeness(luminance[0], luminance[1])
    steps = right_less_left(integrated(profile, noise))
    ratio = np.divide(steps[:, 0], steps[:, 1], out=np.zeros(len(steps)), where=steps[:, 1] != 0)
    plain = right_less_left(luminance)
    return np.column_stack([direct, alike, ratio - plain[0] / plain[1]])


def right_less_left(profile):
    """Mean to the right minus mean to the left of the middle, more than 16 px from it: (...)."""
    return profile[..., 48:].mean(-1) - profile[..., :16].mean(-1)


@dataclass(frozen=True)
class Lightness:
    """Illusion indices of s networks, in the order of NAMES."""

    filters: np.ndarray  # (s, a, a), l0, as returned by :func:`upright`
    fitted: np.ndarray  # (s, a, a), the LoG fitted to l0, on the same lattice
    l0: np.ndarray  # (s, 6), indices of l0
    log: np.ndarray  # (s, 6), of its LoG
    untrained: np.ndarray  # (s, 6), of l0 before training
    chance: np.ndarray  # (r, 6), of smooth random filters
    agreement: np.ndarray  # (s, m), share of the variance of l0's response to each of ``stimuli.illusions()`` explained by its LoG's
    blur: float  # of the optics, px

    @property
    def chance_interval(self):
        """Central 95 % interval of the random filters' indices: low and high, each (6,)."""
        return tuple(np.quantile(self.chance, (0.025, 0.975), axis=0))

    def estimates(self):
        """Mean index of l0 over networks, tested against 0, by illusion; with a single network there is no interval."""
        return {name: estimated(column) for name, column in zip(NAMES, self.l0.T, strict=True)}


def measure_lightness(condition, seeds, randoms):
    """:class:`Lightness` of the shipped networks of a condition; raises PaperCodeError if they have no linear l0."""
    config = weights.configuration(condition, seeds[0])
    if config.l0 != "linear":
        raise PaperCodeError(f"networks of the condition {condition} have no linear l0; choose another condition")
    start, l0 = first_filters(condition, seeds)
    fits = fit_log(l0)
    filters, fitted = upright(l0, fits), upright(fits.render(l0.shape[-1]), fits)
    pictures = np.stack([one.picture for one in stimuli.illusions()])
    agreement = correlation(*(respond(one, pictures, config.blur) for one in (filters, fitted))) ** 2
    chance = upright(null_filters(l0.shape[-1], "smooth", randoms, 0))
    found = (indices(one, config.blur, config.noise) for one in (filters, fitted, upright(start), chance))
    return Lightness(filters, fitted, *found, agreement, config.blur)
