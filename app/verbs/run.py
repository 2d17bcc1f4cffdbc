"""`run`: fetch, import, check, publish."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.verbs.shared import (
    Context,
    command,
    db_option,
    json_option,
    print_checks,
    print_ending,
    print_errors,
    print_json,
    quiet_option,
    results_option,
    silent,
    wait_option,
)

if TYPE_CHECKING:
    from app.runs import Places, Run


@click.command()
@db_option
@results_option
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--offline", is_flag=True, help="Use the archived deliveries; fetch nothing.")
@wait_option
@json_option
@quiet_option
@click.pass_obj
def run(
    context: Context,
    db: Path | None,
    results: Path | None,
    dry_run: bool,
    offline: bool,
    wait: float,
    as_json: bool,
    quiet: bool,
) -> int:
    """Fetch, import what is new, check, publish.

    \b
    Example: python -m app run --dry-run
    """
    from app import pipeline
    from app.progress import shown_on

    project = context.project()
    places = context.places(project, db, results)
    say = silent if as_json or quiet else click.echo
    progress = shown_on(sys.stderr, quiet=quiet)
    if dry_run:
        done = pipeline.dry_run(project, places, offline=offline, say=say, progress=progress)
    else:
        done = pipeline.run(project, places, offline=offline, wait=wait, say=say, progress=progress)
    if as_json:
        print_json(done.as_dict())
    elif quiet:
        print_errors(done)
    else:
        _print_run(done, places)
    return done.exit_code


def _print_run(done: Run, places: Places) -> None:
    from app.answers.results import read_results
    from app.console import REJECT_ROWS, answers, ledger_table, nothing_new, rejects_table
    from app.database.store import connect, translated
    from app.rows.rejects import find_rejects

    for note in done.notes:
        click.echo(note)
    if nothing_new(done) and not done.dry_run:
        click.echo(f"Nothing new: the results are those of run {done.published_run}.")
        print_ending(done, places)
        return
    click.echo(f"\n{ledger_table(done)}\n")
    if done.dry_run:
        if done.new_rejects:
            click.echo(f"Would be rejected\n{rejects_table(done.new_rejects)}\n")
        print_checks(done)
        click.echo(f"Dry run: nothing was written. {done.intention()}")
        return
    with translated(places.database), closing(connect(places.database)) as connection:
        results = read_results(connection, done.models)
        found = find_rejects(connection)
    click.echo(f"{answers(results)}\n")
    if found:
        click.echo(f"Rejected\n{rejects_table(found[:REJECT_ROWS])}")
        click.echo(f"All of them: {command('rejects')}\n")
    print_ending(done, places)
