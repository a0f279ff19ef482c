"""What a chapter says of its numbers, computed from them: checks beside their limits."""


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
