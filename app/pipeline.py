"""The story of a run on one page: collect, import, publish, write.

One transaction covers the import of all sources, the checks, the results and the ledger; the
files follow its commit.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.answers import growing
from app.answers import models as sql_files
from app.answers.models import Models
from app.answers.publishing import (
    CheckResult,
    inputs_key,
    known_tables,
    publish,
    recorded_checks,
    refresh_calendar,
    rehearse,
)
from app.database.migrations import upgrade
from app.database.schema import create_missing, migrate
from app.database.store import checkpoint, connect, locked, transaction, translated
from app.errors import ProjectError, StoreError
from app.progress import UNSEEN, Progress
from app.project import Project
from app.report.rendering import Renderer
from app.report.reports import remove_reports, write_reports
from app.report.tiles import check_goals
from app.rows.importer import Importer
from app.rows.ledger import Ledger, now
from app.rows.rejects import find_rejects
from app.runs import Places, Run
from app.sources.archive import Archive
from app.sources.deliveries import collect
from app.sources.freshness import refresh_sources

TOLD_REJECTS = 100


Say = Callable[[str], None]


@dataclass(frozen=True)
class _Asked:
    """How a run was asked for, see `run`."""

    offline: bool
    say: Say
    progress: Progress


def run(
    project: Project,
    places: Places,
    *,
    offline: bool = False,
    wait: float = 0,
    say: Say = print,
    progress: Progress = UNSEEN,
) -> Run:
    """Import what is new, publish the answers, write the files.

    Another run is waited for, for `wait` seconds at most. ComptoirError if the run as a whole
    could not be done: then the database is as before. A source that fails is told in the
    outcome and in `exit_code`. `say` is given a line for each step done, `progress` shows those
    that take long.
    """
    models = load_models(project)
    asked = _Asked(offline, say, progress)
    with locked(places.database, "run", wait, say), Renderer() as renderer:
        with _writing(places.database) as connection, _workspace(places.database) as folder:
            _refuse_other_origin(project, connection)
            archive = Archive(places.archive)
            result = _import_and_publish(
                project, models, connection, archive, folder, asked, renderer
            )
            with translated(places.archive):
                for name in project.sources:
                    archive.prune(name, Ledger(connection).archived(name, project.keep_deliveries))
        result.files_written = write_reports(
            project, models, places.database, places.results, renderer, progress
        )
    return result


def analyse(project: Project, places: Places, *, progress: Progress = UNSEEN) -> Run:
    """Answer the questions again from the data that is there, and write the files."""
    models = load_models(project)
    _demand_database(places)
    with locked(places.database, "analyse"), Renderer() as renderer:
        with _writing(places.database) as connection:
            notes = migrate(connection, project.sources)
            with transaction(connection):
                create_missing(connection, project.sources)
                renderer.start()
                result = _publish(project, models, connection, "analyse", now(), progress)
        result.notes = notes + result.notes
        result.files_written = write_reports(
            project, models, places.database, places.results, renderer, progress
        )
    return result


def dry_run(
    project: Project,
    places: Places,
    *,
    offline: bool = False,
    say: Say = print,
    progress: Progress = UNSEEN,
) -> Run:
    """What `run` would do, found out on a temporary copy of the database; nothing is written."""
    models = load_models(project)
    with (
        temporary_copy(places.database) as copy,
        _writing(copy) as connection,
        _workspace(copy) as folder,
    ):
        _refuse_other_origin(project, connection)
        kept = Archive(places.archive) if offline else Archive(folder / "archive")
        asked = _Asked(offline, say, progress)
        result = _import_and_publish(project, models, connection, kept, folder, asked)
        result.new_rejects = find_rejects(connection, run_id=result.run_id, limit=TOLD_REJECTS)
    result.dry_run = True
    return result


def check(project: Project, places: Places, *, progress: Progress = UNSEEN) -> list[CheckResult]:
    """The checks' results on the present data and SQL files, found on a temporary copy."""
    models = load_models(project)
    _demand_database(places)
    with temporary_copy(places.database) as copy, _writing(copy) as connection:
        migrate(connection, project.sources)
        connection.execute("begin")
        create_missing(connection, project.sources)
        try:
            versions = Ledger(connection).versions(project.sources)
            return _answer(connection, models, versions, progress)
        finally:
            connection.execute("rollback")


def reset(places: Places) -> str:
    """Empty the database, drop the archived deliveries and the result files; what was done."""
    _demand_database(places)
    with locked(places.database, "reset"), translated(places.database):
        live = connect(places.database, write=True)
        with closing(live), closing(sqlite3.connect(":memory:")) as empty:
            # through SQLite, so that whoever has the file open sees an empty database
            empty.backup(live)
            checkpoint(live)
        shutil.rmtree(places.archive, ignore_errors=True)
        removed = remove_reports(places.results)
    return f"{places.database} is empty; {len(removed)} result files were removed"


def load_models(project: Project) -> Models:
    """The project's SQL files, tried on an empty database; SqlFileError if one cannot run.

    ProjectError if a goal of the project is for a figure that they do not show.
    """
    models = sql_files.load(project.sql, known_tables(project.sources))
    check_goals(project, models)
    rehearse(project.sources, models)
    return models


@contextmanager
def temporary_copy(database: Path) -> Iterator[Path]:
    """A consistent copy of the database (or a path for a new one) that goes at the end."""
    with tempfile.TemporaryDirectory(prefix="comptoir-") as folder:
        copy = Path(folder) / "copy.db"
        if database.exists():
            with (
                translated(copy),
                closing(connect(database)) as live,
                closing(sqlite3.connect(copy)) as target,
            ):
                live.backup(target)
        yield copy


# Steps ---------------------------------------------------------------------------------------


def _import_and_publish(
    project: Project,
    models: Models,
    connection: sqlite3.Connection,
    archive: Archive,
    folder: Path,
    asked: _Asked,
    renderer: Renderer | None = None,
) -> Run:
    started_at = now()
    notes = migrate(connection, project.sources)
    collected = {}
    for source in project.sources.values():
        collected[source.name] = collect(
            project,
            source,
            archive,
            Ledger(connection),
            folder,
            asked.offline,
            asked.progress,
        )
        asked.say(collected[source.name].told())
    fetched = [
        (delivery.source, delivery.path, delivery.delivery.sha256)
        for delivery in collected.values()
        if delivery.path and delivery.delivery.sha256
    ]
    with archive.keeping(fetched) as kept, transaction(connection):
        create_missing(connection, project.sources)
        importer = Importer(project, connection, archive, folder, asked.progress)
        for source in project.sources.values():
            outcome = importer.import_source(source, collected[source.name])
            if renderer and outcome.status == "imported":
                renderer.start()  # there will be charts to draw
            if kept.done():
                kept.result()  # if a file cannot be kept, the others need not be imported
        result = _publish(project, models, connection, "run", started_at, asked.progress, importer)
        with asked.progress.step("Archiving"):
            kept.result()  # no import is committed whose file is not kept
    result.notes = notes + result.notes
    return result


def _publish(
    project: Project,
    models: Models,
    connection: sqlite3.Connection,
    verb: str,
    started_at: str,
    progress: Progress,
    importer: Importer | None = None,
) -> Run:
    """The second half of the transaction: results, checks, and the ledger's last line.

    Without an `importer` everything is answered again, whatever was published.
    """
    outcomes = importer.outcomes if importer else []
    ledger = Ledger(connection)
    run_id = ledger.next_run()
    last = [ledger.last(name, "imported", "skipped") for name in project.sources]
    fetched_at = [o.delivery.fetched_at for o in last if o and o.delivery.fetched_at]
    refresh_calendar(connection, project.sources, fetched_at)
    versions = ledger.versions(project.sources)
    stale = refresh_sources(connection, project.sources, started_at)
    key = inputs_key(connection, models, versions, stale)
    exit_code = max((outcome.exit_code for outcome in outcomes), default=0)
    published = connection.execute("select value from _state where name = 'published'").fetchone()
    if published == (key,) and importer:
        status, checks = "unchanged", recorded_checks(connection)
    else:
        checks = _answer(connection, models, versions, progress, importer)
        status = "blocked" if any(result.blocks for result in checks) else "published"
    if status == "published":
        connection.execute("insert or replace into _state values ('published', ?)", (key,))
    if status == "blocked":
        # whatever comes next is to be published again, also what was there before
        connection.execute("delete from _state where name = 'published'")
        exit_code = max(exit_code, 1)
    ledger.close_run(run_id, verb=verb, started_at=started_at, status=status, exit_code=exit_code)
    (published_run,) = connection.execute("select max(run_id) from _results").fetchone()
    return Run(models, run_id, status, exit_code, outcomes, checks, published_run=published_run)


def _answer(
    connection: sqlite3.Connection,
    models: Models,
    versions: Mapping[str, int],
    progress: Progress,
    importer: Importer | None = None,
) -> list[CheckResult]:
    since = growing.Since()
    if importer:
        since = growing.since(connection, models, importer.versions, versions, importer.grown)
    files = len(models.marts) + len(models.analyses) + len(models.checks)
    with progress.step("Publishing", files, "files") as step:
        return publish(connection, models, Ledger(connection).next_run(), step, versions, since)


def _refuse_other_origin(project: Project, connection: sqlite3.Connection) -> None:
    ledger = Ledger(connection)
    for source in project.sources.values():
        last = ledger.last(source.name, "imported", "skipped")
        origin = project.origin(source)
        if last and last.delivery.origin != origin:
            before, after = (
                ("the bundled samples", "your own files")
                if origin == "own"
                else ("your own files", "the bundled samples")
            )
            raise ProjectError(
                f"this database was made from {before} and would now get {after}",
                where=f"source {source.name}",
                hint="keep them apart: name another file with --db, "
                "or begin a fresh one with `python -m app reset`",
                code="origin",
            )


def _demand_database(places: Places) -> None:
    if not places.database.exists():
        raise StoreError(
            "there is no database yet",
            where=str(places.database),
            hint="run `python -m app run` first",
        )


@contextmanager
def _writing(database: Path) -> Iterator[sqlite3.Connection]:
    with translated(database):
        with closing(connect(database, write=True)) as connection:
            upgrade(connection)
        # A reader that is the last to close leaves the log's index where it is: without it, nobody
        # could open the database on a full disk.
        with closing(connect(database)), closing(connect(database, write=True)) as connection:
            yield connection
            checkpoint(connection)


@contextmanager
def _workspace(database: Path) -> Iterator[Path]:
    """A folder for what is being fetched; what a killed run left there goes first."""
    folder = database.with_name(database.name + ".work")
    with translated(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
