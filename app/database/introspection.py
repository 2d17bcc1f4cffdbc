"""sqlite-utils, loaded without pandas and numpy.

It imports both where they are installed, to accept their types. No run hands it one, and each of
them would cost every run 50 MB and a quarter of a second.
"""

from __future__ import annotations

import importlib
import sqlite3
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

_LEFT_OUT = ("pandas", "numpy")


def database(connection: sqlite3.Connection) -> Database:
    """The tables and columns of a connection, as sqlite-utils tells them; no plugin runs."""
    _load()
    from sqlite_utils import Database

    return Database(connection, execute_plugins=False)


def migrations(name: str) -> Migrations:
    """An empty list of steps, which sqlite-utils remembers under `name`."""
    _load()
    from sqlite_utils.migrations import Migrations

    return Migrations(name)


@cache
def _load() -> None:
    absent = [name for name in _LEFT_OUT if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: not to be found
    try:
        importlib.import_module("sqlite_utils")
    finally:
        for name in absent:
            del sys.modules[name]
