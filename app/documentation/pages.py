"""A self-contained HTML page: one style for light and dark, tables, small bars; nothing loaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark;
  --ink: light-dark(#1c2024, #e8eaed); --soft: light-dark(#5d6670, #a3abb5);
  --line: light-dark(#dfe3e8, #343a41); --paper: light-dark(#ffffff, #15181c);
  --panel: light-dark(#f6f7f9, #1d2126); --mark: light-dark(#2f6db5, #6ea8e8);
  --good: light-dark(#1f7a43, #5cc68a); --bad: light-dark(#b3261e, #ff8a80); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.25rem 4rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.3rem; margin: 2.75rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .4rem; }
a { color: var(--mark); } code { font: .9em ui-monospace, monospace; }
.soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1rem 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .7rem .45rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td code { white-space: nowrap; }
ul { padding-left: 1.2rem; } li { margin: .2rem 0; }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); }
.card { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem;
  padding: .9rem 1rem; min-width: 0; } .card h3 { margin: 0; overflow-wrap: anywhere; }
.card dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .8rem; margin: .5rem 0 0;
  font-size: .88rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font-family: inherit; }
.bars rect { fill: var(--mark); } .bars text { font-size: 10px; fill: var(--soft); }
.tag { display: inline-block; border: 1px solid var(--line); border-radius: 1rem; padding: 0 .55rem;
  font-size: .8rem; color: var(--soft); }
"""


def page(title: str, body: str, *, subtitle: str = "") -> bytes:
    """A whole document; `body` is HTML, `title` and `subtitle` are text."""
    below = f'<p class="soft">{escape(subtitle)}</p>' if subtitle else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{below}\n{body}\n</body>\n</html>\n"
    ).encode()


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> str:
    """A table of cells that are HTML already; `align` has one letter a column, l or r."""
    sides = ['class="n"' if letter == "r" else "" for letter in align.ljust(len(headings), "l")]
    head = "".join(f"<th {s}>{escape(h)}</th>" for h, s in zip(headings, sides, strict=True))
    lines = "".join(
        "<tr>"
        + "".join(f"<td {s}>{cell}</td>" for cell, s in zip(row, sides, strict=True))
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{lines}</tbody></table></div>"
    )


def columns_chart(bars: Sequence[tuple[str, int]], label: str) -> str:
    """Counts over an ordered scale as upright bars; `label` says what it shows."""
    width, height, base = 300, 84, 66
    top = max((count for _, count in bars), default=0) or 1
    step = width / max(len(bars), 1)
    shapes = []
    for at, (name, count) in enumerate(bars):
        tall = max(count / top * (base - 6), 1.5 if count else 0)
        shapes.append(
            f'<rect x="{at * step + 0.75:.1f}" y="{base - tall:.1f}" width="{step - 1.5:.1f}" '
            f'height="{tall:.1f}" rx="1"><title>{escape(name)}: {count:,}</title></rect>'
        )
    first, last = escape(bars[0][0].split(" to ")[0]), escape(bars[-1][0].split(" to ")[-1])
    return (
        f'<svg class="bars" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f'{"".join(shapes)}<text x="0" y="{height - 4}">{first}</text>'
        f'<text x="{width}" y="{height - 4}" text-anchor="end">{last}</text></svg>'
    )


def rows_chart(bars: Sequence[tuple[str, int]], label: str) -> str:
    """Counts of words as lying bars; `label` says what it shows."""
    width, line, left = 300, 16, 120
    top = max((count for _, count in bars), default=0) or 1
    shapes = []
    for at, (name, count) in enumerate(bars):
        y = at * line
        text = name if len(name) <= 20 else f"{name[:19]}…"
        long = max(count / top * (width - left - 45), 1)
        shapes.append(
            f'<text x="{left - 6}" y="{y + 11}" text-anchor="end">{escape(text)}</text>'
            f'<rect x="{left}" y="{y + 2}" width="{long:.1f}" height="{line - 5}" rx="1">'
            f"<title>{escape(name)}: {count:,}</title></rect>"
            f'<text x="{left + long + 4:.1f}" y="{y + 11}">{count:,}</text>'
        )
    return (
        f'<svg class="bars" viewBox="0 0 {width} {len(bars) * line}" role="img" '
        f'aria-label="{escape(label)}">{"".join(shapes)}</svg>'
    )
