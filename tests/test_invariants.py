"""What always holds, one test for each promise of docs/guarantees.md; details are in the others."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from app.rows import merging
from tests.shop import PRODUCTS, REPOSITORY, SALES, STORES, Shop, outcome

BALANCES = (
    "select source, read - inserted - known - changed - rejected - blank, "
    "rows_after - rows_before - inserted + withdrawn from _deliveries where status = 'imported'"
)
MORE = ("2025-03-07", "P2", "3", "3")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def everything(shop: Shop) -> list[object]:
    """The whole content of the database, but for times."""
    tables = shop.query("select name from sqlite_schema where type = 'table' order by name")
    ledger = "select run_id, source, status, read, inserted, known, changed, withdrawn from "
    return [
        (name, shop.query(f'select * from "{name}"'))
        for (name,) in tables
        if name not in ("_runs", "_deliveries", "_sources", "_state", "_sqlite_migrations")
    ] + [shop.query(f"{ledger} _deliveries"), shop.query("select run_id, status from _runs")]


def lines_of_every_kind(generator: random.Random) -> list[tuple[str, ...]]:
    good = [
        (f"2025-03-{generator.randrange(1, 29):02}", f"P{generator.randrange(1, 4)}", "1", "2")
        for _ in range(80)
    ]
    bad = [("2025-03-05", "P9", "1", "1"), ("soon", "P1", "0", ""), ("2025-03-06", "P1"), ("",)]
    lines = [*good, *bad]
    generator.shuffle(lines)
    return lines


def test_1_every_record_is_accounted_for(shop: Shop) -> None:
    generator = random.Random(1)
    shop.edit_project("[sources.sales]\n", "[sources.sales]\nmax_withdrawn = 1\n")
    for _ in range(4):
        lines = lines_of_every_kind(generator)
        shop.write("sales", lines)
        shop.write("stores", [*STORES[: generator.randrange(1, 4)], STORES[0]])
        run = shop.run()
        counts = outcome(run, "sales").counts
        assert counts is not None
        assert counts.read == len(lines)
        rows = shop.query("select count(*) from sales")[0][0]
        assert rows == counts.rows_after == counts.rows_before + counts.inserted - counts.withdrawn
        open_lines = shop.query(
            "select count(distinct line) from _rejects "
            "where source = 'sales' and resolved_run is null"
        )
        assert open_lines == [(counts.rejected,)]
    assert {row[1:] for row in shop.query(BALANCES)} == {(0, 0)}


def test_1_a_balance_that_does_not_close_undoes_the_run(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run()
    before = everything(shop)
    monkeypatch.setattr(merging.Merge, "_count_known", lambda _self: 6)
    shop.write("sales", [*SALES, MORE])
    with pytest.raises(AssertionError, match="the balance of sales does not close"):
        shop.run()
    assert everything(shop) == before


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {repository!r})
from app import pipeline
from tests.shop import Shop
shop = Shop.__new__(Shop)
shop.root = Path({root!r})
from app.runs import Places
shop.places = Places(shop.root / "db" / "sales.db", shop.root / "results")
shop.environment = {environment!r}
from app.rows import importer
where = importer if {point!r} == "import_delivery" else pipeline
real = getattr(where, {point!r})
def kill(*given, **named):
    done = real(*given, **named) if {after!r} else None
    os.kill(os.getpid(), signal.SIGKILL)
where.{point} = kill
shop.run()
"""


@pytest.mark.parametrize(
    ("point", "after"),
    [
        ("collect", True),
        ("import_delivery", True),
        ("publish", False),
        ("publish", True),
        ("write_reports", False),
        ("write_reports", True),
    ],
)
def test_2_a_run_that_was_killed_is_done_whole_or_not_at_all_and_the_next_one_makes_it_good(
    shop: Shop, tmp_path: Path, point: str, after: bool
) -> None:
    shop.run()
    shop.write("sales", [*SALES, MORE])
    before = everything(shop)
    script = KILLED.format(
        repository=str(REPOSITORY),
        root=str(shop.root),
        environment=shop.environment,
        point=point,
        after=after,
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    committed = point == "write_reports"
    assert (everything(shop) == before) is not committed
    assert shop.query("pragma integrity_check") == [("ok",)]
    shop.run()
    clean = Shop(tmp_path / "clean")
    clean.run()
    clean.write("sales", [*SALES, MORE])
    clean.run()
    assert shop.sales() == clean.sales()
    assert shop.query("select * from sales_by_day") == clean.query("select * from sales_by_day")
    for name in ("sales_by_day.csv", "revenue_total.csv"):
        written = (shop.places.results / name).read_bytes()
        assert written == (clean.places.results / name).read_bytes()
    assert not list(shop.places.results.glob(".write-*"))
    beside = [{path.name for path in one.places.database.parent.iterdir()} for one in (shop, clean)]
    assert beside[0] == beside[1]


def test_3_nothing_is_overwritten_without_a_trace(shop: Shop) -> None:
    shop.run()
    shop.write("products", [("Savon doux", "P1", "11.00", "49"), *PRODUCTS[1:]])
    shop.write("sales", [("2025-03-03", "P1", "9", "1"), *SALES[1:]])
    shop.write("stores", STORES[:2])
    shop.run()
    assert shop.query('select source, kind, "key", old from _changes order by source') == [
        (
            "products",
            "changed",
            '{"product_id":"P1"}',
            '{"name":"Savon","price_cents":1000,"stock":50}',
        ),
        (
            "sales",
            "withdrawn",
            '{"date":"2025-03-03","product_id":"P1","store_id":1,"quantity":1,"occurrence":1}',
            '{"unit_price_cents":1000}',
        ),
        ("stores", "withdrawn", '{"store_id":3}', '{"city":"Lyon","employees":2}'),
    ]


def test_3_a_price_change_does_not_rewrite_past_revenue(shop: Shop) -> None:
    shop.run()
    revenue = shop.revenue()
    shop.write("products", [(name, ref, "99.99", stock) for name, ref, _, stock in PRODUCTS])
    run = shop.run()
    assert run.status == "published"
    assert shop.revenue() == revenue


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html><title>Sign in</title></html>",
        b"Date,Produit\r\n2025-03-03,P1",
        "Date,ID Référence produit,Quantité,ID Magasin\r\n03/27/2025,P1,1,1".encode(),
        "Date,ID Référence produit,Quantité,ID Magasin\r\n".encode() + b'"2025-03-03,P1,1,1\r\n',
        b"\x81\x8d\x8f",
        b"PK\x03\x04" + bytes(500),
    ],
)
def test_4_what_is_not_the_declared_file_is_refused_whole_and_the_others_go_on(
    shop: Shop, content: bytes
) -> None:
    shop.run()
    before = shop.sales()
    shop.write_bytes("sales", content)
    shop.write("stores", [*STORES, ("4", "Nice", "1")])
    run = shop.run()
    assert outcome(run, "sales").status in ("refused", "not fetched")
    assert run.exit_code == 3
    assert shop.sales() == before
    assert outcome(run, "stores").status == "imported"
    note = (shop.places.results / "summary.md").read_text(encoding="utf-8")
    assert re.search(r"sales.*(refused|not fetched)", note)


def test_5_readers_keep_the_last_good_results_when_a_check_blocks(shop: Shop) -> None:
    shop.run()
    tables = [name for (name,) in shop.query("select name from _results where row_count >= 0")]
    good = {name: shop.query(f"select * from {name}") for name in tables}
    (shop.root / "sql" / "checks" / "no_march_7.sql").write_text(
        "-- title: Closed on 7 March\n-- severity: error\n"
        "select date from sales where date = '2025-03-07'"
    )
    shop.write("sales", [*SALES, MORE])
    run = shop.run()
    assert (run.status, run.published_run, run.exit_code) == ("blocked", 1, 1)
    assert {name: shop.query(f"select * from {name}") for name in tables} == good


def test_6_a_run_with_nothing_new_leaves_the_data_and_the_results_untouched(shop: Shop) -> None:
    shop.run()
    ledger = ("_runs", "_deliveries", "_state")
    before = [entry for entry in everything(shop) if entry[0] not in ledger]  # type: ignore[index]
    run = shop.run()
    assert run.status == "unchanged"
    assert {o.status for o in run.outcomes} == {"skipped"}
    after = [entry for entry in everything(shop) if entry[0] not in ledger]  # type: ignore[index]
    assert after[:-2] == before[:-2]


def test_6_a_record_once_rejected_is_never_already_seen(shop: Shop) -> None:
    shop.write("sales", [*SALES, ("2025-03-07", "P9", "1", "1")])
    shop.run()
    shop.run()
    shop.write("products", [*PRODUCTS, ("Neuf", "P9", "1.00", "1")])
    shop.run()
    assert ("2025-03-07", "P9", 1, 1, 1) in shop.sales()


def test_7_figures_are_exact_and_every_breakdown_adds_up(shop: Shop) -> None:
    generator = random.Random(7)
    prices = {f"P{n}": f"{generator.randrange(1, 9999) / 100:.2f}" for n in range(1, 8)}
    shop.write("products", [(f"Produit {ref}", ref, price, "5") for ref, price in prices.items()])
    shop.write("stores", [*STORES, ("4", "Nullepart", "1"), ("5", "Nice", "1")])
    first = date(2024, 12, 20)
    lines = [
        (
            (first + timedelta(generator.randrange(30))).isoformat(),
            f"P{generator.randrange(1, 7)}",
            str(generator.randrange(1, 500)),
            str(generator.randrange(1, 5)),
        )
        for _ in range(400)
    ]
    shop.write("sales", lines)
    shop.run()
    exact = sum((Fraction(prices[line[1]]) * int(line[2]) for line in lines), Fraction(0))
    assert Fraction(str(shop.revenue())) == exact
    by_day = Counter[str]()
    for line in lines:
        by_day[line[0]] += int(line[2])
    for name in ("day", "week", "month", "weekday", "product", "city", "region", "store"):
        rows = shop.query(f"select revenue, units from sales_by_{name}")
        assert sum(Fraction(str(row[0])) for row in rows) == exact, name
        assert sum(row[1] for row in rows) == sum(by_day.values()), name
    days = shop.query("select date, units from sales_by_day order by date")
    last = date.fromisoformat(max(by_day))
    assert len(days) == (last - date.fromisoformat(min(by_day))).days + 1
    assert dict(days) == {day: by_day[day] for day, _ in days}
    assert shop.query("select units from sales_by_product where product_id = 'P7'") == [(0,)]
    assert shop.query("select units from sales_by_city where city = 'Nice'") == [(0,)]
    assert shop.query("select units > 0 from sales_by_region where region = 'Unknown'") == [(1,)]


def test_7_the_day_of_the_fetch_and_later_days_are_not_complete(shop: Shop) -> None:
    shop.run()
    (fetched,) = shop.query("select substr(min(fetched_at), 1, 10) from _deliveries")[0]
    day = date.fromisoformat(fetched)
    shop.write(
        "sales", [((day + timedelta(n)).isoformat(), "P1", "1", "1") for n in (-2, -1, 0, 1)]
    )
    shop.run()
    rows = shop.query("select is_complete from calendar order by date desc limit 4")
    assert [complete for (complete,) in rows][::-1] == [1, 1, 0, 0]
    assert shop.query("select last_complete_day from period") == [
        ((day - timedelta(1)).isoformat(),)
    ]
