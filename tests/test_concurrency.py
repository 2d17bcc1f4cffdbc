"""Several at once: runs, `watch`, `backup`, `restore`, readers; nobody sees a mixed state.

The ordinary suite rebuilds the results some times; `make soak` as often as COMPTOIR_REBUILDS says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.backup import verify
from app.database.store import connect
from tests.polling import TABLES, snapshot
from tests.shop import HEADERS, REPOSITORY, SALES, Line, Shop
from tests.test_kills import sound

REBUILDS = int(os.environ.get("COMPTOIR_REBUILDS", "0"))
RUNS = REBUILDS or 30  # in this process
ROUNDS = REBUILDS or 4  # of processes
READERS = 10
RECORDED = Callable[[str, object], None]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def test_of_runs_started_together_each_is_done_or_says_who_holds_the_lock(shop: Shop) -> None:
    many = [("2025-03-08", "P1", str(n), "1") for n in range(1, 2_000)]
    shop.write("sales", [*SALES, *many])
    started = [shop.begin("run") for _ in range(4)]
    ended = [(process.communicate()[0], process.returncode) for process in started]
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


def test_readers_always_see_one_complete_published_run(
    shop: Shop, record_property: RECORDED
) -> None:
    """Ten readers poll while the results are rebuilt: each snapshot adds up, and none fails."""
    shop.run()
    with readers(shop, record_property):
        for number in range(RUNS):
            shop.write("sales", [*SALES, *[("2025-03-08", "P1", "1", "1")] * (number % 9)])
            assert shop.run().exit_code == 0
    record_property("rebuilds", RUNS)


def test_watch_beside_runs_and_backups_loses_nothing_and_doubles_nothing(
    shop: Shop, tmp_path: Path, record_property: RECORDED
) -> None:
    """Each delivery is of one day alone, so that one that is lost is never made good again."""
    shop.run()
    copies: list[Path] = []
    with readers(shop, record_property), watching(shop) as watched:
        for number in range(ROUNDS):
            replace(shop, [_day(number)])
            copies.append(tmp_path / f"{number}.db")
            started = [
                shop.begin("run", "--wait", "120"),
                shop.begin("run"),
                shop.begin("backup", str(copies[-1])),
            ]
            codes = ended(started, refusable={1})
            assert (codes[0], codes[2]) == (0, 0)
            assert _stored(_day(number)) in shop.sales()
    assert "0 of them failed" in watched[-1], "\n".join(watched)
    assert sound(shop)
    assert shop.query("select count(*) from sales") == [(len(SALES) + ROUNDS,)]
    imported = "select count(*) from _deliveries where source = 'sales' and status = 'imported'"
    assert shop.query(imported) == [(1 + ROUNDS,)]
    everything = [*SALES, *(_day(number) for number in range(ROUNDS))]
    assert figures(shop) == figures(clean(tmp_path, everything))
    whole = [_whole(shop, copy) for copy in copies]
    assert whole == sorted(whole)
    record_property("rebuilds", ROUNDS)
    record_property("copies", len(copies))


def test_watch_and_runs_beside_restores_end_as_one_clean_run(
    shop: Shop, tmp_path: Path, record_property: RECORDED
) -> None:
    shop.run()
    copy = tmp_path / "0.db"
    assert ended([shop.begin("backup", str(copy))]) == [0]
    lines: list[Line] = list(SALES)
    restored = []
    with readers(shop, record_property), watching(shop) as watched:
        for number in range(ROUNDS):
            lines.append(_day(number))
            replace(shop, lines)
            newer = tmp_path / f"{number + 1}.db"
            started = [
                shop.begin("run"),
                shop.begin("restore", str(copy), "--yes", "--wait", str(number % 2 * 120)),
                shop.begin("backup", str(newer)),
            ]
            restored.append(ended(started, refusable={0, 1})[1])
            _whole(shop, newer)
            copy = newer
    assert "0 of them failed" in watched[-1], "\n".join(watched)
    assert 0 in restored
    assert shop.run().exit_code == 0
    assert sound(shop)
    assert figures(shop) == figures(clean(tmp_path, lines))
    record_property("rebuilds", ROUNDS)
    record_property("copies", ROUNDS)
    record_property("restores", restored.count(0))


# What takes part -----------------------------------------------------------------------------


def ended(started: list[subprocess.Popen[str]], refusable: Collection[int] = ()) -> list[int]:
    """The exit codes: all of them 0, or 4 with the lock's holder for those that may be refused."""
    outputs = [process.communicate(timeout=300)[0] for process in started]
    codes = [process.returncode for process in started]
    for number, (output, code) in enumerate(zip(outputs, codes, strict=True)):
        refused = number in refusable and code == 4
        assert code == 0 or (refused and "another process is writing" in output), output
    return codes


@contextmanager
def watching(shop: Shop) -> Iterator[list[str]]:
    """`watch` every second until the end; then the list has the lines of its log."""
    lines: list[str] = []
    process = shop.begin("watch", "--every", "1s")
    collecting = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
    collecting.start()
    try:
        yield lines
        process.terminate()
        process.wait(timeout=60)
    finally:
        process.kill()
        collecting.join()
        process.communicate()


@contextmanager
def readers(shop: Shop, record_property: RECORDED) -> Iterator[None]:
    """Ten processes that poll the results; each must have met none but whole published runs."""
    command = [sys.executable, "-m", "tests.polling", str(shop.places.database)]
    started = [
        subprocess.Popen(
            [*command, ("new", "kept")[number % 2]],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(READERS)
    ]
    try:
        yield
        told = [process.communicate(timeout=60) for process in started]
    finally:
        for process in started:
            process.kill()
            process.communicate()
    assert [error for _, error in told] == [""] * READERS
    met = [json.loads(output) for output, _ in told]
    assert min(len(reader["met"]) for reader in met) > 1, "a reader saw no rebuild"
    record_property("looks of readers", sum(reader["looks"] for reader in met))


def replace(shop: Shop, lines: list[Line]) -> None:
    """A new sales file in the place of the old one, whole at any moment."""
    text = "\n".join([HEADERS["sales"], *(",".join(line) for line in lines)])
    shop.write_bytes("new", text.encode())
    shop.file("new").replace(shop.file("sales"))


def clean(folder: Path, lines: list[Line]) -> Shop:
    """Another shop after one run, which nobody disturbed."""
    shop = Shop(folder / "clean")
    shop.write("sales", lines)
    shop.run()
    return shop


def figures(shop: Shop) -> dict[str, Any]:
    """The data and the published answers, in tables and files, whichever run made them."""
    found: dict[str, Any] = {
        name: shop.table(name) for name in ("products", "stores", "cities", "calendar", *TABLES)
    }
    found["sales"] = shop.sales()
    for path in sorted(shop.places.results.glob("*.csv")):
        found[path.name] = path.read_bytes()
    return found


def _day(number: int) -> Line:
    """The one sale of a day of its own."""
    return f"{2020 + number // 300}-{number // 25 % 12 + 1:02}-{number % 25 + 1:02}", "P1", "1", "1"


def _stored(line: Line) -> tuple[Any, ...]:
    return line[0], line[1], int(line[2]), int(line[3]), 1


def _whole(shop: Shop, copy: Path) -> tuple[int, int]:
    """The run and the revenue of a copy that can be restored."""
    verify(shop.places.database, copy)
    with closing(connect(copy)) as connection:
        return snapshot(connection)
