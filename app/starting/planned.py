"""The tables and columns of a project to be."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.profiling.found import TableProfile
from app.profiling.inference import Guess


@dataclass(frozen=True)
class PlannedColumn:
    """A column of a contract to be.

    `alternatives` are the readings to choose from, if there are several, and `readings` a cell
    and its value under each of them.
    """

    name: str
    label: str
    guess: Guess
    optional: bool = False
    minimum: int | None = None
    references: str = ""
    copy: str = ""
    alternatives: tuple[Guess, ...] = ()
    distinct: int = 0
    readings: tuple[tuple[str, str], ...] = ()

    @property
    def stored(self) -> str:
        """The column of the table in the database."""
        return f"{self.name}_cents" if self.guess.type == "money" else self.name


@dataclass(frozen=True)
class PlannedTable:
    """A source of a project to be. Columns are named by their names, not by their labels.

    `day` is the date an event happened on, '' if there is none; `amount` and `quantity` as in a
    contract; `is_fact` tells events from the things they refer to.
    """

    profile: TableProfile
    columns: tuple[PlannedColumn, ...]
    key: tuple[str, ...]
    repeats: bool
    is_fact: bool
    day: str = ""
    quantity: str = ""
    amount: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.profile.name

    def column(self, name: str) -> PlannedColumn:
        return next(column for column in self.columns if column.name == name)
