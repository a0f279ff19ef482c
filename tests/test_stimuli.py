"""Laws of the stimuli: what is matched is equal, what should be out of sight is, polarity and orientation mean what they say."""

import numpy as np
import pytest

from paper_code.core.errors import PaperCodeError
from paper_code.function import stimuli


@pytest.mark.parametrize("family", stimuli.FAMILIES)
def test_nothing_but_grey_lies_inside_the_gap_and_something_just_outside(family):
    x, y = stimuli.coordinates()
    shown = stimuli.contours(family, 9.0, offsets=(0.0,))
    inside, rim = np.hypot(x, y) < 8.3, np.hypot(x, y) < 10.7
    complete = shown.pictures.pop("complete")
    for name, pictures in shown.pictures.items():
        assert np.abs(pictures[:, inside]).max() == 0, name
        assert (np.abs(pictures[:, rim]).max(1) > 0.5 * stimuli.CONTRAST).all(), name
    assert (np.abs(complete[:, np.hypot(x, y) < 2]).max(1) > 0.9 * stimuli.CONTRAST).all()


@pytest.mark.parametrize("family", stimuli.FAMILIES)
def test_controls_hold_as_much_ink_as_the_gap(family):
    shown = stimuli.contours(family, 8.0, offsets=(0.0,))
    ink = {name: np.abs(pictures).sum((1, 2)) for name, pictures in shown.pictures.items() if name != "complete"}
    assert len(ink) > 1
    for name in ink:
        np.testing.assert_allclose(ink[name], ink["gap"], rtol=0.05, err_msg=name)


@pytest.mark.parametrize("family", stimuli.FAMILIES)
def test_polarity_negates_and_a_quarter_turn_turns_the_picture(family):
    shown = stimuli.contours(family, 8.0, orientations=4, offsets=(0.0,))
    for pictures in shown.pictures.values():
        np.testing.assert_allclose(pictures[shown.polarity < 0], -pictures[shown.polarity > 0])
        # The middle of the turn is the pixel (32, 32), so row and column 0 have no counterpart.
        turned = np.rot90(pictures[0][1:, 1:])
        np.testing.assert_allclose(pictures[shown.orientation == np.pi / 2][0][1:, 1:], turned, atol=1e-9)


def test_complete_contours_agree_with_the_inducers_about_polarity():
    for family in ("occluded", "inducers"):
        shown = stimuli.contours(family, 8.0, offsets=(0.0,))
        x, y = stimuli.coordinates()
        for n, (angle, polarity) in enumerate(zip(shown.orientation, shown.polarity, strict=True)):
            along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
            above, below = (across > 0.5) & (across < 3), (across < -0.5) & (across > -3)
            visible = (np.abs(along) > 10) & (np.abs(along) < 14)
            steps = []
            for name, places in (("complete", np.abs(along) < 5), ("gap", visible)):
                steps.append(shown.pictures[name][n][above & places].mean() - shown.pictures[name][n][below & places].mean())
            sign = {"occluded": 1, "inducers": -1}[family] * polarity
            assert min(sign * step for step in steps) > 0.5 * stimuli.CONTRAST, family


def test_a_bar_is_as_long_and_as_wide_as_it_says_at_every_angle():
    shown = stimuli.contours("dashed", 8.0, orientations=12, offsets=(0.3,))
    area = np.abs(shown.pictures["gap"]).sum((1, 2)) / stimuli.CONTRAST
    np.testing.assert_allclose(area, 2 * stimuli.LENGTH * stimuli.WIDTH, rtol=0.03)


@pytest.mark.parametrize("one", stimuli.illusions(), ids=lambda one: one.name)
def test_illusions_compare_equal_luminances(one):
    assert one.where.sum() == pytest.approx(0, abs=1e-12)
    assert np.abs(one.where).sum() >= 1
    if one.name != "Mach bands":
        assert (one.where * one.picture).sum() == pytest.approx(0, abs=1e-12)
        for sign in (1, -1):
            assert np.ptp(one.picture[sign * one.where > 0.5 * np.abs(one.where).max()]) < 1e-12


def test_mach_bands_without_a_filter_are_the_slope_of_the_ramp_alone():
    one = stimuli.mach_bands()
    # Of the three columns of a band one lies on the ramp, a sixteenth of twice the luminance below the plateau: a third of that, twice.
    assert (one.where * one.picture).sum() == pytest.approx(-2 * (2 * stimuli.CONTRAST / 16) / 3)


def test_cornsweet_edge_meets_the_step_at_the_edge_and_grey_far_away():
    edge, step = stimuli.cornsweet(decay=3.0)
    np.testing.assert_allclose(edge[:, 31:33] / step[:, 31:33], np.exp(-0.5 / 3))
    assert np.abs(edge[:, [0, -1]]).max() < 1e-3 and (step[:, 32:] == stimuli.CONTRAST).all()
    np.testing.assert_allclose(edge, -edge[:, ::-1])


def test_corruptions_do_what_their_levels_say():
    rng = np.random.default_rng(0)
    pictures = rng.standard_normal((40, 64, 64)) + 2
    noisy = stimuli.add_noise(pictures, 0.7, seed=1) - pictures
    assert noisy.std() == pytest.approx(0.7, rel=0.02) and abs(noisy.mean()) < 0.01
    np.testing.assert_allclose(noisy + pictures, stimuli.add_noise(pictures, 0.7, seed=1), atol=1e-12)
    assert (stimuli.add_noise(pictures, 0.7, seed=2) - pictures - noisy).std() > 0.5
    for share in (0.1, 0.3, 0.6):
        assert 1 - stimuli.occlude(np.ones((200, 64, 64)), share, seed=3).mean() == pytest.approx(share, abs=0.01)
    for factor in (1.0, 0.5, 0.1):
        changed = stimuli.change_contrast(pictures, factor)
        np.testing.assert_allclose(changed.mean((1, 2)), pictures.mean((1, 2)), rtol=1e-5)
        np.testing.assert_allclose(changed.std((1, 2)), factor * pictures.std((1, 2)), rtol=1e-4)
    for same in (stimuli.add_noise(pictures, 0, 0), stimuli.occlude(pictures, 0, 0), stimuli.change_contrast(pictures, 1)):
        np.testing.assert_allclose(same, pictures, atol=1e-5)


def test_bars_differ_from_picture_to_picture_and_are_as_wide_as_asked():
    bars = 1 - stimuli.occlude(np.ones((2, 64, 64)), 0.25, seed=0)
    assert np.abs(bars[0] - bars[1]).mean() > 0.1
    for width in (4.0, 8.0):
        covered = 1 - stimuli.occlude(np.ones((50, 64, 64)), 0.5, seed=0, width=width)
        edges = (np.abs(np.diff(covered, axis=2)).sum((1, 2)) ** 2 + np.abs(np.diff(covered, axis=1)).sum((1, 2)) ** 2) ** 0.5
        # Every period 2 * width of the normal has two edges: 64 * 64 / width px of edge.
        np.testing.assert_allclose(edges.mean(), 64 * 64 / width, rtol=0.1)


def test_what_cannot_be_drawn_is_refused_in_one_line():
    for call in (
        lambda: stimuli.contours("dotted", 8.0),
        lambda: stimuli.contours("dashed", 25.0),
        lambda: stimuli.occlude(np.ones((1, 64, 64)), 1.0, 0),
    ):
        with pytest.raises(PaperCodeError) as error:
            call()
        assert "\n" not in str(error.value)
