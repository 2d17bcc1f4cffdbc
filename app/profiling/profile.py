"""What files hold, found without a contract: their columns, keys, references, days and oddities.

`profile` reads raw deliveries. Text stays text: pandas counts, but its own guesses of types and
of nulls are never used, see `inference`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from app.errors import DeliveryError
from app.profiling.found import ColumnProfile, File, Period, Profile, TableProfile
from app.profiling.inference import Guess, infer, settle
from app.profiling.measures import measure
from app.profiling.relations import find_keys, find_references
from app.progress import UNSEEN, Progress
from app.records.contract import Source
from app.records.dialect import find_dialect
from app.records.header import fold
from app.records.invalid import InvalidValue
from app.records.reading import ReadLimits
from app.records.values import Value, value_reader

if TYPE_CHECKING:
    import pandas as pd

MOST_RECORDS = 500_000
SHOWN_LINES = 5
SHOWN_DAYS = 10


def profile(files: Sequence[File], limits: ReadLimits, progress: Progress = UNSEEN) -> Profile:
    """Look at every file; DeliveryError, naming the file, for one that is no table."""
    tables = []
    with progress.step("Profiling", unit="files") as step:
        for file in step.each(files, lambda file: file.name):
            try:
                tables.append(_table(file, limits))
            except DeliveryError as error:
                where = f"{file.url}, {error.where}" if error.where else file.url
                raise DeliveryError(
                    error.what, where=where, hint=error.hint, code=error.code
                ) from None
    return Profile(tuple(tables), tuple(find_references(tables)))


def _table(file: File, limits: ReadLimits) -> TableProfile:
    import pandas as pd

    declared = [column.label for column in file.source.read_columns] if file.source else []
    dialect = find_dialect(file.path, limits, declared)
    width = len(dialect.header)
    rows: list[list[str]] = []
    malformed: dict[int, int] = {}
    blank = 0
    found = dialect.records(file.path, limits)
    for line, cells in islice(found, MOST_RECORDS):
        if not any(cell.strip() for cell in cells) and cells:
            blank += 1
        elif len(cells) != width:
            malformed[line] = len(cells)
        else:
            rows.append([cell.strip() for cell in cells])
    truncated = next(found, None) is not None
    texts: list[list[str]] = [list(column) for column in zip(*rows, strict=True)]
    texts = texts or [[] for _ in dialect.header]
    counted = [Counter(cell for cell in column if cell) for column in texts]
    by_label = dict(zip(dialect.header, counted, strict=True))
    guesses = settle({label: infer(label, cells) for label, cells in by_label.items()}, by_label)
    frame = pd.DataFrame(
        {
            label: pd.Series(_values(guesses[label], cells, column), dtype=object)
            for label, cells, column in zip(dialect.header, counted, texts, strict=True)
        }
    )
    columns = tuple(
        ColumnProfile(
            label,
            guesses[label],
            _declared(file.source, label),
            measure(frame[label], guesses[label], cells, len(rows)),
        )
        for label, cells in by_label.items()
    )
    amounts = [label for label, guess in guesses.items() if guess.type in ("money", "real")]
    return TableProfile(
        name=file.name,
        url=file.url,
        dialect=dialect,
        records=len(rows) + len(malformed),
        blank=blank,
        malformed=malformed,
        truncated=truncated,
        columns=columns,
        keys=tuple(find_keys(frame, amounts)),
        repeated=int(frame.duplicated().sum()) if len(frame) else 0,
        periods=tuple(_periods(frame, columns)),
        frame=frame,
        cells=by_label,
    )


def _values(guess: Guess, cells: Mapping[str, int], column: Sequence[str]) -> list[Value]:
    """Each cell under the guess; None where it is empty or does not fit."""
    read = value_reader(guess.column("c"), guess.formats[0] if guess.formats else "")
    values: dict[str, Value] = {"": None}
    for cell in cells:
        try:
            # a column that can be read in two ways has no values yet, only texts
            fits = cell not in guess.nulls
            values[cell] = (cell if guess.ambiguous else read(cell)) if fits else None
        except InvalidValue:
            values[cell] = None
    return [values[cell] for cell in column]


def _declared(source: Source | None, label: str) -> str:
    if source is None:
        return ""
    types = [c.type for c in source.read_columns if fold(c.label) == fold(label)]
    return types[0] if types else "not declared"


def _periods(frame: pd.DataFrame, columns: Sequence[ColumnProfile]) -> list[Period]:
    from datetime import date, timedelta

    periods = []
    for column in columns:
        if column.guess.type not in ("date", "datetime") or column.guess.ambiguous:
            continue
        days = {str(value)[:10] for value in frame[column.label].dropna()}
        if not days:
            continue
        first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
        number = (last - first).days + 1
        between = (first + timedelta(n) for n in range(number) if number <= 100 * 366)
        missing = tuple(day.isoformat() for day in between if day.isoformat() not in days)
        periods.append(Period(column.label, min(days), max(days), number, missing))
    return periods


def as_dict(found: Profile) -> dict[str, Any]:
    """The profile for programs; figures of money are in units, not in cents."""
    from app.profiling.findings import findings

    return {
        "tables": [
            {
                "name": table.name,
                "url": table.url,
                "encoding": table.dialect.encoding,
                "delimiter": table.dialect.delimiter,
                "lines_before_header": table.dialect.skip,
                "has_header": table.dialect.has_header,
                "records": table.records,
                "only_the_first_records": table.truncated,
                "blank": table.blank,
                "malformed": {
                    "records": len(table.malformed),
                    "lines": list(table.malformed)[:SHOWN_LINES],
                },
                "columns": [_column_dict(column) for column in table.columns],
                "keys": [list(key) for key in table.keys],
                "repeated_records": table.repeated,
                "periods": [
                    {
                        "column": period.column,
                        "first": period.first,
                        "last": period.last,
                        "days": period.days,
                        "missing_days": len(period.missing),
                        "missing": list(period.missing[:SHOWN_DAYS]),
                    }
                    for period in table.periods
                ],
                "findings": findings(table, found.references),
            }
            for table in found.tables
        ],
        "references": [reference.as_dict() for reference in found.references],
    }


def _column_dict(column: ColumnProfile) -> dict[str, Any]:
    guess = column.guess
    return {
        "label": column.label,
        "type": guess.type,
        "declared": column.declared or None,
        "formats": list(guess.formats),
        "ambiguous": guess.ambiguous,
        "currency": guess.currency or None,
        "null_marks": list(guess.nulls),
        "cells_that_do_not_fit": {"count": guess.bad, "examples": list(guess.examples)},
        **column.measures.as_dict(),
    }
