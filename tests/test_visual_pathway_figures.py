"""Figures of chapter 01: bars are tangent to their curves and the arrows form the frame, with y up."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code import se2
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
