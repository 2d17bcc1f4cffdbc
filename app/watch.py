"""Runs at an interval, until told to stop.

A run that fails does not end the loop: it is logged, counted, and tried again after a pause that
doubles with each failure in a row, up to the interval.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import TYPE_CHECKING

from app.errors import ComptoirError, LockError
from app.pipeline import Say
from app.rows.ledger import Outcome, now
from app.runs import Run

if TYPE_CHECKING:
    from schedule import Scheduler

FIRST_PAUSE = timedelta(seconds=30)
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):
    """The watch was told to stop, and stops where nothing is half done."""


@dataclass
class Watch:
    """Calls `act` at once and then `every` so often, one run after the other.

    `act` does one run and tells its steps to the function it is given; `log` takes the lines of
    the log; `defect` makes a message of an error that is no ComptoirError. `runs` and `failures`
    count; `in_a_row` is the number of failures since the last good run.
    """

    act: Callable[[Say], Run]
    every: timedelta
    log: Callable[[str], None]
    defect: Callable[[Exception], str]
    runs: int = 0
    failures: int = 0
    in_a_row: int = 0
    _busy: bool = field(default=False, init=False)
    _stopping: bool = field(default=False, init=False)

    def until_stopped(self) -> None:
        """Run after run, until SIGTERM or SIGINT.

        Between two runs the signal ends it at once. During a run it ends it after the present
        step (the fetch of one source; or import, results and files together); a second signal
        interrupts that step, whose transaction is then rolled back.
        """
        from schedule import Scheduler

        scheduler = Scheduler()
        try:
            with self._signals():
                self._log(f"a run every {_span(self.every)}, the first one now")
                self._once(scheduler)
                while True:
                    # at most a minute at a time: a clock that is set must not be slept through
                    time.sleep(min(60, max(0, scheduler.idle_seconds or 0)))
                    scheduler.run_pending()
        except Stopped:
            self._log(f"stopped after {self.runs} runs, {self.failures} of them failed")

    def _once(self, scheduler: Scheduler) -> None:
        """One run, and the appointment for the next: so no run can overlap with another."""
        scheduler.clear()
        pause = self._run()
        scheduler.every(round(pause.total_seconds())).seconds.do(self._once, scheduler)
        self._log(f"next run at {(datetime.now(UTC) + pause).strftime('%Y-%m-%dT%H:%M:%SZ')}")

    def _run(self) -> timedelta:
        """One run; the pause until the next."""
        self.runs += 1
        started = time.monotonic()
        problem = ""
        self._busy = True
        try:
            done = self.act(self._step)
        except LockError as error:
            self.runs -= 1
            self._log(f"postponed: {error.what}")
            return min(FIRST_PAUSE, self.every)
        except ComptoirError as error:
            problem = f"failed, exit code {error.exit_code}: {error}"
        except Exception as error:
            problem = self.defect(error)
        else:
            for line in _told(done):
                self._log(line)
            if done.exit_code:
                problem = f"run {done.run_id} ended with exit code {done.exit_code}"
            self._log(f"run {done.run_id}: {done.status}, {time.monotonic() - started:.1f} s")
        finally:
            self._busy = False
        if problem:
            self.failures += 1
            self.in_a_row += 1
            self._log(problem)
            self._log(f"failures: {self.in_a_row} in a row, {self.failures} in {self.runs} runs")
        else:
            self.in_a_row = 0
        if self._stopping:
            raise Stopped
        return self._pause()

    def _pause(self) -> timedelta:
        if not self.in_a_row:
            return self.every
        # the exponent is bounded, since a source may be gone for weeks
        doublings = min(self.in_a_row - 1, 20)
        return min(self.every, FIRST_PAUSE * int(2**doublings))

    def _step(self, line: str) -> None:
        self._log(line)
        if self._stopping:
            raise Stopped

    def _log(self, text: str) -> None:
        self.log(f"{now()} " + text.replace("\n", "\n    "))

    @contextmanager
    def _signals(self) -> Iterator[None]:
        before = {number: signal.getsignal(number) for number in SIGNALS}

        def stop(number: int, frame: FrameType | None) -> None:
            handler = before[signal.Signals(number)]
            if not self._busy:
                raise Stopped
            if self._stopping and callable(handler):
                handler(number, frame)
            self._stopping = True

        for number in SIGNALS:
            signal.signal(number, stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _told(run: Run) -> list[str]:
    """What is worth a line of the log: whatever is not the same file as before."""
    news = [outcome for outcome in run.outcomes if outcome.status != "skipped"]
    return [*run.notes, *(_line(outcome) for outcome in news)]


def _line(outcome: Outcome) -> str:
    counts = outcome.counts
    names = ("inserted", "changed", "rejected", "withdrawn")
    parts = [f"{getattr(counts, name):,} {name}" for name in names if counts]
    figures = f" ({', '.join(parts)})" if parts else ""
    message = f": {outcome.message}" if outcome.message else ""
    return f"{outcome.source}: {outcome.status}{figures}{message}"


def _span(span: timedelta) -> str:
    """A time span as `app.sources.spans.parse_span` reads it."""
    seconds = round(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
