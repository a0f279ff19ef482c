"""The measures of a network on disk: figures and estimates over networks read them, so that nothing is fitted twice."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.files import from_bytes, read_bytes, write_tensors
from paper_code.core.plan import reported
from paper_code.core.table import Row
from paper_code.filters.gabor import GaborBank
from paper_code.lateral.association_field import like_map
from paper_code.lateral.bank import Bank
from paper_code.lateral.harmonics import PairSums
from paper_code.lateral.nulls import NULLS
from paper_code.network.layers import perturbed

ARRAYS = ("gram", "cross", "total", "square", "count", "orientation")
BANK = ("l0", "l1", "K")


@dataclass(frozen=True)
class Measured:
    """The measures of one network: its bank, the sums of its kernels, the draws of the nulls, and its rows of the table."""

    condition: str
    seed: int
    bank: Bank
    sums: PairSums | None  # with RF and CO as regressors; None where K is not measured
    relabelled: dict  # (ring, version): (times, terms)
    permuted: dict
    rows: list
    co: np.ndarray | None = None  # CO between all cells, float32; None where K is not measured


def files_of(build, condition):
    """Files of the measured networks of a condition, ordered by seed: of the networks used for estimates or, failing these, of all present.

    A build may also contain files from an earlier one.
    """
    paths = {int(path.stem.partition("-")[2]): path for path in Path(build, "networks", condition).glob("seed-*.safetensors")}
    listed = reported(condition, weights.seeds(condition, needed=False))
    return [paths[seed] for seed in [seed for seed in listed if seed in paths] or sorted(paths)]


def save_measured(measured, path):
    """Write a :class:`Measured` atomically; equal input gives equal bytes."""
    bank = measured.bank
    tensors = {f"fits/{item.name}": getattr(bank.fits, item.name) for item in fields(GaborBank)}
    tensors |= {f"bank/{name}": getattr(bank, name) for name in BANK if getattr(bank, name) is not None}
    about = {"condition": measured.condition, "seed": measured.seed, "stride": bank.stride, "level": bank.level}
    if measured.sums is not None:
        tensors |= {f"sums/{name}": getattr(measured.sums, name) for name in ARRAYS}
        about |= {"regressors": measured.sums.regressors, "kernels": measured.sums.kernels}
        tensors["co"] = measured.co
    for kind in NULLS:
        tensors |= {f"{kind}/{ring}/{version}": draws for (ring, version), draws in getattr(measured, kind).items()}
    about["rows"] = [list(asdict(row).values()) for row in measured.rows]
    write_tensors(path, tensors, about)


def load_measured(path):
    """Read a file written by :func:`save_measured`; PaperCodeError if it is missing, damaged or from another version of the package."""
    tensors, about = from_bytes(read_bytes(path), path)
    tensors = perturbed(tensors)
    try:
        fits = GaborBank(**{item.name: tensors[f"fits/{item.name}"] for item in fields(GaborBank)})
        bank = Bank(*(tensors.get(f"bank/{name}") for name in BANK), about["stride"], fits, about["level"])
        sums = None
        if "regressors" in about:
            frame, arrays = bank.frame, {name: tensors[f"sums/{name}"] for name in ARRAYS}
            names = tuple(about["regressors"]), tuple(about["kernels"])
            sums = PairSums(frame.target, frame.source, arrays.pop("orientation"), *names, **arrays)
        draws = {kind: {} for kind in NULLS}
        for name, values in tensors.items():
            kind, *place = name.split("/")
            if kind in draws:
                draws[kind][tuple(place)] = values
        rows = [Row(*row) for row in about["rows"]]
        return Measured(about["condition"], about["seed"], bank, sums, draws["relabelled"], draws["permuted"], rows, tensors.get("co"))
    except (KeyError, TypeError, ValueError) as error:
        raise PaperCodeError(f"{path} does not hold a network's measures ({error}); delete it, and 'make book' makes it again") from error


def portraits(build, labels):
    """One measured network per condition, for display: ``{label: (l0, receptive fields, map of K between cells of similar orientation)}``.

    Fields run from best to worst Gabor fit. ``labels`` names conditions; with none measured (quick profile), the reference is shown.
    """
    paths = {label: files_of(build, condition) for condition, label in labels.items()}
    faces = {label: _portrait(load_measured(found[0])) for label, found in paths.items() if found}
    return faces or {"reference": _portrait(load_measured(files_of(build, "reference")[0]))}


def _portrait(one):
    """l0; the receptive fields (the filters of l1 if l0 is rectified); and the map of K between cells of similar orientation, or None."""
    rectified = weights.configuration(one.condition, one.seed).l0 == "rectified"
    fields = (one.bank.l1 if rectified else one.bank.fields)[np.argsort(-one.bank.fits.r2, kind="stable")]
    return one.bank.l0, fields, None if one.sums is None else like_map(one.bank.frame, one.bank.among(one.bank.K))
