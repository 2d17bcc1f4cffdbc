"""What the database's web page says about each table: Datasette's metadata, from the headers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from app.answers.models import Model, Models
from app.project import Project
from app.serving.sort_orders import sort_order

SYSTEM = {
    "_runs": ("Runs", "Every run: when, which version, how it ended."),
    "_deliveries": ("Deliveries", "What became of each source in each run, in records and rows."),
    "_rejects": ("Rejects", "Records that break their contract: line, column, reason, text."),
    "_changes": ("Changes", "The old values of rows that were changed or withdrawn."),
    "_results": ("Results", "The published views and tables, and the run they are of."),
    "_checks": ("Checks", "What each check found when it last ran."),
    "_sources": ("Sources", "How old each source was in the last run."),
    "calendar": ("Calendar", "One row for each day of the data, with its week, month and year."),
}
NEWEST_FIRST = {
    "_runs": "run_id", "_deliveries": "delivery_id", "_rejects": "reject_id",
    "_changes": "change_id",
}  # fmt: skip
HIDDEN = ("_state", "_sqlite_migrations")
PLUGIN = "comptoir"  # the name of Comptoir's own part of the metadata
ASK = "ask_"  # a ready query needs another name than the table it makes, or it would hide it
UNITS = {
    "money": "in euros",
    "percent": "a share of 1, shown in percent",
    "weekday": "1 is Monday",
    "flag": "1 is yes, 0 is no",
}


def describe(project: Project, models: Models, database: str) -> dict[str, Any]:
    """The metadata for the tables of `database`, which is Datasette's name for the file."""
    tables: dict[str, Any] = {name: {"hidden": True} for name in HIDDEN}
    for name, (title, description) in SYSTEM.items():
        tables[name] = {"title": title, "description": description}
        if name.startswith("_"):
            tables[name]["hidden"] = True
    for name, key in NEWEST_FIRST.items():
        tables[name]["sort_desc"] = key
    for source in project.sources.values():
        tables[source.name] = {
            "title": source.name.replace("_", " ").capitalize(),
            "description": source.description,
            "columns": _with_units({c.stored: c.description for c in source.columns}, {}),
        }
    for model in (*models.marts, *models.analyses):
        tables[model.name] = _table(model, project.glossary)
    about = "The shop's data and the answers drawn from it, read-only."
    named = {"title": project.name, "description": about}
    ready = {f"{ASK}{model.name}": _query(model) for model in models.analyses}
    queries = {name: query for name, query in ready.items() if name not in tables}
    return {
        **named,
        "databases": {database: {**named, "tables": tables, "queries": queries}},
        "plugins": {
            PLUGIN: {
                "results": str(project.results),
                "pages": _pages(models),
                "marts": [model.name for model in models.marts],
                "formats": {
                    model.name: dict(model.formats) for model in (*models.marts, *models.analyses)
                },
            }
        },
    }


def sortable(
    metadata: Mapping[str, Any], database: str, columns: Collection[tuple[str, str]]
) -> dict[str, Any]:
    """`metadata` without orders by columns that are not among `columns`, of table and name."""
    described = metadata.get("databases", {}).get(database, {})
    tables = {
        name: {
            key: value
            for key, value in told.items()
            if key not in ("sort", "sort_desc") or (name, value) in columns
        }
        for name, told in described.get("tables", {}).items()
    }
    return {**metadata, "databases": {database: {**described, "tables": tables}}}


def _pages(models: Models) -> list[tuple[str, list[str]]]:
    """The titles of the report's pages in their order, each with the names of its results."""
    pages: dict[str, list[str]] = {}
    for model in sorted(models.analyses, key=lambda model: (model.order, model.name)):
        pages.setdefault(model.page, []).append(model.name)
    return list(pages.items())


def _query(model: Model) -> dict[str, Any]:
    return {
        "sql": model.sql,
        "title": model.title,
        "description": model.question or model.description,
    }


def _table(model: Model, glossary: Mapping[str, str]) -> dict[str, Any]:
    meanings = {column: model.label(column) or glossary.get(column, "") for column in model.columns}
    table: dict[str, Any] = {
        "title": model.title,
        "description": model.question or model.description,
        "columns": _with_units(meanings, model.formats),
    }
    order = sort_order(model) if model.kind == "analysis" else None
    if order:
        column, descending = order
        table["sort_desc" if descending else "sort"] = column
    return table


def _with_units(meanings: Mapping[str, str], formats: Mapping[str, str]) -> dict[str, str]:
    """What the columns mean and in which unit, for those of which either is known."""
    told = {}
    for column, meaning in meanings.items():
        unit = UNITS.get(formats.get(column, ""), "")
        if column.endswith("_cents"):
            unit = "in cents"
        if meaning or unit:
            told[column] = f"{meaning} ({unit})" if meaning and unit else meaning or unit
    return told
