"""A source that is older than its contract says is told, also when nothing else happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    shop.edit_project("[sources.stores]\n", '[sources.stores]\nfresh_for = "2h"\n')
    return shop


def seen_ago(monkeypatch: pytest.MonkeyPatch, time: str) -> None:
    """The next run begins at `time`, by its own clock."""
    monkeypatch.setattr("app.pipeline.now", lambda: time)


def test_a_source_older_than_its_declared_freshness_warns_and_recovers(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shop.run()
    assert [check.name for check in run.checks if check.row_count] == []
    file = shop.file("stores")
    content = file.read_bytes()
    file.unlink()
    seen_ago(monkeypatch, "2199-01-01T00:00:00Z")
    run = shop.run()
    (found,) = [check for check in run.checks if check.row_count]
    assert (found.name, found.severity) == ("source_not_fresh", "warn")
    assert found.first_rows[0]["source"] == "stores"
    assert run.exit_code == 3
    monkeypatch.undo()
    file.write_bytes(content)
    run = shop.run()
    assert [check.name for check in run.checks if check.row_count] == []


def test_a_source_that_was_never_fetched_is_not_fresh(shop: Shop) -> None:
    shop.file("stores").unlink()
    run = shop.run()
    assert "source_not_fresh" in [check.name for check in run.checks if check.row_count]


def test_without_a_declared_freshness_no_age_is_too_old(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.edit_project('fresh_for = "2h"\n', "")
    seen_ago(monkeypatch, "2199-01-01T00:00:00Z")
    run = shop.run()
    assert [check.name for check in run.checks if check.row_count] == []
