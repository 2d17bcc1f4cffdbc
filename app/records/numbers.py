"""How numbers are written, and how their text becomes exact values.

A notation is named by its example: `1.234,56` groups with points and has a decimal comma.
Without a declared notation either mark is a decimal one and spaces group; then 1,234, which is
another number in Paris than in London, is refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import NamedTuple

from app.records.invalid import InvalidValue, short

INTEGER_LIMIT = 2**63 - 1
SPACES = "  \u00a0\u202f\u2009"


class Notation(NamedTuple):
    """The characters that may group the digits, and those that may stand before the decimals."""

    groups: str
    decimal: str


NOTATIONS = {
    "1234.56": Notation("", "."),
    "1234,56": Notation("", ","),
    "1,234.56": Notation(",", "."),
    "1.234,56": Notation(".", ","),
    "1 234,56": Notation(SPACES, ","),
    "1 234.56": Notation(SPACES, "."),
    "1'234.56": Notation("'’", "."),
    "1'234,56": Notation("'’", ","),
}
_UNDECLARED = Notation(SPACES, ".,")
NUMBER_TYPES = ("integer", "real", "money")


def number_reader(kind: str, notation: str = "", sign: str = "") -> Callable[[str], int | float]:
    """What turns the text of a cell into a value of the type `kind`, one of NUMBER_TYPES.

    `notation` is a key of NOTATIONS or ''; `sign` is a currency that may stand before or after
    the amount. Money gives cents. Raises InvalidValue (`type-error`).
    """
    groups, decimal = NOTATIONS[notation] if notation else _UNDECLARED
    whole = r"[0-9]+"
    if groups:
        # one mark groups the whole number: 1 234 567, but not 1 234'567
        whole = rf"[1-9][0-9]{{0,2}}(?:[{re.escape(groups)}][0-9]{{3}})+|[0-9]+"
    pattern = re.compile(rf"([+-]?)({whole})(?:[{decimal}]([0-9]+))?")
    finish = {"integer": _integer, "real": _real, "money": _money}[kind]

    def read(text: str) -> int | float:
        bare = _without(sign, text) if sign else text
        match = pattern.fullmatch(bare) if len(bare) <= 400 else None
        if not match:
            as_written = f" written like {notation}" if notation else ""
            raise InvalidValue("type-error", f"{short(text)} is not {_SPOKEN[kind]}{as_written}")
        if not notation and kind != "integer":
            _refuse_ambiguous(match, kind, bare)
        digits = "".join(filter(str.isdigit, match[2]))
        return finish(match[1], digits, match[3] or "", text)

    return read


_SPOKEN = {"integer": "a whole number", "real": "a number", "money": "an amount of money"}


def _without(sign: str, text: str) -> str:
    """The amount without its currency: €12, 12 €, -€12 and € -12 are all an amount."""
    minus = text.startswith("-")
    rest = text[1:].strip() if minus else text
    if rest.startswith(sign):
        rest = rest.removeprefix(sign).strip()
    else:
        rest = rest.removesuffix(sign).strip()
    return f"-{rest}" if minus else rest


def _refuse_ambiguous(match: re.Match[str], kind: str, text: str) -> None:
    """1,234 is a thousand or one and a bit; so is an amount 1.234, which has no such decimals."""
    thousands = len(match[3] or "") == 3 and len(match[2]) <= 3 and match[2] != "0"
    if thousands and (kind == "money" or text[match.start(3) - 1] == ","):
        raise InvalidValue(
            "type-error",
            f"{short(text)} can be read in two ways; declare how numbers are written, "
            "such as formats = ['1,234.56'] or ['1.234,56']",
        )


def _integer(sign: str, whole: str, decimals: str, text: str) -> int:
    if decimals or len(whole) > 40:
        raise InvalidValue("type-error", f"{short(text)} is not a whole number")
    return _fits(int(sign + whole), text)


def _real(sign: str, whole: str, decimals: str, text: str) -> float:
    number = float(f"{sign}{whole}.{decimals or '0'}")
    if not isfinite(number):
        raise InvalidValue("type-error", f"{short(text)} is too large a number")
    return number + 0.0  # -0.0 becomes 0.0


def _money(sign: str, whole: str, decimals: str, text: str) -> int:
    if len(decimals.rstrip("0")) > 2:
        raise InvalidValue("type-error", f"{short(text)} has more than two decimals")
    if len(whole) > 40:
        raise InvalidValue("type-error", f"{short(text)} is too large a number")
    return _fits(int(Decimal(f"{sign}{whole}.{decimals or '0'}") * 100), text)


def _fits(number: int, text: str) -> int:
    if abs(number) > INTEGER_LIMIT:
        raise InvalidValue("type-error", f"{short(text)} is too large a number")
    return number
