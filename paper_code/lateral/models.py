"""Families of lateral kernels M(along, across, turn) with which K is compared, all drawn from one library of shapes.

========  ===========================================================  ====================================  =====================
family    M, up to its gain                                            shape parameters                      includes
========  ===========================================================  ====================================  =====================
ISO       exp(-(r / s)^q / q)                                          s, q
SEP       ISO times exp(kappa (cos 2 turn - 1))                        s, q, kappa                           ISO (kappa = 0)
ANI       SEP with r^2 = u^2 / e + v^2 e                               s, q, kappa, e                        SEP (e = 1)
COC       ISO times exp(kappa (cos 2 (turn - 2 psi) - 1))              s, q, kappa                           ISO (kappa = 0)
DP        direction process, undirected                                1 / alpha, D / alpha, blur
HR        contour enhancement, resolvent, undirected                   sqrt(D11 / alpha), D22 / alpha, blur
========  ===========================================================  ====================================  =====================

(along, across) is the displacement of the source in the target's frame, of length r and direction psi; turn is the source's orientation
relative to the target's; (u, v) is the displacement along and across the mean of the two orientations, so that every family is reciprocal.
The exponent q is 1 or 2: the group kernels decay exponentially, and a baseline that could not would lose through its profile alone.
D / alpha and D22 / alpha are angular diffusions over a mean lifetime. Blur in theta is fixed (``BLUR_THETA``). All lengths are in pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from typing import Self

import numpy as np
from scipy.sparse import csr_array

from paper_code import se2
from paper_code.core.errors import PaperCodeError
from paper_code.core.plan import plan
from paper_code.lateral.frame import PairFrame

FAMILIES = ("ISO", "SEP", "COC", "ANI", "HR", "DP")
GROUP = ("DP", "HR")  # the kernels on SE(2)
PARAMETERS = {
    "ISO": ("scale", "exponent"),
    "SEP": ("scale", "exponent", "kappa"),
    "ANI": ("scale", "exponent", "kappa", "elongation"),
    "COC": ("scale", "exponent", "kappa"),
    "DP": ("length", "diffusion", "blur"),
    "HR": ("length", "diffusion", "blur"),
}
BLUR_THETA = 0.2  # radians, at the source and at the target
REACH = 20.0  # px, half side of the tables of DP and HR, beyond which these kernels are taken as 0
DIRECTIONS = 48  # orientations in the tables, over pi
SPACING = 0.375  # of the table's lattice, in units of the blur: linear interpolation is within 2 % of the peak


@dataclass(frozen=True)
class Places:
    """Positions at which shapes are evaluated: ``along`` and ``across`` (p, l) in pixels, ``turn`` (p,) in radians."""

    along: np.ndarray
    across: np.ndarray
    turn: np.ndarray
    _kept: dict = field(default_factory=dict, init=False, repr=False)  # tunings by kappa, interpolations by spacing

    @classmethod
    def of(cls, frame: PairFrame) -> Self:
        """All pairs and offsets of a PairFrame, in single precision."""
        return cls(frame.along.astype(np.float32), frame.across.astype(np.float32), frame.turn)

    @cached_property
    def middle(self) -> tuple[np.ndarray, np.ndarray]:
        """u^2 and v^2, (p, l): squared displacement along and across the mean of the two orientations."""
        cosine, sine = (part(self.turn / 2)[:, None].astype(self.along.dtype) for part in (np.cos, np.sin))
        return (self.along * cosine + self.across * sine) ** 2, (self.across * cosine - self.along * sine) ** 2

    @cached_property
    def cocircular(self) -> np.ndarray:
        """cos 2 (turn - 2 psi), (p, l); 1 at r = 0."""
        u2, v2 = self.middle
        squared = u2 + v2
        return 1 - 8 * u2 * v2 / np.where(squared > 0, squared, 1) ** 2

    def tuning(self, kappa: float) -> np.ndarray:
        """exp(kappa (cos 2 turn - 1)), (p, 1)."""
        if ("tuning", kappa) not in self._kept:
            self._kept["tuning", kappa] = np.exp(kappa * (np.cos(2 * self.turn) - 1))[:, None].astype(self.along.dtype)
        return self._kept["tuning", kappa]

    def interpolation(self, spacing: float) -> csr_array:
        """Trilinear interpolation weights (p * l, table) for tables of that spacing, periodic in the turn; zero beyond REACH."""
        if ("interpolation", spacing) not in self._kept:
            half = _half_side(spacing)
            side, count = 2 * half + 1, self.along.size
            level = np.broadcast_to((self.turn % np.pi / np.pi * DIRECTIONS)[:, None], self.along.shape)
            parts = [np.asarray(one, np.float32).ravel() for one in (level, half - self.across / spacing, half + self.along / spacing)]
            inside = np.all([(one >= 0) & (one < side - 1) for one in parts[1:]], axis=0)
            low = [np.where(inside, np.floor(one), 0).astype(np.int32) for one in parts]
            rest = [one - corner for one, corner in zip(parts, low, strict=True)]
            place, weight = np.empty((count, 8), np.int32), np.empty((count, 8), np.float32)
            for corner, steps in enumerate(np.ndindex(2, 2, 2)):
                level, row, column = (one + step for one, step in zip(low, steps, strict=True))
                place[:, corner] = ((level % DIRECTIONS) * side + row) * side + column
                weight[:, corner] = inside * np.prod([one if step else 1 - one for one, step in zip(rest, steps, strict=True)], axis=0)
            starts = np.arange(0, 8 * count + 1, 8, dtype=np.int32)
            shape = (count, DIRECTIONS * side**2)
            self._kept["interpolation", spacing] = csr_array((weight.ravel(), place.ravel(), starts), shape=shape)
        return self._kept["interpolation", spacing]


def profile(squared: np.ndarray, scale: float, exponent: float) -> np.ndarray:
    """exp(-(r / scale)^exponent / exponent) as a function of r^2."""
    scaled = squared / np.asarray(scale**2, squared.dtype)
    return np.exp(-np.sqrt(scaled)) if exponent == 1 else np.exp(-scaled / 2)


@dataclass(frozen=True)
class Plane:
    """The position-dependent factor of ISO, SEP and ANI, and the shape of COC, whose kappa is the bend."""

    scale: float
    exponent: float
    elongation: float = 1.0
    bend: float = 0.0

    def at(self, places: Places) -> np.ndarray:
        u2, v2 = places.middle
        value = profile(u2 / self.elongation + v2 * self.elongation, self.scale, self.exponent)
        return value * np.exp(self.bend * (places.cocircular - 1)) if self.bend else value


@dataclass(frozen=True)
class Group:
    """DP or HR: an undirected kernel on SE(2), interpolated linearly from a table."""

    family: str
    length: float  # 1 / alpha, or sqrt(D11 / alpha), px
    diffusion: float  # D / alpha, or D22 / alpha, rad^2
    blur: float  # px

    @property
    def process(self) -> se2.DirectionProcess | se2.Enhancement:
        """The process of :mod:`paper_code.se2`."""
        shared = {"blur": self.blur, "blur_theta": BLUR_THETA, "undirected": True}
        if self.family == "DP":
            return se2.DirectionProcess(D=self.diffusion / self.length, alpha=1 / self.length, **shared)
        return se2.Enhancement(D11=self.length**2, D22=self.diffusion, alpha=1.0, **shared)

    def at(self, places: Places) -> np.ndarray:
        """Values (p, l), normalised so that the maximum of the table is 1."""
        table = _table(self)
        return (places.interpolation(SPACING * self.blur) @ table.ravel()).reshape(places.along.shape)


def _half_side(spacing: float) -> int:
    return int(np.ceil(REACH / spacing))


@lru_cache(maxsize=512)
def _table(shape: Group) -> np.ndarray:
    """Values of a Group, float32 (DIRECTIONS, places, places), with maximum 1."""
    spacing = SPACING * shape.blur
    values = se2.sample_grid(shape.process, size=2 * _half_side(spacing) + 1, spacing=spacing, n_theta=DIRECTIONS).values
    return (values / values.max()).astype(np.float32)


@dataclass(frozen=True)
class Library:
    """e elements, each a shape times a tuning exp(kappa (cos 2 turn - 1)), and the families that they form."""

    elements: tuple[tuple[Plane | Group, float], ...]  # (shape, kappa) of each; kappa is 0 for no tuning
    members: dict[str, np.ndarray]  # the elements of each of FAMILIES; a family that includes another shares its elements

    def __len__(self) -> int:
        return len(self.elements)

    def parameters(self, family: str, element: int) -> dict[str, float]:
        """Shape parameters of an element as a member of a family: a dict in the order of PARAMETERS."""
        shape, kappa = self.elements[element]
        known = {**vars(shape), "kappa": shape.bend if family == "COC" else kappa}
        return {name: float(known[name]) for name in PARAMETERS[family]}

    def values(self, places: Places, elements: Sequence[int] | np.ndarray) -> np.ndarray:
        """Evaluate elements at all positions: float array (len(elements), p, l)."""
        chosen = [self.elements[one] for one in elements]
        plain = {shape: shape.at(places) for shape in {shape for shape, _ in chosen}}
        return np.stack([plain[shape] * places.tuning(kappa) for shape, kappa in chosen])


@lru_cache(maxsize=1)
def library() -> Library:
    """The library of the frozen plan: every combination of its grid."""
    grid = plan()["models"]["grid"]
    elements, members = [], {family: [] for family in FAMILIES}

    def add(shape, kappa, *families):
        for family in families:
            members[family].append(len(elements))
        elements.append((shape, kappa))

    for elongation, exponent, scale in product(grid["elongation"], grid["exponent"], grid["scale"]):
        for kappa in grid["kappa"]:
            plain = ("ANI",) if elongation != 1 else ("SEP", "ANI") if kappa else ("ISO", "SEP", "ANI", "COC")
            add(Plane(scale, exponent, elongation), kappa, *plain)
    for exponent, scale, bend in product(grid["exponent"], grid["scale"], grid["bend"]):
        add(Plane(scale, exponent, bend=bend), 0.0, "COC")
    for family, lengths in grid["length"].items():
        for length, diffusion, blur in product(lengths, grid["diffusion"], grid["blur"]):
            add(Group(family, length, diffusion, blur), 0.0, family)
    return Library(tuple(elements), {family: np.array(some) for family, some in members.items()})


def evaluate(family: str, places: Places, **parameters: float) -> np.ndarray:
    """A family's kernel at all positions, (p, l); PaperCodeError for an unknown family or parameters other than those in PARAMETERS."""
    if family not in FAMILIES:
        raise PaperCodeError(f"unknown family {family!r}; choose one of {', '.join(FAMILIES)}")
    if set(parameters) != set(PARAMETERS[family]):
        given = ", ".join(parameters) or "none"
        raise PaperCodeError(f"the family {family} has the parameters {', '.join(PARAMETERS[family])}, not {given}")
    if family == "COC":
        parameters["bend"] = parameters.pop("kappa")
    kappa = parameters.pop("kappa", 0.0)
    shape = Group(family, **parameters) if family in GROUP else Plane(**parameters)
    return shape.at(places) * places.tuning(kappa)


def model(frame: PairFrame, family: str, parameters: Mapping[str, float]) -> np.ndarray:
    """A family's kernel times cos Phi at the pairs and offsets of a frame: (m, m, k, k), 0 for pairs not in the frame."""
    return frame.as_kernel(evaluate(family, Places.of(frame), **parameters) * np.cos(frame.phase))
