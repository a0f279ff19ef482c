"""K beside CO: are cells joined that are active together on natural images?

CO is taken over images that the network was not trained on, from its feed-forward activity, so K has no part in it. It is not free of the
receptive fields: cells that overlap answer the same edge, so CO is measured against RF as well.
"""

from dataclasses import dataclass

import numpy as np

from paper_code.images import load as load_images
from paper_code.lateral import selectivity
from paper_code.lateral.measures import Curve, Estimate, estimate_columns, index
from paper_code.lateral.rf_kernel import co_kernel
from paper_code.lateral.statistics import against, bootstrap_weights, interval, permutations


@dataclass(frozen=True)
class CoMeasures:
    """One network's CO beside its K and RF. Correlations are over all offsets of all pairs of different cells."""

    seed: int
    kernel: np.ndarray  # CO, (cells, cells, k, k)
    correlation: Estimate  # of K with CO
    null: np.ndarray  # the same, the cells of CO relabelled
    with_rf: Estimate  # of RF with CO
    beyond_rf: Estimate  # of K with what is left of CO after its regression on RF
    tuning: Curve  # phase-coherent tuning of CO between the oriented cells, in standard deviations of CO
    contrast: float  # its elongation contrast
    balance: float  # collinear against flanking, signed by polarity


def _correlation(kernel, other, orders, draws):
    probe, _ = selectivity.correlation_sums(kernel, other)
    whole = selectivity.standardise(kernel)
    null = probe.null(whole, orders)[:, 0]
    value = float(probe.sums(whole).value[0])
    low, high = map(float, interval(selectivity.correlation_bootstrap(kernel, other, draws)))
    return Estimate(value, low, high, against(value, null)), null


def measure_co(network, co, permuted=9999, drawn=2000, resampling_seed=0):
    """CO beside the K and RF of one measured network.

    Parameters
    ----------
    network : LateralMeasures
    co : array (n, n, k, k)
        Of all its cells, as :func:`paper_code.lateral.co_kernel` gives it.
    permuted, drawn : int
        Relabellings of the cells (a tenth of them for RF with CO) and bootstrap draws.
    resampling_seed : int
        Of both.

    Returns
    -------
    CoMeasures
    """
    count = len(network.kernel)
    orders, draws = permutations(count, permuted, resampling_seed), bootstrap_weights(count, drawn, resampling_seed)
    correlation, null = _correlation(network.kernel, co, orders, draws)
    with_rf, _ = _correlation(network.rf, co, orders[: permuted // 10 + 1], draws)
    standard, rf = selectivity.standardise(co), selectivity.standardise(network.rf)
    beyond, _ = _correlation(network.kernel, standard - with_rf.value * rf, orders, draws)

    among = np.ix_(network.oriented, network.oriented)
    inner, cells = selectivity.standardise(co[among]), int(network.oriented.sum())
    inner_orders, inner_draws = permutations(cells, permuted, resampling_seed), bootstrap_weights(cells, drawn, resampling_seed)
    probe = selectivity.tuning_probe(network.frame, cells)
    sums = probe.sums(inner)
    tuning = Curve(sums.value, *interval(sums.bootstrap(inner_draws)), *interval(probe.null(inner, inner_orders)))
    elongation, flanks = (one(network.frame, cells).sums(inner).value for one in (selectivity.elongation_probe, selectivity.flank_probe))
    return CoMeasures(
        seed=network.seed,
        kernel=co,
        correlation=correlation,
        null=null,
        with_rf=with_rf,
        beyond_rf=beyond,
        tuning=tuning,
        contrast=float(selectivity.contrast(elongation)),
        balance=float(selectivity.balance(flanks)),
    )


def compare_co(networks, condition, permuted=9999, drawn=2000):
    """:func:`measure_co` of each of a condition's measured networks, on patches of scikit-image's photographs: a list.

    Raises
    ------
    PaperCodeError
        As :func:`paper_code.lateral.co_kernel`.
    """
    shown = load_images("photographs", progress=False)
    return [measure_co(one, co_kernel(condition, one.seed, shown), permuted, drawn) for one in networks]


def co_numbers(measured):
    """What the results file keeps of a list of :class:`CoMeasures`: one value a seed under each key."""
    columns = {
        **estimate_columns("co", lambda one: one.correlation, "co_correlation"),
        **estimate_columns("rf_co", lambda one: one.with_rf, "rf_co_correlation"),
        **estimate_columns("co_beyond_rf", lambda one: one.beyond_rf, "co_beyond_rf_correlation"),
        "co_tuning_curve": lambda one: one.tuning.value.tolist(),
        "co_tuning_index": lambda one: index(one.tuning.value),
        "co_elongation_contrast": lambda one: one.contrast,
        "co_flank_balance": lambda one: one.balance,
    }
    return {key: [column(one) for one in measured] for key, column in columns.items()}
