"""`status`: how fresh the data is."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from app.verbs.shared import Context, db_option, json_option, print_json, results_option


@click.command()
@db_option
@results_option
@click.option(
    "--max-age", metavar="SPAN", help="Exit with 1 if the last good run is older: 45m, 2h, 1d."
)
@json_option
@click.pass_obj
def status(
    context: Context, db: Path | None, results: Path | None, max_age: str | None, as_json: bool
) -> int:
    """Show how fresh the data and the results are.

    A good run is one that ended with exit code 0.

    \b
    Example: python -m app status --max-age 45m
    """
    from app.answers.results import read_state
    from app.console import state_text
    from app.database.store import connect, translated
    from app.sources.spans import parse_span

    oldest = datetime.now(UTC) - parse_span(max_age) if max_age else None
    project = context.project()
    places = context.places(project, db, results)
    with translated(places.database), closing(connect(places.database)) as connection:
        state = read_state(connection, list(project.sources))
    good = datetime.fromisoformat(state.last_good_at) if state.last_good_at else None
    late = oldest is not None and (good is None or good < oldest)
    if as_json:
        print_json(asdict(state) | {"blocked": state.blocked, "late": late})
    else:
        click.echo(state_text(state, places))
        if late:
            click.echo(f"LATE: the last good run ended {state.last_good_at or 'never'}")
    return 1 if state.blocked or late else 0
