"""What fetching guarantees, proven against a real server that misbehaves."""

from __future__ import annotations

import gc
import gzip
import hashlib
import logging
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

import app.sources.fetch
from app.errors import ComptoirError, DeliveryError, FetchError, ProjectError, StoreError
from app.sources.attempt import FetchLimits, Validators
from app.sources.fetch import Fetched, NotModified, fetch
from app.sources.masking import masked
from tests.faulty_server import (
    Behaviour,
    FaultyServer,
    drip,
    drip_chunk_size,
    drip_headers,
    endless,
    failing,
    gzip_bomb,
    hang,
    html,
    page,
    raw,
    redirect,
    status,
    truncated,
    truncated_chunks,
    truncated_gzip,
)

BODY = b"Date,Quantit\xc3\xa9\r\n" + b"2025-07-01,3\r\n" * 400
QUICK = FetchLimits(backoff_seconds=0.01, seconds=10, connect_seconds=5, read_seconds=5)
ONCE = replace(QUICK, attempts=1)
SECRET = "s3cr3t-t0ken"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.fixture
def unresolvable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)


def get(url: str, into: Path, limits: FetchLimits = ONCE, **options: Any) -> Fetched:
    fetched = fetch(url, base=into.parent, into=into, limits=limits, **options)
    assert isinstance(fetched, Fetched)
    return fetched


def refused(url: str, into: Path, limits: FetchLimits = ONCE, **options: Any) -> ComptoirError:
    """The error; there must be one, with a place and a hint, and no file may be left."""
    with pytest.raises(ComptoirError) as caught:
        fetch(url, base=into.parent, into=into, limits=limits, **options)
    assert list(into.iterdir()) == []
    assert caught.value.where == masked(url)
    assert caught.value.hint
    return caught.value


# What comes is what is kept


def test_a_fetched_file_is_the_bytes_that_were_served(server: FaultyServer, into: Path) -> None:
    server.serve("/sales.csv", BODY, etag='"v1"', last_modified="Tue, 01 Jul 2025 08:00:00 GMT")
    fetched = get(server.url("/sales.csv"), into)
    assert fetched.path.read_bytes() == BODY
    assert fetched.path.parent == into
    assert fetched.path.name.startswith(".fetch-")
    assert (fetched.sha256, fetched.size) == (hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert fetched.url == server.url("/sales.csv")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", fetched.fetched_at)
    assert (fetched.etag, fetched.last_modified) == ('"v1"', "Tue, 01 Jul 2025 08:00:00 GMT")


def test_a_published_sheet_is_fetched_through_its_redirect_and_keeps_its_own_url(
    server: FaultyServer, into: Path
) -> None:
    server.serve_like_published_sheet("/pub", BODY)
    fetched = get(server.url("/pub?gid=0&output=csv"), into)
    assert fetched.path.read_bytes() == BODY
    assert fetched.url == server.url("/pub?gid=0&output=csv")
    assert (fetched.etag, fetched.last_modified) == (None, None)
    assert server.paths() == ["/pub", "/pub-content"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_gzip_body_is_decoded_and_hashed_decoded(
    server: FaultyServer, into: Path, chunked: bool
) -> None:
    body = os.urandom(300_000).hex().encode()
    server.serve("/a.csv", body, gzipped=True, chunked=chunked)
    fetched = get(server.url("/a.csv"), into)
    assert fetched.path.read_bytes() == body
    assert fetched.sha256 == hashlib.sha256(body).hexdigest()


def test_a_gzip_body_of_several_members_is_decoded_whole(server: FaultyServer, into: Path) -> None:
    packed = gzip.compress(BODY) + gzip.compress(b"more")
    server.serve("/a.csv", packed, headers={"Content-Encoding": "gzip"})
    assert get(server.url("/a.csv"), into).path.read_bytes() == BODY + b"more"


def test_a_body_without_a_length_is_read_to_its_end(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", raw(b"HTTP/1.0 200 OK\r\n\r\n" + BODY))
    assert get(server.url("/a.csv"), into).path.read_bytes() == BODY


def test_the_request_says_who_asks_and_what_for(server: FaultyServer, into: Path) -> None:
    server.serve("/a.csv", BODY)
    get(server.url("/a.csv"), into, headers={"accept-encoding": "br", "X-Shop": " 12 "})
    sent = server.requests[0].headers
    assert sent["User-Agent"].startswith("comptoir/")
    assert sent["Accept"] == "text/csv, */*"
    assert sent.get_all("Accept-Encoding") == ["gzip"]
    assert sent["X-Shop"] == "12"


def test_an_empty_header_is_not_sent(server: FaultyServer, into: Path) -> None:
    server.serve("/a.csv", BODY)
    get(server.url("/a.csv"), into, headers={"Authorization": "", "X-Api-Key": "  "})
    assert "Authorization" not in server.requests[0].headers
    assert "X-Api-Key" not in server.requests[0].headers


def test_progress_tells_the_bytes_so_far_and_in_all(server: FaultyServer, into: Path) -> None:
    told: list[tuple[int, int | None]] = []
    server.serve("/a.csv", BODY)
    server.serve("/b.csv", BODY, gzipped=True)
    for path in ("/a.csv", "/b.csv"):
        get(server.url(path), into, progress=lambda size, total: told.append((size, total)))
        assert told[-1] == (len(BODY), len(BODY) if path == "/a.csv" else None)


# Nothing new


@pytest.mark.parametrize(
    "version", [{"etag": '"v1"'}, {"last_modified": "Tue, 01 Jul 2025 08:00:00 GMT"}]
)
def test_a_known_version_is_not_transferred_again(
    server: FaultyServer, into: Path, version: dict[str, str]
) -> None:
    server.serve("/a.csv", BODY, **version)
    url = server.url("/a.csv")
    answer = fetch(url, base=into, into=into, limits=ONCE, validators=Validators(**version))
    assert isinstance(answer, NotModified)
    assert answer.url == url
    assert list(into.iterdir()) == []


def test_another_version_is_fetched(server: FaultyServer, into: Path) -> None:
    server.serve("/a.csv", BODY, etag='"v2"')
    assert get(server.url("/a.csv"), into, validators=Validators('"v1"', "x")).etag == '"v2"'
    assert server.requests[0].headers["If-None-Match"] == '"v1"'
    assert "If-Modified-Since" not in server.requests[0].headers


def test_a_date_says_nothing_of_the_file_a_redirect_leads_to(
    server: FaultyServer, into: Path
) -> None:
    date = "Tue, 01 Jul 2025 08:00:00 GMT"
    server.on("/latest", redirect("/a.csv"))
    server.serve("/a.csv", BODY, last_modified=date)
    known = Validators(last_modified=date)
    assert get(server.url("/latest"), into, validators=known).path.read_bytes() == BODY


def test_304_without_having_asked_for_it_is_an_error(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"))
    assert refused(server.url("/a.csv"), into).code == "http-304"


# What is not whole is not taken


@pytest.mark.parametrize(
    ("behaviour", "shown"),
    [
        (truncated(BODY, announced=len(BODY) + 1), f"{len(BODY):,} of {len(BODY) + 1:,} bytes"),
        (truncated_chunks(BODY), f"{len(BODY):,} bytes"),
        (truncated_gzip(BODY), "ends too early"),
        (page(gzip.compress(BODY)[:-8] + b"x" * 8, headers={"Content-Encoding": "gzip"}), "damage"),
        (
            page(
                gzip.compress(BODY), headers={"Content-Encoding": "gzip", "Content-Length": "999"}
            ),
            "of 999 bytes",
        ),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab"), "broke"),
        (raw(b""), "without an answer"),
    ],
)
def test_a_body_that_is_cut_short_is_an_error_that_tells_what_came(
    server: FaultyServer, into: Path, behaviour: Behaviour, shown: str
) -> None:
    server.on("/a.csv", behaviour)
    error = refused(server.url("/a.csv"), into)
    assert isinstance(error, FetchError)
    assert error.code == "truncated"
    assert shown in error.what


@pytest.mark.parametrize("limit", [100, len(BODY) - 1])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(
    server: FaultyServer, into: Path, chunked: bool, limit: int
) -> None:
    server.serve("/a.csv", BODY, chunked=chunked)
    assert refused(server.url("/a.csv"), into, replace(QUICK, max_bytes=limit)).code == "too-large"
    assert len(server.requests) == 1


def test_a_body_of_exactly_the_limit_is_taken(server: FaultyServer, into: Path) -> None:
    server.serve("/a.csv", BODY)
    get(server.url("/a.csv"), into, replace(ONCE, max_bytes=len(BODY)))


def test_an_announced_size_over_the_limit_is_refused_before_it_is_read(
    server: FaultyServer, into: Path
) -> None:
    server.on("/a.csv", truncated(b"a", announced=5000))
    told: list[int] = []
    limits = replace(ONCE, max_bytes=4999)
    error = refused(server.url("/a.csv"), into, limits, progress=lambda n, _: told.append(n))
    assert (error.code, told) == ("too-large", [])


def test_an_endless_body_stops_at_the_limit(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", endless())
    assert refused(server.url("/a.csv"), into, replace(ONCE, max_bytes=10**6)).code == "too-large"


def test_a_gzip_bomb_stops_as_soon_as_it_is_over_the_limit(
    server: FaultyServer, into: Path
) -> None:
    server.on("/a.csv", gzip_bomb(megabytes=64))
    told: list[int] = []
    limits = replace(ONCE, max_bytes=10**6)
    error = refused(server.url("/a.csv"), into, limits, progress=lambda n, _: told.append(n))
    assert error.code == "too-large"
    assert 0 < max(told) <= 10**6


@pytest.mark.parametrize(
    "behaviour",
    [
        drip(b"x" * 1000, every=0.05),
        drip(b"x" * 1000, every=0.05, chunked=True),
        drip_headers(every=0.05),
        drip_chunk_size(every=0.05),
        endless(),
        hang(),
        redirect("/a.csv", body=repeat(b"x" * 1000)),
        endless(gzip.compress(b"") * 100, encoding="gzip"),
    ],
    ids=[
        "drip",
        "chunk-drip",
        "header-drip",
        "chunk-size-drip",
        "endless",
        "hang",
        "endless-redirect",
        "empty-members",
    ],
)
def test_nothing_lasts_longer_than_the_time_budget(
    server: FaultyServer, into: Path, behaviour: Behaviour
) -> None:
    server.on("/a.csv", behaviour)
    began = time.monotonic()
    limits = replace(QUICK, seconds=0.4, redirects=10**6)
    error = refused(server.url("/a.csv"), into, limits)
    assert time.monotonic() - began < 3
    assert error.code == "timeout"


def test_the_body_of_a_redirect_is_not_read(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", redirect("/b.csv", body=repeat(b"x" * 1000)))
    server.serve("/b.csv", BODY)
    assert get(server.url("/a.csv"), into).path.read_bytes() == BODY


def test_a_drip_that_is_cut_tells_the_budget_and_what_came(
    server: FaultyServer, into: Path
) -> None:
    server.on("/a.csv", drip(b"x" * 1000, every=0.05))
    error = refused(server.url("/a.csv"), into, replace(QUICK, seconds=0.4))
    assert error.code == "timeout"
    assert re.search(r"not complete within 0.4 s: .*\d+ .*bytes", error.what)


def test_a_silent_server_is_a_timeout(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", hang())
    error = refused(server.url("/a.csv"), into, replace(ONCE, read_seconds=0.2))
    assert (error.code, error.what) == ("timeout", "no answer within 0.2 s")


def test_a_body_that_falls_silent_is_a_timeout(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", drip(b"xy", every=1))
    error = refused(server.url("/a.csv"), into, replace(ONCE, read_seconds=0.2))
    assert error.code == "timeout"
    assert "after 0 of 2 bytes" in error.what


# What is not the file is not taken


@pytest.mark.parametrize(
    "behaviour",
    [
        html(),
        page(b"\xef\xbb\xbf \r\n<HTML><TITLE>Sign\n in</TITLE>"),
        page(b"<!doctype  html><head><title>Sign in</title>", gzipped=True),
        page(b"<div><title lang=en>Sign in</title>", content_type="text/html"),
    ],
)
def test_an_html_page_is_refused_with_its_title_and_not_asked_again(
    server: FaultyServer, into: Path, behaviour: Behaviour
) -> None:
    server.on("/a.csv", behaviour)
    error = refused(server.url("/a.csv"), into, QUICK)
    assert isinstance(error, DeliveryError)
    assert error.code == "html"
    assert "200" in error.what
    assert "'Sign in'" in error.what
    assert len(server.requests) == 1


def test_html_instead_of_a_google_sheet_tells_how_to_publish_it(
    server: FaultyServer, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    server.on("/spreadsheets/d/e/2PACX-1v/pub", html())
    url = "http://docs.google.com/spreadsheets/d/e/2PACX-1v/pub?gid=0&output=csv"
    assert "publish the sheet to the web as CSV" in refused(url, into).hint


@pytest.mark.parametrize(
    "behaviour",
    [page(b"a,b\n<html>,1\n"), page(b"<headcount>,b\n1,2\n"), page(BODY, content_type="text/html")],
)
def test_a_csv_that_mentions_or_is_called_html_is_taken(
    server: FaultyServer, into: Path, behaviour: Behaviour
) -> None:
    server.on("/a.csv", behaviour)
    get(server.url("/a.csv"), into)


@pytest.mark.parametrize(
    "behaviour",
    [
        page(b""),
        page(b"\xef\xbb\xbf \r\n\t" * 50_000),
        page(b"", gzipped=True),
        page(b"", headers={"Content-Encoding": "gzip"}),
        raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
)
def test_an_empty_body_is_refused(server: FaultyServer, into: Path, behaviour: Behaviour) -> None:
    server.on("/a.csv", behaviour)
    error = refused(server.url("/a.csv"), into, QUICK)
    assert isinstance(error, DeliveryError)
    assert error.code == "empty"
    assert len(server.requests) == 1


def test_an_encoding_that_was_not_asked_for_is_refused(server: FaultyServer, into: Path) -> None:
    server.serve("/a.csv", BODY, headers={"Content-Encoding": "br"})
    error = refused(server.url("/a.csv"), into)
    assert error.code == "encoding"
    assert "'br'" in error.what


@pytest.mark.parametrize("code", [202, 206, 300, 400, 401, 403, 404, 410])
def test_any_other_status_is_its_own_error_and_not_asked_again(
    server: FaultyServer, into: Path, code: int
) -> None:
    server.on("/a.csv", status(code))
    error = refused(server.url("/a.csv"), into, QUICK)
    assert error.code == f"http-{code}"
    assert str(code) in error.what
    assert len(server.requests) == 1


# What may pass is tried again


@pytest.mark.parametrize(
    "behaviour",
    [
        status(500),
        status(503),
        status(429, retry_after="0"),
        raw(b""),
        truncated(b"a", announced=9),
    ],
)
def test_a_passing_failure_is_tried_again(
    server: FaultyServer, into: Path, behaviour: Behaviour
) -> None:
    server.on("/a.csv", failing(2, behaviour, page(BODY)))
    assert get(server.url("/a.csv"), into, QUICK).path.read_bytes() == BODY
    assert len(server.requests) == 3
    assert len(list(into.iterdir())) == 1


def test_after_the_last_attempt_the_error_counts_them(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", status(502))
    error = refused(server.url("/a.csv"), into, replace(QUICK, attempts=3))
    assert (error.code, len(server.requests)) == ("http-502", 3)
    assert error.what == "the server answers 502 Bad Gateway (after 3 attempts)"


def test_waits_grow_and_differ(
    server: FaultyServer, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(app.sources.fetch, "sleep", waits.append)
    server.on("/a.csv", status(500))
    limits = replace(QUICK, attempts=6, backoff_seconds=0.1, seconds=60)
    refused(server.url("/a.csv"), into, limits)
    assert len(waits) == 5
    assert all(0.05 * 2**n <= wait <= 0.15 * 2**n for n, wait in enumerate(waits))
    assert len({wait / 2**n for n, wait in enumerate(waits)}) > 1


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("7", 7, 7),
        ("86400", 30, 30),
        ("Fri, 31 Dec 2100 08:00:00 GMT", 30, 30),
        ("Tue, 01 Jul 2025 08:00:00 GMT", 0, 0),
        ("soon", 0, 0.02),
        ("²", 0, 0.02),
    ],
)
def test_retry_after_is_honoured_up_to_30_seconds(
    server: FaultyServer,
    into: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    retry_after: str,
    least: float,
    most: float,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(app.sources.fetch, "sleep", waits.append)
    server.on("/a.csv", failing(1, status(code, retry_after=retry_after), page(BODY)))
    get(server.url("/a.csv"), into, replace(QUICK, seconds=100))
    assert len(waits) == 1
    assert least <= waits[0] <= most


def test_a_wait_beyond_the_time_budget_is_not_begun(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", status(429, retry_after="20"))
    began = time.monotonic()
    assert refused(server.url("/a.csv"), into, QUICK).code == "http-429"
    assert time.monotonic() - began < 5
    assert len(server.requests) == 1


# Where it goes, and with what


def test_redirects_in_a_circle_end(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", redirect("/b.csv"))
    server.on("/b.csv", redirect("/a.csv"))
    assert refused(server.url("/a.csv"), into, QUICK).code == "redirect"
    assert len(server.requests) == 11


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/a.csv",
        "data:text/csv,a",
        "",
        "http://[::1/",
        "http://h:x/",
    ],
)
def test_a_redirect_to_anything_but_http_is_refused(
    server: FaultyServer, into: Path, target: str
) -> None:
    server.on("/a.csv", redirect(target))
    error = refused(server.url("/a.csv"), into, QUICK)
    assert error.code == "redirect"
    assert "passwd" not in str(error)


def test_a_redirect_from_https_to_http_is_refused(
    server: FaultyServer, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    server.on("/a.csv", redirect(server.url("/b.csv")))
    send = requests.adapters.HTTPAdapter.send

    def as_if_https(self: Any, request: Any, **how: Any) -> Any:
        request.url = request.url.replace("https:", "http:")
        response = send(self, request, **how)
        response.url = response.url.replace("http:", "https:")
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", as_if_https)
    error = refused(server.url("/a.csv").replace("http:", "https:"), into)
    assert (error.code, server.paths()) == ("redirect", ["/a.csv"])
    assert "https" in error.what


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_secret_headers_stay_with_their_host(
    server: FaultyServer, other_server: FaultyServer, into: Path, code: int
) -> None:
    headers = {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET, "Cookie": f"a={SECRET}"}
    host = server.url("/c.csv", host="localhost")
    server.on("/a.csv", redirect("/b.csv", code=code))
    server.on("/b.csv", redirect(host, code=code))
    server.on("/c.csv", redirect(other_server.url("/d.csv"), code=code))
    other_server.on("/d.csv", redirect(server.url("/e.csv"), code=code))
    server.serve("/e.csv", BODY)
    get(server.url("/a.csv"), into, headers=headers, validators=Validators('"v1"'))
    assert [SECRET in str(r.headers) for r in server.requests] == [True, True, False, False]
    assert SECRET not in str(other_server.requests[0].headers)
    assert server.requests[1].headers["X-Api-Key"] == SECRET
    assert server.requests[-1].headers["If-None-Match"] == '"v1"'


def test_a_backslash_in_a_redirect_does_not_confuse_the_host(
    server: FaultyServer, other_server: FaultyServer, into: Path
) -> None:
    authority = server.url("")[len("http://") :]
    server.on("/a.csv", redirect(other_server.url(f"\\@{authority}/b.csv")))
    with pytest.raises(ComptoirError):
        get(server.url("/a.csv"), into, headers={"X-Api-Key": SECRET})
    assert all(SECRET not in str(request.headers) for request in other_server.requests)


def test_a_relative_redirect_in_utf8_is_followed(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", raw("HTTP/1.1 302 Found\r\nLocation: /été.csv\r\n\r\n".encode()))
    server.serve("/%C3%A9t%C3%A9.csv", BODY)
    get(server.url("/a.csv"), into)


def test_credentials_in_the_url_are_sent_and_never_shown(server: FaultyServer, into: Path) -> None:
    server.serve("/a.csv", BODY)
    fetched = get(server.url("/a.csv", login="ann:p%40ss%E2%82%AC"), into)
    assert fetched.url == server.url("/a.csv", login="***")
    # ann:p@ss€
    assert server.requests[0].headers["Authorization"] == "Basic YW5uOnBAc3Pigqw="


def test_netrc_gives_way_to_what_the_project_declares(
    server: FaultyServer, into: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login net password rc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.serve("/a.csv", BODY)
    get(server.url("/a.csv"), into, headers={"authorization": "Bearer mine"})
    get(server.url("/a.csv", login="ann:pw"), into)
    get(server.url("/a.csv"), into)
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer mine", "Basic YW5uOnB3", "Basic bmV0OnJj"]


def test_a_proxy_of_the_environment_is_used(
    server: FaultyServer, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    server.serve("/sales.csv", BODY)
    get("http://shop.invalid/sales.csv", into)
    assert server.requests[0].target == "http://shop.invalid/sales.csv"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxy", ["http://ann:{SECRET}@127.0.0.1:1", "http://ann:{SECRET}@/"])
def test_a_proxy_that_fails_is_told_apart(
    into: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, proxy: str
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", proxy.format(SECRET=SECRET))
    error = refused(f"{scheme}://shop.invalid/a.csv", into, QUICK)
    assert error.code == "proxy"
    assert SECRET not in str(error)


def test_a_proxy_that_refuses_is_told_apart(
    server: FaultyServer, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    monkeypatch.setenv("https_proxy", server.url(""))
    server.on("/a.csv", status(407))
    assert refused("http://shop.invalid/a.csv", into, QUICK).code == "proxy"
    assert refused("https://shop.invalid/a.csv", into, QUICK).code == "proxy"


def test_a_proxy_that_drips_is_cut_at_the_time_budget(
    server: FaultyServer, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.url(""))
    server.on("shop.invalid:443", drip_headers(b"HTTP/1.1 ", every=0.05))
    began = time.monotonic()
    error = refused("https://shop.invalid/a.csv", into, replace(QUICK, seconds=0.4))
    assert time.monotonic() - began < 3
    assert error.code == "timeout"


# Why there is no answer


def test_an_unknown_host_is_a_dns_error(into: Path) -> None:
    assert refused("http://nowhere.invalid/a.csv", into).code == "dns"


@pytest.mark.usefixtures("unresolvable")
def test_a_name_service_that_is_not_ready_is_asked_again(into: Path) -> None:
    error = refused("http://shop.example/a.csv", into, QUICK)
    assert error.code == "dns"
    assert "after 4 attempts" in error.what


def test_a_closed_port_is_refused(into: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/a.csv"
        error = refused(url, into, QUICK)
    assert error.code == "refused"
    assert error.what == "the server refuses the connection (after 4 attempts)"


@pytest.mark.parametrize(
    ("cause", "code", "what"),
    [
        (TimeoutError("timed out"), "timeout", "no connection within 5 s"),
        (OSError(101, "Network is unreachable"), "refused", "the server cannot be reached"),
        (ConnectionResetError(104, "reset"), "refused", "the server cannot be reached"),
    ],
)
def test_a_connection_that_fails_tells_how(
    into: Path, monkeypatch: pytest.MonkeyPatch, cause: OSError, code: str, what: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise cause

    monkeypatch.setattr(socket.socket, "connect", fail)
    error = refused("http://127.0.0.1:9/a.csv", into)
    assert (error.code, error.what) == (code, what)


def test_https_to_a_server_without_it_is_a_tls_error(server: FaultyServer, into: Path) -> None:
    url = server.url("/a.csv").replace("http:", "https:")
    assert refused(url, into, QUICK).code == "tls"


def test_a_missing_certificate_bundle_is_a_tls_error(
    into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    error = refused("https://127.0.0.1:9/a.csv", into, QUICK)
    assert error.code == "tls"
    assert "REQUESTS_CA_BUNDLE" in error.hint


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    ],
)
def test_an_answer_that_is_not_http_is_a_protocol_error(
    server: FaultyServer, into: Path, answer: bytes
) -> None:
    server.on("/a.csv", raw(answer))
    assert refused(server.url("/a.csv"), into, QUICK).code == "protocol"
    assert len(server.requests) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_answer_of_two_lengths_is_a_protocol_error(server: FaultyServer, into: Path) -> None:
    server.on("/a.csv", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\na"))
    assert refused(server.url("/a.csv"), into, QUICK).code == "protocol"
    gc.collect()  # urllib3 leaves the socket of such an answer to the collector


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.com/a.csv", "scheme"),
        ("s3://bucket/a.csv", "scheme"),
        ("http://", "url"),
        ("http:///a.csv", "url"),
        ("http://[::1/a.csv", "url"),
        ("http://127.0.0.1:99999/a.csv", "url"),
        ("http://127.0.0.1:port/a.csv", "url"),
        (f"http://{'a' * 70}.example/a.csv", "url"),
        ("http://a..b/a.csv", "url"),
        ("http://*.example/a.csv", "url"),
        ("http://\u2100.example\ud800/a.csv", "url"),
    ],
)
def test_a_url_that_cannot_be_asked_is_told_apart(into: Path, url: str, code: str) -> None:
    error = refused(url, into, QUICK)
    assert isinstance(error, FetchError)
    assert error.code == code


# Secrets


@pytest.mark.parametrize("value", [f"{SECRET}\r\nX: y", f"{SECRET}\0", f"{SECRET}€"])
def test_a_header_that_cannot_be_sent_is_named_without_its_value(into: Path, value: str) -> None:
    error = refused("http://127.0.0.1:9/a.csv", into, headers={"X-Api-Key": value})
    assert isinstance(error, ProjectError)
    assert "X-Api-Key" in error.what
    assert SECRET not in str(error)


def test_a_header_name_that_cannot_be_sent_is_a_project_error(into: Path) -> None:
    error = refused("http://127.0.0.1:9/a.csv", into, headers={"X Api\nKey": "a"})
    assert isinstance(error, ProjectError)


@pytest.mark.parametrize(
    "behaviour",
    [
        status(401),
        status(503),
        raw(b""),
        raw(b"nonsense " + SECRET.encode()),
        truncated(b"a", announced=9),
        html(f"<html><title>{SECRET} and {SECRET}-2 sent</title>".encode()),
        page(b"<html>", content_type=f"text/html; a={SECRET}"),
        page(b"a", headers={"Content-Encoding": SECRET}),
        redirect(f"ftp://ann:{SECRET}@host/{SECRET}"),
        redirect(f"http://ann:{SECRET}@[{SECRET}/"),
        raw(b"HTTP/1.1 200 OK\r\nnot a header\r\nA: b\r\n\r\n"),
    ],
)
@pytest.mark.parametrize(
    ("login", "query", "headers"),
    [
        ("", "", {"Authorization": f"Bearer {SECRET}"}),
        ("", "", {"X-Api-Key": SECRET}),
        (f"ann:{SECRET}", "", {}),
        ("", f"?gid=0&access_token={SECRET}", {}),
    ],
)
def test_no_secret_is_in_any_error_or_log_line(
    server: FaultyServer,
    into: Path,
    caplog: pytest.LogCaptureFixture,
    behaviour: Behaviour,
    login: str,
    query: str,
    headers: dict[str, str],
) -> None:
    caplog.set_level(logging.DEBUG)
    server.on("/a.csv", behaviour)
    error = refused(server.url(f"/a.csv{query}", login=login), into, headers=headers)
    assert SECRET not in str(error)
    assert SECRET not in caplog.text
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ann:pw@example.com/a.csv", "https://***@example.com/a.csv"),
        ("https://ann:p@w@example.com:8443/a.csv", "https://***@example.com:8443/a.csv"),
        ("https://ann:p/w?x#y@example.com/a.csv", "https://***@example.com/a.csv"),
        ("https://token@example.com/a.csv", "https://***@example.com/a.csv"),
        ("ann:pw@example.com/a.csv", "***@example.com/a.csv"),
        ("//ann:pw@example.com/a.csv", "//***@example.com/a.csv"),
        ("https://h/a.csv?token=abc&gid=0", "https://h/a.csv?token=***&gid=0"),
        ("https://h/a.csv?gid=0&output=csv", "https://h/a.csv?gid=0&output=csv"),
        (
            "https://h/a?X-Amz-Signature=1&X-Amz-Date=2",
            "https://h/a?X-Amz-Signature=***&X-Amz-Date=2",
        ),
        ("https://h/a?sv=2024&sig=a%2Fb%3D", "https://h/a?sv=2024&sig=***"),
        (
            "https://h/a?apiKey=1&api_key=2&API-KEY=3",
            "https://h/a?apiKey=***&api_key=***&API-KEY=***",
        ),
        ("https://h/a?to%6ben=1;password=2", "https://h/a?to%6ben=***;password=***"),
        ("https://h/a#access_token=1", "https://h/a#access_token=***"),
        ("https://h/a?sign=1&design=2&passage=3&author=4&signal=5", None),
        ("https://h/@ann/a.csv", None),
        ("https://h:8443/@ann/a.csv", None),
        ("http://[::1]:80/@ann/a.csv", None),
        (
            "https://docs.google.com/spreadsheets/d/e/2PACX-1vS/pub?gid=0&single=true&output=csv",
            None,
        ),
        ("samples/ventes@2025.csv", None),
        ("", None),
    ],
)
def test_masked_hides_secrets_and_nothing_else(url: str, shown: str | None) -> None:
    assert masked(url) == (url if shown is None else shown)


# Files


def test_a_file_is_copied_from_below_the_project(into: Path) -> None:
    (into.parent / "ventes été.csv").write_bytes(BODY)
    for url in ("ventes été.csv", "into/../ventes été.csv", f"{into.parent}/ventes été.csv"):
        fetched = get(url, into)
        assert fetched.path.read_bytes() == BODY
        assert fetched.sha256 == hashlib.sha256(BODY).hexdigest()
        assert fetched.url == url
    assert (into.parent / "ventes été.csv").exists()


@pytest.mark.parametrize("prefix", ["file://", "file:", "FILE://localhost"])
def test_a_file_url_is_a_file(into: Path, prefix: str) -> None:
    (into.parent / "a b.csv").write_bytes(BODY)
    assert get(f"{prefix}{into.parent}/a%20b.csv", into).path.read_bytes() == BODY


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("missing.csv", "No such file"),
        ("into", "a folder"),
        ("/dev/zero", "not a regular file"),
        ("a\0b.csv", "not a file name"),
        ("x" * 300, "too long"),
        ("file://other/a.csv", "another machine"),
    ],
)
def test_a_file_that_cannot_be_read_tells_why(into: Path, url: str, shown: str) -> None:
    error = refused(url, into, QUICK)
    assert isinstance(error, FetchError)
    assert error.code == "file"
    assert shown in error.what


def test_a_file_without_the_right_to_read_it_tells_so(
    into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (into.parent / "a.csv").write_bytes(BODY)

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    error = refused("a.csv", into)
    assert (error.code, "Permission denied" in error.what) == ("file", True)


def changing(path: Path, times: int) -> Any:
    """A progress that appends to the file while its first copies are read."""
    left = iter(range(times))

    def change(size: int, _: int | None) -> None:
        if size == len(path.read_bytes()) and next(left, None) is not None:
            with path.open("ab") as file:
                file.write(b"more\r\n")

    return change


def test_a_file_that_changes_while_it_is_read_is_read_again(into: Path) -> None:
    path = into.parent / "a.csv"
    path.write_bytes(BODY)
    fetched = get("a.csv", into, QUICK, progress=changing(path, 1))
    assert fetched.path.read_bytes() == path.read_bytes() == BODY + b"more\r\n"
    assert list(into.iterdir()) == [fetched.path]


@pytest.mark.parametrize(("size", "clock"), [(100_000, 2), (70_000, 1)])
def test_a_file_rewritten_while_it_is_read_is_never_a_mixture(
    into: Path, size: int, clock: int
) -> None:
    path = into.parent / "a.csv"
    path.write_bytes(b"a" * 100_000)
    os.utime(path, ns=(1, 1))
    once = iter([1])

    def rewrite(_: int, __: int | None) -> None:
        if next(once, None):
            path.write_bytes(b"b" * size)
            os.utime(path, ns=(clock, clock))

    assert get("a.csv", into, QUICK, progress=rewrite).path.read_bytes() == b"b" * size
    assert len(list(into.iterdir())) == 1


def test_a_file_that_never_rests_is_an_error(into: Path) -> None:
    path = into.parent / "a.csv"
    path.write_bytes(BODY)
    error = refused("a.csv", into, QUICK, progress=changing(path, 99))
    assert error.code == "file"
    assert "changes while it is read (after 4 attempts)" in error.what


@pytest.mark.parametrize(
    ("body", "code"), [(b"", "empty"), (b" \r\n", "empty"), (b"<html>", "html")]
)
def test_a_file_is_checked_as_an_answer_is(into: Path, body: bytes, code: str) -> None:
    (into.parent / "a.csv").write_bytes(body)
    assert refused("a.csv", into, QUICK).code == code


def test_a_file_over_the_limit_is_refused(into: Path) -> None:
    (into.parent / "a.csv").write_bytes(BODY)
    assert refused("a.csv", into, replace(QUICK, max_bytes=10)).code == "too-large"


# The disk


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError, ValueError])
def test_an_interruption_leaves_no_file_and_is_not_hidden(
    server: FaultyServer, into: Path, error: type[BaseException]
) -> None:
    def interrupted(_: int, __: int | None) -> None:
        raise error

    server.serve("/a.csv", BODY)
    with pytest.raises(error):
        get(server.url("/a.csv"), into, QUICK, progress=interrupted)
    assert list(into.iterdir()) == []
    assert len(server.requests) == 1


def test_a_full_disk_is_a_store_error(server: FaultyServer, into: Path) -> None:
    server.serve("/a.csv", os.urandom(500_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        error = refused(server.url("/a.csv"), into, QUICK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(error, StoreError)
    assert "File too large" in error.what


def test_a_disk_that_does_not_keep_the_bytes_is_a_store_error(
    server: FaultyServer, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    server.serve("/a.csv", BODY)
    error = refused(server.url("/a.csv"), into, QUICK)
    assert isinstance(error, StoreError)


def test_a_missing_folder_is_a_store_error(server: FaultyServer, into: Path) -> None:
    server.serve("/a.csv", BODY)
    with pytest.raises(StoreError):
        get(server.url("/a.csv"), into / "missing")


# The rest


def test_importing_the_module_does_not_import_requests() -> None:
    web = "'requests' in sys.modules or 'urllib3' in sys.modules"
    code = f"import sys, app.sources.fetch; sys.exit({web})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("behaviour", [page(BODY), html(), truncated(b"a", announced=9), raw(b"")])
def test_no_thread_outlives_a_fetch(server: FaultyServer, into: Path, behaviour: Behaviour) -> None:
    server.on("/a.csv", behaviour)
    with suppress(ComptoirError):
        get(server.url("/a.csv"), into)
    assert not [thread for thread in threading.enumerate() if "(watch)" in thread.name]
