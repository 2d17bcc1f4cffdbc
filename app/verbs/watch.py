"""`watch`: runs at an interval."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.verbs.shared import Context, db_option, record_defect, results_option

if TYPE_CHECKING:
    from app.pipeline import Say
    from app.runs import Run


@click.command()
@click.option(
    "--every",
    envvar="COMPTOIR_EVERY",
    default="15m",
    show_default=True,
    metavar="SPAN",
    help="The time between two runs: 90s, 15m, 2h, 1d.",
)
@db_option
@results_option
@click.pass_obj
def watch(context: Context, every: str, db: Path | None, results: Path | None) -> int:
    """Run now and then at an interval, until stopped.

    A run that fails is tried again; `status --max-age` tells how it goes.

    \b
    Example: python -m app watch --every 15m
    """
    from app.sources.spans import parse_span
    from app.watch import Watch

    def act(say: Say) -> Run:
        # read anew for each run, so that a corrected project file is used
        from app import pipeline
        from app.progress import shown_on

        project = context.project()
        places = context.places(project, db, results)
        return pipeline.run(project, places, say=say, progress=shown_on(sys.stderr))

    span = parse_span(every)
    context.project()  # a wrong project file ends it here, not in the loop
    # the interval is counted in local time, which would jump twice a year
    os.environ["TZ"] = "UTC"
    time.tzset()
    Watch(act, span, log=click.echo, defect=record_defect).until_stopped()
    return 0
