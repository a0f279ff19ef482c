"""Figures of any network: those of the report, one panel each, so that a phone shows them one below another, and those of chapter 11."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from paper_code.figures import ACCENT, INK, NULL, SEEDS, WIDTH, panel_labels, show_component, show_weights, tile
from paper_code.figures.association_fields import LABELS
from paper_code.figures.simple_cells import show_r2
from paper_code.filters.gabor import DEGENERATE_BELOW

PANEL = (3.4, 2.6)
VERSIONS = {"raw": (ACCENT, "o", -0.22), "beyond RF": (SEEDS[0], "s", 0.0), "blind to phase": (SEEDS[2], "^", 0.22)}


def own_r2(r2, null, level):
    """Cumulative shares of filters (n,) and random fields (m,) against Gabor R^2; dashed: the level that oriented filters exceed."""
    figure, panel = plt.subplots(figsize=PANEL)
    show_r2(panel, r2, null, level)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def own_shapes(n_x, n_y, oriented):
    """Length of the envelope against its width, both (n,), in cycles, after Ringach (2002); filled: the oriented filters."""
    figure, panel = plt.subplots(figsize=PANEL)
    limit = 1.08 * max(np.quantile(np.concatenate([n_x, n_y]), 0.99), 0.5)
    panel.plot([0, limit], [0, limit], color=NULL, linewidth=0.8)
    panel.plot(n_x[~oriented], n_y[~oriented], "o", markersize=3.5, markerfacecolor="none", color=NULL, label="others", clip_on=False)
    panel.plot(n_x[oriented], n_y[oriented], "o", markersize=4, color=ACCENT, label="oriented", clip_on=False)
    panel.axvline(DEGENERATE_BELOW, color=INK, linestyle=":", linewidth=1)
    panel.set(xlabel="$n_x$, width (cycles)", ylabel="$n_y$, length (cycles)", xlim=(0, limit), ylim=(0, limit))
    panel.set_aspect("equal")
    panel.legend(loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0, handletextpad=0)
    return figure


def orientations(counts, edges):
    """Polar histogram of bar directions, counts (b,) between edges (b + 1,) over half a circle, drawn on both halves."""
    figure = plt.figure(figsize=PANEL)
    polar = figure.add_subplot(projection="polar")
    middles = (edges[:-1] + edges[1:]) / 2
    for turn in (0, np.pi):
        polar.bar(middles + turn, counts, width=np.diff(edges), color=ACCENT, alpha=0.8, linewidth=0)
    polar.set_xticks(np.deg2rad(np.arange(0, 360, 45)), ["0°", "45°", "90°", "135°", "", "", "", ""])
    polar.set_rlabel_position(-67)
    polar.yaxis.set_major_locator(MaxNLocator(3, integer=True, min_n_ticks=1))
    polar.grid(color=NULL, linewidth=0.5)
    polar.spines["polar"].set_color(NULL)
    return figure


def frequencies(frequency, oriented, unit):
    """Histogram of spatial frequencies (n,) in cycles per ``unit``, with the oriented filters in front."""
    figure, panel = plt.subplots(figsize=PANEL)
    bins = np.linspace(0, max(frequency.max(), 1e-12) * 1.02, 21)
    panel.hist(frequency, bins, color=NULL, linewidth=0, label="all fitted filters")
    panel.hist(frequency[oriented], bins, color=ACCENT, linewidth=0, label="oriented")
    panel.set(xlabel=f"frequency (cycles/{unit})", ylabel="filters")
    panel.xaxis.set_major_locator(MaxNLocator(5))
    panel.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    panel.set_ylim(top=panel.get_ylim()[1] * 1.25)
    panel.legend(loc="upper left", ncols=2)
    return figure


def own_terms(found):
    """The five terms of K in one ring, ``{version: [(name, value, low, high, clear)]}``: one mark each, filled if clear, over chance."""
    figure, panel = plt.subplots(figsize=PANEL)
    names, labels = list(dict.fromkeys(row[0] for rows in found.values() for row in rows)), []
    limit = 1.5 * max(abs(one) for rows in found.values() for _, *numbers, _ in rows for one in numbers)
    for version, rows in found.items():
        color, mark, shift = VERSIONS[version]
        labels.append((version, color, mark))
        for name, value, low, high, clear in rows:
            column = names.index(name)
            panel.fill_between([column + shift - 0.1, column + shift + 0.1], low, high, color=NULL, alpha=0.55, linewidth=0)
            panel.plot(column + shift, value, mark, color=color, markerfacecolor=color if clear else "none", markersize=4.5)
    panel.axhline(0, color=INK, linewidth=0.6)
    panel.set(xticks=range(len(names)), xticklabels=[LABELS[name] for name in names], ylabel="sd of K")
    panel.set(ylim=(-limit, limit), xlim=(-0.5, len(names) - 0.5))
    handles = [plt.Line2D([], [], color=color, marker=mark, linestyle="", label=version) for version, color, mark in labels]
    panel.legend(handles=handles, loc="upper right", ncols=3, handletextpad=0, columnspacing=0.6)
    return figure


def own_components(patterns, share, radius):
    """Principal components (c, s, s) side by side, each on its own scale, with x along the bars; ``radius`` is in px."""
    figure, axes = plt.subplots(1, len(patterns), figsize=(3.4, 1.45), squeeze=False, sharey=True)
    for panel, pattern, part in zip(axes[0], patterns, share, strict=True):
        show_component(panel, pattern, radius)
        panel.set_title(f"{100 * part:.0f} %")
    axes[0, 0].set_ylabel("px")
    return figure


def any_bank(filters, order, fits, oriented, null_r2, level):
    """A bank (n, channels, h, w) in the given order, its Gabor R^2 with that of random fields (m,), and n_y against n_x for ``oriented``.

    Three channels are shown as blue, green and red, in this order, and each filter on its own scale.
    """
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.6), gridspec_kw={"width_ratios": [1.1, 1, 1]})
    peak = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    shown = (filters / np.where(peak > 0, peak, 1))[order]
    layers = [tile(shown[:, channel], 8, normalise=False) for channel in range(shown.shape[1])]
    if len(layers) == 3:
        axes[0].imshow(np.where(np.isnan(layers[0])[..., None], 1, 0.5 + 0.5 * np.nan_to_num(np.stack(layers[::-1], axis=-1))))
    else:
        show_weights(axes[0], layers[0], 1)
    axes[0].set_axis_off()
    show_r2(axes[1], fits.r2[fits.valid], null_r2, level)
    axes[1].legend(loc="lower right", bbox_to_anchor=(1.04, 0.98), ncols=2, handlelength=1.2, columnspacing=1)
    limit = 1.05 * max(fits.n_x[oriented].max(), fits.n_y[oriented].max())
    axes[2].plot([0, limit], [0, limit], color=NULL, linewidth=0.8)
    axes[2].plot(fits.n_x[oriented], fits.n_y[oriented], "o", markersize=4, color=ACCENT, clip_on=False)
    axes[2].set(xlabel="$n_x$, width (cycles)", ylabel="$n_y$, length (cycles)", xlim=(0, limit), ylim=(0, limit), aspect="equal")
    panel_labels(*axes)
    return figure


def two_kernels(terms, components):
    """Terms of two kernels, ``{version: {network: [(name, value, low, high)]}}``, over chance bands, and one component (s, s) of each.

    ``components`` is ``{network: (pattern, share, radius)}``, with x along the bars, in px.
    """
    figure, axes = plt.subplots(1, 4, figsize=(WIDTH, 2.7), gridspec_kw={"width_ratios": [1.5, 1.5, 1.1, 1.1]})
    colors = [SEEDS[0], ACCENT]
    for panel, (version, networks) in zip(axes, terms.items(), strict=False):
        for (network, rows), color, shift in zip(networks.items(), colors, (-0.15, 0.15), strict=True):
            for column, (_, value, low, high) in enumerate(rows):
                panel.fill_between([column + shift - 0.12, column + shift + 0.12], low, high, color=NULL, alpha=0.6, linewidth=0)
                panel.plot(column + shift, value, "o", color=color, markersize=5, label=network if column == 0 else None)
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set_xticks(range(len(rows)), [row[0] for row in rows], rotation=40, ha="right")
        panel.set(title=version, ylabel="sd of K")
    axes[0].legend(loc="upper right")
    for panel, (network, (pattern, share, radius)) in zip(axes[2:], components.items(), strict=True):
        show_component(panel, pattern, radius)
        panel.set(title=network, xlabel=f"along the bars (px)\n{100 * share:.0f} % of the energy")
    panel_labels(*axes)
    return figure
