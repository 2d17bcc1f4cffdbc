"""What the marks of a chart share: its rows, its axes and legends, and the words on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any

from app.answers.formats import shown
from app.answers.results import Result
from app.records.values import Value

if TYPE_CHECKING:
    import altair as alt

INK, MUTED, GRID = "#1f2328", "#59636e", "#e1e5ea"
ACCENT, ON_ACCENT = "#0072b2", "#fffffe"
SERIES = (ACCENT, "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7a7a7a")
LONGEST_TEXT = 120
ROWS = "rows"  # what a chart calls its data
LABEL_WIDTH = 6.4  # of a character at 12 px, about
LABEL_SPACE = 8

IS_COMPLETE = "is_complete"  # the column that tells whether a period is over

Row = dict[str, Any]
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def is_time(result: Result, column: str) -> bool:
    """Whether a column holds days or months."""
    return result.format(column) in ("date", "month")


class Axes:
    """A chart to be drawn: the rows, which the marks add to, and the channels that show them."""

    def __init__(self, result: Result, locale: str, width: int) -> None:
        self.result = result
        self.locale = locale
        self.width = width
        assert result.model.chart is not None
        self.spec = result.model.chart
        told = {*self.spec.all_columns(), IS_COMPLETE}
        places = [(at, name) for at, name in enumerate(result.columns) if name in told]
        self.rows: list[Row] = [
            {name: _drawable(row[at]) for at, name in places} for row in result.rows
        ]
        if self.spec.mark in ("line", "area"):  # a row without an x has no place on them
            self.rows = [row for row in self.rows if row[self.spec.x] is not None]

    def have_figures(self) -> bool:
        """Whether any value on the numeric channels is there and not 0."""
        columns = (self.spec.x, *self.spec.y, self.spec.color)
        return any(
            isinstance(row.get(column), (int, float)) and row[column]
            for row in self.rows
            for column in columns
        )

    @property
    def narrow(self) -> bool:
        return self.width < 500

    @property
    def name_width(self) -> int:
        """How wide the names on the left may be, in pixels."""
        return 112 if self.narrow else 230

    def data(self) -> alt.NamedData:
        """The rows by their name: Altair would copy and check each value of rows it holds."""
        import altair as alt

        return alt.NamedData(ROWS)

    def measured(
        self,
        column: str,
        *,
        of: str = "",
        on: str = "y",
        zero: bool = False,
        titled: bool = False,
        aggregate: str = "",
    ) -> Any:
        """A numeric channel, with its unit on the axis."""
        import altair as alt

        of = of or column
        name = f"{aggregate}({column}):Q" if aggregate else f"{column}:Q"
        channel = alt.Y if on == "y" else alt.X
        axis = alt.Axis(
            title=self.heading(of) if titled else None,
            labelExpr=self.label(of),
            tickCount=5,
            tickMinStep=1 if self.kind(of) == "integer" else alt.Undefined,
            labelOverlap="greedy",
        )
        return channel(name, scale=alt.Scale(zero=zero, nice=True), axis=axis)

    def along(self, category: str) -> Any:
        """A category, or a time told in steps, from left to right."""
        import altair as alt

        steps = list(dict.fromkeys(row[category] for row in self.rows))
        for row in self.rows:
            row["_step"] = self.shown(row[category], category)
        labels = [self.shown(step, category) for step in steps]
        room = (self.width - 70) / len(labels)
        time = is_time(self.result, category)
        widest = max(map(len, labels)) * LABEL_WIDTH
        crowded = widest > room and not time
        # a label without room would be measured and written, and not be seen
        every = ceil((widest + LABEL_SPACE) / room) if time else 1
        axis = alt.Axis(
            labelAngle=-50 if crowded else 0,
            labelLimit=130,
            labelOverlap=False if crowded else "greedy",
            labelSeparation=LABEL_SPACE,
            values=labels[::every],
            grid=False,
            ticks=False,
        )
        return alt.X("_step:N", sort=labels, title=None, axis=axis)

    def axis_of_time(self) -> Any:
        import altair as alt

        days = [date.fromisoformat(row["_x"]) for row in self.rows]
        span = (max(days) - min(days)).days
        pattern = "%-d %b" if span <= 120 else "%b %Y"
        axis = alt.Axis(
            labelExpr=f"utcFormat(datum.value, '{pattern}')",
            tickCount=min(4 if self.narrow else 9, max(span, 1)),
            labelOverlap="parity",
            labelSeparation=12,
            grid=False,
        )
        return alt.X("_x:T", scale=alt.Scale(type="utc"), title=None, axis=axis)

    def color(self) -> Any:
        import altair as alt

        if not self.spec.color:
            return alt.ColorValue(ACCENT)
        column = self.spec.color
        names = list(dict.fromkeys(self.shown(row[column], column) for row in self.rows))
        for row in self.rows:
            row["_color"] = self.shown(row[column], column)
        return self.legend("_color", names, title=self.heading(column))

    def legend(self, field: str, names: Sequence[str], title: str | None = None) -> Any:
        import altair as alt

        scale = alt.Scale(domain=list(names), range=list(SERIES))
        legend = alt.Legend(
            title=title,
            columns=2 if self.narrow else 4,
            labelLimit=150,
            symbolType="stroke" if self.spec.mark == "line" else "square",
            symbolStrokeWidth=3 if self.spec.mark == "line" else 0,
        )
        return alt.Color(f"{field}:N", scale=scale, legend=legend)

    def kind(self, column: str) -> str:
        return self.result.format(column)

    def is_measure(self, column: str) -> bool:
        return not any(isinstance(row[column], str) for row in self.rows)

    def heading(self, column: str) -> str:
        return str(_drawable(self.result.model.heading(column, self.locale)))

    def shown(self, value: Any, column: str) -> str:
        return shown(value, self.kind(column), self.locale)

    def label(self, column: str) -> str:
        """The expression that writes a number on an axis, with its unit."""
        kind = self.kind(column)
        space = "\u00a0"
        if kind == "percent":
            return f"format(100 * datum.value, '~g') + '{space}%'"
        number = "format(datum.value, datum.value % 1 ? ',.2f' : ',.0f')"
        return f"{number} + '{space}€'" if kind == "money" else number


def _drawable(value: Value) -> Value:
    """`value` as an SVG can hold it: a character that XML forbids would end vl-convert at once.

    A very long text is cut: measuring it would take minutes.
    """
    if isinstance(value, str):
        short = value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}…"
        return _NOT_XML.sub("\ufffd", short)
    return None if isinstance(value, float) and not isfinite(value) else value
