"""Which files of the results folder the storage serves: those that the manifest names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.report.reports import MANIFEST

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
}
OTHER_TYPE = "application/octet-stream"


def published_run(folder: Path) -> int | None:
    """The run that the files in `folder` are of; None if there are none to be read."""
    run = _manifest(folder).get("run_id")
    return run if isinstance(run, int) else None


def read_file(folder: Path, name: str) -> tuple[bytes, str] | None:
    """The content and the content type of a file that the manifest names.

    None for any other name, for one that leads out of `folder`, and for a file that is gone.
    """
    path = folder / name
    if name not in _files(folder) or path.resolve().parent != folder.resolve():
        return None
    try:
        return path.read_bytes(), CONTENT_TYPES.get(path.suffix, OTHER_TYPE)
    except OSError:
        return None


def _files(folder: Path) -> Mapping[str, Any]:
    files = _manifest(folder).get("files")
    return files if isinstance(files, dict) else {}


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
