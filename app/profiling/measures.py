"""The figures of one column: counts, quartiles, frequent values, patterns, outliers, histogram."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from app.profiling.inference import Guess

if TYPE_CHECKING:
    import pandas as pd

TOP = 8
PATTERNS = 5
BINS = 16
# Beyond three times the middle half's spread: what Tukey called far out.
FAR_OUT = 3.0
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Measures:
    """`minimum`, `maximum`, `quartiles`, `mean` are as shown to people: units, ISO dates.

    `top` are the most frequent cells as written, `patterns` their shapes (A letter, 9 digit),
    `histogram` pairs of a label and a count. What a type does not have is None or empty.
    """

    filled: int
    nulls: int
    distinct: int
    minimum: str | float | None
    maximum: str | float | None
    quartiles: tuple[str | float, ...]
    mean: float | None
    top: tuple[tuple[str, int], ...]
    lengths: tuple[int, int] | None
    patterns: tuple[tuple[str, int], ...]
    outliers: int
    outlier_examples: tuple[str | float, ...]
    histogram: tuple[tuple[str, int], ...]

    def as_dict(self) -> dict[str, Any]:
        content = asdict(self)
        for name in ("top", "patterns", "histogram"):
            content[name] = [{"value": value, "count": count} for value, count in content[name]]
        return content


def measure(values: pd.Series[Any], guess: Guess, cells: Mapping[str, int], rows: int) -> Measures:
    """The figures of a column of `rows` records: its typed `values`, and its `cells` counted."""
    held = {cell: count for cell, count in cells.items() if cell not in guess.nulls}
    filled = sum(held.values())
    top = sorted(held.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    lengths = (min(map(len, held)), max(map(len, held))) if held else None
    patterns: Counter[str] = Counter()
    for cell, count in held.items():
        patterns[shape(cell)] += count
    numbers = _numbers(values, guess)
    figures = _figures(numbers, guess) if numbers is not None and len(numbers) else {}
    extremes = (min(held), max(held)) if held and not figures else (None, None)
    defaults: dict[str, Any] = {
        "minimum": extremes[0],
        "maximum": extremes[1],
        "quartiles": (),
        "mean": None,
        "outliers": 0,
        "outlier_examples": (),
        "histogram": _bars(top, filled),
    }
    return Measures(
        filled=filled,
        nulls=rows - filled,
        distinct=len(held),
        top=tuple(top),
        lengths=lengths,
        patterns=tuple(patterns.most_common(PATTERNS)),
        **(defaults | figures),
    )


def shape(cell: str) -> str:
    """The pattern of a cell: 'REF-001' is 'AAA-999'; runs of more than four are shortened."""
    pattern = re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "A", cell))
    return re.sub(r"(A{5,}|9{5,})", lambda run: f"{run[0][0]}…", pattern)[:40]


def _numbers(values: pd.Series[Any], guess: Guess) -> pd.Series[Any] | None:
    """The values as numbers on a line: amounts in units, dates as days; None for words."""
    import pandas as pd

    known = values.dropna()
    if guess.ambiguous or guess.type in ("text", "boolean"):
        return None
    if guess.type in ("date", "datetime"):
        days = {day: (date.fromisoformat(day[:10]) - EPOCH).days for day in set(known)}
        return known.map(days).astype("int64")
    numbers = pd.to_numeric(known)
    return numbers / 100 if guess.type == "money" else numbers


def _figures(numbers: pd.Series[Any], guess: Guess) -> dict[str, Any]:
    dated = guess.type in ("date", "datetime")

    def show(number: float) -> str | float:
        if dated:
            return (EPOCH + timedelta(int(number))).isoformat()
        return int(number) if guess.type == "integer" and number == int(number) else float(number)

    low, middle, high = (float(q) for q in numbers.quantile([0.25, 0.5, 0.75]))
    spread = FAR_OUT * (high - low)
    # a handful of different values has no far end: one sale in a hundred is of six
    spread = spread if numbers.nunique() > BINS or dated else 0
    far = numbers[(numbers < low - spread) | (numbers > high + spread)] if spread else numbers[:0]
    return {
        "minimum": show(numbers.min()),
        "maximum": show(numbers.max()),
        "quartiles": (show(low), show(middle), show(high)),
        "mean": None if dated else float(numbers.mean()),
        "outliers": len(far),
        "outlier_examples": tuple(show(n) for n in sorted(set(far), key=abs, reverse=True)[:3]),
        "histogram": _bins(numbers, show),
    }


def _bins(numbers: pd.Series[Any], show: Any) -> tuple[tuple[str, int], ...]:
    """Few values each with its count, many in bins of equal width."""
    counts = numbers.value_counts().sort_index()
    if len(counts) <= BINS:
        return tuple((label(show(value)), int(count)) for value, count in counts.items())
    low, high = float(numbers.min()), float(numbers.max())
    width = (high - low) / BINS
    places = ((numbers - low) / width).astype("int64").clip(upper=BINS - 1).value_counts()
    edges = [low + at * width for at in range(BINS + 1)]
    return tuple(
        (f"{label(show(edges[at]))} to {label(show(edges[at + 1]))}", int(places.get(at, 0)))
        for at in range(BINS)
    )


def label(value: str | float) -> str:
    """A figure for people, with at most six digits that count."""
    return value if isinstance(value, str) else f"{value:,.6g}"


def _bars(top: list[tuple[str, int]], filled: int) -> tuple[tuple[str, int], ...]:
    """The frequent values of a column of words, and all others together; none if all differ."""
    if not top or top[0][1] == 1:
        return ()
    others = filled - sum(count for _, count in top)
    return (*top, *((("all others", others),) if others else ()))
