"""The calendar table against the standard library, where calendars are hardest."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.database.calendar import COLUMNS, calendar_rows

NAMES = [name for name, _ in COLUMNS]


def rows(first: date, last: date, complete: date = date.max) -> list[dict[str, object]]:
    return [dict(zip(NAMES, row, strict=True)) for row in calendar_rows(first, last, complete)]


def test_one_row_per_day_first_and_last_included() -> None:
    days = rows(date(2023, 2, 27), date(2023, 3, 2))
    assert [day["date"] for day in days] == ["2023-02-27", "2023-02-28", "2023-03-01", "2023-03-02"]
    assert len(rows(date(2023, 5, 1), date(2023, 5, 1))) == 1
    assert rows(date(2023, 5, 2), date(2023, 5, 1)) == []


def test_every_value_agrees_with_the_standard_library_over_thirty_years() -> None:
    for day in rows(date(2000, 1, 1), date(2030, 12, 31)):
        its = date.fromisoformat(str(day["date"]))
        assert (day["iso_year"], day["iso_week"], day["weekday"]) == tuple(its.isocalendar())
        assert (day["year"], day["month"], day["day"]) == (its.year, its.month, its.day)
        assert day["quarter"] == {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 3, 8: 3, 9: 3}.get(
            its.month, 4
        )
        start, end = (date.fromisoformat(str(day[f"week_{side}"])) for side in ("start", "end"))
        assert start <= its <= end
        assert (start.isoweekday(), end.isoweekday(), (end - start).days) == (1, 7, 6)
        for period, months in (("month", 1), ("quarter", 3)):
            start, end = (
                date.fromisoformat(str(day[f"{period}_{side}"])) for side in ("start", "end")
            )
            after = end + timedelta(days=1)
            assert start <= its <= end
            assert start.day == after.day == 1
            assert (after.year - start.year) * 12 + after.month - start.month == months
            assert (start.month - 1) % months == 0


@pytest.mark.parametrize(
    ("day", "year", "week"),
    [
        (date(2020, 12, 31), 2020, 53),
        (date(2021, 1, 3), 2020, 53),
        (date(2021, 1, 4), 2021, 1),
        (date(2023, 1, 1), 2022, 52),
        (date(2024, 12, 30), 2025, 1),
    ],
)
def test_weeks_at_the_end_of_a_year_belong_to_their_iso_year(
    day: date, year: int, week: int
) -> None:
    (row,) = rows(day, day)
    assert (row["iso_year"], row["iso_week"]) == (year, week)


@pytest.mark.parametrize(("year", "last"), [(2023, 28), (2024, 29), (1900, 28), (2000, 29)])
def test_february_ends_as_the_leap_years_say(year: int, last: int) -> None:
    (row,) = rows(date(year, 2, 1), date(year, 2, 1))
    assert row["month_end"] == f"{year}-02-{last}"


def test_days_are_complete_up_to_the_last_complete_one() -> None:
    days = rows(date(2023, 5, 1), date(2023, 5, 4), complete=date(2023, 5, 2))
    assert [day["is_complete"] for day in days] == [1, 1, 0, 0]
    assert {day["is_complete"] for day in rows(date(2023, 5, 1), date(2023, 5, 4))} == {1}


def test_the_last_days_that_dates_can_name() -> None:
    assert rows(date(9999, 12, 26), date(9999, 12, 26))[0]["month_end"] == "9999-12-31"
