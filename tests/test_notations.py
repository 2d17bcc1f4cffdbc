"""Foreign habits a contract can declare: numbers, currencies, dates, delimiters, headers."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app.declared.contracts import COLUMN_KEYS, SOURCE_KEYS
from app.errors import DeliveryError, ProjectError
from app.project import _PROJECT_KEYS, load_project
from app.records.checker import Checker
from app.records.contract import Column, Coverage, Source
from app.records.invalid import InvalidValue
from app.records.reading import Reader, ReadLimits
from app.records.values import TYPES, choose_format, converter, value_reader
from app.sources.attempt import FetchLimits
from tests.shop import REPOSITORY


def read(text: str, kind: str, form: str = "", **options: Any) -> Any:
    column = Column("c", kind, "c", formats=(form,) if form else (), **options)
    return converter(column, value_reader(column, form))(text)


@pytest.mark.parametrize(
    ("kind", "form", "text", "value"),
    [
        ("money", "1.234,56", "1.234.567,89", 123456789),
        ("money", "1.234,56", "1234,5", 123450),
        ("money", "1.234,56", "-12.345", -1234500),
        ("real", "1,234.56", "1,234", 1234.0),
        ("real", "1234,56", "1,234", 1.234),
        ("real", "1234.56", "1.234", 1.234),
        ("integer", "1,234.56", "12,345", 12345),
        ("integer", "1 234,56", "12\u202f345", 12345),
        ("real", "1'234.56", "1’234.5", 1234.5),
        ("money", "", "12,50", 1250),
        ("real", "", "0,125", 0.125),
        ("real", "", "1.234", 1.234),
        ("date", "%d.%m.%Y", "1.6.2025", "2025-06-01"),
        ("date", "%m/%d/%y", "06/01/25", "2025-06-01"),
        ("date", "%d %B %Y", "4 févr. 2025", "2025-02-04"),
        ("date", "%d. %B %Y", "4. März 2025", "2025-03-04"),
        ("date", "%B %d, %Y", "July 4, 2025", "2025-07-04"),
        ("datetime", "%m/%d/%Y %I:%M %p", "06/01/2025 1:05 PM", "2025-06-01 13:05:00"),
        ("datetime", "%Y-%m-%dT%H:%M:%S.%fZ", "2025-06-01T13:05:00.120Z", "2025-06-01 13:05:00"),
        ("boolean", "", "Ja", 1),
    ],
)
def test_a_declared_notation_is_read_exactly(kind: str, form: str, text: str, value: Any) -> None:
    assert read(text, kind, form) == value


@pytest.mark.parametrize(
    ("kind", "form", "text", "reason"),
    [
        ("real", "", "1,234", "two ways"),
        ("money", "", "1,230", "two ways"),
        ("money", "", "1.230", "two ways"),
        ("money", "1.234,56", "1,234.56", "written like"),
        ("real", "1,234.56", "12,34", "written like"),
        ("integer", "1,234.56", "1.5", "not a whole number"),
        ("money", "1234,56", "1,234", "more than two decimals"),
        ("date", "%d %B %Y", "4 floréal 2025", "is not a date"),
    ],
)
def test_what_a_notation_does_not_hold_is_refused(
    kind: str, form: str, text: str, reason: str
) -> None:
    with pytest.raises(InvalidValue, match=reason) as caught:
        read(text, kind, form)
    assert caught.value.code == "type-error"


@pytest.mark.parametrize("text", ["€12.50", "12.50 €", "12.50€", "€ 12.50", "12.50"])
def test_a_declared_currency_may_stand_on_either_side(text: str) -> None:
    assert read(text, "money", currency="€") == 1250
    assert read(f"-{text}", "money", currency="€") == -1250


def test_another_currency_is_not_an_amount() -> None:
    with pytest.raises(InvalidValue):
        read("$12.50", "money", currency="€")
    with pytest.raises(InvalidValue):
        read("€12.50€", "money", currency="€")


def test_declared_nulls_are_empty_cells() -> None:
    assert read("N/A", "integer", nulls=("N/A", "-"), optional=True) is None
    with pytest.raises(InvalidValue, match="required"):
        read("-", "integer", nulls=("N/A", "-"))
    with pytest.raises(InvalidValue, match="not a whole number"):
        read("N/A", "integer", optional=True)


def test_a_delivery_chooses_its_notation_or_is_refused() -> None:
    column = Column("c", "real", "c", formats=("1.234,56", "1,234.56"))
    assert choose_format(column, ["1,234", "0.5"]) == "1,234.56"
    assert choose_format(column, ["1.234", "0,5"]) == "1.234,56"
    with pytest.raises(DeliveryError, match="other numbers"):
        choose_format(column, ["1,234", "12"])


def source(**options: Any) -> Source:
    columns = (Column("a", "text", "a"), Column("b", "real", "b", formats=("1234,56",)))
    return Source("s", "s.csv", columns, ("a",), Coverage("all"), **options)


def rows(path: Path, contract: Source) -> list[Any]:
    with Reader(path, contract, ReadLimits()) as reader:
        layout = reader.layout
        checker = Checker(contract, layout.positions, len(layout.header), reader.sample, {})
        return [(line, checker.row(cells)) for line, cells in reader]


def test_lines_before_the_header_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text('Export "du jour\n\na|b\nx|1,5\n"y\nz"|2\n', encoding="utf-8")
    assert rows(path, source(skip=2)) == [(4, ["x", 1.5]), (5, ["y\nz", 2.0])]


def test_a_file_without_header_has_its_labels_declared(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("x;1,5\ny;2\n", encoding="utf-8")
    given = source(delimiter=";", header=("A", "b"))
    assert rows(path, given) == [(1, ["x", 1.5]), (2, ["y", 2.0])]
    with pytest.raises(DeliveryError, match="the first line has 1 cells"):
        rows(path, source(delimiter="|", header=("a", "b")))


def test_a_declared_delimiter_keeps_a_decimal_comma_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("b\n1,5\n", encoding="utf-8")
    one = Source("s", "s.csv", source().columns[1:], ("b",), Coverage("all"), delimiter=";")
    assert rows(path, one) == [(2, [1.5])]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('formats = ["%Y-%m-%d", "%d/%m/%Y"]', 'formats = ["%d/%m"]', "%Y/%y"),
        ('formats = ["%Y-%m-%d", "%d/%m/%Y"]', 'formats = ["%d/%m/%Y %p"]', "directives"),
        ('type = "integer", min = 1', 'type = "integer", formats = ["1,5"]', "1234.56"),
        ('type = "integer", min = 1', 'type = "integer", currency = "€"', "money or real"),
        ('type = "integer", min = 1', 'type = "integer", nulls = "x"', "a list of texts"),
        ('type = "integer", min = 1', 'type = "text", formats = ["1234.56"]', "no formats"),
        ("repeats     = true", 'repeats = true\ndelimiter = ":"', "a delimiter"),
        ("repeats     = true", "repeats = true\nskip = -1", "a whole number from 0"),
        ("repeats     = true", 'repeats = true\nheader = ["a"]', "the delimiter"),
    ],
)
def test_a_wrong_declaration_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = (REPOSITORY / "comptoir.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "comptoir.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ProjectError, match=re.escape(told)):
        load_project(tmp_path, {})


def test_every_key_of_the_project_file_is_documented() -> None:
    text = (REPOSITORY / "docs" / "project-file.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    limits = [field.name for kind in (FetchLimits, ReadLimits) for field in fields(kind)]
    for heading, keys in {
        "`[project]`": _PROJECT_KEYS,
        "`[limits]`": limits,
        "`[sources.NAME]`": SOURCE_KEYS,
        "`[sources.NAME.columns]`": COLUMN_KEYS,
    }.items():
        (section,) = (part for part in sections if part.startswith(f"{heading}\n"))
        firsts = re.findall(r"^\| (`[^|]*`) \|", section, flags=re.MULTILINE)
        told = {name for cell in firsts for name in re.findall(r"`(\w+)`", cell)}
        missing = set(keys) - told
        assert not missing, f"docs/project-file.md does not tell of {missing} in {heading}"
        extra = told - set(keys) - set(TYPES)
        assert not extra, f"docs/project-file.md tells of {extra} in {heading}, which is no key"


def test_the_documented_limits_have_their_defaults() -> None:
    text = (REPOSITORY / "docs" / "project-file.md").read_text(encoding="utf-8")
    for kind in (FetchLimits, ReadLimits):
        for limit in fields(kind):
            assert re.search(rf"^\| `{limit.name}` .*\| {limit.default} \|$", text, re.MULTILINE)
