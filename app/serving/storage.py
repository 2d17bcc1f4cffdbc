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
from pathlib import Path
from typing import Any

from app.errors import ComptoirError
from app.pipeline import load_models
from app.project import DATABASE, PROJECT_FILE, find_project, load_project
from app.serving.storage_page import describe

PORT = 8001
SETTINGS = {
    "sql_time_limit_ms": 2_000,
    "max_returned_rows": 5_000,
    "default_cache_ttl": 0,  # a new run shows at once
    "allow_download": False,  # would read the live file past SQLite; `backup` makes a copy
}
LEFTOVER_SECONDS = 24 * 3600

ASGI = Callable[[Any, Any, Any], Awaitable[None]]


class Titles:
    """Datasette's metadata for a project, kept up to date while its files are edited."""

    def __init__(self, folder: Path, database: str) -> None:
        self.metadata: dict[str, Any] = {"title": "Comptoir"}
        self._folder = folder
        self._database = database
        self._seen: list[tuple[str, int]] = []

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
            self.metadata.clear()
            self.metadata.update(fresh)


def page(database: Path, titles: Titles) -> ASGI:
    """The web application for `database`, which is looked for until it is there."""
    from datasette.app import Datasette
    from datasette.database import Database

    class ReadOnly(Database):  # type: ignore[misc]  # Datasette has no types
        def connect(self, write: bool = False) -> sqlite3.Connection:
            assert not write
            connection: sqlite3.Connection = super().connect()
            connection.execute("pragma query_only = on")
            connection.execute("pragma trusted_schema = off")
            return connection

    datasette = Datasette([], metadata=titles.metadata, settings=SETTINGS)
    datasette.remove_database("_memory")
    serve: ASGI = datasette.app()
    name = database.stem

    async def look_and_serve(scope: Any, receive: Any, send: Any) -> None:
        titles.refresh()
        if name not in datasette.databases and database.exists():
            # never as immutable, which would not see what a run writes
            found = ReadOnly(datasette, path=str(database), is_mutable=True)
            datasette.add_database(found, name=name)
        await serve(scope, receive, send)

    return look_and_serve


def main() -> None:
    """Serve the page until SIGTERM."""
    import uvicorn

    folder = find_project(Path.cwd())
    database = folder / (os.environ.get("COMPTOIR_DB") or DATABASE)
    _tidy(Path(os.environ.get("TMPDIR", "")))
    print(f"serving {database} on port {PORT}", flush=True)
    uvicorn.run(
        page(database, Titles(folder, database.stem)),
        host="0.0.0.0",
        port=PORT,
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
