"""Marts of sums grow by what was added, and are what they would be if made again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app import pipeline
from app.answers import growing, publishing
from app.answers.models import Model, load
from app.answers.publishing import known_tables
from app.database.store import connect
from app.errors import SqlFileError
from tests.shop import PRODUCTS, SALES, Shop
from tests.test_appending import body

MARTS = ("day_sales", "product_store_sales")
MORE = [("2025-03-06", "P3", "2", "1"), ("2025-03-08", "P1", "1", "3")]
NO_BIG_SALE = """-- title: No big sale
-- severity: error
select date from sales where quantity >= 100
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    shop.write_bytes("sales", body(SALES))
    shop.run()
    return shop


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the marts and results that had to be made from all rows."""
    names: list[str] = []
    create = publishing._create

    def noted(connection: sqlite3.Connection, model: Model) -> int | None:
        if connection.execute("select file from pragma_database_list").fetchone() != ("",):
            names.append(model.name)  # not in the rehearsal in memory
        return create(connection, model)

    monkeypatch.setattr(publishing, "_create", noted)
    return names


def as_if_made_again(shop: Shop) -> bool:
    found = [shop.query(f"select * from {name}") for name in MARTS]
    declared = shop.query("select sql from sqlite_schema where name in ('day_sales')")
    pipeline.analyse(shop.project(), shop.places)
    again = [shop.query(f"select * from {name}") for name in MARTS]
    return found == again and declared == shop.query(
        "select sql from sqlite_schema where name in ('day_sales')"
    )


def test_added_rows_are_added_to_the_sums(shop: Shop, made: list[str]) -> None:
    shop.write_bytes("sales", body([*SALES, *MORE]))
    assert shop.run().status == "published"
    assert made
    assert not set(made) & set(MARTS)
    assert shop.query("select sum(units), sum(sales_lines) from day_sales") == [(13, 7)]
    assert shop.query("select row_count from _results where name = 'day_sales'") == [(4,)]
    assert shop.query("select count(*) from sqlite_temp_schema") == [(0,)]
    assert as_if_made_again(shop)


def test_sums_of_a_source_that_did_not_change_are_kept(shop: Shop, made: list[str]) -> None:
    shop.write("products", [("Savon de Marseille", "P1", "12.00", "5"), *PRODUCTS[1:]])
    shop.run()
    assert made
    assert not set(made) & set(MARTS)
    assert as_if_made_again(shop)


@pytest.mark.parametrize(
    "lines", [[*SALES[1:], SALES[0], SALES[0]], SALES[1:], [*SALES, ("2025-03-05", "P9", "1", "1")]]
)
def test_after_any_other_change_they_are_made_again(
    shop: Shop, made: list[str], lines: list[tuple[str, ...]]
) -> None:
    shop.edit_project("[sources.sales]\n", "[sources.sales]\nmax_withdrawn = 1\n")
    shop.run()
    shop.write_bytes("sales", body(lines))
    shop.run()
    assert set(made) >= set(MARTS) or lines[:-1] == SALES
    assert as_if_made_again(shop)


def test_after_a_blocked_publication_they_are_made_again(shop: Shop, made: list[str]) -> None:
    check = shop.root / "sql" / "checks" / "no_big_sale.sql"
    check.write_text(NO_BIG_SALE)
    big = ("2025-03-07", "P1", "100", "1")
    shop.write_bytes("sales", body([*SALES, big]))
    assert shop.run().status == "blocked"
    assert shop.query("select sum(units) from day_sales") == [(10,)]
    made.clear()
    check.unlink()
    shop.write_bytes("sales", body([*SALES, big, *MORE]))
    assert shop.run().status == "published"
    assert set(made) >= set(MARTS)
    assert as_if_made_again(shop)


def test_a_mart_that_was_dropped_by_hand_is_made_again(shop: Shop, made: list[str]) -> None:
    with closing(sqlite3.connect(shop.places.database)) as connection:
        connection.execute("drop table day_sales")
    shop.write_bytes("sales", body([*SALES, *MORE]))
    assert shop.run().status == "published"
    assert set(made) & set(MARTS) == {"day_sales"}
    assert as_if_made_again(shop)


def test_sums_that_overflow_name_their_file(shop: Shop) -> None:
    (shop.root / "sql" / "marts" / "large.sql").write_text(
        "-- as: table\nselect store_id, sum(quantity * 2000000000000000000) as n from sales "
        "where date > '2025-03-06' group by store_id\n"
    )
    shop.write_bytes("sales", body([*SALES, MORE[1], MORE[1]]))
    shop.run()
    shop.write_bytes("sales", body([*SALES, *[MORE[1]] * 5]))
    with pytest.raises(SqlFileError, match="integer overflow"):
        shop.run()


def test_sums_that_depend_on_their_order_are_made_again(shop: Shop, made: list[str]) -> None:
    (shop.root / "sql" / "marts" / "tenths.sql").write_text(
        "-- as: table\nselect store_id, sum(quantity / 10.0) as tens from sales group by store_id\n"
    )
    shop.run()
    made.clear()
    shop.write_bytes("sales", body([*SALES, *MORE]))
    shop.run()
    assert "tenths" in made
    assert not set(made) & set(MARTS)
    assert shop.query("select round(sum(tens), 6) from tenths") == [(1.3,)]


@pytest.mark.parametrize(
    ("sql", "is_one"),
    [
        ("select date, sum(quantity) as n from sales group by date", True),
        ("select date, store_id, count(*) as n from fct_sales group by store_id, date", True),
        ("select date, sum(quantity) as n from sales where quantity > 1 group by date", True),
        ("select date, count(distinct store_id) as n from sales group by date", False),
        ("select date, sum(quantity) + 1 as n from sales group by date", False),
        ("select date, max(quantity) as n from sales group by date", False),
        (
            "select date, sum(quantity) as n from sales group by date having sum(quantity) > 1",
            False,
        ),
        ("select sum(quantity) as n from sales", False),
        ("select sum(quantity) as n from sales group by date", False),
        ("select distinct date from sales", False),
        ("select date, sum(units) as n from daily_sales group by date", False),
        ("select date, sum(units) as n from day_sales group by date", False),
        (
            "select s.date, sum(s.quantity) as n from sales as s "
            "inner join stores on stores.store_id = s.store_id group by s.date",
            False,
        ),
        (
            "select date, sum(quantity) as n from sales "
            "where quantity > (select min(quantity) from sales) group by date",
            False,
        ),
    ],
)
def test_only_a_table_of_sums_over_one_source_can_grow(shop: Shop, sql: str, is_one: bool) -> None:
    (shop.root / "sql" / "marts" / "tried.sql").write_text(f"-- as: table\n{sql}\n")
    shop.run()
    models = load(shop.root / "sql", known_tables(shop.project().sources))
    since = growing.Since(grown=frozenset({"sales"}))
    with closing(connect(shop.places.database)) as connection:
        assert ("tried" in growing.kept(connection, models, since)) == is_one
