"""The note `summary.md`: the state of the data and the answers, as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.answers.formats import moment, shown
from app.answers.results import Result, State
from app.report.published import Published
from app.report.texts import Texts

NOTE_ROWS = 15


def note(published: Published) -> bytes:
    """The whole note, in the project's locale."""
    say = Texts(published.locale)
    parts = [
        f"# {say('{name}: results', name=published.title)}",
        _provenance(published.state, say),
        _quality(published, say),
    ]
    page = ""
    for result in published.results:
        if result.model.page != page:
            page = result.model.page
            parts.append(f"## {result.model.text('page', say.locale)}")
        parts.append(_section(result, say))
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def _provenance(state: State, say: Texts) -> str:
    run, time = state.published_run, moment(state.published_at, say.locale)
    lines = [say("Results of run {run}, published {time}.", run=run, time=time)]
    if state.blocked:
        names = ", ".join(check.name for check in state.checks if check.blocks)
        lines.append(f"**{say(BLOCKED, names=names)}**")
    return "\n".join(lines)


BLOCKED = (
    "These are not the latest data: a check blocked publication ({names}). "
    "The figures below are the last good ones."
)


def _quality(published: Published, say: Texts) -> str:
    state = published.state
    rows = [
        (
            s.source,
            shown(s.rows, "integer", say.locale),
            moment(s.imported_at, say.locale) if s.imported_at else say("never"),
            shown(s.open_rejects, "integer", say.locale),
            f"**{say(s.last_status)}**: {s.last_message.splitlines()[0]}"
            if s.stale
            else say("up to date"),
        )
        for s in state.sources
    ]
    headings = [say(t) for t in ("source", "rows", "data fetched", "open rejects", "state")]
    failed = [check for check in state.checks if check.row_count]
    if failed:
        lines = [say("Checks that found something:")]
        for check in failed:
            title = published.check_title(check.name, check.title)
            count = say("{n} rows", n=shown(check.row_count, "integer", say.locale))
            lines.append(f"- {say(check.severity)}: {title} ({count})")
        verdict = "\n".join(lines)
    else:
        verdict = say("All {n} checks passed.", n=len(state.checks)) if state.checks else ""
    parts = (f"## {say('Sources')}", _markdown(headings, rows, "lrlrl"), verdict)
    return "\n\n".join(part for part in parts if part)


def _section(result: Result, say: Texts) -> str:
    model = result.model
    kinds = [result.format(column) for column in result.columns]
    rows = [
        tuple(shown(value, kind, say.locale) for value, kind in zip(row, kinds, strict=True))
        for row in result.translated(say.locale).rows[:NOTE_ROWS]
    ]
    align = "".join("l" if result.is_text(column) else "r" for column in result.columns)
    headings = [model.heading(column, say.locale) for column in result.columns]
    parts = [
        f"### {model.text('title', say.locale)}",
        model.text("question", say.locale),
        _markdown(headings, rows, align),
    ]
    left = len(result.rows) - len(rows)
    if left > 0:
        count = shown(left, "integer", say.locale)
        parts.append(say("{n} more rows in `{file}`.", n=count, file=f"{model.name}.csv"))
    return "\n\n".join(part for part in parts if part)


def _markdown(headings: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    rule = ["---" if letter == "l" else "--:" for letter in align]
    lines = [f"| {' | '.join(map(_cell, line))} |" for line in (headings, *rows)]
    return "\n".join([lines[0], f"| {' | '.join(rule)} |", *lines[1:]])


def _cell(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split(" ")).replace("\r", " ").replace("\n", " ").replace("\t", " ")
