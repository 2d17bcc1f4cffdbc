"""How a value is written: `plain` for CSV files and programs, `shown` for people.

The formats are those of the SQL headers: integer, number, money (euros), percent (of a ratio),
date, text. SQL never rounds; this is the only place that does.
"""

from __future__ import annotations

from app.values import Value

# A cell that begins so is a formula to a spreadsheet, https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(value: Value, kind: str = "") -> str:
    """`value` for a CSV file: a point, no grouping, two decimals for money, '' for null.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if kind == "money":
        return f"{value:.2f}"
    if kind == "percent":
        return f"{value:.4f}"
    if kind == "integer" or isinstance(value, int):
        return f"{value:.0f}"
    return f"{value:.2f}"


def shown(value: Value, kind: str = "") -> str:
    """`value` for a reader: grouped digits, units, '–' for null."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if kind == "money":
        return f"{value:,.2f} €"
    if kind == "percent":
        return f"{100 * value:.1f} %"
    if kind == "integer":
        return f"{value:,.0f}"
    # a whole number that is not declared as one is a year or a number of a store
    return str(value) if isinstance(value, int) else f"{value:,.2f}"
