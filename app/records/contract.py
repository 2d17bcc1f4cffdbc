"""The contract of a source: which columns, of which types, under which rules.

`Source` and `Column` are what the project file declares. `Checker` applies a contract to
records: a pure function from the cells of a record to a row, or to the list of what is wrong.
The codes of what is wrong are frictionless' error names, https://framework.frictionlessdata.io.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from operator import getitem, itemgetter
from typing import Any, Literal, NamedTuple

from app.errors import DeliveryError
from app.records.invalid import InvalidValue
from app.records.values import DateReader, Value, choose_format, converter, value_reader

REJECT_CODES = (
    "quote-error",
    "missing-cell",
    "extra-cell",
    "type-error",
    "constraint-error",
    "unique-error",
    "foreign-key-error",
)
# Raised whenever the reading of a value changes, so that known deliveries are read again.
READING_VERSION = 2
# A limit speaks from the eleventh record on: one bad line in a file of five is not a broken file.
LIMIT_FLOOR = 10
# What a reader gives as the cells of a record whose quotes make no sense.
MALFORMED: list[str] = []
MEMO_SIZE = 50_000
MEMO_CHARS = 100


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


class Problem(NamedTuple):
    """One reason why a record is rejected; `column` and `value` are empty for the whole record."""

    code: str
    column: str
    value: str
    message: str


# For each referenced source: its key values, each with the values that others copy from it.
References = Mapping[str, Mapping[Value, Mapping[str, Value]]]


class Checker:
    """Turns the cells of one delivery's records into rows of its source's table.

    `header` gives the labels of the delivery's cells, in order; `positions` the cell of each
    column read; `sample` some first records, from which one date format per column is chosen;
    `references` what the referenced tables hold, `excuses` a remark for the message of an
    unknown reference to a source (why the table may be incomplete).

    `row(cells)` gives the row of a record (read columns, then copied ones), or None if it must be
    rejected; `problems(cells)` then tells why.
    """

    def __init__(
        self,
        source: Source,
        positions: Mapping[str, int],
        width: int,
        sample: Sequence[Sequence[str]],
        references: References,
        excuses: Mapping[str, str] | None = None,
    ) -> None:
        self._source = source
        self._width = width
        self._positions = positions
        self.formats: dict[str, str] = {}
        self._dates: list[DateReader] = []
        convert: dict[str, Callable[[str], Value]] = {}
        for column in source.read_columns:
            position = positions[column.name]
            cells = [record[position] for record in sample if len(record) == width]
            chosen = choose_format(column, cells)
            if chosen:
                self.formats[column.name] = chosen
            read = value_reader(column, chosen)
            if isinstance(read, DateReader):
                self._dates.append(read)
            convert[column.name] = converter(column, read)
            if column.references:
                remark = (excuses or {}).get(column.references, "")
                convert[column.name] = _known(
                    column, convert[column.name], references[column.references], remark
                )
        for column in source.copied_columns:
            link = self._source.link(column)
            convert[column.name] = _copied(column, convert[link.name], references[link.references])
        order = (*source.read_columns, *source.copied_columns)
        places = [positions[self._source.link(c).name if c.copy else c.name] for c in order]
        self._order = tuple(zip(order, places, strict=True))
        self._cells = tuple(_Memo(convert[column.name]) for column in order)
        self.row = self._row_maker(places)

    def problems(self, values: Sequence[str]) -> list[Problem]:
        """Everything that is wrong with a record for which `row` gave None."""
        if values is MALFORMED:
            return [Problem("quote-error", "", "", "the quotes in this line are not well formed")]
        if len(values) < self._width:
            message = f"{len(values)} cells where the header has {self._width}"
            return [Problem("missing-cell", "", "", message)]
        if len(values) > self._width:
            message = f"{len(values)} cells where the header has {self._width}"
            return [Problem("extra-cell", "", "", message)]
        found: list[Problem] = []
        for (column, place), cell in zip(self._order, self._cells, strict=True):
            if column.copy and any(p.column == self._source.link(column).name for p in found):
                continue  # the reference itself is already reported
            try:
                cell[values[place]]
            except InvalidValue as error:
                found.append(Problem(error.code, column.name, values[place], error.message))
        return found

    def verdict(self) -> None:
        """Called after the last record: DeliveryError if dates are of another format than read."""
        for dates in self._dates:
            dates.verdict()

    def _row_maker(self, places: Sequence[int]) -> Callable[[Sequence[str]], list[Value] | None]:
        """A function from a record's cells to its row, or to None if it must be rejected.

        It is called for every record of every delivery: what it needs is local to it.
        """
        cells, width = self._cells, self._width
        pick: Callable[[Sequence[str]], Iterable[str]] = (
            # itemgetter of one index gives the item itself, not a tuple of one
            itemgetter(*places) if len(places) > 1 else lambda values: (values[places[0]],)
        )

        def row(values: Sequence[str]) -> list[Value] | None:
            if len(values) != width:
                return None
            try:
                return [*map(getitem, cells, pick(values))]
            except InvalidValue:
                return None

        return row


def match_header(source: Source, header: Sequence[str]) -> dict[str, int]:
    """The position of each read column in `header`.

    Labels match after trimming, folding case and accents. DeliveryError (`missing-label`,
    `duplicate-label`) if a declared label is not there exactly once.
    """
    from difflib import get_close_matches

    folded = [fold(label) for label in header]
    positions: dict[str, int] = {}
    for column in source.read_columns:
        wanted = fold(column.label)
        count = folded.count(wanted)
        if count == 1:
            positions[column.name] = folded.index(wanted)
        elif count:
            raise DeliveryError(
                f"the header has the column {column.label!r} {count} times",
                code="duplicate-label",
                hint="ask the owner of the file which one is meant; nothing was imported from it",
            )
        else:
            near = get_close_matches(wanted, folded, 1)
            nearest = f"; the nearest is {header[folded.index(near[0])]!r}" if near else ""
            shown = ", ".join(repr(label[:40]) for label in header[:12]) + (
                ", ..." if len(header) > 12 else ""
            )
            raise DeliveryError(
                f"the header lacks the column {column.label!r}{nearest} (found: {shown})",
                code="missing-label",
                hint=f"if it was renamed, change 'from' of column {column.name!r} "
                f"of source {source.name!r} in comptoir.toml",
            )
    return positions


def fold(label: str) -> str:
    """A label without case, accents and superfluous white space, for comparison."""
    import unicodedata

    decomposed = unicodedata.normalize("NFKD", label)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


class _Memo(dict[str, Value]):
    """Values already converted: cells repeat, so each distinct one is converted about once."""

    def __init__(self, convert: Callable[[str], Value]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, cell: str) -> Value:
        value = self._convert(cell)
        if len(cell) <= MEMO_CHARS:
            if len(self) >= MEMO_SIZE:
                self.clear()
            self[cell] = value
        return value


def _known(
    column: Column,
    convert: Callable[[str], Value],
    known: Mapping[Value, Any],
    remark: str,
) -> Callable[[str], Value]:
    def check(cell: str) -> Value:
        value = convert(cell)
        if value is not None and value not in known:
            because = f" ({remark})" if remark else ""
            raise InvalidValue(
                "foreign-key-error", f"{value!r} is not in {column.references}{because}"
            )
        return value

    return check


def _copied(
    column: Column,
    convert: Callable[[str], Value],
    known: Mapping[Value, Mapping[str, Value]],
) -> Callable[[str], Value]:
    assert column.copy is not None
    table, name = column.copy

    def take(cell: str) -> Value:
        value = convert(cell)
        copied = None if value is None else known[value][name]
        if copied is None and not column.optional:
            raise InvalidValue("constraint-error", f"{table} has no {name} for {value!r}")
        return copied

    return take
