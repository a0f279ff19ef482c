"""Executable companion to Bertoni, Montobbio, Sarti and Citti (2021),
*Emergence of Lie symmetries in functional architectures learned by CNNs*.

Conventions used throughout the package:

- **Axes.** x points right and y points **up**, both in pixels of the network's input unless a docstring says otherwise.
  An array is indexed ``[row, column]`` with rows running down, so ``x = column - centre`` and ``y = centre - row``;
  :func:`paper_code.core.geometry.pixel_grid` implements this flip.
- **Angles** are in radians, counter-clockwise from the x axis. The *carrier* angle ``t`` of a Gabor points across its bars; the
  *orientation* of the cell, the direction of its bars, is ``theta = t + pi/2``. Orientations lie in [0, pi).
- **Frequencies** are in cycles per pixel.
- **Convolution** is PyTorch's cross-correlation: ``K[i, j, row, column]`` is the weight of source cell ``j`` at
  offset ``d`` from target cell ``i``: for a target at ``x``, the source lies at ``x + d``.
"""

__version__ = "0.2.0"
