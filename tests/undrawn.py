"""`python -m app` without its charts, which take most of the time of a small run; see conftest.py.

python -m tests.undrawn VERB ...
"""

from __future__ import annotations

import runpy

from app.report import report_page

if __name__ == "__main__":
    report_page.draw = lambda *_: "<svg></svg>"
    runpy.run_module("app", run_name="__main__", alter_sys=True)
