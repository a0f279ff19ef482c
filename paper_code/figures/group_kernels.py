"""Figures of the appendix on the group kernels: their shape, their accuracy and their cost."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from paper_code.figures import INK, MAGNITUDE, NULL, SEEDS, WIDTH, label_grid, panel_labels


def _bar(panel, x, y, theta, half, **style):
    panel.plot([x - half * np.cos(theta), x + half * np.cos(theta)], [y - half * np.sin(theta), y + half * np.sin(theta)], **style)


def kernels(rows, theta, arcs, half_width):
    """Kernels summed over theta and sliced at given turns, one row each; a root of the ratio to the peak brings out the tails.

    ``rows`` is a list of (name, plane (a, a), slices (m, a, a)) that cover +- ``half_width`` px; ``theta`` (m,) is in radians. The slices
    of a row share one scale. ``arcs`` (n, k, 3), the co-circular fan, is drawn over the planes; the dotted lines in the slices show
    where the fan has that turn, psi = theta / 2.
    """
    columns = len(theta) + 1
    figure, grid = plt.subplots(len(rows), columns, figsize=(WIDTH, 1.4 * len(rows) + 0.4), sharex=True, sharey=True, squeeze=False)
    extent = (-half_width, half_width) * 2
    for line, (_, plane, slices) in zip(grid, rows, strict=True):
        for column, (panel, picture) in enumerate(zip(line, [plane, *slices], strict=True)):
            peak = plane.max() if column == 0 else slices.max()
            image = panel.imshow(np.clip(picture, 0, None) / peak, cmap=MAGNITUDE, norm=PowerNorm(0.4, 0, 1), extent=extent)
            if column:
                turn = theta[column - 1]
                _bar(panel, 0, 0, turn / 2, 1.5 * half_width, color="white", linewidth=0.8, linestyle=":")
                _bar(panel, -0.74 * half_width, 0.74 * half_width, turn, 0.16 * half_width, color="white", linewidth=2.2)
            else:
                for arc in arcs:
                    panel.plot(arc[:, 0], arc[:, 1], color="white", linewidth=0.6)
            panel.set(xlim=extent[:2], ylim=extent[2:])
    titles = ["all turns", *(f"turn {turn:.4g}°" for turn in np.degrees(theta))]
    label_grid(grid, [f"{name}\ny (px)" for name, *_ in rows], titles, "x (px)")
    figure.colorbar(image, ax=grid, shrink=0.5, ticks=[0, 0.1, 0.5, 1], label="density / peak")
    return figure


def monte_carlo(ticks, profiles, residuals):
    """Profiles of path counts over those expected from the kernel, and standardised residuals of all boxes with the normal density.

    ``profiles`` is a list of (name, [(label, seen (n,), expected (n,)), ...]) of counts; ``ticks`` (n,) is in px; ``residuals`` maps a
    name to an array (m,).
    """
    figure, axes = plt.subplots(1, len(profiles) + 1, figsize=(WIDTH, 2.9), width_ratios=(1.2,) * len(profiles) + (1.1,))
    for panel, (name, lines) in zip(axes, profiles, strict=False):
        for index, (label, seen, expected) in enumerate(lines):
            color = SEEDS[index % len(SEEDS)]
            panel.plot(ticks, expected, color=color, label=label)
            panel.errorbar(ticks, seen, yerr=np.sqrt(expected), fmt=".", color=color, markersize=4, elinewidth=0.8)
        panel.set(xlabel="y (px)", title=name, ylim=(0, None))
        panel.legend(title="turn")
    axes[0].set_ylabel("paths per box")
    edges = np.linspace(-4, 4, 33)
    middle = (edges[1:] + edges[:-1]) / 2
    for index, (name, values) in enumerate(residuals.items()):
        axes[-1].hist(values, bins=edges, density=True, histtype="step", color=SEEDS[index], label=name)
    axes[-1].plot(middle, np.exp(-(middle**2) / 2) / np.sqrt(2 * np.pi), color=INK, linestyle="--", linewidth=1, label="normal")
    axes[-1].set(xlabel="residual / sd", yticks=[], ylabel="density of boxes", ylim=(0, 1.06 * max(axes[-1].dataLim.ymax, 0.4)))
    figure.legend(*axes[-1].get_legend_handles_labels(), ncols=3, loc="outside lower right")
    panel_labels(*axes)
    return figure


def convergence(panels):
    """Errors against one numerical parameter per panel, with the rate predicted by theory.

    ``panels`` is a list of (label of the abscissa, efforts (n,), errors (n,), predicted (n,), whether the abscissa is logarithmic).
    """
    figure, axes = plt.subplots(-(-len(panels) // 2), 2, figsize=(WIDTH, 4.6), sharey=True, squeeze=False)
    for panel, (label, efforts, errors, predicted, logarithmic) in zip(axes.flat, panels, strict=False):
        panel.plot(efforts, predicted, "--", color=NULL, label="predicted rate")
        panel.plot(efforts, errors, "o", color=SEEDS[0], markersize=4, label="measured")
        panel.set(xlabel=label, yscale="log", ylim=(1e-12, 2))
        if logarithmic:
            panel.set_xscale("log", base=2)
    panel_labels(*axes.flat[: len(panels)])
    label_grid(axes, ["largest error / peak"] * len(axes))
    axes[0, 0].legend()
    return figure


def cost(table, names, guides):
    """Processor seconds and peak memory in megabytes against one numerical parameter at a time.

    ``table`` comes from ``se2.checks.cost``; ``names`` label its keys, and ``guides`` hold what the cost should be proportional to.
    """
    figure, axes = plt.subplots(2, len(names), figsize=(WIDTH, 4.2), sharex="col", sharey="row")
    for column, (key, label) in enumerate(names.items()):
        efforts, seconds, memory = table[key]
        for panel, values in zip(axes[:, column], (seconds, memory / 1e6), strict=True):
            panel.loglog(efforts, values, "o-", color=SEEDS[0], markersize=4)
            if key != "modes" or values is seconds:
                panel.loglog(efforts, values[-1] * guides[key] / guides[key][-1], ":", color=NULL, label="proportional")
        axes[1, column].set(xlabel=label, xticks=efforts, xticklabels=[str(effort) for effort in efforts])
        axes[1, column].xaxis.set_minor_formatter(NullFormatter())
    for line in axes:
        line[0].yaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter=ScalarFormatter(), minor_formatter=NullFormatter())
    label_grid(axes, ("processor seconds", "peak memory (MB)"))
    axes[0, 0].legend(loc="upper left")
    panel_labels(*axes.flat)
    return figure
