"""The tidy table: one number per row, as a CSV file that a reader can open anywhere."""

import csv
import io
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from paper_code.core.errors import PaperCodeError
from paper_code.core.files import read_bytes, write_atomically
from paper_code.core.plan import reported
from paper_code.core.text import DIGITS

ALL, END = "all", "end"


@dataclass(frozen=True)
class Row:
    """One number with its place in the table; an empty cell means that there is no such number."""

    condition: str  # as ``python -m paper_code conditions`` lists them; ``exploratory``: over reference networks outside the plan
    seed: str  # of the network; ``all`` for an estimate over the networks of a condition
    step: str  # of training; ``end`` for the trained network
    measure: str  # ``kernel.term`` or ``layer.measure``; what follows a colon says what the row adds
    version: str = ""  # of K: ``raw``, ``beyond RF``, ``beyond RF and CO``; pedestal of models: ``plain``, ``with RF and CO``
    ring: str = ""  # distance between the receptive fields in px; for flankers the spacing of the elements, such as ``7 px``
    value: float = math.nan  # terms in sd of the kernel, its share and gains in % of variance, lengths in px; the rest: R², ratios, counts
    low: float = math.nan  # end of the 95 % interval over networks or of the bootstrap; of the null for ``:relabelled``, ``:permuted``
    high: float = math.nan  # its other end
    p: float = math.nan  # two-sided, against ``null`` for l0, l1, the bank, ``:relabelled`` and ``:permuted``, otherwise against 0
    null: float = math.nan  # the value that chance gives


COLUMNS = tuple(item.name for item in fields(Row))
NUMBERS = ("value", "low", "high", "p", "null")


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
        reader = csv.reader(io.StringIO(read_bytes(path).decode(), newline=""))
        if tuple(next(reader, ())) != COLUMNS:
            raise PaperCodeError(f"{path} is not a table of measures: its columns are not {', '.join(COLUMNS)}")
        rows = []
        for number, line in enumerate(reader, 2):
            if len(line) != len(COLUMNS):
                raise PaperCodeError(f"{path}, line {number}: {len(line)} columns, not {len(COLUMNS)}; make the table again")
            texts, numbers = line[: -len(NUMBERS)], line[-len(NUMBERS) :]
            rows.append(Row(*texts, *(math.nan if one == "" else float(one) for one in numbers)))
    except (ValueError, csv.Error) as error:
        raise PaperCodeError(f"{path} is not a table of measures ({error}); make it again") from error
    return Table(rows)


def reported_seeds(numbers: Table, condition: str = "reference") -> list[int]:
    """The seeds over which estimates of a condition are made."""
    return reported(condition, sorted({int(row.seed) for row in numbers.where(condition=condition).rows if row.seed != ALL}))
