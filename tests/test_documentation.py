"""The documentation says what is: tests it names exist, commands it shows are there."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.answers.formats import LOCALES
from app.answers.models import FORMATS, HEADER
from app.answers.publishing import SYSTEM_TABLES
from app.cli import VERBS
from app.report.charts import MARKS
from app.report.marks import MOST_BARS, MOST_LINES, MOST_SERIES
from tests.shop import REPOSITORY, Shop

DOCS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def existing_tests() -> set[str]:
    names = set()
    for path in (REPOSITORY / "tests").glob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return names


def test_every_test_named_in_the_documentation_exists() -> None:
    for path in DOCS:
        named = set(re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8")))
        assert named <= existing_tests(), path.name


def test_every_promise_has_a_test_that_names_its_number() -> None:
    text = (REPOSITORY / "docs" / "guarantees.md").read_text(encoding="utf-8")
    for number in re.findall(r"^## (\d)\.", text, re.MULTILINE):
        assert re.search(rf"`test_{number}_\w+`", text), number


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_to_files(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_project_files_page_describes_every_line_of_a_sql_file() -> None:
    text = (REPOSITORY / "docs" / "project-file.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert {*HEADER, *FORMATS, "locale", "goals"} <= described
    assert all(f'`"{locale}"`' in text for locale in LOCALES)
    charts = dict(re.findall(r"^\| `(\w+)( .*?)` \|", text, re.MULTILINE))
    for mark, (required, optional) in MARKS.items():
        assert tuple(re.findall(r" (\w+)=", charts[mark])) == required, mark
        assert tuple(re.findall(r"\[(\w+)=", charts[mark])) == optional, mark
    limits = f"{MOST_BARS} bars of a category, {MOST_LINES} lines of a heatmap, and {MOST_SERIES} "
    assert limits in text


def test_the_readme_shows_every_picture_and_they_are_small() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    pictures = {path.name: path for path in (REPOSITORY / "docs" / "pictures").glob("*.png")}
    assert set(re.findall(r"\(docs/pictures/([\w-]+\.png)\)", text)) == pictures.keys()
    for path in pictures.values():
        assert path.stat().st_size < 250_000, path.name


def test_the_readme_names_every_verb() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    named = {word for line in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
             for word in re.findall(r"`(\w+)`", line)}  # fmt: skip
    assert {verb.name for verb in VERBS} <= named


def test_the_data_diagram_names_every_table_and_its_columns(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.run()
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    tables = [*shop.project().sources, "calendar", *SYSTEM_TABLES]
    for table in tables:
        drawn = re.search(rf"^    {table} {{\n(.*?)^    }}", text, re.MULTILINE | re.DOTALL)
        assert drawn, table
        columns = shop.query(f"select name from pragma_table_info('{table}')")
        missing = [name for (name,) in columns if not re.search(rf" {name}\b", drawn[1])]
        assert missing == [], table
    for (name,) in shop.query("select name from _results where kind = 'analysis'"):
        assert f"`{name}`" in text, name


def test_the_question_of_the_readme_can_be_asked(tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^    -- title: Sales on Sundays\n(?:    .*\n)+", text, re.MULTILINE)
    assert block
    shop = Shop(tmp_path / "shop")
    path = shop.root / "sql" / "analyses" / "sales_on_sunday.sql"
    path.write_text(re.sub(r"^    ", "", block[0], flags=re.MULTILINE), encoding="utf-8")
    shop.write("sales", [("2025-03-02", "P1", "2", "1"), ("2025-03-03", "P1", "1", "1")])
    shop.run()
    assert shop.query("select * from sales_on_sunday") == [("P1", 2, 20.0)]


def test_the_readme_shows_what_a_first_run_prints(tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(products: .*?)```", text, re.DOTALL)
    assert shown
    places = ["--db", str(tmp_path / "sales.db"), "--results", str(tmp_path / "results")]
    done = subprocess.run(
        [sys.executable, "-m", "app", "run", *places],
        cwd=REPOSITORY,
        env={name: v for name, v in os.environ.items() if not name.endswith("_URL")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    told = [line for line in shown[1].splitlines() if line not in ("", "...")]
    here = ("All of them: ", "Run 1: ", "Results: ")  # these lines name places
    missing = [line for line in told if line not in done.stdout and not line.startswith(here)]
    assert missing == []
