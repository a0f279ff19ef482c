"""Figures of chapter 03, training on natural images."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import PercentFormatter

from paper_code.core.arrays import evenly
from paper_code.core.errors import printable
from paper_code.figures import ACCENT, BESIDE, INK, NULL, SEEDS, WIDTH, label_grid, panel_labels, show_weights, training_steps

ROWS, COLUMNS = 20, 10
LONGEST = 32  # characters shown of a class name


def contact_sheet(image_set, rows=ROWS):
    """Some training images of each class, one class per row; evenly spaced classes if there are more than ``rows``."""
    labels = evenly(np.arange(len(image_set.classes)), rows)
    side, gap = image_set.train_images.shape[-1], 3
    sheet = np.full((len(labels) * (side + gap) - gap, COLUMNS * (side + gap) - gap), 255, np.uint8)
    for row, label in enumerate(labels):
        members = np.flatnonzero(image_set.train_labels == label)
        for column, index in enumerate(evenly(members, COLUMNS)):
            sheet[row * (side + gap) :, column * (side + gap) :][:side, :side] = image_set.train_images[index]
    figure, axes = plt.subplots(figsize=(WIDTH, 0.64 * len(labels) + 0.15))
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[])
    names = [_shown(image_set.classes[label]) for label in labels]
    axes.set_yticks(np.arange(len(labels)) * (side + gap) + side / 2, names, parse_math=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def _shown(name):
    """A class name that can be shown: characters missing from the font become escapes, and it is cut to LONGEST characters."""
    font = get_font(findfont(FontProperties()))
    known = "".join(c if font.get_char_index(ord(c)) else c.encode("unicode_escape").decode() for c in printable(name))
    return known if len(known) <= LONGEST else known[: LONGEST - 1] + "…"


def front_end(traces):
    """Pictures on their way to l1: standardised, blurred, with receptor noise, and after l0; one picture per column."""
    stages = {"image": "image", "blurred": "behind the optics", "noisy": "at the receptors", "lgn": "after l0"}
    figure, axes = plt.subplots(len(stages), len(traces), figsize=(WIDTH, (WIDTH - 0.5) / len(traces) * len(stages)), squeeze=False)
    for column, seen in enumerate(traces):
        limit = np.quantile(np.abs(seen.image - seen.image.mean()), 0.995)
        for row, name in enumerate(stages):
            panel, values = axes[row, column], getattr(seen, name)
            if name == "lgn":
                show_weights(panel, values, np.quantile(np.abs(values), 0.995))
            else:
                middle = seen.image.mean()
                panel.imshow(values, cmap="gray", vmin=middle - limit, vmax=middle + limit)
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
    label_grid(axes, stages.values())
    return figure


def spectra(power, seen, noise, predicted, start, learned):
    """Power of the images, the same behind the optics (k,), and of the noise; then the gain that efficient coding predicts and that of l0.

    ``start`` and ``learned`` (seeds, k) are the gains of the untrained and the trained l0.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0))
    left.loglog(power.frequency, power.power, color=NULL, label="photographs")
    left.loglog(power.frequency, seen, color=INK, label="behind the optics")
    left.axhline(noise, color=ACCENT, linestyle="--", label="receptor noise")
    drowned = power.frequency[seen < noise]
    if len(drowned):
        left.axvspan(drowned[0], power.frequency[-1], color=ACCENT, alpha=0.08, linewidth=0)
        left.text(np.sqrt(drowned[0] * power.frequency[-1]), seen[0], "drowned", ha="center", va="top", color=ACCENT)
    left.set(xlabel="frequency (cycles/px)", ylabel="power (per px)", ylim=(noise / 1000, None))
    ticks = [tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5) if tick <= power.frequency[-1]]
    left.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    left.set_xticks([], minor=True)
    left.legend(loc="lower left")

    def normalised(gain):
        return gain / gain.max(axis=-1, keepdims=True)

    right.plot(power.frequency, normalised(start).T, color=NULL, linewidth=0.9)
    right.plot(power.frequency, normalised(learned).T, color=SEEDS[0], linewidth=0.9)
    right.plot(power.frequency, normalised(predicted), color=INK, linestyle=":", linewidth=1.8)
    handles = _lines({"color": INK, "linestyle": ":", "linewidth": 1.8}, {"color": SEEDS[0]}, {"color": NULL, "linewidth": 0.9})
    figure.legend(handles, ["efficient coding", "l0, trained (one per network)", "l0, untrained"], loc="outside lower right", ncols=3)
    right.set(xlabel="frequency (cycles/px)", ylabel="gain / largest", xlim=(0, 0.5), ylim=(0, None))
    panel_labels(left, right)
    return figure


def _lines(*styles):
    return [plt.Line2D([], [], **style) for style in styles]


def curves(curves, window, chance):
    """Loss, averaged over ``window`` log entries, against the step, and test accuracy against the epoch, one line per seed."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.3))
    for number, curve in enumerate(curves):
        colour = SEEDS[number % len(SEEDS)]
        left.plot(curve.step, curve.smoothed(window), color=colour)
        right.plot(curve.epoch, curve.accuracy_noise_free, "o-", color=colour, markersize=3)
        right.plot(curve.epoch, curve.accuracy, "o--", color=colour, markersize=3, markerfacecolor="white", linewidth=1)
    left.axhline(np.log(1 / chance), color=NULL, linestyle=":")
    left.set(xlabel="training step", ylabel="cross-entropy of the batch (nats)")
    left.xaxis.set_major_formatter("{x:,.0f}")
    right.axhline(chance, color=NULL, linestyle=":")
    dots = {"color": INK, "marker": "o", "markersize": 3}
    handles = _lines(dots, {**dots, "markerfacecolor": "white", "linestyle": "--", "linewidth": 1}, {"color": NULL, "linestyle": ":"})
    figure.legend(handles, ["without receptor noise", "with receptor noise", "chance"], loc="outside lower right", ncols=3)
    right.set(xlabel="epoch", ylabel="accuracy on test images", ylim=(0, None))
    right.yaxis.set_major_formatter(PercentFormatter(1, 0, " %"))
    panel_labels(left, right)
    return figure


def accuracies(groups, labels):
    """Accuracy of every network, one condition per row: filled without receptor noise, open with it, and a dotted line at chance.

    ``labels`` maps the names of conditions to those shown.
    """
    figure, panel = plt.subplots(figsize=(WIDTH, 0.5 * len(groups) + 0.9))
    for row, group in enumerate(groups):
        for values, lift, filled in ((group.noise_free, 0.13, True), (group.noisy, -0.13, False)):
            y = np.full(len(values), -row + lift)
            panel.plot([values.mean()] * 2, [-row + lift - 0.14, -row + lift + 0.14], color=INK, linewidth=1.4, zorder=3)
            panel.scatter(values, y, s=26, c=SEEDS[0] if filled else "white", edgecolors=SEEDS[0], linewidths=1.2, zorder=2)
        panel.plot([group.chance] * 2, [-row - 0.35, -row + 0.35], color=NULL, linestyle=":")
    panel.set_yticks(-np.arange(len(groups)), [labels.get(group.condition, group.condition) for group in groups])
    panel.set(xlabel="accuracy on test images", xlim=(0, None), ylim=(-len(groups) + 0.4, 0.6))
    panel.xaxis.set_major_formatter(PercentFormatter(1, 0, " %"))
    panel.tick_params(axis="y", length=0)
    dots = {"color": SEEDS[0], "marker": "o", "markersize": 5, "linestyle": ""}
    handles = _lines(dots, {**dots, "markerfacecolor": "white"}, {"color": NULL, "linestyle": ":"})
    figure.legend(handles, ["without receptor noise", "with receptor noise", "chance"], loc="outside lower center", ncols=3)
    return figure


def filter_growth(grown):
    """l0 and some receptive fields through training, one step per column, each on its own scale; below, correlation with the end."""
    banks = {} if grown.l0 is None else {"l0": grown.l0}
    banks |= {f"cell {cell}": grown.fields[:, number] for number, cell in enumerate(grown.cells)}
    figure = plt.figure(figsize=(WIDTH, 0.75 * len(banks) + 2.2))
    upper, lower = figure.subfigures(2, 1, height_ratios=[0.75 * len(banks), 2.2])
    axes = upper.subplots(len(banks), len(grown.steps), squeeze=False)
    for line, filters in zip(axes, banks.values(), strict=True):
        for panel, weights in zip(line, filters, strict=True):
            show_weights(panel, weights, frame=False)
    label_grid(axes, banks, ["step 0", *(f"{step:,}" for step in grown.steps[1:])], **BESIDE)
    panel = lower.subplots()
    low, middle, high = np.quantile(grown.field_similarity, [0.1, 0.5, 0.9], axis=1)
    panel.fill_between(grown.all_steps, low, high, color=INK, alpha=0.15, linewidth=0)
    panel.plot(grown.all_steps, middle, color=INK, label="receptive fields: median, and 10 to 90 %")
    if grown.l0_similarity is not None:
        panel.plot(grown.all_steps, grown.l0_similarity, color=ACCENT, label="l0")
    training_steps(panel, int(grown.all_steps[-1]))
    panel.set(xlabel="training step", ylabel="correlation with\nthe end of training", ylim=(None, 1.03))
    panel.axhline(0, color=NULL, linewidth=0.7)
    lower.legend(loc="outside upper center", ncols=2)
    panel_labels(panel, letters="B")
    upper.text(0.005, 0.99, "A", fontweight="bold", va="top")
    return figure
