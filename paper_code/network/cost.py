"""What the network costs: output shapes, receptive fields, weights and multiply-adds, stage by stage."""

import math
from dataclasses import dataclass

from paper_code.core.geometry import IMAGE_SIZE


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
