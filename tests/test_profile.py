"""`profile`: what is in raw files, without a contract."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import cli
from app.errors import DeliveryError
from app.profiling.findings import findings
from app.profiling.found import File, Profile
from app.profiling.inference import Guess, infer, settle
from app.profiling.profile import as_dict, profile
from app.profiling.profile_page import profile_page
from app.records.dialect import find_dialect
from app.records.reading import ReadLimits
from tests.shop import REPOSITORY, Shop

LIMITS = ReadLimits()
SAMPLES = ("ventes", "produits", "magasins")


def look_at(folder: Path, **files: str) -> Profile:
    found = []
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_bytes(text.encode())
        found.append(File(name, path.name, path))
    return profile(found, LIMITS)


def sentences(found: Profile, table: int = 0) -> str:
    return "\n".join(findings(found.tables[table], found.references))


@pytest.fixture(scope="module")
def samples() -> Profile:
    paths = [REPOSITORY / "samples" / f"{name}.csv" for name in SAMPLES]
    return profile([File(path.stem, path.name, path) for path in paths], LIMITS)


def test_the_samples_are_understood(samples: Profile) -> None:
    sales, products, stores = samples.tables
    assert [column.guess.type for column in sales.columns] == ["date", "text", "integer", "integer"]
    assert [c.guess.type for c in products.columns] == ["text", "text", "money", "integer"]
    assert sales.keys == ()
    assert sales.repeated == 15
    assert ("ID Magasin",) in stores.keys
    assert sales.malformed == {1185: 3}
    assert {(r.table, r.column, r.target, r.target_column) for r in samples.references} == {
        ("ventes", "ID Référence produit", "produits", "ID Référence produit"),
        ("ventes", "ID Magasin", "magasins", "ID Magasin"),
    }
    (period,) = sales.periods
    assert (period.first, period.last, period.days) == ("2025-04-01", "2025-06-30", 91)
    assert period.missing == ("2025-05-01", "2025-06-09")


def test_the_samples_are_told_in_sentences(samples: Profile) -> None:
    told = sentences(samples)
    assert "No column or set of columns identifies a record of ventes: 15 records are" in told
    assert "91 days, 2 of them without a record (2025-05-01, 2025-06-09)" in told
    assert "unknown are REF099" in told
    assert "Date holds dates, but for 1 cell: '2025-06-31'." in told


def test_figures_are_those_of_the_cells(samples: Profile) -> None:
    price = samples.tables[1].column("Prix").measures
    assert (price.minimum, price.maximum, price.distinct) == (5.9, 129.0, 12)
    assert price.quartiles[1] == pytest.approx(15.65)
    assert sum(count for _, count in price.histogram) == 12
    quantity = samples.tables[0].column("Quantité").measures
    assert dict(quantity.histogram)["1"] == 1130
    assert samples.tables[0].column("ID Référence produit").measures.patterns == (("AAA999", 2024),)


def test_the_page_needs_nothing_else(samples: Profile) -> None:
    text = profile_page(samples).decode()
    assert text.count("<svg") >= 8
    assert "ID Référence produit" in text
    assert not re.search(r"""(src|href)=["']?(https?:|//)|@import|url\(""", text)
    assert "light-dark(" in text


def test_labels_cannot_inject_html(tmp_path: Path) -> None:
    found = look_at(tmp_path, t="<b>x,a\n<script>alert(1)</script>,1\n<i>,2\n")
    assert b"<script>alert" not in profile_page(found)
    assert b"<b>x" not in profile_page(found)


@pytest.mark.parametrize(
    ("text", "delimiter", "width"),
    [
        ("a;b;c\n1;12,50;x\n2;13,75;y\n", ";", 3),
        ("a,b\n1,x;y;z\n2,x;y\n", ",", 2),
        ("a\tb\n1,5\t2\n1,6\t3\n", "\t", 2),
        ("a|b|c\n1|2|3\n", "|", 3),
        ("amount\n12,50\n13,75\n", ";", 1),
        ("comment\nyes, maybe\nno\n", ";", 1),
        ('a,b\n"x;y;z","1\n2"\n', ",", 2),
        ("x\n1\n", ";", 1),
    ],
)
def test_the_delimiter_is_the_one_that_makes_a_table(
    tmp_path: Path, text: str, delimiter: str, width: int
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    found = find_dialect(path, LIMITS)
    assert (found.delimiter, len(found.header), found.has_header) == (delimiter, width, True)


def test_what_no_delimiter_explains_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,50\n2,75\n", encoding="utf-8")
    with pytest.raises(DeliveryError, match="two columns or one with a decimal comma"):
        find_dialect(path, LIMITS)
    path.write_text("a,b;c\n1,2;3\n", encoding="utf-8")
    with pytest.raises(DeliveryError, match="both make a table of 2 columns"):
        find_dialect(path, LIMITS)


def test_titles_above_the_header_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Export du 3 mai\n\ndate;montant\n2025-01-01;3,5\n", encoding="utf-8")
    found = find_dialect(path, LIMITS)
    assert (found.skip, found.header) == (2, ("date", "montant"))


def test_a_missing_header_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("2025-01-01;x;3\n2025-01-02;y;4\n", encoding="utf-8")
    found = find_dialect(path, LIMITS)
    assert not found.has_header
    assert found.header == ("column 1", "column 2", "column 3")
    assert "it has no header" in found.remarks[0]
    path.write_text("name;city\nAnn;Paris\n", encoding="utf-8")
    assert "nothing in it tells" in find_dialect(path, LIMITS).remarks[0]


@pytest.mark.parametrize(
    ("label", "cells", "kind", "formats"),
    [
        ("Betrag", "1.234,56 12,00 7,5", "money", ["1.234,56"]),
        ("Amount", "$1,234.56 $12.00", "money", ["1,234.56"]),
        ("Poids", "1,5 2,25", "real", ["1234,56"]),
        ("x", "1,234 2,345", "real", ["1234,56", "1,234.56"]),
        ("x", "0.125 0.250", "real", ["1234.56"]),
        ("id", "1 2 3", "integer", []),
        ("id", "001 002", "text", []),
        ("zip", "75001 69002", "text", []),
        ("d", "27/05/2025 01/06/2025", "date", ["%d/%m/%Y"]),
        ("d", "05/27/2025 06/01/2025", "date", ["%m/%d/%Y"]),
        ("d", "06/01/2025 01/02/2025", "date", ["%d/%m/%Y", "%m/%d/%Y"]),
        ("d", "06.01.2025 01.02.2025", "date", ["%d.%m.%Y"]),
        ("d", "06/06/2025 05/05/2025", "date", ["%d/%m/%Y"]),
        ("d", "27-Mar-2025 01-Feb-2025", "date", ["%d-%b-%Y"]),
        ("date", "20250527 20250601", "date", ["%Y%m%d"]),
        ("d", "2025-05-27T10:00:00Z", "datetime", ["%Y-%m-%dT%H:%M:%SZ"]),
        ("actif", "oui non Oui", "boolean", []),
        ("pays", "NA FR DE", "text", []),
        ("n", "1 2 N/A", "integer", []),
    ],
)
def test_cells_tell_the_type(label: str, cells: str, kind: str, formats: list[str]) -> None:
    guess = infer(label, dict.fromkeys(cells.split(), 1))
    assert (guess.type, list(guess.formats)) == (kind, formats)


def test_na_is_a_word_among_words_and_a_gap_among_numbers() -> None:
    assert infer("pays", {"NA": 3, "FR": 9}).nulls == ()
    assert infer("n", {"NA": 3, "4": 9}).nulls == ("NA",)


def test_a_few_bad_cells_do_not_change_the_type() -> None:
    cells = {"2025-05-27": 500, "2025-06-31": 1}
    guess = infer("d", cells)
    assert (guess.type, guess.bad, guess.examples) == ("date", 1, ("2025-06-31",))
    assert infer("d", {"2025-05-27": 5, "soon": 1}).type == "text"


def test_one_column_settles_another() -> None:
    settled = settle(
        {
            "ordered": Guess("date", ("%d/%m/%Y", "%m/%d/%Y")),
            "shipped": Guess("date", ("%m/%d/%Y",)),
            "price": Guess("money", ("1,234.56",)),
            "units": Guess("real", ("1,234.56", "1234,56")),
        },
        {"units": {"1,234": 1, "12": 3}},
    )
    assert settled["units"].type == "integer"
    assert settled["ordered"].formats == ("%m/%d/%Y",)
    assert settled["units"].formats == ("1,234.56",)


def test_oddities_are_told(tmp_path: Path) -> None:
    lines = [f"{n},{'Paris' if n % 2 else 'paris '},{n % 40},x" for n in range(1, 200)]
    found = look_at(tmp_path, t="\n".join(["id,city,n,k", *lines, "200,Lyon,9000,x"]))
    told = sentences(found)
    assert "city spells some values in several ways: Paris / paris" in told
    assert "n has 1 value far from the others: 9,000" in told
    assert "k has the same value in every record: x." in told
    assert "A record is identified by id." in told


def test_a_composite_key_is_found(tmp_path: Path) -> None:
    lines = [f"{n // 3},{n % 3},{n % 2}" for n in range(30)]
    found = look_at(tmp_path, t="\n".join(["order,line,n", *lines]))
    assert found.tables[0].keys == (("order", "line"),)


def test_small_numbers_do_not_refer_to_every_file(tmp_path: Path) -> None:
    found = look_at(
        tmp_path,
        stores="store_id,city\n1,Paris\n2,Lyon\n3,Nice\n",
        sales="day,quantity,store_id\n2025-01-01,1,3\n2025-01-02,2,1\n2025-01-03,3,2\n",
    )
    assert [(r.table, r.column) for r in found.references] == [("sales", "store_id")]


def test_an_uncertain_column_has_no_figures(tmp_path: Path) -> None:
    found = look_at(tmp_path, t="id,d\n1,06/01/2025\n2,01/02/2025\n")
    assert "cannot be read with certainty" in sentences(found)
    assert found.tables[0].periods == ()
    assert found.tables[0].column("d").measures.quartiles == ()


@pytest.mark.parametrize(
    "text", ["a,b\n", "a\n", "a,b\n1,2", "a;b\n;\n;\n", "\n\na,b\n1,2\n", "é\n"]
)
def test_small_files_have_a_profile(tmp_path: Path, text: str) -> None:
    found = look_at(tmp_path, t=text)
    json.dumps(as_dict(found))
    profile_page(found)


def test_the_verb_profiles_the_projects_sources(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    lines = [f"{name}={value}\n" for name, value in shop.environment.items()]
    (tmp_path / ".env").write_text("".join(lines), encoding="utf-8")
    done = CliRunner().invoke(cli, ["--project", str(tmp_path), "profile"], standalone_mode=False)
    assert done.return_value == 0, done.exception
    assert "sales: 5 records, 4 columns; comma, UTF-8" in done.output
    assert "declared" in done.output
    assert (tmp_path / "results" / "profile.html").stat().st_size > 5_000


def test_the_verb_needs_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clients.csv").write_text("id;nom\n1;Ann\n2;Bob\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["profile", "clients.csv", "--json"], standalone_mode=False)
    content = json.loads(done.output)
    assert content["tables"][0]["keys"] == [["id"], ["nom"]]
    assert (tmp_path / "results" / "profile.html").exists()
