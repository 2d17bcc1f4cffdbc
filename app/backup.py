"""A consistent copy of the database, and the way back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.database.migrations import applied_steps, upgrade
from app.database.store import checkpoint, connect, locked, translated
from app.durable import replacing
from app.errors import ProjectError, StoreError
from app.pipeline import load_models
from app.progress import UNSEEN, Progress
from app.project import Project
from app.report.rendering import Renderer
from app.report.reports import remove_reports, write_reports
from app.runs import Places


@dataclass(frozen=True)
class Copy:
    """A copy that may be restored: its last run, 0 if none, and when that ended (UTC)."""

    path: Path
    run_id: int
    finished_at: str

    def __str__(self) -> str:
        if not self.run_id:
            return f"{self.path} (before any run)"
        return f"{self.path} (up to run {self.run_id}, {self.finished_at})"


def backup(database: Path, file: Path) -> Copy:
    """Write a consistent, compact copy of `database` to `file`, which it replaces.

    It is of one moment between two runs; runs go on meanwhile. ProjectError if `file` is the
    database itself, StoreError if there is no database or the copy cannot be written.
    """
    _refuse_live(database, file)
    if not file.parent.is_dir():
        raise StoreError(
            "there is no such folder", where=str(file.parent), hint="make it, or name another"
        )
    # not of a name that a run clears away from its results
    part = replacing(file, prefix=".backup-")
    with closing(connect(database)) as live, translated(file), part as temporary:
        # the connection stays read-only by its mode; this pragma forbids `vacuum into` too
        live.execute("pragma query_only = off")
        live.execute("vacuum into ?", (str(temporary),))
        with closing(connect(temporary)) as copy:
            if not any(applied_steps(copy)):
                raise StoreError(
                    "there is nothing in this database yet",
                    where=str(database),
                    hint="run `python -m app run` first",
                )
            run_id, finished_at = _last_run(copy)
    return Copy(file, run_id, finished_at)


def verify(database: Path, file: Path) -> Copy:
    """Look through a copy before it is restored into `database`.

    StoreError if it is damaged, is not Comptoir's, or was made by a newer version; ProjectError
    if it is the database itself.
    """
    _refuse_live(database, file)
    if not file.is_file():
        raise StoreError("there is no such file", where=str(file), hint="name a file of `backup`")
    try:
        return _verified(file)
    except StoreError as error:
        if error.code == "SQLITE_NOTADB":
            raise _foreign(file) from None
        if error.code.startswith("SQLITE_CORRUPT"):
            raise _damaged(file, error.what) from None
        raise


def restore(
    project: Project,
    places: Places,
    file: Path,
    *,
    wait: float = 0,
    say: Callable[[str], None] | None = None,
    progress: Progress = UNSEEN,
) -> Copy:
    """Make the database what the copy `file` is, and write the result files again.

    Everything goes through SQLite, in one transaction: who reads meanwhile sees the old state
    or the new one. The errors are those of `verify`; LockError if a run goes on longer than
    `wait` seconds.
    """
    models = load_models(project)
    copy = verify(places.database, file)
    with locked(places.database, "restore", wait, say):
        with (
            translated(places.database),
            closing(connect(places.database, write=True)) as live,
            closing(connect(file)) as source,
        ):
            _refuse_other_pages(live, source, file)
            source.backup(live)
            upgrade(live)
            checkpoint(live)
        with Renderer() as renderer:
            written = write_reports(
                project, models, places.database, places.results, renderer, progress
            )
        if not written and not _is_published(places.database):
            remove_reports(places.results)
    return copy


def _verified(file: Path) -> Copy:
    with translated(file), closing(connect(file)) as copy:
        known, newer = applied_steps(copy)
        if not known:
            raise _foreign(file)
        if newer:
            raise StoreError(
                f"a newer version of Comptoir made this copy (step {newer[0]!r})",
                where=str(file),
                hint="restore it with that version, or a later one",
                code="newer",
            )
        damage = [found for (found,) in copy.execute("pragma integrity_check(5)")]
        orphans = copy.execute("pragma foreign_key_check").fetchall()
        if damage != ["ok"] or orphans:
            what = damage[0] if damage != ["ok"] else f"{len(orphans):,} rows refer to nothing"
            raise _damaged(file, what)
        return Copy(file, *_last_run(copy))


def _foreign(file: Path) -> StoreError:
    return StoreError(
        "this is not a database of Comptoir",
        where=str(file),
        hint="name a file that `python -m app backup FILE` wrote",
        code="foreign",
    )


def _damaged(file: Path, what: str) -> StoreError:
    return StoreError(
        f"this copy is damaged: {what}",
        where=str(file),
        hint="take another copy; the database is as before",
        code="damaged",
    )


def _refuse_live(database: Path, file: Path) -> None:
    live = [database.with_name(database.name + end) for end in ("", "-wal", "-shm")]
    if file.exists() and any(path.exists() and file.samefile(path) for path in live):
        raise ProjectError(
            "this is the database itself", where=str(file), hint="name another file for the copy"
        )


def _refuse_other_pages(live: sqlite3.Connection, source: sqlite3.Connection, file: Path) -> None:
    """SQLite cannot change the page size of a database that is open in WAL mode."""
    (ours,), (theirs,) = (
        connection.execute("pragma page_size").fetchone() for connection in (live, source)
    )
    if ours != theirs:
        raise StoreError(
            f"its pages have {theirs} bytes, those of the database {ours}",
            where=str(file),
            hint=f"run `sqlite3 {file} 'pragma page_size = {ours}; vacuum'` and try again",
            code="page-size",
        )


def _last_run(connection: sqlite3.Connection) -> tuple[int, str]:
    row = connection.execute(
        "select run_id, finished_at from _runs order by run_id desc limit 1"
    ).fetchone()
    return row or (0, "")


def _is_published(database: Path) -> bool:
    with closing(connect(database)) as connection:
        (published,) = connection.execute("select count(*) from _results").fetchone()
    return bool(published)
