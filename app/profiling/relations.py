"""Which columns identify a record, and which refer to another file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from app.profiling.found import Reference, TableProfile
from app.profiling.hints import IDENTIFIER, words
from app.profiling.measures import shape
from app.records.header import fold

if TYPE_CHECKING:
    import pandas as pd


TRIED_COLUMNS = 12
TRIED_ROWS = 20_000
LARGEST_KEY = 3
# Below this share of known values a column does not refer to the other file.
LEAST_COVERAGE = 0.9
# A key of a file that others refer to may have slips; a run rejects the second of two.
NEARLY_UNIQUE = 0.98


def find_keys(frame: pd.DataFrame, amounts: Collection[str] = ()) -> Iterator[tuple[str, ...]]:
    """The smallest sets of always filled columns that identify a record, at most three columns.

    The columns `amounts` are measured, not given: alone they identify nothing.
    """
    if len(frame) < 2:
        return
    full = [label for label in frame.columns if frame[label].notna().all()]
    codes = frame[full].apply(lambda column: column.astype("str").factorize()[0])
    sample = codes.head(TRIED_ROWS)
    # columns that differ most come first, so that a key is found early
    order = sorted(full, key=lambda label: -int(sample[label].nunique()))[:TRIED_COLUMNS]
    order.sort(key=full.index)
    found: list[tuple[str, ...]] = []
    for size in range(1, LARGEST_KEY + 1):
        for labels in combinations(order, size):
            if set(labels) <= set(amounts) or any(set(key) <= set(labels) for key in found):
                continue
            columns = list(labels)
            if not sample.duplicated(columns).any() and not codes.duplicated(columns).any():
                found.append(labels)
                yield labels
        if len(found) > 1 and size > 1:
            return


def find_references(tables: Sequence[TableProfile]) -> Iterator[Reference]:
    """For each column, the file it most likely refers to.

    Values alone prove little (every quantity is also some store's number), so names must agree,
    or the values must be codes of one shape.
    """
    targets = [
        (table, label) for table in tables for label in table.frame.columns if _unique(table, label)
    ]
    best: list[Reference] = []
    for table in tables:
        for column in table.columns:
            if column.guess.type not in ("text", "integer") or not column.measures.filled:
                continue
            found = [
                reference
                for target, label in targets
                if target.name != table.name
                and (reference := _reference(table, column.label, target, label))
            ]
            if found:
                best.append(
                    max(found, key=lambda r: (r.because.startswith("same name"), r.coverage))
                )
    for reference in best:
        back = [r for r in best if (r.target, r.table) == (reference.table, reference.target)]
        if not back or _leads(reference) >= max(map(_leads, back)):
            if (
                back
                and _leads(reference) == max(map(_leads, back))
                and best.index(reference) > best.index(back[0])
            ):
                continue
            yield reference


def _leads(reference: Reference) -> bool:
    """Whether the column names what the other file is about: store_id and stores."""
    about = {_stem(word) for word in words(reference.target)}
    return bool(about & {_stem(word) for word in words(reference.column)})


def _unique(table: TableProfile, label: str) -> bool:
    """Whether a column identifies the records of its file, but for a few slips."""
    measures = table.column(label).measures
    if table.column(label).guess.type not in ("text", "integer") or not measures.filled:
        return False
    slips = measures.nulls == 0 and measures.distinct >= NEARLY_UNIQUE * measures.filled
    return (label,) in table.keys or len(table.frame) == 1 or (slips and len(table.frame) >= 50)


def _reference(table: TableProfile, label: str, target: TableProfile, key: str) -> Reference | None:
    evidence = _evidence(table, label, target, key)
    if not evidence:
        return None
    if (label,) in table.keys and len(table.frame) > len(target.frame):
        return None  # the larger of two files about the same things refers to nothing
    values = table.frame[label].dropna().astype("str")
    known = set(target.frame[key].dropna().astype("str"))
    if not len(values):
        return None
    found = values.isin(known)
    coverage = float(found.mean())
    unknown = tuple(sorted(set(values[~found])))
    if coverage < LEAST_COVERAGE or len(unknown) > max(1, len(known)):
        return None
    if evidence.startswith("codes") and (coverage < 1 or len(set(values)) < 5):
        return None
    return Reference(table.name, label, target.name, key, round(coverage, 4), unknown[:5], evidence)


def _evidence(table: TableProfile, label: str, target: TableProfile, key: str) -> str:
    """Why one column may refer to the other, as a phrase; '' if nothing speaks for it."""
    if fold(label) == fold(key) and not _bare(label):
        return "same name"
    mine, theirs = set(words(label)), set(words(key))
    about = {_stem(word) for word in words(target.name)}
    identifying = set(IDENTIFIER.split())
    specific = {_stem(word) for word in mine - identifying}
    if specific and specific & about and (mine & identifying or theirs & identifying):
        return "same name: it names the other file"
    if specific and specific == {_stem(word) for word in theirs - identifying}:
        return "same name but for the kind of identifier"
    shapes = {shape(value) for value in target.frame[key].astype("str").head(200)}
    mixed = any(re.search("A", s) and re.search("9", s) for s in shapes)
    own = {shape(value) for value in table.frame[label].dropna().astype("str").head(200)}
    if mixed and own <= shapes:
        return "codes of the same shape"
    return ""


def _bare(label: str) -> bool:
    """A name that every file may have for its own records: id, name, code, date."""
    return set(words(label)) <= {*IDENTIFIER.split(), "name", "nom", "label", "email"}


def _stem(word: str) -> str:
    return re.sub(r"(ies|es|en|s|x|e|y)$", "", word) if len(word) > 3 else word
