"""Estimates over networks: rows of the tidy table whose seed is ``all``.

The suffix of a measure says what its row adds: ``:bootstrap`` the hierarchical bootstrap, ``:relabelled`` and ``:permuted`` the p and the
mean of a null within networks (cells, or carriers, permuted), ``:holm`` the t test's p adjusted in its family, ``:trained`` the end minus
the start, ``:difference`` a condition minus its base, its p adjusted for the false discovery rate, ``:equivalence`` the p of the test that
a difference lies within the plan's margin, ``:spectrum-matched`` and ``:phase-scrambled`` chance from filters with the same spectrum and
random phases. After ``K.invariant``, ``:round``, ``:base``, ``:full`` and ``:forbidden`` are the R² of its nested fits, in %; after a
model, ``:strength`` is its gain g, and ``:length``, ``:diffusion``, ``:blur``, ``:scale``, ``:exponent``, ``:kappa`` and ``:elongation``
are the parameters chosen on the other networks.
"""

from dataclasses import replace

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.plan import plan
from paper_code.core.statistics import benjamini_hochberg, holm, over_networks, permutation_p, pooled_differences
from paper_code.core.table import ALL, END, Row, Table
from paper_code.lateral.harmonics import TERMS, VERSIONS, bootstrap, fit
from paper_code.lateral.invariance import invariance
from paper_code.lateral.nulls import NULLS


def pooled(networks):
    """All rows over networks, from lists of the reported Measured by condition."""
    rows = []
    for condition, members in networks.items():
        table = Table(row for one in members for row in one.rows)
        rows += means(condition, table)
        with_kernel = [one for one in members if one.sums is not None]
        if len(with_kernel) == len(members) > 1:
            rows += nulls(condition, with_kernel) + bootstraps(condition, with_kernel) + invariances(condition, with_kernel)
            rows += emergence(condition, table)
    rows += flankers(rows)
    rows += families(rows)
    return rows


def means(condition, table):
    """Mean, t interval and p of every measure available for all networks of a condition."""
    places = {}
    for row in table.rows:
        places.setdefault((row.step, row.measure, row.version, row.ring), []).append(row)
    count = len({row.seed for row in table.rows})
    rows = []
    for (step, measure, version, ring), found in places.items():
        if len(found) == count > 1:
            chance = np.mean([row.null for row in found])
            # Terms of a kernel are tested against 0; measures of l0, l1 and the bank against their chance value, if any.
            tested = chance if np.isfinite(chance) and measure.startswith(("l0.", "l1.", "bank.")) else 0.0
            one = over_networks([row.value for row in found], tested)
            rows.append(Row(condition, ALL, step, measure, version, ring, one.value, one.low, one.high, one.p, chance))
    return rows


def nulls(condition, members):
    """p and mean of the nulls within networks; the statistic is the mean over networks."""
    rows = []
    for ring, version in members[0].relabelled:
        observed = np.mean([fit(one.sums, ring, VERSIONS[version]).coefficients[:, 0] for one in members], axis=0)
        for kind in NULLS:
            draws = np.mean([getattr(one, kind)[ring, version] for one in members], axis=0)
            p, centre = permutation_p(observed, draws), draws.mean(axis=0)
            low, high = np.percentile(draws, [2.5, 97.5], axis=0)
            rows += [
                Row(condition, ALL, END, f"K.{term}:{kind}", version, ring, observed[at], low[at], high[at], p[at], centre[at])
                for at, term in enumerate(TERMS)
            ]
    return rows


def bootstraps(condition, members):
    """95 % interval of every term of K from the hierarchical bootstrap."""
    settings, rows = plan()["inference"], []
    for (ring, version), drawn in bootstrap([one.sums for one in members], settings["bootstrap"], settings["seed"]).items():
        low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
        for at, term in enumerate(TERMS):
            rows.append(Row(condition, ALL, END, f"K.{term}:bootstrap", version, ring, drawn[:, at].mean(), low[at], high[at]))
    return rows


def invariances(condition, members):
    """How much of K's geometry is the same at all orientations; ``low`` and ``high`` are empty for R^2."""
    settings, rows = plan(), []
    for ring in settings["invariance"]["rings"]:
        found = invariance([one.sums for one in members], ring, settings["inference"]["bootstrap"], settings["inference"]["seed"])
        rows.append(Row(condition, ALL, END, "K.invariant", "raw", ring, found.share, found.low, found.high))
        for name in ("round", "base", "full", "forbidden"):
            rows.append(Row(condition, ALL, END, f"K.invariant:{name}", "raw", ring, getattr(found, name).mean()))
    return rows


def emergence(condition, table):
    """End minus start of training, paired over the networks that have both, for every measure available at the start."""
    rows = []
    for measure, version, ring in {(row.measure, row.version, row.ring) for row in table.where(step=0).rows}:
        place = {"measure": measure, "version": version, "ring": ring}
        (end, seeds), (start, first) = table.networks(step=END, **place), table.networks(step=0, **place)
        both = [seed for seed in first if seed in seeds]
        if len(both) > 1:
            found = over_networks([end[seeds.index(seed)] - start[first.index(seed)] for seed in both])
            rows.append(Row(condition, ALL, END, f"{measure}:trained", version, ring, found.value, found.low, found.high, found.p, 0.0))
    return rows


def flankers(rows):
    """Holm-adjusted p of the judged differences between arrangements of flankers, at the judged spacing."""
    spacing = f"{plan()['flankers']['spacings'][0]:g} px"
    found = [row for row in rows if row.measure.startswith("flankers.") and " less " in row.measure and row.ring == spacing]
    adjusted = []
    for condition in {row.condition for row in found}:
        members = [row for row in found if row.condition == condition]
        for row, p in zip(members, holm([one.p for one in members]), strict=True):
            adjusted.append(replace(row, measure=f"{row.measure}:holm", p=p))
    return adjusted


def families(rows):
    """Holm-adjusted p of the t tests, in two families: the five primary terms, and all other terms of K."""
    primary = {(f"K.{one['term']}", one["ring"], one["version"]) for one in plan()["primary"]}
    terms = Table(rows).where(condition="reference", seed=ALL, step=END, measure=[f"K.{term}" for term in TERMS]).rows
    kinds = {"primary": [], "secondary": []}
    for row in terms:
        kinds["primary" if (row.measure, row.ring, row.version) in primary else "secondary"].append(row)
    return [
        replace(row, measure=f"{row.measure}:holm {kind}", p=p)
        for kind, found in kinds.items()
        for row, p in zip(found, holm([row.p for row in found]), strict=True)
    ]


def control_differences(table, conditions, measures, base="control"):
    """Each condition minus a base for each (measure, version, ring), with pooled within-condition variance: rows ``measure:difference``.

    p is adjusted for the false discovery rate over all of these rows. ``table`` holds the rows of single networks.
    """
    rows = []
    for measure, version, ring in measures:
        place = {"step": END, "measure": measure, "version": version, "ring": ring}
        groups = {name: table.networks(condition=name, **place)[0] for name in (base, *conditions)}
        try:
            found = pooled_differences(groups, base)
        except PaperCodeError:  # the base lacks the measure, or no condition has two networks
            continue
        for name, one in found.items():
            if np.isfinite(one.value):
                rows.append(Row(name, ALL, END, f"{measure}:difference", version, ring, one.value, one.low, one.high, one.p, 0.0))
    return [replace(row, p=p) for row, p in zip(rows, benjamini_hochberg([row.p for row in rows]), strict=True)]
