"""Estimates over networks for chapter 10: flankers by parts of K, gaps in contours, silenced cells, accuracy under corruption."""

from dataclasses import dataclass

import numpy as np

from paper_code.core.plan import plan
from paper_code.core.statistics import Estimate, estimated
from paper_code.core.table import ALL, END, reported_seeds
from paper_code.core.text import effect_text, listed, p_cell
from paper_code.function import circuits, contours, flankers
from paper_code.lateral.activity import first_layers
from paper_code.report.verdict import family_verdicts

ARRANGEMENTS = ("line", "opposite", "orthogonal", "random", *(f"{kind} {step}" for step in flankers.STEPS for kind in ("arc", "zigzag")))
ARC, LINE = "arc less zigzag, 30", "line less opposite polarity"


def differing(judged, sign):
    """Names of the judged differences (Estimate, p, verdict) that are significantly above 0 (``sign`` 1) or below 0 (``sign`` -1)."""
    return [name for name, (one, p, _) in judged.items() if p < plan()["inference"]["alpha"] and sign * one.value > 0]


def of_flankers(table, name, spacing, condition="reference"):
    """(values of the networks, row over networks) for an arrangement of flankers or a difference between two."""
    place = {"condition": condition, "step": END, "measure": f"flankers.{name}", "ring": spacing}
    row = table.one(seed=ALL, **place)
    return table.networks(seed=reported_seeds(table, condition), **place)[0], row


def by_parts(networks, condition="reference"):
    """The differences ARC and LINE with each part of K in place of K: ``{part: (Estimate, Estimate)}``."""
    spacing = plan()["flankers"]["spacings"][0]
    found = []
    for one in networks:
        network = first_layers(condition, one.seed, noise=0.0)
        effects = flankers.flanker_effects(network, flankers.parts(one.bank, one.sums), spacing)
        found.append({name: flankers.compared(values) for name, values in effects.items()})
    return {name: tuple(estimated([one[name][difference] for one in found]) for difference in (ARC, LINE)) for name in found[0]}


def in_all_cells(networks, condition="reference"):
    """Estimate of ARC summed over all cells at the centre, relative to their summed response."""
    spacing = plan()["flankers"]["spacings"][0]
    found = [flankers.summed_effects(first_layers(condition, one.seed, noise=0.0), one.bank.K, spacing) for one in networks]
    return estimated([flankers.compared(one)[ARC] for one in found])


@dataclass(frozen=True)
class Gaps:
    """Contours across a gap, by kind: (Estimate, Holm-adjusted p, verdict) for K and for K minus RF; and Estimates for a planted field."""

    own: dict
    beside_rf: dict
    planted: dict

    @property
    def verdict(self):
        """The verdicts for K as text."""
        said = {"holds": "continued", "does not hold": "not continued", "not settled": "not settled"}
        kinds = {word: [name for name, (_, _, verdict) in self.own.items() if verdict == word] for word in said}
        return "; ".join(f"{said[word]} for {listed([f'the {name}' for name in names])}" for word, names in kinds.items() if names)


def gaps(completion, names):
    """:class:`Gaps` from a list of CompletionMeasures; ``names`` maps families of contours to their display names."""
    found = {name: [one.at[family] for one in completion] for family, name in names.items()}

    def advantage(kernel, minus=None):
        """Estimates of the advantage of a kernel, or of its excess over that of another kernel, by kind."""
        values = {name: [one.advantage(kernel) - (one.advantage(minus) if minus else 0) for one in some] for name, some in found.items()}
        null = {name: np.mean([one.null.mean() for one in some]) if kernel == "K" and not minus else 0.0 for name, some in found.items()}
        return {name: estimated(some, null[name]) for name, some in values.items()}

    judged = (family_verdicts(some, margin=contours.LEAK) for some in (advantage("K"), advantage("K", "RF")))
    return Gaps(*judged, advantage(circuits.PLANTED))


@dataclass(frozen=True)
class Silenced:
    """How well lateral input predicts silenced cells, over networks."""

    own: tuple  # (Estimate, p, verdict) for the median correlation with K
    chance: float
    correlation: dict  # Estimates of the median correlation, by kernel
    explained: dict  # the same for the variance explained, in % of the activity's
    beside: dict  # (Estimate, Holm-adjusted p, verdict) for K minus another kernel

    def rows(self):
        """Table rows, one per kernel."""
        less = {name: effect_text(one, 2) for name, (one, *_) in self.beside.items()}
        return [
            [name, effect_text(one, 2), effect_text(self.explained[name], 1).replace("+", ""), less.get(name, "–")]
            for name, one in self.correlation.items()
        ]


def silenced(measures):
    """:class:`Silenced` from a list of circuits.Inference."""
    medians = {name: np.array([np.median(one.correlation[name]) for one in measures]) for name in measures[0].correlation}
    chance = float(np.mean([np.median(one.null, axis=1).mean() for one in measures]))
    own = family_verdicts({"K": estimated(medians["K"], chance)}, threshold=chance)["K"]
    explained = {name: estimated([100 * np.median(one.explained[name]) for one in measures]) for name in medians}
    beside = family_verdicts({name: estimated(medians["K"] - some) for name, some in medians.items() if name != "K"})
    return Silenced(own, chance, {name: estimated(some) for name, some in medians.items()}, explained, beside)


def growing_leads(found):
    """How the lead of networks with K grows under corruption, from a Robustness.

    Two dicts by corruption: (lead, growth) at every level, lists of Estimate; and (Estimate, Holm-adjusted p, verdict) at the middle one.
    """
    leads = {corruption: (found.lead(corruption), found.lead(corruption, relative=True)) for corruption in found.levels}
    return leads, family_verdicts({corruption: grown[2] for corruption, (_, grown) in leads.items()})


def growth_rows(leads, judged):
    """Table rows at the judged level, one per corruption: growth of the lead and lead in points of accuracy, p, verdict."""

    def points(one):
        return effect_text(Estimate(100 * one.value, 100 * one.low, 100 * one.high), 1)

    return [
        [name, points(grown[2]), points(lead[2]), p_cell(judged[name][1]), f"**{judged[name][2]}**"]
        for name, (lead, grown) in leads.items()
    ]
