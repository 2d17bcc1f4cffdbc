"""The bundled sample is what its script writes, has the shape it claims, and adds up."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
HEADERS = {
    "produits.csv": "Nom,ID Référence produit,Prix,Stock",
    "magasins.csv": "ID Magasin,Ville,Nombre de salariés",
    "ventes.csv": "Date,ID Référence produit,Quantité,ID Magasin",
}
BREAKDOWNS = (
    "by_product",
    "by_store",
    "by_city",
    "by_region",
    "by_day",
    "by_week",
    "by_month",
    "by_weekday",
)
MEASURES = ("units", "revenue_cents", "sales_lines")


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_bytes())
    return figures


def lines_of(name: str) -> list[str]:
    """The lines of a sample file, without its header."""
    return (SAMPLES / name).read_bytes().decode().split("\r\n")[1:]


def accepted_lines(expected: dict[str, Any]) -> list[str]:
    rejected = {reject["line"] for reject in expected["rejects"]}
    return [
        line
        for number, line in enumerate(lines_of("ventes.csv"), start=2)
        if number not in rejected
    ]


def best(figures: dict[str, dict[str, int]], measure: str) -> str:
    return max(figures, key=lambda key: figures[key][measure])


def test_the_files_are_what_the_script_writes(tmp_path: Path) -> None:
    script = SAMPLES / "make_samples.py"
    subprocess.run([sys.executable, script, "--into", tmp_path], check=True, cwd=tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(written) == {*HEADERS, "expected.json"}
    for name, content in written.items():
        assert content == (SAMPLES / name).read_bytes(), name


@pytest.mark.parametrize("name", HEADERS)
def test_a_file_is_as_google_sheets_exports_it(name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    assert content.startswith(f"{HEADERS[name]}\r\n".encode())  # so there is no BOM either
    assert not content.endswith((b"\r", b"\n"))
    assert content.count(b"\n") == content.count(b"\r") == content.count(b"\r\n")
    assert b'"' not in content
    assert b"\r\n\r\n" not in content


def test_products_and_stores() -> None:
    products = [line.split(",") for line in lines_of("produits.csv")]
    assert [product[1] for product in products] == [f"REF{n:03}" for n in range(1, 13)]
    assert all(len(price.partition(".")[2]) == 2 for _, _, price, _ in products)
    stores = [line.split(",") for line in lines_of("magasins.csv")]
    assert [store[0] for store in stores] == [str(n) for n in range(1, 10)]
    cities = Counter(city for _, city, _ in stores)
    assert len(cities) == 7
    assert cities["Paris"] == cities["Lyon"] == 2


def test_sales_cover_the_quarter_in_date_order(expected: dict[str, Any]) -> None:
    days = [line.split(",")[0] for line in accepted_lines(expected)]
    assert days == sorted(days)
    assert (expected["first_day"], expected["last_day"]) == ("2025-04-01", "2025-06-30")
    assert expected["days"] == 91
    silent = [day for day, sold in expected["by_day"].items() if not sold["sales_lines"]]
    assert silent == ["2025-05-01", "2025-06-09"]
    assert expected["days_without_sales"] == 2


def test_the_lines_are_counted(expected: dict[str, Any]) -> None:
    sales = expected["sales"]
    assert sales["read"] == len(lines_of("ventes.csv")) == pytest.approx(2000, abs=100)
    assert sales["read"] == sales["accepted"] + sales["rejected"]
    assert sales["accepted"] == expected["total"]["sales_lines"]
    assert expected["products"]["read"] == len(lines_of("produits.csv"))
    assert expected["stores"]["read"] == len(lines_of("magasins.csv"))


def test_four_bad_lines_of_four_kinds_placed_apart(expected: dict[str, Any]) -> None:
    rejects = expected["rejects"]
    assert [(r["code"], r["column"]) for r in rejects] == [
        ("foreign-key-error", "product_id"),
        ("constraint-error", "quantity"),
        ("missing-cell", None),
        ("type-error", "date"),
    ]
    lines = lines_of("ventes.csv")
    assert [lines[reject["line"] - 2] for reject in rejects] == [r["raw"] for r in rejects]
    positions = [1, *(reject["line"] for reject in rejects), len(lines) + 1]
    gaps = [after - before for before, after in pairwise(positions)]
    assert min(gaps) > 100


def test_identical_lines_are_separate_sales(expected: dict[str, Any]) -> None:
    copies = Counter(Counter(accepted_lines(expected)).values())
    assert copies[2] == 13
    assert copies[3] == 1
    assert expected["sales"]["repeats"] == 13 + 2


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
@pytest.mark.parametrize("measure", MEASURES)
def test_a_breakdown_adds_up(expected: dict[str, Any], breakdown: str, measure: str) -> None:
    parts = expected[breakdown].values()
    assert sum(part[measure] for part in parts) == expected["total"][measure]


@pytest.mark.parametrize("measure", MEASURES)
def test_products_by_city_add_up_both_ways(expected: dict[str, Any], measure: str) -> None:
    pairs = expected["by_product_and_city"]
    for product, by_city in pairs.items():
        sold = sum(part[measure] for part in by_city.values())
        assert sold == expected["by_product"][product][measure]
    for city, figures in expected["by_city"].items():
        assert sum(by_city[city][measure] for by_city in pairs.values()) == figures[measure]


def test_the_total_in_its_other_forms(expected: dict[str, Any]) -> None:
    total = expected["total"]
    assert total["revenue"] == f"{total['revenue_cents'] // 100}.{total['revenue_cents'] % 100:02}"
    numerator, denominator = map(int, total["average_basket"]["exact_cents"].split("/"))
    assert numerator * total["sales_lines"] == denominator * total["revenue_cents"]
    assert float(total["average_basket"]["half_up"]) == pytest.approx(
        numerator / denominator / 100, abs=0.005
    )


@pytest.mark.parametrize("breakdown", ["by_product", "by_city", "by_store"])
def test_most_units_is_not_most_revenue(expected: dict[str, Any], breakdown: str) -> None:
    figures = expected[breakdown]
    assert best(figures, "units") != best(figures, "revenue_cents")


def test_one_product_was_never_sold_in_one_city(expected: dict[str, Any]) -> None:
    never = [
        (product, city)
        for product, by_city in expected["by_product_and_city"].items()
        for city, figures in by_city.items()
        if not figures["sales_lines"]
    ]
    assert never == [("REF005", "Strasbourg")]


def test_sales_grow_and_peak_on_saturdays(expected: dict[str, Any]) -> None:
    for measure in MEASURES:
        per_day = [
            expected["by_month"][month][measure] / days
            for month, days in (("2025-04", 30), ("2025-05", 31), ("2025-06", 30))
        ]
        assert per_day == sorted(per_day)
        assert best(expected["by_weekday"], measure) == "6"


def test_stock_runs_out_for_one_product_and_lasts_years_for_another(
    expected: dict[str, Any],
) -> None:
    rows = (line.split(",") for line in lines_of("produits.csv"))
    stock = {product_id: int(stock) for _, product_id, _, stock in rows}
    cover = {
        product_id: stock[product_id] * expected["days"] / figures["units"]
        for product_id, figures in expected["by_product"].items()
    }
    assert [product_id for product_id, days in cover.items() if days < 7] == ["REF004"]
    assert [product_id for product_id, days in cover.items() if days > 365] == ["REF011"]


def test_calendar_keys(expected: dict[str, Any]) -> None:
    for day in expected["by_day"]:
        year, week, weekday = date.fromisoformat(day).isocalendar()
        assert f"{year}-W{week:02}" in expected["by_week"]
        assert str(weekday) in expected["by_weekday"]
    assert list(expected["by_month"]) == ["2025-04", "2025-05", "2025-06"]


def test_every_city_has_one_region(expected: dict[str, Any]) -> None:
    path = ROOT / "reference" / "villes.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    regions = {row["Ville"]: row["Région"] for row in rows}
    assert len(regions) == len(rows) > 30
    assert {regions[city] for city in expected["by_city"]} == set(expected["by_region"])
    content = path.read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")
