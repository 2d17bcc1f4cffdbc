"""The SQLite file: one writer at a time, readers that cannot write, errors that say what to do."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.database.store import connect, locked, savepoint, transaction, translated
from app.errors import LockError, StoreError
from tests.shop import REPOSITORY, Shop

HOLD = """
import sys
from pathlib import Path
from app.database.store import locked
with locked(Path(sys.argv[1]), "run"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "db" / "sales.db"
    with closing(connect(path, write=True)) as connection:
        connection.execute("create table t (x integer) strict")
    return path


@contextmanager
def another_process(database: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == b"held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


# The lock ------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_holds_the_lock(database: Path) -> None:
    with (
        another_process(database) as holder,
        pytest.raises(LockError) as caught,
        locked(database, "run"),
    ):
        pytest.fail("two held the lock")
    assert caught.value.exit_code == 4
    assert f"`run`, process {holder.pid} on " in caught.value.what
    assert caught.value.where == str(database)


def test_a_holder_that_was_killed_does_not_block(database: Path) -> None:
    with another_process(database) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with locked(database, "run"):
            pass


def test_the_lock_is_free_after_an_error(database: Path) -> None:
    with pytest.raises(ValueError, match="x"), locked(database, "run"):
        raise ValueError("x")
    with locked(database, "run"):
        pass


def test_a_lock_file_with_anything_in_it_is_no_obstacle(database: Path) -> None:
    lock = database.with_name("sales.db.lock")
    lock.write_bytes(b"\xff" * 5_000)
    with locked(database, "analyse"):
        assert json.loads(lock.read_bytes())["purpose"] == "analyse"
        with pytest.raises(LockError, match="`analyse`"), locked(database, "run"):
            pass


def test_readers_need_no_lock(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.run()
    with (
        another_process(shop.places.database),
        closing(connect(shop.places.database)) as connection,
    ):
        assert connection.execute("select count(*) from sales").fetchone() == (5,)
        with pytest.raises(LockError):
            shop.run()
        assert shop.dry_run().status == "unchanged"


# Connections ---------------------------------------------------------------------------------


def pragmas(connection: sqlite3.Connection, *names: str) -> list[object]:
    return [connection.execute(f"pragma {name}").fetchone()[0] for name in names]


def test_a_writer_is_durable_and_enforces_references(database: Path) -> None:
    with closing(connect(database, write=True)) as connection:
        assert pragmas(
            connection, "journal_mode", "synchronous", "foreign_keys", "busy_timeout"
        ) == ["wal", 2, 1, 10_000]
        assert pragmas(connection, "trusted_schema", "query_only") == [0, 0]


def test_a_reader_cannot_write_even_by_turning_query_only_off(database: Path) -> None:
    with closing(connect(database)) as connection:
        assert pragmas(connection, "query_only", "trusted_schema", "busy_timeout") == [1, 0, 10_000]
        for statement in ("insert into t values (1)", "create table u (x)", "drop table t"):
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                connection.execute(statement)
        connection.execute("pragma query_only = off")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("insert into t values (1)")


def test_a_reader_does_not_create_a_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database yet") as caught:
        connect(tmp_path / "none.db")
    assert "python -m app run" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_names_that_mean_something_in_a_uri_are_names(tmp_path: Path) -> None:
    path = tmp_path / "a b?mode=memory#é%41.db"
    with closing(connect(path, write=True)) as connection:
        connection.execute("create table t (x)")
    assert path.exists()
    with closing(connect(path)) as connection:
        assert connection.execute("select count(*) from t").fetchone() == (0,)


@pytest.mark.parametrize("write", [True, False])
def test_a_file_that_is_not_a_database_is_told_and_left_alone(tmp_path: Path, write: bool) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary " * 100)
    with pytest.raises(StoreError, match="file is not a database") as caught:
        connect(path, write=write)
    assert caught.value.exit_code == 4
    assert "--db" in caught.value.hint
    assert path.read_text() == "dear diary " * 100


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("a file, not a folder")
    with pytest.raises(StoreError) as caught:
        connect(tmp_path / "db" / "sales.db", write=True)
    assert "permissions" in caught.value.hint
    with pytest.raises(StoreError), locked(tmp_path / "db" / "sales.db", "run"):
        pass


@contextmanager
def ordinary_user() -> Iterator[None]:
    """The inside is done as a user who may not write everywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_without_the_right_to_write_is_told() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "db").mkdir(mode=0o555)
        with ordinary_user(), pytest.raises(StoreError, match="unable to open database file"):
            connect(Path(folder) / "db" / "sales.db", write=True)


def test_a_results_folder_that_cannot_be_made_fails_and_the_next_run_writes_the_files(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path / "shop")
    shop.places.results.write_text("a file, not a folder")
    with pytest.raises(StoreError) as caught:
        shop.run()
    assert caught.value.exit_code == 4
    shop.places.results.unlink()
    run = shop.run()
    assert (run.status, run.files_written) == ("unchanged", True)
    assert (shop.places.results / "revenue_total.csv").exists()


def test_a_database_that_another_program_keeps_busy_is_told(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.store.BUSY_SECONDS", 0)
    with (
        closing(sqlite3.connect(database, isolation_level=None)) as other,
        closing(connect(database, write=True)) as connection,
    ):
        other.execute("begin immediate")
        with (
            pytest.raises(StoreError, match="database is locked") as caught,
            translated(database),
            transaction(connection),
        ):
            pass
    assert "another program is writing" in caught.value.hint


def test_a_database_of_somebody_else_is_told(database: Path) -> None:
    with (
        closing(connect(database)) as connection,
        pytest.raises(StoreError, match="nothing was imported into this database yet"),
        translated(database),
    ):
        connection.execute("select * from _runs")


# Transactions --------------------------------------------------------------------------------


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("select count(*) from t").fetchone()[0])


def insert_and_fail(connection: sqlite3.Connection, error: BaseException) -> None:
    connection.execute("insert into t values (2)")
    raise error


def test_a_transaction_is_done_whole_or_not_at_all(database: Path) -> None:
    with closing(connect(database, write=True)) as connection:
        with pytest.raises(KeyboardInterrupt), transaction(connection):
            insert_and_fail(connection, KeyboardInterrupt())
        assert (count(connection), connection.in_transaction) == (0, False)
        with transaction(connection):
            connection.execute("insert into t values (1)")
        assert count(connection) == 1


def test_a_savepoint_is_undone_alone(database: Path) -> None:
    with closing(connect(database, write=True)) as connection:
        with transaction(connection):
            connection.execute("insert into t values (1)")
            with pytest.raises(ValueError, match="x"), savepoint(connection, "part"):
                insert_and_fail(connection, ValueError("x"))
            connection.execute("insert into t values (3)")
        assert connection.execute("select x from t order by x").fetchall() == [(1,), (3,)]
