"""Bring a mart of sums up to date by what was added, instead of reading all rows again.

A mart is one of sums if it is a table that groups one source, directly or through views that only
compute columns, and holds nothing but the columns it groups by, sums and counts. Where rows were
added to that source and nothing else happened, the sums are those before and those of the added
rows, together. Sums of other numbers than integers depend on their order and are made again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import __version__
from app.answers.models import Model, Models
from app.database.store import quoted
from app.rows.appending import added_table

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True)
class Since:
    """What happened to the sources since the marts were made: nothing, or rows were added."""

    unchanged: frozenset[str] = frozenset()
    grown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sums:
    """A mart of sums: the source whose rows it sums, the views between, what it groups by."""

    mart: Model
    source: str
    views: tuple[Model, ...]  # what others read comes first
    keys: tuple[str, ...]


def since(
    connection: sqlite3.Connection,
    models: Models,
    before: Mapping[str, int],
    versions: Mapping[str, int],
    grown: Collection[str],
) -> Since:
    """What happened to the sources, if the marts were made from them as they were `before`.

    `before` and `versions` are the sources' versions before and after the import, `grown` those to
    which it added rows and nothing else.
    """
    made = connection.execute("select value from _state where name = 'marts'").fetchone()
    if made != (_key(models, before),):
        return Since()
    unchanged = frozenset(name for name in versions if versions[name] == before.get(name))
    return Since(unchanged, frozenset(grown) - unchanged)


def remember(connection: sqlite3.Connection, models: Models, versions: Mapping[str, int]) -> None:
    """Note that the marts were made from these versions of the sources."""
    key = _key(models, versions)
    connection.execute("insert or replace into _state values ('marts', ?)", (key,))


def kept(connection: sqlite3.Connection, models: Models, since: Since) -> dict[str, Sums]:
    """The marts, by name, that are there and need not be made again."""
    marts = {mart.name: mart for mart in models.marts}
    rows = connection.execute("select name from sqlite_schema where type = 'table'")
    present = {name for (name,) in rows}
    tried = present if since.unchanged or since.grown else set()
    found = (_sums(mart, marts) for mart in models.marts if mart.name in tried)
    return {
        sums.mart.name: sums
        for sums in found
        if sums and sums.source in since.unchanged | since.grown
    }


def grow(connection: sqlite3.Connection, sums: Sums) -> bool:
    """Add what the source's added rows sum up to; False, and the mart as it was, if that fails."""
    mart, columns = f"main.{quoted(sums.mart.name)}", sums.mart.columns
    if not _whole(connection, sums.source):
        return False
    figures = [quoted(column) for column in columns if column not in sums.keys]
    listed = ", ".join(
        quoted(column) if column in sums.keys else f"sum({quoted(column)}) as {quoted(column)}"
        for column in columns
    )
    keys = ", ".join(map(quoted, sums.keys))
    with _only_added(connection, sums):
        connection.execute(
            f"create temp table _grown as select {listed} from "
            f"(select * from {mart} union all select * from ({sums.mart.sql})) group by {keys}"
        )
    inexact = " or ".join(f"typeof({figure}) not in ('integer', 'null')" for figure in figures)
    query = f"select 1 from temp._grown where {inexact or 0} limit 1"
    exact = connection.execute(query).fetchone() is None
    if exact:
        connection.execute(f"delete from {mart}")
        connection.execute(f"insert into {mart} select * from temp._grown")
    connection.execute("drop table temp._grown")
    return exact


def _key(models: Models, versions: Mapping[str, int]) -> str:
    files = [(mart.name, mart.sha256) for mart in models.marts]
    content = json.dumps([__version__, files, sorted(versions.items())])
    return hashlib.sha256(content.encode()).hexdigest()


def _whole(connection: sqlite3.Connection, source: str) -> bool:
    """Whether the added rows are there, with all columns of their table."""
    stored, added = (
        {name for (name,) in connection.execute("select name from pragma_table_info(?)", (table,))}
        for table in (source, added_table(source))
    )
    return stored == added


@contextmanager
def _only_added(connection: sqlite3.Connection, sums: Sums) -> Iterator[None]:
    """While inside, the source's name means its added rows, also to the views over it."""
    # a temporary view hides the table of its name
    shadows = [(sums.source, f"select * from temp.{quoted(added_table(sums.source))}")]
    shadows += [(view.name, view.sql) for view in sums.views]
    try:
        for name, sql in shadows:
            connection.execute(f"create temp view {quoted(name)} as {sql}")
        yield
    finally:
        for name, _ in reversed(shadows):
            connection.execute(f"drop view if exists temp.{quoted(name)}")


def _sums(mart: Model, marts: Mapping[str, Model]) -> Sums | None:
    from sqlglot import exp

    tree = _plain(mart)
    if tree is None or not mart.materialized or len(mart.reads) != 1:
        return None
    group = tree.args.get("group")
    grouped = group.expressions if group else []
    if not grouped or not all(isinstance(key, exp.Column) for key in grouped):
        return None
    keys = [item.name for item in tree.selects if isinstance(item, exp.Column)]
    figures = [item for item in tree.selects if not isinstance(item, exp.Column)]
    if sorted(keys) != sorted(key.name for key in grouped) or not all(map(_adds_up, figures)):
        return None
    views: list[Model] = []
    (below,) = mart.reads
    while below in marts:
        view = marts[below]
        inside = _plain(view)
        if inside is None or view.materialized or len(view.reads) != 1:
            return None
        if inside.args.get("group") or inside.find(exp.AggFunc):
            return None
        views.insert(0, view)
        (below,) = view.reads
    return Sums(mart, below, tuple(views), tuple(keys))


def _plain(model: Model) -> exp.Select | None:
    """The syntax tree, if each row of what it reads counts by itself: no joins, no subqueries."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(model.sql, read="sqlite")
    parts = {name for name, part in tree.args.items() if part}
    if not isinstance(tree, exp.Select) or parts - {"expressions", "from_", "where", "group"}:
        return None
    nested = sum(1 for _ in tree.find_all(exp.Query)) > 1
    return None if nested or tree.find(exp.Window) else tree


def _adds_up(item: exp.Expr) -> bool:
    """Whether a column is a sum or a count, so that those of two halves make that of the whole."""
    from sqlglot import exp

    figure = item.unalias()
    return isinstance(figure, exp.Sum | exp.Count) and not figure.find(exp.Distinct)
