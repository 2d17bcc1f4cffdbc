"""A zoo of CSV files as people send them, each with the total that a run must give.

Every animal is made from the same kind of sales, written with other habits: delimiters,
encodings, numbers, dates, schemas. The totals are added up here, in cents, by plain Python.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

Write = Callable[[int], str]
Day = Callable[[date], str]


@dataclass(frozen=True)
class Animal:
    """Files, and what `init` then `run` must make of them without an edit.

    `total` is (analysis, column, value in cents, units or records). `refused` is a source that
    waits for a choice: then `total` holds after choosing the line that contains `choose`.
    """

    name: str
    files: dict[str, bytes]
    total: tuple[str, str, float]
    refused: str = ""
    choose: str = ""


@dataclass(frozen=True)
class Sale:
    day: date
    product: str
    store: int
    quantity: int
    cents: int  # of one unit


PRODUCTS = {f"P{n:03}": 100 + 3799 * n % 20_000 for n in range(1, 9)}
CITIES = ("Paris", "Lyon", "Évreux", "Nîmes")


def sales(seed: int, count: int = 160, first: date = date(2025, 1, 27)) -> list[Sale]:
    rng = random.Random(seed)
    made = []
    for n in range(count):
        product = rng.choice(sorted(PRODUCTS))
        day = first + timedelta(n * 60 // count)
        made.append(Sale(day, product, rng.randint(1, 4), rng.randint(1, 5), PRODUCTS[product]))
    return made


def worth(made: Sequence[Sale]) -> int:
    return sum(sale.quantity * sale.cents for sale in made)


def point(cents: int) -> str:
    return f"{cents / 100:.2f}"


def comma(cents: int) -> str:
    return point(cents).replace(".", ",")


def american(cents: int) -> str:
    return f"{cents / 100:,.2f}"


def german(cents: int) -> str:
    return american(cents).translate(str.maketrans(",.", ".,"))


def french(cents: int) -> str:
    return american(cents).replace(",", "\u202f").replace(".", ",")


def swiss(cents: int) -> str:
    return american(cents).replace(",", "'")


def dated(form: str) -> Day:
    return lambda day: day.strftime(form)


def short(form: str) -> Day:
    """Without leading zeros, as spreadsheets write it."""
    return lambda day: form.format(d=day.day, m=day.month, y=day.year)


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    delimiter: str = ",",
    *,
    quoted: bool = False,
    end: str = "\r\n",
    encoding: str = "utf-8",
) -> bytes:
    def cell(text: str) -> str:
        if quoted or delimiter in text or '"' in text or "\n" in text:
            return '"' + text.replace('"', '""') + '"'
        return text

    lines = [delimiter.join(map(cell, row)) for row in [header, *rows]]
    return end.join(lines).encode(encoding)


def flat(
    name: str,
    header: Sequence[str],
    write: Write,
    day: Day,
    *,
    seed: int,
    total: str,
    delimiter: str = ",",
    factor: int = 1,
    **how: object,
) -> Animal:
    """One file: day, product, city, units, amount of the line; amounts times `factor`."""
    made = sales(seed)
    rows = [
        (
            day(s.day), s.product, CITIES[s.store - 1], str(s.quantity),
            write(s.quantity * s.cents * factor),
        )
        for s in made
    ]  # fmt: skip
    content = table(header, rows, delimiter, **how)  # type: ignore[arg-type]
    return Animal(name, {"sales.csv": content}, ("sales_total", total, worth(made) * factor))


FR = ("Date", "Produit", "Ville", "Quantité", "Montant")
DE = ("Datum", "Artikel", "Stadt", "Menge", "Betrag")
US = ("Order Date", "Product", "City", "Qty", "Amount")
EU = ("%d/%m/%Y", "%d.%m.%Y")
ISO = dated("%Y-%m-%d")


def dialects() -> list[Animal]:
    """The same flat file, written with other habits."""
    slash, dot = map(dated, EU)
    return [
        flat("iso", US, point, ISO, seed=1, total="amount"),
        flat("french excel", FR, comma, slash, seed=2, total="montant", delimiter=";",
             encoding="cp1252"),
        flat("french with spaces", FR, french, slash, seed=3, total="montant", delimiter=";",
             factor=100),
        flat("french euros", FR, lambda c: f"{french(c)} €", slash, seed=4, total="montant",
             delimiter=";", encoding="utf-8-sig"),
        flat("german", DE, german, dot, seed=5, total="betrag", delimiter=";", factor=50),
        flat("german euros first", DE, lambda c: f"€ {german(c)}", dot, seed=6, total="betrag",
             delimiter=";", factor=50),
        flat("german short dates", DE, german, short("{d}.{m}.{y}"), seed=7, total="betrag",
             delimiter=";", factor=10),
        flat("german two-digit years", DE, german, dated("%d.%m.%y"), seed=8, total="betrag",
             delimiter="\t", factor=10),
        flat("american", US, lambda c: f"${american(c)}", short("{m}/{d}/{y}"), seed=9,
             total="amount", factor=20),
        flat("american two-digit years", US, american, dated("%m/%d/%y"), seed=10, total="amount",
             factor=20),
        flat("american long dates", US, american, dated("%B %d, %Y"), seed=11, total="amount"),
        flat("oracle dates", US, point, dated("%d-%b-%Y"), seed=12, total="amount",
             delimiter="|"),
        flat("swiss", DE, lambda c: f"CHF {swiss(c)}", dot, seed=13, total="betrag",
             delimiter=";", factor=50),
        flat("tabs", FR, comma, slash, seed=14, total="montant", delimiter="\t"),
        flat("bars", US, point, ISO, seed=15, total="amount", delimiter="|"),
        flat("everything quoted", US, american, ISO, seed=16, total="amount", quoted=True,
             factor=50),
        flat("utf-16", FR, comma, slash, seed=17, total="montant", delimiter="\t",
             encoding="utf-16"),
        flat("old mac", US, point, ISO, seed=18, total="amount", end="\r"),
        flat("unix", US, point, ISO, seed=19, total="amount", end="\n"),
        flat("compact dates", US, point, dated("%Y%m%d"), seed=20, total="amount"),
        flat("with times", ("Timestamp", "Product", "City", "Qty", "Amount"), point,
             dated("%Y-%m-%d 10:30:00"), seed=21, total="amount"),
        flat("iso times with a zone", US, point, dated("%Y-%m-%dT08:05:09Z"), seed=22,
             total="amount"),
        flat("american times", US, point, dated("%m/%d/%Y 01:05 PM"), seed=23, total="amount"),
        flat("negative amounts", ("Date", "Compte", "Banque", "Pièces", "Montant"),
             comma, slash, seed=24, total="montant", delimiter=";", factor=-1),
        flat("sql words", ("Date", "Group", "Order", "Count", "Total"), point, ISO, seed=25,
             total="total"),
    ]  # fmt: skip


def shop(
    name: str, seed: int, *, damage: Callable[[list[str]], list[str]] | None = None, times: int = 1
) -> Animal:
    """The brief's three files: the price is in another one than the sales."""
    made = sales(seed)
    lines = [f"{s.day},{s.product},{s.quantity},{s.store}" for s in made]
    lines = damage(lines) if damage else lines
    return Animal(
        name,
        {
            "ventes.csv": "\r\n".join(
                ["Date,ID Référence produit,Quantité,ID Magasin", *lines]
            ).encode(),
            "produits.csv": table(
                ("Nom", "ID Référence produit", "Prix", "Stock"),
                [(f"Produit {i}", p, point(c), str(9 * n)) for n, (p, c) in
                 enumerate(PRODUCTS.items(), 3) for i in [p[1:]]],
            ),
            "magasins.csv": table(
                ("ID Magasin", "Ville", "Nombre de salariés"),
                [(str(n), city, str(n + 4)) for n, city in enumerate(CITIES, 1)],
            ),
        },
        ("ventes_total", "revenue", worth(made) * times),
    )  # fmt: skip


def bad_lines(lines: list[str]) -> list[str]:
    """Three lines that no contract takes; the others are as they were."""
    return [*lines[:40], "2025-02-31,P001,2,1", *lines[40:90], "2025-03-01,P999,1,1", *lines[90:],
            "2025-03-02,P002,1"]  # fmt: skip


def customers_and_orders() -> Animal:
    made = sales(31)
    customers = [(f"C{n:04}", f"Client {n}", f"{1960 + n}-05-12", f"0{n}000") for n in range(1, 41)]
    orders = [
        (str(1000 + n), f"C{n % 40 + 1:04}", f"{s.day} 09:15:00", point(s.quantity * s.cents),
         ("card", "cash", "transfer")[n % 3])
        for n, s in enumerate(made)
    ]  # fmt: skip
    return Animal(
        "customers and orders",
        {
            "customers.csv": table(("customer_id", "name", "birth_date", "zip"), customers),
            "orders.csv": table(
                ("order_id", "customer_id", "ordered_at", "total_amount", "payment"), orders
            ),
        },
        ("orders_total", "total_amount", worth(made)),
    )


def german_shop() -> Animal:
    """Orders, their lines with a unit price, and the articles."""
    made = sales(32)
    orders = [(str(500 + n), s.day.strftime("%d.%m.%Y"), CITIES[s.store - 1])
              for n, s in enumerate(made[::2])]  # fmt: skip
    lines = [
        (str(500 + n // 2), str(n % 2 + 1), s.product, str(s.quantity), german(s.cents * 30))
        for n, s in enumerate(made)
    ]
    articles = [(p, f"Artikel {p}", german(c * 20)) for p, c in PRODUCTS.items()]
    return Animal(
        "german shop with lines",
        {
            "bestellungen.csv": table(("BestellNr", "Bestelldatum", "Ort"), orders, ";"),
            "positionen.csv": table(
                ("BestellNr", "Position", "ArtikelNr", "Menge", "Einzelpreis"), lines, ";"
            ),
            "artikel.csv": table(("ArtikelNr", "Bezeichnung", "Einkaufspreis"), articles, ";"),
        },
        ("positionen_total", "revenue", worth(made) * 30),
    )


def schemas() -> list[Animal]:
    """Other schemas than one flat file."""
    made = sales(33)
    amounts = [s.quantity * s.cents for s in made]
    slash = dated("%d/%m/%Y")
    unnamed = table(
        ("", "Produit", "Montant", "Montant"),
        [(ISO(s.day), s.product, point(a), "x") for s, a in zip(made, amounts, strict=True)],
    )
    gaps = [
        (ISO(s.day), s.product, point(a) if n % 9 else "N/A", "" if n % 3 else "gift")
        for n, (s, a) in enumerate(zip(made, amounts, strict=True))
    ]
    return [
        shop("the brief", 40),
        shop("the brief with bad lines", 41, damage=bad_lines),
        shop("the brief with repeated lines", 42, damage=lambda lines: lines + lines, times=2),
        customers_and_orders(),
        german_shop(),
        Animal("products with a date of their own", shop("", 43).files | {
            "produits.csv": table(("Référence", "Libellé", "Prix", "Ajouté le"),
                                  [(p, f"Produit {p}", point(c), "2024-01-05")
                                   for p, c in PRODUCTS.items()])},
               shop("", 43).total),
        Animal("one column", {"amounts.csv": table(("amount",), [(comma(a),) for a in amounts])
                              .replace(b'"', b"")}, ("amounts_total", "amount", sum(amounts))),
        Animal("one column of words",
               {"names.csv": table(("name",), [(s.product,) for s in made])},
               ("names_total", "records", len(made))),
        Animal("no header",
               {"till.csv": table((ISO(made[0].day), "P001", point(100)),
                                  [(ISO(s.day), s.product, point(a))
                                   for s, a in zip(made, amounts, strict=True)], ";")},
               ("till_total", "column_3", 1.0 + sum(amounts) / 100)),
        Animal("title above the header",
               {"export.csv": b"Export du 3 mars 2025\r\n\r\n"
                + table(("Date", "Montant"), [(slash(s.day), comma(a)) for s, a in
                                              zip(made, amounts, strict=True)], ";")},
               ("table_1_total", "montant", sum(amounts))),
        Animal("unnamed and repeated columns", {"caisse.csv": unnamed},
               ("caisse_total", "montant", sum(amounts))),
        Animal("gaps", {"dons.csv": table(("Date", "Produit", "Montant", "Note"), gaps)},
               ("dons_total", "montant", sum(a for n, a in enumerate(amounts) if n % 9))),
        Animal("unit prices in the sales",
               {"sales.csv": table(("day", "sku", "units sold", "unit price"),
                                   [(ISO(s.day), s.product, str(s.quantity), point(s.cents))
                                    for s in made])},
               ("sales_total", "revenue", worth(made))),
        Animal("weights", {"ernte.csv": table(("Datum", "Sorte", "Gewicht kg"),
                                              [(dated("%d.%m.%Y")(s.day), s.product,
                                                f"{s.cents // 5 / 1000:.3f}".replace(".", ","))
                                               for s in made], ";")},
               ("ernte_total", "gewicht_kg", sum(s.cents // 5 for s in made) / 1000)),
        Animal("text over lines",
               {"notes.csv": table(("Date", "Amount", "Remark"),
                                   [(ISO(s.day), point(a), f'he said "no;"\nline {a}')
                                    for s, a in zip(made, amounts, strict=True)])},
               ("notes_total", "amount", sum(amounts))),
        Animal("returns", {"sales.csv": table(("date", "product_id", "quantity", "price"),
                                              [(ISO(s.day), s.product,
                                                str(-s.quantity if n % 20 == 0 else s.quantity),
                                                point(s.cents)) for n, s in enumerate(made)])},
               ("sales_total", "revenue",
                sum((-1 if n % 20 == 0 else 1) * s.quantity * s.cents
                    for n, s in enumerate(made)))),
    ]  # fmt: skip


def undecided() -> list[Animal]:
    """Files that cannot be read with certainty: a run must wait for a choice."""
    made = sales(50, first=date(2025, 1, 1))
    early = [s for s in made if s.day.day <= 12]
    rows = [(s.day.strftime("%d/%m/%Y"), point(s.quantity * s.cents)) for s in early]
    thousands = [(ISO(s.day), f"{1 + n % 9},{s.cents % 900 + 100}") for n, s in enumerate(made)]
    units = sum(int(text.replace(",", "")) for _, text in thousands)
    return [
        Animal("days or months", {"sales.csv": table(("Date", "Amount"), rows)},
               ("sales_total", "amount", worth(early)), "sales", '["%d/%m/%Y"]'),
        Animal("thousands or decimals", {"visits.csv": table(("Date", "Visits"), thousands, ";")},
               ("visits_total", "visits", units), "visits", '["1,234.56"]'),
    ]  # fmt: skip


def zoo() -> list[Animal]:
    return [*dialects(), *schemas()]
