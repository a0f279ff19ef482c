"""Statistical inference with networks as the sample.

A measure has one value per network. It is reported as an :class:`Estimate`: the mean over networks with its t interval and p.
In addition there are nulls made within networks (:func:`permutation_p`), corrections for multiple tests (:func:`holm`,
:func:`benjamini_hochberg`) and a test that a difference is small (:func:`equivalence_p`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from paper_code.core.errors import PaperCodeError, short


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, the p of the hypothesis that it equals ``null``, and ``null`` itself, what chance gives."""

    value: float
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    null: float = 0.0


def over_networks(values: ArrayLike, null: float = 0.0) -> Estimate:
    """Mean of finite values (n,), one per network, n >= 2, with its 95 % t interval and the two-sided p of a mean of ``null``.

    p is 1 if all values equal the null, and 0 if they all equal one other value.
    """
    values = _sample(values)
    return _estimate(values.mean(), values.std(ddof=1) / np.sqrt(len(values)), len(values) - 1, null)


def estimated(values: ArrayLike, null: float = 0.0) -> Estimate:
    """:func:`over_networks` for one or more values (n,): a single network, as in the quick profile, gives only a value."""
    return over_networks(values, null) if len(values) > 1 else Estimate(float(values[0]), null=null)


def equivalence_p(values: ArrayLike, margin: float) -> float:
    """p of two one-sided t tests: small where the mean over networks reliably lies within ``margin`` of 0 (Schuirmann 1987)."""
    values = _sample(values)
    if not margin > 0:
        raise PaperCodeError(f"an equivalence test needs a margin above 0, not {margin}")
    error = values.std(ddof=1) / np.sqrt(len(values))
    nearest = margin - abs(values.mean())
    if error == 0:
        return 0.0 if nearest > 0 else 1.0
    return float(special.stdtr(len(values) - 1, -nearest / error))


def holm(p: ArrayLike) -> np.ndarray:
    """p values (n,), each adjusted for all tests (Holm 1979): reject where the result is below alpha."""
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    adjusted = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted[np.argsort(order)]


def benjamini_hochberg(p: ArrayLike) -> np.ndarray:
    """p values (n,), adjusted for the false discovery rate (Benjamini and Hochberg 1995)."""
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    return np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)[np.argsort(order)]


def permutation_p(observed: ArrayLike, null: ArrayLike) -> np.ndarray:
    """Two-sided p (...) of ``observed`` (...) against ``null`` (r, ...): (1 + #{|T* - m| >= |T - m|}) / (1 + r), m the mean of T*."""
    null = np.asarray(null, float)
    centre = null.mean(axis=0)
    distance = np.abs(np.asarray(observed, float) - centre)
    # Ties count, and rounding must not break them.
    extreme = np.abs(null - centre) >= distance * (1 - 1e-9)
    return (1 + extreme.sum(axis=0)) / (1 + len(null))


def permutation_p_of_greatest(observed: ArrayLike, null: ArrayLike) -> np.ndarray:
    """The same for t statistics at once, corrected for multiple tests: each (t,) against the farthest in each permutation (r, t).

    Distances from the mean are in standard deviations of the permutations (Westfall and Young 1993, single step).
    """
    null = np.asarray(null, float)
    centre, spread = null.mean(axis=0), null.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    greatest = (np.abs(null - centre) / spread).max(axis=1)
    distance = np.abs(np.asarray(observed, float) - centre) / spread
    return (1 + (greatest[:, None] >= distance * (1 - 1e-9)).sum(axis=0)) / (1 + len(null))


def pooled_differences(groups: Mapping[str, ArrayLike], base: str) -> dict[str, Estimate]:
    """Difference of each group's mean from that of the base, with 95 % t intervals; the variance is pooled within all groups (n,).

    With two or three networks per group, no group can estimate its own variance; all together can. A group without finite values gives NaN.
    """
    kept = {name: np.asarray(values, float)[np.isfinite(values)] for name, values in groups.items()}
    squares = sum(((values - values.mean()) ** 2).sum() for values in kept.values() if len(values))
    freedom = sum(max(len(values) - 1, 0) for values in kept.values())
    if base not in kept or len(kept[base]) == 0 or freedom < 1:
        raise PaperCodeError(f"differences need values of {base} and at least two networks in some condition")
    variance, control = squares / freedom, kept.pop(base)
    result = dict.fromkeys(kept, Estimate(math.nan))
    for name, values in kept.items():
        if len(values):
            error = np.sqrt(variance * (1 / len(values) + 1 / len(control)))
            result[name] = _estimate(values.mean() - control.mean(), error, freedom)
    return result


def permutations(count: int, times: int, seed: int | Sequence[int]) -> np.ndarray:
    """Random orders of ``count`` items: int array (times, count)."""
    return generator(seed).permuted(np.tile(np.arange(count), (times, 1)), axis=1)


def bootstrap_weights(count: int, times: int, seed: int | Sequence[int]) -> np.ndarray:
    """How often each of ``count`` items is drawn, with ``count`` draws with replacement per row: float array (times, count)."""
    return generator(seed).multinomial(count, np.full(count, 1 / count), size=times).astype(float)


def generator(seed: int | Sequence[int]) -> np.random.Generator:
    """A generator from an explicit seed, an integer >= 0 or a sequence of them: nothing here is drawn without one."""
    parts = seed if isinstance(seed, tuple | list) else [seed]
    if not parts or any(isinstance(one, bool) or not isinstance(one, int | np.integer) or one < 0 for one in parts):
        raise PaperCodeError(f"a random draw needs a seed, a whole number >= 0, not {short(seed)}")
    return np.random.default_rng(seed)


def _estimate(value: float, error: float, freedom: int, null: float = 0.0) -> Estimate:
    """A value with a standard error, as an estimate with its t interval and p."""
    half, distance = special.stdtrit(freedom, 0.975) * error, abs(value - null)
    p = 2 * special.stdtr(freedom, -distance / error) if error > 0 else float(distance == 0)
    return Estimate(float(value), float(value - half), float(value + half), float(p), float(null))


def _sample(values: ArrayLike) -> np.ndarray:
    values = np.asarray(values, float)
    if values.ndim != 1 or len(values) < 2:
        raise PaperCodeError(f"inference over networks needs at least 2 of them, got {values.size}")
    if not np.isfinite(values).all():
        raise PaperCodeError("a network has no value of this measure (NaN); leave out the measure, not the network")
    return values


def correlation(one: np.ndarray, other: np.ndarray, axis: int | tuple[int, ...] = (-2, -1)) -> np.ndarray:
    """Pearson correlation over the given axes; 0 where either does not vary, such as the field of a cell that never responded."""
    one, other = (values - values.mean(axis, keepdims=True) for values in (one, other))
    norms = np.sqrt((one**2).sum(axis) * (other**2).sum(axis))
    return np.divide((one * other).sum(axis), norms, out=np.zeros_like(norms), where=norms > 0)
