"""The interactive figure of chapter 09: l0, the bank and the mean kernel of one network through training.

As in :mod:`paper_code.figures.explorer` the page holds numbers rounded to bytes and a script that draws them on canvases. Ids begin with
``growth``; a page can hold one.
"""

import base64
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex

from paper_code.emergence import MEASURES, WORDS
from paper_code.figures import ACCENT, INK, SIGNED
from paper_code.figures.explorer import MISSING, SHADES

HERE = Path(__file__).parent


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
    return {
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
        "shades": [to_hex(shade) for shade in plt.get_cmap(SIGNED)(np.linspace(0, 1, SHADES))],
        "ink": INK,
        "accent": ACCENT,
        "l0": "" if grown.l0 is None else _bytes(grown.l0, np.abs(grown.l0).max(axis=(1, 2), keepdims=True)),
        "bank": _bytes(grown.bank, np.abs(grown.bank).max(axis=(2, 3), keepdims=True)),
        "maps": _bytes(maps, scale),
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


def _bytes(values, scale):
    """Signed bytes in base64: 127 is ``scale``, MISSING is NaN."""
    scaled = np.clip(np.rint(127 * values / np.where(np.asarray(scale) > 0, scale, 1)), -127, 127)
    return base64.b64encode(np.where(np.isnan(scaled), MISSING, scaled).astype(np.int8).tobytes()).decode()


def html(grown, centre=(0.0, 0.0)):
    """The figure as a piece of HTML with its style, data and script inside; arguments as :func:`payload`."""
    data = json.dumps(payload(grown, centre), separators=(",", ":"))
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("growth.css", "growth.js"))
    body = (HERE / "growth.html").read_text(encoding="utf-8")
    return body.replace("/*STYLE*/", style).replace("/*DATA*/", data).replace("/*SCRIPT*/", script)
