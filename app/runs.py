"""A run: where its outputs go, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.answers.models import Models
from app.answers.publishing import CheckResult
from app.rows.ledger import Outcome
from app.rows.rejects import Reject


@dataclass(frozen=True)
class Places:
    """Where a project's outputs are: the database file, and the folder of the result files."""

    database: Path
    results: Path

    @property
    def archive(self) -> Path:
        """The folder of the archived deliveries, beside the database."""
        return self.database.with_name(self.database.name + ".deliveries")


@dataclass
class Run:
    """What a run did. `status` is published, unchanged or blocked; `notes` are for the log.

    `models` are the SQL files that it answered.
    """

    models: Models
    run_id: int
    status: str
    exit_code: int
    outcomes: list[Outcome]
    checks: list[CheckResult]
    notes: list[str] = field(default_factory=list)
    published_run: int | None = None
    files_written: bool = False
    dry_run: bool = False
    new_rejects: list[Reject] = field(default_factory=list)  # of a dry run, the first of them

    def intention(self) -> str:
        """What this run would publish, in one sentence."""
        if self.status == "unchanged":
            return "The published results would stay as they are."
        if self.status == "blocked":
            return "Nothing would be published: a blocking check would fail."
        return "New results would be published."

    def as_dict(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "status": self.status,
            "exit_code": self.exit_code,
            "dry_run": self.dry_run,
            "sources": [outcome.as_dict() for outcome in self.outcomes],
            "checks": [check.as_dict() for check in self.checks],
            "notes": self.notes,
            "published_run": self.published_run,
            "files_written": self.files_written,
        } | ({"new_rejects": [r.as_dict() for r in self.new_rejects]} if self.dry_run else {})
