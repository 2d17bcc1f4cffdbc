"""A cell that breaks the contract, as an exception of its own."""

from __future__ import annotations


class InvalidValue(Exception):  # noqa: N818 - a value, not a failure of the program
    """A cell that breaks the contract: `code` of the vocabulary and a message in words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def short(text: str) -> str:
    """`text` quoted for a message, at most 60 characters of it."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
