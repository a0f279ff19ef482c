"""Every measure of the book on one set of early layers, whatever it lacks: for snapshots, controls and the choice of a recipe.

Chapters 04 to 07 look at the shipped networks closely; here the same measures are one row of numbers each, NaN where the network has no
such layer or too few oriented cells.
"""

import json
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from paper_code.errors import PaperCodeError
from paper_code.files import read_json, sha256, write_json
from paper_code.filters import fit_gabor, fit_log, null_gabor_r2, null_radial, radial_symmetry
from paper_code.lateral.frame import oriented_frame
from paper_code.lateral.measures import measure_tuning
from paper_code.lateral.rf_kernel import rf_kernel
from paper_code.lateral.selectivity import contrast, correlation_sums, elongation_probe, standardise
from paper_code.lateral.statistics import against, bootstrap_weights, permutations
from paper_code.measures import NULL_QUANTILE, shared_spectrum
from paper_code.weights import EarlyLayers, read_tensors

FEWEST_CELLS = 10  # oriented cells below which K is not measured: there are too few pairs in a bin


@dataclass(frozen=True)
class Survey:
    """One network at one step. Kernels are measured in their standard deviations, between the oriented cells."""

    log_r2: float  # R^2 of the Laplacian of Gaussian fitted to l0
    i_rad: float  # radial symmetry of l0 about its fitted centre
    sigma: float  # of the fitted Laplacian of Gaussian, px
    spectrum: float  # correlation of the power spectrum of l0 with that of the bank
    gabor_r2: float  # median over l1
    gabor_share: float  # of l1, above what 95 % of smooth random filters of the size reach
    bar: float  # median envelope of the oriented receptive fields along the bars, px
    carrier: float  # the same across the bars
    oriented: float  # cells whose receptive field is fitted better than 95 % of smooth random ones
    rf: float  # correlation of K with RF
    rf_z: float  # against relabelled cells
    rf_p: float
    like: float  # coefficient of cos Phi, orientations within 15 degrees
    orthogonal: float  # more than 75 degrees apart
    tuning: float  # their difference
    tuning_low: float  # 95 % of the joint bootstrap over filters
    tuning_high: float
    tuning_z: float
    tuning_p: float
    elongation: float  # coefficient along the axis less that across it, like orientations
    elongation_low: float
    elongation_high: float
    elongation_z: float
    elongation_p: float
    contrast: float  # (along - across) / (along + across)
    rf_contrast: float  # the same of RF

    def as_dict(self):
        """Plain numbers; None for what could not be measured."""
        return {key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in asdict(self).items()}


MEASURES = tuple(item.name for item in fields(Survey))


@cache
def gabor_level(size, count=500, seed=0):
    """Gabor R^2 that 95 % of smooth random filters of a size stay below."""
    return float(np.quantile(null_gabor_r2(size, "smooth", count, seed), NULL_QUANTILE))


@cache
def radial_levels(size, count=500, seed=0):
    """LoG R^2 and I_rad that 95 % of smooth random filters of a size stay below."""
    null = null_radial(size, "smooth", count, seed)
    return tuple(float(np.quantile(values, NULL_QUANTILE)) for values in (null.log_r2, null.i_rad))


def survey(early, stride, permuted=999, drawn=500, field_null_count=100, seed=0):
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

    Returns
    -------
    Survey

    Raises
    ------
    PaperCodeError
        If a count is below 1.
    """
    if min(permuted, drawn, field_null_count) < 1:
        raise PaperCodeError(f"a survey needs at least 1 permutation, draw and null field, not {permuted}, {drawn} and {field_null_count}")
    found = dict.fromkeys(MEASURES, float("nan"))
    if early.l0 is not None:
        fit = fit_log(early.l0[None])
        found |= {"log_r2": fit.r2[0], "sigma": fit.sigma[0], "i_rad": radial_symmetry(early.l0[None], fit.x0, fit.y0).i_rad[0]}
        found["spectrum"] = shared_spectrum(early.l0, early.l1).correlation
    bank = fit_gabor(early.l1)
    found |= {"gabor_r2": np.median(bank.r2), "gabor_share": (bank.r2 > gabor_level(early.l1.shape[-1])).mean()}
    if early.K is not None:
        found |= _lateral(early, stride, permuted, drawn, field_null_count, seed)
    return Survey(**{name: float(value) for name, value in found.items()})


def _lateral(early, stride, permuted, drawn, field_null_count, seed):
    """The measures of K, and of the receptive fields that it needs, by name."""
    kernel, size, receptive = early.K, early.K.shape[-1], early.receptive_fields
    fits = fit_gabor(receptive)
    level = np.quantile(null_gabor_r2(early.l1.shape[-1], "smooth", field_null_count, 0, psi0=early.l0), NULL_QUANTILE)
    oriented = (fits.r2 > level) & ~fits.at_bound
    rf = rf_kernel(receptive, size, stride)
    probe, _ = correlation_sums(kernel, rf)
    whole = standardise(kernel)
    overlap = against(probe.sums(whole).value[0], probe.null(whole, permutations(len(kernel), permuted, seed))[:, 0])
    found = {"rf": overlap.value, "rf_z": overlap.z, "rf_p": overlap.p, "oriented": oriented.sum()}
    if oriented.any():
        found |= {name: np.median(getattr(fits, f"sigma_along_{name}")[oriented]) for name in ("bar", "carrier")}
    if oriented.sum() < FEWEST_CELLS:
        return found
    oriented, cells, frame = oriented_frame(fits, level, size, stride)
    among = np.ix_(oriented, oriented)
    orders, draws = permutations(len(cells), permuted, seed), bootstrap_weights(len(cells), drawn, seed)
    tuning = measure_tuning(kernel[among], frame, orders, draws)
    for name, estimate in (("tuning", tuning.difference), ("elongation", tuning.elongation)):
        found |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        found |= {f"{name}_z": estimate.test.z, f"{name}_p": estimate.test.p}
    sums = elongation_probe(frame, len(cells)).sums(standardise(rf[among]))
    return found | {
        "like": tuning.coherent.value[0],
        "orthogonal": tuning.coherent.value[-1],
        "contrast": tuning.contrast,
        "rf_contrast": contrast(sums.value),
    }


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
    run = Path(run)
    if not (run / "result.json").is_file():
        raise PaperCodeError(f"{run} holds no finished run (no result.json); train it to the end first")
    result, early = read_json(run / "result.json"), run / "early.safetensors"
    found = survey(EarlyLayers.from_tensors(read_tensors(early)), result["condition"]["network"]["stride"], **effort)
    kept = ("condition", "seed", "steps", "accuracy", "accuracy_noise_free")
    return {**{key: result[key] for key in kept}, "sha256": sha256(early), "survey": found.as_dict()}


def differences(condition, base):
    """Settings of a condition that differ from those of another, both as dicts of :meth:`Condition.as_dict`: ``{name: value}``."""
    found = {}
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
        If a run is not finished, or the file is no such list.
    """
    path = Path(path)
    rows = recorded(path) if path.exists() else []
    added = []
    for run in tqdm(list(runs), unit="run", desc="survey", disable=not progress):
        row = survey_run(run, **effort)
        rows = [one for one in rows if one["sha256"] != row["sha256"]] + [row]
        write_json(path, {"runs": rows})
        added.append(row)
    return added


def recorded(path):
    """The rows that :func:`record` wrote."""
    try:
        rows = read_json(path)["runs"]
        for row in rows:
            row["survey"], row["condition"]["training"], row["sha256"]  # noqa: B018
        return rows
    except (KeyError, TypeError) as error:
        raise PaperCodeError(f"{path} is no list of surveyed runs; write it with 'python -m paper_code survey RUN --out {path}'") from error


# What a recipe was asked for, on the development seed: the measure and the least value.
WANTED = {"log_r2": 0.95, "gabor_r2": 0.85, "tuning_z": 10.0, "elongation_z": 3.3}


def reaches_all(row):
    """Whether a surveyed run has every measure of :data:`WANTED`."""
    return all(row["survey"][name] is not None and row["survey"][name] >= least for name, least in WANTED.items())


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
            value = row["survey"][name]
            text = "–" if value is None else f"{value:.{digits}f}"
            line.append(f"**{text}**" if name in WANTED and value is not None and value >= WANTED[name] else text)
        accuracy = row["accuracy_noise_free"]
        table.append([*line, "–" if accuracy is None else f"{accuracy:.3f}"])
    return ["changed", "seed", *names, "accuracy"], table
