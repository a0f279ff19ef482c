"""What chapters ask: the table and the measured networks of a build, and the words for an estimate."""

import math
from pathlib import Path

from paper_code.report.networks import load
from paper_code.report.plan import reported
from paper_code.report.pool import verdict
from paper_code.report.table import ALL, END, read_table

VERSIONS = {"raw": "raw", "beyond RF": "beyond RF", "beyond RF and CO": "beyond RF and CO"}


def table(build):
    """The tidy table of a build."""
    return read_table(Path(build) / "table.csv")


def networks(build, condition="reference"):
    """The measured networks of a condition that estimates are made over, a list of Measured by seed; in the quick profile a single one."""
    paths = {int(path.stem.partition("-")[2]): path for path in Path(build, "networks", condition).glob("seed-*.safetensors")}
    return [load(paths[seed]) for seed in reported(condition, sorted(paths))]


def p_text(p):
    """``p = .012``, or ``p < .0001``: never a p of 0."""
    if math.isnan(p):
        return "p not to be had"
    if p < 1e-4:
        return "p < .0001"
    digits = 4 if p < 0.001 else 3 if p < 0.1 else 2
    return f"p = {p:.{digits}f}".replace("0.", ".")


def effect_text(row, digits=3):
    """``+0.108 [+0.087, +0.127]``, with a true minus."""
    value, low, high = (f"{one:+.{digits}f}".replace("-", "−") for one in (row.value, row.low, row.high))
    return f"{value} [{low}, {high}]"


def term(numbers, name, ring, version, condition="reference", kernel="K", step=END):
    """The estimate over networks of one term."""
    return numbers.one(condition=condition, seed=ALL, step=step, measure=f"{kernel}.{name}", version=version, ring=ring)


def judged(numbers, primary, condition="reference"):
    """(estimate, p after Holm, verdict) of one of the plan's primary measures."""
    place = {"condition": condition, "seed": ALL, "step": END, "version": primary["version"], "ring": primary["ring"]}
    row = numbers.one(measure=f"K.{primary['term']}", **place)
    p = numbers.one(measure=f"K.{primary['term']}:holm primary", **place).p
    return row, p, verdict(row, p)
