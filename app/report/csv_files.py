"""An analysis as CSV: the plain file for programs, and the one that a French Excel opens."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable

from app.answers.formats import excel, plain
from app.answers.results import Result
from app.records.values import Value

EXCEL_LOCALES = ("fr",)


def csv_files(results: Iterable[Result], locale: str) -> dict[str, bytes]:
    """The CSV files of the results, by name."""
    files = {}
    for result in results:
        files[f"{result.model.name}.csv"] = plain_csv(result)
        if locale in EXCEL_LOCALES:
            files[excel_name(result)] = excel_csv(result, locale)
    return files


def excel_name(result: Result) -> str:
    """The name of the file that the locale's Excel opens."""
    return f"{result.model.name}.excel.csv"


def plain_csv(result: Result) -> bytes:
    """UTF-8, comma, point, the names of the columns."""
    return _written(result.columns, result, plain, ",").encode()


def excel_csv(result: Result, locale: str) -> bytes:
    """Semicolon, decimal comma and a byte order mark: what a double click needs in France."""
    headings = [result.model.heading(column, locale) for column in result.columns]
    return _written(headings, result.translated(locale), excel, ";").encode("utf-8-sig")


def _written(
    headings: Iterable[str], result: Result, write: Callable[[Value, str], str], delimiter: str
) -> str:
    kinds = [result.format(column) for column in result.columns]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(headings)
    for row in result.rows:
        writer.writerow([write(value, kind) for value, kind in zip(row, kinds, strict=True)])
    return text.getvalue()
