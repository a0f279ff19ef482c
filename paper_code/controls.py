"""What the symmetries need: every measure on networks from which one thing was taken away, and verdicts that follow from the numbers.

A control is compared with the reference trained as shortly as all controls are, the condition ``control``, and never with the reference
at its full length.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from paper_code import weights
from paper_code.conditions import CONTROLS
from paper_code.emergence import CHANCE_SHARE, LAYER, LEVEL, WORDS, levels
from paper_code.image_statistics import blur_gain, efficient_gain
from paper_code.survey import Labels, survey

BASE = next(iter(CONTROLS))  # the reference, shortened
CLAIMS = ("log_r2", "i_rad", "gabor_share", "rf", "tuning", "elongation", "cocircularity")


@dataclass(frozen=True)
class Row:
    """One condition of the table, s networks."""

    name: str
    label: str
    asks: str
    seeds: tuple
    surveys: tuple  # of Survey
    levels: dict  # what 95 % of chance stay below, by name, of l0 and l1

    def values(self, name):
        """A measure on every seed, NaN where it could not be taken: (s,)."""
        return np.array([getattr(one, name) for one in self.surveys])


def measure(name, label, asks, seeds, permuted=199, drawn=200, field_null_count=60, directory=None, untrained=False):
    """Survey the networks of one condition: a :class:`Row`.

    ``untrained`` takes the same networks before training, and K under the labels that its cells will have.
    """
    effort = {"permuted": permuted, "drawn": drawn, "field_null_count": field_null_count}
    surveys = []
    for seed in seeds:
        early = weights.load_early(name, seed, directory)
        stride = weights.entry(name, seed, directory)["condition"]["network"]["stride"]
        if untrained:
            labels = None if early.K is None else Labels.of(early, field_null_count)
            surveys.append(survey(weights.initial_early(name, seed, directory), stride, labels=labels, **effort))
        else:
            surveys.append(survey(early, stride, **effort))
    return Row("untrained" if untrained else name, label, asks, tuple(seeds), tuple(surveys), levels(early))


def measure_all(names=tuple(CONTROLS), most=None, directory=None, **effort):
    """The untrained networks and every control that there is, in the order of :data:`paper_code.conditions.CONTROLS`.

    Parameters
    ----------
    names : sequence of str
        Controls.
    most : int, optional
        Seeds of each, the first ones.
    effort
        As in :func:`measure`.

    Returns
    -------
    list of Row
        The untrained first: those of ``control``, or of the reference where there is no ``control``.
    """
    there = {name: weights.seeds(name, directory)[:most] for name in names}
    rows = []
    start = BASE if there.get(BASE) else "reference"
    seeds = weights.seeds(start, directory)[:most] if start != BASE else there[BASE]
    if seeds:
        asks = "what does the architecture give, and chance?"
        rows.append(measure(start, "untrained", asks, seeds, directory=directory, untrained=True, **effort))
    for name in names:
        if there[name]:
            rows.append(measure(name, CONTROLS[name].label, CONTROLS[name].asks, there[name], directory=directory, **effort))
    return rows


def missing(directory=None):
    """Labels of the controls without any network, and of those with a single one."""
    count = {control.label: len(weights.seeds(name, directory)) for name, control in CONTROLS.items()}
    return [label for label, found in count.items() if found == 0], [label for label, found in count.items() if found == 1]


def find(rows, name):
    """The row of that name, or None."""
    return next((row for row in rows if row.name == name), None)


# Verdicts

HOLDS, WEAKER, STRONGER, SOME, LOST, FEW, ABSENT = (
    "yes", "yes, weaker", "yes, stronger", "on some seeds", "no", "too few oriented cells", "no such layer",
)
MARKS = {HOLDS: "●", WEAKER: "◐", STRONGER: "⬤", SOME: "◔", LOST: "○", FEW: "–", ABSENT: " "}
SHOWN = (HOLDS, WEAKER, STRONGER)


def holds(row, name):
    """Whether a measure is beyond its null on each seed, bool (s,); False where it could not be taken.

    l0 is one filter, so its measures need only exceed the level that 95 % of chance stay below. A share of Gabors counts if the interval
    over filters lies above chance, a measure of K if p < .05 against relabelled cells and the interval over filters lies above 0.
    """
    if LAYER[name] == "l0":
        return row.values(name) > row.levels.get(name, np.inf)
    low = row.values(f"{name}_low")
    return low > CHANCE_SHARE if LAYER[name] == "l1" else (row.values(f"{name}_p") < LEVEL) & (low > 0)


def verdict(row, name, base=None):
    """One of HOLDS, WEAKER, STRONGER, SOME, LOST, FEW and ABSENT.

    A claim holds if it does on every seed. It is then weaker (stronger) if all its values lie below (above) all of ``base``, the shortened
    reference, provided that the claim holds there and that each has two networks or more: one value has no spread to lie outside of.
    """
    values = row.values(name)
    if not np.isfinite(values).any():
        return FEW if np.isfinite(row.values("rf")).any() and LAYER[name] == "K" else ABSENT
    found = holds(row, name)
    if not found.all():
        return SOME if found.any() else LOST
    if base is not None and base is not row and min(len(row.seeds), len(base.seeds)) > 1 and holds(base, name).all():
        if values.max() < base.values(name).min():
            return WEAKER
        if values.min() > base.values(name).max():
            return STRONGER
    return HOLDS


def needs(rows, name):
    """What a claim needs, one sentence: the controls that keep it, weaken it and take it away."""
    base, start = find(rows, BASE), find(rows, "untrained")
    found = {row.label: verdict(row, name, base) for row in rows if row.name not in (BASE, "untrained")}
    groups = {kind: ", ".join(label for label, one in found.items() if one == kind) for kind in MARKS}
    words = WORDS[name]
    parts = []
    if start is not None and verdict(start, name) != ABSENT:
        parts.append(f"before training: {verdict(start, name)}")
    if base is not None and verdict(base, name) not in SHOWN:
        where = "on some seeds alone" if verdict(base, name) == SOME else "on no seed"
        parts.append(f"the shortened reference shows it {where}, so that these controls cannot say what it needs")
        shown = ", ".join(label for label, one in found.items() if one in SHOWN)
        parts.append(f"shown with {shown}" if shown else "no control shows it on every seed")
    else:
        parts.append("no shortened reference to compare with" if base is None else "shown by the shortened reference")
        phrases = {LOST: "gone with", SOME: "on some seeds alone with", FEW: "not measurable (too few oriented cells) with"}
        phrases |= {WEAKER: "weaker with", STRONGER: "stronger with", HOLDS: "in the range of the reference or across it with"}
        parts += [f"{phrase} {groups[kind]}" for kind, phrase in phrases.items() if groups[kind]] or ["no control to judge by"]
    return f"**{words if words[:2] in ('l0', 'l1') else words[0].upper() + words[1:]}**: {'; '.join(parts)}."


# The size of l0's centre


@dataclass(frozen=True)
class NoiseRow:
    """l0 of one network against the noise that it was trained with."""

    noise: float  # sd of the receptor noise, in sd of the images
    blur: float  # px
    sigma: float  # of the fitted LoG, px
    seed: int
    is_log: bool  # whether the fit is beyond its null; if not, sigma means little


def noise_rows(rows, directory=None):
    """l0 of the networks that differ from the shortened reference in nothing but noise and blur: a list of :class:`NoiseRow`."""
    base = find(rows, BASE)
    if base is None:
        return []
    wanted = _without_front_end(weights.entry(BASE, base.seeds[0], directory))
    found = []
    for row in rows:
        for seed, one, is_log in zip(row.seeds, row.surveys, holds(row, "log_r2"), strict=True):
            listed = None if row.name == "untrained" else weights.entry(row.name, seed, directory)
            if listed is not None and _without_front_end(listed) == wanted:
                network = listed["condition"]["network"]
                found.append(NoiseRow(network["noise"], network["blur"], one.sigma, seed, bool(is_log)))
    return found


def _without_front_end(listed):
    """The settings of a network of the manifest, but for its name and the blur and noise of its front end."""
    condition = listed["condition"]
    kept = {key: value for key, value in condition.items() if key not in ("name", "about", "network")}
    return kept, {key: value for key, value in condition["network"].items() if key not in ("blur", "noise")}


def noise_trend(rows, draws=9999, seed=0):
    """Spearman's correlation of sigma with the noise over the networks with optics, and its one-sided p.

    p by shuffling the noise over the networks. (nan, nan) for fewer than two levels of noise.
    """
    taken = [one for one in rows if one.blur > 0 and one.is_log]
    noise, sigma = (np.array([getattr(one, name) for one in taken]) for name in ("noise", "sigma"))
    if len(np.unique(noise)) < 2 or np.ptp(sigma) == 0:
        return float("nan"), float("nan")
    ranks = stats.rankdata(noise), stats.rankdata(sigma)
    value = np.corrcoef(*ranks)[0, 1]
    shuffled = np.random.default_rng(seed).permuted(np.tile(ranks[0], (draws, 1)), axis=1)
    centred = ranks[1] - ranks[1].mean()
    null = (shuffled - ranks[0].mean()) @ centred / np.sqrt(((ranks[0] - ranks[0].mean()) ** 2).sum() * (centred**2).sum())
    return float(value), float((1 + (null >= value - 1e-12).sum()) / (1 + draws))


def efficient_sigma(power, noise, blur):
    """Sigma (px) of the LoG whose gain peaks where efficient coding asks for the highest gain (Atick and Redlich 1992).

    A LoG peaks at ``1 / (sqrt(2) pi sigma)`` cycles per pixel. The spectrum is the power law that fits ``power`` best.

    Parameters
    ----------
    power : image_statistics.RadialPower
        Of standardised images.
    noise : array (n,)
        Standard deviations, above 0.
    blur : float
        Px.

    Returns
    -------
    array (n,)
    """
    frequency = np.geomspace(power.frequency[0], 0.5, 400)
    slope, offset = np.polyfit(np.log(power.frequency), np.log(power.power), 1)
    signal = np.exp(offset + slope * np.log(frequency)) * blur_gain(frequency, blur) ** 2
    peaks = [frequency[efficient_gain(signal, one**2 * np.ones_like(signal)).argmax()] for one in np.atleast_1d(noise)]
    return 1 / (np.sqrt(2) * np.pi * np.array(peaks))


def numbers(rows):
    """What the results file keeps of the controls: values, seeds and verdicts by condition."""
    base, kept = find(rows, BASE), {}
    for row in rows:
        measured = {}
        for name in (*CLAIMS, "sigma", "gabor_r2", "oriented"):
            measured[name] = [float(value) if np.isfinite(value) else None for value in row.values(name)]
        kept[row.name] = {"seeds": list(row.seeds), "verdicts": {name: verdict(row, name, base) for name in CLAIMS}, **measured}
    return kept
