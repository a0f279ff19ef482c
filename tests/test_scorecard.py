"""The scorecard is a query of the table: planted rows give each verdict, and nothing else does."""

from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from paper_code.core.errors import PaperCodeError
from paper_code.core.plan import plan
from paper_code.core.table import ALL, END, Row, Table, read_table, write_table
from paper_code.report import scorecard as card
from paper_code.workflow.chapters import read_chapter

ROOT = Path(__file__).resolve().parent.parent

TEXTS, CLAIMS = card.claims()
SEEDS = (10, 11, 12)


@pytest.fixture(autouse=True)
def three_networks(monkeypatch):
    """A plan that reports three networks, all of which are there."""
    reported = {**plan(), "networks": {"reported": {"reference": list(SEEDS)}}}
    monkeypatch.setattr("paper_code.core.plan.plan", lambda: reported)


def planted(claims=CLAIMS, value=0.97, half=0.01, p=0.001, null=0.0):
    """A table in which every claim has one estimate, and single networks around it."""
    rows = {}
    for claim in claims:
        place = {"version": claim.version, "ring": claim.ring}
        base, _, kind = claim.measure.partition(":")
        for number, seed in enumerate(SEEDS):
            single = claim.measure if kind != "trained" else base
            rows[(seed, END, single, *place.values())] = Row(claim.condition, str(seed), END, single, **place, value=value + number - 1)
            if kind == "trained":
                rows[(seed, 0, base, *place.values())] = Row(claim.condition, str(seed), "0", base, **place, value=0.5)
        names = [claim.measure, *([f"{claim.measure}:{claim.family}"] if claim.family else [])]
        for name in names:
            estimate = Row(claim.condition, ALL, END, name, **place, value=value, low=value - half, high=value + half, p=p, null=null)
            rows[(ALL, END, name, *place.values())] = estimate
    return Table(rows.values())


def one(**wanted):
    """The single claim with these values."""
    found = [claim for claim in CLAIMS if all(getattr(claim, name) == value for name, value in wanted.items())]
    assert len(found) == 1
    return found[0]


LIKE, LOG, MODEL = one(measure="K.like"), one(measure="l0.log_r2"), one(measure="models.DP", version="plain")


@pytest.mark.parametrize(
    ("claim", "estimate", "verdict"),
    [
        (LIKE, {"value": 0.04, "half": 0.02}, "holds"),
        (LIKE, {"value": 0.04, "half": 0.05}, "not settled"),  # the interval reaches chance
        (LIKE, {"value": 0.04, "half": 0.02, "p": 0.06}, "not settled"),  # Holm's p counts
        (LIKE, {"value": 0.04, "half": 0.02, "null": 0.03}, "not settled"),  # chance is the null's mean, not 0
        (LIKE, {"value": 0.0, "half": 0.01, "p": 0.9}, "does not hold"),
        (LIKE, {"value": 0.0, "half": 0.03, "p": 0.9}, "not settled"),
        (LOG, {"value": 0.97, "half": 0.01, "null": 0.77}, "holds"),
        (LOG, {"value": 0.95, "half": 0.01, "null": 0.77}, "not settled"),  # the threshold lies in the interval
        (LOG, {"value": 0.90, "half": 0.01, "null": 0.77}, "does not hold"),  # above chance, below the threshold
        (MODEL, {"value": 0.3, "half": 0.1}, "holds"),
        (MODEL, {"value": 0.0, "half": 0.04, "p": 0.9}, "does not hold"),  # the margin of a gain is wider than that of a term
    ],
)
def test_a_planted_estimate_gives_its_verdict(claim, estimate, verdict):
    assert card.judge(claim, planted([claim], **estimate)).verdict == verdict


def test_p_is_the_one_of_the_family():
    table = planted([LIKE], value=0.04, half=0.02)
    worse = Table(replace(row, p=0.2) if row.measure.endswith("holm primary") else row for row in table.rows)
    assert card.judge(LIKE, worse).p == 0.2 and card.judge(LIKE, worse).verdict == "not settled"


def test_a_row_that_is_ours_has_no_verdict_whatever_its_numbers():
    ours = [claim for claim in CLAIMS if claim.ours]
    for numbers in ({"value": 0.97}, {"value": 0.0, "half": 0.001, "p": 1.0}):
        assert [card.judge(claim, planted([claim], **numbers)).verdict for claim in ours] == [""] * len(ours)
    assert ours and all(one.verdict for one in card.scorecard(planted()) if not one.claim.ours)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.measure} {claim.version}")
def test_a_missing_row_gives_one_clear_line(claim):
    whole = planted()
    for gone in [claim.measure, *([f"{claim.measure}:{claim.family}"] if claim.family else [])]:
        left = [row for row in whole.rows if not (row.seed == ALL and row.measure == gone and row.version == claim.version)]
        with pytest.raises(PaperCodeError, match="0 rows with") as caught:
            card.scorecard(Table(left))
        assert gone in str(caught.value) and "\n" not in str(caught.value)


def test_networks_are_the_reported_ones_and_a_paired_difference_is_end_less_start():
    table = planted()
    old = [replace(row, seed="3", value=99.0) for row in table.rows if row.seed == "10"]
    found = {one.claim: one.networks for one in card.scorecard(Table([*table.rows, *old]))}
    np.testing.assert_allclose(found[LIKE], [-0.03, 0.97, 1.97])
    np.testing.assert_allclose(found[one(measure="K.source:trained")], [-0.53, 0.47, 1.47])


def test_every_claim_of_the_paper_has_one_leading_row_that_is_judged():
    assert sorted(TEXTS) == [1, 2, 3, 4, 5]
    for number in TEXTS:
        leading = [claim for claim in CLAIMS if claim.claim == number and claim.lead]
        assert len(leading) == 1 and not leading[0].ours
    assert len(set(CLAIMS)) == len(CLAIMS)


def test_the_plan_is_on_the_card_whole():
    primary = {(f"K.{one['term']}", one["version"], one["ring"], one["claim"]) for one in plan()["primary"]}
    assert primary == {(c.measure, c.version, c.ring, c.claim) for c in CLAIMS if c.family == "holm primary"}
    for version in ("plain", "with RF and CO"):
        assert one(measure="models.DP", version=version).ring in plan()["models"]["rings"]
    thresholds = {claim.measure.partition(".")[2]: (claim.claim, claim.threshold) for claim in CLAIMS if claim.threshold is not None}
    planned = {name: (row["claim"], row["target"]) for name, row in plan()["filters"].items() if name != "beside"}
    assert thresholds == planned


def test_the_summary_counts_measures_that_hold():
    table = planted()
    spoilt = Table(replace(row, p=0.9) if row.measure.startswith("K.target:holm") else row for row in table.rows)
    rows = {number: (holding, count) for number, _, holding, count in card.summary(card.scorecard(spoilt))}
    judged = sum(claim.claim == 4 and not claim.ours for claim in CLAIMS)
    assert rows[4] == (judged - 1, judged) and rows[3] == (1, 1)


def test_rotations_show_the_conditions_that_were_measured(monkeypatch):
    def of(condition, seeds):
        rows = [Row(condition, str(seed), END, "l0.i_rad", value=0.9) for seed in seeds]
        for measure, version, ring in (("l0.i_rad", "", ""), ("bank.evenness", "", ""), ("K.invariant", "raw", "6-10.5")):
            rows.append(Row(condition, ALL, END, measure, version, ring, 0.75, 0.6, 0.9, null=0.95))
        return rows

    monkeypatch.setattr(card, "ENOUGH", 3)
    rows = card.rotations(Table(of("reference", SEEDS) + of("control-phase-scrambled", (0, 1))))
    assert [row[:2] for row in rows] == [["reference", 3], ["phase-scrambled images, shortened", 2]]
    interval = "0.75 [0.60, 0.90]"  # two networks have none to speak of
    assert rows[0][2:] == [interval, f"{interval} (below chance 0.95)", interval]
    assert rows[1][2:] == ["0.75", "0.75 (chance 0.95)", "0.75"]


@pytest.mark.parametrize(
    ("value", "verb"),
    [(-0.09, "suppress each other more than"), (0.09, "excite each other more than"), (0.001, "are not distinguishable from")],
)
def test_like_cells_over_all_phases_are_told_by_the_interval(value, verb):
    row = Row("reference", ALL, END, "K blind to phase.like", "raw", "2-14", value, value - 0.01, value + 0.01)
    assert card.blind_to_phase(Table([row])).startswith(f"{verb} orthogonal ones (half the difference is {'−' if value < 0 else '+'}0.0")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text + "\n[[row]]\nclaim = 1\n", "damaged"),
        (lambda text: text.replace("[claims]", "[claims"), "damaged"),
        (lambda text: text.replace("lead = true", "best = true", 1), "best"),
        (lambda text: text.replace("\nclaim = 5", "\nclaim = 7", 1), "belongs to no claim"),
        (lambda text: "", "damaged"),
    ],
)
def test_damaged_claims_are_refused_in_one_line(tmp_path, change, says):
    path = tmp_path / "claims.toml"
    path.write_text(change(card.FILE.read_text()))
    with pytest.raises(PaperCodeError, match=says) as caught:
        card.claims(path)
    assert "\n" not in str(caught.value)


def chapter(name, build):
    """What the cells of a chapter leave behind, run in this process on a build."""
    space = {}
    for cell in read_chapter(ROOT / "book" / f"{name}.md").cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, name, "exec"), space)
            if "parameters" in cell.metadata.get("tags", []):
                space["build"] = str(build)
    plt.close("all")
    return space


def test_the_page_says_what_the_table_says(tmp_path):
    planned = planted(value=0.966, half=0.0123, p=0.0321, null=0.111).rows
    rows = [row for row in planned if row.measure != "l0.i_rad"]
    rows += [replace(row, value=0.9, low=0.8, high=0.94) for row in planned if row.measure == "l0.i_rad"]
    rows += [
        Row("reference", ALL, END, *place, 0.75, 0.6, 0.9)
        for place in (
            ("bank.evenness", "", ""),
            ("K.invariant", "raw", "6-10.5"),
            *(("K.share", version, ring) for version, ring in (("raw", "2-14"), ("beyond RF and CO", "2-14"), ("raw", "10.5-18"))),
        )
    ]
    write_table(tmp_path / "table.csv", rows)
    numbers = read_table(tmp_path / "table.csv")
    page = chapter("scorecard", tmp_path)
    shown = [page["cells"](one) for number in TEXTS for one in page["found"] if one.claim.claim == number]
    assert len(shown) == len(CLAIMS)
    for claim, cells in zip(sorted(CLAIMS, key=lambda claim: claim.claim), shown, strict=True):
        row = numbers.one(condition=claim.condition, seed=ALL, step=END, measure=claim.measure, version=claim.version, ring=claim.ring)
        decimals = 2 if claim.unit.startswith("%") else 3
        assert claim.text in cells[0] and f"({claim.chapter}.ipynb)" in cells[0]
        assert [float(part) for part in cells[2].replace("[", "").replace("]", "").replace(",", "").split()] == [
            round(getattr(row, name), decimals) for name in ("value", "low", "high")
        ]
        assert float(cells[3]) == round(row.null, decimals) and cells[5].removesuffix(" H") == ".032"
        assert cells[1] == ("*ours*" if claim.ours else "**does not hold**" if claim.measure == "l0.i_rad" else "**holds**")
    assert len([one for one in page["found"] if one.claim.lead]) == 5


def test_every_claim_of_the_paper_has_what_is_found_and_its_verdict_beside_it():
    numbers = read_table("data/table.csv")
    leads = {number: lead for number, lead, *_ in card.summary(card.scorecard(numbers))}
    rows = card.beside_the_paper(numbers, leads)
    assert len(rows) == len(leads) == 5 and all(len(row) == 3 and all(row) for row in rows)
    for lead, (_, found, _) in zip(leads.values(), rows, strict=True):
        assert lead.verdict in found and lead.effect in found
