"""The call :func:`analyse` and what it returns."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import paper_code
from paper_code.analyse.kernel import KernelAnalysis, analyse_kernel, check_kernel, listed
from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError, check_bounds, positive, printable, short
from paper_code.core.text import shown, signed, significant
from paper_code.filters.fitting import read_bank
from paper_code.filters.gabor import GaborBank, fit_gabor
from paper_code.filters.nulls import null_filters, spectrum_matched
from paper_code.lateral.bank import NULL_COUNT, QUANTILE
from paper_code.lateral.frame import Cells
from paper_code.lateral.views import Components

STEP = 200  # random fields between two words on the progress
BINS = 12  # of the orientation histogram, over half a turn
FEW_PIXELS = 25  # a Gabor has eight numbers: of a smaller filter its R^2 says little
FAINT = 1e-3  # norm, of the median filter's, below which a filter may be dead in all but name
ONE_SAMPLE = (
    "This is one network, so one sample: p says how often relabelled cells of this very network reach as much. Whether networks that are "
    "trained like it do, several of them must say."
)
# What result.json holds: what a program that reads it needs to know.
KEYS = {
    "version": "of paper_code",
    "name": "of the network",
    "unit": "of lengths in 'fits', where frequencies are in cycles per unit; angles are in radians, counter-clockwise from x to the right",
    "scale": "units per pixel",
    "stride": "pixels between neighbouring places of the cells",
    "seed": "of all random draws",
    "shape": "height and width of the fields that were fitted, in pixels",
    "level": "Gabor R^2 that an oriented cell exceeds: 95 % of the null stays below",
    "null": "what random fields are ('kind') and their Gabor R^2 ('r2')",
    "valid": "which filters could be fitted: false for constant ones and those with NaN or infinite weights",
    "oriented": "which filters exceed the level with no parameter of their fit at a bound",
    "fits": "one list a parameter, one entry a filter, null where there is no fit; as the fields of paper_code.filters.gabor.GaborBank",
    "orientation_histogram": "oriented filters ('counts') between 'edges', radians: the direction of the bars",
    "kernel": "null without a kernel, or if it was not measured ('notes' say why); lengths in pixels",
    "kernel.cells": "which filters K is measured between",
    "kernel.rings": "distances low <= r < high between fields, offsets there, and their share ('overlap') of the energy of RF, the fields' "
    "correlation",
    "kernel.terms": "coefficient ('value', sd of K) of each term by ring and version; its mean, 2.5 and 97.5 % with cells relabelled "
    "('null', 'low', 'high'); two-sided 'p' of the term alone, and 'p_all' against the farthest of all terms",
    "kernel.explained": "% of K's variance in a ring that the five terms add",
    "kernel.components": "patterns of unit energy, and their shares of it; rows go down, x along the bars, both from -radius to radius",
    "kernel.rf_components": "the same of RF",
    "kernel.relabelled_share": "share of the first component with cells relabelled, mean of some draws",
    "kernel.radius": "half side of the patterns",
    "kernel.extents": "rms extent of K's first component along the bars and across them",
    "kernel.rf_extents": "the same of RF's",
    "kernel.permutations": "relabelled kernels",
    "notes": "what a reader of the numbers should know, in words",
}


@dataclass(frozen=True)
class Analysis:
    """What :func:`analyse` found of n filters, and of the kernel between them."""

    name: str
    fields: np.ndarray  # (n, h, w), what was fitted: the filters, colours on their main component, behind l0 if there is one
    filters: np.ndarray  # (n, channels, h, w), as they were given
    fits: GaborBank  # (n,)
    valid: np.ndarray  # (n,) bool
    oriented: np.ndarray  # (n,) bool
    level: float  # Gabor R^2 that an oriented cell exceeds
    null_kind: str
    null_r2: np.ndarray  # (null_count,), of random fields
    orientation_counts: np.ndarray  # (12,), oriented cells
    orientation_edges: np.ndarray  # (13,), radians
    kernel: KernelAnalysis | None
    notes: tuple[str, ...]
    scale: float  # units per pixel
    unit: str
    stride: int
    permutations: int
    seed: int

    @property
    def n_x(self) -> np.ndarray:
        """Width of the envelope in cycles (Ringach 2002), sigma across the bars times frequency, (n,)."""
        return self.fits.n_x

    @property
    def n_y(self) -> np.ndarray:
        """Length of the envelope in the same unit, sigma along the bars times frequency, (n,)."""
        return self.fits.n_y

    @property
    def harmonics(self) -> tuple:
        """The terms of the kernel, each a :class:`paper_code.analyse.Term`; none without a kernel."""
        return () if self.kernel is None else self.kernel.terms

    @property
    def components(self) -> Components | None:
        """Principal components of the kernels between like cells; None without a kernel, or with too few such pairs."""
        return None if self.kernel is None else self.kernel.components

    @property
    def order(self) -> np.ndarray:
        """The filters as the report shows them, oriented ones by orientation, others from the best fit to the worst, then the rest."""
        rank = np.where(self.oriented, 0, np.where(self.valid, 1, 2))
        within = np.where(self.oriented, self.fits.orientation, np.where(self.valid, -self.fits.r2, 0))
        return np.lexsort((within, rank))

    def summary(self) -> list[str]:
        """A few sentences for people."""
        fitted, middle = int(self.valid.sum()), shown(np.median(self.fits.r2[self.valid]), 2)
        oriented = int(self.oriented.sum())
        are, their = ("is", "its") if oriented == 1 else ("are", "their")
        found = [
            f"{fitted} of {len(self.valid)} filters can be fitted, with a median Gabor R² of {middle}. {oriented} {are} oriented: {their} "
            f"R² is above {shown(self.level, 2)}, which 95 % of {self.null_kind} stay below, and no parameter of {their} "
            f"fit is at its bound. By chance it would be about {round((1 - QUANTILE) * fitted)}."
        ]
        if self.kernel is not None and self.kernel.terms:
            clear = [one for one in self.kernel.terms if one.p_all < 0.05]
            tried, lie = len(self.kernel.terms), "lies" if len(clear) < 2 else "lie"
            sentence = (
                f"The kernel between {len(self.kernel.cells)} of them has {tried} coefficients here (terms, rings, versions); "
                f"{len(clear) or 'none'} of them {lie} beyond what relabelled cells give (p_all < .05)"
            )
            if clear:
                farthest = max(clear, key=lambda one: abs(one.value - one.null))
                sentence += f", the farthest {farthest.name} at {farthest.ring} px, {farthest.version}: {signed(farthest.value, 2)} sd of K"
            found += [sentence + ".", ONE_SAMPLE]
        return found

    def as_dict(self) -> dict[str, Any]:
        """All numbers, to five digits, for JSON: NaN is None. ``keys`` says what they are."""
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
        return _without_nan(significant(result))

    def save(self, folder: str | os.PathLike, replace: bool = False) -> None:
        """Write ``index.html``, which needs no other file and no network, and ``result.json`` into a new or empty folder: both or none.

        Raises
        ------
        PaperCodeError
            If the folder holds something and ``replace`` is False (else a report in it is replaced, and other files are left), or
            cannot be written.
        """
        from paper_code.analyse.page import write_report  # here, as it draws, for which matplotlib is needed

        write_report(self, folder, replace)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    """Measure the first-layer filters of any network, and a lateral kernel between them, against chance; some seconds to a minute.

    Parameters
    ----------
    filters : array (n, h, w), (n, 1, h, w) or (n, 3, h, w)
        Of NumPy or PyTorch. Colours are projected on each filter's main component (:func:`paper_code.filters.fitting.read_bank`). A filter
        that is constant, or holds NaN, is flagged, and changes nothing for the others.
    kernel : array (n, n, k, k), optional
        ``kernel[i, j]`` leads from source cell j to target cell i, in PyTorch's cross-correlation convention; k odd.
    stride : int
        Pixels between neighbouring places of the cells.
    l0 : array (a, a), optional
        A linear filter in front of all filters: what is fitted is then ``filters * l0``, and the null is random filters behind it, as in
        the book. Without it the null is random fields with the filters' own mean spectrum (:func:`paper_code.filters.spectrum_matched`).
    scale : float, optional
        Units per pixel, for results in degrees, say, or micrometres: those in ``fits``. Rings and pictures of K stay in pixels.
    unit : str, optional
        What the unit of ``scale`` is called.
    name : str
        Of the network, for the report.
    seed : int
    permutations : int
        Relabelled kernels behind each p, which is at least 1 / (permutations + 1); 20 or more, so that a p can be below .05.
    null_count : int
        Random fields.
    edges : sequence of float, optional
        Of the rings of distance, px, ascending; chosen from the overlap of the fields and the reach of K when absent
        (``paper_code.analyse.kernel.ring_edges``). The book's are (2, 6, 10.5, 18).
    progress : function of a str, optional
        Told what is being done.

    Returns
    -------
    Analysis

    Raises
    ------
    PaperCodeError
        If no filter can be fitted, a shape is wrong, or an argument is out of bounds. What cannot be measured of arguments that are sound
        is left out, and ``notes`` say so.

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
    """What a reader of a bank's numbers should know."""
    notes, valid = [], fits.valid
    if not valid.all():
        dead = np.flatnonzero(~valid)
        notes.append(f"Not fitted, as constant or not finite: {len(dead)} of {len(valid)} filters ({listed(dead)}).")
    values = fields[valid] / np.abs(fields[valid]).max()
    norm = np.linalg.norm(values, axis=(1, 2))
    faint = np.flatnonzero(valid)[norm < FAINT * np.median(norm)]
    if len(faint):
        notes.append(f"Much weaker than the median filter, by more than {1 / FAINT:g} times, so perhaps dead: {listed(faint)}.")
    flat = (values / np.where(norm > 0, norm, 1)[:, None, None]).reshape(len(values), -1)
    copies = int((np.tril(flat @ flat.T, -1) > 1 - 1e-9).any(axis=1).sum())
    if copies:
        notes.append(f"Copies of other filters, up to a factor: {copies}. They are counted as cells of their own.")
    if fields[0].size < FEW_PIXELS:
        notes.append(f"A filter has {fields[0].size} weights, and a Gabor function eight numbers: its R² says little.")
    kept = energy_kept[valid]
    if colours:
        note = f"Colours are projected on each filter's main component; in the median it keeps {100 * np.median(kept):.0f} % of the energy"
        low = int((kept < 0.8).sum())
        notes.append(note + (f", and in {low} filters less than 80 %." if low else "."))
    blobs = int(fits.blob.sum())
    if 2 * blobs > valid.sum():
        notes.append(f"Most filters ({blobs}) vary more slowly than a filter of this size can tell: blobs without an orientation.")
    if level > 0.95:
        notes.append("Random fields are fitted nearly perfectly, so that R² hardly tells these filters from chance.")
    if not oriented.any():
        notes.append("No filter is oriented by this rule.")
    return notes
