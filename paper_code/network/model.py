"""The network: front end, l0 (LGN), l1 (V1 simple cells) with lateral connections, and a tail that assigns the class.

The paper provides the idea (one filter l0, a bank l1, a lateral kernel K); the sizes, the front end, the silenced cells
and the tail are choices of this companion. Every stage can be switched off or changed in :class:`NetworkConfig`.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from paper_code.core.errors import PaperCodeError, bounded, check_bounds, check_numbers, short
from paper_code.images.image_set import IMAGE_SIZE
from paper_code.network import fourier

MOST_CHANNELS = 8192
MOST_BLUR = (IMAGE_SIZE - 1) / 4  # the Gaussian is cut at 4 sd, which reflecting the image must cover


@dataclass(frozen=True)
class NetworkConfig:
    """Architecture; the defaults are the reference condition."""

    classes: int = bounded(20, 2, 100_000)
    blur: float = bounded(0.85, 0.0, MOST_BLUR)  # sd of the optical blur, pixels; 0 = none
    noise: float = bounded(0.2, 0.0, 1000.0)  # sd of the receptor noise, in units of the images' standard deviation; 0 = none
    l0: str = "linear"  # "linear", "rectified" or "none"
    l0_size: int = bounded(7, 3, IMAGE_SIZE - 1)  # side of the l0 filter, pixels
    l0_scale: float = bounded(0.3, 1e-6, 1000.0)  # factor on l0's initial weights
    cells: int = bounded(64, 1, MOST_CHANNELS)  # number of l1 filters
    l1_size: int = bounded(9, 3, IMAGE_SIZE - 1)  # side of an l1 filter, pixels
    stride: int = bounded(2, 1, 2)  # pixels between neighbouring cells of l1, 1 or 2
    silenced: float = bounded(0.05, 0.0, 0.99)  # probability that a map of l1 is silenced when a training image is presented
    lateral_size: int = bounded(11, 0, IMAGE_SIZE - 1)  # side of the lateral kernel, cells; 0 = no lateral connections
    lateral_sign: str = "any"  # sign of the lateral weights: "any", or "excitatory", none below 0
    steps: int = bounded(1, 0, 100)  # number of lateral propagation steps, T
    widths: tuple = (96, 96, 192)  # channels of the tail's blocks
    dropout: float = bounded(0.4, 0.0, 0.99)  # dropout rate before the linear read-out

    def __post_init__(self):
        check_numbers(self)  # 1 x 1 convolutions after reflection of the border corrupt memory in PyTorch 2.13
        for name, choices in (("l0", ("linear", "rectified", "none")), ("lateral_sign", ("any", "excitatory"))):
            if getattr(self, name) not in choices:
                raise PaperCodeError(f"{name} must be one of {', '.join(choices)}, not {short(getattr(self, name))}")
        for name in ("l0_size", "l1_size", "lateral_size"):
            size = getattr(self, name)
            if size % 2 == 0 and (name, size) != ("lateral_size", 0):
                raise PaperCodeError(f"{name} must be odd, so that the kernel has a centre; got {size}")
        most = int(math.log2(IMAGE_SIZE // self.stride // 2))  # each block halves the image
        if not isinstance(self.widths, tuple) or not 1 <= len(self.widths) <= most:
            raise PaperCodeError(f"widths must be 1 to {most} whole numbers with stride {self.stride}, not {short(self.widths)}")
        for width in self.widths:
            check_bounds("widths", width, 1, MOST_CHANNELS)

    @property
    def lateral(self):
        """Whether activity propagates inside l1."""
        return self.lateral_size > 0 and self.steps > 0


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


@dataclass(frozen=True)
class Stage:
    """One stage of the network."""

    name: str
    definition: str  # in a few words
    shape: tuple  # output for one image: (channels, rows, columns), or (classes,)
    field: int  # side of the square of receptors, after the optics, that can influence one value of the output, px
    parameters: int  # number of learned parameters
    multiply_adds: int  # multiply-adds for one image

    def row(self, total):
        """Table cells: name, definition, output, field, weights, multiply-adds in millions, their share of ``total``."""
        adds = self.multiply_adds
        arithmetic = [f"{adds / 1e6:,.2f}", f"{100 * adds / total:.2f}"] if adds else ["–", "–"]
        weights = f"{self.parameters:,}" if self.parameters else "–"
        return [self.name, self.definition, " × ".join(map(str, self.shape)), self.field, weights, *arithmetic]


def stages(config):
    """The stages of ``Network(config)``, a list of :class:`Stage` in the order of the computation."""
    rows = []
    side, channels, field, spacing = IMAGE_SIZE, 1, 1, 1

    def add(name, definition, parameters, multiply_adds):
        rows.append(Stage(name, definition, (channels, side, side), min(field, IMAGE_SIZE), parameters, multiply_adds))

    if config.blur > 0:
        radius = math.ceil(4 * config.blur)
        along_rows, along_columns = (2 * radius + 1) * (side + 2 * radius) * side, (2 * radius + 1) * side**2
        add("optics", f"Gaussian blur, sd {config.blur:g} px", 0, along_rows + along_columns)
    if config.noise > 0:
        add("receptors", f"white noise, sd {config.noise:g}", 0, 0)
    if config.l0 != "none":
        field += config.l0_size - 1
        kind = "linear" if config.l0 == "linear" else "ReLU"
        add("l0", f"1 filter {_square(config.l0_size)}, {kind}", config.l0_size**2, config.l0_size**2 * side**2)
    field += config.l1_size - 1
    side, channels, spacing = (side - 1) // config.stride + 1, config.cells, config.stride
    weights = channels * config.l1_size**2
    add("l1", f"{channels} filters {_square(config.l1_size)}, stride {config.stride}", weights, weights * side**2)
    add("l1 norm", "batch norm, ReLU", 2 * channels, channels * side**2)
    if config.lateral:
        weights = channels**2 * config.lateral_size**2
        field += config.steps * (config.lateral_size - 1) * spacing
        add("lateral", f"kernel K {_square(config.lateral_size)}, T = {config.steps}", weights, config.steps * weights * side**2)
    side, field, spacing = side // 2, field + spacing, 2 * spacing
    add("pool", "maximum over 2 × 2", 0, 0)
    for number, width in enumerate(config.widths, start=1):
        weights = width * channels * 9
        multiply_adds = (weights + width) * side**2
        field, channels, side = field + 2 * spacing + spacing, width, side // 2
        spacing *= 2
        add(f"block {number}", "3 × 3, batch norm, ReLU, pool", weights + 2 * width, multiply_adds)
    weights, name = channels * config.classes, "mean over places, linear"
    return [*rows, Stage("read-out", name, (config.classes,), IMAGE_SIZE, weights + config.classes, weights)]


def spectral_multiply_adds(config, batch=64):
    """Multiply-adds of propagation in the Fourier domain for one image, :func:`paper_code.network.fourier.propagate`.

    Each product with a transform matrix is counted in full, and a complex product as four real ones; the cost of the spectrum of K,
    computed once for ``batch`` images, is shared among them.
    """
    side, size, cells = (IMAGE_SIZE - 1) // config.stride + 1, config.lateral_size, config.cells
    period = side + size // 2
    half = period // 2 + 1

    def transform(width, signals):
        return signals * (2 * half * width * width + 4 * period * width * half)

    a_step = 2 * transform(side, cells) + 4 * period * half * cells**2
    return round(config.steps * a_step + transform(size, cells**2) / batch)


def _square(size):
    return f"{size} × {size}"
