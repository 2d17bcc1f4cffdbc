"""What the cells of a column are: their type, and how they are written.

Every guess is made with the contract's own readers, so that what is inferred here is what a run
will read. Where two readings fit equally well and give other values, both are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from app.profiling.hints import NAMED_MONEY, NEVER_MONEY, SURELY_TEXT, named
from app.records.contract import Column
from app.records.header import fold
from app.records.invalid import InvalidValue
from app.records.numbers import NOTATIONS, NUMBER_TYPES
from app.records.values import Value, value_reader

# A column of 2,000 dates with four bad ones is a column of dates.
TOLERATED = 0.02
TRIED_FIRST = 300
NULL_MARKS = {
    "na", "n/a", "#n/a", "null", "none", "nan", "nil", "-", "--", "–", "—", "?", ".", "k.a.",
    "k. a.", "n.a.", "s.o.", "nc", "nd", "n/d", "(null)", "(vide)", "(leer)", "(blank)",
}  # fmt: skip
_SIGN = r"[€$£¥₹]|CHF|EUR|USD|GBP|CAD|AUD|JPY|SEK|NOK|DKK|PLN|zł|kr|Fr\.|C\$|A\$|US\$"
_CURRENCY = re.compile(rf"-?\s*({_SIGN})\s*-?\s*\d.*|-?\d.*?\s*({_SIGN})")
_TIME = re.compile(r"(?P<between>T|, ?| +)(?P<time>\d{1,2}:\d\d.*)$")


@dataclass(frozen=True)
class Guess:
    """What a column holds.

    `formats` has one entry, several where the data cannot tell (`ambiguous`), or none where the
    type needs none. `bad` cells do not fit, `examples` are some of them; `because` is a phrase.
    """

    type: str
    formats: tuple[str, ...] = ()
    currency: str = ""
    nulls: tuple[str, ...] = ()
    bad: int = 0
    examples: tuple[str, ...] = ()
    because: str = ""

    @property
    def ambiguous(self) -> bool:
        return len(self.formats) > 1

    def column(self, name: str, label: str = "") -> Column:
        """The column under this guess; the first reading of several."""
        return Column(
            name, self.type, label or name, formats=self.formats, currency=self.currency,
            nulls=self.nulls,
        )  # fmt: skip


Cells = Mapping[str, int]  # each distinct trimmed, non-empty cell, and how often it occurs


def infer(label: str, cells: Cells) -> Guess:
    """What the column `label` holds."""
    marks = tuple(sorted(cell for cell in cells if cell.casefold() in NULL_MARKS))
    held = {cell: count for cell, count in cells.items() if cell not in marks}
    if not held:
        return Guess("text", because="it is empty")
    guess = _infer(label, held)
    if guess.type == "text" and not (marks and len(held) == len(cells)):
        # in a column of words "NA" may well be a word: Namibia, or a product called NA
        return replace(guess, bad=0) if not guess.examples else guess
    return replace(guess, nulls=marks)


def settle(guesses: Mapping[str, Guess], cells: Mapping[str, Cells]) -> dict[str, Guess]:
    """The guesses of one file, where what one column proves decides what another leaves open."""
    settled = dict(guesses)
    orders = {_order(g.formats[0]) for g in guesses.values() if _is_date(g) and not g.ambiguous}
    decimals = {
        NOTATIONS[g.formats[0]].decimal
        for g in guesses.values()
        if g.type in NUMBER_TYPES and len(g.formats) == 1
    }
    for label, guess in guesses.items():
        if not guess.ambiguous:
            continue
        if _is_date(guess):
            left = [form for form in guess.formats if {_order(form)} == orders]
            why = "another date of the file proves the order of day and month"
        else:
            left = [form for form in guess.formats if {NOTATIONS[form].decimal} == decimals]
            why = "another column of the file proves the decimal mark"
        if len(left) == 1:
            read = read_as(label, cells.get(label, {}), guess, left[0])
            settled[label] = replace(read, because=why)
    return settled


def read_as(label: str, cells: Cells, guess: Guess, form: str) -> Guess:
    """What an ambiguous column holds if it is written in `form`, one of its formats."""
    if _is_date(guess):
        return replace(guess, formats=(form,))
    held = {cell: count for cell, count in cells.items() if cell not in guess.nulls}
    return replace(_numbers(label, held, (form,)), nulls=guess.nulls)


def _is_date(guess: Guess) -> bool:
    return guess.type in ("date", "datetime")


def _order(form: str) -> str:
    """The order of day and month: 'dm' or 'md'; '' where the year leads or the month is named."""
    letters = "".join(re.findall(r"%([dmYy])", form))
    return letters[:2] if letters[:2] in ("dm", "md") else ""


def _infer(label: str, cells: Cells) -> Guess:
    text = Guess("text")
    if named(label, SURELY_TEXT):
        return replace(text, because="its name says that it is a code, not a quantity")
    if any(re.fullmatch(r"0\d+", cell) for cell in cells):
        dates = _dates(label, cells)
        if dates.type == "text":
            return replace(text, because="leading zeros would be lost in a number")
        return dates
    kinds = [_booleans(cells), _dates(label, cells), _numbers(label, cells)]
    tolerated = [g for g in kinds if g.type != "text"]
    if not tolerated:
        return _mostly(kinds, cells)
    return min(tolerated, key=lambda guess: guess.bad)


def _mostly(kinds: Iterable[Guess], cells: Cells) -> Guess:
    """Text, and what it nearly is: worth a sentence, not a guess."""
    total = sum(cells.values())
    near = [guess for guess in kinds if guess.examples and guess.bad < 0.3 * total]
    if not near:
        return Guess("text")
    best = min(near, key=lambda guess: guess.bad)
    return Guess("text", bad=best.bad, examples=best.examples, because=best.because)


def _judged(kind: str, cells: Cells, readings: Mapping[str, dict[str, Value]], what: str) -> Guess:
    """The best of `readings` (format to values): a guess, or text with what did not fit."""
    total = sum(cells.values())
    scores = {
        form: sum(cells[cell] for cell in values if cell in cells)
        for form, values in readings.items()
    }
    top = max(scores.values(), default=0)
    if not top:
        return Guess("text")
    best = [form for form, score in scores.items() if score == top]
    # of formats that give the same values the first is enough
    different = [
        form
        for at, form in enumerate(best)
        if all(readings[form] != readings[other] for other in best[:at])
    ]
    # 27.01.25 could begin with a year, but a year of two digits comes last wherever it can
    different = [form for form in different if not form.startswith("%y")] or different
    bad = [cell for cell in cells if cell not in readings[different[0]]]
    return Guess(
        kind if total - top <= TOLERATED * total else "text",
        tuple(different),
        bad=total - top,
        examples=tuple(bad[:5]),
        because=what,
    )


def _read_all(column: Column, form: str, cells: Iterable[str]) -> dict[str, Value]:
    """The cells that can be read so, with their values."""
    read = value_reader(column, form)
    values: dict[str, Value] = {}
    for cell in cells:
        try:
            values[cell] = read(cell)
        except InvalidValue:
            continue
    return values


def _booleans(cells: Cells) -> Guess:
    words = {cell.casefold() for cell in cells}
    if words & {"0", "1"} or len(words) > 2:
        return Guess("text")
    values = _read_all(Column("c", "boolean"), "", cells)
    guess = _judged("boolean", cells, {"": values}, "yes or no")
    return replace(guess, formats=())


def _numbers(label: str, cells: Cells, notations: Iterable[str] = tuple(NOTATIONS)) -> Guess:
    currency = _currency(cells)
    column = Column("c", "real", currency=currency)
    readings = {form: _read_all(column, form, cells) for form in notations}
    guess = _judged("real", cells, readings, "numbers")
    if guess.type == "text":
        return guess
    values = [value for form in guess.formats for value in readings[form].values()]
    whole = all(isinstance(value, float) and value.is_integer() for value in values)
    cents = all(isinstance(v, float) and abs(v * 100 - round(v * 100)) < 1e-6 for v in values)
    plain = all(re.fullmatch(r"[+-]?\d+", cell) for cell in readings[guess.formats[0]])
    marked = any(re.search(r"[.,]\d{1,2}$", _bare(cell, currency)) for cell in cells)
    if not named(label, NEVER_MONEY) and cents and (currency or named(label, NAMED_MONEY)):
        why = f"amounts in {currency}" if currency else "its name says that it is an amount"
        kind = "money"
    elif whole and not marked:
        kind, why = "integer", "whole numbers"
        currency = ""
    else:
        kind, why = "real", "numbers"
    formats = () if plain else guess.formats
    return replace(guess, type=kind, formats=formats, currency=currency, because=why)


def _bare(cell: str, currency: str) -> str:
    return cell.replace(currency, "").strip() if currency else cell


def _currency(cells: Cells) -> str:
    """The one sign that stands beside amounts; '' if there is none or there are several."""
    signs: set[str] = set()
    for cell in cells:
        match = _CURRENCY.fullmatch(cell)
        if match:
            signs.add(match[1] or match[2])
    return signs.pop() if len(signs) == 1 else ""


def _dates(label: str, cells: Cells) -> Guess:
    first = list(islice(cells, TRIED_FIRST))
    with_time = sum(bool(_TIME.search(cell)) for cell in first) > len(first) / 2
    kind = "datetime" if with_time else "date"
    column = Column("c", kind)
    readings = {}
    for form in _date_formats(label, first, with_time):
        tried = _read_all(column, form, first)
        if sum(cells[cell] for cell in tried) < 0.6 * sum(cells[cell] for cell in first):
            continue
        values = _read_all(column, form, cells)
        readings[form] = {
            cell: value for cell, value in values.items() if "1900" < str(value) < "2200"
        }
    return _judged(kind, cells, readings, "dates")


def _date_formats(label: str, cells: list[str], with_time: bool) -> list[str]:
    dates = [_TIME.sub("", cell) for cell in cells] if with_time else cells
    shapes = {re.sub(r"\d", "", date) for date in dates}
    found: list[str] = []
    if any(re.search(r"[^\W\d_]{3}", shape) for shape in shapes):
        found = [
            "%d %b %Y", "%d. %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d %b %y", "%d-%b-%y", "%d/%b/%y",
            "%b %d, %Y", "%b %d %Y", "%Y-%b-%d", "%d %b, %Y",
        ]  # fmt: skip
    for mark in "/-. ":
        if f"{mark}{mark}" in shapes:
            orders = ["%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%Y{0}%m{0}%d", "%d{0}%m{0}%y",
                      "%m{0}%d{0}%y", "%y{0}%m{0}%d"]  # fmt: skip
            if mark in ". ":
                # points and spaces come with the day first: nobody writes 06.27.2025
                orders = [order for order in orders if not order.startswith("%m")]
            found += [order.format(mark) for order in orders]
    if "" in shapes and "date" in fold(label) and all(len(date) == 8 for date in dates):
        found.append("%Y%m%d")
    if with_time:
        found = [date + rest for date in found for rest in _time_formats(cells)]
    return found


def _time_formats(cells: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for cell in cells:
        match = _TIME.search(cell)
        if match:
            time = match["time"]
            form = "%I:%M" if re.search(r"[ap]m", time, re.IGNORECASE) else "%H:%M"
            form += ":%S" if time.count(":") > 1 and re.match(r"\d+:\d+:", time) else ""
            form += ".%f" if re.search(r":\d\d\.\d+", time) else ""
            form += " %p" if form.startswith("%I") else ""
            zone = re.search(r"(\s?)(Z|[+-]\d\d:?\d\d)$", time)
            form += f"{zone[1]}{'Z' if zone[2] == 'Z' else '%z'}" if zone else ""
            found[match["between"] + form] = None
    return list(found)[:4]
