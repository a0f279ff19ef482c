"""Verdicts follow from the numbers, and from nothing else."""

import json

import pytest

from paper_code import scorecard
from paper_code.errors import PaperCodeError
from paper_code.scorecard import FAILS, HOLDS, PARTLY, Claim, judge

CLAIM = Claim(1, "a claim", "a measure", "04_lgn", "value", 0.9, "null", "start")


@pytest.mark.parametrize(
    ("values", "null", "verdict"),
    [
        ([0.95, 0.92], 0.5, HOLDS),
        ([0.95, 0.9], 0.5, HOLDS),  # the target itself counts
        ([0.95, 0.89], 0.5, PARTLY),
        ([0.1, 0.2], 0.5, FAILS),
        ([0.95, 0.92], 0.93, PARTLY),  # above the target, but one is within chance
        ([0.95, 0.92], 0.99, FAILS),
        ([0.95, 0.92], [0.94, 0.93], PARTLY),  # a null for each seed
    ],
)
def test_verdict(values, null, verdict):
    assert judge(CLAIM, {"value": values, "null": null, "start": [0.1, 0.1]}).verdict == verdict


@pytest.mark.parametrize(("values", "verdict"), [([0.0001, 0.0002], HOLDS), ([0.0001, 0.001], PARTLY), ([0.2, 1.0], FAILS)])
def test_a_p_has_to_stay_below_its_target(values, verdict):
    assert judge(Claim(3, "a claim", "p", "04_lgn", "value", 0.001, is_p=True), {"value": values}).verdict == verdict


@pytest.mark.parametrize(
    ("low", "verdict"), [([0.1, 0.01], HOLDS), ([0.1, -0.01], PARTLY), ([0.0, -0.01], FAILS), ([0.1, float("nan")], PARTLY)]
)
def test_a_claim_with_an_interval_needs_it_above_zero_too(low, verdict):
    claim = Claim(3, "a claim", "p", "04_lgn", "value", 0.001, is_p=True, low_key="low")
    assert judge(claim, {"value": [0.0001, 0.0001], "low": low}).verdict == verdict
    assert judge(claim, {"value": [0.5, 0.5], "low": low}).verdict == FAILS  # and it does not help a large p
    with pytest.raises(PaperCodeError, match="low has 1 value"):
        judge(claim, {"value": [0.0001, 0.0001], "low": low[:1]})


def test_every_mean_over_cells_that_is_judged_by_relabelling_needs_its_interval():
    relabelled = [claim for claim in scorecard.CLAIMS if claim.chapter in ("06_orientation_selectivity", "07_association_fields")]
    assert len(relabelled) >= 6 and all(claim.is_p and claim.low_key for claim in relabelled)


def test_results_that_lack_or_spoil_a_value_are_refused():
    good = {"value": [0.95], "null": 0.5, "start": [0.1]}
    for bad in ({"null": 0.5}, good | {"value": [float("nan")]}, good | {"value": []}, good | {"null": float("inf")}):
        with pytest.raises(PaperCodeError, match="04_lgn"):
            judge(CLAIM, bad)


def test_reading_names_the_missing_chapter(tmp_path):
    with pytest.raises(PaperCodeError, match="04_lgn.json"):
        scorecard.read(tmp_path)


def test_every_claim_of_the_paper_is_listed_once():
    measured = {claim.number for claim in scorecard.CLAIMS}
    pending = {number for number, _ in scorecard.PENDING_CLAIMS}
    assert measured | pending == {1, 2, 3, 4, 5}
    keys = [(claim.chapter, claim.key) for claim in scorecard.CLAIMS]
    assert len(keys) == len(set(keys))


def test_reads_what_the_chapters_write(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    for claim in scorecard.CLAIMS:
        path = folder / f"{claim.chapter}.json"
        numbers = json.loads(path.read_text()) if path.exists() else {}
        value = 0.0001 if claim.is_p else 0.99
        numbers |= {
            claim.key: [value, value],
            claim.start_key: [0.1, 0.1],
            claim.size_key: [0.3, 0.4],
            claim.null_key: 0.5,
            claim.low_key: [0.1, 0.1],
        }
        numbers.pop(None, None)
        path.write_text(json.dumps(numbers))
    assert [row.verdict for row in scorecard.read(tmp_path)] == [HOLDS] * len(scorecard.CLAIMS)


def test_group_models_are_judged_by_the_round_kernel_and_by_the_fields():
    rows = [claim for claim in scorecard.CLAIMS if claim.chapter == "08_group_models"]
    for family in ("dp", "hr"):
        for contest in (
            f"{family}_minus_iso_resampled_p",
            f"{family}_minus_sep_resampled_p",
            f"{family}_minus_ani_resampled_p",
            f"{family}_labels_excess_p",
            f"rf_co_{family}_minus_rf_co_resampled_p",
        ):
            claim = next(row for row in rows if row.key == contest)
            assert claim.number == 4 and claim.is_p and claim.size_key and claim.start_key == f"untrained_{contest}"
            # An interval that reaches 0 has a p of at least .025.
            assert not claim.reached([0.025])[0] and claim.reached([0.0005])[0]
    assert not any(number == 4 for number, _ in scorecard.PENDING_CLAIMS)
