"""The difference between staged rows and the stored table: counted, limited, applied, traced."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from app.database.store import quoted
from app.errors import LimitError
from app.records.contract import Source, over_limit


@dataclass(frozen=True)
class Counts:
    """What became of the records of one delivery, and of the rows of its table.

    `withdrawn_cents` is what the withdrawn rows were worth, None if the contract does not say.
    """

    read: int
    inserted: int
    known: int
    changed: int
    rejected: int
    blank: int
    withdrawn: int
    withdrawn_cents: int | None
    rows_before: int
    rows_after: int

    def closes(self) -> bool:
        """Whether both balances close."""
        records = self.inserted + self.known + self.changed + self.rejected + self.blank
        return self.read == records and (
            self.rows_after == self.rows_before + self.inserted - self.withdrawn
        )


Days = tuple[str, str] | None


def joined_days(one: Days, other: Days) -> Days:
    """The days from the first of both spans to the last of both."""
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def covered_rows(source: Source, days: tuple[str, str] | None) -> str:
    """An SQL condition on `t`: the stored rows that a delivery of these days is the truth for."""
    if source.covers.kind == "all":
        return "1"
    if source.covers.kind == "new" or days is None:
        return "0"
    column = quoted(source.covers.column)
    first, last = days
    # '~' sorts after every time of the last day
    return f"t.{column} >= '{first}' and t.{column} <= '{last}~'"


def first_counts(
    connection: sqlite3.Connection, source: Source, accepted: int, rejected: int, blank: int
) -> Counts:
    """The counts of a delivery whose rows went straight into an empty table."""
    (rows,) = connection.execute(f"select count(*) from {quoted(source.name)}").fetchone()
    return Counts(
        read=accepted + rejected + blank,
        inserted=accepted,
        known=0,
        changed=0,
        rejected=rejected,
        blank=blank,
        withdrawn=0,
        withdrawn_cents=0 if source.amount else None,
        rows_before=0,
        rows_after=rows,
    )


class Merge:
    """The difference between the staged rows and the source's table, counted, then applied."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        source: Source,
        days: tuple[str, str] | None,
        run_id: int,
        delivery_id: int,
    ) -> None:
        self._connection = connection
        self._source = source
        self._ids = {"run": run_id, "delivery": delivery_id, "source": source.name}
        self._table = quoted(source.name)
        self._key = [quoted(name) for name in source.stored_key]
        self._payload = payload = [quoted(name) for name in source.payload]
        self._same_key = " and ".join(f"t.{name} = s.{name}" for name in self._key)
        self._differs = " or ".join(f"t.{n} is not s.{n}" for n in payload) or "0"
        self._present = "t.gone = 0" if source.referenced_by else "1"
        self._rows_before = self._count(f"{self._table} t where {self._present}")
        self._covered = covered_rows(source, days)
        self._unmatched = (
            f"{self._covered} and {self._present} "
            f"and not exists (select 1 from temp._stage s where {self._same_key})"
        )
        self._withdrawn = self._count(f"{self._table} t where {self._unmatched}")

    def refuse_withdrawals(self) -> None:
        """LimitError if more would be withdrawn than the contract allows."""
        if not self._withdrawn:
            return
        covered = self._count(f"{self._table} t where {self._covered} and {self._present}")
        emptied = not self._count("(select 1 from temp._stage limit 1)")
        if emptied and self._source.max_withdrawn < 1:
            raise LimitError(
                f"the delivery holds no good record and would take out all {covered:,} rows",
                code="max-withdrawn",
                hint="if that is right, set max_withdrawn = 1 for one run; "
                "the table stays as it was",
            )
        if over_limit(self._withdrawn, covered, self._source.max_withdrawn):
            raise LimitError(
                f"{self._withdrawn:,} of the {covered:,} rows that this delivery covers are not in "
                f"it any more, more than {self._source.max_withdrawn:.0%}",
                code="max-withdrawn",
                hint="if the file is right, raise max_withdrawn for one run; "
                "the table stays as it was",
            )

    def apply(self, accepted: int, rejected: int, blank: int) -> Counts:
        """Withdraw, update and insert; the counts are taken from what was done."""
        withdrawn, withdrawn_cents = self._withdraw()
        returned = self._restore()
        changed = self._update()
        known = self._count_known() - changed - returned
        inserted = self._insert() + returned
        return Counts(
            read=accepted + rejected + blank,
            inserted=inserted,
            known=known,
            changed=changed,
            rejected=rejected,
            blank=blank,
            withdrawn=withdrawn,
            withdrawn_cents=withdrawn_cents,
            rows_before=self._rows_before,
            rows_after=self._count(f"{self._table} t where {self._present}"),
        )

    def _withdraw(self) -> tuple[int, int | None]:
        amount = 0 if self._source.amount else None
        if not self._withdrawn:
            return 0, amount
        if self._source.amount:
            worth = self._amount()
            (amount,) = self._connection.execute(
                f"select sum({worth}) from {self._table} t where {self._unmatched}"
            ).fetchone()
        total = 0
        if self._source.referenced_by:
            referred = " or ".join(
                f"exists (select 1 from {quoted(table)} r "
                f"where r.{quoted(column)} = t.{self._key[0]})"
                for table, column in self._source.referenced_by
            )
            self._trace("gone", f"{self._table} t where {self._unmatched} and ({referred})")
            total += self._execute(
                f"update {self._table} as t set gone = 1 where {self._unmatched} and ({referred})"
            )
        self._trace("withdrawn", f"{self._table} t where {self._unmatched}")
        total += self._execute(f"delete from {self._table} as t where {self._unmatched}")
        return total, amount

    def _restore(self) -> int:
        """Rows once marked as gone that are delivered again."""
        if not self._source.referenced_by:
            return 0
        gone = f"{self._same_key} and t.gone = 1"
        self._trace("returned", f"{self._table} t join temp._stage s on {gone}")
        sets = ", ".join(["gone = 0", *self._assignments()])
        return self._execute(
            f"update {self._table} as t set {sets} from temp._stage s where {gone}"
        )

    def _update(self) -> int:
        if not self._payload:
            return 0
        match = f"{self._same_key} and ({self._differs})"
        self._trace("changed", f"temp._stage s join {self._table} t on {match}")
        sets = ", ".join(self._assignments())
        return self._execute(
            f"update {self._table} as t set {sets} from temp._stage s where {match}"
        )

    def _assignments(self) -> list[str]:
        """What is read is replaced; what was copied stays, unless the row refers elsewhere now."""
        sets = [f"{name} = s.{name}" for name in self._payload]
        for column in self._source.copied_columns:
            name, link = quoted(column.stored), quoted(self._source.link(column).stored)
            sets.append(f"{name} = case when t.{link} is s.{link} then t.{name} else s.{name} end")
        return sets

    def _count_known(self) -> int:
        """Staged rows that the table now holds with equal content, before anything is inserted."""
        return self._count(
            f"temp._stage s join {self._table} t on {self._same_key} and not ({self._differs})"
        )

    def _insert(self) -> int:
        names = ", ".join(
            quoted(name)
            for (name,) in self._connection.execute(
                "select name from pragma_table_info('_stage', 'temp')"
            )
        )
        return self._execute(
            f"insert into {self._table} ({names}) select {names} from temp._stage s "
            f"where not exists (select 1 from {self._table} t where {self._same_key})"
        )

    def _trace(self, kind: str, rows: str) -> None:
        """Keep the values that the rows `t` of the query's `from` part have now."""
        key = ", ".join(f"'{n[1:-1]}', t.{n}" for n in self._key)
        others = [*self._payload, *(quoted(c.stored) for c in self._source.copied_columns)]
        old = ", ".join(f"'{n[1:-1]}', t.{n}" for n in others)
        self._connection.execute(
            'insert into _changes (run_id, delivery_id, source, kind, "key", old, amount_cents) '
            f"select :run, :delivery, :source, '{kind}', json_object({key}), json_object({old}), "
            f"{self._amount() if self._source.amount else 'null'} from {rows}",
            self._ids,
        )

    def _amount(self) -> str:
        columns = [self._source.column(name).stored for name in self._source.amount]
        return " * ".join(f"t.{quoted(name)}" for name in columns)

    def _count(self, rows: str) -> int:
        (count,) = self._connection.execute(f"select count(*) from {rows}").fetchone()
        return int(count)

    def _execute(self, statement: str) -> int:
        return self._connection.execute(statement).rowcount
