"""Measure one network: filters, harmonics of its kernels, nulls, flankers, and its course through training, as set out in ``plan.toml``."""

from functools import lru_cache

import numpy as np

from paper_code import weights
from paper_code.core.geometry import cardinal, evenness
from paper_code.core.plan import plan
from paper_code.core.statistics import permutations
from paper_code.core.table import END, Row
from paper_code.filters import fit_dog, fit_log, radial_symmetry
from paper_code.filters.gabor import fit_gabor
from paper_code.filters.laplacian import gaussian_r2
from paper_code.filters.nulls import QUANTILE, gabor_level, phase_scrambled
from paper_code.function.flankers import compared, flanker_effects
from paper_code.lateral import nulls
from paper_code.lateral.activity import co_kernel, first_layers
from paper_code.lateral.bank import Bank
from paper_code.lateral.harmonics import RINGS, TERMS, VERSIONS, PairSums, all_terms, fit
from paper_code.report.levels import Levels
from paper_code.report.networks import Measured

RELABELLINGS = 39  # of the cells of K, for the chance effect of flankers


def measure_network(condition, seed, times=None, directory=None, levels=None):
    """The :class:`Measured` of one trained network, and of its snapshots, if any.

    ``times`` is the number of permutations for each null, by default as in the plan, 0 for no nulls; ``directory`` holds the weights;
    ``levels`` are chance levels, to be shared between networks.
    """
    settings, levels = plan(), levels or Levels()
    early, network = weights.load_early(condition, seed, directory), weights.configuration(condition, seed, directory)
    bank = Bank.of(early.l0, early.l1, early.K, network.stride)

    def row(measure, value, step=END, **rest):
        return Row(condition, str(seed), str(step), measure, value=float(value), **rest)

    rows = [row(f"l0.{name}", value, null=null) for name, value, null in l0_measures(early.l0, levels)] if early.l0 is not None else []
    rows += [row(f"l1.{name}", value, null=null) for name, value, null in l1_measures(early.l1, seed, levels)]
    composed = network.l0 != "rectified"  # after a rectified l0, receptive fields are not l1 * l0: no orientation is known
    rows += [row(f"bank.{name}", value, null=null) for name, value, null in bank_measures(bank)] if composed else []
    if not (composed and bank.measurable):
        return Measured(condition, seed, bank, None, {}, {}, rows)
    co = co_kernel(condition, seed, directory=directory).astype(np.float32)
    regressors = {"RF": bank.among(bank.rf), "CO": bank.among(co)}
    start = weights.initial_early(condition, seed, directory)
    kernels = {"K": bank.among(bank.K), **regressors, "untrained": bank.among(start.K)}
    orientation = bank.cells.orientation
    sums = PairSums.of(bank.frame, orientation, kernels, regressors)
    times = settings["inference"]["permutations"] if times is None else times
    seeds = [settings["inference"]["seed"], seed]
    moved = nulls.relabelled(bank.frame, orientation, kernels["K"], regressors, times, seeds) if times else {}
    permuted = nulls.permuted_carriers(sums, times, seeds) if times else {}
    for version, needed in VERSIONS.items():
        for ring in RINGS:
            found = fit(sums, ring, needed)
            chance = moved[ring, version].mean(axis=0) if moved else np.full(len(TERMS), np.nan)
            for column, kernel in enumerate(sums.kernels):
                if kernel in regressors and needed:
                    continue  # a regressor has nothing beyond itself
                step, name = (0, "K") if kernel == "untrained" else (END, kernel)
                place = {"step": step, "version": version, "ring": ring}
                null = chance if kernel == "K" else np.full(len(TERMS), np.nan)
                values = zip(found.names, found.coefficients[:, column], null, strict=True)
                rows += [row(f"{name}.{term}", value, null=level, **place) for term, value, level in values]
                rows.append(row(f"{name}.share", 100 * found.share[column], **place))
            second, odd = fit(sums, ring, needed, all_terms(settings["harmonics"]["second"])), fit(sums, ring, needed, sine=True)
            place = {"version": version, "ring": ring}
            rows += [row(f"K.({term})", second.coefficients[at, 0], **place) for at, term in enumerate(second.names)]
            rows += [row(f"K.{term}", odd.coefficients[at, 0], **place) for at, term in enumerate(odd.names) if term.startswith("sin ")]
    blind = PairSums.of(bank.frame, orientation, {"K": kernels["K"]}, coherent=False)
    for ring in RINGS:
        found, place = fit(blind, ring), {"version": "raw", "ring": ring}
        rows += [row(f"K blind to phase.{term}", found.coefficients[at, 0], **place) for at, term in enumerate(found.names)]
    rows += through_training(condition, seed, bank, regressors, levels, directory)
    heard = flanker_measures(condition, seed, early, directory)
    rows += [row(f"flankers.{name}", value, null=chance, ring=ring) for name, value, chance, ring in heard]
    return Measured(condition, seed, bank, sums, moved, permuted, rows, co)


def through_training(condition, seed, bank, regressors, levels, directory=None):
    """Rows for every snapshot of a training: l0, l1 and, where it was kept, K between the oriented cells of the trained bank."""
    if "snapshots" not in weights.entry(condition, seed, directory)["files"]:
        return []
    snapshots, rows = weights.load_snapshots(condition, seed, directory), []
    r2 = fit_gabor(np.concatenate([early.l1 for early in snapshots])).r2  # one joint call is faster
    for early, own in zip(snapshots, np.split(r2, len(snapshots)), strict=True):
        found = [("l1", *one) for one in gabor_measures(own, levels.gabor(early.l1.shape[-1]))]
        if early.l0 is not None:
            found += [("l0", *one) for one in log_measures(early.l0, levels)]
        place = condition, str(seed), str(early.step)
        rows += [Row(*place, f"{layer}.{name}", value=float(value), null=null) for layer, name, value, null in found]
    kernels = {str(early.step): bank.among(early.K) for early in snapshots if early.K is not None and early.step > 0}
    if not kernels:
        return rows
    sums = PairSums.of(bank.frame, bank.cells.orientation, kernels, regressors)
    for version, needed in VERSIONS.items():
        for ring in RINGS:
            found = fit(sums, ring, needed)
            for column, step in enumerate(kernels):
                pairs = zip(found.names, found.coefficients[:, column], strict=True)
                rows += [Row(condition, str(seed), step, f"K.{term}", version, ring, float(value)) for term, value in pairs]
    return rows


def flanker_measures(condition, seed, early, directory=None):
    """(name, value, mean with cells relabelled, spacing) for every arrangement of flankers and every judged difference."""
    settings, found = plan()["flankers"], []
    network = first_layers(condition, seed, directory, noise=0.0)
    drawn = permutations(len(early.K), RELABELLINGS, [settings["random_seed"], seed])
    moved = {f"{number}": early.K[np.ix_(one, one)] for number, one in enumerate(drawn)}
    for spacing in settings["spacings"]:
        effects = flanker_effects(network, {"K": early.K, **moved}, spacing, settings["random_seed"])
        effects = {kernel: values | compared(values) for kernel, values in effects.items()}
        own = effects.pop("K")
        found += [(name, value, float(np.mean([one[name] for one in effects.values()])), f"{spacing:g} px") for name, value in own.items()]
    return found


def log_measures(l0, levels, log=None):
    """(name, value, chance) for the measures of l0 also taken on snapshots: its LoG (``log``, fitted if not given) and its symmetry."""
    log = fit_log(l0[None]) if log is None else log
    symmetry = radial_symmetry(l0[None], log.x0, log.y0)
    found = {"log_r2": log.r2[0], "i_rad": symmetry.i_rad[0]}
    return [(name, value, levels.radial(len(l0), name)) for name, value in found.items()] + [("sigma", log.sigma[0], float("nan"))]


def l0_measures(l0, levels):
    """(name, value, chance) for l0: :func:`log_measures`, models that rival the LoG, and the gain for uniform light."""
    log, dog = fit_log(l0[None]), fit_dog(l0[None])
    scrambled = fit_log(phase_scrambled(np.repeat(l0[None], 400, axis=0), 0))
    nothing = float("nan")
    return [
        *log_measures(l0, levels, log),
        ("log_r2:spectrum-matched", log.r2[0], float(np.quantile(scrambled.r2, QUANTILE))),
        ("gaussian_r2", gaussian_r2(l0[None])[0], nothing),
        ("dog_r2", dog.r2[0], nothing),
        ("off_centre", np.hypot(log.x0[0], log.y0[0]), nothing),
        ("uniform", abs(l0.sum()) / np.abs(np.fft.fft2(l0, (64, 64))).max(), nothing),
    ]


def gabor_measures(r2, level):
    """(name, value, chance) for the Gabor R^2 of filters, also taken on snapshots: the median, and the share above the chance level."""
    return [("gabor_r2", np.median(r2), level), ("gabor_share", (r2 > level).mean(), 0.05)]


def l1_measures(l1, seed, levels):
    """(name, value, chance) for l1: :func:`gabor_measures`, and the share above the level of filters with its spectra and random phases."""
    r2 = fit_gabor(l1).r2
    scrambled = gabor_level(phase_scrambled(np.concatenate([l1] * 4), [seed, 1]))
    return [*gabor_measures(r2, levels.gabor(l1.shape[-1])), ("gabor_share:phase-scrambled", (r2 > scrambled).mean(), 0.05)]


@lru_cache
def chance_evenness(cells):
    """Mean evenness of banks with this many cells at random orientations: no bank of few cells is perfectly even."""
    drawn = np.random.default_rng(0).uniform(0, np.pi, (2000, cells))
    return float(evenness(drawn).mean())


def bank_measures(bank):
    """(name, value, chance) for the receptive fields: how many are oriented, how evenly orientations are distributed, and the envelopes."""
    nothing, fits = float("nan"), bank.fits[bank.oriented]
    found = [("oriented", len(bank.oriented), nothing), ("level", bank.level, nothing)]
    if len(bank.oriented):
        found += [
            ("cardinal", cardinal(fits.orientation).mean(), 0.5),
            ("evenness", evenness(fits.orientation), chance_evenness(len(fits))),
            ("along", np.median(fits.sigma_along_bar), nothing),
            ("across", np.median(fits.sigma_along_carrier), nothing),
        ]
    return found
