"""What models of the group add to a pedestal, on the network left out: rows of the tidy table."""

import numpy as np

from paper_code.core.statistics import over_networks
from paper_code.errors import PaperCodeError
from paper_code.lateral import pedestal
from paper_code.lateral.models import plan_library
from paper_code.lateral.rf_kernel import co_kernel
from paper_code.report.measure import photographs
from paper_code.report.plan import plan
from paper_code.report.pool import told_apart
from paper_code.report.table import ALL, END, Row


def model_rows(condition, members, directory=None):
    """Gains of every family over every pedestal and ring, differences of families, and the shapes chosen.

    Parameters
    ----------
    condition : str
    members : list of Measured
        At least three, all with K.

    Returns
    -------
    list of Row
        ``models.DP`` in % of K's variance, each network with the fit on the others; ``models.pedestal`` what the pedestal explains alone;
        ``models.DP less HR`` their difference, and ``:equivalence`` the p of its being within the plan's margin; ``models.DP:length`` and
        so on the parameters chosen on the other networks.
    """
    if len(members) < 3:
        raise PaperCodeError(f"leaving one network of {condition} out needs at least 3 of them, got {len(members)}")
    library, sums = plan_library(), []
    for one in members:
        bank = one.bank
        regressors = {"RF": bank.among(bank.rf), "CO": bank.among(co_kernel(condition, one.seed, photographs(), directory=directory))}
        sums.append(pedestal.model_sums(bank.frame, bank.among(bank.K), regressors, library))
    rows, seeds = [], [str(one.seed) for one in members]
    settings = plan()["models"]

    def add(measure, place, values):
        rows.extend(Row(condition, seed, END, measure, *place, float(value)) for seed, value in zip(seeds, values, strict=True))
        found = over_networks(values)
        rows.append(Row(condition, ALL, END, measure, *place, found.value, found.low, found.high, found.p, 0.0))

    for ring in pedestal.RINGS:
        for name in pedestal.PEDESTALS:
            found, place = pedestal.left_out_gains(sums, library, ring, name), (name, ring)
            add("models.pedestal", place, found.base)
            for family, gain in found.gain.items():
                add(f"models.{family}", place, gain)
                for seed, element in zip(seeds, found.chosen[family], strict=True):
                    for parameter, value in library.parameters(family, element).items():
                        rows.append(Row(condition, seed, END, f"models.{family}:{parameter}", *place, float(value)))
            for first, second in settings["differences"]:
                difference, p = told_apart(found.gain[first], found.gain[second], settings["margin"])
                add(f"models.{first} less {second}", place, np.asarray(found.gain[first]) - found.gain[second])
                rows.append(Row(condition, ALL, END, f"models.{first} less {second}:equivalence", *place, difference.value, p=p))
    return rows
