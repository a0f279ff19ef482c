"""Figures of chapter 11, networks of others."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, INK, NULL, SEEDS, SIGNED, panel_label, show_component, tile
from paper_code.figures.filters import show_r2


def bank(filters, order, fits, oriented, null_r2, level):
    """A bank (n, channels, h, w) in the given order, its Gabor R^2 beside that of random fields (m,), and n_x against n_y of the oriented.

    Three channels are shown as blue, green and red, each filter on its own scale.
    """
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.2), gridspec_kw={"width_ratios": [1.1, 1, 1]})
    peak = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    shown = (filters / np.where(peak > 0, peak, 1))[order]
    layers = [tile(shown[:, channel], 8, normalise=False) for channel in range(shown.shape[1])]
    if len(layers) == 3:
        axes[0].imshow(np.where(np.isnan(layers[0])[..., None], 1, 0.5 + 0.5 * np.nan_to_num(np.stack(layers[::-1], axis=-1))))
    else:
        axes[0].imshow(np.ma.masked_invalid(layers[0]), cmap=SIGNED, vmin=-1, vmax=1)
    axes[0].set_axis_off()
    show_r2(axes[1], fits.r2[fits.valid], null_r2, level)
    axes[1].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    limit = 1.05 * max(fits.n_x[oriented].max(), fits.n_y[oriented].max())
    axes[2].plot([0, limit], [0, limit], color=NULL, linewidth=0.8)
    axes[2].plot(fits.n_x[oriented], fits.n_y[oriented], "o", markersize=4, color=ACCENT, clip_on=False)
    axes[2].set(xlabel="$n_x$, bars", ylabel="$n_y$, their length", xlim=(0, limit), ylim=(0, limit), aspect="equal")
    for panel, letter in zip(axes, "ABC", strict=True):
        panel_label(panel, letter)
    return figure


def kernels(terms, components):
    """Terms of two kernels, ``{version: {network: [(name, value, low, high)]}}``, over bands of chance; and a component (s, s) of each.

    ``components`` is ``{network: (pattern, share, radius)}``, x along the bars, px.
    """
    figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.8), gridspec_kw={"width_ratios": [1.5, 1.5, 1.1, 1.1]})
    colors = [SEEDS[0], ACCENT]
    for panel, (version, networks) in zip(axes, terms.items(), strict=False):
        for (network, rows), color, shift in zip(networks.items(), colors, (-0.15, 0.15), strict=True):
            for column, (_, value, low, high) in enumerate(rows):
                panel.fill_between([column + shift - 0.12, column + shift + 0.12], low, high, color=NULL, alpha=0.6, linewidth=0)
                panel.plot(column + shift, value, "o", color=color, markersize=5, label=network if column == 0 else None)
        panel.axhline(0, color=INK, linewidth=0.6)
        panel.set_xticks(range(len(rows)), [row[0] for row in rows], rotation=40, ha="right")
        panel.set(title=version, ylabel="sd of K")
    axes[0].legend(loc="upper right")
    for panel, (network, (pattern, share, radius)) in zip(axes[2:], components.items(), strict=True):
        show_component(panel, pattern, radius)
        panel.set(title=network, xlabel=f"px; {100 * share:.0f} %")
    for panel, letter in zip(axes, "ABCD", strict=True):
        panel_label(panel, letter)
    return figure
