"""`python -m app` without its charts, which take most of the time of a small run; see conftest.py.

python -m tests.undrawn VERB ...
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app import pipeline
from app.answers.results import Result
from app.progress import Step
from app.report import report_page
from app.report.drawing import Drawn
from app.report.rendering import Renderer


class UnstartedRenderer(Renderer):
    """One that does not begin before it is asked for a chart."""

    def start(self) -> None:
        pass


def leave_out_charts(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Leave the charts of this process' reports empty; `put` replaces an attribute."""
    put(report_page, "drawing", _draw_none)
    put(pipeline, "Renderer", UnstartedRenderer)


@contextmanager
def _draw_none(
    results: Iterable[Result], _locale: str, widths: Sequence[int], _renderer: Renderer
) -> Iterator[Callable[[Step], Drawn]]:
    charts = [r.model for r in results if r.model.chart and r.model.chart.mark != "tiles"]
    yield lambda _step: {(m.name, width): "<svg></svg>" for m in charts for width in widths}


if __name__ == "__main__":
    leave_out_charts()
    runpy.run_module("app", run_name="__main__", alter_sys=True)
