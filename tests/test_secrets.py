"""Secrets in URLs and headers reach the server and nothing else that a run leaves or says."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

from tests.faulty_server import FaultyServer
from tests.shop import HEADERS, REPOSITORY, SALES, Shop

SECRETS = ("s3cr3t-pass", "s3cr3t-token", "s3cr3t-header", "s3cr3t-user")


def run(shop: Shop, *verb: str) -> str:
    """Everything that `python -m app` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.undrawn", "--project", str(shop.root), *verb],
        cwd=REPOSITORY,
        env={**os.environ, **shop.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def left_behind(folder: Path) -> bytes:
    """The bytes of every file below `folder`, packed ones unpacked, and their names."""
    found = []
    for path in folder.rglob("*"):
        found.append(path.name.encode())
        if path.is_file():
            content = path.read_bytes()
            found.append(gzip.decompress(content) if path.suffix == ".gz" else content)
    return b"\n".join(found)


def test_a_secret_is_in_nothing_that_runs_print_or_leave_behind(
    tmp_path: Path, server: FaultyServer
) -> None:
    shop = Shop(tmp_path / "shop")
    shop.edit_project("[project]\n", "[limits]\nbackoff_seconds = 0.01\n\n[project]\n")
    text = "\n".join([HEADERS["sales"], *(",".join(line) for line in SALES)])
    server.serve("/sales.csv", text.encode())
    address = server.url("/sales.csv").removeprefix("http://")
    login = "s3cr3t-user:s3cr3t-pass"
    good = f"http://{login}@{address}?token=s3cr3t-token"
    shop.environment |= {"SALES_URL": good, "SALES_TOKEN": "Bearer s3cr3t-header"}
    said = run(shop, "run")
    assert server.requests[0].headers["Authorization"] == "Bearer s3cr3t-header"
    assert "s3cr3t-token" in server.requests[0].target
    for broken in (
        good.replace("/sales.csv", "/missing.csv"),
        f"http://{login}@nowhere.invalid/x?token=s3cr3t-token",
        f"ftp://{login}@{address}?token=s3cr3t-token",
        f"http://{login}@127.0.0.1:1/?access_token=s3cr3t-token",
        f"http://{login}@{address}:bad/?token=s3cr3t-token",
    ):
        shop.environment["SALES_URL"] = broken
        said += run(shop, "run", "--json") + run(shop, "run", "--dry-run")
    for verb in (["status"], ["status", "--json"], ["rejects"], ["docs"], ["analyse", "--json"]):
        said += run(shop, *verb)
    left = left_behind(shop.places.database.parent) + left_behind(shop.places.results)
    for secret in SECRETS:
        assert secret not in said
        assert secret.encode() not in left
    assert "***" in said


def test_another_secret_in_a_url_is_another_file_and_no_secret_is_the_same(
    tmp_path: Path, server: FaultyServer
) -> None:
    shop = Shop(tmp_path / "shop")
    text = "\n".join([HEADERS["sales"], *(",".join(line) for line in SALES)])
    server.serve("/sales.csv", text.encode(), headers={"ETag": '"one"'})
    for query in ("", "", "?token=a", "?token=b"):
        shop.environment["SALES_URL"] = server.url("/sales.csv") + query
        shop.run()
    asked = ["If-None-Match" in request.headers for request in server.requests]
    assert asked == [False, True, False, False]
