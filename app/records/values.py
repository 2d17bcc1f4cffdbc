"""How the text of a cell becomes a typed value, and nothing is guessed on the way.

One table maps each type of the contract to the types of the engines. A value that cannot be
read exactly is an `InvalidValue`, never a null, never a near value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.errors import DeliveryError
from app.records.invalid import InvalidValue, short
from app.records.months import numbered
from app.records.numbers import NUMBER_TYPES, number_reader

if TYPE_CHECKING:
    from app.records.contract import Column

Value = str | int | float | None


@dataclass(frozen=True)
class Type:
    """A type of the contract: its SQLite column type and a check of its stored form."""

    sqlite: str
    check: str = ""  # an SQL condition with {} for the column's quoted name


TYPES = {
    "text": Type("text"),
    "integer": Type("integer"),
    "real": Type("real"),
    "money": Type("integer"),
    # the contract reads dates exactly; a check of every digit would cost a fifth of an import
    "date": Type("text", "length({}) = 10"),
    "datetime": Type("text", "length({}) = 19"),
    "boolean": Type("integer", "{} in (0, 1)"),
}
DEFAULT_FORMATS = {
    "date": ("%Y-%m-%d",),
    "datetime": ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"),
}
# Years outside are far more often a slip of the keyboard; `min` and `max` say otherwise.
DEFAULT_DATE_RANGE = ("1900-01-01", "2199-12-31 23:59:59")
_TRUE = {"true", "1", "yes", "y", "vrai", "oui", "ja"}
_FALSE = {"false", "0", "no", "n", "faux", "non", "nein"}


def value_reader(column: Column, chosen: str = "") -> Callable[[str], Value]:
    """What turns a trimmed, non-empty text into the value stored for `column`.

    `chosen` is the one of the column's formats in which this delivery is written, '' if it
    declares none.

    Money gives cents (int), dates ISO text, booleans 0 or 1. Raises InvalidValue.
    For dates it is a `DateReader`, whose `verdict` is to be asked after the last record.
    """
    if column.type in DEFAULT_FORMATS:
        return DateReader(column, chosen)
    if column.type in NUMBER_TYPES:
        return number_reader(column.type, chosen, column.currency)
    return _READERS[column.type]


def converter(column: Column, read: Callable[[str], Value]) -> Callable[[str], Value]:
    """`read` with the column's rules around it: from a cell's text to a value, or InvalidValue.

    An empty cell of an optional column gives None.
    """
    rules = _rules(column)

    def convert(cell: str) -> Value:
        text = cell.strip()
        if not text or text in column.nulls:
            if column.optional:
                return None
            raise InvalidValue("constraint-error", "the cell is empty and the column is required")
        value = read(text)
        for rule in rules:
            rule(value)
        return value

    return convert


def choose_format(column: Column, cells: Sequence[str]) -> str:
    """The one declared format that reads most of `cells`; '' for a column that declares none.

    DeliveryError (`type-error`) if two formats read them equally well and give other values.
    """
    if not column.formats or len(column.formats) == 1:
        return column.formats[0] if column.formats else ""
    distinct = {cell.strip() for cell in cells} - {"", *column.nulls}
    read = {form: _all_read(column, form, distinct) for form in column.formats}
    scores = {form: sum(v is not None for v in values.values()) for form, values in read.items()}
    if not any(scores.values()):
        # perhaps all are of a declared form with day and month swapped: its reader will tell
        return max(column.formats, key=lambda form: _count_read(distinct, _swapped(form)))
    best = max(column.formats, key=lambda form: scores[form])
    for form in column.formats:
        if form == best or scores[form] < scores[best] or read[form] == read[best]:
            continue
        if any(None not in (read[form][cell], read[best][cell]) for cell in distinct):
            what = (
                f"column {column.label!r} can be read as {best} or as {form}, "
                f"with other {'dates' if column.type in DEFAULT_FORMATS else 'numbers'} each time"
            )
        else:
            what = f"column {column.label!r} has as many values of the form {best} as of {form}"
        raise DeliveryError(
            what,
            code="type-error",
            hint="ask for dates of one form, or declare one format only for column "
            f"{column.name!r} in comptoir.toml",
        )
    return best


def _all_read(column: Column, form: str, cells: Iterable[str]) -> dict[str, Value]:
    """What each cell is in this format, None where it is nothing."""
    read = value_reader(column, form)
    values: dict[str, Value] = {}
    for cell in cells:
        try:
            values[cell] = read(cell)
        except InvalidValue:
            values[cell] = None
    return values


class DateReader:
    """Reads dates of one format, and notices when day and month are the other way round.

    05/06/2025 cannot tell the two apart, 27/05/2025 can. If more values prove the other order
    than this one, the delivery is of the other: `verdict` refuses it, rather than importing the
    values that happen to be valid both ways.
    """

    def __init__(self, column: Column, date_format: str) -> None:
        self._column = column
        self._format = date_format
        self._width = 10 if column.type == "date" else 19
        self._swapped = _swapped(date_format)
        self._proofs = 0
        self._contrary: dict[str, None] = {}  # distinct values, in order; a slip may be repeated

    def __call__(self, text: str) -> str:
        moment = _parse(text, self._format)
        if moment is not None:
            if self._swapped and moment.day > 12:
                self._proofs += 1
            return moment.isoformat(" ")[: self._width]
        if self._swapped and _parse(text, self._swapped) is not None:
            self._contrary[text] = None
        raise InvalidValue("type-error", f"{short(text)} is not a date of the form {self._format}")

    def verdict(self) -> None:
        if self._contrary and len(self._contrary) >= self._proofs:
            example = next(iter(self._contrary))
            raise DeliveryError(
                f"dates such as {example!r} in column {self._column.label!r} are of the form "
                f"{self._swapped}, but {self._format} is declared",
                code="type-error",
                hint=f"if the file is right, declare formats = [{self._swapped!r}] for column "
                f"{self._column.name!r}; otherwise ask for dates of the declared form",
            )


def _swapped(date_format: str) -> str:
    """The format with day and month the other way round; '' if they do not lead it."""
    if not re.match(r"%([dm])(.)%([dm])\2", date_format):
        return ""
    return re.sub(r"%([dm])", lambda m: "%m" if m[1] == "d" else "%d", date_format)


def _count_read(cells: Iterable[str], date_format: str) -> int:
    return sum(_parse(cell, date_format) is not None for cell in cells) if date_format else 0


def _parse(text: str, date_format: str) -> datetime | None:
    if "%b" in date_format or "%B" in date_format:
        text = numbered(text)
        date_format = date_format.replace("%b", "%m").replace("%B", "%m")
    # strptime takes digits of any script; the contract means 0 to 9
    if not text.isascii():
        return None
    try:
        return datetime.strptime(text, date_format)
    except ValueError:
        return None


def _text(text: str) -> str:
    if "\0" in text:
        raise InvalidValue("type-error", "the text holds a NUL character")
    return text


def _boolean(text: str) -> int:
    word = text.casefold()
    if word in _TRUE:
        return 1
    if word in _FALSE:
        return 0
    raise InvalidValue("type-error", f"{short(text)} is neither yes nor no")


_READERS: dict[str, Callable[[str], Value]] = {
    "text": _text,
    "boolean": _boolean,
}


def _rules(column: Column) -> list[Callable[[Value], None]]:
    """The declared constraints, as functions that raise InvalidValue."""
    rules: list[Callable[[Value], None]] = []
    low, high = column.minimum, column.maximum
    if column.type in DEFAULT_FORMATS:
        low = DEFAULT_DATE_RANGE[0] if low is None else low
        high = DEFAULT_DATE_RANGE[1] if high is None else high
    unit = " cents" if column.type == "money" else ""

    def at_least(value: Value) -> None:
        if value < low:  # type: ignore[operator]
            raise InvalidValue("constraint-error", f"{value} is less than {low}{unit}")

    def at_most(value: Value) -> None:
        if value > high:  # type: ignore[operator]
            raise InvalidValue("constraint-error", f"{value} is more than {high}{unit}")

    def one_of(value: Value) -> None:
        if value not in column.values:
            allowed = ", ".join(map(str, column.values[:8]))
            raise InvalidValue("constraint-error", f"{short(str(value))} is not one of {allowed}")

    def matches(value: Value) -> None:
        if not re.fullmatch(column.pattern, str(value)):
            raise InvalidValue(
                "constraint-error", f"{short(str(value))} does not match {column.pattern}"
            )

    if low is not None:
        rules.append(at_least)
    if high is not None:
        rules.append(at_most)
    if column.values:
        rules.append(one_of)
    if column.pattern:
        rules.append(matches)
    return rules
