"""Group kernels on the lattice of a lateral kernel K[i, j, row, column], at the cells' own orientations.

Entry (i, j, row, column) is the density M(R_{-theta_i} d, theta_j - theta_i), where d = (x, y) is the displacement from cell i to cell j
in pixels, with x = column - centre to the right and y = centre - row up. It is solved on the lattice itself for a source rotated to
theta_i, so no kernel is rotated or resampled. Exclude the offset (0, 0) from fits: there the blur determines the density.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from paper_code.core.errors import PaperCodeError
from paper_code.se2.modes import Process, check_array, check_count, check_memory, check_number, check_work, sweeps
from paper_code.se2.sampling import TOLERANCE, half_plane


def lattice_kernel(
    process: Process,
    *,
    radius: int = 6,
    frame_angles: ArrayLike = (0.0,),
    angles: ArrayLike | None = None,
    n_theta: int = 64,
    spacing: float = 1.0,
    offsets: ArrayLike | None = None,
    cell: float | None = None,
    cell_theta: float | None = None,
    box: float | None = None,
    step: float | None = None,
    tolerance: float = TOLERANCE,
) -> np.ndarray:
    """Sample a process, or average it over lattice cells, at the offsets of a lateral kernel: (n_i, n_j, 2 radius + 1, 2 radius + 1).

    Densities per px^2 and radian. PaperCodeError if an argument is out of range, the box is too small for the lifetime, or the kernel is
    too fine or too wide.

    Parameters
    ----------
    process : DirectionProcess or Enhancement
    radius : int
        The lattice has 2 radius + 1 points per side.
    frame_angles : (n_i,) array_like
        Orientations theta_i of the cells at the origin, radians.
    angles : (n_j,) array_like, optional
        Orientations theta_j of the displaced cells, radians; by default n_theta of them, evenly spaced over the period from 0.
    spacing : float
        Distance between neighbouring lattice points, px (the stride).
    offsets : (n_i, n_j, 2) array_like, optional
        Displacement (x, y) in px added at every lattice point: c_j - c_i for receptive fields centred off the lattice.
    cell : float, optional
        Side in px of the square over which each value is averaged; by default the spacing. With 0 the value is sampled instead.
    cell_theta : float, optional
        Range of theta in radians over which each value is averaged; by default period / n_theta if ``angles`` is left out, otherwise 0.
    box : float, optional
        Side of the periodic box in px; by default the window plus the reach of the process.
    step, tolerance : float, optional
        As in :func:`paper_code.se2.sample_points`, for the point-sampled kernel.

    Examples
    --------
    >>> import numpy as np
    >>> from paper_code.se2 import Enhancement, lattice_kernel
    >>> bars = np.arange(4) * np.pi / 4
    >>> process = Enhancement(D11=1, D22=0.02, alpha=0.3, undirected=True)
    >>> angles = {"frame_angles": bars, "angles": bars}
    >>> lattice_kernel(process, radius=5, spacing=2, **angles).shape
    (4, 4, 11, 11)
    """
    if not isinstance(process, Process):
        raise PaperCodeError(f"A process must be a DirectionProcess or an Enhancement, not {type(process).__name__}.")
    radius, spacing = check_count("radius", radius, least=0), check_number("spacing", spacing)
    cell = check_number("cell", spacing if cell is None else cell, positive=False)
    if angles is None:
        n_theta = check_count("n_theta", n_theta, most=2**20)
        angles = process.period * np.arange(n_theta) / n_theta
        cell_theta = process.period / n_theta if cell_theta is None else cell_theta
    cell_theta = check_number("cell_theta", 0.0 if cell_theta is None else cell_theta, positive=False)
    frames, angles = check_array("frame_angles", frame_angles), check_array("angles", angles)
    for name, value in (("frame_angles", frames), ("angles", angles)):
        if value.ndim != 1:
            raise PaperCodeError(f"{name} must be a list of angles in radians, not of shape {value.shape}.")
    pairs, side = frames.size * angles.size, 2 * radius + 1
    check_memory(8 * pairs * (side**2 + 2), "give a smaller radius, or fewer frame_angles or angles")
    offsets = check_array("offsets", np.zeros((frames.size, angles.size, 2)) if offsets is None else offsets)
    if offsets.shape != (frames.size, angles.size, 2):
        raise PaperCodeError(f"offsets must be of shape {(frames.size, angles.size, 2)}, not {offsets.shape}.")

    window = side * spacing + 2 * np.abs(offsets).max(initial=0)
    process, wx, wy, weight = half_plane(process, step, window, box, tolerance)
    check_memory(8 * pairs * side**2 + 16 * (angles.size + 6) * wx.size, "give fewer angles, a smaller radius or box, or a larger blur")
    check_work(process, frames.size * wx.size * (1 + angles.size / 16))
    weight = weight * np.sinc(wx * cell / (2 * math.pi)) * np.sinc(wy * cell / (2 * math.pi))
    columns, ix = np.unique(wx, return_inverse=True)
    rows, iy = np.unique(wy, return_inverse=True)
    ticks = (np.arange(side) - radius) * spacing
    to_x = np.exp(1j * np.outer(columns, ticks))
    to_y = np.exp(1j * np.outer(-ticks, rows))
    m = process.mode_numbers
    to_theta = np.exp(1j * np.outer(angles, m)) * np.sinc(m * cell_theta / (2 * math.pi))
    plane = np.zeros((rows.size, columns.size), complex)
    levels = np.empty((angles.size, wx.size), complex)
    kernel = np.empty((frames.size, angles.size, ticks.size, ticks.size))
    for i, frame in enumerate(frames):
        for block in sweeps(wx.size, process):
            levels[:, block] = (to_theta @ process.spectrum(wx[block], wy[block], frame)) * weight[block]
        for j in range(angles.size):
            x, y = offsets[i, j]
            plane[iy, ix] = levels[j]
            kernel[i, j] = ((to_y * np.exp(1j * y * rows)) @ plane @ (np.exp(1j * x * columns)[:, None] * to_x)).real
    return kernel
