"""Laws of propagation: scale, shift, reach, the field equation, and receptive fields against the running network."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from paper_code.network.config import NetworkConfig
from paper_code.network.dynamics import drive_by_receptive_fields, echo, gain, impulse, read_out, responses, routes_differ, trace
from paper_code.network.layers import EarlyLayers
from paper_code.network.model import Network

RNG = np.random.default_rng(5)
CONFIG = NetworkConfig(cells=5, lateral_size=7, widths=(4, 4), classes=3)
KERNEL = RNG.normal(size=(5, 5, 7, 7)) / 20
PICTURE = RNG.normal(size=(64, 64))


@pytest.fixture
def network():
    network = Network(CONFIG, seed=1).eval()
    network.l1_norm.running_mean.normal_(generator=torch.Generator().manual_seed(0))
    network.l1_norm.bias.data.fill_(0.3)
    return network


def test_after_one_step_an_impulse_shows_the_kernel_of_its_source_point_reflected():
    states = impulse(KERNEL, 3, 1, size=15)
    expected = np.maximum(KERNEL[:, 3, ::-1, ::-1], 0)
    expected[3, 3, 3] = max(KERNEL[3, 3, 3, 3] + 1, 0)  # the drive stays on
    np.testing.assert_allclose(states[1][:, 4:11, 4:11], expected, atol=1e-12)
    assert np.count_nonzero(states[1]) == np.count_nonzero(expected)


def test_an_impulse_reaches_half_a_kernel_further_at_each_step():
    states = impulse(np.abs(KERNEL) + 0.01, 0, 3, size=33)
    for step, state in enumerate(states):
        side = 2 * 3 * step + 1
        support = state.any(0)
        assert support.sum() == side**2 if step else state.sum() == 1


def test_impulse_agrees_with_the_network():
    network = Network(replace(CONFIG, steps=2), seed=1).eval()
    states = impulse(network.lateral.weight.detach().numpy(), 2, 2, size=31)
    h = torch.as_tensor(states[0], dtype=torch.float32)[None]
    with torch.no_grad():
        for step in (1, 2):
            np.testing.assert_allclose(network.propagate(h, step)[0].numpy(), states[step], atol=1e-6)


def test_gain_of_a_single_weight_is_the_matrix_norm_and_grows_with_the_kernel():
    point = np.zeros_like(KERNEL)
    point[:, :, 2, 5] = RNG.normal(size=(5, 5))
    assert gain(point) == pytest.approx(np.linalg.norm(point[:, :, 2, 5], 2))
    assert gain(3 * KERNEL) == pytest.approx(3 * gain(KERNEL))
    assert gain(np.ones((1, 1, 3, 3))) == pytest.approx(9)


def test_gain_bounds_what_one_convolution_does():
    x = torch.as_tensor(RNG.normal(size=(1, 5, 40, 40)))
    y = torch.nn.functional.conv2d(x, torch.as_tensor(KERNEL), padding=6)
    assert y.norm() <= gain(KERNEL, 64) * 1.001 * x.norm()


def test_a_small_gain_makes_the_field_equation_converge():
    kernel = KERNEL / gain(KERNEL, 64) / 2
    states = impulse(kernel, 1, 60, size=21)
    np.testing.assert_allclose(states[-1], states[-2], atol=1e-12)
    changes = np.sqrt(((states[1:] - states[:-1]) ** 2).sum((1, 2, 3)))
    assert (changes[1:] <= changes[:-1] * 0.5 + 1e-15).all()


@pytest.mark.parametrize("stride", [1, 2])
def test_receptive_fields_predict_the_running_network(stride):
    config = replace(CONFIG, stride=stride, lateral_size=0, blur=0.0, noise=0.0)
    network = Network(config, seed=3).eval()
    network.l1_norm.running_mean.fill_(-0.2)
    early = EarlyLayers.from_tensors(network.early_layers())
    predicted, inner = drive_by_receptive_fields(early, PICTURE, stride)
    h = trace(network, PICTURE).h[:, inner, inner]
    assert predicted.shape == h.shape and (h > 0).mean() > 0.1
    np.testing.assert_allclose(predicted, h, atol=1e-5)


def test_trace_is_the_forward_pass_stage_by_stage(network):
    seen = trace(network, PICTURE, noise_seed=4)
    with torch.no_grad():
        scores = network(torch.as_tensor(PICTURE, dtype=torch.float32)[None, None], torch.Generator().manual_seed(4))
    np.testing.assert_allclose(seen.scores, scores[0].numpy(), atol=1e-5)
    assert (seen.noisy - seen.blurred).std() == pytest.approx(CONFIG.noise, rel=0.05)
    assert seen.blurred.std() < 0.4 * seen.image.std()
    np.testing.assert_array_equal(seen.activity[0], seen.h)


def test_both_routes_agree_and_a_transposed_kernel_would_not():
    h = np.maximum(RNG.normal(size=(5, 32, 32)), 0)
    assert routes_differ(h, KERNEL, 2) < 1e-5
    direct = impulse(KERNEL, 0, 1, size=15)
    assert np.abs(impulse(KERNEL.swapaxes(0, 1), 0, 1, size=15) - direct).max() > 0.01


FIELDS = RNG.normal(size=(5, 9, 9))


def test_an_active_place_reads_out_as_its_field_at_its_place():
    activity = np.zeros((1, 5, 7, 7))
    activity[0, 2, 3, 3] = 1
    picture = read_out(activity, FIELDS, stride=2)[0]
    middle = len(picture) // 2
    unit = FIELDS[2] / np.linalg.norm(FIELDS[2])
    np.testing.assert_allclose(picture[middle - 4 : middle + 5, middle - 4 : middle + 5], unit, atol=1e-12)
    moved = read_out(np.roll(activity, (1, -2), (2, 3)), FIELDS, stride=2)[0]
    np.testing.assert_allclose(moved, np.roll(picture, (2, -4), (0, 1)), atol=1e-12)


def test_echo_of_planted_twins_is_one_and_vanishes_when_their_fields_are_exchanged():
    fields = FIELDS.copy()
    fields[1], fields[3] = fields[0], fields[2]
    kernel = np.zeros((5, 5, 7, 7))
    for target, source in ((0, 1), (1, 0), (2, 3), (3, 2), (0, 4)):
        kernel[target, source, 3, 3] = 1
    np.testing.assert_allclose(echo(kernel, fields, 2)[:4], 1)
    assert abs(echo(kernel, fields, 2, np.array([2, 3, 0, 1, 4]))[:4]).max() < 0.5
    kernel[1, 1, 3, 3] = 5  # a cell's own map says nothing
    np.testing.assert_allclose(echo(kernel, fields, 2)[:4], 1)


def test_echo_is_the_first_step_of_an_impulse():
    early = EarlyLayers(None, FIELDS, KERNEL, np.ones(5), np.zeros(5))
    pictures = responses(early, range(5), steps=1, stride=2)
    side = pictures.shape[-1]
    inner = slice((side - 9) // 2, (side + 9) // 2)
    np.testing.assert_allclose(pictures[0][:, inner, inner], FIELDS / np.linalg.norm(FIELDS, axis=(1, 2), keepdims=True), atol=1e-12)
    expected = [np.corrcoef(pictures[1, cell, inner, inner].ravel(), FIELDS[cell].ravel())[0, 1] for cell in range(5)]
    np.testing.assert_allclose(echo(KERNEL, FIELDS, 2), expected, atol=1e-9)
