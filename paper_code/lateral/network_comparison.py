"""The networks' K against the models, after and before training, and what the results file keeps of it."""

from dataclasses import dataclass, field

import numpy as np

from paper_code import weights
from paper_code.errors import PaperCodeError
from paper_code.filters import fit_gabor, null_gabor_r2
from paper_code.lateral import planted
from paper_code.lateral.comparison import FULL, Comparison, Effort, compare
from paper_code.lateral.frame import PairFrame, oriented_frame
from paper_code.lateral.measures import NULL_QUANTILE
from paper_code.lateral.models import FAMILIES, PARAMETERS
from paper_code.lateral.recognition import explains, recognised, rivals
from paper_code.lateral.rf_kernel import co_kernel, rf_kernel

PATCHES = 256  # photographs' patches that CO is taken over


@dataclass(frozen=True)
class NetworkComparison:
    """One network's K against the models, and its K before training under the trained cells' labels."""

    seed: int
    oriented: np.ndarray  # (cells,) bool
    frame: PairFrame  # of the m oriented cells
    kernel: np.ndarray  # (m, m, k, k), K between them
    rf: np.ndarray  # (m, m, k, k)
    effort: Effort
    trained: Comparison
    untrained: Comparison | None
    jitter: dict = field(default_factory=dict)  # of paper_code.lateral.planted.jitter


def compare_kernel(kernel, gabors, null_r2, stride, rf, co=None, untrained=None, seed=0, effort=FULL, resampling_seed=0):
    """Compare a network's lateral kernel with all models.

    Parameters
    ----------
    kernel : array (n, n, k, k)
    gabors : GaborBank
        Fits of all n receptive fields.
    null_r2 : float
        R^2 that a fit has to exceed; the other cells are left out.
    stride : int
        Pixels between neighbouring places of l1.
    rf, co : arrays (n, n, k, k)
        Correlation of the receptive fields, and of the activities over images; CO may be left out.
    untrained : array (n, n, k, k), optional
        K before training.
    seed : int
        Named in the result.
    effort : Effort
    resampling_seed : int

    Returns
    -------
    NetworkComparison
    """
    oriented, cells, frame = oriented_frame(gabors, null_r2, kernel.shape[-1], stride)
    among = np.ix_(oriented, oriented)
    given = {name: one[among] for name, one in (("RF", rf), ("CO", co)) if one is not None}
    kernels = {name: one[among] for name, one in (("K", kernel), ("start", untrained)) if one is not None}
    found = compare(kernels, frame, cells, stride, given, effort, resampling_seed)
    best = max(FAMILIES, key=lambda family: found["K"].values[family].mean())
    blurred = planted.jitter(cells, kernel.shape[-1], stride, best, found["K"].fits[best].parameters, seed=resampling_seed)
    return NetworkComparison(seed, oriented, frame, kernels["K"], given["RF"], effort, found["K"], found.get("start"), blurred)


def compare_network(condition, seed, co=None, effort=FULL, field_null_count=200, resampling_seed=0):
    """Compare the lateral kernel of a shipped network, after and before training: a :class:`NetworkComparison`.

    Parameters
    ----------
    condition : str
    seed : int
    co : array (n, n, k, k), optional
        By default :func:`paper_code.lateral.co_kernel` over PATCHES of the built-in photographs.
    effort : Effort
    field_null_count : int
        Smooth random fields behind the Gabor R^2 that a cell has to exceed.
    resampling_seed : int

    Raises
    ------
    PaperCodeError
        If the condition has no lateral connections or a network is missing.
    """
    early, start = weights.load_early(condition, seed), weights.load_snapshots(condition, seed)[0]
    if early.K is None or start.K is None:
        raise PaperCodeError(f"networks of the condition {condition} have no lateral kernel; choose another condition")
    null = np.quantile(null_gabor_r2(early.l1.shape[-1], "smooth", field_null_count, 0, psi0=early.l0), NULL_QUANTILE)
    stride = weights.entry(condition, seed)["condition"]["network"]["stride"]
    fields = early.receptive_fields
    rf = rf_kernel(fields, early.K.shape[-1], stride)
    co = co_kernel(condition, seed, count=PATCHES) if co is None else co
    return compare_kernel(early.K, fit_gabor(fields), null, stride, rf, co, start.K, seed, effort, resampling_seed)


def fitted(network, family):
    """A family's best kernel between the oriented cells, times its gain and cos Phi: (m, m, k, k), in standard deviations of K.

    It goes on inside CORE, where it was not fitted.
    """
    fit = network.trained.fits[family]
    return fit.gain * planted.model(network.frame, family, fit.parameters, core=0.0)


def numbers(networks):
    """What the results file keeps of a list of :class:`NetworkComparison`: one value a seed under each key, None for what has no value."""
    kept = {"seeds": [one.seed for one in networks], "oriented_cells": [one.trained.cells for one in networks]}
    kept["effort"] = vars(networks[0].effort)
    for prefix, pick in (("", "trained"), ("untrained_", "untrained")):
        found = [getattr(one, pick) for one in networks]
        if all(one is not None for one in found):
            kept |= {prefix + key: [value(one) for one in found] for key, value in _columns(found[0]).items()}
    for kind in networks[0].jitter:
        kept[f"jitter_{kind}_r2"] = [list(map(float, one.jitter[kind])) for one in networks]
    return _plain(kept)


def _plain(value):
    """Without NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _key(name):
    return name.lower().replace(" + ", "_").replace(" ", "_")


def _columns(first):
    columns = {}

    def add(key, pick):
        columns[key] = lambda one: pick(one).value
        columns[f"{key}_low"] = lambda one: pick(one).low
        columns[f"{key}_high"] = lambda one: pick(one).high

    for name in first.values:
        add(f"{_key(name)}_r2", lambda one, name=name: one.r2(name))
    for pair in differences(first):
        key = "_minus_".join(map(_key, pair))
        add(key, lambda one, pair=pair: one.difference(*pair))
        columns[f"{key}_percent"] = lambda one, pair=pair: 100 * one.difference(*pair).value
        columns[f"{key}_resampled_p"] = lambda one, pair=pair: one.resampled_p(*pair)
    for family in FAMILIES:
        name = _key(family)
        columns[f"{name}_cosine"] = lambda one, family=family: one.fits[family].cosine
        columns[f"{name}_gain"] = lambda one, family=family: one.fits[family].gain
        columns[f"{name}_rings"] = lambda one, family=family: list(map(float, one.fits[family].rings))
        for parameter in PARAMETERS[family]:
            columns[f"{name}_{parameter}"] = lambda one, family=family, parameter=parameter: one.fits[family].parameters[parameter]
        columns[f"{name}_labels_p"] = lambda one, family=family: one.labels[family].p
        columns[f"{name}_labels_z"] = lambda one, family=family: one.labels[family].z
        columns[f"{name}_match"] = lambda one, family=family: bool(explains(one, family))
        columns[f"{name}_share_of_ceiling"] = lambda one, family=family: one.share_of_ceiling(family)
        for kind in ("labels_excess", "orientations_excess", "turns_excess"):
            if family in getattr(first, kind):
                columns[f"{name}_{kind}_p"] = lambda one, family=family, kind=kind: getattr(one, kind)[family].p
                columns[f"{name}_{kind}_z"] = lambda one, family=family, kind=kind: getattr(one, kind)[family].z
    columns["recognised"] = recognised
    columns["rivals"] = lambda one: list(rivals(one))
    return columns


def differences(comparison):
    """The pairs of models whose difference is reported: everything against ISO, SEP and ANI, and each given kernel's gain."""
    pairs = [(one, other) for other in ("ISO", "SEP", "ANI") for one in FAMILIES[1:] if FAMILIES.index(one) > FAMILIES.index(other)]
    pairs.append(("HR", "DP"))
    for name in comparison.values:
        base, _, family = name.rpartition(" + ")
        if base in comparison.values and (base, name) not in pairs:
            pairs.append((name, base))
    return pairs + [("RF", family) for family in FAMILIES if "RF" in comparison.values]
