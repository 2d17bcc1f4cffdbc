"""`init`: from any files to a project that runs, and never a guess."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import pipeline
from app.cli import cli
from app.documentation.described import describe, undescribed
from app.documentation.lineage import trace
from app.errors import ComptoirError, ProjectError
from app.profiling.found import File
from app.profiling.naming import column_name, table_name
from app.project import load_project
from app.runs import Places, Run
from app.starting.init import Begun, begin
from tests.shop import REPOSITORY
from tests.zoo import Animal, undecided, zoo

ZOO = zoo()


def start(folder: Path, files: dict[str, bytes]) -> Begun:
    """A project in `folder`/project, begun from these files."""
    found = []
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content)
        found.append(File(table_name(name), name, path))
    urls = {file.name: str(file.path) for file in found}
    return begin(found, urls, folder / "project")


def run(folder: Path) -> Run:
    project = load_project(folder / "project", {})
    return pipeline.run(project, places(folder), say=lambda _line: None)


def places(folder: Path) -> Places:
    return Places(folder / "project" / "db" / "sales.db", folder / "project" / "results")


def total(folder: Path, analysis: str, column: str) -> float:
    with closing(sqlite3.connect(places(folder).database)) as connection:
        return float(connection.execute(f'select "{column}" from "{analysis}"').fetchone()[0])


def is_right(folder: Path, animal: Animal) -> bool:
    analysis, column, value = animal.total
    found = total(folder, analysis, column)
    # a total of money is given in cents here, and in units by the analysis
    return min(abs(found - value), abs(found * 100 - value)) < 0.001


@pytest.mark.parametrize("animal", ZOO, ids=[animal.name for animal in ZOO])
def test_init_then_run_gives_the_right_total_without_an_edit(
    animal: Animal, tmp_path: Path
) -> None:
    begun = start(tmp_path, animal.files)
    assert begun.choices == ()
    done = run(tmp_path)
    assert done.exit_code == 0, [outcome.message for outcome in done.outcomes]
    assert is_right(tmp_path, animal), total(tmp_path, *animal.total[:2])
    for outcome in done.outcomes:
        assert outcome.counts is not None
        assert outcome.counts.rejected == (3 if "bad lines" in animal.name and outcome.source
                                           == "ventes" else 0)  # fmt: skip


def test_the_zoo_is_large() -> None:
    assert len(ZOO) >= 30
    assert len({animal.name for animal in ZOO}) == len(ZOO)


@pytest.mark.parametrize("animal", undecided(), ids=lambda animal: animal.name)
def test_what_the_data_cannot_tell_waits_for_a_choice(animal: Animal, tmp_path: Path) -> None:
    begun = start(tmp_path, animal.files)
    assert len(begun.choices) == 1
    assert begun.choices[0] in begun.text()
    done = run(tmp_path)
    (outcome,) = done.outcomes
    assert (done.exit_code, outcome.status) == (3, "refused")
    assert "can be read as" in outcome.message
    assert "declare one format only for column" in outcome.message
    path = tmp_path / "project" / "comptoir.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    column = begun.tables[0].columns[0 if "Date" in begun.choices[0] else 1].name
    kept = [line for line in lines if not line.startswith(f"{column} = ")]
    chosen = [n for n, line in enumerate(kept) if line.startswith("#") and animal.choose in line]
    assert len(chosen) == 1
    kept[chosen[0]] = kept[chosen[0]].removeprefix("# ")
    path.write_text("\n".join(kept), encoding="utf-8")
    assert run(tmp_path).exit_code == 0
    assert is_right(tmp_path, animal)


def test_the_samples_give_the_total_of_the_shipped_project(tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in (REPOSITORY / "samples").glob("*.csv")}
    start(tmp_path, files)
    done = run(tmp_path)
    expected = json.loads((REPOSITORY / "samples" / "expected.json").read_text(encoding="utf-8"))
    assert done.exit_code == 0
    assert total(tmp_path, "ventes_total", "revenue") == float(expected["total"]["revenue"])
    counts = {o.source: o.counts for o in done.outcomes if o.counts}
    assert counts["ventes"].rejected == expected["sales"]["rejected"]


def test_every_column_of_what_is_begun_is_described(tmp_path: Path) -> None:
    start(tmp_path, ZOO[25].files)
    project = load_project(tmp_path / "project", {})
    models = pipeline.load_models(project)
    assert list(undescribed(describe(project, models, trace(project.sources, models)))) == []


def test_every_breakdown_adds_up_to_the_total(tmp_path: Path) -> None:
    sales = "date,who,amount\n" + "".join(
        f"2025-01-{n:02},{f'K{n % 4}' if n % 5 else ''},{n}.50\n" for n in range(1, 29)
    )
    who = "who,name,city\n" + "".join(f"K{n},Name {n},Paris\n" for n in range(6))
    start(tmp_path, {"sales.csv": sales.encode(), "people.csv": who.encode()})
    assert run(tmp_path).exit_code == 0
    with closing(sqlite3.connect(places(tmp_path).database)) as connection:
        names = [
            name
            for (name,) in connection.execute("select name from _results where kind = 'analysis'")
            if name.startswith("sales_")
        ]
        sums = {
            name: connection.execute(f'select sum(amount) from "{name}"').fetchone()[0]
            for name in names
        }
        people = dict(connection.execute("select name, records from sales_by_people"))
    assert set(names) >= {"sales_total", "sales_by_people", "sales_by_day"}
    assert {round(value, 2) for value in sums.values()} == {420.0}
    assert people["Unknown"] == 5
    assert people["Name 5"] == 0


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    files = {"a.csv": b"id,name\n1,x\n2,y\n"}
    (tmp_path / "project" / "sql" / "analyses").mkdir(parents=True)
    mine = tmp_path / "project" / "sql" / "analyses" / "a_total.sql"
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(ProjectError, match=r"a_total\.sql would be overwritten"):
        start(tmp_path, files)
    assert mine.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "project" / "comptoir.toml").exists()
    mine.unlink()
    start(tmp_path, files)
    before = (tmp_path / "project" / "comptoir.toml").read_bytes()
    with pytest.raises(ProjectError, match="would be overwritten"):
        start(tmp_path, files)
    assert (tmp_path / "project" / "comptoir.toml").read_bytes() == before


def test_a_secret_in_an_address_stays_out_of_the_project_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\n1,x\n2,y\n")
    address = "https://ann:pa'ss@example.com/a.csv?token=abc"
    begin([File("a", "masked", path)], {"a": address}, tmp_path / "project")
    assert "abc" not in (tmp_path / "project" / "comptoir.toml").read_text(encoding="utf-8")
    assert (tmp_path / "project" / ".env").stat().st_mode & 0o077 == 0
    (source,) = load_project(tmp_path / "project").sources.values()
    assert source.url == address


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html><head></head></html>", "HTML"),
        (b"1,50\n2,75\n", "decimal comma"),
        (b"", "empty"),
    ],
)
def test_what_is_no_table_is_refused(
    content: bytes, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["init", "a.csv", "--into", "new"], standalone_mode=False)
    assert isinstance(done.exception, ComptoirError)
    assert told in str(done.exception)
    assert not (tmp_path / "new").exists()


def test_the_verb_says_what_it_chose_and_what_is_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in ZOO[25].files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    arguments = ["init", *ZOO[25].files, "--into", "shop", "--name", "Ma boutique"]
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert done.return_value == 0, done.exception
    assert "ventes: no key, records repeat; id_reference_produit refers to produits" in done.output
    assert "Next: read comptoir.toml, then python -m app --project shop run" in done.output
    text = (tmp_path / "shop" / "comptoir.toml").read_text(encoding="utf-8")
    assert 'name = "Ma boutique"' in text
    assert 'url = "${VENTES_URL:-../ventes.csv}"' in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("ID Référence produit", "id_reference_produit"),
        ("unitPrice (€)", "unit_price"),
        ("2024", "n_2024"),
        ("Straße", "strasse"),
        ("日本", "unnamed"),
        ("Order", "order_value"),
        ("gone", "gone_value"),
        ("a", "a_2"),
    ],
)
def test_labels_become_names(label: str, name: str) -> None:
    assert column_name(label, ["a"]) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("data/Ventes 2025.csv", "ventes_2025"),
        ("https://docs.example.com/d/e/x/pub?gid=714&single=true&output=csv", "sheet_714"),
        ("https://example.com/orders.csv.gz?x=1", "orders"),
        ("C:\\data\\kunden.csv", "kunden"),
        ("https://example.com/", "table_1"),
    ],
)
def test_addresses_become_names(url: str, name: str) -> None:
    assert table_name(url) == name
