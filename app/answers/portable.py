"""The subset of SQL that means the same in SQLite, DuckDB, PostgreSQL and Spark, and its lint.

`parse` reads a file's one select, `lint` refuses what engines understand differently, naming what
to write instead, and `transpile` writes the select for another engine.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from app.errors import SqlFileError

if TYPE_CHECKING:
    from sqlglot import Token, exp

Kind = Literal["mart", "analysis", "check"]

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
class SqlFile:
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


def parse(file: SqlFile) -> tuple[list[Token], exp.Query]:
    """The words of the one select in the file, and its syntax tree."""
    from sqlglot import Dialect, ParseError, TokenError, TokenType, exp

    hint = "a SQL file is one select, with its comments"
    sqlite = Dialect.get_or_raise("sqlite")
    try:
        tokens = sqlite.tokenize(file.text)
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
        (tree,) = sqlite.parser().parse(tokens, file.text)
    except ParseError as error:
        found = error.errors[0]
        lines = file.text.split("\n")[: found["line"] - 1]
        at = sum(len(line) + 1 for line in lines) + found["col"] - len(found["highlight"])
        what = str(found["description"]).partition(" but got <")[0]
        file.fail("syntax", f"not SQL near '{found['highlight']}': {what}", hint, at)
    if not isinstance(tree, exp.Select | exp.SetOperation):
        file.fail("syntax", "this changes data", hint, first.start)
    return tokens, tree


def lint(file: SqlFile, tokens: list[Token], tree: exp.Query) -> set[str]:
    """Refuse what engines understand differently; the names of the CTEs, in lower case."""
    ctes = _check_words(file, tokens, tree)
    _check_meaning(file, tree)
    if file.kind == "analysis":
        _check_result(file, tree)
    return ctes


def _check_words(file: SqlFile, tokens: list[Token], tree: exp.Query) -> set[str]:
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
            file.fail("lint", what, (hints or [nearest(word, FUNCTIONS.split())])[0], token.start)
    return ctes


def _check_meaning(file: SqlFile, tree: exp.Query) -> None:
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
            file.fail("lint", f"`{wrong.sql('sqlite')[:60]}` {what}", hint, start_of(wrong))


def _check_result(file: SqlFile, tree: exp.Query) -> None:
    """An analysis is a table: named columns, in an order of its own."""
    from sqlglot import exp

    names: set[str] = set()
    for column in tree.selects:
        name = column.output_name.lower()
        if column.is_star or not name or name in names:
            what = "is a star" if column.is_star else "has the name of another" if name else ""
            what = f"the column `{column.sql('sqlite')[:60]}` {what or 'has no name'}"
            file.fail("lint", what, "name each column, with `as` if need be", start_of(column))
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


def start_of(node: exp.Expr) -> int | None:
    """Where the expression begins in the text, as far as the syntax tree tells."""
    places = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(places, default=None)


def transpile(sql: str, dialect: str) -> str:
    """The same question in another engine's SQL; decimal numbers are doubles, as in SQLite."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql, read="sqlite")
    for number in list(tree.find_all(exp.Literal)):
        if number.is_number and not number.is_int:
            number.replace(exp.cast(number.copy(), exp.DType.DOUBLE))
    return tree.sql(dialect, comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


def nearest(word: str, valid: Iterable[str]) -> str:
    """The hint for a name that does not exist."""
    names = sorted(valid)
    near = get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there is {', '.join(names)}"
