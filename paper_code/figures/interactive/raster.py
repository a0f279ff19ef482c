"""What the interactive figures share: numbers as bytes, the colours, and a page that holds its style, data and script.

A figure ``name`` has its text, style and script in ``name.html``, ``name.css`` and ``name.js`` beside this module; ``raster.js`` is put
into that script, so the page loads nothing, and two figures on one page do not meet. All ids begin with the id of the figure.
"""

import base64
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex

from paper_code.figures import ACCENT, INK, SIGNED

MISSING = -128  # byte of a place without a value
SHADES = 17  # of the signed colours, between which the script interpolates
HERE = Path(__file__).parent


def signed_bytes(values, scale):
    """Signed bytes in base64: 127 is ``scale``, MISSING is NaN.

    Parameters
    ----------
    values : (...) array
    scale : float or array
        Broadcast over ``values``; 1 is taken where it is 0.
    """
    scaled = np.clip(np.rint(127 * values / np.where(np.asarray(scale) > 0, scale, 1)), -127, 127)
    return base64.b64encode(np.where(np.isnan(scaled), MISSING, scaled).astype(np.int8).tobytes()).decode()


def colours():
    """What ``raster.js`` needs beside the numbers: entries of a figure's data."""
    shades = [to_hex(shade) for shade in plt.get_cmap(SIGNED)(np.linspace(0, 1, SHADES))]
    return {"missing": MISSING, "shades": shades, "ink": INK, "accent": ACCENT}


def page(name, data):
    """The figure ``name`` as a piece of HTML; ``data`` is a dict that JSON can hold, with :func:`colours`."""
    body, style, script, shared = (
        (HERE / file).read_text(encoding="utf-8").rstrip() for file in (f"{name}.html", f"{name}.css", f"{name}.js", "raster.js")
    )
    numbers = json.dumps(data, separators=(",", ":")).replace("<", r"\u003c")  # which could end the script
    parts = {"/*STYLE*/": style, "/*SCRIPT*/": script, "/*RASTER*/": shared, "/*DATA*/": numbers}
    for place, part in parts.items():
        body = body.replace(place, part)
    return body + "\n"
