"""Another business on the same code: customers and orders with contracts and SQL of their own."""

from __future__ import annotations

import csv
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app import pipeline
from app.project import load_project
from app.runs import Places, Run
from tests.shop import counts, outcome

PROJECT = """
[project]
name = "Atelier"

[sources.customers]
url    = "customers.csv"
key    = ["customer_id"]
covers = "all"

[sources.customers.columns]
customer_id = { from = "N°", type = "text", pattern = "C[0-9]+" }
name        = { from = "Nom", type = "text" }
since       = { from = "Depuis", type = "date", formats = ["%d.%m.%Y"], optional = true }
active      = { from = "Actif", type = "boolean" }
rate        = { from = "Remise", type = "real", optional = true, max = 0.5 }
fee         = { from = "Frais", type = "money", optional = true }

[sources.order]
url         = "orders.csv"
key         = ["order_id"]
covers      = { days_of = "at" }
amount      = ["total"]
max_withdrawn = 1

[sources.order.columns]
order_id    = { from = "Order", type = "integer" }
at          = { from = "At", type = "datetime" }
customer_id = { from = "Customer", type = "text", references = "customers", optional = true }
group       = { from = "Group", type = "text", values = ["shop", "web", "l'autre"] }
total       = { from = "Total", type = "money", min = 0.01, max = 10000 }
fee         = { copy = "customers.fee", optional = true }

[sources.visits]
url     = "visits.csv"
key     = ["at", "page"]
repeats = true
covers  = "new"

[sources.visits.columns]
at     = { from = "at", type = "datetime" }
page   = { from = "page", type = "text" }
device = { from = "device", type = "text", optional = true }
"""
SQL = {
    "marts/billed.sql": """
        -- title: Orders with their customers
        select o.order_id, o."group", o.total_cents, c.name
        from "order" o left join customers c on c.customer_id = o.customer_id
    """,
    "analyses/by_group.sql": """
        -- title: By group
        -- format: total=money
        select "group", count(*) as orders, sum(total_cents) / 100.0 as total
        from billed group by "group" order by "group"
    """,
    "analyses/by_day.sql": """
        -- title: By day
        select calendar.date, count(o.order_id) as orders
        from calendar left join "order" o on substr(o.at, 1, 10) = calendar.date
        group by calendar.date order by calendar.date
    """,
    "checks/named.sql": """
        -- title: Every customer has a name of two letters
        -- severity: error
        select customer_id from customers where length(name) < 2
    """,
}
CUSTOMERS = [
    ("C1", "Zoë", "03.04.2020", "oui", "0,25", "1,50"),
    ("C2", "O'Brien", "", "non", "", ""),
    ("C10", 'Le "Grand" 🎈', "13.04.2020", "1", "0.5", "2"),
]
ORDERS = [
    ("1", "2025-01-30 23:59:59", "C1", "shop", "10.00"),
    ("2", "2025-01-31 00:00:00", "", "web", "0,10"),
    ("3", "2025-01-31 23:59:59", "C10", "l'autre", "0.20"),
    ("4", "2025-02-02 12:00:00", "C2", "web", "9999.99"),
]
VISITS = [
    ("2025-01-30T10:00:00", "/", "phone"),
    ("2025-01-30T10:00:00", "/", ""),
    ("2025-01-30T10:00:00", "/", "tablet"),
    ("2025-01-30T10:00:01", "/", "phone"),
]


class Atelier:
    """The second project in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.places = Places(root / "db" / "atelier.db", root / "results")
        self.declare(PROJECT)
        for name, text in SQL.items():
            (root / "sql" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "sql" / name).write_text("\n".join(map(str.strip, text.strip().split("\n"))))
        self.write("customers", "N°;Nom;Depuis;Actif;Remise;Frais", CUSTOMERS)
        self.write("orders", "Order\tAt\tCustomer\tGroup\tTotal", ORDERS)
        self.write("visits", "at,page,device", VISITS)

    def declare(self, text: str) -> None:
        (self.root / "comptoir.toml").write_text(text, encoding="utf-8")

    def write(self, name: str, header: str, lines: list[tuple[str, ...]]) -> None:
        delimiter = next(char for char in ";\t," if char in header)
        with (self.root / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerows([header.split(delimiter), *lines])

    def orders(self, lines: list[tuple[str, ...]]) -> None:
        self.write("orders", "Order\tAt\tCustomer\tGroup\tTotal", lines)

    def visits(self, lines: list[tuple[str, ...]]) -> None:
        self.write("visits", "at,page,device", lines)

    def customers(self, lines: list[tuple[str, ...]]) -> None:
        self.write("customers", "N°;Nom;Depuis;Actif;Remise;Frais", lines)

    def run(self) -> Run:
        return pipeline.run(load_project(self.root, {}), self.places, say=lambda _line: None)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.places.database)) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def atelier(tmp_path: Path) -> Atelier:
    return Atelier(tmp_path)


def test_other_tables_types_and_sql_work_without_a_line_of_code(atelier: Atelier) -> None:
    run = atelier.run()
    assert (run.status, run.exit_code) == ("published", 0)
    assert atelier.query("select * from customers order by customer_id") == [
        ("C1", "Zoë", "2020-04-03", 1, 0.25, 150, 0),
        ("C10", 'Le "Grand" 🎈', "2020-04-13", 1, 0.5, 200, 0),
        ("C2", "O'Brien", None, 0, None, None, 0),
    ]
    assert atelier.query('select * from "order" order by 1') == [
        (1, "2025-01-30 23:59:59", "C1", "shop", 1000, 150),
        (2, "2025-01-31 00:00:00", None, "web", 10, None),
        (3, "2025-01-31 23:59:59", "C10", "l'autre", 20, 200),
        (4, "2025-02-02 12:00:00", "C2", "web", 999999, None),
    ]
    assert (atelier.places.results / "by_group.csv").read_text() == (
        "group,orders,total\nl'autre,1,0.20\nshop,1,10.00\nweb,2,10000.09\n"
    )
    assert atelier.query("select * from by_day") == [
        ("2025-01-30", 1),
        ("2025-01-31", 2),
        ("2025-02-01", 0),
        ("2025-02-02", 1),
    ]


def test_a_second_run_has_nothing_new(atelier: Atelier) -> None:
    atelier.run()
    run = atelier.run()
    assert run.status == "unchanged"
    assert {o.status for o in run.outcomes} == {"skipped"}


def test_rules_reject_with_reasons(atelier: Atelier) -> None:
    atelier.orders(
        [
            *ORDERS,
            ("5", "2025-02-01 10:00:00", "C9", "fax", "0.00"),
            ("6", "2025-02-01", "", "web", "10000.01"),
        ]
    )
    atelier.run()
    found = atelier.query('select line, code, "column", value from _rejects order by reject_id')
    assert found == [
        (6, "foreign-key-error", "customer_id", "C9"),
        (6, "constraint-error", "group", "fax"),
        (6, "constraint-error", "total", "0.00"),
        (7, "type-error", "at", "2025-02-01"),
        (7, "constraint-error", "total", "10000.01"),
    ]


def test_an_optional_reference_may_be_empty_and_one_that_is_not_must_exist(
    atelier: Atelier,
) -> None:
    atelier.run()
    assert atelier.query('select customer_id from "order" where order_id = 2') == [(None,)]
    assert atelier.query("pragma foreign_key_check") == []


def test_days_of_a_datetime_are_covered_from_midnight_to_midnight(atelier: Atelier) -> None:
    atelier.run()
    atelier.orders([("7", "2025-01-31 12:00:00", "", "web", "1.00")])
    run = atelier.run()
    found = counts(run, "order")
    assert found == {"read": 1, "inserted": 1, "withdrawn": 2}
    assert atelier.query('select order_id from "order" order by 1') == [(1,), (4,), (7,)]
    assert outcome(run, "order").counts.withdrawn_cents == 30  # type: ignore[union-attr]


def test_a_changed_order_keeps_its_key_and_its_old_values(atelier: Atelier) -> None:
    atelier.run()
    atelier.orders([*ORDERS[:3], ("4", "2025-02-02 12:00:00", "C2", "shop", "9999.99")])
    assert counts(atelier.run(), "order") == {"read": 4, "known": 3, "changed": 1}
    assert atelier.query("select kind, json_extract(old, '$.group') from _changes") == [
        ("changed", "web")
    ]


def test_a_copied_value_is_frozen_while_the_row_refers_to_the_same(atelier: Atelier) -> None:
    atelier.run()
    atelier.customers([("C1", "Zoë", "", "oui", "", "9,00"), *CUSTOMERS[1:]])
    atelier.orders([("1", "2025-01-30 23:59:59", "C1", "web", "10.00"), *ORDERS[1:]])
    atelier.run()
    assert atelier.query('select "group", fee_cents from "order" where order_id = 1') == [
        ("web", 150)
    ]


def test_a_copied_value_follows_a_row_that_refers_to_another(atelier: Atelier) -> None:
    atelier.run()
    atelier.orders([("1", "2025-01-30 23:59:59", "C10", "shop", "10.00"), *ORDERS[1:]])
    atelier.run()
    assert atelier.query('select customer_id, fee_cents from "order" where order_id = 1') == [
        ("C10", 200)
    ]
    atelier.orders([("1", "2025-01-30 23:59:59", "", "shop", "10.00"), *ORDERS[1:]])
    atelier.run()
    assert atelier.query('select customer_id, fee_cents from "order" where order_id = 1') == [
        (None, None)
    ]


def test_new_lines_only_add_and_withdraw_nothing(atelier: Atelier) -> None:
    atelier.run()
    more = ("2025-01-31T08:00:00", "/prices", "phone")
    atelier.visits([more, VISITS[3]])
    assert counts(atelier.run(), "visits") == {"read": 2, "inserted": 1, "known": 1}
    assert len(atelier.query("select * from visits")) == 5
    atelier.visits([])
    assert counts(atelier.run(), "visits") == {}
    assert len(atelier.query("select * from visits")) == 5


@pytest.mark.parametrize("seed", range(4))
def test_repeats_that_differ_outside_the_key_change_nothing_in_any_order(
    atelier: Atelier, seed: int
) -> None:
    atelier.run()
    before = atelier.query("select * from visits order by at, page, occurrence")
    shuffled = VISITS.copy()
    random.Random(seed).shuffle(shuffled)
    atelier.visits(shuffled)
    run = atelier.run()
    assert counts(run, "visits") in ({"read": 4, "known": 4}, {})
    assert atelier.query("select * from visits order by at, page, occurrence") == before
    assert atelier.query("select count(*) from _changes") == [(0,)]


def test_repeats_give_the_same_rows_as_a_fresh_import_whatever_came_before(
    atelier: Atelier, tmp_path: Path
) -> None:
    atelier.declare(PROJECT.replace('covers  = "new"', 'covers = "all"\nmax_withdrawn = 1'))
    for kept in ([1, 3], [3, 2, 1], [0], [2, 0, 3]):
        atelier.visits([VISITS[at] for at in kept])
        atelier.run()
    (tmp_path / "fresh").mkdir()
    fresh = Atelier(tmp_path / "fresh")
    fresh.visits([VISITS[at] for at in (3, 2, 0)])
    fresh.run()
    everything = "select * from visits order by at, page, occurrence"
    assert atelier.query(everything) == fresh.query(everything)


def test_a_blocking_check_of_the_project_keeps_its_last_results(atelier: Atelier) -> None:
    atelier.run()
    atelier.customers([("C1", "Z", "", "oui", "", ""), *CUSTOMERS[1:]])
    run = atelier.run()
    assert (run.status, run.exit_code, run.published_run) == ("blocked", 1, 1)
    assert run.checks[0].first_rows == ({"customer_id": "C1"},)


def test_a_table_emptied_at_its_source_is_refused(atelier: Atelier) -> None:
    atelier.run()
    atelier.customers([])
    run = atelier.run()
    assert (outcome(run, "customers").status, run.exit_code) == ("refused", 1)
    assert "holds no good record and would take out all 3 rows" in outcome(run, "customers").message
    assert atelier.query("select count(*), sum(gone) from customers") == [(3, 0)]


def test_a_table_of_which_every_record_is_bad_is_refused(atelier: Atelier) -> None:
    atelier.run()
    atelier.customers([("C1", "Zoë", "2020-04-03", "oui", "", "")])
    run = atelier.run()
    assert (outcome(run, "customers").status, run.exit_code) == ("refused", 1)
    assert atelier.query("select code, value from _rejects") == [("type-error", "2020-04-03")]


def test_a_table_that_may_be_emptied_is(atelier: Atelier) -> None:
    atelier.declare(PROJECT.replace('covers = "all"', 'covers = "all"\nmax_withdrawn = 1'))
    atelier.run()
    atelier.customers([])
    assert counts(atelier.run(), "customers") == {"withdrawn": 3}
    assert atelier.query("select customer_id, gone from customers order by 1") == [
        ("C1", 1),
        ("C10", 1),
        ("C2", 1),
    ]
