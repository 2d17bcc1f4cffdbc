"""How the sources of a project refer to each other: their order, copied columns, amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from app.declared.values import Values
from app.records.contract import Column, Source


class Links(Values):
    """Checks and completes contracts by what the other sources declare."""

    def linked(self, sources: dict[str, Source]) -> dict[str, Source]:
        """The sources in import order, with what needs the other sources to be known."""
        for source in sources.values():
            for column in source.columns:
                if column.references:
                    self.reference(source, column, sources)
        graph = {source.name: source.refers_to for source in sources.values()}
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            names = " -> ".join(error.args[1])
            self.fail("sources", f"the references form a circle: {names}", "references without one")
        linked: dict[str, Source] = {}
        for name in order:
            source = sources[name]
            columns = tuple(self.typed(source, column, linked) for column in source.columns)
            for column in columns:
                if column.stored != column.name and column.stored in {c.name for c in columns}:
                    found = f"money is stored as {column.stored!r}, like another column"
                    where = f"sources.{name}.columns.{column.name}"
                    self.fail(where, found, "another name")
            referrers = tuple(
                (other.name, column.stored)
                for other in sources.values()
                for column in other.columns
                if column.references == name
            )
            linked[name] = replace(source, columns=columns, referenced_by=referrers)
            self.amount(linked[name])
        return linked

    def amount(self, source: Source) -> None:
        kinds = sorted(source.column(name).type for name in source.amount)
        if kinds and (kinds.count("money") != 1 or set(kinds) - {"money", "integer"}):
            self.fail(
                f"sources.{source.name}.amount",
                f"found columns of type {', '.join(kinds)}",
                "one column of money, and integers to multiply it with",
            )

    def reference(self, source: Source, column: Column, sources: Mapping[str, Source]) -> None:
        where = f"sources.{source.name}.columns.{column.name}.references"
        target = sources.get(column.references)
        if target is None:
            self.fail(where, f"found {column.references!r}", "a source", sources)
        if len(target.key) != 1 or target.repeats:
            self.fail(where, f"{target.name!r} has no key of one column", "a source with one")
        kind = target.column(target.key[0]).type
        if kind != column.type:
            self.fail(where, f"{column.type!r} refers to a key of type {kind!r}", "the same type")

    def typed(self, source: Source, column: Column, linked: Mapping[str, Source]) -> Column:
        """A copied column with the type of what it copies."""
        if column.copy is None:
            return column
        where = f"sources.{source.name}.columns.{column.name}.copy"
        table, name = column.copy
        links = [c for c in source.columns if c.references == table]
        if len(links) != 1:
            self.fail(where, f"{len(links)} columns refer to {table!r}", "exactly one")
        target = linked[table]
        if name not in {c.name for c in target.columns}:
            names = [c.name for c in target.columns]
            self.fail(
                where, f"source {table!r} has no column {name!r}", "one of its columns", names
            )
        copied = target.column(name)
        return replace(column, type=copied.type, copy=(table, copied.stored))
