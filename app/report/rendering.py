"""Vega-Lite to SVG, in a process of its own.

vl-convert runs Vega in V8: half a second to start, a hundred megabytes, and a text it cannot take
ends its process at once. In a process of its own it starts while the analyses are still being
answered, and a run outlives it. This file is also what that process runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Any

FONTS = Path(__file__).with_name("fonts.conf")
# What is converted first, while the analyses are still being answered: V8 then has compiled what
# most charts need.
_NAMED = {"field": "name", "type": "nominal"}
_VALUE = {"field": "value", "type": "quantitative"}
_FIRST: tuple[dict[str, Any], ...] = (
    {
        "data": {"values": [{"day": f"2025-01-{day:02}", "value": day} for day in range(1, 29)]},
        "mark": "line",
        "encoding": {
            "x": {"field": "day", "type": "temporal", "axis": {"labelOverlap": "parity"}},
            "y": _VALUE,
            "color": {"field": "day", "type": "nominal"},
        },
    },
    {
        "data": {"values": [{"name": f"{number} €", "value": number} for number in range(20)]},
        "encoding": {"x": _VALUE, "y": _NAMED},
        "layer": [{"mark": "bar"}, {"mark": "text", "encoding": {"text": _NAMED}}],
    },
)


class Renderer:
    """Converts charts; several threads may share one. As a context, it ends its process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Begin to load what charts need, here and in the process; does not wait for it."""
        if self._process is None:
            # what composes the charts takes a quarter of a second to load
            Thread(target=import_module, args=("altair",), daemon=True).start()
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__],  # -P: the modules beside this file are not its
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "FONTCONFIG_FILE": str(FONTS)},
            )

    def svg(self, spec: dict[str, Any], locale: str) -> str | None:
        """A Vega-Lite chart as SVG; None if it cannot be drawn.

        `locale` is that of numbers and times, as Vega names it (en-US, fr-FR).
        """
        request = json.dumps({"spec": spec, "locale": locale}).encode() + b"\n"
        with self._lock:
            self.start()
            answer = self._ask(request)
            if answer.endswith(b"\n"):
                return json.loads(answer)  # type: ignore[no-any-return]
            self.close()  # it ended; the next chart gets another
            return None

    def close(self) -> None:
        """End the process; nothing of it is kept, so it is not asked to."""
        if self._process:
            self._process.kill()
            with suppress(BrokenPipeError):
                self._process.communicate()
            self._process = None

    def _ask(self, request: bytes) -> bytes:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(request)
            self._process.stdin.flush()
            return self._process.stdout.readline()
        except BrokenPipeError:
            return b""

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def _serve() -> None:
    """Answer each line of the input, a chart, by a line: its SVG, or null."""
    import vl_convert

    for spec in _FIRST:
        vl_convert.vegalite_to_svg(spec, format_locale="en-US", time_format_locale="en-US")
    for line in sys.stdin.buffer:
        request = json.loads(line)
        svg = None
        with suppress(ValueError):
            svg = vl_convert.vegalite_to_svg(
                request["spec"],
                format_locale=request["locale"],
                time_format_locale=request["locale"],
            )
        print(json.dumps(svg), flush=True)


if __name__ == "__main__":
    _serve()
