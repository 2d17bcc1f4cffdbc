"""The import of one run: source by source, each as new, known, refused or not fetched."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.errors import ComptoirError, ContentError, SourceError
from app.progress import Progress
from app.project import Project
from app.records.contract import Source
from app.rows.appending import append_delivery
from app.rows.importing import Imported, import_delivery
from app.rows.ledger import Ledger, Outcome, Status
from app.sources.archive import Archive
from app.sources.deliveries import Collected

FETCHED: tuple[Status, ...] = ("imported", "skipped", "refused")


class Importer:
    """Imports what a run collected, inside the caller's transaction.

    `outcomes` is what became of the sources so far, in their order. `grown` are those to which
    rows were added and nothing else; the rows stay in the temporary tables `added_table` names,
    until the connection ends. `versions` are the sources' versions before the run.
    """

    def __init__(
        self,
        project: Project,
        connection: sqlite3.Connection,
        archive: Archive,
        folder: Path,
        progress: Progress,
    ) -> None:
        self.outcomes: list[Outcome] = []
        self.grown: set[str] = set()
        self._project = project
        self._connection = connection
        self._archive = archive
        self._folder = folder
        self._progress = progress
        self._ledger = Ledger(connection)
        self.versions = self._ledger.versions(project.sources)

    def import_source(self, source: Source, collected: Collected) -> Outcome:
        """Import one collected delivery, unless it is known or refused; and record it."""
        outcome = self._attempt(source, collected)
        self._ledger.record(self._ledger.next_run(), outcome)
        self.outcomes.append(outcome)
        return outcome

    def _attempt(self, source: Source, collected: Collected) -> Outcome:
        if collected.error:
            return _failed(source, collected, "not fetched", collected.error)
        ledger = self._ledger
        outcome = Outcome(
            source.name,
            "skipped",
            collected.delivery,
            contract=source.fingerprint(),
            refers_to={name: ledger.version(name) for name in source.refers_to},
        )
        if _nothing_new(outcome, ledger.last(source.name, *FETCHED)):
            return replace(outcome, message="the same file as before")
        try:
            with self._progress.step(f"Opening {source.name}"):
                file = collected.file(self._archive, self._folder)
            imported = self._import(source, file, outcome)
        except (ContentError, SourceError) as error:
            return _failed(source, collected, "refused", error)
        return replace(
            outcome,
            status="imported",
            counts=imported.counts,
            reading=imported.reading,
            message="; ".join(imported.remarks),
        )

    def _import(self, source: Source, file: Path, outcome: Outcome) -> Imported:
        """Read the end of the file where that is enough, else all of it."""
        limits, progress = self._project.read_limits, self._progress
        last = _last_import(outcome, self._ledger)
        appended = append_delivery(self._connection, source, file, last, limits, progress)
        if appended:
            self.grown.add(source.name)
            return appended
        return import_delivery(
            self._connection,
            source,
            file,
            run_id=self._ledger.next_run(),
            delivery_id=self._ledger.next_delivery(),
            limits=limits,
            excuses=self._excuses(),
            covered=_covered_before(outcome, self._ledger),
            progress=progress,
        )

    def _excuses(self) -> Mapping[str, str]:
        """For each source that stayed as it was: why a value may be missing in its table."""
        return {
            outcome.source: f"{outcome.source} was {outcome.status} in this run"
            for outcome in self.outcomes
            if outcome.status in ("refused", "not fetched")
        }


def _nothing_new(outcome: Outcome, last: Outcome | None) -> bool:
    """Whether bytes, contract and referred tables are what they were at the last import."""
    return (
        last is not None
        and last.status in ("imported", "skipped")
        and last.delivery.sha256 == outcome.delivery.sha256
        and last.contract == outcome.contract
        and last.refers_to == outcome.refers_to
    )


def _last_import(outcome: Outcome, ledger: Ledger) -> Outcome | None:
    """The last import, if it was the last delivery and was read as this one would be."""
    last = ledger.last(outcome.source, *FETCHED)
    if not last or last.status == "refused":
        return None
    if (last.contract, last.refers_to) != (outcome.contract, outcome.refers_to):
        return None
    return ledger.last(outcome.source, "imported")


def _covered_before(outcome: Outcome, ledger: Ledger) -> tuple[str, str] | None:
    """The days that these same bytes covered at the last import: they still do."""
    last = ledger.last(outcome.source, "imported")
    if last and last.reading and last.delivery.sha256 == outcome.delivery.sha256:
        return last.reading.days
    return None


def _failed(source: Source, collected: Collected, status: Status, error: ComptoirError) -> Outcome:
    return Outcome(
        source.name,
        status,
        collected.delivery,
        message=str(error),
        exit_code=error.exit_code,
    )
