"""Fetch one source, whole, from a URL or a file; or raise the error that tells why not.

Nothing is guessed: what is cut short, over a limit, empty or HTML is an error and leaves no file.
Two cuts cannot be seen: a Content-Length smaller than the file (HTTP ends the body there), and a
lost connection when the server announced neither a length nor chunks.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType

from app.errors import DeliveryError, FetchError, StoreError
from app.sources.attempt import Answer, FetchLimits, PassingError, Validators, out_of_time
from app.sources.local_file import SCHEME, file_path, open_file
from app.sources.masking import masked, printable
from app.sources.web import Web, checked, conditions

Reach = Callable[[int, int | None], None]  # bytes so far, and in all where announced

HEAD_BYTES = 4096
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_HTML = re.compile(rb"<(!doctype\s+html|html|head)\b", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>([^<]*)", re.IGNORECASE)
_WHITE = b" \t\r\n\f\v\0\xef\xbb\xbf\xfe\xff"


@dataclass(frozen=True)
class Fetched:
    """One version of a source as it came, whole, in a temporary file.

    The caller moves or deletes `path`. `sha256` and `size` are those of the decoded bytes; `url`
    is the asked one with its secrets masked; `fetched_at` is when it was asked for, in UTC.
    """

    path: Path
    sha256: str
    size: int
    url: str
    fetched_at: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class NotModified:
    """The server still has the version that the validators came with."""

    url: str
    fetched_at: str


def fetch(
    url: str,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    base: Path,
    into: Path,
    limits: FetchLimits = FetchLimits(),  # noqa: B008 - it never changes
    validators: Validators | None = None,
    progress: Reach | None = None,
) -> Fetched | NotModified:
    """Copy what `url` gives now (http, https, or a file, relative to `base`) to a file in `into`.

    FetchError.code: dns, refused, timeout, tls, proxy, protocol, truncated, encoding, redirect,
    scheme, url, file, too-large, http-<status>; DeliveryError.code: html, empty.
    `progress` is called with the decoded bytes so far and, where announced, the bytes in all.
    """
    url = url.strip()
    where = masked(url)
    deadline = monotonic() + limits.seconds
    scheme = found[1].lower() if (found := SCHEME.match(url)) else "file"
    open_source: Callable[[], AbstractContextManager[Answer | None]]
    if scheme in ("http", "https"):
        sent = checked(headers, where) | conditions(validators)
        open_source = Web(url, where, sent, limits, deadline).open
    elif scheme == "file":
        open_source = partial(open_file, file_path(url, base, where), where)
    else:
        what = f"the scheme {scheme!r} is not one of http, https, file"
        hint = "give an http(s) URL, or a file path relative to the project (./a:b.csv)"
        raise FetchError(what, where=where, hint=hint, code="scheme")

    attempt = 1
    while True:
        fetched_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        try:
            with open_source() as answer:
                if answer is None:
                    return NotModified(where, fetched_at)
                path, sha256, size = _copy(answer, into, where, limits, deadline, progress)
            modified = answer.last_modified
            return Fetched(path, sha256, size, where, fetched_at, answer.etag, modified)
        except PassingError as passing:
            error, wait = passing.error, passing.wait(attempt, limits)
        if monotonic() >= deadline:
            raise out_of_time(where, limits, error.what)
        if attempt >= limits.attempts or monotonic() + wait >= deadline:
            error.what += f" (after {attempt} attempts)" if attempt > 1 else ""
            raise error
        sleep(wait)
        attempt += 1


def _copy(
    answer: Answer,
    into: Path,
    where: str,
    limits: FetchLimits,
    deadline: float,
    progress: Reach | None,
) -> tuple[Path, str, int]:
    """Copy the answer to a temporary file: path, SHA-256, size. Any error leaves no file."""
    _check_cost(answer, answer.announced or 0, where, limits, deadline)
    sha256, size, head, blank = hashlib.sha256(), 0, b"", True
    with _disk_errors(where):
        descriptor, name = tempfile.mkstemp(prefix=".fetch-", dir=into)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for piece in chain(answer.pieces, [b""]):  # the last one: a check at the end
                size += len(piece)
                _check_cost(answer, size, where, limits, deadline)
                sha256.update(piece)
                head += piece[: HEAD_BYTES - len(head)]
                blank = blank and not piece.strip(_WHITE)
                rest = memoryview(piece)
                while rest:
                    with _disk_errors(where):
                        rest = rest[file.write(rest) :]
                if progress:
                    progress(size, answer.announced)
            _check_content(answer, head, size, blank, where)
            with _disk_errors(where):
                os.fsync(descriptor)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name), sha256.hexdigest(), size


def _check_cost(
    answer: Answer, size: int, where: str, limits: FetchLimits, deadline: float
) -> None:
    if size > limits.max_bytes:
        what = f"{answer.name} has {size:,} bytes or more, over the limit of {limits.max_bytes:,}"
        hint = "check the URL, or raise max_bytes in [limits] of the project file"
        raise FetchError(what, where=where, hint=hint, code="too-large")
    if monotonic() >= deadline:
        raise out_of_time(where, limits, f"{size:,} bytes came")


def _check_content(answer: Answer, head: bytes, size: int, blank: bool, where: str) -> None:
    if blank:
        what = f"{answer.name} is empty: {size} bytes, nothing but white space"
        hint = "ask whoever provides the file; the table stays as it was"
        raise DeliveryError(what, where=where, hint=hint, code="empty")
    start = head.lstrip(_WHITE)
    told_html = "html" in answer.content_type.lower() and start.startswith(b"<")
    if told_html or _HTML.match(start):
        title = _TITLE.search(head)
        text = printable(title[1].decode("utf-8", "replace"), answer.secrets) if title else ""
        what = f"{answer.name} is an HTML page" + (f" titled {text!r}" if text else "")
        hint = "open the URL in a private window: it must give the file, not a page or a login"
        if "//docs.google.com/" in where:
            hint = "publish the sheet to the web as CSV and use that link (it has output=csv)"
        raise DeliveryError(what, where=where, hint=hint, code="html")


@contextmanager
def _disk_errors(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"the temporary file cannot be written: {error.strerror}"
        hint = "check the free space and the rights of its folder"
        raise StoreError(what, where=where, hint=hint, code="disk") from None
