"""Figures of chapter 01, the symmetries of the visual pathway."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, INK, NULL, ORIENTATION, SEEDS, SIGNED, WIDTH, panel_labels, show_weights

FORWARD, TURN, SIDEWAYS = SEEDS[1], SEEDS[2], SEEDS[0]  # X1, X2, X3


def log_family(picture, sigma, radius, profiles, frequency, responses, measured):
    """One Laplacian of Gaussian as a picture, and the family of all widths against distance and against frequency.

    ``picture`` (a, a) is for the last of ``sigma`` (n,); ``profiles`` (n, k) and ``responses`` (n, m) are closed forms, and
    ``measured`` is a pair of frequencies (j,) and transforms (n, j) of the functions sampled on a lattice.
    """
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(WIDTH, 2.4), width_ratios=(1, 1.25, 1.25))
    show_weights(left, picture)
    left.set_xlabel(f"$\\sigma$ = {sigma[-1]:g} px")
    for axes in (middle, right):
        axes.axhline(0, color=NULL, linewidth=0.7)
    for index, width in enumerate(sigma):
        color = SEEDS[index]
        middle.plot(radius, profiles[index], color=color, label=f"$\\sigma$ = {width:g} px")
        middle.plot(np.sqrt(2) * width, 0, "o", color=color, markersize=4)
        peak = responses[index].max()
        right.plot(frequency, responses[index] / peak, color=color)
        right.plot(measured[0], measured[1][index] / peak, ".", color=color, markersize=5)
        right.axvline(1 / (np.sqrt(2) * np.pi * width), color=color, linestyle=":", linewidth=1)
    middle.set(xlabel="distance from the centre (px)", ylabel="weight", xlim=(0, radius[-1]))
    middle.legend()
    right.set(xlabel="frequency (cycles/px)", ylabel="transform / peak", xlim=(0, frequency[-1]))
    panel_labels(left, middle, right)
    return figure


def gabor_orbit(pictures, names, half_width):
    """Members (n, a, a) of the orbit of a Gabor in a row, all in the same window of +- ``half_width`` px, with the axes through 0."""
    figure, row = plt.subplots(1, len(pictures), figsize=(WIDTH, 1.8))
    limit = np.abs(pictures).max()
    for axes, picture, name in zip(row, pictures, names, strict=True):
        axes.imshow(picture, cmap=SIGNED, vmin=-limit, vmax=limit, extent=(-half_width, half_width) * 2)
        axes.axhline(0, color=NULL, linewidth=0.6)
        axes.axvline(0, color=NULL, linewidth=0.6)
        axes.set(xticks=[], yticks=[], title=name)
    return figure


def frame_along_curve(background, extent, curve, stations, manoeuvres):
    """The left-invariant frame along a curve, over the Gabors at its points, and the small squares of the commutator.

    ``background`` (a, b) covers ``extent`` (left, right, bottom, top); ``curve`` (3, k) and ``stations`` (3, n) are x, y, theta;
    ``manoeuvres`` maps a step size to the corners (5, 3) of exp(X1) exp(X2) exp(-X1) exp(-X2).
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), width_ratios=(1.75, 1))
    limit = np.abs(background).max()
    left.imshow(background, cmap=SIGNED, vmin=-limit, vmax=limit, extent=extent, alpha=0.6)
    left.plot(curve[0], curve[1], color=INK, linewidth=1)
    length = 0.11 * (extent[1] - extent[0])
    for index, (x, y, theta) in enumerate(stations.T):
        _arrow(left, (x, y), length * np.array([np.cos(theta), np.sin(theta)]), FORWARD, "$X_1$ ahead" if index == 0 else None)
        _arrow(left, (x, y), length * np.array([-np.sin(theta), np.cos(theta)]), SIDEWAYS, "$X_3$ sideways" if index == 0 else None)
        around = theta + np.linspace(0.15, 1.3, 30)
        arc = np.stack([x + 0.62 * length * np.cos(around), y + 0.62 * length * np.sin(around)])
        left.plot(*arc[:, :-6], color=TURN, label="$X_2$ turn" if index == 0 else None)
        _arrow(left, arc[:, -7], arc[:, -1] - arc[:, -7], TURN, None)
    left.set(xlim=extent[:2], ylim=extent[2:], xlabel="x (px)", ylabel="y (px)")
    left.legend(loc="lower right", frameon=True)
    shades = np.linspace(0.25, 1, len(manoeuvres))
    for shade, (step, corners) in zip(shades, manoeuvres.items(), strict=True):
        x, y, theta = corners.T
        right.plot(x, y, color=ACCENT, alpha=shade, marker="o", markersize=3, label=f"$\\epsilon$ = {step:g}")
        right.quiver(x[-1], y[-1], np.cos(theta[-1]), np.sin(theta[-1]), color=ACCENT, alpha=shade, scale=9, width=0.012)
    right.quiver(0, 0, 1, 0, color=INK, scale=9, width=0.012)
    right.plot(0, 0, "o", color=INK, markersize=5, label="start")
    right.set(xlabel="x (px)", ylabel="y (px)", aspect="equal")
    right.legend(loc="lower left", bbox_to_anchor=(0.0, 0.0))
    panel_labels(left, right)
    return figure


def _arrow(axes, foot, step, color, label):
    """Draw an arrow in data coordinates, with a legend entry if it has a label."""
    style = {"arrowstyle": "-|>", "color": color, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=np.add(foot, step), xytext=foot, arrowprops=style)
    if label:
        axes.plot([], [], color=color, label=label)


def association_and_geodesics(arcs, geodesics):
    """The association field (n, k, 3) with its elements, and sub-Riemannian geodesics that end at cusps, a list of arrays (3, k)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9), sharex=True, sharey=True)
    _fan(left, [arc.T for arc in arcs], every=5)
    _fan(right, geodesics, every=140)
    left.set(xlabel="x (px)", ylabel="y (px)", aspect="equal", title="constant curvature")
    right.set(xlabel="x (px)", aspect="equal", title="sub-Riemannian geodesics")
    panel_labels(left, right)
    wheel = plt.cm.ScalarMappable(plt.Normalize(0, 180), ORIENTATION)
    bar = figure.colorbar(wheel, ax=(left, right), shrink=0.7, ticks=[0, 45, 90, 135, 180])
    bar.set_label("orientation (degrees)")
    return figure


def _fan(axes, curves, every):
    """Draw curves (3, k) as thin lines, with bars coloured by orientation at every ``every``-th point and at the end."""
    colours = plt.get_cmap(ORIENTATION)
    for curve in curves:
        axes.plot(curve[0], curve[1], color=NULL, linewidth=0.8)
    for curve in curves:
        for x, y, theta in [*curve.T[::every], curve.T[-1]]:
            if np.hypot(x, y) < 6:  # closer to the origin the bars would hide one another
                continue
            ends = np.outer([-0.7, 0.7], [np.cos(theta), np.sin(theta)]) + [x, y]
            axes.plot(*ends.T, color=INK, linewidth=3.4)
            axes.plot(*ends.T, color=colours(theta % np.pi / np.pi), linewidth=2.4)
    axes.plot([-1.2, 1.2], [0, 0], color=INK, linewidth=5)
