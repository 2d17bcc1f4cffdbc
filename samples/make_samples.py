"""Writes the sample: a fictional fine-food and tableware shop, second quarter of 2025.

    python samples/make_samples.py               # rewrites the files beside this script
    python samples/make_samples.py --into DIR    # writes them elsewhere

The same bytes come out every time, on every supported Python. `expected.json` holds the
figures of the sample, computed from the written CSV files with plain integers, so that the
project's own results have something independent to be compared with.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CITIES_FILE = HERE.parent / "reference" / "villes.csv"

SEED = 20250401
FIRST_DAY = date(2025, 4, 1)
LAST_DAY = date(2025, 6, 30)
CLOSED_DAYS = {date(2025, 5, 1), date(2025, 6, 9)}  # Labour Day and Whit Monday


@dataclass(frozen=True)
class Product:
    """A product, how often it is bought, and in which quantities (weights of 1, 2, 3 ...)."""

    id: str
    name: str
    price: str
    stock: int
    weight: int
    quantities: tuple[int, ...]


@dataclass(frozen=True)
class Store:
    """A store and its share of the sales."""

    id: int
    city: str
    employees: int
    weight: int


@dataclass(frozen=True)
class Sale:
    """One line of the sales file."""

    day: date
    product_id: str
    quantity: int
    store_id: int

    def line(self) -> str:
        """The sale as it is written."""
        return f"{self.day.isoformat()},{self.product_id},{self.quantity},{self.store_id}"


PANTRY = (38, 30, 16, 10, 3, 3)
TREAT = (62, 28, 10)
TABLEWARE = (88, 12)

PRODUCTS = (
    Product("REF001", "Huile d'olive vierge extra", "18.90", 410, 115, TREAT),
    Product("REF002", "Miel de lavande de Provence", "9.95", 365, 105, PANTRY),
    Product("REF003", "Confiture de mirabelles", "6.50", 520, 150, PANTRY),
    Product("REF004", "Café en grains Éthiopie", "16.80", 9, 110, TREAT),
    Product("REF005", "Calissons d'Aix", "12.40", 230, 80, TREAT),
    Product("REF006", "Terrine de canard au poivre vert", "8.75", 250, 90, PANTRY),
    Product("REF007", "Fleur de sel de Guérande", "5.90", 300, 85, PANTRY),
    Product("REF008", "Cocotte en fonte émaillée", "129.00", 48, 50, TABLEWARE),
    Product("REF009", "Coffret apéritif d'été", "49.99", 90, 65, TABLEWARE),
    Product("REF010", "Planche à découper en chêne", "39.90", 75, 50, TABLEWARE),
    Product("REF011", "Torchon en lin brodé", "14.50", 2400, 60, TREAT),
    Product("REF012", "Bougie parfumée au figuier", "24.90", 130, 65, TREAT),
)

STORES = (
    Store(1, "Paris", 14, 150),
    Store(2, "Lyon", 11, 140),
    Store(3, "Marseille", 8, 105),
    Store(4, "Bordeaux", 7, 90),
    Store(5, "Nantes", 6, 75),
    Store(6, "Strasbourg", 5, 65),
    Store(7, "Lille", 6, 80),
    Store(8, "Paris", 7, 80),
    Store(9, "Lyon", 6, 95),
)

# Percent of the usual demand, for (pantry and treats, tableware): Paris buys dearer things,
# so that the city which sells most units is not the one which earns most.
TASTES = {"Paris": (80, 170), "Lyon": (115, 75), "Marseille": (110, 80), "Lille": (100, 110)}
NEVER_SOLD = ("REF005", "Strasbourg")

LINES_A_DAY = 22
WEEKDAYS = (62, 82, 98, 90, 122, 200, 55)  # percent of a usual day, Monday first

# Days (counted from the first) with a second identical sale; on one of them, a third.
REPEAT_DAYS = range(4, 85, 6)
TRIPLE_DAY = 46

# What goes wrong in real extracts, one of each kind, written on the day given.
MISTAKES = {
    date(2025, 4, 16): "2025-04-16,REF099,1,3",
    date(2025, 5, 7): "2025-05-07,REF006,0,6",
    date(2025, 5, 27): "2025-05-27,REF002,2",
    date(2025, 6, 13): "2025-06-31,REF010,1,2",  # 13 typed as 31
}

PRODUCTS_HEADER = "Nom,ID Référence produit,Prix,Stock"
STORES_HEADER = "ID Magasin,Ville,Nombre de salariés"
SALES_HEADER = "Date,ID Référence produit,Quantité,ID Magasin"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the sample and its expected figures."""
    parser = argparse.ArgumentParser(description="Writes the sample files.")
    parser.add_argument("--into", type=Path, default=HERE, metavar="DIR", help="where to write")
    folder: Path = parser.parse_args(arguments).into
    folder.mkdir(parents=True, exist_ok=True)
    write_samples(folder)
    figures = expected_figures(folder, CITIES_FILE)
    text = json.dumps(figures, ensure_ascii=False, indent=2) + "\n"
    (folder / "expected.json").write_bytes(text.encode())


def write_samples(folder: Path) -> None:
    """Write the three CSV files."""
    products = (f"{p.name},{p.id},{p.price},{p.stock}" for p in PRODUCTS)
    stores = (f"{s.id},{s.city},{s.employees}" for s in STORES)
    _write_lines(folder / "produits.csv", PRODUCTS_HEADER, products)
    _write_lines(folder / "magasins.csv", STORES_HEADER, stores)
    _write_lines(folder / "ventes.csv", SALES_HEADER, sales_lines(random.Random(SEED)))


def sales_lines(rng: random.Random) -> list[str]:
    """The lines of the sales file, day by day, with their repeats and mistakes."""
    lines = []
    for number, day in enumerate(_days(FIRST_DAY, LAST_DAY)):
        if day in CLOSED_DAYS:
            continue
        sales = [sale.line() for sale in _sales_of_day(rng, number, day)]
        if number in REPEAT_DAYS:
            again = sales[_below(rng, len(sales))]
            for _ in range(2 if number == TRIPLE_DAY else 1):
                sales.insert(_below(rng, len(sales) + 1), again)
        if day in MISTAKES:
            sales.insert(len(sales) // 2, MISTAKES[day])
        lines += sales
    return lines


def expected_figures(folder: Path, cities_file: Path) -> dict[str, Any]:
    """The figures of the CSV files in a folder, read back without the generator's state."""
    products = _read_table(folder / "produits.csv", "ID Référence produit")
    stores = _read_table(folder / "magasins.csv", "ID Magasin")
    regions = _read_table(cities_file, "Ville")
    prices = {id: int(Decimal(product["Prix"]) * 100) for id, product in products.items()}
    cities = {id: store["Ville"] for id, store in stores.items()}

    read, accepted, rejects = _judge_sales(folder / "ventes.csv", set(products), set(stores))
    copies = Counter(accepted)
    first, last = accepted[0].day, accepted[-1].day
    days = list(_days(first, last))

    total = _Figures()
    by_product = {id: _Figures() for id in products}
    by_store = {id: _Figures() for id in stores}
    by_city = {city: _Figures() for city in cities.values()}
    by_region = {regions[city]["Région"]: _Figures() for city in by_city}
    by_day = {day.isoformat(): _Figures() for day in days}
    by_week = {_iso_week(day): _Figures() for day in days}
    by_month = {day.isoformat()[:7]: _Figures() for day in days}
    by_weekday = {str(number): _Figures() for number in range(1, 8)}
    by_pair = {id: {city: _Figures() for city in by_city} for id in products}

    for sale in accepted:
        city = cities[str(sale.store_id)]
        cents = prices[sale.product_id] * sale.quantity
        for figures in (
            total,
            by_product[sale.product_id],
            by_store[str(sale.store_id)],
            by_city[city],
            by_region[regions[city]["Région"]],
            by_day[sale.day.isoformat()],
            by_week[_iso_week(sale.day)],
            by_month[sale.day.isoformat()[:7]],
            by_weekday[str(sale.day.isoweekday())],
            by_pair[sale.product_id][city],
        ):
            figures.add(sale.quantity, cents)

    return {
        "sales": {
            "read": read,
            "rejected": len(rejects),
            "accepted": len(accepted),
            "repeats": len(accepted) - len(copies),
        },
        "products": {"read": len(products)},
        "stores": {"read": len(stores)},
        "rejects": rejects,
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
        "days": len(days),
        "days_without_sales": sum(figures.sales_lines == 0 for figures in by_day.values()),
        "total": {
            "revenue": str(Decimal(total.revenue_cents).scaleb(-2)),
            **total.values(),
            "average_basket": _basket(total),
        },
        "by_product": _values(by_product),
        "by_store": _values(by_store),
        "by_city": _values(by_city),
        "by_region": _values(by_region),
        "by_day": _values(by_day),
        "by_week": _values(by_week),
        "by_month": _values(by_month),
        "by_weekday": _values(by_weekday),
        "by_product_and_city": {id: _values(by_its_city) for id, by_its_city in by_pair.items()},
    }


# Drawing the sales. Only rng.random() is used: it is the one method whose sequence Python
# promises to keep. Weights are integers, since summing floats changed in Python 3.12.


def _sales_of_day(rng: random.Random, number: int, day: date) -> list[Sale]:
    """The sales of one day, all different: identical ones are added where they are wanted."""
    trend = 88 + 30 * number // 90  # percent, from 88 to 118 over the quarter
    noise = 88 + _below(rng, 25)
    count = LINES_A_DAY * WEEKDAYS[day.weekday()] * trend * noise // 100**3
    sales: dict[Sale, None] = {}
    while len(sales) < count:
        store = STORES[_pick(rng, [store.weight for store in STORES])]
        product = PRODUCTS[_pick(rng, [_demand(product, store.city) for product in PRODUCTS])]
        quantity = 1 + _pick(rng, product.quantities)
        sales[Sale(day, product.id, quantity, store.id)] = None
    return list(sales)


def _demand(product: Product, city: str) -> int:
    """How much a city wants a product."""
    if (product.id, city) == NEVER_SOLD:
        return 0
    food, tableware = TASTES.get(city, (100, 100))
    return product.weight * (tableware if product.quantities is TABLEWARE else food)


def _pick(rng: random.Random, weights: Sequence[int]) -> int:
    """The index of one of the weights, drawn in proportion to them."""
    rest = _below(rng, sum(weights))
    for index, weight in enumerate(weights):
        if rest < weight:
            return index
        rest -= weight
    raise AssertionError("a draw is always below the sum of the weights")


def _below(rng: random.Random, limit: int) -> int:
    """An integer from 0 to limit - 1."""
    return int(rng.random() * limit)


def _days(first: date, last: date) -> Iterable[date]:
    """Every calendar day from the first to the last."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _write_lines(path: Path, header: str, lines: Iterable[str]) -> None:
    """Write as Google Sheets exports: UTF-8, CRLF between lines, none after the last."""
    path.write_bytes("\r\n".join([header, *lines]).encode())


# Reading the files back.


class _Figures:
    """Units, revenue and sales lines of one thing."""

    def __init__(self) -> None:
        self.units = 0
        self.revenue_cents = 0
        self.sales_lines = 0

    def add(self, units: int, cents: int) -> None:
        self.units += units
        self.revenue_cents += cents
        self.sales_lines += 1

    def values(self) -> dict[str, int]:
        return {
            "units": self.units,
            "revenue_cents": self.revenue_cents,
            "sales_lines": self.sales_lines,
        }


def _values(by_key: dict[str, _Figures]) -> dict[str, dict[str, int]]:
    return {key: figures.values() for key, figures in by_key.items()}


def _basket(total: _Figures) -> dict[str, str]:
    """The average revenue of a sales line, exact in cents and rounded in euros."""
    exact = Fraction(total.revenue_cents, total.sales_lines)
    euros = Decimal(exact.numerator) / Decimal(exact.denominator) / 100
    cent = Decimal("0.01")
    return {
        "exact_cents": f"{exact.numerator}/{exact.denominator}",
        "half_even": str(euros.quantize(cent, ROUND_HALF_EVEN)),
        "half_up": str(euros.quantize(cent, ROUND_HALF_UP)),
    }


def _read_table(path: Path, key: str) -> dict[str, dict[str, str]]:
    """The lines of a small CSV file by their key."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def _judge_sales(
    path: Path, product_ids: set[str], store_ids: set[str]
) -> tuple[int, list[Sale], list[dict[str, Any]]]:
    """The number of sales lines, the accepted sales and the rejects, in the file's order."""
    lines = path.read_bytes().decode().split("\r\n")[1:]
    accepted: list[Sale] = []
    rejects: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=2):
        fault = _fault(line.split(","), product_ids, store_ids)
        if fault:
            code, column = fault
            rejects.append({"line": number, "code": code, "column": column, "raw": line})
        else:
            day, product_id, quantity, store_id = line.split(",")
            accepted.append(Sale(date.fromisoformat(day), product_id, int(quantity), int(store_id)))
    return len(lines), accepted, rejects


def _fault(
    cells: list[str], product_ids: set[str], store_ids: set[str]
) -> tuple[str, str | None] | None:
    """What is wrong with a sales line, as (code, column), or None."""
    if len(cells) < 4:
        return "missing-cell", None
    day, product_id, quantity, store_id = cells
    try:
        date.fromisoformat(day)
    except ValueError:
        return "type-error", "date"
    if product_id not in product_ids:
        return "foreign-key-error", "product_id"
    if int(quantity) < 1:
        return "constraint-error", "quantity"
    if store_id not in store_ids:
        return "foreign-key-error", "store_id"
    return None


def _iso_week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


if __name__ == "__main__":
    main()
