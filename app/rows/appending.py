"""Import only what a delivery adds to the last one, where that is proven to be enough.

A delivery that begins with the bytes of the last one needs only its end to be read, if the rest
would be read as before: same contract, same referenced tables, same encoding and date formats,
nothing rejected, nothing withdrawn, nothing stored in the days that are newly covered. In every
other case `append_delivery` gives None and touches nothing; `import_delivery` reads everything.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from app.database.store import quoted
from app.errors import DeliveryError
from app.progress import UNSEEN, Progress
from app.records.checker import Checker
from app.records.contract import Source
from app.records.reading import Reader, ReadLimits
from app.rows.importing import (
    Imported,
    Reading,
    demand_balance,
    importing,
    read_references,
)
from app.rows.ledger import Outcome
from app.rows.merging import Counts, covered_rows, joined_days
from app.rows.staging import Stage

HASH_BYTES = 1 << 20


def append_delivery(
    connection: sqlite3.Connection,
    source: Source,
    path: Path,
    last: Outcome | None,
    limits: ReadLimits,
    progress: Progress = UNSEEN,
) -> Imported | None:
    """Import the end of the delivery at `path`, whose beginning is that of `last`, or None.

    `last` is the source's last import, read under the present contract and referenced tables.
    """
    if not (last and last.counts and last.reading and last.delivery.size):
        return None
    size = last.delivery.size
    if not (
        _appendable(connection, source, last.counts)
        and _begins_with(path, size, last.delivery.sha256 or "")
    ):
        return None
    stage = Stage(connection, source, appending=True)
    try:
        with Reader(path, source, limits, last.reading.encoding) as reader:
            if not _read_end(connection, source, reader, size, last.reading, stage, progress):
                return None
            blank, remarks = reader.blank, tuple(reader.layout.remarks(source))
    except (DeliveryError, UnicodeDecodeError):
        return None  # reading everything says what is wrong, and where
    days = joined_days(last.reading.days, stage.days())
    if _stored_in_new_days(connection, source, last.reading.days, days):
        return None
    counts = _insert(connection, source, blank, last.counts)
    demand_balance(source, counts)
    return Imported(counts, Reading(last.reading.encoding, last.reading.formats, days), remarks)


def added_table(source: str) -> str:
    """The temporary table that holds the rows which the last `append_delivery` added."""
    return f"_added_{source}"


def _appendable(connection: sqlite3.Connection, source: Source, last: Counts) -> bool:
    """Whether the table holds just the rows of the last delivery, and those of other days."""
    whole_lines = {column.stored for column in source.read_columns} == set(source.stored_key[:-1])
    if not source.repeats or not whole_lines or source.covers.kind == "new":
        return False
    if last.rejected or last.withdrawn:
        return False
    table = quoted(source.name)
    (rows,) = connection.execute(f"select count(*) from {table}").fetchone()
    open_rejects = connection.execute(
        "select 1 from _rejects where source = ? and resolved_run is null limit 1", (source.name,)
    ).fetchone()
    return rows == last.rows_after and not open_rejects


def _begins_with(path: Path, size: int, sha256: str) -> bool:
    """Whether the first `size` bytes, and not all, have this SHA-256 and end with a newline."""
    if path.stat().st_size <= size:
        return False
    digest = hashlib.sha256()
    left = size
    with path.open("rb") as file:
        while left:
            chunk = file.read(min(left, HASH_BYTES))
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest() == sha256 and chunk.endswith(b"\n")


def _read_end(
    connection: sqlite3.Connection,
    source: Source,
    reader: Reader,
    size: int,
    last: Reading,
    stage: Stage,
    progress: Progress,
) -> bool:
    """Stage the records behind the first `size` bytes; whether they are all as expected."""
    checker = Checker(
        source,
        reader.layout.positions,
        len(reader.layout.header),
        reader.sample,
        read_references(connection, source),
    )
    if checker.formats != last.formats or last.encoding.startswith("utf-16"):
        return False
    records = reader.after(size)
    with importing(source, reader, progress):
        for line, cells in records:
            row = checker.row(cells)
            if row is None:
                return False
            stage.add(row, line, reader.raw)
        stage.flush()
    return True


def _stored_in_new_days(
    connection: sqlite3.Connection,
    source: Source,
    before: tuple[str, str] | None,
    after: tuple[str, str] | None,
) -> bool:
    if source.covers.kind == "all" or before == after:
        return False
    covered, newly = covered_rows(source, before), covered_rows(source, after)
    found = connection.execute(
        f"select 1 from {quoted(source.name)} t where {newly} and not ({covered}) limit 1"
    ).fetchone()
    return found is not None


def _insert(connection: sqlite3.Connection, source: Source, blank: int, last: Counts) -> Counts:
    table = quoted(source.name)
    columns = [column.stored for column in (*source.read_columns, *source.copied_columns)]
    names = ", ".join(map(quoted, [*columns, "occurrence"]))
    rows = connection.execute(
        f"insert into {table} ({names}) select {names} from temp._stage"
    ).rowcount
    (rows_after,) = connection.execute(f"select count(*) from {table}").fetchone()
    added = quoted(added_table(source.name))
    connection.execute(f"drop table if exists temp.{added}")
    connection.execute(f"alter table temp._stage rename to {added}")
    return Counts(
        read=last.read + rows + blank,
        inserted=rows,
        known=last.inserted + last.known + last.changed,
        changed=0,
        rejected=0,
        blank=last.blank + blank,
        withdrawn=0,
        withdrawn_cents=0 if source.amount else None,
        rows_before=last.rows_after,
        rows_after=rows_after,
    )
