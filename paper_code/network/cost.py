"""What the network costs, stage by stage: shapes, parameters and multiply-adds, from its configuration alone.

A multiply-add is one product of a weight and a value, summed. They are counted as the network is run on one image at test,
with the border's zeros as values like all others. Not counted: rectification, pooling, noise, the addition of a bias.
"""

import math
from dataclasses import dataclass

from paper_code.images.image_set import IMAGE_SIZE


@dataclass(frozen=True)
class Stage:
    """One stage of the network.

    Attributes
    ----------
    name : str
    definition : str
        In a few words.
    shape : tuple of int
        Output for one image: (channels, rows, columns), or (classes,).
    field : int
        Side of the square of receptors, in pixels and at most the image's, that can influence one value of the output. A
        receptor is a place behind the optics, so the blur does not count.
    parameters : int
        Learned numbers.
    multiply_adds : int
        For one image.
    """

    name: str
    definition: str
    shape: tuple
    field: int
    parameters: int
    multiply_adds: int

    def row(self, total):
        """Cells of a table: name, definition, output, field, weights, multiply-adds in millions, their share of ``total``."""
        adds = self.multiply_adds
        arithmetic = [f"{adds / 1e6:,.2f}", f"{100 * adds / total:.2f}"] if adds else ["–", "–"]
        weights = f"{self.parameters:,}" if self.parameters else "–"
        return [self.name, self.definition, " × ".join(map(str, self.shape)), self.field, weights, *arithmetic]


def stages(config):
    """The stages of ``Network(config)``, a list of :class:`Stage` in the order of the computation."""
    rows = []
    side, channels, field, spacing = IMAGE_SIZE, 1, 1, 1

    def add(name, definition, parameters, multiply_adds, shape=None):
        shape = (channels, side, side) if shape is None else shape
        rows.append(Stage(name, definition, shape, min(field, IMAGE_SIZE), parameters, multiply_adds))

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
    field = IMAGE_SIZE
    weights = channels * config.classes
    add("read-out", "mean over places, linear", weights + config.classes, weights, (config.classes,))
    return rows


def lateral_multiply_adds(config, batch=64):
    """Multiply-adds of the propagation for one image: (direct convolution, by way of the Fourier domain).

    The second is what :func:`paper_code.network.fourier.propagate` does, each product with a transform's matrix counted in full
    and a complex product as four real ones; the spectrum of K, made once for ``batch`` images, is shared among them.
    """
    if not config.lateral:
        return 0, 0
    side, size, cells = (IMAGE_SIZE - 1) // config.stride + 1, config.lateral_size, config.cells
    period = side + size // 2
    half = period // 2 + 1

    def transform(width, signals):
        return signals * (2 * half * width * width + 4 * period * width * half)

    a_step = 2 * transform(side, cells) + 4 * period * half * cells**2
    spectral = config.steps * a_step + transform(size, cells**2) / batch
    return config.steps * cells**2 * size**2 * side**2, round(spectral)


def _square(size):
    return f"{size} × {size}"
