"""Figures of chapter 07: maps around a cell by turn, preferred orientations with traced curves, and their slope."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection

from paper_code import se2
from paper_code.figures import ACCENT, INK, MAGNITUDE, NULL, SEEDS, SIGNED, panel_label
from paper_code.lateral.slope import GRID, SLOPES

ENDS = {"direction": ("-.", "direction process"), "enhancement": (":", "enhancement")}


def _bar(panel, x, y, theta, half, **style):
    panel.plot([x - half * np.cos(theta), x + half * np.cos(theta)], [y - half * np.sin(theta), y + half * np.sin(theta)], **style)


def maps(rows, turns, ticks):
    """Maps around the target (b, m, m), a row each, a column a band of turn.

    ``rows`` is a list of (name, maps); ``turns`` (b,) in radians, ``ticks`` (m,) in px.
    """
    figure, axes = plt.subplots(len(rows), len(turns), figsize=(1.62 * len(turns) + 0.6, 1.72 * len(rows)), sharex=True, sharey=True)
    half = ticks[-1] + (ticks[1] - ticks[0]) / 2
    for line, (name, values) in zip(axes, rows, strict=True):
        limit = np.nanmax(np.abs(values))
        for panel, one, turn in zip(line, values, turns, strict=True):
            image = panel.imshow(np.ma.masked_invalid(one), cmap=SIGNED, vmin=-limit, vmax=limit, extent=(-half, half, -half, half))
            _bar(panel, 0, 0, 0, 1.5, color="white", linewidth=3)
            _bar(panel, 0, 0, 0, 1.5, color=INK, linewidth=1.6)
            _bar(panel, 0, 0, turn / 2, half, color=INK, linewidth=0.6, linestyle=":", scalex=False, scaley=False)
            _bar(panel, -0.72 * half, 0.72 * half, turn, 1.5, color=ACCENT, linewidth=2)
            panel.set(xticks=[-6, 0, 6], yticks=[-6, 0, 6])
        line[0].set_ylabel(f"{name}\nacross (px)")
        figure.colorbar(image, ax=line, shrink=0.8, aspect=12, label="sd")
    for panel, turn in zip(axes[0], turns, strict=True):
        panel.set_title(f"{np.degrees(turn):.0f}°")
    for panel in axes[-1]:
        panel.set_xlabel("along (px)")
    return figure


def _curves(field, radius):
    """Integral curves of an orientation field, outwards from places on either side of the target."""
    lines = []
    for x, direction in ((1.5, 0.0), (-1.5, np.pi)):
        for y in (-2.5, -1.5, -0.75, 0.0, 0.75, 1.5, 2.5):
            curve = se2.integral_curve(field, (x, y), direction=direction, step=0.1, count=80)
            lines.append(curve[np.hypot(curve[:, 0], curve[:, 1]) <= radius, :2])
    return lines


def preferred_orientations(panels, ticks, radius=8.0, spacing=2):
    """Bars of the preferred orientation over its strength, with the curves that they draw; last the Field-Hayes-Hess fan.

    ``panels`` is a list of (title, maps (n, m, m)).
    """
    columns = (len(panels) + 2) // 2
    figure, axes = plt.subplots(2, columns, figsize=(3.2 * columns, 6.3), sharex=True, sharey=True)
    half = ticks[-1] + (ticks[1] - ticks[0]) / 2
    x, y = np.meshgrid(ticks, ticks[::-1])
    chosen = (np.abs(x) % spacing == 0) & (np.abs(y) % spacing == 0) & (np.hypot(x, y) <= radius)
    for panel, letter, (name, values) in zip(axes.flat, "ABCDEFGH", panels, strict=False):
        theta, weight = se2.mode_field(values)
        weight = np.maximum(weight, 0)
        # Strength falls by orders of magnitude in the models: each is shown as a root of its share of the greatest.
        panel.imshow(np.sqrt(weight / weight.max()), cmap=MAGNITUDE, vmin=0, vmax=1, extent=(-half, half, -half, half), alpha=0.75)
        lines = _curves(se2.orientation_field(theta, ticks, ticks[::-1]), radius)
        panel.add_collection(LineCollection(lines, colors=ACCENT, linewidths=1.3))
        for px, py, angle in zip(x[chosen], y[chosen], theta[chosen], strict=True):
            _bar(panel, px, py, angle, 0.8, color="white", linewidth=1.6, solid_capstyle="round")
        _finish(panel, letter, name, half)
    fan = axes.flat[len(panels)]
    for arc in se2.association_field(length=8.0, curvature=0.25, count=9):
        fan.plot(arc[:, 0], arc[:, 1], color=ACCENT, linewidth=1.3)
        for px, py, angle in arc[4::8]:
            _bar(fan, px, py, angle, 0.7, color=INK, linewidth=1.4)
    _finish(fan, "ABCDEFGH"[len(panels)], "co-circular fan", half)
    for panel in axes.flat[len(panels) + 1 :]:
        panel.set_axis_off()
    for panel in axes[:, 0]:
        panel.set_ylabel("across (px)")
    for panel in axes[-1]:
        panel.set_xlabel("along the bars (px)")
    return figure


def _finish(panel, letter, name, half):
    _bar(panel, 0, 0, 0, 1.5, color="white", linewidth=4.5)
    _bar(panel, 0, 0, 0, 1.5, color=INK, linewidth=2.5)
    panel.set(title=name, xlim=(-half, half), ylim=(-half, half), aspect="equal", xticks=[-6, 0, 6], yticks=[-6, 0, 6])
    panel_label(panel, letter)


def slopes(networks, models):
    """Agreement with Theta = c psi against c; best c with its interval; co-circularity beside its null."""
    figure, axes = plt.subplots(1, 3, figsize=(10.2, 3.5), width_ratios=(1.25, 1, 1))
    count = len(networks)
    for index, one in enumerate(networks):
        color = SEEDS[index % len(SEEDS)]
        axes[0].plot(GRID, one.trained.field.curve, color=color, label=f"seed {one.seed}")
        rows = ((-0.2, "trained", "o", color, color), (0.05, "rf", "s", NULL, NULL), (0.3, "untrained", "D", ACCENT, "white"))
        for shift, name, marker, edge, face in rows:
            found = getattr(one, name)
            label = {"trained": "K", "rf": "RF", "untrained": "K, untrained"}[name] if index == 0 else None
            style = {"fmt": marker, "color": edge, "markerfacecolor": face, "markersize": 4, "elinewidth": 0.9, "label": label}
            for panel, value, (low, high) in (
                (axes[1], found.field.fit.c, found.slope),
                (axes[2], found.field.fit.cocircularity, found.interval),
            ):
                panel.errorbar(value, index + shift, xerr=[[max(value - low, 0)], [max(high - value, 0)]], **style)
        low, high = np.percentile(one.trained.null, [2.5, 97.5])
        label = "95 % of relabelled cells" if index == 0 else None
        axes[2].barh(index, high - low, left=low, height=0.85, color=NULL, alpha=0.3, label=label)
    rf = np.mean([one.rf.field.curve for one in networks], axis=0)
    axes[0].plot(GRID, rf, "--", color=NULL, label="RF, mean")
    for name, (style, label) in ENDS.items():
        axes[0].plot(GRID, models[name].curve, style, color=INK, linewidth=1, label=label)
        axes[1].axvline(models[name].fit.c, linestyle=style, color=INK, linewidth=1)
        axes[2].axvline(models[name].fit.cocircularity, linestyle=style, color=INK, linewidth=1)
    for c in SLOPES.values():
        axes[0].axvline(c, color=NULL, linewidth=0.5, zorder=0)
    axes[0].axhline(0, color=INK, linewidth=0.6)
    axes[0].set(xlabel="slope c", ylabel="agreement with Θ = cψ", xlim=(GRID[0], GRID[-1]))
    axes[1].set(xlabel="best slope c", xlim=(GRID[0] - 0.1, GRID[-1] + 0.1), xticks=[-1, 0, 1, 2, 3, 4])
    axes[2].axvline(0, color=INK, linewidth=0.6)
    axes[2].set(xlabel="co-circularity C")
    for panel, letter in zip(axes, "ABC", strict=True):
        panel_label(panel, letter)
    for panel in axes[1:]:
        panel.set(yticks=range(count), yticklabels=[f"seed {one.seed}" for one in networks], ylim=(count - 0.4, -0.6))
    entries = {}
    for panel in axes:
        entries |= {label: handle for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=6)
    return figure
