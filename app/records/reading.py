"""From the bytes of a delivery to records: encoding, delimiter, header, cells with line numbers.

The encoding is UTF-8 (with or without BOM) or UTF-16 (with BOM); Windows-1252 is the fallback,
and is reported. The delimiter is the declared one, or the one that yields the declared header.
A line ends with CR, LF or CRLF; a quoted cell may span lines.
"""

from __future__ import annotations

import codecs
import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO

from app.errors import DeliveryError
from app.records.checker import MALFORMED
from app.records.contract import Source
from app.records.header import fold, match_header

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_RECORDS = 1_000
SCAN_BYTES = 1 << 20
HELD_LINES = 1_000

# (line number where the record begins, its cells)
Record = tuple[int, list[str]]


@dataclass(frozen=True)
class ReadLimits:
    """What a delivery may be at most: characters in a cell, bytes in a line, columns."""

    cell_chars: int = 1_000_000
    line_bytes: int = 8_000_000
    columns: int = 2_000


@dataclass(frozen=True)
class Layout:
    """How a delivery is written: found, not declared."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    positions: dict[str, int]

    def remarks(self, source: Source) -> list[str]:
        """What is worth telling about this delivery, one phrase each."""
        used = {fold(column.label) for column in source.read_columns}
        extra = [label for label in self.header if fold(label) not in used]
        found = []
        if extra:
            shown = ", ".join(repr(label[:40]) for label in extra[:8])
            more = f" and {len(extra) - 8} more" if len(extra) > 8 else ""
            found.append(f"columns not declared, ignored: {shown}{more}")
        if self.encoding == "cp1252":
            found.append("not UTF-8: read as Windows-1252")
        return found


class Reader:
    """The records of one delivery.

    `layout` is known at once, and `sample` holds the cells of some first records, header excluded.
    Iteration gives (line number where the record begins, its cells), and counts `blank` records
    without giving them; `raw()` is the text of the record last given. DeliveryError if the file is
    not the declared one (`encoding-error`, `missing-label`, `duplicate-label`, `quote-error`,
    `limit-error`, `empty`). The encoding is found out unless it is given.
    """

    def __init__(self, path: Path, source: Source, limits: ReadLimits, encoding: str = "") -> None:
        self.blank = 0
        self._path = path
        self._limits = limits
        self._skip = source.skip
        self._has_header = not source.header
        encoding = encoding or find_encoding(path, limits)
        delimiter, header, positions = _find_header(path, encoding, source, limits)
        self.layout = Layout(encoding, delimiter, header, positions)
        # newline="" leaves line ends as they are: raw text stays what was delivered
        self._file: IO[str] = path.open(encoding=encoding, newline="")
        try:
            self.sample = [cells for _, cells in islice(self, SAMPLE_RECORDS)]
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Record]:
        self._file.seek(0)
        self._records = Records(self._file, self.layout.delimiter, self._limits, self._skip)
        records = iter(self._records)
        if self._has_header:
            next(records)
        return self._without_blanks(records)

    def after(self, size: int) -> Iterator[Record]:
        """The records behind the first `size` bytes, which end a record; lines count from there."""
        encoding = _decodes(
            self._path, self.layout.encoding.removesuffix("-sig"), self._limits, size
        )
        self._file.close()
        self._file = self._path.open(encoding=encoding, newline="")
        self._file.seek(size)
        self._records = Records(self._file, self.layout.delimiter, self._limits)
        return self._without_blanks(iter(self._records))

    def _without_blanks(self, records: Iterator[Record]) -> Iterator[Record]:
        self.blank = 0
        for record in records:
            cells = record[1]
            # most records have a first cell: look at the others only if it is empty
            if (cells and cells[0].strip()) or cells is MALFORMED or any(map(str.strip, cells)):
                yield record
            else:
                self.blank += 1

    def size(self) -> int:
        """How many bytes the file has."""
        return os.fstat(self._file.fileno()).st_size

    def position(self) -> int:
        """How many bytes of the file were read; another thread may ask."""
        # `tell` of the file would disturb the thread that reads
        return os.lseek(self._file.fileno(), 0, os.SEEK_CUR)

    def raw(self) -> str:
        """The text of the record last given, as it was delivered.

        Without its line end: the same record may be the last of one file and not of another.
        """
        return self._records.raw().rstrip("\r\n")


class Records:
    """The records of an open file from line `skip` + 1 on, header included: (line number, cells).

    A line whose quotes make no sense has MALFORMED for its cells. DeliveryError (`quote-error`,
    `limit-error`) where nobody can tell any more where records begin.
    """

    def __init__(self, file: IO[str], delimiter: str, limits: ReadLimits, skip: int = 0) -> None:
        self._file = file
        self._delimiter = delimiter
        self._limits = limits
        self._skip = skip
        self._start = 1
        self._held: list[str] = []
        self._held_from = 1

    def __iter__(self) -> Iterator[Record]:
        csv.field_size_limit(self._limits.cell_chars)
        skip = self._skip
        for _ in range(skip):
            self._file.readline()
        lines = chain.from_iterable(self._batches())
        self._rows = rows = csv.reader(lines, delimiter=self._delimiter, strict=True)
        start = 1
        while True:
            try:
                for cells in rows:
                    yield start + skip, cells
                    self._start = start = rows.line_num + 1
            except csv.Error as error:
                # Within one line the damage has known ends. Over several nobody can tell how many
                # records a stray quote has swallowed.
                if rows.line_num > start or "expected after" not in str(error):
                    raise _unreadable(error, start + skip, self._limits) from None
                yield start + skip, MALFORMED
                self._start = start = rows.line_num + 1
            else:
                return

    def raw(self) -> str:
        """The lines of the record last given."""
        first, end = self._start - self._held_from, self._rows.line_num + 1 - self._held_from
        return "".join(self._held[first:end])

    def _batches(self) -> Iterator[list[str]]:
        """The file's lines, of which those of the current record can be asked again."""
        while batch := list(islice(self._file, HELD_LINES)):
            self._held = [*self._held[self._start - self._held_from :], *batch]
            self._held_from = self._start
            yield batch


def find_encoding(path: Path, limits: ReadLimits) -> str:
    """The encoding in which the whole file can be read, as Python names it.

    DeliveryError `encoding-error` if there is none, `limit-error` if a line is too long.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decodes(path, "utf-16", limits)
    if start.startswith(codecs.BOM_UTF8):
        return _decodes(path, "utf-8-sig", limits)
    try:
        return _decodes(path, "utf-8", limits)
    except DeliveryError as error:
        if error.code != "encoding-error":
            raise
        return _decodes(path, "cp1252", limits)


def _decodes(path: Path, encoding: str, limits: ReadLimits, start: int = 0) -> str:
    """`encoding`, once the file from byte `start` was decoded with it, in pieces."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = start
    line = 0
    # a line over the limit never fits into one piece
    piece = min(SCAN_BYTES, limits.line_bytes)
    with path.open("rb") as file:
        file.seek(start)
        while True:
            chunk = file.read(piece)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise DeliveryError(
                    f"byte {done + error.start + 1} is not {_spoken(encoding)}: {error.reason}",
                    code="encoding-error",
                    hint="ask for the file in UTF-8",
                ) from None
            line = _unfinished(chunk, line)
            if line > limits.line_bytes:
                raise DeliveryError(
                    f"a line is longer than {limits.line_bytes:,} bytes",
                    code="limit-error",
                    hint="check that this is the right file; [limits] line_bytes sets the limit",
                )
            if not chunk:
                return encoding
            done += len(chunk)


def _unfinished(chunk: bytes, before: int) -> int:
    """The longest run of bytes without a line end that reaches an end of `chunk`."""
    first = min((at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0), default=-1)
    if first < 0:
        return before + len(chunk)
    return max(before + first, len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r")))


def _find_header(
    path: Path, encoding: str, source: Source, limits: ReadLimits
) -> tuple[str, tuple[str, ...], dict[str, int]]:
    """The delimiter that yields the declared header, that header, and the columns' positions.

    When none does, the error is that of the delimiter that came nearest.
    """
    found: list[tuple[str, tuple[str, ...], dict[str, int]]] = []
    failures: list[tuple[int, DeliveryError]] = []
    wanted = {fold(column.label) for column in source.read_columns}
    for delimiter in (source.delimiter,) if source.delimiter else DELIMITERS:
        header: tuple[str, ...] = ()
        try:
            with path.open(encoding=encoding, newline="") as file:
                header = _header(file, delimiter, limits, source.skip)
            if source.header:
                header = _given(source, header)
            found.append((delimiter, header, match_header(source, header)))
        except DeliveryError as error:
            failures.append((len(wanted & {fold(label) for label in header}), error))
    if not found:
        raise max(failures, key=lambda failure: failure[0])[1]
    return max(found, key=lambda candidate: len(candidate[1]))


def _given(source: Source, first: Sequence[str]) -> tuple[str, ...]:
    """The declared labels of a file that begins with data, if they fit its first record."""
    if len(first) == len(source.header):
        return source.header
    raise DeliveryError(
        f"the first line has {len(first)} cells, the declared header {len(source.header)}",
        code="missing-label",
        hint=f"correct 'header' of source {source.name!r} in comptoir.toml, one label per column",
    )


def _header(file: IO[str], delimiter: str, limits: ReadLimits, skip: int = 0) -> tuple[str, ...]:
    try:
        _, header = next(iter(Records(file, delimiter, limits, skip)))
    except StopIteration:
        raise DeliveryError(
            "the file is empty", code="empty", hint="check the URL in a browser"
        ) from None
    if len(header) > limits.columns:
        raise DeliveryError(
            f"the header has {len(header):,} columns, more than {limits.columns:,}",
            code="limit-error",
            hint="check that this is the right file; [limits] columns sets the limit",
        )
    return tuple(header)


def _unreadable(error: csv.Error, line: int, limits: ReadLimits) -> DeliveryError:
    if "field larger" in str(error):
        return DeliveryError(
            f"a cell is longer than {limits.cell_chars:,} characters",
            where=f"line {line}",
            code="limit-error",
            hint="a quote that is never closed has this effect; [limits] cell_chars sets the limit",
        )
    return DeliveryError(
        "a quote opens in this line and is not closed properly in it or in a later one",
        where=f"line {line}",
        code="quote-error",
        hint="correct the line in the source (a quote inside a quoted cell is doubled); "
        "nothing was imported from it",
    )


def _spoken(encoding: str) -> str:
    return {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}.get(
        encoding, encoding.upper()
    )
