"""What a chapter says of its numbers, computed from them: checks beside their limits, values of p, on how many seeds something holds."""

import numpy as np


class Checks:
    """Claims of a chapter, each checked where it is made.

    Attributes
    ----------
    verdicts : dict
        Key of the claim: whether it holds; for the chapter's results file.
    """

    def __init__(self):
        self.verdicts, self._lines = {}, []

    def below(self, key, claim, value, limit, what="error"):
        """Check that a value, named by ``what``, stays below its limit; NaN does not."""
        self.that(key, f"{claim}: {what} below {limit:g}", value < limit)

    def that(self, key, claim, holds):
        """Check a claim that is told in full."""
        self.verdicts[key] = bool(holds)
        self._lines.append(f"{'yes' if holds else 'NO '}  {claim}")

    def told(self):
        """What was checked since the last call, a line each."""
        lines, self._lines = self._lines, []
        return "\n".join(lines)


def p_text(p, size):
    """p of a test with ``size`` permutations, as text; "≤" the least that they can show, where it is that."""
    least = 1 / (1 + size)
    if p <= 1.5 * least:
        return f"≤ {least:.1g}"
    return "< 0.001" if p < 0.0005 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def on_seeds(holds):
    """On how many seeds something holds (one truth value a seed), in words."""
    holds = np.asarray(holds, bool)
    return "on every seed" if holds.all() else "on no seed" if not holds.any() else f"on {holds.sum()} of {len(holds)} seeds"
