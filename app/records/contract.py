"""The contract of a source, as the project file declares it: columns, types, rules, coverage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Literal

from app.records.values import Value

# Raised whenever the reading of a value changes, so that known deliveries are read again.
READING_VERSION = 2
# A limit speaks from the eleventh record on: one bad line in a file of five is not a broken file.
LIMIT_FLOOR = 10


@dataclass(frozen=True)
class Column:
    """One column of a source's table.

    `label` is the header in the file; `formats` say how dates or numbers are written; `currency`
    may stand beside an amount; `nulls` are texts that mean an empty cell; `minimum`/`maximum` are
    stored values (cents for money, ISO text for dates); `references` is the source whose key the
    value must be; `copy` is (source, column): the value is taken from there when a row is first
    imported.
    """

    name: str
    type: str
    label: str = ""
    formats: tuple[str, ...] = ()
    currency: str = ""
    nulls: tuple[str, ...] = ()
    optional: bool = False
    minimum: Value = None
    maximum: Value = None
    values: tuple[Value, ...] = ()
    pattern: str = ""
    references: str = ""
    copy: tuple[str, str] | None = None
    description: str = ""

    @property
    def stored(self) -> str:
        """The name of the column in the database: money says that it is in cents."""
        return f"{self.name}_cents" if self.type == "money" else self.name


@dataclass(frozen=True)
class Coverage:
    """What a delivery is the truth for: the table, the days of a column, or new lines only."""

    kind: Literal["all", "days_of", "new"]
    column: str = ""


@dataclass(frozen=True)
class Source:
    """A remote file and its contract, as declared below `[sources.NAME]`.

    `delimiter` is '' where it is found from the header; `skip` lines come before the header;
    `header` holds the labels of a file that begins with data.
    """

    name: str
    url: str = field(repr=False)
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    covers: Coverage
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeats: bool = False
    delimiter: str = ""
    skip: int = 0
    header: tuple[str, ...] = ()
    max_rejected: float = 0.1
    max_withdrawn: float = 0.1
    amount: tuple[str, ...] = ()
    fresh_for: timedelta | None = None
    description: str = ""
    referenced_by: tuple[tuple[str, str], ...] = ()

    def column(self, name: str) -> Column:
        """The column declared as `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def read_columns(self) -> tuple[Column, ...]:
        """The columns that come from the file, in declared order."""
        return tuple(column for column in self.columns if column.copy is None)

    @property
    def copied_columns(self) -> tuple[Column, ...]:
        """The columns copied from a referenced table when a row is first imported."""
        return tuple(column for column in self.columns if column.copy is not None)

    @property
    def payload(self) -> tuple[str, ...]:
        """The stored columns that come from the file and are not part of the key."""
        return tuple(c.stored for c in self.read_columns if c.name not in self.key)

    def link(self, copied: Column) -> Column:
        """The column whose reference leads to what `copied` copies."""
        assert copied.copy is not None
        return next(c for c in self.columns if c.references == copied.copy[0])

    @property
    def stored_key(self) -> tuple[str, ...]:
        """The primary key in the database: the declared key, and the occurrence of repeats."""
        key = tuple(self.column(name).stored for name in self.key)
        return (*key, "occurrence") if self.repeats else key

    @property
    def refers_to(self) -> tuple[str, ...]:
        """The sources that this one's columns refer to, in declared order, without repeats."""
        return tuple(dict.fromkeys(c.references for c in self.columns if c.references))

    def fingerprint(self) -> str:
        """A SHA-256 that changes whenever the same delivery could give other rows or rejects."""
        content = {
            "reading": READING_VERSION,
            "columns": [
                {name: value for name, value in asdict(column).items() if name != "description"}
                for column in self.columns
            ],
            "key": self.key,
            "covers": asdict(self.covers),
            "repeats": self.repeats,
            "layout": (self.delimiter, self.skip, self.header),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def over_limit(count: int, total: int, share: float) -> bool:
    """Whether `count` of `total` is over the limit `share`; 0 tolerates none at all."""
    if share == 0:
        return count > 0
    return count > LIMIT_FLOOR and count > share * total
