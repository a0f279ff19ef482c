"""What models of the group add to a pedestal, on the network left out, and the harmonics of the chosen ones: rows of the tidy table."""

from paper_code.core.errors import PaperCodeError
from paper_code.core.plan import plan
from paper_code.core.statistics import equivalence_p, over_networks
from paper_code.core.table import ALL, END, Row
from paper_code.lateral import pedestal
from paper_code.lateral.harmonics import RINGS, PairSums, fit
from paper_code.lateral.models import library, model

GROUP = ("DP", "HR")
BESIDE = tuple((family, "ISO") for family in ("SEP", "COC", "ANI", "HR", "DP"))  # ISO adds what steps of 1 px leave of a smooth fall-off
HARMONICS_OF = ("2-14", "plain")  # ring and pedestal that the kernels of GROUP are chosen with


def model_rows(condition, members):
    """Gains of every family over every pedestal and ring, differences of families, the shapes chosen, and the harmonics of DP and HR.

    Parameters
    ----------
    condition : str
    members : list of Measured
        At least three, all with K.

    Returns
    -------
    list of Row
        ``models.DP`` in % of K's variance, each network with the fit on the others; ``models.pedestal`` what the pedestal explains alone;
        ``models.DP less HR`` their difference, and ``:equivalence`` the p of its being within the plan's margin (not for those to ISO,
        which the plan does not name); ``models.DP:length`` and so on the parameters chosen on the other networks, ``models.DP:strength``
        the g fitted there. ``DP.source`` and so on are the terms of the kernel chosen over the plain pedestal at 2 to 14 px, times cos Phi,
        at the pairs of K.
    """
    if len(members) < 3:
        raise PaperCodeError(f"leaving one network of {condition} out needs at least 3 of them, got {len(members)}")
    shapes, sums = library(), []
    for one in members:
        bank = one.bank
        regressors = {"RF": bank.among(bank.rf), "CO": bank.among(one.co)}
        sums.append(pedestal.model_sums(bank.frame, bank.among(bank.K), regressors, shapes))
    rows, seeds = [], [str(one.seed) for one in members]
    settings = plan()["models"]

    def add(measure, place, values):
        rows.extend(Row(condition, seed, END, measure, *place, float(value)) for seed, value in zip(seeds, values, strict=True))
        found = over_networks(values)
        rows.append(Row(condition, ALL, END, measure, *place, found.value, found.low, found.high, found.p, 0.0))

    for ring in pedestal.RINGS:
        for name in pedestal.PEDESTALS:
            found, place = pedestal.left_out_gains(sums, shapes, ring, name), (name, ring)
            add("models.pedestal", place, found.base)
            for family, gain in found.gain.items():
                add(f"models.{family}", place, gain)
                rows += [
                    Row(condition, seed, END, f"models.{family}:strength", *place, float(g))
                    for seed, g in zip(seeds, found.strength[family], strict=True)
                ]
                for seed, element in zip(seeds, found.chosen[family], strict=True):
                    for parameter, value in shapes.parameters(family, element).items():
                        rows.append(Row(condition, seed, END, f"models.{family}:{parameter}", *place, float(value)))
            for first, second in [*settings["differences"], *BESIDE]:
                measure, difference = f"models.{first} less {second}", found.gain[first] - found.gain[second]
                add(measure, place, difference)
                if (first, second) not in BESIDE:
                    p = equivalence_p(difference, settings["margin"])
                    rows.append(Row(condition, ALL, END, f"{measure}:equivalence", *place, float(difference.mean()), p=p))
            if (ring, name) == HARMONICS_OF:
                chosen = {family: [shapes.parameters(family, element) for element in found.chosen[family]] for family in GROUP}
    for (measure, term_ring), values in harmonics(members, chosen).items():
        add(measure, ("raw", term_ring), values)
    return rows


def harmonics(members, chosen):
    """The five terms of group kernels in every ring, sampled at the pairs of each network.

    Parameters
    ----------
    members : list of n Measured
    chosen : dict of lists of n dicts
        Parameters by family.

    Returns
    -------
    dict of lists of n floats
        By (``family.term``, ring).
    """
    found = {}
    for number, one in enumerate(members):
        frame = one.bank.frame
        kernels = {family: model(frame, family, parameters[number]) for family, parameters in chosen.items()}
        sums = PairSums.of(frame, one.bank.cells.orientation, kernels)
        for ring in RINGS:
            terms = fit(sums, ring)
            for column, family in enumerate(kernels):
                for term, value in zip(terms.names, terms.coefficients[:, column], strict=True):
                    found.setdefault((f"{family}.{term}", ring), []).append(value)
    return found
