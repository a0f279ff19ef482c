"""Every measure of the book on one set of early layers, whatever it lacks: for snapshots, controls and the choice of a recipe.

Chapters 04 to 07 look at the shipped networks closely; here the same measures are one row of numbers each, NaN where the network has no
such layer or too few oriented cells. The group models of chapter 08 are not among them.
"""

import json
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from scipy import stats
from tqdm import tqdm

from paper_code.errors import PaperCodeError
from paper_code.files import locked, read_json, sha256, write_json
from paper_code.filters import GaborBank, fit_gabor, fit_log, null_radial, radial_symmetry
from paper_code.filters.fitting import blocks, check_bank, minimise, unit_energy
from paper_code.filters.gabor import GaborModel, starting_points
from paper_code.filters.nulls import null_filters
from paper_code.lateral import slope
from paper_code.lateral.frame import oriented_frame
from paper_code.lateral.measures import measure_tuning
from paper_code.lateral.rf_kernel import rf_kernel
from paper_code.lateral.selectivity import EDGES, contrast, correlation_bootstrap, correlation_sums, elongation_probe, standardise
from paper_code.lateral.statistics import against, bootstrap_weights, interval, permutations
from paper_code.measures import NULL_QUANTILE, shared_spectrum
from paper_code.schema import Count, Hash, Record, Seed, check
from paper_code.weights import EarlyLayers, read_result, read_tensors
from paper_code.weights.layers import is_missing
from paper_code.weights.records import Experiment, Share

FEWEST_CELLS = 10  # oriented cells below which K is not measured, nor where a bin of the orientation difference is empty
NULL_SDS = 1.645  # standard deviations above the mean of a normal distribution that 95 % stay below
TOLERANCE = 1e-6  # of the Gabor fits that only an R^2 is asked of: it is off by less than 1e-3, in half the time


@dataclass(frozen=True)
class Survey:
    """One network at one step. Kernels are measured in their standard deviations, between the oriented cells."""

    log_r2: float  # R^2 of the Laplacian of Gaussian fitted to l0
    i_rad: float  # radial symmetry of l0 about its fitted centre
    sigma: float  # of the fitted Laplacian of Gaussian, px
    off_centre: float  # of its centre from the middle of the filter, along rows or columns, in sides of the filter
    spectrum: float  # correlation of the power spectrum of l0 with that of the bank
    gabor_r2: float  # median over l1
    gabor_share: float  # of l1, above what 95 % of smooth random filters of the size reach
    gabor_share_low: float  # 95 %, of Clopper and Pearson, filters taken as independent
    gabor_share_high: float
    bar: float  # median envelope of the oriented receptive fields along the bars, px
    carrier: float  # the same across the bars
    oriented: float  # cells whose receptive field is fitted better than 95 % of smooth random ones
    cardinal: float  # share of these within 22.5 degrees of horizontal or vertical; half of evenly spread orientations are
    rf: float  # correlation of K with RF
    rf_low: float  # 95 % of the joint bootstrap over filters, here and below
    rf_high: float
    rf_z: float  # against relabelled cells
    rf_p: float
    rf_chance: float  # mean over relabelled cells
    rf_null: float  # what 95 % of relabelled cells stay below, if they are normally distributed
    like: float  # coefficient of cos Phi, orientations within 15 degrees
    orthogonal: float  # more than 75 degrees apart
    tuning: float  # their difference
    tuning_low: float
    tuning_high: float
    tuning_z: float
    tuning_p: float
    tuning_chance: float
    tuning_null: float
    elongation: float  # coefficient along the axis less that across it, like orientations
    elongation_low: float
    elongation_high: float
    elongation_z: float
    elongation_p: float
    elongation_chance: float
    elongation_null: float
    contrast: float  # (along - across) / (along + across)
    rf_contrast: float  # the same of RF
    cocircularity: float  # of the preferred orientations around a cell; relabelled and drawn half as often
    cocircularity_low: float
    cocircularity_high: float
    cocircularity_z: float
    cocircularity_p: float
    cocircularity_chance: float
    cocircularity_null: float

    def as_dict(self):
        """Plain numbers; None for what could not be measured."""
        return {key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in asdict(self).items()}


MEASURES = tuple(item.name for item in fields(Survey))


def gabor_r2(filters, tolerance=TOLERANCE):
    """R^2 of the Gabor fits of filters (n, size, size), from the starts of :func:`paper_code.filters.fit_gabor`: (n,)."""
    filters = check_bank(filters)
    starts = starting_points(filters)
    values, _, about_mean = unit_energy(filters)
    tries = starts.shape[1]
    values, model = np.repeat(values, tries, axis=0), GaborModel(filters.shape[-1])
    starts = model.from_frequency(starts.reshape(-1, 6))
    parts = [minimise(model, values[one], starts[one], tolerance=tolerance) for one in blocks(len(values), values.shape[1])]
    ssr = np.concatenate([part.ssr for part in parts])
    return 1 - ssr.reshape(-1, tries).min(axis=1) / about_mean


@cache
def gabor_null(size, count=500, seed=0):
    """Gabor R^2 of smooth random filters of a size: (count,)."""
    return gabor_r2(null_filters(size, "smooth", count, seed))


@cache
def radial_null(size, count=500, seed=0):
    """Radial measures of smooth random filters of a size, a :class:`paper_code.filters.NullRadial`."""
    return null_radial(size, "smooth", count, seed)


def gabor_level(size, count=500, seed=0):
    """Gabor R^2 that 95 % of smooth random filters of a size stay below."""
    return float(np.quantile(gabor_null(size, count, seed), NULL_QUANTILE))


def radial_levels(size, count=500, seed=0):
    """LoG R^2 and I_rad that 95 % of smooth random filters of a size stay below."""
    null = radial_null(size, count, seed)
    return tuple(float(np.quantile(values, NULL_QUANTILE)) for values in (null.log_r2, null.i_rad))


@dataclass(frozen=True)
class Labels:
    """Orientation, phase, centre and frequency of n cells, and who takes part."""

    fits: GaborBank  # of the receptive fields
    level: float  # Gabor R^2 that 95 % of smooth random fields behind the same l0 stay below

    @classmethod
    def of(cls, early, field_null_count=100):
        """The labels that the receptive fields of early layers give."""
        random = null_filters(early.l1.shape[-1], "smooth", field_null_count, 0, psi0=early.l0)
        return cls(fit_gabor(early.receptive_fields), float(np.quantile(gabor_r2(random), NULL_QUANTILE)))

    @property
    def oriented(self):
        """Cells whose fit exceeds the level and stopped at no bound: bool (n,)."""
        return (self.fits.r2 > self.level) & ~self.fits.at_bound


def survey(early, stride, permuted=999, drawn=500, field_null_count=100, seed=0, labels=None):
    """Measure early layers.

    Parameters
    ----------
    early : EarlyLayers
        l0 and K may be None.
    stride : int
        Pixels between neighbouring places of l1.
    permuted, drawn : int
        Relabellings of the cells and bootstrap draws.
    field_null_count : int
        Smooth random fields behind the same l0 that say which cells are oriented.
    seed : int
        Of all resampling.
    labels : Labels, optional
        Of the cells, for tuning, elongation and co-circularity of K: those that their own receptive fields give when absent. An
        untrained K is measured under the labels that its cells will have.

    Returns
    -------
    Survey

    Raises
    ------
    PaperCodeError
        If a count is below 1, or there are labels of another number of cells.
    """
    if min(permuted, drawn, field_null_count) < 1:
        raise PaperCodeError(f"a survey needs at least 1 permutation, draw and null field, not {permuted}, {drawn} and {field_null_count}")
    found = dict.fromkeys(MEASURES, float("nan")) | survey_filters(early)
    if early.K is not None:
        labels = Labels.of(early, field_null_count) if labels is None else labels
        found |= survey_kernel(early, stride, labels, permuted, drawn, seed)
    return Survey(**{name: float(value) for name, value in found.items()})


def survey_filters(early):
    """The measures of l0 and l1, by name."""
    found = {}
    if early.l0 is not None:
        fit = fit_log(early.l0[None])
        found["off_centre"] = max(abs(fit.x0[0]), abs(fit.y0[0])) / len(early.l0)
        found |= {"log_r2": fit.r2[0], "sigma": fit.sigma[0], "i_rad": radial_symmetry(early.l0[None], fit.x0, fit.y0).i_rad[0]}
        found["spectrum"] = shared_spectrum(early.l0, early.l1).correlation
    r2 = gabor_r2(early.l1)
    above = r2 > gabor_level(early.l1.shape[-1])
    low, high = stats.binomtest(int(above.sum()), len(above)).proportion_ci(0.95)
    return found | {"gabor_r2": np.median(r2), "gabor_share": above.mean(), "gabor_share_low": low, "gabor_share_high": high}


def survey_kernel(early, stride, labels, permuted=999, drawn=500, seed=0):
    """The measures of K between cells of given labels, and of the receptive fields that they come from, by name."""
    kernel, size, fits, oriented = early.K, early.K.shape[-1], labels.fits, labels.oriented
    if len(fits) != len(kernel):
        raise PaperCodeError(f"labels of {len(fits)} cells do not go with a lateral kernel between {len(kernel)}")
    rf = rf_kernel(early.receptive_fields, size, stride)
    probe, _ = correlation_sums(kernel, rf)
    whole = standardise(kernel)
    overlap = against(probe.sums(whole).value[0], probe.null(whole, permutations(len(kernel), permuted, seed))[:, 0])
    low, high = interval(correlation_bootstrap(kernel, rf, bootstrap_weights(len(kernel), drawn, seed)))
    found = _tested("rf", overlap, low, high) | {"oriented": oriented.sum()}
    if oriented.any():
        found |= {name: np.median(getattr(fits, f"sigma_along_{name}")[oriented]) for name in ("bar", "carrier")}
        found["cardinal"] = (np.cos(4 * fits.orientation[oriented]) >= -1e-12).mean()
    if oriented.sum() < FEWEST_CELLS:
        return found
    oriented, cells, frame = oriented_frame(fits, labels.level, size, stride)
    if np.histogram(frame.difference, EDGES)[0].min() == 0:
        return found
    among = np.ix_(oriented, oriented)
    orders, draws = permutations(len(cells), permuted, seed), bootstrap_weights(len(cells), drawn, seed)
    tuning = measure_tuning(kernel[among], frame, orders, draws)
    for name, estimate in (("tuning", tuning.difference), ("elongation", tuning.elongation)):
        found |= _tested(name, estimate.test, estimate.low, estimate.high)
    sums = elongation_probe(frame, len(cells)).sums(standardise(rf[among]))
    found |= _cocircularity(standardise(kernel[among]), frame, orders[: permuted // 2 + 1], draws[: drawn // 2 + 1])
    return found | {
        "like": tuning.coherent.value[0],
        "orthogonal": tuning.coherent.value[-1],
        "contrast": tuning.contrast,
        "rf_contrast": contrast(sums.value),
    }


def _cocircularity(kernel, frame, orders, draws):
    """Co-circularity of a kernel, as :func:`paper_code.lateral.slope.measure_slope` has it, without the other slopes."""
    x, y = slope.ring()
    turn_map = slope.TurnMap(frame, x, y)

    def circular(maps):
        return slope.scores(*slope.preferred(maps), x, y, [slope.SLOPES["cocircular"]])[..., 0]

    test = against(circular(turn_map(kernel)), circular(turn_map.relabelled(kernel, orders)))
    low, high = interval(circular(turn_map.bootstrap(kernel, draws)))
    return _tested("cocircularity", test, low, high)


def _tested(name, test, low, high):
    """A measure with its interval and its test, by name."""
    null = test.null_mean + NULL_SDS * (test.value - test.null_mean) / test.z if test.z else np.nan
    parts = {"": test.value, "_low": low, "_high": high, "_z": test.z, "_p": test.p, "_chance": test.null_mean, "_null": null}
    return {name + part: value for part, value in parts.items()}


def survey_run(run, **effort):
    """Survey a finished training.

    Parameters
    ----------
    run : path
        Its directory.
    effort
        Keyword arguments of :func:`survey`.

    Returns
    -------
    dict
        ``condition``, ``seed``, ``steps``, accuracies, SHA-256 of the early layers, and ``survey``, the measures: plain JSON.
    """
    result, early = read_result(run), Path(run) / "early.safetensors"
    found = survey(EarlyLayers.from_tensors(read_tensors(early)), result["condition"]["network"]["stride"], **effort)
    kept = ("condition", "seed", "steps", "accuracy", "accuracy_noise_free")
    return {**{key: result[key] for key in kept}, "sha256": sha256(early), "survey": found.as_dict()}


def differences(condition, base):
    """Settings of a condition that differ from those of another, both as dicts of :meth:`Condition.as_dict`: ``{name: value}``."""
    found = {}
    condition, base = json.loads(json.dumps([condition, base]))  # a tuple is a list in a file
    for part in ("network", "training"):
        for key in {**base[part], **condition[part]}:
            if key != "classes" and condition[part].get(key) != base[part].get(key):
                found[key] = condition[part].get(key)
    return found | {key: condition[key] for key in ("images", "classes") if condition[key] != base[key]}


def record(runs, path, progress=True, **effort):
    """Survey finished trainings and keep the rows in a JSON file, ``{"runs": [...]}``; a run that is listed already is surveyed anew.

    The file is rewritten after every run. Returns the new rows.

    Raises
    ------
    PaperCodeError
        If a run is not finished, the file is no such list, or another process is writing to it.
    """
    path = Path(path)
    added = []
    with locked(path.with_name(f".{path.name}.lock")):
        rows = [] if is_missing(path) else recorded(path)
        for run in tqdm(list(runs), unit="run", desc="survey", disable=not progress):
            row = survey_run(run, **effort)
            rows = [one for one in rows if one["sha256"] != row["sha256"]] + [row]
            write_json(path, {"runs": rows})
            added.append(row)
    return added


class Row(Record):
    """A row of :func:`record`."""

    condition: Experiment
    seed: Seed
    steps: Count
    accuracy: Share | None
    accuracy_noise_free: Share | None
    sha256: Hash
    survey: dict[str, float | None]


class Recorded(Record):
    """The file of :func:`record`."""

    runs: list[Row]


def recorded(path):
    """The rows that :func:`record` wrote."""
    content = read_json(path)
    check(Recorded, content, path, "write it with 'python -m paper_code survey RUN --out' to another file")
    return content["runs"]


# What a recipe was asked for, on the development seed: the measure and the least value.
WANTED = {"log_r2": 0.95, "gabor_r2": 0.85, "tuning_z": 10.0, "elongation_z": 3.3}


def reaches_all(row):
    """Whether a surveyed run has every measure of :data:`WANTED`."""
    return all(row["survey"].get(name) is not None and row["survey"][name] >= least for name, least in WANTED.items())


def recipe_rows(rows, base):
    """A table of surveyed runs: what differs from the condition ``base``, the seed, and the measures; wanted ones that are reached in bold.

    Returns
    -------
    header : list of str
    table : list of lists of str
    """
    shown = {"log_r2": 3, "i_rad": 3, "sigma": 2, "gabor_r2": 3, "gabor_share": 2, "like": 2, "orthogonal": 2, "tuning_z": 1}
    shown |= {"elongation": 2, "elongation_z": 1, "contrast": 2, "rf_contrast": 2}
    names = ["LoG R²", "I_rad", "σ (px)", "Gabor R²", "share", "like", "orthogonal", "z", "elongation", "z", "contrast", "of RF"]
    table = []
    for row in sorted(rows, key=lambda one: (one["seed"], json.dumps(one["condition"], sort_keys=True))):
        changed = differences(row["condition"], base.as_dict())
        line = [", ".join(f"{key} {value}" for key, value in changed.items()) or "**as frozen**", row["seed"]]
        for name, digits in shown.items():
            value = row["survey"].get(name)
            text = "–" if value is None else f"{value:.{digits}f}"
            line.append(f"**{text}**" if name in WANTED and value is not None and value >= WANTED[name] else text)
        accuracy = row["accuracy_noise_free"]
        table.append([*line, "–" if accuracy is None else f"{accuracy:.3f}"])
    return ["changed", "seed", *names, "accuracy"], table
