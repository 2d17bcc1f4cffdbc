"""What becomes of records: occurrences, corrections, coverage, history, prices, references."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.shop import PRODUCTS, SALES, STORES, Shop, counts, outcome


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def test_identical_lines_are_separate_sales_numbered_by_occurrence(shop: Shop) -> None:
    shop.run()
    assert shop.query("select occurrence from sales where date = '2025-03-04' order by 1") == [
        (1,),
        (2,),
    ]


def test_the_same_lines_in_any_order_add_nothing(shop: Shop) -> None:
    shop.run()
    before = shop.sales()
    shuffled = SALES.copy()
    random.Random(4).shuffle(shuffled)
    shop.write("sales", shuffled)
    assert counts(shop.run(), "sales") == {"read": 5, "known": 5}
    assert shop.sales() == before


def test_three_more_lines_one_a_repeat_and_one_alike_add_three(shop: Shop) -> None:
    shop.run()
    repeat, alike = SALES[2], ("2025-03-04", "P1", "3", "2")
    shop.write("sales", [*SALES, repeat, alike, ("2025-03-07", "P2", "1", "3")])
    assert counts(shop.run(), "sales") == {"read": 8, "inserted": 3, "known": 5}
    assert shop.query("select max(occurrence) from sales") == [(3,)]


def test_a_corrected_line_replaces_the_wrong_one(shop: Shop) -> None:
    shop.run()
    corrected = [("2025-03-03", "P1", "7", "1"), *SALES[1:]]
    shop.write("sales", corrected)
    run = shop.run()
    assert counts(run, "sales") == {"read": 5, "inserted": 1, "known": 4, "withdrawn": 1}
    found = outcome(run, "sales").counts
    assert found is not None
    assert found.withdrawn_cents == 1000
    assert shop.query("select kind, key, old, amount_cents from _changes") == [
        (
            "withdrawn",
            '{"date":"2025-03-03","product_id":"P1","store_id":1,"quantity":1,"occurrence":1}',
            '{"unit_price_cents":1000}',
            1000,
        )
    ]


@pytest.mark.parametrize("kept", [SALES[2:], SALES[:3], SALES[3:4]])
def test_a_trimmed_or_truncated_or_older_file_loses_no_day_it_does_not_cover(
    shop: Shop, kept: list[tuple[str, ...]]
) -> None:
    shop.run()
    days = {line[0] for line in kept}
    shop.write("sales", kept)
    shop.run()
    first, last = min(days), max(days)
    outside = [line for line in SALES if not first <= line[0] <= last]
    inside = [line for line in kept if first <= line[0] <= last]
    assert len(shop.sales()) == len(outside) + len(inside)


def test_a_file_with_holes_over_the_limit_is_refused_whole(shop: Shop) -> None:
    many = [(f"2025-03-{day:02}", "P1", str(n), "1") for day in range(1, 21) for n in range(1, 6)]
    shop.write("sales", many)
    shop.run()
    shop.write("sales", [line for at, line in enumerate(many) if at % 5 or at in (0, 95)])
    run = shop.run()
    assert outcome(run, "sales").status == "refused"
    assert "18 of the 100 rows" in outcome(run, "sales").message
    assert run.exit_code == 1
    assert len(shop.sales()) == 100


def test_more_than_a_tenth_rejected_refuses_the_delivery_and_keeps_the_rejects(shop: Shop) -> None:
    shop.run()
    before = shop.sales()
    bad = [("2025-03-05", "P9", "1", "1")] * 11
    shop.write("sales", [*SALES, *bad])
    run = shop.run()
    assert (outcome(run, "sales").status, run.exit_code) == ("refused", 1)
    assert outcome(run, "sales").counts is None
    assert shop.sales() == before
    assert shop.query("select count(*), count(distinct line) from _rejects") == [(11, 11)]


def test_a_delivery_refused_is_tried_again_until_it_is_good(shop: Shop) -> None:
    shop.run()
    shop.write("sales", [*SALES, *[("2025-03-05", "P9", "1", "1")] * 11])
    assert [shop.run().exit_code, shop.run().exit_code] == [1, 1]
    shop.write("products", [*PRODUCTS, ("Neuf", "P9", "1.00", "1")])
    run = shop.run()
    assert run.exit_code == 0
    assert counts(run, "sales")["inserted"] == 11
    assert shop.query("select distinct resolution from _rejects") == [("accepted",)]


def test_a_sale_keeps_the_price_it_was_first_imported_with(shop: Shop) -> None:
    shop.run()
    revenue = shop.revenue()
    shop.write("products", [("Savon", "P1", "99.00", "50"), *PRODUCTS[1:]])
    shop.write("sales", [*SALES, ("2025-03-07", "P1", "1", "1")])
    run = shop.run()
    assert counts(run, "products") == {"read": 3, "known": 2, "changed": 1}
    assert shop.revenue() == pytest.approx(revenue + 99)
    assert shop.query("select key, old from _changes") == [
        ('{"product_id":"P1"}', '{"name":"Savon","price_cents":1000,"stock":50}')
    ]


def test_a_sale_of_an_unknown_product_comes_in_once_the_product_exists(shop: Shop) -> None:
    shop.write("sales", [*SALES, ("2025-03-05", "P9", "2", "1")])
    run = shop.run()
    assert counts(run, "sales") == {"read": 6, "inserted": 5, "rejected": 1}
    assert shop.query('select code, "column", value from _rejects') == [
        ("foreign-key-error", "product_id", "P9")
    ]
    shop.write("products", [*PRODUCTS, ("Neuf", "P9", "3.00", "1")])
    run = shop.run()
    assert counts(run, "sales") == {"read": 6, "inserted": 1, "known": 5}
    assert shop.query("select resolution, resolved_run from _rejects") == [("accepted", 2)]


def test_a_reject_corrected_in_the_source_is_gone(shop: Shop) -> None:
    shop.write("sales", [*SALES, ("2025-03-05", "P1", "0", "1")])
    shop.run()
    shop.write("sales", [*SALES, ("2025-03-05", "P1", "1", "1")])
    shop.run()
    assert shop.query("select resolution from _rejects") == [("gone",)]


def test_a_reject_stays_open_while_it_is_in_the_source(shop: Shop) -> None:
    bad = ("2025-03-05", "P1", "0", "1")
    shop.write("sales", [*SALES, bad])
    shop.run()
    shop.write("sales", [*SALES, ("2025-03-07", "P1", "1", "1"), bad])
    shop.run()
    assert shop.query("select line, first_run, resolved_run from _rejects") == [(8, 1, None)]


def test_every_error_of_a_line_is_reported_with_its_raw_text(shop: Shop) -> None:
    shop.write("sales", [*SALES, ("2025-02-30", "P9", "many", "")])
    run = shop.run()
    assert counts(run, "sales")["rejected"] == 1
    assert shop.query('select code, "column", raw from _rejects order by reject_id') == [
        ("type-error", "date", "2025-02-30,P9,many,"),
        ("foreign-key-error", "product_id", "2025-02-30,P9,many,"),
        ("type-error", "quantity", "2025-02-30,P9,many,"),
        ("constraint-error", "store_id", "2025-02-30,P9,many,"),
    ]


def test_a_second_record_with_the_same_key_is_rejected_where_repeats_are_not_declared(
    shop: Shop,
) -> None:
    shop.write("products", [*PRODUCTS, ("Autre", "P1", "5.00", "1")])
    run = shop.run()
    assert counts(run, "products") == {"read": 4, "inserted": 3, "rejected": 1}
    assert shop.query('select line, code, "column", value from _rejects') == [
        (5, "unique-error", "product_id", "P1")
    ]
    assert shop.query("select name from products where product_id = 'P1'") == [("Savon",)]


def test_a_product_that_sales_refer_to_is_marked_gone_and_one_without_is_withdrawn(
    shop: Shop,
) -> None:
    shop.write("products", [*PRODUCTS, ("Seul", "P4", "1.00", "1")])
    shop.run()
    revenue = shop.revenue()
    shop.write("products", PRODUCTS[1:])
    run = shop.run()
    assert counts(run, "products") == {"read": 2, "known": 2, "withdrawn": 2}
    assert shop.query("select product_id, gone from products order by 1") == [
        ("P1", 1),
        ("P2", 0),
        ("P3", 0),
    ]
    assert shop.query("select kind from _changes order by 1") == [("gone",), ("withdrawn",)]
    assert shop.revenue() == revenue


def test_a_product_that_comes_back_is_inserted_again(shop: Shop) -> None:
    shop.run()
    shop.write("products", PRODUCTS[1:])
    shop.run()
    shop.write("products", PRODUCTS)
    run = shop.run()
    assert counts(run, "products") == {"read": 3, "inserted": 1, "known": 2}
    assert shop.query("select count(*) from products where gone = 1") == [(0,)]


def test_an_error_that_follows_from_another_says_so(shop: Shop) -> None:
    shop.environment["PRODUCTS_URL"] = "data/nothing.csv"
    run = shop.run()
    assert run.exit_code == 3
    assert outcome(run, "products").status == "not fetched"
    messages = shop.query("select distinct message from _rejects where \"column\" = 'product_id'")
    assert messages
    assert all("products was not fetched in this run" in message for (message,) in messages)


def test_a_source_that_fails_leaves_the_others_going(shop: Shop) -> None:
    shop.run()
    shop.environment["STORES_URL"] = "data/nothing.csv"
    shop.write("sales", [*SALES, ("2025-03-07", "P1", "1", "1")])
    run = shop.run()
    assert run.exit_code == 3
    assert counts(run, "sales")["inserted"] == 1
    assert shop.query("select count(*) from stores") == [(3,)]


def test_blank_lines_are_counted_and_not_rejected(shop: Shop) -> None:
    shop.write("sales", [*SALES[:2], (" ", "", "", ""), *SALES[2:4], (), SALES[4]])
    assert counts(shop.run(), "sales") == {"read": 7, "inserted": 5, "blank": 2}


def test_more_distinct_keys_than_are_counted_in_memory_give_the_same_occurrences(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = random.Random(5)
    lines = [
        (f"2025-03-{generator.randrange(1, 29):02}", "P1", str(generator.randrange(1, 4)), "1")
        for _ in range(600)
    ]
    shop.write("sales", lines)
    monkeypatch.setattr("app.rows.staging.MAX_COUNTED_KEYS", 5)
    monkeypatch.setattr("app.rows.staging.BATCH", 7)
    shop.run()
    limited = shop.sales()
    monkeypatch.undo()
    other = Shop(shop.root.parent / "other")
    other.write("sales", lines)
    other.run()
    assert limited == other.sales()
    assert len(limited) == 600


days = st.integers(1, 9).map(lambda day: f"2025-03-0{day}")
good = st.tuples(days, st.sampled_from(["P1", "P2"]), st.sampled_from("12"), st.sampled_from("12"))
bad = st.sampled_from([("2025-03-02", "P9", "1", "1"), ("", "P1", "x", "1"), ("2025-03-03", "P1")])
files = st.lists(st.one_of(good, good, good, good, bad), min_size=1, max_size=14)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(deliveries=st.lists(files, min_size=1, max_size=5))
def test_after_any_deliveries_the_covered_days_equal_a_fresh_import_and_the_balances_close(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[list[tuple[str, ...]]]
) -> None:
    shop = Shop(tmp_path_factory.mktemp("any") / "shop")
    shop.edit_project("[sources.sales]\n", "[sources.sales]\nmax_rejected = 1\nmax_withdrawn = 1\n")
    for lines in deliveries:
        shop.write("sales", lines)
        shop.run()
    fresh = Shop(tmp_path_factory.mktemp("fresh") / "shop")
    fresh.edit_project("[sources.sales]\n", "[sources.sales]\nmax_rejected = 1\n")
    fresh.write("sales", deliveries[-1])
    fresh.run()
    covered = fresh.query("select min(date), max(date) from sales")[0]
    if covered[0] is not None:
        assert [row for row in shop.sales() if covered[0] <= row[0] <= covered[1]] == fresh.sales()
    ledger = shop.query(
        "select read - inserted - known - changed - rejected - blank, "
        "rows_after - rows_before - inserted + withdrawn from _deliveries where status = 'imported'"
    )
    assert set(ledger) == {(0, 0)}
    assert shop.query("select count(*) from stores") == [(len(STORES),)]
