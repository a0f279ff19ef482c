"""Filters of others, and the sparse coding that learns a lateral kernel between them."""

import shutil

import numpy as np
import pytest
import torch
from torch.nn import functional

from paper_code.core.errors import PaperCodeError
from paper_code.lateral import rf_kernel
from paper_code.training import sparse
from paper_code.weights import BANKS, load_bank


def test_banks_are_what_they_were_published_as():
    for name, shape in (("first_layer", (64, 3, 7, 7)), ("dictionary", (64, 12, 12))):
        filters, record = load_bank(name)
        assert filters.shape == shape and record["licence"].startswith("BSD")
        assert f"{name}.npy, from" in (BANKS / "LICENCES").read_text()
    with pytest.raises(PaperCodeError, match="there is no bank x; .* holds dictionary, first_layer"):
        load_bank("x")


def test_a_changed_bank_is_refused(tmp_path):
    shutil.copytree(BANKS, tmp_path / "banks")
    filters = np.load(tmp_path / "banks" / "dictionary.npy")
    filters[3, 2, 1] += 1e-3
    np.save(tmp_path / "banks" / "dictionary.npy", filters)
    with pytest.raises(PaperCodeError, match="dictionary.npy is not the file that was listed"):
        load_bank("dictionary", tmp_path / "banks")


def network(size, count=5, side=6):
    generator = torch.Generator().manual_seed(3)
    found = sparse.SparseCoding(torch.randn(count, 1, side, side, generator=generator), size)
    with torch.no_grad():
        found.kernel.normal_(0, 0.1, generator=generator)
    return found, torch.randn(2, 1, sparse.SIDE, sparse.SIDE, generator=generator)


@pytest.mark.parametrize("size", [1, 5, 11])
def test_propagation_is_the_cross_correlation_of_the_convention(size):
    found, images = network(size)
    drive = found.gain * functional.conv2d(images, found.filters)
    activity = found.shrink(drive)
    for _ in range(sparse.STEPS):
        activity = found.shrink(drive + functional.conv2d(activity, found.kernel, padding=size // 2))
    assert activity.abs().max() > 0 and torch.allclose(found(images)[0], activity, atol=1e-4)


def test_without_a_kernel_activity_is_the_soft_threshold_of_the_drive():
    found, images = network(5)
    with torch.no_grad():
        found.kernel.zero_()
    drive = 0.05 * functional.conv2d(images, found.filters)
    expected = torch.where(drive.abs() > 0.05, drive - 0.05 * drive.sign(), 0.0)
    assert torch.allclose(found(images)[0], expected, atol=1e-6)


def test_what_is_learned_opposes_the_correlation_of_the_fields():
    x = np.arange(7) - 3.0
    angles = np.arange(6) * np.pi / 6
    filters = np.stack([np.exp(-(x[:, None] ** 2 + x**2) / 5) * np.cos(1.5 * (x * np.cos(t) - x[:, None] * np.sin(t))) for t in angles])
    found, again, alone = (sparse.train(filters, size, updates=40, seed=1) for size in (5, 5, 0))
    assert np.array_equal(found.K, again.K) and alone.K is None
    assert found.cost < alone.cost and found.explained > alone.explained
    pairs = ~np.eye(6, dtype=bool)
    assert np.corrcoef(found.K[pairs].ravel(), rf_kernel(filters, 5, 1)[pairs].ravel())[0, 1] < -0.3
