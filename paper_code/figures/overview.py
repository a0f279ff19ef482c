"""Figures of the introduction and the scorecard."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, INK, NULL, SEEDS, SIGNED, show_weights, tile


def argument(early, fields, order, target):
    """The whole argument in one picture: a learned first filter, a learned bank, and what one cell receives from all the others.

    Parameters
    ----------
    early : EarlyLayers
    fields : array (n, c, c)
        Receptive fields.
    order : sequence of int
        Cells in the order of their orientation.
    target : int
        The cell whose lateral kernels K[target] are shown, one a source cell, in one colour scale.
    """
    figure = plt.figure(figsize=(9.4, 3.6))
    grid = figure.add_gridspec(1, 4, width_ratios=(1, 0.15, 1.7, 1.7))
    first = figure.add_subplot(grid[0])
    show_weights(first, early.l0)
    first.set_title("l0: one filter, as in the LGN")
    star = figure.add_subplot(grid[1])
    star.set_axis_off()
    star.text(0.5, 0.5, "$*$", fontsize=26, ha="center", va="center")
    columns = int(np.ceil(np.sqrt(len(fields))))
    place = list(order).index(target)
    kernels = early.K[target][order]
    limit = np.quantile(np.abs(kernels), 0.998)
    panels = (
        ("l0 * l1: a bank of simple cells", tile(fields[order], columns), 1),
        ("K: what the framed cell gets from each", tile(kernels, columns, normalise=False), limit),
    )
    for index, (title, picture, top) in enumerate(panels):
        panel = figure.add_subplot(grid[2 + index])
        panel.imshow(np.ma.masked_invalid(picture), cmap=SIGNED, vmin=-top, vmax=top)
        side = (fields if index == 0 else kernels).shape[-1]
        row, column = divmod(place, columns)
        corner = (column * (side + 1) - 1, row * (side + 1) - 1)
        panel.add_patch(plt.Rectangle(corner, side + 1, side + 1, fill=False, edgecolor=INK, linewidth=1.5, clip_on=False))
        panel.set_axis_off()
        panel.set_title(title)
    return figure


def growth(layers, maps, order):
    """One network at some steps of its training, a step a column: l0, some receptive fields and what like cells send each other.

    Parameters
    ----------
    layers : sequence of EarlyLayers
        With their step.
    maps : array (len(layers), q, q)
        As :func:`paper_code.lateral.views.like_map` gives them; all in one colour scale.
    order : sequence of int
        Cells to show, in their order.
    """
    figure, axes = plt.subplots(3, len(layers), figsize=(1.55 * len(layers) + 0.9, 4.9))
    columns, limit = int(np.ceil(np.sqrt(len(order)))), np.nanmax(np.abs(maps))
    for column, early, field in zip(axes.T, layers, maps, strict=True):
        show_weights(column[0], early.l0)
        show_weights(column[1], np.ma.masked_invalid(tile(early.receptive_fields[order], columns)), 1)
        show_weights(column[2], np.ma.masked_invalid(field), limit)
        column[0].set_title(f"step {early.step:,}")
        for panel in column:
            panel.spines[:].set_visible(False)
    for panel, text in zip(axes[:, 0], ("l0", f"{len(order)} cells", "K"), strict=True):
        panel.set_ylabel(text, rotation=0, ha="right", va="center", labelpad=8)
    return figure


def scorecard(groups):
    """Estimates over networks, a panel a unit and a line a row: networks, mean and interval, chance and target.

    Parameters
    ----------
    groups : dict of lists
        By unit, (label, values, mean, low, high, chance or nan, target or None) a row.
    """
    heights = [len(rows) for rows in groups.values()]
    size = (7.6, 0.38 * sum(heights) + 0.75 * len(groups))
    figure, axes = plt.subplots(len(groups), 1, figsize=size, height_ratios=heights, squeeze=False)
    for panel, (unit, rows) in zip(axes[:, 0], groups.items(), strict=True):
        for index, (_, values, mean, low, high, chance, target) in enumerate(rows):
            y = -index
            panel.plot(values, np.full(len(values), y - 0.25), "o", color=NULL, markersize=4)
            panel.plot([low, high], [y, y], color=INK, linewidth=2)
            panel.plot(mean, y, "D", color=INK, markersize=5)
            panel.plot(chance, y, "|", color=SEEDS[0], markersize=15, markeredgewidth=2)
            if target is not None:
                panel.plot(target, y, "|", color=ACCENT, markersize=15, markeredgewidth=2)
        panel.set_yticks([-index for index in range(len(rows))], [textwrap.fill(row[0], 40) for row in rows])
        panel.set(ylim=(-len(rows) + 0.4, 0.6), xlabel=unit)
        panel.tick_params(left=False)
    return figure
