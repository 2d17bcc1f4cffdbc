"""Hostile and broken files: never a traceback, every record accounted for and explained."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.records.checker import REJECT_CODES
from tests.shop import HEADERS, PRODUCTS, SALES, Shop, counts, outcome
from tests.test_kills import sound

HEADER = HEADERS["sales"].encode()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def csv_lines(shop: Shop, name: str) -> list[dict[str, str]]:
    with (shop.places.results / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


cells = st.one_of(
    st.sampled_from(
        ["2025-03-03", "P1", "1", "2", "REF", "1e400", "NaN", "٣", "-0", "12abc", "0x10"]
    ),
    st.sampled_from(["2023-02-30", "=1+1", "\0", '"', '""', "\ufeff", "1 234", "9" * 30, "inf"]),
    st.text(max_size=8),
)
lines = st.lists(cells, max_size=6).map(lambda row: ",".join(row).encode("utf-8", "surrogatepass"))
anything = st.one_of(
    st.binary(max_size=200),
    st.lists(lines, max_size=8).map(lambda rows: b"\n".join([HEADER, *rows])),
    st.lists(st.one_of(lines, st.binary(max_size=20)), max_size=8).map(
        lambda rows: HEADER + b"\r\n" + b"\r".join(rows)
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(deliveries=st.lists(st.tuples(st.sampled_from(list(HEADERS)), anything), max_size=3))
@example(deliveries=[("sales", HEADER + b'\n2025-03-03,"P1"x,1,1\n2025-03-03,P1,1,1')])
@example(deliveries=[("sales", HEADER + b"\n\xff\xfe\x00"), ("products", b"\xff\xfe")])
@example(deliveries=[("sales", b"\xef\xbb\xbf" + HEADER + b"\n" + b"\xc3\x28,1,1,1")])
def test_any_bytes_as_any_source_leave_a_sound_database_with_closed_balances(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[tuple[str, bytes]]
) -> None:
    shop = Shop(tmp_path_factory.mktemp("any") / "shop")
    shop.run()
    for source, content in deliveries:
        shop.write_bytes(source, content)
        run = shop.run()
        told = outcome(run, source)
        assert told.status in ("imported", "skipped", "refused", "not fetched")
        assert told.counts is None or told.counts.closes()
        assert told.status == "imported" or told.message
    assert sound(shop)
    rejects = shop.query("select code, message, line from _rejects")
    assert all(code in REJECT_CODES and message and line > 1 for code, message, line in rejects)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (HEADER + b'\n2025-03-03,"P1,1,1\n2025-03-04,P1,1,1\n', "a quote opens"),
        (HEADER + b"," + b"x" * 100_000_000, "a line is longer than"),
        (HEADER + b"," + b",".join(b"%d" % n for n in range(1_000_000)), "1,000,004 columns"),
        (
            HEADER + b'\n2025-03-03,"' + b"\n".join([b"x" * 1000] * 10_000) + b'",1,1',
            "a cell is longer",
        ),
        (HEADER + b",Date\n2025-03-03,P1,1,1,2025-03-03\n", "'Date' 2 times"),
        (b"<!doctype html><title>Sign in</title>", "HTML"),
        (b"", "empty"),
        (b"\n\n\n", "empty"),
        (b"\xef\xbb\xbf" + HEADER + b"\n\xc3\x28,P1,1,1", "byte"),
    ],
    ids=[
        "a quote never closed",
        "a line of 100 MB",
        "a million columns",
        "a cell of 10 MB",
        "a header twice",
        "HTML",
        "nothing",
        "blank lines",
        "not the encoding it says",
    ],
)
def test_what_is_not_the_declared_file_is_refused_whole_and_named(
    shop: Shop, content: bytes, code: str
) -> None:
    shop.run()
    before = shop.sales()
    shop.write_bytes("sales", content)
    run = shop.run()
    assert run.exit_code == 3
    assert code in outcome(run, "sales").message
    assert "hint: " in outcome(run, "sales").message
    assert shop.sales() == before


def test_a_header_without_records_withdraws_nothing(shop: Shop) -> None:
    shop.run()
    shop.write("sales", [])
    run = shop.run()
    assert counts(run, "sales") == {}
    assert len(shop.sales()) == len(SALES)


@pytest.mark.parametrize(
    "quantity", ["1e400", "NaN", "٣", "12abc", "0x10", "1_0", "--1", "1.5", "½"]
)
def test_what_only_looks_like_a_number_is_rejected(shop: Shop, quantity: str) -> None:
    shop.write("sales", [*SALES, ("2025-03-03", "P1", quantity, "1")])
    assert counts(shop.run(), "sales") == {"read": 6, "inserted": 5, "rejected": 1}
    assert shop.query("select code, value from _rejects") == [("type-error", quantity)]


def test_minus_zero_is_zero(shop: Shop) -> None:
    shop.write("products", [*PRODUCTS, ("Rien", "P4", "-0", "-0")])
    shop.run()
    assert shop.query("select price_cents, stock from products where product_id = 'P4'") == [(0, 0)]


def test_a_cell_that_a_spreadsheet_would_run_is_neutralised_in_csv_files(shop: Shop) -> None:
    names = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)"]
    shop.write("products", [(name, f"X{at}", "1", "1") for at, name in enumerate(names)] + PRODUCTS)
    shop.run()
    written = {line["product"] for line in csv_lines(shop, "sales_by_product")}
    assert {f"'{name}" for name in names} <= written
    assert shop.query("select count(*) from products where name = '=HYPERLINK(1)'") == [(1,)]


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "a | b",
        "«👩‍👩‍👧» emoji",
        "עברית",
        "O'Hara; --",
        "C:\\x",
        "&amp;",
    ],
)
def test_a_name_of_any_characters_is_stored_and_written_as_it_is(shop: Shop, name: str) -> None:
    shop.write("products", [(name, "P1", "1", "1"), *PRODUCTS[1:]])
    shop.run()
    assert shop.query("select name from products where product_id = 'P1'") == [(name,)]
    assert name in {line["product"] for line in csv_lines(shop, "sales_by_product")}
    note = (shop.places.results / "summary.md").read_text(encoding="utf-8")
    assert "<script" not in note


def test_one_date_far_away_does_not_withdraw_the_history_it_jumps_over(shop: Shop) -> None:
    history = [(f"2025-03-{day:02}", "P1", str(n), "1") for day in range(1, 21) for n in (1, 2)]
    shop.write("sales", history)
    shop.run()
    shop.write("sales", [("1925-03-30", "P1", "1", "1"), *history[30:]])
    run = shop.run()
    assert outcome(run, "sales").status == "refused"
    assert len(shop.sales()) == len(history)


def test_mixed_line_ends_are_line_ends(shop: Shop) -> None:
    shop.write_bytes(
        "sales", HEADER + b"\r2025-03-03,P1,1,1\n2025-03-04,P1,1,1\r\n2025-03-05,P1,1,1"
    )
    assert counts(shop.run(), "sales") == {"read": 3, "inserted": 3}
