"""What the report says of the data behind its figures: what was rejected, withdrawn, stale."""

from __future__ import annotations

from dataclasses import dataclass

from app.answers.formats import shown
from app.answers.publishing import CheckResult
from app.answers.results import Result
from app.report.note import BLOCKED
from app.report.published import Published
from app.report.texts import Texts


@dataclass(frozen=True)
class ToldCheck:
    """A check as the report shows it: its verdict, and the rows that should not exist."""

    title: str
    verdict: str
    good: bool
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def blocked_by(published: Published, say: Texts) -> str:
    """The sentence that names the checks which keep newer results back, or ''."""
    checks = [check for check in published.state.checks if check.blocks]
    names = ", ".join(published.check_title(check.name, check.title) for check in checks)
    return say(BLOCKED, names=names) if checks else ""


def quality_line(published: Published, say: Texts) -> list[tuple[str, str, bool]]:
    """The quality line: each text with the place of its detail, and whether all is well."""
    state = published.state
    counts = [
        ("rejects", "Rejected lines: {n}", sum(source.open_rejects for source in state.sources)),
        ("withdrawn", "Withdrawn rows: {n}", sum(source.withdrawn for source in state.sources)),
        ("sources", "Stale sources: {n}", sum(source.stale for source in state.sources)),
        ("checks", "Checks failed: {n}", sum(check.row_count > 0 for check in state.checks)),
    ]
    return [
        (place, say(text, n=shown(number, "integer", say.locale)), not number)
        for place, text, number in counts
    ]


def withdrawn_rows(published: Published, say: Texts) -> list[tuple[str, str, str]]:
    """The source, the key and the worth of the withdrawn rows that are listed."""
    return [
        (
            row.source,
            ", ".join(f"{name} {value}" for name, value in row.key.items()),
            shown(
                None if row.amount_cents is None else row.amount_cents / 100, "money", say.locale
            ),
        )
        for row in published.withdrawals
    ]


def told(published: Published, check: CheckResult, say: Texts) -> ToldCheck:
    """A check with its rows, in the project's locale."""
    if not check.row_count:
        verdict = say("passed")
    else:
        count = shown(check.row_count, "integer", say.locale)
        verdict = say("failed: {n} rows" if check.blocks else "warning: {n} rows", n=count)
    columns = tuple(check.first_rows[0]) if check.first_rows else ()
    model = published.checks.get(check.name)
    rows = [tuple(row.values()) for row in check.first_rows]
    headings, kinds = columns, [""] * len(columns)
    if model:
        result = Result(model, columns, rows).translated(say.locale)
        rows = result.rows
        headings = tuple(model.heading(column, say.locale) for column in columns)
        kinds = [result.format(column) for column in columns]
    return ToldCheck(
        title=published.check_title(check.name, check.title),
        verdict=verdict,
        good=not check.row_count,
        headings=headings,
        rows=tuple(
            tuple(shown(value, kind, say.locale) for value, kind in zip(row, kinds, strict=True))
            for row in rows
        ),
    )
