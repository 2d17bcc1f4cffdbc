"""What the database's page says of each table, and where a project's database is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import cli
from app.pipeline import load_models
from app.project import load_project
from app.serving.storage import Titles
from app.serving.storage_page import describe
from tests.shop import REPOSITORY, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def test_every_table_is_described_from_its_header_or_contract(shop: Shop) -> None:
    project = shop.project()
    metadata = describe(project, load_models(project), "sales")
    tables = metadata["databases"]["sales"]["tables"]
    assert tables["sales_by_city"]["title"] == "Sales by city"
    assert tables["sales_by_city"]["description"].startswith("Which cities sell most")
    assert tables["sales"]["columns"]["quantity"] == "Units sold"
    assert tables["_state"] == {"hidden": True}
    shop.run()
    present = {
        name for (name,) in shop.query("select name from sqlite_schema where type != 'index'")
    }
    present -= {"sqlite_sequence"}
    assert present <= tables.keys()
    assert all(tables[name].get("title") or tables[name].get("hidden") for name in present)


def test_titles_follow_an_edited_file_and_survive_a_broken_one(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    titles = Titles(shop.root, "sales")
    file = shop.root / "sql" / "analyses" / "sales_by_city.sql"
    text = file.read_text(encoding="utf-8")

    def title() -> str:
        titles.refresh()
        tables = titles.metadata["databases"]["sales"]["tables"]
        return str(tables["sales_by_city"]["title"])

    assert title() == "Sales by city"
    file.write_text(text.replace("title: Sales by city", "title: Cities"), encoding="utf-8")
    assert title() == "Cities"
    file.write_text("-- title: Broken\nselect from", encoding="utf-8")
    assert title() == "Cities"
    assert "the page keeps its titles" in capsys.readouterr().err


def test_env_names_a_database_of_its_own(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COMPTOIR_DB", "COMPTOIR_RESULTS", "SALES_URL", "PRODUCTS_URL", "STORES_URL"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(REPOSITORY / "samples", shop.root / "samples")
    runner = CliRunner()
    command = ["--project", str(shop.root), "run"]
    assert runner.invoke(cli, command, standalone_mode=False).return_value == 0
    example = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    (shop.root / ".env").write_text(example, encoding="utf-8")
    project = load_project(shop.root)
    assert project.database == shop.root.resolve() / "db" / "client.db"
    assert project.sources["sales"].url.startswith("https://docs.google.com/")
    # `run` would fetch from there: what is kept of the samples is not in that database
    result = runner.invoke(cli, [*command, "--offline"], standalone_mode=False)
    assert result.return_value == 3
    assert (shop.root / "db" / "client.db").exists()
    assert shop.query("select distinct origin from _deliveries where source = 'sales'") == [
        ("samples",)
    ]
