"""The chart line of an analysis: read, refused where it does not fit, drawn."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Any
from xml.etree import ElementTree

import pytest

from app.answers.models import Model, load
from app.answers.results import Result
from app.errors import SqlFileError
from app.progress import Step
from app.report.charts import Chart
from app.report.drawing import drawing, left_out
from app.report.rendering import Renderer
from tests.shop import Shop

COLUMNS = "city, 1 as units, 2.5 as revenue, '2025-01-01' as date"


def model(folder: Path, header: str, columns: str = COLUMNS) -> Model:
    path = folder / "sql" / "analyses" / "question.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{header}\nselect {columns} from stores order by city", encoding="utf-8")
    return load(folder / "sql", ["stores"]).analyses[0]


@pytest.mark.parametrize(
    ("line", "chart"),
    [
        ("bar x=revenue y=city", Chart("bar", "revenue", ("city",))),
        ("line x=date y=revenue,units", Chart("line", "date", ("revenue", "units"))),
        ("area x=date y=revenue color=city", Chart("area", "date", ("revenue",), "city")),
        ("stacked x=date y=revenue color=city", Chart("stacked", "date", ("revenue",), "city")),
        ("scatter x=units y=revenue size=units",
         Chart("scatter", "units", ("revenue",), size="units")),
        ("heatmap x=city y=date color=units", Chart("heatmap", "city", ("date",), "units")),
        ("distribution x=revenue", Chart("distribution", "revenue")),
    ],
)  # fmt: skip
def test_a_chart_line_is_read(tmp_path: Path, line: str, chart: Chart) -> None:
    assert model(tmp_path, f"-- chart: {line}").chart == chart


def test_without_a_chart_line_there_is_no_chart(tmp_path: Path) -> None:
    assert model(tmp_path, "-- title: A table").chart is None


@pytest.mark.parametrize(
    ("line", "what", "hint"),
    [
        ("bars x=revenue y=city", "the chart is 'bars'", "did you mean bar?"),
        ("bar x=revenue y=town", "names 'town', which is not a column", "there is"),
        ("bar x=revnue y=city", "names 'revnue', which is not a column", "did you mean revenue?"),
        ("line x=date y=revenue,unit", "names 'unit', which is not a column", "mean units?"),
        ("bar x=revenue", "the chart has no y", "y=COLUMN"),
        ("bar revenue city", "cannot have 'revenue'", "bar x=COLUMN y=COLUMN [color=COLUMN]"),
        ("bar x=revenue y=city size=units", "cannot have 'size=units'", "write: bar"),
        ("bar x=revenue x=units y=city", "cannot have 'x=units'", "write: bar"),
        ("bar x=revenue,units y=city", "several columns on x", "name one"),
        ("line x=date y=revenue,units color=city", "several columns on y", "name one"),
        ("tiles y=revenue", "tiles need the column 'period'", "period, first_day, last_day"),
    ],
)  # fmt: skip
def test_a_chart_line_that_does_not_fit_names_file_and_column(
    tmp_path: Path, line: str, what: str, hint: str
) -> None:
    with pytest.raises(SqlFileError) as error:
        model(tmp_path, f"-- chart: {line}")
    assert what in error.value.what
    assert hint in error.value.hint
    assert error.value.where == "sql/analyses/question.sql"
    assert error.value.code == "sql-chart"


def test_a_wrong_chart_line_ends_the_run_before_anything_is_fetched(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    path = shop.root / "sql" / "analyses" / "sales_by_city.sql"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("chart: bar x=revenue", "chart: bar x=income"), encoding="utf-8")
    with pytest.raises(SqlFileError, match="'income', which is not a column"):
        shop.run()
    assert not shop.places.database.exists()


def test_text_where_the_chart_needs_numbers_undoes_the_run(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.run()
    path = shop.root / "sql" / "analyses" / "sales_by_day.sql"
    text = path.read_text(encoding="utf-8")
    line = "chart: line x=date y=revenue,revenue_7d_average"
    assert line in text
    path.write_text(text.replace(line, "chart: line x=revenue y=date"), encoding="utf-8")
    with pytest.raises(SqlFileError, match="'date' holds text") as error:
        shop.run()
    assert error.value.where == "sql/analyses/sales_by_day.sql"
    assert shop.query("select max(run_id) from _runs") == [(1,)]


# --- drawing

DAYS = ("2025-01-01", "2025-01-02", "2025-01-04", "2025-01-05")
ROWS: list[tuple[Any, ...]] = [
    (city, at * 3 + 1, 10.5 * (at + 1) * (1 + len(city)), day)
    for at, day in enumerate(DAYS)
    for city in ("Lyon", "Saint-Étienne", "<Paris & Cie>")
]
FORMATS = "-- format: units=integer revenue=money date=date"


def result(folder: Path, line: str, rows: list[tuple[Any, ...]] | None = None) -> Result:
    made = model(folder, f"{FORMATS}\n-- chart: {line}")
    return Result(made, made.columns, ROWS if rows is None else rows)


ONE_DAY = [row for row in ROWS if row[3] == DAYS[0]]
LINES = (
    "bar x=revenue y=city",
    "bar x=city y=revenue",
    "bar x=date y=revenue color=city",
    "line x=date y=revenue,units",
    "line x=date y=revenue color=city",
    "area x=date y=revenue color=city",
    "stacked x=date y=revenue color=city",
    "scatter x=units y=revenue color=city size=units",
    "heatmap x=city y=date color=revenue",
    "distribution x=revenue",
)


_renderer = Renderer()


@pytest.fixture(scope="module", autouse=True)
def _renderer_ends() -> Iterator[None]:
    yield
    _renderer.close()


def draw(result: Result, locale: str, width: int) -> str:
    with drawing([result], locale, [width], _renderer) as finished:
        (svg,) = finished(Step("Drawing")).values()
    assert svg is not None
    return svg


@pytest.mark.parametrize("line", LINES)
def test_each_mark_draws_the_same_svg_each_time_with_nothing_from_elsewhere(
    tmp_path: Path, line: str
) -> None:
    rows = ONE_DAY if line.startswith("bar x=revenue") or "=city y=rev" in line else ROWS
    svg = draw(result(tmp_path, line, rows), "en", 720)
    assert svg == draw(result(tmp_path, line, rows), "en", 720)
    assert re.match(r'<svg viewBox="0 0 (\d+) \d+" width="\1" height="\d+">', svg)
    assert int(svg.split('"')[3]) <= 724
    assert svg.endswith("</svg>")
    assert "NaN" not in svg
    assert "<Paris" not in svg
    assert not re.findall(r'(?:href|src)="(?!#)|url\((?!#)|<script|<image', svg)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("column", range(4))
def test_a_chart_is_drawn_where_values_are_missing(tmp_path: Path, line: str, column: int) -> None:
    rows = [
        tuple(None if at == column and number % 3 == 0 else value for at, value in enumerate(row))
        for number, row in enumerate(ROWS)
    ]
    svg = draw(result(tmp_path, line, rows), "en", 720)
    assert svg.endswith("</svg>")
    assert "NaN" not in svg


def test_periods_that_are_not_complete_are_paler(tmp_path: Path) -> None:
    made = model(
        tmp_path,
        "-- format: date=date\n-- chart: bar x=date y=units",
        "'2025-01-01' as date, 1 as units, 1 as is_complete",
    )
    weeks = Result(made, made.columns, [("2025-01-01", 7, 1), ("2025-01-08", 3, 0)])
    assert draw(weeks, "en", 720).count('opacity="0.4"') == 1


def test_the_points_of_a_scatter_are_as_large_as_their_size(tmp_path: Path) -> None:
    made = model(
        tmp_path,
        "-- chart: scatter x=price y=units size=stock",
        "1.5 as price, 2 as units, 3 as stock",
    )
    goods = Result(made, made.columns, [(1.0, 2, 10), (2.0, 3, 1000)])
    paths = re.findall(r'<path transform="translate[^"]*" d="M([0-9.]+),0A', draw(goods, "en", 720))
    assert len(set(paths)) >= 2


def test_money_carries_its_unit_and_the_language_of_the_project(tmp_path: Path) -> None:
    lying = result(tmp_path, "bar x=revenue y=city", ONE_DAY)
    assert "52.50 €" in draw(lying, "en", 720)
    assert "52,50\u00a0€" in draw(lying, "fr", 720)
    axis = draw(result(tmp_path, "line x=date y=revenue", ROWS), "fr", 720)
    assert "200\u00a0€" in axis
    assert "janv." in axis


def test_a_day_that_is_missing_is_a_gap_in_the_line(tmp_path: Path) -> None:
    days = [("Lyon", 5, 10.0, day) for day in DAYS]
    svg = draw(result(tmp_path, "line x=date y=revenue", days), "en", 720)
    (path,) = re.findall(r'd="(M[^"]*L[^"]*M[^"]*L[^"]*)"', svg)
    assert path.count("M") == 2


def test_a_chart_is_the_same_in_every_time_zone(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.run()
    program = (
        "import sys; from pathlib import Path; from contextlib import closing;"
        "from app.database.store import connect;"
        "from app.answers.results import read_results; from app.report.drawing import drawing;"
        "from app.report.rendering import Renderer;"
        "from app.pipeline import load_models; from app.project import load_project;"
        "models = load_models(load_project(Path('.')));"
        "c = connect(Path(sys.argv[1]));"
        "r = [r for r in read_results(c, models) if r.model.name == 'sales_by_day'][0];"
        "from app.progress import Step\n"
        "with Renderer() as renderer, drawing([r], 'en', [720], renderer) as finished:\n"
        "    print(finished(Step('')))"
    )
    drawn = {
        subprocess.run(
            [sys.executable, "-c", program, shop.places.database],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            check=True,
        ).stdout
        for zone in ("America/Los_Angeles", "Pacific/Auckland")
    }
    assert len(drawn) == 1


def test_nothing_is_drawn_where_there_is_nothing_but_zeros(tmp_path: Path) -> None:
    assert draw(result(tmp_path, "bar x=revenue y=city", []), "en", 720) == ""
    assert draw(result(tmp_path, "bar x=revenue y=city", [("Lyon", 0, 0.0, "")]), "en", 720) == ""


@pytest.mark.parametrize("line", ["bar x=revenue y=city", "line x=date y=revenue color=city"])
def test_characters_and_numbers_that_no_svg_can_hold_are_replaced(
    tmp_path: Path, line: str
) -> None:
    odd = "".join(map(chr, (*range(1, 33), 0x7F, 0x9B, 0x202E, 0xFEFF, 0xFFFE, 0xFFFF, 0x1F600)))
    rows = [(odd, 1, 5.0, "2025-01-01"), ("Lyon", 1, float("inf"), "2025-01-02")]
    svg = draw(result(tmp_path, line, rows), "en", 720)
    ElementTree.fromstring(svg)
    assert "\ufffd" in svg


def test_long_names_are_cut_in_the_middle_and_stay_apart(tmp_path: Path) -> None:
    rows = [("A very long name " * 4 + end, 1, 2.0, "2025-01-01") for end in ("one", "two", "two")]
    svg = draw(result(tmp_path, "bar x=revenue y=city", rows), "en", 340)
    labels = re.findall(r">([^<>]*…[^<>]*)<", svg)
    assert [label.rstrip("\u200b")[-3:] for label in labels] == ["one", "two", "two"]
    assert len(set(labels)) == 3


@pytest.mark.parametrize("line", ["bar x=revenue y=city", "heatmap x=date y=city color=units"])
def test_long_names_that_differ_in_their_middle_are_cut_before_it(
    tmp_path: Path, line: str
) -> None:
    names = [
        "Magasin de la rive gauche, annexe du nord",
        "Magasin de la rive droite, annexe du nord",
        "Magasin de la rive droite, annexe du sud-ouest",
        "AAAAAAAAAAAAAAAAAAAAAAAA1BBBBBBBBBBBBBBBBBBBBBBBB",
        "AAAAAAAAAAAAAAAAAAAAAAAA2BBBBBBBBBBBBBBBBBBBBBBBB",
        "Coffret cadeau rouge de Noël grand modèle avec ruban",
        "Coffret cadeau rouge de Noël petit modèle avec ruban",
        "Coffret cadeau verte de Noël grand modèle avec ruban",
        "Huile d'olive vierge en bidon n°1 de Provence",
        "Huile d'olive vierge en bidon n°2 de Provence",
    ]
    rows = [(name, 1, 2.0, "2025-01-01") for name in names]
    svg = draw(result(tmp_path, line, rows), "en", 340)
    labels = re.findall(r">([^<>]*…[^<>]*)<", svg)
    ends = [label.partition("…")[2] for label in labels]
    begun = ("gauche", "droite", "", "1BBBBB", "2BBBBB", "grand", "petit", "verte", "n°1", "n°2")
    assert all(end.startswith(begin) for end, begin in zip(ends, begun, strict=True)), ends
    assert "sud-ouest".endswith(ends[2])


def test_a_chart_of_many_bars_or_series_shows_some_and_says_so(tmp_path: Path) -> None:
    many = [(f"City {n:03}", n, float(n), "2025-01-01") for n in range(30)]
    bars = result(tmp_path, "bar x=revenue y=city", many)
    assert left_out(bars) == (20, 30)
    assert "City 019" in draw(bars, "en", 720)
    assert "City 020" not in draw(bars, "en", 720)
    stacked = replace(
        bars, model=model(tmp_path, f"{FORMATS}\n-- chart: stacked x=date y=units color=city")
    )
    assert left_out(stacked) == (6, 30)
    assert "Others" in draw(stacked, "en", 720)
    assert "Autres" in draw(stacked, "fr", 720)
    assert left_out(result(tmp_path, "bar x=revenue y=city", ONE_DAY)) == (3, 3)
    towns = [(f"City {n // 2:03}", n, 1.0, f"2025-01-0{n % 2 + 1}") for n in range(90)]
    cells = result(tmp_path, "heatmap x=date y=city color=units", towns)
    assert left_out(cells) == (40, 45)
    assert "City 039" in draw(cells, "en", 720)
    assert "City 040" not in draw(cells, "en", 720)


def test_no_font_of_the_machine_decides_how_a_chart_looks(tmp_path: Path) -> None:
    # letters that vl-convert's own font does not hold, and DejaVu, which comes with Chromium, does
    georgian = "საქართველო"
    spec = {
        "data": {"values": [{"name": georgian}]},
        "mark": "bar",
        "encoding": {"y": {"field": "name", "type": "nominal"}},
    }
    bare = tmp_path / "fonts.conf"
    bare.write_text(f"<fontconfig><dir>{tmp_path}</dir></fontconfig>", encoding="utf-8")
    program = f"import vl_convert; print(vl_convert.vegalite_to_svg({spec!a}).encode().hex())"
    without = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "FONTCONFIG_FILE": str(bare)},
        capture_output=True,
        check=True,
    )
    with Renderer() as renderer:
        svg = renderer.svg(spec, "en-US")
    assert svg is not None
    assert svg.encode().hex() == without.stdout.decode().strip()


def test_a_chart_that_ends_the_process_of_the_charts_is_left_out_and_the_next_is_drawn() -> None:
    spec: dict[str, Any] = {"data": {"values": [{}]}, "mark": "text"}
    fatal = {**spec, "title": "no XML holds a \x01"}
    with Renderer() as renderer:
        assert renderer.svg(fatal, "en-US") is None
        assert renderer.svg({"mark": "nothing"}, "en-US") is None
        assert "<svg" in (renderer.svg({**spec, "title": "Good"}, "en-US") or "")


def test_after_an_error_the_charts_that_nobody_waits_for_are_not_converted(tmp_path: Path) -> None:
    asked = []

    class Asked(Renderer):
        def svg(self, spec: dict[str, Any], locale: str) -> str | None:
            asked.append(spec)
            return super().svg(spec, locale)

    widths = range(300, 320)
    made = result(tmp_path, "bar x=revenue y=city", ONE_DAY)
    with (
        Asked() as renderer,
        pytest.raises(OSError, match="full"),
        drawing([made], "en", widths, renderer),
    ):
        raise OSError("the disk is full")
    assert len(asked) < len(widths)


def test_the_process_of_the_charts_ends_with_the_process_that_began_it() -> None:
    program = (
        "import os, signal; from app.report.rendering import Renderer;"
        "renderer = Renderer(); renderer.start(); print(renderer._process.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    began = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    child = Path("/proc") / began.stdout.decode().strip()
    for _ in range(300):
        if not child.exists() or "State:\tZ" in (child / "status").read_text():
            break
        sleep(0.1)
    else:
        pytest.fail("the process is still there")
