"""The session of requests, as fetching needs it: no redirects, one deadline, no surprises."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPException
from time import monotonic
from typing import TYPE_CHECKING, Any

from app import __version__

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

OWN_HEADERS = {
    "User-Agent": f"comptoir/{__version__}",
    "Accept": "text/csv, */*",
    "Accept-Encoding": "gzip",
}


def open_session(connections: list[Any]) -> Session:
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
def cut_at(deadline: float, connections: list[Any]) -> Iterator[None]:
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


def authorize(request: PreparedRequest) -> PreparedRequest:
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


def network_errors() -> tuple[type[Exception], ...]:
    """What requests and the layers below it raise."""
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    return RequestException, HTTPError, HTTPException, OSError, ValueError


def causes(error: BaseException) -> list[BaseException]:
    """An exception and all that it came from or wraps."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    for cause in waiting:
        if isinstance(cause, BaseException) and not any(cause is known for known in found):
            found.append(cause)
            reason = getattr(cause, "reason", None)
            waiting += [*cause.args, reason, cause.__cause__, cause.__context__]
    return found
