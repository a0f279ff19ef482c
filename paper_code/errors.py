"""The one exception that a person is meant to read."""


class PaperCodeError(Exception):
    """Bad input or a failed write: the message is one line that says what is wrong and how to mend it.

    The command line prints it without a traceback and exits with status 1.
    """
