"""`watch`: a run at once, then at an interval; what goes wrong does not end it; signals do."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import pipeline
from app.answers.models import Models
from app.cli import cli
from app.database.store import locked
from app.errors import LockError, ProjectError
from app.runs import Run
from app.sources.spans import parse_span
from app.watch import FIRST_PAUSE, Stopped, Watch
from tests.shop import Shop


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), (" 2h ", 7200), ("1d", 86_400)]
)
def test_time_spans(text: str, seconds: int) -> None:
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "15", "m", "0s", "-5m", "1.5h", "15 minutes", "9999d"])
def test_what_is_no_time_span(text: str) -> None:
    with pytest.raises(ProjectError, match="not a time span"):
        parse_span(text)


class Clock:
    """Time that passes only in `sleep`, for the loop's module and for `schedule`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept = 0.0
        moment = datetime.now()

        class Moving(datetime):
            @classmethod
            def now(cls, tz=None) -> datetime:
                return (moment + timedelta(seconds=self.slept)).replace(tzinfo=tz)

        monkeypatch.setattr("schedule.datetime.datetime", Moving)
        monkeypatch.setattr("app.watch.time.sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept += max(seconds, 0.001)


class Script:
    """An act that does what a list says: an exit code to end with, or an error to raise."""

    def __init__(self, clock: Clock, *steps: int | Exception) -> None:
        self.clock = clock
        self.steps = list(steps)
        self.at: list[float] = []

    def __call__(self, _say: object) -> Run:
        if not self.steps:
            raise Stopped
        self.at.append(round(self.clock.slept))
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return Run(Models((), (), ()), len(self.at), "unchanged", step, [], [])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def watching(script: Script, every: timedelta = timedelta(minutes=15)) -> tuple[Watch, list[str]]:
    lines: list[str] = []
    watch = Watch(script, every, lines.append, lambda error: f"defect: {error}")
    watch.until_stopped()
    return watch, lines


def test_the_first_run_comes_at_once_and_the_others_at_the_interval(clock: Clock) -> None:
    script = Script(clock, 0, 0, 0)
    watching(script)
    assert script.at == [0, 900, 1800]


def test_failures_are_counted_and_retried_ever_later(clock: Clock) -> None:
    script = Script(clock, 3, ProjectError("wrong"), RuntimeError("odd"), 1, 3, 3, 3, 0, 0)
    watch, lines = watching(script)
    pauses = [after - before for before, after in zip(script.at, script.at[1:], strict=False)]
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]
    assert (watch.failures, watch.in_a_row) == (7, 0)
    text = "\n".join(lines)
    assert "run 1 ended with exit code 3" in text
    assert "failed, exit code 2: wrong" in text
    assert "defect: odd" in text
    assert "failures: 3 in a row, 3 in 3 runs" in text
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines)


def test_a_short_interval_is_never_exceeded_by_a_retry(clock: Clock) -> None:
    script = Script(clock, 3, 3, 0)
    watching(script, timedelta(seconds=10))
    assert script.at == [0, 10, 20]


def test_another_run_postpones_and_is_no_failure(clock: Clock) -> None:
    script = Script(clock, LockError("another process: `run`, since noon"), 0)
    watch, lines = watching(script)
    assert script.at == [0, FIRST_PAUSE.total_seconds()]
    assert watch.failures == 0
    assert any("postponed: another process: `run`, since noon" in line for line in lines)


@contextmanager
def process(shop: Shop, *arguments: str) -> Iterator[subprocess.Popen]:
    """`python -m app` on a shop's files, killed in the end if it still runs."""
    started = shop.begin(*arguments)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def read_until(started: subprocess.Popen, wanted: str) -> list[str]:
    lines = []
    for line in started.stdout:
        lines.append(line.rstrip())
        if wanted in line:
            return lines
    raise AssertionError(f"{wanted!r} never came:\n" + "\n".join(lines))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_watch_within_a_second(shop: Shop, number: int) -> None:
    with process(shop, "watch", "--every", "15m") as watch:
        read_until(watch, "next run at")
        started = time.monotonic()
        watch.send_signal(number)
        rest, _ = watch.communicate(timeout=10)
        assert time.monotonic() - started < 1
        assert watch.returncode == 0
        assert "stopped after 1 runs, 0 of them failed" in rest
        assert "Traceback" not in rest


def test_it_imports_what_is_new_and_outlives_a_missing_file(shop: Shop) -> None:
    with process(shop, "watch", "--every", "1s") as watch:
        read_until(watch, "next run at")
        shop.file("sales").unlink()
        lines = read_until(watch, "failures: 1 in a row")
        assert any("sales: not fetched" in line for line in lines)
        shop.write("sales", [("2025-03-03", "P1", "9", "1"), ("2025-03-06", "P3", "1", "1")])
        read_until(watch, "sales: imported")
        watch.terminate()
        watch.communicate(timeout=10)
    assert ("2025-03-03", "P1", 9, 1, 1) in shop.sales()


def test_a_signal_during_the_import_lets_it_end(shop: Shop) -> None:
    def act(say) -> Run:
        say("step one")
        os.kill(os.getpid(), signal.SIGTERM)
        return pipeline.run(shop.project(), shop.places, say=lambda _line: None)

    lines: list[str] = []
    Watch(act, timedelta(minutes=15), lines.append, str).until_stopped()
    assert any("run 1: published" in line for line in lines)
    assert "stopped after 1 runs" in lines[-1]
    assert len(shop.sales()) == 5


def test_a_signal_between_two_steps_ends_the_run_there(shop: Shop) -> None:
    def act(say) -> Run:
        def told(line: str) -> None:
            if line.startswith("stores"):
                os.kill(os.getpid(), signal.SIGTERM)
            say(line)

        return pipeline.run(shop.project(), shop.places, say=told)

    lines: list[str] = []
    Watch(act, timedelta(minutes=15), lines.append, str).until_stopped()
    assert "stores" in lines[-2]
    assert "stopped after 1 runs" in lines[-1]
    assert shop.query("select count(*) from _runs") == [(0,)]
    with locked(shop.places.database, "test"):
        pass  # the lock was let go


def test_a_second_signal_interrupts_at_once() -> None:
    class Interrupted(BaseException):
        pass

    def outer(_number: int, _frame: object) -> None:
        raise Interrupted

    def act(_say) -> Run:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("not interrupted")

    before = signal.signal(signal.SIGTERM, outer)
    try:
        with pytest.raises(Interrupted):
            Watch(act, timedelta(minutes=15), lambda _line: None, str).until_stopped()
        assert signal.getsignal(signal.SIGTERM) is outer
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_wrong_project_file_is_told_before_the_first_run(shop: Shop) -> None:
    shop.edit_project('key         = ["store_id"]', 'key         = ["stor_id"]')
    result = CliRunner().invoke(cli, ["--project", str(shop.root), "watch"])
    assert isinstance(result.exception, ProjectError)


def test_a_waiting_run_says_for_whom_and_then_goes_on(shop: Shop) -> None:
    with ExitStack() as held:
        held.enter_context(locked(shop.places.database, "run"))
        with process(shop, "run", "--wait", "20") as second:
            line = read_until(second, "waiting up to")[-1]
            assert re.search(r"waiting up to 20 s for `run`, process \d+ on \S+, since 20", line)
            assert second.poll() is None
            held.close()
            output, _ = second.communicate(timeout=20)
            assert second.returncode == 0
    assert "Run 1: published" in output


def test_a_run_that_does_not_wait_names_the_holder(shop: Shop) -> None:
    with locked(shop.places.database, "backup"), process(shop, "run") as second:
        output, _ = second.communicate(timeout=20)
    assert second.returncode == 4
    assert re.search(r"another process is writing .* `backup`, process \d+ on \S+, since", output)


def test_status_tells_whether_the_last_good_run_is_late(shop: Shop) -> None:
    shop.run()
    arguments = ["--project", str(shop.root), "status", "--max-age"]
    runner = CliRunner(env=shop.environment)
    assert runner.invoke(cli, [*arguments, "1h"], standalone_mode=False).return_value == 0
    with closing(sqlite3.connect(shop.places.database)) as connection:
        connection.execute("update _runs set finished_at = '2025-01-01T00:00:00Z'")
        connection.commit()
    late = runner.invoke(cli, [*arguments, "1h"], standalone_mode=False)
    assert late.return_value == 1
    assert "LATE: the last good run ended 2025-01-01T00:00:00Z" in late.output
