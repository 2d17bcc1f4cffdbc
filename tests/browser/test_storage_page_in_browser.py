"""The page of the real storage container, clicked through on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import DESK, PHONE, Seen
from tests.stack import Stack, require_engine

pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.xdist_group("docker")]

# What axe-core finds in Datasette's own table and query pages, which keep its markup.
UPSTREAM = {
    "heading-order": "a h3 follows the h1",
    "label": "the value of a filter, and the box that its SQL editor types into, have no label",
    "select-name": "the column and the operator of a filter have no label",
    "scrollable-region-focusable": "a wide table scrolls sideways without taking the focus",
}
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture(scope="module")
def empty(chromium: Any) -> Iterator[Stack]:  # noqa: ARG001  # without a browser, no container
    """A storage that is up, before the first run."""
    require_engine()
    stack = Stack()
    stack("up", "-d", "--wait", "db", timeout=600)
    yield stack
    stack.remove()


@pytest.fixture(scope="module")
def filled(chromium: Any) -> Iterator[Stack]:  # noqa: ARG001
    """A storage with the samples, after a run."""
    require_engine()
    stack = Stack()
    stack("up", "-d", "--wait", "db", timeout=600)
    stack.run()
    yield stack
    stack.remove()


def address(stack: Stack, path: str = "/") -> str:
    return f"http://127.0.0.1:{stack.port}{path}"


def examine(seen: Seen, stack: Stack, *, upstream: bool = False) -> None:
    """Fail on what no page may do; `upstream` for one whose markup is Datasette's."""
    assert seen.overflow() <= 0, seen.page.url
    allowed = tuple(UPSTREAM) if upstream else ()
    for scheme in ("light", "dark"):
        seen.page.emulate_media(color_scheme=scheme)
        found = [v for v in seen.violations() if v.partition(":")[0] not in allowed]
        assert found == [], (seen.page.url, scheme)
    assert seen.messages == [], seen.page.url
    away = [url for url in seen.requests if not url.startswith((address(stack), "data:"))]
    assert away == [], seen.page.url


@SIZES
def test_before_the_first_run_it_says_what_to_do(
    empty: Stack, show: Any, size: tuple[int, int]
) -> None:
    with show(address(empty), size) as seen:
        assert seen.page.get_by_text("There is no database yet.").is_visible()
        examine(seen, empty)
        seen.page.goto(address(empty, "/report/"))
        assert seen.page.get_by_role("heading", name="No report yet").is_visible()
        (told,) = seen.messages  # the browser tells of any page that is not there
        assert "404" in told
        seen.messages.clear()
        examine(seen, empty)


@SIZES
def test_from_the_results_to_a_table_a_ready_query_and_the_report(
    filled: Stack, show: Any, size: tuple[int, int]
) -> None:
    with show(address(filled), size) as seen:
        page = seen.page
        assert page.url == address(filled, "/sales")
        headings = [h.inner_text() for h in page.locator("h2, h3").all()]
        assert headings[:5] == ["Results", "Overview", "Time", "Products", "Places"]
        examine(seen, filled)

        page.get_by_role("link", name="Sales by city", exact=True).click()
        assert page.get_by_role("heading", level=1).inner_text() == "Sales by city"
        page.get_by_text("19,167.27 €").wait_for()
        assert page.locator("tbody .col-city").first.inner_text() == "Paris"
        assert not page.locator(".col-rowid").first.is_visible()
        examine(seen, filled, upstream=True)

        page.go_back()
        page.get_by_role("link", name="Ready query: Sales by city").click()
        assert "order by revenue_cents desc, city" in page.locator("#sql-query").inner_text()
        page.get_by_role("cell", name="Paris").wait_for()
        examine(seen, filled, upstream=True)
        page.get_by_role("link", name="Edit SQL").click()
        page.locator(".CodeMirror").wait_for()
        examine(seen, filled, upstream=True)

        page.get_by_role("link", name="Report", exact=True).click()
        assert page.url == address(filled, "/report/")
        assert page.get_by_role("heading", level=1).inner_text() == "Comptoir"
        examine(seen, filled)
        link = page.locator("a[download='sales_by_city.csv']")
        with page.expect_download() as download:
            link.click()
        results = filled.folder / "results"
        content = (results / "sales_by_city.csv").read_bytes()
        assert download.value.path().read_bytes() == content
        assert seen.messages == []


@SIZES
def test_a_question_of_ones_own_is_typed_and_answered(
    filled: Stack, show: Any, size: tuple[int, int]
) -> None:
    with show(address(filled), size) as seen:
        box = seen.page.get_by_role("textbox")
        box.fill("select count(*) as lines from sales")
        seen.page.get_by_role("button", name="Run SQL").click()
        seen.page.get_by_role("cell", name="2021").wait_for()
        examine(seen, filled, upstream=True)
        seen.page.go_back()
        seen.page.get_by_role("link", name="show 9 tables").click()
        seen.page.get_by_role("link", name="Rejects").click()
        assert "REF099" in seen.page.locator("tbody").inner_text()
        examine(seen, filled, upstream=True)


def test_the_keyboard_goes_past_the_head(filled: Stack, show: Any) -> None:
    with show(address(filled)) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"
        seen.page.keyboard.press("Enter")
        assert seen.page.url.endswith("#content")
