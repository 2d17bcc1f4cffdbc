"""The figures of a fact that add up, as the first SQL files sum them."""

from __future__ import annotations

from dataclasses import dataclass

from app.profiling.hints import IDENTIFIER, NEVER_SUMMED, UNIT_PRICE, named
from app.starting.planned import PlannedColumn, PlannedTable

MOST_MEASURES = 4


@dataclass(frozen=True)
class Measure:
    """A figure that adds up: `stored` is its column in the mart, `kind` its format."""

    name: str
    stored: str
    expression: str
    kind: str

    def summed(self) -> str:
        """Its sum, as the mart's column."""
        return f"sum({self.stored}) as {self.stored}"

    def shown(self, table: str, *, zero: bool = True) -> str:
        """Its value in a result, in units, of the column `stored` of `table`."""
        nothing = "0.0" if self.kind == "number" else "0"
        value = f"{table}.{self.stored}" if table else f"sum({self.stored})"
        value = f"coalesce({value}, {nothing})" if zero else value
        return f"{value}{' / 100.0' if self.kind == 'money' else ''} as {self.name}"


def measures_of(fact: PlannedTable) -> list[Measure]:
    """What adds up: the amount first, then the quantity, then other figures."""
    found: list[Measure] = []
    unit = next(
        (c for c in fact.columns if c.name in fact.amount and c.guess.type == "money"), None
    )
    price = next(
        (
            c
            for c in fact.columns
            if c.guess.type == "money" and named(c.label or c.name, UNIT_PRICE)
        ),
        None,
    )
    quantity = next((c for c in fact.columns if c.name == fact.quantity), None)
    if unit and (len(fact.amount) > 1 or unit.copy):
        product = " * ".join(fact.column(name).stored for name in fact.amount)
        found.append(Measure("revenue", "revenue_cents", product, "money"))
    elif unit:
        found.append(Measure(unit.name, unit.stored, unit.stored, "money"))
    elif price and quantity:
        # a quantity such as 1.5 kg: the product is no whole number of cents
        product = f"{quantity.stored} * {price.stored}"
        found.append(Measure("revenue", "revenue_cents", product, "money"))
    for column in sorted(fact.columns, key=lambda c: c.name != fact.quantity):
        if _adds_up(column, fact) and column.stored not in {m.stored for m in found}:
            kind = {"money": "money", "integer": "integer"}.get(column.guess.type, "number")
            found.append(Measure(column.name, column.stored, column.stored, kind))
    return found[:MOST_MEASURES]


def _adds_up(column: PlannedColumn, fact: PlannedTable) -> bool:
    if column.guess.type not in ("money", "real", "integer") or column.references or column.copy:
        return False
    if column.name == fact.quantity:
        return True
    label = column.label
    priced = column.guess.type == "money" and column.name not in fact.amount
    unit_price = priced and named(label, UNIT_PRICE) and bool(fact.quantity)
    identifies = column.guess.type == "integer" and named(label, IDENTIFIER)
    key = column.guess.type == "integer" and fact.key == (column.name,) and not fact.repeats
    alone = len(fact.columns) == 1
    return alone or not (unit_price or identifies or key or named(label, NEVER_SUMMED))
