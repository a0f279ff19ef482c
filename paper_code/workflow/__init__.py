"""The pipeline that makes the book."""

import sys

from paper_code.errors import PaperCodeError
from paper_code.files import unwritable


def refuse(error):
    """Say a PaperCodeError or an OSError in one line; returns the exit status."""
    print(f"error: {error if isinstance(error, PaperCodeError) else unwritable(error.filename, error)}", file=sys.stderr)
    return 1
