"""`docs`: the project's documentation."""

from __future__ import annotations

from pathlib import Path

import click

from app.verbs.shared import Context, db_option, near, results_option


@click.command()
@db_option
@results_option
@click.pass_obj
def docs(context: Context, db: Path | None, results: Path | None) -> int:
    """Write the data dictionary, the diagrams and the lineage of this project.

    Markdown, HTML and SVG in docs/ among the results, from the project file, the SQL files and
    what the database tells of freshness and checks. Changes nothing else.

    \b
    Example: python -m app docs
    """
    from app.documentation.docs import write_docs

    project = context.project()
    written = write_docs(project, context.places(project, db, results))
    for path in written:
        click.echo(near(path))
    return 0
