"""K around one cell at a time: what the interactive figure of chapter 07 shows. A single cell has few sources: pictures, no tests."""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from paper_code import se2
from paper_code.core.errors import PaperCodeError
from paper_code.filters import GaborBank
from paper_code.lateral.association_field import association_field
from paper_code.lateral.components import LIKE_BELOW
from paper_code.lateral.frame import PairFrame, standardise

if TYPE_CHECKING:
    from paper_code.lateral.bank import Bank

TURNS = np.deg2rad(np.arange(-75, 91, 15))  # middles of the bands
HALF_WIDTH = np.deg2rad(15)
STEP, EVERY = 0.5, 3  # px of the squares that are summed, and every how many of them a place is kept
BLUR = 1.2  # px: one cell's offsets are fewer than a bank's
FEWEST = 8.0  # offsets that a place needs: one source or so


@dataclass(frozen=True)
class SingleCells:
    """n cells and K around each of them; maps are for the o cells that have an orientation, (o, ...), in ascending order of their number.

    Places are in the target's own frame, x along its bars; rows run from top to bottom. NaN: too few offsets.
    """

    seed: int
    fields: np.ndarray  # (n, b, b), receptive fields
    fits: GaborBank  # (n,)
    oriented: np.ndarray  # (n,) bool
    null_r2: float
    ticks: np.ndarray  # (m,), px
    turns: np.ndarray  # (t,), radians: orientation of the sources less the target's
    like: np.ndarray  # (o, 2, m, m), sources within 22.5 degrees: coefficient of cos Phi, phase-blind mean; sd of K
    maps: np.ndarray  # (o, 2, t, m, m), the same for each turn, within 15 degrees
    like_sources: np.ndarray  # (o,), cells behind ``like``
    sources: np.ndarray  # (o, t), cells behind each of ``maps``
    preferred: np.ndarray  # (o, m, m), the turn with the greatest coefficient, radians in [0, pi)
    strength: np.ndarray  # (o, m, m), that coefficient, 0 where none is positive
    strongest: np.ndarray  # (n, s) int, sources whose weight is greatest at some offset, the greatest first
    place: np.ndarray  # (n, s, 2), x and y of that offset in the image, px
    weight: np.ndarray  # (n, s), K there, in sd of K


def of_target(frame: PairFrame, target: int) -> PairFrame:
    """The pairs of one target: a :class:`PairFrame`; a PaperCodeError if it has none."""
    own = frame.target == target
    if not own.any():
        raise PaperCodeError(f"cell {target} is the target of no pair of this frame; choose one of {np.unique(frame.target).tolist()}")
    return replace(frame, **{item.name: getattr(frame, item.name)[own] for item in fields(PairFrame)})


def strongest_sources(kernel: np.ndarray, stride: int, count: int = 10) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sources of every cell with the greatest weight, of either sign, at any offset; a cell's kernel to itself is left out.

    Parameters
    ----------
    kernel : array (n, n, k, k)
    stride : int
    count : int
        At most n - 1 are found.

    Returns
    -------
    source : int array (n, s)
    place : array (n, s, 2)
        x and y of the offset, px, y up.
    weight : array (n, s)

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


def single_cells(bank: "Bank", seed: int = 0, extent: float = 9.0) -> SingleCells:
    """K around every cell.

    Parameters
    ----------
    bank : paper_code.lateral.bank.Bank
        With K.
    seed : int
        Named in the result.
    extent : float
        Half side of the maps, px, a multiple of 1.5.

    Returns
    -------
    SingleCells

    Raises
    ------
    PaperCodeError
        If there is no K, it does not vary, fewer than two cells have an orientation, or the extent is no more than 0.5 px.

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
        own = of_target(frame, cell)
        near = association_field(inner, own, [0.0], LIKE_BELOW, **options)
        turned = association_field(inner, own, TURNS, HALF_WIDTH, **options)
        like.append([part[0, ::EVERY, ::EVERY] for part in (near.coherent, near.blind)])
        maps.append([part[:, ::EVERY, ::EVERY] for part in (turned.coherent, turned.blind)])
        like_sources.append(int((own.difference <= LIKE_BELOW).sum()))
        sources.append((np.abs(se2.fold(own.turn - TURNS[:, None])) <= HALF_WIDTH).sum(axis=1))
    maps = np.array(maps)
    # mode_field counts turns from 0 to 165 degrees.
    from_zero = np.roll(np.nan_to_num(maps[:, 0]), -int(np.argmin(np.abs(TURNS))), axis=1)
    preferred, strength = map(np.stack, zip(*(se2.mode_field(one) for one in from_zero), strict=True))
    return SingleCells(
        seed,
        bank.fields,
        bank.fits,
        np.isin(np.arange(len(kernel)), bank.oriented),
        bank.level,
        near.ticks[::EVERY],
        TURNS,
        np.array(like),
        maps,
        np.array(like_sources),
        np.array(sources),
        preferred,
        np.maximum(strength, 0),
        *strongest_sources(kernel, bank.stride),
    )
