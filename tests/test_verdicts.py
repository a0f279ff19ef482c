"""Laws of what a chapter says of its numbers."""

import numpy as np

from paper_code.verdicts import Checks, on_seeds, p_text


def test_a_check_is_kept_and_told_once():
    checks = Checks()
    checks.below("small", "the gap closes", 0.1, 0.5)
    checks.below("large", "the other closes", 0.5, 0.5, "gap")
    checks.below("nothing", "what was not measured", np.nan, 1)
    checks.that("other", "chi^2 inside", np.bool_(True))
    assert checks.verdicts == {"small": True, "large": False, "nothing": False, "other": True}
    assert all(type(one) is bool for one in checks.verdicts.values())
    lines = checks.told().splitlines()
    assert [line[:3] for line in lines] == ["yes", "NO ", "NO ", "yes"]
    assert lines[1] == "NO   the other closes: gap below 0.5" and lines[0].endswith("error below 0.5")
    assert checks.told() == "" and len(checks.verdicts) == 4


def test_p_says_no_more_than_its_permutations_can():
    assert p_text(1 / 1000, 999) == "≤ 0.001" and p_text(2 / 1000, 999) == "0.002"
    assert p_text(0.01, 99) == "≤ 0.01" and p_text(0.04, 999) == "0.040" and p_text(0.512, 99) == "0.51"
    assert p_text(0.0003, 19999) == "< 0.001"  # never 0.000


def test_seeds_are_counted_in_words():
    assert on_seeds([True, True]) == "on every seed" and on_seeds(np.zeros(3)) == "on no seed"
    assert on_seeds([1, 0, 0]) == "on 1 of 3 seeds"
