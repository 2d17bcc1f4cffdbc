"""A clone of the project that runs in containers of its own, for the Docker tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
CLONED = (
    ".dockerignore", ".env.example", "Dockerfile", "app", "comptoir.toml", "docker",
    "docker-compose.yml", "reference", "requirements-datasette.txt", "requirements.txt", "samples",
    "sql",
)  # fmt: skip
SOCKET = Path("/var/run/docker.sock")


def engine_problem() -> str:
    """Why containers cannot be run here, '' if they can."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            return f"`{' '.join(command)}` fails: {done.stderr.strip() or done.stdout.strip()}"
    return ""


def require_engine() -> None:
    """Skip the test where no engine answers; fail it if COMPTOIR_REQUIRE_DOCKER=1."""
    problem = engine_problem()
    if problem and os.environ.get("COMPTOIR_REQUIRE_DOCKER") == "1":
        pytest.fail(f"no Docker engine, and COMPTOIR_REQUIRE_DOCKER=1: {problem}")
    if problem:
        pytest.skip(f"no Docker engine: {problem}")


@dataclass(frozen=True)
class Person:
    """Who types the commands: a user id, and the ids of the groups."""

    uid: int
    gid: int

    def options(self) -> dict[str, Any]:
        """Of subprocess.run, to do something as this user, who may talk to the engine."""
        if self.uid == os.getuid():
            return {}
        engine = [SOCKET.stat().st_gid] if SOCKET.exists() else []
        return {"user": self.uid, "group": self.gid, "extra_groups": engine}


ME = Person(os.getuid(), os.getgid())


class Stack:
    """One Compose project in a folder that is like a fresh clone of `owner`'s."""

    def __init__(self, owner: Person = ME) -> None:
        self.owner = owner
        self.name = f"comptoir-test-{uuid.uuid4().hex[:8]}"
        self.folder = Path(tempfile.mkdtemp(prefix="comptoir-docker-"))
        self.port = free_port()
        for name in CLONED:
            source, target = REPOSITORY / name, self.folder / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        for name in ("db", "results", "home"):
            (self.folder / name).mkdir()
        self.folder.chmod(0o755)
        if owner != ME:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, owner.uid, owner.gid)

    def __call__(
        self, *arguments: str, expect: int | None = 0, timeout: float = 180, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """`docker compose ARGUMENTS` by the clone's owner; it must end with `expect`."""
        done = subprocess.run(
            ["docker", "compose", *arguments],
            cwd=self.folder,
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            **self.owner.options(),
        )
        if expect is not None:
            told = f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            assert done.returncode == expect, told
        return done

    @contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`docker compose ARGUMENTS` going on, with pipes to its input and from its output."""
        with subprocess.Popen(
            ["docker", "compose", *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            **self.owner.options(),
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
        own = {
            "HOME": str(self.folder / "home"),
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPTOIR_PORT": str(self.port),
        }
        return {**kept, **own, **variables}

    def run(self, *verb: str, expect: int | None = 0) -> str:
        """What `docker compose run --rm app VERB` prints to standard output."""
        return self("run", "--rm", "app", *verb, expect=expect).stdout

    def query(self, sql: str) -> str:
        """The answer of the sqlite3 shell in `db`."""
        return self("exec", "-T", "db", "sqlite3", "/data/sales.db", sql).stdout.strip()

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine knows of a service's container."""
        (container,) = self("ps", "-aq", service).stdout.split()
        done = subprocess.run(["docker", "inspect", container], capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)[0]
        return found

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page of `db`."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=20
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def by_owner(self, *command: str) -> None:
        """Run a command on the host as the clone's owner; it must succeed."""
        subprocess.run(command, cwd=self.folder, check=True, **self.owner.options())

    def wait_for_log(self, service: str, wanted: str, seconds: float = 60) -> str:
        """The log of a service once it holds `wanted`."""
        return wait_for(lambda: self("logs", "--no-log-prefix", service).stdout, wanted, seconds)

    def remove(self) -> None:
        """Containers, volumes, images and the folder."""
        for volume in ("samples", "client"):
            self("--profile", "*", "down", "-v", "-t", "2", expect=None, COMPTOIR_VOLUME=volume)
        images = [f"{self.name}-app", f"{self.name}-db"]
        subprocess.run(["docker", "image", "rm", "-f", *images], capture_output=True, check=False)
        shutil.rmtree(self.folder)


def wait_for(read: Callable[[], str], wanted: str, seconds: float = 60) -> str:
    """What `read` gives once it holds `wanted`; AssertionError after so many seconds."""
    deadline = time.monotonic() + seconds
    while wanted not in (text := read()):
        assert time.monotonic() < deadline, f"{wanted!r} never came in:\n{text}"
        time.sleep(0.3)
    return text


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
