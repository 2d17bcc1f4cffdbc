"""The contract of one source, as the project file declares it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.declared.values import Values
from app.records.contract import Column, Coverage, Source
from app.records.numbers import NOTATIONS, NUMBER_TYPES
from app.records.reading import DELIMITERS
from app.records.values import DEFAULT_FORMATS, TYPES, Value

SOURCE_KEYS = (
    "url", "headers", "key", "repeats", "covers", "columns", "max_rejected", "max_withdrawn",
    "fresh_for",
    "amount", "description", "delimiter", "skip", "header",
)  # fmt: skip
COLUMN_KEYS = (
    "from", "type", "formats", "currency", "nulls", "optional", "min", "max", "values", "pattern",
    "references", "copy", "description",
)  # fmt: skip

# What a format of dates must hold, one letter of each group, and what it may hold besides.
_DIRECTIVES = {"date": ("Yy", "mbB", "d"), "datetime": ("Yy", "mbB", "d", "HI", "M")}
_FURTHER_DIRECTIVES = {"date": "", "datetime": "Sfzp"}


class Contracts(Values):
    """Reads contracts; what needs the other sources to be known is left to `links`."""

    def source(self, name: str, content: Any) -> Source:
        where = f"sources.{name}"
        self.name(name, where)
        body = self.table(content, where)
        self.known(body, SOURCE_KEYS, where)
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
        self.known(body, COLUMN_KEYS, where)
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

    def pattern(self, content: Any, where: str) -> str:
        text = self.text(content, where)
        try:
            re.compile(text)
        except re.error as error:
            self.fail(where, f"{text!r}: {error}", "a regular expression")
        return text


def _iso(value: Any, kind: str) -> str | None:
    try:
        if kind == "date":
            return date.fromisoformat(str(value)).isoformat()
        return datetime.fromisoformat(str(value)).isoformat(" ", "seconds")
    except ValueError:
        return None
