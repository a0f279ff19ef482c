"""Least squares with sums over pairs: a library of models against kernels, cross-validated, resampled and relabelled.

A fit is ``K = a + b_1 B_1 + ... + g M`` with fixed regressors B (a constant, RF, CO), one element M of a family, and g >= 0. It is in
closed form from sums over the offsets of each pair, so a fold or a draw of the filters is a choice or a weighting of pairs. Offsets with
|D| < CORE are left out of all fits alike: there psi has no meaning and the density of a group kernel is set by its blur.

Cross-validation is by blocks: filters are split in folds, and the pairs of target fold a and source fold b are predicted from the pairs
whose target is not in a and whose source is not in b. The family's element and all coefficients come from those pairs alone; R^2 is
against their mean.
"""

from dataclasses import dataclass, replace

import numpy as np

from paper_code.errors import PaperCodeError
from paper_code.lateral.models import FAMILIES, Places

CORE = 1.0  # px: nearer offsets are left out
FOLDS = 4
DRAWS = 50  # draws of the filters whose sums are in memory at once
PAIRS = 96  # pairs whose values are, for all elements and orders


class Data:
    """Kernels and regressors in the frame of p pairs, with the offsets inside CORE set to zero.

    Parameters
    ----------
    frame : PairFrame
        Of all pairs of m cells.
    columns : dict of arrays (m, m, k, k)
        Kernels to explain and to explain with, by name; a constant "1" is added.
    """

    def __init__(self, frame, columns):
        self.frame, self.count = frame, 1 + int(max(frame.target.max(), frame.source.max()))
        for name, kernel in columns.items():
            if np.shape(kernel)[:2] != (self.count,) * 2 or np.size(kernel) != self.count**2 * frame.phase.shape[1]:
                raise PaperCodeError(f"the kernel {name} of shape {np.shape(kernel)} does not belong to a frame of {self.count} cells")
        self.keep = frame.squared_distance >= CORE**2
        self.names = ("1", *columns)
        flat = [np.reshape(one, (self.count, self.count, -1))[frame.target, frame.source] for one in columns.values()]
        self.columns = np.stack([np.ones_like(frame.phase), *flat]).astype(np.float32) * self.keep
        self.places = Places(frame.along.astype(np.float32), frame.across.astype(np.float32), frame.turn)
        self.wave = (np.cos(frame.phase) * self.keep).astype(np.float32)

    def gate(self, coherent):
        """What multiplies every model: cos Phi, or 1; 0 inside CORE."""
        return self.wave if coherent else self.columns[0]


@dataclass(frozen=True)
class Sums:
    """Sums over the offsets of each of p pairs, for e elements and c columns.

    Attributes
    ----------
    names : tuple of str
        Of the columns, "1" first.
    target, source : int arrays (p,)
    gram : float32 array (c, c, p)
        Column times column.
    cross : float32 array (e, c, p)
        Element times column.
    square : float32 array (e, p)
        Element squared.
    members : dict of int arrays
        Elements of each family.
    """

    names: tuple
    target: np.ndarray
    source: np.ndarray
    gram: np.ndarray
    cross: np.ndarray
    square: np.ndarray
    members: dict

    @property
    def count(self):
        """Cells m."""
        return 1 + int(max(self.target.max(), self.source.max()))

    def only(self, names):
        """The same with "1" and the named columns alone."""
        rows = [0, *(self.names.index(one) for one in names)]
        gram, cross = self.gram[np.ix_(rows, rows)], self.cross[:, rows]
        return replace(self, names=("1", *names), gram=gram, cross=cross)


def sums_of(data, library, gates=(True, False)):
    """The :class:`Sums` of a library times cos Phi (True) and times 1 (False): a list, one for each of ``gates``."""
    pairs = data.columns.shape[1]
    gram = np.einsum("apl,bpl->abp", data.columns, data.columns)
    cross = [np.empty((len(library.shapes), len(data.names), pairs), np.float32) for _ in gates]
    square = [np.empty((len(library.shapes), pairs), np.float32) for _ in gates]
    for number, shape in enumerate(library.shapes):
        values = shape.at(data.places)
        for row, coherent in enumerate(gates):
            gated = values * data.gate(coherent)
            square[row][number] = np.einsum("pl,pl->p", gated, gated)
            for column, other in enumerate(data.columns):
                cross[row][number, column] = np.einsum("pl,pl->p", gated, other)
    tuning = library.tuning(data.frame.turn).astype(np.float32)
    return [
        Sums(
            data.names,
            data.frame.target,
            data.frame.source,
            gram,
            cross[row][library.shape] * tuning[:, None],
            square[row][library.shape] * tuning**2,
            library.members,
        )
        for row in range(len(gates))
    ]


@dataclass(frozen=True)
class Totals:
    """Sums over pairs, leading axes any: gram (..., c, c), cross (..., e, c), square (..., e)."""

    gram: np.ndarray
    cross: np.ndarray
    square: np.ndarray

    def map(self, function):
        """The same change of all three, over the leading axes."""
        return Totals(*map(function, (self.gram, self.cross, self.square)))


def total(sums):
    """Totals over all pairs, without leading axes."""
    whole = (part.sum(axis=-1, dtype=float) for part in (sums.gram, sums.cross, sums.square))
    return Totals(*whole)


def base_fit(totals, names, base, kernel):
    """Coefficients (..., b) of the base regressors alone, and the inverse of their Gram matrix (..., b, b)."""
    rows, column = [names.index(one) for one in base], names.index(kernel)
    inverse = np.linalg.inv(totals.gram[..., rows, :][..., rows])
    return (inverse @ totals.gram[..., rows, column][..., None])[..., 0], inverse


def element_fit(totals, names, base, kernel):
    """Fit every element beside the base regressors.

    Parameters
    ----------
    totals : Totals
    names : tuple of str
        Of its columns.
    base : tuple of str
        Columns that are always there, "1" among them.
    kernel : str
        Column to explain.

    Returns
    -------
    gain : array (..., e)
        g >= 0.
    reduction : array (..., e)
        By how much the element lowers the sum of squares that the base leaves.
    """
    plain, inverse = base_fit(totals, names, base, kernel)
    with_base = totals.cross[..., [names.index(one) for one in base]]
    left = totals.square - ((with_base @ inverse) * with_base).sum(axis=-1)
    shared = totals.cross[..., names.index(kernel)] - (with_base @ plain[..., None])[..., 0]
    shared = np.maximum(shared, 0)
    gain = np.where(left > 1e-9 * totals.square, shared / np.where(left > 0, left, 1), 0.0)
    return gain, gain * shared


def picked(totals, element):
    """One element (...) of totals: its cross (..., c) and square (...)."""
    cross = np.take_along_axis(totals.cross, element[..., None, None], axis=-2)[..., 0, :]
    return cross, np.take_along_axis(totals.square, element[..., None], axis=-1)[..., 0]


def left_over(totals, names, base, kernel, coefficients, gain=0.0, element=None):
    """Sum of squares (...) that coefficients (..., b) of the base and a gain (...) of an element (...) leave, on any totals."""
    rows, column = [names.index(one) for one in base], names.index(kernel)
    normal, right = totals.gram[..., rows, :][..., rows], totals.gram[..., rows, column]
    error = totals.gram[..., column, column] - 2 * (coefficients * right).sum(axis=-1)
    error = error + (coefficients * (normal @ coefficients[..., None])[..., 0]).sum(axis=-1)
    if element is None:
        return error
    cross, square = picked(totals, element)
    return error + gain**2 * square - 2 * gain * (cross[..., column] - (coefficients * cross[..., rows]).sum(axis=-1))


@dataclass(frozen=True)
class Model:
    """Regressors that are always there, and a family whose best element joins them (None: none does)."""

    family: str | None
    base: tuple = ("1",)


def fold_numbers(count, folds, seed):
    """A random split of the cells in folds of nearly equal size: int array (count,)."""
    if count < 2 * folds:
        raise PaperCodeError(f"{count} cells are too few for {folds} folds; cross-validation needs two a fold")
    return np.random.default_rng(seed).permutation(np.arange(count) % folds)


def block_totals(sums, number, weights):
    """Totals of the blocks target fold a x source fold b, pair (i, j) counted w_i w_j times: leading axes (r, f, f)."""
    folds, draws = number.max() + 1, len(weights)
    parts = [part.reshape(-1, part.shape[-1]) for part in (sums.gram, sums.cross, sums.square)]
    blocks = [np.empty((draws, folds, folds, len(part))) for part in parts]
    for a in range(folds):
        for b in range(folds):
            pairs = np.flatnonzero((number[sums.target] == a) & (number[sums.source] == b))
            weight = (weights[:, sums.target[pairs]] * weights[:, sums.source[pairs]]).astype(np.float32)
            for block, part in zip(blocks, parts, strict=True):
                block[:, a, b] = weight @ part[:, pairs].T
    shapes = (sums.gram.shape[:-1], sums.cross.shape[:-1], sums.square.shape[:-1])
    return Totals(*(block.reshape(draws, folds, folds, *shape) for block, shape in zip(blocks, shapes, strict=True)))


def _outside(blocks):
    """For each block (a, b) the sum over the blocks of other target folds and other source folds."""
    rows, columns = blocks.sum(axis=1, keepdims=True), blocks.sum(axis=2, keepdims=True)
    return rows.sum(axis=2, keepdims=True) - rows - columns + blocks


def cross_validated(sums, models, kernel, number, weights):
    """Cross-validated R^2 of models, each draw of the filters with its own choice of parameters.

    Parameters
    ----------
    sums : Sums
    models : sequence of Model
    kernel : str
        Column to explain.
    number : int array (m,)
        Fold of each cell.
    weights : array (r, m)
        How often each filter counts; ones for the data themselves.

    Returns
    -------
    array (r, len(models))
    """
    found = []
    for start in range(0, len(weights), DRAWS):
        blocks = block_totals(sums, number, weights[start : start + DRAWS])
        training = blocks.map(_outside)
        mean = left_over(blocks, sums.names, ("1",), kernel, base_fit(training, sums.names, ("1",), kernel)[0])
        columns, solved = [], {}
        for model in models:
            coefficients, inverse = base_fit(training, sums.names, model.base, kernel)
            gain, element = 0.0, None
            if model.family is not None:
                if model.base not in solved:
                    solved[model.base] = element_fit(training, sums.names, model.base, kernel)
                members = sums.members[model.family]
                element = members[solved[model.base][1][..., members].argmax(axis=-1)]
                gain = np.take_along_axis(solved[model.base][0], element[..., None], axis=-1)[..., 0]
                with_base = picked(training, element)[0][..., [sums.names.index(one) for one in model.base]]
                coefficients = coefficients - gain[..., None] * (inverse @ with_base[..., None])[..., 0]
            error = left_over(blocks, sums.names, model.base, kernel, coefficients, gain, element)
            columns.append(1 - error.sum(axis=(1, 2)) / mean.sum(axis=(1, 2)))
        found.append(np.stack(columns, axis=1))
    return np.concatenate(found)


def best(sums, family, kernel):
    """The element that fits best, its gain and its R^2, on all pairs."""
    whole = total(sums)
    gain, reduction = element_fit(whole, sums.names, ("1",), kernel)
    element = sums.members[family][reduction[sums.members[family]].argmax()]
    column = sums.names.index(kernel)
    spread = whole.gram[column, column] - whole.gram[0, column] ** 2 / whole.gram[0, 0]
    return int(element), float(gain[element]), float(reduction[element] / spread)


def family_r2(totals, names, kernel, members, families=FAMILIES):
    """R^2 of each family's best element beside a constant: (..., families)."""
    column = names.index(kernel)
    spread = totals.gram[..., column, column] - totals.gram[..., 0, column] ** 2 / totals.gram[..., 0, 0]
    reduction = element_fit(totals, names, ("1",), kernel)[1]
    return np.stack([reduction[..., members[family]].max(axis=-1) for family in families], axis=-1) / spread[..., None]


def relabelled_r2(data, library, kernel, orders, coherent=True):
    """R^2 of the families on all pairs with cell a given the label of cell b where ``orders[r, b] = a``: (r, families).

    The parameters are chosen anew for every order. The identity gives the R^2 of the data.

    Parameters
    ----------
    data : Data
    library : Library
    kernel : array (m, m, k, k)
    orders : int array (r, m)
    """
    frame, gate = data.frame, data.gate(coherent)
    flat = np.reshape(kernel, (data.count**2, -1)).astype(np.float32)
    moved = orders[:, frame.target] * data.count + orders[:, frame.source]
    elements = np.arange(len(library))
    cross, ends = np.zeros((len(orders), len(elements))), np.zeros((2, len(elements)))
    for start in range(0, len(frame.turn), PAIRS):
        pairs = slice(start, start + PAIRS)
        values = library.values(data.places[pairs], elements) * gate[pairs]
        values = values.reshape(len(elements), -1)
        ends += values.sum(axis=1), np.einsum("ev,ev->e", values, values)
        cross += flat[moved[:, pairs]].reshape(len(orders), -1) @ values.T
    # The offsets inside CORE are other values of K in each order, and few.
    pair, offset = np.nonzero(~data.keep)
    left_out = flat[moved[:, pair], offset].astype(float)
    every = flat[frame.target * data.count + frame.source].astype(float)
    mean = (every.sum() - left_out.sum(axis=1)) / data.keep.sum()
    spread = (every**2).sum() - (left_out**2).sum(axis=1) - data.keep.sum() * mean**2
    shared = np.maximum(cross - np.outer(mean, ends[0]), 0)
    reduction = shared**2 / (ends[1] - ends[0] ** 2 / data.keep.sum())
    return np.stack([reduction[:, library.members[family]].max(axis=1) for family in FAMILIES], axis=1) / spread[:, None]
