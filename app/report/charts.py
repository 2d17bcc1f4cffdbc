"""The `chart:` line of an analysis: a mark, and the columns that its channels show.

    bar x=revenue y=city             bars; lying when the category is on y; color= splits by colour
    line x=date y=revenue,average    one line for each y, or for each value of color=
    area x=date y=revenue            the same, filled
    stacked x=month y=revenue color=region
    scatter x=price y=units          one point a row; color= and size= are optional
    heatmap x=city y=product color=units
    distribution x=basket            how many rows fall into each interval of x
    tiles y=revenue,units            figures in large; see `app.report.tiles`

What a line names is checked when the file is read; that the columns hold numbers where the mark
needs them, when the result is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.answers.portable import SqlFile, nearest

# Each mark with the channels it needs and those it may have.
MARKS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "bar": (("x", "y"), ("color",)),
    "line": (("x", "y"), ("color",)),
    "area": (("x", "y"), ("color",)),
    "stacked": (("x", "y", "color"), ()),
    "scatter": (("x", "y"), ("color", "size")),
    "heatmap": (("x", "y", "color"), ()),
    "distribution": (("x",), ()),
    "tiles": (("y",), ()),
}
NUMERIC = {
    "line": ("y",),
    "area": ("y",),
    "scatter": ("x", "y", "size"),
    "heatmap": ("color",),
    "distribution": ("x",),
}
SEVERAL = ("line", "area", "tiles")  # marks that show several columns on y
TILES_COLUMNS = ("period", "first_day", "last_day", "days", "is_complete")


@dataclass(frozen=True)
class Chart:
    """What a chart line says; `y` has several columns only for lines, areas and tiles."""

    mark: str
    x: str = ""
    y: tuple[str, ...] = ()
    color: str = ""
    size: str = ""

    def columns(self, channel: str) -> tuple[str, ...]:
        """The columns that a channel shows; () if it has none."""
        shown: str | tuple[str, ...] = getattr(self, channel)
        return shown if isinstance(shown, tuple) else (shown,) if shown else ()

    def all_columns(self) -> tuple[str, ...]:
        """The columns that any channel shows."""
        return (self.x, *self.y, self.color, self.size)

    def misfit(self, is_text: Callable[[str], bool]) -> str:
        """The first column that holds text where the mark needs numbers, or ''."""
        for channel in NUMERIC.get(self.mark, ()):
            for column in self.columns(channel):
                if is_text(column):
                    return column
        if self.mark in ("bar", "stacked") and is_text(self.x) and is_text(self.y[0]):
            return self.y[0]
        return ""


def read_chart(file: SqlFile, line: str, columns: tuple[str, ...]) -> Chart | None:
    """The chart that `line` describes, None for ''; SqlFileError if it does not fit `columns`."""
    if not line:
        return None
    mark, *entries = line.split()
    if mark not in MARKS:
        file.fail("chart", f"the chart is '{mark}'", nearest(mark, MARKS))
    channels = _channels(file, mark, entries, columns)
    if mark == "tiles":
        for name in TILES_COLUMNS:
            if name not in columns:
                what = f"tiles need the column '{name}', which is not there"
                file.fail("chart", what, f"return {', '.join(TILES_COLUMNS)}")
    return Chart(
        mark,
        x=channels.get("x", ("",))[0],
        y=channels.get("y", ()),
        color=channels.get("color", ("",))[0],
        size=channels.get("size", ("",))[0],
    )


def _channels(
    file: SqlFile, mark: str, entries: list[str], columns: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """The columns of each channel, all of them the result's."""
    required, optional = MARKS[mark]
    channels: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        channel, equals, names = entry.partition("=")
        if not equals or channel in channels or channel not in (*required, *optional):
            hint = " ".join(f"{name}=COLUMN" for name in required)
            hint += "".join(f" [{name}=COLUMN]" for name in optional)
            file.fail("chart", f"the chart cannot have '{entry}'", f"write: {mark} {hint}")
        channels[channel] = tuple(names.split(","))
        for name in channels[channel]:
            if name not in columns:
                what = f"the chart names '{name}', which is not a column"
                file.fail("chart", what, nearest(name, columns))
    for name in required:
        if name not in channels:
            file.fail("chart", f"the chart has no {name}", f"name a column: {name}=COLUMN")
    for name, shown in channels.items():
        if len(shown) > 1 and not (name == "y" and mark in SEVERAL and "color" not in channels):
            file.fail("chart", f"the chart has several columns on {name}", "name one of them")
    return channels
