"""Figures of chapter 02, the network."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from paper_code.figures import ACCENT, INK, MAGNITUDE, NULL, SIGNED, WIDTH, label_grid, panel_labels, show_weights, tile

BOARD = 9.62, 4.25  # size of the drawing in inches; a page shows it at 80 %
MIDDLE = 1.65  # height of the pictures' centre line
GAP = 0.3


class Drawing:
    """A blank figure with coordinates in inches, on which pictures, arrows and text are placed."""

    def __init__(self, width, height):
        self.figure = plt.figure(figsize=(width, height), layout="none")
        self.size = np.array([width, height])
        self.board = self.figure.add_axes((0, 0, 1, 1))
        self.board.set(xlim=(0, width), ylim=(0, height))
        self.board.set_axis_off()

    def picture(self, x, y, width, height):
        """Framed axes without ticks, with the lower left corner at (x, y)."""
        axes = self.figure.add_axes((x / self.size[0], y / self.size[1], width / self.size[0], height / self.size[1]))
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=True, linewidth=0.7)
        return axes

    def text(self, x, y, words, **style):
        self.board.text(x, y, words, **{"ha": "center", "va": "center", "fontsize": 10, **style})

    def arrow(self, start, end, **style):
        style = {"arrowstyle": "-|>", "mutation_scale": 9, "color": INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0, **style}
        self.board.add_patch(FancyArrowPatch(start, end, **style))

    def stack(self, x, maps, side, step, silenced=None):
        """Draw maps one behind another, the first in front; ``silenced`` is the index of one that is left blank. Returns the width."""
        count = len(maps)
        top = np.quantile(maps, 0.995) or 1.0
        for index in reversed(range(count)):
            axes = self.picture(x + index * step, MIDDLE - side / 2 + (index - (count - 1) / 2) * step, side, side)
            axes.set_zorder(3 + count - index)
            if index == silenced:
                axes.set_facecolor("white")
                axes.plot([[0, 0], [1, 1]], [[0, 1], [1, 0]], color=ACCENT, linewidth=0.9, transform=axes.transAxes)
            else:
                axes.imshow(maps[index], cmap=MAGNITUDE, vmin=0, vmax=top)
        return side + (count - 1) * step


def network(config, stages, seen, early, cells):
    """The network from left to right, with shapes, filters and responses to one picture, the Trace ``seen``, of at least 4 ``cells``."""
    rows = {stage.name: stage for stage in stages}
    drawing = Drawing(*BOARD)
    limit = np.abs(seen.image).max()
    side = 0.98
    x = 0.22

    def caption(centre, title, stage, shape, below=None):
        if stage is not None and stage.parameters:
            below = f"{stage.parameters:,} weights"
        for y, words, style in ((0.62, title, {"fontweight": "bold"}), (0.36, shape, {"fontsize": 9}), (0.11, below, {"fontsize": 9})):
            drawing.text(centre, y, words or "", **style)

    def onward(x):
        drawing.arrow((x + 0.04, MIDDLE), (x + GAP - 0.04, MIDDLE))
        return x + GAP

    def thumbnail(x, values, cmap, low, high):
        drawing.picture(x, MIDDLE - side / 2, side, side).imshow(values, cmap=cmap, vmin=low, vmax=high)

    def kernel(x, height, width, title):
        """Axes for filters above the arrow that starts at x, with a line leading down to it."""
        centre = x + GAP / 2
        axes = drawing.picture(centre - width / 2, 2.8, width, height)
        drawing.text(centre, 2.8 + height + 0.14, title)
        drawing.arrow((centre, 2.78), (centre, MIDDLE + 0.09), color=NULL, linewidth=0.9)
        return axes

    thumbnail(x, seen.image, "gray", -limit, limit)
    caption(x + side / 2, "image", None, _shape((1, *seen.image.shape)))
    x = onward(x + side)
    thumbnail(x, seen.noisy, "gray", -limit, limit)
    caption(x + side / 2, "front end", None, f"blur {config.blur:g} px", f"noise {config.noise:g}")
    x += side
    if early.l0 is not None:
        show_weights(kernel(x, 0.62, 0.62, "l0"), early.l0)
        x = onward(x)
        peak = np.abs(seen.lgn).max()
        thumbnail(x, seen.lgn, SIGNED, -peak, peak)
        caption(x + side / 2, f"l0, {config.l0}", rows["l0"], _shape(rows["l0"].shape))
        x += side
    bank = kernel(x, 0.86, 1.22, f"l1, {config.cells} filters")
    order = np.argsort(-(early.l1**2).sum((1, 2)))[:24]
    bank.imshow(tile(early.l1[order], 6), cmap=SIGNED, vmin=-1, vmax=1, aspect="auto")
    x = onward(x)
    step, small = 0.09, 0.86
    width = drawing.stack(x, seen.h[list(cells)], small, step, silenced=1 if config.silenced > 0 else None)
    caption(x + width / 2, "l1", rows["l1"], _shape(rows["l1"].shape))
    if config.silenced > 0:
        drawing.text(x + width / 2, MIDDLE - 0.8, f"✕ silenced, p = {config.silenced:g}", fontsize=8.5, color=ACCENT)
    x += width
    if config.lateral:
        x = onward(x)
        width = drawing.stack(x, seen.activity[-1][list(cells)], small, step)
        centre = x + width / 2 + 0.1
        top = MIDDLE + 0.64
        drawing.arrow(
            (centre + 0.42, top), (centre - 0.36, top), connectionstyle="arc3,rad=0.9", color=ACCENT, linewidth=1.5, mutation_scale=11
        )
        chosen = list(cells)[:4]
        lateral = drawing.picture(centre - 0.55, 2.8, 1.1, 1.1)
        mosaic = early.K[np.ix_(chosen, chosen)]
        peak = np.quantile(np.abs(mosaic), 0.995)
        blocks = tile(np.clip(mosaic.reshape(-1, *mosaic.shape[2:]) / peak, -1, 1), 4, normalise=False)
        lateral.imshow(blocks, cmap=SIGNED, vmin=-1, vmax=1, aspect="auto")
        drawing.text(centre, 4.04, f"K, {len(early.K)} × {len(early.K)} kernels")
        drawing.text(centre, 2.44, f"T = {config.steps}", color=ACCENT)
        drawing.text(x + width / 2, MIDDLE - 0.8, r"$h_{t+1} = [\,h + K \star h_t\,]_+$", fontsize=8.5, color=ACCENT)
        caption(x + width / 2, "lateral loop", rows["lateral"], _shape(rows["lateral"].shape))
        x += width
    tail = [rows["pool"], *[row for name, row in rows.items() if name.startswith("block")]]
    start = x = onward(x)
    for stage in tail:
        channels, edge, _ = stage.shape
        height, width = 0.3 + 0.85 * edge / tail[0].shape[1], 0.12 + channels / 900
        drawing.board.add_patch(Rectangle((x, MIDDLE - height / 2), width, height, facecolor="#dfe6ea", edgecolor=INK, linewidth=0.8))
        drawing.text(x + width / 2, MIDDLE + height / 2 + 0.12, f"{channels}", fontsize=8.5)
        drawing.text(x + width / 2, MIDDLE - height / 2 - 0.12, f"{edge}²", fontsize=8.5)
        x += width + 0.13
    caption((start + x - 0.13) / 2, "tail", None, f"pool, {len(config.widths)} blocks", f"{sum(row.parameters for row in tail):,} weights")
    x = onward(x - 0.13)
    bars = drawing.picture(x, MIDDLE - 0.7, 0.42, 1.4)
    bars.barh(np.arange(len(seen.scores)), seen.scores - seen.scores.min(), color=INK, height=0.7)
    bars.set(ylim=(-1, len(seen.scores)))
    caption(x + 0.21, "scores", rows["read-out"], f"{config.classes} classes")
    return drawing.figure


def _shape(shape):
    return " × ".join(map(str, shape))


def receptive_fields(early, cells, predicted, measured):
    """l0; for some cells, the filter and its convolution with l0; and the activity in the network against the predicted activity."""
    count = len(cells)
    figure = plt.figure(figsize=(WIDTH, 2.6))
    fields = early.receptive_fields
    banks = {"l1": early.l1} | ({"l1 * l0": fields} if early.l0 is not None else {})
    grid = figure.add_gridspec(len(banks), count + 4, width_ratios=[1, 0.1, *[1] * count, 0.12, 2.3])
    if early.l0 is not None:
        panel = figure.add_subplot(grid[:, 0])
        show_weights(panel, early.l0, frame=False)
        panel.set_xlabel(f"l0, {len(early.l0)} × {len(early.l0)}")
        panel_labels(panel)
    axes = np.array([[figure.add_subplot(grid[row, column + 2]) for column in range(count)] for row in range(len(banks))])
    reach = fields.shape[-1] / 2
    for line, bank in zip(axes, banks.values(), strict=True):
        for panel, cell in zip(line, cells, strict=True):
            show_weights(panel, bank[cell], frame=False)
            panel.set(xlim=(-reach, reach), ylim=(-reach, reach))
    label_grid(axes, banks, [f"cell {cell}" for cell in cells])
    panel = figure.add_subplot(grid[:, -1])
    top = float(max(predicted.max(), measured.max()))
    panel.plot([0, top], [0, top], color=ACCENT, linewidth=1)
    panel.plot(predicted, measured, ".", color=INK, markersize=2.5, alpha=0.5, rasterized=True)
    panel.set(xlabel="activity by the formula", ylabel="activity in the network")
    panel.set_box_aspect(1)
    panel_labels(axes[0, 0], panel, letters="BC")
    return figure


def impulse(pictures, cells, reach, trained, shuffled, untrained):
    """Activity that one cell evokes in the others, read out as a picture, and how closely it resembles the cell's own receptive field.

    ``pictures`` (steps + 1, n, side, side) are for n cells, at step 0 the cell's own field; ``reach`` (steps + 1,) is half the side of the
    area that activity can have reached, in px. The rest are correlations with the own field; ``shuffled``, with randomly assigned fields.
    """
    steps, count = len(pictures), len(cells)
    figure = plt.figure(figsize=(WIDTH, 1.25 * steps + 0.4))
    left, right = figure.subfigures(1, 2, width_ratios=[1.2 * count, 2.9])
    axes = left.subplots(steps, count, squeeze=False)
    for step, column in np.ndindex(steps, count):
        panel = axes[step, column]
        show_weights(panel, pictures[step, column], frame=False)
        frame = np.array([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1]]) * reach[step]
        panel.plot(*frame, color=NULL, linewidth=0.8, linestyle=":")
    label_grid(axes, ["driven", *(f"others, t = {step}" for step in range(1, steps))], [f"cell {cell}" for cell in cells])
    panel = right.subplots()
    bins = np.linspace(-1, 1, 41)
    for values, colour, name, style in (
        (trained, ACCENT, "trained", {"histtype": "stepfilled", "alpha": 0.85}),
        (untrained, INK, "before training", {"histtype": "step"}),
        (shuffled, NULL, "trained, fields shuffled", {"histtype": "stepfilled", "alpha": 0.55}),
    ):
        values = np.ravel(values)
        panel.hist(values, bins, weights=np.full(len(values), 1 / len(values)), color=colour, label=name, **style)
    panel.set(xlabel="correlation with its own field, t = 1", ylabel="share of cells", xlim=(-1, 1))
    panel_labels(axes[0, 0], panel)
    right.legend(loc="outside upper right")
    return figure
