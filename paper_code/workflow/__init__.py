"""The pipeline that builds the book."""

import sys


def refuse(error):
    """Print a PaperCodeError or an OSError on one line; returns the exit status."""
    if isinstance(error, OSError):
        mend = "make it first" if isinstance(error, FileNotFoundError) else "make room, or make it writable, and run the same command again"
        error = f"cannot use {error.filename}: {error.strerror}; {mend}"
    print(f"error: {error}", file=sys.stderr)
    return 1
