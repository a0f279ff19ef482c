"""Figures of chapters 09 and 09b: measures through training, and for every condition its measures, networks and images."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from paper_code.core.arrays import evenly
from paper_code.figures import ACCENT, BESIDE, INK, NULL, SEEDS, WIDTH, label_grid, panel_labels, show_weights, training_steps


def courses(found):
    """Each measure against the training step: one thin line per network, a thick one for the mean, over chance; step 0 is at the left.

    ``found`` is a list of :class:`paper_code.emergence.courses.Course`.
    """
    rows = -(-len(found) // 3)
    figure, axes = plt.subplots(rows, 3, figsize=(WIDTH, 2.05 * rows + 0.3), sharex=True, squeeze=False)
    last = max(int(one.steps[-1]) for one in found)
    for panel in axes.ravel()[len(found) :]:
        panel.set_axis_off()
    for panel, one in zip(axes.ravel(), found, strict=False):
        if one.band:
            panel.axhspan(*one.band, color=NULL, alpha=0.35, linewidth=0)
        panel.axhline(one.chance, color=NULL, linewidth=1.0, linestyle=(0, (1, 1)))
        mark = "." if one.followed.layer == "K" or len(one.steps) < 3 else None
        for values in one.values:
            panel.plot(one.steps, values, color=INK, linewidth=0.6, alpha=0.5, marker=mark, markersize=3)
        panel.plot(one.steps, one.values.mean(axis=0), color=ACCENT, linewidth=1.8, marker=mark)
        panel.set_title(textwrap.fill(one.followed.title, 23))
        training_steps(panel, last)
    panel_labels(*axes.ravel()[: len(found)])
    label_grid(axes, below="training step")
    return figure


def matrix(board, names, places, titles):
    """One dot per network, one row per condition and one column per measure, over the mean of the base; dotted: chance.

    ``board`` is a :class:`paper_code.emergence.controls.Board`, and ``titles`` are those of its ``places``. Bars are 95 % intervals of the
    difference from the base; dots are filled if this difference is distinguishable from 0 after correction.
    """
    figure, axes = plt.subplots(1, len(places), figsize=(WIDTH, 0.25 * len(names) + 1.0), sharey=True, squeeze=False)
    for column, (panel, place, title) in enumerate(zip(axes[0], places, titles, strict=True)):
        own = board.values(board.base, *place)
        if len(own):
            panel.axvline(own.mean(), color=ACCENT, linewidth=1.0)
        panel.axvline(board.chance(place), color=NULL, linewidth=1.0, linestyle=(0, (1, 1)))
        for row, name in enumerate(names):
            panel.axhline(-row, color="#e3e7ea", linewidth=0.6, zorder=0)
            if name == board.base:
                panel.plot(own, np.full(len(own), -row), "o", color=ACCENT, markersize=4)
                continue
            one = board.compare(name, place)
            if one.difference is not None:
                ends = own.mean() + one.difference.low, own.mean() + one.difference.high
                panel.plot(ends, [-row] * 2, color=INK, linewidth=0.9)
            face = INK if one.change else "white"
            panel.plot(one.values, np.full(len(one.values), -row), "o", color=face, markeredgecolor=INK, markersize=4)
        panel.set_title(title)
        panel.margins(x=0.12)
        panel.locator_params(axis="x", nbins=3)
        panel.xaxis.set_major_formatter(_tick)
        panel.tick_params(axis="y", length=0)
        panel.annotate(
            "ABCDEFGH"[column], (0, 1), (-2, 4), xycoords="axes fraction", textcoords="offset points", ha="right", fontweight="bold"
        )
    axes[0, 0].set_yticks(-np.arange(len(names)), [board.label[name] for name in names])
    axes[0, 0].set_ylim(-len(names) + 0.4, 0.6)
    return figure


def _tick(value, _):
    """A short number: no zero before the decimal point, and a true minus sign."""
    return f"{value:+g}".replace("+0.", ".").replace("-0.", "−.").replace("+", "").replace("-", "−")


def portraits(faces, shown=6):
    """One network per condition, in rows: l0, receptive fields by rank of their Gabor fit, and K between cells of similar orientation.

    ``faces`` maps a label to (l0 or None, fields (n, c, c) from best to worst fit, map (q, q) or None); the maps share one scale.
    """
    figure, axes = plt.subplots(len(faces), shown + 2, figsize=(WIDTH, 0.66 * len(faces) + 0.4), squeeze=False)
    limit = max((np.nanquantile(np.abs(found), 0.99) for _, _, found in faces.values() if found is not None), default=1)
    for line, (l0, fields, found) in zip(axes, faces.values(), strict=True):
        for panel, weights in zip(line, (l0, *evenly(fields, shown), found), strict=True):
            if weights is None:
                panel.text(0.5, 0.5, "–", ha="center", va="center", color=NULL, transform=panel.transAxes)
                panel.set(xticks=[], yticks=[])
            else:
                show_weights(panel, weights, limit if weights is found else None)
            panel.spines[:].set_visible(False)
    label_grid(axes, faces, ["l0", "best fit", *[""] * (shown - 2), "worst", "K"], **BESIDE)
    return figure


def image_kinds(kinds, columns=10):
    """Images of each kind, one kind per row; ``kinds`` maps a label to images (n, s, s)."""
    figure, axes = plt.subplots(len(kinds), columns, figsize=(WIDTH, 0.64 * len(kinds)))
    for line, images in zip(axes, kinds.values(), strict=True):
        for panel, image in zip(line, evenly(images, columns), strict=True):
            low, high = np.quantile(image, [0.005, 0.995])
            panel.imshow(image, cmap="gray", vmin=low, vmax=max(high, low + 1))
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
    label_grid(axes, kinds, **BESIDE)
    return figure


def noise(rows, grid, predicted):
    """Sigma of l0 against receptor noise: one mark per network, open without a centre-surround; dotted: ``predicted`` on ``grid`` (n,).

    ``rows`` is a list of :class:`paper_code.emergence.controls.NoiseRow`.
    """
    figure, panel = plt.subplots(figsize=(7.0, 2.4))
    panel.plot(grid, predicted, ":", color=INK, linewidth=1.6, label="efficient coding")
    for one in rows:
        colour = SEEDS[one.seed % len(SEEDS)]
        shape = "o" if one.blur > 0 else "D"
        panel.plot(one.noise, one.sigma, shape, color=colour if one.is_log else "white", markeredgecolor=colour, markersize=6)
    handles, labels = panel.get_legend_handles_labels()
    for shape, text in (("o", "trained with optics"), ("D", "without optics")):
        if any((one.blur > 0) == (shape == "o") for one in rows):
            handles.append(plt.Line2D([], [], marker=shape, linestyle="", color=INK, markersize=5))
            labels.append(text)
    panel.legend(handles, labels, loc="upper left", bbox_to_anchor=(1, 1))
    panel.set(xlabel="receptor noise (sd of the images)", ylabel="σ of the LoG (px)", ylim=(0, None))
    return figure
