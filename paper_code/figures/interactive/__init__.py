"""Interactive figures of chapters 01, 07 and 09, and a static version of the first.

Each is a piece of HTML that loads nothing: numbers rounded to bytes, and a script that draws them on canvases. A figure ``name`` has its
text, style and script in ``name.html``, ``name.css`` and ``name.js`` beside this module; ``frame.html``, ``frame.css`` and ``raster.js``
hold what all share. The shared script is inserted into that of each, so figures on one page do not interfere. All ids begin with the id
of the figure; a page can hold one of each. Maps are point-symmetric, so only the first half of each, up to its centre, is stored.
"""

import base64
import json
from itertools import zip_longest
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex

from paper_code.core.errors import PaperCodeError
from paper_code.core.text import significant
from paper_code.figures import ACCENT, INK, SIGNED, WIDTH, cocircular_line, label_grid, panel_labels

HERE = Path(__file__).parent
IDS = {"explorer": "cell-explorer", "growth": "growth", "kernel": "kernel-player"}
MISSING = -128  # byte for a missing value
SHADES = 17  # number of signed colours, between which the script interpolates
CLIP = 99  # explorer: percentile of a cell's coefficients at the end of its colour scale
REACH = 1.5  # explorer: sd of the envelope at which its outline is drawn
CORE = 3.0  # kernel: px; closer to the edge the blur determines the density, which is left out of a map's colour range
ROOT = 0.5  # kernel: a map shows the density to this power, which brings out its tails
FIRST = (1, 1)  # kernel: indices of the initial diffusion and length
TURN = 30  # kernel: initial turn, degrees


def signed_bytes(values, scale):
    """Values as signed bytes in base64: 127 is ``scale`` (broadcast over ``values``; 1 where it is 0), and MISSING is NaN."""
    scaled = np.clip(np.rint(127 * values / np.where(np.asarray(scale) > 0, scale, 1)), -127, 127)
    return base64.b64encode(np.where(np.isnan(scaled), MISSING, scaled).astype(np.int8).tobytes()).decode()


def _on_own_scale(filters):
    """Filters (..., n, n) as bytes, each relative to its own largest modulus."""
    return signed_bytes(filters, np.abs(filters).max(axis=(-2, -1), keepdims=True))


def colours():
    """Entries of a figure's data that ``raster.js`` needs besides the numbers."""
    shades = [to_hex(shade) for shade in plt.get_cmap(SIGNED)(np.linspace(0, 1, SHADES))]
    return {"missing": MISSING, "shades": shades, "ink": INK, "accent": ACCENT}


def figure_html(name, data):
    """The figure ``name`` as a piece of HTML; ``data`` is a JSON-serialisable dict that includes :func:`colours`."""
    page, body, style, script = (
        "\n".join((HERE / file).read_text(encoding="utf-8").rstrip() for file in files)
        for files in (["frame.html"], [f"{name}.html"], ["frame.css", f"{name}.css"], ["raster.js", f"{name}.js"])
    )
    numbers = json.dumps(data, separators=(",", ":")).replace("<", r"\u003c")  # a "<" could end the script
    for place, part in {"BODY": body, "STYLE": style, "SCRIPT": script, "ID": IDS[name], "DATA": numbers}.items():
        page = page.replace(f"/*{place}*/", part)
    return page + "\n"


def explorer_data(cells):
    """Data of SingleCells for the figure ``explorer``: a JSON-serialisable dict; a PaperCodeError if no cell is oriented.

    ``first`` is the number of the initial cell; ``cells`` has a dict for each, sorted by orientation with the unoriented last; ``fields``,
    ``maps`` and ``bars`` are bytes in base64 in that order, maps and bars for oriented cells only. Byte 127 of a map is the ``scale`` of
    its cell; a bar's turn is in steps of pi / 256.
    """
    if not cells.oriented.any():
        raise PaperCodeError("no cell has an orientation, so there is no frame to show K in")
    row = {int(number): place for place, number in enumerate(np.flatnonzero(cells.oriented))}
    order = sorted(range(len(cells.fields)), key=lambda cell: (cell not in row, cells.fits.orientation[cell]))
    kept = [row[cell] for cell in order if cell in row]
    half = cells.ticks.size**2 // 2 + 1
    maps = np.concatenate([cells.like[:, :, None], cells.maps], axis=2)[kept]
    scale = np.nanpercentile(np.abs(maps[:, 0]).reshape(len(kept), -1), CLIP, axis=1)
    strength = cells.strength[kept].reshape(len(kept), -1)[:, :half]
    peak = np.maximum(strength.max(axis=1, keepdims=True), 1e-12)
    turn = np.rint(cells.preferred[kept].reshape(len(kept), -1)[:, :half] * 256 / np.pi) % 256
    behind = np.concatenate([cells.like_sources[:, None], cells.sources], axis=1)[kept]
    shown = [{"scale": round(float(one), 2), "behind": counts.tolist()} for one, counts in zip(scale, behind, strict=True)]
    return colours() | {
        "seed": cells.seed,
        "first": best_cell(cells),
        "null": round(cells.level, 2),
        "side": cells.fields.shape[-1],
        "ticks": cells.ticks.tolist(),
        "turns": np.rint(np.degrees(cells.turns)).astype(int).tolist(),
        "half": half,
        "reach": REACH,
        "cells": [_cell(cells, cell) | more for cell, more in zip_longest(order, shown, fillvalue={})],
        "fields": _on_own_scale(cells.fields[order]),
        "maps": signed_bytes(maps.reshape(*maps.shape[:3], -1)[..., :half], scale[:, None, None, None]),
        "bars": base64.b64encode(np.stack([turn, np.rint(255 * strength / peak)], axis=1).astype(np.uint8).tobytes()).decode(),
    }


def _cell(cells, cell):
    fit = cells.fits[cell]
    sources = zip(cells.strongest[cell], cells.place[cell], cells.weight[cell], strict=True)
    return {
        "id": int(cell),
        "oriented": bool(cells.oriented[cell]),
        "bound": bool(fit.at_bound),
        "theta": round(float(np.degrees(fit.orientation))),
        "period": round(float(1 / fit.frequency), 1),
        "frequency": round(float(fit.frequency), 3),
        "phase": round(float(np.degrees(fit.phase))),
        "r2": round(float(fit.r2), 2),
        "x": round(float(fit.x0), 1),
        "y": round(float(fit.y0), 1),
        "long": round(float(fit.sigma_along_bar), 1),
        "wide": round(float(fit.sigma_along_carrier), 1),
        "strong": [[int(source), *map(int, place), round(float(weight), 1)] for source, place, weight in sources],
    }


def best_cell(cells):
    """Number of the oriented cell with the best fit, among the half with the most sources of similar orientation."""
    fits = np.where(cells.like_sources >= np.median(cells.like_sources), cells.fits.r2[cells.oriented], -np.inf)
    return int(np.flatnonzero(cells.oriented)[fits.argmax()])


def growth_data(film, centre):
    """Data of a Film for the figure ``growth``: a JSON-serialisable dict. All maps share one scale; every filter has its own.

    ``centre`` is the centre of l0 at the end, px right and up, about which its radial profile is drawn.
    """
    wide = film.maps.shape[-1]  # places, 1 px each
    half = wide**2 // 2 + 1
    scale = float(np.nanmax(np.abs(film.maps))) if film.maps.size else 1.0
    maps = film.maps.reshape(len(film.maps), -1)[:, :half] if film.maps.size else np.zeros((0, 0))
    return colours() | {
        "steps": film.steps.tolist(),
        "small": 0 if film.l0 is None else film.l0.shape[-1],
        "side": film.bank.shape[-1],
        "cells": film.cells.tolist(),
        "angles": [None if np.isnan(angle) else round(float(np.degrees(angle))) for angle in film.orientation],
        "centre": [round(float(one), 2) for one in centre],
        "kept": film.map_steps.tolist(),
        "nearest": film.nearest.tolist(),
        "wide": wide,
        "reach": wide / 2,
        "half": half,
        "scale": round(scale, 2),
        "l0": "" if film.l0 is None else _on_own_scale(film.l0),
        "bank": _on_own_scale(film.bank),
        "maps": signed_bytes(maps, scale),
        "measures": [_measure(film, one) for one in film.values if np.isfinite(film.values[one]).any()],
    }


def _measure(film, followed):
    """Values of one measure at every step, null where it was not taken, and its chance level."""
    digits = 3 if followed.layer == "K" else 2
    return {
        "label": followed.title,
        "values": [None if np.isnan(value) else round(float(value), digits) for value in film.values[followed]],
        "digits": digits,
        "chance": round(film.chance[followed], digits) + 0.0,
    }


def kernel_data(gallery):
    """Data of a Gallery for the figure ``kernel``: a JSON-serialisable dict; a PaperCodeError if a kernel is zero or not finite.

    Byte 127 is the maximum at that turn, for a map the maximum beyond ``CORE``: ``map_tops`` and ``fan_tops``. ``maps`` (kernels, turns,
    half) are ratios to the former to the power ``ROOT``, ``fans`` (kernels, turns, directions) ratios to the latter; kernels are in the
    order family, diffusion, length.
    """
    half = gallery.ticks.size**2 // 2 + 1
    maps, fans = (views.reshape(-1, gallery.turns.size, np.prod(views.shape[4:])) for views in (gallery.maps, gallery.fans))
    map_tops, fan_tops = maps[..., _beyond_core(gallery).ravel()].max(axis=-1), fans.max(axis=-1)
    if not (np.isfinite(maps).all() and np.isfinite(fans).all() and map_tops.min() > 0 and fan_tops.min() > 0):
        raise PaperCodeError("the densities of a kernel must be finite, and not zero at any turn")
    return colours() | {
        "families": list(gallery.families),
        "diffusion": gallery.diffusion.tolist(),
        "length": gallery.length.tolist(),
        "turns": np.rint(np.degrees(gallery.turns)).astype(int).tolist(),
        "directions": gallery.directions.size,
        "ring": list(gallery.ring),
        "ticks": gallery.ticks.tolist(),
        "half": half,
        "core": CORE,
        "root": ROOT,
        "first": [0, *FIRST, TURN],
        "slope": np.round(gallery.slope.ravel(), 2).tolist(),
        "map_tops": significant(map_tops, 3),
        "fan_tops": significant(fan_tops, 3),
        "maps": signed_bytes(np.clip(maps[..., :half] / map_tops[..., None], 0, None) ** ROOT, 1.0),
        "fans": signed_bytes(fans / fan_tops[..., None], 1.0),
    }


def _beyond_core(gallery):
    """Mask of the positions of a map that lie beyond the core: (n, n)."""
    return np.hypot(gallery.ticks, gallery.ticks[:, None]) >= CORE


def still(gallery):
    """The initial kernel of each family in the figure ``kernel``, without the script: maps at three turns, and the fan."""
    shown = np.linspace(0, gallery.turns.size - 1, 4).astype(int)[:3]
    figure, axes = plt.subplots(len(gallery.families), 4, figsize=(WIDTH, 1.65 * len(gallery.families) + 0.6), squeeze=False)
    for line, maps, fan in zip(axes, gallery.maps[:, *FIRST], gallery.fans[:, *FIRST], strict=True):
        top = maps[:, _beyond_core(gallery)].max()
        for panel, number in zip(line, shown, strict=False):
            picture = _draw_map(panel, gallery, (np.clip(maps[number], 0, None) / top) ** ROOT, gallery.turns[number])
        ridge = _draw_fan(line[3], gallery, fan / fan.max())
        line[3].set_ylabel("turn θ (°)")
    titles = [*(f"θ = {turn:.0f}°" for turn in np.degrees(gallery.turns[shown])), f"{gallery.ring[0]:g} to {gallery.ring[1]:g} px"]
    label_grid(axes, [f"{family}\ny (px)" for family in gallery.families], titles, "x (px)")
    axes[-1, 3].set_xlabel("direction ψ (°)")
    panel_labels(axes[0, 0], axes[0, 3])
    bars = (picture, axes[:, :3], ROOT, (0, 0.1, 0.5, 1), f" beyond {CORE:g} px"), (ridge, axes[:, 3], 1, (0, 0.5, 1), "")
    for image, panels, power, shares, where in bars:
        bar = figure.colorbar(image, ax=panels, location="bottom", shrink=0.7, aspect=30, label=f"density / greatest{where}")
        bar.ax.set_xlim(0, 1)  # no density is negative
        bar.set_ticks([share**power for share in shares], labels=[f"{share:g}" for share in shares])
    return figure


def _draw_map(panel, gallery, picture, turn):
    """Draw a map from 0 to 1, the edge at the centre, the second one on the ring, the line through them and the ring; returns the image."""
    far = gallery.ticks[-1] + (gallery.ticks[1] - gallery.ticks[0]) / 2
    image = panel.imshow(picture, cmap=SIGNED, vmin=-1, vmax=1, extent=(-far, far) * 2, interpolation="bilinear")
    along = np.array([np.cos(turn / 2), np.sin(turn / 2)])
    panel.plot(*np.outer(along, [-far, far]), ":", color=INK, linewidth=0.8)
    for radius in gallery.ring:
        panel.add_patch(plt.Circle((0, 0), radius, fill=False, color=INK, linewidth=0.4))
    panel.plot([-1.7, 1.7], [0, 0], color=INK, linewidth=2.5)
    second = np.array([np.cos(turn), np.sin(turn)])
    for side in (-1, 1):
        panel.plot(*(side * np.mean(gallery.ring) * along[:, None] + np.outer(second, [-1.7, 1.7])), color=ACCENT, linewidth=2.5)
    panel.set(xticks=[-10, 0, 10], yticks=[-10, 0, 10], xlim=(-far, far), ylim=(-far, far))
    return image


def _draw_fan(panel, gallery, fan):
    """Draw a fan from 0 to 1 over all turns, with the co-circular line; returns the image."""
    fan = np.concatenate([fan, fan[:, :1]], axis=1)  # directions and turns have period 180 degrees; the last of each is the first
    fan = np.concatenate([fan[:0:-1, ::-1], fan])
    beyond = [90 + 90 / gallery.directions.size, 90 + 45 / (gallery.turns.size - 1)]
    extent = (-beyond[0], beyond[0], -beyond[1], beyond[1])
    image = panel.imshow(fan, cmap=SIGNED, vmin=-1, vmax=1, origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    cocircular_line(panel)
    return image
