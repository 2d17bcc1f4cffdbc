"""A database made by an older version opens, and answers as it did.

`upgrade/first.db` was written by the first version that worked: two runs of the small shop, with a
changed price, a withdrawn sale and an open reject.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.answers.results import read_state
from app.database.store import connect
from tests.shop import PRODUCTS, REPOSITORY, SALES, Shop, counts
from tests.test_kills import sound

FIRST = REPOSITORY / "tests" / "upgrade" / "first.db"
ANSWERS = (
    "revenue_total",
    "sales_by_product",
    "sales_by_city",
    "sales_by_day",
    "sales",
    "_changes",
)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The small shop as it was when the old database was made."""
    shop = Shop(tmp_path / "shop")
    shop.write("products", [("Savon", "P1", "11.00", "50"), *PRODUCTS[1:]])
    bad, new = ("2025-03-05", "P9", "1", "1"), ("2025-03-07", "P1", "3", "1")
    shop.write("sales", [*SALES[1:], bad, new])
    shop.places.database.parent.mkdir()
    shutil.copy(FIRST, shop.places.database)
    return shop


def answers(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            name: connection.execute(f"select * from {name} order by 1, 2, 3").fetchall()
            for name in ANSWERS
        }


def test_a_database_of_the_first_version_opens_with_the_same_answers(shop: Shop) -> None:
    run = shop.run()
    assert run.exit_code == 0
    assert answers(shop.places.database) == answers(FIRST)
    assert sound(shop)
    assert shop.query("select code, first_run from _rejects where resolved_run is null") == [
        ("foreign-key-error", 2)
    ]


def test_a_database_of_the_first_version_goes_on_where_it_was(shop: Shop) -> None:
    shop.write(
        "products", [("Savon", "P1", "11.00", "50"), *PRODUCTS[1:], ("Neuf", "P9", "1", "1")]
    )
    run = shop.run()
    assert counts(run, "products") == {"read": 4, "inserted": 1, "known": 3}
    assert counts(run, "sales")["inserted"] == 1
    assert shop.query("select resolution from _rejects where resolved_run = 3") == [("accepted",)]


def test_a_database_of_the_first_version_can_be_read_before_it_is_upgraded(shop: Shop) -> None:
    with closing(connect(shop.places.database)) as connection:
        state = read_state(connection, list(shop.project().sources))
    assert state.published_run == 2
    assert {source.source: source.rows for source in state.sources}["sales"] == 5
