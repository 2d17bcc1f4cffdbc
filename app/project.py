"""The project: a folder with `comptoir.toml`, read and checked before anything is fetched.

A mistake in the file is a ProjectError with the key's path, what was found, what was expected
and the nearest valid name.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from app.answers.formats import LOCALES
from app.declared.contracts import Contracts
from app.declared.links import Links
from app.errors import ProjectError
from app.records.contract import Source
from app.records.reading import ReadLimits
from app.sources.attempt import FetchLimits

PROJECT_FILE = "comptoir.toml"
DATABASE = "db/sales.db"
RESULTS = "results"
SAMPLES_FOLDER = "samples"
LARGEST_LIMIT = 2**62

_PROJECT_KEYS = ("name", "locale", "goals", "keep_deliveries")


@dataclass(frozen=True)
class Project:
    """A project folder. `sources` are in an order in which every reference leads backwards.

    `database` and `results` are where its outputs go unless a verb names another place.
    `goals` are the figures to reach in the period of the report's tiles, by column.
    """

    root: Path
    name: str
    database: Path
    results: Path
    sources: Mapping[str, Source]
    fetch_limits: FetchLimits
    read_limits: ReadLimits
    keep_deliveries: int = 10
    locale: str = "en"
    goals: Mapping[str, float] = field(default_factory=dict)
    glossary: Mapping[str, str] = field(default_factory=dict)

    @property
    def sql(self) -> Path:
        return self.root / "sql"

    def origin(self, source: Source) -> str:
        """'samples' for a file below the project's `samples/`, 'own' for anything else."""
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", source.url):
            return "own"
        path = (self.root / source.url).resolve()
        return "samples" if path.is_relative_to(self.root / SAMPLES_FOLDER) else "own"


def find_project(start: Path) -> Path:
    """The nearest folder from `start` upward that holds a project file; ProjectError if none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise ProjectError(
        f"no {PROJECT_FILE} here or in a folder above",
        where=str(start.resolve()),
        hint="go to the project's folder, or name it with --project DIR",
    )


def load_project(root: Path, environment: Mapping[str, str] | None = None) -> Project:
    """Read and check `root`'s project file.

    `${NAME:-default}` in a value is taken from the environment, or else from the folder's
    `.env`; so are COMPTOIR_DB and COMPTOIR_RESULTS, relative to `root`. ProjectError for
    whatever is wrong.
    """
    path = root / PROJECT_FILE
    if environment is None:
        environment = {**_dotenv(root / ".env"), **os.environ}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(
            f"there is no {PROJECT_FILE}", where=str(root), hint="name the folder that holds it"
        ) from None
    except PermissionError:
        raise ProjectError(
            "this user may not read it",
            where=str(path),
            hint="let all read the project (Docker runs as a user of its own): chmod -R a+rX .",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"not a TOML file: {error}", where=str(path), hint="see https://toml.io"
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None
    return _Parser(path, environment).project(content)


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return {name: value for name, value in dotenv_values(path).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> ProjectError:
    hint = "check that it is a file in UTF-8 and that this user may read it"
    return ProjectError(f"it cannot be read: {error}", where=str(path), hint=hint)


class _Parser(Contracts, Links):
    """Walks the file's content; every method takes the path of the key it reads."""

    def project(self, content: dict[str, Any]) -> Project:
        self.known(content, ("project", "sources", "limits", "glossary"), "")
        header = self.table(content.get("project", {}), "project")
        self.known(header, _PROJECT_KEYS, "project")
        limits = self.table(content.get("limits", {}), "limits")
        declared = self.table(content.get("sources", {}), "sources")
        if not declared:
            self.fail("sources", "no source is declared", "at least one [sources.NAME]")
        sources = {name: self.source(name, body) for name, body in declared.items()}
        root = self.path.parent.resolve()
        fetch_limits, read_limits = self.limits(limits)
        return Project(
            root=root,
            name=self.text(header.get("name", root.name), "project.name"),
            database=root / (self.environment.get("COMPTOIR_DB") or DATABASE),
            results=root / (self.environment.get("COMPTOIR_RESULTS") or RESULTS),
            sources=self.linked(sources),
            fetch_limits=fetch_limits,
            read_limits=read_limits,
            glossary=self.glossary(content.get("glossary", {})),
            keep_deliveries=self.count(
                header.get("keep_deliveries", 10), "project.keep_deliveries"
            ),
            locale=self.locale(header.get("locale", "en")),
            goals=self.goals(self.table(header.get("goals", {}), "project.goals")),
        )

    def glossary(self, content: Any) -> dict[str, str]:
        terms = self.table(content, "glossary")
        return {name: self.text(told, f"glossary.{name}") for name, told in terms.items()}

    def limits(self, body: dict[str, Any]) -> tuple[FetchLimits, ReadLimits]:
        groups = {field.name: kind for kind in (FetchLimits, ReadLimits) for field in fields(kind)}
        self.known(body, tuple(groups), "limits")
        given: dict[type, dict[str, Any]] = {FetchLimits: {}, ReadLimits: {}}
        whole = {f.name for kind in given for f in fields(kind) if isinstance(f.default, int)}
        for name, value in body.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not 0 < value < LARGEST_LIMIT:
                self.fail(f"limits.{name}", f"found {value!r}", "a number greater than 0")
            if name in whole and not isinstance(value, int):
                self.fail(f"limits.{name}", f"found {value!r}", "a whole number")
            given[groups[name]][name] = value
        return FetchLimits(**given[FetchLimits]), ReadLimits(**given[ReadLimits])

    def locale(self, content: Any) -> str:
        locale = self.text(content, "project.locale")
        if locale not in LOCALES:
            self.fail("project.locale", f"found {locale!r}", "a language", LOCALES)
        return locale

    def goals(self, body: dict[str, Any]) -> dict[str, float]:
        for name, value in body.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                self.fail(f"project.goals.{name}", f"found {value!r}", "a number greater than 0")
        return body
