"""The pipeline that builds the book."""

import sys


def refuse(error):
    """Print a PaperCodeError or an OSError on one line; returns the exit status."""
    if isinstance(error, OSError):
        error = f"cannot use {error.filename}: {error.strerror}; make room, or make it writable, and run the same command again"
    print(f"error: {error}", file=sys.stderr)
    return 1
