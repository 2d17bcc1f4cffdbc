"""A source that is a file of this machine."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from app.errors import FetchError
from app.sources.attempt import AGAIN, CHUNK_BYTES, Answer, PassingError

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def file_path(url: str, base: Path, where: str) -> Path:
    if not SCHEME.match(url):
        return base / url
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        what = "a file: URL cannot name another machine"
        hint = "mount the folder and give its path, as in file:///srv/sales.csv"
        raise FetchError(what, where=where, hint=hint, code="file")
    return base / url2pathname(parts.path)


@contextmanager
def open_file(path: Path, where: str) -> Iterator[Answer]:
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
            raise PassingError(error("it changes while it is read", AGAIN))

    yield Answer(pieces())
