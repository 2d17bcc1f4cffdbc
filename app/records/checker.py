"""A contract applied to records: a pure function from cells to a row, or to what is wrong.

The codes of what is wrong are frictionless' error names, https://framework.frictionlessdata.io.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import getitem, itemgetter
from typing import Any, NamedTuple

from app.records.contract import Column, Source
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
# What a reader gives as the cells of a record whose quotes make no sense.
MALFORMED: list[str] = []
MEMO_SIZE = 50_000
MEMO_CHARS = 100


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
