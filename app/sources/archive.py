"""The archive of deliveries: every fetched file as it came, compressed, named by its content.

Everything goes through `put` and `extract`, so that it can move to object storage.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import BinaryIO

COPY_BYTES = 1 << 20


class Archive:
    """Compressed deliveries below `folder`, one folder a source."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, source: str, path: Path, sha256: str, stopped: Event | None = None) -> None:
        """Keep the file at `path`; it has its final name only once it is whole and on the disk.

        CancelledError if `stopped` was set meanwhile.
        """
        final = self._path(source, sha256)
        if final.exists():
            return
        final.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".put-", dir=final.parent)
        try:
            with os.fdopen(descriptor, "wb") as raw:
                # level 1: a third of the size at a third of the time of the default level
                with path.open("rb") as file, gzip.GzipFile("", "wb", 1, raw, mtime=0) as packed:
                    packed.writelines(_pieces(file, stopped))
                raw.flush()
                os.fsync(raw.fileno())
            Path(name).replace(final)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @contextmanager
    def keeping(self, files: Iterable[tuple[str, Path, str]]) -> Iterator[Future[None]]:
        """While inside, each of `files` (source, path, SHA-256) is put, beside what else is done.

        The result is there once all are kept; it raises OSError if one could not be. An error
        inside stops it.
        """
        stopped = Event()

        def put_all() -> None:
            for source, path, sha256 in files:
                self.put(source, path, sha256, stopped)

        with ThreadPoolExecutor(1) as putting:
            try:
                yield putting.submit(put_all)
            except BaseException:
                stopped.set()
                raise

    def holds(self, source: str, sha256: str) -> bool:
        """Whether the delivery with this content is kept."""
        return self._path(source, sha256).is_file()

    def extract(self, source: str, sha256: str, into: Path) -> Path:
        """Unpack a kept delivery to a new temporary file in the folder `into`; OSError if gone."""
        with gzip.open(self._path(source, sha256), "rb") as packed:
            descriptor, name = tempfile.mkstemp(prefix=".extract-", dir=into)
            with os.fdopen(descriptor, "wb") as file:
                shutil.copyfileobj(packed, file, COPY_BYTES)
        return Path(name)

    def prune(self, source: str, keep: Collection[str]) -> None:
        """Drop what `source` has besides the deliveries in `keep` (SHA-256)."""
        folder = self._folder / source
        names = {self._path(source, sha256).name for sha256 in keep}
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name not in names:
                path.unlink(missing_ok=True)

    def _path(self, source: str, sha256: str) -> Path:
        return self._folder / source / f"{sha256}.gz"


def _pieces(file: BinaryIO, stopped: Event | None) -> Iterator[bytes]:
    while piece := file.read(COPY_BYTES):
        if stopped and stopped.is_set():
            raise CancelledError
        yield piece
