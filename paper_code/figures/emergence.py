"""Figures of chapter 09: measures through training."""

import textwrap

import matplotlib.pyplot as plt

from paper_code.figures import ACCENT, INK, NULL, panel_label, training_steps


def courses(found, columns=3):
    """Each measure against the training step: a thin line a network, a thick one for their mean, over chance; step 0 at the left.

    ``found`` is a list of :class:`paper_code.emergence.course.Course`.
    """
    rows = -(-len(found) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(7.7, 2.05 * rows + 0.3), sharex=True, squeeze=False)
    last = max(int(one.steps[-1]) for one in found)
    for panel in axes.ravel()[len(found) :]:
        panel.set_axis_off()
    for panel, letter, one in zip(axes.ravel(), "ABCDEFGHIJKL", found, strict=False):
        if one.band:
            panel.axhspan(*one.band, color=NULL, alpha=0.35, linewidth=0)
        panel.axhline(one.chance, color=NULL, linewidth=1.0, linestyle=(0, (1, 1)))
        mark = "." if one.followed.layer == "K" or len(one.steps) < 3 else None
        for values in one.values:
            panel.plot(one.steps, values, color=INK, linewidth=0.6, alpha=0.5, marker=mark, markersize=3)
        panel.plot(one.steps, one.values.mean(axis=0), color=ACCENT, linewidth=1.8, marker=mark)
        place = f", {one.followed.ring} px" if one.followed.ring else ""
        panel.set_title(textwrap.fill(f"{one.followed.name}{place}", 23))
        training_steps(panel, last)
        panel_label(panel, letter)
    for panel in axes[-1]:
        panel.set_xlabel("training step")
    return figure
