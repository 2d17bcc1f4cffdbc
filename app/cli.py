"""The command line: `python -m app VERB`, and how it ends."""

from __future__ import annotations

import signal
import sys
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from app import __version__
from app.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_TERMINATED, ComptoirError
from app.verbs.analyse import analyse
from app.verbs.backup import backup
from app.verbs.check import check
from app.verbs.docs import docs
from app.verbs.init import init
from app.verbs.profile import profile
from app.verbs.rejects import rejects
from app.verbs.reset import reset
from app.verbs.restore import restore
from app.verbs.run import run
from app.verbs.shared import Context, record_defect
from app.verbs.status import status
from app.verbs.watch import watch

_WHOLE = "the database holds all of this run or nothing of it: run again"
VERBS = (run, status, rejects, check, analyse, profile, init, docs, watch, backup, restore, reset)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: python -m app run",
)
@click.option(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The project's folder.  [default: the nearest comptoir.toml upward]",
)
@click.version_option(__version__, prog_name="comptoir")
@click.pass_context
def cli(context: click.Context, project: Path | None) -> None:
    """Import a shop's remote CSV files into SQLite and publish the answers.

    Every record is accounted for, only what is new is imported, and nothing is published
    that failed its checks.
    """
    context.obj = Context(project)


for verb in VERBS:
    cli.add_command(verb)


def main() -> NoReturn:
    """Run the command line; every ending has its exit code, and none shows a traceback."""
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no € is no reason to fail
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"interrupted; {_WHOLE}", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except _Terminated:
        click.echo(f"terminated; {_WHOLE}", err=True)
        sys.exit(EXIT_TERMINATED)
    except ComptoirError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        click.echo(
            f"{record_defect(error)}\n  hint: please report it with that file; {_WHOLE}",
            err=True,
        )
        sys.exit(EXIT_INTERNAL)


class _Terminated(BaseException):
    """SIGTERM was received."""


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated
