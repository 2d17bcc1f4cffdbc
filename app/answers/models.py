"""The SQL files of a project: what each one is called, says about itself, and reads.

`sql/marts`, `sql/analyses` and `sql/checks` hold one select per file, and the file's name is the
name of the view or table made from it. `load` reads them all, refuses what would not mean the same
on another engine, and puts each kind in the order in which it can be made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.answers.portable import Kind, SqlFile, lint, nearest, parse, start_of
from app.report.charts import Chart, read_chart

if TYPE_CHECKING:
    from sqlglot import exp

FOLDERS: Mapping[str, Kind] = {"marts": "mart", "analyses": "analysis", "checks": "check"}
LAST = 1000  # the order of a file that gives none

# What a header may say: each key with the pattern of its value, and the pattern in words.
HEADER = {
    "title": (".+", "a text"),
    "question": (".+", "a text"),
    "page": (".+", "a text"),
    "order": (r"\d+", "a whole number"),
    "chart": (".+", "a mark and columns: bar x=revenue y=city"),
    "format": (r"\w+=\w+( +\w+=\w+)*", "columns and formats: revenue=money share=percent"),
    "label": (r"\w+ *=.+", "columns and their names: units=Units sold; revenue=Revenue"),
    "value": (r"\w+ [^=]+=.+", "a column, a text in it, and what to show: region Unknown=Inconnue"),
    "as": ("view|table", "view or table"),
    "severity": ("error|warn", "error or warn"),
}
FORMATS = (
    "integer", "number", "money", "percent", "date", "month", "weekday", "flag", "text",
)  # fmt: skip
TRANSLATED = ("title", "question", "page", "label", "value")
REPEATED = ("format", "label", "value")
ONLY_IN = {"as": "marts", "severity": "checks", "chart": "analyses"}


@dataclass(frozen=True)
class Model:
    """One SQL file. `title`, `question` and `page` are untranslated; see `text`."""

    name: str
    kind: Kind
    path: Path
    sql: str  # the select alone
    sha256: str
    columns: tuple[str, ...]  # empty when the outermost select has a star
    reads: frozenset[str]
    title: str
    question: str
    page: str
    description: str
    order: int
    formats: Mapping[str, str]
    chart: Chart | None
    severity: Literal["error", "warn"]
    materialized: bool
    translations: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, Mapping[str, str]]  # by language; "" holds those without one
    values: Mapping[str, Mapping[tuple[str, str], str]]  # by language, then column and text

    def text(self, key: Literal["title", "question", "page"], locale: str = "") -> str:
        """The title, question or page in this language, or as it is where not translated."""
        default: str = getattr(self, key)
        return self.translations.get(locale, {}).get(key, default)

    def label(self, column: str, locale: str = "") -> str | None:
        """What the file calls this column in this language, or in all, or None."""
        return self.labels.get(locale, {}).get(column, self.labels.get("", {}).get(column))

    def heading(self, column: str, locale: str = "") -> str:
        """What to call this column where it is shown."""
        words = column.replace("_", " ")
        return self.label(column, locale) or words[0].upper() + words[1:]


@dataclass(frozen=True)
class Models:
    """All SQL files of a project; in each kind, what others read comes first."""

    marts: tuple[Model, ...]
    analyses: tuple[Model, ...]
    checks: tuple[Model, ...]


def load(folder: Path, tables: Collection[str]) -> Models:
    """Read the SQL files below `folder`; `tables` are the names that exist without them."""
    files = _find(folder, tables)
    readable = {table.lower(): table for table in tables}
    loaded: dict[Kind, tuple[Model, ...]] = {}
    for kind in FOLDERS.values():
        own = [file for file in files.values() if file.kind == kind]
        if kind != "check":
            readable |= {file.name: file.name for file in own}
        models = [_read(file, readable, files) for file in own]
        loaded[kind] = tuple(_in_order(models, files))
    return Models(loaded["mart"], loaded["analysis"], loaded["check"])


def _find(folder: Path, tables: Collection[str]) -> dict[str, SqlFile]:
    """The files by name; a name belongs to one file and to no table."""
    taken = {table.lower(): f"the table {table}" for table in tables}
    files: dict[str, SqlFile] = {}
    for path in sorted(folder.rglob("*.sql")):
        if path.name.startswith("."):
            continue
        below = path.parent.relative_to(folder).as_posix()
        where = path.relative_to(folder.parent).as_posix()
        file = SqlFile(path, where, FOLDERS.get(below, "mart"))
        if below not in FOLDERS:
            file.fail("name", "this folder is not read", f"use {', '.join(FOLDERS)}")
        if not re.fullmatch("[a-z][a-z0-9_]*", file.name):
            hint = "use lower-case letters, digits and _, such as sales_by_city.sql"
            file.fail("name", f"'{file.name}' cannot be the name of a table", hint)
        if file.name in taken:
            file.fail("name", f"its name is that of {taken[file.name]}", "rename the file")
        taken[file.name] = where
        files[file.name] = file
    return files


def _read(file: SqlFile, readable: Mapping[str, str], files: Mapping[str, SqlFile]) -> Model:
    data = file.path.read_bytes()
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        file.fail("syntax", f"byte {error.start} is not UTF-8", "save the file as UTF-8")
    file = SqlFile(file.path, file.where, file.kind, text)
    header, description = _header(file)
    tokens, tree = parse(file)
    columns = () if any(column.is_star for column in tree.selects) else tuple(tree.named_selects)
    formats = _pairs(file, header.get(("format", ""), "").split(), columns)
    for column, name in formats.items():
        if name not in FORMATS:
            file.fail("header", f"the format of {column} is '{name}'", nearest(name, FORMATS))
    ctes = lint(file, tokens, tree)
    return Model(
        name=file.name,
        kind=file.kind,
        path=file.path,
        sql=text[tokens[0].start : tokens[-1].end + 1],
        sha256=hashlib.sha256(data).hexdigest(),
        columns=columns,
        reads=_reads(file, tree, ctes, readable, files),
        title=header.get(("title", ""), file.name.replace("_", " ").capitalize()),
        question=header.get(("question", ""), ""),
        page=header.get(("page", ""), ""),
        description=description,
        order=int(header.get(("order", ""), LAST)),
        formats=formats,
        chart=read_chart(file, header.get(("chart", ""), ""), columns),
        severity="warn" if header.get(("severity", "")) == "warn" else "error",
        materialized=header.get(("as", "")) == "table",
        translations={
            of: {
                key: value
                for (key, to), value in header.items()
                if to == of and key not in REPEATED
            }
            for _, of in header
            if of
        },
        labels={
            of: _pairs(file, re.split("[;\n]", value), columns)
            for (key, of), value in header.items()
            if key == "label"
        },
        values={
            of: _values(file, value.split("\n"), columns)
            for (key, of), value in header.items()
            if key == "value"
        },
    )


def _header(file: SqlFile) -> tuple[dict[tuple[str, str], str], str]:
    """The `-- key.language: value` lines above the select, and the other lines as one text."""
    values: dict[tuple[str, str], str] = {}
    description, start = [], 0
    for line in file.text.split("\n"):
        at, start = start, start + len(line) + 1
        if line.strip() and not line.startswith("--"):
            break
        match = re.fullmatch(r"--\s*([a-z_]+)(\.\w+)?:(\s.*)?", line)
        if not match:
            description.append(line.removeprefix("--").strip())
            continue
        key, language, value = (part or "" for part in match.groups())
        said, value = key + language, value.strip()
        if key not in HEADER:
            hint = f"{nearest(key, HEADER)}; begin a description with a capital letter"
            file.fail("header", f"'{key}' is not a key of the header", hint, at)
        if language and (key not in TRANSLATED or len(language) != 3):
            hint = f"a language is two letters after {', '.join(TRANSLATED)}: `-- title.fr: …`"
            file.fail("header", f"'{said}' is not a key of the header", hint, at)
        if key in ONLY_IN and FOLDERS[ONLY_IN[key]] != file.kind:
            file.fail("header", f"'{key}' belongs in {ONLY_IN[key]}", "remove the line", at)
        pattern, meaning = HEADER[key]
        if not re.fullmatch(pattern, value):
            file.fail("header", f"'{said}' cannot be '{value}'", f"it is {meaning}", at)
        place = key, language[1:]
        if place in values and key not in REPEATED:
            file.fail("header", f"'{said}' is given twice", "keep one of the lines", at)
        values[place] = f"{values[place]}\n{value}" if place in values else value
    return values, "\n".join(description).strip()


def _pairs(file: SqlFile, entries: Iterable[str], columns: tuple[str, ...]) -> dict[str, str]:
    """`column=value` entries of a header; each column is one of the result's, once."""
    pairs: dict[str, str] = {}
    for entry in entries:
        column, _, value = entry.partition("=")
        column = column.strip()
        if columns and column not in columns:
            hint = nearest(column, columns)
            file.fail("header", f"the header names '{column}', which is not a column", hint)
        if column in pairs:
            file.fail("header", f"the header names '{column}' twice", "keep one of them")
        pairs[column] = value.strip()
    return pairs


def _values(
    file: SqlFile, entries: Iterable[str], columns: tuple[str, ...]
) -> dict[tuple[str, str], str]:
    """`column text=shown` entries of a header."""
    values: dict[tuple[str, str], str] = {}
    for entry in entries:
        column, _, rest = entry.partition(" ")
        text, _, shown = rest.partition("=")
        if columns and column not in columns:
            hint = nearest(column, columns)
            file.fail("header", f"the header names '{column}', which is not a column", hint)
        values[column, text.strip()] = shown.strip()
    return values


def _reads(
    file: SqlFile,
    tree: exp.Query,
    ctes: Collection[str],
    readable: Mapping[str, str],
    files: Mapping[str, SqlFile],
) -> frozenset[str]:
    """The tables, marts and analyses this file reads."""
    from sqlglot import exp

    for cte in tree.find_all(exp.CTE):
        if cte.alias.lower() in readable:
            what = f"the with clause hides the table '{cte.alias}'"
            file.fail("table", what, "give it a name of its own", start_of(cte.args["alias"]))
    reads = set()
    for table in tree.find_all(exp.Table):
        name, written = table.name.lower(), table.sql("sqlite").partition(" AS ")[0]
        if name in ctes and not table.db:
            continue
        if name not in readable or table.db:
            hint = nearest(name, [*readable, *ctes])
            if table.db:
                hint = f"write {table.name} alone"
            elif name in files:
                hint = f"a {file.kind} cannot read {files[name].where}"
            file.fail("table", f"there is no table '{written}'", hint, start_of(table))
        reads.add(readable[name])
    return frozenset(reads)


def _in_order(models: Collection[Model], files: Mapping[str, SqlFile]) -> Iterator[Model]:
    """What others read first; where that leaves a choice, by `order` and then by name."""
    waiting = {model.name: model for model in sorted(models, key=lambda m: (m.order, m.name))}
    while waiting:
        for name, model in waiting.items():
            if not model.reads & waiting.keys():
                yield waiting.pop(name)
                break
        else:
            path = [min(waiting)]
            while path[-1] not in path[:-1]:
                path.append(min(waiting[path[-1]].reads & waiting.keys()))
            circle = path[path.index(path[-1]) :]
            what = "reads itself: " + " reads ".join(files[name].where for name in circle)
            files[circle[0]].fail("cycle", what, "let one of them read what the other reads")
