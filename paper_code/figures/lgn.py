"""Figures of chapter 04, the first filter."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, INK, MAGNITUDE, NULL, SEEDS, WIDTH, label_grid, panel_labels, show_weights


def filters_and_fits(measures):
    """One column per seed: the untrained filter on its own scale; the trained one, its Laplacian of Gaussian and the residual on one."""
    count, size = measures.filters.shape[:2]
    fitted = measures.fit.render(size)
    rows = {"untrained": measures.start, "trained": measures.filters, "LoG fit": fitted, "residual": measures.filters - fitted}
    figure, axes = plt.subplots(len(rows), count, figsize=(1.25 * count + 0.9, 5.0), squeeze=False)
    for row, filters in enumerate(rows.values()):
        for column in range(count):
            panel = axes[row, column]
            limit = np.abs(measures.filters[column]).max() if row else None
            image = show_weights(panel, filters[column], limit)
            if row == 1:
                panel.plot(measures.fit.x0[column], measures.fit.y0[column], "+", color="white", markersize=7)
            if row == 3:
                panel.set_xlabel(f"R² = {measures.fit.r2[column]:.3f}\n$\\sigma$ = {measures.fit.sigma[column]:.2f} px")
    label_grid(axes, rows, [f"seed {seed}" for seed in measures.seeds])
    bar = figure.colorbar(image, ax=axes, shrink=0.4, aspect=18, ticks=[-np.abs(image.get_clim()[1]), 0, image.get_clim()[1]])
    bar.ax.set_yticklabels(["$-$max", "0", "max"])
    return figure


def radial_profiles(measures, radius, weight):
    """Every weight against its distance from the fitted centre, one panel per seed, with the fitted profile.

    ``radius`` and ``weight`` are (s, a * a), as returned by :func:`paper_code.filters.radial_profile`.
    """
    count = len(measures.seeds)
    figure, axes = plt.subplots(1, count, figsize=(min(WIDTH, 1.8 * count + 0.6), 2.2), sharex=True, sharey=True, squeeze=False)
    fine = np.linspace(0, radius.max(), 200)
    profile = measures.fit.profile(fine)
    for column, panel in enumerate(axes[0]):
        peak = np.abs(weight[column]).max()
        panel.axhline(0, color=NULL, linewidth=0.7)
        panel.plot(fine, profile[column] / peak, color=ACCENT, label="LoG fit")
        panel.plot(radius[column], weight[column] / peak, "o", color=INK, markersize=3, alpha=0.75, label="weights")
        crossing = np.sqrt(2) * measures.fit.sigma[column]
        if crossing < fine[-1]:
            panel.axvline(crossing, color=NULL, linestyle=":", linewidth=1)
    label_grid(axes, ["weight / largest"], [f"seed {seed}" for seed in measures.seeds], "distance (px)")
    figure.legend(*axes[0, -1].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def indices_against_nulls(measures):
    """Histograms of LoG R^2, I_rad and I_orb for smooth random filters, with the trained and untrained networks as marks."""
    panels = (
        ("LoG R²", "log_r2", measures.fit.r2, measures.start_fit.r2),
        ("$I_\\mathrm{rad}$", "i_rad", measures.symmetry.i_rad, measures.start_symmetry.i_rad),
        ("$I_\\mathrm{orb}$", "i_orb", measures.symmetry.i_orb, measures.start_symmetry.i_orb),
    )
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.5), sharey=True)
    for panel, (label, name, trained, start) in zip(axes, panels, strict=True):
        counts, _, _ = panel.hist(getattr(measures.null, name), bins=np.linspace(0, 1, 41), color=NULL, label="smooth random")
        top = counts.max()
        panel.axvline(measures.level(name), color=INK, linestyle="--", linewidth=1, label="random, 95 %")
        panel.plot(start, np.full(len(start), top * 0.55), "v", color="white", markeredgecolor=INK, label="untrained")
        panel.plot(trained, np.full(len(trained), top * 0.8), "v", color=ACCENT, label="trained")
        panel.set(xlabel=label, xlim=(0, 1.02), yticks=[])
        panel.spines["left"].set_visible(False)
    axes[0].set_ylabel("filters")
    panel_labels(*axes)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def frequency_responses(responses, seeds):
    """Modulus of each filter's Fourier transform in the frequency plane, and its radial mean with the fit on the lattice and on the plane.

    ``responses`` is a list of :class:`paper_code.filters.FrequencyResponse`, one per seed.
    """
    count = len(responses)
    figure, axes = plt.subplots(2, count, figsize=(min(WIDTH, 1.8 * count + 0.6), 3.7), squeeze=False)
    for column, response in enumerate(responses):
        top, bottom = axes[:, column]
        peak = response.modulus.max()
        top.imshow(response.modulus / peak, cmap=MAGNITUDE, vmin=0, vmax=1, extent=(-0.5, 0.5, -0.5, 0.5))
        top.set(xticks=[-0.5, 0, 0.5], yticks=[-0.5, 0, 0.5] if column == 0 else [], xlabel="across")
        bottom.fill_between(
            response.frequency,
            (response.radial_mean - response.radial_spread) / peak,
            (response.radial_mean + response.radial_spread) / peak,
            color=SEEDS[0],
            alpha=0.25,
            linewidth=0,
        )
        bottom.plot(response.frequency, response.radial_mean / peak, color=SEEDS[0], label="filter, mean $\\pm$ sd")
        bottom.plot(response.frequency, response.fitted / peak, color=ACCENT, linestyle="--", label="LoG fit on the lattice")
        bottom.plot(response.frequency, response.fitted_plane / peak, color=NULL, linestyle=":", label="LoG on the plane")
        bottom.set(ylim=(0, None), xlim=(0, 0.5))
    label_grid(axes, ("up (cycles/px)", "modulus / peak"), [f"seed {seed}" for seed in seeds], "frequency (cycles/px)")
    figure.legend(*axes[1, -1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def shared_spectra(spectra, starts, seeds):
    """Radial power of l0 (solid) and summed radial power of the bank (dotted), trained (left) and untrained (right)."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.7), sharey=True)
    for panel, group, title in zip(axes, (spectra, starts), ("trained", "untrained"), strict=True):
        for index, spectrum in enumerate(group):
            color = SEEDS[index % len(SEEDS)]
            panel.plot(spectrum.frequency, spectrum.l0_power, color=color, label=f"seed {seeds[index]}")
            panel.plot(spectrum.frequency, spectrum.l1_power, color=color, linestyle=":")
        panel.set(xlabel="frequency (cycles/px)", title=title)
    axes[0].set_ylabel("power / mean power")
    panel_labels(*axes)
    axes[0].legend(title="solid l0, dotted l1")
    return figure
