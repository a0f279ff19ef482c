"""The effect of a condition on a measure: its networks compared with those of a base condition, and the wording of the difference."""

from dataclasses import dataclass

import numpy as np

from paper_code.core.plan import plan
from paper_code.core.table import ALL, END, Row, reported_seeds
from paper_code.core.text import effect_text, listed, ring_text, shown, signed

CONTROL_MEASURES = {
    ("l0.log_r2", "", ""): "l0's LoG R²",
    ("l0.i_rad", "", ""): "l0's radial symmetry",
    ("l1.gabor_r2", "", ""): "l1's Gabor R²",
    ("l1.gabor_share", "", ""): "l1's share of Gabors",
    ("bank.oriented", "", ""): "oriented cells",
    ("bank.cardinal", "", ""): "share of cardinal cells",
    ("K.like", "beyond RF and CO", "2-14"): "like",
    ("K.source", "raw", "6-10.5"): "source's axis",
    ("K.target", "beyond RF and CO", "6-10.5"): "target's axis",
    ("K.cocircular", "raw", "6-10.5"): "co-circular",
    ("K.cocircular", "beyond RF", "6-10.5"): "co-circular beyond RF",
    ("K.cocircular", "raw", "10.5-18"): "far co-circular",
}
"""(measure, version, ring) on which controls are compared, for the filters and the primary terms of K, each with a short label."""
FULL_LENGTH = ("excitatory", "turned")  # as long as the reference, their base; shortened controls are compared with ``control``
ENOUGH = 5  # networks needed for a condition to have its own interval
BASE = "control"  # the reference with the shortened training of all controls

FILTERS = tuple(place for place in CONTROL_MEASURES if not place[0].startswith("K."))
KERNEL = tuple(place for place in CONTROL_MEASURES if place[0].startswith("K."))


@dataclass(frozen=True)
class Compared:
    """One measure of the networks of one condition, compared with the base."""

    place: tuple  # (measure, version, ring)
    values: np.ndarray  # (n,), the networks of the condition that have the measure
    base: np.ndarray  # (m,), those of the base
    difference: Row | None  # condition minus base; None if either lacks the measure
    own: tuple = ()  # the condition's 95 % interval over its own networks; empty if there are too few
    own_base: tuple = ()  # the same for the base

    @property
    def word(self):
        """One of lower, higher, not distinguishable and not measured, by the p adjusted for the false discovery rate."""
        if self.difference is None:
            return "not measured"
        if not self.difference.p < plan()["controls"]["rate"]:
            return "not distinguishable"
        return "lower" if self.difference.value < 0 else "higher"

    def _around(self, values):
        """95 % interval of a mean from the variance pooled over conditions, recovered from the interval of the difference."""
        if self.difference is None:
            return (float("nan"),) * 2
        half = (self.difference.high - self.difference.low) / 2
        half *= np.sqrt(1 / len(values) / (1 / len(self.values) + 1 / len(self.base)))
        return values.mean() - half, values.mean() + half

    @property
    def interval(self):
        """95 % interval of the condition's own mean, over its networks or, if these are few, from the variance pooled over conditions."""
        return self.own or self._around(self.values)

    @property
    def remains(self):
        """Whether ``interval`` lies above 0, which is chance for a term of K."""
        return bool(self.interval[0] > 0)

    @property
    def change(self):
        """The word for a distinguishable difference, else empty; for measures of filters, it is *lower* or *higher*.

        A term of K is *stronger*, or *weaker* if it is lower but still above 0. Otherwise, if the interval of the base is above 0, the term
        is *gone*, or *reversed* if it lies below 0. If the base is not above 0, the term is *lower*, or *below 0*.
        """
        if self.word not in ("lower", "higher"):
            return ""
        if self.place not in KERNEL:
            return self.word
        if self.word == "higher":
            return "stronger"
        if self.remains:
            return "weaker"
        below, there = self.interval[1] < 0, (self.own_base or self._around(self.base))[0] > 0
        return ("reversed" if there else "below 0") if below else ("gone" if there else "lower")

    @property
    def digits(self):
        """Number of decimals to show."""
        return 3 if self.place in KERNEL else 0 if self.place[0] == "bank.oriented" else 2

    def shown(self, *values):
        """Values as text."""
        return [shown(value, self.digits) for value in values]

    def effect(self):
        """The difference with its interval, or a dash."""
        return effect_text(self.difference, self.digits) if self.difference else "–"

    def cell(self):
        """Mean, followed by a word in bold if it is distinguishable from the base."""
        return "".join(self.shown(self.values.mean())) + (f" **{self.change}**" if self.change else "") if len(self.values) else "–"

    def each(self):
        """The value of each network, as text."""
        return ", ".join(self.shown(*self.values)) or "–"

    def told(self):
        """The difference, in bold if distinguishable from 0."""
        return f"**{self.effect()}**" if self.change else self.effect()


def heading(place):
    """The label of a measure with its distance, and with its version unless this is raw."""
    distance = ring_text(place[2]) if place[2] else ""
    return ", ".join(filter(None, (CONTROL_MEASURES[place], distance, unsaid_version(place))))


def in_a_sentence(place):
    """The label of a measure with an article and a noun where it needs them."""
    label, beyond, rest = CONTROL_MEASURES[place].partition(" beyond ")
    return f"the {label}{'' if label.endswith('axis') else ' term'}{beyond}{rest}" if place in KERNEL else label


def unsaid_version(place):
    """The version of a measure, or an empty string if it is raw or in the label already."""
    label, version = CONTROL_MEASURES[place], place[1]
    return "" if version == "raw" or version in label else version


class Board:
    """The conditions of the table compared with their ``base``, for a page.

    ``labels`` maps conditions to labels in the order of the page; conditions without networks are omitted.
    """

    def __init__(self, numbers, labels, base=BASE):
        self.numbers, self.base = numbers, base
        measured = {row.condition for row in numbers.rows if row.seed != ALL}
        self.there = [name for name in labels if name in measured]
        self.label = {name: labels[name] for name in self.there}

    @property
    def measured(self):
        """The conditions for which a term of K could be measured."""
        return [name for name in self.there if any(len(self.compare(name, place).values) for place in KERNEL)]

    def compare(self, name, place):
        """A :class:`Compared` for one condition and (measure, version, ring)."""
        measure, *where = place
        difference = self.pooled(name, f"{measure}:difference", *where)
        values = [self.values(one, *place) for one in (name, self.base)]
        pooled = [self.pooled(one, *place) if len(some) >= ENOUGH else None for one, some in zip((name, self.base), values, strict=True)]
        return Compared(place, *values, difference, *((row.low, row.high) if row else () for row in pooled))

    def pooled(self, name, measure, version="", ring=""):
        """The row of a measure over a condition's networks, or None."""
        rows = self.numbers.where(condition=name, seed=ALL, step=END, measure=measure, version=version, ring=ring).rows
        return rows[0] if rows else None

    def rows(self, names, places, cell=Compared.cell):
        """Table rows, with the condition and each measure; ``cell`` turns a :class:`Compared` into text."""
        return [[self.label[name], *(cell(self.compare(name, place)) for place in places)] for name in names]

    def values(self, name, measure, version="", ring=""):
        """Values of a measure for the networks of a condition."""
        seeds = reported_seeds(self.numbers, name)
        return self.numbers.networks(condition=name, step=END, measure=measure, version=version, ring=ring, seed=seeds)[0]

    def cells(self, name):
        """Number of oriented cells in each network, as text."""
        return ", ".join(f"{one:.0f}" for one in self.values(name, "bank.oriented")) or "–"

    def unmeasurable(self, name):
        """Whether no network of a condition has enough oriented cells to measure K."""
        found = self.values(name, "bank.oriented")
        return bool(len(found) and (found < plan()["oriented"]["fewest"]).all())

    def chance(self, place):
        """Chance value of a measure, from smooth random filters or evenly distributed cells; 0 for a term of K."""
        where = {"condition": self.base, "step": END, "measure": place[0], "version": place[1], "ring": place[2]}
        nulls = [row.null for row in self.numbers.where(**where).rows if row.seed != ALL]
        return float(np.mean(nulls)) if nulls and not place[0].startswith("K.") else 0.0

    def story(self, name):
        """The effect of a condition in a few sentences: what is distinguishable from the base, how much is not, what could not be measured.

        For terms of K the difference and its interval are included; for filters they are in the appendix.
        """
        found = [one for place in CONTROL_MEASURES if (one := self.compare(name, place)).difference]
        told, base = [one for one in found if one.change], f"the {self.label[self.base]}"
        clauses = []
        for one in told:
            means = " against ".join(one.shown(one.values.mean(), one.base.mean()))
            clauses.append(f"{CONTROL_MEASURES[one.place]} {means}" + (f" ({one.effect()})" if one.place in KERNEL else ""))
        parts = [f"Distinguishable from {base}: {'; '.join(clauses)}."] if told else []
        if len(found) > len(told):
            none = f"None of the {len(found)} measures is distinguishable from {base}."
            parts.append("None of the other measures is." if told else none)
        if not any(one.place in KERNEL for one in found):
            cells = f" ({self.cells(name)} cells have an orientation)" if self.unmeasurable(name) else ""
            parts.append(f"No term of $K$ could be measured{cells}.")
        return " ".join(parts)

    def stories(self, names):
        """:meth:`story` of every available condition, one paragraph each, and one for all without a difference."""
        there = [name for name in names if name in self.there]
        differs = {name: any(self.compare(name, place).change for place in CONTROL_MEASURES) for name in there}
        lines = [f"**{self.label[name][0].upper()}{self.label[name][1:]}.** {self.story(name)}" for name in there if differs[name]]
        alike = [self.label[name] for name in there if not differs[name]]
        lines += [f"**Not distinguishable** from the {self.label[self.base]} in any measure: {', '.join(alike)}."] if alike else []
        return "\n\n".join(lines)

    def lost(self, words, places=KERNEL):
        """Clauses by condition on what differs from the base: ``without edges, the like term is gone and l0's LoG R² is lower``.

        ``words`` maps conditions to what they remove; conditions without a difference are left out.
        """
        clauses = {}
        for name in (name for name in words if name in self.there):
            alike = {}
            for place in places:
                if change := self.compare(name, place).change:
                    alike.setdefault(change, []).append(in_a_sentence(place))
            parts = [f"{listed(some)} {'are' if len(some) > 1 else 'is'} {change}" for change, some in alike.items()]
            parts += ["too few cells have an orientation to measure K"] * self.unmeasurable(name)
            if parts:
                clauses[name] = f"without {words[name]}, {listed(parts)}"
        return clauses

    def lacking(self, words):
        """Sentences on the conditions in which no network has enough oriented cells to measure K."""
        lines = []
        for name in (one for one in words if one in self.there and self.unmeasurable(one)):
            fewest = f"$K$ is not measured with fewer than {plan()['oriented']['fewest']}"
            cells = f"{self.cells(name)}, instead of {self.cells(self.base)}"
            lines.append(f"Without {words[name]}, few cells have an orientation ({cells}); {fewest}.")
        return lines

    def kept(self, name):
        """Terms of K above 0 and not, by a condition's own t interval: ``above 0: ...; not above 0: ...``; empty without K."""
        words = {True: [], False: []}
        for place in KERNEL:
            if row := self.pooled(name, *place):
                label = f"{CONTROL_MEASURES[place]} {unsaid_version(place)}".rstrip()
                words[row.low > 0].append(f"{label} ({signed(row.value)})")
        return "; ".join(f"{'' if above else 'not '}above 0: {', '.join(found)}" for above, found in words.items() if found)

    def remaining(self, name, place):
        """A sentence on a term of K if it lies above 0 in a condition, else an empty string."""
        one = self.compare(name, place)
        if not one.difference or not one.remains:
            return ""
        low, high, value, base = one.shown(*one.interval, one.values.mean(), one.base.mean())
        return f"The term *{CONTROL_MEASURES[place]}* is still above 0 with {self.label[name]}: {value} [{low}, {high}], against {base}."

    def cardinal(self):
        """Sentences on the preference for horizontal and vertical orientations, with and without upright images."""
        one = self.compare("control-rotations", ("bank.cardinal", "", ""))
        if not one.difference:
            return ""
        words = {
            "lower": "upright images create a preference in these short trainings",
            "higher": "upright images do not create the preference",
        }
        base, own = one.shown(one.base.mean(), one.values.mean())
        text = f"The share of oriented cells within 22.5° of horizontal or vertical is {base} in the {self.label[self.base]} "
        text += f"and {own} with rotated images (chance is one half): {words.get(one.word, 'the two are not distinguishable')}."
        if row := self.pooled("reference", "bank.cardinal"):
            differs = "above" if row.low > row.null else "below" if row.high < row.null else "not distinguishable from"
            text += f" At full length the reference has {effect_text(row, 2).replace('+', '')}, {differs} one half."
        return text
