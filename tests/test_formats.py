"""How values are written: for programs, for people in two languages, for a French spreadsheet."""

from __future__ import annotations

import pytest

from app.answers.formats import LOCALES, excel, moment, plain, shown
from app.records.values import Value


@pytest.mark.parametrize(
    ("value", "kind", "english", "french"),
    [
        (5268.78, "money", "5,268.78 €", "5\u202f268,78\u00a0€"),
        (1234567.5, "money", "1,234,567.50 €", "1\u202f234\u202f567,50\u00a0€"),
        (-0.001, "money", "0.00 €", "0,00\u00a0€"),
        (-12.5, "money", "-12.50 €", "-12,50\u00a0€"),
        (3, "money", "3.00 €", "3,00\u00a0€"),
        (0.1234, "percent", "12.3 %", "12,3\u00a0%"),
        (1234, "integer", "1,234", "1\u202f234"),
        (1234, "", "1234", "1234"),
        (2025, "", "2025", "2025"),
        (1234.5, "", "1,234.50", "1\u202f234,50"),
        ("2023-05-27", "date", "2023-05-27", "27/05/2023"),
        ("2023-05-27 14:30", "date", "2023-05-27 14:30", "27/05/2023 14:30"),
        ("2023-05", "date", "2023-05", "2023-05"),
        ("2023-05-01", "month", "May 2023", "mai 2023"),
        ("2023-13-01", "month", "2023-13-01", "2023-13-01"),
        (1, "weekday", "Monday", "lundi"),
        (7, "weekday", "Sunday", "dimanche"),
        (8, "weekday", "8", "8"),
        (1, "flag", "yes", "oui"),
        (0, "flag", "no", "non"),
        (None, "money", "–", "–"),
        ("Épicerie, à côté", "", "Épicerie, à côté", "Épicerie, à côté"),
    ],
)
def test_a_value_is_shown_as_the_language_writes_it(
    value: Value, kind: str, english: str, french: str
) -> None:
    assert [shown(value, kind, locale) for locale in LOCALES] == [english, french]


@pytest.mark.parametrize(
    ("value", "kind", "for_programs", "for_excel"),
    [
        (5268.78, "money", "5268.78", "5268,78"),
        (-0.004, "money", "0.00", "0,00"),
        (0.12345, "percent", "0.1235", "12,35%"),
        (12, "integer", "12", "12"),
        (2.5, "number", "2.50", "2,50"),
        ("2023-05-27", "date", "2023-05-27", "27/05/2023"),
        ("2023-05-01", "month", "2023-05-01", "01/05/2023"),
        (1, "flag", "1", "oui"),
        (3, "weekday", "3", "mercredi"),
        (None, "money", "", ""),
        ("=1+1", "", "'=1+1", "'=1+1"),
        ("@cmd", "", "'@cmd", "'@cmd"),
    ],
)
def test_a_value_is_written_for_programs_and_for_a_french_excel(
    value: Value, kind: str, for_programs: str, for_excel: str
) -> None:
    assert (plain(value, kind), excel(value, kind)) == (for_programs, for_excel)


def test_a_time_of_the_ledger_is_shown_to_the_minute() -> None:
    assert moment("2025-07-01T06:05:59Z") == "2025-07-01 06:05 UTC"
    assert moment("2025-07-01T06:05:59Z", "fr") == "01/07/2025 06:05 UTC"
    assert moment("") == "–"
