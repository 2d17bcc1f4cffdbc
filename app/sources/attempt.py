"""One attempt at a source: what it may cost, what it gives, and what may pass by itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from app.errors import FetchError

CHUNK_BYTES = 1 << 16
AGAIN = "run again later"


@dataclass(frozen=True)
class FetchLimits:
    """What fetching one source may cost.

    `max_bytes`: the largest body, decoded; `seconds`: everything, retries included;
    `connect_seconds`: for one address; `read_seconds`: without a byte; `attempts`: the first one
    included; `backoff_seconds`: before the second attempt, then twice as long each time;
    `retry_after_seconds`: the longest wait that a server can ask for.
    """

    max_bytes: int = 2 * 1024**3
    seconds: float = 300
    connect_seconds: float = 10
    read_seconds: float = 30
    attempts: int = 4
    backoff_seconds: float = 0.5
    retry_after_seconds: float = 30
    redirects: int = 10


@dataclass(frozen=True)
class Validators:
    """What the server said of the version we have, so that it only sends a newer one."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a source gives: decoded bytes, and what the server says about them."""

    pieces: Iterable[bytes]
    name: str = "the file"
    content_type: str = ""
    announced: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    secrets: frozenset[str] = frozenset()


class PassingError(Exception):
    """An error that may pass, after `retry_after` seconds if the server says so."""

    def __init__(self, error: FetchError, retry_after: float | None = None) -> None:
        super().__init__(error.code)
        self.error, self.retry_after = error, retry_after

    def wait(self, attempt: int, limits: FetchLimits) -> float:
        if self.retry_after is not None:
            return min(max(self.retry_after, 0), limits.retry_after_seconds)
        jitter = 0.5 + os.urandom(1)[0] / 256
        return float(limits.backoff_seconds * 2 ** (attempt - 1) * jitter)


def out_of_time(where: str, limits: FetchLimits, came: str) -> FetchError:
    what = f"not complete within {limits.seconds:g} s: {came}"
    hint = "run again later, or raise seconds in [limits] of the project file"
    return FetchError(what, where=where, hint=hint, code="timeout")
