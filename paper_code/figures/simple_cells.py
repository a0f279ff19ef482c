"""Figures of chapter 05, the bank of simple cells."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, BESIDE, INK, NULL, ORIENTATION, SEEDS, WIDTH, label_grid, panel_labels, show_weights, tile
from paper_code.filters.gabor import DEGENERATE_BELOW
from paper_code.filters.nulls import QUANTILE


def bank(fields, fits, order):
    """A bank, its Gabor fits and residuals, in the given order; each filter, its fit and its residual share one scale."""
    rendered = fits.render(fields.shape[-1])
    peak = np.abs(fields).max(axis=(1, 2), keepdims=True)
    panels = (("learned", fields), ("Gabor fit", rendered), ("residual", fields - rendered))
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.9))
    for panel, (name, filters) in zip(axes, panels, strict=True):
        show_weights(panel, tile((filters / peak)[order], 8, normalise=False), 1, frame=False)
        panel.set_title(name)
    panel_labels(*axes)
    return figure


def r2_against_null(measures):
    """Cumulative share of filters against Gabor R^2: each trained bank, the untrained banks, random filters, and l1 with random phases."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.8), sharey=True)
    panels = (
        ("filters of l1", measures.r2, measures.start_r2.ravel(), measures.null),
        ("receptive fields, l1 * l0", [fit.r2 for fit in measures.field_fits], None, measures.field_nulls.ravel()),
    )
    for panel, (name, trained, start, null) in zip(axes, panels, strict=True):
        cumulative(panel, null, NULL, "smooth random", 2.4)
        if start is not None:
            cumulative(panel, measures.scrambled, NULL, "l1, random phases", 1.8, "--")
            cumulative(panel, start, INK, "untrained", 1.2, ":")
        for index, values in enumerate(trained):
            cumulative(panel, values, SEEDS[index % len(SEEDS)], f"seed {measures.seeds[index]}", 1.4)
        panel.axvline(np.quantile(null, QUANTILE), color=INK, linestyle="--", linewidth=1)
        panel.set(xlim=(0, 1), ylim=(0, 1), xlabel="Gabor R²", title=name)
    axes[0].set_ylabel("share of filters below")
    panel_labels(*axes)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper")
    return figure


def cumulative(panel, values, color, label, width, style="-"):
    """Draw the share of values (n,) below each value from 0 to 1."""
    values = np.sort(np.clip(values, 0, 1))
    share = np.arange(1, len(values) + 1) / len(values)
    panel.step(values, share, where="post", color=color, label=label, linewidth=width, linestyle=style)


def show_r2(panel, r2, null, level):
    """Draw cumulative shares of filters (n,) and random fields (m,) against Gabor R^2; dashed: the level that oriented filters exceed."""
    cumulative(panel, null, NULL, "random fields", 2.4)
    cumulative(panel, r2, ACCENT, "filters", 1.8)
    panel.axvline(level, color=INK, linestyle="--", linewidth=1)
    panel.set(xlim=(0, 1), ylim=(0, 1), xlabel="Gabor $R^2$", ylabel="share below")


def shapes(fits, kept, seeds):
    """(n_x, n_y) of every cell above the null, coloured by seed, after Ringach (2002)."""
    figure, panel = plt.subplots(figsize=(4.4, 3.3))
    right, top = (max(getattr(fit, name)[mask].max(initial=0.3) for fit, mask in zip(fits, kept, strict=True)) for name in ("n_x", "n_y"))
    panel.plot([0, max(right, top)], [0, max(right, top)], color=NULL, linewidth=0.8)
    for index, (fit, mask) in enumerate(zip(fits, kept, strict=True)):
        color = SEEDS[index % len(SEEDS)]
        panel.plot(fit.n_x[mask], fit.n_y[mask], "o", markersize=3.4, alpha=0.7, color=color, label=f"seed {seeds[index]}")
    panel.axvline(DEGENERATE_BELOW, color=INK, linestyle=":", linewidth=1)
    panel.set(xlabel="$n_x = \\sigma_x f$ (cycles)", ylabel="$n_y = \\sigma_y f$ (cycles)", xlim=(0, 1.05 * right), ylim=(0, 1.05 * top))
    panel.set_aspect("equal")
    figure.legend(loc="outside right upper", handletextpad=0.1)
    return figure


def distributions(fits, kept):
    """Orientations (on a half circle, mirrored), frequencies and phases of the ``kept`` cells, pooled over networks."""
    orientation, frequency, phase = (
        np.concatenate([getattr(fit, name)[mask] for fit, mask in zip(fits, kept, strict=True)])
        for name in ("orientation", "frequency", "phase")
    )
    figure = plt.figure(figsize=(WIDTH, 2.6))
    polar = figure.add_subplot(1, 3, 1, projection="polar")
    edges = np.linspace(0, np.pi, 13)
    counts, _ = np.histogram(orientation, edges)
    middles = (edges[:-1] + edges[1:]) / 2
    colors = plt.get_cmap(ORIENTATION)(middles / np.pi)
    for turn in (0, np.pi):
        polar.bar(middles + turn, counts, width=np.pi / 12, color=colors, edgecolor="white", linewidth=0.5)
    polar.set_xticks(np.deg2rad([0, 45, 90, 135, 180, 225, 270, 315]), ["0°", "45°", "90°", "135°", "", "", "", ""])
    polar.set_axisbelow(True)
    outer = int(polar.get_yticks()[-1])  # the numbers of the others would overlap the bars
    polar.set_yticks([outer / 2, outer], ["", f"{outer} cells"])
    polar.set_rlabel_position(-67)
    polar.set_title("orientation of the bars")
    frequencies = figure.add_subplot(1, 3, 2)
    frequencies.hist(frequency, bins=np.linspace(0, 0.5, 26), color=SEEDS[0])
    frequencies.set(xlabel="frequency (cycles/px)", ylabel="cells")
    phases = figure.add_subplot(1, 3, 3)
    # Phase modulo the two symmetries of a Gabor: 0 is even, 90 degrees odd.
    folded = np.degrees(np.arctan2(np.abs(np.sin(phase)), np.abs(np.cos(phase))))
    phases.hist(folded, bins=np.linspace(0, 90, 10), color=SEEDS[2])
    phases.set(xlabel="phase: 0° even, 90° odd", ylabel="cells", xticks=[0, 30, 60, 90])
    panel_labels(polar, frequencies, phases)
    return figure


def reverse_correlation(cells, expected, feed_forward, lateral, correlations):
    """Example cells, one per column: l1 * l0 from the weights, and receptive fields measured from h and from activity after propagation."""
    rows = {"l1 * l0": expected, "measured": feed_forward, "after\npropagation": lateral}
    figure, axes = plt.subplots(3, len(cells), figsize=(WIDTH, 3.0))
    for line, fields in zip(axes, rows.values(), strict=True):
        for panel, cell in zip(line, cells, strict=True):
            show_weights(panel, fields[cell])
    for panel, cell in zip(axes[1], cells, strict=True):
        panel.set_xlabel(f"r = {correlations[cell]:.2f}")
    label_grid(axes, rows, [f"cell {cell}" for cell in cells], **BESIDE)
    return figure
