"""Figures of chapters 10 and 10b: flankers, contour completion, corrupted images, lightness illusions."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, CASING, INK, NULL, SEEDS, SIGNED, WIDTH, each_network, label_grid, panel_labels
from paper_code.function import stimuli

FAMILY_NAMES = {"dashed": "dashed bar", "occluded": "occluded edge", "inducers": "Kanizsa inducers"}
GROUP_STYLES = {
    "reference": (ACCENT, "-", "o", "with K"),
    "ablated": (INK, "--", "s", "K set to 0 at test"),
    "no-lateral": (SEEDS[0], ":", "^", "trained without K"),
}
LINEAR = 0.05  # advantages up to this size are drawn on a linear scale
NETWORKS = {"half": 0.1, "spread": 0.06, "width": 2}
SPACING_STYLES = ((ACCENT, "o"), (SEEDS[0], "s"), (SEEDS[4], "^"))
LEVEL_NAMES = {"noise": "sd of the noise", "occlusion": "share under bars", "contrast": "contrast"}


def picture(panel, shown, limit):
    """Draw a greyscale picture (n, n) without ticks."""
    panel.imshow(shown, cmap="gray", vmin=-limit, vmax=limit)
    panel.set(xticks=[], yticks=[])


def _chance(panel, place, value, label=None):
    """Draw a grey bar at the chance level."""
    panel.plot([place - 0.13, place + 0.13], [value] * 2, color=NULL, linewidth=3, alpha=0.8, zorder=1, label=label)


def flankers(pictures, arrangements, differences, spacings):
    """The stimuli (pictures by title), the effect of each arrangement on the cell, and the judged differences at every spacing.

    Effects and differences are by name: (values (networks,), Row over them) at the judged spacing, and a list of these by spacing.
    """
    figure = plt.figure(figsize=(WIDTH, 5.0))
    grid = figure.add_gridspec(3, len(pictures), height_ratios=(0.75, 1.25, 1.35))
    for column, (name, shown) in enumerate(pictures.items()):
        panel = figure.add_subplot(grid[0, column])
        picture(panel, shown, 1.2 * np.abs(shown).max())
        panel.set_title(name + "°" * (" " in name))
    panel = figure.add_subplot(grid[1, :])
    for place, (values, row) in enumerate(arrangements.values()):
        _chance(panel, place, row.null)
        each_network(panel, place, values, ACCENT, **NETWORKS)
    labels = [name.replace(" ", "\n") + "°" * (" " in name) for name in arrangements]
    panel.set(xticks=range(len(labels)), xticklabels=labels, ylabel="change in lateral input\n(own response)")
    panel.axhline(0, color=INK, linewidth=0.7)
    panel = figure.add_subplot(grid[2, :])
    for place, by_spacing in enumerate(differences.values()):
        for (color, mark), shift, spacing, (values, row) in zip(SPACING_STYLES, (-0.28, 0, 0.28), spacings, by_spacing, strict=True):
            each_network(panel, place + shift, values, color, mark, spacing if not place else None, **NETWORKS)
            _chance(panel, place + shift, row.null, "cells relabelled" if not place and shift == 0.28 else None)
    labels = [name.replace(" polarity", "").replace(" less ", "\nless ").replace(", ", "\n") + "°" * ("," in name) for name in differences]
    panel.set(xticks=range(len(labels)), xticklabels=labels, ylabel="difference\n(own response)")
    panel.axhline(0, color=INK, linewidth=0.7)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    panel_labels(figure.axes[0], *figure.axes[len(pictures) :])
    return figure


def completions(rows, columns):
    """Contours and the effect of propagation on them.

    A row is (family, half gap, pictures, maps): pictures complete, gap and control; maps (p, p) of the activity of the cells that suit the
    contour, one for each of ``columns``, which name the kernel of the propagation, or the state before it.
    """
    names = ("complete", "gap", "control")
    figure, axes = plt.subplots(len(rows), len(names) + len(columns), figsize=(WIDTH, 1.05 * len(rows) + 0.7))
    for line, (_, half_gap, pictures, maps) in zip(axes, rows, strict=True):
        for panel, shown in zip(line, pictures, strict=False):
            picture(panel, shown, 1.3 * stimuli.CONTRAST)
        for panel, values in zip(line[len(names) :], maps, strict=True):
            image = panel.imshow(values, cmap=SIGNED, vmin=-1, vmax=1)
            middle = len(values) // 2
            panel.add_patch(plt.Circle((middle, middle), half_gap / 2, fill=False, color=INK, linewidth=0.8, linestyle=":"))
            panel.set(xticks=[], yticks=[])
    titles = [name.replace(" ", "\n") for name in (*names, *columns)]
    label_grid(axes, [FAMILY_NAMES[family].replace(" ", "\n") for family, *_ in rows], titles)
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.4, aspect=40, pad=0.02, extend="both")
    bar.set_ticks([-1, -0.5, 0, 0.5, 1])
    bar.set_label("activity of cells that suit the contour (1: complete)")
    return figure


def gaps(measures):
    """Advantage of the gap over its controls: A, with K, against the width of the gap; B, with each kernel, at the judged gap.

    ``measures`` is a list of CompletionMeasures; thin lines are networks, thick ones their mean; grey in B: K relabelled.
    """
    families = tuple(measures[0].at)
    figure, axes = plt.subplots(2, len(families), figsize=(WIDTH, 4.1), sharey="row", height_ratios=(1, 1.3))
    for (upper, lower), family in zip(axes.T, families, strict=True):
        wide = [2 * each.half_gap for each in measures[0].by_gap[family]]
        gained = [[each.advantage() for each in one.by_gap[family]] for one in measures]
        shaded = [2 * one.at[family].half_gap for one in measures]
        upper.plot(wide, np.transpose(gained), color=ACCENT, linewidth=0.7, alpha=0.5)
        upper.plot(wide, np.mean(gained, axis=0), color=ACCENT, linewidth=2, marker="o", markersize=3)
        upper.axvspan(min(shaded) - 0.3, max(shaded) + 0.3, color=NULL, alpha=0.35, linewidth=0)
        upper.set(title=FAMILY_NAMES[family], xlabel="gap (px)", xticks=wide)
        found = [one.at[family] for one in measures]
        names = tuple(found[0].after)
        for place, name in enumerate(names):
            each_network(lower, place, [one.advantage(name) for one in found], ACCENT if name == "K" else INK, **NETWORKS)
        for one in found:
            _chance(lower, 0, one.null.mean())
        for edge in (-LINEAR, LINEAR):
            lower.axhline(edge, color=NULL, linewidth=0.7, alpha=0.6, zorder=0)
        lower.set_yscale("symlog", linthresh=LINEAR, linscale=1.2)
        lower.set(yticks=[-1, -0.3, -0.1, 0, 0.1, 0.3, 1], yticklabels=["−1", "−0.3", "−0.1", "0", "0.1", "0.3", "1"])
        lower.minorticks_off()
        lower.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
        for panel in (upper, lower):
            panel.axhline(0, color=INK, linewidth=0.7)
    label_grid(axes, ["advantage of the gap"] * 2)
    panel_labels(*axes[:, 0])
    return figure


def robustness(found):
    """Accuracy under each corruption: thick lines, the mean over networks; thin lines, single networks.

    ``found`` is a Robustness, or None if nothing has been measured.
    """
    if found is None:
        figure = plt.figure(figsize=(WIDTH, 0.6))
        figure.text(0.5, 0.5, "not measured on these weights", ha="center", va="center")
        return figure
    levels = found.levels
    figure, axes = plt.subplots(1, len(levels), figsize=(WIDTH, 2.6), sharey=True)
    for panel, (corruption, values) in zip(axes, levels.items(), strict=True):
        places = np.arange(len(values))
        for group in found.right:
            color, line, marker, name = GROUP_STYLES[group]
            accuracy = 100 * found.accuracy(group, corruption)
            panel.plot(places, accuracy.T, color=color, linestyle=line, linewidth=0.6, alpha=0.6)
            style = {"color": color, "linestyle": line, "marker": marker, "markersize": 4}
            panel.plot(places, accuracy.mean(axis=0), **style, label=f"{name} ({len(found.seeds[group])})" if panel is axes[0] else None)
        panel.axhline(100 / found.content["images"]["classes"], color=INK, linewidth=0.7, linestyle=":")
        panel.set_xticks(places, [f"{value:g}" for value in values])
        panel.set(xlabel=LEVEL_NAMES[corruption], title=corruption)
    axes[0].set(ylabel="accuracy (%)", ylim=(0, None))
    panel_labels(*axes)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def illusions(shown, responses, profiles):
    """Pictures, as (name, picture, row); the responses (m, 64, 64) of l0 to them; and profiles of both along that row of pixels.

    ``profiles`` are (name, responses (m, 64, 64)) to draw along the row, all on the scale of ``responses``.
    """
    figure, axes = plt.subplots(3, len(shown), figsize=(WIDTH, 5.0), height_ratios=(1, 1, 0.8))
    x = np.arange(64) - 32
    for column, (_, luminance, row) in enumerate(shown):
        picture(axes[0, column], luminance, 1.3 * stimuli.CONTRAST)
        limit = np.abs(responses[column][8:-8, 8:-8]).max()
        axes[1, column].imshow(responses[column], cmap=SIGNED, vmin=-limit, vmax=limit)
        axes[1, column].set(xticks=[], yticks=[])
        for panel in axes[:2, column]:
            for style in (CASING, {"color": INK, "linewidth": 0.9, "linestyle": "--"}):
                panel.axhline(row, **style)
        panel = axes[2, column]
        panel.plot(x, luminance[row], color=NULL, linewidth=1.2, label="luminance")
        for (label, values), style in zip(profiles, ({"color": ACCENT}, {"color": INK, "linestyle": "--"}), strict=True):
            scaled = values[column][row] / np.abs(responses[column][stimuli.NEAR]).max() * stimuli.CONTRAST
            panel.plot(x, scaled, linewidth=1.2, label=label, **style)
        panel.set(yticks=[], xlim=(-32, 31))
    titles = [name.replace(" ", "\n", 1) for name, *_ in shown]
    label_grid(axes, ("picture", "response of l0", "along the\nmarked row"), titles, "x (px)")
    figure.legend(*axes[2, 0].get_legend_handles_labels(), ncols=3, loc="outside lower center")
    return figure
