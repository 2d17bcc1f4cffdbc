"""What the database's page says of each table, and where a project's database is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import cli
from app.pipeline import load_models
from app.project import load_project
from app.serving.sort_orders import sort_order
from app.serving.storage import Titles, find_database
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
    hidden = {name for name in present if tables[name].get("hidden")}
    assert hidden == {name for name in present if name.startswith("_")}


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("select city from stores order by city", ("city", False)),
        ("select s.city from stores as s order by s.city desc", ("city", True)),
        ("select price_cents / 100.0 as price from products order by price_cents desc",
         ("price", True)),
        ("select city as place from stores order by city, place", ("place", False)),
        ("select employees as city from stores order by city", ("city", False)),
        ("select a.city from stores as a cross join stores as b order by b.city", None),
        ("select city from stores order by employees", None),
        ("select count(*) as stores_open from stores", None),
        ("select city from stores order by case when city is null then 1 else 0 end, city", None),
    ],
)  # fmt: skip
def test_the_order_of_a_select_is_that_of_a_column_it_shows(
    shop: Shop, select: str, expected: tuple[str, bool] | None
) -> None:
    shop.forget_sql()
    (shop.root / "sql" / "analyses" / "asked.sql").write_text(select, encoding="utf-8")
    (model,) = load_models(shop.project()).analyses
    assert sort_order(model) == expected


def test_a_ready_query_never_hides_a_table(shop: Shop) -> None:
    text = "-- title: Asked\nselect city from stores order by city\n"
    for name in ("our_cities", "ask_our_cities"):
        (shop.root / "sql" / "analyses" / f"{name}.sql").write_text(text, encoding="utf-8")
    project = shop.project()
    metadata = describe(project, load_models(project), "sales")["databases"]["sales"]
    assert "ask_ask_our_cities" in metadata["queries"]
    assert not metadata["queries"].keys() & metadata["tables"].keys()


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
    assert find_database(shop.root) == project.database
    assert project.sources["sales"].url.startswith("https://docs.google.com/")
    # `run` would fetch from there: what is kept of the samples is not in that database
    result = runner.invoke(cli, [*command, "--offline"], standalone_mode=False)
    assert result.return_value == 3
    assert (shop.root / "db" / "client.db").exists()
    assert shop.query("select distinct origin from _deliveries where source = 'sales'") == [
        ("samples",)
    ]
