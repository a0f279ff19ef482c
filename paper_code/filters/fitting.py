"""Nonlinear least squares for a whole bank of filters at once.

Variable projection (Golub & Pereyra 1973): a model ``sum_j c_j phi_j(p)`` is linear in ``c``, so the best ``c`` is known for any ``p``
and the search is over ``p`` alone. The Jacobian of this reduced problem is Kaufman's (1975), which gives the exact gradient. The search
is a Levenberg-Marquardt algorithm with box bounds that processes all filters and all starts in the same arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.arrays import real_array
from paper_code.core.errors import PaperCodeError, positive
from paper_code.core.geometry import pixel_grid
from paper_code.network.layers import receptive_fields

BLOCK = 64_000  # pixels processed at once: enough to amortise the overhead of Python, few enough to stay in the cache
DONE = 1e-9  # a search ends with a step that lowers its SSR by less than this fraction
RACE = 30  # iterations given to every start
BEHIND = 1.4  # after these, a start is dropped if its SSR exceeds this multiple of the lowest for its filter,
SAME = 1e-3  # or if its function differs from a better start's by less than this fraction of that SSR: both lead to one optimum
HUGE = 1e300  # larger weights leave no headroom for an amplitude
COLOURLESS = 1e-6  # below this, rounding decides the sign of a channel's weight or of the sum of the three


@dataclass(frozen=True)
class Indexed:
    """Base class of records of n items, such as fits: every field is an array (n, ...). Index by integer, slice, mask or indices."""

    def __getitem__(self, index: int | np.integer | slice | Sequence[int] | np.ndarray) -> Self:
        return type(self)(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))


@dataclass(frozen=True)
class Fits(Indexed):
    """Base class of fits that contain lengths: the fields named in LENGTHS, in pixels at first, and ``scale`` (n,), units per pixel."""

    LENGTHS: ClassVar[tuple[str, ...]]

    def in_units(self, scale: float) -> Self:
        """Convert lengths to another unit, with ``scale`` units per pixel; frequencies become cycles per unit."""
        scale = positive(scale, "scale")
        changed = {name: getattr(self, name) * scale for name in (*self.LENGTHS, "scale")}
        return replace(self, **changed | {name: getattr(self, name) / scale for name in ("frequency",) if hasattr(self, name)})

    def grid(self, size: int | tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates x and y of a lattice in the unit of the lengths: (n, rows, columns), or (rows, columns) for a single fit."""
        x, y = pixel_grid(size)
        scale = np.asarray(self.scale)[..., None, None]
        return x * scale, y * scale


Kind = TypeVar("Kind", bound=Fits)


@dataclass(frozen=True)
class Filters:
    """A bank of filters prepared for fitting."""

    values: np.ndarray  # (n, h, w), float64
    valid: np.ndarray  # (n,) bool: neither NaN, nor infinite, nor constant
    energy_kept: np.ndarray  # (n,), share of the energy in the main colour component: 1 for a filter without colour, NaN if it contains NaN

    @property
    def sound(self) -> np.ndarray:
        """The m filters that can be fitted, (m, h, w)."""
        return self.values[self.valid]

    def spread(self, **columns: np.ndarray) -> dict[str, np.ndarray]:
        """Expand columns (m, ...) for the filters that can be fitted to columns (n, ...) for all filters, with NaN or False elsewhere."""
        found = {}
        for name, column in columns.items():
            empty = np.nan if column.dtype.kind == "f" else False
            found[name] = np.full((len(self.valid), *column.shape[1:]), empty, column.dtype)
            found[name][self.valid] = column
        return found

    def fits(self, kind: type[Kind], **columns: np.ndarray) -> Kind:
        """Fits of all n filters, in pixels, from columns (m,) for those that can be fitted."""
        return kind(**self.spread(**columns), valid=self.valid, energy_kept=self.energy_kept, scale=np.ones(len(self.valid)))

    def behind(self, front: np.ndarray | None) -> np.ndarray:
        """Receptive fields of the filters behind a filter (a, b): (n, h + a - 1, w + b - 1), NaN where a filter cannot be fitted."""
        if front is None:
            return self.values
        found = np.full((len(self.valid), *np.add(self.values.shape[1:], front.shape) - 1), np.nan)
        found[self.valid] = receptive_fields(self.sound, front)
        return found


def read_bank(filters: ArrayLike) -> Filters:
    """Prepare filters (n, h, w), (n, 1, h, w) or (n, 3, h, w), from NumPy or PyTorch, for fitting, with their colours projected.

    The colours of a filter (3, h, w) are projected onto their main component, the first left singular vector of the matrix (3, h w): the
    mixture of the channels that retains the most energy. Its sign is chosen so that the channel weights have a positive sum or, if they
    sum to zero, so that the first nonzero weight is positive. PaperCodeError if the array is not real or has another shape, n < 1 or a side
    is less than 3, or no filter can be fitted because each contains NaN or weights above 1e300, or is constant (R^2 is then undefined).

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.filters.fitting import read_bank
    >>> bank = read_bank(np.random.default_rng(0).normal(size=(2, 3, 7, 5)))
    >>> print(bank.values.shape)  # colours are projected
    (2, 7, 5)
    """
    bank = real_array(filters, "filters")
    shape = bank.shape
    if bank.ndim == 3:
        bank = bank[:, None]
    if bank.ndim != 4 or bank.shape[1] not in (1, 3) or min(bank.shape[2:]) < 3 or len(bank) == 0:
        mend = ""
        if bank.ndim == 2:
            mend = "; one filter is filters[None]"
        elif bank.ndim == 4 and bank.shape[-1] in (1, 3):
            mend = "; channels come second: filters.transpose(0, 3, 1, 2)"
        wanted = "filters of shape (n, h, w), (n, 1, h, w) or (n, 3, h, w) with n >= 1, and h and w >= 3"
        raise PaperCodeError(f"expected {wanted}, got {shape}{mend}")
    finite = (np.abs(bank) <= HUGE).all(axis=(1, 2, 3))
    values, energy_kept = np.full((len(bank), *bank.shape[2:]), np.nan), np.where(finite, 1.0, np.nan)
    if bank.shape[1] == 1:
        values[finite] = bank[finite, 0]
    elif finite.any():
        values[finite], energy_kept[finite] = main_colour(bank[finite])
    varies = np.zeros(len(bank), bool)
    varies[finite] = np.ptp(values[finite], axis=(1, 2)) > 1e-12 * np.abs(values[finite]).max(axis=(1, 2))
    if not varies.any():
        counts = f"{(~finite).sum()} of {len(bank)} hold NaN, or weights above {HUGE:g}, and {finite.sum()} are constant"
        raise PaperCodeError(f"no filter can be fitted: {counts}")
    return Filters(values, varies, energy_kept)


def main_colour(filters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Filters (n, 3, h, w) projected onto the main component of :func:`read_bank`, (n, h, w), and the share of energy retained (n,)."""
    mixtures, strength, _ = np.linalg.svd(unit_scale(filters.reshape(len(filters), 3, -1))[0], full_matrices=False)
    main = mixtures[:, :, 0]
    clear = np.abs(main) > COLOURLESS
    total, first = main.sum(axis=1), np.take_along_axis(main, clear.argmax(axis=1)[:, None], axis=1)[:, 0]
    main = main * np.where(np.where(np.abs(total) > COLOURLESS, total, first) < 0, -1.0, 1.0)[:, None]
    energy = (strength**2).sum(axis=1)
    kept = np.where(energy > 0, strength[:, 0] ** 2 / np.where(energy > 0, energy, 1), 1.0)
    return np.einsum("nc,nchw->nhw", main, filters), kept


def unit_scale(filters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Divide each filter by the power of two (n,) above its largest weight, also returned: exact, and keeps squares within range."""
    scale = np.ldexp(1.0, np.frexp(np.abs(filters).max(axis=(1, 2)))[1])
    return filters / scale[:, None, None], scale


def unit_energy(filters: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values (n, N) scaled to unit Euclidean norm, the norms (n,), and the sum of squares (n,) of the scaled values about their mean."""
    values, scale = unit_scale(filters)
    values = values.reshape(len(filters), -1)
    norm = np.linalg.norm(values, axis=1)
    values = values / norm[:, None]
    return values, norm * scale, ((values - values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)


def blocks(count: int, pixels: int) -> list[np.ndarray]:
    """Split the indices 0 .. count - 1 of items of ``pixels`` pixels each into runs of about BLOCK pixels."""
    return np.array_split(np.arange(count), -(-count // max(BLOCK // pixels, 1)))


@dataclass(frozen=True)
class Solution(Indexed):
    """Least-squares solutions of b problems: ``parameters`` (b, k), ``coefficients`` (b, m), ``ssr`` (b,), ``at_bound`` (b, k)."""

    parameters: np.ndarray
    coefficients: np.ndarray
    ssr: np.ndarray
    at_bound: np.ndarray


class Model:
    """Base class of the models fitted by :func:`minimise`: ``sum_j c_j phi_j(p)`` on N pixels, with m coefficients c and k parameters p.

    A model gives ``basis(parameters)``, the functions phi_j at ``parameters`` (b, k), as (b, m, N); and ``slope(parameters, basis,
    coefficients)``, its derivative with respect to the parameters at fixed ``coefficients`` (b, m), as (b, k, N), or else its own
    ``normal_equations``.
    """

    lower: np.ndarray  # (k,), bounds of the box
    upper: np.ndarray

    def residuals(self, parameters: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Coefficients (b, m), residuals (b, N), basis (b, m, N) and its Gram matrix (b, m, m) at ``parameters`` (b, k)."""
        basis = self.basis(parameters)
        gram = basis @ basis.swapaxes(1, 2)
        # The ridge sets a coefficient to zero where its basis function vanishes on the lattice, as sin(pi x) does at the Nyquist frequency.
        gram += 1e-12 * np.trace(gram, axis1=1, axis2=2)[:, None, None] * np.eye(gram.shape[1])
        coefficients = np.linalg.solve(gram, basis @ values[:, :, None])
        return coefficients[:, :, 0], values - (coefficients.swapaxes(1, 2) @ basis)[:, 0], basis, gram

    def normal_equations(self, parameters: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """SSR (b,), coefficients (b, m), ``J J^T`` (b, k, k) and ``J r`` (b, k), with J Kaufman's (1975) Jacobian of the residuals r.

        J is the slope of the model at fixed coefficients, projected orthogonally to the basis. The omitted part of the Golub-Pereyra
        Jacobian lies in the span of the basis, to which the residuals are orthogonal, so the gradient ``J r`` is exact.
        """
        coefficients, residual, basis, gram = self.residuals(parameters, values)
        slope = self.slope(parameters, basis, coefficients)
        along = basis @ slope.swapaxes(1, 2)
        curvature = slope @ slope.swapaxes(1, 2) - along.swapaxes(1, 2) @ np.linalg.solve(gram, along)
        return (residual**2).sum(axis=1), coefficients, curvature, -(slope @ residual[:, :, None])[:, :, 0]


def minimise(model: Model, values: np.ndarray, start: np.ndarray, iterations: int = 300) -> Solution:
    """Fit a model to each row of ``values`` (b, N), of unit energy, from the matching row of ``start`` (b, k), clipped to the bounds."""
    parameters = np.clip(start, model.lower, model.upper)
    count, size = parameters.shape
    room = max(BLOCK // values.shape[1], 1)
    linear = model.basis(parameters[:1]).shape[1]
    state = [np.zeros(count), np.zeros((count, linear)), np.zeros((count, size, size)), np.zeros((count, size))]
    damping, left = np.full(count, 1e-2), np.full(count, iterations)
    active, waiting = np.arange(0), np.arange(count)
    identity = np.eye(size)
    while len(active) or len(waiting):
        if len(active) <= room // 2 and len(waiting):
            admitted, waiting = np.split(waiting, [room - len(active)])
            for part, new in zip(state, model.normal_equations(parameters[admitted], values[admitted]), strict=True):
                part[admitted] = new
            active = np.concatenate([active, admitted])
        here = parameters[active]
        ssr, _, curvature, gradient = (part[active] for part in state)
        # A parameter at its bound that would leave the box is held there for this step.
        free = ~(((here <= model.lower) & (gradient > 0)) | ((here >= model.upper) & (gradient < 0)))
        curvature = curvature * (free[:, :, None] & free[:, None, :])
        diagonal = np.einsum("bkk->bk", curvature)
        scale = np.where(free, damping[active, None] * (diagonal + 1e-9 * diagonal.max(axis=1, keepdims=True)) + 1e-15, 1.0)
        step = np.linalg.solve(curvature + scale[:, :, None] * identity, -(gradient * free)[:, :, None])[:, :, 0]
        there = np.clip(here + step, model.lower, model.upper)
        trial = model.normal_equations(there, values[active])
        better = trial[0] < ssr
        winners = active[better]
        parameters[winners] = there[better]
        for part, new in zip(state, trial, strict=True):
            part[winners] = new[better]
        small = better & (ssr - trial[0] < DONE * ssr) & (damping[active] < 1)
        damping[active] *= np.where(better, 0.2, 5.0)
        left[active] -= 1
        active = active[~small & (damping[active] < 1e8) & (trial[0] > 1e-24) & (left[active] > 0)]
    span = model.upper - model.lower
    at_bound = (parameters - model.lower < 1e-6 * span) | (model.upper - parameters < 1e-6 * span)
    return Solution(parameters, state[1], state[0], at_bound)


def best_start(model: Model, values: np.ndarray, starts: np.ndarray) -> Solution:
    """Fit each row of ``values`` (n, N) from each of its ``starts`` (n, tries, k) and keep the solution of lowest SSR.

    After RACE iterations only the :func:`contenders` are continued.
    """
    count, tries = starts.shape[:2]
    owner = np.repeat(np.arange(count), tries)
    race = minimise(model, values[owner], starts.reshape(count * tries, -1), RACE)
    left = contenders(model, race, tries)
    final = minimise(model, values[owner[left]], race.parameters[left])
    best = np.lexsort((final.ssr, owner[left]))[np.unique(owner[left], return_index=True)[1]]
    return final[best]


def contenders(model: Model, race: Solution, tries: int) -> np.ndarray:
    """Indices (m,), grouped by filter, of starts (``tries`` consecutive per filter) that may still win: not BEHIND, no duplicates."""
    left = []
    for mine in np.split(np.arange(len(race.ssr)), len(race.ssr) // tries):
        mine = mine[np.argsort(race.ssr[mine], kind="stable")]
        lowest = race.ssr[mine[0]]
        mine = mine[race.ssr[mine] <= BEHIND * lowest]
        fits = (race.coefficients[mine, None] @ model.basis(race.parameters[mine]))[:, 0]
        gram = fits @ fits.T
        apart = np.diag(gram)[:, None] + np.diag(gram) - 2 * gram
        double = np.tril(apart < SAME * lowest, -1).any(axis=1)
        left.append(mine[~double])
    return np.concatenate(left)
