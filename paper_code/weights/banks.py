"""Filters that others trained and published, as ``data/banks`` holds them: what they are, from where, and under which licence."""

import io
from pathlib import Path

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_bytes, read_json
from paper_code.network.layers import perturbed
from paper_code.weights.store import is_listed

BANKS = Path(__file__).resolve().parents[2] / "data" / "banks"


def load_bank(name, directory=None):
    """A bank of filters, hash checked.

    Parameters
    ----------
    name : str
        ``first_layer``, (64, 3, 7, 7): a convolutional network's, for blue, green and red. ``dictionary``, (64, 12, 12): of convolutional
        sparse coding.
    directory : path, optional
        Another place than ``data/banks`` of the repository.

    Returns
    -------
    filters : float64 array
    record : dict of str
        ``what`` it is, ``source``, ``by`` whom and ``licence``.

    Raises
    ------
    PaperCodeError
        For another name, or a file that is missing or not as it is listed.

    Examples
    --------
    >>> from paper_code.weights import load_bank
    >>> filters, record = load_bank("dictionary")
    >>> print(filters.shape, record["licence"])
    (64, 12, 12) BSD 3-Clause
    """
    directory = Path(directory or BANKS)
    listed = read_json(directory / "banks.json")
    if name not in listed:
        raise PaperCodeError(f"there is no bank {name}; {directory} holds {', '.join(sorted(listed))}")
    record, path = listed[name], directory / f"{name}.npy"
    content = read_bytes(path)
    if not is_listed(content, record):
        raise PaperCodeError(
            f"{path} is not the file that banks.json lists (SHA-256 or size differs): restore it with 'git checkout -- {path}'"
        )
    filters = perturbed({name: np.load(io.BytesIO(content), allow_pickle=False).astype(float)})[name]
    return filters, {key: record[key] for key in ("what", "source", "by", "licence")}
