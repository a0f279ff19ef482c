"""Figures of chapter 01 and of the group kernels: bars are tangent to their curves and the arrows form the frame, with y up."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from paper_code import se2
from paper_code.figures import group_kernels
from paper_code.figures import visual_pathway as figures


def test_elements_of_the_association_field_are_tangent():
    arcs = se2.association_arcs(length=16, curvature=0.09, count=5, points=31)
    figure = figures.association_and_geodesics(arcs, [arc.T for arc in arcs])
    bars = [line.get_xydata() for line in figure.axes[0].lines if len(line.get_xydata()) == 2 and line.get_linewidth() == 2.4]
    for ends in bars:
        x, y = ends.mean(0)
        along = ends[1] - ends[0]
        psi = np.arctan2(y, x)
        np.testing.assert_allclose(np.sin(np.arctan2(along[1], along[0]) - 2 * psi), 0, atol=1e-9)
    assert len(bars) >= 10
    plt.close(figure)


def test_the_frame_is_orthogonal_and_sideways_is_to_the_left():
    stations = np.array([[0.0], [0.0], [0.6]])
    figure = figures.frame_along_curve(np.eye(5), (-5, 5, -5, 5), stations, stations, {1.0: np.zeros((5, 3))})
    ahead, sideways = (np.subtract(arrow.xy, arrow.xyann) for arrow in figure.axes[0].texts[:2])
    np.testing.assert_allclose(np.arctan2(ahead[1], ahead[0]), 0.6)
    np.testing.assert_allclose([-ahead[1], ahead[0]], sideways)
    plt.close(figure)


def test_kernel_panels_have_y_up_and_show_turn_and_half_turn():
    theta = np.deg2rad([0, 50])
    slices = np.zeros((2, 9, 9))
    slices[:, 0, 4] = 1  # the uppermost place
    figure = group_kernels.kernels([("one", slices[0], slices)], theta, se2.association_arcs(length=3, curvature=0.2, count=3), 4.5)
    assert len(figure.axes[0].lines) == 3
    for axes, angle in zip(figure.axes[1:3], theta, strict=True):
        assert axes.images[0].origin == "upper" and axes.images[0].get_extent() == [-4.5, 4.5, -4.5, 4.5]
        assert axes.get_ylim()[1] > axes.get_ylim()[0]
        for line, expected in zip(axes.lines, (angle / 2, angle), strict=True):
            ends = line.get_xydata()
            assert np.arctan2(*(ends[1] - ends[0])[::-1]) == pytest.approx(expected, abs=1e-9)
    plt.close(figure)
