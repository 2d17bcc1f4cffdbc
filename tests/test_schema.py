"""The tables: strict, keyed, linked; and what becomes of them when a contract changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app import pipeline
from app.database.store import connect
from app.errors import ProjectError
from tests.shop import PRODUCTS, SALES, Shop, counts, outcome

STOCK = 'stock      = { from = "Stock", type = "integer", description = '


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def refused_statement(shop: Shop, statement: str) -> str:
    with (
        closing(connect(shop.places.database, write=True)) as connection,
        pytest.raises(sqlite3.IntegrityError) as caught,
    ):
        connection.execute(statement)
    return str(caught.value)


# The tables ----------------------------------------------------------------------------------


def test_every_table_but_the_results_is_strict_and_has_a_primary_key(shop: Shop) -> None:
    shop.run()
    published = {name for (name,) in shop.query("select name from _results")}
    tables = shop.query(
        "select l.name, l.strict, (select count(*) from pragma_table_info(l.name) where pk > 0) "
        "from pragma_table_list l where l.schema = 'main' and l.type = 'table'"
    )
    own = {name: (strict, keys) for name, strict, keys in tables if name not in published}
    for name in ("products", "stores", "sales", "cities", "calendar", "_runs", "_rejects"):
        strict, keys = own[name]
        assert (strict, keys > 0) == (1, True), name


def test_the_sales_table_is_what_the_contract_says(shop: Shop) -> None:
    shop.run()
    assert shop.query("select name, type, \"notnull\", pk from pragma_table_info('sales')") == [
        ("date", "TEXT", 1, 1),
        ("product_id", "TEXT", 1, 2),
        ("quantity", "INTEGER", 1, 4),
        ("store_id", "INTEGER", 1, 3),
        ("occurrence", "INTEGER", 1, 5),
        ("unit_price_cents", "INTEGER", 1, 0),
    ]
    links = 'select "from", "table", "to" from pragma_foreign_key_list(\'sales\') order by 1'
    assert shop.query(links) == [
        ("product_id", "products", "product_id"),
        ("store_id", "stores", "store_id"),
    ]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("insert into sales values ('2025-1-1', 'P1', 1, 1, 1, 5)", "CHECK constraint"),
        ("insert into sales values ('2025-01-01', 'P1', 1, 1, 0, 5)", "CHECK constraint"),
        ("insert into sales values ('2025-01-01', 'P1', 1.5, 1, 1, 5)", "cannot store REAL"),
        ("insert into sales values ('2025-01-01', 'P1', 1, 1, 1, null)", "NOT NULL"),
        ("insert into sales values ('2025-01-01', 'P9', 1, 1, 1, 5)", "FOREIGN KEY"),
        ("insert into sales select * from sales", "UNIQUE"),
        ("delete from products", "FOREIGN KEY"),
        ("update products set gone = 2", "CHECK constraint"),
        (
            "update _deliveries set read = read + 1 where status = 'imported'",
            "CHECK constraint",
        ),
        (
            "update _deliveries set withdrawn = 1 where status = 'imported'",
            "CHECK constraint",
        ),
    ],
)  # fmt: skip
def test_the_database_itself_refuses_what_breaks_the_contract(
    shop: Shop, statement: str, error: str
) -> None:
    shop.run()
    assert refused_statement(shop, statement).startswith(error)


def test_the_database_is_sound_after_every_kind_of_change(shop: Shop) -> None:
    for products, sales in (
        (PRODUCTS, SALES),
        (PRODUCTS[1:], SALES[1:]),
        (PRODUCTS, [*SALES, SALES[0]]),
    ):
        shop.write("products", products)
        shop.write("sales", sales)
        shop.run()
        assert shop.query("pragma integrity_check") == [("ok",)]
        assert shop.query("pragma foreign_key_check") == []


# A changed contract --------------------------------------------------------------------------


def add_column(shop: Shop, declared: str) -> None:
    shop.edit_project("[sources.products.columns]\n", f"[sources.products.columns]\n{declared}\n")


def test_an_optional_column_is_added_and_filled_from_the_same_file(shop: Shop) -> None:
    shop.write_bytes(
        "products",
        "Nom,ID Référence produit,Prix,Stock,Marque\r\nSavon,P1,10,5,Zoé\r\n"
        "Bougie,P2,2.5,8,\r\nPanier,P3,1,1,X".encode(),
    )
    shop.run()
    add_column(shop, 'brand = { from = "Marque", type = "text", optional = true }')
    run = shop.run()
    assert run.notes == ["table products migrated to its changed contract"]
    assert counts(run, "products") == {"read": 3, "known": 1, "changed": 2}
    assert shop.query("select product_id, brand from products order by 1") == [
        ("P1", "Zoé"),
        ("P2", None),
        ("P3", "X"),
    ]
    assert len(shop.sales()) == 5
    assert shop.query("pragma foreign_key_check") == []
    assert shop.run().status == "unchanged"


def test_a_column_made_optional_lets_its_rejects_in(shop: Shop) -> None:
    shop.write("products", [*PRODUCTS, ("Neuf", "P9", "1.00", "")])
    run = shop.run()
    assert counts(run, "products")["rejected"] == 1
    shop.edit_project(STOCK, STOCK.replace("{ from", "{ optional = true, from"))
    run = shop.run(offline=True)
    assert counts(run, "products") == {"read": 4, "inserted": 1, "known": 3}
    assert shop.query("select resolution from _rejects") == [("accepted",)]


def test_a_rule_made_tighter_takes_bad_rows_out_and_says_so(shop: Shop) -> None:
    shop.run()
    shop.edit_project('type = "integer", min = 1', 'type = "integer", min = 2')
    shop.edit_project("[sources.sales]\n", "[sources.sales]\nmax_rejected = 1\n")
    run = shop.run(offline=True)
    assert counts(run, "sales") == {"read": 5, "known": 3, "rejected": 2, "withdrawn": 2}
    assert [row[0] for row in shop.sales()] == ["2025-03-03", "2025-03-04", "2025-03-04"]


def test_a_renamed_label_reads_the_renamed_file(shop: Shop) -> None:
    shop.run()
    shop.write_bytes("stores", b"ID Magasin,Town,Nombre de salaries\n1,Paris,4\n2,Lyon,3\n3,Nice,2")
    assert outcome(shop.run(), "stores").status == "refused"
    shop.edit_project('city      = { from = "Ville"', 'city = { from = "Town"')
    assert counts(shop.run(), "stores") == {"read": 3, "known": 2, "changed": 1}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            STOCK,
            STOCK.replace('"integer"', '"text"'),
            "column stock changed from integer to text",
        ),
        (
            STOCK,
            'shelf = { from = "Nom", type = "text" }\n' + STOCK,
            "the new column shelf is required, stored rows have no value",
        ),
        ('stock      = { from = "Stock"', 'units = { from = "Stock"', "column stock was taken out"),
        (
            'key         = ["date", "product_id", "store_id", "quantity"]\nrepeats     = true',
            'key = ["date", "product_id", "store_id"]\nrepeats = true',
            "the key changed from date, product_id, store_id, quantity, occurrence to",
        ),
    ],
)
def test_a_change_that_rows_cannot_follow_stops_before_touching_anything(
    shop: Shop, old: str, new: str, message: str
) -> None:
    shop.run()
    before = shop.query("select * from sqlite_schema"), shop.sales(), shop.table("products")
    shop.edit_project(old, new)
    shop.forget_sql()  # it may read the column
    with pytest.raises(ProjectError, match="does not fit the changed contract") as caught:
        shop.run()
    assert message in caught.value.what
    assert "python -m app reset" in caught.value.hint
    assert shop.query("select count(*) from _runs") == [(1,)]
    assert (
        shop.query("select * from sqlite_schema"), shop.sales(), shop.table("products")
    ) == before  # fmt: skip


def test_a_column_that_became_required_counts_the_empty_ones(shop: Shop) -> None:
    shop.edit_project(STOCK, STOCK.replace("{ from", "{ optional = true, from"))
    shop.write("products", [*PRODUCTS[:2], ("Panier", "P3", "19.99", "")])
    shop.run()
    shop.edit_project(STOCK.replace("{ from", "{ optional = true, from"), STOCK)
    with pytest.raises(ProjectError, match="column stock became required, 1 stored rows are empty"):
        shop.run()


def test_an_empty_table_follows_any_change(shop: Shop) -> None:
    shop.environment["PRODUCTS_URL"] = "data/nothing.csv"
    shop.run()
    del shop.environment["PRODUCTS_URL"]
    shop.environment["PRODUCTS_URL"] = "data/products.csv"
    shop.edit_project(STOCK, STOCK.replace('"integer"', '"real"'))
    run = shop.run()
    assert run.exit_code == 0
    assert shop.query("select stock from products where product_id = 'P1'") == [(50.0,)]


def test_a_table_that_nothing_refers_to_any_more_loses_its_mark(shop: Shop) -> None:
    shop.run()
    shop.edit_project('type = "integer", references = "stores"', 'type = "integer"')
    shop.forget_sql()
    run = shop.run()
    assert run.exit_code == 0
    assert shop.query("select count(*) from pragma_table_info('stores') where name = 'gone'") == [
        (0,)
    ]
    assert shop.query("select count(*) from stores") == [(3,)]


def test_a_source_taken_out_whose_table_refers_to_others_stops_the_run(shop: Shop) -> None:
    shop.run()
    text = (shop.root / "comptoir.toml").read_text(encoding="utf-8")
    (shop.root / "comptoir.toml").write_text(text.partition("[sources.sales]")[0], encoding="utf-8")
    shop.forget_sql()
    with pytest.raises(ProjectError) as caught:
        shop.run()
    assert "the stored table 'sales' refers to 'products'" in caught.value.what


def test_check_and_dry_run_judge_by_the_new_contract_and_change_nothing(shop: Shop) -> None:
    shop.run()
    schema = shop.query("select * from sqlite_schema")
    add_column(shop, 'brand = { from = "Nom", type = "text", optional = true }')
    run = shop.dry_run()
    assert counts(run, "products") == {"read": 3, "changed": 3}
    assert all(not result.blocks for result in pipeline.check(shop.project(), shop.places))
    assert shop.query("select * from sqlite_schema") == schema


def test_an_emptied_database_begins_again(shop: Shop) -> None:
    shop.run()
    pipeline.reset(shop.places)
    assert {result.row_count for result in pipeline.check(shop.project(), shop.places)} == {0}
    assert counts(shop.run(), "sales") == {"read": 5, "inserted": 5}
