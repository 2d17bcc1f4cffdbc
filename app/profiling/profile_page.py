"""The profile as a page for people, and as text for the console."""

from __future__ import annotations

from html import escape

from app.console import table as text_table
from app.documentation.pages import columns_chart, page, rows_chart, table
from app.profiling.findings import findings
from app.profiling.found import ColumnProfile, Profile, TableProfile
from app.profiling.measures import label as shown

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "utf-16": "UTF-16",
             "cp1252": "Windows-1252"}  # fmt: skip


def profile_page(found: Profile) -> bytes:
    """The whole profile as one HTML file that needs nothing else."""
    parts = []
    if len(found.tables) > 1:
        links = (f'<a href="#{escape(t.name)}">{escape(t.name)}</a>' for t in found.tables)
        parts.append(f"<nav>{''.join(links)}</nav>")
    parts += [_section(table_found, found) for table_found in found.tables]
    if found.references:
        rows = [
            (
                f"{escape(r.table)}.<b>{escape(r.column)}</b>",
                f"{escape(r.target)}.<b>{escape(r.target_column)}</b>",
                f"{r.coverage:.2%}",
                escape(", ".join(r.unknown)) or "–",
                escape(r.because),
            )
            for r in found.references
        ]
        headings = ("column", "refers to", "found", "unknown values", "because")
        parts.append("<h2>References between the files</h2>" + table(headings, rows, "llrll"))
    names = ", ".join(t.name for t in found.tables)
    return page("Profile of the data", "\n".join(parts), subtitle=f"What is in {names}")


def _section(found: TableProfile, whole: Profile) -> str:
    sentences = "".join(f"<li>{escape(s)}</li>" for s in findings(found, whole.references))
    cards = "\n".join(_card(column, found) for column in found.columns)
    return (
        f'<h2 id="{escape(found.name)}">{escape(found.name)}</h2>\n'
        f'<p class="soft">{escape(_written(found))}<br><code>{escape(found.url)}</code></p>\n'
        f"<ul>{sentences}</ul>\n"
        f'<div class="cards">{cards}</div>'
    )


def _written(found: TableProfile) -> str:
    dialect = found.dialect
    return (
        f"{found.records:,} records, {len(found.columns)} columns; "
        f"{DELIMITERS[dialect.delimiter]}, {ENCODINGS.get(dialect.encoding, dialect.encoding)}"
    )


def _card(column: ColumnProfile, found: TableProfile) -> str:
    guess, m = column.guess, column.measures
    facts = [
        ("filled", f"{m.filled:,} of {len(found.frame):,}"),
        ("distinct", f"{m.distinct:,}"),
        ("range", f"{_shown(m.minimum)} – {_shown(m.maximum)}" if m.minimum is not None else ""),
        ("quartiles", " · ".join(map(_shown, m.quartiles))),
        ("mean", _shown(m.mean) if m.mean is not None else ""),
        ("most frequent", ", ".join(f"{value} ({count:,})" for value, count in m.top[:3])),
        ("length", _length(m.lengths)),
        ("patterns", ", ".join(f"{pattern} ({count:,})" for pattern, count in m.patterns[:3])),
        ("outliers", f"{m.outliers:,}: {', '.join(map(_shown, m.outlier_examples))}"
         if m.outliers else ""),
        ("written", " or ".join(guess.formats)),
        ("declared", column.declared),
    ]  # fmt: skip
    rows = "".join(f"<dt>{name}</dt><dd>{escape(fact)}</dd>" for name, fact in facts if fact)
    chart = ""
    if m.histogram:
        draw = columns_chart if m.quartiles else rows_chart
        chart = draw(m.histogram, f"How often each value of {column.label} occurs")
    kind = f"{guess.type}{', uncertain' if guess.ambiguous else ''}"
    return (
        f'<div class="card"><h3>{escape(column.label)} <span class="tag">{kind}</span></h3>\n'
        f"{chart}\n<dl>{rows}</dl></div>"
    )


def _length(lengths: tuple[int, int] | None) -> str:
    if not lengths:
        return ""
    least, most = lengths
    return f"{least} to {most} characters" if least < most else f"{most} characters"


def profile_text(found: Profile) -> str:
    """The profile for the console: one table of columns per file, then the sentences."""
    parts = []
    for each in found.tables:
        rows = [
            [
                _clip(column.label, 28),
                column.guess.type + (" ?" if column.guess.ambiguous else ""),
                column.declared,
                f"{column.measures.nulls:,}",
                f"{column.measures.distinct:,}",
                _clip(_shown(column.measures.minimum), 20),
                _clip(_shown(column.measures.quartiles[1]), 12)
                if column.measures.quartiles
                else "",
                _clip(_shown(column.measures.maximum), 20),
                _clip(column.measures.top[0][0], 20) if column.measures.top else "",
            ]
            for column in each.columns
        ]
        headings = ["column", "type", "declared", "empty", "distinct", "least", "median", "most",
                    "most frequent"]  # fmt: skip
        align = "lllrrrrrl"
        if not any(row[2] for row in rows):
            headings.pop(2)
            align = "llrrrrrl"
            for row in rows:
                row.pop(2)
        sentences = "\n".join(f"- {text}" for text in findings(each, found.references))
        parts.append(
            f"{each.name}: {_written(each)}\n{text_table(headings, rows, align)}\n{sentences}"
        )
    return "\n\n".join(parts)


def _shown(value: str | float | None) -> str:
    return "" if value is None else shown(value)


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
