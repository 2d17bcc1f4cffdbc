"""Collect a source's delivery: from its URL, or offline from the archive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import SourceError
from app.progress import UNSEEN, Progress
from app.project import Project
from app.records.contract import Source
from app.rows.ledger import Delivery, Ledger, now
from app.sources.archive import Archive
from app.sources.attempt import Validators
from app.sources.fetch import NotModified, fetch
from app.sources.masking import masked


@dataclass(frozen=True)
class Collected:
    """A delivery ready to be imported, or the error that kept it away.

    `path` is None if the file was not transferred again: then it is the archived one.
    """

    source: str
    delivery: Delivery
    path: Path | None = None
    error: SourceError | None = None
    remark: str = ""

    def file(self, archive: Archive, folder: Path) -> Path:
        """The delivery as a plain file in `folder`."""
        assert self.delivery.sha256 is not None
        return self.path or archive.extract(self.source, self.delivery.sha256, folder)

    def told(self) -> str:
        """One line for the log."""
        if self.error:
            return f"{self.source}: not fetched from {self.delivery.url}"
        size = f"{self.delivery.size:,} bytes"
        return f"{self.source}: {size} from {self.delivery.url}{self.remark}"


def collect(
    project: Project,
    source: Source,
    archive: Archive,
    ledger: Ledger,
    folder: Path,
    offline: bool,
    progress: Progress = UNSEEN,
) -> Collected:
    """Fetch what `source`'s URL gives now; offline, take its last archived delivery."""
    last = ledger.last(source.name, "imported", "skipped", "refused")
    known = last.delivery if last else None
    wanted = Delivery(project.origin(source), masked(source.url))
    has_known = known is not None and archive.holds(source.name, known.sha256 or "")
    if offline:
        if known is None or not has_known:
            missing = SourceError(
                "no delivery is archived",
                where=f"source {source.name}",
                hint="run once without --offline",
                code="archive",
            )
            return Collected(source.name, wanted, error=missing)
        return Collected(source.name, known, remark=f" (archived, fetched {known.fetched_at})")
    validators = None
    # validators speak of the URL they came with, which is known only where nothing in it is masked
    if (
        known
        and has_known
        and known.url == wanted.url == source.url
        and (known.etag or known.last_modified)
    ):
        validators = Validators(etag=known.etag, last_modified=known.last_modified)
    try:
        with progress.step(f"Fetching {source.name}", unit="bytes") as step:
            fetched = fetch(
                source.url,
                headers=source.headers,
                base=project.root,
                into=folder,
                limits=project.fetch_limits,
                validators=validators,
                progress=step.reach,
            )
    except SourceError as error:
        return Collected(source.name, wanted, error=error)
    if isinstance(fetched, NotModified):
        assert known is not None
        confirmed = replace(known, fetched_at=now())
        return Collected(source.name, confirmed, remark=" (not modified, not transferred)")
    delivery = Delivery(
        wanted.origin,
        fetched.url,
        fetched.fetched_at,
        fetched.sha256,
        fetched.size,
        fetched.etag,
        fetched.last_modified,
    )
    return Collected(source.name, delivery, path=fetched.path)
