"""The Fourier route of the lateral propagation is the convolution that it stands for."""

import pytest
import torch
from torch.nn import functional

from paper_code.network import fourier


def by_convolution(h, kernel, steps):
    activity = h
    for _ in range(steps):
        activity = torch.relu(h + functional.conv2d(activity, kernel, padding=kernel.shape[-1] // 2))
    return activity


def draw(size, kernel_size, seed=0, cells=3):
    generator = torch.Generator().manual_seed(seed)
    h = torch.randn(2, cells, size, size, generator=generator, dtype=torch.float64)
    kernel = torch.randn(cells, cells, kernel_size, kernel_size, generator=generator, dtype=torch.float64) / kernel_size
    return h, kernel


# The period, size + k // 2, is odd and even, the kernel small, large, larger than the activity, and single.
SIZES = [(8, 3), (8, 5), (9, 5), (9, 7), (5, 9), (6, 11), (7, 1), (32, 11)]


@pytest.mark.parametrize(("size", "kernel_size"), SIZES)
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_values_and_gradients_are_those_of_the_convolution(size, kernel_size, steps):
    h, kernel = draw(size, kernel_size)
    direction = torch.randn(h.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    results = []
    for propagate in (by_convolution, fourier.propagate):
        inputs = h.clone().requires_grad_(), kernel.clone().requires_grad_()
        value = propagate(*inputs, steps)
        gradients = torch.autograd.grad((value.double() * direction).sum(), inputs, allow_unused=steps == 0)
        results.append((value, *(gradient for gradient in gradients if gradient is not None)))
    assert len(results[0]) == len(results[1]) == (2 if steps == 0 else 3)
    for expected, found in zip(*results, strict=True):
        assert found.shape == expected.shape
        assert (found.double() - expected).abs().max() < 2e-6 * (1 + expected.abs().max())


def test_a_kernel_that_is_flipped_or_transposed_is_another_one():
    h, kernel = draw(8, 5)
    right = by_convolution(h, kernel, 1)
    for wrong in (kernel.flip(2, 3), kernel.flip(2), kernel.flip(3), kernel.transpose(0, 1), kernel.transpose(2, 3)):
        assert (fourier.propagate(h, wrong, 1) - right).abs().max() > 0.1


def test_one_input_alone_can_have_a_gradient():
    h, kernel = draw(8, 5)
    for place in (0, 1):
        gradients = []
        for propagate in (by_convolution, fourier.propagate):
            inputs = [h.clone(), kernel.clone()]
            inputs[place].requires_grad_()
            propagate(*inputs, 2).sum().backward()
            gradients.append(inputs[place].grad)
        expected, found = gradients
        assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_mixed_precision_does_not_reach_inside():
    h, kernel = (tensor.float() for tensor in draw(16, 7))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = fourier.propagate(h, kernel, 2)
    assert mixed.dtype == torch.float32 and torch.equal(mixed, fourier.propagate(h, kernel, 2))


def test_bfloat16_is_off_by_a_few_thousandths_and_all_comes_channels_last():
    h, kernel = (tensor.float() for tensor in draw(32, 11, cells=16))
    h = h.relu().bfloat16()
    expected, found = by_convolution(h.float(), kernel, 1) - h.float(), fourier.propagate(h, kernel, 1)
    assert found.dtype == torch.bfloat16
    error = (found.float() - h.float() - expected).square().mean() / expected.square().mean()
    assert error.sqrt() < 0.006
    for tensor in (h, h.float(), h.contiguous(memory_format=torch.channels_last)):
        tensor = tensor.requires_grad_()
        result = fourier.propagate(tensor, kernel, 2)
        assert result.is_contiguous(memory_format=torch.channels_last)
        result.sum().backward()
        assert tensor.grad.isfinite().all()


def test_gradients_in_bfloat16_are_those_of_the_convolution():
    h, kernel = (tensor.float() for tensor in draw(32, 11, cells=8))
    gradients = []
    for propagate, dtype in ((by_convolution, torch.float32), (fourier.propagate, torch.bfloat16)):
        inputs = h.bfloat16().to(dtype).requires_grad_(), kernel.clone().requires_grad_()
        propagate(*inputs, 1).float().square().sum().backward()
        gradients.append([tensor.grad.float() for tensor in inputs])
    for expected, found in zip(*gradients, strict=True):
        assert (found - expected).square().mean() < 0.015**2 * expected.square().mean()


def test_a_look_without_gradients_does_not_spoil_a_later_training():
    h, kernel = draw(10, 7)
    fourier.fourier_matrices.cache_clear()
    with torch.inference_mode():
        fourier.propagate(h, kernel, 1)
    kernel.requires_grad_()
    fourier.propagate(h, kernel, 1).sum().backward()
    assert kernel.grad.abs().sum() > 0
