"""The function :func:`analyse` and what it returns."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import paper_code
from paper_code.analyse.kernel import KernelAnalysis, analyse_kernel, check_kernel, first_twelve
from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError, check_bounds, positive, printable, short
from paper_code.core.text import ring_text, shown, signed, significant
from paper_code.filters.fitting import read_bank
from paper_code.filters.gabor import GaborBank, fit_gabor
from paper_code.filters.nulls import QUANTILE, null_filters, spectrum_matched
from paper_code.lateral.bank import NULL_COUNT
from paper_code.lateral.frame import Cells
from paper_code.lateral.harmonics import TERM_NAMES
from paper_code.lateral.views import Components

STEP = 200  # random fields between two progress messages
BINS = 12  # of the orientation histogram, over 180 degrees
FEW_PIXELS = 25  # a Gabor has eight parameters: for a filter with fewer pixels R^2 says little
FAINT = 1e-3  # norm relative to the median filter's below which a filter may be effectively dead
ONE_SAMPLE = (
    "This is one network, so one sample: p says how often relabelling the cells of this same network gives values as far from chance. "
    "Whether this holds for other networks trained in the same way can be judged only from several of them."
)
# Meaning of the entries of result.json, for those who write programs that read it.
KEYS = {
    "version": "version of paper_code",
    "name": "name of the network",
    "unit": "unit of lengths in 'fits'; frequencies are in cycles per unit, angles in radians, counter-clockwise from x to the right",
    "scale": "units per pixel",
    "stride": "pixels between neighbouring places of the cells",
    "seed": "seed of all random draws",
    "shape": "height and width of the fitted receptive fields, in pixels",
    "level": "Gabor R^2 that an oriented cell must exceed: 95 % of the null lies below it",
    "null": "what the random fields are ('kind'), and their Gabor R^2 ('r2')",
    "valid": "which filters could be fitted: false for constant filters and for those with NaN or infinite weights",
    "oriented": "which filters exceed the level and have no fitted parameter at a bound",
    "fits": "one list per parameter, one entry per filter, null where there is no fit; named as in paper_code.filters.gabor.GaborBank",
    "orientation_histogram": "number of oriented filters ('counts') by direction of the bars, between 'edges' in radians",
    "kernel": "null if there is no kernel or it was not measured ('notes' say why); lengths are in pixels",
    "kernel.cells": "indices of the filters between which K is measured",
    "kernel.rings": "distances low <= r < high between receptive fields, number of offsets there, and their share ('overlap') of the "
    "energy of RF, the correlation of the receptive fields",
    "kernel.terms": "coefficient ('value', in sd of K) of each term by ring and version, times cos Phi unless 'blind to phase'; its mean, "
    "2.5 and 97.5 % quantiles with cells relabelled ('null', 'low', 'high'); two-sided 'p' for the term alone, and 'p_all' against the "
    "term farthest from chance",
    "kernel.explained": "% of K's variance in a ring that the terms add to the fit",
    "kernel.components": "patterns (unit energy), shares of energy, number of pairs; rows run down, x along the bars, -radius to radius",
    "kernel.rf_components": "the same for RF",
    "kernel.relabelled_share": "share of the first component with cells relabelled, mean over some draws",
    "kernel.radius": "half side of the patterns",
    "kernel.extents": "rms extent of K's first component along and across the bars",
    "kernel.rf_extents": "the same for the first component of RF",
    "kernel.permutations": "number of relabelled kernels",
    "notes": "what a reader of the numbers should know, in words",
}


@dataclass(frozen=True)
class Analysis:
    """Results of :func:`analyse` for n filters and the kernel between them."""

    name: str
    fields: np.ndarray  # (n, h, w), what was fitted: the filters, with colours on their main component, behind l0 if there is one
    filters: np.ndarray  # (n, channels, h, w), as they were given
    fits: GaborBank  # (n,)
    valid: np.ndarray  # (n,) bool
    oriented: np.ndarray  # (n,) bool
    level: float  # Gabor R^2 that an oriented cell must exceed
    null_kind: str
    null_r2: np.ndarray  # (null_count,), of random fields
    orientation_counts: np.ndarray  # (12,), number of oriented cells
    orientation_edges: np.ndarray  # (13,), radians
    kernel: KernelAnalysis | None
    notes: tuple[str, ...]
    scale: float  # units per pixel
    unit: str
    stride: int
    permutations: int
    seed: int

    @property
    def harmonics(self) -> tuple:
        """The terms of the kernel, each a :class:`paper_code.analyse.Term`; empty without a kernel."""
        return () if self.kernel is None else self.kernel.terms

    @property
    def components(self) -> Components | None:
        """Principal components of the kernels between cells of similar orientation; None without a kernel or with too few such pairs."""
        return None if self.kernel is None else self.kernel.components

    @property
    def order(self) -> np.ndarray:
        """Indices of the filters in the report's order, oriented ones by orientation, others from best to worst fit, then the rest."""
        rank = np.where(self.oriented, 0, np.where(self.valid, 1, 2))
        within = np.where(self.oriented, self.fits.orientation, np.where(self.valid, -self.fits.r2, 0))
        return np.lexsort((within, rank))

    def summary(self) -> list[str]:
        """A few sentences that summarise the result."""
        fitted, middle = int(self.valid.sum()), shown(np.median(self.fits.r2[self.valid]), 2)
        oriented = int(self.oriented.sum())
        found = [
            f"{fitted} of {len(self.valid)} filters can be fitted, with a median Gabor R² of {middle}. {oriented or 'None'} "
            f"{'is' if oriented < 2 else 'are'} oriented, that is, with an R² above {shown(self.level, 2)}, the level that 95 % of "
            f"{self.null_kind} stay below, and no parameter of the fit at a bound. "
            f"About {round((1 - QUANTILE) * fitted)} would be expected by chance."
        ]
        if self.kernel is not None and self.kernel.terms:
            clear = [one for one in self.kernel.terms if one.p_all < 0.05]
            tried, lie = len(self.kernel.terms), "lies" if len(clear) < 2 else "lie"
            sentence = (
                f"For the kernel between {len(self.kernel.cells)} of them, {tried} coefficients are measured (over terms, rings and "
                f"versions); {len(clear) or 'none'} of these {lie} beyond what relabelled cells give (p_all < .05)"
            )
            if clear:
                farthest = max(clear, key=lambda one: abs(one.value - one.null))
                place = f"{TERM_NAMES[farthest.name]}, {ring_text(farthest.ring)}, {farthest.version}"
                sentence += f"; the farthest is {place} ({signed(farthest.value, 2)} sd of K)"
            found += [sentence + ".", ONE_SAMPLE]
        return found

    def as_dict(self) -> dict[str, Any]:
        """All numbers, to five digits, for JSON, with NaN as None; ``keys`` explains what they are."""
        kernel, found = None, self.kernel
        if found is not None:
            kernel = {
                **{name: getattr(found, name) for name in ("cells", "relabelled_share", "radius", "extents", "rf_extents")},
                **{name: [vars(one) for one in getattr(found, name)] for name in ("rings", "terms")},
                **{name: one and vars(one) for name in ("components", "rf_components") for one in [getattr(found, name)]},
                "explained": [{"ring": ring, "version": version, "percent": share} for (ring, version), share in found.explained.items()],
                "permutations": self.permutations,
            }
        result = {
            "keys": KEYS,
            "version": paper_code.__version__,
            **{name: getattr(self, name) for name in ("name", "unit", "scale", "stride", "seed", "level", "valid", "oriented", "notes")},
            "shape": self.fields.shape[1:],
            "null": {"kind": self.null_kind, "r2": self.null_r2},
            "fits": vars(self.fits),
            "orientation_histogram": {"counts": self.orientation_counts, "edges": self.orientation_edges},
            "kernel": kernel,
        }
        return json.loads(json.dumps(significant(result)), parse_constant=lambda word: None)  # NaN and infinity become null

    def save(self, folder: str | os.PathLike, replace: bool = False) -> None:
        """Write ``index.html``, which needs no other file and no internet, and ``result.json`` into a new or empty folder: both or neither.

        PaperCodeError if the folder cannot be written, or is not empty and ``replace`` is False; if True, a report in it is replaced and
        other files are left alone.
        """
        from paper_code.analyse.page import write_report  # imported here because drawing needs matplotlib

        write_report(self, folder, replace)


def analyse(
    filters: ArrayLike,
    kernel: ArrayLike | None = None,
    stride: int = 1,
    l0: ArrayLike | None = None,
    scale: float | None = None,
    unit: str | None = None,
    name: str = "a network",
    seed: int = 0,
    permutations: int = 199,
    null_count: int = NULL_COUNT,
    edges: Sequence[float] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Analysis:
    """Measure the first-layer filters of any network, and a lateral kernel between them, against chance: an :class:`Analysis`.

    It takes seconds to a minute. PaperCodeError if no filter can be fitted, a shape is wrong, or an argument is out of bounds. What cannot
    be measured from valid arguments is left out, and ``notes`` say so.

    Parameters
    ----------
    filters : array (n, h, w), (n, 1, h, w) or (n, 3, h, w)
        NumPy or PyTorch. Colours are projected on each filter's main component (:func:`paper_code.filters.fitting.read_bank`). A filter
        that is constant or contains NaN is flagged and does not affect the others.
    kernel : array (n, n, k, k), optional
        ``kernel[i, j]`` connects source cell j to target cell i, in PyTorch's cross-correlation convention; k is odd.
    stride : int
        Pixels between neighbouring places of the cells.
    l0 : array (a, a), optional
        A linear filter in front of all filters: ``filters * l0`` is then fitted, and the null is random filters behind l0, as in the book.
        Without l0, the null is random fields with the filters' own mean spectrum (:func:`paper_code.filters.spectrum_matched`).
    scale : float, optional
        Units per pixel, to give ``fits`` in degrees or micrometres, for example. Rings and pictures of K stay in pixels.
    unit : str, optional
        Name of the unit of ``scale``.
    name : str
        Name of the network, for the report.
    seed : int
    permutations : int
        Number of relabelled kernels behind each p, which is at least 1 / (permutations + 1); 20 or more, so that p can fall below .05.
    null_count : int
        Number of random fields.
    edges : sequence of float, optional
        Edges of the rings of distance, px, ascending; by default chosen from the overlap of the receptive fields and the reach of K
        (``paper_code.analyse.kernel.ring_edges``). The book's are (2, 6, 10.5, 18).
    progress : callable, optional
        Called with a str that says what is being done.

    Examples
    --------
    >>> from paper_code.analyse import analyse
    >>> from paper_code.weights import load_bank
    >>> filters, _ = load_bank("first_layer")
    >>> result = analyse(filters[:16], null_count=50)
    >>> print(filters[:16].shape, int(result.valid.sum()), result.kernel)
    (16, 3, 7, 7) 16 None
    """
    say = progress or (lambda text: None)
    for what, value, low in (("stride", stride, 1), ("permutations", permutations, 20), ("null_count", null_count, 20), ("seed", seed, 0)):
        check_bounds(what, value, low, 2**32 - 1)
    if unit is not None and scale is None:
        raise PaperCodeError(f"the unit {short(unit)} needs scale, how many of it a pixel is; pass both, or neither for pixels")
    pixels = 1.0 if scale is None else positive(scale, "scale")
    unit = printable(unit or ("px" if scale is None else "units"))
    if edges is not None:
        edges = [float(edge) for edge in np.ravel(real_array(edges, "edges"))]
        if len(edges) < 2 or not np.isfinite(edges).all() or edges[0] < 0 or not (np.diff(edges) > 0).all():
            raise PaperCodeError(f"edges of rings must be two or more ascending numbers of at least 0, not {short(edges)}")
    bank = read_bank(filters)
    K = None if kernel is None else check_kernel(kernel, len(bank.valid))
    fields, kind = bank.values, "random fields with the mean spectrum of these filters"
    if l0 is not None:
        front = real_array(l0, "l0")
        if front.ndim != 2 or not np.isfinite(front).all() or not front.any():
            raise PaperCodeError(f"l0 must be one filter (a, a) of finite weights that are not all 0, got shape {front.shape}")
        fields, kind = bank.behind(front), "smooth random filters behind l0"
    say(f"fitting {len(fields)} filters of {fields.shape[1]} x {fields.shape[2]} px")
    fits = replace(fit_gabor(fields), energy_kept=bank.energy_kept)
    if l0 is None:
        random = spectrum_matched(fields, null_count, seed)
    else:
        random = null_filters(bank.values.shape[1:], "smooth", null_count, seed, front)
    null_r2 = np.empty(null_count)
    for some in np.array_split(np.arange(null_count), -(-null_count // STEP)):
        null_r2[some] = fit_gabor(random[some]).r2
        say(f"fitted {some[-1] + 1} of {null_count} random fields")
    level = float(np.quantile(null_r2, QUANTILE))
    oriented = fits.beyond(level)
    given = real_array(filters, "filters")
    notes = _notes(fields, bank.energy_kept, given.ndim == 4 and given.shape[1] == 3, fits, oriented, level)
    found = None
    if K is not None:
        found, more = analyse_kernel(
            K, fields, Cells.from_gabors(fits), np.flatnonzero(oriented), int(stride), permutations, seed, edges, say
        )
        notes += more
    counts, histogram_edges = np.histogram(fits.orientation[oriented], BINS, (0, np.pi))
    return Analysis(
        name=printable(name),
        fields=fields,
        filters=given[:, None] if given.ndim == 3 else given,
        fits=fits.in_units(pixels),
        valid=fits.valid,
        oriented=oriented,
        level=level,
        null_kind=kind,
        null_r2=null_r2,
        orientation_counts=counts,
        orientation_edges=histogram_edges,
        kernel=found,
        notes=tuple(notes),
        scale=pixels,
        unit=unit,
        stride=int(stride),
        permutations=int(permutations),
        seed=int(seed),
    )


def _notes(fields: np.ndarray, energy_kept: np.ndarray, colours: bool, fits: GaborBank, oriented: np.ndarray, level: float) -> list[str]:
    """What a reader of the numbers should know about a bank."""
    notes, valid = [], fits.valid
    if not valid.all():
        dead = np.flatnonzero(~valid)
        notes.append(f"Not fitted because constant or not finite: {len(dead)} of {len(valid)} filters ({first_twelve(dead)}).")
    values = fields[valid] / np.abs(fields[valid]).max()
    norm = np.linalg.norm(values, axis=(1, 2))
    faint = np.flatnonzero(valid)[norm < FAINT * np.median(norm)]
    if len(faint):
        notes.append(f"More than {1 / FAINT:g} times weaker than the median filter, so perhaps dead: {first_twelve(faint)}.")
    flat = (values / np.where(norm > 0, norm, 1)[:, None, None]).reshape(len(values), -1)
    copies = int((np.tril(flat @ flat.T, -1) > 1 - 1e-9).any(axis=1).sum())
    if copies:
        notes.append(f"Copies of other filters, up to a scale factor: {copies}. They are counted as separate cells.")
    if fields[0].size < FEW_PIXELS:
        notes.append(f"A filter has {fields[0].size} weights and a Gabor function eight parameters, so R² says little.")
    kept = energy_kept[valid]
    if colours:
        note = f"Colours are projected on each filter's main component, which keeps a median of {100 * np.median(kept):.0f} % of the energy"
        low = int((kept < 0.8).sum())
        notes.append(note + (f", and less than 80 % in {low} of the filters." if low else "."))
    blobs = int(fits.blob.sum())
    if 2 * blobs > valid.sum():
        notes.append(f"Most filters ({blobs}) vary too slowly for a filter of this size to resolve: they are blobs without an orientation.")
    if level > 0.95:
        notes.append("Random fields are fitted nearly perfectly, so R² hardly distinguishes these filters from chance.")
    if not oriented.any():
        notes.append("No filter is oriented by this rule.")
    return notes
