"""Figures of chapter 08: the group kernels and what they cost, and the models fitted to the learned kernel."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.ticker import NullFormatter

from paper_code.figures import ACCENT, INK, MAGNITUDE, NULL, SEEDS, SIGNED, panel_label
from paper_code.lateral.comparison import RINGS
from paper_code.lateral.models import FAMILIES
from paper_code.lateral.planted import ANGLES

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
    figure, grid = plt.subplots(len(rows), columns, figsize=(8.4, 1.5 * len(rows) + 0.4), sharex=True, sharey=True, squeeze=False)
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
    figure, axes = plt.subplots(1, len(profiles) + 1, figsize=(9.6, 2.9), width_ratios=(1.2,) * len(profiles) + (1,))
    for panel, (name, lines) in zip(axes, profiles, strict=False):
        for index, (label, seen, expected) in enumerate(lines):
            color = SEEDS[index % len(SEEDS)]
            panel.plot(ticks, expected, color=color, label=label)
            panel.errorbar(ticks, seen, yerr=np.sqrt(expected), fmt=".", color=color, markersize=4, elinewidth=0.8)
        panel.set(xlabel="y (px)", ylabel="paths a box", title=name, ylim=(0, None))
        panel.legend(title="turn")
    edges = np.linspace(-4, 4, 33)
    middle = (edges[1:] + edges[:-1]) / 2
    for index, (name, values) in enumerate(residuals.items()):
        axes[-1].hist(values, bins=edges, density=True, histtype="step", color=SEEDS[index], label=name)
    axes[-1].plot(middle, np.exp(-(middle**2) / 2) / np.sqrt(2 * np.pi), color=INK, linestyle="--", linewidth=1, label="normal")
    axes[-1].set(xlabel="residual / sd", yticks=[], ylabel="density of boxes", ylim=(0, 0.55))
    axes[-1].legend(loc="upper left", fontsize=7)
    for panel, letter in zip(axes, "ABC", strict=False):
        panel_label(panel, letter)
    return figure


def convergence(panels):
    """Errors against one number of the numerics each, over the rate that theory gives.

    ``panels`` is a list of (label of the abscissa, efforts (n,), errors (n,), predicted (n,), logarithmic abscissa).
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(9.6, 2.7), sharey=True)
    for panel, letter, (label, efforts, errors, predicted, logarithmic) in zip(axes, "ABCD", panels, strict=True):
        panel.plot(efforts, predicted, "--", color=NULL, label="predicted rate")
        panel.plot(efforts, errors, "o", color=SEEDS[0], markersize=4, label="measured")
        panel.set(xlabel=label, yscale="log", ylim=(1e-12, 2))
        if logarithmic:
            panel.set_xscale("log", base=2)
        panel_label(panel, letter)
    axes[0].set_ylabel("largest error / peak")
    axes[0].legend()
    return figure


def cost(table, names, guides):
    """Processor seconds and megabytes against one number at a time.

    ``table`` as ``se2.benchmark.cost`` gives it; ``names`` label its keys, and ``guides`` hold what they should be in proportion to.
    """
    figure, axes = plt.subplots(2, len(names), figsize=(8.6, 4.2), sharex="col", sharey="row")
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


def fitted_maps(rows, turns, ticks):
    """Maps (b, m, m) around the target of the learned kernel, of models fitted to it and of what they leave, the last on its own scale.

    ``rows`` is a list of (name, maps); ``turns`` (b,) in radians, ``ticks`` (m,) in px.
    """
    figure, axes = plt.subplots(len(rows), len(turns), figsize=(1.42 * len(turns) + 0.9, 1.45 * len(rows) + 0.3), sharex=True, sharey=True)
    half = ticks[-1] + (ticks[1] - ticks[0]) / 2
    shared = np.nanmax([np.nanmax(np.abs(values)) for _, values in rows[:-1]])
    images = []
    for line, (name, values) in zip(axes, rows, strict=True):
        limit = np.nanmax(np.abs(values)) if name == rows[-1][0] else shared
        for panel, one, turn in zip(line, values, turns, strict=True):
            image = panel.imshow(np.ma.masked_invalid(one), cmap=SIGNED, vmin=-limit, vmax=limit, extent=(-half, half, -half, half))
            _bar(panel, 0, 0, 0, 1.4, color="white", linewidth=3)
            _bar(panel, 0, 0, 0, 1.4, color=INK, linewidth=1.6)
            _bar(panel, -0.72 * half, 0.72 * half, turn, 1.4, color=ACCENT, linewidth=2)
            panel.set(xticks=[-6, 0, 6], yticks=[-6, 0, 6])
        line[0].set_ylabel(f"{name}\nacross (px)")
        images.append(image)
    for panel, turn in zip(axes[0], turns, strict=True):
        panel.set_title(f"turn {np.degrees(turn):.0f}°")
    for panel in axes[-1]:
        panel.set_xlabel("along (px)")
    figure.colorbar(images[0], ax=axes[:-1], shrink=0.4, aspect=25, label="coefficient of cos Φ (sd of K)")
    figure.colorbar(images[-1], ax=axes[-1:], aspect=10, label="(sd of K)")
    return figure


def _estimates(panel, ranges, row, style, label=True, networks=()):
    """One range a network in a row, side by side, in the colours of the seeds."""
    for index, found in enumerate(ranges):
        color = SEEDS[index % len(SEEDS)]
        place = row + 0.1 * (index - (len(ranges) - 1) / 2)
        width = [[max(found.value - found.low, 0)], [max(found.high - found.value, 0)]]
        name = f"seed {networks[index].seed}" if label else None
        panel.errorbar(found.value, place, xerr=width, fmt=style, color=color, markersize=3.5, elinewidth=0.9, label=name)


def explained(networks, models, pairs):
    """Cross-validated R^2 of the models with 95 % intervals over filters, blind and untrained beside them; and differences between models.

    ``networks`` are NetworkComparisons, ``models`` names of their models and ``pairs`` a list of (one, other).
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.2, 0.3 * max(len(models), len(pairs)) + 1.4))
    for row, name in enumerate(models):
        _estimates(left, [one.trained.r2(name) for one in networks], row, "o", row == 0, networks)
        blind = f"{name} blind"
        if blind in networks[0].trained.values:
            values = [one.trained.r2(blind).value for one in networks]
            left.plot(values, np.full(len(values), row + 0.3), "|", color=INK, markersize=5, label="blind to phase" if row == 0 else None)
        start = [one.untrained.r2(name).value for one in networks if one.untrained is not None]
        style = {"color": "white", "markeredgecolor": ACCENT, "markersize": 3, "label": "untrained" if row == 0 else None}
        left.plot(start, np.full(len(start), row - 0.3), "D", **style)
    for row, (one, other) in enumerate(pairs):
        _estimates(right, [network.trained.difference(one, other) for network in networks], row, "o", False)
    names = {"bins": "one coefficient a bin"}
    left.set(yticks=range(len(models)), yticklabels=[names.get(name, name) for name in models], xlabel="cross-validated R²")
    right.set(yticks=range(len(pairs)), yticklabels=[f"{one} − {other}" for one, other in pairs], xlabel="difference of R²")
    for panel, letter, count in ((left, "A", len(models)), (right, "B", len(pairs))):
        panel.axvline(0, color=INK, linewidth=0.6)
        panel.set_ylim(count - 0.4, -0.6)
        for row in range(count - 1):
            panel.axhline(row + 0.5, color=NULL, linewidth=0.3)
        panel_label(panel, letter)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def limits(networks, confusion):
    """R^2 by distance, R^2 that wrong labels would leave, and what planted kernels are taken for.

    ``confusion`` is a dict of dicts, planted name: {recognised name: count}.
    """
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10.4, 3.2), width_ratios=(1, 1, 1.25))
    labels = [f"{low:g}–{high:g}" if np.isfinite(high) else f"> {low:g}" for low, high in zip(RINGS[:-1], RINGS[1:], strict=True)]
    places = np.arange(len(labels))
    for index, family in enumerate(FAMILIES):
        rings = np.array([one.trained.fits[family].rings for one in networks])
        middle_value = rings.mean(axis=0)
        reach = [middle_value - rings.min(axis=0), rings.max(axis=0) - middle_value]
        style = {"fmt": "sD"[family == "HR"] if family in ("DP", "HR") else "o", "color": (*SEEDS, INK)[index], "markersize": 4}
        left.errorbar(places + 0.12 * (index - 2.5), middle_value, yerr=reach, elinewidth=0.8, label=family, **style)
    for place in places[1:]:
        left.axvline(place - 0.5, color=NULL, linewidth=0.4)
    left.set(xticks=places, xticklabels=labels, xlabel="distance (px)", ylabel="R², refitted in each ring", ylim=(-0.004, None))
    left.legend(ncols=2)
    for kind, style in (("orientation", "o-"), ("phase", "s--")):
        kept = np.array([one.jitter[kind] for one in networks])
        middle.plot([0, *np.degrees(ANGLES)], [1, *kept.mean(axis=0)], style, color=INK, markersize=4, label=kind)
        middle.fill_between(np.degrees(ANGLES), kept.min(axis=0), kept.max(axis=0), color=NULL, alpha=0.4, linewidth=0)
    middle.set(xlabel="error of the labels (°, sd)", ylabel="R² that is left", ylim=(0, 1.03))
    middle.legend(title="error in")
    planted = list(confusion)
    taken = [*planted, None]
    counts = np.array([[confusion[row].get(column, 0) for column in taken] for row in planted], float)
    shares = counts / counts.sum(axis=1, keepdims=True)
    right.imshow(shares, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        if share:
            right.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color="white" if share > 0.5 else INK, fontsize=8)
    right.set(xticks=range(len(taken)), yticks=range(len(planted)), yticklabels=planted, xlabel="recognised as", ylabel="planted")
    right.set_xticklabels([name or "none" for name in taken], rotation=45)
    for panel, letter in zip((left, middle, right), "ABC", strict=True):
        panel_label(panel, letter)
    return figure
