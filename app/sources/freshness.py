"""How old each source is, for checks and readers: SQL has no clock, so each run writes it down."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta

from app.records.contract import Source
from app.rows.ledger import Ledger

MINUTE = timedelta(minutes=1)


def refresh_sources(
    connection: sqlite3.Connection, sources: Mapping[str, Source], moment: str
) -> list[str]:
    """Write `_sources` as of `moment` (UTC, as the ledger writes it); the names of the stale ones.

    A source's age is the time since its file was last seen whole at its URL, in whole minutes; it
    is stale when that is more than its contract's `fresh_for`, or when it was never seen.
    """
    ledger = Ledger(connection)
    stale = []
    connection.execute("delete from _sources")
    for source in sources.values():
        last = ledger.last(source.name, "imported", "skipped")
        fetched_at = last.delivery.fetched_at if last else None
        age = None
        if fetched_at:
            age = (datetime.fromisoformat(moment) - datetime.fromisoformat(fetched_at)) // MINUTE
        fresh = source.fresh_for // MINUTE if source.fresh_for else None
        if fresh is not None and (age is None or age > fresh):
            stale.append(source.name)
        connection.execute(
            "insert into _sources values (?, ?, ?, ?)", (source.name, fetched_at, age, fresh)
        )
    return stale
