"""Names cut to the room that a chart has for them."""

from __future__ import annotations

from os.path import commonprefix

from app.report.axes import LABEL_WIDTH

CUTS = 3  # how often names that look alike are cut elsewhere


def shortened(names: list[str], width: int) -> list[str]:
    """The names, cut to about `width` pixels, and still each different.

    They are cut in the middle; those that look alike then, before what they differ in.
    """
    most = int(width / LABEL_WIDTH) - 1
    cut = {name: _without_middle(name, len(name) - most // 3, most) for name in names}
    for _ in range(CUTS):
        for alike in _alike(cut):
            differ = len(commonprefix(alike))  # noqa: RUF071 - of any texts
            for name in alike:
                cut[name] = _without_middle(name, _word(name, differ, most // 4), most)
    given: list[str] = []
    for name in names:
        short = cut[name]
        while short in given:
            short += "\u200b"  # a mark that is not seen
        given.append(short)
    return given


def _alike(cut: dict[str, str]) -> list[list[str]]:
    """The names that are cut to the same, together."""
    groups: dict[str, list[str]] = {}
    for name, short in cut.items():
        groups.setdefault(short, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _word(name: str, at: int, most: int) -> int:
    """Where the word at `at` begins, if that is less than `most` characters before."""
    begin = name.rfind(" ", 0, at) + 1
    return begin if at - begin < most else at


def _without_middle(name: str, end: int, most: int) -> str:
    """At most `most` characters of `name`: its begin, and what begins at `end`."""
    if len(name) <= most:
        return name
    last = name[end : end + most // 2].strip()
    return f"{name[: most - len(last) - 1].rstrip()}…{last}"
