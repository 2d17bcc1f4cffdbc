"""`profile`: what is in the files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.verbs.shared import Context, json_option, near, print_json, results_option, silent


@click.command()
@click.argument("urls", metavar="[URL]...", nargs=-1)
@results_option
@json_option
@click.pass_obj
def profile(context: Context, urls: tuple[str, ...], results: Path | None, as_json: bool) -> int:
    """Say what is in the files: types, keys, references, days, oddities.

    Without URL, the project's sources; with URLs or file paths, those files, which need no
    project. Writes profile.html among the results; reads no database.

    \b
    Example: python -m app profile https://example.com/orders.csv customers.csv
    """
    from app.database.store import translated
    from app.durable import write_file
    from app.profiling.gathering import gathered, gathered_sources
    from app.profiling.profile import as_dict
    from app.profiling.profile import profile as look_at
    from app.profiling.profile_page import profile_page, profile_text
    from app.progress import shown_on
    from app.records.reading import ReadLimits
    from app.sources.attempt import FetchLimits

    say = silent if as_json else click.echo
    progress = shown_on(sys.stderr)
    if urls:
        project = context.project_if_any()
        fetch_limits = project.fetch_limits if project else FetchLimits()
        files = gathered(urls, Path.cwd(), fetch_limits, say, progress)
    else:
        project = context.project()
        files = gathered_sources(project, say, progress)
    folder = results or (project.root if project else Path.cwd()) / "results"
    with files as found_files:
        limits = project.read_limits if project else ReadLimits()
        found = look_at(found_files, limits, progress)
    path = folder / "profile.html"
    with translated(path):
        folder.mkdir(parents=True, exist_ok=True)
        write_file(path, profile_page(found))
    if as_json:
        print_json(as_dict(found))
    else:
        click.echo(f"\n{profile_text(found)}\n\nThe same with histograms: {near(path)}")
    return 0
