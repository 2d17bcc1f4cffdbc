"""Where each column of a result comes from, followed through the SQL files to the sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.answers.models import Models
from app.database.calendar import COLUMNS
from app.records.contract import Source

if TYPE_CHECKING:
    from sqlglot import exp

Columns = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Lineage:
    """For every mart and analysis, its columns in order.

    `direct` gives the columns they are computed from, as 'table.column' of what the file reads;
    `origins` the same followed back to the tables of sources and the calendar. `copied` are the
    columns that are one other column unchanged. A count of rows comes from no column.
    """

    direct: Mapping[str, Columns]
    origins: Mapping[str, Columns]
    copied: Mapping[str, Mapping[str, str]]


def stored_columns(source: Source) -> list[str]:
    """The columns of a source's table in the database, in order."""
    names = [column.stored for column in source.read_columns]
    names += ["occurrence"] if source.repeats else []
    names += [column.stored for column in source.copied_columns]
    return names + (["gone"] if source.referenced_by else [])


def trace(sources: Mapping[str, Source], models: Models) -> Lineage:
    """The lineage of every mart and analysis of a project."""
    from sqlglot import exp, parse_one
    from sqlglot.lineage import lineage
    from sqlglot.optimizer import build_scope
    from sqlglot.optimizer.qualify import qualify

    schema: dict[str, object] = {
        name: dict.fromkeys(stored_columns(source), "text") for name, source in sources.items()
    }
    schema["calendar"] = dict(COLUMNS)
    schema |= _system_columns()
    direct: dict[str, dict[str, frozenset[str]]] = {}
    origins: dict[str, dict[str, frozenset[str]]] = {}
    copied: dict[str, dict[str, str]] = {}
    for model in (*models.marts, *models.analyses):
        parsed = parse_one(model.sql, read="sqlite")
        tree = qualify(parsed, schema=schema, dialect="sqlite", quote_identifiers=False)
        assert isinstance(tree, exp.Query)
        scope = build_scope(tree)
        names = [column.output_name for column in tree.selects]
        schema[model.name] = dict.fromkeys(names, "text")
        direct[model.name], origins[model.name], copied[model.name] = {}, {}, {}
        for name in names:
            node = lineage(name, tree, schema=schema, scope=scope, dialect="sqlite")
            leaves = [leaf for leaf in node.walk() if not leaf.downstream and _table(leaf)]
            found = frozenset(f"{_table(leaf)}.{leaf.name.split('.')[-1]}" for leaf in leaves)
            direct[model.name][name] = found
            followed = [_followed(column, origins) for column in found]
            origins[model.name][name] = frozenset().union(*followed)
            if len(found) == 1 and all(_unchanged(each.expression) for each in node.walk()):
                (copied[model.name][name],) = found
    return Lineage(direct, origins, copied)


def _system_columns() -> dict[str, dict[str, str]]:
    from app.documentation.dictionary import BUILT_IN

    return {
        table: dict.fromkeys(columns, "text")
        for table, (_, columns) in BUILT_IN.items()
        if table.startswith("_")
    }


def _table(leaf: Any) -> str:
    """The table that a leaf of the lineage reads from; '' for a literal."""
    from sqlglot import exp

    return leaf.expression.name if isinstance(leaf.expression, exp.Table) else ""


def _followed(column: str, origins: Mapping[str, Columns]) -> frozenset[str]:
    table, _, name = column.partition(".")
    if table in origins:
        return origins[table].get(name, frozenset())
    return frozenset({column})


def _unchanged(expression: exp.Expr) -> bool:
    """Whether this step of the lineage hands a column on as it is."""
    from sqlglot import exp

    inner = expression.unalias()
    return isinstance(inner, exp.Column | exp.Table)
