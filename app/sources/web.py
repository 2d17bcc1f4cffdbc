"""A source behind http or https: one attempt, its answer, or the error that tells why not."""

from __future__ import annotations

import re
import ssl
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from app.errors import FetchError, ProjectError
from app.sources.attempt import (
    AGAIN,
    CHUNK_BYTES,
    Answer,
    FetchLimits,
    PassingError,
    Validators,
    out_of_time,
)
from app.sources.connection import authorize, causes, cut_at, network_errors, open_session
from app.sources.masking import printable, secret_words

if TYPE_CHECKING:
    from requests import Response, Session

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_CONDITIONS = {"If-None-Match", "If-Modified-Since"}
_PASSING = {"dns", "refused", "timeout", "truncated"}
# names of exceptions (requests, urllib3, http.client, ssl, socket) and what they mean; first match
_MEANINGS = (
    ("ProxyError InvalidProxyURL", "proxy", "the proxy refuses or cannot be reached",
     "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"),
    ("gaierror", "dns", "the host's name is not found", "check the URL and the network's DNS"),
    ("ConnectionRefusedError", "refused", "the server refuses the connection", AGAIN),
    ("NewConnectionError", "refused", "the server cannot be reached", AGAIN),
    ("ConnectTimeout", "timeout", "no connection within {connect_seconds:g} s", AGAIN),
    ("Timeout TimeoutError", "timeout", "no answer within {read_seconds:g} s", AGAIN),
    ("SSLError", "tls", "no secure connection",
     "check the port; for a private authority set REQUESTS_CA_BUNDLE"),
    ("RemoteDisconnected ConnectionResetError ConnectionAbortedError BrokenPipeError", "truncated",
     "the server closes the connection without an answer", AGAIN),
    ("ProtocolError HTTPException InvalidHeader", "protocol", "the answer is not HTTP",
     "check the port"),
    ("ValueError", "url", "the URL is not valid", "check its host, port and spelling"),
    ("RequestException HTTPError", "protocol", "the request failed", AGAIN),
    ("OSError", "tls", "the trusted certificates cannot be read", "check REQUESTS_CA_BUNDLE"),
)  # fmt: skip


@dataclass(frozen=True)
class Web:
    """A source behind http or https; `open` is one attempt."""

    url: str
    where: str
    headers: Mapping[str, str]
    limits: FetchLimits
    deadline: float

    @contextmanager
    def open(self) -> Iterator[Answer | None]:
        """The answer behind all redirects; None if it is not modified."""
        connections: list[Any] = []
        with (
            open_session(connections) as session,
            cut_at(self.deadline, connections),
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
            # timeouts bound one step each, the deadline is kept by cut_at
            return session.get(
                url, headers=headers, auth=authorize, timeout=timeout, stream=True
            )  # fmt: skip
        except network_errors() as error:
            raise self._explained(error) from None

    def _answer(self, response: Response) -> Answer:
        authorization = response.request.headers.get("Authorization") or ""
        secrets = secret_words(self.url, self.where, [*self.headers.values(), authorization])
        content_type = printable(response.headers.get("Content-Type", ""), secrets)
        kind = content_type or "no content type"
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        announced: int | None = response.raw.length_remaining
        of = "" if announced is None else f" of {announced:,}"

        def raw() -> Iterator[bytes]:
            # read1, so that every byte that comes meets the time budget
            try:
                while piece := response.raw.read1(CHUNK_BYTES, decode_content=False):
                    yield piece
            except network_errors() as error:
                silent = any(isinstance(cause, TimeoutError) for cause in causes(error))
                what = "no more bytes came" if silent else "the connection broke"
                what += f" after {response.raw.tell():,}{of} bytes ({kind})"
                raise self._passing("timeout" if silent else "truncated", what) from None

        if encoding not in ("", "identity", "gzip", "x-gzip"):
            what = f"the answer is encoded as {printable(encoding, secrets)!r}, not as asked"
            hint = "have the server send it as it is, or with gzip"
            raise self._error("encoding", what, hint)
        compressed = encoding.endswith("gzip")
        return Answer(
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
            busy = self._error(f"http-{status}", what, f"the server is busy or broken: {AGAIN}")
            return PassingError(busy, _seconds(response.headers.get("Retry-After", "")))
        if status == 407:
            return self._error("proxy", what, "check the name and password in HTTP(S)_PROXY")
        hint = "check the URL: it must give the file itself"
        if status in (401, 403):
            hint = "check the source's headers (token), and that the file is shared"
        return self._error(f"http-{status}", what, hint)

    def _explained(self, error: Exception) -> Exception:
        """The network's exception in our words: its own text may hold the URL and its secrets."""
        if monotonic() >= self.deadline:
            return out_of_time(self.where, self.limits, "no answer came")
        found = causes(error)
        names = {kind.__name__ for cause in found for kind in type(cause).__mro__}
        code, what, hint = next(m[1:] for m in _MEANINGS if names & set(m[0].split()))
        what = what.format_map(vars(self.limits))
        reasons = [c.verify_message for c in found if isinstance(c, ssl.SSLCertVerificationError)]
        what = ": ".join([what, *reasons[:1]])
        return (self._passing if code in _PASSING else self._error)(code, what, hint)

    def _error(self, code: str, what: str, hint: str) -> FetchError:
        return FetchError(what, where=self.where, hint=hint, code=code)

    def _passing(self, code: str, what: str, hint: str = AGAIN) -> PassingError:
        return PassingError(self._error(code, what, hint))

    def _redirect(self, where_to: str) -> FetchError:
        hint = "open the URL in a browser and use the address it ends at"
        return self._error("redirect", f"the server redirects {where_to}", hint)


def checked(headers: Mapping[str, str], where: str) -> dict[str, str]:
    """The headers to send: filled ones, without those that only we can choose."""
    filled = {name.strip(): value.strip() for name, value in headers.items() if value.strip()}
    for name, value in filled.items():
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            what = f"the header {name!r} holds a character that cannot be sent"
            hint = "look for a line break in its value, in the project file or the environment"
            raise ProjectError(what, where=where, hint=hint, code="header")
    return {name: value for name, value in filled.items() if name.lower() != "accept-encoding"}


def conditions(validators: Validators | None) -> dict[str, str]:
    """The date is the second choice: it is exact to a second only."""
    etag, date = (validators.etag, validators.last_modified) if validators else (None, None)
    if etag and _HEADER_VALUE.fullmatch(etag):
        return {"If-None-Match": etag}
    return {"If-Modified-Since": date} if date and _HEADER_VALUE.fullmatch(date) else {}


def _seconds(retry_after: str) -> float | None:
    """The Retry-After header: a number of seconds or a date."""
    try:
        if retry_after.strip().isdecimal():
            return float(retry_after)
        date = parsedate_to_datetime(retry_after)
        return (date.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
