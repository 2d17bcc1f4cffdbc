"""What part each table and column of a profile plays: keys, references, days, amounts, coverage.

`plan` turns what was found into what a contract should say. A rule that only the names suggest
says so in a note, which becomes a comment in the project file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from app.profiling.found import ColumnProfile, Profile, Reference, TableProfile
from app.profiling.hints import (
    BIRTH,
    IDENTIFIER,
    LINE_NUMBER,
    LINE_TOTAL,
    OTHER_DAY,
    QUANTITY,
    UNIT_PRICE,
    named,
)
from app.profiling.inference import Guess, read_as
from app.profiling.naming import column_name
from app.records.invalid import InvalidValue
from app.records.values import value_reader
from app.starting.amounts import choose_amount
from app.starting.planned import PlannedColumn, PlannedTable

# A key or a day that is empty this rarely is a slip: the record is rejected, the rule stays.
SLIPS = 0.02
LONGEST_KEY = 6
CATEGORY_VALUES = 50


def plan(found: Profile) -> tuple[PlannedTable, ...]:
    """A contract for every table of the profile, in the order of the files."""
    references = _agreed(found)
    tables = {table.name: _columns(table, references) for table in found.tables}
    _same_types(tables, references)
    planned: dict[str, PlannedTable] = {}
    targets = {r.target: r.target_column for r in references}
    for table in found.tables:
        planned[table.name] = _table(table, tables[table.name], targets.get(table.name, ""))
    return tuple(choose_amount(table, planned) for table in planned.values())


def _agreed(found: Profile) -> list[Reference]:
    """The references that can all hold: one key per table, and no circle."""
    chosen: dict[str, str] = {}
    agreed: list[Reference] = []
    for reference in sorted(found.references, key=lambda r: -r.coverage):
        key = chosen.setdefault(reference.target, reference.target_column)
        if key == reference.target_column and not _leads_to(
            reference.target, reference.table, agreed
        ):
            agreed.append(reference)
    return agreed


def _leads_to(start: str, end: str, references: Collection[Reference]) -> bool:
    if start == end:
        return True
    return any(_leads_to(r.target, end, references) for r in references if r.table == start)


def _columns(table: TableProfile, references: Collection[Reference]) -> dict[str, PlannedColumn]:
    """The columns by label; those that are empty throughout are left out."""
    targets = {r.column: r.target for r in references if r.table == table.name}
    columns: dict[str, PlannedColumn] = {}
    for column in table.columns:
        if not column.measures.filled and len(table.frame):
            continue
        taken = [name for c in columns.values() for name in (c.name, c.stored, f"{c.name}_cents")]
        guess = column.guess
        forms = guess.formats if guess.ambiguous else ()
        cells = table.cells[column.label]
        alternatives = tuple(read_as(column.label, cells, guess, form) for form in forms)
        columns[column.label] = PlannedColumn(
            name=column_name(column.label, taken),
            label=column.label,
            guess=guess,
            optional=column.measures.nulls > 0,
            minimum=_minimum(column),
            references=targets.get(column.label, ""),
            alternatives=alternatives,
            distinct=column.measures.distinct,
            readings=tuple(_example(cells, each) for each in alternatives),
        )
    return columns


def _example(cells: Mapping[str, int], guess: Guess) -> tuple[str, str]:
    """A cell, and its value under this guess: one that shows the difference, if there is one."""
    column = guess.column("c")
    read = value_reader(column, guess.formats[0] if guess.formats else "")
    for cell in cells:
        try:
            value = read(cell)
        except InvalidValue:
            continue
        # 05/05/2025 is the same day in both orders
        if len(set(re.findall(r"\d+", cell)[:2])) > 1:
            return cell, f"{value / 100:.2f}" if column.type == "money" else str(value)  # type: ignore[operator]
    return "", ""


def _minimum(column: ColumnProfile) -> int | None:
    measures, guess = column.measures, column.guess
    if guess.ambiguous or not isinstance(measures.minimum, int | float) or measures.minimum < 0:
        return None
    if guess.type == "integer" and named(column.label, QUANTITY):
        zeros = sum(count for value, count in measures.top if value.strip("0") == "")
        return 1 if zeros <= SLIPS * measures.filled else 0
    return 0 if guess.type == "money" and named(column.label, UNIT_PRICE) else None


def _same_types(
    tables: Mapping[str, dict[str, PlannedColumn]], references: Collection[Reference]
) -> None:
    """A reference and its key have one type: text, where they do not agree."""
    for _ in references:
        for r in references:
            mine, theirs = tables[r.table][r.column], tables[r.target][r.target_column]
            if mine.guess.type != theirs.guess.type:
                text = Guess("text", nulls=mine.guess.nulls)
                tables[r.table][r.column] = replace(mine, guess=text, minimum=None)
                tables[r.target][r.target_column] = replace(theirs, guess=Guess("text"))


def _table(table: TableProfile, columns: dict[str, PlannedColumn], referenced: str) -> PlannedTable:
    day = _day(table, columns, bool(referenced))
    # what others refer to is a thing, unless it happened on a day, to something or for an amount
    happened = any(
        c.references or (c.guess.type == "money" and named(label, LINE_TOTAL))
        for label, c in columns.items()
    )
    is_fact = not referenced or (bool(day) and happened)
    labels, repeats, note = _key(table, columns, referenced, bool(day))
    for label in (*labels, *([day] if day else [])):
        columns[label] = replace(columns[label], optional=False)
    return PlannedTable(
        profile=table,
        columns=tuple(columns.values()),
        key=tuple(columns[label].name for label in labels),
        repeats=repeats,
        is_fact=is_fact,
        day=columns[day].name if day and is_fact else "",
        notes=(note,),
        left_out=tuple(label for label in table.frame.columns if label not in columns),
    )


def _day(table: TableProfile, columns: Mapping[str, PlannedColumn], referenced: bool) -> str:
    """The label of the date an event happened on; '' if there is none."""
    dates = [
        label
        for label, column in columns.items()
        if column.guess.type in ("date", "datetime")
        and not named(label, BIRTH)
        and table.column(label).measures.nulls <= SLIPS * len(table.frame)
    ]
    own = [label for label in dates if not named(label, OTHER_DAY)]
    return next(iter(own), "" if referenced else next(iter(dates), ""))


def _key(
    table: TableProfile, columns: Mapping[str, PlannedColumn], referenced: str, dated: bool
) -> tuple[tuple[str, ...], bool, str]:
    """The labels of the key, whether its records repeat, and why."""
    if referenced:
        slips = "" if (referenced,) in table.keys else ", but for a few slips that a run rejects"
        return (referenced,), False, f"{referenced} identifies a record{slips}; others refer to it"
    singles = [key[0] for key in table.keys if len(key) == 1 and key[0] in columns]
    given = [label for label in singles if columns[label].guess.type in ("text", "integer")]
    # each product sold once so far identifies no sale
    own = [label for label in given if not (dated and columns[label].references)]
    telling = [label for label in own if named(label, IDENTIFIER)]
    if telling:
        return (telling[0],), False, f"{telling[0]} identifies a record"
    if given and not dated and len(table.frame) > 1 and len(columns) > 1:
        return (given[0],), False, f"every {given[0]} is there once"
    for key in table.keys:
        if len(key) == 2 and any(named(label, LINE_NUMBER) for label in key):
            return key, False, f"{key[0]} and {key[1]} together identify a record"
    return _repeated_key(table, columns)


def _repeated_key(
    table: TableProfile, columns: Mapping[str, PlannedColumn]
) -> tuple[tuple[str, ...], bool, str]:
    """Where nothing identifies a record, its contents do, and the n-th of equals is the n-th."""
    full = [label for label in columns if not table.column(label).measures.nulls]
    if not full:
        fewest = min(columns, key=lambda label: table.column(label).measures.nulls)
        return (fewest,), True, f"no column is always filled; records without {fewest} are rejected"
    weight = {"date": 0, "datetime": 0, "text": 1, "integer": 1}

    def rank(label: str) -> tuple[int, int]:
        column = columns[label]
        return (
            -1 if column.references else weight.get(column.guess.type, 2),
            -table.column(label).measures.distinct,
        )

    chosen = set(sorted(full, key=rank)[:LONGEST_KEY])
    are = "is" if table.repeated == 1 else "are"
    identical = f": {table.repeated:,} {are} identical to an earlier one" if table.repeated else ""
    note = (
        f"nothing identifies a record{identical}. Equal records are separate ones, "
        "the n-th gets occurrence n"
    )
    if not identical:
        note = "no column is named as an identifier, so equal records are taken for separate ones"
    return tuple(label for label in full if label in chosen), True, note
