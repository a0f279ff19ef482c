"""The plan's rule for estimates over networks, alone or in a family of tests."""

import numpy as np

from paper_code.core.plan import plan
from paper_code.core.statistics import holm


def verdict(row, p, threshold=None, margin=None):
    """``holds``, ``does not hold`` or ``not settled`` for an estimate over networks, by the plan's rule.

    ``row`` holds the interval, and chance as its ``null`` (0 if empty); ``p`` is adjusted in its family. A claim holds if p is significant
    and the interval lies above chance and above any ``threshold``. It does not hold if the interval lies within ``margin`` of chance (by
    default the plan's) or below the ``threshold``.
    """
    settings = plan()["inference"]
    margin = settings["margin"] if margin is None else margin
    chance = 0.0 if np.isnan(row.null) else row.null
    if p < settings["alpha"] and row.low > chance and (threshold is None or row.low > threshold):
        return "holds"
    nothing = row.low > chance - margin and row.high < chance + margin
    return "does not hold" if nothing or (threshold is not None and row.high < threshold) else "not settled"


def family_verdicts(estimates, threshold=0.0, margin=None):
    """(estimate, Holm-adjusted p, verdict) by name, for a dict of estimates that form one family of tests."""
    adjusted = holm([one.p for one in estimates.values()])
    return {name: (one, float(p), verdict(one, p, threshold, margin)) for (name, one), p in zip(estimates.items(), adjusted, strict=True)}


def illusion_verdicts(light):
    """In words, by illusion of a Lightness: direction of l0's index if it is significant, and whether it is beyond chance."""
    words = {}
    for (name, (one, p, _)), low, high in zip(family_verdicts(light.estimates()).items(), *light.chance_interval, strict=True):
        direction = "as perceived" if one.value > 0 else "reversed"
        chance = " and beyond chance" if one.low > high or one.high < low else ", but within chance"
        words[name] = direction + chance if p < plan()["inference"]["alpha"] else "not settled"
    return words
