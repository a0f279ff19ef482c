"""The counts of complexity.py against torch's own, and against a network that runs."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from paper_code.network import fourier
from paper_code.network.config import NetworkConfig
from paper_code.network.cost import spectral_multiply_adds, stages
from paper_code.network.model import Network
from paper_code.training.conditions import CONDITIONS

# K of 5 x 5 runs as a convolution, which hooks and torch's counter can see.
SMALL = NetworkConfig(cells=6, lateral_size=5, steps=3, widths=(4, 8), classes=7)
CONFIGS = {
    "small": SMALL,
    "no l0": replace(SMALL, l0="none"),
    "rectified l0": replace(SMALL, l0="rectified", l0_size=5),
    "no lateral": replace(SMALL, lateral_size=0),
    "stride 1": replace(SMALL, stride=1, steps=1),
    "no front end": replace(SMALL, blur=0.0, noise=0.0),
    "wide blur": replace(SMALL, blur=1.6),
    "reference without K": replace(NetworkConfig(), lateral_size=0),
}
PREFIXES = {"l0": ("l0.",), "l1": ("l1.",), "l1 norm": ("l1_norm.",), "lateral": ("lateral.",), "read-out": ("readout.",)}


@pytest.fixture(params=CONFIGS)
def config(request):
    return CONFIGS[request.param]


@pytest.mark.parametrize("name", CONDITIONS)
def test_parameters_are_those_of_the_network(name):
    config = CONDITIONS[name].network
    rows, parameters = stages(config), dict(Network(config, seed=0).named_parameters())
    assert sum(row.parameters for row in rows) == sum(parameter.numel() for parameter in parameters.values())
    for row in rows:
        prefixes = PREFIXES.get(row.name, (f"blocks.{int(row.name[-1]) - 1}.",) if row.name.startswith("block") else ())
        assert row.parameters == sum(parameter.numel() for key, parameter in parameters.items() if key.startswith(prefixes))


def test_multiply_adds_by_stage_are_those_that_hooks_see(config):
    network, seen = Network(config, seed=0).eval(), {}

    def count(name):
        def hook(module, inputs, output):
            per_value = 1 if isinstance(module, nn.BatchNorm2d) else module.weight[0].numel()
            seen[name] = seen.get(name, 0) + output.numel() * per_value

        return hook

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
            module.register_forward_hook(count(name))
    with torch.no_grad():
        network(torch.zeros(1, 1, 64, 64))
    for row in stages(config):
        if row.name in ("optics", "receptors", "pool"):
            continue
        prefixes = {"l1": "l1", "l1 norm": "l1_norm", "read-out": "readout"}.get(row.name, row.name)
        if row.name.startswith("block"):
            prefixes = f"blocks.{int(row.name[-1]) - 1}"
        assert row.multiply_adds == sum(n for name, n in seen.items() if name == prefixes or name.startswith(prefixes + ".")), row.name


def test_all_convolutions_together_are_those_that_torch_counts(config):
    network = Network(config, seed=0).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 1, 64, 64))
    rows = {row.name: row for row in stages(config)}
    norms = rows["l1 norm"].multiply_adds
    norms += sum(width * (2 * rows[f"block {number}"].shape[1]) ** 2 for number, width in enumerate(config.widths, start=1))
    counted = counter.get_total_flops()
    if config.stride == 2:  # computed on squares of 2 x 2 pixels, whose zeros torch counts
        margin = config.l1_size // 2
        padded = (config.l1_size + 1 + 2 * (margin % 2)) ** 2
        counted -= 2 * rows["l1"].multiply_adds * (padded - config.l1_size**2) // config.l1_size**2
    assert 2 * (sum(row.multiply_adds for row in rows.values()) - norms) == counted


def test_shapes_are_those_of_the_network(config):
    network, rows = Network(config, seed=0).eval(), {row.name: row for row in stages(config)}
    with torch.no_grad():
        response = network.lgn(network.front_end(torch.zeros(1, 1, 64, 64)))
        h = network.simple_cells(response)
        assert h.shape[1:] == rows["l1"].shape == rows["l1 norm"].shape
        features = torch.max_pool2d(network.propagate(h), 2)
        assert features.shape[1:] == rows["pool"].shape
        for number, block in enumerate(network.blocks, start=1):
            features = block(features)
            assert features.shape[1:] == rows[f"block {number}"].shape
    assert rows["read-out"].shape == (config.classes,)


@pytest.mark.parametrize("name", ["small", "no l0", "stride 1", "no lateral"])
def test_the_field_is_the_support_of_the_gradient(name):
    config = replace(CONFIGS[name], blur=0.0, noise=0.0, steps=1, lateral_size=min(CONFIGS[name].lateral_size, 3))
    network = Network(config, seed=0).eval().double()
    rows = {row.name: row for row in stages(config)}
    # Positive weights and input: no path from a pixel to a cell is rectified away or cancelled.
    for parameter in network.parameters():
        parameter.data.abs_().add_(0.01)

    def side_of_support(value, image):
        touched = torch.autograd.grad(value, image)[0][0, 0].ne(0)
        sides = touched.any(1).sum().item(), touched.any(0).sum().item()
        assert sides[0] == sides[1] and touched.sum() == sides[0] ** 2
        return sides[0]

    image = torch.ones(1, 1, 64, 64, dtype=torch.float64, requires_grad=True)
    h = network.simple_cells(network.lgn(image))
    middle = h.shape[-1] // 2
    assert side_of_support(h[0, 0, middle, middle], image) == rows["l1"].field
    if config.lateral:
        activity = network.propagate(network.simple_cells(network.lgn(image)))
        assert side_of_support(activity[0, 0, middle, middle], image) == rows["lateral"].field
    activity = network.propagate(network.simple_cells(network.lgn(image)))
    pooled = torch.nn.functional.avg_pool2d(activity, 2)  # the maximum would choose one of the four
    assert side_of_support(pooled[0, 0, middle // 2, middle // 2], image) == rows["pool"].field


class CountProducts(TorchDispatchMode):
    """Counts the multiply-adds of every matrix product that is dispatched."""

    def __init__(self):
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        name = function._overloadpacket.__name__
        if name in ("mm", "bmm"):
            self.total += arguments[0].numel() * arguments[1].shape[-1]
        elif name in ("baddbmm_", "baddbmm"):
            self.total += arguments[1].numel() * arguments[2].shape[-1]
        return function(*arguments, **(keywords or {}))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("stride, size, steps", [(2, 7, 1), (2, 11, 2), (1, 5, 1)])
def test_the_spectral_route_costs_what_it_dispatches(batch, stride, size, steps):
    config = replace(SMALL, stride=stride, lateral_size=size, steps=steps)
    side = 64 // stride
    with torch.no_grad(), CountProducts() as counter:
        fourier.propagate(torch.rand(batch, config.cells, side, side), torch.rand(config.cells, config.cells, size, size), steps)
    assert spectral_multiply_adds(config, batch) == round(counter.total / batch)
