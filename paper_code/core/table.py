"""The tidy table: every number of the book, one per row, as a CSV file that a reader can open anywhere.

=========  ==========================================================================================================
column     what it holds
=========  ==========================================================================================================
condition  condition of the network, as listed by ``python -m paper_code conditions``
seed       seed of the network; ``all`` for an estimate over the networks of a condition
step       training step; ``end`` for the trained network
measure    ``kernel.term`` or ``layer.measure``; what follows a colon says how the row's p or interval was obtained
version    version of a measure of K: raw, beyond RF, beyond RF and CO; otherwise empty
ring       distance between the receptive fields, px; otherwise empty
value      in sd of the kernel for terms, in % of its variance for shares and gains, otherwise R²
low, high  95 % interval over networks, or from the bootstrap
p          two-sided: against ``null`` for measures of l0, l1 and the bank, otherwise against 0
null       the value that chance gives
=========  ==========================================================================================================

An empty cell means that there is no such number.
"""

import csv
import io
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import unreadable, write_atomically
from paper_code.core.plan import reported
from paper_code.core.text import DIGITS

ALL, END = "all", "end"


@dataclass(frozen=True)
class Row:
    """One number with its place in the table; see the module."""

    condition: str
    seed: str
    step: str
    measure: str
    version: str = ""
    ring: str = ""
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    null: float = math.nan


COLUMNS = tuple(item.name for item in fields(Row))
NUMBERS = ("value", "low", "high", "p", "null")


def columns() -> list[tuple[str, ...]]:
    """(name, what it holds) of the columns, from the module's docstring."""
    body = __doc__.split("\n=")[2].splitlines()[1:]  # between the second rule and the third
    return [tuple(part.strip() for part in line.split("  ", 1)) for line in body]


class Table:
    """Rows, and queries on them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)
        self._indices: dict[str, dict[str, list[Row]]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, **wanted: Any) -> "Table":
        """The rows whose columns have the requested values; a value may be a sequence, set or array of them."""
        wanted = {name: _texts(value) for name, value in wanted.items()}
        few = [self._with(name, wanted[name]) for name in ("measure", "condition") if name in wanted]
        rows = min(few, key=len, default=self.rows)
        return Table(row for row in rows if all(getattr(row, name) in values for name, values in wanted.items()))

    def _with(self, name: str, values: Iterable[str]) -> list[Row]:
        """Rows with any of these values in a column, in their order within each value; indexed, as chapters make hundreds of queries."""
        if name not in self._indices:
            index = self._indices[name] = {}
            for row in self.rows:
                index.setdefault(getattr(row, name), []).append(row)
        return [row for value in values for row in self._indices[name].get(value, ())]

    def one(self, **wanted: Any) -> Row:
        """The single row that matches; PaperCodeError if there is none, or more than one."""
        found = self.where(**wanted).rows
        if len(found) != 1:
            place = ", ".join(f"{name} {value}" for name, value in wanted.items())
            raise PaperCodeError(f"the table of measures has {len(found)} rows with {place}; make it again with 'make measures'")
        return found[0]

    def networks(self, **wanted: Any) -> tuple[np.ndarray, list[int]]:
        """The values of individual networks in the order of their seeds, (n,), and the seeds."""
        rows = sorted((row for row in self.where(**wanted).rows if row.seed != ALL), key=lambda row: int(row.seed))
        return np.array([row.value for row in rows]), [int(row.seed) for row in rows]


def _texts(value: object) -> list[str]:
    return list(dict.fromkeys(map(str, value))) if np.iterable(value) and not isinstance(value, str) else [str(value)]


def write_table(path: str | os.PathLike, rows: Iterable[Row]) -> None:
    """Write rows, sorted, as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=_place):
        writer.writerow([_shown(getattr(row, name)) for name in COLUMNS])
    write_atomically(path, stream.getvalue())


def _place(row):
    number = int(row.seed) if row.seed.isdecimal() else -1
    return row.condition, row.measure, row.version, row.ring, number, int(row.step) if row.step.isdecimal() else math.inf


def _shown(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return "" if math.isnan(value) else f"{value:.{DIGITS}g}"


def read_table(path: str | os.PathLike) -> Table:
    """Read what :func:`write_table` wrote; PaperCodeError, in one line, if the file is missing or is not such a table."""
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            reader = csv.reader(stream)
            if tuple(next(reader, ())) != COLUMNS:
                raise PaperCodeError(f"{path} is not a table of measures: its columns are not {', '.join(COLUMNS)}")
            rows = []
            for number, line in enumerate(reader, 2):
                if len(line) != len(COLUMNS):
                    raise PaperCodeError(f"{path}, line {number}: {len(line)} columns, not {len(COLUMNS)}; make the table again")
                texts, numbers = line[: -len(NUMBERS)], line[-len(NUMBERS) :]
                rows.append(Row(*texts, *(math.nan if one == "" else float(one) for one in numbers)))
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, csv.Error) as error:
        raise PaperCodeError(f"{path} is not a table of measures ({error}); make it again") from error
    return Table(rows)


def reported_seeds(numbers: Table, condition: str = "reference") -> list[int]:
    """The seeds over which estimates of a condition are made."""
    return reported(condition, sorted({int(row.seed) for row in numbers.where(condition=condition).rows if row.seed != ALL}))
