"""The frozen plan: what is measured on the reported networks, and how, as written down before they were trained."""

import hashlib
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from paper_code.core.errors import PaperCodeError, short

FILE = Path(__file__).parents[1] / "report" / "plan.toml"


def _content() -> bytes:
    try:
        return FILE.read_bytes().replace(b"\r\n", b"\n")
    except OSError as error:
        raise PaperCodeError(f"cannot read the plan {FILE}: {error.strerror}; install the package again") from error


def plan_sha256() -> str:
    """SHA-256 of the plan, independent of its line endings; part of the identity of every run."""
    return hashlib.sha256(_content()).hexdigest()


@cache
def plan() -> dict[str, Any]:
    """The plan, as a dict."""
    return tomllib.loads(_content().decode())


NETWORK = re.compile(r"([^/]+)/seed-(\d{1,18})", re.ASCII)
"""The name of a network, such as ``reference/seed-10``; does not match a path to a run, such as ``runs/reference/seed-10``."""


def condition_and_seed(name: str) -> tuple[str, int]:
    """("reference", 10) for the network "reference/seed-10"; raises PaperCodeError for text that names none."""
    found = NETWORK.fullmatch(name)
    if not found:
        raise PaperCodeError(f"{short(name)} is not a network like reference/seed-10; see 'python -m paper_code weights list'")
    return found[1], int(found[2])


def reported(condition: str, there: Sequence[int]) -> list[int]:
    """The seeds of a condition over which estimates are made, out of those in ``there``.

    These are the seeds of the plan, once all of them are there: each network is measured once, and none is left out. Until then they
    are the others, which are exploratory, or none.
    """
    wanted = plan()["networks"]["reported"].get(condition)
    if wanted is None:
        return list(there)
    return list(wanted) if set(wanted) <= set(there) else [seed for seed in there if seed not in wanted]
