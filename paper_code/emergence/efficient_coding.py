"""Efficient coding: the spectrum of images, the filter that it calls for, and the width of l0's centre as a function of receptor noise.

After Field (1987) and Atick and Redlich (1992).
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from paper_code import weights
from paper_code.core.table import END
from paper_code.core.text import as_large
from paper_code.emergence.controls import BASE

# Networks that differ in blur and noise alone.
FRONT_ENDS = (BASE, *(f"control-{name}" for name in ("no-front-end", "noise-high", "noise-higher", "noise-low")))
DRAWS = 9999  # shuffles of the noise
MIDDLE = 0.25  # largest offset of the fitted centre, in sides of l0: near the border, little more than a smooth slope is visible


@dataclass(frozen=True)
class RadialPower:
    """Power of images against frequency, averaged over directions."""

    frequency: np.ndarray  # (k,), cycles per pixel, from one cycle per image to the Nyquist frequency
    power: np.ndarray  # (k,), per pixel: white noise of variance v has power v at every frequency

    @property
    def slope(self):
        """Exponent of the best-fitting power law in log-log coordinates; about -2 for natural images."""
        return float(np.polyfit(np.log(self.frequency), np.log(self.power), 1)[0])


def radial_power(images):
    """Radial power spectrum of images (n, s, s), with their common mean removed, under a Hann window that suppresses the border."""
    images = np.asarray(images, float)
    side = images.shape[-1]
    ramp = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    window = np.outer(ramp, ramp)
    spectrum = np.abs(np.fft.fft2((images - images.mean()) * window)) ** 2 / (window**2).sum()
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    ring = np.rint(frequency * side).astype(int)
    rings = np.arange(1, side // 2 + 1)
    mean = spectrum.mean(0)
    return RadialPower(rings / side, np.array([mean[ring == index].mean() for index in rings]))


def blur_gain(frequency, sd):
    """Factor by which a Gaussian blur of ``sd`` pixels reduces the amplitude at ``frequency`` cycles per pixel."""
    return np.exp(-2 * (np.pi * sd * np.asarray(frequency)) ** 2)


def efficient_gain(signal, noise):
    """Amplitude gain of the filter that whitens what can be known of the signal, up to a factor, from the powers at each frequency.

    Atick and Redlich (1992): a Wiener filter S / (S + N), which discards what the noise has drowned, then division by the amplitude
    sqrt(S + N) of the input, which equalises the power of the output across frequencies.
    """
    signal, noise = np.asarray(signal, float), np.asarray(noise, float)
    return signal / (signal + noise) / np.sqrt(signal + noise)


@dataclass(frozen=True)
class NoiseRow:
    """l0 of one network and the noise with which it was trained."""

    noise: float  # sd of the receptor noise, in units of the sd of the images
    blur: float  # px
    sigma: float  # sigma of the fitted LoG, px
    seed: int
    is_log: bool  # whether the fit exceeds its null with its centre near the middle; otherwise sigma means little


def noise_rows(numbers):
    """A list of :class:`NoiseRow` for the networks of FRONT_ENDS."""
    listed, found = weights.manifest()["networks"], []
    for row in numbers.where(condition=FRONT_ENDS, step=END, measure="l0.sigma").rows:
        one = listed.get(f"{row.condition}/seed-{row.seed}")
        if one is None:
            continue
        network, place = one["condition"]["network"], {"condition": row.condition, "seed": row.seed, "step": END}
        r2, off = numbers.one(measure="l0.log_r2", **place), numbers.one(measure="l0.off_centre", **place).value
        is_log = r2.value > r2.null and off <= MIDDLE * network["l0_size"]
        found.append(NoiseRow(network["noise"], network["blur"], row.value, int(row.seed), bool(is_log)))
    return found


@dataclass(frozen=True)
class Trend:
    """How sigma varies with the noise, over n networks with optics and noise whose l0 is a LoG (``is_log``)."""

    networks: int
    levels: int  # levels of noise
    left_out: int  # networks with optics and noise whose l0 is not a LoG
    p: float  # one-sided, of Spearman's rank correlation within seeds, by shuffling the noise within seeds
    slope: float  # px per doubling of the noise, with a separate intercept for each seed
    low: float  # 95 % interval, Student's t
    high: float


def noise_trend(rows):
    """The trend of sigma with the noise: a :class:`Trend`, or None if there are fewer than three levels of noise or too few networks.

    Networks with the same seed start from the same weights at every level of noise, so the noise is shuffled within seeds. Networks
    without noise are left out, since the slope is per doubling.
    """
    there = [one for one in rows if one.blur > 0 and one.noise > 0]
    taken = [one for one in there if one.is_log]
    noise, sigma, seeds = (np.array([getattr(one, name) for one in taken]) for name in ("noise", "sigma", "seed"))
    member = seeds[:, None] == np.unique(seeds)
    if len(np.unique(noise)) < 3 or len(taken) < member.shape[1] + 2:
        return None
    noise_rank, sigma_rank = (_within(stats.rankdata(values), member) for values in (noise, sigma))
    generator = np.random.default_rng(0)
    shuffled = np.zeros((DRAWS, len(taken)))
    for group in member.T:
        shuffled[:, group] = generator.permuted(np.tile(noise_rank[group], (DRAWS, 1)), axis=1)
    value, null = noise_rank @ sigma_rank, shuffled @ sigma_rank
    doublings, width = _within(np.log2(noise), member), _within(sigma, member)
    free = len(taken) - member.shape[1] - 1
    slope = doublings @ width / (doublings @ doublings)
    error = np.sqrt(((width - slope * doublings) ** 2).sum() / free / (doublings @ doublings)) * special.stdtrit(free, 0.975)
    return Trend(
        len(taken),
        len(np.unique(noise)),
        len(there) - len(taken),
        float((1 + as_large(null, value).sum()) / (1 + DRAWS)),
        float(slope),
        float(slope - error),
        float(slope + error),
    )


def _within(values, member):
    """Values minus the mean of their group; ``member`` (n, groups) is True for the group of each value."""
    return values - member @ (values @ member / member.sum(0))


def efficient_sigma(power, noise, blur):
    """Sigma (n,), in px, of the LoG whose gain peaks at the frequency of highest gain in efficient coding (Atick and Redlich 1992).

    A LoG peaks at ``1 / (sqrt(2) pi sigma)`` cycles per pixel. The spectrum is the power law that best fits ``power`` (a RadialPower of
    standardised images). ``noise`` (n,) holds standard deviations greater than 0; ``blur`` is in px.
    """
    frequency = np.geomspace(power.frequency[0], 0.5, 400)
    slope, offset = np.polyfit(np.log(power.frequency), np.log(power.power), 1)
    signal = np.exp(offset + slope * np.log(frequency)) * blur_gain(frequency, blur) ** 2
    peaks = [frequency[efficient_gain(signal, one**2 * np.ones_like(signal)).argmax()] for one in np.atleast_1d(noise)]
    return 1 / (np.sqrt(2) * np.pi * np.array(peaks))
