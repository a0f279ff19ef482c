"""White noise finds the receptive field of a linear filter that is rectified."""

import numpy as np
import torch

from paper_code.core.geometry import pixel_grid
from paper_code.core.statistics import correlation
from paper_code.filters.reverse_correlation import length_over_width, reverse_correlation
from paper_code.network.config import NetworkConfig
from paper_code.network.layers import receptive_fields
from paper_code.network.model import Network


def small_network(**changes):
    return Network(NetworkConfig(cells=4, lateral_size=3, l1_size=9, widths=(8,), **changes), seed=0).eval()


def fields_of(network):
    early = network.early_layers()
    return receptive_fields(early["l1"], early["l0"])


def test_measured_field_is_the_composition_of_l1_and_l0():
    for stride in (1, 2):
        network = small_network(stride=stride)
        expected = fields_of(network)
        measured = reverse_correlation(network, 96, seed=0, size=15)
        assert correlation(measured, expected).min() > 0.97
        # A field that is upside down, mirrored or transposed is another field.
        for wrong in (measured[:, ::-1], measured[:, :, ::-1], measured.transpose(0, 2, 1)):
            assert correlation(wrong, expected).max() < 0.9


def test_scale_follows_bussgang():
    """E[noise * ReLU(w . noise)] = w / 2 for white noise of unit variance and a threshold at zero."""
    network = small_network(stride=1, noise=0.0)
    with torch.no_grad():
        gain = network.l1_norm.weight / torch.sqrt(network.l1_norm.running_var + network.l1_norm.eps)
    expected = fields_of(network) * gain.numpy()[:, None, None] / 2
    measured = reverse_correlation(network, 96, seed=0, size=15)
    slope = (measured * expected).sum() / (expected**2).sum()
    assert abs(slope - 1) < 0.02


def test_lateral_connections_change_the_field():
    network = small_network()
    with torch.no_grad():
        network.lateral.weight.mul_(30)
    plain, lateral = (reverse_correlation(network, 16, seed=0, lateral=lateral) for lateral in (False, True))
    assert correlation(lateral, plain).min() < 0.999


def test_the_seed_decides():
    network = small_network()
    first, again, other = (reverse_correlation(network, 4, seed=seed) for seed in (0, 0, 1))
    assert (first == again).all()
    assert not np.allclose(first, other)


def test_correlation_of_a_silent_cell_is_zero():
    fields = np.zeros((2, 3, 3))
    fields[1, 1, 1] = 1
    np.testing.assert_allclose(correlation(fields, np.stack([fields[1]] * 2)), [0, 1])


def test_length_over_width_is_that_of_planted_gabors_and_leaves_dead_cells_out():
    x, y = pixel_grid(15)
    turns = np.deg2rad([0, 40, 80, 120])[:, None, None]
    along, across = x * np.cos(turns) + y * np.sin(turns), y * np.cos(turns) - x * np.sin(turns)
    short, long = (np.exp(-(across**2) / 8 - along**2 / (2 * length**2)) * np.cos(0.9 * across) for length in (1.6, 3.0))
    short[3] = 0
    np.testing.assert_allclose(length_over_width((short, long)), [0.8, 1.5], rtol=1e-3)
