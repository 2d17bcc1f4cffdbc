"""Import one delivery: read it, stage its rows, compare them with the table, apply the difference.

Everything happens inside the caller's transaction. Rows are staged in a temporary table with the
key of the source's table, so that comparing the two is one walk along both, whatever their size.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from app.database.store import quoted
from app.errors import ComptoirError, LimitError
from app.progress import UNSEEN, Progress, Step
from app.records.checker import Checker, References
from app.records.contract import Source, over_limit
from app.records.reading import Reader, ReadLimits
from app.records.values import Value
from app.rows.merging import Counts, Merge, first_counts, joined_days
from app.rows.rejects import RejectLog
from app.rows.staging import Stage


@dataclass(frozen=True)
class Imported:
    """What an import did: the counts, and how the delivery was read (see `Reading`)."""

    counts: Counts
    reading: Reading
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """How a delivery was read: its encoding, the date format chosen per column, the days it covers.

    A later delivery that begins with the same bytes is read in the same way.
    """

    encoding: str
    formats: Mapping[str, str]
    days: tuple[str, str] | None


def import_delivery(
    connection: sqlite3.Connection,
    source: Source,
    path: Path,
    *,
    run_id: int,
    delivery_id: int,
    limits: ReadLimits,
    excuses: Mapping[str, str],
    covered: tuple[str, str] | None = None,
    progress: Progress = UNSEEN,
) -> Imported:
    """Bring `source`'s table to what the delivery at `path` says, within its coverage.

    `excuses` tells for a referenced source why its table may be incomplete; `covered` are the days
    that these same bytes covered when they were read under another contract. DeliveryError if the
    file is not the declared one, LimitError if too much would be rejected or withdrawn: then the
    table is untouched. Rejects are kept in every case.
    """
    rejects = RejectLog(connection, source.name, run_id, delivery_id)
    stage = Stage(connection, source)
    with Reader(path, source, limits) as reader:
        checker = Checker(
            source,
            reader.layout.positions,
            len(reader.layout.header),
            reader.sample,
            read_references(connection, source),
            excuses,
        )
        try:
            with importing(source, reader, progress):
                _read(reader, checker, stage, rejects)
            checker.verdict()
            _refuse_rejects(source, rejects, stage.rows + rejects.records, excuses)
            days = joined_days(stage.days(), covered)
            merge = None
            if not stage.direct:
                with progress.step(f"Comparing {source.name}"):
                    merge = Merge(connection, source, days, run_id, delivery_id)
                    merge.refuse_withdrawals()
        except ComptoirError:
            stage.undo()
            rejects.keep()
            raise
    if merge:
        with progress.step(f"Merging {source.name}"):
            counts = merge.apply(stage.rows, rejects.records, reader.blank)
    else:
        counts = first_counts(connection, source, stage.rows, rejects.records, reader.blank)
    rejects.keep()
    rejects.resolve()
    demand_balance(source, counts)
    reading = Reading(reader.layout.encoding, checker.formats, days)
    return Imported(counts, reading, tuple(reader.layout.remarks(source)))


def importing(source: Source, reader: Reader, progress: Progress) -> AbstractContextManager[Step]:
    """The step in which `reader` goes through its delivery, in bytes."""
    return progress.step(f"Importing {source.name}", reader.size(), "bytes", reader.position)


def _read(reader: Reader, checker: Checker, stage: Stage, rejects: RejectLog) -> None:
    was_rejected = rejects.open_texts()
    row_of, stage_row, raw = checker.row, stage.add, reader.raw
    for line, cells in reader:
        row = row_of(cells)
        if row is None:
            rejects.add(line, raw(), checker.problems(cells))
            continue
        stage_row(row, line, raw)
        if was_rejected and raw() in was_rejected:
            rejects.accepted(raw())
    stage.flush()
    stage.settle()
    for line, text, problem in stage.collisions:
        rejects.add(line, text, [problem])


def demand_balance(source: Source, counts: Counts) -> None:
    """A balance that does not close is a defect: AssertionError ends the run and undoes it."""
    if not counts.closes():
        raise AssertionError(f"the balance of {source.name} does not close: {counts}")


def read_references(connection: sqlite3.Connection, source: Source) -> References:
    """For each referenced source, its keys with the values that columns of `source` copy."""
    found: dict[str, dict[Value, dict[str, Value]]] = {}
    for column in source.columns:
        if not column.references:
            continue
        copied = [c.copy[1] for c in source.columns if c.copy and c.copy[0] == column.references]
        (key,) = connection.execute(
            "select name from pragma_table_info(?) where pk = 1", (column.references,)
        ).fetchone()
        names = ", ".join(map(quoted, [key, *copied]))
        rows = connection.execute(f"select {names} from {quoted(column.references)}")
        found[column.references] = {row[0]: dict(zip(copied, row[1:], strict=True)) for row in rows}
    return found


def _refuse_rejects(
    source: Source, rejects: RejectLog, read: int, excuses: Mapping[str, str]
) -> None:
    if not over_limit(rejects.records, read, source.max_rejected):
        return
    because = "".join(f"; {name}: {excuses[name]}" for name in source.refers_to if name in excuses)
    raise LimitError(
        f"{rejects.records:,} of {read:,} records break the contract, more than "
        f"{source.max_rejected:.0%}{because}",
        code="max-rejected",
        hint=f"see `python -m app rejects {source.name}`; the table stays as it was",
    )
