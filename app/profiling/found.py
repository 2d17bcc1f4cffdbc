"""What is found in files: tables, columns, days, and which column refers to which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.profiling.inference import Guess
from app.profiling.measures import Measures
from app.records.contract import Source
from app.records.dialect import Dialect

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class File:
    """A file to look at: its name as a table, where it came from (masked), where it is now."""

    name: str
    url: str
    path: Path
    source: Source | None = None


@dataclass(frozen=True)
class ColumnProfile:
    """One column: its label, what it seems to hold, what a contract declares, its figures."""

    label: str
    guess: Guess
    declared: str
    measures: Measures


@dataclass(frozen=True)
class Period:
    """The days of a date column: the first, the last, and those between without a record."""

    column: str
    first: str
    last: str
    days: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class TableProfile:
    """One file. `records` excludes the header and blank lines; `malformed` maps line to cells.

    `keys` are sets of columns that identify a record, smallest first; `repeated` records are
    identical to an earlier one. `frame` holds the records of the right width, typed as guessed;
    `cells` tells how often each distinct cell of a column occurs.
    """

    name: str
    url: str
    dialect: Dialect
    records: int
    blank: int
    malformed: Mapping[int, int]
    truncated: bool
    columns: tuple[ColumnProfile, ...]
    keys: tuple[tuple[str, ...], ...]
    repeated: int
    periods: tuple[Period, ...]
    frame: pd.DataFrame = field(repr=False, compare=False)
    cells: Mapping[str, Mapping[str, int]] = field(repr=False, compare=False)

    def column(self, label: str) -> ColumnProfile:
        return next(column for column in self.columns if column.label == label)


@dataclass(frozen=True)
class Reference:
    """A column of one file whose values are found in a column of another that identifies it.

    `coverage` is the share of the filled records that find their value, `unknown` some values
    that are not found.
    """

    table: str
    column: str
    target: str
    target_column: str
    coverage: float
    unknown: tuple[str, ...]
    because: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Profile:
    """Several files, and which columns of one are found in another."""

    tables: tuple[TableProfile, ...]
    references: tuple[Reference, ...]
