"""The first SQL files of a project: for each fact its total, by each reference, and by day.

They keep to the portable subset of `portable`, and are meant to be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.profiling.hints import NAME, named
from app.starting.measured import Measure, measures_of
from app.starting.planned import PlannedColumn, PlannedTable
from app.starting.roles import CATEGORY_VALUES

MOST_CATEGORIES = 3


def first_questions(tables: Sequence[PlannedTable]) -> dict[str, str]:
    """The SQL files of these tables: path below sql/ to content."""
    files: dict[str, str] = {}
    by_name = {table.name: table for table in tables}
    for at, fact in enumerate(table for table in tables if table.is_fact):
        files |= _questions(fact, by_name, 10 * (at + 1))
    dated = [table for table in tables if table.day]
    if dated and "period" not in by_name:
        main = max(dated, key=lambda table: table.profile.records)
        files["marts/period.sql"] = _period(main)
    return files


def _questions(fact: PlannedTable, tables: dict[str, PlannedTable], order: int) -> dict[str, str]:
    measures = measures_of(fact)
    categories = _categories(fact)
    links = [c for c in fact.columns if c.references]
    mart = _free(f"fct_{fact.name}", tables)
    files = {f"marts/{mart}.sql": _mart(fact, measures, [*links, *categories])}

    def add(name: str, text: str) -> None:
        files[f"analyses/{_free(name, tables)}.sql"] = text

    add(f"{fact.name}_total", _total(fact, mart, measures, order))
    for at, link in enumerate(links, 1):
        target = tables[link.references]
        # two columns may refer to the same table: sender and receiver
        twice = sum(c.references == link.references for c in links) > 1
        name = link.name if twice else target.name
        add(f"{fact.name}_by_{name}", _by_reference(fact, mart, measures, link, target, order + at))
    for at, category in enumerate(categories, len(links) + 1):
        text = _by_category(fact, mart, measures, category, order + at)
        add(f"{fact.name}_by_{category.name}", text)
    if fact.day:
        add(f"{fact.name}_by_day", _by_day(fact, mart, measures, order + 9))
    return files


def _categories(fact: PlannedTable) -> list[PlannedColumn]:
    """Columns of words with few values, by which the fact can be split."""
    rows = len(fact.profile.frame)
    found = [
        c
        for c in fact.columns
        if c.guess.type in ("text", "boolean")
        and not c.references
        and 1 < c.distinct <= min(CATEGORY_VALUES, rows // 2)
        and c.name not in ("date", "records")
    ]
    return sorted(found, key=lambda c: c.distinct)[:MOST_CATEGORIES]


def _mart(fact: PlannedTable, measures: Sequence[Measure], columns: Iterable[PlannedColumn]) -> str:
    lines = []
    if fact.day:
        day = fact.column(fact.day)
        value = f"substr({day.stored}, 1, 10)" if day.guess.type == "datetime" else day.stored
        lines.append(f"{value} as date" if value != "date" else "date")
    lines += list(dict.fromkeys(column.stored for column in columns))
    lines += [
        m.stored if m.expression == m.stored else f"{m.expression} as {m.stored}" for m in measures
    ]
    if not lines:
        lines = [fact.column(fact.key[0]).stored]
    body = ",\n    ".join(lines)
    about = f"What is each record of {_spoken(fact)}, and what is it worth?"
    head = _head(f"{_title(fact)}: records", about, "", 0, "")
    return f"{head}select\n    {body}\nfrom {fact.name}\n"


def _total(fact: PlannedTable, mart: str, measures: Sequence[Measure], order: int) -> str:
    lines = ["count(*) as records", *(m.shown("") for m in measures)]
    formats = _formats(measures)
    if fact.day:
        lines += ["min(date) as first_day", "max(date) as last_day"]
        formats += " first_day=date last_day=date"
    head = _head(
        f"{_title(fact)} in total", f"How much is there of {_spoken(fact)} in all?", "Overview",
        order, formats,
    )  # fmt: skip
    return f"{head}select\n    {_body(lines)}\nfrom {mart}\n"


def _by_reference(
    fact: PlannedTable,
    mart: str,
    measures: Sequence[Measure],
    link: PlannedColumn,
    target: PlannedTable,
    order: int,
) -> str:
    key = target.column(target.key[0])
    label = _label(target, key)
    shown = [key.stored, *([label.stored] if label else [])]
    sums = ["count(*) as records", *(m.summed() for m in measures)]
    figures = ["coalesce(totals.records, 0) as records", *(m.shown("totals") for m in measures)]
    head = _head(
        f"{_title(fact)} by {target.name.replace('_', ' ')}",
        f"Which {target.name.replace('_', ' ')} have the most {_spoken(fact)}?",
        _title(target), order, _formats(measures),
        f"bar x={_leading(measures)} y={shown[-1]}",
        f"Those without any {_spoken(fact)} are listed with zeros.",
    )  # fmt: skip
    dimension = [f"{target.name}.{column}" for column in shown]
    listed = (
        f"select\n    {_body([*dimension, *figures])}\nfrom {target.name}\n"
        f"left join totals on totals.{link.stored} = {target.name}.{key.stored}\n"
    )
    with_totals = (
        f"with totals as (\n    select\n        {_body([link.stored, *sums], 8)}\n"
        f"    from {mart}\n    group by {link.stored}\n)"
    )
    ranking = f"order by {_leading(measures)} desc, "
    if not link.optional:
        return f"{head}{with_totals}\n\n{listed}{ranking}{dimension[0]}\n"
    # records that refer to nothing: without them the parts would not add up to the total
    unknown = [f"null as {shown[0]}", *(f"'Unknown' as {name}" for name in shown[1:])]
    rest = (
        f"select\n    {_body([*unknown, *figures])}\nfrom totals\n"
        f"where totals.{link.stored} is null\n"
    )
    columns = _body([*shown, "records", *(m.name for m in measures)])
    everything = "    " + f"{listed}union all\n{rest}".rstrip().replace("\n", "\n    ")
    return (
        f"{head}{with_totals},\n\nlisted as (\n{everything}\n)\n\n"
        f"select\n    {columns}\nfrom listed\n{ranking}{key.stored}\n"
    )


def _by_category(
    fact: PlannedTable, mart: str, measures: Sequence[Measure], category: PlannedColumn, order: int
) -> str:
    name = category.stored
    unknown = category.optional and category.guess.type == "text"
    first = f"coalesce({name}, 'Unknown') as {name}" if unknown else name
    lines = ["count(*) as records", *(m.shown("") for m in measures)]
    head = _head(
        f"{_title(fact)} by {category.name.replace('_', ' ')}",
        f"How do {_spoken(fact)} split by {category.name.replace('_', ' ')}?",
        "Breakdown", order, _formats(measures), f"bar x={_leading(measures)} y={name}",
    )  # fmt: skip
    return (
        f"{head}select\n    {_body([first, *lines])}\nfrom {mart}\ngroup by {name}\n"
        f"order by {_leading(measures)} desc, {name}\n"
    )


def _by_day(fact: PlannedTable, mart: str, measures: Sequence[Measure], order: int) -> str:
    sums = ["date", "count(*) as records", *(m.summed() for m in measures)]
    figures = ["coalesce(totals.records, 0) as records", *(m.shown("totals") for m in measures)]
    lines = ["calendar.date", "calendar.weekday", *figures]
    head = _head(
        f"{_title(fact)} by day", f"How do {_spoken(fact)} move from day to day?", "Time", order,
        f"date=date {_formats(measures)}", f"line x=date y={_leading(measures)}",
        "Every calendar day from the first record to the last; a day without any holds zeros.",
    )  # fmt: skip
    return (
        f"{head}with totals as (\n    select\n        {_body(sums, 8)}\n    from {mart}\n"
        f"    group by date\n)\n\nselect\n    {_body(lines)}\nfrom calendar\n"
        "left join totals on totals.date = calendar.date\n"
        f"where calendar.date between (select min(date) from {mart})\n"
        f"    and (select max(date) from {mart})\norder by calendar.date\n"
    )


def _period(fact: PlannedTable) -> str:
    mart = f"fct_{fact.name}"
    head = _head("Period", "Which days do the figures cover?", "", 0, "", "", "One row.")
    return (
        f"{head}with bounds as (\n    select\n        min(date) as first_day,\n"
        f"        max(date) as last_day\n    from {mart}\n)\n\nselect\n    bounds.first_day,\n"
        "    bounds.last_day,\n"
        "    max(case when calendar.is_complete = 1 then calendar.date end) as last_complete_day,\n"
        "    count(calendar.date) as days\nfrom bounds\n"
        "left join calendar on calendar.date between bounds.first_day and bounds.last_day\n"
        "group by bounds.first_day, bounds.last_day\n"
    )


def _head(
    title: str, question: str, page: str, order: int, formats: str, chart: str = "", more: str = ""
) -> str:
    lines = [f"title: {title}", f"question: {question}"]
    lines += [f"page: {page}"] if page else []
    lines += [f"order: {order}"] if order else []
    lines += [f"format: {formats}"] if formats else []
    lines += [f"chart: {chart}"] if chart else []
    lines += [more] if more else []
    return "".join(f"-- {line}\n" for line in lines)


def _formats(measures: Sequence[Measure]) -> str:
    return " ".join(["records=integer", *(f"{m.name}={m.kind}" for m in measures)])


def _leading(measures: Sequence[Measure]) -> str:
    return measures[0].name if measures else "records"


def _label(target: PlannedTable, key: PlannedColumn) -> PlannedColumn | None:
    """The column that names a thing to people."""
    words = [c for c in target.columns if c.guess.type == "text" and c.name != key.name]
    telling = [c for c in words if named(c.label, NAME) and c.distinct > 1]
    return next(iter(telling or words), None)


def _body(lines: Sequence[str], indent: int = 4) -> str:
    return f",\n{' ' * indent}".join(lines)


def _title(table: PlannedTable) -> str:
    return table.name.replace("_", " ").capitalize()


def _spoken(table: PlannedTable) -> str:
    return table.name.replace("_", " ")


def _free(name: str, tables: Iterable[str]) -> str:
    return f"{name}_result" if name in tables else name
