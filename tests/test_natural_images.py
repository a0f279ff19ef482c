"""Laws of CO: symmetry, contrast that does not matter, noise that follows its seed."""

from dataclasses import replace

import numpy as np
import pytest

from paper_code import images
from paper_code.core.errors import PaperCodeError
from paper_code.lateral.activity import co_kernel


@pytest.fixture(scope="module")
def photographs():
    return images.load("photographs", progress=False)


@pytest.fixture(scope="module")
def shown(photographs):
    return co_kernel("reference", 0, photographs, count=12)


def test_co_of_a_network_is_a_symmetric_correlation(shown):
    np.testing.assert_allclose(shown, shown.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1], atol=1e-6)  # CO is in single precision
    middle = shown.shape[-1] // 2
    np.testing.assert_allclose(shown[np.arange(len(shown)), np.arange(len(shown)), middle, middle], 1, atol=1e-6)


def test_contrast_and_brightness_of_the_set_do_not_matter(photographs, shown):
    dimmed = replace(photographs, train_images=(photographs.train_images // 2).astype(np.uint8))
    full = replace(photographs, train_images=2 * dimmed.train_images)
    np.testing.assert_allclose(*(co_kernel("reference", 0, one, count=12) for one in (dimmed, full)), atol=1e-4)
    # Rounding grey levels to even ones is all that differs here.
    assert np.corrcoef(shown.ravel(), co_kernel("reference", 0, full, count=12).ravel())[0, 1] > 0.99


def test_co_is_repeatable_and_follows_its_noise_seed(photographs, shown):
    np.testing.assert_array_equal(shown, co_kernel("reference", 0, photographs, count=12))
    other = co_kernel("reference", 0, photographs, count=12, noise_seed=1)
    assert np.abs(other - shown).max() > 0 and np.corrcoef(other.ravel(), shown.ravel())[0, 1] > 0.8


def test_bad_input_is_refused(photographs):
    for arguments, message in ((("no-lateral", 0), "no lateral kernel"), (("reference", 0, photographs, 1), "at least 2")):
        with pytest.raises(PaperCodeError, match=message):
            co_kernel(*arguments)
