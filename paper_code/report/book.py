"""What chapters ask: the table and the measured networks of a build, and the words for an estimate."""

import math
from pathlib import Path

import numpy as np

from paper_code import weights
from paper_code.core.plan import is_confirming, plan, reported
from paper_code.core.statistics import Estimate, holm, over_networks
from paper_code.core.table import ALL, END, read_table, reported_seeds
from paper_code.core.text import effect_text, markdown_table, p_cell, signed
from paper_code.lateral import components
from paper_code.lateral.harmonics import RINGS, TERMS, VERSIONS
from paper_code.report.networks import load
from paper_code.report.pool import verdict


def table(build):
    """The tidy table of a build."""
    return read_table(Path(build) / "table.csv")


def networks(build, condition="reference"):
    """The measured networks of a condition that estimates are made over, a list of Measured by seed; in the quick profile a single one."""
    paths = {int(path.stem.partition("-")[2]): path for path in Path(build, "networks", condition).glob("seed-*.safetensors")}
    listed = reported(condition, weights.seeds(condition, needed=False))  # a build may hold files of an earlier one
    return [load(paths[seed]) for seed in [seed for seed in listed if seed in paths] or sorted(paths)]


def which(numbers, condition="reference"):
    """A sentence on the networks behind the estimates: those of the plan, or exploratory ones until these are there."""
    seeds = reported_seeds(numbers, condition)
    if is_confirming(condition, seeds):
        return (
            f"These {len(seeds)} networks were trained after the [plan](reproducibility.ipynb) of all measures was frozen; each was "
            "measured once, and none is left out."
        )
    planned = plan()["networks"]["reported"].get(condition, [])
    return (
        f"**These {len(seeds)} networks are exploratory**: they were looked at while the [plan](reproducibility.ipynb) of all measures was "
        f"made. The {len(planned)} networks that the plan reports take their place when the last of them is trained."
    )


def untrained(measured):
    """K of a measured network before training, between all its cells."""
    return weights.initial_early(measured.condition, measured.seed).K


def between_like(networks, kernel_of):
    """Principal components of a kernel between like cells, the pairs of all networks together; ``kernel_of`` gives it of a Measured."""
    banks = [(one.bank, one.bank.among(kernel_of(one))) for one in networks]
    return components.components(np.concatenate([components.turned(bank.frame, bank.cells.orientation, kernel) for bank, kernel in banks]))


def term(numbers, name, ring, version, condition="reference", kernel="K", step=END):
    """The estimate over networks of one term."""
    return numbers.one(condition=condition, seed=ALL, step=step, measure=f"{kernel}.{name}", version=version, ring=ring)


def term_values(numbers, kernel, condition="reference", version="raw", step=END):
    """The five terms of a kernel on single networks: ``{ring: {term: (networks,)}}``."""
    where = {"condition": condition, "step": step, "version": version, "seed": reported_seeds(numbers, condition)}
    return {ring: {name: numbers.networks(measure=f"{kernel}.{name}", ring=ring, **where)[0] for name in TERMS} for ring in RINGS}


def columns(numbers, measures, condition="reference"):
    """Measures of l0, l1 or the bank on the reported networks: array (networks, measures)."""
    where = {"condition": condition, "step": END, "seed": reported_seeds(numbers, condition)}
    return np.stack([numbers.networks(measure=name, **where)[0] for name in measures], axis=1)


def judged(numbers, primary, condition="reference"):
    """(estimate, p after Holm, verdict) of one of the plan's primary measures."""
    place = {"condition": condition, "seed": ALL, "step": END, "version": primary["version"], "ring": primary["ring"]}
    row = numbers.one(measure=f"K.{primary['term']}", **place)
    p = numbers.one(measure=f"K.{primary['term']}:holm primary", **place).p
    return row, p, verdict(row, p)


def estimated(values, null=0.0):
    """Estimate over networks of a measure that a chapter makes itself; a single network (quick profile) gives a value and nothing more."""
    values = np.asarray(values, float)
    return over_networks(values, null) if len(values) > 1 else Estimate(float(values[0]), *[math.nan] * 3, null)


def family(estimates, target=0.0, margin=None):
    """(estimate, p after Holm, verdict) of each of some estimates, a dict by name, that are one family of tests."""
    adjusted = holm([one.p for one in estimates.values()])
    return {name: (one, float(p), verdict(one, p, target, margin)) for (name, one), p in zip(estimates.items(), adjusted, strict=True)}


def heard(numbers, comparison, condition="reference"):
    """(estimate, p after Holm over the six, verdict) of one of the judged differences between flankers, at the spacing that is judged."""
    place = {"condition": condition, "seed": ALL, "step": END, "ring": f"{plan()['flankers']['spacings'][0]:g} px"}
    row, p = (numbers.one(measure=f"flankers.{comparison}{end}", **place) for end in ("", ":holm"))
    return row, p.p, verdict(row, p.p)


def term_table(numbers, terms, condition="reference", rings=tuple(RINGS), versions=tuple(VERSIONS)):
    """A Markdown table of terms of K: mean with its interval, two nulls, p adjusted in its family, and the bootstrap."""
    primary = {(one["term"], one["ring"], one["version"]) for one in plan()["primary"]}
    rows = []
    for term_name in terms:
        for ring in rings:
            for version in versions:
                place = {"condition": condition, "seed": ALL, "step": END, "version": version, "ring": ring}
                own = numbers.one(measure=f"K.{term_name}", **place)
                kind = "primary" if (term_name, ring, version) in primary else "secondary"
                adjusted = numbers.one(measure=f"K.{term_name}:holm {kind}", **place)
                moved, dealt = (numbers.one(measure=f"K.{term_name}:{null}", **place) for null in ("relabelled", "dealt"))
                drawn = numbers.one(measure=f"K.{term_name}:bootstrap", **place)
                label = f"**{ring}**" if kind == "primary" else ring
                interval = f"{signed(drawn.low)} to {signed(drawn.high)}"
                ps = [p_cell(one.p) for one in (own, adjusted, moved, dealt)]
                rows.append([term_name, label, version, effect_text(own), *ps, interval])
    header = ["term", "ring (px)", "version", "mean [95 %], sd of K", "p", "p, Holm", "p, relabelled", "p, dealt", "bootstrap"]
    return markdown_table(header, rows)
