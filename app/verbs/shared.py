"""What the verbs share: the project and its places, options, and how they end."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from app.project import Project
    from app.runs import Places, Run


class Context:
    """The project and the places of its outputs, found when a verb asks for them."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def project(self) -> Project:
        from app.project import find_project, load_project

        return load_project(self._folder or find_project(Path.cwd()))

    def project_if_any(self) -> Project | None:
        """The project, or None where there is none and none was named."""
        from app.project import PROJECT_FILE

        folders = (Path.cwd(), *Path.cwd().parents)
        if self._folder is None and not any((f / PROJECT_FILE).is_file() for f in folders):
            return None
        return self.project()

    def places(self, project: Project, db: Path | None, results: Path | None) -> Places:
        from app.runs import Places

        return Places(db or project.database, results or project.results)


db_option = click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="COMPTOIR_DB",
    help="The database file.  [default: db/sales.db in the project]",
)
results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="COMPTOIR_RESULTS",
    help="The folder of the result files.  [default: results in the project]",
)
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    envvar="COMPTOIR_WAIT",
    default=0,
    metavar="SECONDS",
    help="Wait so long for another run to end.  [default: do not wait]",
)
quiet_option = click.option(
    "-q", "--quiet", is_flag=True, help="Print nothing but errors, and JSON if asked for."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def command(verb: str) -> str:
    """How this user calls a verb: with the project's own Python, if that is what runs."""
    own = Path(sys.prefix) == Path.cwd() / ".venv"
    return f"{'.venv/bin/python' if own else 'python'} -m app {verb}"


def print_checks(done: Run) -> None:
    """The checks that found something."""
    from app.console import checks_table

    failed = [check for check in done.checks if check.row_count]
    if failed:
        click.echo(f"{checks_table(failed)}\nThe rows: {command('check --show')}\n")


def print_ending(done: Run, places: Places) -> None:
    print_checks(done)
    if done.status == "blocked":
        click.echo("Nothing was published: a blocking check failed; the last good results stay.")
    click.echo(f"Run {done.run_id}: {done.status}. Database: {near(places.database)}")
    click.echo(
        f"Results: {near(places.results)}/report.html, summary.md and one CSV for each analysis"
    )


def print_errors(done: Run) -> None:
    """On stderr, what makes the exit code of a run other than 0."""
    for outcome in done.outcomes:
        if outcome.exit_code:
            click.echo(f"error: {outcome.source}: {outcome.status}: {outcome.message}", err=True)
    for check in done.checks:
        if check.blocks:
            rows = f"{check.row_count:,} row{'s' if check.row_count > 1 else ''}"
            click.echo(f"error: {check.name} blocks: {rows} ({check.title})", err=True)


def silent(_line: str) -> None:
    """What is said to nobody, so that only JSON is printed."""


def demand(name: str, names: Iterable[str], what: str) -> None:
    """ProjectError if `name` is given and is not one of `names`."""
    from difflib import get_close_matches

    from app.errors import ProjectError

    names = list(names)
    if name and name not in names:
        near = get_close_matches(name, names, 1)
        raise ProjectError(
            f"there is no {what} {name!r}",
            hint=f"did you mean {near[0]!r}?" if near else f"one of {', '.join(names)}",
        )


def print_json(content: Any) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))


def record_defect(error: Exception) -> str:
    """Write the traceback of an error nobody foresaw to a file; a line that names it."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="comptoir-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return f"internal error: {type(error).__name__}, a defect of Comptoir described in {file.name}"


def near(path: Path) -> Path:
    """`path` relative to the current folder where that is shorter."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
