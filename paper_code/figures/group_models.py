"""Figures of chapter 08: what group models add to a pedestal, and their kernels compared with K."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np

from paper_code.core.text import ring_text
from paper_code.figures import ACCENT, INK, KERNELS, WIDTH, each_network, label_grid, panel_labels
from paper_code.figures.association_fields import keep_apart


def gains(values):
    """What every family adds, one row per pedestal and one column per ring: one dot per network, a bar for the mean.

    ``values`` maps (ring, pedestal) to ``{family: (networks,)}``, in % of K's variance.
    """
    rings, pedestals = (list(dict.fromkeys(key[part] for key in values)) for part in (0, 1))
    size = (WIDTH, 2.2 * len(pedestals))
    figure, axes = plt.subplots(len(pedestals), len(rings), figsize=size, sharex=True, sharey="row", squeeze=False)
    for panel, (pedestal, ring) in zip(axes.flat, product(pedestals, rings), strict=True):
        found = values[ring, pedestal]
        for column, own in enumerate(found.values()):
            each_network(panel, column, own, ACCENT, bar=INK)
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set(xticks=range(len(found)), xticklabels=list(found), title=f"{ring_text(ring)}, {pedestal}")
    panel_labels(*axes.flat)
    label_grid(axes, ["added (% of variance)"] * len(axes))
    return figure


def ridge(learned, shapes, labels):
    """Profiles across the co-circular ridge, one panel per group of turns: K of every network (thin), their mean (thick), and shapes.

    ``learned`` is (networks, turns, bins), ``shapes`` is ``{family: (turns, bins)}``, and ``labels`` name the groups of turns.
    """
    figure, axes = plt.subplots(1, len(labels), figsize=(WIDTH, 2.7), sharey=True)
    edges = np.linspace(-90, 90, learned.shape[-1] + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    for number, (panel, label) in enumerate(zip(axes, labels, strict=True)):
        panel.plot(middles, learned[:, number].T, color=ACCENT, linewidth=0.6, alpha=0.4)
        panel.plot(middles, learned[:, number].mean(axis=0), "o-", color=ACCENT, markersize=3, label="K")
        for name, found in shapes.items():
            panel.plot(middles, found[number], color=KERNELS[name], label=name)
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set(title=label, xlim=(-90, 90), xticks=[-90, 0, 90], xlabel="from the ridge (°)")
        keep_apart(panel)
    panel_labels(*axes)
    axes[0].set_ylabel("coefficient (sd of K)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=1 + len(shapes))
    return figure
