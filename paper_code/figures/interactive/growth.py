"""The interactive figure of chapter 09: l0, the bank and the mean kernel of one network through training.

The page holds numbers rounded to bytes and a script that draws them on canvases; see :mod:`raster`. Ids begin with
``growth``; a page can hold one.
"""

import numpy as np

from paper_code.figures.interactive import raster


def payload(film, centre=(0.0, 0.0)):
    """What the script draws: a dict that JSON can hold.

    Maps are point-symmetric, so the first half of each, up to its centre, is kept; all have one scale, whereas every filter has its own.

    Parameters
    ----------
    film : emergence.course.Film
    centre : (float, float)
        Of l0 at the end, px right and up, about which its radial profile is drawn.
    """
    half = film.ticks.size**2 // 2 + 1
    scale = float(np.nanmax(np.abs(film.maps))) if film.maps.size else 1.0
    maps = film.maps.reshape(len(film.maps), -1)[:, :half] if film.maps.size else np.zeros((0, 0))
    return raster.colours() | {
        "seed": film.seed,
        "steps": film.steps.tolist(),
        "small": 0 if film.l0 is None else film.l0.shape[-1],
        "side": film.bank.shape[-1],
        "cells": film.cells.tolist(),
        "angles": [None if np.isnan(angle) else round(float(np.degrees(angle))) for angle in film.orientation],
        "centre": [round(float(one), 2) for one in centre],
        "kept": film.map_steps.tolist(),
        "nearest": film.nearest.tolist(),
        "wide": film.ticks.size,
        "reach": float(film.ticks[-1] + (film.ticks[1] - film.ticks[0]) / 2) if film.ticks.size else 0.0,
        "half": half,
        "scale": round(scale, 2),
        "l0": "" if film.l0 is None else raster.signed_bytes(film.l0, np.abs(film.l0).max(axis=(1, 2), keepdims=True)),
        "bank": raster.signed_bytes(film.bank, np.abs(film.bank).max(axis=(2, 3), keepdims=True)),
        "maps": raster.signed_bytes(maps, scale),
        "measures": [_measure(film, one) for one in film.values if np.isfinite(film.values[one]).any()],
    }


def _measure(film, followed):
    """Values of one measure at every step, null where it was not taken, and what chance gives."""
    digits = 3 if followed.layer == "K" else 2
    place = f", {followed.ring} px" if followed.ring else ""
    return {
        "label": f"{followed.layer}: {followed.label}{place}",
        "values": [None if np.isnan(value) else round(float(value), digits) for value in film.values[followed]],
        "digits": digits,
        "chance": round(film.chance[followed], digits) + 0.0,
    }


def html(film, centre=(0.0, 0.0)):
    """The figure as a piece of HTML with its style, data and script inside; arguments as :func:`payload`."""
    return raster.page("growth", payload(film, centre))
