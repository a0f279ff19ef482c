"""What the chapters call: the table and measured networks of a build, and the wording of estimates."""

from pathlib import Path

import numpy as np

from paper_code import weights
from paper_code.core.plan import plan
from paper_code.core.statistics import estimated
from paper_code.core.table import ALL, END, read_table, reported_seeds
from paper_code.core.text import effect_text, markdown_table, p_cell, ring_text, shown, signed
from paper_code.lateral import views
from paper_code.lateral.harmonics import TERMS, VERSIONS
from paper_code.report.networks import files_of, load_measured
from paper_code.report.verdict import verdict

BY_DISTANCE = ("2-6", "6-10.5", "10.5-18", "2-14")
"""The rings in the order in which pages show them, with the one covering all distances last."""
ANSWERS = {"holds": "Yes", "does not hold": "No", "not settled": "Not settled"}
"""A verdict as the answer to a chapter's question."""


def table(build):
    """Read the tidy table of a build."""
    return read_table(Path(build) / "table.csv")


def networks(build, condition="reference"):
    """The networks of a condition used for estimates, as a list of Measured by seed; the quick profile has a single one."""
    return [load_measured(path) for path in files_of(build, condition)]


def networks_told(numbers, condition="reference"):
    """Sentences on the networks behind the estimates: those of the plan, or exploratory ones until these are available."""
    seeds = reported_seeds(numbers, condition)
    planned = plan()["networks"]["reported"].get(condition, [])
    if planned and set(planned) <= set(seeds):
        return f"All {len(seeds)} networks were trained after the [plan](intro.ipynb) was frozen, and none is left out."
    return (
        f"**These {len(seeds)} networks are exploratory**: they were examined while the [plan](intro.ipynb) of all measures was "
        f"drawn up. The {len(planned)} networks that the plan reports will replace them once the last of them is trained."
    )


def untrained(measured):
    """K of a measured network before training, between all of its cells."""
    return weights.initial_early(measured.condition, measured.seed).K


def between_like(networks, kernel_of):
    """Principal components of a kernel between cells of similar orientation, pooled over networks; ``kernel_of`` maps a Measured to it."""
    banks = [(one.bank, one.bank.among(kernel_of(one))) for one in networks]
    return views.components(np.concatenate([views.turned(bank.frame, bank.cells.orientation, kernel) for bank, kernel in banks]))


def each(networks, view, *where, kernel_of=lambda one: one.bank.K, **options):
    """A view (a function of a frame and a kernel) of each network, (networks, ...); ``kernel_of`` maps a Measured to a kernel."""
    return np.array([view(one.bank.frame, one.bank.among(kernel_of(one)), *where, **options) for one in networks])


def term(numbers, name, ring, version, condition="reference", kernel="K"):
    """The row with the estimate over networks of one term."""
    return numbers.one(condition=condition, seed=ALL, step=END, measure=f"{kernel}.{name}", version=version, ring=ring)


def variance_explained(numbers, condition="reference"):
    """Sentences on how much of K the five terms explain, and how much finer steps of distance do."""
    places = (("2-14", "raw"), ("2-14", "beyond RF and CO"), ("10.5-18", "raw"))
    whole, left, far = (shown(term(numbers, "share", *place, condition).value, 1) for place in places)
    text = f"together the five terms of [chapter 7](07_association_fields.ipynb) explain {whole} % of $K$'s variance at 2 to 14 px "
    text += f"({left} % beyond overlap and co-activation) and {far} % at 10.5 to 18 px"
    place = {"condition": condition, "seed": ALL, "step": END, "measure": "models.pedestal", "version": "plain"}
    alone = [shown(row.value, 1) for ring in ("2-14", "6-14") for row in numbers.where(ring=ring, **place).rows]
    if alone:
        text += ". The pedestal of [chapter 8](08_group_models.ipynb), phase agreement by distance and turn whatever the direction, "
        text += f"explains {alone[0]} % at 2 to 14 px and {alone[1]} % at 6 to 14 px in networks left out of its fit"
    return f"{text}. What determines the rest of $K$ was not investigated."


def collinear(networks, low, high, kernel_of=lambda one: one.bank.K):
    """Estimates of the connection between collinear cells: all, cardinal and oblique; ``kernel_of`` maps a Measured to a kernel."""
    banks = [(one.bank, one.bank.among(kernel_of(one))) for one in networks]
    found = [views.in_line(bank.frame, bank.cells.orientation, kernel, low, high) for bank, kernel in banks]
    return [estimated(values) for values in np.transpose(found)]


def beyond(numbers, name, ring, condition="reference"):
    """A clause giving a term beyond RF, and beyond RF and CO."""
    parts = [effect_text(term(numbers, name, ring, version, condition)) for version in ("beyond RF", "beyond RF and CO")]
    return " and ".join(parts)


def term_values(numbers, kernel, condition="reference", version="raw", step=END):
    """The five terms of a kernel for each network: ``{ring: {term: (networks,)}}``."""
    where = {"condition": condition, "step": step, "version": version, "seed": reported_seeds(numbers, condition)}
    return {ring: {name: numbers.networks(measure=f"{kernel}.{name}", ring=ring, **where)[0] for name in TERMS} for ring in BY_DISTANCE}


def like_by_ring(numbers, condition="reference"):
    """Two dicts by version: the like term, (rings, networks), and the 95 % range of its mean with cells relabelled, (rings, 2)."""
    own, band = {}, {}
    for version in VERSIONS:
        own[version] = np.array([found["like"] for found in term_values(numbers, "K", condition, version).values()])
        rows = [term(numbers, "like:relabelled", ring, version, condition) for ring in BY_DISTANCE]
        band[version] = np.array([[row.low, row.high] for row in rows])
    return own, band


def per_network(numbers, measures, condition="reference"):
    """Measures of l0, l1 or the bank for the reported networks: array (networks, measures)."""
    where = {"condition": condition, "step": END, "seed": reported_seeds(numbers, condition)}
    return np.stack([numbers.networks(measure=name, **where)[0] for name in measures], axis=1)


def judged(numbers, primary, condition="reference"):
    """(estimate, Holm-adjusted p, verdict) for one of the plan's primary measures."""
    place = primary["ring"], primary["version"], condition
    row, p = (term(numbers, f"{primary['term']}{end}", *place) for end in ("", ":holm primary"))
    return row, p.p, verdict(row, p.p)


def flanker_difference(numbers, comparison, condition="reference"):
    """(estimate, p Holm-adjusted over the six, verdict) for one of the judged differences between flankers, at the judged spacing."""
    place = {"condition": condition, "seed": ALL, "step": END, "ring": f"{plan()['flankers']['spacings'][0]:g} px"}
    row, p = (numbers.one(measure=f"flankers.{comparison}{end}", **place) for end in ("", ":holm"))
    return row, p.p, verdict(row, p.p)


def term_table(numbers, name, condition="reference"):
    """A Markdown table of a term of K by ring and version: mean with interval, p adjusted in its family, p of two nulls, bootstrap."""
    primary = {(one["term"], one["ring"], one["version"]) for one in plan()["primary"]}
    rows = []
    for ring in BY_DISTANCE:
        distance = ring_text(ring).removesuffix(" px")
        for version in VERSIONS:
            kind = "primary" if (name, ring, version) in primary else "secondary"
            ends = ("", f":holm {kind}", ":relabelled", ":permuted", ":bootstrap")
            own, adjusted, moved, permuted, drawn = (term(numbers, f"{name}{end}", ring, version, condition) for end in ends)
            label = f"**{distance}**" if kind == "primary" else distance
            ps = [p_cell(one.p) for one in (adjusted, moved, permuted)]
            rows.append([label, version, effect_text(own), *ps, f"{signed(drawn.low)} to {signed(drawn.high)}"])
    return markdown_table(["distance (px)", "version", "mean [95 %]", "p, Holm", "p, relabelled", "p, permuted", "bootstrap"], rows)
