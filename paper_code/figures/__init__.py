"""Figures: a module for each chapter and each part shared by chapters; data in, a matplotlib Figure out, no analysis.

Colours: ``SIGNED``, centred on zero, for signed weights; ``MAGNITUDE`` for magnitudes; the cyclic ``ORIENTATION`` for orientations;
``SEEDS`` for lines that represent training seeds; ``KERNELS`` by the name of a kernel. All are legible to colour-blind readers.
"""

import io
import sys
from pathlib import Path
from string import ascii_uppercase

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import write_atomically

STYLE = Path(__file__).with_name("paper.mplstyle")
FORMATS = ("png", "svg", "pdf", "jpg", "jpeg", "tif", "tiff", "webp")  # formats that matplotlib writes without external programs
SIGNED = "RdBu_r"
MAGNITUDE = "viridis"
ORIENTATION = "twilight"
WIDTH = 7.7  # inches: fills the width of a page with type at the size set by the style; a wider figure is scaled down
SVG_MOST = 250_000  # characters: a notebook shows a figure as SVG up to this size, otherwise as PNG
INK, ACCENT, NULL = "#22303c", "#c2452d", "#9aa5ae"
BESIDE = {"rotation": 0, "ha": "right", "va": "center"}  # of the name of a row, horizontal
CASING = {"color": "white", "linewidth": 2.4, "alpha": 0.6}  # of a thin line that crosses dark colours
SEEDS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d1f")
KERNELS = {"K": ACCENT, "RF": SEEDS[0], "CO": SEEDS[2], "untrained K": NULL, "DP": "#332288", "HR": SEEDS[3], "ANI": "#117733", "COC": NULL}


def show_in_notebook():
    """In a notebook, show figures with few marks as SVG and those with many as PNG."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if not hasattr(shell, "kernel"):
        return
    from IPython.core.pylabtools import print_figure

    def shown(figure, include=None, exclude=None):
        vector = print_figure(figure, "svg", metadata={"Date": None})
        return (
            {"image/svg+xml": vector}
            if len(vector) <= SVG_MOST
            else {"image/png": print_figure(figure, "png", base64=True, dpi=2 * figure.dpi)}
        )

    plt.switch_backend(plt.get_backend())  # this registers its own formats; ours must come after
    shell.display_formatter.formatters["image/png"].pop(Figure, None)
    shell.display_formatter.mimebundle_formatter.for_type(Figure, shown)


def picture_format(path):
    """Format given by the extension of a picture's path, PNG if it has none; raises PaperCodeError if it is not one of FORMATS."""
    form = Path(path).suffix.lstrip(".").lower() or "png"
    if form not in FORMATS:
        raise PaperCodeError(f"cannot write {path}: a picture ends in .{', .'.join(FORMATS)}, not in .{form}")
    return form


def save(figure: Figure, path):
    """Write a figure to ``path`` atomically, in the format given by its extension."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=picture_format(path))
    write_atomically(path, buffer.getvalue())


def show_weights(axes, weights, limit=None, frame=True):
    """Draw a signed filter (rows, columns) on ``axes``, with y up, zero in white and no ticks; returns the image."""
    weights = np.asarray(weights)
    limit = limit or np.abs(weights).max() or 1.0
    rows, columns = weights.shape
    extent = (-columns / 2, columns / 2, -rows / 2, rows / 2)
    image = axes.imshow(weights, cmap=SIGNED, vmin=-limit, vmax=limit, extent=extent)
    axes.set(xticks=[], yticks=[])
    if not frame:
        axes.spines[:].set_visible(False)
    return image


def show_component(axes, pattern, radius):
    """Draw a principal component (s, s) of K on ``axes``, on its own scale, with x along the bars, in px; the target's bar is black."""
    limit = np.abs(pattern).max()
    axes.imshow(pattern, cmap=SIGNED, vmin=-limit, vmax=limit, extent=(-radius, radius, -radius, radius), interpolation="bilinear")
    axes.plot([-radius / 4, radius / 4], [0, 0], color="black", linewidth=2, solid_capstyle="round")
    axes.set(xticks=[-radius, 0, radius], yticks=[-radius, 0, radius])


def tile(filters, columns, normalise=True):
    """Filters (n, a, b) tiled into one picture with a gap of one pixel; ``normalise`` scales each to its own largest modulus."""
    filters = np.asarray(filters, float)
    if normalise:
        peak = np.abs(filters).max(axis=(1, 2), keepdims=True)
        filters = filters / np.where(peak > 0, peak, 1)
    count, height, width = filters.shape
    canvas = np.full((-(-count // columns) * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for index, weights in enumerate(filters):
        row, column = divmod(index, columns)
        canvas[row * (height + 1) :, column * (width + 1) :][:height, :width] = weights
    return canvas


def cocircular_line(axes):
    """Draw the turns of co-circular sources, twice their direction, as dashed lines in a fan from -90 to 90 degrees on both axes."""
    for shift in (-180, 0, 180):
        for style in (CASING, {"color": INK, "linewidth": 0.8, "linestyle": "--"}):
            axes.plot([-90, 90], [shift - 180, shift + 180], **style)
    axes.set(xticks=[-90, 0, 90], yticks=[-90, 0, 90], xlim=(-90, 90), ylim=(-90, 90))


def training_steps(axes, last):
    """Set a logarithmic axis of training steps up to ``last``, with step 0 at the left end, before a dotted line."""
    axes.set_xscale("symlog", linthresh=1, linscale=0.5)
    axes.set_xlim(-0.25, last * 1.5)
    ticks = [tick for tick in (1, 10, 100, 1000, 10000) if tick < last]
    axes.set_xticks([0, *ticks], ["0", *(f"{tick:,}" if tick < 1000 else f"{tick // 1000}k" for tick in ticks)])
    axes.set_xticks([], minor=True)
    axes.axvline(0.5, color=INK, linewidth=0.6, linestyle=(0, (1, 2)))


def each_network(panel, place, values, color, mark="o", label=None, half=0.25, spread=0.0, bar=None, width=None):
    """Draw one mark per network, up to ``spread`` from a place on the x axis, and a bar, ``half`` to either side, for their mean."""
    values = np.asarray(values, float)
    beside = np.linspace(-spread, spread, len(values)) * (len(values) > 1)
    panel.plot(place + beside, values, mark, color=color, markersize=3, alpha=0.6, label=label)
    if len(values):
        panel.plot([place - half, place + half], [values.mean()] * 2, color=bar or color, linewidth=width)


def label_grid(axes, rows=(), columns=(), below=None, **style):
    """Name the rows of a grid of panels at the left, in a style of text, the columns on top, and the x axes of the last row."""
    for panel, name in zip(axes[:, 0], rows, strict=False):
        panel.set_ylabel(name, **style)
    for panel, name in zip(axes[0], columns, strict=False):
        panel.set_title(name)
    if below is not None:
        for panel in axes[-1]:
            panel.set_xlabel(below)


def panel_labels(*panels, letters=ascii_uppercase):
    """Put a bold letter at the upper left of each panel."""
    for panel, letter in zip(panels, letters, strict=False):
        panel.set_title(letter, loc="left", fontweight="bold")


plt.style.use(STYLE)
show_in_notebook()
