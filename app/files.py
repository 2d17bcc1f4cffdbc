"""Files that are read while they are written: the old one or the new one, always whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

UNFINISHED = ".write-"


def write_file(path: Path, content: bytes) -> None:
    """Write beside `path`, flush to the disk, rename. OSError; then the old file is as it was."""
    descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
