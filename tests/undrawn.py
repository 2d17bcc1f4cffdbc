"""`python -m app` without its charts, which take most of the time of a small run; see conftest.py.

python -m tests.undrawn VERB ...
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app import pipeline
from app.answers.results import Result
from app.progress import Step
from app.report import report_page
from app.report.drawing import Drawing, Drawn
from app.report.rendering import Renderer


class UnstartedRenderer(Renderer):
    """One that does not begin before it is asked for a chart."""

    def start(self) -> None:
        pass


class UndrawnDrawing(Drawing):
    """One whose charts are all empty."""

    def __init__(
        self, results: Iterable[Result], _locale: str, widths: Sequence[int], _renderer: Renderer
    ) -> None:
        charts = [r.model for r in results if r.model.chart and r.model.chart.mark != "tiles"]
        self._empty: Drawn = {(m.name, width): "<svg></svg>" for m in charts for width in widths}

    def finished(self, _step: Step) -> Drawn:
        return self._empty


def leave_out_charts(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Leave the charts of this process' reports empty; `put` replaces an attribute."""
    put(report_page, "Drawing", UndrawnDrawing)
    put(pipeline, "Renderer", UnstartedRenderer)


if __name__ == "__main__":
    leave_out_charts()
    runpy.run_module("app", run_name="__main__", alter_sys=True)
