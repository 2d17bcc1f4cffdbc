"""A source that changes under its contract, and a contract that changes over its source."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import ProjectError
from app.rows.staging import Stage
from tests.shop import HEADERS, PRODUCTS, SALES, Line, Shop, counts, outcome

MANY = [
    (f"2025-03-{day:02}", "P1", str(number), "1") for day in range(1, 26) for number in range(1, 41)
]
QUANTITY = 'quantity   = { from = "Quantité", type = "integer", min = 1'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def rewrite(change: Callable[[str], str]) -> bytes:
    return change("\n".join([HEADERS["sales"], *(",".join(line) for line in MANY)])).encode()


# The source ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "exit_code", "told"),
    [
        (rewrite(lambda text: text.replace("Quantité", "Qté")), 3, "lacks the column 'Quantité'"),
        (rewrite(lambda text: text.replace(",P1,", ",P1,no ")), 1, "break the contract"),
        (rewrite(lambda text: text.replace("2025-03-", "2025/03/")), 1, "break the contract"),
        (rewrite(lambda text: text.replace(",P1,", ",P9,", 900)), 1, "900 of 1,000 records"),
        (rewrite(lambda text: "\n".join(text.split("\n")[::2])), 1, "are not in it any more"),
    ],
    ids=["a column renamed", "a column retyped", "dates retyped", "90 % bad", "half the rows gone"],
)
def test_a_delivery_that_is_not_what_it_was_is_refused_whole(
    shop: Shop, content: bytes, exit_code: int, told: str
) -> None:
    shop.write("sales", MANY)
    shop.run()
    shop.write_bytes("sales", content)
    run = shop.run()
    assert (outcome(run, "sales").status, run.exit_code) == ("refused", exit_code)
    assert told in outcome(run, "sales").message
    assert len(shop.sales()) == len(MANY)
    assert run.status == "unchanged"


@pytest.mark.parametrize(
    ("lines", "expected", "rows"),
    [
        (MANY[::-1], {"read": 1000, "known": 1000}, 1000),
        (MANY[:600], {"read": 600, "known": 600}, 1000),
        ([], {}, 1000),
        ([*MANY[1:], ("2025-03-01", "P2", "1", "1")],
         {"read": 1000, "inserted": 1, "known": 999, "withdrawn": 1}, 1000),
        ([*MANY[5:500], *MANY[505:]], {"read": 990, "known": 990, "withdrawn": 10}, 990),
        ([*MANY[:500], ("2025-03-13", "P1", "0", "1"), *MANY[500:]],
         {"read": 1001, "known": 1000, "rejected": 1}, 1000),
    ],
    ids=["reordered", "an older file", "emptied", "a row corrected", "rows gone", "one bad row"],
)  # fmt: skip
def test_a_delivery_within_its_limits_is_imported(
    shop: Shop, lines: list[Line], expected: dict[str, int], rows: int
) -> None:
    shop.write("sales", MANY)
    shop.run()
    shop.write("sales", lines)
    run = shop.run()
    assert run.exit_code == 0
    assert counts(run, "sales") == expected
    assert len(shop.sales()) == rows


LINES = 1_000_000 if "COMPTOIR_REBUILDS" in os.environ else 100_000


def test_one_bad_row_in_a_million_is_rejected_alone(shop: Shop) -> None:
    """A hundred thousand lines in the ordinary suite, a million in `make soak`."""
    lines = [
        (f"2025-03-{number % 25 + 1:02}", "P1", str(number + 1), "1") for number in range(LINES)
    ]
    shop.write("sales", lines)
    shop.run()
    lines[LINES // 2] = ("2025-03-01", "P1", "none", "1")
    shop.write("sales", lines)
    run = shop.run()
    assert (run.exit_code, run.status) == (0, "published")
    assert counts(run, "sales") == {
        "read": LINES, "known": LINES - 1, "rejected": 1, "withdrawn": 1,
    }  # fmt: skip
    assert shop.query("select line, code, value from _rejects") == [
        (LINES // 2 + 2, "type-error", "none")
    ]
    assert shop.query("select kind, key ->> 'quantity' from _changes") == [
        ("withdrawn", LINES // 2 + 1)
    ]


def test_two_deliveries_are_compared_by_their_whole_key(shop: Shop) -> None:
    """Without types, SQLite would look for each sale among all of its day and product."""
    shop.run()
    source = shop.project().sources["sales"]
    with closing(sqlite3.connect(shop.places.database)) as connection:
        Stage(connection, source)
        same = " and ".join(f"t.{name} = s.{name}" for name in source.stored_key)
        plan = connection.execute(
            "explain query plan select count(*) from sales t where not exists "
            f"(select 1 from temp._stage s where {same})"
        ).fetchall()
    searched = " ".join(detail for *_, detail in plan)
    assert all(f"{name}=?" in searched for name in source.stored_key), searched


# The contract --------------------------------------------------------------------------------


def with_note(shop: Shop) -> None:
    """The sales get a column that the contract does not declare yet."""
    text = "\n".join([HEADERS["sales"] + ",Vendeur", *(",".join([*s, "Zoé"]) for s in SALES)])
    shop.write_bytes("sales", text.encode())


@pytest.mark.parametrize("offline", [False, True])
def test_a_column_added_to_the_contract_is_filled_from_the_latest_delivery(
    shop: Shop, offline: bool
) -> None:
    with_note(shop)
    shop.run()
    shop.edit_project(
        QUANTITY, 'seller = { from = "Vendeur", type = "text", optional = true }\n' + QUANTITY
    )
    run = shop.run(offline=offline)
    assert run.notes == ["table sales migrated to its changed contract"]
    assert counts(run, "sales") == {"read": 5, "changed": 5}
    assert shop.query("select distinct seller from sales") == [("Zoé",)]
    assert shop.revenue() == pytest.approx(10 + 10 + 20 + 20 + 19.99)


@pytest.mark.parametrize("offline", [False, True])
def test_a_rule_tightened_rejects_what_is_now_bad(shop: Shop, offline: bool) -> None:
    shop.run()
    shop.edit_project(QUANTITY, QUANTITY.replace("min = 1", "min = 2"))
    run = shop.run(offline=offline)
    assert counts(run, "sales") == {"read": 5, "known": 3, "rejected": 2, "withdrawn": 2}


@pytest.mark.parametrize("offline", [False, True])
def test_a_rule_loosened_accepts_what_is_now_good(shop: Shop, offline: bool) -> None:
    shop.write("sales", [*SALES, ("2025-03-05", "P1", "0", "1")])
    shop.run()
    shop.edit_project(QUANTITY, QUANTITY.replace("min = 1", "min = 0"))
    run = shop.run(offline=offline)
    assert counts(run, "sales") == {"read": 6, "inserted": 1, "known": 5}
    assert shop.query("select resolution from _rejects") == [("accepted",)]


def test_a_source_column_renamed_in_file_and_contract_changes_nothing(shop: Shop) -> None:
    shop.run()
    shop.write_bytes("sales", shop.file("sales").read_bytes().replace("Quantité".encode(), b"Qty"))
    shop.edit_project('from = "Quantité"', 'from = "Qty"')
    assert counts(shop.run(), "sales") == {"read": 5, "known": 5}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            QUANTITY,
            QUANTITY.replace('"integer", min = 1', '"text"'),
            "changed from integer to text",
        ),
        ('"store_id", "quantity"]', '"store_id"]', "the key changed"),
        (QUANTITY, 'seller = { from = "Vendeur", type = "text" }\n' + QUANTITY, "required"),
    ],
    ids=["a type", "the key", "a required column"],
)
def test_what_cannot_be_migrated_stops_before_anything_is_touched(
    shop: Shop, old: str, new: str, told: str
) -> None:
    with_note(shop)
    shop.run()
    before = shop.sales()
    shop.edit_project(old, new)
    if (
        "amount" in (shop.root / "comptoir.toml").read_text()
        and "text" in new
        and "seller" not in new
    ):
        shop.edit_project('amount      = ["quantity", "unit_price"]', "#")
    with pytest.raises(ProjectError) as caught:
        shop.run()
    assert told in str(caught.value)
    assert "reset" in caught.value.hint
    assert shop.sales() == before
    assert shop.query("select count(*) from _runs") == [(1,)]


def test_a_key_that_turns_up_twice_keeps_the_first_and_rejects_the_second(shop: Shop) -> None:
    shop.run()
    shop.write("products", [*PRODUCTS, ("Double", "P2", "9", "9")])
    run = shop.run()
    assert counts(run, "products") == {"read": 4, "known": 3, "rejected": 1}
    assert shop.query("select code from _rejects") == [("unique-error",)]
