"""Spectra of signals whose spectrum is known, and the limits of the efficient filter."""

import numpy as np
import pytest

from paper_code.emergence.efficient_coding import blur_gain, efficient_gain, radial_power
from paper_code.filters.spectrum import radial_gain

RNG = np.random.default_rng(2)


def coloured(exponent, count=200, side=64):
    """Noise with power f^exponent, white if 0."""
    frequency = np.hypot(np.fft.fftfreq(2 * side)[:, None], np.fft.fftfreq(2 * side))
    frequency[0, 0] = 1
    spectrum = np.fft.fft2(RNG.standard_normal((count, 2 * side, 2 * side))) * frequency ** (exponent / 2)
    return np.fft.ifft2(spectrum).real[:, :side, :side]  # cut, so that the border does not wrap


def test_white_noise_has_its_variance_at_every_frequency():
    np.testing.assert_allclose(radial_power(3 * RNG.standard_normal((300, 64, 64))).power, 9, rtol=0.06)


@pytest.mark.parametrize("exponent", [-1, -2, -3])
def test_the_exponent_of_a_power_law_comes_back(exponent):
    assert radial_power(coloured(exponent)).slope == pytest.approx(exponent, abs=0.12)


def test_a_grating_shows_at_its_frequency_whatever_its_direction():
    x, y = np.meshgrid(np.arange(64), np.arange(64))
    for angle in (0.0, 0.6, 1.3):
        grating = np.cos(2 * np.pi * 0.25 * (np.cos(angle) * x + np.sin(angle) * y))
        power = radial_power(grating[None])
        assert power.frequency[power.power.argmax()] == pytest.approx(0.25, abs=1 / 64)


def test_blur_gain_is_the_transform_of_the_gaussian():
    x = np.arange(-20, 21)
    weights = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    for f in (0.0, 0.05, 0.2):
        assert blur_gain(f, 1.0) == pytest.approx(weights @ np.cos(2 * np.pi * f * x), abs=1e-5)  # sampling aliases a little


def test_without_noise_the_efficient_filter_whitens_and_drowned_frequencies_are_dropped():
    signal = 1 / np.linspace(0.02, 0.5, 30) ** 2
    np.testing.assert_allclose(efficient_gain(signal, 0.0) ** 2 * signal, 1)
    noisy = efficient_gain(signal * np.exp(-40 * np.linspace(0, 1, 30)), 1.0)
    assert noisy[-1] < 1e-6 < noisy.max()
    peak = noisy.argmax()
    assert 0 < peak < 29 and (np.diff(noisy)[:peak] > 0).all() and (np.diff(noisy)[peak:] < 0).all()


def test_radial_gain_of_a_shifted_point_is_flat_and_that_of_a_difference_grows_from_zero():
    point, difference = np.zeros((7, 7)), np.zeros((7, 7))
    point[1, 5] = -2
    difference[3, 2:5] = 1, -2, 1
    f = np.array([0.0, 0.1, 0.3])
    flat, rising = radial_gain(np.stack([point, difference]), f, directions=180)
    np.testing.assert_allclose(flat, 2)
    angle = np.arange(180) * np.pi / 180
    np.testing.assert_allclose(rising, [(2 - 2 * np.cos(2 * np.pi * k * np.cos(angle))).mean() for k in f], atol=1e-9)
