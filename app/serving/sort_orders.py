"""The order of a result, as a column that its page can sort by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.answers.models import Model

if TYPE_CHECKING:
    from sqlglot import exp


def sort_order(model: Model) -> tuple[str, bool] | None:
    """The column that comes first in an analysis' `order by`, and whether it descends.

    None where it is ordered first by something that no column shows, or is one row.
    """
    import sqlglot
    from sqlglot import exp

    select = sqlglot.parse_one(model.sql, read="sqlite").assert_is(exp.Query)
    order = select.args.get("order")
    if order is None:
        return None
    term = order.expressions[0]
    for shown in select.selects:
        if _sorts_alike(shown, term.this):
            return shown.alias_or_name, bool(term.args.get("desc"))
    return None


def _sorts_alike(shown: exp.Expr, term: exp.Expr) -> bool:
    """Whether a column of the select is in the order of a term of its `order by`."""
    from sqlglot import exp

    if not isinstance(term, exp.Column):
        return False
    if not term.table and shown.alias_or_name == term.name:
        return True
    value = shown.unalias()
    if isinstance(value, exp.Div) and isinstance(value.right, exp.Literal):
        value = value.left  # cents shown as euros; a negative number is no literal
    return (
        isinstance(value, exp.Column)
        and value.name == term.name
        and (not term.table or value.table == term.table)
    )
