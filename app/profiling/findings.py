"""What a person should know of a file, in sentences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from app.profiling.found import ColumnProfile, Reference, TableProfile
from app.profiling.measures import label as shown
from app.records.header import fold

SHOWN = 3
PLURAL = {
    "integer": "whole numbers",
    "real": "numbers",
    "money": "amounts",
    "date": "dates",
    "datetime": "dates with a time",
    "boolean": "yes and no",
}


def findings(table: TableProfile, references: Iterable[Reference] = ()) -> list[str]:
    """The sentences about `table`, what matters most first."""
    return [
        *_layout(table),
        *_identity(table),
        *(text for column in table.columns for text in _column(table, column)),
        *(_refers(reference) for reference in references if reference.table == table.name),
        *_days(table),
    ]


def _layout(table: TableProfile) -> Iterator[str]:
    for remark in table.dialect.remarks:
        yield f"{remark[0].upper()}{remark[1:]}."
    if not table.records:
        yield "It has a header and no records."
    if table.truncated:
        yield f"Only its first {table.records:,} records were looked at."
    if table.malformed:
        lines = _listed(map(str, table.malformed))
        yield (
            f"{_count(len(table.malformed), 'record')} of {table.records:,} "
            f"{'has' if len(table.malformed) == 1 else 'have'} not "
            f"{len(table.dialect.header)} cells as the header has (line {lines}): "
            "a run would reject them."
        )
    if table.blank:
        yield f"{_count(table.blank, 'blank line')} are passed over."


def _identity(table: TableProfile) -> Iterator[str]:
    if len(table.frame) < 2:
        return
    if table.repeated:
        yield (
            f"No column or set of columns identifies a record of {table.name}: "
            f"{_count(table.repeated, 'record')} {'is' if table.repeated == 1 else 'are'} "
            "identical to an earlier one. They may be separate events, or copies: only the owner "
            "of the file can tell."
        )
    elif not table.keys:
        yield (
            "No column, pair or triple of columns identifies a record, "
            "though no two records are identical."
        )
    else:
        smallest = len(table.keys[0])
        names = " or ".join(" + ".join(key) for key in table.keys if len(key) == smallest)
        yield f"A record is identified by {names}."


def _column(table: TableProfile, column: ColumnProfile) -> Iterator[str]:
    guess, measures, label = column.guess, column.measures, column.label
    rows = len(table.frame)
    if guess.ambiguous:
        yield (
            f"{label} cannot be read with certainty: {measures.top[0][0]} may be written as "
            f"{' or as '.join(guess.formats)}, and nothing in the file tells."
        )
    if guess.bad and guess.examples:
        kind = guess.because if guess.type == "text" else PLURAL[guess.type]
        yield (
            f"{label} holds {kind}, but for {_count(guess.bad, 'cell')}: "
            f"{_listed(map(repr, guess.examples))}."
        )
    if column.declared not in ("", "not declared", guess.type) and measures.filled:
        yield f"{label} is declared as {column.declared} and looks like {guess.type}."
    if guess.nulls:
        yield f"{label} writes {_listed(map(repr, guess.nulls))} where a value is missing."
    if rows and not measures.filled:
        yield f"{label} is empty in every record."
    elif measures.nulls:
        share = measures.nulls / rows
        yield f"{label} is empty in {_count(measures.nulls, 'record')} ({share:.1%})."
    if measures.distinct == 1 and rows > 1 and not measures.nulls:
        yield f"{label} has the same value in every record: {measures.top[0][0]}."
    if measures.outliers:
        examples = _listed(map(shown, measures.outlier_examples))
        yield (
            f"{label} has {_count(measures.outliers, 'value')} far from the others: {examples} "
            f"(half of them lie between {shown(measures.quartiles[0])} and "
            f"{shown(measures.quartiles[2])})."
        )
    if guess.type == "text" and not guess.ambiguous:
        yield from _spellings(table, label)


def _spellings(table: TableProfile, label: str) -> Iterator[str]:
    """Values that differ only in case, accents or spaces count as different ones."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for value in table.frame[label].dropna().unique():
        groups[fold(str(value))].add(str(value))
    several = [group for group in groups.values() if len(group) > 1]
    if several:
        examples = "; ".join(" / ".join(sorted(group)) for group in several[:SHOWN])
        yield f"{label} spells some values in several ways: {examples}."


def _refers(reference: Reference) -> str:
    text = f"{reference.column} refers to {reference.target} ({reference.target_column})"
    if reference.coverage == 1:
        return f"{text}: every value is found there."
    unknown = _listed(reference.unknown)
    return f"{text}: {reference.coverage:.2%} of the records find theirs; unknown are {unknown}."


def _days(table: TableProfile) -> Iterator[str]:
    for period in table.periods:
        text = f"{period.column} goes from {period.first} to {period.last}"
        if not period.missing:
            yield f"{text}, with records on each of the {_count(period.days, 'day')}."
        elif len(period.missing) <= period.days // 2:
            missing = _listed(period.missing)
            yield (
                f"{text}: {period.days:,} days, {len(period.missing):,} of them without a record "
                f"({missing})."
            )
        else:
            filled = period.days - len(period.missing)
            yield f"{text}: records on {filled:,} of {period.days:,} days."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _listed(items: Iterable[str]) -> str:
    """At most three of the items, and whether there are more."""
    items = list(items)
    return ", ".join(items[:SHOWN]) + (", ..." if len(items) > SHOWN else "")
