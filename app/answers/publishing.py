"""From the source tables to the published results: calendar, marts, analyses, checks.

`publish` works inside the caller's transaction. What it makes sits in a savepoint that is undone
alone when a blocking check finds rows: then the last good results stay as they were.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from app import __version__
from app.answers import growing
from app.answers.models import Model, Models
from app.database.calendar import COLUMNS, calendar_rows
from app.database.schema import create_missing
from app.database.store import quoted, savepoint
from app.errors import CheckError, SqlFileError
from app.progress import Step
from app.records.contract import Source
from app.records.values import DEFAULT_FORMATS

SYSTEM_TABLES = (
    "_runs", "_deliveries", "_rejects", "_changes", "_results", "_checks", "_sources", "_state",
)  # fmt: skip
SHOWN_ROWS = 100


@dataclass(frozen=True)
class CheckResult:
    """What a check found: the number of rows that should not exist, and the first of them."""

    name: str
    severity: str
    title: str
    row_count: int
    first_rows: tuple[Mapping[str, Any], ...]

    @property
    def blocks(self) -> bool:
        return self.severity == "error" and self.row_count > 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def known_tables(sources: Mapping[str, Source]) -> list[str]:
    """The names that SQL files may read besides each other."""
    return [*sources, "calendar", *SYSTEM_TABLES]


def rehearse(sources: Mapping[str, Source], models: Models) -> None:
    """Prepare every SQL file on an empty database; SqlFileError for what could not run."""
    from app.database.migrations import upgrade

    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        upgrade(connection)
        create_missing(connection, sources)
        _create_calendar(connection)
        for model in (*models.marts, *models.analyses):
            _create(connection, model)
        for model in models.checks:
            _rows(connection, model)
    finally:
        connection.close()


def inputs_key(
    connection: sqlite3.Connection,
    models: Models,
    versions: Mapping[str, int],
    stale: Collection[str],
) -> str:
    """A SHA-256 that changes whenever the results could: data, calendar, SQL files, program.

    `stale` are the sources that are not fresh. Where a SQL file reads system tables, the data
    includes how far these have grown.
    """
    span = connection.execute(
        "select min(date), max(date), sum(is_complete) from calendar"
    ).fetchone()
    files = [
        (model.kind, model.name, model.sha256)
        for model in (*models.marts, *models.analyses, *models.checks)
    ]
    read = {name for m in (*models.marts, *models.analyses, *models.checks) for name in m.reads}
    system = [_growth(connection, name) for name in SYSTEM_TABLES if name in read]
    content = json.dumps([__version__, span, sorted(versions.items()), files, system, list(stale)])
    return hashlib.sha256(content.encode()).hexdigest()


def refresh_calendar(
    connection: sqlite3.Connection, sources: Mapping[str, Source], fetched_at: Iterable[str]
) -> None:
    """Make `calendar` cover the days of the data; untouched if it does already.

    `fetched_at` are the times of the sources' deliveries. A day is complete if it had ended
    before the earliest of them.
    """
    _create_calendar(connection)
    days = [d for name, column in _dated(sources) for d in _range(connection, name, column)]
    fetched = min(fetched_at, default="")
    if not days or not fetched:
        connection.execute("delete from calendar")
        return
    complete = date.fromisoformat(fetched[:10]) - timedelta(days=1)
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    wanted = (min(days), max(days), max(0, min((complete - first).days, (last - first).days) + 1))
    present = connection.execute("select min(date), max(date), sum(is_complete) from calendar")
    if present.fetchone() == wanted:
        return
    connection.execute("delete from calendar")
    places = ", ".join("?" * len(COLUMNS))
    connection.executemany(
        f"insert into calendar values ({places})", calendar_rows(first, last, complete)
    )


def publish(
    connection: sqlite3.Connection,
    models: Models,
    run_id: int,
    step: Step,
    versions: Mapping[str, int],
    since: growing.Since = growing.Since(),  # noqa: B008 - it never changes
) -> list[CheckResult]:
    """Replace marts and results by those of the present data, if no blocking check objects.

    `versions` are those of the sources; marts that `since` allows are kept, or grow. Returns every
    check's result, which is also stored; a CheckResult that `blocks` means that nothing was
    published. `step` goes on with each SQL file.
    """
    results: list[CheckResult] = []
    _create_calendar(connection)
    try:
        with savepoint(connection, "results"):
            kept = growing.kept(connection, models, since)
            _drop_published(connection, kept)
            made = (*models.marts, *models.analyses)
            for position, model in enumerate(step.each(made, lambda model: model.name)):
                sums = kept.get(model.name)
                current = sums is not None and _is_current(connection, sums, since)
                rows = _count(connection, model) if current else _create(connection, model)
                _fit_chart(connection, model)
                connection.execute(
                    "insert into _results values (?, ?, ?, ?, ?)",
                    (model.name, run_id, model.kind, position, rows),
                )
            results = [
                check(connection, model)
                for model in step.each(models.checks, lambda model: model.name)
            ]
            _undo_if_blocked(results)
            growing.remember(connection, models, versions)
    except CheckError:
        pass  # undone up to the savepoint; the caller tells from the results
    connection.execute("delete from _checks")
    connection.executemany(
        "insert into _checks values (?, ?, ?, ?, ?, ?)",
        [
            (r.name, run_id, r.severity, r.title, r.row_count, json.dumps(r.first_rows))
            for r in results
        ],
    )
    return results


def check(connection: sqlite3.Connection, model: Model) -> CheckResult:
    """Run one check on the present tables."""
    names, rows = _rows(connection, model)
    shown = tuple(dict(zip(names, row, strict=True)) for row in rows[:SHOWN_ROWS])
    return CheckResult(model.name, model.severity, model.title or model.name, len(rows), shown)


def recorded_checks(connection: sqlite3.Connection) -> list[CheckResult]:
    """The checks' results as the last run that had to publish found them."""
    rows = connection.execute(
        "select name, severity, title, row_count, first_rows from _checks order by name"
    )
    return [
        CheckResult(name, severity, title, count, tuple(json.loads(first)))
        for name, severity, title, count, first in rows
    ]


def _undo_if_blocked(results: list[CheckResult]) -> None:
    if any(result.blocks for result in results):
        raise CheckError("a blocking check found rows that should not exist")


def _drop_published(connection: sqlite3.Connection, kept: Collection[str]) -> None:
    rows = connection.execute(
        "select r.name, s.type from _results r join sqlite_schema s on s.name = r.name"
    ).fetchall()
    for name, kind in rows:
        if name not in kept:
            connection.execute(f"drop {kind} {quoted(name)}")
    connection.execute("delete from _results")


def _is_current(connection: sqlite3.Connection, sums: growing.Sums, since: growing.Since) -> bool:
    """Bring a mart that was kept up to date; if it cannot be, it is gone."""
    with _naming(sums.mart):
        if sums.source in since.unchanged or growing.grow(connection, sums):
            return True
    connection.execute(f"drop table {quoted(sums.mart.name)}")
    return False


def _create(connection: sqlite3.Connection, model: Model) -> int | None:
    """Make the view or table of a mart or an analysis; the number of rows of a table."""
    kind = "view" if model.kind == "mart" and not model.materialized else "table"
    with _naming(model):
        connection.execute(f"create {kind} {quoted(model.name)} as {model.sql}")
        if kind == "view":
            # a view is only compiled when it is read
            connection.execute(f"select * from {quoted(model.name)} limit 0")
            return None
        return _count(connection, model)


def _count(connection: sqlite3.Connection, model: Model) -> int:
    (count,) = connection.execute(f"select count(*) from {quoted(model.name)}").fetchone()
    return int(count)


def _fit_chart(connection: sqlite3.Connection, model: Model) -> None:
    """SqlFileError if the result holds text where its chart needs numbers."""
    if not model.chart:
        return

    def is_text(column: str) -> bool:
        found = connection.execute(
            f"select 1 from {quoted(model.name)} where typeof({quoted(column)}) = 'text' limit 1"
        )
        return found.fetchone() is not None

    column = model.chart.misfit(is_text)
    if column:
        raise SqlFileError(
            f"the chart needs numbers, and '{column}' holds text",
            where=f"sql/analyses/{model.path.name}",
            hint=f"give the {model.chart.mark} another column, or take the chart line out",
            code="sql-chart",
        )


def _rows(connection: sqlite3.Connection, model: Model) -> tuple[list[str], list[tuple[Any, ...]]]:
    with _naming(model):
        cursor = connection.execute(model.sql)
        names = [column[0] for column in cursor.description]
        return names, cursor.fetchall()


class _naming:  # noqa: N801 - reads as a statement
    """Errors of SQLite that the SQL file caused become a SqlFileError that names it."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        mistakes = ("SQLITE_ERROR", "SQLITE_MISMATCH", "SQLITE_TOOBIG")
        if isinstance(error, sqlite3.Error) and error.sqlite_errorname in mistakes:
            folder = self._model.path.parent
            raise SqlFileError(
                f"SQLite says: {error}",
                where=f"{folder.parent.name}/{folder.name}/{self._model.path.name}",
                hint="correct the file and run again; nothing was changed",
            ) from None


def _growth(connection: sqlite3.Connection, system_table: str) -> tuple[Any, ...]:
    """What differs once rows were added to a system table, or its rejects resolved."""
    resolved = "count(resolved_run)" if system_table == "_rejects" else "0"
    rows = connection.execute(f"select count(*), {resolved} from {quoted(system_table)}")
    return tuple(rows.fetchone())


def _create_calendar(connection: sqlite3.Connection) -> None:
    columns = ", ".join(f"{name} {kind} not null" for name, kind in COLUMNS)
    connection.execute(
        f"create table if not exists calendar ({columns}, primary key (date)) strict, without rowid"
    )


def _dated(sources: Mapping[str, Source]) -> list[tuple[str, str]]:
    """The (source, column) pairs whose days the calendar covers.

    Those that deliveries cover by day, or else every date column: a birthday does not make
    the calendar of a shop a century long.
    """
    covered = [(s.name, s.covers.column) for s in sources.values() if s.covers.kind == "days_of"]
    return covered or [
        (source.name, column.stored)
        for source in sources.values()
        for column in source.columns
        if column.type in DEFAULT_FORMATS
    ]


def _range(connection: sqlite3.Connection, table: str, column: str) -> list[str]:
    name = quoted(column)
    # each of the two reads one entry of an index; asked for together they read the whole table
    ends = [f"select substr({end}({name}), 1, 10) from {quoted(table)}" for end in ("min", "max")]
    found = [connection.execute(query).fetchone()[0] for query in ends]
    return [day for day in found if day is not None]
