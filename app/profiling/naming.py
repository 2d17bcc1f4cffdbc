"""Names for tables and columns, from the labels and addresses of files: a-z, 0-9 and _."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import parse_qs, unquote, urlsplit

from app.declared.values import RESERVED_NAMES
from app.records.header import fold

LONGEST = 40
# Addresses that end so say how a file is served, not what it holds.
_SAYS_NOTHING = {"pub", "export", "download", "file", "data", "index", "csv", "raw", "content"}
# Words of SQL in one engine or another: as names they would need quotes everywhere.
SQL_WORDS = (
    "all alter and any as asc between by case cast check collate column constraint create cross "
    "current_date current_time current_timestamp default desc distinct drop else end except exists "
    "false fetch filter for foreign from full glob grant group having if in index inner insert "
    "intersect into is join key left like limit natural not null offset on or order outer over "
    "partition primary range references regexp right row rows rowid select set some table then to "
    "transaction true union unique update user using values view when where window with "
    "interval timestamp percent pivot qualify lateral cluster sort"
)


def column_name(label: str, taken: Collection[str] = ()) -> str:
    """A name for the column labelled `label` that is not yet taken: 'Prix (€)' becomes prix."""
    return _free(snake(label) or "unnamed", taken)


def table_name(url: str, taken: Collection[str] = ()) -> str:
    """A name for the file at `url` that is not yet taken: its file name, or its sheet."""
    parts = urlsplit(url)
    path = unquote(parts.path if "://" in url else url)
    stem = re.sub(r"(\.(csv|tsv|txt|gz|zip))+$", "", re.split(r"[/\\]", path)[-1], flags=re.I)
    name = snake(stem)
    if name in _SAYS_NOTHING or not name:
        sheet = parse_qs(parts.query).get("gid", [""])[0]
        name = f"sheet_{sheet}" if sheet.isdigit() else "table_1"
    return _free(name, taken)


def snake(text: str) -> str:
    """Lower case without accents, words joined by _; '' if nothing is left."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    name = re.sub(r"[^a-z0-9]+", "_", fold(parted.replace("ß", "ss"))).strip("_")[:LONGEST]
    return f"n_{name}" if name[:1].isdigit() else name.strip("_")


def _free(name: str, taken: Collection[str]) -> str:
    forbidden = {*taken, *RESERVED_NAMES}
    if name in SQL_WORDS.split() or name in RESERVED_NAMES:
        name = f"{name}_value"
    number, free = 1, name
    while free in forbidden:
        number += 1
        free = f"{name}_{number}"
    return free
