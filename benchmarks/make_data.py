"""Writes a large shop from a fixed seed: products, stores and sales with known outcomes.

    python benchmarks/make_data.py LINES FOLDER

The sales come in the order of their days, as a till writes them. About one line in 500 repeats the
line before it exactly; every 10,000th line breaks the contract, each time in another way.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

SEED = 20250701
PRODUCTS = 500
STORES = 100
DAYS = 1_096
FIRST_DAY = date(2022, 1, 1)
REPEAT_EVERY = 500
BAD_EVERY = 10_000
CITIES = ("Paris", "Lyon", "Marseille", "Bordeaux", "Nantes", "Strasbourg", "Lille")
HEADER = "Date,ID Référence produit,Quantité,ID Magasin"


@dataclass(frozen=True)
class Expected:
    """What a correct import of the sales gives. Revenue in cents."""

    read: int
    rejected: int
    repeats: int
    units: int
    revenue_cents: int


def make_shop(lines: int, folder: Path, *, bad: bool = True) -> Expected:
    """Write `produits.csv`, `magasins.csv`, `ventes.csv` and `expected.json` into `folder`.

    Without `bad`, no line breaks the contract.
    """
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(SEED)
    prices = [generator.randrange(99, 20_000) for _ in range(PRODUCTS)]
    products = [
        f"Produit {n},REF{n:03},{price // 100}.{price % 100:02},{generator.randrange(500)}"
        for n, price in enumerate(prices)
    ]
    stores = [
        f"{n + 1},{CITIES[n % len(CITIES)]},{generator.randrange(2, 20)}" for n in range(STORES)
    ]
    _write(folder / "produits.csv", ["Nom,ID Référence produit,Prix,Stock", *products])
    _write(folder / "magasins.csv", ["ID Magasin,Ville,Nombre de salariés", *stores])
    expected = _write_sales(folder / "ventes.csv", lines, prices, generator, bad)
    (folder / "expected.json").write_text(json.dumps(asdict(expected), indent=2) + "\n")
    return expected


def _write_sales(
    path: Path, lines: int, prices: list[int], generator: random.Random, bad: bool
) -> Expected:
    rejected = units = revenue = 0
    seen: dict[tuple[int, int, int], int] = {}
    repeats = day_before = 0
    last = (0, 1, 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER + "\r\n")
        for n in range(lines):
            day = n * DAYS // lines
            text = (FIRST_DAY + timedelta(days=day)).isoformat()
            if bad and n % BAD_EVERY == BAD_EVERY - 1:
                file.write(_bad_line(n // BAD_EVERY, text) + "\r\n")
                rejected += 1
                continue
            if day != day_before:
                seen.clear()
                day_before = day
            if n % REPEAT_EVERY or n == 0:
                last = (
                    generator.randrange(PRODUCTS),
                    generator.randrange(1, 6),
                    generator.randrange(1, STORES + 1),
                )
            product, quantity, store = last
            repeats += last in seen
            seen[last] = 1
            units += quantity
            revenue += quantity * prices[product]
            file.write(f"{text},REF{product:03},{quantity},{store}\r\n")
    return Expected(lines, rejected, repeats, units, revenue)


def _bad_line(turn: int, day: str) -> str:
    kinds = (f"{day},REF999,1,1", f"{day},REF001,0,1", f"{day},REF001,1", "2022-02-30,REF001,1,1")
    return kinds[turn % len(kinds)]


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")


if __name__ == "__main__":
    print(make_shop(int(sys.argv[1]), Path(sys.argv[2])))
