"""A source that changes under its contract, and a contract that changes over its source."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import cli
from app.errors import ProjectError
from app.rows.staging import Stage
from tests.shop import HEADERS, PRODUCTS, REPOSITORY, SALES, Line, Shop, counts, outcome

MANY = [
    (f"2025-03-{day:02}", "P1", str(number), "1") for day in range(1, 26) for number in range(1, 41)
]
QUANTITY = 'quantity   = { from = "Quantité", type = "integer", min = 1, max = 1_000_000'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def rewrite(change: Callable[[str], str]) -> bytes:
    return change("\n".join([HEADERS["sales"], *(",".join(line) for line in MANY)])).encode()


def without(lines: Iterable[Line]) -> bytes:
    gone = "".join(",".join(line) + "\n" for line in lines)
    return rewrite(lambda text: text.replace(gone, ""))


# The source ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A line of the table in docs/guarantees.md: a delivery of a source after MANY sales.

    `told` is printed; `counts` are None for a delivery that was not imported; `changes` and
    `rejects` count the lines of `_changes` and `_rejects` by kind and code; `rows` are stored.
    """

    name: str
    content: bytes
    exit_code: int
    told: str
    counts: dict[str, int] | None = None
    changes: Mapping[str, int] = field(default_factory=dict)
    rejects: Mapping[str, int] = field(default_factory=dict)
    rows: int = len(MANY)
    source: str = "sales"


CASES = (
    Case("a column renamed", rewrite(lambda text: text.replace("Quantité", "Qté")),
         3, "the header lacks the column 'Quantité'"),
    Case("a column retyped", rewrite(lambda text: text.replace(",P1,", ",P1,no ")),
         1, "1,000 of 1,000 records break the contract", rejects={"type-error": 1_000}),
    Case("dates written in another way", rewrite(lambda text: text.replace("2025-03-", "2025.03.")),
         1, "1,000 of 1,000 records break the contract", rejects={"type-error": 1_000}),
    Case("a row corrected", rewrite(lambda text: text.replace("-01,P1,1,", "-01,P2,1,")),
         0, "rows worth 10.00 € were withdrawn",
         {"read": 1_000, "inserted": 1, "known": 999, "withdrawn": 1}, {"withdrawn": 1}),
    Case("some rows gone", without(MANY[5:15]),
         0, "rows worth 1,050.00 € were withdrawn",
         {"read": 990, "known": 990, "withdrawn": 10}, {"withdrawn": 10}, rows=990),
    Case("half the rows gone", rewrite(lambda text: "\n".join(text.split("\n")[::2])),
         1, "500 of the 1,000 rows that this delivery covers are not in it any more"),
    Case("an older file", rewrite(lambda text: "\n".join(text.split("\n")[:601])),
         0, "Run 2: unchanged", {"read": 600, "known": 600}),
    Case("other order",
         rewrite(lambda text: "\n".join([HEADERS["sales"], *text.split("\n")[:0:-1]])),
         0, "Run 2: unchanged", {"read": 1_000, "known": 1_000}),
    Case("only the header left", HEADERS["sales"].encode(), 0, "Run 2: unchanged", {}),
    Case("an empty file", b"", 3, "the file is empty"),
    Case("one bad row", rewrite(lambda text: text.replace("2025-03-01,P1,3,", "2025-03-01,P1,0,")),
         0, "0 is less than 1", {"read": 1_000, "known": 999, "rejected": 1, "withdrawn": 1},
         {"withdrawn": 1}, {"constraint-error": 1}, 999),
    Case("ninety percent bad rows", rewrite(lambda text: text.replace(",P1,", ",P9,", 900)),
         1, "900 of 1,000 records break the contract", rejects={"foreign-key-error": 900}),
    Case("a key that turns up twice",
         "\n".join([HEADERS["products"], *map(",".join, PRODUCTS), "Double,P2,9,9"]).encode(),
         0, "another record has the same key", {"read": 4, "known": 3, "rejected": 1},
         rejects={"unique-error": 1}, source="products"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_a_run_makes_of_a_changed_source(shop: Shop, case: Case) -> None:
    shop.write("sales", MANY)
    shop.run()
    total, files = shop.revenue(), published(shop)
    shop.write_bytes(case.source, case.content)
    runner = CliRunner(env={**shop.environment, "COLUMNS": "200"})
    run = runner.invoke(cli, ["--project", str(shop.root), "run"], standalone_mode=False)
    assert (run.return_value, run.exception) == (case.exit_code, None)
    assert case.told in run.output
    names = ("read", "inserted", "known", "changed", "rejected", "blank", "withdrawn")
    (stored,) = shop.query(
        f"select status, {', '.join(names)} from _deliveries "
        f"where run_id = 2 and source = '{case.source}'"
    )
    imported = case.counts is not None
    assert (stored[0] == "imported") == imported
    found = {name: count for name, count in zip(names, stored[1:], strict=True) if count}
    assert found == (case.counts or {})
    by_kind = dict(shop.query("select kind, count(*) from _changes group by kind"))
    assert by_kind == case.changes
    by_code = dict(
        shop.query("select code, count(*) from _rejects where resolved_run is null group by code")
    )
    assert by_code == case.rejects
    assert len(shop.sales()) == case.rows
    assert (shop.revenue() == total and published(shop) == files) == (not case.changes)


def published(shop: Shop) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shop.places.results.glob("*.csv")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_table_of_changed_sources_says_what_is_proven(case: Case) -> None:
    text = (REPOSITORY / "docs" / "guarantees.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {case.name}")]
    _, _, did, told, exit_code, test, _ = (cell.strip() for cell in line.split("|"))
    assert told.strip("`") in case.told
    assert exit_code == str(case.exit_code)
    assert "`test_what_a_run_makes_of_a_changed_source`" in test or "million" in test
    assert ("refuse" in did or "does not import" in did) == (case.counts is None)


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


@pytest.mark.parametrize("quantity", [2**63 - 1, 2**62, 1_000_001])
def test_a_quantity_that_no_sum_could_hold_is_rejected_by_its_line(
    shop: Shop, quantity: int
) -> None:
    """Two of them would overflow the sums of SQLite, which names no value."""
    shop.write("sales", [*SALES, *[("2025-03-06", "P1", str(quantity), "1")] * 2])
    run = shop.run()
    assert (run.exit_code, run.status) == (0, "published")
    assert shop.query('select line, "column", message from _rejects') == [
        (line, "quantity", f"{quantity} is more than 1000000") for line in (7, 8)
    ]


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
    assert run.exit_code == 0
    assert counts(run, "sales") == {"read": 5, "changed": 5}
    assert shop.query("select distinct kind, old ->> 'seller' from _changes") == [("changed", None)]
    assert shop.query("select distinct seller from sales") == [("Zoé",)]
    assert shop.revenue() == pytest.approx(10 + 10 + 20 + 20 + 19.99)


@pytest.mark.parametrize("offline", [False, True])
def test_a_rule_tightened_rejects_what_is_now_bad(shop: Shop, offline: bool) -> None:
    shop.run()
    shop.edit_project(QUANTITY, QUANTITY.replace("min = 1", "min = 2"))
    run = shop.run(offline=offline)
    assert counts(run, "sales") == {"read": 5, "known": 3, "rejected": 2, "withdrawn": 2}
    assert run.exit_code == 0
    assert shop.query("select code from _rejects") == [("constraint-error",)] * 2
    assert shop.query("select kind, key ->> 'quantity' from _changes") == [("withdrawn", 1)] * 2


@pytest.mark.parametrize("offline", [False, True])
def test_a_rule_loosened_accepts_what_is_now_good(shop: Shop, offline: bool) -> None:
    shop.write("sales", [*SALES, ("2025-03-05", "P1", "0", "1")])
    shop.run()
    shop.edit_project(QUANTITY, QUANTITY.replace("min = 1", "min = 0"))
    run = shop.run(offline=offline)
    assert run.exit_code == 0
    assert counts(run, "sales") == {"read": 6, "inserted": 1, "known": 5}
    assert shop.query("select resolution from _rejects") == [("accepted",)]


def test_of_a_record_still_rejected_the_reason_that_went_is_not_gone(shop: Shop) -> None:
    bad = ("2025-03-06", "P9", "0", "1")
    shop.write("sales", [*SALES, bad, bad])
    shop.run()
    shop.edit_project(QUANTITY, QUANTITY.replace("min = 1", "min = 0"))
    shop.write("sales", [*SALES, bad])
    shop.run()
    assert shop.query("select code, nth, resolution from _rejects order by 1, 2") == [
        ("constraint-error", 1, "accepted"),
        ("constraint-error", 2, "gone"),
        ("foreign-key-error", 1, None),
        ("foreign-key-error", 2, "gone"),
    ]


def test_a_source_column_renamed_in_file_and_contract_changes_nothing(shop: Shop) -> None:
    shop.run()
    shop.write_bytes("sales", shop.file("sales").read_bytes().replace("Quantité".encode(), b"Qty"))
    shop.edit_project('from = "Quantité"', 'from = "Qty"')
    run = shop.run()
    assert (run.exit_code, run.status) == (0, "unchanged")
    assert counts(run, "sales") == {"read": 5, "known": 5}
    assert shop.query("select count(*) from _changes") == [(0,)]


def test_a_source_column_renamed_in_the_contract_alone_refuses_the_archived_file(
    shop: Shop,
) -> None:
    shop.run()
    before = shop.sales()
    shop.edit_project('from = "Quantité"', 'from = "Qty"')
    run = shop.run(offline=True)
    assert (run.exit_code, outcome(run, "sales").status) == (3, "refused")
    assert "lacks the column 'Qty'" in outcome(run, "sales").message
    assert shop.sales() == before


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            QUANTITY,
            QUANTITY.replace('"integer", min = 1, max = 1_000_000', '"text"'),
            "changed from integer to text",
        ),
        ('"store_id", "quantity"]', '"store_id"]', "the key changed"),
        (QUANTITY, 'seller = { from = "Vendeur", type = "text" }\n' + QUANTITY, "required"),
    ],
    ids=["a type", "the key", "a required column"],
)
def test_what_cannot_be_migrated_stops_before_anything_is_touched(
    shop: Shop, old: str, new: str, told: str, offline: bool
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
        shop.run(offline=offline)
    assert caught.value.exit_code == 2
    assert told in str(caught.value)
    assert "reset" in caught.value.hint
    assert shop.sales() == before
    assert shop.query("select count(*) from _runs") == [(1,)]
