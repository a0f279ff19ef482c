"""Laws of the network, stage by stage."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.signal import correlate
from torch.nn import functional

from paper_code.core.errors import PaperCodeError, short
from paper_code.network.config import NetworkConfig
from paper_code.network.layers import EarlyLayers
from paper_code.network.model import Network, gaussian_kernel
from paper_code.training.conditions import CONDITIONS

CLEAR = NetworkConfig(classes=3, blur=0, noise=0, cells=5, lateral_size=7, widths=(4, 4, 4), dropout=0)


def network(seed=0, **changes):
    return Network(replace(CLEAR, **changes), seed).eval()


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# the kernel's convention


@pytest.mark.parametrize("size", [5, 7])  # by convolution, by Fourier transform
@torch.no_grad()
def test_k_of_i_j_d_leads_from_cell_j_at_x_plus_d_to_cell_i_at_x(size):
    net = network(lateral_size=size)
    i, j, weight = 1, 3, 0.7
    for (down, right), sign in itertools.product([(-2, 1), (2, -1), (0, 2)], [1, -1]):
        net.lateral.weight.zero_()
        net.lateral.weight[i, j, size // 2 + down, size // 2 + right] = sign * weight
        h = torch.zeros(1, 5, 32, 32)
        h[0, j, 16, 20] = 2.0
        h[0, i, 16 - down, 20 - right] = 1.5  # something to inhibit
        expected = h.clone()
        expected[0, i, 16 - down, 20 - right] += sign * weight * 2.0
        torch.testing.assert_close(net.propagate(h, 1), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [5, 7])
@torch.no_grad()
def test_both_routes_are_the_recursion_of_the_neural_field(size):
    net = network(lateral_size=size, steps=2)
    net.lateral.weight.copy_(draw(*net.lateral.weight.shape) / size)
    h = draw(2, 5, 32, 32, seed=1).relu()
    activity = h
    for steps in range(4):
        for net.lateral_way in ("direct", "fourier"):
            torch.testing.assert_close(net.propagate(h, steps), activity, atol=2e-5, rtol=1e-5)
        if steps == 2:
            assert torch.equal(net.propagate(h), net.propagate(h, 2))
        activity = (h + functional.conv2d(activity, net.lateral.weight, padding=size // 2)).relu()


# front end


def test_blur_keeps_the_mean_and_has_its_variance():
    for sd in (0.8, 1.0, 2.0):
        net = network(blur=sd)
        assert gaussian_kernel(sd).sum().item() == pytest.approx(1, abs=1e-6)
        image = torch.zeros(1, 1, 64, 64)
        image[0, 0, 30, 33] = 1
        seen = net.front_end(image)[0, 0].double()
        x = torch.arange(64, dtype=torch.float64)
        for marginal, centre in ((seen.sum(0), 33), (seen.sum(1), 30)):
            assert (marginal * x).sum().item() == pytest.approx(centre, abs=1e-4)
            assert (marginal * (x - centre) ** 2).sum().item() == pytest.approx(sd**2, rel=5e-3)
        grey = torch.full((1, 1, 64, 64), 1.7)
        torch.testing.assert_close(net.front_end(grey), grey)  # up to the border
    image = draw(2, 1, 64, 64)
    assert torch.equal(network().front_end(image), image)


def test_noise_is_white_of_its_sd_fresh_and_drawn_from_the_generator():
    net = network(noise=0.2)  # in evaluation too
    image = draw(4, 1, 64, 64)
    generator = torch.Generator().manual_seed(3)
    first, second = (net.front_end(image, generator) - image for _ in range(2))
    for noise in (first, second):
        assert noise.std().item() == pytest.approx(0.2, rel=0.03) and abs(noise.mean().item()) < 0.01
        for shift, axis in ((1, 2), (1, 3), (1, 0)):
            assert abs((noise * noise.roll(shift, axis)).mean().item()) < 0.03 * 0.04
    assert abs((first * second).mean().item()) < 0.03 * 0.04
    assert torch.equal(net.front_end(image, torch.Generator().manual_seed(3)) - image, first)
    assert not torch.equal(net.front_end(image, torch.Generator().manual_seed(0)) - image, first)
    torch.manual_seed(3)
    assert torch.equal(net.front_end(image) - image, first)


def test_images_of_another_shape_are_refused():
    for shape in ((2, 3, 64, 64), (2, 1, 32, 32), (2, 64, 64)):
        with pytest.raises(PaperCodeError, match=r"grey images of shape \(n, 1, 64, 64\)"):
            network().front_end(torch.zeros(shape))


# l0 and l1


@pytest.mark.parametrize(("stride", "l0"), [(1, "linear"), (2, "linear"), (2, "none")])
@torch.no_grad()
def test_an_l1_cell_correlates_the_image_with_its_receptive_field(stride, l0):
    net = network(seed=1, stride=stride, l0=l0)
    image = draw(1, 1, 64, 64)
    response = net.l1(net.lgn(image))[0].numpy()
    assert response.shape == (5, 64 // stride, 64 // stride)
    fields = EarlyLayers.from_tensors(net.early_layers()).receptive_fields
    margin = fields.shape[-1] // 2
    assert margin == (4 if l0 == "none" else 7)
    first = -(-margin // stride)
    last = (63 - margin) // stride
    for cell in range(5):
        expected = correlate(image[0, 0].double().numpy(), fields[cell], "valid")  # place (0, 0) is the pixel (margin, margin)
        inside = expected[first * stride - margin :: stride, first * stride - margin :: stride]
        np.testing.assert_allclose(response[cell, first : last + 1, first : last + 1], inside, atol=1e-5)


@pytest.mark.parametrize("size", [3, 5, 7, 9, 11, 63])
def test_a_bank_of_stride_2_is_the_convolution_and_so_are_its_gradients(size):
    net = network(l1_size=size)
    images, direction = draw(2, 1, 64, 64).requires_grad_(), draw(2, 5, 32, 32, seed=1)
    found = net.l1(images)
    expected = functional.conv2d(images, net.l1.weight, stride=2, padding=size // 2)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    for wrong in (net.l1.weight.flip(2), net.l1.weight.flip(3), net.l1.weight.transpose(2, 3)):
        assert (functional.conv2d(images, wrong, stride=2, padding=size // 2) - expected).abs().max() > 0.1
    gradients = [torch.autograd.grad((value * direction).sum(), (images, net.l1.weight)) for value in (found, expected)]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_gain_and_offset_give_the_activity_h():
    net = network()
    net.l1_norm.weight.copy_(torch.tensor([1.0, -0.5, 2.0, 0.3, -1.0]))
    net.l1_norm.bias.copy_(draw(5))
    net.l1_norm.running_mean.copy_(draw(5, seed=1))
    net.l1_norm.running_var.copy_(draw(5, seed=2).square() + 0.1)
    image = draw(2, 1, 64, 64)
    early = EarlyLayers.from_tensors(net.early_layers())
    drive = net.l1(net.lgn(image)).double().numpy()
    expected = np.maximum(early.l1_gain[:, None, None] * drive + early.l1_offset[:, None, None], 0)
    np.testing.assert_allclose(net.simple_cells(net.lgn(image)).numpy(), expected, atol=1e-5)
    assert all(value.dtype == np.float32 for value in net.early_layers().values())
    np.testing.assert_array_equal(net.early_layers()["K"], net.lateral.weight.numpy())  # acts on h as it is


@torch.no_grad()
def test_early_layers_are_copies():
    net = network()
    early = net.early_layers()
    before = early["l1"].copy()
    net.l1.weight.zero_()
    np.testing.assert_array_equal(early["l1"], before)


# unreliable cells


@torch.no_grad()
def test_whole_maps_are_silenced_at_their_rate_in_training_alone():
    net = network(silenced=0.25, cells=32)
    passed, received = [], []
    simple_cells, propagate = net.simple_cells, net.propagate
    net.simple_cells = lambda response: passed.append(simple_cells(response)) or passed[-1]
    net.propagate = lambda h: received.append(h.clone()) or propagate(h)
    images = draw(40, 1, 64, 64)
    torch.manual_seed(0)
    net.train()(images)
    h, kept = passed[0], received[0]
    silent = kept.abs().amax((2, 3)) == 0
    assert (h.amax((2, 3)) > 0).all()
    assert silent.float().mean().item() == pytest.approx(0.25, abs=0.04)  # 3 sd of 1,280 draws
    torch.testing.assert_close(kept, h / 0.75 * (~silent)[:, :, None, None])
    assert 0 < silent.float().std(0).max() and 0 < silent.float().std(1).max()  # by image and by cell
    net.eval()(images)
    assert torch.equal(passed[1], received[1])


# switches


@pytest.mark.parametrize(
    "changes",
    [{"l0": l0, "stride": stride} for l0 in ("linear", "rectified", "none") for stride in (1, 2)]
    + [{"lateral_size": 0}, {"steps": 0}, {"steps": 1}, {"lateral_size": 5, "steps": 3}, {"widths": (4,)}, {"noise": 0.2, "blur": 1.0}],
)
def test_each_switch_changes_its_stage_and_the_rest_learns(changes):
    net = network(**changes).train()
    config = net.config
    scores = net(draw(3, 1, 64, 64))
    assert scores.shape == (3, 3)
    functional.cross_entropy(scores, torch.tensor([0, 1, 2])).backward()
    learns = {name for name, parameter in net.named_parameters() if parameter.grad is not None and parameter.grad.abs().sum() > 0}
    assert learns == {name for name, _ in net.named_parameters()}
    names = {name.split(".")[0] for name in learns}
    assert ("l0" in names) == (config.l0 != "none")
    assert ("lateral" in names) == (config.lateral_size > 0 and config.steps > 0)
    expected = {"l1", "l1_gain", "l1_offset"} | ({"l0"} & names) | ({"K"} if "lateral" in names else set())
    assert set(net.early_layers()) == expected
    h = net.simple_cells(net.lgn(draw(2, 1, 64, 64)))
    assert h.shape[2:] == (64 // config.stride,) * 2 and (h >= 0).all()
    if not config.lateral:
        assert net.propagate(h) is h


@torch.no_grad()
def test_a_rectified_l0_passes_the_positive_part_and_no_l0_passes_all():
    image = draw(2, 1, 64, 64)
    linear, rectified = network().lgn(image), network(l0="rectified").lgn(image)
    assert (linear < 0).any() and torch.equal(rectified, linear.relu())
    assert network(l0="none").lgn(image) is image


# initial weights


def parameters(seed, **changes):
    return torch.cat([parameter.detach().flatten() for parameter in network(seed, **changes).parameters()])


def test_weights_follow_from_the_seed_alone():
    torch.manual_seed(5)
    first = parameters(0)
    torch.manual_seed(6)
    assert torch.equal(parameters(0), first)
    assert not torch.equal(parameters(1), first)
    # seed 0 is a seed like any other, not "no seed"
    l0 = torch.empty(1, 1, 7, 7).uniform_(-1 / 7, 1 / 7, generator=torch.Generator().manual_seed(0)) * 0.3
    torch.testing.assert_close(network(0).l0.weight, l0)


def test_scale_of_the_initial_weights():
    net = Network(CONDITIONS["reference"].network, 0)
    for weight, bound in ((net.l0.weight, 0.3 / 7), (net.l1.weight, 1 / 9), (net.blocks[0][0].weight, 1 / math.sqrt(64 * 9))):
        assert 0.9 * bound < weight.abs().max().item() <= bound
        assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.2 if weight.numel() < 100 else 0.03)
    assert net.lateral.weight.std().item() == pytest.approx(0.1 / math.sqrt(64 * 11**2), rel=0.01)
    assert net.lateral.weight.abs().max() > 3 * net.lateral.weight.std()  # normal, not uniform
    assert net.readout.bias.abs().max() == 0
    assert network(l0_scale=0.6).l0.weight.allclose(2 * network(l0_scale=0.3).l0.weight)


def test_an_excitatory_k_starts_as_a_tenth_of_the_size_of_the_draw_and_nothing_else_changes():
    for seed in (0, 1):
        drawn, found = network(seed), network(seed, lateral_sign="excitatory")
        for (name, expected), weight in zip(drawn.named_parameters(), found.parameters(), strict=True):
            assert torch.equal(weight, 0.1 * expected.abs() if name == "lateral.weight" else expected), name


# the configuration


IMPOSSIBLE = {
    "classes": [10**30, 1],
    "blur": [1e308, 10**400, -1, 20.0, math.nan],
    "noise": [1e300, math.nan, math.inf],
    "l0": ["cubic", "x" * 5000],
    "l0_size": [1, 6, -3],
    "l0_scale": [1e300, math.nan],
    "cells": [10**30, 1.5, None, 0],
    "l1_size": [1, 10**400 + 1, 0],
    "stride": [10**30, 3],
    "silenced": [1.0],
    "lateral_size": [4, -1, 65],
    "lateral_sign": ["inhibitory"],
    "steps": [10**9, -1],
    "widths": [(10**30,), (), 4, (4, 4.5), (4, 4, 4, 4, 4), (4, 0)],
    "dropout": [-0.1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in IMPOSSIBLE for value in IMPOSSIBLE[name]], ids=short)
def test_a_network_that_cannot_be_is_refused_in_one_line(name, value):
    with pytest.raises(PaperCodeError, match=f"^{name} must be") as caught:
        replace(CLEAR, **{name: value})
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_what_is_accepted_at_the_limits_runs():
    for changes in (
        {"blur": 15.75},
        {"widths": (4, 4, 4, 4, 4), "stride": 1},
        {"widths": (4,) * 4},
        {"lateral_size": 63},
        {"l0_size": 63},
        {"l1_size": 3},
        {"l1_size": 63},
    ):
        assert network(**changes)(draw(2, 1, 64, 64)).isfinite().all()
