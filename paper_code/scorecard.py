"""Each claim of the paper, how it is measured here, what would count, and what the results files say."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paper_code.errors import PaperCodeError

HOLDS, PARTLY, FAILS, PENDING = "holds", "holds in part", "does not reach its target", "not measured yet"


@dataclass(frozen=True)
class Claim:
    """One row: a value for each seed, read from a chapter's results."""

    number: int  # of the claim, 1 to 5
    text: str
    measure: str
    chapter: str  # whose results hold it
    key: str  # of the values, one a seed
    target: float  # every seed should reach it, or stay below it if the value is a p
    null_key: str | None = None  # of the level that 95 % of chance stay below: one number, or one a seed
    start_key: str | None = None  # of the same measure before training
    is_p: bool = False  # the value is the p of a one-sided test, to be below the target
    size_key: str | None = None  # of the size of the effect, for a p
    size: str = ""  # what that is
    low_key: str | None = None  # of the lower end of the size's 95 % interval over cells, one a seed, that has to lie above 0 as well

    def reached(self, values):
        """Which values reach the target: bool array."""
        return np.asarray(values) < self.target if self.is_p else np.asarray(values) >= self.target


CLAIMS = (
    Claim(1, "l0 is a Laplacian of Gaussian", "R² of the LoG fit", "04_lgn", "log_r2", 0.95, "null_log_r2", "start_log_r2"),
    Claim(1, "l0 is rotationally symmetric", "I_rad, recentred", "04_lgn", "i_rad", 0.95, "null_i_rad", "start_i_rad"),
    Claim(
        2,
        "l1 filters are Gabor functions",
        "median R² of the Gabor fits",
        "05_simple_cells",
        "gabor_median_r2",
        0.85,
        "null_r2",
        "start_median_r2",
    ),
    Claim(
        2,
        "nine in ten l1 filters are more Gabor-like than chance",
        "share above the null's 95 %",
        "05_simple_cells",
        "gabor_share_above_null",
        0.90,
        None,
        "start_share_above_null",
    ),
    Claim(
        3,
        "K joins like orientations more strongly than orthogonal ones",
        "p, cells relabelled",
        "06_orientation_selectivity",
        "tuning_p",
        0.001,
        None,
        "untrained_tuning_p",
        is_p=True,
        size_key="tuning_difference",
        size="like minus orthogonal, in sd of K",
        low_key="tuning_difference_low",
    ),
    Claim(
        3,
        "the same, with the orientations alone shuffled",
        "p, orientations shuffled",
        "06_orientation_selectivity",
        "tuning_orientations_p",
        0.001,
        is_p=True,
        size_key="tuning_difference",
        size="like minus orthogonal, in sd of K",
        low_key="tuning_difference_low",
    ),
    Claim(
        3,
        "K correlates with the overlap of the receptive fields (a measure of ours)",
        "p, cells relabelled",
        "06_orientation_selectivity",
        "rf_p",
        0.001,
        None,
        "untrained_rf_p",
        is_p=True,
        size_key="rf_correlation",
        size="correlation",
        low_key="rf_correlation_low",
    ),
    Claim(
        4,
        "K is longer along the axis of the cell than across it",
        "p, cells relabelled",
        "06_orientation_selectivity",
        "elongation_p",
        0.001,
        None,
        "untrained_elongation_p",
        is_p=True,
        size_key="elongation",
        size="along minus across, in sd of K",
        low_key="elongation_low",
    ),
    Claim(
        4,
        "K favours the same polarity more strongly in line with the cell than beside it",
        "p, cells relabelled",
        "06_orientation_selectivity",
        "flank_signed_p",
        0.001,
        is_p=True,
        size_key="flank_signed_difference",
        size="collinear minus flanking, in sd of K",
        low_key="flank_signed_difference_low",
    ),
    Claim(
        4,
        "the preferred orientations around a cell are co-circular",
        "p, cells relabelled",
        "07_association_fields",
        "cocircularity_p",
        0.001,
        None,
        "untrained_cocircularity_p",
        is_p=True,
        size_key="cocircularity",
        size="co-circularity C",
        low_key="cocircularity_low",
    ),
    Claim(
        4,
        "the direction process times cos Φ explains K better than a round kernel (ISO)",
        "p, cells resampled",
        "08_group_models",
        "dp_minus_iso_resampled_p",
        0.025,
        None,
        "untrained_dp_minus_iso_resampled_p",
        is_p=True,
        size_key="dp_minus_iso_percent",
        size="excess, % of the variance of K",
    ),
    Claim(
        4,
        "contour enhancement times cos Φ explains K better than a round kernel (ISO)",
        "p, cells resampled",
        "08_group_models",
        "hr_minus_iso_resampled_p",
        0.025,
        None,
        "untrained_hr_minus_iso_resampled_p",
        is_p=True,
        size_key="hr_minus_iso_percent",
        size="excess, % of the variance of K",
    ),
    Claim(
        4,
        "the direction process times cos Φ explains K better than distance and turn taken apart (SEP)",
        "p, cells resampled",
        "08_group_models",
        "dp_minus_sep_resampled_p",
        0.025,
        None,
        "untrained_dp_minus_sep_resampled_p",
        is_p=True,
        size_key="dp_minus_sep_percent",
        size="excess, % of the variance of K",
    ),
    Claim(
        4,
        "the direction process times cos Φ explains K better than an oval, blurred kernel (ANI)",
        "p, cells resampled",
        "08_group_models",
        "dp_minus_ani_resampled_p",
        0.025,
        None,
        "untrained_dp_minus_ani_resampled_p",
        is_p=True,
        size_key="dp_minus_ani_percent",
        size="excess, % of the variance of K",
    ),
    Claim(
        4,
        "contour enhancement times cos Φ explains K better than distance and turn taken apart (SEP)",
        "p, cells resampled",
        "08_group_models",
        "hr_minus_sep_resampled_p",
        0.025,
        None,
        "untrained_hr_minus_sep_resampled_p",
        is_p=True,
        size_key="hr_minus_sep_percent",
        size="excess, % of the variance of K",
    ),
    Claim(
        4,
        "contour enhancement times cos Φ explains K better than an oval, blurred kernel (ANI)",
        "p, cells resampled",
        "08_group_models",
        "hr_minus_ani_resampled_p",
        0.025,
        None,
        "untrained_hr_minus_ani_resampled_p",
        is_p=True,
        size_key="hr_minus_ani_percent",
        size="excess, % of the variance of K",
    ),
    Claim(
        4,
        "the excess of the direction process over ISO is tied to the labels of the cells (a lenient null)",
        "p, cells relabelled",
        "08_group_models",
        "dp_labels_excess_p",
        0.001,
        None,
        "untrained_dp_labels_excess_p",
        is_p=True,
        size_key="dp_minus_iso_percent",
        size="excess, % of the variance of K",
    ),
    Claim(
        4,
        "the excess of contour enhancement over ISO is tied to the labels of the cells (a lenient null)",
        "p, cells relabelled",
        "08_group_models",
        "hr_labels_excess_p",
        0.001,
        None,
        "untrained_hr_labels_excess_p",
        is_p=True,
        size_key="hr_minus_iso_percent",
        size="excess, % of the variance of K",
    ),
    Claim(
        4,
        "the excess of the direction process over ISO is tied to turns and directions, distance and phase kept (a strict null)",
        "p, turns dealt out anew",
        "08_group_models",
        "dp_turns_excess_p",
        0.01,
        None,
        "untrained_dp_turns_excess_p",
        is_p=True,
        size_key="dp_minus_iso_percent",
        size="excess, % of the variance of K",
        low_key="dp_minus_iso_low",
    ),
    Claim(
        4,
        "the excess of contour enhancement over ISO is tied to turns and directions, distance and phase kept (a strict null)",
        "p, turns dealt out anew",
        "08_group_models",
        "hr_turns_excess_p",
        0.01,
        None,
        "untrained_hr_turns_excess_p",
        is_p=True,
        size_key="hr_minus_iso_percent",
        size="excess, % of the variance of K",
        low_key="hr_minus_iso_low",
    ),
    Claim(
        4,
        "the direction process adds to what RF and CO together explain of K (a measure of ours)",
        "p, cells resampled",
        "08_group_models",
        "rf_co_dp_minus_rf_co_resampled_p",
        0.025,
        None,
        "untrained_rf_co_dp_minus_rf_co_resampled_p",
        is_p=True,
        size_key="rf_co_dp_minus_rf_co_percent",
        size="gain, % of the variance of K",
    ),
    Claim(
        4,
        "contour enhancement adds to what RF and CO together explain of K (a measure of ours)",
        "p, cells resampled",
        "08_group_models",
        "rf_co_hr_minus_rf_co_resampled_p",
        0.025,
        None,
        "untrained_rf_co_hr_minus_rf_co_resampled_p",
        is_p=True,
        size_key="rf_co_hr_minus_rf_co_percent",
        size="gain, % of the variance of K",
    ),
    Claim(
        5,
        "before training every measure that is followed is inside its null",
        "share of the measures with p ≥ .05, shared out among them",
        "09_emergence",
        "start_inside",
        0.95,
    ),
    Claim(
        5,
        "l0 and l1 gain their symmetries steadily in training (a measure of ours)",
        "net rise over all change, the least of four measures",
        "09_emergence",
        "filters_steadiness",
        0.90,
    ),
    Claim(
        5,
        "K gains its likeness to RF and its tuning steadily in training (a measure of ours)",
        "net rise over all change, the lesser of the two",
        "09_emergence",
        "kernel_steadiness",
        0.90,
    ),
    Claim(
        5,
        "K gains its elongation and co-circularity steadily in training (a measure of ours)",
        "net rise over all change, the lesser of the two",
        "09_emergence",
        "field_steadiness",
        0.90,
    ),
)

# Parts of the paper's claims that no chapter measures yet.
PENDING_CLAIMS = ()


@dataclass(frozen=True)
class Row:
    """A claim and what was found."""

    claim: Claim
    values: tuple  # one a seed
    sizes: tuple  # of the effect, for a p; empty otherwise
    start: tuple  # the same before training; empty where it does not apply
    null: tuple  # the chance level, one or one a seed; empty where it does not apply
    low: tuple  # lower ends of the intervals of the sizes, one a seed; empty where they are not asked for
    reached: int  # seeds that reach the target, with an interval above 0 where one is asked for
    above_null: int | None  # seeds that exceed chance

    @property
    def verdict(self):
        """HOLDS if every seed reaches the target and exceeds chance; FAILS if no seed does; PARTLY between."""
        passing = self.reached if self.above_null is None else min(self.reached, self.above_null)
        return HOLDS if passing == len(self.values) else FAILS if passing == 0 else PARTLY


def judge(claim, numbers):
    """Compare a chapter's results with the target of a claim.

    Parameters
    ----------
    claim : Claim
    numbers : dict
        The content of the chapter's results file.

    Raises
    ------
    PaperCodeError
        If the results lack a key of the claim, or hold values that are not finite.
    """
    try:
        values = np.atleast_1d(np.asarray(numbers[claim.key], float))
        start = np.atleast_1d(np.asarray(numbers[claim.start_key], float)) if claim.start_key else np.array([])
        sizes = np.atleast_1d(np.asarray(numbers[claim.size_key], float)) if claim.size_key else np.array([])
        null = np.atleast_1d(np.asarray(numbers[claim.null_key], float)) if claim.null_key else np.array([])
        low = np.atleast_1d(np.asarray(numbers[claim.low_key], float)) if claim.low_key else np.array([])
    except KeyError as error:
        raise PaperCodeError(f"results of {claim.chapter} lack {error}; run the chapter again") from error
    if not (np.isfinite(values).all() and np.isfinite(null).all()) or len(values) == 0:
        raise PaperCodeError(f"results of {claim.chapter}: {claim.key} is empty or not finite; run the chapter again")
    if len(low) not in (0, len(values)):
        raise PaperCodeError(
            f"results of {claim.chapter}: {claim.low_key} has {len(low)} values for {len(values)} seeds; run the chapter again"
        )
    reached = claim.reached(values) & (low > 0) if len(low) else claim.reached(values)
    above = int((values > null).sum()) if len(null) else None
    return Row(claim, tuple(values), tuple(sizes), tuple(start), tuple(null), tuple(low), int(reached.sum()), above)


def read(build):
    """Judge every claim from the results files under ``build``: a list of :class:`Row`."""
    rows = []
    for claim in CLAIMS:
        path = Path(build) / "results" / f"{claim.chapter}.json"
        if not path.is_file():
            raise PaperCodeError(f"there are no results {path}; build the chapter first, as 'make book' does")
        rows.append(judge(claim, json.loads(path.read_text())))
    return rows
