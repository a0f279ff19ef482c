"""The report of an analysis: a single HTML page that loads no other files, with the numbers as JSON beside it."""

import base64
import io
import json
import os
import re
from html import escape
from pathlib import Path

import matplotlib
import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np

import paper_code
from paper_code.analyse.network import Analysis
from paper_code.core.errors import PaperCodeError
from paper_code.core.files import check_writable, leftovers, remove_leftovers, unwritable, write_together
from paper_code.core.text import p_cell, ring_text, shown, signed
from paper_code.figures import ACCENT, INK, NULL, SEEDS, SIGNED
from paper_code.figures import analyse as figures
from paper_code.filters.gabor import DEGENERATE_BELOW
from paper_code.lateral.harmonics import TERM_NAMES
from paper_code.lateral.views import LIKE_BELOW

FILES = ("index.html", "result.json")
MOST_SHOWN = 512  # most filters shown on the page
TILE = 90  # px, approximate height of a filter's picture
# Colours that replace those of the figures on a dark page.
DARK = {INK: "#dfe6ea", ACCENT: "#ef8064", NULL: "#7d8a94", SEEDS[0]: "#5cb3ec"}
TERM_WORDS = {
    "round": "connected at all, whatever the places and orientations: by phase alone",
    "like": "cells of similar orientation are connected",
    "target": "sources lie along the target's bars",
    "source": "targets lie along the source's bars",
    "cocircular": "source and target lie on one circle, both tangent to it",
}


def check_folder(folder: str | os.PathLike, replace: bool) -> None:
    """Raise PaperCodeError if the report cannot be written there; called before the work is done."""
    path = Path(folder)
    try:
        if path.exists() and not path.is_dir():
            raise PaperCodeError(f"{path} is a file; name a folder for the report")
        begun = set(leftovers(path))
        if begun:  # the killed run may have renamed the first of two
            begun.add(path / FILES[0])
        if not replace and path.is_dir() and set(path.iterdir()) - begun:
            raise PaperCodeError(f"{path} is not empty; choose another folder, or allow a report in it to be replaced (--replace)")
        check_writable(path / FILES[0])
    except OSError as error:
        raise unwritable(path, error) from error


def write_report(result: Analysis, folder: str | os.PathLike, replace: bool = False) -> None:
    """Write ``index.html`` and ``result.json`` into a folder, as described for :meth:`paper_code.analyse.Analysis.save`."""
    check_folder(folder, replace)
    content = page(result), json.dumps(result.as_dict(), indent=1, allow_nan=False) + "\n"
    write_together({Path(folder, name): text for name, text in zip(FILES, content, strict=True)})
    remove_leftovers(folder)  # last: the same command may be killed again


def page(result: Analysis) -> str:
    """The report as HTML."""
    css = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    count, shape = len(result.valid), result.filters.shape[1:]
    size = f"{shape[1]} × {shape[2]} px" + (f", {shape[0]} colours" if shape[0] > 1 else "")
    facts = [
        (count, f"filters of {size}"),
        (int(result.valid.sum()), "can be fitted"),
        (int(result.oriented.sum()), "are oriented"),
        (shown(np.median(result.fits.r2[result.valid]), 2), "median Gabor R²"),
        (shown(result.level, 2), "R² that 95 % of random fields stay below"),
    ]
    listed = "".join(f"<li><b>{value}</b><span>{escape(text)}</span></li>" for value, text in facts)
    body = [
        f"<h1>{escape(result.name)}</h1>",
        f'<p class="soft">First-layer filters{" and lateral kernel" if result.kernel else ""}, measured against chance.</p>',
        f'<ul class="facts">{listed}</ul>',
        *(f"<p>{escape(sentence)}</p>" for sentence in result.summary()),
    ]
    if result.notes:
        notes = "".join(f"<li>{escape(note)}</li>" for note in result.notes)
        body.append(f'<div class="notes"><b>Notes</b><ul>{notes}</ul></div>')
    body += [*_shapes(result), *_bank(result), *_kernel(result), *_method(result)]
    title = escape(f"{result.name}: filters against chance")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{css}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body).replace(" %", "\u00a0%")
        + "\n</main>\n</body>\n</html>\n"
    )


def _bank(result: Analysis) -> list[str]:
    order, parts = result.order[:MOST_SHOWN], ["<h2>The bank</h2>"]
    colours = result.filters.shape[1] == 3
    first = "Each filter in colour, projected on its main component, its Gabor fit" if colours else "Each filter, its Gabor fit"
    parts.append(f"<p>{first}, and the residual; red is positive, blue negative, with one scale per filter.</p>")
    if len(order) < len(result.order):
        parts.append(f"<p>The first {len(order)} of {len(result.order)} are shown; result.json holds the numbers of all.</p>")
    rendered = result.fits.render(result.fields.shape[1:])
    groups = (
        ("Oriented, by the direction of their bars", result.oriented),
        ("Not oriented, from the best fit to the worst", result.valid & ~result.oriented),
        ("Not fitted", ~result.valid),
    )
    for heading, members in groups:
        chosen = [index for index in order if members[index]]
        if chosen:
            cards = "".join(_card(result, index, rendered[index]) for index in chosen)
            width = (4 if colours else 3) * min(max(result.fields.shape[2] / result.fields.shape[1], 0.5), 2) * 3.2
            parts.append(f'<h3>{heading} ({int(members.sum())})</h3><div class="bank" style="--card-width: {width:.1f}rem">{cards}</div>')
    return parts


def _card(result: Analysis, index: int, rendered: np.ndarray) -> str:
    field, fit = result.fields[index], result.fits[index]
    given = result.filters[index]
    if result.valid[index]:
        peak = np.abs(field).max()
        tiles = [_signed(one, peak) for one in (field, rendered, field - rendered)]
        words = f"<b>{index}</b> {np.degrees(fit.orientation):.0f}° R² {shown(fit.r2, 2)}" + (" at a bound" if fit.at_bound else "")
        alt = f"Filter {index}, its Gabor fit and the residual; R² {shown(fit.r2, 2)}."
    else:
        tiles = [_signed(np.nan_to_num(given, posinf=0, neginf=0).mean(axis=0), 1.0)]
        broken = not np.isfinite(given).all()
        words, alt = f"<b>{index}</b> " + ("NaN or infinite" if broken else "constant"), f"Filter {index}, which cannot be fitted."
    if len(given) == 3 and np.isfinite(given).all():
        greatest = np.abs(given).max()
        # Grey is 0: a colour shows which channels lie above and below it.
        colours = np.clip(0.5 + given.transpose(1, 2, 0) / (2 * greatest if greatest > 0 else 1), 0, 1)
        tiles.insert(0, np.dstack([colours, np.ones(colours.shape[:2])]))
    return f'<figure><img src="{_png(tiles)}" alt="{alt}"><figcaption>{words}</figcaption></figure>'


def _signed(values: np.ndarray, peak: float) -> np.ndarray:
    return matplotlib.colormaps[SIGNED](np.clip(0.5 + values / (2 * peak), 0, 1))


def _png(tiles: list[np.ndarray]) -> str:
    """Pictures (h, w, 4) side by side, their pixels enlarged to squares, as the data URL of a PNG."""
    height, gap = max(map(len, tiles)), TILE // 20
    factor = max(TILE // height, 1)
    large = [tile.repeat(factor, axis=0).repeat(factor, axis=1) for tile in tiles]
    # Transparent between them, and below a filter that is smaller than its receptive field behind l0.
    row = [np.pad(tile, ((0, factor * height - len(tile)), (0, gap), (0, 0))) for tile in large]
    buffer = io.BytesIO()
    picture = np.concatenate(row, axis=1)[:, :-gap]
    matplotlib.image.imsave(buffer, np.ascontiguousarray((picture * 255).round().astype(np.uint8)), format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _svg(figure: plt.Figure) -> str:
    """A figure as the data URL of an SVG whose colours change on a dark page."""
    buffer = io.StringIO()
    with plt.rc_context({"savefig.bbox": None}):  # so that all panels have the same shape
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    text = buffer.getvalue()
    light = "".join(f"--c{number}: {color};" for number, color in enumerate(DARK))
    dark = "".join(f"--c{number}: {color};" for number, color in enumerate(DARK.values()))
    for number, color in enumerate(DARK):
        text = text.replace(color, f"var(--c{number})")
    style = f"<style>:root {{ {light} }} @media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}</style>"
    text = re.sub(r"(<svg [^>]*>)", lambda found: found[1] + style, text, count=1, flags=re.DOTALL)
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


def _figure(figure: plt.Figure, alt: str, caption: str) -> str:
    return f'<figure><img src="{_svg(figure)}" alt="{escape(alt)}"><figcaption>{caption}</figcaption></figure>'


def _shapes(result: Analysis) -> list[str]:
    fits, oriented = result.fits[result.valid], result.oriented[result.valid]
    above = f"{int((fits.r2 > result.level).sum())} of {len(fits)} filters"
    charts = [
        _figure(
            figures.own_r2(fits.r2, result.null_r2, result.level),
            f"Cumulative shares of filters and of random fields against Gabor R²; {above} lie to the right of the dashed level.",
            f"<b>Gabor R².</b> To the right of the dashed line lie 5 % of {escape(result.null_kind)}, and {above}.",
        ),
        _figure(
            figures.own_shapes(fits.n_x, fits.n_y, oriented),
            "The width of each filter's envelope against its length, both in cycles.",
            "<b>Shapes.</b> n<sub>x</sub> = σ across the bars × frequency, n<sub>y</sub> = σ along them × frequency (Ringach 2002). Above "
            f"the diagonal a field is longer than wide; left of the dotted line ({DEGENERATE_BELOW:g}) it is more a blob than a grating.",
        ),
        _figure(
            figures.frequencies(fits.frequency, oriented, result.unit),
            "Histogram of the spatial frequencies of the filters.",
            f"<b>Frequencies</b> of the carriers, in cycles per {escape(result.unit)}.",
        ),
    ]
    if oriented.any():
        counts, degrees = result.orientation_counts, np.degrees(result.orientation_edges)
        most = int(np.argmax(counts))
        polar = _figure(
            figures.orientations(counts, result.orientation_edges),
            f"Polar histogram of the orientations of {int(oriented.sum())} filters; most of them, {counts[most]}, lie between "
            f"{degrees[most]:.0f} and {degrees[most + 1]:.0f} degrees.",
            "<b>Orientations</b> of the bars of the oriented filters, counter-clockwise from horizontal; bars have no direction, so "
            "the two halves are the same. The rings count filters.",
        )
        charts.insert(2, polar)
    return ["<h2>Against chance</h2>", _grid(charts)]


def _kernel(result: Analysis) -> list[str]:
    found = result.kernel
    if found is None:
        return []
    parts = [
        "<h2>The lateral kernel</h2>",
        f"<p>K between {len(found.cells)} oriented cells, {result.stride} px from one place to the next. A pair of cells is "
        "described by the distance between their receptive fields, by the direction of the source relative to the target's bars, and by "
        "how far the source's bars are turned.</p>",
    ]
    if found.components is not None:
        charts = [_components(found.components, found.radius, found.extents, "K", found.relabelled_share)]
        if found.rf_components is not None:
            charts.append(_components(found.rf_components, found.radius, found.rf_extents, "RF, the correlation of the receptive fields"))
        parts += [
            "<h3>Principal components between cells of similar orientation</h3>",
            f"<p>The kernels of the {found.components.pairs} pairs whose orientations differ by less than {np.degrees(LIKE_BELOW):g}°, "
            "each rotated so that the bars are horizontal, and centred on the receptive fields; the black line is the target. Sign and "
            "scale are arbitrary.</p>",
            _grid(charts),
        ]
    if found.terms:
        rings = "; ".join(
            f"{ring_text(ring.name)} ({ring.offsets:,} offsets, {100 * ring.overlap:.1f} % of RF's energy)".replace(",", "\u202f", 1)
            for ring in found.rings
        )
        words = "".join(f"<dt>{TERM_NAMES[term]}</dt><dd>{text}</dd>" for term, text in TERM_WORDS.items())
        parts += [
            "<h3>Harmonics by distance</h3>",
            "<p>K is fitted by least squares as a sum of five cosines of direction and relative orientation (the turn), times the cosine "
            f"of the phase difference of the two carriers, in rings of distance: {rings}. RF is the correlation of the receptive fields; "
            "<i>beyond RF</i> it is a regressor in the same fit. <i>Blind to phase</i>, the cosine of the phase difference is left out: "
            "what K does whatever the phases, as where it joins similar orientations of any polarity. "
            f"Grey: 95 % of {result.permutations} kernels with their cells relabelled. A filled mark lies beyond chance even for the "
            f"farthest of all {len(found.terms)} (p<sub>all</sub> &lt; .05). Each ring has its own scale.</p>",
            _grid([_ring(result, ring.name) for ring in found.rings if _rows(result, ring.name)]),
            f"<details><summary>What the terms mean</summary><p>Where the phases agree, or blind to phase:</p><dl>{words}</dl></details>",
            _table(result),
        ]
    return parts


def _grid(charts: list[str]) -> str:
    return f'<div class="charts">{"".join(charts)}</div>'


def _components(found, radius, extents, name, chance=None):
    along, across = (shown(one, 1) for one in extents)
    first = f"{100 * found.share[0]:.0f} %"
    against = "" if chance is None else f" (with cells relabelled {100 * chance:.0f} %)"
    return _figure(
        figures.own_components(found.patterns, found.share, radius),
        f"The first three components of {name}: {', '.join(f'{100 * one:.0f} %' for one in found.share)} of the energy. The first reaches "
        f"{along} px along the bars and {across} px across them.",
        f"<b>{escape(name)}.</b> The first component holds {first} of the energy{against}; its rms extent is {along} px along the bars and "
        f"{across} px across.",
    )


def _rows(result: Analysis, ring: str) -> dict:
    rows = {}
    for one in result.kernel.terms:
        if one.ring == ring:
            rows.setdefault(one.version, []).append((one.name, one.value, one.low, one.high, one.p_all < 0.05))
    return rows


def _ring(result: Analysis, ring: str) -> str:
    rows = _rows(result, ring)
    clear = [f"{TERM_NAMES[name]} ({version})" for version, found in rows.items() for name, *_, is_clear in found if is_clear]
    share = ", ".join(f"{shown(value, 1)} % ({version})" for (name, version), value in result.kernel.explained.items() if name == ring)
    return _figure(
        figures.own_terms(rows),
        f"Five coefficients of K at {ring_text(ring)} over bands of chance; beyond chance: {', '.join(clear) or 'none'}.",
        f"<b>{ring_text(ring)}.</b> The terms explain {share} of K's variance there.",
    )


def _table(result: Analysis) -> str:
    rows = []
    for one in result.kernel.terms:
        cells = [ring_text(one.ring), one.version, TERM_NAMES[one.name], signed(one.value), shown(one.null)]
        cells += [f"{shown(one.low)} to {shown(one.high)}", p_cell(one.p), p_cell(one.p_all)]
        mark = ' class="clear"' if one.p_all < 0.05 else ""
        rows.append(f"<tr{mark}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    head = "".join(
        f"<th>{text}</th>" for text in ("ring", "version", "term", "sd of K", "chance", "95 % of chance", "p", "p<sub>all</sub>")
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<details><summary>All coefficients</summary><div class="scroll">{table}</div></details>'


def _method(result: Analysis) -> list[str]:
    sentences = [
        "A Gabor function is fitted to each filter by least squares from several starts; R² is taken about the filter's mean.",
        f"Chance: the same fit to {len(result.null_r2)} {result.null_kind}.",
        "A filter is oriented if its R² is above what 95 % of these reach and no parameter of its fit is at a bound.",
    ]
    if result.kernel is not None:
        sentences.append(
            f"p is two-sided, from {result.permutations} joint permutations of K's rows and columns; p_all compares a term with the one "
            "that is farthest from chance in each permutation."
        )
    lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return [
        "<h2>How this was made</h2>",
        f"<ul>{lines}</ul>",
        f'<p class="soft">paper_code {paper_code.__version__}, seed {result.seed}. All numbers, with a key to them: '
        '<a href="result.json">result.json</a>.</p>',
    ]
