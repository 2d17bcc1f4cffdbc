"""The documentation of a project, written from its project file, its SQL files and its database.

Each page is Markdown, and HTML made from that Markdown; the diagrams are SVG files beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from app.answers.models import Models
from app.answers.results import State, read_state
from app.database.store import connect, translated
from app.documentation.described import DescribedColumn, DescribedTable, describe
from app.documentation.diagram import Box, Link, draw
from app.documentation.lineage import Lineage, trace
from app.documentation.pages import page
from app.durable import write_file
from app.pipeline import load_models
from app.project import Project
from app.runs import Places

KINDS = {
    "source": "Sources: what was imported",
    "calendar": "Calendar",
    "mart": "Marts: the data prepared for questions",
    "analysis": "Results: the answers",
    "system": "System tables: what Comptoir keeps about its work",
}
PAGES = {"index": "Overview", "dictionary": "Data dictionary", "lineage": "Lineage"}


def write_docs(project: Project, places: Places) -> list[Path]:
    """Write the pages and diagrams to `docs/` among the results; the paths, in order.

    Without a database they say that nothing was imported yet.
    """
    models = load_models(project)
    lineage = trace(project.sources, models)
    tables = describe(project, models, lineage)
    state = None
    if places.database.exists():
        with translated(places.database), closing(connect(places.database)) as connection:
            state = read_state(connection, list(project.sources))
    texts = {
        "index": _overview(project, models, state),
        "dictionary": _dictionary(tables),
        "lineage": _lineage(models, lineage),
    }
    files: dict[str, bytes] = {
        "tables.svg": _tables_diagram(project, tables),
        "lineage.svg": _lineage_diagram(project, models),
    }
    for name, text in texts.items():
        title = f"{project.name}: {PAGES[name].lower()}"
        markdown = f"# {title}\n\n{_navigation(name, 'md')}\n\n{text}\n"
        files[f"{name}.md"] = markdown.encode()
        files[f"{name}.html"] = page(title, to_html(f"{_navigation(name, 'html')}\n\n{text}"))
    folder = places.results / "docs"
    with translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            write_file(folder / file, content)
    return [folder / file for file in sorted(files)]


def to_html(markdown: str) -> str:
    """Markdown with tables as HTML; HTML inside it is shown as text, headings can be linked to."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            before.attrSet("id", _anchor(token.content))
    html = str(parser.renderer.render(tokens, parser.options, {}))
    return html.replace("<table>", '<div class="wide"><table>').replace(
        "</table>", "</table></div>"
    )


def _navigation(current: str, ending: str) -> str:
    links = [
        f"**{title}**" if name == current else f"[{title}]({name}.{ending})"
        for name, title in PAGES.items()
    ]
    return " · ".join(links)


# The pages -----------------------------------------------------------------------------------


def _overview(project: Project, models: Models, state: State | None) -> str:
    return "\n\n".join(
        [
            "## Tables and how they refer to each other",
            "![The tables of the sources, with their keys and references](tables.svg)",
            "## How fresh the data are",
            _freshness(project, state),
            "## Checks",
            _checks(models, state),
        ]
    )


def _freshness(project: Project, state: State | None) -> str:
    known = {s.source: s for s in state.sources} if state else {}
    rows = []
    for source in project.sources.values():
        found = known.get(source.name)
        stale = found.last_message.splitlines()[0] if found and found.stale else ""
        last = (found.last_status if found else "") or "never tried"
        rows.append(
            (
                _code(source.name),
                source.description,
                f"{found.rows:,}" if found else "0",
                (found.imported_at if found else "") or "never",
                (found.fetched_at if found else "") or "never",
                f"{last}: {stale}" if stale else last,
                f"{found.open_rejects:,}" if found else "0",
            )
        )
    headings = ("source", "holds", "rows", "imported", "last seen", "last run", "open rejects")
    published = (
        f"Results of run {state.published_run}, published {state.published_at}. Times are UTC."
        if state and state.published_run is not None
        else "Nothing is published yet: run `python -m app run`."
    )
    return f"{published}\n\n{_table(headings, rows, 'llrlllr')}"


def _checks(models: Models, state: State | None) -> str:
    outcomes = {check.name: check for check in state.checks} if state else {}
    rows = []
    for model in models.checks:
        found = outcomes.get(model.name)
        outcome = "not run yet"
        if found:
            outcome = "passed" if not found.row_count else f"**{found.row_count:,} rows**"
        effect = "blocks publication" if model.severity == "error" else "warns"
        rows.append((_code(model.name), model.title, model.description, effect, outcome))
    if not rows:
        return "There are no checks in `sql/checks`."
    return _table(("check", "holds that", "why", "if not", "last outcome"), rows, "lllll")


def _dictionary(tables: Sequence[DescribedTable]) -> str:
    parts = []
    for kind, heading in KINDS.items():
        chosen = [table for table in tables if table.kind == kind]
        if chosen:
            parts.append(f"## {heading}")
            parts += [_described(table) for table in chosen]
    return "\n\n".join(parts)


def _described(table: DescribedTable) -> str:
    headings = ["column", "meaning", "type", "unit", "key", "refers to", "from"]
    rows = [
        [
            _code(column.name),
            column.description,
            column.type,
            column.unit,
            "key" if column.key else "",
            f"[{column.reference}](#{_anchor(column.reference)})" if column.reference else "",
            column.origin,
        ]
        for column in table.columns
    ]
    # a column of the page that is empty throughout tells nothing
    kept = [at for at in range(len(headings)) if any(row[at] for row in rows)]
    body = _table(
        [headings[at] for at in kept], [[row[at] for at in kept] for row in rows], "l" * len(kept)
    )
    return f"### {table.name}\n\n{_escaped(table.description)}\n\n{body}"


def _lineage(models: Models, lineage: Lineage) -> str:
    parts = [
        "![Which table is made from which](lineage.svg)",
        "Each column of a result, followed back to the columns of the sources and the calendar.",
    ]
    for model in (*models.analyses, *models.marts):
        rows = [
            (
                _code(name),
                ", ".join(map(_code, sorted(lineage.direct[model.name][name]))) or "number of rows",
                ", ".join(map(_code, sorted(origins))) or "number of rows",
            )
            for name, origins in lineage.origins[model.name].items()
        ]
        file = f"`sql/{model.path.parent.name}/{model.path.name}`"
        headings = (f"column of {model.name}", "computed from", "comes from")
        parts.append(f"### {model.name}\n\n{file}\n\n{_table(headings, rows, 'lll')}")
    return "\n\n".join(parts)


# The diagrams --------------------------------------------------------------------------------


def _tables_diagram(project: Project, tables: Sequence[DescribedTable]) -> bytes:
    sources = [table for table in tables if table.kind == "source"]
    boxes = [
        Box(table.name, [(column.name, _remark(column)) for column in table.columns])
        for table in sources
    ]
    links: list[Link] = [
        (table.name, column.name, column.reference,
         project.sources[column.reference].stored_key[0])
        for table in sources
        for column in table.columns
        if column.reference
    ]  # fmt: skip
    return draw(boxes, links, f"The tables of {project.name}, their keys and references")


def _remark(column: DescribedColumn) -> str:
    kind = column.type.partition(",")[0]
    return f"{kind}, key" if column.key else kind


def _lineage_diagram(project: Project, models: Models) -> bytes:
    made = (*models.marts, *models.analyses)
    read = {name for model in made for name in model.reads}
    boxes = [Box(name, kind="source") for name in project.sources]
    boxes += [Box("calendar")] if "calendar" in read else []
    boxes += [Box(model.name, kind="mart" if model.kind == "mart" else "result") for model in made]
    names = {box.name for box in boxes}
    links: list[Link] = [
        (name, "", model.name, "") for model in made for name in sorted(model.reads & names)
    ]
    return draw(boxes, links, f"Which table of {project.name} is made from which")


# Markdown ------------------------------------------------------------------------------------


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    rule = ["---" if letter == "l" else "--:" for letter in align]
    lines = [headings, rule, *[[_cell(cell) for cell in row] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;")


def _code(text: str) -> str:
    return f"`{text}`"


def _anchor(heading: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "-" for c in heading.lower()).strip("-")
