"""The kernel seen from the target: its coefficient of cos Phi over (along, across, orientation difference), and its phase-blind mean."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError
from paper_code.lateral.frame import PairFrame

TURNS = np.deg2rad([-60, -30, 0, 30, 60, 90])  # middles of the bands of orientation difference
HALF_WIDTH = np.deg2rad(15)


@dataclass(frozen=True)
class AssociationField:
    """Maps over the places of sources, target at the origin with its bars along x; arrays (b, m, m), rows from top to bottom.

    A cell's bars have no head and no tail, so each offset counts at (along, across) and at (-along, -across).
    """

    turns: np.ndarray  # (b,), middles of the bands: orientation of the source less the target's, radians
    ticks: np.ndarray  # (m,), px, ascending: along to the right, across upwards
    coherent: np.ndarray  # sum K cos Phi / sum cos^2 Phi; NaN where there are too few offsets
    blind: np.ndarray  # sum K / number
    offsets: np.ndarray  # effective number of offsets behind a place


def association_field(
    kernel: np.ndarray,
    frame: PairFrame,
    turns: ArrayLike = TURNS,
    half_width: float = HALF_WIDTH,
    extent: float = 12,
    step: float = 0.5,
    blur: float = 0.8,
    fewest: float = 20.0,
) -> AssociationField:
    """Map a kernel in its targets' frames, by sums over small squares, blurred before the division.

    Parameters
    ----------
    kernel : array (n, n, k, k)
        In whatever units; :func:`paper_code.lateral.standardise` gives standard deviations of K.
    frame : PairFrame
        Of all or some pairs.
    turns : array (b,)
        Middles of the bands of the orientation difference, radians.
    half_width : float
        Of a band, radians.
    extent : float
        Half side of the map, px.
    step, blur : float
        Side of the squares and sd of the Gaussian, px.
    fewest : float
        Offsets that a place needs.

    Returns
    -------
    AssociationField

    Raises
    ------
    PaperCodeError
        For a step or blur that is not positive, or an extent of no more than a step.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.lateral import Cells, association_field, pair_frame
    >>> generator = np.random.default_rng(0)
    >>> carrier = generator.uniform(0, np.pi, 12)
    >>> cells = Cells(x=np.zeros(12), y=np.zeros(12), carrier=carrier, frequency=np.full(12, 0.2), phase=np.zeros(12))
    >>> frame = pair_frame(cells, size=7, stride=2)
    >>> K = np.zeros((12, 12, 7, 7))
    >>> K[frame.target, frame.source] = np.cos(frame.phase).reshape(-1, 7, 7)
    >>> field = association_field(K, frame, turns=[0.0], extent=6)
    >>> print(field.coherent.shape, f"{np.nanmedian(field.coherent):.2f}")  # planted: the wave alone, everywhere
    (1, 25, 25) 1.00
    """
    if not (step > 0 and blur > 0 and extent > step):
        raise PaperCodeError(f"a map needs step, blur > 0 and an extent of more than a step; got {step}, {blur} and {extent}")
    half = round(extent / step)
    edges = (np.arange(2 * half + 2) - half - 0.5) * step
    kernel = real_array(kernel, "a kernel")
    values = kernel.reshape(*kernel.shape[:2], -1)[frame.target, frame.source]
    wave = np.cos(frame.phase)
    maps = []
    for turn in np.atleast_1d(turns):
        gap = np.mod(frame.turn - turn + np.pi / 2, np.pi) - np.pi / 2
        pairs = np.abs(gap) <= half_width
        place = (frame.across[pairs].ravel(), frame.along[pairs].ravel())
        sums = []
        for one in (values[pairs] * wave[pairs], wave[pairs] ** 2, values[pairs], np.ones_like(wave[pairs])):
            total = np.histogram2d(*place, bins=(edges, edges), weights=one.ravel())[0]
            total = total + total[::-1, ::-1]
            # Times the area under the Gaussian's peak: an effective count of offsets.
            sums.append(gaussian_filter(total, blur / step, mode="constant") * 4 * np.pi * (blur / step) ** 2)
        enough = sums[3] >= fewest
        with np.errstate(divide="ignore", invalid="ignore"):
            coherent, blind = (np.where(enough, a / b, np.nan)[::-1] for a, b in ((sums[0], sums[1]), (sums[2], sums[3])))
        maps.append((coherent, blind, sums[3][::-1]))
    return AssociationField(np.atleast_1d(turns), edges[:-1] + step / 2, *(np.stack(part) for part in zip(*maps, strict=True)))
