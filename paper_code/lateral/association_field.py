"""Maps of the kernel in the target's frame: coefficient of cos Phi by (along, across, orientation difference), and phase-blind mean.

:func:`single_cells` makes them around one cell at a time, for the interactive figure of chapter 07. A single cell has few sources, so its
maps are pictures, not tests.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

from paper_code import se2
from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError
from paper_code.core.geometry import orientation_difference
from paper_code.filters import GaborBank
from paper_code.lateral.bank import Bank
from paper_code.lateral.frame import PairFrame, deviation, standardise
from paper_code.lateral.views import LIKE_BELOW

MIDDLES = np.deg2rad(np.arange(-75, 91, 15))  # centres of the bands of orientation difference
HALF_WIDTH = np.deg2rad(15)
STEP, EVERY = 0.5, 3  # side of the squares that are summed, px, and the interval, in squares, between the places that are kept
BLUR = 1.2  # px
FEWEST = 8.0  # offsets required at a place: about one source


@dataclass(frozen=True)
class AssociationField:
    """Maps over the positions of sources, with the target at the origin and its bars along x: arrays (b, m, m), rows from top to bottom.

    Bars have an axis but no direction, so each offset counts both at (along, across) and at (-along, -across).
    """

    turns: np.ndarray  # (b,), centres of the bands: orientation of the source minus the target's, radians
    ticks: np.ndarray  # (m,), px, ascending: along to the right, across upwards
    coherent: np.ndarray  # sum K cos Phi / sum cos^2 Phi; NaN where there are too few offsets
    blind: np.ndarray  # sum K / number of offsets; NaN likewise


def association_field(
    kernel: np.ndarray,
    frame: PairFrame,
    turns: ArrayLike,
    half_width: float = HALF_WIDTH,
    extent: float = 17,
    step: float = 1.0,
    blur: float = 1.5,
    fewest: float = 60.0,
    from_source: bool = False,
) -> AssociationField:
    """Map a kernel in the frames of its targets, by sums over small squares, blurred before the division: an :class:`AssociationField`.

    The fan of arcs after Field, Hayes and Hess is :func:`paper_code.se2.association_arcs`. PaperCodeError for a step or blur that is not
    positive, or an extent that does not exceed the step.

    Parameters
    ----------
    kernel : array (n, n, k, k)
        In any units; :func:`paper_code.lateral.standardise` gives standard deviations of K.
    frame : PairFrame
        Frame of all or some pairs.
    turns : array (b,)
        Centres of the bands of orientation difference, radians.
    half_width : float
        Half width of a band, radians.
    extent : float
        Half side of the map, px.
    step, blur : float
        Side of the squares and sd of the Gaussian blur, px.
    fewest : float
        Offsets required at a place.
    from_source : bool
        Map where the targets of a source lie instead, x along the source's bars; ``turns`` are then those of the target.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import Cells, association_field, pair_frame
    >>> cells = Cells(*np.random.default_rng(0).uniform(size=(5, 12)))
    >>> frame = pair_frame(cells, size=7, stride=2)
    >>> K = np.zeros((12, 12, 7, 7))
    >>> K[frame.target, frame.source] = np.cos(frame.phase).reshape(-1, 7, 7)
    >>> field = association_field(K, frame, turns=[0.0], extent=6)
    >>> print(field.coherent.shape, f"{np.nanmedian(field.coherent):.2f}")
    (1, 13, 13) 1.00
    """
    if not (step > 0 and blur > 0 and extent > step):
        raise PaperCodeError(f"a map needs step, blur > 0 and an extent of more than a step; got {step}, {blur} and {extent}")
    values, wave = frame.values(real_array(kernel, "a kernel")), np.cos(frame.phase)
    x, y, turn = frame.along, frame.across, frame.turn
    if from_source:  # the displacement reversed, and turned into the source's frame
        cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
        x, y, turn = -(x * cos + y * sin), -(y * cos - x * sin), -turn
    half = round(extent / step)
    side = 2 * half + 1
    column, row = half + np.rint(x / step).astype(int), half - np.rint(y / step).astype(int)
    inside, place = (np.maximum(abs(column - half), abs(row - half)) <= half), row * side + column
    parts = values * wave, wave**2, values, np.ones_like(wave)
    maps = []
    for middle in np.atleast_1d(turns):
        use = inside & (orientation_difference(turn, middle) <= half_width)[:, None]
        sums = []
        for one in parts:
            total = np.bincount(place[use], one[use], side**2)
            total = (total + total[::-1]).reshape(side, side)
            # Multiplied by the effective area of the Gaussian, this is an effective count of offsets.
            sums.append(gaussian_filter(total, blur / step, mode="constant") * 4 * np.pi * (blur / step) ** 2)
        enough = sums[3] >= fewest
        with np.errstate(divide="ignore", invalid="ignore"):
            maps.append([np.where(enough, a / b, np.nan) for a, b in ((sums[0], sums[1]), (sums[2], sums[3]))])
    return AssociationField(np.atleast_1d(turns), np.arange(-half, half + 1) * step, *np.swapaxes(maps, 0, 1))


def coherent_maps(frame: PairFrame, kernel: ArrayLike, turns: ArrayLike, **options: Any) -> np.ndarray:
    """The coherent maps of :func:`association_field`, which takes the ``options``, in sd of K: array (b, m, m)."""
    kernel = real_array(kernel, "a kernel")
    return association_field(kernel, frame, turns, **options).coherent / deviation(frame.values(kernel))


def like_map(frame: PairFrame, kernel: ArrayLike) -> np.ndarray:
    """What cells of similar orientation send each other where phases agree, target's bars to the right, in sd of K: array (35, 35)."""
    return coherent_maps(frame, kernel, [0.0], half_width=LIKE_BELOW)[0]


@dataclass(frozen=True)
class SingleCells:
    """n cells and K around each of them; the maps (o, ...) are for the o oriented cells, in ascending order of cell number.

    Positions in maps are in the target's own frame, x along its bars; rows run from top to bottom. NaN marks too few offsets.
    """

    seed: int
    fields: np.ndarray  # (n, b, b), receptive fields
    fits: GaborBank  # (n,)
    oriented: np.ndarray  # (n,) bool
    level: float  # R^2 that an oriented cell must exceed
    ticks: np.ndarray  # (m,), px
    turns: np.ndarray  # (t,), radians: orientation of the sources minus the target's
    like: np.ndarray  # (o, 2, m, m), coefficient of cos Phi and phase-blind mean over sources within 22.5 degrees; in sd of K
    maps: np.ndarray  # (o, 2, t, m, m), the same over sources within 15 degrees of each turn
    like_sources: np.ndarray  # (o,), number of sources in ``like``
    sources: np.ndarray  # (o, t), number of sources in each of ``maps``
    preferred: np.ndarray  # (o, m, m), turn with the largest coefficient, radians in [0, pi)
    strength: np.ndarray  # (o, m, m), that coefficient, or 0 where none is positive
    strongest: np.ndarray  # (n, s) int, sources with the strongest weight, of either sign, at any offset, strongest first
    place: np.ndarray  # (n, s, 2), x and y of that offset in the image, px
    weight: np.ndarray  # (n, s), K at that offset, in sd of K


def strongest_sources(kernel: np.ndarray, stride: int, count: int = 10) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sources of every cell with the strongest weight, of either sign, at any offset; a cell's kernel to itself is excluded.

    Returns the sources, int array (n, s); x and y of the offset, px, y up, (n, s, 2); and the weights (n, s).

    Parameters
    ----------
    kernel : array (n, n, k, k)
    stride : int
    count : int
        Number s of sources, at most n - 1.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import strongest_sources
    >>> K = np.zeros((3, 3, 5, 5))
    >>> K[0, 2, 1, 4] = -1.0  # source 2, two places to the right and one up
    >>> source, place, weight = strongest_sources(K, stride=2, count=1)
    >>> print(source[0], place[0], weight[0])
    [2] [[4 2]] [-1.]
    """
    size = kernel.shape[-1]
    flat = np.asarray(kernel, float).reshape(*kernel.shape[:2], -1)
    peak = np.abs(flat).argmax(axis=-1)
    weight = np.take_along_axis(flat, peak[..., None], -1)[..., 0]
    rank = np.where(np.eye(len(flat), dtype=bool), -np.inf, np.abs(weight))
    source = np.argsort(-rank, axis=1, kind="stable")[:, : min(count, len(flat) - 1)]
    row, column = np.divmod(np.take_along_axis(peak, source, 1), size)
    place = stride * np.stack([column - size // 2, size // 2 - row], axis=-1)
    return source, place, np.take_along_axis(weight, source, 1)


def single_cells(bank: Bank, seed: int = 0, extent: float = 9.0) -> SingleCells:
    """Map K around every oriented cell, and list the strongest sources of every cell: a :class:`SingleCells`.

    PaperCodeError if there is no K, K does not vary, fewer than two cells are oriented, or the extent does not exceed 0.5 px.

    Parameters
    ----------
    bank : paper_code.lateral.bank.Bank
    seed : int
        Recorded in the result.
    extent : float
        Half side of the maps, px, a multiple of 1.5.

    Examples
    --------
    >>> from paper_code import weights
    >>> from paper_code.lateral import single_cells
    >>> from paper_code.lateral.bank import Bank
    >>> early = weights.load_early("reference", 10)
    >>> bank = Bank.of(early.l0, early.l1[:12], early.K[:12, :12], stride=2, count=20)
    >>> found = single_cells(bank, extent=6)
    >>> print(found.like.shape[1:], found.fields.shape)
    (2, 9, 9) (12, 15, 15)
    """
    frame, kernel = bank.frame, standardise(bank.K)
    inner = bank.among(kernel)
    options = {"extent": extent, "step": STEP, "blur": BLUR, "fewest": FEWEST}
    like, maps, like_sources, sources = [], [], [], []
    for cell in range(len(bank.oriented)):
        own = frame[frame.target == cell]
        near = association_field(inner, own, [0.0], LIKE_BELOW, **options)
        turned = association_field(inner, own, MIDDLES, HALF_WIDTH, **options)
        like.append([part[0, ::EVERY, ::EVERY] for part in (near.coherent, near.blind)])
        maps.append([part[:, ::EVERY, ::EVERY] for part in (turned.coherent, turned.blind)])
        like_sources.append(int((own.difference <= LIKE_BELOW).sum()))
        sources.append((orientation_difference(own.turn, MIDDLES[:, None]) <= HALF_WIDTH).sum(axis=1))
    maps = np.array(maps)
    # mode_field expects turns from 0 to 165 degrees.
    from_zero = np.roll(np.nan_to_num(maps[:, 0]), -int(np.argmin(np.abs(MIDDLES))), axis=1)
    preferred, strength = map(np.stack, zip(*(se2.mode_field(one) for one in from_zero), strict=True))
    return SingleCells(
        seed,
        bank.fields,
        bank.fits,
        bank.fits.beyond(bank.level),
        bank.level,
        near.ticks[::EVERY],
        MIDDLES,
        np.array(like),
        maps,
        np.array(like_sources),
        np.array(sources),
        preferred,
        np.maximum(strength, 0),
        *strongest_sources(kernel, bank.stride),
    )
