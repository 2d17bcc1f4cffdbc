"""The rejected records: kept with their reasons, open until accepted or gone from the source."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from app.records.checker import Problem

BATCH = 1_000


@dataclass(frozen=True)
class Reject:
    """One reason why one record was rejected. `resolution` is '' while the reject is open."""

    source: str
    line: int
    code: str
    column: str
    value: str
    message: str
    raw: str
    run_id: int
    resolved_run: int | None
    resolution: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class RejectLog:
    """The rejects of one delivery: collected while it is read, then compared with those open.

    `records` counts rejected records; a record has one reject for each thing wrong with it.
    """

    def __init__(
        self, connection: sqlite3.Connection, source: str, run_id: int, delivery_id: int
    ) -> None:
        self.records = 0
        self._connection = connection
        self._ids = {"source": source, "run": run_id, "delivery": delivery_id}
        self._batch: list[tuple[int, str, str, str, str, str]] = []
        for table in ("_rejected", "_accepted"):
            connection.execute(f"drop table if exists temp.{table}")
        connection.execute(
            'create temp table _rejected (line, code, "column", value, message, raw)'
        )
        connection.execute("create temp table _accepted (raw primary key) without rowid")

    def open_texts(self) -> set[str]:
        """The raw texts of the open rejects of this source."""
        rows = self._connection.execute(
            "select raw from _rejects where source = :source and resolved_run is null", self._ids
        )
        return {raw for (raw,) in rows}

    def add(self, line: int, raw: str, problems: Iterable[Problem]) -> None:
        """A record that is rejected, with everything that is wrong with it."""
        self.records += 1
        self._batch += [(line, p.code, p.column, p.value, p.message, raw) for p in problems]
        if len(self._batch) >= BATCH:
            self._flush()

    def accepted(self, raw: str) -> None:
        """A record is accepted whose text was once rejected."""
        self._connection.execute("insert or replace into temp._accepted values (?)", (raw,))

    def keep(self) -> None:
        """Open the rejects that are new; those open already are found at their new line."""
        self._flush()
        self._connection.execute("drop table if exists temp._numbered")
        self._connection.execute(
            "create temp table _numbered as select *, rowid as place, row_number() over "
            '(partition by raw, code, "column" order by line) as nth from temp._rejected'
        )
        self._connection.execute(
            'create index temp._numbered_by_text on _numbered (raw, code, "column", nth)'
        )
        same = (
            "r.source = :source and r.resolved_run is null and r.raw = n.raw and r.code = n.code "
            'and r."column" = n."column" and r.nth = n.nth'
        )
        self._connection.execute(
            "update _rejects as r set line = n.line, message = n.message, "
            f"delivery_id = :delivery from temp._numbered n where {same}",
            self._ids,
        )
        self._connection.execute(
            'insert into _rejects (source, line, code, "column", value, message, raw, nth, '
            'delivery_id, first_run) select :source, n.line, n.code, n."column", n.value, '
            "n.message, n.raw, n.nth, :delivery, :run from temp._numbered n "
            f"where not exists (select 1 from _rejects r where {same}) order by n.place",
            self._ids,
        )

    def resolve(self) -> None:
        """Close the open rejects that this delivery does not have any more.

        Where the record is still there, what this reject objects to is accepted now.
        """
        self._connection.execute(
            "update _rejects as r set resolved_run = :run, resolution = case "
            "when exists (select 1 from temp._accepted a where a.raw = r.raw) "
            "or exists (select 1 from temp._numbered n where n.raw = r.raw and n.nth >= r.nth) "
            "then 'accepted' else 'gone' end "
            "where source = :source and resolved_run is null and delivery_id <> :delivery",
            self._ids,
        )

    def _flush(self) -> None:
        self._connection.executemany(
            "insert into temp._rejected values (?, ?, ?, ?, ?, ?)", self._batch
        )
        self._batch.clear()


def find_rejects(
    connection: sqlite3.Connection,
    *,
    source: str = "",
    code: str = "",
    resolved: bool = False,
    run_id: int | None = None,
    limit: int | None = None,
) -> list[Reject]:
    """Open rejects (or the resolved ones), by source and line; at most `limit`.

    With `run_id`, only those that were new in that run.
    """
    rows = connection.execute(
        'select source, line, code, "column", value, message, raw, first_run, resolved_run, '
        "coalesce(resolution, '') from _rejects "
        "where (:source = '' or source = :source) and (:code = '' or code = :code) "
        "and (:run is null or first_run = :run) "
        "and (resolved_run is not null) = :resolved order by source, line, reject_id limit :limit",
        {
            "run": run_id,
            "source": source,
            "code": code,
            "resolved": resolved,
            "limit": -1 if limit is None else limit,
        },
    )
    return [Reject(*row) for row in rows]


def count_rejects(connection: sqlite3.Connection) -> dict[str, int]:
    """The number of open rejects of each source that has any."""
    rows = connection.execute(
        "select source, count(*) from _rejects where resolved_run is null group by source"
    )
    return dict(rows.fetchall())
