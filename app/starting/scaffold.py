"""The text of a first project file, with the reasons for what it says as comments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from textwrap import wrap

from app.profiling.hints import NAME, named
from app.profiling.inference import Guess
from app.project import PROJECT_FILE
from app.starting.measured import measures_of
from app.starting.planned import PlannedColumn, PlannedTable

WIDTH = 96
DESCRIBED = {
    "date": "a day",
    "datetime": "a day and a time",
    "money": "an amount",
    "boolean": "yes or no",
}

GLOSSARY = {
    "date": "Day of the records",
    "records": "Number of records",
    "revenue": "Quantity times the price of one unit",
    "revenue_cents": "Quantity times the price of one unit",
    "first_day": "First day with a record",
    "last_day": "Last day with a record",
    "last_complete_day": "Last day that had ended before the data were fetched",
    "days": "Calendar days from the first to the last, those without a record included",
}


def project_text(name: str, tables: Sequence[PlannedTable], urls: Mapping[str, str]) -> str:
    """The content of comptoir.toml; `urls` gives what to write for each table's URL."""
    parts = [
        f"# The project file of {name}, written by `init` from a profile of the files.",
        "# Comments give the reasons. Change what is wrong: docs/project-file.md explains every",
        "# key. Then: python -m app run",
        "",
        "[project]",
        f"name = {_quoted(name)}",
    ]
    for table in tables:
        parts += ["", *_source(table, urls[table.name])]
    parts += ["", "# What the columns of results mean, for `python -m app docs`.", "[glossary]"]
    sums = {
        measure.name: f"{measure.name.replace('_', ' ').capitalize()}, added up"
        for table in tables
        if table.is_fact
        for measure in measures_of(table)
    }
    parts += [f"{name} = {_quoted(meaning)}" for name, meaning in (sums | GLOSSARY).items()]
    return "\n".join(parts) + "\n"


def choices(tables: Sequence[PlannedTable]) -> list[str]:
    """The columns that nobody but the owner of the files can decide, as sentences."""
    return [
        f"{table.name}: {column.label!r} can be read as {' or as '.join(column.guess.formats)}; "
        f"choose the line in {PROJECT_FILE}"
        for table in tables
        for column in table.columns
        if column.guess.ambiguous
    ]


def _source(table: PlannedTable, url: str) -> list[str]:
    found, dialect = table.profile, table.profile.dialect
    lines = [f"[sources.{table.name}]"]
    lines += _comment(f"{found.records:,} records, read as {dialect.encoding}.")
    for note in table.notes:
        lines += _comment(f"{note}.")
    for remark in dialect.remarks:
        lines += _comment(f"Mind: {remark}.")
    if found.malformed:
        lines += _comment(
            f"Mind: {_records(len(found.malformed))} another number of cells than the header "
            f"(line {', '.join(map(str, list(found.malformed)[:3]))}): a run rejects them."
        )
    lines.append(f"description = {_quoted(_about(table))}")
    lines.append(f"url = {url}")
    if not dialect.labelled or not dialect.has_header:
        skip = dialect.skip + (1 if dialect.has_header else 0)
        lines += [f"skip = {skip}"] if skip else []
        lines += _comment("Labels were made up where the file has none: name them as you like.")
        lines.append(f"header = {_listed(dialect.header)}")
        lines.append(f"delimiter = {_quoted(dialect.delimiter)}")
    else:
        lines += [f"skip = {dialect.skip}"] if dialect.skip else []
        if len(dialect.header) == 1:
            lines.append(f"delimiter = {_quoted(dialect.delimiter)}  # a comma is part of a value")
    lines.append(f"key = {_listed(table.key)}")
    if table.repeats:
        lines.append("repeats = true")
    lines += _coverage(table)
    if table.amount:
        lines.append(f"amount = {_listed(table.amount)}  # what a record is worth")
    lines += ["", f"[sources.{table.name}.columns]"]
    for label in table.left_out:
        lines += _comment(f"{label!r} is empty in every record and is left out.")
    for column in table.columns:
        lines += _column(column)
    return lines


def _coverage(table: PlannedTable) -> list[str]:
    if table.day:
        return [
            f"covers = {{ days_of = {_quoted(table.day)} }}  "
            "# a delivery is the truth from its first day to its last"
        ]
    return ['covers = "all"  # a delivery is the whole table: what is gone from it is withdrawn']


def _column(column: PlannedColumn) -> list[str]:
    if column.copy:
        return [
            f"{column.name} = {{ copy = {_quoted(column.copy)}"
            f"{', optional = true' if column.optional else ''}, "
            f"description = {_quoted('Price of one unit when the record was first imported')} }}"
        ]
    lines = []
    guess = column.guess
    if guess.bad and guess.type != "text":
        examples = ", ".join(guess.examples[:3])
        lines += _comment(f"{_cells(guess.bad)} rejected: {examples}")
    elif guess.bad and guess.examples:
        examples = ", ".join(guess.examples[:3])
        lines += _comment(
            f"It would be {guess.because}, but for {guess.bad:,} of its cells: {examples}"
        )
    elif guess.because and guess.type in ("money", "text", "date", "integer", "real"):
        plain = guess.because in ("whole numbers", "numbers", "dates", "it is empty")
        lines += [] if plain else _comment(f"{guess.type}, because {_clause(guess.because)}")
    if not guess.ambiguous:
        return [*lines, _declaration(column, guess)]
    lines += _comment(
        f"{column.readings[0][0]} can be read in {len(guess.formats)} ways, and nothing in the "
        "file tells which is meant. A run refuses this source until you choose: uncomment one "
        "line, delete the others."
    )
    for alternative, (cell, value) in zip(column.alternatives, column.readings, strict=True):
        lines.append(f"# {_declaration(column, alternative)}  # {cell} is {value}")
    return [*lines, _declaration(column, guess)]


def _clause(because: str) -> str:
    return because if " " in because else f"of {because}"


def _declaration(column: PlannedColumn, guess: Guess) -> str:
    entries = [f"from = {_quoted(column.label)}", f"type = {_quoted(guess.type)}"]
    if guess.formats:
        entries.append(f"formats = {_listed(guess.formats)}")
    if guess.currency:
        entries.append(f"currency = {_quoted(guess.currency)}")
    if guess.nulls:
        entries.append(f"nulls = {_listed(guess.nulls)}")
    if column.optional:
        entries.append("optional = true")
    if column.minimum is not None and not guess.ambiguous:
        entries.append(f"min = {column.minimum}")
    if column.references:
        entries.append(f"references = {_quoted(column.references)}")
    entries.append(f"description = {_quoted(_meaning(column, guess))}")
    return f"{column.name} = {{ {', '.join(entries)} }}"


def _meaning(column: PlannedColumn, guess: Guess) -> str:
    if column.references:
        return f"{column.label}, a key of {column.references}"
    unit = f" in {guess.currency}" if guess.currency else ""
    kind = DESCRIBED.get(guess.type, "")
    if named(column.label, NAME) and guess.type == "text":
        kind = ""
    return f"{column.label}{f' ({kind}{unit})' if kind else ''}"


def _about(table: PlannedTable) -> str:
    what = "events" if table.day else "records"
    return f"{table.name.replace('_', ' ').capitalize()}: the {what} of {table.profile.url}"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(" ".join(text.split()), WIDTH)]


def _quoted(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _records(number: int) -> str:
    return "1 record has" if number == 1 else f"{number:,} records have"


def _cells(number: int) -> str:
    return "1 cell does not fit and is" if number == 1 else f"{number:,} cells do not fit and are"


def _listed(items: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, items))}]"
