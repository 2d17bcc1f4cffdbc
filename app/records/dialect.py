"""How a file that nobody has described is written: encoding, delimiter, header.

Where a contract exists, `reading` finds these from the declared header. Here nothing is declared,
so what the file cannot tell is said in `remarks`, and what would change its figures is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from app.errors import DeliveryError
from app.records.checker import MALFORMED
from app.records.header import fold
from app.records.reading import DELIMITERS, ReadLimits, Record, Records, find_encoding

SAMPLE_RECORDS = 2_000
PREAMBLE_RECORDS = 20
# A header is followed by cells that look like values, where its own do not.
_VALUE = re.compile(
    r"[-+]?[€$£]?\s?\d[\d\s.,'’]*\s?[€$£%]?|\d{1,4}[-/. ]\w{1,9}[-/. ]\d{1,4}([ T].*)?|true|false"
)
_YEAR = re.compile(r"(19|20)\d\d")
# Two whole columns, or one with a decimal comma: the same bytes.
_ONE_OR_TWO = re.compile(r"\s*-?\d+,\d{1,2}\s*")


@dataclass(frozen=True)
class Dialect:
    """How a file is written. `skip` lines come before the header, or before the first record.

    `header` has a made-up label (`column 3`) for each column that has none; `has_header` tells
    whether the file has any, `labelled` whether each column has one of its own there. `remarks`
    are sentences a person should read.
    """

    encoding: str
    delimiter: str
    skip: int
    header: tuple[str, ...]
    has_header: bool
    labelled: bool = True
    remarks: tuple[str, ...] = ()

    def records(self, path: Path, limits: ReadLimits) -> Iterator[Record]:
        """The records after the header, blank ones included, with line numbers."""
        with path.open(encoding=self.encoding, newline="") as file:
            found = iter(Records(file, self.delimiter, limits, self.skip))
            if self.has_header:
                next(found, None)
            yield from found


@dataclass(frozen=True)
class _Reading:
    """What a delimiter makes of the first records."""

    delimiter: str
    records: list[Record]
    width: int  # of most records
    share: float  # of the records that have this width
    first: int  # the record that begins the table

    @property
    def rank(self) -> tuple[bool, float, int]:
        return self.share > 0.98, round(self.share, 2), self.width


def find_dialect(path: Path, limits: ReadLimits, labels: Collection[str] = ()) -> Dialect:
    """How the file at `path` is written; `labels` are those of a contract, if there is one.

    DeliveryError: `empty`, `encoding-error`, `limit-error`, `quote-error`, or `delimiter` if
    two delimiters would give different tables and nothing tells which is meant.
    """
    encoding = find_encoding(path, limits)
    remarks = ["it is not UTF-8 and was read as Windows-1252"] if encoding == "cp1252" else []
    readings = [_read(path, encoding, delimiter, limits) for delimiter in DELIMITERS]
    if not any(reading.records for reading in readings):
        raise DeliveryError("the file is empty", code="empty", hint="check the URL in a browser")
    several = sorted((r for r in readings if r.width > 1), key=lambda r: r.rank, reverse=True)
    if several and several[0].share >= 0.5:
        best = several[0]
        _refuse_a_tie(several)
        if best.share <= 0.98:
            remarks.append(
                f"only {best.share:.0%} of its first records have {best.width} cells: "
                "the others are malformed, or the file is not a table"
            )
    else:
        best = _one_column(readings)
    cells = [record[1] for record in best.records[best.first :] if len(record[1]) == best.width]
    skip = best.records[best.first][0] - 1
    if skip:
        remarks.append(f"its first {skip} lines are no part of the table and are skipped")
    has_header, certain = _has_header(cells)
    if set(map(fold, labels)) & set(map(fold, cells[0])):
        has_header = certain = True
    if not has_header:
        remarks.append("it has no header: its first line is data, so the columns have no names")
        joined = [",".join(record) for record in cells]
        if best.delimiter == "," and all(map(_ONE_OR_TWO.fullmatch, joined)):
            raise DeliveryError(
                f"lines such as {joined[0]!r} are two columns or one with a "
                "decimal comma, and there is no header to tell",
                code="delimiter",
                hint="give the file a header line",
            )
    elif not certain and len(cells) > 1:
        remarks.append("its first line was taken as the header, though nothing in it tells so")
    header = tuple(cells[0]) if has_header else ("",) * best.width
    labels = [label.strip() or f"column {at}" for at, label in enumerate(header, 1)]
    repeated = [label for label, n in Counter(map(fold, labels)).items() if n > 1]
    if repeated:
        remarks.append(f"its header has {', '.join(map(repr, repeated))} more than once")
        labels = _distinct(labels)
    labelled = labels == [label.strip() for label in header]
    return Dialect(
        encoding, best.delimiter, skip, tuple(labels), has_header, labelled, tuple(remarks)
    )


def _read(path: Path, encoding: str, delimiter: str, limits: ReadLimits) -> _Reading:
    found: list[Record] = []
    try:
        with path.open(encoding=encoding, newline="") as file:
            for record in islice(Records(file, delimiter, limits), SAMPLE_RECORDS):
                if any(cell.strip() for cell in record[1]) or record[1] is MALFORMED:
                    found.append(record)
    except DeliveryError:
        if not found:
            raise
    widths = [len(record[1]) for record in found]
    if not widths:
        return _Reading(delimiter, found, 0, 0.0, 0)
    width = Counter(widths).most_common(1)[0][0]
    # what comes before the table is narrower than it
    first = next((at for at, found_width in enumerate(widths) if found_width >= width), 0)
    # and is followed by a header: a number there is data that this delimiter tears apart
    torn = first > 0 and any(_VALUE.fullmatch(cell.strip()) for cell in found[first][1])
    if first > PREAMBLE_RECORDS or widths[first] != width or torn:
        return _Reading(delimiter, found, 1, 0.0, 0)
    rest = widths[first:]
    return _Reading(delimiter, found, width, rest.count(width) / len(rest), first)


def _refuse_a_tie(several: Sequence[_Reading]) -> None:
    """Two delimiters that make equally good tables of the same width cannot be told apart."""
    ties = [r for r in several if r.rank == several[0].rank]
    if len(ties) > 1:
        signs = " and ".join(repr(reading.delimiter) for reading in ties)
        raise DeliveryError(
            f"{signs} both make a table of {ties[0].width} columns of it",
            code="delimiter",
            hint="declare the source by hand with its delimiter, see docs/project-file.md",
        )


def _one_column(readings: Sequence[_Reading]) -> _Reading:
    """The file as one column, by a delimiter that does not occur in it."""
    # a comma is the likeliest mark inside a number or a sentence, so it comes last
    for reading in sorted(readings, key=lambda r: ";\t|,".index(r.delimiter)):
        if reading.records and all(len(record[1]) <= 1 for record in reading.records):
            return _Reading(reading.delimiter, reading.records, 1, 1.0, 0)
    raise DeliveryError(
        "no delimiter among , ; tab | makes a table of this file",
        code="delimiter",
        hint="open the file in an editor: is it a CSV file?",
    )


def _has_header(cells: Sequence[Sequence[str]]) -> tuple[bool, bool]:
    """Whether the first record is a header, and whether the others prove it."""
    first, rest = cells[0], cells[1:]
    votes = []
    for at, label in enumerate(first):
        values = [record[at].strip() for record in rest if record[at].strip()]
        alike = sum(bool(_VALUE.fullmatch(value.casefold())) for value in values)
        if values and alike >= 0.9 * len(values):
            votes.append(not _VALUE.fullmatch(label.strip().casefold()))
    if not votes:
        return True, False
    if not any(votes):
        years = [label for label in first if _YEAR.fullmatch(label.strip())]
        named = [label for label in first if re.search(r"[^\W\d_]", label)]
        return bool(named) and len(years) == len(votes), True
    return sum(votes) * 2 >= len(votes), True


def _distinct(labels: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    distinct = []
    for label in labels:
        seen[fold(label)] += 1
        number = seen[fold(label)]
        distinct.append(label if number == 1 else f"{label} {number}")
    return distinct
