"""Progress: a bar on a terminal, lines in a log, nothing for a short step or with --quiet."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO

import pytest

from app import progress
from app.progress import ERASE, UNSEEN, Bars, Lines, Step, shown_on
from tests.faulty_server import Behaviour, FaultyServer, Handler, hang
from tests.shop import HEADERS, REPOSITORY, Shop

PATIENCE = 60  # seconds, of which a test needs two

# the verbs as they are, but with steps that are shown at once and often
HASTY = """
import runpy
from app import progress
progress.SHOWN_AFTER, progress.DRAWN_EVERY, progress.TOLD_EVERY = 0, 0.01, 0.05
runpy.run_module("tests.undrawn", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Ended:
    """What a process printed, and its exit code."""

    out: str
    errors: str
    code: int


def slowly(body: bytes, pieces: int = 40) -> Behaviour:
    """The body with its length, in pieces with a pause before each."""
    size = len(body) // pieces + 1

    def answer(handler: Handler) -> None:
        handler.begin(200, {"Content-Type": "text/csv", "Content-Length": f"{len(body)}"})
        handler.send((body[at : at + size] for at in range(0, len(body), size)), every=0.02)

    return answer


def many_sales(lines: int) -> bytes:
    first = date(2025, 1, 1)
    rows = (
        f"{first + timedelta(n * 90 // lines)},P{n % 3 + 1},{n % 5 + 1},{n % 3 + 1}"
        for n in range(lines)
    )
    return "\n".join([HEADERS["sales"], *rows]).encode()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    lines = (f"{name}={value}\n" for name, value in shop.environment.items())
    (shop.root / ".env").write_text("".join(lines))
    return shop


def start(shop: Shop, words: Iterable[str], errors: int, url: str = "") -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMPTOIR")}
    told = {"SALES_URL": url} if url else {}
    return subprocess.Popen(
        [sys.executable, "-c", HASTY, "--project", str(shop.root), *words],
        cwd=shop.root,
        env={**kept, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm", **told},
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        # a suite that was started in the background hands an ignored SIGINT down
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def piped(shop: Shop, *words: str, url: str = "") -> Ended:
    """Run a verb without a terminal."""
    process = start(shop, words, subprocess.PIPE, url)
    out, errors = process.communicate(timeout=PATIENCE)
    return Ended(out, errors, process.returncode)


class Terminal:
    """A pseudo-terminal for stderr, and all that was written to it."""

    def __enter__(self) -> Terminal:
        self._leader, self.follower = pty.openpty()
        self.text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        os.close(self._leader)

    def close(self) -> str:
        """Called when nobody writes any more: everything that was written."""
        if self.follower >= 0:
            os.close(self.follower)
            self.follower = -1
        self._reader.join(PATIENCE)
        return self.text

    def _read(self) -> None:
        try:
            while piece := os.read(self._leader, 65_536):
                self.text += piece.decode()
        except OSError:
            pass  # the last one that wrote has gone


def on_terminal(shop: Shop, *words: str, url: str = "") -> Ended:
    """Run a verb with a terminal for its stderr."""
    with Terminal() as terminal:
        process = start(shop, words, terminal.follower, url)
        out, _ = process.communicate(timeout=PATIENCE)
        return Ended(out, terminal.close(), process.returncode)


# A run ---------------------------------------------------------------------------------------


def test_on_a_terminal_long_steps_have_a_bar_that_is_gone_at_the_end(
    shop: Shop, server: FaultyServer
) -> None:
    server.on("/sales.csv", slowly(many_sales(60_000)))
    done = on_terminal(shop, "run", url=server.url("/sales.csv"))
    assert done.code == 0, done
    shown = done.errors
    assert re.search(r"Fetching sales  \[#+-+\]  [\d.]+ of 1.1 MB, [\d.]+ MB/s, \d+ s left", shown)
    assert re.search(r"Importing sales  \[[#-]+\]  [\d.]+ of 1.1 MB, [\d.]+ MB/s", shown)
    assert re.search(r"Publishing  \[[#-]+\]  \d+ of \d+, \w+", shown)
    # a bar begins with the hiding of the cursor: each is erased, and nothing is left on the line
    for bars in shown.split(ERASE)[:-1]:
        assert "\n" not in bars
    assert shown.endswith(ERASE)
    assert "60,000" in done.out
    assert not re.search(r"\x1b|Importing|MB/s", done.out)


def test_elsewhere_long_steps_have_lines_with_their_time(shop: Shop, server: FaultyServer) -> None:
    server.on("/sales.csv", slowly(many_sales(60_000)))
    done = piped(shop, "run", "--json", url=server.url("/sales.csv"))
    assert done.code == 0, done
    time_of_day = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    lines = done.errors.splitlines()
    assert all(re.fullmatch(rf"{time_of_day} \w+( \w+)*: .+", line) for line in lines), lines
    assert any(re.search(r"Fetching sales: .+ MB/s, \d+ s left$", line) for line in lines)
    assert any(re.search(r"Importing sales: .+ MB/s, \d+ s left$", line) for line in lines)
    sales = next(s for s in json.loads(done.out)["sources"] if s["source"] == "sales")
    assert sales["inserted"] == 60_000


def test_an_import_of_what_was_added_is_shown_too(shop: Shop) -> None:
    lines = many_sales(60_000)
    shop.write_bytes("sales", lines[: lines.index(b"\n", 200) + 1])
    shop.run()
    shop.write_bytes("sales", lines)
    assert "Importing sales" in on_terminal(shop, "run").errors


@pytest.mark.parametrize("verb", ["run", "analyse"])
def test_quiet_prints_nothing(shop: Shop, server: FaultyServer, verb: str) -> None:
    server.on("/sales.csv", slowly(many_sales(50_000)))
    url = server.url("/sales.csv")
    assert piped(shop, "run", "--quiet", url=url) == Ended("", "", 0)
    assert on_terminal(shop, verb, "-q", url=url) == Ended("", "", 0)


def test_quiet_prints_errors(shop: Shop) -> None:
    shop.file("stores").unlink()
    done = piped(shop, "run", "--quiet")
    assert (done.out, done.code) == ("", 3)
    assert done.errors.startswith("error: stores: not fetched: data/stores.csv: ")
    assert len(done.errors.splitlines()) == 2  # with the hint


def test_quiet_prints_what_blocks(shop: Shop) -> None:
    (shop.root / "sql" / "checks" / "nothing_sold.sql").write_text(
        "-- title: Nothing is sold\n-- severity: error\nselect date from sales"
    )
    errors = "error: nothing_sold blocks: 5 rows (Nothing is sold)\n"
    assert piped(shop, "run", "--quiet") == Ended("", errors, 1)


def test_quiet_json_is_json_alone(shop: Shop) -> None:
    shop.file("stores").unlink()
    done = piped(shop, "run", "--quiet", "--json")
    assert (json.loads(done.out)["exit_code"], done.errors) == (3, "")


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_a_step_that_is_shown_and_the_terminal_is_as_before(
    shop: Shop, server: FaultyServer, number: signal.Signals, code: int, word: str
) -> None:
    server.on("/sales.csv", hang())
    with Terminal() as terminal:
        process = start(shop, ["run"], terminal.follower, server.url("/sales.csv"))
        while "Fetching sales" not in terminal.text:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        bars, _, rest = terminal.close().rpartition(ERASE)
    assert process.returncode == code
    assert "Fetching sales" in bars
    assert rest.strip().startswith(f"{word}; the database holds")
    assert "\x1b" not in rest


# The parts -----------------------------------------------------------------------------------


def test_a_short_step_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER", PATIENCE)
    with Terminal() as terminal, os.fdopen(os.dup(terminal.follower), "w") as stream:
        bars, log = shown_on(stream), io.StringIO()
        for shown in (bars, shown_on(log)):
            with shown.step("Fetching sales", 10, "bytes") as step:
                step.reach(10, 10)
        assert isinstance(bars, Bars)
        stream.close()
        assert (terminal.close(), log.getvalue()) == ("", "")


def test_what_a_stream_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(shown_on(Screen()), Bars)
    assert isinstance(shown_on(io.StringIO()), Lines)
    assert shown_on(None) is UNSEEN  # `2>&-`
    assert shown_on(Screen(), quiet=True) is UNSEEN
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(shown_on(Screen()), Lines)


def test_a_step_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(progress, "monotonic", lambda: clock[0])

    def told(done: int, total: int | None, seconds: float, first: int = 0) -> str:
        clock[0] = 100.0
        step = Step("Importing", total, "bytes", ask=lambda: first, began=100.0)
        step.done, clock[0] = done, 100.0 + seconds
        return step.told()

    assert told(2_000_000, 6_000_000, 4) == "2.0 of 6.0 MB, 0.5 MB/s, 8 s left"
    assert told(250_000_000, 2_000_000_000, 10) == "250 of 2,000 MB, 25.0 MB/s, 1 min 10 s left"
    assert told(10**6, 10**10, 1) == "1.0 of 10,000 MB, 1.0 MB/s, 2 h 46 min left"
    assert told(2_000_000, None, 4) == "2.0 MB, 0.5 MB/s"  # no Content-Length
    # what was there before counts for nothing in the rate
    assert told(9_000_000, 10_000_000, 4, first=8_000_000) == "9.0 of 10.0 MB, 0.2 MB/s, 4 s left"
    assert told(0, 10, 4) == "4 s"


def test_items_are_named_while_they_are_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "monotonic", lambda: 104.0)
    step = Step("Publishing", 3, "files", began=100.0)
    told = [step.told() for _ in step.each(["a", "b"], str)]
    told += [step.told() for _ in step.each(["c"], str)]
    assert told == ["1 of 3, a", "2 of 3, b, 8 s left", "3 of 3, c, 2 s left"]


@pytest.mark.parametrize("kind", [Bars, Lines])
def test_a_terminal_that_has_gone_hinders_nobody(
    monkeypatch: pytest.MonkeyPatch, kind: type[Bars | Lines]
) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER", 0)
    monkeypatch.setattr(progress, "TOLD_EVERY", 0)
    stream: TextIO = io.StringIO()
    stream.close()
    others = set(threading.enumerate())
    with kind(stream).step("Fetching sales") as step:
        for follower in set(threading.enumerate()) - others:
            follower.join(PATIENCE)
            assert not follower.is_alive()
        step.reach(1, 2)
