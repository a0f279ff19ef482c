"""The interactive figure of chapter 09: l0, the bank and the mean kernel of one network through training.

The page holds numbers rounded to bytes and a script that draws them on canvases; see :mod:`paper_code.figures.raster`. Ids begin with
``growth``; a page can hold one.
"""

import numpy as np

from paper_code.emergence import MEASURES, WORDS
from paper_code.figures import raster


def payload(grown, centre=(0.0, 0.0)):
    """What the script draws: a dict that JSON can hold.

    Maps are point-symmetric, so the first half of each, up to its centre, is kept; all have one scale, whereas every filter has its own.

    Parameters
    ----------
    grown : emergence.Growth
    centre : (float, float)
        Of l0 at the end, px right and up, about which its radial profile is drawn.
    """
    half = grown.ticks.size**2 // 2 + 1
    scale = float(np.nanmax(np.abs(grown.maps))) if grown.maps.size else 1.0
    maps = grown.maps.reshape(len(grown.maps), -1)[:, :half] if grown.maps.size else np.zeros((0, 0))
    return raster.colours() | {
        "seed": grown.seed,
        "steps": grown.steps.tolist(),
        "small": 0 if grown.l0 is None else grown.l0.shape[-1],
        "side": grown.bank.shape[-1],
        "cells": grown.cells.tolist(),
        "angles": [None if np.isnan(angle) else round(float(np.degrees(angle))) for angle in grown.orientation],
        "centre": [round(float(one), 2) for one in centre],
        "kept": grown.map_steps.tolist(),
        "nearest": grown.nearest.tolist(),
        "wide": grown.ticks.size,
        "reach": float(grown.ticks[-1] + (grown.ticks[1] - grown.ticks[0]) / 2) if grown.ticks.size else 0.0,
        "half": half,
        "scale": round(scale, 2),
        "l0": "" if grown.l0 is None else raster.signed_bytes(grown.l0, np.abs(grown.l0).max(axis=(1, 2), keepdims=True)),
        "bank": raster.signed_bytes(grown.bank, np.abs(grown.bank).max(axis=(2, 3), keepdims=True)),
        "maps": raster.signed_bytes(maps, scale),
        "measures": [_measure(grown, measure) for measure in MEASURES if measure.name in grown.trajectory.known],
    }


def _measure(grown, measure):
    """Values of one measure at every step, null where it was not taken, and whether they are beyond the null."""
    steps, values = grown.trajectory.series(measure.name)
    known = {int(step): place for place, step in enumerate(steps)}
    beyond = grown.trajectory.beyond(measure.name)
    label = measure.label.replace("$I_{rad}$", "I_rad")
    places = [known.get(int(step)) for step in grown.steps]
    return {
        "words": WORDS[measure.name],
        "label": label,
        "values": [None if place is None else round(float(values[place]), 2) for place in places],
        "beyond": [None if place is None else bool(beyond[place]) for place in places],
    }


def html(grown, centre=(0.0, 0.0)):
    """The figure as a piece of HTML with its style, data and script inside; arguments as :func:`payload`."""
    return raster.page("growth", payload(grown, centre))
