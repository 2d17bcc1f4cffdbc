"""`rejects`: the records that break their contract."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from app.verbs.shared import Context, db_option, demand, json_option, print_json


@click.command()
@click.argument("source", default="")
@db_option
@click.option("--code", default="", help="Only this code, such as type-error.")
@click.option("--resolved", is_flag=True, help="Those since accepted, or gone from the source.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@json_option
@click.pass_obj
def rejects(
    context: Context,
    source: str,
    db: Path | None,
    code: str,
    resolved: bool,
    limit: int | None,
    as_json: bool,
) -> int:
    """List the records that break their contract, of SOURCE or of all.

    \b
    Example: python -m app rejects sales --code type-error
    """
    from app.console import rejects_table
    from app.database.store import connect, translated
    from app.records.checker import REJECT_CODES
    from app.rows.rejects import find_rejects

    project = context.project()
    demand(source, project.sources, "source")
    demand(code, REJECT_CODES, "code")
    places = context.places(project, db, None)
    with translated(places.database), closing(connect(places.database)) as connection:
        found = find_rejects(connection, source=source, code=code, resolved=resolved, limit=limit)
    if as_json:
        print_json([reject.as_dict() for reject in found])
    elif found:
        click.echo(rejects_table(found))
    else:
        click.echo("no resolved rejects" if resolved else "no open rejects")
    return 0
