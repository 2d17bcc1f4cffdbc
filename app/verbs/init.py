"""`init`: a first project from any CSV files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.verbs.shared import Context


@click.command()
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="here",
    help="The folder of the new project.",
)
@click.option("--name", default="", help="What to call the project.  [default: the folder's name]")
@click.pass_obj
def init(_context: Context, urls: tuple[str, ...], into: Path, name: str) -> int:
    """Write a first project from any CSV files, one for each URL or path.

    Contracts, with their reasons, and first SQL files. Asks nothing, overwrites nothing. Where
    the files cannot tell what is meant, such as 06/01/2025, the project file holds both readings,
    and `run` refuses that source until one is chosen.

    \b
    Example: python -m app init sales.csv stores.csv --into shop
    """
    from app.profiling.gathering import gathered
    from app.progress import shown_on
    from app.sources.attempt import FetchLimits
    from app.starting.init import begin

    progress = shown_on(sys.stderr)
    with gathered(urls, Path.cwd(), FetchLimits(), click.echo, progress) as files:
        addresses = dict(zip((file.name for file in files), urls, strict=True))
        begun = begin(files, addresses, into, name, progress)
    click.echo(f"\n{begun.text()}")
    return 0
