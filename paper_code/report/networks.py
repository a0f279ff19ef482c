"""What was measured of a network, on disk: figures and estimates over networks read it, and nothing is fitted twice."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_metadata, read_tensors, write_tensors
from paper_code.core.plan import reported
from paper_code.core.table import Row
from paper_code.filters.gabor import GaborBank
from paper_code.lateral.bank import Bank
from paper_code.lateral.harmonics import PairSums
from paper_code.lateral.views import like_map
from paper_code.network.layers import perturbed

ARRAYS = ("gram", "cross", "total", "square", "count", "orientation")
BANK = ("l0", "l1", "K")


@dataclass(frozen=True)
class Measured:
    """One network: its bank, the sums of its kernels, the null draws, and its rows of the table."""

    condition: str
    seed: int
    bank: Bank
    sums: PairSums | None  # of K, with RF and CO as regressors; None where K is not measured
    relabelled: dict  # (ring, version): (times, terms)
    permuted: dict
    rows: list
    co: np.ndarray | None = None  # CO between all cells, float32; None where K is not measured


def file_of(folder, condition, seed):
    """Where a network's measures lie below a folder."""
    return Path(folder) / condition / f"seed-{seed}.safetensors"


def files_of(build, condition):
    """Files of the measured networks of a condition by seed: of those that estimates are made over, or else of all that are there.

    A build may hold files of an earlier one.
    """
    paths = {int(path.stem.partition("-")[2]): path for path in Path(build, "networks", condition).glob("seed-*.safetensors")}
    listed = reported(condition, weights.seeds(condition, needed=False))
    return [paths[seed] for seed in [seed for seed in listed if seed in paths] or sorted(paths)]


def save(measured, path):
    """Write a :class:`Measured`, whole or not at all; equal input gives equal bytes."""
    bank = measured.bank
    tensors = {f"fits/{item.name}": getattr(bank.fits, item.name) for item in fields(GaborBank)}
    tensors |= {f"bank/{name}": getattr(bank, name) for name in BANK if getattr(bank, name) is not None}
    about = {"condition": measured.condition, "seed": measured.seed, "stride": bank.stride, "level": bank.level}
    if measured.sums is not None:
        tensors |= {f"sums/{name}": getattr(measured.sums, name) for name in ARRAYS}
        about |= {"regressors": measured.sums.regressors, "kernels": measured.sums.kernels}
        tensors["co"] = measured.co
    for kind in ("relabelled", "permuted"):
        tensors |= {f"{kind}/{ring}/{version}": draws for (ring, version), draws in getattr(measured, kind).items()}
    about["rows"] = [list(asdict(row).values()) for row in measured.rows]
    write_tensors(path, tensors, about)


def load(path):
    """Read what :func:`save` wrote; a PaperCodeError if it is missing, damaged, or of another version of the package."""
    tensors, about = perturbed(read_tensors(path)), read_metadata(path)
    try:
        fits = GaborBank(**{item.name: tensors[f"fits/{item.name}"] for item in fields(GaborBank)})
        bank = Bank(*(tensors.get(f"bank/{name}") for name in BANK), about["stride"], fits, about["level"])
        sums = None
        if "regressors" in about:
            frame, arrays = bank.frame, {name: tensors[f"sums/{name}"] for name in ARRAYS}
            names = tuple(about["regressors"]), tuple(about["kernels"])
            sums = PairSums(frame.target, frame.source, arrays.pop("orientation"), *names, **arrays)
        draws = {kind: {} for kind in ("relabelled", "permuted")}
        for name, values in tensors.items():
            kind, *place = name.split("/")
            if kind in draws:
                draws[kind][tuple(place)] = values
        rows = [Row(*row) for row in about["rows"]]
        return Measured(about["condition"], about["seed"], bank, sums, draws["relabelled"], draws["permuted"], rows, tensors.get("co"))
    except (KeyError, TypeError, ValueError) as error:
        raise PaperCodeError(f"{path} does not hold a network's measures ({error}); delete it, and 'make book' makes it again") from error


def portraits(build, labels):
    """One measured network of each condition, for looking: ``{label: (l0, fields from the best Gabor to the worst, map of like cells)}``.

    ``labels`` names conditions; a build that measured none of them, as the quick profile, shows the reference's first network.
    """
    paths = {label: files_of(build, condition) for condition, label in labels.items()}
    faces = {label: _portrait(load(found[0])) for label, found in paths.items() if found}
    return faces or {"reference": _portrait(load(files_of(build, "reference")[0]))}


def _portrait(one):
    """l0, the fields, or behind a rectified l0 the filters, and K between like cells where it was measured."""
    rectified = weights.configuration(one.condition, one.seed).l0 == "rectified"
    fields = (one.bank.l1 if rectified else one.bank.fields)[np.argsort(-one.bank.fits.r2, kind="stable")]
    return one.bank.l0, fields, None if one.sums is None else like_map(one.bank.frame, one.bank.among(one.bank.K))[1]
