"""The interactive figure of chapter 07, any cell of one network with K around it.

The page holds numbers rounded to bytes and a script that draws them on canvases: no library, no network; see
:mod:`paper_code.figures.interactive.raster`. Ids begin with ``cell-explorer``; a page can hold one.
"""

import base64

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.figures.interactive import raster

CLIP = 99  # percentile of a cell's coefficients at the end of its colour scale
REACH = 1.5  # sd of the envelope that its outline is drawn at


def payload(cells):
    """What the script draws: a dict that JSON can hold.

    Maps are point-symmetric, so the first half of each, up to its centre, is kept.

    Parameters
    ----------
    cells : SingleCells

    Returns
    -------
    dict
        ``first``, the number of the cell to begin with; ``cells``, a dict each, sorted by orientation with the unoriented last; ``fields``,
        ``maps`` and ``bars``, bytes in base64 in the order of ``cells``, maps and bars of the oriented ones alone. A map's byte 127 is its
        cell's ``scale``; a bar's turn is in steps of pi / 256.
    """
    numbers = np.flatnonzero(cells.oriented)
    row = {int(number): place for place, number in enumerate(numbers)}
    order = sorted(range(len(cells.fields)), key=lambda cell: (cell not in row, cells.fits.orientation[cell]))
    kept = [row[cell] for cell in order if cell in row]
    half = cells.ticks.size**2 // 2 + 1
    maps = np.concatenate([cells.like[:, :, None], cells.maps], axis=2)[kept]
    scale = np.nanpercentile(np.abs(maps[:, 0]).reshape(len(kept), -1), CLIP, axis=1)
    strength = cells.strength[kept].reshape(len(kept), -1)[:, :half]
    peak = np.maximum(strength.max(axis=1, keepdims=True), 1e-12)
    turn = np.rint(cells.preferred[kept].reshape(len(kept), -1)[:, :half] * 256 / np.pi) % 256
    behind = np.concatenate([cells.like_sources[:, None], cells.sources], axis=1)[kept]
    listed = []
    for place, cell in enumerate(order):
        entry = _entry(cells, cell)
        if cell in row:
            entry |= {"scale": round(float(scale[place]), 2), "behind": behind[place].tolist()}
        listed.append(entry)
    return raster.colours() | {
        "seed": cells.seed,
        "first": best_cell(cells),
        "null": round(cells.null_r2, 2),
        "side": cells.fields.shape[-1],
        "ticks": cells.ticks.tolist(),
        "turns": np.rint(np.degrees(cells.turns)).astype(int).tolist(),
        "half": half,
        "reach": REACH,
        "cells": listed,
        "fields": raster.signed_bytes(cells.fields[order], np.abs(cells.fields[order]).max(axis=(1, 2), keepdims=True)),
        "maps": raster.signed_bytes(maps.reshape(*maps.shape[:3], -1)[..., :half], scale[:, None, None, None]),
        "bars": base64.b64encode(np.stack([turn, np.rint(255 * strength / peak)], axis=1).astype(np.uint8).tobytes()).decode(),
    }


def _entry(cells, cell):
    """Numbers of one cell, rounded."""
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


def html(cells):
    """The figure as a piece of HTML with its style, data and script inside.

    Parameters
    ----------
    cells : SingleCells

    Raises
    ------
    PaperCodeError
        If no cell is oriented.
    """
    if not cells.oriented.any():
        raise PaperCodeError("no cell has an orientation, so there is no frame to show K in")
    return raster.page("explorer", payload(cells))


def best_cell(cells):
    """Number of the oriented cell with the best fit, among the half that have most sources of like orientation."""
    fits = np.where(cells.like_sources >= np.median(cells.like_sources), cells.fits.r2[cells.oriented], -np.inf)
    return int(np.flatnonzero(cells.oriented)[fits.argmax()])
