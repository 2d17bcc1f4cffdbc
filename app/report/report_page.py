"""The report: one HTML file with everything in it, for a manager who opens it from a mail.

This module decides what is said; `templates/report.html.j2` where, `templates/report.css` how it
looks. The template escapes all it is given, except the charts, which are escaped where drawn.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from app import __version__
from app.answers.formats import moment, shown
from app.answers.results import Result
from app.progress import Step
from app.report.csv_files import EXCEL_LOCALES, excel_csv, excel_name, plain_csv
from app.report.drawing import Drawn, describe, drawing, left_out
from app.report.published import LISTED, Published
from app.report.quality import blocked_by, quality_line, told, withdrawn_rows
from app.report.rendering import Renderer
from app.report.texts import Texts
from app.report.tiles import Tiles, find_tiles, make_tiles

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
OPEN_ROWS = 7  # a longer table is folded
SHORT = 24  # characters that stay on one line
MOST_ROWS = 500  # of a table; the CSV file has them all
WIDE, NARROW = 760, 340  # pixels, for a desk or paper, and for a phone


@dataclass(frozen=True)
class Cell:
    """A text of a table; `look` is its column's class: n number, s short text, l long text."""

    text: str
    look: str


@dataclass(frozen=True)
class Section:
    """One analysis as the template shows it."""

    name: str
    title: str
    question: str
    description: str
    sql: str
    headings: tuple[Cell, ...]
    rows: list[list[Cell]]
    more_rows: int
    file: str
    link: str

    @property
    def folded(self) -> bool:
        return len(self.rows) > OPEN_ROWS

    @property
    def upright(self) -> bool:
        """Whether the table is one row, shown as a list of figures."""
        return len(self.rows) == 1 and len(self.headings) > 3


@dataclass(frozen=True)
class Figure:
    """An analysis' chart, or why there is none, as the template shows it."""

    charts: tuple[tuple[str, str], ...]  # (what it is for, its SVG)
    caption: str
    text: str
    remarks: tuple[str, ...]


def charts_of(
    published: Published, renderer: Renderer
) -> AbstractContextManager[Callable[[Step], Drawn]]:
    """The charts of what is published; they are drawn while inside, see `drawing`."""
    translated = [result.translated(published.locale) for result in published.results]
    return drawing(translated, published.locale, (WIDE, NARROW), renderer)


def report_page(published: Published, charts: Callable[[], Drawn]) -> bytes:
    """The report of what is published, as UTF-8; `charts` is called for when they are needed."""
    say = Texts(published.locale)
    tiles = _tiles(published, say)
    template = _template()
    pages = [
        (page, [_section(result, say) for result in results])
        for page, results in groupby(
            _in_pages(published.results, tiles),
            key=lambda result: result.model.text("page", say.locale),
        )
    ]
    drawn = charts()
    html = template.render(
        published=published,
        state=published.state,
        say=say,
        version=__version__,
        tiles=tiles,
        behind=_section(tiles.result, say) if tiles else None,
        pages=pages,
        figures={
            result.model.name: _figure(result.translated(say.locale), say, drawn)
            for result in published.results
        },
        day=shown((tiles.last_day if tiles else "") or published.last_day, "date", say.locale),
        has_day=bool((tiles and tiles.last_day) or published.last_day),
        fetched=max((source.imported_at for source in published.state.sources), default=""),
        blocked=blocked_by(published, say),
        quality=quality_line(published, say),
        withdrawals=withdrawn_rows(published, say),
        checks=[told(published, check, say) for check in published.state.checks],
        listed=LISTED,
        moment=lambda time: moment(time, say.locale),
        number=lambda value: shown(value, "integer", say.locale),
    )
    return html.encode()


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.j2")


def _in_pages(results: list[Result], tiles: Tiles | None) -> list[Result]:
    """The results with those of a page together, pages in the order of their first result.

    Those of the tiles are with the tiles.
    """
    results = [result for result in results if tiles is None or result != tiles.result]
    pages = list(dict.fromkeys(result.model.page for result in results))
    return sorted(results, key=lambda result: pages.index(result.model.page))


def _tiles(published: Published, say: Texts) -> Tiles | None:
    result = find_tiles(published.results)
    return make_tiles(result, published.goals, say) if result else None


def _section(result: Result, say: Texts) -> Section:
    model = result.model
    translated = result.translated(say.locale)
    texts = [
        [
            shown(value, kind, say.locale)
            for value, kind in zip(row, map(result.format, result.columns), strict=True)
        ]
        for row in translated.rows[:MOST_ROWS]
    ]
    looks = [
        _look(translated, column, [row[at] for row in texts])
        for at, column in enumerate(result.columns)
    ]
    file, link = _csv_link(result, say.locale)
    return Section(
        name=model.name,
        title=model.text("title", say.locale),
        question=model.text("question", say.locale),
        description=model.description if say.locale == "en" else "",
        sql=model.path.read_text(encoding="utf-8-sig"),
        headings=tuple(
            Cell(model.heading(column, say.locale), look)
            for column, look in zip(result.columns, looks, strict=True)
        ),
        rows=[[Cell(text, look) for text, look in zip(row, looks, strict=True)] for row in texts],
        more_rows=max(0, len(result.rows) - MOST_ROWS),
        file=file,
        link=link,
    )


def _figure(result: Result, say: Texts, drawn: Drawn) -> Figure:
    """`result` is translated."""
    svgs = [
        (name, drawn.get((result.model.name, width), ""))
        for name, width in (("wide", WIDE), ("narrow", NARROW))
    ]
    charts = tuple((name, svg) for name, svg in svgs if svg)
    return Figure(
        charts,
        caption=_caption(result, say),
        text=describe(result, say) if charts else "",
        remarks=_remarks(result, say) if charts else _failure(svgs, say),
    )


def _look(result: Result, column: str, texts: list[str]) -> str:
    if not result.is_text(column):
        return "n"
    return "l" if max(map(len, texts), default=0) > SHORT else "s"


def _caption(result: Result, say: Texts) -> str:
    chart = result.model.chart
    if chart is None or chart.mark in ("tiles", "distribution", "scatter") or len(chart.y) > 1:
        return ""
    column = chart.color if chart.mark == "heatmap" else chart.y[0]
    if chart.mark == "bar" and result.is_text(column):
        column = chart.x
    return result.model.heading(column, say.locale)


def _remarks(result: Result, say: Texts) -> tuple[str, ...]:
    drawn, there = left_out(result)
    assert result.model.chart is not None or there == 0
    remarks = []
    if drawn < there and result.model.chart:
        is_cut = result.model.chart.mark in ("bar", "heatmap")  # after the first, in their order
        kind = "first {shown}" if is_cut else "{shown} largest"
        remarks.append(
            say(f"The {kind} of {{all}}; the table has them all.", shown=drawn, all=there)
        )
    paler = (
        result.model.chart is not None
        and result.model.chart.mark == "bar"
        and "is_complete" in result.columns
        and any(row[result.columns.index("is_complete")] == 0 for row in result.rows)
    )
    if paler:
        remarks.append(say("Paler bars are periods that are not complete."))
    return tuple(remarks)


def _failure(svgs: list[tuple[str, str | None]], say: Texts) -> tuple[str, ...]:
    if all(svg is not None for _, svg in svgs):
        return ()
    return (say("The chart could not be drawn; the table holds its figures."),)


def _csv_link(result: Result, locale: str) -> tuple[str, str]:
    """The name of the CSV file, and where its link leads.

    Into the report itself while the table is whole there, so that it works from a mail; to the
    file beside the report where it is too long for that.
    """
    is_excel = locale in EXCEL_LOCALES
    name = excel_name(result) if is_excel else f"{result.model.name}.csv"
    if len(result.rows) > MOST_ROWS:
        return name, name
    content = excel_csv(result, locale) if is_excel else plain_csv(result)
    return name, f"data:text/csv;charset=utf-8;base64,{base64.b64encode(content).decode()}"
