"""A real run that is killed with SIGKILL at a chosen place; see test_kills.py.

    python -m tests.killed_run PLACE NUMBER ROOT

PLACE is one of `POINTS` (killed when the step begins for the NUMBERth time), `statement` (before
the NUMBERth SQL statement), `file` (before the NUMBERth time a file is opened, renamed or removed)
or `moment` (after NUMBER milliseconds). The hooks are here, not in the program.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app import pipeline
from app.answers import publishing
from app.report import reports
from app.rows import importing, merging, staging
from app.sources import archive
from tests.shop import Shop
from tests.undrawn import leave_out_charts

POINTS: dict[str, tuple[Any, str]] = {
    "fetching": (pipeline, "collect"),
    "archiving": (archive.Archive, "put"),
    "reading": (importing, "Reader"),
    "staging": (staging.Stage, "flush"),
    "importing": (merging.Merge, "apply"),
    "recording": (pipeline.Ledger, "record"),
    "analysing": (publishing, "_create"),
    "checking": (publishing, "check"),
    "committing": (pipeline.Ledger, "close_run"),
    "writing files": (reports, "write_file"),
}
FILE_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")


class Trigger:
    """Kills this process when it is called for the last time."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def __call__(self, *_: Any) -> None:
        self._left -= 1
        if self._left <= 0:
            die()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(place: str, number: int) -> None:
    """Prepare the kill."""
    if place == "moment":
        threading.Timer(number / 1000, die).start()
    elif place == "file":
        trigger = Trigger(number)
        sys.addaudithook(lambda event, _args: trigger() if event in FILE_EVENTS else None)
    elif place == "statement":
        _before_statements(Trigger(number))
    else:
        owner, name = POINTS[place]
        setattr(owner, name, _after(Trigger(number), getattr(owner, name)))


def _after(trigger: Trigger, function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **options: Any) -> Any:
        trigger()
        return function(*args, **options)

    return wrapped


def _before_statements(trigger: Trigger) -> None:
    writing = pipeline._writing

    @contextmanager
    def traced(database: Path) -> Any:
        with writing(database) as connection:
            connection.set_trace_callback(trigger)
            yield connection
            # closing the connection checkpoints the log: another place to die in
            trigger()

    pipeline._writing = traced


if __name__ == "__main__":
    shop = Shop.existing(Path(sys.argv[3]))
    leave_out_charts()  # as in the test's own runs, see conftest.py
    arm(sys.argv[1], int(sys.argv[2]))
    shop.run()
    os._exit(0)
