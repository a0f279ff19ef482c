"""What group models add to a pedestal, evaluated on the network left out: rows of the tidy table, and what chapter 08 takes from them."""

from collections import Counter
from functools import cached_property

import numpy as np

from paper_code.core.plan import plan
from paper_code.core.statistics import equivalence_p, holm, over_networks
from paper_code.core.table import ALL, END, Row, reported_seeds
from paper_code.core.text import effect_text, fixed, p_cell
from paper_code.lateral import pedestal
from paper_code.lateral.harmonics import RINGS, PairSums, fit
from paper_code.lateral.models import FAMILIES, GROUP, PARAMETERS, library, model
from paper_code.report.verdict import verdict

PLACES = [(ring, version) for version in pedestal.PEDESTALS for ring in pedestal.RINGS]
SHOWN = ("DP", "HR", "ANI", "COC")  # shown next to K in figures
RIDGES = ("turn below 30°", "30° to 60°", "beyond 60°")  # rows of :func:`paper_code.lateral.views.ridge`
LESS_ISO = tuple((family, "ISO") for family in ("SEP", "COC", "ANI", "HR", "DP"))  # ISO adds what 1 px steps miss of a smooth fall-off
HARMONICS_OF = ("2-14", "plain")  # ring and pedestal with which the kernels of GROUP are chosen


def model_rows(condition, members):
    """Gains of every family in every ring and over every pedestal, differences of families, chosen shapes, and the harmonics of DP and HR.

    ``members`` are three or more Measured, all with K. ``models.DP`` is a gain in % of K's variance, on each network with the fit to the
    others; ``models.pedestal`` is what the pedestal alone explains. ``models.DP less HR`` is a difference of gains, and ``:equivalence``
    the p of the test that it lies within the plan's margin (not for differences from ISO, which the plan does not name).
    ``models.DP:length`` etc. are the parameters chosen on the other networks, and ``models.DP:strength`` is the g fitted there.
    ``DP.source`` etc. are terms of the kernel chosen over the plain pedestal at 2 to 14 px, times cos Phi, at the pairs of K.
    """
    shapes, sums = library(), []
    for one in members:
        bank = one.bank
        regressors = {"RF": bank.among(bank.rf), "CO": bank.among(one.co)}
        sums.append(pedestal.model_sums(bank.frame, bank.among(bank.K), regressors, shapes))
    rows, seeds = [], [str(one.seed) for one in members]
    settings = plan()["models"]

    def singles(measure, place, values):
        at = place[::-1]  # version and ring
        rows.extend(Row(condition, seed, END, measure, *at, float(value)) for seed, value in zip(seeds, values, strict=True))

    def add(measure, place, values):
        singles(measure, place, values)
        found = over_networks(values)
        rows.append(Row(condition, ALL, END, measure, *place[::-1], found.value, found.low, found.high, found.p, 0.0))

    for place in PLACES:
        found = pedestal.left_out_gains(sums, shapes, *place)
        add("models.pedestal", place, found.base)
        chosen = {family: [shapes.parameters(family, element) for element in elements] for family, elements in found.chosen.items()}
        for family, gain in found.gain.items():
            add(f"models.{family}", place, gain)
            singles(f"models.{family}:strength", place, found.strength[family])
            for parameter in PARAMETERS[family]:
                singles(f"models.{family}:{parameter}", place, [one[parameter] for one in chosen[family]])
        for first, second in [*settings["differences"], *LESS_ISO]:
            measure, difference = f"models.{first} less {second}", found.gain[first] - found.gain[second]
            add(measure, place, difference)
            if (first, second) not in LESS_ISO:
                p = equivalence_p(difference, settings["margin"])
                rows.append(Row(condition, ALL, END, f"{measure}:equivalence", *place[::-1], float(difference.mean()), p=p))
        if place == HARMONICS_OF:
            for (measure, ring), values in harmonics(members, {family: chosen[family] for family in GROUP}).items():
                add(measure, (ring, "raw"), values)
    return rows


def harmonics(members, chosen):
    """The five terms of group kernels in every ring, at the pairs of n networks: lists (n,) by (``family.term``, ring).

    ``chosen`` maps each family to its parameters, a list of n dicts.
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


class Gains:
    """Gains on the network left out, in % of K's variance, by family and place; a place is (ring, pedestal)."""

    def __init__(self, numbers, condition="reference"):
        self.numbers, self.condition = numbers, condition
        self.seeds = reported_seeds(numbers, condition)
        self.settings = plan()["models"]
        self.pairs = [f"{first} less {second}" for first, second in self.settings["differences"]]

    def row(self, measure, place):
        """The row over networks of ``models.<measure>``."""
        return self.numbers.one(condition=self.condition, seed=ALL, step=END, measure=f"models.{measure}", ring=place[0], version=place[1])

    def single(self, measure, place):
        """The value of each network, (networks,)."""
        where = {"condition": self.condition, "step": END, "ring": place[0], "version": place[1], "seed": self.seeds}
        return self.numbers.networks(measure=f"models.{measure}", **where)[0]

    def with_holm(self, names):
        """(row, p Holm-adjusted over all rows) by (name, place)."""
        rows = {(name, place): self.row(name, place) for name in names for place in PLACES}
        return dict(zip(rows, zip(rows.values(), holm([row.p for row in rows.values()]), strict=True), strict=True))

    @cached_property
    def gains(self):
        """Gain of every family, as returned by ``with_holm``."""
        return self.with_holm(FAMILIES)

    @cached_property
    def differences(self):
        """Differences between the families named in the plan, as returned by ``with_holm``."""
        return self.with_holm(self.pairs)

    def gained(self, family, place):
        """A gain with its interval, as text."""
        return effect_text(self.row(family, place), 2)

    def order(self, first, second, place):
        """Words saying whether one family adds more than another."""
        (row, p), alpha = self.differences[f"{first} less {second}", place], plan()["inference"]["alpha"]
        return "neither significantly more nor less than" if not p < alpha else "more than" if row.value > 0 else "less than"

    def holds(self, family, place):
        """Whether a gain is above 0 according to the plan's rule."""
        return verdict(*self.gains[family, place], margin=self.settings["margin"]) == "holds"

    def cells(self, family):
        """A family's gains as table cells, bold where above 0."""
        marks = ["**" if self.holds(family, place) else "" for place in PLACES]
        found = [self.gains[family, place] for place in PLACES]
        return [f"{mark}{effect_text(row, 2)}{mark}, {p_cell(p)}" for mark, (row, p) in zip(marks, found, strict=True)]

    def reading(self, name, place):
        """Words for the outcome of a difference and its equivalence test."""
        (row, p), alpha = self.differences[name, place], plan()["inference"]["alpha"]
        first, second = name.split(" less ")
        said = [f"{first if row.value > 0 else second} adds more"] if p < alpha else []
        said += ["equivalent within the margin"] if self.row(f"{name}:equivalence", place).p < alpha else []
        return ", ".join(said) or "not settled"

    def difference_cells(self):
        """The plan's differences as table rows, one cell per place, bold where distinguishable from 0."""
        rows = {name: [name.replace(" less ", " − ")] for name in self.pairs}
        for (name, _), (row, p) in self.differences.items():
            text = effect_text(row, 2)
            rows[name].append(f"**{text}**" if p < plan()["inference"]["alpha"] else text)
        return list(rows.values())

    def difference_rows(self):
        """The plan's differences as table rows, with their equivalence tests and the outcome of both."""
        rows = []
        for (name, place), (row, p) in self.differences.items():
            alike, where = p_cell(self.row(f"{name}:equivalence", place).p), f"{place[0]} px, {place[1]}"
            rows.append([name.replace(" less ", " − "), where, effect_text(row), p_cell(p), alike, self.reading(name, place)])
        return rows

    def chosen(self, family, place):
        """The parameters chosen most often on the other networks, for how many of the networks left out, and the number of networks."""
        columns = [self.single(f"{family}:{name}", place).tolist() for name in PARAMETERS[family]]
        (values, times), *_ = Counter(zip(*columns, strict=True)).most_common(1)
        return dict(zip(PARAMETERS[family], values, strict=True)), times, len(columns[0])

    def parameter(self, family, name, value):
        """A parameter as text, with an asterisk if it lies at either end of its grid."""
        grids = self.settings["grid"]
        grid = [0, *grids["bend"]] if (family, name) == ("COC", "kappa") else grids[name]  # ISO is COC with kappa = 0
        grid = grid[family] if isinstance(grid, dict) else grid
        return f"{name} {value:g}{'*' if value in (min(grid), max(grid)) and len(grid) > 2 else ''}"

    def chosen_rows(self):
        """Table rows for the shapes chosen at 2 to 14 px: family, pedestal, parameters, how often chosen, and range of g over networks."""
        rows = []
        for family in SHOWN:
            for place in (PLACES[0], PLACES[2]):
                parameters, times, of = self.chosen(family, place)
                g = self.single(f"{family}:strength", place)
                text = ", ".join(self.parameter(family, *pair) for pair in parameters.items())
                rows.append([family, place[1], text, f"{times} of {of}", f"{fixed(g.min(), 2)} to {fixed(g.max(), 2)}"])
        return rows


class Beside:
    """K and the chosen shapes (parameters by family) beyond the pedestal, over networks; each shape is scaled by one g for all networks."""

    def __init__(self, networks, parameters):
        self.frames = [one.bank.frame for one in networks]
        self.left = [
            pedestal.beyond_pedestal(
                one.bank.frame,
                {"K": one.bank.among(one.bank.K)} | {family: model(one.bank.frame, family, some) for family, some in parameters.items()},
            )
            for one in networks
        ]
        self.strength = {"K": 1.0} | {
            family: sum((one["K"] * one[family]).sum() for one in self.left) / sum((one[family] ** 2).sum() for one in self.left)
            for family in parameters
        }

    def each(self, view, name, *where, **options):
        """A view (a function of :mod:`paper_code.lateral.views`) of one kernel on each network, (networks, ...), in sd of K."""
        parts = []
        for frame, kernels in zip(self.frames, self.left, strict=True):
            kernel = self.strength[name] * kernels[name]
            parts.append(view(frame, kernel, *where, **options) * frame.values(kernel).std())
        return np.array(parts)

    def seen(self, view, name, *where, **options):
        """Mean of :meth:`each` over networks, ignoring NaN."""
        return np.ma.masked_invalid(self.each(view, name, *where, **options)).mean(axis=0).filled(np.nan)

    def likeness(self, first, second):
        """Correlation between two shapes, averaged over networks."""
        pairs = zip(self.frames, self.left, strict=True)
        found = [np.corrcoef(*(frame.values(kernels[name]).ravel() for name in (first, second))) for frame, kernels in pairs]
        return float(np.mean([one[0, 1] for one in found]))


def height(profile):
    """Height of a ridge (turns, directions), for each turn: the mean within 15 degrees of it minus the mean beyond 45 degrees."""
    bins = profile.shape[-1]
    return profile[:, bins // 2 - 1 : bins // 2 + 1].mean(axis=1) - np.delete(profile, slice(bins // 4, -(bins // 4)), axis=1).mean(axis=1)
