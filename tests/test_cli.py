"""The command line as users meet it: verbs, help, JSON, exit codes, signals, no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.cli import VERBS
from tests.faulty_server import FaultyServer, hang
from tests.shop import PRODUCTS, REPOSITORY, SALES, Shop

NAMES = [verb.name or "" for verb in VERBS]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    (shop.root / ".env").write_text(
        "".join(f"{name}={value}\n" for name, value in shop.environment.items())
    )
    return shop


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tests' own, without what would lead a run elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("_URL") and not name.startswith("COMPTOIR")
    }
    return {**kept, "PYTHONPATH": str(REPOSITORY), **(extra or {})}


def command(shop: Shop, *words: str) -> list[str]:
    return [
        sys.executable,
        "-W",
        "error",
        "-m",
        "tests.undrawn",
        "--project",
        str(shop.root),
        *words,
    ]


def call(
    shop: Shop, *words: str, code: int = 0, extra: Mapping[str, str] | None = None, say: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a verb in a process of its own; it must end with `code`."""
    done = subprocess.run(
        command(shop, *words),
        cwd=shop.root,
        env=environment(extra),
        input=say,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == code, done.stdout + done.stderr
    return done


def answer(shop: Shop, *words: str, code: int = 0) -> Any:
    """What a verb prints as JSON, and nothing else."""
    done = call(shop, *words, "--json", code=code)
    assert done.stderr == ""
    return json.loads(done.stdout)


def everything(shop: Shop) -> dict[str, tuple[bytes, int]]:
    """Every file below the project: its bytes and when it was written.

    SQLite's own two files beside the database come and go with its readers.
    """
    return {
        str(path.relative_to(shop.root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(shop.root.rglob("*"))
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def balance(run: Any) -> dict[str, dict[str, int]]:
    """What a run did, or would do, with each imported source."""
    names = ("inserted", "known", "changed", "withdrawn", "rejected", "rows_after")
    imported = [source for source in run["sources"] if source["status"] == "imported"]
    return {source["source"]: {name: source[name] for name in names} for source in imported}


# Help ----------------------------------------------------------------------------------------


def test_help_names_every_verb(shop: Shop) -> None:
    text = call(shop, "--help").stdout
    assert set(NAMES) >= {"run", "status", "rejects", "check", "analyse", "reset"}
    assert all(f"\n  {name} " in text for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_verb_has_an_example_that_uses_it(shop: Shop, name: str) -> None:
    text = call(shop, name, "--help").stdout
    assert f"Example: python -m app {name}" in text


def test_help_is_given_without_loading_what_a_run_needs(shop: Shop) -> None:
    script = "import sys; import app.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    heavy = {"pandas", "requests", "sqlglot", "sqlite_utils", "duckdb", "altair"}
    assert heavy.isdisjoint(done.stdout.split())
    assert shop.root.exists()


def test_opening_a_database_loads_neither_pandas_nor_numpy() -> None:
    script = (
        "import sqlite3, sys; from app.database.migrations import upgrade;"
        "upgrade(sqlite3.connect(':memory:', isolation_level=None)); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "sqlite_utils" in loaded
    assert {"pandas", "numpy"}.isdisjoint(loaded)


# run -----------------------------------------------------------------------------------------


def test_a_first_run_tells_where_from_the_ledger_the_answers_the_rejects_and_where_to(
    shop: Shop,
) -> None:
    shop.write("sales", [*SALES, ("2025-03-06", "P9", "1", "1")])
    text = call(shop, "run").stdout
    assert "sales: " in text
    assert "bytes from data/sales.csv" in text
    ledger = next(line for line in text.splitlines() if line.startswith("sales     imported"))
    assert ledger.split()[2:] == ["6", "5", "0", "0", "1", "0", "0", "0", "5"]
    for words in ("Total revenue", "'P9' is not in products", "All of them: python -m app rejects"):
        assert words in text
    assert "results/report.html" in text


def test_a_second_run_says_in_a_line_that_nothing_is_new(shop: Shop) -> None:
    call(shop, "run")
    assert "Nothing new: the results are those of run 1.\n" in call(shop, "run").stdout


def test_a_run_as_json(shop: Shop) -> None:
    found = answer(shop, "run")
    assert {"run_id", "status", "exit_code", "sources", "checks", "dry_run"} <= found.keys()
    sales = next(source for source in found["sources"] if source["source"] == "sales")
    assert (sales["status"], sales["read"], sales["inserted"]) == ("imported", 5, 5)
    assert answer(shop, "run")["status"] == "unchanged"


@pytest.mark.parametrize("first", [True, False])
def test_a_dry_run_says_what_would_be_done_and_writes_nothing(shop: Shop, first: bool) -> None:
    if not first:
        call(shop, "run")
    shop.write("products", [("Savon", "P1", "12.00", "50"), *PRODUCTS[1:]])
    shop.write("sales", [*SALES[1:], ("2025-03-06", "P9", "1", "1"), SALES[1]])
    before = everything(shop)
    text = call(shop, "run", "--dry-run").stdout
    found = answer(shop, "run", "--dry-run")
    assert everything(shop) == before
    assert "Dry run: nothing was written. New results would be published." in text
    assert "'P9' is not in products" in text
    assert (found["dry_run"], found["new_rejects"][0]["value"]) == (True, "P9")
    assert balance(found) == balance(answer(shop, "run"))


def test_a_dry_run_tells_which_check_would_block(shop: Shop) -> None:
    call(shop, "run")
    (shop.root / "sql" / "checks" / "nothing_sold.sql").write_text(
        "-- title: Nothing is sold\n-- severity: error\nselect date from sales"
    )
    text = call(shop, "run", "--dry-run", code=1).stdout
    assert "nothing_sold" in text
    assert "Nothing would be published: a blocking check would fail." in text


def test_an_offline_run_uses_the_archive(shop: Shop) -> None:
    call(shop, "run")
    shop.file("sales").unlink()
    assert "(archived, fetched 20" in call(shop, "run", "--offline").stdout
    shop.edit_project('type = "integer", min = 1, max = 1_000_000', 'type = "integer", min = 1')
    found = answer(shop, "run", "--offline")
    sales = next(source for source in found["sources"] if source["source"] == "sales")
    assert (sales["status"], sales["known"]) == ("imported", 5)


def test_offline_without_an_archive_says_so(shop: Shop) -> None:
    assert "no delivery is archived" in call(shop, "run", "--offline", code=3).stdout


def test_the_places_come_from_options_or_the_environment(shop: Shop, tmp_path: Path) -> None:
    call(shop, "run", "--db", str(tmp_path / "a.db"), "--results", str(tmp_path / "a"))
    places = {"COMPTOIR_DB": str(tmp_path / "b.db"), "COMPTOIR_RESULTS": str(tmp_path / "b")}
    call(shop, "run", extra=places)
    for name in "ab":
        assert (tmp_path / f"{name}.db").is_file()
        assert (tmp_path / name / "revenue_total.csv").is_file()
    assert not shop.places.database.exists()


def test_the_project_is_that_of_the_folder_one_is_in(shop: Shop) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "run", "--json"],
        cwd=shop.root / "sql" / "checks",
        env=environment(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["status"] == "published"
    assert shop.places.database.exists()


# The other verbs -----------------------------------------------------------------------------


def test_status_tells_how_fresh_each_source_is(shop: Shop) -> None:
    call(shop, "run")
    assert "Results: of run 1" in call(shop, "status").stdout
    found = answer(shop, "status")
    assert (found["published_run"], found["blocked"]) == (1, False)
    sales = next(source for source in found["sources"] if source["source"] == "sales")
    assert (sales["rows"], sales["last_status"]) == (5, "imported")


def test_rejects_are_listed_by_source_and_code_open_and_resolved(shop: Shop) -> None:
    bad = [("2025-03-06", "P9", "1", "1"), ("2025-03-06", "P1", "0", "1")]
    shop.write("sales", [*SALES, *bad])
    call(shop, "run")
    assert [r["code"] for r in answer(shop, "rejects")] == ["foreign-key-error", "constraint-error"]
    assert len(answer(shop, "rejects", "--limit", "1")) == 1
    assert answer(shop, "rejects", "products") == []
    (one,) = answer(shop, "rejects", "sales", "--code", "constraint-error")
    assert one | {"run_id": 1, "resolved_run": None} == one
    assert (one["line"], one["column"], one["value"], one["raw"]) == (
        8,
        "quantity",
        "0",
        "2025-03-06,P1,0,1",
    )
    shop.write("sales", SALES)
    call(shop, "run")
    assert call(shop, "rejects").stdout == "no open rejects\n"
    assert {r["resolution"] for r in answer(shop, "rejects", "--resolved")} == {"gone"}


def test_check_shows_the_rows_that_should_not_exist(shop: Shop) -> None:
    call(shop, "run")
    (shop.root / "sql" / "checks" / "no_p3.sql").write_text(
        "-- title: No basket is sold\n-- severity: error\n"
        "select date, product_id from sales where product_id = 'P3'"
    )
    before = everything(shop)
    text = call(shop, "check", "--show", code=1).stdout
    assert "2025-03-06" in text
    found = {result["name"]: result for result in answer(shop, "check", code=1)}
    assert found["no_p3"]["first_rows"] == [{"date": "2025-03-06", "product_id": "P3"}]
    assert everything(shop) == before


def test_analyse_answers_again_without_fetching(shop: Shop) -> None:
    call(shop, "run")
    shop.file("sales").unlink()
    assert "Paris" in call(shop, "analyse", "sales_by_city").stdout
    found = answer(shop, "analyse", "revenue_total")
    assert found["revenue_total"][0]["units"] == 10
    assert "did you mean 'sales_by_city'?" in call(shop, "analyse", "sale_by_city", code=2).stderr


def test_reset_begins_afresh_and_asks_first(shop: Shop) -> None:
    call(shop, "run")
    before = everything(shop)
    assert "say --yes" in call(shop, "reset", code=2).stderr
    assert everything(shop) == before
    (shop.places.results / "mine.csv").write_text("x")
    call(shop, "reset", "--yes")
    assert [path.name for path in shop.places.results.iterdir()] == ["mine.csv"]
    assert "nothing was imported into this database yet" in call(shop, "status", code=4).stderr
    assert "python -m app run" in call(shop, "rejects", code=4).stderr
    assert answer(shop, "run")["run_id"] == 1


@pytest.mark.parametrize("verb", ["status", "rejects", "check", "analyse"])
def test_a_verb_before_the_first_run_says_so(shop: Shop, verb: str) -> None:
    done = call(shop, verb, code=4)
    assert "there is no database yet" in done.stderr
    assert "run `python -m app run` first" in done.stderr
    assert not shop.places.database.exists()


# Exit codes ----------------------------------------------------------------------------------


def test_content_that_is_not_fit_ends_with_1(shop: Shop) -> None:
    shop.write("sales", [*SALES, *[("2025-03-05", "P9", "1", "1")] * 11])
    assert "refused" in call(shop, "run", code=1).stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fly"], "No such command 'fly'"),
        (["run", "--fast"], "No such option"),
        (["rejects", "sale"], "did you mean 'sales'?"),
        (["rejects", "--code", "type-eror"], "did you mean 'type-error'?"),
        (["rejects", "--limit", "0"], "0 is not in the range"),
    ],
)
def test_a_wrong_command_ends_with_2(shop: Shop, words: list[str], message: str) -> None:
    assert message in call(shop, *words, code=2).stderr


def test_a_wrong_project_file_ends_with_2(shop: Shop) -> None:
    shop.edit_project('type = "money"', 'type = "monney"')
    text = call(shop, "run", code=2).stderr
    assert "error: " in text
    assert "did you mean 'money'?" in text
    assert not shop.places.database.exists()


def test_a_source_that_cannot_be_fetched_ends_with_3_and_the_others_go_on(shop: Shop) -> None:
    shop.file("stores").unlink()
    found = answer(shop, "run", code=3)
    assert {s["source"]: s["status"] for s in found["sources"]}["products"] == "imported"


def test_of_several_codes_the_highest_is_given(shop: Shop) -> None:
    shop.file("stores").unlink()
    shop.write("products", [*PRODUCTS, *[("", "P1", "x", "y")] * 11])
    call(shop, "run", code=3)


def test_a_database_that_cannot_be_used_ends_with_4(shop: Shop) -> None:
    shop.places.database.parent.mkdir()
    shop.places.database.write_text("not a database" * 100)
    assert "file is not a database" in call(shop, "run", code=4).stderr


def test_another_origin_is_refused_and_the_way_out_is_named(shop: Shop) -> None:
    call(shop, "run")
    (shop.root / "samples").mkdir()
    (shop.root / "samples" / "sales.csv").write_bytes(shop.file("sales").read_bytes())
    before = everything(shop)
    text = call(shop, "run", code=2, extra={"SALES_URL": "samples/sales.csv"}).stderr
    assert "made from your own files and would now get the bundled samples" in text
    assert "python -m app reset" in text
    call(shop, "run", "--dry-run", code=2, extra={"SALES_URL": "samples/sales.csv"})
    # the note of who holds the lock is the only thing that is new
    assert {n: c for n, c in everything(shop).items() if not n.endswith(".lock")} == {
        n: c for n, c in before.items() if not n.endswith(".lock")
    }


def test_a_defect_ends_with_70_and_keeps_its_trace_in_a_file(shop: Shop, tmp_path: Path) -> None:
    script = (
        "import app.cli, app.pipeline, sys\n"
        "def broken(*a, **k): raise ZeroDivisionError('secret')\n"
        "app.pipeline.run = broken\n"
        f"sys.argv = ['app', '--project', {str(shop.root)!r}, 'run']\n"
        "app.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=shop.root,
        env=environment({"TMPDIR": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert "internal error: ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    (log,) = tmp_path.glob("comptoir-*.log")
    assert str(log) in done.stderr
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_during_a_run_ends_it_at_once_and_changes_nothing(
    shop: Shop, server: FaultyServer, number: signal.Signals, code: int, word: str
) -> None:
    call(shop, "run")
    before = everything(shop)
    server.on("/sales.csv", hang())
    process = subprocess.Popen(
        command(shop, "run"),
        cwd=shop.root,
        env=environment({"SALES_URL": server.url("/sales.csv")}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a suite that was started in the background hands an ignored SIGINT down
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509
    )
    while "/sales.csv" not in server.paths():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    out, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert errors.strip().startswith(f"{word}; the database holds all of this run or nothing of it")
    assert "Traceback" not in out + errors
    after = everything(shop)
    for name in (n for n in before if not n.endswith(".lock")):
        assert after[name] == before[name], name
    assert not any(".work" in name for name in after)
    assert answer(shop, "run")["status"] == "unchanged"


# Where output goes ---------------------------------------------------------------------------


def test_a_terminal_that_cannot_show_a_character_is_no_reason_to_fail(shop: Shop) -> None:
    shop.write("products", [("Çavon 🎈", "P1", "10.00", "50"), *PRODUCTS[1:]])
    assert "Total revenue" in call(shop, "run", extra={"PYTHONIOENCODING": "ascii"}).stdout


def test_a_reader_that_goes_away_leaves_no_trace_of_an_error(shop: Shop) -> None:
    call(shop, "run")
    process = subprocess.Popen(
        command(shop, "status"),
        cwd=shop.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() in (0, 1)
    assert errors == b""


def test_a_cell_cannot_command_the_terminal(shop: Shop) -> None:
    shop.write("sales", [*SALES, ("2025-03-06", "\x1b[2J\u202eP9", "1", "1")])
    shop.write("products", [("Sa\x1b[31mvon", "P1", "10.00", "50"), *PRODUCTS[1:]])
    text = call(shop, "run").stdout + call(shop, "rejects").stdout
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_year_is_not_written_like_a_quantity(shop: Shop) -> None:
    call(shop, "run")
    text = call(shop, "analyse", "sales_by_month").stdout
    assert "2025" in text
    assert "2,025" not in text
