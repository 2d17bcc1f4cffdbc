"""The result files: one CSV per analysis, the note `summary.md`, and last a manifest.

A file is written beside its final name, flushed to the disk and renamed: a reader finds the old
one or the new one, whole. The manifest names what was written and for which state of the
database; a run that finds it stale, or a file changed or missing, writes again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.durable import UNFINISHED, write_file
from app.formats import plain, shown
from app.models import Models
from app.results import Result, State, read_results, read_state
from app.store import connect, translated

MANIFEST = "manifest.json"
NOTE_ROWS = 15


def write_reports(
    models: Models, title: str, sources: list[str], database: Path, folder: Path
) -> bool:
    """Bring the files in `folder` to what `database` publishes; whether anything was written."""
    with closing(connect(database)) as connection, translated(folder):
        connection.execute("begin")  # one snapshot for all files
        state = read_state(connection, sources)
        if state.published_run is None:
            return False
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(f"{UNFINISHED}*"):  # of a run that was killed
            leftover.unlink()
        before = _read_manifest(folder)
        key = _key(connection, state)
        if before.get("key") == key and _intact(folder, before["files"]):
            return False
        results = read_results(connection, models)
    files = {f"{result.model.name}.csv": _csv(result) for result in results}
    files["summary.md"] = _summary(title, state, results)
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


def _key(connection: Any, state: State) -> str:
    """A SHA-256 of everything that the files tell."""
    published = connection.execute("select value from _state where name = 'published'").fetchone()
    told = [
        (
            s.source,
            s.rows,
            s.imported_at,
            s.stale,
            s.last_message if s.stale else "",
            s.open_rejects,
        )
        for s in state.sources
    ]
    checks = [asdict(check) for check in state.checks]
    content = json.dumps([published, state.published_run, told, checks], default=str)
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


def _csv(result: Result) -> bytes:
    kinds = [result.format(column) for column in result.columns]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(result.columns)
    for row in result.rows:
        writer.writerow([plain(value, kind) for value, kind in zip(row, kinds, strict=True)])
    return text.getvalue().encode()


# The note ------------------------------------------------------------------------------------


def _summary(title: str, state: State, results: list[Result]) -> bytes:
    parts = [f"# {title}: results", _provenance(state), _quality(state)]
    page = ""
    for result in results:
        if result.model.page != page:
            page = result.model.page
            parts.append(f"## {page}")
        parts.append(_section(result))
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def _provenance(state: State) -> str:
    lines = [f"Results of run {state.published_run}, published {state.published_at}."]
    if state.blocked:
        names = ", ".join(check.name for check in state.checks if check.blocks)
        lines.append(
            f"**These are not the latest data: a check blocked publication ({names}). "
            "The figures below are the last good ones.**"
        )
    return "\n".join(lines)


def _quality(state: State) -> str:
    rows = [
        (
            s.source,
            f"{s.rows:,}",
            s.imported_at or "never",
            f"{s.open_rejects:,}",
            f"**{s.last_status}**: {s.last_message.splitlines()[0]}" if s.stale else "up to date",
        )
        for s in state.sources
    ]
    table = _markdown(("source", "rows", "data fetched", "open rejects", "state"), rows, "lrlrl")
    failed = [check for check in state.checks if check.row_count]
    notes = [f"- {c.severity}: {c.title} ({c.row_count:,} rows)" for c in failed]
    count = len(state.checks)
    verdict = (
        "\n".join(["Checks that found something:", *notes])
        if notes
        else (f"All {count} checks passed." if count else "")
    )
    return "\n\n".join(part for part in ("## Data", table, verdict) if part)


def _section(result: Result) -> str:
    model = result.model
    kinds = [result.format(column) for column in result.columns]
    rows = [
        tuple(shown(value, kind) for value, kind in zip(row, kinds, strict=True))
        for row in result.rows[:NOTE_ROWS]
    ]
    align = "".join("l" if _is_text(result, index) else "r" for index in range(len(kinds)))
    headings = [model.label(column) or column.replace("_", " ") for column in result.columns]
    left = len(result.rows) - len(rows)
    parts = [f"### {model.title or model.name}", model.question, _markdown(headings, rows, align)]
    if left > 0:
        parts.append(f"{left:,} more rows in `{model.name}.csv`.")
    return "\n\n".join(part for part in parts if part)


def _is_text(result: Result, index: int) -> bool:
    return any(isinstance(row[index], str) for row in result.rows[:NOTE_ROWS])


def _markdown(headings: Any, rows: Any, align: str) -> str:
    rule = ["---" if letter == "l" else "--:" for letter in align]
    lines = [headings, rule, *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())
