"""Every error a user can meet, each with a cause they can act on.

    ComptoirError                  exit
    ├── ProjectError                 2   the project file or the command line is wrong
    │   └── SqlFileError             2   a file below sql/ is wrong
    ├── SourceError                  3
    │   ├── FetchError               3   the source could not be fetched
    │   └── DeliveryError            3   what was fetched is not the declared file
    ├── ContentError                 1
    │   ├── LimitError               1   a delivery is over a limit and was refused whole
    │   └── CheckError               1   a blocking check failed: nothing was published
    └── StoreError                   4   the database or the disk
        └── LockError                4   another run holds the lock

A caller writes `except ComptoirError as error`, prints `error` and exits with `error.exit_code`.
Anything else that escapes is a defect of Comptoir (exit code 70).
"""

from __future__ import annotations

EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class ComptoirError(Exception):
    """What went wrong, where, and what to do next.

    `what` is one sentence without a final period; `where` names the place (file, key, source,
    line, column); `hint` says what to do next; `code` is a short stable word for scripts.
    """

    exit_code = EXIT_INTERNAL

    def __init__(self, what: str, *, where: str = "", hint: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class ProjectError(ComptoirError):
    """The project file or the command line is wrong; nothing was fetched."""

    exit_code = 2


class SqlFileError(ProjectError):
    """A file below `sql/` cannot be used; the message names the file."""


class SourceError(ComptoirError):
    """A source could not be read in this run; its table stays as it was."""

    exit_code = 3


class FetchError(SourceError):
    """The source could not be fetched; `code` tells why (`dns`, `refused`, `timeout`, ...)."""


class DeliveryError(SourceError):
    """What was fetched is not the declared file; `code` is one of the contract's vocabulary."""


class ContentError(ComptoirError):
    """The content is not fit to be used as it is."""

    exit_code = 1


class LimitError(ContentError):
    """A delivery would reject or withdraw too much; it was refused whole."""


class CheckError(ContentError):
    """A blocking check failed; the last good results stay."""


class StoreError(ComptoirError):
    """The database or the disk could not do what was asked."""

    exit_code = 4


class LockError(StoreError):
    """Another process holds the lock of this database."""
