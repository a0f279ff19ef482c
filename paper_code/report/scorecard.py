"""The scorecard: each claim's rows of the tidy table, as listed in ``claims.toml``, judged by the plan's rule."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.plan import plan
from paper_code.core.table import ALL, END, Row, reported_seeds
from paper_code.core.text import effect_text, shown
from paper_code.emergence.controls import BASE, ENOUGH
from paper_code.network.config import NetworkConfig
from paper_code.report.verdict import verdict
from paper_code.training.conditions import CONTROLS, LABELS

FILE = Path(__file__).with_name("claims.toml")
ROTATED = ("reference", "turned", "control", "control-phase-scrambled")
"""Conditions for which invariance under rotation is tabulated."""
INVARIANT = ("reference", "turned", "control", "control-rotations", "control-no-silencing", "control-phase-scrambled")
"""Conditions for which K's invariance is plotted."""


@dataclass(frozen=True)
class Claim:
    """One line of the scorecard: a claim, and where the table holds its measure."""

    claim: int
    text: str
    measured: str
    chapter: str  # where the measurement is described
    measure: str
    unit: str
    version: str = ""
    ring: str = ""
    condition: str = "reference"
    family: str = ""  # of tests within which p is adjusted, as named in the table
    ours: bool = False  # has no verdict
    lead: bool = False  # represents its claim on the intro page

    @property
    def threshold(self):
        """What the measure must exceed by the plan, which calls it its target, or None."""
        return plan()["filters"].get(self.measure.partition(".")[2], {}).get("target")

    @property
    def place(self):
        """Columns of the table that select its networks."""
        return {"condition": self.condition, "version": self.version, "ring": self.ring}


@dataclass(frozen=True)
class Found:
    """A claim with its estimate over networks and verdict."""

    claim: Claim
    row: Row
    p: float
    verdict: str  # empty for a row marked as ours
    networks: np.ndarray = field(repr=False)  # one value per network

    @property
    def effect(self):
        """Mean with its interval, as text; signed unless it is an R² or a share."""
        text = effect_text(self.row, 2 if self.claim.unit.startswith("%") else 3)
        return text.replace("+", "") if self.claim.unit == "R² or share" else text

    @property
    def chance(self):
        """The chance value as text, or a dash."""
        return "–" if np.isnan(self.row.null) else shown(self.row.null, 2 if self.claim.unit.startswith("%") else 3)


def claims(path=FILE):
    """The five claims, ``{1: text, ...}``, and every :class:`Claim` row; raises PaperCodeError if the file is missing or damaged."""
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        rows = [Claim(**entry) for entry in content["row"]]
        texts = {int(number): text for number, text in content["claims"].items()}
    except OSError as error:
        raise PaperCodeError(f"cannot read the claims {path}: {error.strerror}; install the package again") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PaperCodeError(f"the claims {path} are damaged ({' '.join(str(error).split())}); mend them") from error
    astray = [one.text for one in rows if one.claim not in texts]
    if astray:
        raise PaperCodeError(f"the claims {path}: the row {astray[0]!r} belongs to no claim; give it one of {', '.join(map(str, texts))}")
    return texts, rows


def judge(claim, numbers):
    """A judged row of the scorecard from a Table; raises PaperCodeError unless the table has exactly one such row."""
    place = {"seed": ALL, "step": END, **claim.place}
    row = numbers.one(measure=claim.measure, **place)
    p = numbers.one(measure=f"{claim.measure}:{claim.family}", **place).p if claim.family else row.p
    margin = plan()["models" if claim.measure.startswith("models.") else "inference"]["margin"]
    said = "" if claim.ours else verdict(row, p, claim.threshold, margin)
    return Found(claim, row, p, said, single(claim, numbers))


def row_of(measure, numbers):
    """The judged row for one measure of the filters."""
    return judge(next(one for one in claims()[1] if one.measure == measure), numbers)


def single(claim, numbers):
    """The values of the networks behind the estimate, (n,); for a paired difference, end minus start."""
    measure, _, kind = claim.measure.partition(":")
    seeds = reported_seeds(numbers, claim.condition)
    if kind != "trained":
        return numbers.networks(measure=claim.measure, step=END, seed=seeds, **claim.place)[0]
    end, start = (numbers.networks(measure=measure, step=step, seed=seeds, **claim.place)[0] for step in (END, 0))
    return end - start


def scorecard(numbers):
    """All judged rows, as a list of :class:`Found` in the order of the file."""
    return [judge(claim, numbers) for claim in claims()[1]]


def with_length(condition):
    """The label of a condition, and whether its training is shortened."""
    return LABELS[condition] + (", shortened" if condition in CONTROLS and condition != BASE else "")


def invariant_parts(numbers, ring="6-10.5"):
    """R^2 (%) of K on the network left out, and the share that is the same at all orientations: ``{label: (round, base, full, text)}``."""
    parts = {}
    for condition in INVARIANT:
        place = {"condition": condition, "seed": ALL, "version": "raw", "ring": ring}
        if numbers.where(measure="K.invariant", **place).rows:
            explained = [numbers.one(measure=f"K.invariant:{part}", **place).value for part in ("round", "base", "full")]
            text = _share(numbers.one(measure="K.invariant", **place), len(reported_seeds(numbers, condition)))
            parts[with_length(condition)] = (*explained, text)
    return parts


def _share(row, networks):
    """A share as text; its interval is omitted if networks are few, since it may extend beyond the values a share can take."""
    return effect_text(row, 2).replace("+", "") if networks >= ENOUGH else f"{shown(row.value, 2)} ({networks} networks)"


def rotations(numbers):
    """Rows on how far l0, the bank and K are the same at all orientations: condition, networks, radial symmetry, evenness, share of K."""
    rows = []
    for condition in ROTATED:
        seeds = reported_seeds(numbers, condition)
        if len(seeds) < 2:
            continue
        place = {"condition": condition, "seed": ALL, "step": END}
        found = [numbers.one(measure=name, **place) for name in ("l0.i_rad", "bank.evenness")]
        found.append(numbers.one(measure="K.invariant", version="raw", ring="6-10.5", **place))
        shares = [_share(one, len(seeds)).partition(" (")[0] for one in found]
        even = found[1]
        below = "below " if even.high < even.null and len(seeds) >= ENOUGH else ""
        shares[1] += f" ({below}chance {shown(even.null, 2)})"
        rows.append([with_length(condition), len(seeds), *shares])
    return rows


def summary(found):
    """What the intro page shows for each claim: (number, :class:`Found` of its leading row, judged rows that hold, all judged rows)."""
    rows = []
    for number in dict.fromkeys(one.claim.claim for one in found):
        members = [one for one in found if one.claim.claim == number and one.verdict]
        lead = next(one for one in members if one.claim.lead)
        rows.append([number, lead, sum(one.verdict == "holds" for one in members), len(members)])
    return rows


def blind_to_phase(numbers, condition="reference"):
    """A verb phrase: how cells of like orientation affect each other, compared with orthogonal ones, if phase is ignored (2 to 14 px)."""
    row = numbers.one(condition=condition, seed=ALL, step=END, measure="K blind to phase.like", version="raw", ring="2-14")
    verb = "suppress each other more than" if row.high < 0 else "are not distinguishable from"
    verb = "excite each other more than" if row.low > 0 else verb
    return f"{verb} orthogonal ones (half the difference is {effect_text(row)} sd of K, 2 to 14 px; chance 0)"


def beside_the_paper(numbers, leads):
    """What the paper's abstract says, what is found here, and why the two may differ: texts, one row for each of the five claims.

    ``leads`` maps the number of a claim to the :class:`Found` of its leading row.
    """
    said = tomllib.loads(FILE.read_text(encoding="utf-8"))["paper"]

    def estimate(measure, version="", ring=""):
        return shown(numbers.one(condition="reference", seed=ALL, step=END, measure=measure, version=version, ring=ring).value, 2)

    def each(condition, measure, digits=0):
        return ", ".join(shown(value, digits) for value in numbers.networks(condition=condition, step=END, measure=measure)[0])

    noise = each("control-white-noise", "l0.log_r2", 2)
    fewer, short = (each(name, "bank.oriented") for name in ("control-shuffled-labels", "control"))
    found = {
        1: f"R² {leads[1].effect}; l0's gain for uniform light is {estimate('l0.uniform')} of its peak, where a LoG has 0"
        + (f"; R² {noise} in networks trained on white noise" if noise else ""),
        2: f"a share of {leads[2].effect} fits a Gabor better than 95 % of random blobs, "
        f"{estimate('l1.gabor_share:phase-scrambled')} better than 95 % of random stripes with l1's own spectra",
        3: f"{leads[3].effect} sd of K beyond overlap and co-activation; "
        f"when phase is ignored, cells of similar orientation {blind_to_phase(numbers)}",
        4: f"a co-circular fan of {leads[4].effect} sd of K; on networks left out of the fit, a direction process adds "
        f"{estimate('models.DP', 'plain', '6-14')} % of K's variance, an oval with the same ridge but no paths "
        f"{estimate('models.ANI', 'plain', '6-14')} %",
        5: f"{leads[5].effect} sd of K from start to end of training"
        + (
            f"; of {NetworkConfig.cells} cells, {fewer} have an orientation in networks trained on shuffled labels, "
            f"{short} in equally short trainings on the true labels"
            if fewer
            else ""
        ),
    }
    rows = []
    for number, text in found.items():
        chapters = {4: ["08_group_models"], 5: ["09b_controls"] * bool(fewer)}.get(number, [])
        where = [f"[chapter {one.split('_')[0].lstrip('0')}]({one}.ipynb)" for one in (leads[number].claim.chapter, *chapters)]
        rows.append(
            [said[str(number)]["says"], f"**{leads[number].verdict}**: {text} ({' and '.join(where)})", said[str(number)]["differ"]]
        )
    return rows
