"""Laws of what a chapter says of its numbers."""

import numpy as np

from paper_code.core.text import Checks


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
