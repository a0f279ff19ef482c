"""What a condition does to a measure: its networks beside those of the condition it is compared with, and the words for the difference."""

from dataclasses import dataclass

import numpy as np

from paper_code.core.plan import plan
from paper_code.core.table import ALL, END, Row, reported_seeds
from paper_code.core.text import effect_text, p_cell, p_text, shown

CONTROL_MEASURES = {
    ("l0.log_r2", "", ""): "l0: R² of the LoG",
    ("l0.i_rad", "", ""): "l0: radial symmetry",
    ("l1.gabor_r2", "", ""): "l1: Gabor R²",
    ("l1.gabor_share", "", ""): "l1: share of Gabors",
    ("bank.oriented", "", ""): "oriented cells",
    ("bank.cardinal", "", ""): "share of cardinal cells",
    ("K.like", "beyond RF and CO", "2-14"): "like",
    ("K.source", "raw", "6-10.5"): "source's axis",
    ("K.target", "beyond RF and CO", "6-10.5"): "target's axis",
    ("K.cocircular", "raw", "6-10.5"): "co-circular",
    ("K.cocircular", "beyond RF", "6-10.5"): "co-circular beyond RF",
    ("K.cocircular", "raw", "10.5-18"): "co-circular, far",
}
"""(measure, version, ring) that controls are compared in, the filters and the primary terms of K, with a few words for each."""
FULL_LENGTH = ("excitatory", "turned")  # compared with the reference, as long trained; shortened controls are compared with ``control``

BASE = "control"  # the reference, shortened like all controls

FILTERS = tuple(place for place in CONTROL_MEASURES if not place[0].startswith("K."))
KERNEL = tuple(place for place in CONTROL_MEASURES if place[0].startswith("K."))


@dataclass(frozen=True)
class Compared:
    """One measure of one condition, over its networks, beside the base."""

    place: tuple  # (measure, version, ring)
    values: np.ndarray  # (n,), networks of the condition that have it
    base: np.ndarray  # (m,)
    difference: Row | None  # condition less base; None where either lacks it

    @property
    def label(self):
        """Its words."""
        return CONTROL_MEASURES[self.place]

    @property
    def word(self):
        """lower, higher, not told apart, or not measured: by the p adjusted for the rate of false discoveries."""
        if self.difference is None:
            return "not measured"
        if not self.difference.p < plan()["controls"]["rate"]:
            return "not told apart"
        return "lower" if self.difference.value < 0 else "higher"

    @property
    def interval(self):
        """95 % interval of the condition's own mean, by the variance pooled over the conditions, which the difference's interval holds."""
        if self.difference is None:
            return (float("nan"),) * 2
        half = (self.difference.high - self.difference.low) / 2
        half *= np.sqrt(1 / len(self.values) / (1 / len(self.values) + 1 / len(self.base)))
        return self.values.mean() - half, self.values.mean() + half

    @property
    def remains(self):
        """Whether that interval lies above 0, which is chance for a term of K."""
        return bool(self.interval[0] > 0)

    @property
    def digits(self):
        """Decimals that are worth showing."""
        return 3 if self.place in KERNEL else 0 if self.place[0] == "bank.oriented" else 2

    def text(self):
        """``source's axis 0.013 against 0.103 (difference −0.090 [−0.120, −0.060], p = .0010)``; shorter where nothing is told."""
        if self.difference is None:
            return self.label
        value, base = (shown(one.mean(), self.digits) for one in (self.values, self.base))
        beside = f"{self.label} {value} against {base}"
        if self.word == "not told apart":
            return beside
        return f"{beside} (difference {effect_text(self.difference, self.digits)}, {p_text(self.difference.p)})"


def compare(numbers, condition, place, base=BASE):
    """A :class:`Compared` of one condition and (measure, version, ring)."""
    measure, version, ring = place
    where = {"step": END, "version": version, "ring": ring}
    found = numbers.where(condition=condition, seed=ALL, measure=f"{measure}:difference", **where).rows
    values, others = (_values(numbers, name, measure, where) for name in (condition, base))
    return Compared(place, values, others, found[0] if found else None)


def _values(numbers, condition, measure, where):
    return numbers.networks(condition=condition, measure=measure, seed=reported_seeds(numbers, condition), **where)[0]


def conditions(numbers, names):
    """Those of ``names`` of which there are networks, in that order."""
    there = {row.condition for row in numbers.rows if row.seed != ALL}
    return [name for name in names if name in there]


def said(numbers, condition, places=KERNEL, base=BASE):
    """What a condition does, in sentences: what is lower, and of K what is left of it; what is higher; what is not told apart."""
    found = [compare(numbers, condition, place, base) for place in places]
    if not any(one.difference for one in found):
        return "None of it could be measured."
    kernel = all(place in KERNEL for place in places)
    lower = [one for one in found if one.word == "lower"]
    groups = {
        "Lower, with nothing left above 0": [one for one in lower if kernel and not one.remains],
        "Lower, but still above 0": [one for one in lower if kernel and one.remains],
        "Lower": [one for one in lower if not kernel],
        "Higher": [one for one in found if one.word == "higher"],
        "Not told apart": [one for one in found if one.word == "not told apart"],
    }
    lines = [f"{words}: {'; '.join(one.text() for one in members)}." for words, members in groups.items() if members]
    return " ".join(lines)


def needed(numbers, place, names, base=BASE):
    """Of the conditions ``names``, those under which a measure is lower, is not told apart, and is higher: three lists."""
    words = {name: compare(numbers, name, place, base).word for name in names}
    return [[name for name in names if words[name] == word] for word in ("lower", "not told apart", "higher")]


def heading(place):
    """A measure with its distance."""
    return CONTROL_MEASURES[place] + (f", {place[2]} px" if place[2] else "")


def capital(text):
    """The text with a capital letter first."""
    return text[0].upper() + text[1:]


class Board:
    """The conditions of the table beside their base, for a page.

    Parameters
    ----------
    numbers : Table
    labels : dict
        By condition, in the order of the page; those without networks are left out.
    base : str
        What they are compared with.
    """

    def __init__(self, numbers, labels, base=BASE):
        self.numbers, self.base = numbers, base
        self.there = conditions(numbers, labels)
        self.label = {name: labels[name] for name in self.there}

    def compare(self, name, place):
        """A :class:`Compared`."""
        return compare(self.numbers, name, place, self.base)

    def cell(self, name, place):
        """Mean of a condition, and in bold what is told from the base."""
        one = self.compare(name, place)
        if not len(one.values):
            return "–"
        word = {"lower": "gone" if place in KERNEL and not one.remains else "weaker", "higher": "stronger"}.get(one.word)
        return shown(one.values.mean(), one.digits) + (f" **{word}**" if word else "")

    def rows(self, names, places):
        """Cells of a table: the condition, and each measure."""
        return [[self.label[name], *(self.cell(name, place) for place in places)] for name in names]

    def compared(self, names, places):
        """By label, a list of :class:`Compared`: what the matrix of dots draws."""
        return {self.label[name]: [self.compare(name, place) for place in places] for name in names}

    def values(self, name, measure):
        """Values of a measure on a condition's networks."""
        return self.numbers.networks(condition=name, step=END, measure=measure, seed=reported_seeds(self.numbers, name))[0]

    def cells(self, name):
        """Oriented cells of each network, as text."""
        return ", ".join(f"{one:.0f}" for one in self.values(name, "bank.oriented")) or "–"

    def unmeasurable(self, name):
        """Whether no network of a condition has cells enough to measure K."""
        found = self.values(name, "bank.oriented")
        return bool(len(found) and (found < plan()["oriented"]["fewest"]).all())

    def chance(self, place, name=None):
        """What chance gives in a measure: of smooth random filters, or of evenly spread cells; 0 for a term of K."""
        where = {"condition": name or self.base, "step": END, "measure": place[0], "version": place[1], "ring": place[2]}
        nulls = [row.null for row in self.numbers.where(**where).rows if row.seed != ALL]
        return float(np.mean(nulls)) if nulls and not place[0].startswith("K.") else 0.0

    def said(self, name, places=KERNEL):
        """:func:`said` of a condition."""
        return said(self.numbers, name, places, self.base)

    def report(self, name):
        """What a condition does to K and to the filters, as a list."""
        if name not in self.there:
            return "There is no network of this condition in the table."
        kernels, count = len(self.compare(name, KERNEL[-1]).values), len(reported_seeds(self.numbers, name))
        some = f" ($K$ could be measured on {kernels} of {count} networks)" if 0 < kernels < count else ""
        return f"- **$K$**{some}. {self.said(name)}\n- **Filters.** {self.said(name, FILTERS)}"

    def reports(self, names):
        """The reports of those conditions that there are, each under its name."""
        parts = [f"**{capital(self.label[name])}**\n\n{self.report(name)}" for name in names if name in self.there]
        return "\n\n".join(parts) or "There is no network of these conditions in the table."

    def answers(self, words, places=KERNEL):
        """A sentence a term of K: what it is less without, not told apart without, more without. ``words`` names what was taken away."""
        chief, lines = [name for name in words if name in self.there], []
        for place in places:
            kinds = needed(self.numbers, place, chief, self.base)
            heads = ("less without", "not told apart without", "more without")
            parts = [f"{head} {', '.join(words[name] for name in names)}" for head, names in zip(heads, kinds, strict=True) if names]
            lines += [f"**{capital(heading(place))}**: {'; '.join(parts)}."] if parts else []
        for name in chief:
            if self.unmeasurable(name):
                counts = f"{self.cells(name)} cells of the networks, {self.cells(self.base)} with nothing taken away"
                lines.append(
                    f"Without {words[name]} there is no term to speak of: hardly a cell has an orientation ({counts}), and with fewer than "
                    f"{plan()['oriented']['fewest']} $K$ is not measured."
                )
        return lines

    def differences(self):
        """Rows of a table of every difference: condition, measure, version, its networks, the base's, difference, p."""
        rows = []
        for name in self.there:
            for place in (*FILTERS, *KERNEL):
                one = self.compare(name, place)
                if name != self.base and one.difference:
                    both = [", ".join(shown(value, one.digits) for value in part) for part in (one.values, one.base)]
                    effect, p = effect_text(one.difference, one.digits), p_cell(one.difference.p)
                    rows.append([self.label[name], heading(place), place[1] or "–", *both, effect, p])
        return rows

    def results(self):
        """Every difference with its word, as plain numbers, by condition and measure."""
        kept = {}
        for name in self.there:
            found = [self.compare(name, place) for place in (*FILTERS, *KERNEL)] if name != self.base else []
            for one in found:
                if one.difference:
                    row = one.difference
                    numbers = {"word": one.word, "difference": [row.value, row.low, row.high, row.p]}
                    kept.setdefault(name, {})[" ".join(filter(None, one.place))] = numbers
        return kept
