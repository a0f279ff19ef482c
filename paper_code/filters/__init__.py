"""Analysis of the learned filters: the LGN filter Psi0, the bank Psi1, its receptive fields Psi1 * Psi0, and what chance would give.

A filter is a NumPy or PyTorch array (h, w), indexed [row, column]; a bank is (n, h, w), or (n, 3, h, w) in colour. Coordinates are those
of :func:`paper_code.core.geometry.pixel_grid`, in pixels from the middle of the filter, with x to the right and y up.
"""

from paper_code.filters.gabor import GaborBank, fit_gabor
from paper_code.filters.laplacian import DogFit, LogFit, fit_dog, fit_log
from paper_code.filters.nulls import NullRadial, gabor_level, null_filters, null_radial, spectrum_matched
from paper_code.filters.radial import FrequencyResponse, RadialSymmetry, frequency_response, radial_profile, radial_symmetry, recentre
from paper_code.filters.spectrum import spectral_orientation

__all__ = ["DogFit", "FrequencyResponse", "GaborBank", "LogFit", "NullRadial", "RadialSymmetry"]
__all__ += ["fit_dog", "fit_gabor", "fit_log", "frequency_response", "gabor_level", "null_filters", "null_radial", "radial_profile"]
__all__ += ["radial_symmetry", "recentre", "spectral_orientation", "spectrum_matched"]
