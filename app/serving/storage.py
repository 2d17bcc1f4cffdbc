"""The storage service: the database's web page, which may start before there is a database.

Datasette opens the file read-only, when it is first there, and sees each later run by itself. It
never reads the file by other means than SQLite. Run as `python -m app.serving.storage`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.errors import ComptoirError
from app.pipeline import load_models
from app.project import DATABASE, PROJECT_FILE, RESULTS, find_project, load_project
from app.serving.storage_page import PLUGIN, describe, sortable

PORT = 8001
HERE = Path(__file__).parent
SETTINGS = {
    "sql_time_limit_ms": 2_000,
    "max_returned_rows": 5_000,
    "default_cache_ttl": 0,  # a new run shows at once
    "allow_download": False,  # would read the live file past SQLite; `backup` makes a copy
}
LEFTOVER_SECONDS = 24 * 3600
# Nothing is loaded from elsewhere or sent there. Datasette's own scripts stand in its pages.
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

ASGI = Callable[[Any, Any, Any], Awaitable[None]]


class Titles:
    """Datasette's metadata for a project, kept up to date while its files are edited."""

    def __init__(self, folder: Path, database: str) -> None:
        results = folder / (os.environ.get("COMPTOIR_RESULTS") or RESULTS)
        own = {PLUGIN: {"results": str(results)}}
        self.metadata: dict[str, Any] = {"title": "Comptoir", "plugins": own}
        self._folder = folder
        self._database = database
        self._seen: list[tuple[str, int]] = []
        self._fresh = self.metadata.copy()
        self._schema = -1

    def refresh(self) -> None:
        """Read the headers again if a file has changed; the last good ones stay otherwise."""
        files = [self._folder / PROJECT_FILE, *sorted(self._folder.glob("sql/*/*.sql"))]
        seen = [(str(path), path.stat().st_mtime_ns) for path in files if path.exists()]
        if seen == self._seen:
            return
        self._seen = seen
        try:
            project = load_project(self._folder)
            fresh = describe(project, load_models(project), self._database)
        except ComptoirError as error:
            print(f"the page keeps its titles: {error}", file=sys.stderr, flush=True)
        else:
            self._fresh = fresh
            self._schema = -1
            self.metadata.update(fresh)

    async def fit(self, opened: Any) -> None:
        """Leave out the orders by columns that the tables do not have, or not before the next run.

        `opened` is Datasette's Database. Datasette shows an error instead of such a table.
        """
        version = (await opened.execute("pragma schema_version")).first()[0]
        if version == self._schema:
            return
        found = await opened.execute(
            "select t.name, c.name from sqlite_schema as t, pragma_table_info(t.name) as c"
        )
        self.metadata.update(sortable(self._fresh, self._database, set(map(tuple, found.rows))))
        self._schema = version


def page(database: Path, titles: Titles) -> ASGI:
    """The web application for `database`, which is looked for until it is there."""
    from datasette.app import Datasette
    from datasette.database import Database
    from datasette.plugins import pm

    from app.serving import plugin

    class ReadOnly(Database):  # type: ignore[misc]  # Datasette has no types
        def connect(self, write: bool = False) -> sqlite3.Connection:
            assert not write
            connection: sqlite3.Connection = super().connect()
            connection.execute("pragma query_only = on")
            connection.execute("pragma trusted_schema = off")
            return connection

    if not pm.is_registered(plugin):
        pm.register(plugin, name=PLUGIN)
    datasette = Datasette(
        [],
        metadata=titles.metadata,
        settings=SETTINGS,
        template_dir=str(HERE / "templates"),
        static_mounts=[("-/comptoir", str(HERE / "static"))],
    )
    datasette.remove_database("_memory")
    serve: ASGI = datasette.app()
    name = database.stem

    async def look_and_serve(scope: Any, receive: Any, send: Any) -> None:
        titles.refresh()
        if name not in datasette.databases and database.exists():
            # never as immutable, which would not see what a run writes
            found = ReadOnly(datasette, path=str(database), is_mutable=True)
            datasette.add_database(found, name=name)
        if scope["type"] == "http" and name in datasette.databases:
            with suppress(sqlite3.Error):  # which the page itself then tells
                await titles.fit(datasette.get_database(name))
        await serve(scope, receive, _with_headers(send))

    return look_and_serve


def _with_headers(send: Any) -> Any:
    """`send` with the HEADERS that an answer does not set itself."""

    async def send_with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", [])}
            own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            headers = [header for header in own if header[0] not in given]
            message = {**message, "headers": [*message.get("headers", []), *headers]}
        await send(message)

    return send_with_headers


def find_database(folder: Path) -> Path:
    """The database of the project in `folder`, also while its project file is wrong."""
    try:
        return load_project(folder).database
    except ComptoirError:
        return folder / (os.environ.get("COMPTOIR_DB") or DATABASE)


def main() -> None:
    """Serve the page until SIGTERM."""
    import uvicorn

    folder = find_project(Path.cwd())
    database = find_database(folder)
    host = os.environ.get("COMPTOIR_HOST") or "127.0.0.1"
    port = int(os.environ.get("COMPTOIR_PORT") or PORT)
    _tidy(Path(os.environ.get("TMPDIR", "")))
    print(f"serving {database} on port {port}", flush=True)
    uvicorn.run(
        page(database, Titles(folder, database.stem)),
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )


def _tidy(folder: Path) -> None:
    """Make the folder of temporary files, and drop what killed processes left there."""
    if not folder.is_absolute():
        return
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if time.time() - path.lstat().st_mtime < LEFTOVER_SECONDS:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
