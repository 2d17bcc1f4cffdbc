"""What the verbs print: the ledger, the answers, the rejects, the state, as tables of text."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence

from app.answers.formats import shown
from app.answers.publishing import CheckResult
from app.answers.results import Result, State
from app.rows.rejects import Reject
from app.runs import Places, Run

ANSWER_ROWS = 12
WIDTH = 120  # where the output is not a terminal
REJECT_ROWS = 5
LEDGER = (
    "read", "inserted", "known", "changed", "rejected", "blank", "withdrawn", "rows_before",
    "rows_after",
)  # fmt: skip


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """A text table; `align` has one letter a column, l or r. Without headings, no rule either."""
    from tabulate import tabulate

    sides = ["left" if letter == "l" else "right" for letter in align]
    return tabulate(
        [[_printable(cell) for cell in row] for row in rows],
        headers=list(headings),
        tablefmt="simple" if headings else "plain",
        colalign=sides,
        disable_numparse=True,
    )


def ledger_table(run: Run) -> str:
    """What became of every source, then what there is to say about them."""
    rows = []
    for outcome in run.outcomes:
        counts = outcome.counts
        figures = [f"{getattr(counts, name):,}" if counts else "" for name in LEDGER]
        rows.append([outcome.source, outcome.status, *figures])
    headings = ["source", "status", *(name.removeprefix("rows_") for name in LEDGER)]
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
    """Totals, and of each page the first analysis that is short: the rest is in the files."""
    chosen: dict[str, Result] = {}
    for result in sorted(results, key=lambda result: len(result.rows) > ANSWER_ROWS):
        chosen.setdefault(result.model.page, result)
    in_order = [r for r in results if len(r.rows) == 1 or r in chosen.values()]
    return "\n\n".join(answer(result, ANSWER_ROWS) for result in in_order)


def answer(result: Result, most: int | None = None) -> str:
    """One analysis as a table, of at most `most` rows; a single row stands upright.

    With `most`, also columns are left out at the right for which the terminal is too narrow.
    """
    model = result.model
    kinds = [result.format(column) for column in result.columns]
    headings = [model.heading(column) for column in result.columns]
    rows = [
        [_clip(shown(value, kind), 60) for value, kind in zip(row, kinds, strict=True)]
        for row in result.rows[:most]
    ]
    title = model.title or model.name
    if len(result.rows) == 1 and len(headings) > 4:
        return f"{title}\n" + table([], zip(headings, rows[0], strict=True), "lr")
    texts = [any(isinstance(row[at], str) for row in result.rows) for at in range(len(kinds))]
    align = "".join("l" if text else "r" for text in texts)
    fits = _columns_that_fit(headings, rows) if most else len(headings)
    body = table(headings[:fits], [row[:fits] for row in rows], align[:fits])
    left = (
        _counted(len(result.rows) - len(rows), "more row"),
        _counted(len(headings) - fits, "more column"),
    )
    more = " and ".join(part for part in left if not part.startswith("0 "))
    return f"{title}\n{body}" + (f"\n... {more} in {model.name}.csv" if more else "")


def _columns_that_fit(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many columns, from the left, fit on the terminal; at least two."""
    space = shutil.get_terminal_size((WIDTH, 24)).columns + 2
    for at, column in enumerate(zip(headings, *rows, strict=True)):
        space -= max(map(len, column)) + 2
        if space < 0 and at >= 2:
            return at
    return len(headings)


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
        [c.name, c.severity, _counted(c.row_count, "row") if c.row_count else "passed", c.title]
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


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}" + ("s" if count != 1 else "")


def _printable(text: str) -> str:
    """Without what a terminal would obey: a cell of a file is shown, never run."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def _clip(text: str, width: int) -> str:
    line = " ".join(text.split()) if "\n" in text or "\t" in text else text
    return line if len(line) <= width else f"{line[: width - 3]}..."
