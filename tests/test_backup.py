"""`backup` and `restore`: copies that are whole, and a way back that readers can watch."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.backup import backup, restore, verify
from app.database.store import locked
from app.errors import LockError, ProjectError, StoreError
from tests.shop import SALES, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    shop.run()
    return shop


def test_a_copy_holds_what_the_database_holds(shop: Shop, tmp_path: Path) -> None:
    copy = backup(shop.places.database, tmp_path / "copy.db")
    assert copy.run_id == 1
    with closing(sqlite3.connect(copy.path)) as connection:
        assert connection.execute("select count(*) from sales").fetchone() == (len(SALES),)
        assert connection.execute("pragma journal_mode").fetchone() == ("delete",)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_copy_replaces_an_older_one_whole(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    backup(shop.places.database, file)
    before = file.read_bytes()
    shop.places.database.rename(tmp_path / "gone.db")
    with pytest.raises(StoreError, match="no database yet"):
        backup(shop.places.database, file)
    assert file.read_bytes() == before


def test_copies_are_of_one_moment_while_runs_go_on(shop: Shop, tmp_path: Path) -> None:
    """A writer in another process adds two rows per transaction: no copy holds an odd one."""
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sqlite3, sys\n"
            "c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)\n"
            "c.execute('create table ticks (n)')\n"
            "print('ready', flush=True)\n"
            "while True:\n"
            "    c.execute('begin immediate')\n"
            "    c.execute('insert into ticks values (1)')\n"
            "    c.execute('insert into ticks values (2)')\n"
            "    c.execute('commit')\n",
            str(shop.places.database),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        counts = []
        for number in range(5):
            copy = backup(shop.places.database, tmp_path / f"{number}.db")
            with closing(sqlite3.connect(copy.path)) as connection:
                assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
                counts.append(connection.execute("select count(*) from ticks").fetchone()[0])
    finally:
        writer.kill()
        writer.communicate()
    assert all(count % 2 == 0 for count in counts)
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_restore_brings_back_data_results_and_files(shop: Shop, tmp_path: Path) -> None:
    total = shop.revenue()
    note = (shop.places.results / "revenue_total.csv").read_bytes()
    copy = backup(shop.places.database, tmp_path / "copy.db")
    shop.write("sales", [*SALES, ("2025-03-07", "P1", "5", "1")])
    shop.run()
    assert shop.revenue() != total
    restored = restore(shop.project(), shop.places, copy.path)
    assert restored.run_id == 1
    assert shop.revenue() == total
    assert (shop.places.results / "revenue_total.csv").read_bytes() == note


def test_an_open_reader_sees_the_restored_database(shop: Shop, tmp_path: Path) -> None:
    copy = backup(shop.places.database, tmp_path / "copy.db")
    shop.write("sales", [*SALES, ("2025-03-07", "P1", "5", "1")])
    shop.run()
    with closing(sqlite3.connect(shop.places.database, isolation_level=None)) as reader:
        count = "select count(*) from sales"
        assert reader.execute(count).fetchone() == (len(SALES) + 1,)
        inode = shop.places.database.stat().st_ino
        restore(shop.project(), shop.places, copy.path)
        assert reader.execute(count).fetchone() == (len(SALES),)
        assert shop.places.database.stat().st_ino == inode
        assert reader.execute("pragma journal_mode").fetchone() == ("wal",)


def test_runs_go_on_after_a_restore(shop: Shop, tmp_path: Path) -> None:
    copy = backup(shop.places.database, tmp_path / "copy.db")
    shop.write("sales", [*SALES, ("2025-03-07", "P1", "5", "1")])
    shop.run()
    restore(shop.project(), shop.places, copy.path)
    assert shop.run().exit_code == 0
    assert len(shop.sales()) == len(SALES) + 1


def test_a_copy_can_be_restored_where_there_is_no_database(shop: Shop, tmp_path: Path) -> None:
    copy = backup(shop.places.database, tmp_path / "copy.db")
    other = Shop(tmp_path / "other")
    restore(other.project(), other.places, copy.path)
    assert other.revenue() == shop.revenue()
    assert (other.places.results / "summary.md").exists()


def _text(path: Path) -> None:
    path.write_text("date,product\n" * 100)


def _other_database(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table sales (date)")


def _damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(content)


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) "
            "values ('comptoir', 'from_the_future', '2030-01-01')"
        )
        connection.commit()


def _orphaned(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("delete from products")
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_text, "not a database of Comptoir"),
        (_other_database, "not a database of Comptoir"),
        (_damaged, "damaged"),
        (_newer, "a newer version"),
        (_orphaned, "rows refer to nothing"),
        (Path.unlink, "no such file"),
    ],
)
def test_a_bad_copy_changes_nothing(
    shop: Shop, tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    copy = backup(shop.places.database, tmp_path / "copy.db")
    spoil(copy.path)
    with pytest.raises(StoreError, match=message):
        restore(shop.project(), shop.places, copy.path)
    assert len(shop.sales()) == len(SALES)


def test_an_older_version_leaves_a_newer_database_alone(shop: Shop) -> None:
    _newer(shop.places.database)
    with pytest.raises(StoreError, match="a newer version of Comptoir made this database"):
        shop.run()


def test_the_database_is_no_copy_of_itself(shop: Shop) -> None:
    for act in (backup, verify):
        with pytest.raises(ProjectError, match="the database itself"):
            act(shop.places.database, shop.places.database)
    assert len(shop.sales()) == len(SALES)


def test_an_empty_database_has_nothing_to_copy(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(StoreError, match="nothing in this database"):
        backup(tmp_path / "empty.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_copy_into_no_folder_says_so(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such folder"):
        backup(shop.places.database, tmp_path / "nowhere" / "copy.db")


def test_restore_waits_for_nobody_without_being_asked(shop: Shop, tmp_path: Path) -> None:
    copy = backup(shop.places.database, tmp_path / "copy.db")
    with (
        locked(shop.places.database, "run"),
        pytest.raises(LockError, match=r"`run`, process \d+ on .*, since 20"),
    ):
        restore(shop.project(), shop.places, copy.path)


def test_a_copy_of_other_pages_is_refused_with_the_cure(shop: Shop, tmp_path: Path) -> None:
    copy = backup(shop.places.database, tmp_path / "copy.db")
    with closing(sqlite3.connect(copy.path, isolation_level=None)) as connection:
        connection.execute("pragma page_size = 8192")
        connection.execute("vacuum")
    with pytest.raises(StoreError, match="pages have 8192 bytes") as caught:
        restore(shop.project(), shop.places, copy.path)
    assert "page_size = 4096" in caught.value.hint


def test_a_copy_before_any_published_run_leaves_no_files(shop: Shop, tmp_path: Path) -> None:
    young = Shop(tmp_path / "young")
    young.run()
    copy = backup(young.places.database, tmp_path / "copy.db")
    with closing(sqlite3.connect(copy.path)) as connection:
        connection.execute("delete from _results")
        connection.commit()
    assert (shop.places.results / "summary.md").exists()
    restore(shop.project(), shop.places, copy.path)
    assert not (shop.places.results / "summary.md").exists()
