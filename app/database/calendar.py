"""The `calendar` table: one row per day, so that SQL joins it instead of computing dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

Day = tuple[str, int, int, int, int, int, int, int, str, str, str, str, str, str, int]

COLUMNS = (
    ("date", "text"),
    ("year", "integer"),
    ("quarter", "integer"),
    ("month", "integer"),
    ("day", "integer"),
    ("weekday", "integer"),  # 1 is Monday, 7 is Sunday
    ("iso_year", "integer"),  # the year the ISO week belongs to: 2023-01-01 is in 2022-W52
    ("iso_week", "integer"),
    ("week_start", "text"),
    ("week_end", "text"),
    ("month_start", "text"),
    ("month_end", "text"),
    ("quarter_start", "text"),
    ("quarter_end", "text"),
    ("is_complete", "integer"),  # 1 when all sales of the day are known
)


def calendar_rows(first: date, last: date, last_complete: date) -> Iterator[Day]:
    """One row of `COLUMNS` per day from `first` to `last`, both included; dates as ISO text."""
    for number in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(number)
        iso_year, iso_week, weekday = day.isocalendar()
        quarter = (day.month + 2) // 3
        week_start = day - timedelta(days=weekday - 1)
        yield (
            day.isoformat(),
            day.year,
            quarter,
            day.month,
            day.day,
            weekday,
            iso_year,
            iso_week,
            week_start.isoformat(),
            (week_start + timedelta(days=6)).isoformat(),
            day.replace(day=1).isoformat(),
            _month_end(day.year, day.month).isoformat(),
            date(day.year, 3 * quarter - 2, 1).isoformat(),
            _month_end(day.year, 3 * quarter).isoformat(),
            int(day <= last_complete),
        )


def _month_end(year: int, month: int) -> date:
    if month == 12:
        return date(year, 12, 31)
    return date(year, month + 1, 1) - timedelta(days=1)
