"""Fixtures that several tests share.

Charts are drawn only where a test looks at them: drawing takes most of the time of a small run,
and most tests run many. A test that looks at charts asks for `real_charts`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.report import report_page
from tests.faulty_server import FaultyServer


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


@pytest.fixture
def other_server() -> Iterator[FaultyServer]:
    """A second one, on another port."""
    with FaultyServer() as running:
        yield running


real_draw = report_page.draw


@pytest.fixture(scope="session", autouse=True)
def _no_charts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_page, "draw", lambda _result, _locale, _width: "<svg></svg>")
        yield


@pytest.fixture
def real_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the charts in this test."""
    monkeypatch.setattr(report_page, "draw", real_draw)
