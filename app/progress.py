"""How far a long step is: a bar on a terminal, a line now and then elsewhere, or nothing.

Whoever does a step says how far it is, or lets it be asked; a thread looks at it now and then. So
nothing is drawn while rows are read, and a step that stands still is shown too. A terminal that
goes away hinders nobody.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from time import monotonic
from typing import Literal, TextIO, TypeVar

import click

SHOWN_AFTER = 1.0  # seconds that a step takes before a terminal shows it
DRAWN_EVERY = 0.2  # seconds
TOLD_EVERY = 10.0  # seconds between two lines where there is no terminal
BAR_WIDTH = 24  # characters
ERASE = "\r\x1b[K\x1b[?25h"  # the line, and the cursor that click hides is back

Unit = Literal["bytes", "files", ""]
T = TypeVar("T")


@dataclass
class Step:
    """A step under way: its title, how much of `total` is done, the name of what it is at.

    `total` is None where nobody knows it; `unit` is '' for a step that counts nothing. `ask`
    gives how much is done, and is called by another thread than the one that does it.
    """

    title: str
    total: int | None = None
    unit: Unit = ""
    ask: Callable[[], int] | None = None
    done: int = 0
    item: str = ""
    began: float = field(default_factory=monotonic)

    def __post_init__(self) -> None:
        self.look()
        self._first = self.done

    def reach(self, done: int, total: int | None) -> None:
        """So much is done, of so much, or of an unknown amount."""
        self.done, self.total = done, total

    def each(self, items: Collection[T], name: Callable[[T], str]) -> Iterator[T]:
        """The items one by one, each done when the next one is asked for."""
        self.total = max(self.total or 0, self.done + len(items))
        for item in items:
            self.item = name(item)
            yield item
            self.done += 1

    def look(self) -> None:
        """Bring `done` up to date."""
        if self.ask:
            self.done = self.ask()

    def told(self) -> str:
        """In words: '31.0 of 56.0 MB, 4.1 MB/s, 6 s left', or '2 of 9, its name, 8 s left'."""
        seconds = monotonic() - self.began
        if self.unit == "bytes" and self.done > self._first:
            rate = (self.done - self._first) / seconds
            left = f", {_span((self.total - self.done) / rate)} left" if self.total else ""
            of = f" of {_megabytes(self.total)}" if self.total else ""
            return f"{_megabytes(self.done)}{of} MB, {_megabytes(rate)} MB/s{left}"
        if self.unit == "files" and self.total:
            each = seconds / self.done if self.done else 0
            left = f", {_span(each * (self.total - self.done))} left" if self.done else ""
            return f"{min(self.done + 1, self.total)} of {self.total}, {self.item}{left}"
        return _span(seconds)


class Progress:
    """Steps that nobody is shown; the base of those that are."""

    @contextmanager
    def step(
        self,
        title: str,
        total: int | None = None,
        unit: Unit = "",
        ask: Callable[[], int] | None = None,
    ) -> Iterator[Step]:
        """A step that goes on while inside, see `Step`."""
        step = Step(title, total, unit, ask)
        with self._shown(step):
            yield step

    def _shown(self, _step: Step) -> AbstractContextManager[None]:
        return nullcontext()


UNSEEN = Progress()


class _Followed(Progress):
    """Steps that a thread follows, and writes of to `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @contextmanager
    def _shown(self, step: Step) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._attempt, args=(step, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _attempt(self, step: Step, over: threading.Event) -> None:
        with suppress(OSError, ValueError):  # the stream is closed, or the file that is asked
            self._follow(step, over)

    def _follow(self, step: Step, over: threading.Event) -> None:
        """Write of `step` until it is over."""
        raise NotImplementedError


class Bars(_Followed):
    """A bar for each step that takes long, erased when the step is over."""

    def _follow(self, step: Step, over: threading.Event) -> None:
        if over.wait(SHOWN_AFTER):
            return
        columns = os.get_terminal_size(self._stream.fileno()).columns or 80
        width = min(BAR_WIDTH, columns // 4)
        title = step.title[: columns // 3]
        space = columns - len(title) - width - 7
        bar = click.progressbar(
            count(),
            label=title,
            file=self._stream,
            width=width,
            show_eta=False,
            show_percent=False,
            item_show_func=lambda _item: step.told()[:space],
        )
        try:
            while True:
                step.look()
                bar.length = step.total
                if step.total is None:
                    bar.update(1)  # the mark goes to and fro
                else:
                    bar.pos = step.done
                    bar.render_progress()
                if over.wait(DRAWN_EVERY):
                    return
        finally:
            self._stream.write(ERASE)
            self._stream.flush()


class Lines(_Followed):
    """A line with its time now and then, for logs."""

    def _follow(self, step: Step, over: threading.Event) -> None:
        while not over.wait(TOLD_EVERY):
            step.look()
            time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            click.echo(f"{time} {step.title}: {step.told()}", file=self._stream)


def shown_on(stream: TextIO | None, *, quiet: bool = False) -> Progress:
    """What shows steps on `stream`: bars if it is a terminal, else lines; nothing if `quiet`."""
    if quiet or stream is None:
        return UNSEEN
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return Bars(stream)
    return Lines(stream)


def _megabytes(size: float) -> str:
    return f"{size / 1e6:,.1f}" if size < 1e8 else f"{size / 1e6:,.0f}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
