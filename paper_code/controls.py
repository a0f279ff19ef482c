"""What the symmetries need: every measure on networks from which one thing was taken away, and verdicts that follow from the numbers.

A control is compared with the reference trained as shortly as all controls are, the condition ``control``, and never with the reference
at its full length.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from paper_code import weights
from paper_code.conditions import CONTROLS
from paper_code.emergence import CHANCE_SHARE, LAYER, LEVEL, MIDDLE, WORDS, fields_of, levels, like_maps
from paper_code.rounding import as_large, fixed
from paper_code.survey import FEWEST_CELLS, Labels, gabor_r2, radial_null, survey

BASE = next(iter(CONTROLS))  # the reference, shortened
CLAIMS = ("log_r2", "i_rad", "gabor_share", "rf", "tuning", "elongation", "cocircularity")


@dataclass(frozen=True)
class Portrait:
    """What one network looks like."""

    l0: np.ndarray | None  # (a, a)
    bank: np.ndarray  # (n, b, b), l1 from the best Gabor to the worst
    field: np.ndarray | None  # (q, q), what cells of like orientation send each other, as emergence.like_maps has it


@dataclass(frozen=True)
class Row:
    """One condition of the table, s networks."""

    name: str
    label: str
    asks: str
    seeds: tuple
    surveys: tuple  # of Survey
    levels: dict  # what 95 % of chance stay below, by name, of l0 and l1
    portrait: Portrait  # of the first network
    accuracy: tuple = ()  # on the control's own test images, with receptor noise; empty before training
    tested: int = 0  # test images
    classes: int = 2

    def values(self, name):
        """A measure on every seed, NaN where it could not be taken: (s,)."""
        return np.array([getattr(one, name) for one in self.surveys])


def measure(name, label, asks, seeds, permuted=199, drawn=200, field_null_count=60, directory=None, untrained=False):
    """Survey the networks of one condition: a :class:`Row`.

    ``untrained`` takes the same networks before training, and K under the labels that its cells will have.
    """
    effort = {"permuted": permuted, "drawn": drawn, "field_null_count": field_null_count}
    listed = [weights.entry(name, seed, directory) for seed in seeds]
    first, surveys, portrait = listed[0], [], None
    stride = first["condition"]["network"]["stride"]
    for seed in seeds:
        early = weights.load_early(name, seed, directory)
        labels = None if early.K is None else Labels.of(early, field_null_count)
        if untrained:
            early = weights.initial_early(name, seed, directory)
        surveys.append(survey(early, stride, labels=labels, **effort))
        portrait = portrait or draw(early, labels, stride)
    return Row(
        name="untrained" if untrained else name,
        label=label,
        asks=asks,
        seeds=tuple(seeds),
        surveys=tuple(surveys),
        levels=levels(early),
        portrait=portrait,
        accuracy=() if untrained else tuple(one["accuracy"] for one in listed),
        tested=first["test_images"],
        classes=len(first["images"]["classes"]),
    )


def draw(early, labels, stride):
    """A :class:`Portrait` of early layers whose cells have these labels (None without K)."""
    field = None
    if labels is not None and labels.oriented.sum() >= FEWEST_CELLS:
        field = like_maps([early.K], labels, stride)[0][0]
    return Portrait(early.l0, early.l1[np.argsort(-gabor_r2(early.l1), kind="stable")], field)


def field_of(name, seed, field_null_count=60, directory=None):
    """K of one network around a target cell by the turn of the source: an :class:`paper_code.lateral.AssociationField`, sd of K."""
    early = weights.load_early(name, seed, directory)
    labels = Labels.of(early, field_null_count)
    return fields_of([early.K], labels, weights.entry(name, seed, directory)["condition"]["network"]["stride"])[0]


def measure_all(names=tuple(CONTROLS), most=None, directory=None, **effort):
    """The untrained networks and every control that there is, in the order of :data:`paper_code.conditions.CONTROLS`.

    Parameters
    ----------
    names : sequence of str
        Controls.
    most : int, optional
        Seeds of each, the first ones.
    effort
        As in :func:`measure`.

    Returns
    -------
    list of Row
        The untrained first: those of ``control``, or of the reference where there is no ``control``.
    """
    there = {name: weights.seeds(name, directory, needed=False)[:most] for name in names}
    rows = []
    start = BASE if there.get(BASE) else "reference"
    seeds = weights.seeds(start, directory, needed=False)[:most] if start != BASE else there[BASE]
    if seeds:
        asks = "what does the architecture give, and chance?"
        rows.append(measure(start, "untrained", asks, seeds, directory=directory, untrained=True, **effort))
    for name in names:
        if there[name]:
            rows.append(measure(name, CONTROLS[name].label, CONTROLS[name].asks, there[name], directory=directory, **effort))
    return rows


def missing(directory=None):
    """Labels of the controls without any network, and of those with a single one."""
    count = {control.label: len(weights.seeds(name, directory, needed=False)) for name, control in CONTROLS.items()}
    return [label for label, found in count.items() if found == 0], [label for label, found in count.items() if found == 1]


def find(rows, name):
    """The row of that name, or None."""
    return next((row for row in rows if row.name == name), None)


# Verdicts

HOLDS, WEAKER, STRONGER, SOME, LOST, UNSHOWN, FEW, ABSENT = (
    "yes", "yes, weaker", "yes, stronger", "on some networks", "no, surely less", "not shown", "too few oriented cells", "no such layer",
)  # fmt: skip
MARKS = {HOLDS: "●", WEAKER: "◐", STRONGER: "⬤", SOME: "◔", LOST: "○", UNSHOWN: "·", FEW: "–", ABSENT: " "}
SHOWN = (HOLDS, WEAKER, STRONGER)
UNDECIDED = (SOME, UNSHOWN, FEW)


def holds(row, name):
    """Whether a measure is beyond its null on each seed, bool (s,); False where it could not be taken.

    l0 is one filter, so its measures need only exceed the level that 95 % of chance stay below, with the fitted centre in the
    middle half of the filter: a smooth slope is fitted well by the flank of a Laplacian of Gaussian whose centre lies at the border.
    A share of Gabors counts if its interval lies above chance, a measure of K if p < .05 against relabelled cells and the interval
    over filters lies above their mean.
    """
    if LAYER[name] == "l0":
        return (row.values(name) > row.levels.get(name, np.inf)) & (row.values("off_centre") <= MIDDLE)
    low = row.values(f"{name}_low")
    return low > CHANCE_SHARE if LAYER[name] == "l1" else (row.values(f"{name}_p") < LEVEL) & (low > row.values(f"{name}_chance"))


@dataclass(frozen=True)
class Difference:
    """A measure's mean over the networks of a control, less that of the shortened reference."""

    value: float
    low: float  # simultaneous 95 %, over filters
    high: float
    apart: bool  # every network of the one lies on the same side of every network of the other

    @property
    def sign(self):
        """1 or -1 if the interval excludes 0 and the networks are apart, else 0."""
        return int(np.sign(self.value)) if self.apart and (self.low > 0 or self.high < 0) else 0


def difference(row, name, base, comparisons=None):
    """How a measure differs from the shortened reference, or None if either lacks it on some network, or has no interval (l0).

    Banks of different networks are independent, so squared half widths of their intervals add. The interval is widened for as many
    ``comparisons`` as there are controls (Bonferroni, as if it were normal).
    """
    if base is None or row is base or LAYER[name] == "l0":
        return None
    values, others = row.values(name), base.values(name)
    if not (np.isfinite(values).all() and np.isfinite(others).all()):
        return None
    comparisons = len(CONTROLS) - 1 if comparisons is None else comparisons
    wider = stats.norm.ppf(1 - 0.025 / comparisons) / stats.norm.ppf(0.975)
    half = [np.hypot.reduce(one.values(f"{name}_high") - one.values(f"{name}_low")) / 2 / len(one.seeds) for one in (row, base)]
    value, half = float(values.mean() - others.mean()), float(wider * np.hypot(*half))
    return Difference(value, value - half, value + half, bool(values.max() < others.min() or values.min() > others.max()))


def verdict(row, name, base=None):
    """One of HOLDS, WEAKER, STRONGER, SOME, LOST, UNSHOWN, FEW and ABSENT.

    A claim holds if it does on every seed. It is then weaker or stronger if the difference from ``base``, the shortened reference,
    says so. One that no network shows is lost only if the reference shows it on every seed, and surely more of it; not to pass a test
    is not yet to differ from what passes it. l0 has no interval: it is lost if on every seed its centre lies off the middle, or its
    value below all of the reference.
    """
    values = row.values(name)
    if LAYER[name] == "K" and np.isfinite(row.values("rf")).any() and not np.isfinite(values).all():
        return FEW
    if not np.isfinite(values).any():
        return ABSENT
    found, change = holds(row, name), difference(row, name, base)
    sign = 0 if change is None else change.sign
    if found.all():
        return {0: HOLDS, -1: WEAKER, 1: STRONGER}[sign if holds(base, name).all() else 0] if base is not None else HOLDS
    if found.any():
        return SOME
    if base is None or base is row or not holds(base, name).all():
        return UNSHOWN
    less = (values < base.values(name).min()) | (row.values("off_centre") > MIDDLE)
    lower = less.all() if LAYER[name] == "l0" else sign < 0
    return LOST if lower else UNSHOWN


def needs(rows, name):
    """What a claim needs, one sentence: without what it arises all the same, without what it is lost, and what is undecided."""
    base, start = find(rows, BASE), find(rows, "untrained")
    found = {row.label: verdict(row, name, base) for row in rows if row.name not in (BASE, "untrained")}
    groups = {kind: ", ".join(label for label, one in found.items() if one == kind) for kind in MARKS}
    words, parts = WORDS[name], []
    if base is None:
        parts.append("no shortened reference to compare with")
    elif verdict(base, name) in SHOWN:
        parts.append("shown by the shortened reference")
    else:
        where = "on some networks alone" if verdict(base, name) == SOME else "on no network"
        parts.append(f"the shortened reference shows it {where}, so that a control can show that it arises, but not what it needs")
    phrases = {HOLDS: "arises also with", WEAKER: "arises, but surely weaker, with", STRONGER: "arises, and surely stronger, with"}
    phrases |= {
        LOST: "lost with",
        SOME: "undecided (on some networks alone) with",
        UNSHOWN: "undecided (not beyond chance, nor surely less than the reference) with",
    }
    phrases |= {FEW: "not measurable, for want of oriented cells, with"}
    parts += [f"{phrase} {groups[kind]}" for kind, phrase in phrases.items() if groups[kind]] or ["no control to judge by"]
    if start is not None and verdict(start, name, base) != ABSENT:
        parts.append(f"before training: {verdict(start, name, base)}")
    return f"**{words if words[:2] in ('l0', 'l1') else words[0].upper() + words[1:]}**: {'; '.join(parts)}."


@dataclass(frozen=True)
class Tally:
    """Labels of the controls that a claim could be measured with, by what they say."""

    measured: list
    arises: list  # beyond chance on every network
    lost: list
    undecided: list

    def sentence(self):
        """In words, without the claim."""
        text = f"arises with {len(self.arises)} of {len(self.measured)} controls"
        text += f"; lost with {', '.join(self.lost)}" if self.lost else "; surely lost with none"
        text += f"; undecided with {', '.join(self.undecided)}" if self.undecided else ""
        many = len(self.undecided) > len(self.measured) / 2
        return text + ("; so many undecided mean that networks of this size show it barely, if they do" if many else "")


def tally(kept, name):
    """The :class:`Tally` of a claim from what :func:`numbers` kept."""
    found = {CONTROLS[key].label: kept[key]["verdicts"][name] for key in kept if key not in (BASE, "untrained")}
    groups = ([label for label, one in found.items() if one in kinds] for kinds in (SHOWN, (LOST,), UNDECIDED))
    return Tally([label for label, one in found.items() if one != ABSENT], *groups)


def closing(kept, name):
    """What a claim needs in one line, without a full stop, from what :func:`numbers` kept."""
    counted = tally(kept, name)
    if BASE in kept and kept[BASE]["verdicts"][name] in SHOWN:
        return f"*{WORDS[name]}*: {counted.sentence()}"
    also = f"; it arises with {', '.join(counted.arises)}" if counted.arises else ", nor does it arise with any control"
    return f"*{WORDS[name]}*: the shortened reference does not show it on all its networks, so the controls cannot say what it needs{also}"


# The evidence behind a verdict


def p_value(row, name):
    """One-sided p of a measure on each seed, (s,): against smooth random filters, a binomial chance share, or relabelled cells."""
    values = row.values(name)
    if LAYER[name] == "K":
        return row.values(f"{name}_p")
    if name == "gabor_share":
        count = len(row.portrait.bank)
        return np.where(np.isfinite(values), stats.binom.sf(np.round(np.nan_to_num(values) * count) - 1, count, CHANCE_SHARE), np.nan)
    if row.portrait.l0 is None:
        return np.full(len(values), np.nan)
    null = getattr(radial_null(row.portrait.l0.shape[-1]), name)
    return (1 + as_large(null, values[:, None]).sum(1)) / (1 + len(null))


def null_level(row, name):
    """What 95 % of chance stay below, on each seed: (s,)."""
    return row.values(f"{name}_null") if LAYER[name] == "K" else np.full(len(row.seeds), row.levels.get(name, np.nan))


def evidence(row, name):
    """Value, interval, null and p of a measure on each seed, as text: list of s strings."""
    texts = []
    null, p, values = null_level(row, name), p_value(row, name), row.values(name)
    for index in range(len(row.seeds)):
        if not np.isfinite(values[index]):
            texts.append("–")
            continue
        text = tidy(values[index]) + (" (off centre)" if LAYER[name] == "l0" and row.values("off_centre")[index] > MIDDLE else "")
        if LAYER[name] != "l0":
            text += f" [{tidy(row.values(f'{name}_low')[index])}, {tidy(row.values(f'{name}_high')[index])}]"
        texts.append(f"{text}; {tidy(null[index])}; " + ("< .001" if p[index] < 0.001 else f"{p[index]:.3f}"))
    return texts


def difference_text(row, name, base):
    """The difference from the shortened reference and its simultaneous interval, as text."""
    found = difference(row, name, base)
    return (
        "–"
        if found is None
        else f"{tidy(found.value)} [{tidy(found.low)}, {tidy(found.high)}]" + ("" if found.apart else ", networks overlap")
    )


def tidy(value, digits=2):
    """A rounded number with a true minus and no minus before zero."""
    return fixed(value, digits).replace("-", "−")


def cardinal_p(row, base):
    """Two-sided p of Fisher's exact test that as many cells are cardinal as in the shortened reference, all networks together."""
    table = []
    for one in (row, base):
        count = one.values("oriented")
        cardinal = np.round(one.values("cardinal") * count)
        table.append([np.nansum(cardinal), np.nansum(count - cardinal)])
    return float(stats.fisher_exact(np.array(table, int)).pvalue)


def learned(row):
    """Whether each network tells its test images apart better than chance, p < .05 of the binomial: bool (s,)."""
    return np.array([stats.binom.sf(round(one * row.tested) - 1, row.tested, 1 / row.classes) < LEVEL for one in row.accuracy], bool)


def numbers(rows):
    """What the results file keeps of the controls: values, intervals, p, nulls, verdicts and accuracies by condition."""

    def plain(values):
        return [float(value) if np.isfinite(value) else None for value in values]

    base, kept = find(rows, BASE), {}
    for row in rows:
        measured = {
            name: plain(row.values(name))
            for name in (*CLAIMS, "sigma", "off_centre", "gabor_r2", "oriented", "cardinal", "contrast", "rf_contrast")
        }
        for name in CLAIMS:
            measured |= {f"{name}_p": plain(p_value(row, name)), f"{name}_null": plain(null_level(row, name))}
            if LAYER[name] != "l0":
                measured |= {f"{name}_{end}": plain(row.values(f"{name}_{end}")) for end in ("low", "high")}
            change = difference(row, name, base)
            if change is not None:
                measured[f"{name}_less_reference"] = [change.value, change.low, change.high]
        verdicts = {name: verdict(row, name, base) for name in CLAIMS}
        kept[row.name] = {"seeds": list(row.seeds), "verdicts": verdicts, "accuracy": plain(row.accuracy), **measured}
    return kept
