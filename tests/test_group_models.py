"""Figures of chapter 08 and the views behind them: values lie where they are, and a ridge is where it was planted."""

import matplotlib.pyplot as plt
import numpy as np
from lateral_cells import random_cells

from paper_code.figures import association_fields
from paper_code.figures import group_models as figures
from paper_code.lateral import pair_frame, views

SIZE, STRIDE = 11, 2


def kernel_of(frame, count, function):
    """cos Phi times a function of psi and theta."""
    kernel = np.zeros((count, count, SIZE, SIZE))
    psi = np.arctan2(frame.across, frame.along)
    kernel[frame.target, frame.source] = (function(psi, frame.turn[:, None]) * np.cos(frame.phase)).reshape(-1, SIZE, SIZE)
    return kernel


def test_a_ridge_is_seen_where_it_was_planted():
    frame = pair_frame(random_cells(24, 3), SIZE, STRIDE)
    for shift in (0.0, 0.5, -0.5):  # 0.5: along the source's axis, -0.5: along the target's
        kernel = kernel_of(frame, 24, lambda psi, theta, shift=shift: np.cos(2 * (psi - theta / 2 - shift * theta)) ** 3)
        found = views.ridge(frame, kernel)
        middles = np.deg2rad(np.arange(-82.5, 90, 15))
        peaks = np.angle((found * np.exp(2j * middles)).sum(axis=1)) / 2
        mean_turn = [
            frame.difference[(frame.difference >= low) & (frame.difference < low + np.pi / 6)].mean() for low in np.pi / 6 * np.arange(3)
        ]
        np.testing.assert_allclose(peaks, shift * np.array(mean_turn), atol=np.deg2rad(5))


def test_a_kernel_that_knows_no_direction_has_no_ridge():
    frame = pair_frame(random_cells(24, 3), SIZE, STRIDE)
    kernel = kernel_of(frame, 24, lambda psi, theta: 1 + np.cos(2 * theta) + 0 * psi)
    found = views.ridge(frame, kernel)
    assert np.all(found.std(axis=1) < 0.05 * found[0].mean())


def test_gains_of_every_network_are_drawn_in_their_panel():
    rng = np.random.default_rng(0)
    values = {
        (ring, name): {family: rng.normal(size=4) for family in ("ISO", "DP")} for ring in ("2-14", "6-14") for name in ("plain", "both")
    }
    figure = figures.gains(values)
    assert [panel.get_title() for panel in figure.axes] == [
        f"{ring} px, {name}" for name in ("plain", "both") for ring in ("2 to 14", "6 to 14")
    ]
    for panel in figure.axes:
        ring, _, name = panel.get_title().partition(" px, ")
        found = values[ring.replace(" to ", "-"), name]
        dots, bars = panel.lines[:4:2], panel.lines[1:4:2]
        for column, own in enumerate(found.values()):
            np.testing.assert_allclose(dots[column].get_xydata(), np.stack([np.full(4, column), own], axis=1))
            np.testing.assert_allclose(bars[column].get_ydata(), own.mean())
    plt.close(figure)


def test_fans_and_maps_have_one_scale_about_zero():
    rng = np.random.default_rng(1)
    rows = {ring: {name: rng.normal(size=(12, 12)) for name in ("K", "DP")} for ring in ("6-10.5", "10.5-14")}
    fans = association_fields.fan(rows, (0.2, 0.1))
    assert [panel.images[0].get_clim() for panel in fans.axes[:4]] == [(-0.2, 0.2)] * 2 + [(-0.1, 0.1)] * 2
    maps = association_fields.places({name: rng.normal(size=(2, 9, 9)) for name in ("K", "DP")}, np.deg2rad([0, 30]), 4, core=1, limit=0.3)
    for panel in maps.axes[:4]:
        assert panel.images[0].get_clim() == (-0.3, 0.3) and panel.get_ylim()[1] > panel.get_ylim()[0]
    plt.close("all")
