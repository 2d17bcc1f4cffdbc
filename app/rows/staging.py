"""The accepted rows of a delivery, staged in a temporary table before they meet the stored ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from operator import itemgetter

from app.database.store import quoted
from app.records.checker import Problem
from app.records.contract import Source
from app.records.values import Value

BATCH = 5_000
MAX_COUNTED_KEYS = 50_000

Row = list[Value]


class Stage:
    """The accepted rows of a delivery, in a temporary table with the key of the source's table.

    Repeats get their occurrence here; without repeats a second record of a key is a collision.
    If the source's table is empty there is nothing to compare with: then `direct` is true and the
    rows go straight into it. With `appending`, occurrences go on from those of the table.
    """

    def __init__(
        self, connection: sqlite3.Connection, source: Source, *, appending: bool = False
    ) -> None:
        self.rows = 0
        self.collisions: list[tuple[int, str, Problem]] = []
        self._connection = connection
        self._source = source
        self._batch: list[Row] = []
        self._origin: list[tuple[int, str]] = []
        columns = [column.stored for column in (*source.read_columns, *source.copied_columns)]
        names = [*columns, *(["occurrence"] if source.repeats else [])]
        self._columns = ", ".join(map(quoted, columns))
        table = quoted(source.name)
        filled = connection.execute(f"select 1 from {table} limit 1").fetchone()
        self.direct = not (filled or appending)
        self._table = table if self.direct else "temp._stage"
        listed = ", ".join(map(quoted, names))
        if not self.direct:
            key = ", ".join(map(quoted, source.stored_key))
            types = _types(connection, source)
            typed = ", ".join(f"{quoted(name)} {types[name]}" for name in names)
            connection.execute("drop table if exists temp._stage")
            connection.execute(
                f"create temp table _stage ({typed}, primary key ({key})) without rowid"
            )
        places = ", ".join("?" * len(names))
        self._insert = f"insert into {self._table} ({listed}) values ({places})"
        self._counted = [self._table, *([table] if appending else [])]
        self._occurrences = (
            _Occurrences(source, columns, self, appending) if source.repeats else None
        )

    def add(self, row: Row, line: int, raw: Callable[[], str]) -> None:
        """Stage an accepted row; `line` and `raw()` tell where it came from."""
        self._batch.append(row)
        if not self._occurrences:
            self._origin.append((line, raw()))
        if len(self._batch) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the rows collected so far."""
        if self._occurrences:
            self._occurrences.number(self._batch)
            self._connection.executemany(self._insert, self._batch)
            self.rows += len(self._batch)
            self._occurrences.forget()
        else:
            self._insert_unique()
        self._batch.clear()
        self._origin.clear()

    def settle(self) -> None:
        """Called once all rows are staged: make occurrences independent of the file's order.

        Records of one key that differ in other columns are numbered in the order of those.
        """
        if not self._occurrences or not self._source.payload:
            return
        execute = self._connection.execute
        key, others = (
            ", ".join(map(quoted, names))
            for names in (self._source.stored_key[:-1], self._source.payload)
        )
        execute(
            f"create temp table _settled as select {self._columns}, row_number() over "
            f"(partition by {key} order by {others}) as occurrence from {self._table}"
        )
        execute(f"delete from {self._table}")
        execute(
            f"insert into {self._table} ({self._columns}, occurrence) "
            f"select {self._columns}, occurrence from temp._settled"
        )
        execute("drop table temp._settled")

    def undo(self) -> None:
        """Leave the source's table as it was."""
        if self.direct:
            self._connection.execute(f"delete from {self._table}")

    def last_occurrence(self, key: tuple[Value, ...]) -> int:
        """The number of rows so far with this key."""
        where = " and ".join(f"{quoted(name)} = ?" for name in self._source.stored_key[:-1])
        found = 0
        for table in self._counted:
            (last,) = self._connection.execute(
                f"select max(occurrence) from {table} where {where}", key
            ).fetchone()
            found = max(found, last or 0)
        return found

    def days(self) -> tuple[str, str] | None:
        """The first and the last day that the rows cover; None if no days are, or without rows."""
        if self._source.covers.kind != "days_of":
            return None
        column = quoted(self._source.covers.column)
        first, last = self._connection.execute(
            f"select substr(min({column}), 1, 10), substr(max({column}), 1, 10) from {self._table}"
        ).fetchone()
        return (first, last) if first else None

    def _insert_unique(self) -> None:
        execute = self._connection.execute
        execute("savepoint batch")
        try:
            self._connection.executemany(self._insert, self._batch)
            self.rows += len(self._batch)
        except sqlite3.IntegrityError as error:
            _demand_collision(error)
            # somewhere in this batch a key came again: find out where, row by row
            execute("rollback to batch")
            for row, (line, raw) in zip(self._batch, self._origin, strict=True):
                try:
                    execute(self._insert, row)
                    self.rows += 1
                except sqlite3.IntegrityError as error:
                    _demand_collision(error)
                    self.collisions.append((line, raw, self._collision(row)))
        execute("release batch")

    def _collision(self, row: Row) -> Problem:
        names = [column.name for column in self._source.read_columns]
        key = {name: row[names.index(name)] for name in self._source.key}
        value = ", ".join(map(str, key.values()))
        return Problem(
            "unique-error", ", ".join(key), value, f"another record has the same key, {value}"
        )


class _Occurrences:
    """Numbers the records of a key, holding the counts of a bounded number of keys.

    A file usually comes ordered by its key's first column (its day). When too many keys are held
    their counts are forgotten; should a value of that column in their range come again, its
    counts are asked of the staged rows. With `asking`, so are those of every other key.
    """

    def __init__(self, source: Source, columns: list[str], stage: Stage, asking: bool) -> None:
        places = [columns.index(name) for name in source.stored_key[:-1]]
        self._key: Callable[[Row], tuple[Value, ...]] = (
            itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
        )
        self._stage = stage
        self._asking = asking
        self._counts: dict[tuple[Value, ...], int] = {}
        self._forgotten: tuple[Value, Value] | None = None

    def number(self, rows: list[Row]) -> None:
        """Append to each row its occurrence: 1 for the first of its key, 2 for the second, ..."""
        counts, key_of, asking = self._counts, self._key, self._asking
        low, high = self._forgotten or (None, None)
        for row in rows:
            key = key_of(row)
            number = counts.get(key)
            if number is None:
                asked = low is not None and low <= key[0] <= high  # type: ignore[operator]
                number = self._stage.last_occurrence(key) if asked or asking else 0
            counts[key] = number = number + 1
            row.append(number)

    def forget(self) -> None:
        """Called when all numbered rows are staged: drop the counts, but for the current day's."""
        if len(self._counts) <= MAX_COUNTED_KEYS:
            return
        current = next(reversed(self._counts))[0]
        kept = {key: number for key, number in self._counts.items() if key[0] == current}
        if len(kept) > MAX_COUNTED_KEYS // 2:
            kept = {}
        leads = {key[0] for key in self._counts if key not in kept}
        self._forgotten = _span(*leads, *(self._forgotten or ()))
        self._counts = kept


def _types(connection: sqlite3.Connection, source: Source) -> dict[str, str]:
    """The types of the table's columns: only columns of like types are compared by their index."""
    return dict(connection.execute("select name, type from pragma_table_info(?)", (source.name,)))


def _span(*values: Value) -> tuple[Value, Value]:
    return min(values), max(values)  # type: ignore[type-var]


def _demand_collision(error: sqlite3.IntegrityError) -> None:
    """Let pass what is not a second record of a key: that would be a defect of the contract."""
    if error.sqlite_errorname != "SQLITE_CONSTRAINT_PRIMARYKEY":
        raise error
