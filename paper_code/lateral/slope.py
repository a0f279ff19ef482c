"""Does K draw curves? The orientation it prefers at each place around a cell, against Theta = c psi.

psi is the direction of the place, 0 along the target's bars. c = 2 is co-circularity, 1 a radial field, 0 parallel bars, 3/2 what a contour
completed by a random walk of directions prefers. The map of cos Phi that the orientations are read from is that of :mod:`turn_map`.

Where c is not whole, c psi jumps across the y axis (psi = 90 and -90 degrees are one line). The blur mixes both sides: a planted c = 3/2
comes back as 1.4, whole slopes as they are.
"""

from dataclasses import dataclass

import numpy as np

from paper_code import se2, weights
from paper_code.errors import PaperCodeError
from paper_code.filters import fit_gabor, null_gabor_r2
from paper_code.geometry import pixel_grid
from paper_code.lateral.frame import PairFrame, oriented_frame
from paper_code.lateral.measures import NULL_QUANTILE
from paper_code.lateral.rf_kernel import rf_kernel
from paper_code.lateral.selectivity import RANGE, standardise
from paper_code.lateral.statistics import Test, against, bootstrap_weights, interval, permutations
from paper_code.lateral.turn_map import THETAS, TurnMap

SLOPES = {"parallel": 0.0, "radial": 1.0, "completion": 1.5, "cocircular": 2.0}
INNER, OUTER = 2.0, 8.0  # px: nearer places have no direction, farther ones no K
GRID = np.linspace(-1, 4, 251)  # where c is sought
PLANTED_WIDTH = np.deg2rad(25)  # sd of the turns of a planted kernel


def ring():
    """Places where the slope is measured: x > 0 or (x = 0, y > 0), whole px, INNER <= r <= OUTER. Two arrays (q,)."""
    x, y = (axis.ravel() for axis in pixel_grid(int(2 * OUTER) + 1))
    r = np.hypot(x, y)
    keep = (r >= INNER) & (r <= OUTER) & ((x > 0) | ((x == 0) & (y > 0)))
    return x[keep], y[keep]


def preferred(maps):
    """The mode over theta at each place and its coefficient, none below 0; maps (n, q) or (r, n, q) give two arrays (q,) or (r, q)."""
    maps = np.asarray(maps)
    theta, weight = se2.mode_field(np.moveaxis(maps[None] if maps.ndim == 2 else maps, 1, 0))
    weight = np.maximum(weight, 0)
    return (theta[0], weight[0]) if maps.ndim == 2 else (theta, weight)


def scores(theta, weight, x, y, c):
    """sum w cos 2 (theta - c psi) / sum w for each slope of c (s,): (..., s), theta and weight (..., q)."""
    psi = se2.fold(np.arctan2(y, x))
    turn = 2 * psi[:, None] * np.atleast_1d(c)
    score = (weight * np.cos(2 * theta)) @ np.cos(turn) + (weight * np.sin(2 * theta)) @ np.sin(turn)
    return score / np.maximum(weight.sum(-1), 1e-300)[..., None]


@dataclass(frozen=True)
class Field:
    """A map (n, q) and what its preferred orientations say."""

    maps: np.ndarray  # (n, q), coefficients
    fit: se2.SlopeFit
    scores: dict  # name of SLOPES: score of the preferred orientations
    free: dict  # the same without a mode: sum K+ cos 2 (theta - c psi) / sum K+
    curve: np.ndarray  # scores on GRID


def field(maps, x, y):
    """Measure a map (n, q) over the turns THETAS at the places x, y: a :class:`Field`.

    Raises
    ------
    PaperCodeError
        If the map is nowhere positive.
    """
    theta, weight = preferred(maps)
    if not weight.sum() > 0:
        raise PaperCodeError("a map that is nowhere positive has no preferred orientations")
    fit = se2.fit_slope(x, y, theta, weight)
    named = dict(zip(SLOPES, map(float, scores(theta, weight, x, y, list(SLOPES.values()))), strict=True))
    positive = np.maximum(maps, 0)
    free = {name: se2.slope_score(c, x, y, THETAS[:, None], positive) for name, c in SLOPES.items()}
    return Field(np.asarray(maps), fit, named, free, scores(theta, weight, x, y, GRID))


@dataclass(frozen=True)
class SlopeMeasures:
    """The association field of one kernel."""

    field: Field
    slope: tuple  # 95 % of the bootstrap over filters
    interval: tuple  # the same of the co-circularity
    cocircularity: Test  # against relabelled cells
    differences: Test  # against shuffled orientation differences, places and phases kept
    alignment: Test  # the score at its own best slope, against relabelled cells at theirs
    null: np.ndarray  # co-circularity of the relabelled cells, (r,)
    prefers: float  # share of the bootstrap draws in which co-circular bars score above parallel ones


def measure_slope(kernel, frame, orders, draws):
    """Slope and co-circularity of one kernel with its interval and nulls.

    Parameters
    ----------
    kernel : array (n, n, k, k)
    frame : PairFrame
        Of all its pairs.
    orders, draws : arrays (r, n)
        Of :func:`permutations` and :func:`bootstrap_weights`.

    Returns
    -------
    SlopeMeasures
    """
    kernel = standardise(kernel)
    x, y = ring()
    turn_map = TurnMap(frame, x, y)
    found = field(turn_map(kernel), x, y)

    def curves(maps):
        return scores(*preferred(maps), x, y, GRID)

    drawn = curves(turn_map.bootstrap(kernel, draws))
    null, dealt = curves(turn_map.relabelled(kernel, orders)), curves(turn_map.regrouped(kernel, orders))
    zero, two = (int(np.argmin(np.abs(GRID - SLOPES[name]))) for name in ("parallel", "cocircular"))
    value = found.fit.cocircularity
    return SlopeMeasures(
        found,
        tuple(map(float, interval(GRID[drawn.argmax(1)]))),
        tuple(map(float, interval(drawn[:, two]))),
        against(value, null[:, two]),
        against(value, dealt[:, two]),
        against(found.fit.alignment, null.max(1)),
        null[:, two],
        float(np.mean(drawn[:, two] > drawn[:, zero])),
    )


def planted(frame, count, c, width=PLANTED_WIDTH):
    """A kernel with the slope c between the cells of a frame: exp(-|D|^2/32) exp(-(turn - c psi)^2 / 2 width^2) cos Phi.

    Zero for a cell to itself; (count, count, k, k).
    """
    psi = se2.fold(np.arctan2(frame.across, frame.along))
    gap = se2.fold(frame.turn[:, None] - c * psi)
    values = np.exp(-frame.squared_distance / RANGE - gap**2 / (2 * width**2)) * np.cos(frame.phase)
    side = int(round(np.sqrt(frame.phase.shape[1])))
    kernel = np.zeros((count, count, side, side))
    kernel[frame.target, frame.source] = values.reshape(-1, side, side)
    return kernel


def recovered(frame, c):
    """The slope that the measure finds in a planted kernel without noise: what its blur does to c."""
    x, y = ring()
    count = 1 + int(max(frame.target.max(), frame.source.max()))
    return field(TurnMap(frame, x, y)(planted(frame, count, c)), x, y).fit.c


def power(kernel, frame, orders, c=2.0):
    """What the measure would say of a kernel as loud as K, of slope c and with K's own noise.

    The noise is K with its cells relabelled; the planted part has the correlation with the sum that K has with exp(-|D|^2/32) cos Phi.

    Returns
    -------
    slopes, cocircularities : arrays (r,)
        Of each order.
    """
    kernel, count = standardise(kernel), len(kernel)
    pairs = frame.target, frame.source
    side = kernel.shape[-1]
    plain = (np.exp(-frame.squared_distance / RANGE) * np.cos(frame.phase)).ravel()
    r = abs(np.corrcoef(kernel[pairs].reshape(len(frame.turn), side**2).ravel(), plain)[0, 1])
    signal = standardise(planted(frame, count, c))
    x, y = ring()
    turn_map = TurnMap(frame, x, y)
    maps = np.stack([turn_map(r * signal + np.sqrt(1 - r**2) * kernel[np.ix_(order, order)]) for order in orders])
    curves = scores(*preferred(maps), x, y, GRID)
    return GRID[curves.argmax(1)], curves[:, int(np.argmin(np.abs(GRID - c)))]


def model_maps():
    """The group models at the places of :func:`square`: maps (n, m, m) by name.

    Direction process with D = .05 and killing rate .2 per px, enhancement with D11 = 1, D22 = .05 and killing rate .1, both undirected.
    """
    blurs = {"blur": 0.3, "blur_theta": 0.05, "undirected": True}
    processes = {
        "direction": se2.DirectionProcess(D=0.05, alpha=0.2, **blurs),
        "enhancement": se2.Enhancement(D11=1.0, D22=0.05, alpha=0.1, **blurs),
    }
    return {name: se2.lattice_kernel(one, radius=int(OUTER), angles=THETAS, cell=0)[0] for name, one in processes.items()}


def model_fields(maps):
    """The models' maps measured at the places of K: a :class:`Field` each."""
    x, y = ring()
    row, column = np.rint(OUTER - y).astype(int), np.rint(x + OUTER).astype(int)
    return {name: field(values[:, row, column], x, y) for name, values in maps.items()}


def square():
    """Ticks (m,) in whole px of a square of places, ascending; its maps have rows from top to bottom."""
    return np.arange(-OUTER, OUTER + 1)


def picture(kernel, frame):
    """The coefficient of cos Phi at the places of :func:`square`: (n, m, m)."""
    x, y = (axis.ravel() for axis in pixel_grid(int(2 * OUTER) + 1))
    return TurnMap(frame, x, y)(kernel).reshape(len(THETAS), len(square()), -1)


@dataclass(frozen=True)
class NetworkSlopes:
    """One network's association field, RF's, and that of K before training."""

    seed: int
    frame: PairFrame  # of the oriented cells
    bar: float  # median sd of their envelopes along their bars, px
    carrier: float  # and across them, px
    kernel: np.ndarray  # K between them, standardised
    rf_kernel: np.ndarray
    start_kernel: np.ndarray
    trained: SlopeMeasures
    rf: SlopeMeasures
    untrained: SlopeMeasures
    power: tuple  # slopes and co-circularities of :func:`power`


def measure_slopes(condition, seeds, field_null_count=200, permuted=999, drawn=1000, planted_count=100, resampling_seed=0):
    """Measure the association fields of a condition's shipped networks: a list of :class:`NetworkSlopes`.

    K after training has all ``permuted`` relabellings and ``drawn`` draws of the filters, RF and the untrained K a quarter and a half.

    Raises
    ------
    PaperCodeError
        If the condition has no lateral connections or a network is missing.
    """
    found = []
    for seed in seeds:
        early, start = weights.load_early(condition, seed), weights.load_snapshots(condition, seed)[0]
        if early.K is None or start.K is None:
            raise PaperCodeError(f"networks of the condition {condition} have no lateral kernel; choose another condition")
        null = null_gabor_r2(early.l1.shape[-1], "smooth", field_null_count, 0, psi0=early.l0)
        stride = weights.entry(condition, seed)["condition"]["network"]["stride"]
        fits = fit_gabor(early.receptive_fields)
        size = early.K.shape[-1]
        oriented, cells, frame = oriented_frame(fits, np.quantile(null, NULL_QUANTILE), size, stride)
        among = np.ix_(oriented, oriented)
        kernels = [standardise(one[among]) for one in (early.K, rf_kernel(early.receptive_fields, size, stride), start.K)]
        orders, draws = permutations(len(cells), permuted, resampling_seed), bootstrap_weights(len(cells), drawn, resampling_seed)
        few = len(orders) // 4 + 1
        measured = [measure_slope(kernels[0], frame, orders, draws)]
        measured += [measure_slope(one, frame, orders[:few], draws[: len(draws) // 2 + 1]) for one in kernels[1:]]
        shape = [float(np.median(one[oriented])) for one in (fits.sigma_along_bar, fits.sigma_along_carrier)]
        found.append(NetworkSlopes(seed, frame, *shape, *kernels, *measured, power(kernels[0], frame, orders[:planted_count])))
    return found


def by_distance(maps, edges=(INNER, 4.0, OUTER)):
    """A map (n, q) measured in rings of its places: a :class:`Field` for each pair of neighbouring edges, px."""
    x, y = ring()
    r = np.hypot(x, y)
    rings = [(r >= low) & (r <= high) for low, high in zip(edges[:-1], edges[1:], strict=True)]
    return [field(maps[:, keep], x[keep], y[keep]) for keep in rings]


def mean_map(networks):
    """The coefficients of the trained K at the places of :func:`ring`, averaged over the seeds: (n, q)."""
    return np.mean([one.trained.field.maps for one in networks], axis=0)


def numbers(networks, models):
    """What the results file keeps: one value a seed under each key, and the models' values."""
    kept = {"seeds": [one.seed for one in networks], "oriented_cells": [len(one.kernel) for one in networks]}
    kept["relabellings"] = [len(one.trained.null) for one in networks]
    kept |= {"envelope_along_px": [one.bar for one in networks], "envelope_across_px": [one.carrier for one in networks]}
    for prefix, pick in (("", "trained"), ("rf_", "rf"), ("untrained_", "untrained")):
        for name, value in _columns().items():
            kept[prefix + name] = [float(value(getattr(one, pick))) for one in networks]
    for name, c in SLOPES.items():
        kept[f"planted_{name}_c"] = [recovered(one.frame, c) for one in networks]
    kept["planted_slope_c"] = [float(np.median(one.power[0])) for one in networks]
    kept["planted_cocircularity"] = [float(np.median(one.power[1])) for one in networks]
    kept["planted_found"] = [float(np.mean(one.power[1] > np.quantile(one.trained.null, 0.95))) for one in networks]
    rings, rf_rings = ([by_distance(getattr(one, pick).field.maps) for one in networks] for pick in ("trained", "rf"))
    mean = field(mean_map(networks), *ring())
    kept |= {"mean_slope_c": mean.fit.c, "mean_cocircularity": mean.fit.cocircularity}
    for number, name in enumerate(("near", "far")):
        kept[f"{name}_slope_c"] = [one[number].fit.c for one in rings]
        kept[f"{name}_cocircularity"] = [one[number].fit.cocircularity for one in rings]
        kept[f"rf_{name}_slope_c"] = [one[number].fit.c for one in rf_rings]
        kept[f"rf_{name}_cocircularity"] = [one[number].fit.cocircularity for one in rf_rings]
        kept[f"mean_{name}_slope_c"] = by_distance(mean_map(networks))[number].fit.c
        kept[f"mean_{name}_cocircularity"] = by_distance(mean_map(networks))[number].fit.cocircularity
    for model, one in models.items():
        kept[f"{model}_slope_c"] = one.fit.c
        kept[f"{model}_cocircularity"] = one.fit.cocircularity
        kept[f"{model}_deviation_degrees"] = float(np.degrees(one.fit.deviation))
        kept |= {f"{model}_score_{name}": value for name, value in one.scores.items()}
        kept |= {f"{model}_free_{name}": value for name, value in one.free.items()}
    return kept


def _columns():
    columns = {
        "slope_c": lambda one: one.field.fit.c,
        "slope_low": lambda one: one.slope[0],
        "slope_high": lambda one: one.slope[1],
        "alignment": lambda one: one.field.fit.alignment,
        "alignment_p": lambda one: one.alignment.p,
        "cocircularity": lambda one: one.field.fit.cocircularity,
        "cocircularity_low": lambda one: one.interval[0],
        "cocircularity_high": lambda one: one.interval[1],
        "cocircular_above_parallel": lambda one: one.prefers,
        "cocircularity_z": lambda one: one.cocircularity.z,
        "cocircularity_p": lambda one: one.cocircularity.p,
        "cocircularity_differences_p": lambda one: one.differences.p,
        "deviation_degrees": lambda one: np.degrees(one.field.fit.deviation),
    }
    for name in SLOPES:
        columns[f"score_{name}"] = lambda one, name=name: one.field.scores[name]
        columns[f"free_{name}"] = lambda one, name=name: one.field.free[name]
    return columns
