"""Tiles: the few figures on top of the report, each compared with other periods and with a goal.

They come from an analysis whose chart is `tiles`: its first row is the period that is shown, each
further row one to compare it with. The columns `period`, `first_day`, `last_day`, `days` and
`is_complete` say which periods these are. A comparison with a period that is not complete, or
of one, says so and gives no percentage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.answers.formats import shown
from app.answers.models import Models
from app.answers.portable import nearest
from app.answers.results import Result
from app.errors import ProjectError
from app.project import PROJECT_FILE, Project
from app.report.texts import Texts


@dataclass(frozen=True)
class Comparison:
    """One line of a tile. `direction` is up, down, same or ''; `change` is what moved."""

    label: str
    change: str
    direction: str = ""
    before: str = ""


@dataclass(frozen=True)
class Tile:
    """One figure with its comparisons."""

    label: str
    value: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class Tiles:
    """The tiles, the name of their period, its days, and what to know of it."""

    result: Result
    period: str
    days: str
    remarks: tuple[str, ...]
    tiles: tuple[Tile, ...]
    last_day: str


def find_tiles(results: list[Result]) -> Result | None:
    """The first result that is to be shown as tiles and has a row."""
    return next((r for r in results if r.model.chart and r.model.chart.mark == "tiles"), None)


def check_goals(project: Project, models: Models) -> None:
    """ProjectError if the project names a goal for a figure that no tile shows."""
    charts = [model.chart for model in models.analyses if model.chart]
    shown_columns = [name for chart in charts if chart.mark == "tiles" for name in chart.y]
    for name in project.goals:
        if name not in shown_columns:
            raise ProjectError(
                f"there is no tile {name!r} to reach a goal",
                where=f"{project.root / PROJECT_FILE}: project.goals.{name}",
                hint=nearest(name, shown_columns) if shown_columns else "no analysis has tiles",
            )


def make_tiles(result: Result, goals: Mapping[str, float], say: Texts) -> Tiles | None:
    """The tiles of a result; None if it has no row."""
    if not result.rows:
        return None
    assert result.model.chart is not None
    rows: list[dict[str, Any]] = list(result.translated(say.locale).as_dicts())
    current, *others = rows
    days, complete = current["days"] or 0, bool(current["is_complete"])
    first, last = (shown(current[name], "date", say.locale) for name in ("first_day", "last_day"))
    comparable = [row for row in others if complete and row["is_complete"]]
    made = []
    for column in result.model.chart.y:
        kind = result.format(column)
        lines = [_compared(current, other, column, kind, say) for other in comparable]
        if column in goals:
            lines.append(_goal(current[column], goals[column], kind, complete, say))
        value = shown(current[column], kind, say.locale)
        made.append(Tile(result.model.heading(column, say.locale), value, tuple(lines)))
    return Tiles(
        result=result,
        period=str(current["period"]),
        days=say("{first} to {last}", first=first, last=last) if days else say("no data"),
        remarks=tuple(_remarks(current, others, say)),
        tiles=tuple(made),
        last_day=str(current["last_day"] or ""),
    )


def _remarks(current: Mapping[str, Any], others: list[dict[str, Any]], say: Texts) -> Iterator[str]:
    """What is not compared, and why."""
    if not current["days"]:
        return
    if not current["is_complete"]:
        what = "This period is not complete (days in the data: {days}): nothing is compared."
        yield say(what, days=current["days"])
        return
    for other in others:
        if not other["days"]:
            yield say("{period}: no data, not compared.", period=other["period"])
        elif not other["is_complete"]:
            what = "{period}: not complete (days in the data: {days}), not compared."
            yield say(what, period=other["period"], days=other["days"])


def _compared(
    current: Mapping[str, Any], other: Mapping[str, Any], column: str, kind: str, say: Texts
) -> Comparison:
    label = str(other["period"])
    now, then = current[column], other[column]
    before = say("before: {value}", value=shown(then, kind, say.locale))
    if now is None or then is None:
        return Comparison(label, "–", before=before)
    if isinstance(now, str) or isinstance(then, str):
        return Comparison(label, say("the same"), "same") if now == then else (
            Comparison(label, "", "", before)
        )  # fmt: skip
    if now == then:
        return Comparison(label, say("unchanged"), "same", before)
    if not then:
        return Comparison(label, "–", before=before)
    change = now / then - 1
    direction = "up" if change > 0 else "down"
    return Comparison(label, shown(abs(change), "percent", say.locale), direction, before)


def _goal(value: float | None, goal: float, kind: str, complete: bool, say: Texts) -> Comparison:
    label = say("Goal {value}", value=shown(goal, kind, say.locale))
    if not complete:
        return Comparison(label, say("period not complete, not compared"))
    share = shown((value or 0) / goal, "percent", say.locale)
    return Comparison(label, say("{percent} reached", percent=share))
