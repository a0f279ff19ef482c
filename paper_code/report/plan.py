"""The frozen plan: what is measured on the reported networks, and how, written down before they were trained."""

import hashlib
import tomllib
from functools import cache
from pathlib import Path

from paper_code.errors import PaperCodeError

FILE = Path(__file__).with_name("plan.toml")


def _content():
    try:
        return FILE.read_bytes().replace(b"\r\n", b"\n")
    except OSError as error:
        raise PaperCodeError(f"cannot read the plan {FILE}: {error.strerror}; install the package again") from error


def plan_sha256():
    """SHA-256 of the plan, whatever its line ends: part of the identity of every run."""
    return hashlib.sha256(_content()).hexdigest()


@cache
def plan():
    """The plan, a dict."""
    return tomllib.loads(_content().decode())


def reported(condition, there):
    """The reported seeds of a condition that are among those ``there``; all of them where the plan names none of these."""
    wanted = plan()["networks"]["reported"].get(condition, [])
    return [seed for seed in there if seed in wanted] or list(there)
