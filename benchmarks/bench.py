"""Measure the import beside what a user would pick instead, and write `benchmarks/results.md`.

    python benchmarks/bench.py [--lines 1000000] [--rounds 3] [--large]

Every round runs every case once, in turn, each as a process of its own; the figures are medians,
and the ratios are those of the medians within this one run. Outcomes are checked, not only timed.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from make_data import HEADER, Expected, make_shop

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
KEY = "Date", "ID Référence produit", "Quantité", "ID Magasin"
MORE_LINES = 1_000

LEAVES_UNDONE = {
    "sqlite3 .import": "fetching, validation, occurrences, rejects, any second run",
    "dlt merge": "real second identical sales are merged away; no rules, no rejects, no checks",
    "sqlite-utils --ignore": "real second identical sales are dropped; bad rows go in or vanish",
    "pandas to_sql": "no key, no rules, no rejects; a second run replaces the table",
}


@dataclass(frozen=True)
class Figure:
    """One finished process: wall and processor time in seconds, peak memory in MB."""

    wall: float
    cpu: float
    memory: float


Figures = dict[str, list[Figure]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="also 10 million lines, once")
    options = parser.parse_args()
    peers = _peers()
    sizes = [30, 100_000, options.lines]
    with tempfile.TemporaryDirectory(prefix="comptoir-bench-") as folder:
        root = Path(folder)
        first = {
            lines: _first_imports(root / str(lines), lines, options.rounds, peers)
            for lines in sizes
        }
        again = {options.lines: _again(root / "again", options.lines, options.rounds)}
        if options.large:
            large = 10 * options.lines
            first[large] = _first_imports(root / str(large), large, 1, None)
            again[large] = _again(root / "again-large", large, 1)
        idle = _run([sys.executable, "-c", "pass"])
    text = _report(first, again, idle, options.rounds)
    (HERE / "results.md").write_text(text, encoding="utf-8")
    print(text)


# Cases ---------------------------------------------------------------------------------------


def _first_imports(root: Path, lines: int, rounds: int, peers: Path | None) -> Figures:
    """Every case on an empty database, `rounds` times in turn."""
    data = root / "data"
    expected = make_shop(lines, data)
    accepted = root / "accepted.csv"
    cases: dict[str, Callable[[Path], list[str]]] = {
        "sqlite3 .import": partial(_floor, accepted),
        "ours, import alone": partial(_alone, data),
    }
    if peers:
        cases |= {
            "pandas to_sql": partial(_peer, peers, "pandas_to_sql.py", data),
            "sqlite-utils --ignore": partial(_sqlite_utils, peers, data),
            "dlt merge": partial(_peer, peers, "dlt_merge.py", data),
        }
    figures: Figures = defaultdict(list)
    with _served(data) as url:
        whole = root / "whole"
        _prove(_whole(url, whole), whole / "sales.db", expected)
        _write_accepted(whole / "sales.db", accepted)
        for _ in range(rounds):
            shutil.rmtree(whole)
            figures["ours, whole"].append(_whole(url, whole))
            for name, command in cases.items():
                database = root / "one.db"
                figures[name].append(_run(command(database)))
                if name == "ours, import alone":
                    _prove_sales(database, expected)
                for path in root.glob("one.db*"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
    return figures


def _again(root: Path, lines: int, rounds: int) -> Figures:
    """Runs over a database that is there: the same file, more lines, corrected lines.

    The files have no bad lines here: while a reject is open, every line is read again.
    """
    figures: Figures = defaultdict(list)
    data = root / "data"
    make_shop(lines, data, bad=False)
    sales = data / "ventes.csv"
    original = sales.read_bytes()
    with _served(data) as url:
        for _ in range(rounds):
            whole = root / "whole"
            figures["first run"].append(_whole(url, whole))
            figures["the same file"].append(_whole(url, whole))
            text = original + _more(original)
            sales.write_bytes(text)
            figures[f"{MORE_LINES:,} lines more"].append(_whole(url, whole))
            sales.write_bytes(_corrected(text))
            figures["1 % of the rows corrected"].append(_whole(url, whole))
            _prove_rows(whole / "sales.db", lines + MORE_LINES)
            sales.write_bytes(original)
            shutil.rmtree(whole)
    return figures


def _more(content: bytes) -> bytes:
    """As many lines again as the last ones of the file."""
    return b"\r\n".join(content.rsplit(b"\r\n", MORE_LINES + 1)[1:-1]) + b"\r\n"


def _corrected(content: bytes) -> bytes:
    """Every hundredth line sold six units more."""
    lines = content.split(b"\r\n")
    for at in range(50, len(lines) - 1, 100):
        day, product, quantity, store = lines[at].split(b",")
        lines[at] = b",".join([day, product, b"%d" % (int(quantity) + 6), store])
    return b"\r\n".join(lines)


def _floor(accepted: Path, database: Path) -> list[str]:
    table = (
        "create table sales (date text, product_id text, quantity integer, store_id integer, "
        "occurrence integer, unit_price_cents integer, "
        "primary key (date, product_id, store_id, quantity, occurrence))"
    )
    command = f".import --skip 1 {accepted} sales"
    return ["sqlite3", str(database), "pragma journal_mode = wal", table, ".mode csv", command]


def _alone(data: Path, database: Path) -> list[str]:
    return [sys.executable, str(HERE / "import_alone.py"), str(data), str(database)]


def _peer(peers: Path, script: str, data: Path, database: Path) -> list[str]:
    python = str(peers / "bin" / "python")
    return [python, str(HERE / "peers" / script), str(data / "ventes.csv"), str(database)]


def _sqlite_utils(peers: Path, data: Path, database: Path) -> list[str]:
    keys = [word for name in KEY for word in ("--pk", name)]
    command = [str(peers / "bin" / "sqlite-utils"), "insert", str(database), "sales"]
    return [*command, str(data / "ventes.csv"), "--csv", "--ignore", "--silent", *keys]


def _whole(url: str, folder: Path) -> Figure:
    """`python -m app run`: fetch over HTTP, import, analyse, write the files."""
    names = {"PRODUCTS_URL": "produits", "STORES_URL": "magasins", "SALES_URL": "ventes"}
    addresses = {name: f"{url}/{file}.csv" for name, file in names.items()}
    places = ["--db", str(folder / "sales.db"), "--results", str(folder / "results")]
    return _run([sys.executable, "-m", "app", "run", *places], addresses)


# Running and proving -------------------------------------------------------------------------


def _run(command: list[str], environment: dict[str, str] | None = None) -> Figure:
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode()[-3000:]}")
    return Figure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _prove(_figure: Figure, database: Path, expected: Expected) -> None:
    _prove_sales(database, expected)
    with closing(sqlite3.connect(database)) as connection:
        (rejected,) = connection.execute(
            "select rejected from _deliveries where source = 'sales'"
        ).fetchone()
        (revenue,) = connection.execute("select revenue from revenue_total").fetchone()
    assert rejected == expected.rejected
    assert round(revenue * 100) == expected.revenue_cents


def _prove_sales(database: Path, expected: Expected) -> None:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(
            "select count(*), count(*) filter (where occurrence > 1), sum(quantity), "
            "sum(quantity * unit_price_cents) from sales"
        ).fetchone()
    rows = expected.read - expected.rejected
    assert found == (rows, expected.repeats, expected.units, expected.revenue_cents), found


def _prove_rows(database: Path, rows: int) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("select count(*) from sales").fetchone() == (rows,)


def _write_accepted(database: Path, path: Path) -> None:
    """The rows as they were accepted, in the order of the file's days, for the floor."""
    with (
        closing(sqlite3.connect(database)) as connection,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow([*HEADER.split(","), "occurrence", "price"])
        writer.writerows(
            connection.execute(
                "select date, product_id, quantity, store_id, occurrence, unit_price_cents "
                "from sales order by date, (store_id * 7919 + quantity * 104729) % 1009"
            )
        )


def _peers() -> Path:
    """The peers' environment, made once."""
    folder = HERE / ".peers"
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        requirements = str(HERE / "requirements-peers.txt")
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "-r", requirements]
        subprocess.run(pip, check=True)
        (folder / "done").touch()
    return folder


# The report ----------------------------------------------------------------------------------


def _report(first: dict[int, Figures], again: dict[int, Figures], idle: Figure, rounds: int) -> str:
    processor = platform.processor() or platform.machine()
    parts = [
        "# Benchmarks",
        f"Written by `make bench`: medians of {rounds} rounds in turn (one round at ten times the "
        f"lines), {os.cpu_count()} processors ({processor}), Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}. Seconds are wall-clock; memory is the peak in MB over "
        f"that of an idle interpreter ({idle.memory:.0f} MB).",
    ]
    for lines, figures in first.items():
        parts += [f"## First import of {lines:,} lines", _first_table(figures, idle)]
    for lines, figures in again.items():
        parts += [f"## A database of {lines:,} lines, again", _again_table(figures)]
    return "\n\n".join(parts) + "\n"


def _first_table(figures: Figures, idle: Figure) -> str:
    floor = _median(figures["sqlite3 .import"], "wall")
    alone = _median(figures["ours, import alone"], "wall")
    rows = ["| case | seconds | processor | to the floor | to ours alone | MB | leaves undone |"]
    rows.append("| --- | --: | --: | --: | --: | --: | --- |")
    for name, runs in sorted(figures.items(), key=lambda item: _median(item[1], "wall")):
        wall, memory = _median(runs, "wall"), _median(runs, "memory") - idle.memory
        rows.append(
            f"| {name} | {wall:.2f} | {_median(runs, 'cpu'):.2f} | {wall / floor:.2f} | "
            f"{wall / alone:.2f} | {memory:.0f} | {LEAVES_UNDONE.get(name, '')} |"
        )
    return "\n".join(rows)


def _again_table(figures: Figures) -> str:
    whole = _median(figures["first run"], "wall")
    rows = ["| run | seconds | processor | to the first run |", "| --- | --: | --: | --: |"]
    for name, runs in figures.items():
        wall = _median(runs, "wall")
        rows.append(f"| {name} | {wall:.2f} | {_median(runs, 'cpu'):.2f} | {wall / whole:.1%} |")
    return "\n".join(rows)


def _median(runs: list[Figure], name: str) -> float:
    return statistics.median(getattr(run, name) for run in runs)


if __name__ == "__main__":
    main()
