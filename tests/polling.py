"""A reader that polls the results of a database until its input ends, and says what it met.

python -m tests.polling DATABASE new|kept

With `kept` it looks through one connection, as a web page does; else it opens one for each look.
"""

from __future__ import annotations

import json
import select
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from app.database.store import connect

TABLES = ("revenue_total", "sales_by_product", "sales_by_city", "sales_by_day")
PAUSE_SECONDS = 0.02


def snapshot(connection: sqlite3.Connection) -> tuple[int, int]:
    """The run and the revenue in cents that all results of one moment show.

    AssertionError if they are not all of one published run, or do not add up.
    """
    connection.execute("begin")
    try:
        found = [
            _one(connection, f"select cast(round(sum(revenue) * 100) as integer) from {name}")
            for name in TABLES
        ]
        found.append(_one(connection, "select sum(quantity * unit_price_cents) from sales"))
        runs = connection.execute(
            "select distinct r.run_id, u.status from _results r left join _runs u using (run_id)"
        ).fetchall()
    finally:
        connection.execute("rollback")
    assert len(set(found)) == 1, f"mixed: {found}"
    assert [status for _, status in runs] == ["published"], f"mixed: {runs}"
    return runs[0][0], found[0]


def _one(connection: sqlite3.Connection, sql: str) -> int:
    (value,) = connection.execute(sql).fetchone()
    return int(value)


def poll(database: Path, *, keep: bool) -> tuple[int, set[tuple[int, int]]]:
    """Look until the input ends; the number of looks, and the states that were met."""
    looks, met = 0, set()
    with closing(connect(database)) as kept:
        while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
            if keep:
                met.add(snapshot(kept))
            else:
                with closing(connect(database)) as connection:
                    met.add(snapshot(connection))
            looks += 1
    return looks, met


if __name__ == "__main__":
    looks, met = poll(Path(sys.argv[1]), keep=sys.argv[2] == "kept")
    print(json.dumps({"looks": looks, "met": sorted(met)}))
