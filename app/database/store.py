"""The SQLite file: opening it, locking it, its one transaction.

`connect` is the only place that opens a connection, `transaction` the only one that begins and
commits. Readers see the last commit and never wait; writers hold the lock of `locked`.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.errors import ComptoirError, LockError, StoreError

BUSY_SECONDS = 10
CACHE_KIB = 16_000
LOCK_POLL_SECONDS = 0.2


def connect(path: Path, *, write: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode; transactions are begun explicitly.

    Read-only unless `write`, which creates the file if need be. StoreError if the file is
    missing (read-only), is not a database, or cannot be opened.
    """
    with translated(path):
        if not write and not path.exists():
            raise StoreError(
                "there is no database yet", where=str(path), hint="run `python -m app run` first"
            )
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
        mode = "rwc" if write else "ro"
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None
        )
        try:
            _configure(connection, write)
        except BaseException:
            connection.close()
            raise
        return connection


def _configure(connection: sqlite3.Connection, write: bool) -> None:
    # busy_timeout first: the other pragmas may have to wait for a lock
    connection.execute(f"pragma busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("pragma trusted_schema = off")
    connection.execute(f"pragma cache_size = -{CACHE_KIB}")
    if write:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
    else:
        connection.execute("pragma query_only = on")
        connection.execute("select count(*) from sqlite_schema").fetchone()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One `BEGIN IMMEDIATE`: everything inside is committed together, or nothing is."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        # some errors (a full disk) have already rolled back
        if connection.in_transaction:
            connection.execute("rollback")
        raise


@contextmanager
def savepoint(connection: sqlite3.Connection, name: str) -> Iterator[None]:
    """A part of the transaction that is undone alone when it raises."""
    connection.execute(f"savepoint {name}")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute(f"rollback to {name}")
            connection.execute(f"release {name}")
        raise
    connection.execute(f"release {name}")


def checkpoint(connection: sqlite3.Connection) -> None:
    """Move the write-ahead log into the database file, unless readers still need it."""
    connection.execute("pragma busy_timeout = 0")
    connection.execute("pragma wal_checkpoint(truncate)")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Errors of SQLite and of the file system inside become a StoreError that names `path`."""
    try:
        yield
    except (ComptoirError, BrokenPipeError):
        raise  # a pipe is the reader of what is printed, not a file
    except sqlite3.Error as error:
        if str(error).startswith("no such table: _"):
            raise StoreError(
                "nothing was imported into this database yet",
                where=str(path),
                hint="run `python -m app run` first",
                code="empty",
            ) from error
        raise StoreError(
            f"SQLite says: {error}", where=str(path), hint=_database_hint(error), code=_name(error)
        ) from error
    except OSError as error:
        place = str(error.filename or path)
        raise StoreError(
            error.strerror or str(error), where=place, hint="check the disk and the permissions"
        ) from error


def _name(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", ""))


def _database_hint(error: sqlite3.Error) -> str:
    name = _name(error)
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return "free some space on the disk and run again; the database is as before this run"
    if name.startswith("SQLITE_BUSY"):
        return "another program is writing to the database; close it and run again"
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return "restore a backup, or name another file with --db"
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return "check that the folder exists and that this user may write to it"
    return "run `python -m app status`; if it goes on, restore a backup"


# The lock ------------------------------------------------------------------------------------


@contextmanager
def locked(
    database: Path, purpose: str, wait: float = 0, say: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the one writer's lock of `database`; LockError, naming the holder, if it is taken.

    A taken lock is waited for, for `wait` seconds at most; `say` is told once for whom.
    The lock is the kernel's (flock on a file beside the database): it goes with its process.
    """
    path = database.with_name(database.name + ".lock")
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(descriptor, database, wait, say)
        with translated(path):
            _write_holder(descriptor, purpose)
        yield
    finally:
        os.close(descriptor)


def _acquire(
    descriptor: int, database: Path, wait: float, say: Callable[[str], None] | None
) -> None:
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            left = deadline - time.monotonic()
        else:
            return
        if left <= 0:
            waited = f" (waited {wait:g} s)" if wait else ""
            raise LockError(
                f"another process is writing to this database: {_holder(descriptor)}{waited}",
                where=str(database),
                hint="wait until it has ended and run again, or let `run --wait SECONDS` wait",
                code="locked",
            )
        if say and not told:
            say(f"waiting up to {wait:g} s for {_holder(descriptor)}")
            told = True
        time.sleep(min(LOCK_POLL_SECONDS, left))


def _write_holder(descriptor: int, purpose: str) -> None:
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    holder = {
        "purpose": purpose, "pid": os.getpid(), "host": socket.gethostname(), "since": since,
    }  # fmt: skip
    text = json.dumps(holder)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 1_000, 0))
        return (
            f"`{holder['purpose']}`, process {holder['pid']} on {holder['host']}, "
            f"since {holder['since']}"
        )
    except (ValueError, KeyError, OSError):
        return "just started"


def quoted(name: str) -> str:
    """An SQL identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'
