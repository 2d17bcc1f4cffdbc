"""`status`: how fresh the data is."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from app.verbs.shared import Context, db_option, json_option, print_json, results_option


@click.command()
@db_option
@results_option
@json_option
@click.pass_obj
def status(context: Context, db: Path | None, results: Path | None, as_json: bool) -> int:
    """Show how fresh the data and the results are.

    \b
    Example: python -m app status --json
    """
    from app.console import state_text
    from app.results import read_state
    from app.store import connect, translated

    project = context.project()
    places = context.places(project, db, results)
    with translated(places.database), closing(connect(places.database)) as connection:
        state = read_state(connection, list(project.sources))
    if as_json:
        print_json(asdict(state) | {"blocked": state.blocked})
    else:
        click.echo(state_text(state, places))
    return 1 if state.blocked else 0
