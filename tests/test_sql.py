"""The shipped SQL: the same rows on SQLite and DuckDB, and the rows plain Python computes."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import groupby, pairwise
from math import isclose
from pathlib import Path
from typing import Any

import duckdb
import pytest

from app.answers.models import Model, Models, load
from app.answers.portable import transpile
from app.database.calendar import COLUMNS, calendar_rows

ROOT = Path(__file__).parent.parent
SQL = ROOT / "sql"
TABLES = {
    "products": "product_id text primary key, name text not null, price_cents integer not null,"
    " stock integer not null, gone integer not null default 0",
    "stores": "store_id integer primary key, city text not null, employees integer,"
    " gone integer not null default 0",
    "cities": "city text primary key, region text not null",
    "sales": "date text, product_id text, quantity integer, store_id integer, occurrence integer,"
    " unit_price_cents integer, primary key (date, product_id, store_id, quantity, occurrence)",
    "calendar": ", ".join(f"{name} {kind}" for name, kind in COLUMNS),
    "_sources": "source text, fetched_at text, age_minutes integer, fresh_minutes integer",
}
Sale = tuple[str, str, int, int, int, int]
Row = dict[str, Any]


@dataclass
class Shop:
    """The source tables of one shop, as a run would have left them."""

    products: list[tuple[str, str, int, int, int]] = field(default_factory=list)
    stores: list[tuple[int, str, int | None, int]] = field(default_factory=list)
    cities: list[tuple[str, str]] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)
    complete: date = date.max

    def days(self) -> list[date]:
        """Every day of the period."""
        if not self.sales:
            return []
        first, last = (date.fromisoformat(end(s[0] for s in self.sales)) for end in (min, max))
        return [first + timedelta(n) for n in range((last - first).days + 1)]

    def tables(self) -> dict[str, Sequence[tuple[Any, ...]]]:
        days = self.days()
        calendar = list(calendar_rows(days[0], days[-1], self.complete)) if days else []
        return {
            "products": self.products,
            "stores": self.stores,
            "cities": self.cities,
            "sales": self.sales,
            "calendar": calendar,
            "_sources": [("sales", "2023-01-01T00:00:00Z", 3, 3), ("stores", None, None, None)],
        }


def shop(
    seed: int,
    *,
    days: int = 90,
    lines: float = 3.0,
    products: int = 6,
    stores: int = 5,
    first: date = date(2023, 1, 4),
    incomplete: int = 0,
    ties: bool = False,
) -> Shop:
    """A shop of random sales; some days, products, stores and cities have none."""
    rng = random.Random(seed)
    cities = ["Lyon", "Paris", "Évry", "lille"]
    made = Shop(
        products=[
            # two products share a name; the last is gone, and one more never sells
            (
                f"P{n:02}",
                f"Café {max(n, 2)}",
                rng.randint(1, 9999),
                rng.randint(0, 90),
                n == products,
            )
            for n in range(1, products + 1)
        ],
        stores=[
            (n, cities[n % len(cities)], rng.choice([None, 0, 3, 7]), int(n == stores))
            for n in range(1, stores + 1)
        ],
        cities=[("Lyon", "Rhône"), ("Paris", "Île"), ("Évry", "Île"), ("Nice", "Sud")],
        complete=first + timedelta(days - 1 - incomplete),
    )
    selling = [row for row in made.products if row[0] != "P02"]
    seen: dict[tuple[str, str, int, int], int] = defaultdict(int)
    for number in range(days):
        closed = rng.random() < 0.3 and 0 < number < days - 1
        for _ in range(0 if closed else max(1, round(rng.expovariate(1 / lines)))):
            product, price = (row := rng.choice(selling))[0], row[2]
            day = (first + timedelta(number)).isoformat()
            quantity = 2 if ties else rng.randint(1, 4)
            store = rng.randint(1, max(1, stores - 1))
            price = 500 if ties else price + rng.randint(-1, 1) * (price > 1)
            key = (day, product, quantity, store)
            seen[key] += 1
            made.sales.append((*key, seen[key], price))
    return made


SHOPS: Mapping[str, Callable[[], Shop]] = {
    "nothing at all": Shop,
    "no sales": lambda: Shop(
        products=[("P1", "Café", 100, 4, 0)],
        stores=[(1, "Paris", 3, 0)],
        cities=[("Paris", "Île")],
    ),
    "one sale": lambda: shop(1, days=1, lines=0.1),
    "one sale on a day that is not over": lambda: shop(1, days=1, lines=0.1, incomplete=1),
    "six days": lambda: shop(2, days=6),
    "a quarter": lambda: shop(3, first=date(2023, 4, 1), days=91),
    "a few incomplete days at the end of a week": lambda: shop(4, days=82, incomplete=3),
    "the last day of a month is not over": lambda: shop(4, days=87, incomplete=1),
    "no complete month": lambda: shop(5, days=40, first=date(2022, 12, 10)),
    "ties": lambda: shop(6, days=14, lines=0.8, products=12, ties=True),
    "many lines": lambda: shop(7, days=60, lines=40, products=30, stores=12),
    "long silences": lambda: shop(8, days=200, lines=0.3),
    "three years": lambda: shop(9, days=1096, first=date(2020, 12, 30), lines=2),
    "one product in one store": lambda: shop(10, products=1, stores=1, days=30),
    "large amounts": lambda: Shop(
        products=[("P1", "A", 10**9, 10**6, 0), ("P2", "B", 3, 1, 0)],
        stores=[(1, "Paris", 3, 0)],
        sales=[("2023-05-01", "P1", 10**5, 1, n, 10**9) for n in range(1, 9)]
        + [("2023-05-02", "P2", 1, 1, 1, 1)],
    ),
    "a year mistyped": lambda: mistyped(60),
}


def mistyped(days: int) -> Shop:
    made = shop(11, days=days)
    made.sales.append(("2024-02-01", "P01", 1, 1, 1, 999))
    made.complete = date(2024, 2, 1)
    return made


@cache
def models() -> Models:
    return load(SQL, [*TABLES, "_runs"])


def every_model() -> list[Model]:
    return [*models().marts, *models().analyses, *models().checks]


def connect(made: Shop, path: str = ":memory:") -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    for name, columns in TABLES.items():
        connection.execute(f"create table {name} ({columns}) strict")
        if rows := made.tables()[name]:
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into {name} values ({places})", rows)
    for model in (*models().marts, *models().analyses):
        kind = "table" if model.kind == "analysis" or model.materialized else "view"
        connection.execute(f"create {kind} {model.name} as {model.sql}")
    connection.commit()
    return connection


def on_sqlite(made: Shop) -> dict[str, list[Row]]:
    connection = connect(made)
    results = {}
    for model in every_model():
        cursor = connection.execute(model.sql)
        names = [column[0] for column in cursor.description]
        results[model.name] = [dict(zip(names, row, strict=True)) for row in cursor]
    connection.close()
    return results


@cache
def sqlite_results(name: str) -> dict[str, list[Row]]:
    return on_sqlite(SHOPS[name]())


def on_duckdb(made: Shop) -> dict[str, list[Row]]:
    connection = duckdb.connect()
    types = {"text": "varchar", "integer": "bigint"}
    for name, columns in TABLES.items():
        words = columns.replace(",", " , ").split()
        connection.execute(f"create table {name} ({' '.join(types.get(w, w) for w in words)})")
        if rows := made.tables()[name]:
            # one literal list of rows: executemany is slow in DuckDB
            values = ", ".join(str(tuple(row)).replace("None", "null") for row in rows)
            connection.execute(f"insert into {name} values {values.replace(',)', ')')}")
    results = {}
    for model in every_model():
        text = transpile(model.sql, "duckdb")
        cursor = connection.execute(text)
        names = [column[0] for column in cursor.description or ()]
        results[model.name] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        if model.kind != "check":
            connection.execute(f"create table {model.name} as {text}")
    connection.close()
    return results


def same(one: Any, other: Any) -> bool:
    one, other = (float(v) if isinstance(v, Decimal) else v for v in (one, other))
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return type(one) is type(other) and one == other


def in_words(row: Row) -> str:
    return str([float(v) if isinstance(v, Decimal) else v for v in row.values()])


@pytest.mark.parametrize("name", SHOPS)
def test_every_file_gives_the_same_rows_on_sqlite_and_duckdb(name: str) -> None:
    ours, theirs = sqlite_results(name), on_duckdb(SHOPS[name]())
    for model in every_model():
        one, other = ours[model.name], theirs[model.name]
        if model.kind != "analysis":  # only an analysis promises an order
            one, other = (sorted(rows, key=in_words) for rows in (one, other))
        assert len(one) == len(other), model.name
        for left, right in zip(one, other, strict=True):
            assert list(left) == list(right), model.name
            for column in left:
                assert same(left[column], right[column]), (model.name, column, left, right)


@pytest.mark.parametrize("seed", range(20, 28))
def test_random_shops_give_the_same_rows_on_sqlite_and_duckdb(seed: int) -> None:
    rng = random.Random(seed)
    made = shop(
        seed,
        days=rng.randint(1, 120),
        lines=rng.choice([0.5, 2, 8]),
        products=rng.randint(1, 12),
        stores=rng.randint(1, 8),
        first=date(2023, 1, 1) + timedelta(rng.randint(0, 700)),
        incomplete=rng.randint(0, 9),
        ties=rng.random() < 0.3,
    )
    ours, theirs = on_sqlite(made), on_duckdb(made)
    for model in models().analyses:
        for left, right in zip(ours[model.name], theirs[model.name], strict=True):
            assert all(same(left[c], right[c]) for c in left), (model.name, left, right)


# --- the order of the rows


@pytest.mark.parametrize("name", SHOPS)
def test_the_order_of_an_analysis_does_not_depend_on_the_order_of_its_sources(name: str) -> None:
    made = SHOPS[name]()
    for table in (made.products, made.stores, made.cities, made.sales):
        random.Random(name).shuffle(table)
    shuffled = on_sqlite(made)
    for model in models().analyses:
        assert shuffled[model.name] == sqlite_results(name)[model.name], model.name


# --- sums


BREAKDOWNS = (
    "sales_by_product", "sales_by_city", "sales_by_region", "sales_by_store", "sales_by_day",
    "sales_by_week", "sales_by_month", "sales_by_weekday", "product_by_city", "abc_products",
)  # fmt: skip


@pytest.mark.parametrize("name", SHOPS)
def test_every_breakdown_adds_up_to_the_total(name: str) -> None:
    results, made = sqlite_results(name), SHOPS[name]()
    cents = sum(sale[2] * sale[5] for sale in made.sales)
    units = sum(sale[2] for sale in made.sales)
    (total,) = results["revenue_total"]
    assert total["revenue"] == cents / 100
    assert (total["units"], total["sales_lines"]) == (units, len(made.sales))
    assert total["average_basket"] == (cents / 100 / len(made.sales) if made.sales else 0)
    for breakdown in BREAKDOWNS:
        rows = results[breakdown]
        assert round(sum(Decimal(str(row["revenue"])) for row in rows) * 100) == cents, breakdown
        assert sum(row["units"] for row in rows) == units, breakdown
        assert sum(row["sales_lines"] for row in rows) == len(made.sales), breakdown
        for share in ("revenue_share", "units_share"):
            if rows and share in rows[0] and cents:
                assert isclose(sum(row[share] for row in rows), 1), (breakdown, share)
            elif rows and share in rows[0]:
                assert {row[share] for row in rows} == {None}


@pytest.mark.parametrize("name", SHOPS)
def test_the_checks_of_the_sums_find_nothing(name: str) -> None:
    results = sqlite_results(name)
    for part in ("product", "city", "day"):
        assert results[f"revenue_by_{part}_equals_total"] == []


@pytest.mark.parametrize("part", ["product", "city", "day"])
@pytest.mark.parametrize(
    "damage", ["revenue = revenue + 0.01", "units = units + 1", "sales_lines = sales_lines - 1"]
)
def test_the_checks_of_the_sums_find_a_cent_a_unit_and_a_line(part: str, damage: str) -> None:
    connection = connect(SHOPS["a quarter"]())
    (first,) = connection.execute(f"select min(rowid) from sales_by_{part}").fetchone()
    connection.execute(f"update sales_by_{part} set {damage} where rowid = ?", (first,))
    (check,) = (m for m in models().checks if m.name == f"revenue_by_{part}_equals_total")
    assert check.severity == "error"
    cursor = connection.execute(check.sql)
    (row,) = cursor.fetchall()
    assert row[0] == f"sales by {part} differ from the total"
    assert sum(a != b for a, b in ((row[1], row[2]), (row[3], row[4]), (row[5], row[6]))) >= 1
    connection.close()


# --- each figure again, in plain Python


def by_day(made: Shop) -> dict[date, tuple[int, int, int]]:
    """Units, cents and lines of every day of the period."""
    days = dict.fromkeys(made.days(), (0, 0, 0))
    for day, _, quantity, _, _, price in made.sales:
        units, cents, lines = days[date.fromisoformat(day)]
        days[date.fromisoformat(day)] = (units + quantity, cents + quantity * price, lines + 1)
    return days


@pytest.mark.parametrize("name", SHOPS)
def test_the_period_is_that_of_the_sales(name: str) -> None:
    made, (period,) = SHOPS[name](), sqlite_results(name)["period"]
    days = made.days()
    complete = [day for day in days if day <= made.complete]
    assert period == {
        "first_day": days[0].isoformat() if days else None,
        "last_day": days[-1].isoformat() if days else None,
        "last_complete_day": complete[-1].isoformat() if complete else None,
        "days": len(days),
    }
    (total,) = sqlite_results(name)["revenue_total"]
    assert {key: total[key] for key in period} == period


@pytest.mark.parametrize("name", SHOPS)
def test_days_without_sales_are_days_and_averages_are_over_seven_of_them(name: str) -> None:
    made = SHOPS[name]()
    days = by_day(made)
    cents = [values[1] for values in days.values()]
    expected = [
        {
            "date": day.isoformat(),
            "weekday": day.isoweekday(),
            "is_complete": int(day <= made.complete),
            "units": units,
            "revenue": revenue / 100,
            "sales_lines": lines,
            "revenue_7d_average": sum(cents[n - 6 : n + 1]) / 700 if n >= 6 else None,
        }
        for n, (day, (units, revenue, lines)) in enumerate(days.items())
    ]
    assert sqlite_results(name)["sales_by_day"] == expected


@pytest.mark.parametrize("unit", ["week", "month"])
@pytest.mark.parametrize("name", SHOPS)
def test_weeks_and_months_grow_only_where_both_are_complete(name: str, unit: str) -> None:
    made = SHOPS[name]()
    days = by_day(made)

    def start(day: date) -> date:
        return day - timedelta(day.isoweekday() - 1) if unit == "week" else day.replace(day=1)

    def after(first: date) -> date:
        return first + timedelta(7) if unit == "week" else start(first + timedelta(31))

    rows = sqlite_results(name)[f"sales_by_{unit}"]
    groups = [(first, list(those)) for first, those in groupby(days, key=start)]
    assert [row[f"{unit}_start"] for row in rows] == [first.isoformat() for first, _ in groups]
    for row, (first, those) in zip(rows, groups, strict=True):
        whole = len(those) == (after(first) - first).days and those[-1] <= made.complete
        assert row["is_complete"] == int(whole)
        assert row["days"] == len(those)
        assert row["units"] == sum(days[day][0] for day in those)
        assert row["revenue"] == sum(days[day][1] for day in those) / 100
        assert row["sales_lines"] == sum(days[day][2] for day in those)
        if unit == "week":
            assert (row["iso_year"], row["iso_week"]) == tuple(those[-1].isocalendar())[:2]
        else:
            assert (row["year"], row["month"]) == (first.year, first.month)
            assert isclose(row["revenue_per_day"], row["revenue"] / len(those))
    if rows:
        assert rows[0]["revenue_growth"] is rows[0]["units_growth"] is None
    for before, row in pairwise(rows):
        for figure in ("revenue", "units"):
            if row["is_complete"] and before["is_complete"] and before[figure]:
                assert isclose(
                    row[f"{figure}_growth"], row[figure] / before[figure] - 1, abs_tol=1e-9
                )
            else:
                assert row[f"{figure}_growth"] is None


def test_the_shapes_hold_growth_and_its_absence() -> None:
    weeks = sqlite_results("three years")["sales_by_week"]
    assert {row["is_complete"] for row in weeks} == {0, 1}
    assert sum(row["revenue_growth"] is not None for row in weeks) > 100
    assert {(2020, 53), (2021, 52), (2022, 52)} <= {(w["iso_year"], w["iso_week"]) for w in weeks}
    silent = sqlite_results("long silences")["sales_by_day"]
    assert any(row["sales_lines"] == 0 for row in silent)
    assert (
        sqlite_results("a few incomplete days at the end of a week")["sales_by_week"][-1][
            "is_complete"
        ]
        == 0
    )


@pytest.mark.parametrize("name", SHOPS)
def test_weekdays_are_always_seven_and_average_over_all_such_days(name: str) -> None:
    days = by_day(SHOPS[name]())
    rows = sqlite_results(name)["sales_by_weekday"]
    assert [row["weekday"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert (rows[0]["weekday_name"], rows[6]["weekday_name"]) == ("Monday", "Sunday")
    for row in rows:
        those = [values for day, values in days.items() if day.isoweekday() == row["weekday"]]
        assert row["days"] == len(those)
        assert row["units"] == sum(values[0] for values in those)
        if those:
            assert isclose(row["average_units"], row["units"] / len(those))
            assert isclose(row["average_revenue"], row["revenue"] / len(those))
        else:
            assert row["average_units"] is row["average_revenue"] is None


@pytest.mark.parametrize("name", SHOPS)
@pytest.mark.parametrize(
    ("analysis", "column"),
    [
        ("sales_by_product", "product_id"),
        ("sales_by_store", "store_id"),
        ("sales_by_city", "city"),
        ("sales_by_region", "region"),
    ],
)
def test_products_and_places_have_their_sums_shares_and_ranks(
    name: str, analysis: str, column: str
) -> None:
    made = SHOPS[name]()
    cities = {store[0]: store[1] for store in made.stores}
    regions = {store: dict(made.cities).get(city, "Unknown") for store, city in cities.items()}
    of_sale: Mapping[str, Callable[[Sale], Any]] = {
        "product_id": lambda sale: sale[1],
        "store_id": lambda sale: sale[3],
        "city": lambda sale: cities[sale[3]],
        "region": lambda sale: regions[sale[3]],
    }
    members: Mapping[str, set[Any]] = {
        "product_id": {product[0] for product in made.products},
        "store_id": set(cities),
        "city": set(cities.values()),
        "region": set(regions.values()),
    }
    sums = {member: [0, 0, 0] for member in members[column]}
    for sale in made.sales:
        entry = sums[of_sale[column](sale)]
        entry[0] += sale[2]
        entry[1] += sale[2] * sale[5]
        entry[2] += 1
    rows = sqlite_results(name)[analysis]
    assert {row[column] for row in rows} == set(sums)
    assert len(rows) == len(sums)
    assert rows == sorted(rows, key=lambda row: (-row["revenue"], row[column]))
    for row in rows:
        units, cents, lines = sums[row[column]]
        assert (row["units"], row["revenue"], row["sales_lines"]) == (units, cents / 100, lines)
        assert row["units_rank"] == 1 + sum(other[0] > units for other in sums.values())
        assert row["revenue_rank"] == 1 + sum(other[1] > cents for other in sums.values())
        if made.sales:
            assert isclose(row["revenue_share"], cents / sum(s[1] for s in sums.values()))
            assert isclose(row["units_share"], units / sum(s[0] for s in sums.values()))
        if column == "city":
            assert row["region"] == dict(made.cities).get(row["city"], "Unknown")
            assert row["stores"] == list(cities.values()).count(row["city"])
        if column == "region":
            assert row["stores"] == list(regions.values()).count(row["region"])
        if column == "store_id":
            (employees,) = (store[2] for store in made.stores if store[0] == row["store_id"])
            assert row["store"] == f"{cities[row['store_id']]} {row['store_id']}"
            expected = row["revenue"] / employees if employees else None
            assert same(row["revenue_per_employee"], expected)


@pytest.mark.parametrize("name", SHOPS)
def test_every_product_is_in_every_city(name: str) -> None:
    made = SHOPS[name]()
    cities = {store[0]: store[1] for store in made.stores}
    sums: dict[tuple[str, str], list[int]] = {
        (product[0], city): [0, 0, 0] for product in made.products for city in cities.values()
    }
    for _, product, quantity, store, _, price in made.sales:
        entry = sums[product, cities[store]]
        entry[:] = [entry[0] + quantity, entry[1] + quantity * price, entry[2] + 1]
    rows = sqlite_results(name)["product_by_city"]
    assert [
        (row["product_id"], row["city"], row["units"], row["revenue"], row["sales_lines"])
        for row in rows
    ] == [(*key, units, cents / 100, lines) for key, (units, cents, lines) in sorted(sums.items())]


def test_the_shapes_hold_places_and_products_without_sales() -> None:
    results = sqlite_results("a quarter")
    for analysis in ("sales_by_product", "sales_by_store", "product_by_city"):
        assert any(row["sales_lines"] == 0 for row in results[analysis]), analysis
    assert "Unknown" in {row["region"] for row in results["sales_by_region"]}
    labels = [row["product"] for row in results["sales_by_product"]]
    assert {"Café 2 (P01)", "Café 2 (P02)", "Café 3"} <= set(labels)
    assert len(labels) == len(set(labels))
    ties = [row["revenue_rank"] for row in sqlite_results("ties")["sales_by_product"]]
    assert len(set(ties)) < len(ties)


@pytest.mark.parametrize("name", SHOPS)
def test_stock_lasts_as_long_as_the_pace_of_the_last_28_complete_days(name: str) -> None:
    made = SHOPS[name]()
    window = [day.isoformat() for day in made.days() if day <= made.complete][-28:]
    rows = {row["product_id"]: row for row in sqlite_results(name)["stock_cover"]}
    assert set(rows) == {product[0] for product in made.products if not product[4]}
    for row in rows.values():
        units = sum(s[2] for s in made.sales if s[1] == row["product_id"] and s[0] in window)
        assert (row["days"], row["units_sold"]) == (len(window), units)
        assert same(row["units_per_day"], units / len(window) if window else None)
        assert same(row["days_left"], row["stock"] * len(window) / units if units else None)
    left = [row["days_left"] for row in sqlite_results(name)["stock_cover"]]
    assert left == sorted(left, key=lambda days: (days is None, days))


@pytest.mark.parametrize("name", SHOPS)
def test_key_figures_are_those_of_28_days_the_28_before_and_the_same_days_a_year_before(
    name: str,
) -> None:
    made = SHOPS[name]()
    rows = sqlite_results(name)["key_figures"]
    assert [row["period"] for row in rows] == ["last", "previous", "year before"]
    days = [day.isoformat() for day in made.days()]
    ended = [day for day in days if date.fromisoformat(day) <= made.complete]
    held = (ended or days)[-56:]
    last, previous = held[-28:], held[:-28]
    spans = [last, previous]
    if last:
        first, end = (f"{int(day[:4]) - 1}{day[4:]}" for day in (last[0], last[-1]))
        spans.append([day for day in days if first <= day <= end])
        whole_year = bool(ended) and days[0] <= first
    else:
        spans.append([])
        whole_year = False
    whole = [bool(ended) and len(span) == 28 for span in spans[:2]] + [whole_year]
    for row, span, complete in zip(rows, spans, whole, strict=True):
        sales = [sale for sale in made.sales if sale[0] in span]
        cents = sum(sale[2] * sale[5] for sale in sales)
        assert (row["days"], row["is_complete"]) == (len(span), int(complete))
        if not span and row["period"] != "last":
            assert (row["revenue"], row["units"], row["sales_lines"]) == (None, None, None)
            continue
        assert same(row["revenue"], cents / 100)
        assert (row["units"], row["sales_lines"]) == (sum(s[2] for s in sales), len(sales))
        assert same(row["average_basket"], cents / 100 / len(sales) if sales else None)
        labels = {r["product_id"]: r["product"] for r in sqlite_results(name)["dim_products"]}
        cities = {r["store_id"]: r["city"] for r in sqlite_results(name)["dim_stores"]}
        products = [(sale[1], sale[2], sale[2] * sale[5]) for sale in sales]
        places = [(cities[sale[3]], sale[2], sale[2] * sale[5]) for sale in sales]
        assert row["best_product"] == labels.get(most(products, 2))
        assert row["best_product_by_units"] == labels.get(most(products, 1))
        assert row["best_city"] == most(places, 2)
        assert row["best_city_by_units"] == most(places, 1)


def most(sold: list[tuple[str, int, int]], figure: int) -> str | None:
    """The name with the largest sum of a figure; of equals, the first."""
    sums: dict[str, int] = defaultdict(int)
    for row in sold:
        sums[row[0]] += row[figure]
    return min(sums, key=lambda name: (-sums[name], name), default=None)


@pytest.mark.parametrize("name", SHOPS)
def test_abc_classes_follow_the_share_of_the_products_that_earn_more(name: str) -> None:
    made = SHOPS[name]()
    cents = {product[0]: 0 for product in made.products}
    for _, product, quantity, _, _, price in made.sales:
        cents[product] += quantity * price
    total, running = sum(cents.values()), 0
    ranked = sorted(cents, key=lambda product: (-cents[product], product))
    rows = sqlite_results(name)["abc_products"]
    assert [row["product_id"] for row in rows] == ranked
    for row in rows:
        own = cents[row["product_id"]]
        running += own
        better = sum(other for other in cents.values() if other > own)
        assert row["revenue_rank"] == 1 + sum(other > own for other in cents.values())
        if not total:
            assert (row["class"], row["cumulative_share"]) == ("C", None)
            continue
        assert isclose(row["cumulative_share"], running / total)
        share = Decimal(better) / Decimal(total)
        expected = "A" if share < Decimal("0.8") else "B" if share < Decimal("0.95") else "C"
        assert row["class"] == expected


def classes(*cents: int) -> str:
    made = Shop(stores=[(1, "Paris", 1, 0)])
    for number, price in enumerate(cents):
        made.products.append((f"P{number}", f"Product {number}", price, 0, 0))
        if price:
            made.sales.append(("2023-05-01", f"P{number}", 1, 1, 1, price))
    rows = on_sqlite(made)["abc_products"]
    return "".join(row["class"] for row in sorted(rows, key=lambda row: row["product_id"]))


def test_abc_thresholds_and_ties_are_exact() -> None:
    assert classes(100) == "A"
    assert classes(96, 4) == "AC"
    assert classes(80, 15, 5) == "ABC"
    assert classes(79, 16, 5) == "AAC"
    assert classes(50, 30, 15, 5) == "AABC"
    assert classes(60, 20, 20) == "AAA"  # the second 20 ties with the one that crosses 80 %
    assert classes(82, 9, 9) == "ABB"
    assert classes(10, 0) == "AC"


# --- the checks that warn


def test_a_city_without_region_is_named_once() -> None:
    rows = sqlite_results("a quarter")["city_without_region"]
    assert [(row["city"], row["stores"]) for row in rows] == [("lille", 1)]
    assert sqlite_results("no sales")["city_without_region"] == []


def test_a_day_far_from_all_others_is_named_and_a_pause_is_not() -> None:
    (row,) = sqlite_results("a year mistyped")["day_far_outside_history"]
    assert (row["first_day"], row["last_day"]) == ("2024-02-01", "2024-02-01")
    assert (row["sales_days"], row["sales_lines"], row["revenue"]) == (1, 1, 9.99)
    for name in ("no sales", "one sale", "a quarter", "three years"):
        assert sqlite_results(name)["day_far_outside_history"] == []
    made = shop(12, days=30)
    second = shop(13, days=30, first=date(2023, 9, 1))
    made.sales += second.sales
    assert on_sqlite(made)["day_far_outside_history"] == []


@pytest.mark.parametrize(("gap", "found"), [(60, 0), (61, 1)])
def test_far_is_more_than_sixty_days(gap: int, found: int) -> None:
    made = shop(14, days=10, first=date(2023, 1, 1))
    made.sales.append(((date(2023, 1, 10) + timedelta(gap)).isoformat(), "P01", 1, 1, 1, 999))
    assert len(on_sqlite(made)["day_far_outside_history"]) == found


# --- the files


def test_the_shipped_files_say_what_every_output_needs() -> None:
    for model in models().analyses:
        assert model.title
        assert model.question.endswith("?")
        assert model.page in ("Overview", "Time", "Products", "Places")
        assert set(model.translations["fr"]) == {"title", "question", "page"}
        assert set(model.labels["fr"]) == set(model.columns)
        assert {model.formats.get("revenue", "money"), model.formats.get("units", "integer")} == {
            "money",
            "integer",
        }
    assert len({model.order for model in models().analyses}) == len(models().analyses)
    assert all(m.title != m.text("title", "fr") for m in (*models().analyses, *models().checks))
    assert all(set(check.labels["fr"]) == set(check.columns) for check in models().checks)
    assert all(check.values["fr"] for check in models().checks)


def test_a_money_column_holds_euros_and_is_the_only_unit_of_revenue() -> None:
    for model in models().analyses:
        assert not [column for column in model.columns if column.endswith("_cents")]


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="the sqlite3 shell is not installed")
@pytest.mark.parametrize("path", sorted(SQL.glob("*/*.sql")), ids=lambda path: path.stem)
def test_every_file_runs_as_it_is_in_the_sqlite3_shell(path: Path, tmp_path: Path) -> None:
    database = tmp_path / "shop.db"
    connect(SHOPS["six days"](), str(database)).close()
    with path.open("rb") as file:
        ran = subprocess.run(
            ["sqlite3", "-header", "-bail", str(database)],
            stdin=file, capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    columns = next(m.columns for m in every_model() if m.name == path.stem)
    if path.parent.name != "checks":
        assert ran.stdout.splitlines()[0] == "|".join(columns)
