"""The pipeline that builds the book."""

import sys


def run(commands, arguments=None):
    """Run the command that the first argument names, a function, with the others as its arguments; returns the exit status."""
    from inspect import signature  # here, because __main__ has to be ready for Ctrl-C before it imports more

    from paper_code.core.errors import PaperCodeError

    command, *given = (sys.argv[1:] if arguments is None else arguments) or [""]
    if command not in commands:
        return refuse(f"there is no command {command!r}; choose one of {', '.join(commands)}")
    try:
        signature(commands[command]).bind(*given)
    except TypeError as error:
        return refuse(f"{command}: {error}")
    try:
        return commands[command](*given) or 0
    except (PaperCodeError, OSError) as error:
        return refuse(error)


def refuse(error):
    """Print a PaperCodeError or an OSError on one line; returns the exit status."""
    if isinstance(error, OSError):
        mend = "make it first" if isinstance(error, FileNotFoundError) else "make room, or make it writable, and run the same command again"
        error = f"cannot use {error.filename}: {error.strerror}; {mend}"
    print(f"error: {error}", file=sys.stderr)
    return 1
