"""The names of months in five languages: none of them means different months in two."""

from __future__ import annotations

import re
import unicodedata

_NAMES = (
    "jan january janv janvier januar janner jaenner ene enero gen gennaio",
    "feb february fev fevr fevrier februar feber febrero febbraio",
    "mar march mars marz maerz mrz marzo",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag maggio",
    "jun june juin juni junio giu giugno",
    "jul july juil juillet juli julio lug luglio",
    "aug august aout ago agosto",
    "sep sept september septembre septiembre set settembre",
    "oct october octobre okt oktober octubre ott ottobre",
    "nov november novembre noviembre",
    "dec december decembre dez dezember dic diciembre dicembre",
)
_NUMBERS = {
    name: f"{number:02}" for number, names in enumerate(_NAMES, 1) for name in names.split()
}
_WORD = re.compile(r"([^\W\d_]{3,})\.?")


def numbered(text: str) -> str:
    """`text` with the names of months as two digits: '4 févr. 2025' becomes '4 02 2025'."""
    return _WORD.sub(lambda match: _NUMBERS.get(_plain(match[1]), match[0]), text)


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
