"""The archive of deliveries, beside an import that fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.sources.archive import Archive


def test_an_error_stops_the_archiving_and_leaves_nothing(tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    large.write_bytes(os.urandom(1 << 20) * 64)
    archive = Archive(tmp_path / "archive")
    files = [("sales", large, f"{number}") for number in range(8)]
    with pytest.raises(KeyboardInterrupt), archive.keeping(files):
        raise KeyboardInterrupt
    assert not archive.holds("sales", "7")
    assert not list((tmp_path / "archive").rglob(".put-*"))


def test_what_was_kept_comes_out_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(b"a,b\r\n" * 500_000)
    archive = Archive(tmp_path / "archive")
    with archive.keeping([("sales", path, "one")]) as kept:
        kept.result()
        assert archive.extract("sales", "one", tmp_path).read_bytes() == path.read_bytes()
