"""Reading only what was added gives what reading everything gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.rows import importer
from tests.shop import HEADERS, SALES, Shop, counts, outcome

CONTENT = (
    "sales", "products", "_changes", "revenue_total", "sales_by_day", "day_sales",
    "product_store_sales",
)  # fmt: skip
LEDGER = (
    "select source, status, sha256, message, read, inserted, known, changed, rejected, blank, "
    "withdrawn, withdrawn_cents, rows_before, rows_after, reading from _deliveries order by 1, 2"
)


def body(lines: list[tuple[str, ...]], end: str = "\r\n") -> bytes:
    return end.join([HEADERS["sales"], *(",".join(line) for line in lines), ""]).encode()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records each import of a delivery had to read in full."""
    read: list[int] = []
    import_delivery = importer.import_delivery

    def counted(*args: Any, **options: Any) -> Any:
        imported = import_delivery(*args, **options)
        read.append(imported.counts.read)
        return imported

    monkeypatch.setattr(importer, "import_delivery", counted)
    return read


def test_only_what_was_added_is_read(shop: Shop, rows_read: list[int]) -> None:
    shop.write_bytes("sales", body(SALES))
    shop.run()
    rows_read.clear()
    shop.write_bytes("sales", body([*SALES, SALES[2], ("2025-03-08", "P1", "1", "1")]))
    assert counts(shop.run(), "sales") == {"read": 7, "inserted": 2, "known": 5}
    assert rows_read == []
    assert shop.query("select max(occurrence) from sales") == [(3,)]
    shop.write_bytes("sales", body([*SALES, SALES[2], ("2025-03-08", "P1", "1", "1"), SALES[2]]))
    assert counts(shop.run(), "sales") == {"read": 8, "inserted": 1, "known": 7}
    assert rows_read == []
    assert shop.query("select max(occurrence) from sales") == [(4,)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (body(SALES)[:-2], body([*SALES, SALES[0]])),
        (body([*SALES, ("", "P1", "1", "1")]), body([*SALES, ("", "P1", "1", "1"), SALES[0]])),
        (body(SALES), body([*SALES, ("2025-03-05", "P9", "1", "1")])),
        (body(SALES), body([*SALES[1:], SALES[0], SALES[0]])),
        (body(SALES, "\r"), body(SALES, "\r") + b"2025-03-07,P1,1,1\r"),
    ],
    ids=[
        "no last newline",
        "an open reject",
        "a new reject",
        "not a prefix",
        "CR",
    ],
)
def test_everything_is_read_where_the_beginning_proves_nothing(
    shop: Shop, rows_read: list[int], first: bytes, second: bytes
) -> None:
    shop.write_bytes("sales", first)
    shop.run()
    rows_read.clear()
    shop.write_bytes("sales", second)
    shop.run()
    assert len(rows_read) == 1


@pytest.mark.parametrize("lines", [0, len(SALES)])
def test_an_end_in_another_encoding_is_told_as_if_everything_was_read(
    shop: Shop, lines: int
) -> None:
    shop.write_bytes("sales", body(SALES[:lines]))
    shop.run()
    shop.write_bytes("sales", body(SALES[:lines]) + b"\x80\x81,P1,1,1\r\n")
    refused = outcome(shop.run(), "sales")
    assert (refused.status, refused.exit_code) == ("refused", 3)
    assert "not Windows-1252" in refused.message


def test_rows_stored_in_the_newly_covered_days_are_withdrawn(
    shop: Shop, rows_read: list[int]
) -> None:
    shop.write_bytes("sales", body(SALES))
    shop.run()
    shop.write_bytes("sales", body(SALES[:2]))
    shop.run()
    rows_read.clear()
    shop.write_bytes("sales", body([*SALES[:2], ("2025-03-06", "P1", "9", "1")]))
    run = shop.run()
    assert counts(run, "sales") == {"read": 3, "inserted": 1, "known": 2, "withdrawn": 3}
    assert rows_read == [3]


days = st.integers(1, 6).map(lambda day: f"2025-03-0{day}")
lines = st.tuples(days, st.sampled_from(["P1", "P2"]), st.sampled_from("12"), st.sampled_from("12"))
rarely_bad = st.one_of(*[lines] * 9, st.sampled_from([("x", "P1", "1", "1"), (), ("é", "", "")]))
edits = st.one_of(
    st.tuples(st.just("append"), st.lists(rarely_bad, max_size=4)),
    st.tuples(st.just("append"), st.lists(lines, max_size=4)),
    st.tuples(st.just("drop first"), st.just([])),
    st.tuples(st.just("drop last"), st.just([])),
    st.tuples(st.just("price"), st.just([])),
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=st.lists(lines, max_size=6), changes=st.lists(edits, min_size=1, max_size=4))
def test_over_any_edits_both_ways_of_reading_give_the_same_database(
    tmp_path_factory: pytest.TempPathFactory,
    start: list[tuple[str, ...]],
    changes: list[tuple[str, list[tuple[str, ...]]]],
) -> None:
    folder = tmp_path_factory.mktemp("both")
    shops = [Shop(folder / "appending"), Shop(folder / "whole")]
    for at, shop in enumerate(shops):
        shop.edit_project("[sources.sales]\n", "[sources.sales]\nmax_withdrawn = 1\n")
        with pytest.MonkeyPatch.context() as patch:
            if at:
                patch.setattr(importer, "append_delivery", lambda *_: None)
            content = list(start)
            shop.write_bytes("sales", body(content))
            shop.run()
            for kind, added in changes:
                if kind == "append":
                    content = [*content, *added]
                elif kind == "price":
                    shop.write("products", [("Savon", "P1", "3.00", "1"), ("B", "P2", "2.50", "1")])
                else:
                    content = content[1:] if kind == "drop first" else content[:-1]
                shop.write_bytes("sales", body(content))
                shop.run()
    appending, whole = shops
    for table in CONTENT:
        assert appending.table(table) == whole.table(table), table
    assert appending.query(LEDGER) == whole.query(LEDGER)
