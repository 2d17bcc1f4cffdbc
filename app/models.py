"""The SQL files of a project: what each one is called, says about itself, and reads.

`sql/marts`, `sql/analyses` and `sql/checks` hold one select per file, and the file's name is the
name of the view or table made from it. `load` reads them all, refuses what would not mean the same
on another engine, and puts each kind in the order in which it can be made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from app.errors import SqlFileError

if TYPE_CHECKING:
    from sqlglot import Token, exp

Kind = Literal["mart", "analysis", "check"]
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
    "label": (r"\w+ *=.+", "a column and its name: units=Units sold"),
    "as": ("view|table", "view or table"),
    "severity": ("error|warn", "error or warn"),
}
FORMATS = ("integer", "number", "money", "percent", "date", "text")
TRANSLATED = ("title", "question", "page", "label")
REPEATED = ("format", "label")
ONLY_IN = {"as": "marts", "severity": "checks"}

# Functions that mean the same in SQLite, DuckDB, PostgreSQL and Spark.
FUNCTIONS = (
    "sum count min max avg coalesce nullif cast abs substr length trim replace row_number rank "
    "dense_rank ntile lag lead first_value last_value"
)
# Words that may stand before a parenthesis without being a function.
KEYWORDS = (
    "all and any as between by case distinct else except exists filter from having in intersect "
    "is join limit materialized not offset on or over select then union using values when where"
)
# Words that are refused wherever they stand.
REFUSED = "current_date current_time current_timestamp like glob regexp collate rowid _rowid_"
INSTEAD = {
    "date time datetime julianday strftime unixepoch timediff": (
        "dates are ISO text: compare them as text, and join the calendar table for the rest"
    ),
    "current_date current_time current_timestamp": (
        "take the as-of date from the mart period: last_day or last_complete_day"
    ),
    "round printf format": "leave the figure whole and give its format: `-- format: revenue=money`",
    "total": "write coalesce(sum(…), 0)",
    "group_concat string_agg": "return one row per value: their order in a list is not defined",
    "like glob regexp": "compare with =, in (…) or substr(…) = …: engines differ on case",
    "upper lower collate": "compare the text as it is stored: engines differ on accents",
    "random randomblob": "an analysis gives the same answer each time",
    "rowid _rowid_": "name the columns of the key",
    "ifnull": "write coalesce(…)",
    "iif if": "write case when … then … else … end",
    "instr": "write substr(…) = …",
    "typeof changes total_changes last_insert_rowid": "other engines have nothing like it",
}


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
    chart: str
    severity: Literal["error", "warn"]
    materialized: bool
    translations: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, Mapping[str, str]]  # by language; "" holds those without one

    def text(self, key: Literal["title", "question", "page"], locale: str = "") -> str:
        """The title, question or page in this language, or as it is where not translated."""
        default: str = getattr(self, key)
        return self.translations.get(locale, {}).get(key, default)

    def label(self, column: str, locale: str = "") -> str | None:
        """What the file calls this column in this language, or in all, or None."""
        return self.labels.get(locale, {}).get(column, self.labels.get("", {}).get(column))


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


def transpile(sql: str, dialect: str) -> str:
    """The same question in another engine's SQL; decimal numbers are doubles, as in SQLite."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql, read="sqlite")
    for number in list(tree.find_all(exp.Literal)):
        if number.is_number and not number.is_int:
            number.replace(exp.cast(number.copy(), exp.DType.DOUBLE))
    return tree.sql(dialect, comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


@dataclass(frozen=True)
class _File:
    """A SQL file that is being read, and how to complain about it."""

    path: Path
    where: str
    kind: Kind
    text: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return self.path.stem

    def fail(self, code: str, what: str, hint: str, at: int | None = None) -> NoReturn:
        """`at` is the place in the text, where it is known."""
        place = ""
        if at is not None:
            line, column = self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at)
            place = f", line {line}, column {column}"
        raise SqlFileError(what, where=self.where + place, hint=hint, code=f"sql-{code}")


def _find(folder: Path, tables: Collection[str]) -> dict[str, _File]:
    """The files by name; a name belongs to one file and to no table."""
    taken = {table.lower(): f"the table {table}" for table in tables}
    files: dict[str, _File] = {}
    for path in sorted(folder.rglob("*.sql")):
        if path.name.startswith("."):
            continue
        below = path.parent.relative_to(folder).as_posix()
        where = path.relative_to(folder.parent).as_posix()
        file = _File(path, where, FOLDERS.get(below, "mart"))
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


def _read(file: _File, readable: Mapping[str, str], files: Mapping[str, _File]) -> Model:
    data = file.path.read_bytes()
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        file.fail("syntax", f"byte {error.start} is not UTF-8", "save the file as UTF-8")
    file = _File(file.path, file.where, file.kind, text)
    header, description = _header(file)
    tokens, tree = _parse(file)
    columns = () if any(column.is_star for column in tree.selects) else tuple(tree.named_selects)
    formats = _pairs(file, header.get(("format", ""), "").split(), columns)
    for column, name in formats.items():
        if name not in FORMATS:
            file.fail("header", f"the format of {column} is '{name}'", _nearest(name, FORMATS))
    ctes = _check_words(file, tokens, tree)
    _check_meaning(file, tree)
    if file.kind == "analysis":
        _check_result(file, tree)
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
        chart=header.get(("chart", ""), ""),
        severity="warn" if header.get(("severity", "")) == "warn" else "error",
        materialized=header.get(("as", "")) == "table",
        translations={
            of: {key: value for (key, to), value in header.items() if to == of and key != "label"}
            for _, of in header
            if of
        },
        labels={
            of: _pairs(file, value.split("\n"), columns)
            for (key, of), value in header.items()
            if key == "label"
        },
    )


def _header(file: _File) -> tuple[dict[tuple[str, str], str], str]:
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
            hint = f"{_nearest(key, HEADER)}; begin a description with a capital letter"
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


def _pairs(file: _File, entries: Iterable[str], columns: tuple[str, ...]) -> dict[str, str]:
    """`column=value` entries of a header; each column is one of the result's, once."""
    pairs: dict[str, str] = {}
    for entry in entries:
        column, _, value = entry.partition("=")
        column = column.strip()
        if columns and column not in columns:
            hint = _nearest(column, columns)
            file.fail("header", f"the header names '{column}', which is not a column", hint)
        if column in pairs:
            file.fail("header", f"the header names '{column}' twice", "keep one of them")
        pairs[column] = value.strip()
    return pairs


def _parse(file: _File) -> tuple[list[Token], exp.Query]:
    """The words of the one select in the file, and its syntax tree."""
    import sqlglot
    from sqlglot import ParseError, TokenError, TokenType, exp

    hint = "a SQL file is one select, with its comments"
    try:
        tokens = sqlglot.tokenize(file.text, read="sqlite")
    except TokenError as error:
        file.fail("syntax", f"not SQL: {error.__cause__ or error}", "close the quote or comment")
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        file.fail("syntax", "there is no select in this file", hint)
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            file.fail("syntax", "there is more than one statement", hint, token.start)
    first = tokens[0]
    if first.token_type not in (TokenType.SELECT, TokenType.WITH):
        file.fail("syntax", f"'{first.text}' does not begin a select", hint, first.start)
    try:
        tree = sqlglot.parse_one(file.text[: tokens[-1].end + 1], read="sqlite")
    except ParseError as error:
        found = error.errors[0]
        lines = file.text.split("\n")[: found["line"] - 1]
        at = sum(len(line) + 1 for line in lines) + found["col"] - len(found["highlight"])
        what = str(found["description"]).partition(" but got <")[0]
        file.fail("syntax", f"not SQL near '{found['highlight']}': {what}", hint, at)
    if not isinstance(tree, exp.Select | exp.SetOperation):
        file.fail("syntax", "this changes data", hint, first.start)
    return tokens, tree


def _check_words(file: _File, tokens: list[Token], tree: exp.Query) -> set[str]:
    """Refuse functions and words that engines read differently; return the names of the CTEs."""
    from sqlglot import TokenType, exp

    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    known = {*FUNCTIONS.split(), *KEYWORDS.split(), *ctes}
    for token, after in pairwise([*tokens, tokens[-1]]):
        word = token.text.lower()
        call = after.token_type == TokenType.L_PAREN and re.fullmatch(r"\w+", word)
        if token.token_type in (TokenType.STRING, TokenType.NUMBER):
            continue
        if word in REFUSED.split() or (call and word not in known):
            hints = [hint for words, hint in INSTEAD.items() if word in words.split()]
            what = f"'{token.text}' does not mean the same in every engine"
            file.fail("lint", what, (hints or [_nearest(word, FUNCTIONS.split())])[0], token.start)
    return ctes


def _check_meaning(file: _File, tree: exp.Query) -> None:
    """Refuse expressions that engines compute differently."""
    from sqlglot import exp

    for node in tree.walk():
        wrong: exp.Expr | None = node
        if isinstance(node, exp.Div) and not (_is_real(node.this) or _is_real(node.expression)):
            what = "divides what may be two integers"
            hint = "write one side with a decimal point (100.0) or as cast(… as double precision)"
        elif isinstance(node, exp.Cast) and node.to.this.name not in ("DOUBLE", "TEXT"):
            what = "casts to a type that engines round or size differently"
            hint = "cast to double precision or to text"
        elif isinstance(node, exp.Least | exp.Greatest):
            what = "compares several values, which engines do differently with nulls"
            hint = "write case when … then … else … end"
        elif isinstance(node, exp.Query) and node.args.get("limit") and not node.args.get("order"):
            what, hint = "has a limit without an order by", "say which rows come first"
        elif isinstance(node, exp.Select):
            wrong, what = _loose_column(node), "is neither aggregated nor in the group by"
            hint = "add it to the group by, or take its min or max"
        else:
            continue
        if wrong:
            file.fail("lint", f"`{wrong.sql('sqlite')[:60]}` {what}", hint, _start(wrong))


def _check_result(file: _File, tree: exp.Query) -> None:
    """An analysis is a table: named columns, in an order of its own."""
    from sqlglot import exp

    names: set[str] = set()
    for column in tree.selects:
        name = column.output_name.lower()
        if column.is_star or not name or name in names:
            what = "is a star" if column.is_star else "has the name of another" if name else ""
            what = f"the column `{column.sql('sqlite')[:60]}` {what or 'has no name'}"
            file.fail("lint", what, "name each column, with `as` if need be", _start(column))
        names.add(name)
    one_row = isinstance(tree, exp.Select) and not tree.args.get("group") and _aggregates(tree)
    if not tree.args.get("order") and not one_row:
        file.fail("lint", "the rows have no order", "end the select with an order by a key")


def _is_real(node: exp.Expr | None) -> bool:
    """Is this certainly a real number, and so never divided as an integer?"""
    from sqlglot import exp

    if isinstance(node, exp.Literal):
        return node.is_number and not node.is_int
    if isinstance(node, exp.Cast):
        return bool(node.to.this.name == "DOUBLE")
    if isinstance(node, exp.Binary):
        return _is_real(node.this) or _is_real(node.expression)
    if isinstance(node, exp.Case):
        return any(_is_real(branch.args["true"]) for branch in node.args["ifs"])
    inner = (exp.Paren, exp.Neg, exp.Window, exp.Nullif, exp.Coalesce, exp.Sum, exp.Min, exp.Max)
    return isinstance(node, exp.Avg) or (isinstance(node, inner) and _is_real(node.this))


def _is_aggregate(node: exp.Expr) -> bool:
    """Does this make one value of many rows? A window function does not."""
    from sqlglot import exp

    above = node.parent.parent if isinstance(node.parent, exp.Filter) else node.parent
    return isinstance(node, exp.AggFunc | exp.Filter) and not isinstance(above, exp.Window)


def _parts(node: exp.Expr, keys: Collection[exp.Expr] = ()) -> Iterator[exp.Expr]:
    """The expression and all in it, down to aggregates, other selects and the keys of the group."""
    from sqlglot import exp

    if not any(_same(node, key) for key in keys):
        yield node
        if not isinstance(node, exp.Query) and not _is_aggregate(node):
            for part in node.iter_expressions():
                yield from _parts(part, keys)


def _same(one: exp.Expr, other: exp.Expr) -> bool:
    """`city` and `stores.city` are the same column, `cities.city` and `stores.city` are not."""
    from sqlglot import exp

    if isinstance(one, exp.Column) and isinstance(other, exp.Column):
        tables = {one.table.lower(), other.table.lower()} - {""}
        return one.name.lower() == other.name.lower() and len(tables) < 2
    return one == other


def _loose_column(select: exp.Select) -> exp.Column | None:
    """The first column that has no single value for a group of rows."""
    from sqlglot import exp

    group = select.args.get("group")
    if not group and not _aggregates(select):
        return None
    named = {column.output_name.lower(): column.unalias() for column in select.selects}
    keys: list[exp.Expr] = []
    for key in group.expressions if group else ():
        by_number = isinstance(key, exp.Literal) and key.is_int
        keys.append(select.selects[int(key.name) - 1].unalias() if by_number else key)
        if isinstance(key, exp.Column) and not key.table and key.name.lower() in named:
            keys.append(named[key.name.lower()])
    for clause in (*select.selects, select.args.get("having"), select.args.get("order")):
        for node in _parts(clause, keys) if clause else ():
            alias = clause not in select.selects and node.name.lower() in named
            if isinstance(node, exp.Column) and not alias:
                return node
    return None


def _aggregates(select: exp.Select) -> bool:
    """Does this select, and not one inside it, make one row of many?"""
    return any(_is_aggregate(node) for column in select.selects for node in _parts(column))


def _start(node: exp.Expr) -> int | None:
    """Where the expression begins in the text, as far as the syntax tree tells."""
    places = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(places, default=None)


def _reads(
    file: _File,
    tree: exp.Query,
    ctes: Collection[str],
    readable: Mapping[str, str],
    files: Mapping[str, _File],
) -> frozenset[str]:
    """The tables, marts and analyses this file reads."""
    from sqlglot import exp

    for cte in tree.find_all(exp.CTE):
        if cte.alias.lower() in readable:
            what = f"the with clause hides the table '{cte.alias}'"
            file.fail("table", what, "give it a name of its own", _start(cte.args["alias"]))
    reads = set()
    for table in tree.find_all(exp.Table):
        name, written = table.name.lower(), table.sql("sqlite").partition(" AS ")[0]
        if name in ctes and not table.db:
            continue
        if name not in readable or table.db:
            hint = _nearest(name, [*readable, *ctes])
            if table.db:
                hint = f"write {table.name} alone"
            elif name in files:
                hint = f"a {file.kind} cannot read {files[name].where}"
            file.fail("table", f"there is no table '{written}'", hint, _start(table))
        reads.add(readable[name])
    return frozenset(reads)


def _in_order(models: Collection[Model], files: Mapping[str, _File]) -> Iterator[Model]:
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


def _nearest(word: str, valid: Iterable[str]) -> str:
    """The hint for a name that does not exist."""
    names = sorted(valid)
    near = get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there is {', '.join(names)}"
