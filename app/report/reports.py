"""The result files: CSV files, the note, the report, and last a manifest.

A file is written beside its final name, flushed to the disk and renamed: a reader finds the old
one or the new one, whole. The manifest names what was written and for which state of the
database; a run that finds it stale, or a file changed or missing, writes again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from app.answers.models import Models
from app.answers.results import State, read_state
from app.database.store import connect, translated
from app.durable import UNFINISHED, write_file
from app.progress import UNSEEN, Progress, Step
from app.project import Project
from app.report.rendering import Renderer

MANIFEST = "manifest.json"
NOTE = "summary.md"
REPORT = "report.html"
TEMPLATES = Path(__file__).parent / "templates"


def write_reports(
    project: Project,
    models: Models,
    database: Path,
    folder: Path,
    renderer: Renderer,
    progress: Progress = UNSEEN,
) -> bool:
    """Bring the files in `folder` to what `database` publishes; whether anything was written."""
    with closing(connect(database)) as connection, translated(folder):
        connection.execute("begin")  # one snapshot for all files
        state = read_state(connection, list(project.sources))
        if state.published_run is None:
            return False
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(f"{UNFINISHED}*"):  # of a run that was killed
            leftover.unlink()
        before = _read_manifest(folder)
        key = _key(connection, project, state)
        if before.get("key") == key and _intact(folder, before["files"]):
            return False
        with progress.step("Writing results", unit="files") as step:
            files = _files(connection, project, models, state, renderer, step)
    with translated(folder):
        for name, content in files.items():
            write_file(folder / name, content)
        for name in before.get("files", {}).keys() - files.keys():
            (folder / name).unlink(missing_ok=True)
        manifest = {
            "key": key,
            "run_id": state.published_run,
            "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
        }
        write_file(folder / MANIFEST, json.dumps(manifest, indent=2).encode() + b"\n")
    return True


def remove_reports(folder: Path) -> list[str]:
    """Delete the files that the manifest names, and the manifest; their names."""
    with translated(folder):
        names = [*_read_manifest(folder).get("files", {}), MANIFEST]
        removed = [name for name in names if (folder / name).is_file()]
        for name in removed:
            (folder / name).unlink()
    return removed


def _files(
    connection: sqlite3.Connection,
    project: Project,
    models: Models,
    state: State,
    renderer: Renderer,
    step: Step,
) -> dict[str, bytes]:
    """The content of every file, by name."""
    from app.report.csv_files import csv_files
    from app.report.note import note
    from app.report.published import read_published
    from app.report.report_page import charts_of, report_page

    published = read_published(connection, project, models, state)
    with charts_of(published, renderer) as finished:
        files = csv_files(published.results, project.locale)
        files[NOTE] = note(published)
        files[REPORT] = report_page(published, partial(finished, step))
    return files


def _key(connection: sqlite3.Connection, project: Project, state: State) -> str:
    """A SHA-256 of everything that the files tell, and of how they tell it."""
    published = connection.execute("select value from _state where name = 'published'").fetchone()
    # when a file was last seen unchanged is not told: it would make every run write
    told = [asdict(source) | {"fetched_at": "", "url": ""} for source in state.sources]
    for source in told:
        if source["last_status"] in ("imported", "skipped"):
            source |= {"last_status": "", "last_message": ""}
    checks = [asdict(check) for check in state.checks]
    looks = [path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.iterdir())]
    wanted = [project.name, project.locale, dict(project.goals), looks]
    content = json.dumps([published, state.published_run, told, checks, wanted], default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) and isinstance(content.get("files"), dict) else {}


def _intact(folder: Path, files: Mapping[str, str]) -> bool:
    for name, sha256 in files.items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            return False
    return True
