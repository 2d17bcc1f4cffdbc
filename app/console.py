"""What the verbs print: the ledger, the answers, the rejects, the state, as tables of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.formats import shown
from app.pipeline import Places, Run
from app.publishing import CheckResult
from app.rejects import Reject
from app.results import Result, State

ANSWER_ROWS = 10
REJECT_ROWS = 5
LEDGER = (
    "read", "inserted", "known", "changed", "rejected", "blank", "withdrawn", "rows_before",
    "rows_after",
)  # fmt: skip


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """A text table; `align` has one letter a column, l or r."""
    from tabulate import tabulate

    sides = ["left" if letter == "l" else "right" for letter in align]
    return tabulate(
        list(rows), headers=list(headings), tablefmt="simple", colalign=sides, disable_numparse=True
    )


def ledger_table(run: Run) -> str:
    """What became of every source, then what there is to say about them."""
    rows = []
    for outcome in run.outcomes:
        counts = outcome.counts
        figures = [f"{getattr(counts, name):,}" if counts else "" for name in LEDGER]
        rows.append([outcome.source, outcome.status, *figures])
    headings = ["source", "status", *(name.replace("_", " ") for name in LEDGER)]
    parts = [table(headings, rows, "ll" + "r" * len(LEDGER))]
    for outcome in run.outcomes:
        counts = outcome.counts
        if counts and counts.withdrawn and counts.withdrawn_cents is not None:
            worth = shown(counts.withdrawn_cents / 100, "money")
            parts.append(f"{outcome.source}: rows worth {worth} were withdrawn (see _changes)")
        if outcome.message and outcome.status != "skipped":
            parts.append(f"{outcome.source}: {outcome.message}")
    return "\n".join(parts)


def nothing_new(run: Run) -> bool:
    """Whether the run found only what was there, and told so without a problem."""
    return (
        run.status == "unchanged"
        and all(outcome.status == "skipped" for outcome in run.outcomes)
        and not run.exit_code
    )


def answers(results: Sequence[Result]) -> str:
    """The first analysis of each page: the rest is in the files."""
    firsts: dict[str, Result] = {}
    for result in results:
        firsts.setdefault(result.model.page, result)
    return "\n\n".join(answer(result, ANSWER_ROWS) for result in firsts.values())


def answer(result: Result, most: int | None = None) -> str:
    """One analysis as a table, of at most `most` rows; a single row stands upright."""
    model = result.model
    kinds = [result.format(column) for column in result.columns]
    headings = [model.label(column) or column.replace("_", " ") for column in result.columns]
    rows = [
        [shown(value, kind) for value, kind in zip(row, kinds, strict=True)]
        for row in result.rows[:most]
    ]
    title = model.title or model.name
    if len(result.rows) == 1 and len(headings) > 4:
        return f"{title}\n" + table(["", ""], zip(headings, rows[0], strict=True), "lr").split(
            "\n", 2
        )[2].join(["", ""])
    texts = [any(isinstance(row[at], str) for row in result.rows) for at in range(len(kinds))]
    body = table(headings, rows, "".join("l" if text else "r" for text in texts))
    left = len(result.rows) - len(rows)
    more = f"\n... {left:,} more rows in {model.name}.csv" if left > 0 else ""
    return f"{title}\n{body}{more}"


def rejects_table(rejects: Sequence[Reject]) -> str:
    """Rejects with their line, their reason and their text."""
    rows = [
        [r.source, str(r.line), r.code, r.column, _clip(r.message, 60), _clip(r.raw, 60)]
        for r in rejects
    ]
    return table(("source", "line", "code", "column", "reason", "text"), rows, "lrllll")


def checks_table(checks: Sequence[CheckResult]) -> str:
    """Each check with its severity and what it found."""
    rows = [
        [c.name, c.severity, "passed" if not c.row_count else f"{c.row_count:,} rows", c.title]
        for c in checks
    ]
    return table(("check", "severity", "result", "title"), rows, "llrl")


def check_rows(check: CheckResult) -> str:
    """The rows a check found."""
    headings = list(check.first_rows[0]) if check.first_rows else []
    rows = [[shown(value) for value in row.values()] for row in check.first_rows]
    return f"{check.title}\n{table(headings, rows, 'l' * len(headings))}"


def state_text(state: State, places: Places) -> str:
    """How the database stands."""
    rows = [
        [
            s.source,
            f"{s.rows:,}",
            s.imported_at or "never",
            s.fetched_at or "never",
            s.last_status or "never tried",
            f"{s.open_rejects:,}",
        ]
        for s in state.sources
    ]
    parts = [
        table(
            ("source", "rows", "imported", "last seen", "last run", "open rejects"), rows, "lrlllr"
        )
    ]
    parts += [f"{s.source}: {s.last_message}" for s in state.sources if s.stale]
    run = state.last_run
    if run:
        parts.append(
            f"Last run: {run['run_id']} (`{run['verb']}`), {run['finished_at']}, "
            f"{run['status']}, exit code {run['exit_code']}"
        )
    if state.published_run is None:
        parts.append("Nothing is published yet.")
    else:
        parts.append(f"Results: of run {state.published_run}, published {state.published_at}")
    if state.blocked:
        names = ", ".join(c.name for c in state.checks if c.blocks)
        parts.append(f"BLOCKED by {names}: the results are the last good ones")
    parts.append(f"Database: {places.database}\nFiles: {places.results}")
    return "\n".join(parts)


def _clip(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 3]}..."
