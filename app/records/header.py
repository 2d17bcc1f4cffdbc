"""The labels of a file, matched with the columns that a contract declares."""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import DeliveryError
from app.records.contract import Source


def match_header(source: Source, header: Sequence[str]) -> dict[str, int]:
    """The position of each read column in `header`.

    Labels match after trimming, folding case and accents. DeliveryError (`missing-label`,
    `duplicate-label`) if a declared label is not there exactly once.
    """
    from difflib import get_close_matches

    folded = [fold(label) for label in header]
    positions: dict[str, int] = {}
    for column in source.read_columns:
        wanted = fold(column.label)
        count = folded.count(wanted)
        if count == 1:
            positions[column.name] = folded.index(wanted)
        elif count:
            raise DeliveryError(
                f"the header has the column {column.label!r} {count} times",
                code="duplicate-label",
                hint="ask the owner of the file which one is meant; nothing was imported from it",
            )
        else:
            near = get_close_matches(wanted, folded, 1)
            nearest = f"; the nearest is {header[folded.index(near[0])]!r}" if near else ""
            shown = ", ".join(repr(label[:40]) for label in header[:12]) + (
                ", ..." if len(header) > 12 else ""
            )
            raise DeliveryError(
                f"the header lacks the column {column.label!r}{nearest} (found: {shown})",
                code="missing-label",
                hint=f"if it was renamed, change 'from' of column {column.name!r} "
                f"of source {source.name!r} in comptoir.toml",
            )
    return positions


def fold(label: str) -> str:
    """A label without case, accents and superfluous white space, for comparison."""
    import unicodedata

    decomposed = unicodedata.normalize("NFKD", label)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())
