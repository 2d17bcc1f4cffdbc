"""Every table and column of a project with what it means: the content of the data dictionary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.answers.models import Model, Models
from app.database.calendar import COLUMNS
from app.documentation.dictionary import ADDED, BUILT_IN
from app.documentation.lineage import Lineage, stored_columns
from app.project import Project
from app.records.contract import Column, Source

UNITS = {"money": "euros", "percent": "share, 1 is 100 %"}
TYPES = {"money": "real", "percent": "real", "number": "real", "integer": "integer",
         "date": "date", "text": "text", "flag": "0 or 1"}  # fmt: skip


@dataclass(frozen=True)
class DescribedColumn:
    """One column: `origin` is its label in the file, or the columns it is computed from."""

    name: str
    type: str = ""
    unit: str = ""
    key: bool = False
    reference: str = ""
    origin: str = ""
    description: str = ""


@dataclass(frozen=True)
class DescribedTable:
    """One table or view; `kind` is source, calendar, mart, analysis or system."""

    name: str
    kind: str
    description: str
    columns: tuple[DescribedColumn, ...]


def describe(project: Project, models: Models, lineage: Lineage) -> list[DescribedTable]:
    """All tables of a project's database: sources first, then what is made of them."""
    tables = [_source(source) for source in project.sources.values()]
    tables.append(_built_in("calendar", "calendar"))
    meanings = {(t.name, c.name): c for t in tables for c in t.columns}
    for model in (*models.marts, *models.analyses):
        table = _model(model, project, lineage, meanings)
        tables.append(table)
        meanings |= {(table.name, column.name): column for column in table.columns}
    return tables + [_built_in(name, "system") for name in BUILT_IN if name.startswith("_")]


def undescribed(tables: list[DescribedTable]) -> Iterator[str]:
    """The tables and columns without a description, as `table` or `table.column`."""
    for table in tables:
        if not table.description:
            yield table.name
        for column in table.columns:
            if not column.description:
                yield f"{table.name}.{column.name}"


def _source(source: Source) -> DescribedTable:
    declared = {column.stored: column for column in source.columns}
    columns = []
    for name in stored_columns(source):
        column = declared.get(name)
        key = name in source.stored_key
        if column is None:
            columns.append(DescribedColumn(name, "integer", "", key, "", "", ADDED[name]))
        else:
            columns.append(_declared(name, column, key))
    return DescribedTable(source.name, "source", source.description, tuple(columns))


def _declared(name: str, column: Column, key: bool) -> DescribedColumn:
    origin = f"copied from {'.'.join(column.copy)}" if column.copy else f"“{column.label}”"
    return DescribedColumn(
        name=name,
        type=column.type + (", may be empty" if column.optional else ""),
        unit="cents" if column.type == "money" else "",
        key=key,
        reference=column.references,
        origin=origin,
        description=column.description,
    )


def _built_in(name: str, kind: str) -> DescribedTable:
    description, columns = BUILT_IN[name]
    types = dict(COLUMNS) if name == "calendar" else {}
    described = (
        DescribedColumn(column, types.get(column, ""), key=kind == "calendar" and column == "date",
                        description=told)
        for column, told in columns.items()
    )  # fmt: skip
    return DescribedTable(name, kind, description, tuple(described))


def _model(
    model: Model,
    project: Project,
    lineage: Lineage,
    meanings: dict[tuple[str, str], DescribedColumn],
) -> DescribedTable:
    columns = []
    for name, origins in lineage.origins[model.name].items():
        table, _, original = lineage.copied[model.name].get(name, "").partition(".")
        same = meanings.get((table, original))
        written = model.formats.get(name, "")
        kind = TYPES.get(written, "") or (same.type if same else "")
        unit = UNITS.get(written, "cents" if name.endswith("_cents") else "")
        described = project.glossary.get(name, "") or (same.description if same else "")
        columns.append(
            DescribedColumn(
                name=name,
                type=kind or ("integer" if unit == "cents" else ""),
                unit=unit or (same.unit if same else ""),
                origin=", ".join(sorted(origins)) or "the number of rows",
                description=described,
            )
        )
    about = " ".join(part for part in (model.question, model.description) if part)
    return DescribedTable(model.name, model.kind, about or model.title, tuple(columns))
