"""The tables of the sources: made from the contract, and carried over when it changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from app.database import introspection
from app.database.store import quoted, transaction
from app.errors import ProjectError
from app.records.contract import Column, Source
from app.records.values import TYPES


def table_ddl(source: Source, sources: Mapping[str, Source], name: str = "") -> str:
    """The `create table` statement of a source's table, under `name` if given.

    STRICT and WITHOUT ROWID: the table is its primary key's tree, so rows of a day lie together.
    """
    lines = [_column_ddl(column, sources) for column in source.read_columns]
    if source.repeats:
        lines.append('"occurrence" integer not null check ("occurrence" >= 1)')
    lines += [_column_ddl(column, sources) for column in source.copied_columns]
    if source.referenced_by:
        lines.append('"gone" integer not null default 0 check ("gone" in (0, 1))')
    lines.append(f"primary key ({', '.join(map(quoted, source.stored_key))})")
    body = ",\n    ".join(lines)
    return f"create table {quoted(name or source.name)} (\n    {body}\n) strict, without rowid"


def _column_ddl(column: Column, sources: Mapping[str, Source]) -> str:
    kind = TYPES[column.type]
    text = f"{quoted(column.stored)} {kind.sqlite}"
    if not column.optional:
        text += " not null"
    if kind.check:
        text += f" check ({kind.check.format(quoted(column.stored))})"
    if column.references:
        (key,) = sources[column.references].stored_key
        text += f" references {quoted(column.references)} ({quoted(key)})"
    return text


def create_missing(connection: sqlite3.Connection, sources: Mapping[str, Source]) -> None:
    """Create the tables that do not exist; `sources` in an order in which references lead back."""
    present = _declared(connection)
    for source in sources.values():
        if source.name not in present:
            connection.execute(table_ddl(source, sources))


def migrate(connection: sqlite3.Connection, sources: Mapping[str, Source]) -> list[str]:
    """Carry stored tables over to changed contracts; what was done, one phrase each.

    An additive change (a column added, a column made optional, or required where no null is
    stored) rebuilds the table with its rows. ProjectError for any other, before anything changes.
    """
    present = _declared(connection)
    _demand_referrers(connection, sources, present)
    outdated = [
        source
        for source in sources.values()
        if source.name in present and present[source.name] != _normal(table_ddl(source, sources))
    ]
    plans = [(source, _carried_over(connection, source)) for source in outdated]
    for source, shared in plans:
        _rebuild(connection, source, sources, shared)
    return [f"table {source.name} migrated to its changed contract" for source in outdated]


def _demand_referrers(
    connection: sqlite3.Connection, sources: Mapping[str, Source], present: Mapping[str, str]
) -> None:
    """ProjectError if a stored table that nobody brings up to date any more refers to a source."""
    for name in sorted(present.keys() - sources.keys()):
        rows = connection.execute('select "table" from pragma_foreign_key_list(?)', (name,))
        for target in sorted({target for (target,) in rows} & sources.keys()):
            raise ProjectError(
                f"the stored table {name!r} refers to {target!r}, "
                f"but the source {name!r} is not declared any more",
                where=f"source {target}",
                hint=f"declare {name!r} again, or begin a fresh database with "
                "`python -m app reset`",
                code="contract",
            )


def _declared(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("select name, sql from sqlite_schema where type = 'table'")
    return {name: _normal(sql) for name, sql in rows}


def _normal(sql: str) -> str:
    # SQLite keeps the statement as it was written, but for its first two words
    return " ".join(sql.lower().split())


def _carried_over(connection: sqlite3.Connection, source: Source) -> list[str]:
    """The columns that old and new table share; ProjectError if the rows cannot be carried over."""
    table = introspection.database(connection).table(source.name)
    old = {column.name: column.type.lower() for column in table.columns}
    if not table.count:
        return []
    new = {column.stored: TYPES[column.type].sqlite for column in source.columns}
    system = {"occurrence", "gone"}
    problems = [
        f"column {name} changed from {old[name]} to {new[name]}"
        for name in new
        if name in old and old[name] != new[name]
    ]
    problems += [f"column {name} was taken out" for name in old if name not in {*new, *system}]
    if tuple(table.pks) != source.stored_key:
        before, after = ", ".join(table.pks), ", ".join(source.stored_key)
        problems.append(f"the key changed from {before} to {after}")
    for column in source.columns:
        if column.optional:
            continue
        if column.stored not in old:
            problems.append(f"the new column {column.name} is required, stored rows have no value")
        elif nulls := table.count_where(f"{quoted(column.stored)} is null"):
            problems.append(f"column {column.name} became required, {nulls} stored rows are empty")
    if problems:
        raise ProjectError(
            f"the stored table does not fit the changed contract: {'; '.join(problems)}",
            where=f"source {source.name}",
            hint="declare a new column `optional = true`, or begin a fresh database with "
            "`python -m app reset`",
            code="contract",
        )
    kept = {*new, *(["occurrence"] if source.repeats else [])}
    return [name for name in old if name in kept or (name == "gone" and source.referenced_by)]


def _rebuild(
    connection: sqlite3.Connection, source: Source, sources: Mapping[str, Source], shared: list[str]
) -> None:
    # https://sqlite.org/lang_altertable.html#otheralter: foreign keys off, copy, drop, rename
    connection.execute("pragma foreign_keys = off")
    connection.execute("pragma legacy_alter_table = on")
    try:
        with transaction(connection):
            temporary = f"_new_{source.name}"
            connection.execute(table_ddl(source, sources, temporary))
            if shared:
                names = ", ".join(map(quoted, shared))
                connection.execute(
                    f"insert into {quoted(temporary)} ({names}) "
                    f"select {names} from {quoted(source.name)}"
                )
            connection.execute(f"drop table {quoted(source.name)}")
            connection.execute(f"alter table {quoted(temporary)} rename to {quoted(source.name)}")
            if connection.execute("pragma foreign_key_check").fetchone():
                raise ProjectError(
                    "stored rows refer to values that do not exist under the changed contract",
                    where=f"source {source.name}",
                    hint="begin again with `python -m app reset`",
                )
    finally:
        connection.execute("pragma legacy_alter_table = off")
        connection.execute("pragma foreign_keys = on")
