"""`docs`: everything shipped is described, and what the pages say is what there is."""

from __future__ import annotations

import re
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app.answers.models import Models
from app.cli import cli
from app.database.calendar import COLUMNS
from app.database.migrations import upgrade
from app.documentation.described import describe, undescribed
from app.documentation.diagram import Box, draw
from app.documentation.dictionary import BUILT_IN
from app.documentation.docs import to_html
from app.documentation.lineage import Lineage, trace
from app.documentation.reference import command_reference
from app.pipeline import load_models
from app.project import Project, load_project
from tests.shop import REPOSITORY, Shop


@pytest.fixture(scope="module")
def shipped() -> tuple[Project, Models, Lineage]:
    project = load_project(REPOSITORY, {})
    models = load_models(project)
    return project, models, trace(project.sources, models)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a shop after a run, made by the verb."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    lines = [f"{name}={value}\n" for name, value in shop.environment.items()]
    (shop.root / ".env").write_text("".join(lines), encoding="utf-8")
    shop.run()
    done = CliRunner().invoke(cli, ["--project", str(shop.root), "docs"], standalone_mode=False)
    assert done.return_value == 0, done.exception
    return shop.root / "results" / "docs"


def test_every_shipped_table_and_column_has_a_description(
    shipped: tuple[Project, Models, Lineage],
) -> None:
    assert list(undescribed(describe(*shipped))) == []


def test_every_analysis_and_check_says_what_it_is_for(
    shipped: tuple[Project, Models, Lineage],
) -> None:
    _, models, _ = shipped
    for model in (*models.marts, *models.analyses):
        assert model.title, model.name
        assert model.question, model.name
    for model in models.checks:
        assert model.title, model.name
        assert model.description, model.name


def test_the_glossary_names_only_columns_that_exist(
    shipped: tuple[Project, Models, Lineage],
) -> None:
    project, _, lineage = shipped
    names = {name for columns in lineage.origins.values() for name in columns}
    assert set(project.glossary) - names == set()


def test_every_verb_and_option_has_a_description() -> None:
    for name, verb in {"": cli, **cli.commands}.items():
        assert verb.help, name
        for parameter in verb.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.name}"
            elif parameter.name:
                shown = (parameter.metavar or parameter.name).strip("[].").upper()
                assert shown in (verb.help or "").upper(), f"{name} does not tell what {shown} is"


def test_the_command_reference_is_current() -> None:
    path = REPOSITORY / "docs" / "commands.md"
    text = path.read_text(encoding="utf-8")
    assert text == command_reference(), (
        "run: python -m app.documentation.reference > docs/commands.md"
    )
    for verb in cli.commands:
        assert f"## `{verb}`" in text


def test_the_system_tables_are_those_of_the_database() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        upgrade(connection)
        rows = connection.execute("select name from sqlite_schema where type = 'table'").fetchall()
        found = {
            name: [row[1] for row in connection.execute(f'pragma table_info("{name}")')]
            for (name,) in rows
        }
    described = {name: list(columns) for name, (_, columns) in BUILT_IN.items()}
    assert described.pop("calendar") == [name for name, _ in COLUMNS]
    assert {name: set(columns) for name, columns in described.items()} == {
        name: set(columns) for name, columns in found.items()
    }


def test_lineage_leads_back_to_the_sources(shipped: tuple[Project, Models, Lineage]) -> None:
    project, models, lineage = shipped
    assert lineage.origins["revenue_total"]["revenue"] == {
        "sales.quantity",
        "sales.unit_price_cents",
    }
    assert lineage.direct["revenue_total"]["units"] == {"fct_sales.quantity"}
    assert lineage.origins["sales_by_region"]["region"] == {"cities.region"}
    assert lineage.origins["daily_sales"]["date"] == {"calendar.date"}
    assert lineage.copied["fct_sales"]["quantity"] == "sales.quantity"
    assert "revenue_cents" not in lineage.copied["fct_sales"]
    ends = {*project.sources, "calendar"}
    for model in (*models.marts, *models.analyses):
        for columns in lineage.origins[model.name].values():
            assert {column.partition(".")[0] for column in columns} <= ends


def test_the_pages_are_written_with_what_they_are_made_from(written: Path) -> None:
    assert {path.name for path in written.iterdir()} == {
        *(f"{name}.{end}" for name in ("index", "dictionary", "lineage") for end in ("md", "html")),
        "tables.svg",
        "lineage.svg",
    }
    overview = (written / "index.md").read_text(encoding="utf-8")
    assert "| `sales` | One row for each line of the sales file | 5 |" in overview
    assert "Results of run 1" in overview
    assert re.search(
        r"\| `revenue_by_day_equals_total` .*\| blocks publication \| passed \|", overview
    )
    dictionary = (written / "dictionary.md").read_text(encoding="utf-8")
    assert "[products](#products)" in dictionary
    assert "copied from products.price_cents" in dictionary
    html = (written / "dictionary.html").read_text(encoding="utf-8")
    assert '<h3 id="products">products</h3>' in html


def test_every_link_of_the_pages_leads_somewhere(written: Path) -> None:
    for path in written.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r'(?:href|src)="([^"]*)"', text):
            file, _, anchor = target.partition("#")
            linked = written / file if file else path
            assert linked.is_file(), target
            assert f'id="{anchor}"' in linked.read_text(encoding="utf-8") or not anchor, target


def test_the_diagram_shows_every_table_column_and_reference(written: Path) -> None:
    tree = ET.fromstring((written / "tables.svg").read_bytes())
    space = "{http://www.w3.org/2000/svg}"
    texts = {element.text for element in tree.iter(f"{space}text")}
    assert {"sales", "products", "stores", "cities", "price_cents", "occurrence"} <= texts
    assert len([path for path in tree.iter(f"{space}path") if path.get("class") == "edge"]) == 2


def test_docs_need_no_database(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    lines = [f"{name}={value}\n" for name, value in shop.environment.items()]
    (tmp_path / ".env").write_text("".join(lines), encoding="utf-8")
    done = CliRunner().invoke(cli, ["--project", str(tmp_path), "docs"], standalone_mode=False)
    assert done.return_value == 0, done.exception
    text = (tmp_path / "results" / "docs" / "index.md").read_text(encoding="utf-8")
    assert "Nothing is published yet" in text
    assert "never tried" in text
    assert not shop.places.database.exists()


def test_descriptions_cannot_inject_html() -> None:
    html = to_html("| a |\n| --- |\n| <script>alert(1)</script> `<b>` |\n")
    assert "<script" not in html
    assert "<b>" not in html


def test_a_box_may_have_any_name() -> None:
    svg = draw([Box('a"<é>', [("x|y{}", "&")]), Box("b")], [('a"<é>', "x|y{}", "b", "")], "<t>")
    texts = [element.text for element in ET.fromstring(svg).iter()]
    assert 'a"<é>' in texts
    assert "x|y{}" in texts
