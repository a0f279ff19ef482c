"""Figures of chapter 08: what models of the group add to a pedestal, and their kernels beside K."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, INK, NULL, SIGNED, panel_label

COLORS = {"DP": "#332288", "HR": "#cc79a7", "ANI": "#117733", "COC": NULL}


def gains(values):
    """What every family adds, a panel a ring and pedestal: a dot a network, a bar for the mean.

    ``values`` maps (ring, pedestal) to ``{family: (networks,)}``, in % of K's variance.
    """
    rings, pedestals = (list(dict.fromkeys(key[part] for key in values)) for part in (0, 1))
    figure, axes = plt.subplots(len(rings), len(pedestals), figsize=(7, 2.2 * len(rings)), sharex=True, sharey="row", squeeze=False)
    for panel, letter, ((ring, pedestal), found) in zip(axes.flat, "ABCDEF", values.items(), strict=False):
        for column, own in enumerate(found.values()):
            panel.plot(np.full(len(own), column), own, "o", color=ACCENT, markersize=3, alpha=0.6)
            panel.plot([column - 0.25, column + 0.25], [np.mean(own)] * 2, color=INK)
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set(xticks=range(len(found)), xticklabels=list(found), title=f"{ring} px, {pedestal}")
        panel_label(panel, letter)
    for line in axes:
        line[0].set_ylabel("added (% of variance)")
    return figure


def fans(rows, limits):
    """Coefficients by direction and turn, ``{ring: {kernel: (bins, bins)}}``, a scale a ring; dashed, co-circular sources."""
    kernels = list(next(iter(rows.values())))
    figure, axes = plt.subplots(len(rows), len(kernels), figsize=(7, 1.7 * len(rows)), sharex=True, sharey=True, squeeze=False)
    psi = np.linspace(-90, 90, 361)
    theta = (2 * psi + 90) % 180 - 90
    theta[np.abs(np.diff(theta, prepend=theta[0])) > 90] = np.nan
    for line, (ring, found), limit in zip(axes, rows.items(), limits, strict=True):
        for panel, name in zip(line, kernels, strict=True):
            scale = {"cmap": SIGNED, "vmin": -limit, "vmax": limit}
            shown = panel.imshow(found[name], origin="lower", extent=(-90, 90, -90, 90), aspect="auto", **scale)
            panel.plot(psi, theta, color=INK, linewidth=0.8, linestyle="--")
            panel.set(xticks=[-90, 0, 90], yticks=[-90, 0, 90], xlim=(-90, 90), ylim=(-90, 90))
            for label, side in zip(panel.get_xticklabels(), ("left", "center", "right"), strict=False):
                label.set_horizontalalignment(side)
        line[0].set_ylabel(f"{ring} px\nturn θ (°)")
        figure.colorbar(shown, ax=list(line), shrink=0.8, label="sd of K")
    for panel, name, letter in zip(axes[0], kernels, "ABCDEF", strict=False):
        panel.set_title(name)
        panel_label(panel, letter)
    for panel in axes[-1]:
        panel.set_xlabel("direction ψ (°)")
    return figure


def maps(rows, turns, extent, core, limit):
    """Coefficients by place around a target, a row a kernel, a column a turn: ``{kernel: (turns, n, n)}``; nothing within ``core``.

    Dotted: where a source of that turn lies on a circle with the target.
    """
    figure, axes = plt.subplots(len(rows), len(turns), figsize=(1.45 * len(turns) + 1.2, 1.35 * len(rows) + 0.4), sharex=True, sharey=True)
    for line, (name, found), letter in zip(axes, rows.items(), "ABCDEF", strict=False):
        for panel, one, turn in zip(line, found, turns, strict=True):
            scale = {"cmap": SIGNED, "vmin": -limit, "vmax": limit}
            shown = panel.imshow(one, extent=(-extent, extent, -extent, extent), interpolation="bilinear", **scale)
            panel.add_patch(plt.Circle((0, 0), core, color="white", linewidth=0))
            panel.plot([-1.5, 1.5], [0, 0], color=INK, linewidth=1.5)
            reach = np.array([core, extent])
            for side in (1, -1):
                panel.plot(*(side * reach * part(turn / 2) for part in (np.cos, np.sin)), ":", color=INK, linewidth=0.8)
            panel.set(xticks=[-10, 0, 10], yticks=[-10, 0, 10], xlim=(-extent, extent), ylim=(-extent, extent))
        line[0].set_ylabel(f"{name}\n(px)")
        line[0].annotate(letter, (-0.6, 1.0), xycoords="axes fraction", fontweight="bold")
    for panel, turn in zip(axes[0], turns, strict=True):
        panel.set_title(f"turn {np.degrees(turn):.0f}°")
    figure.colorbar(shown, ax=axes, shrink=0.6, label="coefficient (sd of K)")
    return figure


def ridge(learned, shapes, labels):
    """Across the co-circular ridge, a panel a group of turns: K of every network (thin) and their mean (thick), and shapes.

    ``learned`` (networks, turns, bins), ``shapes`` ``{family: (turns, bins)}``, ``labels`` of the turns.
    """
    figure, axes = plt.subplots(1, len(labels), figsize=(7, 2.7), sharey=True)
    edges = np.linspace(-90, 90, learned.shape[-1] + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    for number, (panel, letter, label) in enumerate(zip(axes, "ABCD", labels, strict=False)):
        panel.plot(middles, learned[:, number].T, color=ACCENT, linewidth=0.6, alpha=0.4)
        panel.plot(middles, learned[:, number].mean(axis=0), "o-", color=ACCENT, markersize=3, label="K")
        for name, found in shapes.items():
            panel.plot(middles, found[number], color=COLORS[name], label=name)
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set(title=label, xlim=(-90, 90), xticks=[-90, 0, 90], xlabel="from the ridge (°)")
        panel_label(panel, letter)
    axes[0].set_ylabel("coefficient (sd of K)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=1 + len(shapes))
    return figure
