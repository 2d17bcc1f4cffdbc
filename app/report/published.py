"""What the writers of files are given: everything that is published, read in one snapshot."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from app.answers.models import Model, Models
from app.answers.results import (
    Result,
    State,
    Withdrawal,
    read_results,
    read_withdrawals,
)
from app.project import Project
from app.rows.rejects import Reject, find_rejects

LISTED = 50  # rejects and withdrawn rows that the report lists


@dataclass(frozen=True)
class Published:
    """The answers, and what is to be known of the data behind them.

    `rejects` and `withdrawals` are the first ones; `state` has their numbers.
    """

    title: str
    locale: str
    goals: Mapping[str, float]
    state: State
    results: list[Result]
    checks: Mapping[str, Model]
    rejects: list[Reject]
    withdrawals: list[Withdrawal]
    last_day: str

    def check_title(self, name: str, title: str) -> str:
        """The title of a check in the project's locale; `title` if its file is gone."""
        return self.checks[name].text("title", self.locale) if name in self.checks else title


def read_published(
    connection: sqlite3.Connection, project: Project, models: Models, state: State
) -> Published:
    """Everything that the files tell; `state` has just been read from the same snapshot."""
    (last_day,) = connection.execute(
        "select max(date) from calendar where is_complete = 1"
    ).fetchone()
    return Published(
        title=project.name,
        locale=project.locale,
        goals=project.goals,
        state=state,
        results=read_results(connection, models),
        checks={model.name: model for model in models.checks},
        rejects=find_rejects(connection, limit=LISTED),
        withdrawals=read_withdrawals(connection, LISTED),
        last_day=last_day or "",
    )
