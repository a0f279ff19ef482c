"""Figures of chapter 10: completed contours, silenced cells, corrupted images, illusions of lightness."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code import stimuli
from paper_code.figures import ACCENT, INK, NULL, SEEDS, SIGNED, panel_label
from paper_code.lightness import NAMES, NEAR

FAMILY_NAMES = {"dashed": "dashed bar", "occluded": "occluded edge", "inducers": "Kanizsa inducers"}
GROUP_STYLES = {
    "reference": (ACCENT, "-", "o", "with K"),
    "ablated": (INK, "--", "s", "K set to 0 at test"),
    "no-lateral": ("#0072b2", ":", "^", "trained without K"),
}
LINEAR = 0.05  # advantages up to this size are drawn on a linear axis
LEVEL_NAMES = {"noise": "sd of the noise", "occlusion": "share under bars", "contrast": "contrast"}


def _color(index):
    return SEEDS[index % len(SEEDS)]


def _picture(panel, picture, limit):
    panel.imshow(picture, cmap="gray", vmin=-limit, vmax=limit, interpolation="nearest")
    panel.set(xticks=[], yticks=[])


def completions(rows, columns):
    """Contours and what propagation makes of them.

    Parameters
    ----------
    rows : list of (family, half gap, pictures, maps)
        Pictures by name (complete, gap, turned), and maps (p, p) of the suiting cells' activity, one for each of ``columns``.
    columns : sequence of str
        Before propagation, and by which kernel after it.
    """
    names = ("complete", "gap", "control")
    figure, axes = plt.subplots(len(rows), len(names) + len(columns), figsize=(9.6, 1.12 * len(rows) + 0.3))
    for line, (family, half_gap, pictures, maps) in zip(axes, rows, strict=True):
        for panel, picture in zip(line, pictures, strict=False):
            _picture(panel, picture, 1.3 * stimuli.CONTRAST)
        line[0].set_ylabel(FAMILY_NAMES[family])
        for panel, values in zip(line[len(names) :], maps, strict=True):
            image = panel.imshow(values, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")
            middle = len(values) // 2
            panel.add_patch(plt.Circle((middle, middle), half_gap / 2, fill=False, color=INK, linewidth=0.8, linestyle=":"))
            panel.set(xticks=[], yticks=[])
    for panel, name in zip(axes[0], (*names, *columns), strict=True):
        panel.set_title(name, fontsize=8)
    bar = figure.colorbar(image, ax=axes, fraction=0.012, pad=0.01, extend="both")
    bar.set_label("activity of suiting cells, clipped at 1")
    return figure


def gaps(measures):
    """By the width of the gap: what the cells at its middle see, and what propagation adds beyond the controls; by steps, the latter.

    ``measures`` is a list of CompletionMeasures. A dotted line marks the networks' own number of steps.
    """
    families = tuple(measures[0].at)
    figure, axes = plt.subplots(3, len(families), figsize=(9.2, 6.2), sharey="row")
    for column, family in enumerate(families):
        for number, one in enumerate(measures):
            style = {"color": _color(number), "linewidth": 1.3, "marker": ".", "markersize": 4}
            wide = [2 * each.half_gap for each in one.by_gap[family]]
            axes[0, column].plot(wide, [each.before["gap"].mean() for each in one.by_gap[family]], **style)
            axes[1, column].plot(wide, [each.advantage() for each in one.by_gap[family]], **style, label=f"seed {one.seed}")
            steps = one.by_steps[family]
            axes[2, column].plot([each.steps for each in steps], [each.advantage() for each in steps], **style)
        seen = [2 * one.at[family].half_gap for one in measures]
        for panel in axes[:2, column]:
            panel.axvspan(min(seen) - 0.3, max(seen) + 0.3, color=NULL, alpha=0.35, linewidth=0)
            panel.set(xlabel="gap (px)", xticks=wide)
        axes[2, column].axvline(measures[0].at[family].steps, color=INK, linewidth=0.7, linestyle=":")
        for panel in axes[:, column]:
            panel.axhline(0, color=INK, linewidth=0.7)
        axes[0, column].set_title(FAMILY_NAMES[family])
        axes[2, column].set(xlabel="propagation steps", xticks=range(len(measures[0].by_steps[family])))
    for panel, name, letter in zip(axes[:, 0], ("in the gap,\nfeed-forward", "advantage\nof K", "advantage\nof K"), "ABC", strict=True):
        panel.set_ylabel(name)
        panel_label(panel, letter)
    axes[1, -1].legend(loc="upper right", fontsize=7)
    return figure


def kernels(measures):
    """Advantage of the gap over its controls by each kernel, one panel a family; grey, K relabelled. A list of CompletionMeasures."""
    families = tuple(measures[0].at)
    figure, axes = plt.subplots(1, len(families), figsize=(9.2, 3.0), sharey=True)
    for panel, family in zip(axes, families, strict=True):
        names = tuple(measures[0].at[family].after)
        for number, one in enumerate(measures):
            found, shift = one.at[family], (number - (len(measures) - 1) / 2) * 0.13
            for place, name in enumerate(names):
                low, high = found.interval(name)
                value, at = found.advantage(name), place + shift
                panel.plot([at, at], [low, high], color=_color(number), linewidth=1)
                panel.plot(at, value, "o", color=_color(number), markersize=3.5, label=f"seed {one.seed}" if not place else None)
            middle, spread = found.null.mean(), 2 * found.null.std()
            panel.fill_between([shift - 0.06, shift + 0.06], middle - spread, middle + spread, color=NULL, alpha=0.7, linewidth=0)
        panel.axhline(0, color=INK, linewidth=0.7)
        for edge in (-LINEAR, LINEAR):
            panel.axhline(edge, color=NULL, linewidth=0.7, alpha=0.6, zorder=0)
        panel.set_yscale("symlog", linthresh=LINEAR, linscale=1.2)
        panel.set(yticks=[-1, -0.3, -0.1, 0, 0.1, 0.3, 1], yticklabels=["−1", "−0.3", "−0.1", "0", "0.1", "0.3", "1"])
        panel.minorticks_off()
        panel.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names], fontsize=8)
        panel.set_title(FAMILY_NAMES[family])
    axes[0].set_ylabel("advantage of the gap")
    axes[1].legend(loc="lower right", fontsize=7)
    return figure


def inferences(measures, seeds):
    """Correlation of lateral input with the activity of silenced cells (A), and explained variance (B), by kernel. A list of Inference."""
    names = tuple(measures[0].correlation)
    figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.2))
    generator = np.random.default_rng(0)
    for panel, kind, letter in zip(axes, ("correlation", "explained"), "AB", strict=True):
        for number, (one, seed) in enumerate(zip(measures, seeds, strict=True)):
            shift = (number - (len(measures) - 1) / 2) * 0.15
            for place, name in enumerate(names):
                values = getattr(one, kind)[name]
                at = place + shift
                scatter = generator.uniform(-0.05, 0.05, len(values))
                panel.plot(at + scatter, np.maximum(values, -0.25) if kind == "explained" else values, ".", color=NULL, markersize=1.8)
                label = f"seed {seed}" if not place else None
                panel.plot([at - 0.06, at + 0.06], [np.median(values)] * 2, color=_color(number), linewidth=2.4, label=label)
            if kind == "correlation":
                at = len(names) + shift
                low, high = np.quantile(np.median(one.null, axis=1), (0, 1))
                panel.fill_between([at - 0.06, at + 0.06], low, high, color=_color(number), alpha=0.6, linewidth=0)
        panel.axhline(0, color=INK, linewidth=0.7)
        labels = [name.replace(" less ", " less\n") if " less " in name else name.replace(" ", "\n") for name in names]
        labels += ["K\nrelabelled"] if kind == "correlation" else []
        panel.set_xticks(range(len(labels)), labels, fontsize=7.5)
        panel_label(panel, letter)
    axes[0].set_ylabel("correlation with own activity")
    axes[1].set(ylabel="variance explained", ylim=(-0.3, 1))
    axes[1].legend(fontsize=7, ncols=2)
    return figure


def robustness(found):
    """Accuracy under each corruption: mean over networks with the interval over images, every network as a thin line.

    ``found`` is a Robustness, or None where nothing has been measured.
    """
    if found is None:
        figure = plt.figure(figsize=(9.2, 0.6))
        figure.text(0.5, 0.5, "not measured on these weights", ha="center", va="center")
        return figure
    levels = found.levels
    figure, axes = plt.subplots(1, len(levels), figsize=(9.2, 3.0), sharey=True)
    for panel, (corruption, values) in zip(axes, levels.items(), strict=True):
        places = np.arange(len(values))
        for group in found.right:
            color, line, marker, name = GROUP_STYLES[group]
            value, low, high = found.summary(group, corruption)
            panel.plot(places, 100 * found.accuracy(group, corruption).T, color=color, linestyle=line, linewidth=0.6, alpha=0.6)
            style = {"color": color, "linestyle": line, "marker": marker, "markersize": 4}
            panel.plot(places, 100 * value, **style, label=f"{name} ({len(found.seeds[group])})")
            panel.fill_between(places, 100 * low, 100 * high, color=color, alpha=0.15, linewidth=0)
        panel.axhline(100 / found.content["images"]["classes"], color=INK, linewidth=0.7, linestyle=":")
        panel.set_xticks(places, [f"{value:g}" for value in values])
        panel.set(xlabel=LEVEL_NAMES[corruption], title=corruption)
    axes[0].set(ylabel="accuracy (%)", ylim=(0, None))
    axes[-1].legend(loc="upper right", fontsize=7.5)
    return figure


def illusions(shown, responses, profiles):
    """Pictures, the response of l0, and both along a row of pixels.

    Parameters
    ----------
    shown : list of (name, picture, row)
    responses : array (m, 64, 64)
        Of l0.
    profiles : sequence of (name, array (m, 64, 64))
        Responses to draw along the row, each with the first's scale.
    """
    figure, axes = plt.subplots(3, len(shown), figsize=(9.4, 5.4), height_ratios=(1, 1, 0.8))
    x = np.arange(64) - 32
    for column, (name, picture, row) in enumerate(shown):
        _picture(axes[0, column], picture, 1.3 * stimuli.CONTRAST)
        axes[0, column].set_title(name, fontsize=8.5)
        limit = np.abs(responses[column][8:-8, 8:-8]).max()
        axes[1, column].imshow(responses[column], cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")
        axes[1, column].set(xticks=[], yticks=[])
        for panel in axes[:2, column]:
            panel.axhline(row, color=INK, linewidth=0.6, linestyle=":")
        panel = axes[2, column]
        panel.plot(x, picture[row], color=NULL, linewidth=1.2, label="luminance")
        for (label, values), style in zip(profiles, ({"color": ACCENT}, {"color": INK, "linestyle": "--"}), strict=True):
            scaled = values[column][row] / np.abs(responses[column][NEAR]).max() * stimuli.CONTRAST
            panel.plot(x, scaled, linewidth=1.2, label=label, **style)
        panel.set(xlabel="x (px)", yticks=[], xlim=(-32, 31))
    for row, label in enumerate(("picture", "response of l0", "along the dotted row")):
        axes[row, 0].set_ylabel(label)
    figure.legend(*axes[2, 0].get_legend_handles_labels(), fontsize=7.5, ncols=3, loc="outside lower center")
    return figure


def indices(found):
    """One panel an illusion: the index by seed for l0 and its LoG, before training, and 95 % of random filters. A Lightness."""
    figure, axes = plt.subplots(1, len(NAMES), figsize=(9.4, 2.7))
    low, high = found.chance_interval
    for column, (panel, name) in enumerate(zip(axes, NAMES, strict=True)):
        panel.axhspan(low[column], high[column], color=NULL, alpha=0.35, linewidth=0)
        panel.axhline(0, color=INK, linewidth=0.7)
        groups = ((found.l0, "o", "l0"), (found.log, "x", "LoG"), (found.untrained, "D", "untrained"))
        for place, (values, marker, _) in enumerate(groups):
            shifts = place + (np.arange(len(values)) - (len(values) - 1) / 2) * 0.09
            for number, (at, value) in enumerate(zip(shifts, values[:, column], strict=True)):
                panel.plot(at, value, marker, color=_color(number), markersize=4, fillstyle="none" if marker == "D" else "full")
        panel.set_xticks(range(3), [label for _, _, label in groups], fontsize=7, rotation=40)
        panel.set_xlim(-0.6, 2.6)
        panel.set_title(name.replace(" ", "\n", 1), fontsize=8)
        panel.tick_params(axis="y", labelsize=7)
    axes[0].set_ylabel("index (positive: as perceived)")
    return figure
