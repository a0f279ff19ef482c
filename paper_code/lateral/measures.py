"""The measures of claim 3 on shipped networks, each beside its null distributions and its untrained start."""

from dataclasses import dataclass

import numpy as np

from paper_code import weights
from paper_code.errors import PaperCodeError
from paper_code.filters import GaborBank, fit_gabor, null_gabor_r2
from paper_code.lateral import selectivity
from paper_code.lateral.frame import Cells, PairFrame, oriented_frame, pair_frame
from paper_code.lateral.rf_kernel import rf_kernel
from paper_code.lateral.statistics import Test, against, bootstrap_weights, interval, permutations
from paper_code.lateral.tuning import FLANKS, Curve, Estimate, Tuning, ends, estimate, measure_flanks, measure_tuning

NULL_QUANTILE = 0.95


@dataclass(frozen=True)
class LateralMeasures:
    """One network's lateral kernel, measured. Standardised kernels are between the n oriented cells."""

    seed: int
    fits: GaborBank  # all cells' receptive fields
    oriented: np.ndarray  # (cells,) bool
    null_r2: float  # Gabor R^2 that 95 % of smooth random fields behind the same l0 stay below
    kernel: np.ndarray  # (cells, cells, k, k), as trained
    rf: np.ndarray  # (cells, cells, k, k), correlation of the receptive fields
    frame: PairFrame  # of the oriented cells
    strengths: dict  # name: Curve
    tuning: Tuning
    only_orientations: Test  # difference, with the orientations alone shuffled
    only_differences: Test  # difference, phases kept and the orientation differences relabelled
    rf_tuning: np.ndarray  # (g,), the coherent curve of RF
    rf_contrast: float  # the elongation contrast of RF
    contrast_gain: tuple  # 95 % interval of the contrast of K less that of RF
    rf_correlation: Estimate
    rf_null: np.ndarray  # correlations with the cells relabelled
    broad_share: float
    broad_negative: float
    difference_all_cells: float  # with every cell kept, whatever its fit
    unsure: int  # oriented cells whose fitted and spectral orientation differ by more than 5 degrees
    sure_difference: Estimate  # tuning difference without them
    sure_elongation: Estimate
    flanks: dict  # name of FLANKS: Flanks of K
    rf_flanks: dict  # the same of RF
    untrained_tuning: Tuning  # of the initial K, under the trained cells' labels
    untrained_correlation: Test
    untrained_broad_share: float

    @property
    def standard_kernel(self):
        """K between the oriented cells, in standard deviations."""
        return selectivity.standardise(self.kernel[np.ix_(self.oriented, self.oriented)])

    @property
    def standard_rf(self):
        """RF between the oriented cells, in standard deviations."""
        return selectivity.standardise(self.rf[np.ix_(self.oriented, self.oriented)])


def _strength_curves(kernel, frame, orders, draws):
    probe = selectivity.strength_probe(frame, len(kernel))
    curves = {}
    for name, strength in selectivity.strengths(kernel).items():
        sums = probe.sums(strength)
        curves[name] = Curve(sums.value, *interval(sums.bootstrap(draws)), *interval(probe.null(strength, orders)))
    return curves


def measure_kernel(kernel, untrained, fields, null_r2, stride, seed=0, permuted=9999, shuffled=999, drawn=2000, resampling_seed=0):
    """All measures of one lateral kernel.

    Parameters
    ----------
    kernel, untrained : arrays (n, n, k, k)
        After and before training.
    fields : array (n, b, b)
        The trained cells' receptive fields.
    null_r2 : float
        Cells whose Gabor fit does not exceed it have no orientation, and are left out of all that needs one.
    stride : int
        Pixels between neighbouring places of l1.
    seed : int
        Named in the result.
    permuted, shuffled, drawn : int
        Relabellings of the cells, shuffles of the orientations alone (at most as many), and bootstrap draws.
    resampling_seed : int
        Of all three.

    Returns
    -------
    LateralMeasures

    Raises
    ------
    PaperCodeError
        If fewer than two cells are oriented, or a kernel does not vary.
    """
    size = kernel.shape[-1]
    fits = fit_gabor(fields)
    oriented, cells, frame = oriented_frame(fits, null_r2, size, stride)
    among = np.ix_(oriented, oriented)
    orders, draws = permutations(len(cells), permuted, resampling_seed), bootstrap_weights(len(cells), drawn, resampling_seed)
    rf = rf_kernel(fields, size, stride)
    inner, inner_rf = selectivity.standardise(kernel[among]), selectivity.standardise(rf[among])
    tuning = measure_tuning(inner, frame, orders, draws)
    alone = selectivity.orientation_null(inner, cells, stride, orders[:shuffled])
    regrouped = selectivity.tuning_probe(frame, len(cells)).sums(inner).regrouped(orders)
    elongation = selectivity.elongation_probe(frame, len(cells))
    gain = np.subtract(*(selectivity.contrast(elongation.sums(one).bootstrap(draws)) for one in (inner, inner_rf)))

    every = permutations(len(kernel), permuted, resampling_seed)
    probe, _ = selectivity.correlation_sums(kernel, rf)
    whole = selectivity.standardise(kernel)
    null = probe.null(whole, every)[:, 0]
    resampled = selectivity.correlation_bootstrap(kernel, rf, bootstrap_weights(len(kernel), drawn, resampling_seed))
    start = selectivity.standardise(untrained)
    all_cells = pair_frame(Cells.from_gabors(fits), size, stride)
    share, negative = selectivity.broad_share(kernel)
    sure = oriented & ~fits.disagrees
    sure_frame = pair_frame(Cells.from_gabors(fits[sure]), size, stride)
    few = permutations(sure.sum(), permuted, resampling_seed), bootstrap_weights(sure.sum(), drawn, resampling_seed)
    certain = measure_tuning(kernel[np.ix_(sure, sure)], sure_frame, *few)
    return LateralMeasures(
        seed=seed,
        fits=fits,
        oriented=oriented,
        null_r2=float(null_r2),
        kernel=kernel,
        rf=rf,
        frame=frame,
        strengths=_strength_curves(kernel[among], frame, orders, draws),
        tuning=tuning,
        only_orientations=against(tuning.difference.value, alone.difference),
        only_differences=against(tuning.difference.value, ends(regrouped)),
        rf_tuning=selectivity.tuning_probe(frame, len(cells)).sums(inner_rf).value,
        rf_contrast=float(selectivity.contrast(elongation.sums(inner_rf).value)),
        contrast_gain=tuple(map(float, interval(gain))),
        rf_correlation=estimate(probe.sums(whole).value[0], resampled, null),
        rf_null=null,
        broad_share=share,
        broad_negative=negative,
        difference_all_cells=float(ends(selectivity.tuning_probe(all_cells, len(kernel)).sums(whole).value)),
        unsure=int(oriented.sum() - sure.sum()),
        sure_difference=certain.difference,
        sure_elongation=certain.elongation,
        flanks=measure_flanks(kernel[among], frame, orders, draws),
        rf_flanks=measure_flanks(rf[among], frame, orders[:shuffled], draws),
        untrained_tuning=measure_tuning(untrained[among], frame, orders, draws),
        untrained_correlation=against(probe.sums(start).value[0], probe.null(start, every[:shuffled])[:, 0]),
        untrained_broad_share=selectivity.broad_share(untrained)[0],
    )


def measure_lateral(condition, seeds, field_null_count=200, permuted=9999, shuffled=999, drawn=2000):
    """Measure the lateral kernels of a condition's shipped networks: a list of :class:`LateralMeasures`.

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
        level = float(np.quantile(null, NULL_QUANTILE))
        found.append(measure_kernel(early.K, start.K, early.receptive_fields, level, stride, seed, permuted, shuffled, drawn))
    return found


def example_pairs(network, targets=3):
    """Pairs that show what K does: well-fitted targets of different orientations, each with seven sources.

    Two sources of like orientation (within 15 degrees), the one whose wave agrees most with the target's at no offset and the one that
    disagrees most, then the best fitted of each further 15 degrees of orientation difference.

    Returns
    -------
    targets : list of int
        Cells of the network, one from each part of the half circle of orientations.
    sources : list of lists of int
    differences : list of lists of float
        Degrees.
    """
    frame, cells = network.frame, np.flatnonzero(network.oriented)
    fits = network.fits[cells]
    centre = np.cos(frame.phase[:, frame.phase.shape[1] // 2])
    bins = np.minimum(np.digitize(np.degrees(frame.difference), np.arange(15, 91, 15)), 5)
    found = ([], [], [])
    for part in range(targets):
        here = np.flatnonzero((fits.orientation * targets / np.pi).astype(int) == part)
        for target in here[np.argsort(-fits.r2[here])]:
            own = frame.target == target
            if len(np.unique(bins[own])) < 6 or (own & (bins == 0)).sum() < 2:
                continue
            like = np.flatnonzero(own & (bins == 0))
            pairs = [like[centre[like].argmax()], like[centre[like].argmin()]]
            for number in range(1, 6):
                others = np.flatnonzero(own & (bins == number))
                pairs.append(others[fits.r2[frame.source[others]].argmax()])
            found[0].append(int(cells[target]))
            found[1].append([int(cells[one]) for one in frame.source[pairs]])
            found[2].append([float(one) for one in np.degrees(frame.difference[pairs])])
            break
    return found


def index(curve):
    """(like - orthogonal) / (like + orthogonal) of a tuning curve (g,): how sharp it is, whatever its height."""
    return float((curve[0] - curve[-1]) / (curve[0] + curve[-1]))


def numbers(networks):
    """What the results file keeps of a list of :class:`LateralMeasures`: one value a seed under each key."""
    columns = {
        "seeds": lambda one: one.seed,
        "cells": lambda one: len(one.oriented),
        "oriented_cells": lambda one: int(one.oriented.sum()),
        "field_null_r2": lambda one: one.null_r2,
        "permutations": lambda one: len(one.rf_null),
        "tuning_curve": lambda one: one.tuning.coherent.value.tolist(),
        "tuning_like": lambda one: one.tuning.coherent.value[0],
        "tuning_orthogonal": lambda one: one.tuning.coherent.value[-1],
        **estimate_columns("tuning", lambda one: one.tuning.difference, "tuning_difference"),
        "tuning_orientations_z": lambda one: one.only_orientations.z,
        "tuning_orientations_p": lambda one: one.only_orientations.p,
        "tuning_differences_z": lambda one: one.only_differences.z,
        "tuning_differences_p": lambda one: one.only_differences.p,
        "tuning_difference_all_cells": lambda one: one.difference_all_cells,
        "unsure_cells": lambda one: one.unsure,
        **estimate_columns("sure_tuning", lambda one: one.sure_difference, "sure_tuning_difference"),
        **estimate_columns("sure_elongation", lambda one: one.sure_elongation, "sure_elongation"),
        "tuning_monotonicity": lambda one: one.tuning.monotonicity.value,
        "tuning_monotonicity_p": lambda one: one.tuning.monotonicity.p,
        "tuning_index": lambda one: index(one.tuning.coherent.value),
        "rf_tuning_index": lambda one: index(one.rf_tuning),
        "blind_curve": lambda one: one.tuning.blind.value.tolist(),
        **estimate_columns("blind", lambda one: one.tuning.blind_difference, "blind_difference"),
        **{f"{name}_curve": lambda one, name=name: one.strengths[name].value.tolist() for name in selectivity.STRENGTHS},
        **estimate_columns("rf", lambda one: one.rf_correlation, "rf_correlation"),
        "elongation_along": lambda one: one.tuning.along,
        "elongation_across": lambda one: one.tuning.across,
        **estimate_columns("elongation", lambda one: one.tuning.elongation, "elongation"),
        "elongation_contrast": lambda one: one.tuning.contrast,
        "rf_elongation_contrast": lambda one: one.rf_contrast,
        "contrast_gain_low": lambda one: one.contrast_gain[0],
        "contrast_gain_high": lambda one: one.contrast_gain[1],
        **{key: column for name in FLANKS for key, column in _flank_columns(name).items()},
        "broad_share": lambda one: one.broad_share,
        "broad_negative": lambda one: one.broad_negative,
        "broad_chance": lambda one: 1 / one.kernel.shape[-1] ** 2,
        "untrained_tuning_curve": lambda one: one.untrained_tuning.coherent.value.tolist(),
        "untrained_tuning_like": lambda one: one.untrained_tuning.coherent.value[0],
        "untrained_tuning_orthogonal": lambda one: one.untrained_tuning.coherent.value[-1],
        **estimate_columns("untrained_tuning", lambda one: one.untrained_tuning.difference, "untrained_tuning_difference"),
        **estimate_columns("untrained_elongation", lambda one: one.untrained_tuning.elongation, "untrained_elongation"),
        "untrained_rf_correlation": lambda one: one.untrained_correlation.value,
        "untrained_rf_z": lambda one: one.untrained_correlation.z,
        "untrained_rf_p": lambda one: one.untrained_correlation.p,
        "untrained_broad_share": lambda one: one.untrained_broad_share,
    }
    plain = {key: [column(one) for one in networks] for key, column in columns.items()}
    return {key: [value.item() if isinstance(value, np.generic) else value for value in values] for key, values in plain.items()}


def _flank_columns(name):
    """Columns of a Flanks of K, and the balance of RF."""
    prefix = f"flank_{name}"
    return {
        f"{prefix}_collinear": lambda one: one.flanks[name].collinear,
        f"{prefix}_flanking": lambda one: one.flanks[name].flanking,
        **estimate_columns(prefix, lambda one: one.flanks[name].difference, f"{prefix}_difference"),
        f"{prefix}_balance": lambda one: one.flanks[name].balance,
        f"{prefix}_balance_low": lambda one: one.flanks[name].balance_low,
        f"{prefix}_balance_high": lambda one: one.flanks[name].balance_high,
        f"rf_{prefix}_balance": lambda one: one.rf_flanks[name].balance,
    }


def estimate_columns(prefix, pick, name):
    """Columns of an Estimate, for a results file: functions from what holds it to its value, interval, z and p."""
    return {
        name: lambda one: pick(one).value,
        f"{name}_low": lambda one: pick(one).low,
        f"{name}_high": lambda one: pick(one).high,
        f"{prefix}_z": lambda one: pick(one).test.z,
        f"{prefix}_p": lambda one: pick(one).test.p,
    }
