"""Fixtures that several tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
