"""What a record is worth: its own total, its price times its quantity, or a copied price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from app.profiling.hints import COST, LINE_TOTAL, QUANTITY, UNIT_PRICE, named, words
from app.profiling.inference import Guess
from app.profiling.naming import column_name

if TYPE_CHECKING:
    from app.starting.planned import PlannedColumn, PlannedTable


def choose_amount(table: PlannedTable, tables: Mapping[str, PlannedTable]) -> PlannedTable:
    """`table` with its quantity and amount, and a copied price where its own columns have none."""
    if not table.is_fact:
        return table
    own = [c for c in table.columns if c.guess.type == "money" and not c.guess.ambiguous]
    quantity = _quantity(table)
    count = (quantity.name,) if quantity and quantity.guess.type == "integer" else ()
    table = replace(table, quantity=quantity.name if quantity else "")
    if not own:
        return _copied(table, tables, quantity)
    total, others = _total(own)
    unit = next((c for c in own if c is not total and _is_price(c)), None)
    if total is None and unit and quantity:
        note = f"{unit.label} is taken for the price of one unit"
        amount: tuple[str, ...] = (*count, unit.name) if count else ()
    else:
        chosen = total or own[0]
        note = f"{chosen.label} is taken for what a record is worth"
        if others:
            note += f", rather than {' or '.join(c.label for c in others)}"
        amount = (chosen.name,)
    return replace(table, amount=amount, notes=(*table.notes, note))


def _quantity(table: PlannedTable) -> PlannedColumn | None:
    numbers = [
        c
        for c in table.columns
        if c.guess.type in ("integer", "real")
        and not c.guess.ambiguous
        and not c.references
        and named(c.label, QUANTITY)
    ]
    return numbers[0] if numbers else None


def _is_price(column: PlannedColumn) -> bool:
    return named(column.label, UNIT_PRICE) and not named(column.label, COST)


def _total(own: list[PlannedColumn]) -> tuple[PlannedColumn | None, list[PlannedColumn]]:
    """The column of what a line comes to, and the others that could have been it."""
    unnamed = [c for c in own if not _is_price(c) and not named(c.label, COST)]
    totals = [
        c
        for c in own
        if named(c.label, LINE_TOTAL) and not {"unit", "unitaire"} & set(words(c.label))
    ]
    candidates = totals or unnamed
    if not candidates:
        return None, []
    best = next((c for c in candidates if "total" in words(c.label)), candidates[0])
    return best, [c for c in candidates if c is not best]


def _copied(
    table: PlannedTable, tables: Mapping[str, PlannedTable], quantity: PlannedColumn | None
) -> PlannedTable:
    """A price taken from the one table that the records refer to and that has one."""
    found = []
    for column in table.columns:
        target = tables.get(column.references)
        links = [c for c in table.columns if c.references == column.references]
        prices = [
            c for c in target.columns if c.guess.type == "money" and not c.guess.ambiguous
        ] if target else []  # fmt: skip
        if target and prices and len(links) == 1 and not target.is_fact:
            price = next((c for c in prices if _is_price(c)), prices[0])
            found.append((target, price))
    if not found:
        return table
    target, price = found[0]
    name = column_name("unit_price", [c.name for c in table.columns])
    copied = replace(
        price,
        name=name,
        label="",
        copy=f"{target.name}.{price.name}",
        guess=Guess("money"),
        minimum=None,
    )
    note = (
        f"the file has no amounts: {price.label} of {target.name} is taken for the price of one "
        "unit, and kept as it was when the record is first imported"
    )
    whole = quantity is None or quantity.guess.type == "integer"
    amount = (*((quantity.name,) if quantity else ()), name) if whole else ()
    return replace(
        table, columns=(*table.columns, copied), amount=amount, notes=(*table.notes, note)
    )
