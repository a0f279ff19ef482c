"""Figures of chapter 06: the components of K between cells of similar orientation, and how K falls off with the turn."""

import matplotlib.pyplot as plt

from paper_code.figures import ACCENT, INK, KERNELS, NULL, WIDTH, each_network, label_grid, panel_labels, show_component


def components(rows, radius):
    """Principal components, one row per kernel, ``{name: Components}``; each on its own scale, with x along the bars."""
    count = max(len(one.patterns) for one in rows.values())
    figure, axes = plt.subplots(len(rows), count, figsize=(7.0, 2.1 * len(rows)), squeeze=False)
    for line, found, letter in zip(axes, rows.values(), "ABCDE", strict=False):
        for panel, pattern, share in zip(line, found.patterns, found.share, strict=True):
            show_component(panel, pattern, radius)
            panel.set_title(f"{100 * share:.0f} % of the energy")
            panel.label_outer()
        line[0].annotate(letter, (-0.45, 1.05), xycoords="axes fraction", fontweight="bold")
    label_grid(axes, [f"{name}\nacross the bars (px)" for name in rows], below="along the bars (px)")
    return figure


def tuning(curves, blind, middles):
    """Coefficient of cos Phi, and the mean without phase, against the orientation difference: thin lines, networks; thick, their mean.

    ``curves`` and ``blind`` map the name of a kernel to an array (networks, bins); ``middles`` (bins,) are in degrees.
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1))
    for panel, title, found in zip(axes, ("with phase", "without phase"), (curves, blind), strict=True):
        for name, values in found.items():
            panel.plot(middles, values.T, color=KERNELS[name], linewidth=0.6, alpha=0.5)
            panel.plot(middles, values.mean(axis=0), "o-", color=KERNELS[name], markersize=3, label=name)
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set(xlim=(0, 90), xticks=[0, 30, 60, 90], xlabel="orientation difference (°)", title=title)
    panel_labels(*axes)
    axes[0].set_ylabel("coefficient of cos Φ (sd of the kernel)")
    axes[1].set_ylabel("mean weight (sd of the kernel)")
    axes[0].legend()
    return figure


def like(values, chance, names):
    """The like term by ring and version: one dot per network, a bar for the mean; grey: chance, from relabelled cells.

    ``values`` maps a version to an array (rings, networks), ``chance`` to (rings, 2); ``names`` are those of the rings.
    """
    figure, axes = plt.subplots(1, len(values), figsize=(WIDTH, 2.7), sharey=True)
    for panel, (version, found) in zip(axes, values.items(), strict=True):
        for row, (own, band) in enumerate(zip(found, chance[version], strict=True)):
            panel.fill_between([row - 0.35, row + 0.35], *band, color=NULL, alpha=0.5, linewidth=0)
            each_network(panel, row, own, ACCENT, bar=INK)
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set(xticks=range(len(names)), xticklabels=names, xlabel="distance (px)", title=version)
    panel_labels(*axes)
    axes[0].set_ylabel("like term (sd of K)")
    return figure
