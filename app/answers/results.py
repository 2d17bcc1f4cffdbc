"""The published results as readers see them: the tables, their run, the state of the data."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.answers.models import Model, Models
from app.answers.publishing import CheckResult, recorded_checks
from app.database.store import quoted
from app.records.values import Value
from app.rows.rejects import count_rejects

_NEWEST_IMPORTS = (
    "select max(delivery_id) from _deliveries where status = 'imported' group by source"
)


@dataclass(frozen=True)
class Result:
    """One analysis' table: its columns, its rows in order, and what its SQL file says of it."""

    model: Model
    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]

    def format(self, column: str) -> str:
        """The declared format of a column, '' if none."""
        return self.model.formats.get(column, "")

    def is_text(self, column: str) -> bool:
        """Whether a column holds words, and so is aligned to the left."""
        if self.format(column) in ("date", "month", "weekday", "flag"):
            return True
        at = self.columns.index(column)
        return any(isinstance(row[at], str) for row in self.rows)

    def translated(self, locale: str) -> Result:
        """The same with the texts that the SQL file translates."""
        values = {**self.model.values.get("", {}), **self.model.values.get(locale, {})}
        if not values:
            return self
        places = [(at, name) for at, name in enumerate(self.columns)]
        touched = {column for column, _ in values}
        rows = []
        for row in self.rows:
            shown = list(row)
            for at, name in places:
                if name in touched:
                    shown[at] = values.get((name, str(row[at])), row[at])
            rows.append(tuple(shown))
        return Result(self.model, self.columns, rows)

    def as_dicts(self) -> list[dict[str, Value]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class SourceState:
    """How a source stands: its newest import, and the newest attempt at it.

    `fetched_at` is when the imported delivery was last seen at its URL; times are UTC.
    `withdrawn` counts the rows that the newest import took out.
    """

    source: str
    rows: int
    url: str
    imported_at: str
    fetched_at: str
    last_status: str
    last_message: str
    open_rejects: int
    withdrawn: int = 0

    @property
    def stale(self) -> bool:
        """Whether the newest attempt did not bring the table up to date."""
        return self.last_status in ("refused", "not fetched")


@dataclass(frozen=True)
class State:
    """What the database holds and publishes. `published_run` is None before the first time.

    `last_good_at` is when the last run with exit code 0 ended (UTC), '' if there was none.
    """

    last_run: dict[str, Any] | None
    last_good_at: str
    published_run: int | None
    published_at: str
    sources: list[SourceState]
    checks: list[CheckResult]

    @property
    def blocked(self) -> bool:
        """Whether the results are older than the data because a check blocked."""
        return any(check.blocks for check in self.checks)


def read_state(connection: sqlite3.Connection, sources: list[str]) -> State:
    """How the database stands, for the sources named."""
    run = _dicts(connection, "select * from _runs order by run_id desc limit 1")
    published = connection.execute(
        "select run_id, finished_at from _runs where run_id = (select max(run_id) from _results)"
    ).fetchone()
    (good,) = connection.execute(
        "select max(finished_at) from _runs where exit_code = 0"
    ).fetchone()
    rejects = count_rejects(connection)
    return State(
        last_run=run[0] if run else None,
        last_good_at=good or "",
        published_run=published[0] if published else None,
        published_at=published[1] if published else "",
        sources=[_source_state(connection, name, rejects.get(name, 0)) for name in sources],
        checks=recorded_checks(connection),
    )


@dataclass(frozen=True)
class Withdrawal:
    """A row that the newest import of its source took out: its key, and what it was worth."""

    source: str
    key: Mapping[str, Value]
    amount_cents: int | None


def read_withdrawals(connection: sqlite3.Connection, limit: int) -> list[Withdrawal]:
    """The rows that the newest imports took out, at most `limit`."""
    rows = connection.execute(
        "select source, \"key\", amount_cents from _changes where kind in ('withdrawn', 'gone') "
        f"and delivery_id in ({_NEWEST_IMPORTS}) order by change_id limit ?",
        (limit,),
    )
    return [Withdrawal(source, json.loads(key), cents) for source, key, cents in rows]


def read_results(connection: sqlite3.Connection, models: Models) -> list[Result]:
    """The published tables of the analyses, in the order of the report."""
    present = {
        name for (name,) in connection.execute("select name from _results where kind = 'analysis'")
    }
    ordered = sorted(models.analyses, key=lambda model: (model.order, model.name))
    return [read_result(connection, model) for model in ordered if model.name in present]


def read_result(connection: sqlite3.Connection, model: Model) -> Result:
    """The published table of one analysis."""
    cursor = connection.execute(f"select * from {quoted(model.name)} order by rowid")
    return Result(model, tuple(column[0] for column in cursor.description), cursor.fetchall())


def _source_state(connection: sqlite3.Connection, name: str, open_rejects: int) -> SourceState:
    last = _dicts(
        connection,
        "select status, message, url from _deliveries where source = ? "
        "order by delivery_id desc limit 1",
        name,
    )
    good = _dicts(
        connection,
        "select max(fetched_at) as fetched_at, "
        "max(case when status = 'imported' then fetched_at end) as imported_at "
        "from _deliveries where source = ? and status in ('imported', 'skipped')",
        name,
    )[0]
    exists = connection.execute("select 1 from sqlite_schema where name = ?", (name,)).fetchone()
    rows = 0
    if exists:
        (rows,) = connection.execute(f"select count(*) from {quoted(name)}").fetchone()
    (withdrawn,) = connection.execute(
        f"select coalesce(sum(withdrawn), 0) from _deliveries where source = ? "
        f"and delivery_id in ({_NEWEST_IMPORTS})",
        (name,),
    ).fetchone()
    newest = last[0] if last else {"status": "", "message": "", "url": ""}
    return SourceState(
        source=name,
        rows=rows,
        url=newest["url"],
        imported_at=good["imported_at"] or "",
        fetched_at=good["fetched_at"] or "",
        last_status=newest["status"],
        last_message=newest["message"],
        open_rejects=open_rejects,
        withdrawn=withdrawn,
    )


def _dicts(connection: sqlite3.Connection, query: str, *values: Value) -> list[dict[str, Any]]:
    cursor = connection.execute(query, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
