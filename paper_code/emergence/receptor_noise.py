"""How wide l0's centre is against the noise of the receptors, and what efficient coding asks for (Atick and Redlich 1992)."""

import json
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from paper_code import weights
from paper_code.core.errors import PaperCodeError
from paper_code.core.table import END
from paper_code.core.text import as_large
from paper_code.emergence.controls import BASE
from paper_code.images.image_set import blur_gain, efficient_gain

MIDDLE = 0.25  # sides of l0 that its fitted centre may lie off the middle: of a centre near the border little but a smooth slope is seen


@dataclass(frozen=True)
class NoiseRow:
    """l0 of one network against the noise that it was trained with."""

    noise: float  # sd of the receptor noise, in sd of the images
    blur: float  # px
    sigma: float  # of the fitted LoG, px
    seed: int
    is_log: bool  # whether the fit is beyond its null and its centre in the middle; if not, sigma means little


def noise_rows(numbers, base=BASE, directory=None):
    """l0 of the networks that differ from the shortened reference in nothing but noise and blur: a list of :class:`NoiseRow`.

    Parameters
    ----------
    numbers : Table
        Of measures.
    base : str
    directory : path, optional
        Of the weights, whose manifest knows the conditions.
    """
    listed = weights.manifest(directory)["networks"]
    wanted = {_without_front_end(one) for key, one in listed.items() if key.startswith(f"{base}/")}
    found = []
    for row in numbers.where(step=END, measure="l0.sigma").rows:
        one = listed.get(f"{row.condition}/seed-{row.seed}")
        if one is None or _without_front_end(one) not in wanted:
            continue
        network, place = one["condition"]["network"], {"condition": row.condition, "seed": row.seed, "step": END}
        r2, off = numbers.one(measure="l0.log_r2", **place), numbers.one(measure="l0.off_centre", **place).value
        is_log = r2.value > r2.null and off <= MIDDLE * network["l0_size"]
        found.append(NoiseRow(network["noise"], network["blur"], row.value, int(row.seed), bool(is_log)))
    return found


def _without_front_end(listed):
    """The settings of a network of the manifest, but for its name and the blur and noise of its front end, as text."""
    condition = listed["condition"]
    kept = {key: value for key, value in condition.items() if key not in ("name", "about", "network")}
    network = {key: value for key, value in condition["network"].items() if key not in ("blur", "noise")}
    return json.dumps([kept, network], sort_keys=True)


@dataclass(frozen=True)
class Trend:
    """How sigma goes with the noise, over n networks with optics and noise whose l0 is beyond its null."""

    networks: int
    levels: int  # of noise
    left_out: int  # networks with optics and noise whose l0 is within its null
    correlation: float  # Spearman's, within seeds
    p: float  # one-sided, the noise shuffled within seeds
    least_p: float  # the least that so few networks can give
    slope: float  # px for each doubling of the noise, every seed with a level of its own
    low: float  # 95 %, Student's t
    high: float


def noise_trend(rows, draws=9999, seed=0):
    """The trend of sigma with the noise: a :class:`Trend`, or None for fewer than three levels of noise or too few networks.

    Networks of one seed start from the same weights at every level of the noise, so the noise is shuffled within seeds. Networks without
    any noise are left out: the slope is per doubling.
    """
    there = [one for one in rows if one.blur > 0 and one.noise > 0]
    taken = [one for one in there if one.is_log]
    noise, sigma, seeds = (np.array([getattr(one, name) for one in taken]) for name in ("noise", "sigma", "seed"))
    member = seeds[:, None] == np.unique(seeds)
    if len(np.unique(noise)) < 3 or len(taken) < member.shape[1] + 2:
        return None
    noise_rank, sigma_rank = (_within(stats.rankdata(values), member) for values in (noise, sigma))
    norm = np.sqrt((noise_rank**2).sum() * (sigma_rank**2).sum())
    if norm == 0:
        return None
    generator = np.random.default_rng(seed)
    shuffled = np.zeros((draws, len(taken)))
    for group in member.T:
        shuffled[:, group] = generator.permuted(np.tile(noise_rank[group], (draws, 1)), axis=1)
    value, null = noise_rank @ sigma_rank / norm, shuffled @ sigma_rank / norm
    orders = np.prod([float(special.factorial(count)) for count in member.sum(0)])
    doublings, width = _within(np.log2(noise), member), _within(sigma, member)
    free = len(taken) - member.shape[1] - 1
    slope = doublings @ width / (doublings @ doublings)
    error = np.sqrt(((width - slope * doublings) ** 2).sum() / free / (doublings @ doublings)) * stats.t.ppf(0.975, free)
    return Trend(
        len(taken),
        len(np.unique(noise)),
        len(there) - len(taken),
        float(value),
        float((1 + as_large(null, value).sum()) / (1 + draws)),
        float(max(1 / orders, 1 / (1 + draws))),
        float(slope),
        float(slope - error),
        float(slope + error),
    )


def _within(values, member):
    """Values less the mean of their group; ``member`` (n, groups) says who is in which."""
    return values - member @ (values @ member / member.sum(0))


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

    Raises
    ------
    PaperCodeError
        For a noise that is not above 0: then nothing bounds the gain.
    """
    if not np.all(np.asarray(noise) > 0):
        raise PaperCodeError("efficient coding needs a receptor noise above 0: without noise nothing bounds the gain")
    frequency = np.geomspace(power.frequency[0], 0.5, 400)
    slope, offset = np.polyfit(np.log(power.frequency), np.log(power.power), 1)
    signal = np.exp(offset + slope * np.log(frequency)) * blur_gain(frequency, blur) ** 2
    peaks = [frequency[efficient_gain(signal, one**2 * np.ones_like(signal)).argmax()] for one in np.atleast_1d(noise)]
    return 1 / (np.sqrt(2) * np.pi * np.array(peaks))
