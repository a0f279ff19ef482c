"""Figure of chapter 10b: illusions of lightness through l0."""

import matplotlib.pyplot as plt
import numpy as np

from paper_code.figures import ACCENT, INK, NULL, SIGNED
from paper_code.figures.function import picture
from paper_code.function import stimuli
from paper_code.function.lightness import NEAR


def illusions(shown, responses, profiles):
    """Pictures, the response of l0, and both along a row of pixels.

    Parameters
    ----------
    shown : list of (name, picture, row)
    responses : array (m, 64, 64)
        Of l0.
    profiles : sequence of (name, array (m, 64, 64))
        Responses to draw along the row, each with the first's scale.
    """
    figure, axes = plt.subplots(3, len(shown), figsize=(7.7, 5.0), height_ratios=(1, 1, 0.8))
    x = np.arange(64) - 32
    for column, (name, luminance, row) in enumerate(shown):
        picture(axes[0, column], luminance, 1.3 * stimuli.CONTRAST)
        axes[0, column].set_title(name.replace(" ", "\n", 1))
        limit = np.abs(responses[column][8:-8, 8:-8]).max()
        axes[1, column].imshow(responses[column], cmap=SIGNED, vmin=-limit, vmax=limit)
        axes[1, column].set(xticks=[], yticks=[])
        for panel in axes[:2, column]:
            panel.axhline(row, color=INK, linewidth=0.6, linestyle=":")
        panel = axes[2, column]
        panel.plot(x, luminance[row], color=NULL, linewidth=1.2, label="luminance")
        for (label, values), style in zip(profiles, ({"color": ACCENT}, {"color": INK, "linestyle": "--"}), strict=True):
            scaled = values[column][row] / np.abs(responses[column][NEAR]).max() * stimuli.CONTRAST
            panel.plot(x, scaled, linewidth=1.2, label=label, **style)
        panel.set(xlabel="x (px)", yticks=[], xlim=(-32, 31))
    for row, label in enumerate(("picture", "response of l0", "along the\ndotted row")):
        axes[row, 0].set_ylabel(label)
    figure.legend(*axes[2, 0].get_legend_handles_labels(), ncols=3, loc="outside lower center")
    return figure
