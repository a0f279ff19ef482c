"""What the learned filters are: the LGN filter Psi0, the bank Psi1 and its receptive fields Psi1 * Psi0, and what chance would give.

Every filter is an array (h, w) indexed [row, column], every bank (n, h, w), or (n, 3, h, w) with colours, of NumPy or PyTorch; coordinates
are those of :func:`paper_code.core.geometry.pixel_grid`, in pixels from the middle of the filter, x right and y up.
"""

from paper_code.filters.gabor import GaborBank, fit_gabor
from paper_code.filters.laplacian import DogFit, LogFit, fit_dog, fit_log
from paper_code.filters.nulls import NullRadial, gabor_level, null_filters, null_radial, spectrum_matched
from paper_code.filters.radial import FrequencyResponse, RadialSymmetry, frequency_response, radial_profile, radial_symmetry, recentre
from paper_code.filters.spectrum import spectral_orientation

__all__ = [
    "DogFit",
    "FrequencyResponse",
    "GaborBank",
    "LogFit",
    "NullRadial",
    "RadialSymmetry",
    "fit_dog",
    "fit_gabor",
    "fit_log",
    "frequency_response",
    "gabor_level",
    "null_filters",
    "null_radial",
    "radial_profile",
    "radial_symmetry",
    "recentre",
    "spectral_orientation",
    "spectrum_matched",
]
