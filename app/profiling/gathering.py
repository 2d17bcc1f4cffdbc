"""Fetch the files that `profile` and `init` look at, before there is any database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.errors import ProjectError
from app.profiling.found import File
from app.profiling.naming import table_name
from app.progress import Progress
from app.project import Project
from app.sources.attempt import FetchLimits
from app.sources.fetch import Fetched, fetch
from app.sources.masking import masked


@contextmanager
def gathered(
    urls: Iterable[str],
    base: Path,
    limits: FetchLimits,
    say: Callable[[str], None],
    progress: Progress,
) -> Iterator[list[File]]:
    """The files at `urls` (paths relative to `base`), each named by its address, while inside."""
    urls = list(urls)
    for url in urls:
        if urls.count(url) > 1:
            raise ProjectError(f"{masked(url)} is given twice", hint="name each file once")
    with TemporaryDirectory(prefix="comptoir-") as folder:
        files: list[File] = []
        for url in urls:
            name = table_name(url, [file.name for file in files])
            with progress.step(f"Fetching {name}", unit="bytes") as step:
                fetched = fetch(
                    url, base=base, into=Path(folder), limits=limits, progress=step.reach
                )
            assert isinstance(fetched, Fetched)  # nothing was asked to be not modified
            say(f"{name}: {fetched.size:,} bytes from {fetched.url}")
            files.append(File(name, fetched.url, fetched.path))
        yield files


@contextmanager
def gathered_sources(
    project: Project, say: Callable[[str], None], progress: Progress
) -> Iterator[list[File]]:
    """The files of the project's sources, while inside."""
    with TemporaryDirectory(prefix="comptoir-") as folder:
        files = []
        for source in project.sources.values():
            with progress.step(f"Fetching {source.name}", unit="bytes") as step:
                fetched = fetch(
                    source.url,
                    headers=source.headers,
                    base=project.root,
                    into=Path(folder),
                    limits=project.fetch_limits,
                    progress=step.reach,
                )
            assert isinstance(fetched, Fetched)
            say(f"{source.name}: {fetched.size:,} bytes from {fetched.url}")
            files.append(File(source.name, fetched.url, fetched.path, source))
        yield files
