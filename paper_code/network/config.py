"""The configuration of the network; its sizes are choices of this companion."""

import math
from dataclasses import dataclass

from paper_code.core.errors import PaperCodeError, bounded, check_bounds, check_numbers, short
from paper_code.core.geometry import IMAGE_SIZE

MOST_CHANNELS = 8192
MOST_BLUR = (IMAGE_SIZE - 1) / 4  # the Gaussian is cut at 4 sd, which reflecting the image must cover


@dataclass(frozen=True)
class NetworkConfig:
    """Architecture; the defaults are the reference condition."""

    classes: int = bounded(20, 2, 100_000)  # number of classes
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
