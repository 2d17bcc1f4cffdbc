"""What Comptoir adds to Datasette: where it opens, the report, and figures with their units.

A module of Datasette's plugin hooks. What they need to know is the plugin's configuration in the
metadata, which `storage_page` writes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response

from app.answers.formats import shown
from app.records.values import Value
from app.report.reports import REPORT
from app.serving.report_files import published_run, read_file
from app.serving.storage_page import PLUGIN

AS_STORED = ("date", "text")  # formats whose values Datasette shows as they are
# The report needs nothing but itself; it says the same, where this header is not sent.
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """The addresses that Datasette does not have, or has otherwise."""
    return [(r"^/$", home), (r"^/report$", to_report), (r"^/report/(?P<name>[^/]*)$", report)]


@hookimpl
def menu_links(datasette: Any) -> list[dict[str, str]]:
    """The report, if there is one, in the head of every page."""
    if published_run(_results(datasette)) is None:
        return []
    return [{"href": datasette.urls.path("/report/"), "label": "Report"}]


@hookimpl
def extra_template_vars(
    template: str, database: str | None, datasette: Any
) -> Callable[[], Awaitable[dict[str, Any]]]:
    """For the database's page: the results by page of the report, and what run they are of."""

    async def variables() -> dict[str, Any]:
        if template != "database.html" or database is None:
            return {}
        published = await _published(datasette.get_database(database))
        pages = [
            (title, [(name, published[name][1]) for name in names])
            for title, listed in _configured(datasette).get("pages", [])
            if (names := [name for name in listed if name in published])
        ]
        return {
            "pages": pages,
            "marts": _configured(datasette).get("marts", []),
            "results_run": max((run for run, _ in published.values()), default=None),
            "report_run": published_run(_results(datasette)),
        }

    return variables


@hookimpl
def render_cell(value: Value, column: str, table: str | None, datasette: Any) -> str | None:
    """A figure with its unit, as its SQL file declares; None leaves the cell to Datasette."""
    kind = _configured(datasette).get("formats", {}).get(table, {}).get(column, "")
    if value is None or kind in ("", *AS_STORED):
        return None
    return shown(value, kind)


async def home(request: Any, datasette: Any) -> Any:
    """The database's page, or before the first run what to do."""
    for name in datasette.databases:
        if not name.startswith("_"):
            return Response.redirect(datasette.urls.database(name))
    page = {"metadata": datasette.metadata()}
    return Response.html(await datasette.render_template("index.html", page, request=request))


async def to_report(datasette: Any) -> Any:
    """The report's links are relative to its folder."""
    return Response.redirect(datasette.urls.path("/report/"))


async def report(request: Any, datasette: Any) -> Any:
    """The report, or a file beside it; 404 with a sentence for anything else."""
    folder, name = _results(datasette), request.url_vars["name"] or REPORT
    found = read_file(folder, name)
    if found:
        content, content_type = found
        policy = {"content-security-policy": REPORT_POLICY}
        return Response(content, headers=policy, content_type=content_type)
    page = {"there": published_run(folder) is not None, "name": name}
    html = await datasette.render_template("report_missing.html", page, request=request)
    return Response.html(html, status=404)


async def _published(database: Any) -> dict[str, tuple[int, int]]:
    """The run and the number of rows of each published result, by its name."""
    if "_results" not in await database.table_names():
        return {}
    rows = await database.execute(
        "select name, run_id, row_count from _results where kind = 'analysis'"
    )
    return {name: (run, count) for name, run, count in rows.rows}


def _configured(datasette: Any) -> dict[str, Any]:
    return datasette.plugin_config(PLUGIN) or {}


def _results(datasette: Any) -> Path:
    return Path(_configured(datasette)["results"])
