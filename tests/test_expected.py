"""A real run on the bundled samples meets every figure computed without Comptoir, to the cent."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.shop import REPOSITORY

EXPECTED: dict[str, Any] = json.loads((REPOSITORY / "samples" / "expected.json").read_bytes())
# Breakdown in expected.json, the result table, and the columns that make its key.
BREAKDOWNS = {
    "by_product": ("sales_by_product", ["product_id"]),
    "by_store": ("sales_by_store", ["store_id"]),
    "by_city": ("sales_by_city", ["city"]),
    "by_region": ("sales_by_region", ["region"]),
    "by_day": ("sales_by_day", ["date"]),
    "by_weekday": ("sales_by_weekday", ["weekday"]),
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the database and the files of one run, made by the command line."""
    folder = tmp_path_factory.mktemp("expected")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("_URL") and not name.startswith("COMPTOIR")
    }
    command = [sys.executable, "-m", "app", "run", "--db", folder / "sales.db"]
    done = subprocess.run(
        [*command, "--results", folder / "results"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def table(outputs: Path, name: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(outputs / "sales.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"select * from {name}")]


def lines(outputs: Path, name: str) -> list[dict[str, str]]:
    path = outputs / "results" / f"{name}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def cents(amount: float | str) -> int:
    """Exact: an amount that is not a whole number of cents fails."""
    exact = Fraction(str(amount)) * 100
    assert exact.denominator == 1, amount
    return int(exact)


def figures(row: Mapping[str, Any]) -> dict[str, int]:
    return {
        "units": int(row["units"]),
        "revenue_cents": cents(row["revenue"]),
        "sales_lines": int(row["sales_lines"]),
    }


@pytest.mark.parametrize("source", ["tables", "files"])
@pytest.mark.parametrize("breakdown", BREAKDOWNS)
def test_a_breakdown_is_met(outputs: Path, source: str, breakdown: str) -> None:
    name, key = BREAKDOWNS[breakdown]
    rows: list[Any] = table(outputs, name) if source == "tables" else lines(outputs, name)
    found = {"/".join(str(row[part]) for part in key): figures(row) for row in rows}
    assert found == EXPECTED[breakdown]


@pytest.mark.parametrize("breakdown", ["by_week", "by_month"])
def test_weeks_and_months_are_met(outputs: Path, breakdown: str) -> None:
    columns = {"by_week": ("iso_year", "-W", "iso_week"), "by_month": ("year", "-", "month")}
    year, between, number = columns[breakdown]
    for rows in (table(outputs, f"sales_{breakdown}"), lines(outputs, f"sales_{breakdown}")):
        found = {f"{row[year]}{between}{int(row[number]):02}": figures(row) for row in rows}
        assert found == EXPECTED[breakdown]


def test_products_by_city_are_met(outputs: Path) -> None:
    for rows in (table(outputs, "product_by_city"), lines(outputs, "product_by_city")):
        found: dict[str, dict[str, dict[str, int]]] = {}
        for row in rows:
            found.setdefault(row["product_id"], {})[row["city"]] = figures(row)
        assert found == EXPECTED["by_product_and_city"]


def test_the_total_is_met(outputs: Path) -> None:
    total = EXPECTED["total"]
    for rows in (table(outputs, "revenue_total"), lines(outputs, "revenue_total")):
        (row,) = rows
        assert figures(row) == {name: total[name] for name in figures(row)}
        assert (row["first_day"], row["last_day"]) == (EXPECTED["first_day"], EXPECTED["last_day"])
        assert int(row["days"]) == EXPECTED["days"]
    (line,) = lines(outputs, "revenue_total")
    assert line["revenue"] == total["revenue"]
    assert line["average_basket"] == total["average_basket"]["half_even"]


def test_the_lines_are_accounted_for(outputs: Path) -> None:
    ledger = {row["source"]: row for row in table(outputs, "_deliveries")}
    for source in ("products", "stores", "sales"):
        assert ledger[source]["read"] == EXPECTED[source]["read"]
    assert ledger["sales"]["inserted"] == EXPECTED["sales"]["accepted"]
    assert ledger["sales"]["rejected"] == EXPECTED["sales"]["rejected"]
    repeats = sum(row["occurrence"] > 1 for row in table(outputs, "sales"))
    assert repeats == EXPECTED["sales"]["repeats"]


def test_the_rejects_are_met(outputs: Path) -> None:
    names = ("line", "code", "column", "raw")
    found = [{name: row[name] or None for name in names} for row in table(outputs, "_rejects")]
    assert found == EXPECTED["rejects"]


def test_days_without_sales_are_days(outputs: Path) -> None:
    days = table(outputs, "sales_by_day")
    assert len(days) == EXPECTED["days"]
    assert sum(day["units"] == 0 for day in days) == EXPECTED["days_without_sales"]


def test_the_note_tells_the_total_and_that_it_was_reconciled(outputs: Path) -> None:
    note = (outputs / "results" / "summary.md").read_text(encoding="utf-8")
    assert f"{float(EXPECTED['total']['revenue']):,.2f} €" in note
    assert re.search(r"All \d+ checks passed", note)
