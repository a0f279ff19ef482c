"""The interactive figure of chapter 01, group kernels to play with, and a still picture of one of each family.

The page holds numbers rounded to bytes and a script that draws them on canvases; see :mod:`raster`. Ids begin with ``kernel-player``; a
page can hold one.
"""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.text import significant
from paper_code.figures import ACCENT, INK, SIGNED, WIDTH, cocircular_line, panel_label
from paper_code.figures.interactive import raster

CORE = 3.0  # px: nearer to the edge the blur sets the density, and the colours of a map end
ROOT = 0.5  # power of a density that a map shows, which brings out its tails
FIRST = (1, 1)  # numbers of the diffusion and the length to begin with
TURN = 30  # degrees, to begin with


def payload(gallery):
    """What the script draws: a dict that JSON can hold.

    Maps are point-symmetric, so the first half of each, up to its centre, is kept. A byte of 127 is the greatest value at its turn, of a
    map beyond ``CORE``: ``map_tops`` and ``fan_tops``.

    Parameters
    ----------
    gallery : se2.gallery.Gallery

    Returns
    -------
    dict
        ``maps`` (kernels, turns, half), powers ``ROOT`` of shares of ``map_tops``, and ``fans`` (kernels, turns, directions), shares of
        ``fan_tops``, are bytes in base64; kernels are in the order family, diffusion, length.

    Raises
    ------
    PaperCodeError
        If a density is not finite, or a kernel is zero at some turn.
    """
    wide = gallery.ticks.size
    kernels = int(np.prod(gallery.maps.shape[:3]))
    half = wide**2 // 2 + 1
    maps = gallery.maps.reshape(kernels, gallery.turns.size, wide**2)
    fans = gallery.fans.reshape(kernels, gallery.turns.size, -1)
    map_tops, fan_tops = maps[..., _beyond_core(gallery).ravel()].max(axis=-1), fans.max(axis=-1)
    if not (np.isfinite(maps).all() and np.isfinite(fans).all() and map_tops.min() > 0 and fan_tops.min() > 0):
        raise PaperCodeError("the densities of a kernel must be finite, and not zero at any turn")
    return raster.colours() | {
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
        "first": [0, *_first(gallery), TURN],
        "slope": np.round(gallery.slope.ravel(), 2).tolist(),
        "map_tops": significant(map_tops, 3),
        "fan_tops": significant(fan_tops, 3),
        "maps": raster.signed_bytes(np.clip(maps[..., :half] / map_tops[..., None], 0, None) ** ROOT, 1.0),
        "fans": raster.signed_bytes(fans / fan_tops[..., None], 1.0),
    }


def _first(gallery):
    """Numbers of the diffusion and the length to begin with, the last where there are fewer."""
    return [min(number, len(grid) - 1) for number, grid in zip(FIRST, (gallery.diffusion, gallery.length), strict=True)]


def _beyond_core(gallery):
    """Which places of a map (n, n) lie beyond the core."""
    return np.hypot(gallery.ticks, gallery.ticks[:, None]) >= CORE


def html(gallery):
    """The figure as a piece of HTML with its style, data and script inside; argument and errors as :func:`payload`."""
    return raster.page("kernel", payload(gallery))


def still(gallery, diffusion=None, length=None):
    """One kernel of each family without the script: maps at three turns, and the fan.

    Parameters
    ----------
    gallery : se2.gallery.Gallery
    diffusion, length : int, optional
        Numbers in the gallery's grids; those that the page begins with when absent.

    Raises
    ------
    PaperCodeError
        If there is no such kernel.
    """
    first = _first(gallery)
    place = (first[0] if diffusion is None else diffusion, first[1] if length is None else length)
    for name, number, grid in zip(("diffusion", "length"), place, (gallery.diffusion, gallery.length), strict=True):
        if number not in range(len(grid)):
            raise PaperCodeError(f"there is no {name} {number}; choose one from 0 to {len(grid) - 1}")
    shown = np.linspace(0, gallery.turns.size - 1, 4).astype(int)[:3]
    figure, axes = plt.subplots(len(gallery.families), 4, figsize=(WIDTH, 1.65 * len(gallery.families) + 0.6), squeeze=False)
    for line, family, maps, fan in zip(axes, gallery.families, gallery.maps[:, *place], gallery.fans[:, *place], strict=True):
        top = maps[:, _beyond_core(gallery)].max()
        for panel, number in zip(line, shown, strict=False):
            picture = _draw_map(panel, gallery, (np.clip(maps[number], 0, None) / top) ** ROOT, gallery.turns[number])
        ridge = _draw_fan(line[3], gallery, fan / fan.max())
        line[0].set_ylabel(f"{family}\ny (px)")
        line[3].set_ylabel("turn θ (°)")
    for panel, number in zip(axes[0], shown, strict=False):
        panel.set_title(f"θ = {np.degrees(gallery.turns[number]):.0f}°")
    axes[0, 3].set_title(f"{gallery.ring[0]:g} to {gallery.ring[1]:g} px")
    for panel in axes[-1, :3]:
        panel.set_xlabel("x (px)")
    axes[-1, 3].set_xlabel("direction ψ (°)")
    for panel, letter in zip((axes[0, 0], axes[0, 3]), "AB", strict=True):
        panel_label(panel, letter)
    bars = (picture, axes[:, :3], ROOT, (0, 0.1, 0.5, 1), f" beyond {CORE:g} px"), (ridge, axes[:, 3], 1, (0, 0.5, 1), "")
    for image, panels, power, shares, where in bars:
        bar = figure.colorbar(image, ax=panels, location="bottom", shrink=0.7, aspect=30, label=f"density / greatest{where}")
        bar.ax.set_xlim(0, 1)  # no density is negative
        bar.set_ticks([share**power for share in shares], labels=[f"{share:g}" for share in shares])
    return figure


def _draw_map(panel, gallery, picture, turn):
    """A map from 0 to 1 with the edge at the centre, the second one on the ring, the line between them and the ring: the image."""
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
    """A fan from 0 to 1 over all turns, with the line of co-circular ones: the image."""
    fan = np.concatenate([fan, fan[:, :1]], axis=1)  # directions and turns have period 180 degrees; the last of either is the first
    fan = np.concatenate([fan[:0:-1, ::-1], fan])
    beyond = [90 + 90 / gallery.directions.size, 90 + 45 / (gallery.turns.size - 1)]
    extent = (-beyond[0], beyond[0], -beyond[1], beyond[1])
    image = panel.imshow(fan, cmap=SIGNED, vmin=-1, vmax=1, origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    cocircular_line(panel)
    return image
