"""Laws of what a chapter says of its numbers."""

import numpy as np

from paper_code.core.text import Checks


def test_a_check_is_told_once():
    checks = Checks()
    checks.below("the gap closes", 0.1, 0.5)
    checks.below("the other closes", 0.5, 0.5, "gap")
    checks.below("what was not measured", np.nan, 1)
    checks.that("chi^2 inside", np.bool_(True))
    lines = checks.told().splitlines()
    assert [line[:3] for line in lines] == ["yes", "NO ", "NO ", "yes"]
    assert lines[1] == "NO   the other closes: gap below 0.5" and lines[0].endswith("error below 0.5")
    assert checks.told() == ""
