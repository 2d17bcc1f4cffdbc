"""Spans of time as people write them: 90s, 15m, 2h, 1d."""

from __future__ import annotations

import re
from datetime import timedelta

from app.errors import ProjectError

LONGEST = timedelta(days=31)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_span(text: str) -> timedelta:
    """'90s', '15m', '2h' or '1d' as a time span; ProjectError for anything else."""
    match = re.fullmatch(r"(\d{1,7})([smhd])", text.strip())
    span = timedelta(**{UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < span <= LONGEST:
        raise ProjectError(
            f"{text!r} is not a time span",
            hint="a number and s, m, h or d, up to 31 days, such as 90s, 15m or 2h",
            code="duration",
        )
    return span
