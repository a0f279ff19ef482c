"""The network: front end, l0 (LGN), l1 (V1 simple cells) with lateral connections, and a tail that assigns the class.

The paper provides the idea (one filter l0, a bank l1, a lateral kernel K); the sizes, the front end, the silenced cells
and the tail are choices of this companion. Every stage can be switched off or changed in :class:`paper_code.network.config.NetworkConfig`.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import IMAGE_SIZE
from paper_code.network import fourier


class HalvingConv2d(nn.Conv2d):
    """A single-channel convolution at every second pixel, zero-padded so that the output has half the image's side.

    Computed at every position of a quarter-size image whose four channels are the pixels of 2 x 2 squares: the same sums, but a CPU
    computes their gradients several times faster.
    """

    def forward(self, images):
        margin = self.kernel_size[0] // 2
        weight = functional.pad(self.weight, [margin % 2, 1 + margin % 2] * 2)  # zeros, to complete the squares around that of the centre
        squares = functional.pixel_unshuffle(images, 2).contiguous(memory_format=torch.channels_last)
        return functional.conv2d(squares, functional.pixel_unshuffle(weight, 2), padding=(margin + 1) // 2)


class Network(nn.Module):
    """Images to class scores, stage by stage.

    Parameters are drawn from ``seed`` alone: the same seed and configuration give the same network. ``lateral_way`` says how K * h is
    computed: "direct", by convolution, or "fourier", in the Fourier domain on a CPU if K is at least 7 x 7, otherwise also directly.
    """

    def __init__(self, config, seed):
        super().__init__()
        self.config = config
        self.register_buffer("blur_kernel", gaussian_kernel(config.blur), persistent=False)
        if config.l0 != "none":
            self.l0 = nn.Conv2d(1, 1, config.l0_size, padding=config.l0_size // 2, padding_mode="reflect", bias=False)
        bank = nn.Conv2d if config.stride == 1 else HalvingConv2d
        self.l1 = bank(1, config.cells, config.l1_size, config.stride, padding=config.l1_size // 2, bias=False)
        self.l1_norm = nn.BatchNorm2d(config.cells)
        if config.lateral:
            self.lateral = nn.Conv2d(config.cells, config.cells, config.lateral_size, padding=config.lateral_size // 2, bias=False)
        self.blocks = nn.ModuleList()
        channels = config.cells
        for width in config.widths:
            self.blocks.append(
                nn.Sequential(nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2))
            )
            channels = width
        self.readout = nn.Linear(channels, config.classes)
        self.lateral_way = "fourier"
        self.initialise(seed)

    @torch.no_grad()
    def keep_signs(self):
        """Set to 0 the lateral weights that an optimiser step has given a sign that they must not have."""
        if self.config.lateral and self.config.lateral_sign == "excitatory":
            self.lateral.weight.clamp_(min=0)

    @torch.no_grad()
    def initialise(self, seed):
        """Draw every weight from ``seed``: uniform within 1/sqrt(fan in), K normal with sd .1/sqrt(64 k^2).

        An excitatory K is a tenth of the absolute value of that. l0 is then multiplied by ``l0_scale``.
        """
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan_in = module.weight[0].numel()
                if self.config.lateral and module is self.lateral:
                    module.weight.normal_(0, 0.1 / math.sqrt(fan_in), generator=generator)
                    if self.config.lateral_sign == "excitatory":
                        module.weight.abs_().mul_(0.1)  # positive weights add up
                else:
                    module.weight.uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), generator=generator)
                if module.bias is not None:
                    module.bias.zero_()
        if self.config.l0 != "none":
            self.l0.weight.mul_(self.config.l0_scale)

    def front_end(self, images, generator=None):
        """Optical blur, then receptor noise drawn from ``generator`` (the global one if None); (n, 1, 64, 64) in and out."""
        if images.shape[1:] != (1, IMAGE_SIZE, IMAGE_SIZE):
            raise PaperCodeError(
                f"the network sees grey images of shape (n, 1, {IMAGE_SIZE}, {IMAGE_SIZE}), not {tuple(images.shape)}; "
                "load them with paper_code.images"
            )
        if self.config.blur > 0:
            images = blurred(images, self.blur_kernel)
        if self.config.noise > 0:
            noise = torch.randn(images.shape, generator=generator, device=images.device)
            images = images + self.config.noise * noise
        return images

    def lgn(self, images):
        """l0 applied to the front end's output: (n, 1, 64, 64)."""
        if self.config.l0 == "none":
            return images
        response = self.l0(images)
        return functional.relu(response) if self.config.l0 == "rectified" else response

    def simple_cells(self, response):
        """Feed-forward activity h of l1: (n, cells, 64 / stride, 64 / stride), non-negative."""
        return functional.relu(self.l1_norm(self.l1(response)))

    def propagate(self, h, steps=None):
        """Lateral propagation, h_{t+1} = ReLU(h + K * h_t) from h_0 = h; same shape as ``h``."""
        if not self.config.lateral:
            return h
        steps = self.config.steps if steps is None else steps
        if self.lateral_way == "fourier" and h.device.type == "cpu" and self.config.lateral_size >= 7:
            return fourier.propagate(h, self.lateral.weight, steps)
        activity = h
        for _ in range(steps):
            activity = functional.relu(h + self.lateral(activity))
        return activity

    def tail(self, activity):
        """Class scores (n, classes) from the activity of l1."""
        features = functional.max_pool2d(activity, 2)
        for block in self.blocks:
            features = block(features)
        features = features.mean(dim=(2, 3))
        return self.readout(functional.dropout(features, self.config.dropout, self.training))

    def forward(self, images, generator=None):
        """Class scores (n, classes) of standardised grey images (n, 1, 64, 64)."""
        h = self.simple_cells(self.lgn(self.front_end(images, generator)))
        h = functional.dropout2d(h, self.config.silenced, self.training)
        return self.tail(self.propagate(h))

    def early_layers(self):
        """The layers that the book analyses, as float32 arrays.

        ``l0`` (7, 7) if there is one; ``l1`` (cells, 9, 9); ``K`` (cells, cells, k, k) if there is one, target cell first,
        acting on h; ``l1_gain`` and ``l1_offset`` (cells,), so that h = ReLU(l1_gain * (l1 * l0 * image) + l1_offset).
        """
        gain = self.l1_norm.weight / torch.sqrt(self.l1_norm.running_var + self.l1_norm.eps)
        tensors = {
            "l1": self.l1.weight[:, 0],
            "l1_gain": gain,
            "l1_offset": self.l1_norm.bias - gain * self.l1_norm.running_mean,
        }
        if self.config.l0 != "none":
            tensors["l0"] = self.l0.weight[0, 0]
        if self.config.lateral:
            tensors["K"] = self.lateral.weight
        return {name: tensor.detach().cpu().float().contiguous().numpy().copy() for name, tensor in tensors.items()}


def gaussian_kernel(sd):
    """Gaussian of unit sum, cut at 4 sd: float32 tensor (1, 1, 2 * ceil(4 sd) + 1)."""
    radius = math.ceil(4 * sd)
    x = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weights = torch.exp(-(x**2) / (2 * sd**2)) if sd > 0 else torch.ones(1, dtype=torch.float64)
    return (weights / weights.sum()).float()[None, None]


def blurred(images, kernel):
    """Images (n, 1, rows, columns) blurred with a :func:`gaussian_kernel`, reflected at the border."""
    images = functional.pad(images, [kernel.shape[-1] // 2] * 4, mode="reflect")
    return functional.conv2d(functional.conv2d(images, kernel[:, :, None, :]), kernel[:, :, :, None])
