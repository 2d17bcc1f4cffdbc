"""A small shop for the tests: a project folder of its own, its files, and its runs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from app import pipeline
from app.project import Project, load_project
from app.rows.ledger import Outcome
from app.runs import Places, Run

REPOSITORY = Path(__file__).resolve().parent.parent

PRODUCTS = [
    ("Savon", "P1", "10.00", "50"),
    ("Bougie", "P2", "2.50", "8"),
    ("Panier", "P3", "19.99", "0"),
]
STORES = [("1", "Paris", "4"), ("2", "Lyon", "3"), ("3", "Lyon", "2")]
SALES = [
    ("2025-03-03", "P1", "1", "1"),
    ("2025-03-03", "P2", "4", "2"),
    ("2025-03-04", "P1", "2", "2"),
    ("2025-03-04", "P1", "2", "2"),
    ("2025-03-06", "P3", "1", "1"),
]
HEADERS = {
    "products": "Nom,ID Référence produit,Prix,Stock",
    "stores": "ID Magasin,Ville,Nombre de salariés",
    "sales": "Date,ID Référence produit,Quantité,ID Magasin",
}

Line = Sequence[str]


class Shop:
    """The default project's contracts and SQL on files that a test writes."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        for name in ("sql", "reference"):
            shutil.copytree(REPOSITORY / name, root / name)
        shutil.copy(REPOSITORY / "comptoir.toml", root)
        self._open(root)
        self.write("products", PRODUCTS)
        self.write("stores", STORES)
        self.write("sales", SALES)

    @classmethod
    def existing(cls, root: Path) -> Shop:
        """The shop that is already in `root`."""
        shop = cls.__new__(cls)
        shop._open(root)
        return shop

    def _open(self, root: Path) -> None:
        self.root = root
        self.places = Places(root / "db" / "sales.db", root / "results")
        self.environment = {
            f"{name.upper()}_URL": f"data/{name}.csv" for name in ("products", "stores", "sales")
        }

    def file(self, source: str) -> Path:
        return self.root / "data" / f"{source}.csv"

    def write(self, source: str, lines: Iterable[Line]) -> None:
        """A source's file: the brief's header, then these lines."""
        text = "\r\n".join([HEADERS[source], *(",".join(line) for line in lines)])
        self.write_bytes(source, text.encode())

    def write_bytes(self, source: str, content: bytes) -> None:
        self.file(source).parent.mkdir(exist_ok=True)
        self.file(source).write_bytes(content)

    def edit_project(self, old: str, new: str) -> None:
        """Change the project file; `old` must be there."""
        path = self.root / "comptoir.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in the project file"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def forget_sql(self) -> None:
        """Take out the SQL files, for contracts on which they would not run."""
        for path in (self.root / "sql").rglob("*.sql"):
            path.unlink()

    def project(self) -> Project:
        return load_project(self.root, self.environment)

    def run(self, **options: Any) -> Run:
        return pipeline.run(self.project(), self.places, say=_silent, **options)

    def dry_run(self, **options: Any) -> Run:
        return pipeline.dry_run(self.project(), self.places, say=_silent, **options)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """`python -m app` on the shop, as a process of its own; its output is one stream."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.undrawn", "--project", str(self.root), *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.places.database)) as connection:
            return connection.execute(sql).fetchall()

    def sales(self) -> list[tuple[Any, ...]]:
        """The stored sales without their price: date, product, quantity, store, occurrence."""
        return self.query(
            "select date, product_id, quantity, store_id, occurrence from sales "
            "order by date, product_id, store_id, quantity, occurrence"
        )

    def table(self, name: str) -> list[tuple[Any, ...]]:
        return self.query(f'select * from "{name}" order by 1, 2')

    def revenue(self) -> float:
        return float(self.query("select revenue from revenue_total")[0][0])


def outcome(run: Run, source: str) -> Outcome:
    """What a run did with one source."""
    return next(o for o in run.outcomes if o.source == source)


def counts(run: Run, source: str) -> dict[str, int]:
    """The counters of one source that are not zero, without the balance of rows."""
    found = outcome(run, source).counts
    assert found is not None, outcome(run, source)
    names = ("read", "inserted", "known", "changed", "rejected", "blank", "withdrawn")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


def _silent(_line: str) -> None:
    pass
