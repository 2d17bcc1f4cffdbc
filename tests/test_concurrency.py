"""Several at once: two runs, a run beside readers; nobody sees a mixed state or an error."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from app.database.store import connect
from tests.shop import REPOSITORY, SALES, Shop
from tests.test_kills import sound

RUNS = 30
READERS = 10


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def test_of_runs_started_together_each_is_done_or_says_who_holds_the_lock(shop: Shop) -> None:
    many = [("2025-03-08", "P1", str(n), "1") for n in range(1, 2_000)]
    shop.write("sales", [*SALES, *many])
    command = [sys.executable, "-m", "tests.undrawn", "--project", str(shop.root), "run"]
    started = [
        subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **shop.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    ended = [(process.communicate()[1], process.returncode) for process in started]
    assert 0 in [code for _, code in ended]
    for error, code in ended:
        assert code in (0, 4), error
        assert code == 0 or ("another process is writing" in error and "since" in error)
    assert sound(shop)
    assert shop.query("select count(*) from sales") == [(len(SALES) + len(many),)]
    runs = [code for _, code in ended].count(0)
    assert shop.query("select count(*) from _runs") == [(runs,)]


def test_a_lock_whose_holder_died_does_not_block(shop: Shop) -> None:
    script = (
        "import os, pathlib, sys; from app.database.store import locked\n"
        "with locked(pathlib.Path(sys.argv[1]), 'run'): os._exit(9)"
    )
    command = [sys.executable, "-c", script, str(shop.places.database)]
    assert subprocess.run(command, cwd=REPOSITORY, check=False).returncode == 9
    assert shop.run().exit_code == 0


def test_readers_always_see_one_complete_published_run(shop: Shop) -> None:
    """Ten readers poll while the results are rebuilt: each snapshot adds up, and none fails."""
    shop.run()
    done = threading.Event()
    problems: list[str] = []
    looks = [0] * READERS

    def read(number: int) -> None:
        try:
            while not done.is_set():
                with closing(connect(shop.places.database)) as connection:
                    found = _snapshot(connection)
                looks[number] += 1
                if len(set(found)) != 1:
                    problems.append(f"mixed: {found}")
        except Exception as error:
            problems.append(repr(error))

    readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for reader in readers:
        reader.start()
    for number in range(RUNS):
        shop.write("sales", [*SALES, *[("2025-03-08", "P1", "1", "1")] * (number % 9)])
        shop.run()
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []
    assert min(looks) > 0


def _snapshot(connection: sqlite3.Connection) -> list[int]:
    """The revenue in cents, as each result table of one moment has it."""
    connection.execute("begin")
    tables = ("revenue_total", "sales_by_product", "sales_by_city", "sales_by_day")
    return [
        connection.execute(
            f"select cast(round(sum(revenue) * 100) as integer) from {name}"
        ).fetchone()[0]
        for name in tables
    ]
