"""Figures of chapter 07: the fan, the five terms by distance, maps in two frames, and K under rotations."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.core.text import ring_text
from paper_code.figures import ACCENT, INK, KERNELS, NULL, SEEDS, SIGNED, WIDTH, cocircular_line, each_network, label_grid, panel_labels
from paper_code.lateral.harmonics import TERM_NAMES

LINES = {
    "K, raw": (KERNELS["K"], "o"),
    "K, beyond RF and CO": (SEEDS[4], "s"),
    "RF": (KERNELS["RF"], "^"),
    "CO": (KERNELS["CO"], "v"),
    "untrained K": (KERNELS["untrained K"], "d"),
    "direction process": (KERNELS["DP"], "P"),
    "enhancement": (KERNELS["HR"], "X"),
}


LABELS = {term: name.replace(" ", "\n").replace("-", "-\n") for term, name in TERM_NAMES.items()}


def keep_apart(panel):
    """Keep the tick labels at both ends of an x axis within the panel."""
    for label, side in zip(panel.get_xticklabels(), ("left", "center", "right"), strict=False):
        label.set_horizontalalignment(side)


def fan(rows, limits, height=2.05, unit="sd of the kernel"):
    """Coefficients by direction and turn, ``{ring: {kernel: (bins, bins)}}``, one scale per ring; dashed: co-circular sources."""
    kernels = list(next(iter(rows.values())))
    figure, axes = plt.subplots(len(rows), len(kernels), figsize=(WIDTH, height * len(rows)), sharex=True, sharey=True, squeeze=False)
    for line, found, limit in zip(axes, rows.values(), limits, strict=True):
        for panel, name in zip(line, kernels, strict=True):
            scale = {"cmap": SIGNED, "vmin": -limit, "vmax": limit}
            shown = panel.imshow(found[name], origin="lower", extent=(-90, 90, -90, 90), aspect="auto", **scale)
            cocircular_line(panel)
            keep_apart(panel)
        clipped = max(np.nanmax(np.abs(one)) for one in found.values()) > limit
        figure.colorbar(shown, ax=list(line), shrink=0.8, label=unit, extend="both" if clipped else "neither")
    label_grid(axes, [f"{ring_text(ring)}\nturn θ (°)" for ring in rows], kernels, "direction ψ (°)")
    panel_labels(*axes[0])
    return figure


def terms(values, rings, names):
    """The five terms, one panel per ring: one mark per network, a bar for the mean; ``values[series][ring][term]`` is (networks,)."""
    figure, axes = plt.subplots(2, -(-len(rings) // 2), figsize=(WIDTH, 3.8), sharex=True)
    for panel, ring in zip(axes.flat, rings, strict=False):
        for shift, (series, found) in enumerate(values.items()):
            color, mark = LINES[series]
            for column, name in enumerate(names):
                place = column + 0.16 * (shift - (len(values) - 1) / 2)
                label = series if column == 0 and ring == rings[0] else None
                each_network(panel, place, found[ring][name], color, mark, label, half=0.07)
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set(title=ring_text(ring), xticks=range(len(names)), xticklabels=[LABELS[name] for name in names])
    panel_labels(*axes.flat[: len(rings)])
    figure.supylabel("term (sd of the kernel)", fontsize=plt.rcParams["axes.labelsize"])
    figure.legend(loc="outside upper center", ncols=len(values), columnspacing=1.2)
    return figure


def places(maps, turns, extent, core, limit, pale=0.75):
    """Coefficients by position for sources at given turns, one row per frame or kernel, one column per turn; faded within ``core`` px.

    ``maps`` maps the name of a row to an array (turns, n, n). Dotted: where a source at that turn is co-circular with the target.
    """
    figure, axes = plt.subplots(len(maps), len(turns), figsize=(WIDTH, 1.45 * len(maps) + 0.6), sharex=True, sharey=True)
    tick, bar = 15 if extent > 15 else 10, min(2.5, 0.75 * core)
    for line, found, letter in zip(axes, maps.values(), "ABCDEF", strict=False):
        for panel, one, turn in zip(line, found, turns, strict=True):
            scale = {"cmap": SIGNED, "vmin": -limit, "vmax": limit}
            shown = panel.imshow(one, extent=(-extent, extent, -extent, extent), interpolation="bilinear", **scale)
            panel.add_patch(plt.Circle((0, 0), core, color="white", alpha=pale, linewidth=0))
            panel.plot([-bar, bar], [0, 0], color=INK, linewidth=1.5)
            reach = np.array([core, extent])
            for side in (1, -1):
                panel.plot(*(side * reach * part(turn / 2) for part in (np.cos, np.sin)), ":", color=INK, linewidth=0.8)
            panel.set(xticks=[-tick, 0, tick], yticks=[-tick, 0, tick], xlim=(-extent, extent), ylim=(-extent, extent))
        line[0].annotate(letter, (-0.55, 1.0), xycoords="axes fraction", fontweight="bold")
    titles = [f"turn {np.degrees(turn):+.0f}°".replace("-", "−").replace("+0", "0") for turn in turns]
    label_grid(axes, [f"{name}\ny (px)" for name in maps], titles, "x (px)")
    figure.colorbar(shown, ax=axes, shrink=0.8, label="coefficient (sd of K)")
    return figure


def invariance(rows):
    """R^2 on the network left out, for terms that are the same at all orientations and for terms that may differ between them.

    ``rows`` maps a label to (round, base, full, share as text), with R^2 in %.
    """
    figure, panel = plt.subplots(figsize=(WIDTH, 0.36 * len(rows) + 0.8))
    for line, (plain, base, full, share) in enumerate(rows.values()):
        panel.barh(line - 0.18, full - plain, height=0.32, color=NULL, label="may differ by orientation" if line == 0 else None)
        panel.barh(line + 0.18, base - plain, height=0.32, color=ACCENT, label="same at all orientations" if line == 0 else None)
        panel.annotate(share, (max(full - plain, base - plain, 0), line), xytext=(4, 0), textcoords="offset points", va="center")
    panel.axvline(0, color=INK, linewidth=0.6)
    panel.set(yticks=range(len(rows)), yticklabels=list(rows), xlabel="explained beyond a round kernel, on the network left out (%)")
    panel.invert_yaxis()
    panel.margins(x=0.15)
    figure.legend(loc="outside upper center", ncols=2)
    return figure
