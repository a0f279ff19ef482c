"""How much of K is the same at every orientation: all of a kernel of the group, nothing of one that knows the horizontal alone."""

import numpy as np
import pytest

from paper_code.core.errors import PaperCodeError
from paper_code.lateral.frame import pair_frame
from paper_code.lateral.harmonics import PairSums
from paper_code.lateral.invariance import invariance
from tests.test_harmonics import SIDE, STRIDE, random_cells
from tests.test_harmonics import noise as noise_of


def networks(dependence, signal=0.5, count=5):
    """Networks whose source and co-circular terms are multiplied by a function of the pair's mid orientation."""
    found = []
    for number in range(count):
        cells = random_cells(22, [20, number])
        frame = pair_frame(cells, SIDE, STRIDE)
        psi, theta = np.arctan2(frame.across, frame.along), frame.turn[:, None]
        middle = cells.orientation[frame.target] + frame.turn / 2
        shape = np.cos(2 * psi - 2 * theta) + np.cos(4 * psi - 2 * theta)
        kernel = noise_of(22, SIDE, [21, number])
        kernel[frame.target, frame.source] += signal * (np.cos(frame.phase) * shape * dependence(middle)[:, None]).reshape(-1, SIDE, SIDE)
        found.append(PairSums.of(frame, cells.orientation, {"K": kernel}))
    return found


def test_a_kernel_of_the_group_is_all_invariant():
    found = invariance(networks(np.ones_like), "6-10.5", drawn=200)
    assert found.share > 0.97 and found.base.mean() > 1 and found.low <= found.share <= found.high


def test_a_kernel_that_changes_sign_with_the_orientation_is_not():
    found = invariance(networks(lambda middle: np.cos(2 * middle)), "6-10.5", drawn=200)
    assert abs(found.share) < 0.1 and found.full.mean() > 1


def test_a_mixture_lies_between():
    found = invariance(networks(lambda middle: 1 + 1.5 * np.cos(4 * middle)), "2-14", drawn=200)
    assert 0.2 < found.share < 0.8


def test_what_the_mirror_forbids_is_found_where_it_is():
    """cos h sin k mu is not among the full terms: a kernel that has it is explained by the forbidden ones alone."""
    found = invariance(networks(lambda middle: np.sin(2 * middle)), "6-10.5", drawn=50)
    assert found.forbidden.mean() > found.full.mean() + 1


def test_one_network_cannot_be_left_out():
    with pytest.raises(PaperCodeError, match="at least 2"):
        invariance(networks(np.ones_like, count=1), "6-10.5")
