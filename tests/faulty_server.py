"""A real HTTP server on 127.0.0.1 that serves files and misbehaves on request.

    with FaultyServer() as server:
        server.serve("/sales.csv", b"a,b\\r\\n1,2")
        server.on("/slow.csv", drip(b"a,b\\r\\n", every=0.05))
        fetch(server.url("/sales.csv"), ...)
        server.requests[-1].headers["User-Agent"]

A behaviour is a function that is given the handler of one request and answers it.
"""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import Any
from urllib.parse import urlsplit

CSV = "text/csv"


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    target: str
    path: str
    headers: Message[str, str]


class FaultyServer:
    """A server whose paths behave as told; without an entry, a path answers 404."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.errors: list[BaseException] = []
        self.stopping = threading.Event()
        self._behaviours: dict[str, Behaviour] = {}
        self._http = _Server(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        for thread in (self._thread, *self._http.answering):
            thread.join(5)
        assert not self.errors, self.errors

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def url(self, path: str, *, host: str = "127.0.0.1", login: str = "") -> str:
        return f"http://{login}{'@' if login else ''}{host}:{self.port}{path}"

    def on(self, path: str, behaviour: Behaviour) -> None:
        """Let `path` behave so from now on; a query is not part of it. A proxy's is `host:port`."""
        self._behaviours[path] = behaviour

    def serve(self, path: str, body: bytes, **how: Any) -> None:
        """Serve `body`, see `page`."""
        self.on(path, page(body, **how))

    def serve_like_published_sheet(self, path: str, body: bytes) -> None:
        """As a sheet published to the web: a redirect, then chunks, no validators."""
        cache = {"Cache-Control": "private, max-age=300", "Accept-Ranges": "none"}
        self.on(path, redirect(f"{path}-content", code=307))
        self.serve(f"{path}-content", body, chunked=True, headers=cache)

    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [request.path for request in self.requests]

    def answer(self, handler: Handler) -> None:
        path = urlsplit(handler.path).path
        self.requests.append(Received(handler.path, path, handler.headers))
        behaviour = self._behaviours.get(handler.path) or self._behaviours.get(path)
        (behaviour or status(404))(handler)


class Handler(BaseHTTPRequestHandler):
    """One request, with what behaviours need to answer it."""

    protocol_version = "HTTP/1.1"
    timeout = 5
    server: _Server

    @property
    def stopping(self) -> threading.Event:
        return self.server.owner.stopping

    def do_GET(self) -> None:
        self.close_connection = True
        with suppress(ConnectionError, TimeoutError):  # the client is gone
            self.server.owner.answer(self)

    do_CONNECT = do_GET  # noqa: N815 - the name is that of the library

    def begin(self, code: int = 200, headers: Mapping[str, str | None] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            if value is not None:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def send(self, pieces: Iterable[bytes], every: float = 0) -> None:
        """Send the pieces one by one; ends early when the server closes."""
        for piece in pieces:
            if self.stopping.wait(every) if every else self.stopping.is_set():
                return
            self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Quiet."""


Behaviour = Callable[[Handler], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: FaultyServer) -> None:
        self.owner = owner
        self.answering: list[threading.Thread] = []
        super().__init__(("127.0.0.1", 0), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        work = (request, client_address)
        thread = threading.Thread(target=self.process_request_thread, args=work, daemon=True)
        self.answering.append(thread)
        thread.start()

    def handle_error(self, *_: object) -> None:
        import sys

        error = sys.exc_info()[1]
        if error and not isinstance(error, ConnectionError | TimeoutError):
            self.owner.errors.append(error)


def page(
    body: bytes,
    *,
    content_type: str | None = CSV,
    code: int = 200,
    headers: Mapping[str, str | None] | None = None,
    chunked: bool = False,
    gzipped: bool = False,
    etag: str | None = None,
    last_modified: str | None = None,
) -> Behaviour:
    """Serve `body`; 304 if the request's validators are the given ones."""

    def answer(handler: Handler) -> None:
        validity = {"ETag": etag, "Last-Modified": last_modified}
        asked = handler.headers
        if (etag and asked["If-None-Match"] == etag) or (
            last_modified and asked["If-Modified-Since"] == last_modified
        ):
            handler.begin(304, validity)
            return
        sent = gzip.compress(body) if gzipped else body
        length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": f"{len(sent)}"}
        encoding = {"Content-Encoding": "gzip"} if gzipped else {}
        kind = {"Content-Type": content_type}
        handler.begin(code, {**kind, **validity, **length, **encoding, **(headers or {})})
        if chunked:
            handler.send([*_chunks(sent), b"0\r\n\r\n"])
        else:
            handler.send([sent])

    return answer


def status(code: int, *, retry_after: str | None = None, body: bytes = b"sorry") -> Behaviour:
    return page(body, code=code, content_type="text/plain", headers={"Retry-After": retry_after})


def failing(times: int, first: Behaviour, then: Behaviour) -> Behaviour:
    """`first` for the first `times` requests, after that `then`."""
    left = iter(range(times))

    def answer(handler: Handler) -> None:
        behaviour = then if next(left, None) is None else first
        behaviour(handler)

    return answer


def redirect(to: str, *, code: int = 302, body: Iterable[bytes] = ()) -> Behaviour:
    def answer(handler: Handler) -> None:
        handler.begin(code, {"Location": to})
        handler.send(body)

    return answer


def raw(answer: bytes) -> Behaviour:
    """Exactly these bytes, then the connection is closed: none at all is a close unanswered."""
    return lambda handler: handler.send([answer])


def truncated(body: bytes, *, announced: int) -> Behaviour:
    """Announces more bytes than it sends."""
    return page(body, headers={"Content-Length": f"{announced}"})


def truncated_chunks(body: bytes) -> Behaviour:
    """Chunks without the last one."""

    def answer(handler: Handler) -> None:
        handler.begin(200, {"Content-Type": CSV, "Transfer-Encoding": "chunked"})
        handler.send(_chunks(body))

    return answer


def truncated_gzip(body: bytes) -> Behaviour:
    """A body that lacks its end although it is as long as announced."""
    return page(gzip.compress(body)[:-6], headers={"Content-Encoding": "gzip"})


def html(body: bytes = b"<!DOCTYPE html><title>Sign in</title>") -> Behaviour:
    return page(body, content_type="text/html; charset=utf-8")


def endless(piece: bytes = b"x" * 8192, *, encoding: str | None = None) -> Behaviour:
    """A body without an end or a length."""

    def answer(handler: Handler) -> None:
        handler.begin(200, {"Content-Type": CSV, "Content-Encoding": encoding})
        handler.send(repeat(piece))

    return answer


def drip(body: bytes, *, every: float, chunked: bool = False) -> Behaviour:
    """The headers at once, then one byte at a time; in chunks, their framing drips too."""

    def answer(handler: Handler) -> None:
        length = {"Content-Length": f"{len(body)}"}
        handler.begin(200, {"Transfer-Encoding": "chunked"} if chunked else length)
        sent = b"".join([*_chunks(body), b"0\r\n\r\n"]) if chunked else body
        handler.send(_single_bytes(sent), every)

    return answer


def drip_headers(start: bytes = b"HTTP/1.1 200 OK\r\nX-Slow: ", *, every: float) -> Behaviour:
    """Headers that come one byte at a time and never end."""

    def answer(handler: Handler) -> None:
        handler.send([start])
        handler.send(repeat(b"x"), every)

    return answer


def drip_chunk_size(*, every: float) -> Behaviour:
    """A chunk whose size line comes one byte at a time and never ends."""

    def answer(handler: Handler) -> None:
        handler.begin(200, {"Transfer-Encoding": "chunked"})
        handler.send([b"1\r\na\r\n1;"])
        handler.send(repeat(b"x"), every)

    return answer


def gzip_bomb(megabytes: int) -> Behaviour:
    """Zeros that unfold to a thousand times what is sent."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(megabytes):
            file.write(b"0" * 2**20)
    return page(packed.getvalue(), headers={"Content-Encoding": "gzip"})


def hang() -> Behaviour:
    """No answer until the server closes."""

    def answer(handler: Handler) -> None:
        handler.stopping.wait(30)

    return answer


def _chunks(body: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        chunk = body[start : start + size]
        yield b"%x\r\n%s\r\n" % (len(chunk), chunk)


def _single_bytes(body: bytes) -> Iterator[bytes]:
    return (body[i : i + 1] for i in range(len(body)))
