"""What the database's web page says about each table: Datasette's metadata, from the headers."""

from __future__ import annotations

from typing import Any

from app.answers.models import Model, Models
from app.project import Project

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
HIDDEN = ("_state", "_sqlite_migrations")


def describe(project: Project, models: Models, database: str) -> dict[str, Any]:
    """The metadata for the tables of `database`, which is Datasette's name for the file."""
    tables: dict[str, Any] = {name: {"hidden": True} for name in HIDDEN}
    for name, (title, description) in SYSTEM.items():
        tables[name] = {"title": title, "description": description}
    for source in project.sources.values():
        tables[source.name] = {
            "title": source.name.replace("_", " ").capitalize(),
            "description": source.description,
            "columns": {c.stored: c.description for c in source.columns if c.description},
        }
    for model in (*models.marts, *models.analyses):
        tables[model.name] = _table(model)
    return {
        "title": project.name,
        "description": "The shop's data and the answers drawn from it, read-only.",
        "databases": {database: {"tables": tables}},
    }


def _table(model: Model) -> dict[str, Any]:
    labels = {column: model.label(column) for column in model.columns}
    return {
        "title": model.title,
        "description": model.question or model.description,
        "columns": {column: label for column, label in labels.items() if label},
    }
