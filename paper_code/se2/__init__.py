"""Kernels and curves on SE(2), the group of positions and orientations: models of the horizontal connectivity of V1.

Units and axes
    x points right and y up, in pixels; theta is in radians, counter-clockwise from the x axis; arrays are (theta, row, column), with
    rows running down. D and D22 are angular diffusions (Mumford's d theta = sigma dW has D = sigma^2/2); alpha is a killing rate per
    pixel of path. A kernel is the density, per px^2 and radian, of displacement and turn from a source at the identity; its mass is 1.

Symmetries (of the blurred kernels too)
    Left invariance: the kernel of a source at (x0, theta0) is the kernel at (R_{-theta0} (x - x0), theta - theta0).
    Reflection: p(x, y, theta) = p(x, -y, -theta).
    Time reversal: p(x, y, theta) = p(x cos theta + y sin theta, x sin theta - y cos theta, theta).
    Undirected kernels, theta in [0, pi): K(k) = K(k^{-1}), and K(-x, -y, theta) = K(x, y, theta). Enhancement: the same, directed or not.

Processes
    ``DirectionProcess`` (contour completion) and ``Enhancement`` hold the parameters and provide closed-form moments and the solution
    at each frequency. ``sample_grid`` samples them on a grid, ``sample_points`` at arbitrary points, and ``lattice_kernel`` on the
    lattice of a lateral kernel, averaged over the lattice cells.
Curves
    ``constant_curvature``, ``co_circular``, ``geodesic``, ``association_arcs``, and ``mode_field``, the modes of an orientation field.

Invalid arguments raise ``paper_code.core.errors.PaperCodeError``. Only NumPy and SciPy are imported.

Sources: Field, Hayes and Hess 1993; Mumford 1994; Citti and Sarti 2006; Duits and Franken 2010; Sanguinetti, Citti and Sarti 2010;
Barbieri, Citti, Cocci and Sarti 2014; Zhang, Duits, Sanguinetti and ter Haar Romeny 2016.
"""

from paper_code.se2.curves import Geodesic, association_arcs, co_circular, constant_curvature, fold, geodesic, mode_field
from paper_code.se2.lattice import lattice_kernel
from paper_code.se2.modes import Moments
from paper_code.se2.processes import DirectionProcess, Enhancement
from paper_code.se2.sampling import Kernel, sample_grid, sample_points

__all__ = ["DirectionProcess", "Enhancement", "Geodesic", "Kernel", "Moments"]
__all__ += ["association_arcs", "co_circular", "constant_curvature", "fold", "geodesic", "lattice_kernel", "mode_field", "sample_grid"]
__all__ += ["sample_points"]
