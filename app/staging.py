"""The accepted rows of a delivery, staged in a temporary table before they meet the stored ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from operator import itemgetter

from app.contract import Problem, Source
from app.store import quoted
from app.values import Value

BATCH = 5_000
MAX_COUNTED_KEYS = 150_000

Row = list[Value]


class Stage:
    """The accepted rows of a delivery, in a temporary table with the key of the source's table.

    Repeats get their occurrence here; without repeats a second record of a key is a collision.
    """

    def __init__(self, connection: sqlite3.Connection, source: Source) -> None:
        self.rows = 0
        self.collisions: list[tuple[int, str, Problem]] = []
        self._connection = connection
        self._source = source
        self._batch: list[Row] = []
        self._origin: list[tuple[int, str]] = []
        columns = [column.stored for column in (*source.read_columns, *source.copied_columns)]
        names = [*columns, *(["occurrence"] if source.repeats else [])]
        key = ", ".join(map(quoted, source.stored_key))
        connection.execute("drop table if exists temp._stage")
        connection.execute(
            f"create temp table _stage ({', '.join(map(quoted, names))}, primary key ({key})) "
            "without rowid"
        )
        places = ", ".join("?" * len(names))
        self._insert = f"insert into temp._stage values ({places})"
        self._occurrences = _Occurrences(source, columns, self) if source.repeats else None

    def add(self, row: Row, line: int, raw: str) -> None:
        """Stage an accepted row; `line` and `raw` tell where it came from."""
        if self._occurrences:
            row.append(self._occurrences.number(row))
        else:
            self._origin.append((line, raw))
        self._batch.append(row)
        if len(self._batch) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the rows collected so far."""
        if self._occurrences:
            self._connection.executemany(self._insert, self._batch)
            self.rows += len(self._batch)
        else:
            self._insert_unique()
        self._batch.clear()
        self._origin.clear()

    def last_occurrence(self, key: tuple[Value, ...]) -> int:
        """The number of staged rows with this key."""
        where = " and ".join(f"{quoted(name)} = ?" for name in self._source.stored_key[:-1])
        (last,) = self._connection.execute(
            f"select max(occurrence) from temp._stage where {where}", key
        ).fetchone()
        return last or 0

    def _insert_unique(self) -> None:
        execute = self._connection.execute
        execute("savepoint batch")
        try:
            self._connection.executemany(self._insert, self._batch)
            self.rows += len(self._batch)
        except sqlite3.IntegrityError:
            # somewhere in this batch a key came again: find out where, row by row
            execute("rollback to batch")
            for row, (line, raw) in zip(self._batch, self._origin, strict=True):
                try:
                    execute(self._insert, row)
                    self.rows += 1
                except sqlite3.IntegrityError:
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
    and that column changes, the counts so far are dropped; should a value in their range come
    back, its counts are asked of the staged rows.
    """

    def __init__(self, source: Source, columns: list[str], stage: Stage) -> None:
        places = [columns.index(name) for name in source.stored_key[:-1]]
        self._key: Callable[[Row], tuple[Value, ...]] = (
            itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
        )
        self._stage = stage
        self._counts: dict[tuple[Value, ...], int] = {}
        self._lead: Value = None
        self._dropped: tuple[Value, Value] | None = None

    def number(self, row: Row) -> int:
        """1 for the first record of its key, 2 for the second, ..."""
        key = self._key(row)
        if key[0] != self._lead:
            if len(self._counts) > MAX_COUNTED_KEYS:
                self._drop()
            self._lead = key[0]
        number = self._counts.get(key)
        if number is None:
            number = self._stage.last_occurrence(key) if self._was_dropped(key[0]) else 0
        number += 1
        self._counts[key] = number
        return number

    def _drop(self) -> None:
        self._stage.flush()
        leads = [key[0] for key in self._counts]
        low, high = self._dropped or (leads[0], leads[0])
        self._dropped = (min(low, *leads), max(high, *leads))  # type: ignore[type-var]
        self._counts.clear()

    def _was_dropped(self, lead: Value) -> bool:
        if self._dropped is None:
            return False
        low, high = self._dropped
        return low <= lead <= high  # type: ignore[operator]
