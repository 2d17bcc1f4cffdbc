"""The ledger: which runs there were, and what became of each source in each of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal

from app import __version__
from app.rows.importing import Reading
from app.rows.merging import Counts

Status = Literal["imported", "skipped", "refused", "not fetched"]


@dataclass(frozen=True)
class Delivery:
    """One fetched version of a source, as the ledger knows it.

    `url` is masked; `fetched_at` is UTC; `sha256` and `size` (bytes) are those of the file.
    """

    origin: str
    url: str
    fetched_at: str | None = None
    sha256: str | None = None
    size: int | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one source in one run: a line of the ledger.

    `counts` is there only for an imported delivery; `message` says why there are none, or what
    is worth telling; `contract` and `refers_to` are what the delivery was last read under.
    """

    source: str
    status: Status
    delivery: Delivery
    message: str = ""
    exit_code: int = 0
    counts: Counts | None = None
    contract: str = ""
    refers_to: Mapping[str, int] = field(default_factory=dict)
    reading: Reading | None = None

    def as_dict(self) -> dict[str, Any]:
        content = {"source": self.source, "status": self.status, "message": self.message}
        content |= asdict(self.delivery)
        return content | (asdict(self.counts) if self.counts else {})


class Ledger:
    """Reads and writes the tables `_runs` and `_deliveries`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def next_run(self) -> int:
        """The number of the run that is about to be recorded."""
        return self._next("_runs", "run_id")

    def next_delivery(self) -> int:
        """The number that `record` will give to the next outcome."""
        return self._next("_deliveries", "delivery_id")

    def record(self, run_id: int, outcome: Outcome) -> None:
        """Write one line of the ledger."""
        delivery = asdict(outcome.delivery)
        counts = asdict(outcome.counts) if outcome.counts else {}
        row = {
            "delivery_id": self.next_delivery(),
            "run_id": run_id,
            "source": outcome.source,
            "status": outcome.status,
            "message": outcome.message,
            "contract": outcome.contract,
            "refers_to": json.dumps(dict(outcome.refers_to), sort_keys=True),
            "reading": json.dumps(asdict(outcome.reading)) if outcome.reading else None,
            **delivery,
            **counts,
        }
        names = ", ".join(row)
        places = ", ".join(f":{name}" for name in row)
        self._connection.execute(f"insert into _deliveries ({names}) values ({places})", row)

    def close_run(
        self, run_id: int, *, verb: str, started_at: str, status: str, exit_code: int
    ) -> None:
        """Write the run itself, at its end."""
        self._connection.execute(
            "insert into _runs (run_id, verb, started_at, finished_at, version, status, exit_code) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (run_id, verb, started_at, now(), __version__, status, exit_code),
        )

    def last(self, source: str, *statuses: Status) -> Outcome | None:
        """The newest line for `source` with one of `statuses`."""
        marks = ", ".join("?" * len(statuses))
        cursor = self._connection.execute(
            f"select * from _deliveries where source = ? and status in ({marks}) "
            "order by delivery_id desc limit 1",
            (source, *statuses),
        )
        names = [column[0] for column in cursor.description]
        found = cursor.fetchone()
        if found is None:
            return None
        row = dict(zip(names, found, strict=True))
        return Outcome(
            source,
            row["status"],
            Delivery(**{item.name: row[item.name] for item in fields(Delivery)}),
            message=row["message"],
            counts=Counts(**{item.name: row[item.name] for item in fields(Counts)})
            if row["read"] is not None
            else None,
            contract=row["contract"],
            refers_to=json.loads(row["refers_to"]),
            reading=_reading(row["reading"]),
        )

    def version(self, source: str) -> int:
        """A number that grows whenever the table of `source` changes: its last such delivery."""
        (version,) = self._connection.execute(
            "select coalesce(max(delivery_id), 0) from _deliveries "
            "where source = ? and status = 'imported' and inserted + changed + withdrawn > 0",
            (source,),
        ).fetchone()
        return int(version)

    def versions(self, sources: Iterable[str]) -> dict[str, int]:
        """The version of each source's table."""
        return {source: self.version(source) for source in sources}

    def archived(self, source: str, keep: int) -> list[str]:
        """The SHA-256 of the last `keep` different deliveries of `source`."""
        rows = self._connection.execute(
            "select sha256 from _deliveries where source = ? and sha256 is not null "
            "group by sha256 order by max(delivery_id) desc limit ?",
            (source, keep),
        )
        return [sha256 for (sha256,) in rows]

    def _next(self, table: str, column: str) -> int:
        (last,) = self._connection.execute(
            f"select coalesce(max({column}), 0) from {table}"
        ).fetchone()
        return int(last) + 1


def _reading(text: str | None) -> Reading | None:
    if text is None:
        return None
    content = json.loads(text)
    days = content["days"]
    return Reading(content["encoding"], content["formats"], tuple(days) if days else None)


def now() -> str:
    """The time in UTC as the ledger writes it, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
