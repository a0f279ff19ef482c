"""Statistics of images, second-order and beyond, and the filter that the second order calls for (Field 1987; Atick and Redlich 1992)."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class RadialPower:
    """Power of images against frequency, averaged over directions.

    Attributes
    ----------
    frequency : float array (k,)
        Cycles per pixel, from one cycle an image to the Nyquist frequency.
    power : float array (k,)
        Per pixel: white noise of variance v has the power v at every frequency.
    """

    frequency: np.ndarray
    power: np.ndarray

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


def filter_kurtosis(images, sd=1.5):
    """Excess kurtosis of the response of images (n, s, s) to a Laplacian of Gaussian, the mean over the images.

    It is 0 for a Gaussian signal, whatever its spectrum, and positive where large responses are rare: natural images are sparse
    (Field 1987). Each image is taken by itself, since a mixture of contrasts has a positive kurtosis too. Responses within 4 sd of
    the border are left out, and so are images without any variation.

    Parameters
    ----------
    images : array (n, s, s)
    sd : float
        Of the Gaussian, pixels.
    """
    margin = int(np.ceil(4 * sd))
    response = np.stack([ndimage.gaussian_laplace(np.asarray(image, float), sd) for image in images])[:, margin:-margin, margin:-margin]
    response = response - response.mean((1, 2), keepdims=True)
    variance = (response**2).mean((1, 2))
    varies = variance > 1e-12
    return float(((response[varies] ** 4).mean((1, 2)) / variance[varies] ** 2 - 3).mean())


@dataclass(frozen=True)
class EdgePairs:
    """How edges of one orientation go together, by the place of the one beside the other.

    Attributes
    ----------
    distance : float array (k,)
        Pixels.
    collinear : float array (k,)
        Correlation of edge energy at two places, the one ahead of the other along their common orientation.
    flanking : float array (k,)
        The same with the one beside the other, across their orientation.
    """

    distance: np.ndarray
    collinear: np.ndarray
    flanking: np.ndarray

    @property
    def elongation(self):
        """Collinear less flanking correlation at each distance: positive where contours continue."""
        return self.collinear - self.flanking


def edge_pairs(images, distances=(8, 12, 16), sd=1.5, orientations=8):
    """Correlation of edges along and across their orientation (after Geisler et al. 2001, who paired edges of all orientations).

    The edge energy of an orientation is the squared gradient times cos^8 of the angle between the edge and that orientation, over the
    mean squared gradient of the image. Its covariances at two places, within each image, are summed over images and orientations and
    divided by the like sum of its variances. White noise has neither correlation beyond the reach of the filter, about 5 sd. A Gaussian
    signal with the spectrum of natural images has some of both, so that the null for natural images is their own phase-scrambled
    version (:mod:`paper_code.images.synthetic`).

    Parameters
    ----------
    images : array (n, s, s)
    distances : sequence of float
        Pixels; an offset is rounded to whole pixels.
    sd : float
        Of the Gaussian, pixels.
    orientations : int
        Equally spaced over [0, pi).

    Returns
    -------
    EdgePairs
    """
    images = np.asarray(images, float)
    margin = int(np.ceil(4 * sd))
    across, down = (
        np.stack([ndimage.gaussian_filter(image, sd, order) for image in images])[:, margin:-margin, margin:-margin]
        for order in ((0, 1), (1, 0))
    )
    power = across**2 + down**2
    scale = np.maximum(power.mean((1, 2), keepdims=True), 1e-12)
    covariance, variance = np.zeros((2, len(distances), 2))
    for theta in np.arange(orientations) * np.pi / orientations:
        along = np.array([np.cos(theta), -np.sin(theta)])  # column and row of a unit step along the edge: rows run down
        beside = np.array([-along[1], along[0]])
        slope = (beside[0] * across + beside[1] * down) ** 2
        energy = slope * (slope / np.maximum(power, 1e-12)) ** 3 / scale
        energy -= energy.mean((1, 2), keepdims=True)
        offsets = np.rint(np.multiply.outer(np.asarray(distances), [along, beside])).astype(int)
        for place in np.ndindex(offsets.shape[:2]):
            first, second = _pairs(energy, *offsets[place])
            covariance[place] += (first * second).mean()
            variance[place] += (first**2 + second**2).mean() / 2
    return EdgePairs(np.asarray(distances, float), *(covariance / variance).T)


def _pairs(values, columns, rows):
    """Values (n, s, s) and those a whole offset further, over the places where both lie inside."""
    side = values.shape[1:]

    def cut(shift, length):
        return slice(max(-shift, 0), length - max(shift, 0)), slice(max(shift, 0), length - max(-shift, 0))

    (row, further_row), (column, further_column) = cut(rows, side[0]), cut(columns, side[1])
    return values[:, row, column], values[:, further_row, further_column]
