"""Fixtures that several tests share.

Charts are drawn only where a test looks at them: drawing takes most of the time of a small run,
and most tests run many. A test that looks at charts asks for `real_charts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from app import pipeline
from app.report import report_page
from app.report.drawing import drawing
from app.report.rendering import Renderer
from tests.faulty_server import FaultyServer
from tests.undrawn import leave_out_charts

FIGURES = ("kills survived", "rebuilds", "looks of readers", "copies", "restores")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line of what was survived, over all tests that count it."""
    counted: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            counted[name] += value
    told = [f"{counted[name]:,} {name}" for name in FIGURES if name in counted]
    if told:
        terminalreporter.write_line(", ".join(told))


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


@pytest.fixture
def other_server() -> Iterator[FaultyServer]:
    """A second one, on another port."""
    with FaultyServer() as running:
        yield running


def draw_charts(patch: pytest.MonkeyPatch) -> None:
    """Draw the charts as long as `patch` holds."""
    patch.setattr(report_page, "drawing", drawing)
    patch.setattr(pipeline, "Renderer", Renderer)


@pytest.fixture(scope="session", autouse=True)
def _no_charts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        leave_out_charts(patch.setattr)
        yield


@pytest.fixture
def real_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the charts in this test."""
    draw_charts(monkeypatch)
