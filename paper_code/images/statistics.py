"""Statistics of images, second-order and beyond, and the filter that the second order calls for (Field 1987; Atick and Redlich 1992)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RadialPower:
    """Power of images against frequency, averaged over directions."""

    frequency: np.ndarray  # (k,), cycles per pixel, from one cycle an image to the Nyquist frequency
    power: np.ndarray  # (k,), per pixel: white noise of variance v has the power v at every frequency

    @property
    def slope(self):
        """Exponent of the power law that fits best in log-log coordinates; about -2 for natural images."""
        return float(np.polyfit(np.log(self.frequency), np.log(self.power), 1)[0])


def radial_power(images):
    """Power spectrum of images (n, s, s), their common mean removed, under a Hann window that keeps the border out."""
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
    """Factor by which a Gaussian blur of ``sd`` pixels weakens the amplitude at ``frequency`` cycles per pixel."""
    return np.exp(-2 * (np.pi * sd * np.asarray(frequency)) ** 2)


def efficient_gain(signal, noise):
    """Amplitude gain of the filter that whitens what can be known of the signal, up to a factor.

    Atick and Redlich (1992): a Wiener filter S / (S + N), which leaves out what the noise has drowned, then a division by the
    amplitude sqrt(S + N) of the input, which makes the output's power equal over the frequencies.

    Parameters
    ----------
    signal, noise : arrays
        Power of the signal (behind the optics) and of the noise at each frequency.
    """
    signal, noise = np.asarray(signal, float), np.asarray(noise, float)
    return signal / (signal + noise) / np.sqrt(signal + noise)


def radial_gain(filters, frequency, directions=64):
    """Amplitude response of filters (n, a, a) at the given frequencies, averaged over directions: (n, k)."""
    filters = np.asarray(filters, float)
    places = np.arange(filters.shape[-1]) - filters.shape[-1] // 2
    angle = np.arange(directions) * np.pi / directions
    fx, fy = np.outer(np.cos(angle), frequency), np.outer(np.sin(angle), frequency)
    across = np.exp(-2j * np.pi * fx[..., None] * places)
    down = np.exp(2j * np.pi * fy[..., None] * places)
    return np.abs(np.einsum("nyx,dky,dkx->ndk", filters, down, across)).mean(1)
