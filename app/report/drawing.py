"""A chart as SVG, through Altair and vl-convert: no browser, no network, the same bytes each time.

The colours in the SVG are those of a light page; the report's style sheet names each of them
(`[fill="#0072b2"]`) to give it another on a dark one. They are apart for the colour-blind
(Okabe and Ito), and nothing is told by colour alone where words or lengths can tell it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from app.answers.formats import shown
from app.answers.results import Result
from app.progress import Step
from app.report.axes import GRID, INK, MUTED, ROWS, is_time
from app.report.marks import MOST_BARS, MOST_LINES, MOST_SERIES, Marks
from app.report.rendering import Renderer
from app.report.texts import Texts

# By the analysis' name and the width: an <svg>, "" if there is nothing to draw, None if it could
# not be drawn.
Drawn = dict[tuple[str, int], str | None]


@contextmanager
def drawing(
    results: Iterable[Result], locale: str, widths: Sequence[int], renderer: Renderer
) -> Iterator[Callable[[Step], Drawn]]:
    """While inside, the charts of the results that have one are drawn, in every width (pixels).

    They are composed at once and converted while the caller goes on. Yields what waits for all of
    them; its step goes on with each.
    """
    with ThreadPoolExecutor(1) as converting:
        try:
            converted = {
                (result.model.name, width): _begun(converting, renderer, result, locale, width)
                for result in results
                if result.model.chart and result.model.chart.mark != "tiles"
                for width in widths
            }
            yield partial(_finished, converted)
        finally:
            converting.shutdown(cancel_futures=True)  # after an error, nobody waits for them


def compose(result: Result, locale: str, width: int) -> dict[str, Any] | None:
    """The chart of a result in Vega-Lite, `width` pixels wide; None if there is nothing to draw.

    `result` has a chart, and it is not tiles.
    """
    marks = Marks(result, locale, width)
    if not marks.have_figures():
        return None
    plot, height = marks.plot()
    return {
        **plot.to_dict(validate=False),
        "width": width,
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 4, "right": 8, "top": 4, "bottom": 1},
        "background": "transparent",
        "config": _CONFIG,
        "datasets": {ROWS: marks.rows},
    }


def _begun(
    converting: Executor, renderer: Renderer, result: Result, locale: str, width: int
) -> Future[str | None] | None:
    """The chart as it will be converted; None if there is nothing to draw."""
    spec = compose(result, locale, width)
    return converting.submit(renderer.svg, spec, _LANGUAGES[locale]) if spec else None


def _finished(converted: Mapping[tuple[str, int], Future[str | None] | None], step: Step) -> Drawn:
    drawn: Drawn = {}
    for (name, width), future in step.each(converted.items(), lambda item: item[0][0]):
        svg = future.result() if future else ""
        drawn[name, width] = _inline(svg, f"{name}-{width}") if svg else svg
    return drawn


def describe(result: Result, say: Texts) -> str:
    """The chart in words, for those who cannot see it."""
    chart = result.model.chart
    assert chart is not None
    measure, by = chart.y[0] if chart.y else chart.x, chart.x
    if chart.mark == "heatmap":
        measure, by = chart.color, chart.y[0]
    elif chart.mark == "bar" and result.is_text(measure):
        measure, by = by, measure
    heading = result.model.heading
    parts = [
        say("{what} by {by}", what=heading(measure, say.locale), by=heading(by, say.locale)) + "."
    ]
    rows: list[dict[str, Any]] = [
        row for row in result.as_dicts() if isinstance(row[measure], (int, float))
    ]
    ends = {
        "Highest: {name}, {value}.": max(rows, key=lambda row: row[measure], default=None),
        "Lowest: {name}, {value}.": min(rows, key=lambda row: row[measure], default=None),
    }
    for text, row in ends.items():
        if row and measure != by:
            name = shown(row[by], result.format(by), say.locale)
            value = shown(row[measure], result.format(measure), say.locale)
            parts.append(say(text, name=name, value=value))
    return " ".join([*parts, say("The table below holds the figures.")])


def left_out(result: Result) -> tuple[int, int]:
    """How many bars, lines or series the chart shows, and how many there are; equal if all."""
    chart = result.model.chart
    if chart is None or not result.rows:
        return 0, 0
    places = {name: at for at, name in enumerate(result.columns)}
    if chart.color and chart.mark in ("line", "area", "stacked"):
        there = len({row[places[chart.color]] for row in result.rows})
        return there if there <= MOST_SERIES else MOST_SERIES - 1, there
    if chart.mark == "heatmap":
        there = len({row[places[chart.y[0]]] for row in result.rows})
        return min(there, MOST_LINES), there
    there = len(result.rows)
    if chart.mark == "bar" and not is_time(result, chart.x):
        return min(there, MOST_BARS), there
    return there, there


_LANGUAGES = {"en": "en-US", "fr": "fr-FR"}
_TEXT = {"labelColor": MUTED, "titleColor": MUTED, "labelFontSize": 13, "titleFontSize": 13}
_CONFIG: dict[str, Any] = {
    "font": "Arial, Liberation Sans, Helvetica, sans-serif",
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        **_TEXT,
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "titleFontWeight": "normal",
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
    },
    "legend": {
        **_TEXT,
        "orient": "top",
        "direction": "horizontal",
        "titleFontWeight": "normal",
        "titleOrient": "left",
        "symbolType": "square",
        "offset": 8,
    },
    "axisY": {"labelColor": INK},
    "text": {"fontSize": 12},
}


def _inline(svg: str, prefix: str) -> str:
    """The SVG as part of a page: its ids are its own, its role that of its box."""
    width, height = re.findall(r'viewBox="0 0 (\S+) (\S+)"', svg)[0]
    body = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg[svg.index(">") + 1 :])
    names = dict.fromkeys(re.findall(r'\bid="([^"]+)"', body))
    for number, name in enumerate(names):
        own = f"{prefix}-{number}"
        body = body.replace(f'id="{name}"', f'id="{own}"').replace(f"url(#{name})", f"url(#{own})")
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}">{body}'
