"""The report as a manager sees it: opened from a file, in a real browser, clicked through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import DESK, PHONE
from tests.conftest import draw_charts
from tests.shop import REPOSITORY, Shop

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LONG = "Coffret de dégustation n° {} du terroir, édition limitée pour les fêtes de 2025 !!"
ODD_NAMES = [
    *(LONG.format(n)[:80] for n in range(1, 6)),
    "<script>alert(1)</script> & <b>gras</b>",
    "زيت الزيتون البكر الممتاز 🫒 عضوي",
    "\x1b[31mred",
]


def samples(shop: Shop) -> None:
    for source, name in (("products", "produits"), ("stores", "magasins"), ("sales", "ventes")):
        shop.write_bytes(source, (REPOSITORY / "samples" / f"{name}.csv").read_bytes())


def three_years(shop: Shop) -> None:
    days = (date(2022, 7, 1) + timedelta(n) for n in range(1095))
    shop.write(
        "sales",
        [
            (d.isoformat(), f"P{d.day % 3 + 1}", str(d.day % 5 + 1), str(d.day % 3 + 1))
            for d in days
        ],
    )


def one_product(shop: Shop) -> None:
    shop.write("products", [("Savon", "P1", "10.00", "50")])
    shop.write("stores", [("1", "Paris", "4")])
    shop.write("sales", [("2025-03-03", "P1", "1", "1")])


def no_sales(shop: Shop) -> None:
    shop.write("sales", [])


def odd_names(shop: Shop) -> None:
    shop.write("products", [(f'"{n}"', f"P{i}", "10.50", "7") for i, n in enumerate(ODD_NAMES, 1)])
    shop.write(
        "stores", [("1", "Saint-Remy-" + "sur-la-Longue-Riviere-" * 3, "3"), ("2", "Lyon", "2")]
    )
    days = [date(2025, 1, 1) + timedelta(n) for n in range(70)]
    lines = [(d.isoformat(), f"P{d.day % 8 + 1}", "2", str(d.day % 2 + 1)) for d in days]
    shop.write("sales", [*lines, ("2025-13-01", "P1", "1", "1")])


SHOPS: dict[str, Callable[[Shop], None]] = {
    f.__name__: f for f in (samples, three_years, one_product, no_sales, odd_names)
}


@pytest.fixture(
    scope="module",
    params=[*((name, "en") for name in SHOPS), ("samples", "fr"), ("odd_names", "fr")],
    ids="-".join,
)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, locale = request.param
    shop = Shop(tmp_path_factory.mktemp("browser") / "shop")
    SHOPS[name](shop)
    shop.edit_project('name = "Comptoir"\n', f'name = "Comptoir"\nlocale = "{locale}"\n')
    with pytest.MonkeyPatch.context() as patch:
        draw_charts(patch)
        shop.run()
    return shop.places.results / "report.html"


def test_the_report_is_whole_and_accessible_on_every_screen(report: Path, show: Any) -> None:
    with show(report.as_uri()) as seen:
        for folded in (True, False):
            for size in (DESK, PHONE):
                seen.resize(size, "light")
                assert seen.overflow() <= 0, (folded, size)
            if folded:
                seen.unfold()
        assert seen.violations() == []
        seen.resize(DESK, "dark")
        assert seen.violations("color-contrast") == []
        assert seen.messages == []
        assert [url for url in seen.requests if not url.startswith("data:")] == [report.as_uri()]


def test_every_link_leads_somewhere_and_every_file_is_downloaded_as_it_is(
    report: Path, show: Any
) -> None:
    with show(report.as_uri()) as seen:
        for link in seen.page.locator("header a, footer a").all():
            link.click()
            target = link.get_attribute("href")
            assert seen.page.url.endswith(target)
            assert seen.page.locator(f"[id='{target[1:]}']").count() == 1
        for at, link in enumerate(seen.page.locator("a[download]").all()):
            if at % 9 == 8:  # a page may start ten downloads
                seen.page.reload()
            name = link.get_attribute("download")
            if not link.get_attribute("href").startswith("data:"):
                assert (report.parent / link.get_attribute("href")).is_file()
                continue
            with seen.page.expect_download() as download:
                link.click()
            assert download.value.suggested_filename == name
            assert Path(download.value.path()).read_bytes() == (report.parent / name).read_bytes()
        assert seen.messages == []


def test_the_keyboard_reaches_everything_that_can_be_opened(report: Path, show: Any) -> None:
    with show(report.as_uri()) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url("**#content")
        first = seen.page.locator("summary").first
        first.focus()
        seen.page.keyboard.press("Enter")
        assert first.evaluate("s => s.parentElement.open")


def test_it_prints_on_a4_without_what_is_only_for_the_screen(report: Path, show: Any) -> None:
    with show(report.as_uri()) as seen:
        seen.page.emulate_media(media="print", color_scheme="light")
        seen.page.set_viewport_size({"width": 680, "height": 980})  # the text width of the page
        assert seen.overflow() <= 0
        assert not seen.page.locator("nav").is_visible()
        assert seen.page.locator("h1").is_visible()
        assert seen.page.pdf(format="A4").startswith(b"%PDF")
