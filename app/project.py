"""The project: a folder with `comptoir.toml`, read and checked before anything is fetched.

A mistake in the file is a ProjectError with the key's path, what was found, what was expected
and the nearest valid name.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, NoReturn

from app.answers.formats import LOCALES
from app.errors import ProjectError
from app.records.contract import Column, Coverage, Source
from app.records.numbers import NOTATIONS, NUMBER_TYPES
from app.records.reading import DELIMITERS, ReadLimits
from app.records.values import DEFAULT_FORMATS, TYPES, Value
from app.sources.attempt import FetchLimits
from app.sources.spans import parse_span

PROJECT_FILE = "comptoir.toml"
DATABASE = "db/sales.db"
RESULTS = "results"
SAMPLES_FOLDER = "samples"
LARGEST_LIMIT = 2**62
RESERVED_NAMES = {"calendar", "occurrence", "gone"}

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
# What a format of dates must hold, one letter of each group, and what it may hold besides.
_DIRECTIVES = {"date": ("Yy", "mbB", "d"), "datetime": ("Yy", "mbB", "d", "HI", "M")}
_FURTHER_DIRECTIVES = {"date": "", "datetime": "Sfzp"}
_PROJECT_KEYS = ("name", "locale", "goals", "keep_deliveries")
_SOURCE_KEYS = (
    "url", "headers", "key", "repeats", "covers", "columns", "max_rejected", "max_withdrawn",
    "fresh_for",
    "amount", "description", "delimiter", "skip", "header",
)  # fmt: skip
_COLUMN_KEYS = (
    "from", "type", "formats", "currency", "nulls", "optional", "min", "max", "values", "pattern",
    "references", "copy", "description",
)  # fmt: skip


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


class _Parser:
    """Walks the file's content; every method takes the path of the key it reads."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self._path = path
        self._environment = environment

    def project(self, content: dict[str, Any]) -> Project:
        self.known(content, ("project", "sources", "limits", "glossary"), "")
        header = self.table(content.get("project", {}), "project")
        self.known(header, _PROJECT_KEYS, "project")
        limits = self.table(content.get("limits", {}), "limits")
        declared = self.table(content.get("sources", {}), "sources")
        if not declared:
            self.fail("sources", "no source is declared", "at least one [sources.NAME]")
        sources = {name: self.source(name, body) for name, body in declared.items()}
        root = self._path.parent.resolve()
        fetch_limits, read_limits = self.limits(limits)
        return Project(
            root=root,
            name=self.text(header.get("name", root.name), "project.name"),
            database=root / (self._environment.get("COMPTOIR_DB") or DATABASE),
            results=root / (self._environment.get("COMPTOIR_RESULTS") or RESULTS),
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

    def source(self, name: str, content: Any) -> Source:
        where = f"sources.{name}"
        self.name(name, where)
        body = self.table(content, where)
        self.known(body, _SOURCE_KEYS, where)
        for required in ("url", "key", "covers", "columns"):
            if required not in body:
                self.fail(f"{where}.{required}", "it is missing", f"the key {required!r}")
        declared = self.table(body["columns"], f"{where}.columns")
        columns = {n: self.column(n, c, f"{where}.columns.{n}") for n, c in declared.items()}
        key = self.names(body["key"], f"{where}.key", columns)
        for part in key:
            if columns[part].optional or columns[part].copy:
                kind = "optional" if columns[part].optional else "copied"
                self.fail(f"{where}.key", f"{part!r} is {kind}", "columns that are always filled")
        url = self.text(body["url"], f"{where}.url")
        if not url.strip():
            self.fail(f"{where}.url", "it is empty", "a URL or a file path")
        headers = self.table(body.get("headers", {}), f"{where}.headers")
        return Source(
            name=name,
            url=url.strip(),
            headers={h: self.text(v, f"{where}.headers.{h}") for h, v in headers.items()},
            columns=tuple(columns.values()),
            key=key,
            covers=self.coverage(body["covers"], f"{where}.covers", columns),
            repeats=self.flag(body.get("repeats", False), f"{where}.repeats"),
            delimiter=self.delimiter(body.get("delimiter", ""), f"{where}.delimiter"),
            skip=self.count(body.get("skip", 0), f"{where}.skip", least=0),
            header=self.header(body, where),
            max_rejected=self.share(body.get("max_rejected", 0.1), f"{where}.max_rejected"),
            max_withdrawn=self.share(body.get("max_withdrawn", 0.1), f"{where}.max_withdrawn"),
            fresh_for=self.span(body.get("fresh_for"), f"{where}.fresh_for"),
            amount=self.names(body.get("amount", []), f"{where}.amount", columns),
            description=self.text(body.get("description", ""), f"{where}.description"),
        )

    def column(self, name: str, content: Any, where: str) -> Column:
        self.name(name, where)
        body = self.table(content, where)
        self.known(body, _COLUMN_KEYS, where)
        if "copy" in body:
            return self.copied_column(name, body, where)
        kind = self.text(body.get("type", "text"), f"{where}.type")
        if kind not in TYPES:
            self.fail(f"{where}.type", f"found {kind!r}", "a type", TYPES)
        column = Column(
            name=name,
            type=kind,
            label=self.text(body.get("from", name), f"{where}.from"),
            formats=self.formats(body.get("formats"), kind, f"{where}.formats"),
            currency=self.currency(body.get("currency", ""), kind, f"{where}.currency"),
            nulls=self.texts(body.get("nulls", []), f"{where}.nulls"),
            optional=self.flag(body.get("optional", False), f"{where}.optional"),
            pattern=self.pattern(body.get("pattern", ""), f"{where}.pattern"),
            references=self.text(body.get("references", ""), f"{where}.references"),
            description=self.text(body.get("description", ""), f"{where}.description"),
        )
        allowed = body.get("values", [])
        if not isinstance(allowed, list):
            self.fail(f"{where}.values", f"found {allowed!r}", "a list")
        return replace(
            column,
            minimum=self.bound(body.get("min"), column, f"{where}.min"),
            maximum=self.bound(body.get("max"), column, f"{where}.max"),
            values=tuple(self.bound(v, column, f"{where}.values") for v in allowed),
        )

    def copied_column(self, name: str, body: dict[str, Any], where: str) -> Column:
        self.known(body, ("copy", "optional", "description"), where)
        table, _, column = self.text(body["copy"], f"{where}.copy").partition(".")
        if not table or not column:
            self.fail(f"{where}.copy", f"found {body['copy']!r}", "'SOURCE.COLUMN'")
        return Column(
            name=name,
            type="",  # that of the copied column, see `linked`
            copy=(table, column),
            optional=self.flag(body.get("optional", False), f"{where}.optional"),
            description=self.text(body.get("description", ""), f"{where}.description"),
        )

    def coverage(self, content: Any, where: str, columns: Mapping[str, Column]) -> Coverage:
        if content == "all":
            return Coverage("all")
        if content == "new":
            return Coverage("new")
        if not isinstance(content, dict) or set(content) != {"days_of"}:
            self.fail(where, f"found {content!r}", "'all', 'new' or { days_of = COLUMN }")
        (name,) = self.names([content["days_of"]], f"{where}.days_of", columns)
        if columns[name].type not in DEFAULT_FORMATS or columns[name].optional:
            self.fail(f"{where}.days_of", f"{name!r} is not a required date", "a date column")
        return Coverage("days_of", columns[name].stored)

    def linked(self, sources: dict[str, Source]) -> dict[str, Source]:
        """The sources in import order, with what needs the other sources to be known."""
        for source in sources.values():
            for column in source.columns:
                if column.references:
                    self.reference(source, column, sources)
        graph = {source.name: source.refers_to for source in sources.values()}
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            names = " -> ".join(error.args[1])
            self.fail("sources", f"the references form a circle: {names}", "references without one")
        linked: dict[str, Source] = {}
        for name in order:
            source = sources[name]
            columns = tuple(self.typed(source, column, linked) for column in source.columns)
            for column in columns:
                if column.stored != column.name and column.stored in {c.name for c in columns}:
                    found = f"money is stored as {column.stored!r}, like another column"
                    where = f"sources.{name}.columns.{column.name}"
                    self.fail(where, found, "another name")
            referrers = tuple(
                (other.name, column.stored)
                for other in sources.values()
                for column in other.columns
                if column.references == name
            )
            linked[name] = replace(source, columns=columns, referenced_by=referrers)
            self.amount(linked[name])
        return linked

    def amount(self, source: Source) -> None:
        kinds = sorted(source.column(name).type for name in source.amount)
        if kinds and (kinds.count("money") != 1 or set(kinds) - {"money", "integer"}):
            self.fail(
                f"sources.{source.name}.amount",
                f"found columns of type {', '.join(kinds)}",
                "one column of money, and integers to multiply it with",
            )

    def reference(self, source: Source, column: Column, sources: Mapping[str, Source]) -> None:
        where = f"sources.{source.name}.columns.{column.name}.references"
        target = sources.get(column.references)
        if target is None:
            self.fail(where, f"found {column.references!r}", "a source", sources)
        if len(target.key) != 1 or target.repeats:
            self.fail(where, f"{target.name!r} has no key of one column", "a source with one")
        kind = target.column(target.key[0]).type
        if kind != column.type:
            self.fail(where, f"{column.type!r} refers to a key of type {kind!r}", "the same type")

    def typed(self, source: Source, column: Column, linked: Mapping[str, Source]) -> Column:
        """A copied column with the type of what it copies."""
        if column.copy is None:
            return column
        where = f"sources.{source.name}.columns.{column.name}.copy"
        table, name = column.copy
        links = [c for c in source.columns if c.references == table]
        if len(links) != 1:
            self.fail(where, f"{len(links)} columns refer to {table!r}", "exactly one")
        target = linked[table]
        if name not in {c.name for c in target.columns}:
            names = [c.name for c in target.columns]
            self.fail(
                where, f"source {table!r} has no column {name!r}", "one of its columns", names
            )
        copied = target.column(name)
        return replace(column, type=copied.type, copy=(table, copied.stored))

    # Small values. Each returns the value as it is used, or fails with the key's path.

    def bound(self, value: Any, column: Column, where: str) -> Value:
        """A `min`, `max` or allowed value in its stored form."""
        if value is None:
            return None
        good: Value = None
        if column.type == "money" and isinstance(value, (int, float, str)):
            try:
                cents = Decimal(str(value)) * 100
                good = int(cents) if cents == int(cents) else None
            except (InvalidOperation, ValueError, OverflowError):
                good = None
        elif column.type == "integer" and isinstance(value, int) and not isinstance(value, bool):
            good = value
        elif column.type == "real" and isinstance(value, (int, float)):
            good = float(value)
        elif column.type == "text" and isinstance(value, str):
            good = value
        elif column.type in DEFAULT_FORMATS:
            good = _iso(value, column.type)
        if good is None:
            self.fail(where, f"found {value!r}", f"a value of type {column.type!r}")
        return good

    def formats(self, content: Any, kind: str, where: str) -> tuple[str, ...]:
        if content is None:
            return DEFAULT_FORMATS.get(kind, ())
        if kind not in (*DEFAULT_FORMATS, *NUMBER_TYPES):
            self.fail(where, f"type {kind!r} has no formats", "formats for dates and numbers only")
        example = "%d/%m/%Y" if kind in DEFAULT_FORMATS else "1.234,56"
        if not isinstance(content, list) or not content:
            self.fail(where, f"found {content!r}", f"a list of formats such as {example!r}")
        for form in self.texts(content, where):
            if kind in NUMBER_TYPES and form not in NOTATIONS:
                self.fail(where, f"found {form!r}", "how 1234.56 is written", NOTATIONS)
            elif kind in DEFAULT_FORMATS:
                self.date_format(form, kind, where)
        return tuple(content)

    def date_format(self, form: str, kind: str, where: str) -> None:
        found = re.findall(r"%(.)", form)
        groups, further = _DIRECTIVES[kind], _FURTHER_DIRECTIVES[kind]
        once = all(sum(found.count(letter) for letter in group) == 1 for group in groups)
        once = once and len(set(found)) == len(found)
        if (
            not once
            or set(found) - {*"".join(groups), *further}
            or ("I" in found) != ("p" in found)
        ):
            wanted = " ".join("/".join(f"%{letter}" for letter in group) for group in groups)
            also = f", and {' '.join(f'%{letter}' for letter in further)}" if further else ""
            self.fail(where, f"found {form!r}", f"the directives {wanted}{also}, each once")

    def currency(self, content: Any, kind: str, where: str) -> str:
        sign = self.text(content, where).strip()
        if sign and (kind not in ("money", "real") or re.search(r"[0-9.,+-]", sign)):
            self.fail(where, f"found {sign!r}", "a sign such as '€' or 'CHF', for money or real")
        return sign

    def delimiter(self, content: Any, where: str) -> str:
        text = self.text(content, where)
        if text and text not in DELIMITERS:
            self.fail(where, f"found {text!r}", "a delimiter", [repr(d) for d in DELIMITERS])
        return text

    def header(self, body: Mapping[str, Any], where: str) -> tuple[str, ...]:
        labels = self.texts(body.get("header", []), f"{where}.header")
        if labels and not body.get("delimiter"):
            self.fail(
                f"{where}.delimiter", "it is missing", "the delimiter of a file without header"
            )
        return labels

    def texts(self, content: Any, where: str) -> tuple[str, ...]:
        if not isinstance(content, list):
            self.fail(where, f"found {content!r}", "a list of texts in quotes")
        return tuple(self.text(item, where) for item in content)

    def pattern(self, content: Any, where: str) -> str:
        text = self.text(content, where)
        try:
            re.compile(text)
        except re.error as error:
            self.fail(where, f"{text!r}: {error}", "a regular expression")
        return text

    def names(self, content: Any, where: str, columns: Mapping[str, Column]) -> tuple[str, ...]:
        if not isinstance(content, list) or (where.endswith(".key") and not content):
            self.fail(where, f"found {content!r}", "a list of columns")
        for name in content:
            if not isinstance(name, str) or name not in columns:
                self.fail(where, f"found {name!r}", "a column of this source", columns)
        if len(set(content)) < len(content):
            self.fail(where, "a column is named twice", "each column once")
        return tuple(content)

    def share(self, value: Any, where: str) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1:
            self.fail(where, f"found {value!r}", "a share from 0 to 1, such as 0.1")
        return float(value)

    def span(self, value: Any, where: str) -> timedelta | None:
        if value is None:
            return None
        try:
            return parse_span(self.text(value, where))
        except ProjectError:
            self.fail(where, f"found {value!r}", "a time span such as 90s, 15m, 2h or 1d")

    def count(self, value: Any, where: str, *, least: int = 1) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.fail(where, f"found {value!r}", f"a whole number from {least}")
        return int(value)

    def flag(self, value: Any, where: str) -> bool:
        if not isinstance(value, bool):
            self.fail(where, f"found {value!r}", "true or false")
        return bool(value)

    def text(self, value: Any, where: str) -> str:
        """A text, with its variables replaced."""
        if not isinstance(value, str):
            self.fail(where, f"found {value!r}", "a text in quotes")

        def expand(match: re.Match[str]) -> str:
            found = self._environment.get(match[1]) or match[2]
            if found is None:
                self.fail(where, f"the variable {match[1]} is not set", "it in the environment")
            return str(found)

        return _VARIABLE.sub(expand, str(value))

    def name(self, name: str, where: str) -> None:
        reserved = name in RESERVED_NAMES or name.startswith("sqlite_")
        if not _NAME.fullmatch(name) or reserved:
            self.fail(where, f"{name!r} cannot be a name", "a-z, 0-9 and _, not a reserved word")

    def table(self, content: Any, where: str) -> dict[str, Any]:
        if not isinstance(content, dict):
            self.fail(where, f"found {content!r}", "a table of keys and values")
        return dict(content)

    def known(self, body: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
        for name in body:
            if name not in names:
                path = f"{where}.{name}" if where else name
                self.fail(path, f"the key {name!r} is not known", "a key", names)

    def fail(self, key: str, found: str, expected: str, among: Iterable[str] = ()) -> NoReturn:
        """Raise the ProjectError for `key`; `among` are the valid names to suggest from."""
        name = found.rpartition("found ")[2].strip("'")
        if "key '" in found or "column '" in found:
            name = re.findall(r"'([^']*)'", found)[-1]
        near = get_close_matches(name, list(among), 1)
        names = f" (one of {', '.join(among)})" if among else ""
        raise ProjectError(
            f"{found}; expected {expected}{names}",
            where=f"{self._path}: {key}",
            hint=f"did you mean {near[0]!r}?" if near else "correct this key and run again",
        )


def _iso(value: Any, kind: str) -> str | None:
    try:
        if kind == "date":
            return date.fromisoformat(str(value)).isoformat()
        return datetime.fromisoformat(str(value)).isoformat(" ", "seconds")
    except ValueError:
        return None
