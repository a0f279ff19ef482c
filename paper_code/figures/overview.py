"""Figures of the introduction and the scorecard."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, INK, NULL, SEEDS, SIGNED, WIDTH, cocircular_line, panel_labels, show_weights, tile, training_steps


def argument(early, fields, order, target):
    """The whole argument in one picture: a learned first filter, a learned bank, and what one cell receives from all the others.

    The cells are shown in ``order``; K[target] has one kernel per source cell, all on one colour scale.
    """
    figure = plt.figure(figsize=(9.4, 3.6))
    grid = figure.add_gridspec(1, 3, width_ratios=(1, 1.7, 1.7))
    first = figure.add_subplot(grid[0])
    show_weights(first, early.l0)
    first.set_title("l0: one filter, as in the LGN")
    columns = int(np.ceil(np.sqrt(len(fields))))
    place = list(order).index(target)
    kernels = early.K[target][order]
    limit = np.quantile(np.abs(kernels), 0.998)
    panels = (
        ("l1 * l0: a bank of simple cells", tile(fields[order], columns), 1),
        ("K: input to the framed cell from each", tile(kernels, columns, normalise=False), limit),
    )
    for index, (title, picture, top) in enumerate(panels):
        panel = figure.add_subplot(grid[1 + index])
        panel.imshow(picture, cmap=SIGNED, vmin=-top, vmax=top)
        side = (fields if index == 0 else kernels).shape[-1]
        row, column = divmod(place, columns)
        corner = (column * (side + 1) - 1, row * (side + 1) - 1)
        panel.add_patch(plt.Rectangle(corner, side + 1, side + 1, fill=False, edgecolor=INK, linewidth=1.5, clip_on=False))
        panel.set_axis_off()
        panel.set_title(title)
    return figure


def strip(filters, bank, patterns, fan, course):
    """The findings: l0 and its fit, the bank, components of K and RF between cells of similar orientation, the far fan, and how it grew.

    Filters by title, on one colour scale; receptive fields (n, c, c) in the given order; principal components (k, q, q) of two kernels
    by name, each on its own scale; coefficients by turn (rows) and direction, -90 to 90 degrees; the Course of the term seen in the fan.
    """
    figure = plt.figure(figsize=(WIDTH, 4.7))
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.1, 1))
    left, middle, right = upper.subfigures(1, 3, width_ratios=(0.55, 1.1, 1.5))
    limit = max(np.abs(one).max() for one in filters.values())
    for panel, (title, weights) in zip(left.subplots(2, 1), filters.items(), strict=True):
        show_weights(panel, weights, limit)
        panel.set_xlabel(title)
    centre = middle.subplots()
    show_weights(centre, tile(bank, int(np.ceil(np.sqrt(len(bank))))), 1, frame=False)
    centre.set_title("receptive fields of l1")
    lines = right.subplots(len(patterns), 3)
    for line, (name, found) in zip(lines, patterns.items(), strict=True):
        for panel, pattern in zip(line, found, strict=True):
            show_weights(panel, pattern, frame=False)
        line[1].set_title(name)
    first, second = lower.subplots(1, 2)
    limit = np.abs(fan).max()
    drawn = first.imshow(fan, origin="lower", extent=(-90, 90, -90, 90), cmap=SIGNED, vmin=-limit, vmax=limit, aspect="auto")
    lower.colorbar(drawn, ax=first).ax.set_title("sd of K")
    cocircular_line(first)
    first.set(xlabel="direction of the other cell (°)", ylabel="relative orientation (°)")
    first.set_title("K where fields hardly overlap")
    if course.band:
        second.axhspan(*course.band, color=NULL, alpha=0.35, linewidth=0)
    for values in course.values:
        second.plot(course.steps, values, color=INK, linewidth=0.6, alpha=0.5)
    second.plot(course.steps, course.values.mean(axis=0), color=ACCENT, linewidth=1.8)
    second.axhline(0, color=INK, linewidth=0.6)
    training_steps(second, int(course.steps[-1]))
    second.set(xlabel="training step", ylabel="co-circular term (sd of K)", title="growth in training")
    panel_labels(left.axes[0], centre, *lines[:, 0], first, second)
    return figure


def growth(layers, maps, order):
    """One network at some training steps, one column per step: l0, some receptive fields, and K between cells of similar orientation.

    The ``maps`` (steps, q, q), on one colour scale, are those of :func:`paper_code.lateral.association_field.like_map`.
    """
    figure, axes = plt.subplots(3, len(layers), figsize=(1.55 * len(layers) + 0.9, 4.9))
    columns, limit = int(np.ceil(np.sqrt(len(order)))), np.nanmax(np.abs(maps))
    for column, early, field in zip(axes.T, layers, maps, strict=True):
        bank = tile(early.receptive_fields[order], columns)
        for panel, shown, top in zip(column, (early.l0, bank, field), (None, 1, limit), strict=True):
            show_weights(panel, shown, top, frame=False)
        column[0].set_title(f"step {early.step:,}")
    for panel, text in zip(axes[:, 0], ("l0", f"{len(order)} cells", "K"), strict=True):
        panel.set_ylabel(text, rotation=0, ha="right", va="center", labelpad=8)
    return figure


def scorecard(groups):
    """Estimates over networks, a panel per unit, a line per row: (label, values, mean, low, high, chance or nan, threshold or None)."""
    heights = [len(rows) for rows in groups.values()]
    size = (7.6, 0.38 * sum(heights) + 0.75 * len(groups))
    figure, axes = plt.subplots(len(groups), 1, figsize=size, height_ratios=heights, squeeze=False)
    for panel, (unit, rows) in zip(axes[:, 0], groups.items(), strict=True):
        for index, (_, values, mean, low, high, chance, threshold) in enumerate(rows):
            y = -index
            if threshold is not None:
                panel.plot(threshold, y, "|", color=ACCENT, markersize=15, markeredgewidth=2)
            panel.plot(values, np.full(len(values), y - 0.25), "o", color=NULL, markersize=4)
            panel.plot([low, high], [y, y], color=INK, linewidth=2)
            panel.plot(mean, y, "D", color=INK, markersize=5)
            panel.plot(chance, y, "|", color=SEEDS[0], markersize=15, markeredgewidth=2)
        panel.set_yticks([-index for index in range(len(rows))], [textwrap.fill(row[0], 40) for row in rows])
        panel.set(ylim=(-len(rows) + 0.4, 0.6), xlabel=unit)
        panel.tick_params(left=False)
    return figure
