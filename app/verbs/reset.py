"""`reset`: begin afresh."""

from __future__ import annotations

import sys
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
    question = (
        f"Empty {places.database}, its archived deliveries and the files in {places.results}?"
    )
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("nobody is there to be asked: say --yes")
    if yes or click.confirm(question):
        click.echo(pipeline.reset(places))
    else:
        click.echo("nothing was changed")
    return 0
