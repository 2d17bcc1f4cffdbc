"""`check`: run the checks."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.verbs.shared import Context, db_option, json_option, print_json


@click.command()
@db_option
@click.option("--show", is_flag=True, help="List the rows that should not exist.")
@json_option
@click.pass_obj
def check(context: Context, db: Path | None, show: bool, as_json: bool) -> int:
    """Run the checks on the data; change nothing.

    \b
    Example: python -m app check --show
    """
    from app import pipeline
    from app.console import check_rows, checks_table
    from app.progress import shown_on

    project = context.project()
    places = context.places(project, db, None)
    found = pipeline.check(project, places, progress=shown_on(sys.stderr))
    if as_json:
        print_json([result.as_dict() for result in found])
    else:
        click.echo(checks_table(found) if found else "there are no checks in sql/checks")
        for result in found:
            if show and result.row_count:
                click.echo(f"\n{check_rows(result)}")
    return 1 if any(result.blocks for result in found) else 0
