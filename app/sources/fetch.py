"""Fetch one source, whole, from a URL or a file; or raise the error that tells why not.

Nothing is guessed: what is cut short, over a limit, empty or HTML is an error and leaves no file.
Two cuts cannot be seen: a Content-Length smaller than the file (HTTP ends the body there), and a
lost connection when the server announced neither a length nor chunks.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import ssl
import stat
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPException, responses
from itertools import chain
from pathlib import Path
from time import monotonic, sleep
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from app import __version__
from app.errors import DeliveryError, FetchError, ProjectError, StoreError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

Reach = Callable[[int, int | None], None]  # bytes so far, and in all where announced

CHUNK_BYTES = 1 << 16
HEAD_BYTES = 4096
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
OWN_HEADERS = {
    "User-Agent": f"comptoir/{__version__}",
    "Accept": "text/csv, */*",
    "Accept-Encoding": "gzip",
}
_SECRET = re.compile(
    r"(^|[^a-z])(pass|passwd|passphrase|pwd|pw|sig|authorization|credentials?|jwt|bearer|session"
    r"|sessionid)([^a-z]|$)|(token|key|secret|password|signature|auth|authorization|credential)$"
)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
# name:password@, also with a slash in the password (then what stands for the port is no number)
_USERINFO = re.compile(
    r"^((?:[A-Za-z][A-Za-z0-9+.-]*:)?//|)(?:[^/?#]*@|[^/?#@:\[]*:(?!\d*(?:[/?#]|$)).*@)"
)
_PARAMETER = re.compile(r"([?&;#])([^=&;#?]*)=([^&;#]+)")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_HTML = re.compile(rb"<(!doctype\s+html|html|head)\b", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>([^<]*)", re.IGNORECASE)
_WHITE = b" \t\r\n\f\v\0\xef\xbb\xbf\xfe\xff"

_CONDITIONS = {"If-None-Match", "If-Modified-Since"}
_AGAIN = "run again later"
_PASSING = {"dns", "refused", "timeout", "truncated"}
# names of exceptions (requests, urllib3, http.client, ssl, socket) and what they mean; first match
_MEANINGS = (
    ("ProxyError InvalidProxyURL", "proxy", "the proxy refuses or cannot be reached",
     "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"),
    ("gaierror", "dns", "the host's name is not found", "check the URL and the network's DNS"),
    ("ConnectionRefusedError", "refused", "the server refuses the connection", _AGAIN),
    ("NewConnectionError", "refused", "the server cannot be reached", _AGAIN),
    ("ConnectTimeout", "timeout", "no connection within {connect_seconds:g} s", _AGAIN),
    ("Timeout TimeoutError", "timeout", "no answer within {read_seconds:g} s", _AGAIN),
    ("SSLError", "tls", "no secure connection",
     "check the port; for a private authority set REQUESTS_CA_BUNDLE"),
    ("RemoteDisconnected ConnectionResetError ConnectionAbortedError BrokenPipeError", "truncated",
     "the server closes the connection without an answer", _AGAIN),
    ("ProtocolError HTTPException InvalidHeader", "protocol", "the answer is not HTTP",
     "check the port"),
    ("ValueError", "url", "the URL is not valid", "check its host, port and spelling"),
    ("RequestException HTTPError", "protocol", "the request failed", _AGAIN),
    ("OSError", "tls", "the trusted certificates cannot be read", "check REQUESTS_CA_BUNDLE"),
)  # fmt: skip


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
    limits: FetchLimits = FetchLimits(),
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
    scheme = found[1].lower() if (found := _SCHEME.match(url)) else "file"
    open_source: Callable[[], AbstractContextManager[_Answer | None]]
    if scheme in ("http", "https"):
        sent = _checked(headers, where) | _conditions(validators)
        open_source = _Web(url, where, sent, limits, deadline).open
    elif scheme == "file":
        open_source = partial(_open_file, _file_path(url, base, where), where)
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
        except _PassingError as passing:
            error, wait = passing.error, passing.wait(attempt, limits)
        if monotonic() >= deadline:
            raise _out_of_time(where, limits, error.what)
        if attempt >= limits.attempts or monotonic() + wait >= deadline:
            error.what += f" (after {attempt} attempts)" if attempt > 1 else ""
            raise error
        sleep(wait)
        attempt += 1


def masked(url: str) -> str:
    """`url` with credentials and every parameter that looks like a secret replaced by `***`.

    >>> masked("https://ann:pw@example.com/sales.csv?gid=0&token=abc")
    'https://***@example.com/sales.csv?gid=0&token=***'
    """

    def mask(found: re.Match[str]) -> str:
        name = re.sub(r"([a-z])([A-Z])", r"\1_\2", unquote(found[2])).lower()
        return f"{found[1]}{found[2]}=***" if _SECRET.search(name) else found[0]

    return _PARAMETER.sub(mask, _USERINFO.sub(r"\1***@", url.strip()))


@dataclass(frozen=True)
class _Answer:
    """What a source gives: decoded bytes, and what the server says about them."""

    pieces: Iterable[bytes]
    name: str = "the file"
    content_type: str = ""
    announced: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    secrets: frozenset[str] = frozenset()


class _PassingError(Exception):
    """An error that may pass, after `retry_after` seconds if the server says so."""

    def __init__(self, error: FetchError, retry_after: float | None = None) -> None:
        super().__init__(error.code)
        self.error, self.retry_after = error, retry_after

    def wait(self, attempt: int, limits: FetchLimits) -> float:
        if self.retry_after is not None:
            return min(max(self.retry_after, 0), limits.retry_after_seconds)
        jitter = 0.5 + os.urandom(1)[0] / 256
        return float(limits.backoff_seconds * 2 ** (attempt - 1) * jitter)


def _copy(
    answer: _Answer,
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
    answer: _Answer, size: int, where: str, limits: FetchLimits, deadline: float
) -> None:
    if size > limits.max_bytes:
        what = f"{answer.name} has {size:,} bytes or more, over the limit of {limits.max_bytes:,}"
        hint = "check the URL, or raise max_bytes in [limits] of the project file"
        raise FetchError(what, where=where, hint=hint, code="too-large")
    if monotonic() >= deadline:
        raise _out_of_time(where, limits, f"{size:,} bytes came")


def _check_content(answer: _Answer, head: bytes, size: int, blank: bool, where: str) -> None:
    if blank:
        what = f"{answer.name} is empty: {size} bytes, nothing but white space"
        hint = "ask whoever provides the file; the table stays as it was"
        raise DeliveryError(what, where=where, hint=hint, code="empty")
    start = head.lstrip(_WHITE)
    told_html = "html" in answer.content_type.lower() and start.startswith(b"<")
    if told_html or _HTML.match(start):
        title = _TITLE.search(head)
        text = _shown(title[1].decode("utf-8", "replace"), answer.secrets) if title else ""
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


def _file_path(url: str, base: Path, where: str) -> Path:
    if not _SCHEME.match(url):
        return base / url
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        what = "a file: URL cannot name another machine"
        hint = "mount the folder and give its path, as in file:///srv/sales.csv"
        raise FetchError(what, where=where, hint=hint, code="file")
    return base / url2pathname(parts.path)


@contextmanager
def _open_file(path: Path, where: str) -> Iterator[_Answer]:
    """The file's bytes as one consistent copy: it is read again if it changes meanwhile."""

    def error(reason: str, hint: str) -> FetchError:
        what = f"the file cannot be read: {reason}"
        return FetchError(what, where=where, hint=hint, code="file")

    def pieces() -> Iterator[bytes]:
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                kind = "a folder" if path.is_dir() else "not a regular file"
                raise error(f"it is {kind}", "name the file itself")
            with path.open("rb") as file:
                before, size = os.fstat(file.fileno()), 0
                while size <= before.st_size and (piece := file.read(CHUNK_BYTES)):
                    size += len(piece)
                    yield piece
                after = os.fstat(file.fileno())
        except (OSError, ValueError) as cause:
            reason = getattr(cause, "strerror", None) or "this is not a file name"
            raise error(reason, "check the path; it is relative to the project") from None
        same = before.st_mtime_ns == after.st_mtime_ns
        if not (same and before.st_size == size == after.st_size):
            raise _PassingError(error("it changes while it is read", _AGAIN))

    yield _Answer(pieces())


@dataclass(frozen=True)
class _Web:
    """A source behind http or https; `open` is one attempt."""

    url: str
    where: str
    headers: Mapping[str, str]
    limits: FetchLimits
    deadline: float

    @contextmanager
    def open(self) -> Iterator[_Answer | None]:
        """The answer behind all redirects; None if it is not modified."""
        connections: list[Any] = []
        with (
            _session(connections) as session,
            _cut_at(self.deadline, connections),
            self._follow(session) as response,
        ):
            if response.status_code == 304 and _CONDITIONS & set(response.request.headers):
                yield None
                return
            if response.status_code not in (200, 203, 204):
                raise self._refusal(response)
            yield self._answer(response)

    def _follow(self, session: Session) -> Response:
        from requests.utils import requote_uri

        url, headers = self.url, dict(self.headers)
        is_foreign: Any = session.should_strip_auth  # another host, or port
        for _ in range(int(self.limits.redirects) + 1):
            response = self._ask(session, url, headers)
            if response.status_code not in (301, 302, 303, 307, 308):
                return response
            response.close()
            location = response.headers.get("Location", "").encode("latin-1", "replace")
            if not location:
                raise self._redirect("without an address to go to")
            try:
                url = requote_uri(urljoin(response.url, location.decode("utf-8", "replace")))
                scheme, _port = urlsplit(url).scheme, urlsplit(url).port
                foreign = is_foreign(response.url, url)
            except ValueError:
                raise self._redirect("to an address that is not valid") from None
            if scheme not in ("http", "https"):
                raise self._redirect(f"to the scheme {scheme!r}")
            if scheme == "http" and response.url.startswith("https:"):
                raise self._redirect("from https down to http")
            headers.pop("If-Modified-Since", None)
            if foreign:  # requests would keep all headers but Authorization
                headers = {h: v for h, v in headers.items() if h in _CONDITIONS}
        raise self._redirect(f"more than {self.limits.redirects} times")

    def _ask(self, session: Session, url: str, headers: Mapping[str, str]) -> Response:
        left = max(self.deadline - monotonic(), 0.001)
        timeout = (min(self.limits.connect_seconds, left), min(self.limits.read_seconds, left))
        try:
            # timeouts bound one step each, the deadline is kept by _cut_at
            return session.get(
                url, headers=headers, auth=_authorize, timeout=timeout, stream=True
            )  # fmt: skip
        except _network_errors() as error:
            raise self._explained(error) from None

    def _answer(self, response: Response) -> _Answer:
        authorization = response.request.headers.get("Authorization") or ""
        secrets = _secrets(self.url, self.where, [*self.headers.values(), authorization])
        content_type = _shown(response.headers.get("Content-Type", ""), secrets)
        kind = content_type or "no content type"
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        announced: int | None = response.raw.length_remaining
        of = "" if announced is None else f" of {announced:,}"

        def raw() -> Iterator[bytes]:
            # read1, so that every byte that comes meets the time budget
            try:
                while piece := response.raw.read1(CHUNK_BYTES, decode_content=False):
                    yield piece
            except _network_errors() as error:
                silent = any(isinstance(cause, TimeoutError) for cause in _causes(error))
                what = "no more bytes came" if silent else "the connection broke"
                what += f" after {response.raw.tell():,}{of} bytes ({kind})"
                raise self._passing("timeout" if silent else "truncated", what) from None

        if encoding not in ("", "identity", "gzip", "x-gzip"):
            what = f"the answer is encoded as {_shown(encoding, secrets)!r}, not as asked"
            hint = "have the server send it as it is, or with gzip"
            raise self._error("encoding", what, hint)
        compressed = encoding.endswith("gzip")
        return _Answer(
            pieces=self._gunzipped(raw()) if compressed else raw(),
            name=f"the answer ({response.status_code}, {kind})",
            content_type=content_type,
            announced=None if compressed else announced,
            etag=response.headers.get("ETag"),
            last_modified=response.headers.get("Last-Modified"),
            secrets=secrets,
        )

    def _gunzipped(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Decoded by us, a little at a time: a bomb never unfolds, a missing end is seen."""
        decoder = None
        try:
            for piece in pieces:
                rest = piece
                while rest:
                    if decoder is None or decoder.eof:
                        decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
                    yield decoder.decompress(rest, CHUNK_BYTES)
                    rest = decoder.unconsumed_tail or decoder.unused_data
            if decoder:
                yield decoder.flush()
        except zlib.error:
            raise self._passing("truncated", "the gzip body is damaged") from None
        if decoder and not decoder.eof:
            raise self._passing("truncated", "the gzip body ends too early")

    def _refusal(self, response: Response) -> Exception:
        status = response.status_code
        what = f"the server answers {status} {responses.get(status, '')}".rstrip()
        if status == 429 or status >= 500:
            busy = self._error(f"http-{status}", what, f"the server is busy or broken: {_AGAIN}")
            return _PassingError(busy, _seconds(response.headers.get("Retry-After", "")))
        if status == 407:
            return self._error("proxy", what, "check the name and password in HTTP(S)_PROXY")
        hint = "check the URL: it must give the file itself"
        if status in (401, 403):
            hint = "check the source's headers (token), and that the file is shared"
        return self._error(f"http-{status}", what, hint)

    def _explained(self, error: Exception) -> Exception:
        """The network's exception in our words: its own text may hold the URL and its secrets."""
        if monotonic() >= self.deadline:
            return _out_of_time(self.where, self.limits, "no answer came")
        causes = _causes(error)
        names = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
        code, what, hint = next(m[1:] for m in _MEANINGS if names & set(m[0].split()))
        what = what.format_map(vars(self.limits))
        reasons = [c.verify_message for c in causes if isinstance(c, ssl.SSLCertVerificationError)]
        what = ": ".join([what, *reasons[:1]])
        return (self._passing if code in _PASSING else self._error)(code, what, hint)

    def _error(self, code: str, what: str, hint: str) -> FetchError:
        return FetchError(what, where=self.where, hint=hint, code=code)

    def _passing(self, code: str, what: str, hint: str = _AGAIN) -> _PassingError:
        return _PassingError(self._error(code, what, hint))

    def _redirect(self, where_to: str) -> FetchError:
        hint = "open the URL in a browser and use the address it ends at"
        return self._error("redirect", f"the server redirects {where_to}", hint)


def _checked(headers: Mapping[str, str], where: str) -> dict[str, str]:
    """The headers to send: filled ones, without those that only we can choose."""
    filled = {name.strip(): value.strip() for name, value in headers.items() if value.strip()}
    for name, value in filled.items():
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            what = f"the header {name!r} holds a character that cannot be sent"
            hint = "look for a line break in its value, in the project file or the environment"
            raise ProjectError(what, where=where, hint=hint, code="header")
    return {name: value for name, value in filled.items() if name.lower() != "accept-encoding"}


def _conditions(validators: Validators | None) -> dict[str, str]:
    """The date is the second choice: it is exact to a second only."""
    etag, date = (validators.etag, validators.last_modified) if validators else (None, None)
    if etag and _HEADER_VALUE.fullmatch(etag):
        return {"If-None-Match": etag}
    return {"If-Modified-Since": date} if date and _HEADER_VALUE.fullmatch(date) else {}


def _session(connections: list[Any]) -> Session:
    """A session that follows no redirect and notes its connections, so that they can be cut."""
    import logging

    from requests import Session
    from requests.adapters import HTTPAdapter

    class Noting(HTTPAdapter):
        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
            pool.ConnectionCls = partial(noted, type(pool).ConnectionCls)
            return pool

    def noted(make: Any, *args: Any, **kwargs: Any) -> Any:
        connection = make(*args, **kwargs)
        connect = connection.connect

        def connect_and_note() -> None:
            connect()
            connection.noted = connection.sock  # a response may take the socket away

        connection.connect, connection.noted = connect_and_note, None
        connections.append(connection)
        return connection

    class Staying(Session):
        def get_redirect_target(self, resp: Response) -> None:
            """None: requests would read the whole body and keep custom headers."""

    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its lines hold whole URLs
    session = Staying()
    session.headers.clear()
    session.headers.update(OWN_HEADERS)
    session.mount("http://", Noting())
    session.mount("https://", Noting())
    return session


@contextmanager
def _cut_at(deadline: float, connections: list[Any]) -> Iterator[None]:
    """Shut the connections down at the deadline.

    A timeout is for one read: a server that drips its headers or its chunk sizes outlasts it.
    """
    done = threading.Event()

    def watch() -> None:
        done.wait(max(deadline - monotonic(), 0))
        while not done.wait(0.05):
            for open_socket in [s for c in list(connections) for s in (c.sock, c.noted)]:
                with suppress(OSError, TypeError):
                    socket.socket.shutdown(open_socket, socket.SHUT_RDWR)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _authorize(request: PreparedRequest) -> PreparedRequest:
    """The declared header, else the URL's credentials, else netrc (requests prefers netrc)."""
    from requests.auth import HTTPBasicAuth
    from requests.utils import get_auth_from_url, get_netrc_auth

    url = request.url or ""
    if "Authorization" not in request.headers:
        login = get_auth_from_url(url)
        login = login if any(login) else get_netrc_auth(url) or ("", "")
        if any(login):
            HTTPBasicAuth(*(part.encode() for part in login))(request)
    return request


def _network_errors() -> tuple[type[Exception], ...]:
    """What requests and the layers below it raise."""
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    return RequestException, HTTPError, HTTPException, OSError, ValueError


def _causes(error: BaseException) -> list[BaseException]:
    """An exception and all that it came from or wraps."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    for cause in waiting:
        if isinstance(cause, BaseException) and not any(cause is known for known in found):
            found.append(cause)
            reason = getattr(cause, "reason", None)
            waiting += [*cause.args, reason, cause.__cause__, cause.__context__]
    return found


def _out_of_time(where: str, limits: FetchLimits, came: str) -> FetchError:
    what = f"not complete within {limits.seconds:g} s: {came}"
    hint = "run again later, or raise seconds in [limits] of the project file"
    return FetchError(what, where=where, hint=hint, code="timeout")


def _seconds(retry_after: str) -> float | None:
    """The Retry-After header: a number of seconds or a date."""
    try:
        if retry_after.strip().isdecimal():
            return float(retry_after)
        date = parsedate_to_datetime(retry_after)
        return (date.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def _secrets(url: str, where: str, headers: Iterable[str]) -> frozenset[str]:
    """Every word of the request that the masked URL does not show."""
    words = [*re.split(r"[/?&;#=:@]", url), *" ".join(headers).split()]
    words += [unquote(word) for word in words]
    return frozenset(word for word in words if len(word) > 3 and word not in where)


def _shown(text: str, secrets: frozenset[str]) -> str:
    """A server's words, fit for a message: short, on one line, without an echo of our secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = " ".join(text.split())[:60]
    return "".join(character for character in text if character.isprintable())
