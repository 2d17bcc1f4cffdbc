"""`analyse`: answer the questions again."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from app.verbs.shared import (
    Context,
    db_option,
    demand,
    json_option,
    print_ending,
    print_errors,
    print_json,
    quiet_option,
    results_option,
)


@click.command()
@click.argument("name", default="")
@db_option
@results_option
@json_option
@quiet_option
@click.pass_obj
def analyse(
    context: Context, name: str, db: Path | None, results: Path | None, as_json: bool, quiet: bool
) -> int:
    """Answer the questions again, without fetching.

    With NAME, show that analysis in full.

    \b
    Example: python -m app analyse sales_by_city
    """
    from app import pipeline
    from app.answers.results import read_results
    from app.console import answer, answers
    from app.database.store import connect, translated
    from app.progress import shown_on

    project = context.project()
    places = context.places(project, db, results)
    models = pipeline.load_models(project)
    demand(name, [model.name for model in models.analyses], "analysis")
    done = pipeline.analyse(project, places, progress=shown_on(sys.stderr, quiet=quiet))
    with translated(places.database), closing(connect(places.database)) as connection:
        found = read_results(connection, models)
    if name:
        found = [result for result in found if result.model.name == name]
    if as_json:
        print_json({result.model.name: result.as_dicts() for result in found})
    elif quiet:
        print_errors(done)
    else:
        if name:
            text = answer(found[0]) if found else f"{name} was never published"
        else:
            text = answers(found)
        click.echo(f"{text}\n")
        print_ending(done, places)
    return done.exit_code
