"""Fixtures that several tests share.

Charts are drawn only where a test looks at them: drawing takes most of the time of a small run,
and most tests run many. A test that looks at charts asks for `real_charts`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import pipeline
from app.report import report_page
from app.report.rendering import Renderer
from tests.faulty_server import FaultyServer
from tests.undrawn import leave_out_charts


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


@pytest.fixture
def other_server() -> Iterator[FaultyServer]:
    """A second one, on another port."""
    with FaultyServer() as running:
        yield running


real_draw_all = report_page.draw_all


@pytest.fixture(scope="session", autouse=True)
def _no_charts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        leave_out_charts(patch.setattr)
        yield


@pytest.fixture
def real_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the charts in this test."""
    monkeypatch.setattr(report_page, "draw_all", real_draw_all)
    monkeypatch.setattr(pipeline, "Renderer", Renderer)
