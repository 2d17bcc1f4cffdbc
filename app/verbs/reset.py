"""`reset`: begin afresh."""

from __future__ import annotations

from pathlib import Path

import click

from app.verbs.shared import Context, db_option, results_option


@click.command()
@db_option
@results_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def reset(context: Context, db: Path | None, results: Path | None, yes: bool) -> int:
    """Empty the database, the archive and the results.

    \b
    Example: python -m app reset --yes
    """
    from app import pipeline

    project = context.project()
    places = context.places(project, db, results)
    if not yes:
        click.confirm(
            f"Empty {places.database}, its archived deliveries and the files in {places.results}?",
            abort=True,
        )
    click.echo(pipeline.reset(places))
    return 0
