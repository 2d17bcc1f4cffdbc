"""The system tables, as the list of steps that made them: a database of any version opens.

A step is never changed once released; what changes is a further step.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from app.database import introspection
from app.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

_FIRST = """
create table _runs (
    run_id      integer primary key,
    verb        text not null,
    started_at  text not null,
    finished_at text not null,
    version     text not null,
    status      text not null check (status in ('published', 'unchanged', 'blocked')),
    exit_code   integer not null
) strict;

create table _deliveries (
    delivery_id  integer primary key,
    run_id       integer not null references _runs (run_id) deferrable initially deferred,
    source       text not null,
    status       text not null
                 check (status in ('imported', 'skipped', 'refused', 'not fetched')),
    origin       text not null check (origin in ('samples', 'own')),
    url          text not null,
    fetched_at   text,
    sha256       text,
    size         integer,
    etag         text,
    last_modified text,
    contract     text,
    refers_to    text,
    layout       text,
    message      text not null default '',
    read         integer,
    inserted     integer,
    known        integer,
    changed      integer,
    rejected     integer,
    blank        integer,
    withdrawn    integer,
    withdrawn_cents integer,
    rows_before  integer,
    rows_after   integer,
    check (status <> 'imported' or read is not null),
    check (status <> 'imported' or read = inserted + known + changed + rejected + blank),
    check (status <> 'imported' or rows_after = rows_before + inserted - withdrawn)
) strict;
create index _deliveries_by_source on _deliveries (source, delivery_id);

create table _rejects (
    reject_id    integer primary key,
    source       text not null,
    line         integer not null,
    code         text not null,
    "column"     text not null,
    value        text not null,
    message      text not null,
    raw          text not null,
    nth          integer not null,
    delivery_id  integer not null references _deliveries (delivery_id)
                 deferrable initially deferred,
    first_run    integer not null references _runs (run_id) deferrable initially deferred,
    resolved_run integer references _runs (run_id) deferrable initially deferred,
    resolution   text check (resolution in ('accepted', 'gone'))
) strict;
create index _rejects_open on _rejects (source) where resolved_run is null;

create table _changes (
    change_id    integer primary key,
    run_id       integer not null references _runs (run_id) deferrable initially deferred,
    delivery_id  integer not null references _deliveries (delivery_id)
                 deferrable initially deferred,
    source       text not null,
    kind         text not null check (kind in ('changed', 'withdrawn', 'gone', 'returned')),
    "key"        text not null,
    old          text not null,
    amount_cents integer
) strict;

create table _results (
    name         text primary key,
    run_id       integer not null references _runs (run_id) deferrable initially deferred,
    kind         text not null check (kind in ('mart', 'analysis')),
    position     integer not null,
    row_count    integer
) strict;

create table _checks (
    name         text primary key,
    run_id       integer not null references _runs (run_id) deferrable initially deferred,
    severity     text not null check (severity in ('error', 'warn')),
    title        text not null,
    row_count    integer not null,
    first_rows   text not null
) strict;

create table _state (
    name  text primary key,
    value text not null
) strict;
"""


def upgrade(connection: sqlite3.Connection) -> None:
    """Apply the steps this database has not seen, each in a transaction of its own.

    StoreError if it has seen steps that are unknown here.
    """
    _, newer = applied_steps(connection)
    if newer:
        raise StoreError(
            f"a newer version of Comptoir made this database (step {newer[0]!r})",
            hint="use that version, or restore a backup from before it",
            code="newer",
        )
    _steps().apply(introspection.database(connection))


def applied_steps(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
    """The steps that made this database: those known here, and those of a newer version.

    Both are empty for a database that Comptoir did not make.
    """
    steps = _steps()
    applied = [step.name for step in steps.applied(introspection.database(connection))]
    # whatever an empty database would still need is what this version knows
    with closing(sqlite3.connect(":memory:")) as empty:
        known = {step.name for step in steps.pending(introspection.database(empty))}
    return [n for n in applied if n in known], [n for n in applied if n not in known]


def _steps() -> Migrations:
    steps = introspection.migrations("comptoir")

    @steps()
    def first(db: Database) -> None:
        for statement in _FIRST.split(";\n"):
            if statement.strip():
                db.conn.execute(statement)

    @steps()
    def remember_how_a_delivery_was_read(db: Database) -> None:
        db.conn.execute("alter table _deliveries rename column layout to reading")

    @steps()
    def keep_rejects_without_their_line_end(db: Database) -> None:
        db.conn.execute("update _rejects set raw = rtrim(raw, char(13, 10))")

    @steps()
    def tell_how_old_each_source_is(db: Database) -> None:
        db.conn.execute(
            "create table _sources (source text primary key, fetched_at text, "
            "age_minutes integer, fresh_minutes integer) strict"
        )

    return steps
