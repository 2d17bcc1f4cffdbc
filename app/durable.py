"""Writing a file so that a reader finds the old one or the new one, whole, whatever happens."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".write-"  # how the name of a file begins that is not yet whole


def write_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` as `replacing` does."""
    with replacing(path) as file:
        file.write_bytes(content)


@contextmanager
def replacing(path: Path, prefix: str = UNFINISHED) -> Iterator[Path]:
    """A new empty file beside `path`, to be written inside, that takes its name at the end.

    It is flushed to the disk, gets the read and write permissions of its folder (whoever may
    put files there may overwrite this one), and is renamed. When the inside raises, it goes
    and `path` stays as it was. OSError for what the file system refuses.
    """
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(path.parent.stat().st_mode & 0o666)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
