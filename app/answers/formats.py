"""How a value is written: `plain` for programs, `shown` for people, `excel` for a spreadsheet.

The formats are those of the SQL headers: integer, number, money (euros), percent (of a ratio),
date, month (of its first day), weekday (1 is Monday), flag (0 or 1), text. SQL never rounds;
this is the only place that does. A locale is `en` or `fr`.
"""

from __future__ import annotations

from app.records.values import Value

LOCALES = ("en", "fr")

# A cell that begins so is a formula to a spreadsheet, https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_THIN = "\u202f"  # the no-break space between French digits
_NO_BREAK = "\u00a0"
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
_WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
}
_FLAGS = {"en": ("no", "yes"), "fr": ("non", "oui")}


def plain(value: Value, kind: str = "") -> str:
    """`value` for a CSV file: a point, no grouping, two decimals for money, '' for null.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if kind == "percent":
        return _fixed(value, 4)
    return _fixed(value, _decimals(value, kind))


def excel(value: Value, kind: str = "") -> str:
    """`value` for a spreadsheet in French: a decimal comma, day/month/year, no grouping."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _day(value, "fr") if kind in ("date", "month") else plain(value)
    if kind in ("weekday", "flag"):
        return shown(value, kind, "fr")
    if kind == "percent":
        return _fixed(100 * value, 2).replace(".", ",") + "%"
    return _fixed(value, _decimals(value, kind)).replace(".", ",")


def shown(value: Value, kind: str = "", locale: str = "en") -> str:
    """`value` for a reader: grouped digits, units, '–' for null."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return _words(value, kind, locale)
    if kind == "weekday" and 1 <= value <= 7:
        return _WEEKDAYS[locale].split()[int(value) - 1]
    if kind == "flag" and value in (0, 1):
        return _FLAGS[locale][int(value)]
    if kind == "" and isinstance(value, int):
        return str(value)  # a year, a number that names something
    return _number(value, kind, locale)


def _words(text: str, kind: str, locale: str) -> str:
    if kind == "month":
        return month(text, locale)
    return _day(text, locale) if kind == "date" else text


def _number(value: int | float, kind: str, locale: str) -> str:
    """A number with grouped digits and its unit."""
    decimals = 1 if kind == "percent" else _decimals(value, kind)
    number = _fixed(100 * value if kind == "percent" else value, decimals, grouped=True)
    unit = {"money": "€", "percent": "%"}.get(kind, "")
    if locale == "fr":
        number = number.replace(",", _THIN).replace(".", ",")
    space = _NO_BREAK if locale == "fr" else " "
    return f"{number}{space}{unit}" if unit else number


def month(day: str, locale: str = "en") -> str:
    """The month of an ISO day, in words: June 2025."""
    year, number = day[:4], day[5:7]
    if not number.isdecimal() or not 1 <= int(number) <= 12:
        return day
    return f"{_MONTHS[locale].split()[int(number) - 1]} {year}"


def moment(time: str, locale: str = "en") -> str:
    """A time of the ledger (UTC) for a reader, to the minute."""
    return f"{_day(time[:10], locale)} {time[11:16]} UTC" if time else "–"


def _day(text: str, locale: str) -> str:
    """An ISO day, or the day that begins an ISO time, as the locale writes it."""
    if locale != "fr" or len(text) < 10 or text[4] + text[7] != "--":
        return text
    return f"{text[8:10]}/{text[5:7]}/{text[:4]}{text[10:]}"


def _decimals(value: int | float, kind: str) -> int:
    whole = kind in ("integer", "weekday", "flag")
    return 0 if whole or (isinstance(value, int) and kind != "money") else 2


def _fixed(value: int | float, decimals: int, *, grouped: bool = False) -> str:
    text = f"{value:,.{decimals}f}" if grouped else f"{value:.{decimals}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text
