"""`backup`: a copy of the database."""

from __future__ import annotations

from pathlib import Path

import click

from app.verbs.shared import Context, db_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@db_option
@click.pass_obj
def backup(context: Context, file: Path, db: Path | None) -> int:
    """Write a consistent, compact copy of the database to FILE.

    Runs may go on meanwhile.

    \b
    Example: python -m app backup results/sales-2025-06-30.db
    """
    from app.backup import backup as write_copy

    places = context.places(context.project(), db, None)
    copy = write_copy(places.database, file)
    click.echo(f"{copy} is a copy of {places.database}: {file.stat().st_size:,} bytes")
    return 0
