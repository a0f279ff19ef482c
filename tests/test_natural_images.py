"""Laws of CO and of its comparison with K: symmetry, contrast that does not matter, planted sources told from those of RF."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from lateral_cells import drawn, random_cells

from paper_code import images
from paper_code.errors import PaperCodeError
from paper_code.lateral import co_kernel, co_numbers, compare_co, measure_co, pair_frame, rf_kernel

COUNT, SIZE = 24, 7


@pytest.fixture(scope="module")
def photographs():
    return images.load("photographs", progress=False)


@pytest.fixture(scope="module")
def shown(photographs):
    return co_kernel("reference", 0, photographs, count=12)


def test_co_of_a_network_is_a_symmetric_correlation(shown):
    np.testing.assert_allclose(shown, shown.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1], atol=1e-9)
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


@pytest.fixture(scope="module")
def world():
    """A network's RF, and a CO that is half RF and half its own."""
    rng = np.random.default_rng(5)
    cells = random_cells(COUNT, seed=5, spread=1.0)
    rf = rf_kernel(drawn(cells, 13), SIZE, 2)
    own = rng.standard_normal((COUNT, COUNT, SIZE, SIZE)) * rf.std()
    noise = rng.standard_normal(own.shape) * rf.std()
    return SimpleNamespace(frame=pair_frame(cells, SIZE, 2), rf=rf, own=own, noise=noise, co=rf + own)


def network(world, kernel):
    return SimpleNamespace(seed=3, kernel=kernel, rf=world.rf, oriented=np.ones(COUNT, bool), frame=world.frame)


def test_a_kernel_made_of_rf_follows_co_but_not_beyond_rf(world):
    found = measure_co(network(world, world.rf + world.noise), world.co, permuted=499, drawn=100)
    assert found.correlation.value > 0.3 and found.correlation.test.p == 1 / 500
    assert abs(found.beyond_rf.value) < 0.03
    assert found.beyond_rf.low - 0.02 < 0 < found.beyond_rf.high + 0.02


def test_a_kernel_made_of_the_rest_of_co_follows_it_beyond_rf(world):
    found = measure_co(network(world, world.own + world.noise), world.co, permuted=499, drawn=100)
    # Half of K's variance and all that is left of CO: a correlation of the root of one half.
    assert found.beyond_rf.value == pytest.approx(np.sqrt(0.5), abs=0.05) and found.beyond_rf.test.p == 1 / 500
    assert found.with_rf.value == pytest.approx(np.sqrt(0.5), abs=0.05)
    assert found.beyond_rf.low < found.beyond_rf.value < found.beyond_rf.high
    assert found.tuning.value[0] > found.tuning.null_high[0]  # CO holds RF, which is tuned


def test_numbers_are_one_a_seed(monkeypatch, world):
    monkeypatch.setattr("paper_code.lateral.natural_images.co_kernel", lambda condition, seed, shown: world.co)
    measured = compare_co([network(world, world.noise)] * 2, "any", permuted=99, drawn=50)
    kept = co_numbers(measured)
    assert all(len(values) == 2 for values in kept.values())
    assert kept["co_correlation_low"][0] < kept["co_correlation"][0] < kept["co_correlation_high"][0]
    assert {"co_p", "rf_co_correlation", "co_beyond_rf_p", "co_tuning_curve"} <= set(kept)
    assert kept["co_p"][0] > 0.01  # noise follows no activity: one false alarm in a hundred
