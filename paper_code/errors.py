"""The one exception that a person is meant to read, and how text is made fit to be read."""


class PaperCodeError(Exception):
    """Bad input or a failed write: the message is one line that says what is wrong and how to mend it.

    The command line prints it without a traceback and exits with status 1.
    """


def printable(text):
    """``text`` on one line, control characters and bytes that are not UTF-8 as escapes, so that no file name can steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(str(text).split()))
