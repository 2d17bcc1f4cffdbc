"""A full disk: the run says so, the old results stay, and with space the next run succeeds."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app import pipeline
from app.errors import StoreError
from app.runs import Places
from tests.shop import REPOSITORY, SALES, Shop
from tests.test_kills import CONTENT, sound

DISK_BYTES = 3 << 20
MANY = [
    (f"2025-03-{day:02}", "P1", str(n), str(store))
    for day in range(1, 29)
    for n in range(1, 120)
    for store in (1, 2, 3)
]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of three megabytes, or a skipped test where nobody may mount one."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)]
    if os.geteuid() or subprocess.run(["mount", *options], check=False).returncode:
        pytest.skip("only root may mount a small file system; test_a_file_limit covers the rest")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def start(shop: Shop, *, file_bytes: int = 0) -> subprocess.CompletedProcess[str]:
    """`python -m app run`, as a user types it; with `file_bytes`, no file may grow beyond."""
    places = ["--db", str(shop.places.database), "--results", str(shop.places.results)]
    return subprocess.run(
        [sys.executable, "-m", "tests.undrawn", "--project", str(shop.root), "run", *places],
        cwd=REPOSITORY,
        env={**os.environ, **shop.environment},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=(
            (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes)))
            if file_bytes
            else None
        ),
    )


def fails_with_a_clear_sentence(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode == 4 and "hint: " in done.stderr and "Traceback" not in done.stderr


def tables(shop: Shop) -> dict[str, Any]:
    """What readers of the database see."""
    return {name: shop.table(name) for name in CONTENT}


def whole(shop: Shop) -> bool:
    """Whether every result file ends with a line and no temporary one is left."""
    files = list(shop.places.results.iterdir())
    return all(path.read_bytes().endswith(b"\n") for path in files) and not [
        path for path in files if path.name.startswith(".")
    ]


@pytest.mark.parametrize("free_kib", [0, 8, 40, 120, 300, 700])
def test_a_full_disk_fails_the_run_and_keeps_the_results(free_kib: int, tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    expected = Shop(tmp_path / "expected")
    with small_disk(tmp_path / "disk") as disk:
        shop.places = Places(disk / "sales.db", disk / "results")
        shop.run()
        expected.run()
        states = [tables(expected)]
        for one in (shop, expected):
            one.write("sales", [*SALES, *MANY])
        expected.run()
        states.append(tables(expected))
        free = shutil.disk_usage(disk).free
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * max(0, free - free_kib * 1024))
        done = start(shop)
        assert fails_with_a_clear_sentence(done), done.stderr
        assert sound(shop)
        # with some hundred kilobytes the database fits, and only the files do not
        assert tables(shop) in (states if free_kib >= 300 else states[:1])
        assert whole(shop)
        ballast.unlink()
        done = start(shop)
        assert done.returncode == 0, done.stderr
        assert tables(shop) == states[1]
        assert whole(shop)


@pytest.mark.parametrize("file_bytes", [1, 1_000, 10_000, 100_000, 300_000])
def test_a_file_limit_fails_the_run_and_keeps_the_results(file_bytes: int, tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.run()
    before = tables(shop)
    shop.write("sales", [*SALES, *MANY])
    done = start(shop, file_bytes=file_bytes)
    assert fails_with_a_clear_sentence(done), done.stderr
    assert sound(shop)
    assert tables(shop) == before
    assert whole(shop)
    assert start(shop).returncode == 0


def test_results_that_cannot_be_written_are_told_and_written_by_the_next_run(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path / "shop")
    (shop.root / "parent").write_text("a file where the folder should be")
    shop.places = Places(shop.places.database, shop.root / "parent" / "results")
    done = start(shop)
    assert fails_with_a_clear_sentence(done), done.stderr
    assert str(shop.root / "parent") in done.stderr
    (shop.root / "parent").unlink()
    done = start(shop)
    assert done.returncode == 0
    assert (shop.places.results / "summary.md").is_file()


def test_no_import_is_committed_whose_file_could_not_be_archived(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.run()
    before = tables(shop)
    shop.write("sales", [*SALES, *MANY])
    shop.places.archive.rename(tmp_path / "archive")
    shop.places.archive.write_text("a file where the folder should be")
    done = start(shop)
    assert fails_with_a_clear_sentence(done), done.stderr
    assert tables(shop) == before
    assert start(shop).returncode == 4  # and again
    shop.places.archive.unlink()
    (tmp_path / "archive").rename(shop.places.archive)
    assert start(shop).returncode == 0


def test_a_file_that_cannot_be_archived_is_told_before_anything_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path / "shop")
    shop.places.archive.parent.mkdir(parents=True)
    shop.places.archive.write_text("a file where the folder should be")
    answered: list[object] = []
    monkeypatch.setattr(pipeline, "publish", lambda *given: answered.append(given) or [])
    with pytest.raises(StoreError, match=r"File exists|Not a directory"):
        shop.run()
    assert not answered
