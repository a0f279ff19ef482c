"""Chance levels for a single filter: 95 % of smooth random filters lie below them. They apply to all networks with filters of that size."""

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_json
from paper_code.core.plan import plan
from paper_code.filters.nulls import QUANTILE, SEED, gabor_level, null_filters, null_radial


class Levels:
    """Levels by filter side, sampled and fitted when first requested; ``known`` maps a measure to the levels by side, as text."""

    def __init__(self, known=None):
        self.known = {name: dict((known or {}).get(name, {})) for name in ("log_r2", "i_rad", "gabor_r2")}

    def radial(self, size, name):
        """Level of the LoG R^2 ("log_r2") or of I_rad ("i_rad") of an l0 with the given side."""
        if str(size) not in self.known[name]:
            null = null_radial(size, "smooth", plan()["filters"]["log_r2"]["count"], SEED)
            for one in ("log_r2", "i_rad"):
                self.known[one][str(size)] = float(np.quantile(getattr(null, one), QUANTILE))
        return self.known[name][str(size)]

    def gabor(self, size):
        """Level of the Gabor R^2 of a filter of l1 with the given side."""
        if str(size) not in self.known["gabor_r2"]:
            null = null_filters(size, "smooth", plan()["filters"]["gabor_r2"]["count"], SEED)
            self.known["gabor_r2"][str(size)] = gabor_level(null, QUANTILE)
        return self.known["gabor_r2"][str(size)]

    @classmethod
    def load(cls, path):
        """Read a JSON file of ``known``; raises PaperCodeError if it holds anything else."""
        known = read_json(path)
        try:
            return cls({name: {size: float(level) for size, level in found.items()} for name, found in known.items()})
        except (AttributeError, TypeError, ValueError) as error:
            raise PaperCodeError(f"{path} holds no levels ({error}); delete it, and the pipeline makes it again") from error
