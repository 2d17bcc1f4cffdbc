"""Whatever kills a run, the database is the one before it or the one after it.

Each case starts a real run in a process of its own, kills it with SIGKILL somewhere, and runs
again: database and files must equal those of a run that nobody disturbed. The ordinary suite kills
60 times; `make soak` kills as often as COMPTOIR_KILLS says.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.killed_run import POINTS
from tests.shop import PRODUCTS, REPOSITORY, SALES, STORES, Shop

KILLS = int(os.environ.get("COMPTOIR_KILLS", "60"))
PLACES = (*POINTS, "statement", "file", "moment")
# About as many of each as a run of the shop has.
MOST = {"statement": 260, "file": 160, "moment": 350, "staging": 4, "analysing": 18, "checking": 5}
GROUPS = 12
CONTENT = (
    "products", "stores", "cities", "sales", "calendar", "_changes", "_results",
    "revenue_total", "sales_by_day", "product_by_city",
)  # fmt: skip


def prepare(shop: Shop) -> None:
    """A shop with a first run behind it and a second one to do that changes everything."""
    shop.run()
    shop.write(
        "products", [("Savon", "P1", "12.00", "49"), *PRODUCTS[1:], ("Neuf", "P4", "1", "1")]
    )
    shop.write("stores", [*STORES, ("4", "Lille", "2")])
    shop.write("sales", [SALES[0], *SALES[2:], SALES[2], ("2025-03-07", "P4", "9", "4"), ("x",)])


def kinds() -> list[tuple[str, int]]:
    generator = random.Random(os.environ.get("COMPTOIR_SEED", "7"))
    chosen = []
    for at in range(KILLS):
        place = PLACES[at % len(PLACES)]
        chosen.append((place, generator.randrange(1, MOST.get(place, 4) + 1)))
    return chosen


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = Shop(tmp_path_factory.mktemp("template") / "shop")
    prepare(shop)
    return shop.root


@pytest.fixture(scope="module")
def undisturbed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("undisturbed") / "shop"
    shutil.copytree(template, root)
    shop = Shop.existing(root)
    shop.run()
    return content(shop)


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_run_killed_anywhere_and_run_again_gives_what_one_clean_run_gives(
    group: int,
    template: Path,
    undisturbed: dict[str, Any],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    survived = 0
    for number, (place, count) in enumerate(kinds()[group::GROUPS]):
        root = tmp_path / str(number)
        shutil.copytree(template, root)
        command = [sys.executable, "-m", "tests.killed_run", place, str(count), str(root)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False)
        assert done.returncode in (-signal.SIGKILL, 0), done.stderr.decode()
        shop = Shop.existing(root)
        assert sound(shop), (place, count)
        assert shop.run().exit_code == 0, (place, count)
        assert sound(shop), (place, count)
        assert content(shop) == undisturbed, (place, count)
        assert not list(root.rglob(".*-*")), (place, count)
        survived += done.returncode != 0
        shutil.rmtree(root)
    assert survived, "no run of this group was killed"
    record_property("kills survived", survived)


def sound(shop: Shop) -> bool:
    """Whether SQLite finds no fault, and every balance closes."""
    with closing(sqlite3.connect(shop.places.database)) as connection:
        (verdict,) = connection.execute("pragma integrity_check").fetchone()
        broken = connection.execute("pragma foreign_key_check").fetchall()
        balances = connection.execute(
            "select count(*) from _deliveries where status = 'imported' and "
            "(read <> inserted + known + changed + rejected + blank or "
            "rows_after <> rows_before + inserted - withdrawn)"
        ).fetchone()
    return bool(verdict == "ok" and not broken and balances == (0,))


def content(shop: Shop) -> dict[str, Any]:
    """Everything a run leaves, without the times."""
    found: dict[str, Any] = {name: shop.table(name) for name in CONTENT}
    found["rejects"] = shop.query(
        'select source, line, code, "column", raw, first_run, resolved_run from _rejects '
        "order by source, line"
    )
    for path in sorted(shop.places.results.iterdir()):
        if path.name != "manifest.json":
            text = path.read_bytes().decode()
            found[path.name] = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?( UTC|Z)", "TIME", text)
    return found
