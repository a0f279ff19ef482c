"""Figures of chapter 06, the lateral kernel against the orientation difference of the cells it joins."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, INK, NULL, SEEDS, SIGNED, panel_label, show_weights, tile
from paper_code.lateral.selectivity import EDGES, STRENGTHS

MIDDLES = np.degrees(EDGES[1:] + EDGES[:-1]) / 2
DEGREES = {"xlim": (0, 90), "xticks": [0, 30, 60, 90], "xlabel": "orientation difference (°)"}


def _color(index):
    return SEEDS[index % len(SEEDS)]


def _curves(panel, curves, seeds, null=True):
    """A line a network with its bootstrap interval; grey: the 95 % of relabelled cells, of all networks together."""
    if null:
        low, high = np.min([curve.null_low for curve in curves], axis=0), np.max([curve.null_high for curve in curves], axis=0)
        panel.fill_between(MIDDLES, low, high, color=NULL, alpha=0.4, linewidth=0, label="95 % of relabelled cells")
    for index, curve in enumerate(curves):
        place = MIDDLES + 1.6 * (index - (len(curves) - 1) / 2)
        panel.errorbar(
            place,
            curve.value,
            yerr=np.maximum([curve.value - curve.low, curve.high - curve.value], 0),
            color=_color(index),
            marker="o",
            markersize=3,
            elinewidth=0.8,
            label=f"seed {seeds[index]}",
        )
    panel.set(**DEGREES)


def strengths(networks):
    """Energy, signed, excitatory and inhibitory strength against the orientation difference."""
    seeds = [one.seed for one in networks]
    figure, axes = plt.subplots(1, 4, figsize=(10.4, 2.7))
    for panel, letter, name in zip(axes, "ABCD", STRENGTHS, strict=True):
        _curves(panel, [one.strengths[name] for one in networks], seeds)
        panel.set_title(name)
        panel_label(panel, letter)
        if name == "signed":
            panel.axhline(0, color=INK, linewidth=0.6)
        else:
            panel.set_ylim(bottom=0)
    axes[0].set_ylabel("mean over pairs\n(1: mean strength of all)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def tuning(networks, co=()):
    """The coefficient of cos Phi against the orientation difference; the same blind to phase; the curves of K, RF and CO over their means.

    ``co`` are the :class:`paper_code.lateral.CoMeasures` of the networks, if they are to be drawn.
    """
    seeds = [one.seed for one in networks]
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.2))
    axes[1].sharey(axes[0])
    for index, one in enumerate(networks):
        label = "untrained" if index == 0 else None
        axes[0].plot(MIDDLES, one.untrained_tuning.coherent.value, ":", color=INK, linewidth=1, label=label)
        axes[1].plot(MIDDLES, one.untrained_tuning.blind.value, ":", color=INK, linewidth=1)
    _curves(axes[0], [one.tuning.coherent for one in networks], seeds)
    _curves(axes[1], [one.tuning.blind for one in networks], seeds)
    for index, one in enumerate(networks):
        for values, style, name in ((one.tuning.coherent.value, "-o", "K"), (one.rf_tuning, "--", "RF")):
            axes[2].plot(MIDDLES, values / values.mean(), style, markersize=3, color=_color(index), label=name if index == 0 else None)
    for index, one in enumerate(co):
        values = one.tuning.value
        axes[2].plot(MIDDLES, values / values.mean(), "-.", linewidth=1, color=_color(index), label="CO" if index == 0 else None)
    axes[0].set(title="phase-coherent", ylabel="coefficient (sd of K)")
    axes[1].set(title="blind to phase")
    title = "K, RF and CO, coherent" if co else "K and RF, coherent"
    axes[2].set(title=title, ylabel="coefficient / mean of curve", ylim=(0, None), **DEGREES)
    for panel, letter in zip(axes, "ABC", strict=True):
        panel.axhline(0, color=INK, linewidth=0.6)
        panel_label(panel, letter)
    axes[2].legend(loc="lower left")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def nulls(networks):
    """Like minus orthogonal coefficient of each network with its bootstrap interval, beside three nulls (two sd) and the start."""
    rows = (
        ("cells relabelled", lambda one: one.tuning.difference.test),
        ("orientations shuffled", lambda one: one.only_orientations),
        ("differences shuffled", lambda one: one.only_differences),
    )
    figure, panel = plt.subplots(figsize=(6.4, 0.75 + 0.62 * len(networks)))
    edges = []
    for index, one in enumerate(networks):
        found = one.tuning.difference
        reach = [[found.value - found.low], [found.high - found.value]]
        panel.errorbar(found.value, index, xerr=reach, fmt="o", color=_color(index), zorder=3)
        first = index == 0
        for step, ((name, pick), shade) in enumerate(zip(rows, ("#c9d0d5", "#97a3ac", "#65737e"), strict=True)):
            test = pick(one)
            spread = abs(test.value - test.null_mean) / abs(test.z)
            panel.barh(
                index - 0.27 + 0.27 * step,
                4 * spread,
                left=test.null_mean - 2 * spread,
                height=0.22,
                color=shade,
                label=name if first else None,
            )
            edges.append(test.null_mean - 2 * spread)
        start = one.untrained_tuning.difference.value
        style = {"color": "white", "markeredgecolor": ACCENT, "markersize": 5, "zorder": 3}
        panel.plot(start, index, "D", label="untrained K" if first else None, **style)
        edges += [found.low, found.high]
    panel.axvline(0, color=INK, linewidth=0.6)
    panel.set_xlim(min(edges) - 0.08, max(edges) + 0.08)
    panel.set(yticks=range(len(networks)), yticklabels=[f"seed {one.seed}" for one in networks])
    panel.set_xlabel("coefficient for like minus orthogonal orientations (sd of K)")
    panel.invert_yaxis()
    figure.legend(loc="outside right center")
    return figure


def examples(fields, kernel, rf, targets, sources, differences):
    """Kernels of example cells: a pair of rows for each target, K above RF; a column a source, its receptive field above its kernels.

    ``targets`` (r,), ``sources`` (r, c) index the cells; ``differences`` (r, c) in degrees.
    """
    count, columns = np.shape(sources)
    figure = plt.figure(figsize=(0.95 * (columns + 1), 2.95 * count))
    axes = [part.subplots(3, columns + 1) for part in np.atleast_1d(figure.subfigures(count, 1))]
    for row, target in enumerate(targets):
        block = axes[row]
        show_weights(block[0, 0], fields[target])
        block[0, 0].set_title(f"target {target}", fontsize=7, color=ACCENT)
        for panel, name in ((block[1, 0], "K"), (block[2, 0], "RF")):
            panel.set_axis_off()
            panel.text(0.95, 0.5, name, ha="right", va="center", transform=panel.transAxes, fontsize=10)
        limits = [np.abs(values[target, sources[row]]).max() for values in (kernel, rf)]
        for column, source in enumerate(sources[row], start=1):
            show_weights(block[0, column], fields[source])
            block[0, column].set_title(f"{differences[row][column - 1]:.0f}°", fontsize=7)
            for panel, values, limit in zip(block[1:, column], (kernel, rf), limits, strict=True):
                show_weights(panel, values[target, source], limit)
                panel.plot(0, 0, "+", color=INK, markersize=4, markeredgewidth=0.6)
    return figure


def own_kernels(fields, kernel, rf, order, columns=8):
    """Each cell's field, its kernel to itself and its RF kernel to itself, in the given order; each scaled to its own maximum."""
    cells = np.arange(len(fields))
    panels = (("receptive field", fields), ("K to itself", kernel[cells, cells]), ("RF to itself", rf[cells, cells]))
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.5))
    for panel, letter, (name, values) in zip(axes, "ABC", panels, strict=True):
        panel.imshow(np.ma.masked_invalid(tile(values[order], columns)), cmap=SIGNED, vmin=-1, vmax=1)
        panel.set_axis_off()
        panel.set_title(name)
        panel_label(panel, letter)
    return figure


def rf_correlation(networks, bins=24):
    """Correlation of K with RF against relabelled cells, and the mean of K in bins of RF with as many offsets each."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 2.9))
    null = np.concatenate([one.rf_null for one in networks])
    axes[0].hist(null, bins=np.linspace(null.min(), null.max(), 25), density=True, color=NULL, label="relabelled")
    start = [one.untrained_correlation.value for one in networks]
    axes[0].plot(start, np.zeros(len(start)), "D", color="white", markeredgecolor=ACCENT, markersize=5, label="untrained K", clip_on=False)
    for index, one in enumerate(networks):
        found = one.rf_correlation
        axes[0].axvline(found.value, color=_color(index), label=f"seed {one.seed}")
        axes[0].axvspan(found.low, found.high, color=_color(index), alpha=0.12, linewidth=0)
        apart = ~np.eye(len(one.kernel), dtype=bool)
        x, y = one.rf[apart].ravel(), one.kernel[apart].ravel() / one.kernel[apart].std()
        parts = np.array_split(np.argsort(x, kind="stable"), bins)
        axes[1].plot([x[part].mean() for part in parts], [y[part].mean() for part in parts], "o-", markersize=3, color=_color(index))
    axes[0].set(xlabel="correlation of K with RF", yticks=[], ylabel="density of the null")
    axes[0].legend(loc="upper center")
    axes[1].axhline(0, color=INK, linewidth=0.6)
    axes[1].axvline(0, color=INK, linewidth=0.6)
    axes[1].set(xlabel="RF, mean of bin", ylabel="K, mean of bin (sd of K)")
    for panel, letter in zip(axes, "AB", strict=True):
        panel_label(panel, letter)
    return figure


def broad(networks):
    """The mean kernel of all pairs of the first network, spatial means of the pairs, and the share of energy that they carry."""
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 2.7), width_ratios=(1.2, 1.4, 1.3))
    first = networks[0].kernel
    apart = ~np.eye(len(first), dtype=bool)
    image = show_weights(axes[0], first[apart].mean(axis=0) / first[apart].std())
    figure.colorbar(image, ax=axes[0], shrink=0.8, label="mean (sd of K)")
    axes[0].set_title("mean kernel")
    places = np.arange(len(networks))
    for index, one in enumerate(networks):
        values = one.kernel[~np.eye(len(one.kernel), dtype=bool)]
        means = values.mean(axis=(1, 2)) / values.std()
        axes[1].hist(means, bins=np.linspace(-1, 1, 41), histtype="step", color=_color(index), label=f"seed {one.seed}", density=True)
        axes[2].bar(index, one.broad_share, color=_color(index), width=0.6)
    axes[1].axvline(0, color=INK, linewidth=0.6)
    axes[1].set(xlabel="spatial mean of a pair (sd of K)", xticks=[-1, -0.5, 0, 0.5, 1], yticks=[], ylabel="density of pairs")
    axes[1].legend(loc="upper left")
    start = [one.untrained_broad_share for one in networks]
    axes[2].plot(places, start, "D", color="white", markeredgecolor=ACCENT, markersize=5, label="untrained")
    axes[2].axhline(1 / first.shape[-1] ** 2, color=INK, linestyle="--", linewidth=1, label="chance")
    axes[2].set(xticks=places, xticklabels=[one.seed for one in networks], xlabel="seed", ylabel="share of energy", title="broad share")
    axes[2].set_ylim(0, 1.45 * max(one.broad_share for one in networks))
    axes[2].legend(loc="upper right", ncols=2)
    for panel, letter in zip(axes, "ABC", strict=True):
        panel_label(panel, letter)
    return figure


def like_orientations(maps, ticks):
    """Maps (m, m) of :func:`paper_code.lateral.association_field` for like orientations: K coherent, K blind, RF coherent, CO coherent."""
    figure, axes = plt.subplots(1, 4, figsize=(11.6, 3.0), sharey=True)
    own = np.nanmax(np.abs(maps[0]))
    scales = (own, own, *(np.nanmax(np.abs(one)) for one in maps[2:]))
    names = ("K, phase-coherent", "K, blind to phase", "RF, phase-coherent", "CO, phase-coherent")
    half = ticks[-1] + (ticks[1] - ticks[0]) / 2
    for panel, letter, name, values, scale in zip(axes, "ABCD", names, maps, scales, strict=True):
        picture = np.ma.masked_invalid(values)
        image = panel.imshow(picture, cmap=SIGNED, vmin=-scale, vmax=scale, extent=(-half, half, -half, half))
        panel.contour(ticks, ticks, picture[::-1], levels=[0.25 * scale, 0.5 * scale], colors=INK, linewidths=0.7)
        panel.plot([-1.5, 1.5], [0, 0], color="white", linewidth=3)
        panel.plot([-1.5, 1.5], [0, 0], color=INK, linewidth=1.6)
        panel.set(xlabel="along the bars (px)", title=name)
        figure.colorbar(image, ax=panel, shrink=0.75, label="coefficient (sd)")
        panel_label(panel, letter)
    axes[0].set_ylabel("across (px)")
    return figure
