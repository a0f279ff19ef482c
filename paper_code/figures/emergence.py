"""Figures of chapter 09, symmetry through training and in the controls."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.control_images import DISTANCES
from paper_code.controls import BASE, CLAIMS, holds, null_level
from paper_code.emergence import LAYER, MEASURES, WORDS
from paper_code.figures import ACCENT, INK, NULL, SEEDS, panel_label, show_weights

KINDS = ("#22303c", "#0072b2", "#d55e00", "#cc79a7", "#9aa5ae")  # of images
MARKERS = ("o", "s", "^", "D", "v")


def _steps(panel, last):
    panel.set_xscale("symlog", linthresh=1, linscale=0.5)
    panel.set_xlim(-0.25, last * 1.3)
    ticks = [tick for tick in (1, 10, 100, 1000, 10000) if tick < last]
    panel.set_xticks([0, *ticks], ["0", *(f"{tick:,}" for tick in ticks)])
    panel.set_xticks([], minor=True)
    panel.axvline(0.5, color=INK, linewidth=0.6, linestyle=(0, (1, 2)))


def trajectories(found):
    """Each measure against the training step, a line a seed, over the level that 95 % of chance stay below; step 0 at the left."""
    names = [measure for measure in MEASURES if all(measure.name in one.known for one in found)]
    columns = 4
    rows = -(-len(names) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(11.2, 2.7 * rows), squeeze=False)
    for panel in axes.ravel()[len(names) :]:
        panel.set_axis_off()
    for panel, letter, measure in zip(axes.ravel(), "ABCDEFGH", names, strict=False):
        for index, one in enumerate(found):
            colour = SEEDS[index % len(SEEDS)]
            steps, values = one.series(measure.name)
            panel.plot(steps, values, color=colour, label=f"seed {one.seed}", linewidth=1.3)
            if measure.layer == "K":
                low, high = (one.series(f"{measure.name}_{end}")[1] for end in ("low", "high"))
                error = np.maximum([values - low, high - values], 0)
                panel.errorbar(steps, values, error, color=colour, linewidth=0, elinewidth=0.7)
                face = np.where(one.beyond(measure.name), colour, "white")
                panel.scatter(steps, values, s=18, c=face, edgecolors=colour, zorder=3)
        bottom, top = panel.get_ylim()
        if measure.layer == "K":
            steps = np.unique(np.concatenate([one.series(f"{measure.name}_null")[0] for one in found]))
            null = [max(values[at == step].max(initial=-np.inf) for at, values in _nulls(found, measure.name)) for step in steps]
            panel.fill_between(steps, bottom - 1, null, color=NULL, alpha=0.3, linewidth=0, zorder=0)
            panel.axhline(0, color=INK, linewidth=0.5)
        else:
            panel.axhspan(bottom - 1, max(one.levels[measure.name] for one in found), color=NULL, alpha=0.3, linewidth=0, zorder=0)
        panel.set_ylim(bottom, top)
        panel.set_ylabel(measure.label)
        panel.set_title(measure.layer)
        _steps(panel, max(one.steps[-1] for one in found))
        panel_label(panel, letter)
    for panel in axes[-1]:
        panel.set_xlabel("training step")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    handles.append(plt.Rectangle((0, 0), 1, 1, color=NULL, alpha=0.3))
    figure.legend(handles, [*labels, "95 % of chance"], loc="outside lower center", ncols=len(handles))
    return figure


def _nulls(found, name):
    return [one.series(f"{name}_null") for one in found]


def order(onsets, halves, names, last):
    """When each measure leaves its null for good and when it passes half its rise: a bracket a seed between two snapshots.

    ``onsets`` and ``halves`` are brackets by name, as :func:`paper_code.emergence.brackets` gives them; ``names`` from top to bottom.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10.4, 0.5 * len(names) + 1.2), sharey=True)
    titles = ("beyond chance for good", "half of the whole change")
    for panel, letter, found, title in zip(axes, "AB", (onsets, halves), titles, strict=True):
        for row, name in enumerate(names):
            count = len(found[name])
            for index, (low, high) in enumerate(found[name]):
                y, colour = -row + 0.11 * ((count - 1) / 2 - index), SEEDS[index % len(SEEDS)]
                if np.isfinite(high):
                    panel.plot([low, high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
                    panel.plot(high, y, "o", color=colour, markersize=3)
                else:
                    panel.plot(last * 1.6, y, "x", color=colour, markersize=4)
        _steps(panel, last)
        panel.set_xlim(-0.25, last * 2.2)
        panel.axvline(last, color=NULL, linewidth=0.8)
        panel.set(xlabel="training step", title=title)
        panel_label(panel, letter)
    axes[0].set_yticks(-np.arange(len(names)), [WORDS[name] for name in names])
    axes[0].set_ylim(-len(names) + 0.4, 0.6)
    return figure


def strip(kinds, columns=10):
    """Images of each kind, one kind a row, spread over its classes."""
    figure, axes = plt.subplots(len(kinds), columns, figsize=(0.95 * columns + 1.4, 0.95 * len(kinds)))
    for row, kind in enumerate(kinds):
        classes = np.linspace(0, len(kind.images) - 1, columns).round().astype(int)
        for column, which in enumerate(classes):
            panel, image = axes[row, column], kind.images[which, column % kind.images.shape[1]]
            low, high = np.quantile(image, [0.005, 0.995])
            panel.imshow(image, cmap="gray", vmin=low, vmax=max(high, low + 1))
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
        axes[row, 0].set_ylabel(kind.label, rotation=0, ha="right", va="center")
    return figure


def image_statistics(kinds):
    """Power spectra, kurtosis by class, and edges ahead less edges beside, less the same of each kind's phase-scrambled version."""
    figure, axes = plt.subplots(1, 3, figsize=(10.4, 3.0))
    for index, (kind, colour) in enumerate(zip(kinds, KINDS, strict=True)):
        axes[0].loglog(kind.power.frequency, kind.power.power, color=colour, label=kind.label)
        shift = np.linspace(-0.2, 0.2, len(kind.kurtosis))
        axes[1].plot(index + shift, kind.kurtosis, ".", color=colour, markersize=4)
        axes[1].plot([index - 0.3, index + 0.3], [kind.kurtosis.mean()] * 2, color=INK, linewidth=1.2)
        place = np.array(DISTANCES) + 0.35 * (index - (len(kinds) - 1) / 2)
        draws = np.random.default_rng(0).integers(0, len(kind.beyond), (1000, len(kind.beyond)))
        low, high = np.percentile(kind.beyond[draws].mean(1), [2.5, 97.5], axis=0)
        value = kind.beyond.mean(0)
        axes[2].errorbar(place, value, [value - low, high - value], color=colour, marker=MARKERS[index], markersize=4, elinewidth=0.9)
    axes[0].set(xlabel="frequency (cycles / px)", ylabel="power (per px)")
    axes[0].set_xticks([0.02, 0.05, 0.1, 0.2, 0.5], ["0.02", "0.05", "0.1", "0.2", "0.5"])
    axes[0].set_xticks([], minor=True)
    axes[1].set_yscale("symlog", linthresh=1)
    axes[1].axhline(0, color=NULL, linewidth=0.8)
    axes[1].set(xticks=[], ylabel="excess kurtosis", xlabel="kind of images, a dot a class")
    axes[2].axhline(0, color=NULL, linewidth=0.8)
    axes[2].set(xlabel="distance (px)", xticks=DISTANCES, ylabel="ahead − beside,\nless phase-scrambled")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    for panel, letter in zip(axes, "ABC", strict=True):
        panel_label(panel, letter)
    return figure


def gallery(rows, shown=8):
    """The first network of each condition: l0, l1 filters from the best Gabor to the worst, and K between cells of like orientation.

    ``rows`` are of :class:`paper_code.controls.Row`; the maps share one colour scale.
    """
    figure, axes = plt.subplots(len(rows), shown + 2, figsize=(0.72 * (shown + 2) + 2.4, 0.74 * len(rows) + 0.5), squeeze=False)
    fields = [row.portrait.field for row in rows if row.portrait.field is not None]
    limit = max((np.nanquantile(np.abs(field), 0.99) for field in fields), default=1)
    for line, row in zip(axes, rows, strict=True):
        face = row.portrait
        ranks = np.linspace(0, len(face.bank) - 1, shown).round().astype(int)
        for panel, weights in zip(line, (face.l0, *face.bank[ranks], face.field), strict=True):
            if weights is None:
                panel.text(0.5, 0.5, "–", ha="center", va="center", color=NULL, transform=panel.transAxes)
                panel.set(xticks=[], yticks=[])
            else:
                show_weights(panel, np.ma.masked_invalid(weights), limit if weights is face.field else None)
            panel.spines[:].set_visible(False)
        line[0].set_ylabel(row.label, rotation=0, ha="right", va="center")
    axes[0, 0].set_title("l0")
    axes[0, 1].set_title("l1: best Gabor", loc="left")
    axes[0, shown].set_title("worst", loc="right")
    axes[0, -1].set_title("K")
    return figure


def table(rows):
    """A dot with its interval for each network: conditions in rows, a measure a column; filled where the claim holds, grey chance."""
    names = [name for name in CLAIMS if any(np.isfinite(row.values(name)).any() for row in rows)]
    titles = {measure.name: measure.label for measure in MEASURES}
    figure, axes = plt.subplots(1, len(names), figsize=(1.12 * len(names) + 1.9, 0.36 * len(rows) + 1.1), sharey=True, squeeze=False)
    for panel, name in zip(axes[0], names, strict=True):
        base = next((row for row in rows if row.name == BASE), None)
        if base is not None and np.isfinite(base.values(name)).any():
            panel.axvspan(np.nanmin(base.values(name)), np.nanmax(base.values(name)), color=ACCENT, alpha=0.18, linewidth=0)
        for place, row in enumerate(rows):
            y = -place
            null = null_level(row, name)
            if np.isfinite(null).any():
                panel.plot([np.nanmax(null)] * 2, [y - 0.4, y + 0.4], color=NULL, linewidth=2)
            for index, (seed, value, good) in enumerate(zip(row.seeds, row.values(name), holds(row, name), strict=True)):
                colour = SEEDS[seed % len(SEEDS)]
                y = -place + 0.22 * ((len(row.seeds) - 1) / 2 - index)
                if LAYER[name] != "l0":
                    ends = [row.values(f"{name}_{end}")[index] for end in ("low", "high")]
                    panel.plot(ends, [y, y], color=colour, linewidth=0.9, solid_capstyle="butt")
                panel.plot(value, y, "o", color=colour if good else "white", markeredgecolor=colour, markersize=4, markeredgewidth=1.0)
            panel.axhline(-place, color="#e3e7ea", linewidth=0.6, zorder=0)
        panel.set_xlabel(titles[name].replace(" (sd)", "\n(sd)").replace("radial symmetry ", "").replace("correlation with", "corr. with"))
        panel.margins(x=0.12)
        panel.locator_params(axis="x", nbins=3)
    axes[0, 0].set_yticks(-np.arange(len(rows)), [row.label for row in rows])
    axes[0, 0].set_ylim(-len(rows) + 0.4, 0.6)
    for panel in axes[0]:
        panel.tick_params(axis="y", length=0)
    return figure


def noise(rows, grid, predicted):
    """Sigma of l0 against receptor noise, a dot a network, open without optics; dotted what efficient coding asks for.

    Parameters
    ----------
    rows : list of receptor_noise.NoiseRow
    grid, predicted : arrays (n,)
        Noise and the sigma predicted from it.
    """
    figure, panel = plt.subplots(figsize=(5.0, 3.2))
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
