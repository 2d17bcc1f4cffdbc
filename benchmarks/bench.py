"""Measure the import beside what a user would pick instead, and write `benchmarks/results.md`.

    python benchmarks/bench.py [--lines 1000000] [--rounds 3] [--large]

Every round runs every case once, in turn, each as a process of its own; the figures are medians,
and the ratios are those of the medians within this one run. Outcomes are checked, not only timed.
Memory is looked at in a further round, so that looking does not count in the time.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import re
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
    """One finished process: wall and processor time in seconds; its peak memory in MB, and that of
    the largest of its processes, if looked at.
    """

    wall: float
    cpu: float
    memory: float | None = None
    largest: float | None = None


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
        starts = _starts(root / "starts", options.rounds)
        if options.large:
            large = 10 * options.lines
            first[large] = _first_imports(root / str(large), large, 1, None)
            again[large] = _again(root / "again-large", large, 1)
        idle = _run([sys.executable, "-c", "import time; time.sleep(0.5)"], look=True)
    text = _report(first, again, starts, idle, options.rounds)
    (HERE / "results.md").write_text(text, encoding="utf-8")
    print(text)


# Cases ---------------------------------------------------------------------------------------


def _first_imports(root: Path, lines: int, rounds: int, peers: Path | None) -> Figures:
    """Every case on an empty database, `rounds` times in turn, and once more for its memory."""
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
        _whole(url, whole)
        _prove(whole / "sales.db", expected)
        _write_accepted(whole / "sales.db", accepted)
        for at in range(rounds + 1):
            look = at == rounds
            shutil.rmtree(whole)
            figures["ours, whole"].append(_whole(url, whole, look=look))
            for name, command in cases.items():
                database = root / "one.db"
                figures[name].append(_run(command(database), look=look))
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
    data, whole = root / "data", root / "whole"
    make_shop(lines, data, bad=False)
    sales = data / "ventes.csv"
    original = sales.read_bytes()
    longer = original + _more(original)
    with _served(data) as url:
        cases: dict[str, tuple[bytes, Callable[..., Figure]]] = {
            "first run": (original, partial(_whole, url, whole)),
            "the same file": (original, partial(_whole, url, whole)),
            "analyses, checks and files alone": (original, partial(_analyse, whole)),
            f"{MORE_LINES:,} lines more": (longer, partial(_whole, url, whole)),
            "1 % of the rows corrected": (_corrected(longer), partial(_whole, url, whole)),
        }
        for at in range(rounds + 1):
            for name, (content, run) in cases.items():
                if sales.stat().st_size != len(content) or sales.read_bytes() != content:
                    sales.write_bytes(content)
                figures[name].append(run(look=at == rounds))
            _prove_rows(whole / "sales.db", lines + MORE_LINES)
            shutil.rmtree(whole)
    return figures


def _starts(root: Path, rounds: int) -> Figures:
    """What starting costs: the help, and a run on the bundled samples with nothing new."""
    places = ["--db", str(root / "sales.db"), "--results", str(root / "results")]
    run = [sys.executable, "-m", "app", "run", *places]
    _run(run)
    cases = {"--help": [sys.executable, "-m", "app", "--help"], "run, nothing new": run}
    figures: Figures = defaultdict(list)
    for at in range(rounds + 1):
        for name, command in cases.items():
            figures[name].append(_run(command, look=at == rounds))
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


def _whole(url: str, folder: Path, *, look: bool = False) -> Figure:
    """`python -m app run`: fetch over HTTP, import, analyse, write the files."""
    names = {"PRODUCTS_URL": "produits", "STORES_URL": "magasins", "SALES_URL": "ventes"}
    addresses = {name: f"{url}/{file}.csv" for name, file in names.items()}
    return _run([sys.executable, "-m", "app", "run", *_places(folder)], addresses, look=look)


def _analyse(folder: Path, *, look: bool = False) -> Figure:
    """`python -m app analyse`: answer and check everything again, write the files."""
    return _run([sys.executable, "-m", "app", "analyse", *_places(folder)], look=look)


def _places(folder: Path) -> list[str]:
    return ["--db", str(folder / "sales.db"), "--results", str(folder / "results")]


# Running and proving -------------------------------------------------------------------------


def _run(
    command: list[str], environment: dict[str, str] | None = None, *, look: bool = False
) -> Figure:
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        memory = _watch_memory(process.pid) if look else ()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode()[-3000:]}")
    return Figure(wall, usage.ru_utime + usage.ru_stime, *memory)


def _watch_memory(pid: int) -> tuple[float, float]:
    """Until the process is about to end: the peak of what it and its children hold together, and
    of the largest one, in MB. Shared pages count once (PSS).
    """
    together = largest = 0.0
    while held := _held(pid):
        together, largest = max(together, sum(held)), max(largest, *held)
        time.sleep(0.02)
    return together, largest


def _held(pid: int) -> list[float]:
    """The MB of a process and of each that it began; nothing once it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    if not found:
        return []
    return [int(found[1]) / 1024, *(mb for child in children for mb in _held(int(child)))]


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


def _prove(database: Path, expected: Expected) -> None:
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


def _report(
    first: dict[int, Figures], again: dict[int, Figures], starts: Figures, idle: Figure, rounds: int
) -> str:
    processor = platform.processor() or platform.machine()
    held = idle.memory or 0
    parts = [
        "# Benchmarks",
        f"Written by `make bench`: medians of {rounds} rounds in turn (one round at ten times the "
        f"lines), {os.cpu_count()} processors ({processor}), Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}. Seconds are wall-clock. Memory is the peak of all "
        f"processes together, in MB over an idle interpreter ({held:.0f} MB), and in brackets that "
        "of the largest one.",
    ]
    for lines, figures in first.items():
        parts += [f"## First import of {lines:,} lines", _first_table(figures, held)]
    for lines, figures in again.items():
        parts += [f"## A database of {lines:,} lines, again", _again_table(figures, held)]
    parts += ["## Starting", _start_table(starts, held)]
    return "\n\n".join(parts) + "\n"


def _first_table(figures: Figures, idle: float) -> str:
    floor = _median(figures["sqlite3 .import"], "wall")
    alone = _median(figures["ours, import alone"], "wall")
    rows = ["| case | seconds | processor | to the floor | to ours alone | MB | leaves undone |"]
    rows.append("| --- | --: | --: | --: | --: | --: | --- |")
    for name, runs in sorted(figures.items(), key=lambda item: _median(item[1], "wall")):
        wall = _median(runs, "wall")
        rows.append(
            f"| {name} | {wall:.2f} | {_median(runs, 'cpu'):.2f} | {wall / floor:.2f} | "
            f"{wall / alone:.2f} | {_memory(runs, idle)} | {LEAVES_UNDONE.get(name, '')} |"
        )
    return "\n".join(rows)


def _again_table(figures: Figures, idle: float) -> str:
    whole = _median(figures["first run"], "wall")
    rows = ["| run | seconds | processor | to the first run | MB |"]
    rows.append("| --- | --: | --: | --: | --: |")
    for name, runs in figures.items():
        wall = _median(runs, "wall")
        rows.append(
            f"| {name} | {wall:.2f} | {_median(runs, 'cpu'):.2f} | {wall / whole:.1%} | "
            f"{_memory(runs, idle)} |"
        )
    return "\n".join(rows)


def _start_table(figures: Figures, idle: float) -> str:
    rows = ["| command | seconds | processor | MB |", "| --- | --: | --: | --: |"]
    for name, runs in figures.items():
        rows.append(
            f"| {name} | {_median(runs, 'wall'):.2f} | {_median(runs, 'cpu'):.2f} | "
            f"{_memory(runs, idle)} |"
        )
    return "\n".join(rows)


def _memory(runs: list[Figure], idle: float) -> str:
    (together,) = (run.memory for run in runs if run.memory is not None)
    (largest,) = (run.largest for run in runs if run.largest is not None)
    return f"{max(0, together - idle):.0f} ({max(0, largest - idle):.0f})"


def _median(runs: list[Figure], name: str) -> float:
    """Of the rounds in which memory was not looked at."""
    return statistics.median(getattr(run, name) for run in runs if run.memory is None)


if __name__ == "__main__":
    main()
