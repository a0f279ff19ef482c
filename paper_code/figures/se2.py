"""Figures of chapter 01 and of the appendix on the group kernels: the symmetries of the visual pathway, and how exact the kernels are."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.ticker import NullFormatter

from paper_code.figures import ACCENT, INK, MAGNITUDE, NULL, ORIENTATION, SEEDS, SIGNED, WIDTH, panel_label, show_weights

FORWARD, TURN, SIDEWAYS = SEEDS[1], SEEDS[2], SEEDS[0]  # X1, X2, X3


def log_family(picture, sigma, radius, profiles, frequency, responses, measured):
    """One Laplacian of Gaussian as a picture, and the family of widths against the distance and against the frequency.

    ``picture`` (a, a) belongs to the last of ``sigma`` (n,); ``profiles`` (n, k) and ``responses`` (n, m) are closed forms, and
    ``measured`` is the pair of frequencies (j,) and transforms (n, j) of the functions on a lattice.
    """
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(WIDTH, 2.4), width_ratios=(1, 1.25, 1.25))
    show_weights(left, picture)
    left.set_xlabel(f"$\\sigma$ = {sigma[-1]:g} px")
    for axes in (middle, right):
        axes.axhline(0, color=NULL, linewidth=0.7)
    for index, width in enumerate(sigma):
        color = SEEDS[index]
        middle.plot(radius, profiles[index], color=color, label=f"$\\sigma$ = {width:g} px")
        middle.plot(np.sqrt(2) * width, 0, "o", color=color, markersize=4)
        peak = responses[index].max()
        right.plot(frequency, responses[index] / peak, color=color)
        right.plot(measured[0], measured[1][index] / peak, ".", color=color, markersize=5)
        right.axvline(1 / (np.sqrt(2) * np.pi * width), color=color, linestyle=":", linewidth=1)
    middle.set(xlabel="distance from the centre (px)", ylabel="weight", xlim=(0, radius[-1]))
    middle.legend()
    right.set(xlabel="frequency (cycles/px)", ylabel="transform / peak", xlim=(0, frequency[-1]))
    for axes, letter in zip((left, middle, right), "ABC", strict=True):
        panel_label(axes, letter)
    return figure


def gabor_orbit(pictures, names, half_width):
    """Members (n, a, a) of the orbit of a Gabor in a row, each on the same window of +- ``half_width`` px, with the axes through 0."""
    figure, row = plt.subplots(1, len(pictures), figsize=(WIDTH, 1.8))
    limit = np.abs(pictures).max()
    for axes, picture, name in zip(row, pictures, names, strict=True):
        axes.imshow(picture, cmap=SIGNED, vmin=-limit, vmax=limit, extent=(-half_width, half_width) * 2)
        axes.axhline(0, color=NULL, linewidth=0.6)
        axes.axvline(0, color=NULL, linewidth=0.6)
        axes.set(xticks=[], yticks=[], title=name)
    return figure


def frame_along_curve(background, extent, curve, stations, manoeuvres):
    """The left-invariant frame along a curve over the Gabors that live there, and the small squares of the commutator.

    ``background`` (a, b) covers ``extent`` (left, right, bottom, top); ``curve`` (3, k) and ``stations`` (3, n) are x, y, theta;
    ``manoeuvres`` maps a step to the corners (5, 3) of exp(X1) exp(X2) exp(-X1) exp(-X2).
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), width_ratios=(1.75, 1))
    limit = np.abs(background).max()
    left.imshow(background, cmap=SIGNED, vmin=-limit, vmax=limit, extent=extent, alpha=0.6)
    left.plot(curve[0], curve[1], color=INK, linewidth=1)
    length = 0.11 * (extent[1] - extent[0])
    for index, (x, y, theta) in enumerate(stations.T):
        _arrow(left, (x, y), length * np.array([np.cos(theta), np.sin(theta)]), FORWARD, "$X_1$ ahead" if index == 0 else None)
        _arrow(left, (x, y), length * np.array([-np.sin(theta), np.cos(theta)]), SIDEWAYS, "$X_3$ sideways" if index == 0 else None)
        around = theta + np.linspace(0.15, 1.3, 30)
        arc = np.stack([x + 0.62 * length * np.cos(around), y + 0.62 * length * np.sin(around)])
        left.plot(*arc[:, :-6], color=TURN, label="$X_2$ turn" if index == 0 else None)
        _arrow(left, arc[:, -7], arc[:, -1] - arc[:, -7], TURN, None)
    left.set(xlim=extent[:2], ylim=extent[2:], xlabel="x (px)", ylabel="y (px)")
    left.legend(loc="lower right", frameon=True)
    shades = np.linspace(0.25, 1, len(manoeuvres))
    for shade, (step, corners) in zip(shades, manoeuvres.items(), strict=True):
        x, y, theta = corners.T
        right.plot(x, y, color=ACCENT, alpha=shade, marker="o", markersize=3, label=f"$\\epsilon$ = {step:g}")
        right.quiver(x[-1], y[-1], np.cos(theta[-1]), np.sin(theta[-1]), color=ACCENT, alpha=shade, scale=9, width=0.012)
    right.quiver(0, 0, 1, 0, color=INK, scale=9, width=0.012)
    right.plot(0, 0, "o", color=INK, markersize=5, label="start")
    right.set(xlabel="x (px)", ylabel="y (px)", aspect="equal")
    right.legend(loc="lower left", bbox_to_anchor=(0.0, 0.0))
    panel_label(left, "A")
    panel_label(right, "B")
    return figure


def _arrow(axes, foot, step, color, label):
    """An arrow in data coordinates, with an entry in the legend if it has a label."""
    axes.annotate(
        "",
        xy=np.add(foot, step),
        xytext=foot,
        arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0},
    )
    if label:
        axes.plot([], [], color=color, label=label)


def association_and_geodesics(arcs, geodesics):
    """The association field (n, k, 3) with its elements, and sub-Riemannian geodesics, a list of arrays (3, k) that end at cusps."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9), sharex=True, sharey=True)
    _fan(left, [arc.T for arc in arcs], every=5)
    _fan(right, geodesics, every=140)
    for axes, letter, name in ((left, "A", "constant curvature"), (right, "B", "sub-Riemannian geodesics")):
        axes.set(xlabel="x (px)", aspect="equal", title=name)
        panel_label(axes, letter)
    left.set_ylabel("y (px)")
    wheel = plt.cm.ScalarMappable(plt.Normalize(0, 180), ORIENTATION)
    bar = figure.colorbar(wheel, ax=(left, right), shrink=0.7, ticks=[0, 45, 90, 135, 180])
    bar.set_label("orientation (degrees)")
    return figure


def _fan(axes, curves, every):
    """Curves (3, k) as thin lines, with a bar at their ends and at every so many points, coloured by its orientation."""
    colours = plt.get_cmap(ORIENTATION)
    for curve in curves:
        axes.plot(curve[0], curve[1], color=NULL, linewidth=0.8)
    for curve in curves:
        for x, y, theta in [*curve.T[::every], curve.T[-1]]:
            if np.hypot(x, y) < 6:  # nearer to the origin the bars would hide each other
                continue
            ends = np.outer([-0.7, 0.7], [np.cos(theta), np.sin(theta)]) + [x, y]
            axes.plot(*ends.T, color=INK, linewidth=3.4)
            axes.plot(*ends.T, color=colours(theta % np.pi / np.pi), linewidth=2.4)
    axes.plot([-1.2, 1.2], [0, 0], color=INK, linewidth=5)


METHODS = {
    "Fourier modes": ("o-", SEEDS[0]),
    "finite differences": ("s-", SEEDS[2]),
    "Monte Carlo": ("^-", SEEDS[1]),
    "near the axis": ("D", INK),
}


def _bar(panel, x, y, theta, half, **style):
    panel.plot([x - half * np.cos(theta), x + half * np.cos(theta)], [y - half * np.sin(theta), y + half * np.sin(theta)], **style)


def kernels(rows, theta, arcs, half_width):
    """Kernels summed over theta and cut at some turns, a row each; a root of the share of the peak brings out the tails.

    ``rows`` is a list of (name, plane (a, a), slices (m, a, a)) that cover +- ``half_width`` px, ``theta`` (m,) is in radians. The slices
    of a row share one scale. ``arcs`` (n, k, 3), the co-circular fan, is drawn over the planes; the dotted lines of the slices are
    where the fan has that turn, psi = theta / 2.
    """
    columns = len(theta) + 1
    figure, grid = plt.subplots(len(rows), columns, figsize=(7.7, 1.4 * len(rows) + 0.4), sharex=True, sharey=True, squeeze=False)
    extent = (-half_width, half_width) * 2
    for line, (name, plane, slices) in zip(grid, rows, strict=True):
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
        line[0].set_ylabel(f"{name}\ny (px)")
    for panel, turn in zip(grid[0], [None, *theta], strict=True):
        panel.set_title("all turns" if turn is None else f"turn {np.degrees(turn):.4g}°")
    for panel in grid[-1]:
        panel.set_xlabel("x (px)")
    figure.colorbar(image, ax=grid, shrink=0.5, ticks=[0, 0.1, 0.5, 1], label="density / peak")
    return figure


def monte_carlo(ticks, profiles, residuals):
    """Profiles of counted paths over the kernel's, and the standardised residuals of all boxes against the normal density.

    ``profiles`` is a list of (name, [(label, seen (n,), expected (n,)), ...]), counts; ``ticks`` (n,) in px; ``residuals`` maps a name
    to an array (m,).
    """
    figure, axes = plt.subplots(1, len(profiles) + 1, figsize=(7.7, 2.9), width_ratios=(1.2,) * len(profiles) + (1.1,))
    for panel, (name, lines) in zip(axes, profiles, strict=False):
        for index, (label, seen, expected) in enumerate(lines):
            color = SEEDS[index % len(SEEDS)]
            panel.plot(ticks, expected, color=color, label=label)
            panel.errorbar(ticks, seen, yerr=np.sqrt(expected), fmt=".", color=color, markersize=4, elinewidth=0.8)
        panel.set(xlabel="y (px)", title=name, ylim=(0, None))
        panel.legend(title="turn")
    axes[0].set_ylabel("paths a box")
    edges = np.linspace(-4, 4, 33)
    middle = (edges[1:] + edges[:-1]) / 2
    for index, (name, values) in enumerate(residuals.items()):
        axes[-1].hist(values, bins=edges, density=True, histtype="step", color=SEEDS[index], label=name)
    axes[-1].plot(middle, np.exp(-(middle**2) / 2) / np.sqrt(2 * np.pi), color=INK, linestyle="--", linewidth=1, label="normal")
    axes[-1].set(xlabel="residual / sd", yticks=[], ylabel="density of boxes", ylim=(0, 0.42))
    figure.legend(*axes[-1].get_legend_handles_labels(), ncols=3, loc="outside lower right")
    for panel, letter in zip(axes, "ABC", strict=False):
        panel_label(panel, letter)
    return figure


def convergence(panels):
    """Errors against one number of the numerics each, over the rate that theory gives.

    ``panels`` is a list of (label of the abscissa, efforts (n,), errors (n,), predicted (n,), logarithmic abscissa).
    """
    figure, axes = plt.subplots(-(-len(panels) // 2), 2, figsize=(7.7, 4.6), sharey=True, squeeze=False)
    for panel, letter, (label, efforts, errors, predicted, logarithmic) in zip(axes.flat, "ABCD", panels, strict=False):
        panel.plot(efforts, predicted, "--", color=NULL, label="predicted rate")
        panel.plot(efforts, errors, "o", color=SEEDS[0], markersize=4, label="measured")
        panel.set(xlabel=label, yscale="log", ylim=(1e-12, 2))
        if logarithmic:
            panel.set_xscale("log", base=2)
        panel_label(panel, letter)
    for line in axes:
        line[0].set_ylabel("largest error / peak")
    axes[0, 0].legend()
    return figure


def cost(table, names, guides):
    """Processor seconds and megabytes against one number at a time.

    ``table`` as ``se2.benchmark.cost`` gives it; ``names`` label its keys, and ``guides`` hold what they should be in proportion to.
    """
    figure, axes = plt.subplots(2, len(names), figsize=(7.7, 4.2), sharex="col", sharey="row")
    for column, (key, label) in enumerate(names.items()):
        efforts, seconds, memory = table[key]
        for panel, values in zip(axes[:, column], (seconds, memory / 1e6), strict=True):
            panel.loglog(efforts, values, "o-", color=SEEDS[0], markersize=4)
            if key != "modes" or values is seconds:
                panel.loglog(efforts, values[-1] * guides[key] / guides[key][-1], ":", color=NULL, label="in proportion")
        axes[1, column].set(xlabel=label, xticks=efforts, xticklabels=[str(effort) for effort in efforts])
        axes[1, column].xaxis.set_minor_formatter(NullFormatter())
        axes[0, column].yaxis.set_minor_formatter(NullFormatter())
    axes[0, 0].set_ylabel("processor seconds")
    axes[1, 0].set_ylabel("peak memory (MB)")
    axes[0, 0].legend(loc="upper left")
    for panel, letter in zip(axes.flat, "ABCDEF", strict=True):
        panel_label(panel, letter)
    return figure


def work_precision(runs):
    """Relative error against the seconds of each way to the kernel; ``runs`` as ``se2.benchmark.work_precision`` gives them."""
    figure, panel = plt.subplots(figsize=(6.4, 3.6))
    for method, (style, color) in METHODS.items():
        own = [run for run in runs if run.method == method]
        panel.loglog([run.seconds for run in own], [run.error for run in own], style, color=color, markersize=5, label=method)
    panel.set(xlabel="processor seconds", ylabel="relative error (root mean square)")
    panel.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
