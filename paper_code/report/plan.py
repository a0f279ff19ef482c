"""The frozen plan ``plan.toml``: what is measured and how it is judged, fixed before the networks were trained."""

import hashlib
from pathlib import Path

from paper_code.errors import PaperCodeError

FILE = Path(__file__).with_name("plan.toml")


def plan_sha256():
    """SHA-256 of the plan as a hexadecimal string, the same whatever line endings a checkout gave it.

    Raises
    ------
    PaperCodeError
        If there is no plan to read: the installation is not whole.
    """
    try:
        content = FILE.read_bytes()
    except OSError as error:
        raise PaperCodeError(f"cannot read {FILE}: {error.strerror}; the package is not whole: install it again") from error
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
