"""`restore`: the way back from a copy."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.verbs.shared import Context, db_option, results_option, wait_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@db_option
@results_option
@wait_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def restore(
    context: Context, file: Path, db: Path | None, results: Path | None, wait: float, yes: bool
) -> int:
    """Verify the copy FILE and make the database what it is.

    Who has the database open sees the restored one. The result files are written again.

    \b
    Example: python -m app restore results/sales-2025-06-30.db --yes
    """
    from app import backup
    from app.progress import shown_on

    project = context.project()
    places = context.places(project, db, results)
    if not yes:
        copy = backup.verify(places.database, file)
        click.confirm(f"Replace all that is in {places.database} by {copy}?", abort=True)
    copy = backup.restore(
        project, places, file, wait=wait, say=click.echo, progress=shown_on(sys.stderr)
    )
    click.echo(f"{places.database} is now {copy}; results: {places.results}")
    return 0
