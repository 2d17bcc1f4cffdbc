"""Take the README's pictures of the report: the bundled samples, in a browser.

Usage: python docs/pictures/make.py (`make pictures`). Needs Chromium, as the browser tests do.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from app import pipeline
from app.project import load_project
from app.runs import Places

FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parent.parent
DESK, PHONE = (1100, 800), (390, 844)


@dataclass(frozen=True)
class Picture:
    """A file's name, the window in pixels, its scheme, the part scrolled to, pixels a pixel."""

    name: str
    window: tuple[int, int]
    scheme: str
    part: str = ""
    scale: float = 1


PICTURES = (
    Picture("desk", DESK, "light"),
    Picture("desk-dark", DESK, "dark", "page-2"),
    Picture("phone", PHONE, "light", scale=1.5),
)


def main() -> None:
    """Run the samples into a temporary folder, and photograph the report."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        sys.exit("no chromium is installed: apt-get install chromium")
    with TemporaryDirectory(prefix="comptoir-") as folder, sync_playwright() as started:
        places = Places(Path(folder) / "sales.db", Path(folder) / "results")
        pipeline.run(load_project(REPOSITORY, {}), places, say=lambda _line: None)
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture in PICTURES:
            take(browser, places.results / "report.html", picture)
        browser.close()


def take(browser: Any, report: Path, picture: Picture) -> None:
    """Write one picture beside this file, and say how large it is."""
    width, height = picture.window
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=picture.scheme,
        device_scale_factor=picture.scale,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(report.as_uri())
    if picture.part:
        page.evaluate("id => document.getElementById(id).scrollIntoView()", picture.part)
    path = FOLDER / f"{picture.name}.png"
    page.screenshot(path=path)
    context.close()
    print(f"{path.relative_to(REPOSITORY)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
