"""The comparison of the networks' K with the models as tables and sentences, all computed from a list of :class:`NetworkComparison`."""

import numpy as np

from paper_code.lateral.comparison import GROUP
from paper_code.lateral.models import FAMILIES, PARAMETERS, library
from paper_code.lateral.recognition import explains, recognised
from paper_code.rounding import fixed
from paper_code.tables import markdown_table
from paper_code.verdicts import on_seeds, p_text

SHOWN = (*FAMILIES, "DP blind", "HR blind", "RF", "CO", "RF + CO", "RF + CO + ANI", "RF + CO + DP", "RF + CO + HR", "bins")
STRICT = 0.01  # p below which the strict null counts as exceeded


def range_text(found):
    """A Range with three digits."""
    value, low, high = (fixed(one, 3) for one in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"


def explained_table(networks, names=SHOWN):
    """Cross-validated R^2 of models, a row each and a column a network: Markdown."""
    rows = [
        ["one coefficient a bin" if name == "bins" else name, *(range_text(one.trained.r2(name)) for one in networks)] for name in names
    ]
    return markdown_table(["cross-validated R² (95 %)", *(f"seed {one.seed}, {one.trained.cells} cells" for one in networks)], rows)


def excess_table(networks, families=("SEP", "ANI", *GROUP)):
    """The excess of families over ISO with its interval and the p of its nulls: Markdown."""
    rows = []
    for one in networks:
        found, effort = one.trained, one.effort
        for name in families:
            nulls = (found.labels_excess, effort.permuted), (found.orientations_excess, effort.shuffled), (found.turns_excess, effort.dealt)
            rows.append(
                [
                    one.seed,
                    name,
                    range_text(found.difference(name, "ISO")),
                    *(p_text(tests[name].p, size) for tests, size in nulls),
                    f"{100 * found.share_of_ceiling(name):.0f} %",
                    "yes" if explains(found, name) else "no",
                ]
            )
    header = ["seed", "family", "R² less ISO's (95 %)", "p, cells", "p, orientations", "p, turns", "of the free bins", "interval and p"]
    return markdown_table(header, rows)


def parameter_text(network, family, parameter):
    """A fitted parameter, with an asterisk at either end of its grid."""
    value = network.trained.fits[family].parameters[parameter]
    return f"{value:.3g}{'*' if value in library(network.effort.fine).ends(family, parameter) else ''}"


def group_table(networks):
    """The fitted parameters of DP and HR: Markdown."""
    rows = []
    for one in networks:
        for name in GROUP:
            fit = one.trained.fits[name]
            turn = np.degrees(np.sqrt(2 * fit.parameters["diffusion"]))
            texts = {parameter: parameter_text(one, name, parameter) for parameter in PARAMETERS[name]}
            rows.append(
                [one.seed, name, texts["length"], texts["diffusion"], f"{turn:.0f}°", texts["blur"], f"{fit.gain:.2f}", f"{fit.cosine:.2f}"]
            )
    header = [
        "seed",
        "family",
        "length (px)",
        "D/α or D₂₂/α (rad²)",
        "spread of direction in a mean life",
        "blur (px)",
        "coefficient g (sd of K)",
        "cosine with K",
    ]
    return markdown_table(header, rows)


def baseline_table(networks):
    """The fitted parameters of the other families: Markdown."""
    columns = {
        "ISO s (px)": ("ISO", "scale"),
        "SEP s": ("SEP", "scale"),
        "SEP κ": ("SEP", "kappa"),
        "ANI s": ("ANI", "scale"),
        "ANI κ": ("ANI", "kappa"),
        "ANI stretch": ("ANI", "elongation"),
        "COC s": ("COC", "scale"),
        "COC κ": ("COC", "kappa"),
    }
    return markdown_table(
        ["seed", *columns], [[one.seed, *(parameter_text(one, *column) for column in columns.values())] for one in networks]
    )


def best_families(networks):
    """The family of the largest R^2 on each seed, and all families by the median over seeds, the largest first."""
    values = np.array([[one.trained.r2(name).value for name in FAMILIES] for one in networks])
    ranking = [FAMILIES[index] for index in np.argsort(-np.median(values, axis=0), kind="stable")]
    return [FAMILIES[index] for index in values.argmax(axis=1)], ranking


def shares_recognised(taken):
    """Of each planted model, the share of trials in which it was recognised; ``taken`` as :func:`recognition.confusion` gives it."""
    return {name: some.get(name, 0) / sum(some.values()) for name, some in taken.items()}


def on_both(completion, enhancement):
    """On how many seeds something holds of the direction process and of enhancement, in words that follow "by" or "for"."""
    texts = on_seeds(completion), on_seeds(enhancement)
    if not np.any(completion) and not np.any(enhancement):
        return "neither group model on any seed"
    if texts[0] == texts[1]:
        return f"each of the two group models {texts[0]}"
    return f"the direction process {texts[0]}, enhancement {texts[1]}"


def statements(networks, taken):
    """What the comparison found, a sentence each.

    Parameters
    ----------
    networks : list of NetworkComparison
        With K before training, RF and CO, and no test left out.
    taken : dict of dicts
        Of :func:`paper_code.lateral.recognition.confusion`.

    Returns
    -------
    list of str
    """
    trained, untrained = ([getattr(one, pick) for one in networks] for pick in ("trained", "untrained"))
    winners, ranking = best_families(networks)
    right = shares_recognised(taken)

    def explained(name, found=trained):
        return [one.r2(name).low > 0 for one in found]

    def above(one, other, found=trained):
        return [each.difference(one, other).low > 0 for each in found]

    def exceed(other, start="", found=trained):
        return on_both(*(above(start + name, other, found) for name in GROUP))

    sizes = {"labels_excess": "permuted", "orientations_excess": "shuffled", "turns_excess": "dealt"}

    def significant(kind, level, found=trained):
        if any(1 / (1 + getattr(one.effort, sizes[kind])) >= level for one in networks):
            return "no model, as so few permutations cannot show it"
        return on_both(*([getattr(one, kind)[name].p < level for one in found] for name in GROUP))

    best = list(zip(trained, winners, strict=True))
    apart = [one.difference("HR", "DP") for one in trained]
    known = [recognised(one) for one in trained]
    short = [
        [one.trained.fits[name].parameters["length"] == library(one.effort.fine).ends(name, "length")[0] for one in networks]
        for name in GROUP
    ]
    started = np.any([explained(name, untrained) for name in FAMILIES], axis=0)
    return [
        f"By the median over seeds the families rank {', '.join(ranking)}. Best on each seed: {', '.join(winners)}.",
        "The simplest family that cannot be told from the best (ISO, then SEP), or RF if it is above all, is, seed by seed: "
        f"{', '.join(name or 'none' for name in known)}.",
        f"Times $\\cos\\Phi$, $K$ is explained (interval above 0) by {on_both(explained('DP'), explained('HR'))}; without it by "
        f"{on_both(explained('DP blind'), explained('HR blind'))}.",
        f"ISO is exceeded (interval above 0) by {exceed('ISO')}. Against relabelled cells (p < .001) the excess shows for "
        f"{significant('labels_excess', 0.001)}; with the orientations alone shuffled (p < .05) for "
        f"{significant('orientations_excess', 0.05)}.",
        f"With distance and phase kept in every pair and the turns dealt out anew (the strict null, p < {STRICT:g}) the excess shows for "
        f"{significant('turns_excess', STRICT)}; in $K$ before training for {significant('turns_excess', STRICT, untrained)}.",
        f"SEP, which knows distance and turn but no direction, is exceeded by {exceed('SEP')}; ANI by {exceed('ANI')}.",
        f"SEP exceeds ISO {on_seeds(above('SEP', 'ISO'))}, ANI exceeds SEP {on_seeds(above('ANI', 'SEP'))}, and co-circularity adds to ISO "
        f"{on_seeds(above('COC', 'ISO'))}.",
        f"The fitted length is the least of its grid, where little of the process is left beside its blur, for {on_both(*short)}.",
        "Enhancement and the direction process can be told apart (interval beside 0) "
        f"{on_seeds([one.low > 0 or one.high < 0 for one in apart])}.",
        f"RF is improved on by {exceed('RF', 'RF + ')}; CO by {exceed('CO', 'CO + ')}; the two together by "
        f"{exceed('RF + CO', 'RF + CO + ')}.",
        f"RF and CO together are improved on by ANI as well {on_seeds(above('RF + CO + ANI', 'RF + CO'))}; more than ANI adds is added by "
        f"{on_both(*(above(f'RF + CO + {name}', 'RF + CO + ANI') for name in GROUP))}.",
        f"RF alone exceeds the best family {on_seeds([one.difference('RF', name).low > 0 for one, name in best])}.",
        "One free coefficient a bin does better than the best family "
        f"{on_seeds([one.r2('bins').value > one.r2(name).value for one, name in best])}; "
        "where it does not, these cells are too few to show more than the families do.",
        "Beyond 8 px the best family, fitted there, explains more than .01 "
        f"{on_seeds([max(one.fits[name].rings[-1] for name in FAMILIES) > 0.01 for one in trained])}.",
        "Planted kernels are recognised in more than nine trials of ten for "
        f"{', '.join(name for name in right if right[name] > 0.9) or 'no family'}; in fewer for "
        f"{', '.join(name for name in right if right[name] <= 0.9) or 'none'}.",
        f"Before training the best family explains $K$ {on_seeds(started)}; ISO is exceeded by {exceed('ISO', found=untrained)}.",
    ]
