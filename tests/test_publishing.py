"""What is published, when it is replaced, and how the files follow the commit."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from app import pipeline
from app.answers.results import read_results, read_state
from app.database.store import connect
from app.errors import SqlFileError
from tests.shop import PRODUCTS, SALES, STORES, Shop

MORE = ("2025-03-07", "P1", "1", "1")
NO_SALE_OVER = """-- title: No sale of {most} units or more
-- severity: {severity}
select date, product_id, quantity from sales where quantity >= {most}
"""
UNITS = """-- title: Units
-- format: units=integer
select sum(quantity) as units from sales
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def sql(shop: Shop, name: str, text: str) -> Path:
    path = shop.root / "sql" / f"{name}.sql"
    path.write_text(text, encoding="utf-8")
    return path


def file(shop: Shop, name: str) -> str:
    return (shop.places.results / name).read_text(encoding="utf-8")


def files(shop: Shop) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shop.places.results.iterdir()}


# Checks --------------------------------------------------------------------------------------


def test_a_blocking_check_keeps_the_last_good_results_marked_with_their_run(shop: Shop) -> None:
    shop.run()
    good = shop.table("sales_by_day")
    sql(shop, "checks/no_big_sale", NO_SALE_OVER.format(most=100, severity="error"))
    shop.run()
    shop.write("sales", [*SALES, ("2025-03-07", "P1", "100", "1")])
    run = shop.run()
    assert (run.status, run.exit_code, run.published_run) == ("blocked", 1, 2)
    assert shop.table("sales_by_day") == good
    assert len(shop.sales()) == 6  # imported all the same: the next run need not fetch it again
    assert shop.query("select distinct run_id from _results") == [(2,)]
    assert [c.row_count for c in run.checks if c.blocks] == [1]
    with closing(connect(shop.places.database)) as connection:
        state = read_state(connection, list(shop.project().sources))
    assert (state.blocked, state.published_run) == (True, 2)
    summary = file(shop, "summary.md")
    assert "These are not the latest data: a check blocked publication (no_big_sale)" in summary
    assert "Results of run 2" in summary


def test_a_block_stands_until_its_cause_is_gone(shop: Shop) -> None:
    shop.run()
    sql(shop, "checks/no_big_sale", NO_SALE_OVER.format(most=100, severity="error"))
    shop.write("sales", [*SALES, ("2025-03-07", "P1", "100", "1")])
    assert [shop.run().status for _ in range(3)] == ["blocked", "blocked", "blocked"]
    shop.write("sales", SALES)
    shop.edit_project('covers      = { days_of = "date" }', 'covers = "all"')
    run = shop.run()
    assert (run.status, run.exit_code, run.published_run) == ("published", 0, run.run_id)
    assert "not the latest" not in file(shop, "summary.md")


def test_a_blocking_check_that_is_taken_out_again_leaves_nothing_behind(shop: Shop) -> None:
    shop.run()
    path = sql(shop, "checks/no_sale", NO_SALE_OVER.format(most=1, severity="error"))
    assert shop.run().status == "blocked"
    path.unlink()
    run = shop.run()
    assert (run.exit_code, [check.name for check in run.checks if check.blocks]) == (0, [])
    assert shop.run().status == "unchanged"
    with closing(connect(shop.places.database)) as connection:
        assert not read_state(connection, list(shop.project().sources)).blocked
    assert "blocked" not in file(shop, "summary.md")


def test_a_check_that_warns_publishes_and_says_so(shop: Shop) -> None:
    sql(shop, "checks/no_big_sale", NO_SALE_OVER.format(most=4, severity="warn"))
    run = shop.run()
    assert (run.status, run.exit_code) == ("published", 0)
    (found,) = [check for check in run.checks if check.row_count]
    assert (found.name, found.severity, found.row_count) == ("no_big_sale", "warn", 1)
    assert "No sale of 4 units or more" in file(shop, "summary.md")


def test_a_first_run_that_is_blocked_publishes_nothing(shop: Shop) -> None:
    sql(shop, "checks/no_sale", NO_SALE_OVER.format(most=1, severity="error"))
    run = shop.run()
    assert (run.status, run.exit_code, run.published_run) == ("blocked", 1, None)
    assert not shop.places.results.exists()
    assert shop.query("select name from sqlite_schema where name = 'revenue_total'") == []
    assert len(shop.sales()) == 5


# SQL files -----------------------------------------------------------------------------------


def test_a_new_sql_file_gives_a_table_and_a_csv(shop: Shop) -> None:
    shop.run()
    sql(shop, "analyses/units", UNITS)
    run = shop.run()
    assert run.status == "published"
    assert shop.query("select * from units") == [(10,)]
    assert file(shop, "units.csv") == "units\n10\n"


def test_a_sql_file_taken_out_takes_its_table_and_csv_with_it(shop: Shop) -> None:
    path = sql(shop, "analyses/units", UNITS)
    (shop.places.results).mkdir()
    (shop.places.results / "mine.csv").write_text("x")
    shop.run()
    path.unlink()
    assert shop.run().status == "published"
    assert shop.query("select name from sqlite_schema where name = 'units'") == []
    assert "units.csv" not in files(shop)
    assert "mine.csv" in files(shop)


def test_a_changed_sql_file_is_published_though_no_data_is_new(shop: Shop) -> None:
    path = sql(shop, "analyses/units", UNITS)
    shop.run()
    path.write_text(UNITS.replace("sum(quantity)", "2 * sum(quantity)"))
    run = shop.run()
    assert (run.status, {o.status for o in run.outcomes}) == ("published", {"skipped"})
    assert file(shop, "units.csv") == "units\n20\n"


def test_a_mart_may_become_a_table_and_a_view_again(shop: Shop) -> None:
    text = "-- title: Lines{}\nselect date, quantity from sales"
    kinds = []
    for header in ("", "\n-- as: table", ""):
        sql(shop, "marts/lines", text.format(header))
        shop.run()
        kinds += shop.query("select type from sqlite_schema where name = 'lines'")
    assert kinds == [("view",), ("table",), ("view",)]


def test_a_question_about_the_rejects_is_answered_anew_when_they_change(shop: Shop) -> None:
    sql(
        shop,
        "analyses/open_rejects",
        "-- title: Open\nselect count(*) as n from _rejects where resolved_run is null",
    )
    shop.run()
    assert shop.query("select n from open_rejects") == [(0,)]
    shop.write("sales", [*SALES, ("2025-03-06", "P9", "1", "1")])
    shop.run()
    assert shop.query("select n from open_rejects") == [(1,)]
    assert shop.run().status == "unchanged"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("analyses/bad", "select missing from sales order by 1", "no such column: missing"),
        ("analyses/bad", "selec 1", "does not begin a select"),
        ("analyses/bad", "select date from salse order by date", "there is no table 'salse'"),
        ("marts/bad", "select round(quantity) as x from sales", "round"),
        ("checks/bad", "select date from sales where nosuch = 1", "no such column: nosuch"),
        ("analyses/sales", UNITS, "its name is that of the table sales"),
        ("analyses/calendar", UNITS, "its name is that of the table calendar"),
        ("analyses/fct_sales", UNITS, "its name is that of sql/"),
    ],
)
def test_a_mistake_in_sql_is_told_before_anything_is_fetched(
    shop: Shop, name: str, text: str, message: str
) -> None:
    shop.run()
    before = shop.query("select count(*) from _deliveries")
    sql(shop, name, text)
    with pytest.raises(SqlFileError) as caught:
        shop.run()
    assert caught.value.exit_code == 2
    assert message in str(caught.value)
    assert f"sql/{name.partition('/')[0]}" in str(caught.value)
    assert shop.query("select count(*) from _deliveries") == before


# Files ---------------------------------------------------------------------------------------


def test_files_that_were_altered_or_deleted_are_written_again(shop: Shop) -> None:
    shop.run()
    good = files(shop)
    results = shop.places.results
    (results / "sales_by_city.csv").write_text("nothing")
    (results / "sales_by_day.csv").unlink()
    (results / "summary.md").write_bytes(b"")
    run = shop.run()
    assert (run.status, run.files_written) == ("unchanged", True)
    assert files(shop) == good


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"files": 3}', b'{"files": {}, "key": 1}'])
def test_a_damaged_manifest_is_written_again(shop: Shop, damage: bytes) -> None:
    shop.run()
    good = files(shop)
    (shop.places.results / "manifest.json").write_bytes(damage)
    assert shop.run().files_written
    assert files(shop) == good


def test_a_run_with_nothing_new_leaves_the_files_untouched(shop: Shop) -> None:
    shop.run()
    times = {path.name: path.stat().st_mtime_ns for path in shop.places.results.iterdir()}
    assert not shop.run().files_written
    after = {path.name: path.stat().st_mtime_ns for path in shop.places.results.iterdir()}
    assert after == times


def test_the_manifest_tells_what_the_files_are(shop: Shop) -> None:
    shop.run()
    manifest = json.loads(file(shop, "manifest.json"))
    assert manifest["run_id"] == 1
    assert set(manifest["files"]) == files(shop).keys() - {"manifest.json"}


def test_the_files_hold_what_the_tables_hold(shop: Shop) -> None:
    shop.run()
    models = pipeline.load_models(shop.project())
    with closing(connect(shop.places.database)) as connection:
        results = read_results(connection, models)
    for result in results:
        lines = file(shop, f"{result.model.name}.csv").splitlines()
        assert lines[0] == ",".join(result.columns)
        assert len(lines) == 1 + len(result.rows)


def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(shop: Shop) -> None:
    shop.write("products", [("=1+1", "P1", "10.00", "50"), *PRODUCTS[1:]])
    shop.run()
    assert "'=1+1" in file(shop, "sales_by_product.csv")
    assert shop.query("select name from products where product_id = 'P1'") == [("=1+1",)]


@pytest.mark.parametrize("name", ["\x1b[31mred", "\x07\ufffe\uffff\u202e", "x" * 20_000])
def test_a_name_that_no_chart_can_hold_is_published_all_the_same(shop: Shop, name: str) -> None:
    shop.write("products", [(name, "P1", "10.00", "50"), *PRODUCTS[1:]])
    assert shop.run().status == "published"
    assert name in file(shop, "sales_by_product.csv")


def test_a_source_that_fails_is_told_in_the_note(shop: Shop) -> None:
    shop.run()
    shop.environment["STORES_URL"] = "data/nothing.csv"
    run = shop.run()
    assert (run.status, run.files_written) == ("unchanged", True)
    assert "**not fetched**" in file(shop, "summary.md")
    del shop.environment["STORES_URL"]
    shop.environment["STORES_URL"] = "data/stores.csv"
    assert shop.run().files_written
    assert "not fetched" not in file(shop, "summary.md")


# Readers -------------------------------------------------------------------------------------


def test_readers_see_one_complete_run_while_others_are_published(shop: Shop) -> None:
    shop.run()
    mixed: list[tuple[object, ...]] = []
    seen: set[int] = set()
    done = threading.Event()

    def poll() -> None:
        with closing(connect(shop.places.database)) as connection:
            while not done.is_set():
                connection.execute("begin")
                (total,) = connection.execute("select units from revenue_total").fetchone()
                (days,) = connection.execute("select sum(units) from sales_by_day").fetchone()
                (cities,) = connection.execute("select sum(units) from sales_by_city").fetchone()
                connection.execute("commit")
                seen.add(total)
                if not total == days == cities:
                    mixed.append((total, days, cities))

    readers = [threading.Thread(target=poll) for _ in range(2)]
    for reader in readers:
        reader.start()
    lines = SALES.copy()
    try:
        for _ in range(5):
            lines.append(MORE)
            shop.write("sales", lines)
            shop.run()
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert mixed == []
    assert len(seen) > 1


def test_a_reader_cannot_write(shop: Shop) -> None:
    shop.run()
    with (
        closing(connect(shop.places.database)) as connection,
        pytest.raises(sqlite3.OperationalError),
    ):
        connection.execute("delete from sales")


def test_places_and_products_without_sales_appear_with_zero(shop: Shop) -> None:
    shop.write("stores", [*STORES, ("9", "Brest", "1")])
    shop.run()
    assert shop.query("select units, revenue from sales_by_city where city = 'Brest'") == [(0, 0.0)]
