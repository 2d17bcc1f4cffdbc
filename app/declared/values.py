"""The small values of a project file, each read by the path of its key.

Each method returns the value as it is used, or fails with the key's path, what was found, what was
expected and the nearest valid name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from app.errors import ProjectError
from app.sources.spans import parse_span

RESERVED_NAMES = {"calendar", "occurrence", "gone"}

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class Values:
    """Reads the values of the project file at `path`; variables are those of `environment`."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.path = path
        self.environment = environment

    def text(self, value: Any, where: str) -> str:
        """A text, with its variables replaced."""
        if not isinstance(value, str):
            self.fail(where, f"found {value!r}", "a text in quotes")

        def expand(match: re.Match[str]) -> str:
            found = self.environment.get(match[1]) or match[2]
            if found is None:
                self.fail(where, f"the variable {match[1]} is not set", "it in the environment")
            return str(found)

        return _VARIABLE.sub(expand, str(value))

    def texts(self, content: Any, where: str) -> tuple[str, ...]:
        if not isinstance(content, list):
            self.fail(where, f"found {content!r}", "a list of texts in quotes")
        return tuple(self.text(item, where) for item in content)

    def flag(self, value: Any, where: str) -> bool:
        if not isinstance(value, bool):
            self.fail(where, f"found {value!r}", "true or false")
        return bool(value)

    def count(self, value: Any, where: str, *, least: int = 1) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.fail(where, f"found {value!r}", f"a whole number from {least}")
        return int(value)

    def share(self, value: Any, where: str) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1:
            self.fail(where, f"found {value!r}", "a share from 0 to 1, such as 0.1")
        return float(value)

    def span(self, value: Any, where: str) -> timedelta | None:
        if value is None:
            return None
        try:
            return parse_span(self.text(value, where))
        except ProjectError:
            self.fail(where, f"found {value!r}", "a time span such as 90s, 15m, 2h or 1d")

    def name(self, name: str, where: str) -> None:
        reserved = name in RESERVED_NAMES or name.startswith("sqlite_")
        if not _NAME.fullmatch(name) or reserved:
            self.fail(where, f"{name!r} cannot be a name", "a-z, 0-9 and _, not a reserved word")

    def names(self, content: Any, where: str, columns: Mapping[str, Any]) -> tuple[str, ...]:
        if not isinstance(content, list) or (where.endswith(".key") and not content):
            self.fail(where, f"found {content!r}", "a list of columns")
        for name in content:
            if not isinstance(name, str) or name not in columns:
                self.fail(where, f"found {name!r}", "a column of this source", columns)
        if len(set(content)) < len(content):
            self.fail(where, "a column is named twice", "each column once")
        return tuple(content)

    def table(self, content: Any, where: str) -> dict[str, Any]:
        if not isinstance(content, dict):
            self.fail(where, f"found {content!r}", "a table of keys and values")
        return dict(content)

    def known(self, body: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
        for name in body:
            if name not in names:
                path = f"{where}.{name}" if where else name
                self.fail(path, f"the key {name!r} is not known", "a key", names)

    def fail(self, key: str, found: str, expected: str, among: Iterable[str] = ()) -> NoReturn:
        """Raise the ProjectError for `key`; `among` are the valid names to suggest from."""
        name = found.rpartition("found ")[2].strip("'")
        if "key '" in found or "column '" in found:
            name = re.findall(r"'([^']*)'", found)[-1]
        near = get_close_matches(name, list(among), 1)
        names = f" (one of {', '.join(among)})" if among else ""
        raise ProjectError(
            f"{found}; expected {expected}{names}",
            where=f"{self.path}: {key}",
            hint=f"did you mean {near[0]!r}?" if near else "correct this key and run again",
        )
