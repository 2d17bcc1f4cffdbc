"""The marks: how each kind of chart shows its rows, as an Altair chart."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from app.answers.formats import shown
from app.report.axes import (
    ACCENT,
    INK,
    IS_COMPLETE,
    LABEL_WIDTH,
    MUTED,
    ON_ACCENT,
    SERIES,
    Axes,
    is_time,
)
from app.report.names import shortened

MOST_BARS = 20  # of a category; the table has them all
MOST_LINES = 40  # of a heatmap
MOST_SERIES = len(SERIES)


class Marks(Axes):
    """Turns a result into an Altair chart; each mark has its method."""

    def plot(self) -> tuple[Any, int]:
        """The chart, and the height of its plot in pixels."""
        return {
            "bar": self.bar,
            "stacked": self.stacked,
            "line": self.lines,
            "area": self.lines,
            "scatter": self.scatter,
            "heatmap": self.heatmap,
            "distribution": self.distribution,
        }[self.spec.mark]()

    def bar(self) -> tuple[Any, int]:
        category, measure = self.spec.x, self.spec.y[0]
        lying = not self.is_measure(measure) and not is_time(self.result, category)
        if lying:
            category, measure = measure, category
        if lying or not is_time(self.result, category):
            self.rows = self.rows[:MOST_BARS]
        return self.lying(category, measure) if lying else self.standing(category, measure)

    def lying(self, category: str, measure: str) -> tuple[Any, int]:
        """Bars with their category on the left and their figure at the end."""
        import altair as alt

        for row in self.rows:
            row["_shown"] = self.shown(row[measure], measure)
        values = [row[measure] or 0 for row in self.rows]
        limit = self.name_width
        order = shortened([self.shown(row[category], category) for row in self.rows], limit)
        for row, name in zip(self.rows, order, strict=True):
            row["_name"] = name
        longest = max(map(len, map(str, order)))
        label = max(len(row["_shown"]) for row in self.rows) * LABEL_WIDTH + 10
        plot = max(60.0, self.width - min(limit, longest * LABEL_WIDTH) - 20)
        top = max(0, *values) / max(0.25, 1 - label / plot) or 1
        base = alt.Chart(self.data()).encode(
            y=alt.Y(
                "_name:N",
                sort=order,
                title=None,
                axis=alt.Axis(labelLimit=0, ticks=False, domain=False, labelPadding=8),
            ),
            x=alt.X(f"{measure}:Q", axis=None, scale=alt.Scale(domain=[min(0, *values), top])),
        )
        bars = base.mark_bar(height={"band": 0.68}).encode(color=self.color())
        texts = base.mark_text(align="left", dx=6, color=INK).encode(text=alt.Text("_shown:N"))
        return bars + texts, 28 * len(order)

    def standing(self, category: str, measure: str) -> tuple[Any, int]:
        """Bars side by side along time, or along a few categories; what is not over is paler."""
        import altair as alt

        x = self.along(category)
        bars = alt.Chart(self.data()).encode(
            x=x, y=self.measured(measure, zero=True), color=self.color()
        )
        if IS_COMPLETE in self.result.columns:
            paler = {"test": f"datum.{IS_COMPLETE} == 0", "value": 0.4}
            bars = bars.encode(opacity=alt.OpacityValue(1, condition=paler))
        return bars.mark_bar(width=self.bar_width(category)), 220

    def bar_width(self, category: str) -> dict[str, float]:
        """Three quarters of a step, and never a wall."""
        steps = len({row[category] for row in self.rows})
        return {"band": min(0.72, 72 * steps / self.width)}

    def stacked(self) -> tuple[Any, int]:
        import altair as alt

        names = self.largest(self.spec.y[0])
        others = {"en": "Others", "fr": "Autres"}[self.locale]
        for row in self.rows:
            row["_series"] = row[self.spec.color]
            if row["_series"] not in names:
                row["_series"] = others
        if any(row["_series"] == others for row in self.rows):
            names = [*names, others]
        bars = (
            alt.Chart(self.data())
            .mark_bar(width=self.bar_width(self.spec.x))
            .encode(
                x=self.along(self.spec.x),
                y=self.measured(self.spec.y[0], zero=True, aggregate="sum"),
                color=self.legend("_series", names),
            )
        )
        return bars, 240

    def lines(self) -> tuple[Any, int]:
        import altair as alt

        self.unfold()
        names = list(dict.fromkeys(row["_series"] for row in self.rows))
        time = is_time(self.result, self.spec.x)
        if time:
            self.fill_days(names)
        many = len(self.rows) / len(names) > 45
        base = alt.Chart(self.data()).encode(
            x=self.axis_of_time() if time else self.measured(self.spec.x, on="x"),
            y=self.measured("_value", of=self.spec.y[0], zero=True),
            color=self.legend("_series", names) if len(names) > 1 else alt.ColorValue(ACCENT),
        )
        if len(self.spec.y) > 1:  # the first is the figure, the others smooth it
            first = f"datum._series === {json.dumps(names[0])}"
            thin, pale = (0.8, 0.4) if len(self.rows) > 500 else (1.2, 0.55)
            base = base.encode(
                strokeWidth=alt.StrokeWidthValue(2.4, condition={"test": first, "value": thin}),
                opacity=alt.OpacityValue(1, condition={"test": first, "value": pale}),
            )
        if self.spec.mark == "area":
            return base.mark_area(fillOpacity=0.25, line={"strokeWidth": 2}).encode(
                y=self.measured("_value", of=self.spec.y[0], zero=True).stack(None)
            ), 220
        point = False if many else {"size": 24}
        return base.mark_line(strokeWidth=2, point=point), 240

    def scatter(self) -> tuple[Any, int]:
        import altair as alt

        points = (
            alt.Chart(self.data())
            .mark_circle(opacity=0.75, size=70)
            .encode(
                x=self.measured(self.spec.x, on="x", titled=True),
                y=self.measured(self.spec.y[0], titled=True),
                color=self.color(),
            )
        )
        if self.spec.size:
            points = points.encode(
                size=alt.Size(
                    f"{self.spec.size}:Q",
                    scale=alt.Scale(range=[20, 500]),
                    legend=alt.Legend(
                        title=self.heading(self.spec.size),
                        labelExpr=self.label(self.spec.size),
                        symbolFillColor=MUTED,
                    ),
                )
            )
        return points, 300

    def heatmap(self) -> tuple[Any, int]:
        """Cells that are stronger the larger their figure, with the figure where it fits."""
        import altair as alt

        x, y, measure = self.spec.x, self.spec.y[0], self.spec.color
        columns = list(dict.fromkeys(self.shown(row[x], x) for row in self.rows))
        names = list(dict.fromkeys(self.shown(row[y], y) for row in self.rows))[:MOST_LINES]
        limit = self.name_width
        lines = dict(zip(names, shortened(names, limit), strict=True))
        most = max((row[measure] or 0 for row in self.rows), default=0) or 1
        self.rows = [row for row in self.rows if self.shown(row[y], y) in lines]
        for row in self.rows:
            row["_x"], row["_y"] = self.shown(row[x], x), lines[self.shown(row[y], y)]
            row["_shown"] = shown(row[measure], self.kind(measure), self.locale)
            row["_strong"] = (row[measure] or 0) / most
        longest = max(map(len, lines.values()))
        room = (self.width - min(limit, longest * LABEL_WIDTH)) / len(columns)
        angled = max(map(len, columns)) * LABEL_WIDTH > room
        base = alt.Chart(self.data()).encode(
            x=alt.X(
                "_x:N",
                sort=columns,
                title=None,
                axis=alt.Axis(
                    orient="top",
                    labelAngle=-60 if angled else 0,
                    labelLimit=90,
                    ticks=False,
                    domain=False,
                    labelOverlap="greedy" if room < 14 else False,
                ),
            ),
            y=alt.Y(
                "_y:N",
                sort=list(lines.values()),
                title=None,
                axis=alt.Axis(labelLimit=0, ticks=False, domain=False, labelPadding=8),
            ),
        )
        cells = base.mark_rect(color=ACCENT, stroke=ON_ACCENT, strokeOpacity=0).encode(
            opacity=alt.Opacity(
                "_strong:Q", scale=alt.Scale(domain=[0, 1], range=[0.06, 1]), legend=None
            )
        )
        widest = max(len(row["_shown"]) for row in self.rows)
        if widest * LABEL_WIDTH + 4 > room:
            return cells, 26 * len(lines)
        texts = base.mark_text(fontSize=11).encode(
            text=alt.Text("_shown:N"),
            color=alt.ColorValue(
                INK, condition={"test": "datum._strong > 0.5", "value": ON_ACCENT}
            ),
        )
        return cells + texts, 26 * len(lines)

    def distribution(self) -> tuple[Any, int]:
        import altair as alt

        self.rows = [row for row in self.rows if row[self.spec.x] is not None]
        bars = (
            alt.Chart(self.data())
            .mark_bar(color=ACCENT, binSpacing=1)
            .encode(
                x=alt.X(
                    f"{self.spec.x}:Q",
                    bin=alt.Bin(maxbins=12 if self.narrow else 25),
                    axis=alt.Axis(
                        title=self.heading(self.spec.x),
                        labelExpr=self.label(self.spec.x),
                        labelAngle=0,
                        labelOverlap="greedy",
                        grid=False,
                    ),
                ),
                y=alt.Y("count():Q", title=None, axis=alt.Axis(tickMinStep=1, format=",d")),
            )
        )
        return bars, 220

    # The rows.

    def unfold(self) -> None:
        """One row for each point: `_x`, `_value`, and the `_series` it is of."""
        x, color = self.spec.x, self.spec.color
        if color:
            names = self.largest(self.spec.y[0])
            triples = [
                (row[x], row[self.spec.y[0]], row[color])
                for row in self.rows
                if row[color] in names
            ]
        else:
            triples = [
                (row[x], row[column], self.heading(column))
                for column in self.spec.y
                for row in self.rows
            ]
        self.rows = [
            {x: at, "_x": at, "_value": value, "_series": series} for at, value, series in triples
        ]

    def fill_days(self, names: list[str]) -> None:
        """Give every step of time a point, so that a day that is missing is a gap in the line."""
        present = {(row["_x"], row["_series"]) for row in self.rows}
        days = sorted({date.fromisoformat(row["_x"][:10]) for row in self.rows})
        gaps = {(after - before).days for before, after in pairwise(days)}
        step = min(gaps, default=0)
        if step not in (1, 7):
            return
        day = days[0]
        while day < days[-1]:
            day += timedelta(step)
            self.rows += [
                {"_x": day.isoformat(), "_value": None, "_series": name}
                for name in names
                if (day.isoformat(), name) not in present
            ]
        self.rows.sort(key=lambda row: (names.index(row["_series"]), row["_x"]))

    def largest(self, measure: str) -> list[Any]:
        """The values of the colour column with the largest sums, at most one a colour."""
        sums: dict[Any, float] = {}
        for row in self.rows:
            name = row[self.spec.color]
            sums[name] = sums.get(name, 0) + (row[measure] or 0)
        if len(sums) <= MOST_SERIES:
            return list(sums)
        return sorted(sums, key=lambda name: -sums[name])[: MOST_SERIES - 1]
