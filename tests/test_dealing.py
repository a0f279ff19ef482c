"""Laws of the strict null: what ISO knows stays, what the others know is dealt out, and only kernels that know it are told from ISO."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from lateral_cells import random_cells

from paper_code import se2
from paper_code.lateral import Cells, against, dealing, fits, pair_frame, permutations, planted, standardise
from paper_code.lateral.fits import Data
from paper_code.lateral.models import FAMILIES, Places, library

COUNT, SIZE, STRIDE, R2 = 28, 7, 2, 0.08
ORDERS = np.concatenate([np.arange(COUNT)[None], permutations(COUNT, 59, 0)])


@lru_cache(maxsize=1)
def scene():
    cells = random_cells(COUNT, 5)
    return cells, pair_frame(cells, SIZE, STRIDE)


def dealt(kernel, orders=ORDERS, cells=None):
    cells = cells or scene()[0]
    data = Data(pair_frame(cells, SIZE, STRIDE), {"K": standardise(kernel)})
    return dealing.turns_alone(data, cells, library(False), "K", orders)


def p_of_excess(kernel, family):
    r2 = dealt(kernel)
    excess = (r2 - r2[:, :1])[:, FAMILIES.index(family)]
    return against(excess[0], excess[1:]).p


def planted_in_noise(family, seed):
    return planted.mixed(planted.model(scene()[1], family, planted.EXAMPLES[family]), planted.noise(COUNT, SIZE, seed), R2)


def turned(frame, cells, order):
    """The frame with distances and phases kept, by hand: every displacement read in the dealt frame of its target."""
    angle = cells.orientation[frame.target][:, None]
    x = frame.along * np.cos(angle) - frame.across * np.sin(angle)
    y = frame.along * np.sin(angle) + frame.across * np.cos(angle)
    theta = cells.orientation[order]
    cosine, sine = np.cos(theta[frame.target])[:, None], np.sin(theta[frame.target])[:, None]
    turn = se2.fold(theta[frame.source] - theta[frame.target])
    return replace(frame, turn=turn, along=x * cosine + y * sine, across=y * cosine - x * sine)


def test_a_deal_is_the_fit_in_the_dealt_frames():
    cells, frame = scene()
    kernel = planted_in_noise("DP", 1) + 0.3 * planted.model(frame, "ANI", planted.EXAMPLES["ANI"])
    found = dealt(kernel, ORDERS[:3])
    for r2, order in zip(found, ORDERS, strict=False):
        sums = fits.sums_of(Data(turned(frame, cells, order), {"K": standardise(kernel)}), library(False), (True,))[0]
        exact = fits.family_r2(fits.total(sums), sums.names, "K", sums.members)
        np.testing.assert_allclose(r2, exact, rtol=0.05, atol=3e-4)
    same = fits.sums_of(Data(frame, {"K": standardise(kernel)}), library(False), (True,))[0]
    assert found[0, FAMILIES.index("ANI")] > found[1:, FAMILIES.index("ANI")].max() + 0.01
    np.testing.assert_allclose(found[0], fits.family_r2(fits.total(same), same.names, "K", same.members), rtol=0.05, atol=3e-4)


def test_iso_explains_as_much_in_every_deal():
    iso = dealt(planted_in_noise("HR", 2), ORDERS[:8])[:, 0]
    np.testing.assert_allclose(iso, iso[0], rtol=1e-6)
    assert iso[0] > 0.02


@pytest.mark.parametrize("family", ["DP", "HR"])
def test_a_planted_group_kernel_is_beyond_the_null(family):
    assert p_of_excess(planted_in_noise(family, 3), family) == pytest.approx(1 / len(ORDERS))


def test_a_planted_round_kernel_is_inside_it_as_often_as_chance():
    p = np.array([p_of_excess(planted_in_noise("ISO", seed), "DP") for seed in range(20)])
    # More than 3 of 20 below .05 has a chance of .016.
    assert (p < 0.05).sum() <= 3 and 0.3 < p.mean() < 0.7


def test_noise_is_inside_it():
    assert p_of_excess(planted.noise(COUNT, SIZE, 4), "HR") > 0.02


def test_the_image_turned_gives_the_same():
    cells, kernel = scene()[0], planted_in_noise("DP", 5)
    other = Cells(-cells.y, cells.x, cells.carrier + np.pi / 2, cells.frequency, cells.phase)
    plain, again = dealt(kernel, ORDERS[:3]), dealt(np.rot90(kernel, axes=(2, 3)), ORDERS[:3], other)
    np.testing.assert_allclose(again, plain, atol=3e-4)


def test_a_bin_is_found_again_from_its_centre():
    cells, frame = scene()
    bins = dealing.PolarBins.of(frame, cells)
    used = np.unique(bins.number(cells.orientation[frame.target], cells.orientation[frame.source]))
    assert used.min() >= 0 and used.max() < np.prod(bins.shape)
    centres = bins.centres(used)
    part, ring, step = np.unravel_index(used, bins.shape)
    np.testing.assert_allclose(np.hypot(centres.along, centres.across)[:, 0], ring * dealing.STEP, atol=1e-5)
    np.testing.assert_allclose(centres.turn, part * np.pi / dealing.TURNS)
    places = Places(centres.along, centres.across, centres.turn)
    far = ring > 0
    u2, v2 = (one[far, 0] for one in places.middle)
    np.testing.assert_allclose(np.arctan2(np.sqrt(v2), np.sqrt(u2)), (step * np.pi / dealing.DIRECTIONS)[far], atol=1e-4)
