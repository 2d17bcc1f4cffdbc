"""A browser for the tests: Debian's Chromium, which must find nothing to object to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

ARGUMENTS = [
    "--no-sandbox",  # containers of a build have no user namespaces
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), ""
)
DESK, PHONE = (1100, 800), (375, 740)


@dataclass
class Seen:
    """A page in the browser, and what went wrong in it so far."""

    page: Any
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(wide))

    def violations(self, *rules: str) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA and its best practices, or against `rules`."""
        self.page.evaluate(axe())
        options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
        found = self.page.evaluate("options => axe.run(options)", options)["violations"]
        return [f"{v['id']}: {n['html'][:200]}" for v in found for n in v["nodes"]]

    def unfold(self) -> None:
        """Open everything that is folded, by clicking it."""
        for summary in self.page.locator("summary:visible").all():
            summary.click()

    def resize(self, size: tuple[int, int], scheme: str) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=scheme)


@cache
def axe() -> str:
    """The source of axe-core; run through the debugger, which no content policy stops."""
    return files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not CHROMIUM:
        if os.environ.get("COMPTOIR_REQUIRE_BROWSER"):
            pytest.fail("no chromium is installed, and COMPTOIR_REQUIRE_BROWSER is set")
        pytest.skip("no chromium is installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def show(chromium: Any) -> Callable[..., Any]:
    """Opens a URL: `with show(url, PHONE, "dark") as seen`."""

    @contextmanager
    def opened(url: str, size: tuple[int, int] = DESK, scheme: str = "light") -> Iterator[Seen]:
        viewport = {"width": size[0], "height": size[1]}
        context = chromium.new_context(
            viewport=viewport, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        seen = Seen(page)
        page.on("console", lambda message: seen.messages.append(message.text))
        page.on("pageerror", lambda error: seen.messages.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.goto(url)
        yield seen
        context.close()

    return opened
