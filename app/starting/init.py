"""Begin a project: from files to a folder with `comptoir.toml` and first SQL files.

Everything is written to a temporary folder first and loaded from there, so that what appears in
the new folder is a project that runs, or nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.database.store import translated
from app.durable import write_file
from app.errors import ProjectError
from app.profiling.found import File
from app.profiling.profile import profile
from app.progress import UNSEEN, Progress
from app.project import PROJECT_FILE, load_project
from app.records.reading import ReadLimits
from app.sources.masking import masked
from app.starting.first_questions import first_questions
from app.starting.planned import PlannedTable
from app.starting.roles import plan
from app.starting.scaffold import choices, project_text


@dataclass(frozen=True)
class Begun:
    """A project that was begun: its folder, its tables, the files written, what is left open."""

    folder: Path
    tables: tuple[PlannedTable, ...]
    files: tuple[str, ...]
    choices: tuple[str, ...]

    def text(self) -> str:
        """What was done and what to do next, for the console."""
        lines = [_told(table) for table in self.tables]
        lines.append(f"Written to {self.folder}: {', '.join(_counted(self.files))}")
        if self.choices:
            lines.append("Before the first run, choose:")
            lines += [f"- {choice}" for choice in self.choices]
        here = self.folder.resolve() == Path.cwd()
        where = "" if here else f" --project {self.folder}"
        lines.append(f"Next: read {PROJECT_FILE}, then python -m app{where} run")
        return "\n".join(lines)


def begin(
    files: Sequence[File],
    urls: Mapping[str, str],
    folder: Path,
    name: str = "",
    progress: Progress = UNSEEN,
) -> Begun:
    """Write a project for `files` into `folder`; `urls` are the addresses as they were given.

    ProjectError if a file to be written is already there, or DeliveryError if one of `files` is
    no table; then nothing is written.
    """
    _refuse_overwriting(folder, [PROJECT_FILE])
    tables = plan(profile(files, ReadLimits(), progress))
    secrets = {table: url for table, url in urls.items() if masked(url) != url}
    written = {table: _address(table, url, folder) for table, url in urls.items()}
    title = name or folder.resolve().name or "Comptoir"
    content = {PROJECT_FILE: project_text(title, tables, written)}
    content |= {f"sql/{path}": text for path, text in first_questions(tables).items()}
    if secrets:
        lines = [f"{_variable(table)}={_dotenv_quoted(url)}\n" for table, url in secrets.items()]
        content[".env"] = "".join(lines)
    _refuse_overwriting(folder, content)
    _prove(content, urls)
    with translated(folder):
        for path, text in content.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            write_file(folder / path, text.encode())
            if path == ".env":
                (folder / path).chmod(0o600)
    return Begun(folder, tables, tuple(content), tuple(choices(tables)))


def _refuse_overwriting(folder: Path, paths: Sequence[str] | Mapping[str, str]) -> None:
    present = [path for path in paths if (folder / path).exists()]
    if present:
        more = f" and {len(present) - 3} more" if len(present) > 3 else ""
        raise ProjectError(
            f"{', '.join(present[:3])}{more} would be overwritten",
            where=str(folder),
            hint="name a new folder with --into DIR, or move what is there",
        )


def _prove(content: Mapping[str, str], urls: Mapping[str, str]) -> None:
    """Load the project from a temporary folder: what is written must be a project that loads."""
    from app.pipeline import load_models

    with TemporaryDirectory(prefix="comptoir-") as temporary:
        root = Path(temporary)
        for path, text in content.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        load_models(load_project(root, {_variable(table): url for table, url in urls.items()}))


def _address(table: str, url: str, folder: Path) -> str:
    """The TOML value of a URL: replaceable by a variable, a secret one only by it."""
    if masked(url) != url:
        return f'"${{{_variable(table)}}}"  # it holds a secret: its value is in .env'
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", url):
        url = Path(os.path.relpath(Path(url).resolve(), folder.resolve())).as_posix()
    text = url.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if "}" in text else f'"${{{_variable(table)}:-{text}}}"'


def _variable(table: str) -> str:
    return f"{table.upper()}_URL"


def _dotenv_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _told(table: PlannedTable) -> str:
    links = [f"{c.name} refers to {c.references}" for c in table.columns if c.references]
    key = "no key, records repeat" if table.repeats else f"key {', '.join(table.key)}"
    day = [f"one delivery covers its days of {table.day}"] if table.day else []
    worth = [f"worth {' times '.join(table.amount)}"] if table.amount else []
    return f"{table.name}: {'; '.join([key, *links, *worth, *day])}"


def _counted(files: Sequence[str]) -> list[str]:
    marts = sum(path.startswith("sql/marts/") for path in files)
    analyses = sum(path.startswith("sql/analyses/") for path in files)
    others = [path for path in files if not path.startswith("sql/")]
    return [*others, f"{marts} marts", f"{analyses} analyses"]
