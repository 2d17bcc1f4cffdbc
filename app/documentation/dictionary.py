"""What the tables that no project declares hold: the calendar and the system tables."""

from __future__ import annotations

from collections.abc import Mapping

# What Comptoir adds to the tables of the sources.
ADDED = {
    "occurrence": "1 for the first of the equal records of a delivery, 2 for the second, and so on",
    "gone": "1 when the source no longer lists this row, and others still refer to it",
}

# For each table its description, and those of its columns.
BUILT_IN: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "calendar": (
        "One row per day of the data, so that SQL joins days instead of computing them",
        {
            "date": "The day",
            "year": "Calendar year",
            "quarter": "Quarter of the year, 1 to 4",
            "month": "Month of the year, 1 to 12",
            "day": "Day of the month, 1 to 31",
            "weekday": "1 is Monday, 7 is Sunday",
            "iso_year": "The year that the ISO week belongs to",
            "iso_week": "ISO week, 1 to 53",
            "week_start": "The Monday of the week",
            "week_end": "The Sunday of the week",
            "month_start": "First day of the month",
            "month_end": "Last day of the month",
            "quarter_start": "First day of the quarter",
            "quarter_end": "Last day of the quarter",
            "is_complete": "1 when the day had ended before the data were fetched",
        },
    ),
    "_runs": (
        "One row per run",
        {
            "run_id": "Number of the run",
            "verb": "The verb that ran: run or analyse",
            "started_at": "When it began, UTC",
            "finished_at": "When it ended, UTC",
            "version": "Version of Comptoir",
            "status": "published, unchanged, or blocked by a check",
            "exit_code": "The exit code it ended with",
        },
    ),
    "_deliveries": (
        "The ledger: what became of each source in each run",
        {
            "delivery_id": "Number of the line of the ledger",
            "run_id": "The run",
            "source": "The source",
            "status": "imported, skipped, refused, or not fetched",
            "origin": "samples for the bundled files, own for any other",
            "url": "Where it came from, secrets masked",
            "fetched_at": "When it was asked for, UTC",
            "sha256": "SHA-256 of the file",
            "size": "Size of the file in bytes",
            "etag": "ETag the server gave",
            "last_modified": "Last-Modified the server gave",
            "contract": "SHA-256 of the contract it was read under",
            "refers_to": "The versions of the tables it was checked against, as JSON",
            "reading": "How the file was read: encoding, delimiter, header, formats, as JSON",
            "message": "Why there are no counts, or what is worth telling",
            "read": "Records read, header excluded",
            "inserted": "Records that became new rows",
            "known": "Records equal to a stored row",
            "changed": "Records whose row was stored with other values",
            "rejected": "Records that break the contract",
            "blank": "Blank lines",
            "withdrawn": "Stored rows that the delivery no longer holds",
            "withdrawn_cents": "What the withdrawn rows were worth, in cents",
            "rows_before": "Rows in the table before",
            "rows_after": "Rows in the table after",
        },
    ),
    "_rejects": (
        "Records that break their contract, until they are accepted or gone",
        {
            "reject_id": "Number of the reject",
            "source": "The source",
            "line": "Line of the file where the record begins",
            "code": "What is wrong, in a word: type-error, foreign-key-error, ...",
            "column": "The column at fault, empty for the whole record",
            "value": "The cell at fault",
            "message": "What is wrong, in a sentence",
            "raw": "The record as it was delivered",
            "nth": "1 for the first of several equal records",
            "delivery_id": "The delivery it was last seen in",
            "first_run": "The run that first rejected it",
            "resolved_run": "The run that found it accepted or gone",
            "resolution": "accepted or gone; null while the reject is open",
        },
    ),
    "_changes": (
        "The old values of rows that changed or were withdrawn",
        {
            "change_id": "Number of the change",
            "run_id": "The run that made it",
            "delivery_id": "The delivery that brought it",
            "source": "The source",
            "kind": "changed, withdrawn, gone, or returned",
            "key": "The row's key, as JSON",
            "old": "The row's values before, as JSON",
            "amount_cents": "What the row was worth before, in cents",
        },
    ),
    "_results": (
        "The marts and analyses that are published, and by which run",
        {
            "name": "The view or table",
            "run_id": "The run that published it",
            "kind": "mart or analysis",
            "position": "Its place in the order in which they are made",
            "row_count": "Rows of a table, null for a view",
        },
    ),
    "_checks": (
        "What each check found in the last run that had to publish",
        {
            "name": "The check",
            "run_id": "The run",
            "severity": "error blocks publication, warn does not",
            "title": "What the check says",
            "row_count": "Rows that should not exist",
            "first_rows": "The first of them, as JSON",
        },
    ),
    "_sources": (
        "How old each source was in the last run",
        {
            "source": "The source",
            "fetched_at": "When its file was last seen whole at its URL, UTC",
            "age_minutes": "Whole minutes from then to the run, null if never",
            "fresh_minutes": "Minutes for which its contract calls it fresh, null if unsaid",
        },
    ),
    "_state": (
        "Small facts the program keeps between runs",
        {"name": "Name of the fact", "value": "Its value"},
    ),
    "_sqlite_migrations": (
        "The steps by which this database was brought to its version",
        {
            "id": "Number of the step",
            "migration_set": "The set it belongs to",
            "name": "The step",
            "applied_at": "When it was applied",
        },
    ),
}
