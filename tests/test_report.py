"""The result files: what they say, when they are written, and that they say it safely."""

from __future__ import annotations

import base64
import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.errors import ProjectError
from app.report.rendering import Renderer
from app.report.texts import FRENCH, Texts
from tests.shop import PRODUCTS, REPOSITORY, SALES, Shop

NAME = 'name = "Comptoir"\n'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def report(shop: Shop) -> str:
    return (shop.places.results / "report.html").read_text(encoding="utf-8")


def words(html: str) -> str:
    """The text of a page, each run of spaces as one."""
    pieces: list[str] = []
    parser = HTMLParser()
    parser.handle_data = pieces.append  # type: ignore[method-assign]
    parser.feed(re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
    return " ".join("".join(pieces).split())


def many_days(first_month: str, months: int, quantity: int = 1) -> list[tuple[str, ...]]:
    year, month = map(int, first_month.split("-"))
    lines = []
    for at in range(months):
        stamp = f"{year + (month - 1 + at) // 12}-{(month - 1 + at) % 12 + 1:02}"
        lines += [(f"{stamp}-{day:02}", "P1", str(quantity), "1") for day in range(1, 29)]
    return lines


# --- when files are written


def test_files_are_written_once_and_again_when_stale(shop: Shop) -> None:
    assert shop.run().files_written
    path = shop.places.results / "report.html"
    first = path.read_bytes()
    assert not shop.run().files_written
    path.write_bytes(b"changed by hand")
    assert shop.run().files_written
    assert path.read_bytes() == first


def test_a_change_of_locale_name_or_goal_writes_the_files_again(shop: Shop) -> None:
    shop.run()
    shop.edit_project(NAME, NAME + 'locale = "fr"\n')
    assert shop.run().files_written
    assert (shop.places.results / "sales_by_city.excel.csv").exists()
    shop.edit_project(NAME, NAME + "goals = { revenue = 100 }\n")
    assert shop.run().files_written
    shop.edit_project(NAME, 'name = "Other"\n')
    assert shop.run().files_written
    shop.edit_project('locale = "fr"', 'locale = "en"')
    assert shop.run().files_written
    assert not (shop.places.results / "sales_by_city.excel.csv").exists()


@pytest.mark.usefixtures("real_charts")
def test_the_same_database_gives_the_same_files(
    shop: Shop,
) -> None:
    shop.run()
    first = {path.name: path.read_bytes() for path in shop.places.results.iterdir()}
    for path in shop.places.results.iterdir():
        path.unlink()
    shop.run()
    assert {path.name: path.read_bytes() for path in shop.places.results.iterdir()} == first


# --- what the report says


def test_the_report_says_until_when_from_when_and_of_which_run(shop: Shop) -> None:
    shop.run()
    text = words(report(shop))
    assert "Data until 2025-03-06" in text
    assert re.search(r"newest file fetched \d{4}-\d\d-\d\d \d\d:\d\d UTC", text)
    assert re.search(r"run 1, published \d{4}-\d\d-\d\d \d\d:\d\d UTC", text)


def test_every_analysis_has_its_question_table_data_and_sql(shop: Shop) -> None:
    shop.run()
    html = report(shop)
    for path in (shop.root / "sql" / "analyses").iterdir():
        header = dict(re.findall(r"^-- (title|question): (.+)$", path.read_text("utf-8"), re.M))
        assert header["question"] in words(html)
        link = re.search(
            rf'href="data:text/csv;charset=utf-8;base64,([^"]+)" download="{path.stem}.csv"', html
        )
        assert link, path
        assert base64.b64decode(link[1]) == (shop.places.results / f"{path.stem}.csv").read_bytes()
        assert path.read_text("utf-8").split("\n")[-2].strip() in words(html)


@pytest.mark.usefixtures("real_charts")
def test_nothing_is_loaded_from_elsewhere_and_every_anchor_leads_somewhere(
    shop: Shop,
) -> None:
    shop.run()
    html = report(shop)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'(?:href|src)="([^"]+)"', html):
        assert target.startswith(("#", "data:")), target
        assert not target.startswith("#") or target[1:] in ids
    assert "<script" not in html
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]+"|http-equiv', "", html)


def test_what_is_wrong_is_counted_on_top_and_told_below(shop: Shop) -> None:
    shop.run()
    shop.write(
        "sales", [*SALES[1:], ("2025-03-09", "P9", "1", "1"), ("2025-02-30", "P1", "1", "1")]
    )
    shop.write("stores", [("1", "Paris", "4"), ("2", "Lyon", "3"), ("3", "Nulle-Part", "1")])
    shop.file("products").unlink()
    assert shop.run().exit_code == 3
    text = words(report(shop))
    for said in ("Rejected lines: 2", "Withdrawn rows: 1", "Stale sources: 1", "Checks failed: 1"):
        assert said in text
    assert "'P9' is not in products" in text or "P9" in text
    assert "2025-02-30" in text
    assert "not fetched" in text
    assert "date 2025-03-03, product_id P1" in text
    assert "Nulle-Part" in text


def test_a_blocked_publication_is_said_in_large(shop: Shop) -> None:
    shop.run()
    check = shop.root / "sql" / "checks" / "nothing_sold.sql"
    check.write_text("-- title: Nothing is sold\nselect date from sales", encoding="utf-8")
    assert shop.run().exit_code == 1
    text = words(report(shop))
    assert "These are not the latest data: a check blocked publication (Nothing is sold)." in text
    assert "failed: 5 rows" in text


@pytest.mark.usefixtures("real_charts")
def test_names_cannot_become_part_of_the_page(shop: Shop) -> None:
    name = "<script>alert(1)</script> & <b>gras</b>"
    shop.write("products", [(name, "P1", "10.00", "50"), *PRODUCTS[1:]])
    shop.edit_project(NAME, 'name = "<i>Shop</i>"\n')
    shop.run()
    html = report(shop)
    assert "<script" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert name in words(html)


def test_long_tables_are_folded_and_very_long_ones_are_cut(shop: Shop) -> None:
    shop.write("sales", many_days("2023-01", 20))
    shop.run()
    html = report(shop)
    days = (
        len(list(csv.reader(io.StringIO((shop.places.results / "sales_by_day.csv").read_text()))))
        - 1
    )
    assert f"Table: {days} rows" in words(html)
    assert f"{days - 500} more rows in sales_by_day.csv" in words(html)
    assert 'href="sales_by_day.csv"' in html


# --- tiles


def tile(shop: Shop, label: str) -> str:
    html = report(shop)
    (found,) = re.findall(rf"<h3>{label}</h3>(.*?)</li>", html, re.DOTALL)
    return words(found)


def test_tiles_compare_with_the_period_before_and_a_year_before(shop: Shop) -> None:
    lines = many_days("2023-12", 13)
    doubled = [(d, p, "2" if d >= "2024-12" else q, s) for d, p, q, s in lines]
    shop.write("sales", doubled)
    shop.run()
    revenue = tile(shop, "Revenue")
    assert revenue.startswith("560.00 €")
    assert "28 days before ▲up 115.4 % before: 260.00 €" in revenue
    assert "A year before ▲up 100.0 % before: 280.00 €" in revenue
    assert "28 days before the same" in tile(shop, "Best city")


def test_tiles_give_no_percentage_for_what_is_absent_or_not_complete(shop: Shop) -> None:
    shop.write("sales", many_days("2025-03", 1))
    shop.run()
    text = words(report(shop))
    assert "28 days before: no data, not compared." in text
    assert "A year before: no data, not compared." in text
    assert "%" not in tile(shop, "Revenue")
    shop.write("sales", many_days("2025-03", 1) + many_days("2025-04", 1)[:10])
    shop.run()
    assert "28 days before: not complete (days in the data: 13), not compared." in words(
        report(shop)
    )


def test_a_short_period_is_compared_with_nothing_not_even_a_goal(shop: Shop) -> None:
    shop.edit_project(NAME, NAME + "goals = { revenue = 100 }\n")
    shop.run()
    assert "This period is not complete (days in the data: 4): nothing is compared." in words(
        report(shop)
    )
    assert "Goal 100.00 € period not complete, not compared" in tile(shop, "Revenue")


def test_a_goal_is_reached_to_a_percentage(shop: Shop) -> None:
    shop.edit_project(NAME, NAME + "goals = { revenue = 400, units = 7 }\n")
    shop.write("sales", many_days("2025-03", 1))
    shop.run()
    assert "Goal 400.00 € 70.0 % reached" in tile(shop, "Revenue")
    assert "Goal 7 400.0 % reached" in tile(shop, "Units")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("goals = { revenu = 100 }", "did you mean revenue?"),
        ("goals = { revenue = 0 }", "expected a number greater than 0"),
        ("goals = { revenue = true }", "expected a number greater than 0"),
        ('goals = "many"', "expected a table"),
        ('locale = "de"', "expected a language (one of en, fr)"),
        ("locale = 3", "expected a text in quotes"),
    ],
)
def test_a_wrong_goal_or_locale_is_refused(shop: Shop, line: str, says: str) -> None:
    shop.edit_project(NAME, NAME + line + "\n")
    with pytest.raises(ProjectError) as error:
        shop.run()
    assert says in str(error.value)
    assert not shop.places.database.exists()


@pytest.mark.usefixtures("real_charts")
def test_no_sales_at_all_make_a_report_too(shop: Shop) -> None:
    shop.write("sales", [])
    shop.run()
    text = words(report(shop))
    assert "no data yet" in text
    assert "There is nothing to show yet." in text
    assert tile(shop, "Revenue") == "0.00 €"


# --- in French


@pytest.fixture
def boutique(shop: Shop) -> Shop:
    shop.edit_project(NAME, NAME + 'locale = "fr"\n')
    shop.run()
    return shop


def test_the_report_is_french_throughout(boutique: Shop) -> None:
    html = report(boutique)
    assert '<html lang="fr">' in html
    text = words(html)
    for said in ("Données jusqu’au 06/03/2025", "Ventes par ville", "79,99 €", "Vue d’ensemble"):
        assert said in text, said
    shown = re.sub(r"<pre.*?</pre>", "", html, flags=re.DOTALL)
    for english in ("Revenue", "Sales by", "Monday", "rows", "Checks", "Which", "2025-03-06"):
        assert english not in words(shown), english


def test_the_note_is_french_too(boutique: Shop) -> None:
    note = (boutique.places.results / "summary.md").read_text(encoding="utf-8")
    assert note.startswith("# Comptoir\u00a0: résultats")
    assert "| Ville | Région |" in note
    assert "| lundi |" in note


def test_a_french_excel_opens_the_file_beside_the_plain_one(boutique: Shop) -> None:
    folder = boutique.places.results
    content = (folder / "sales_by_day.excel.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[0].startswith("Date;Jour;Complet;Unités;Chiffre d’affaires")
    assert lines[1].startswith("03/03/2025;lundi;oui;5;20,00;2;")
    plain = (folder / "sales_by_day.csv").read_text(encoding="utf-8").split("\n")
    assert plain[1].startswith("2025-03-03,1,1,5,20.00,2,")


def test_a_chart_that_does_not_show_all_says_so_beside_it(shop: Shop) -> None:
    shop.write("products", [(f"Article {n}", f"P{n}", "1.00", "5") for n in range(1, 46)])
    shop.run()
    html = report(shop)
    for name, shown in (("sales_by_product", 20), ("product_by_city", 40)):
        article = html[html.index(f'<article id="{name}"') :]
        figure = article[: article.index("</figure>")]
        assert f"The first {shown} of 45; the table has them all." in figure


def test_texts_are_complete_and_none_is_left_over() -> None:
    code = [
        *(REPOSITORY / "app").rglob("*.py"),
        *(REPOSITORY / "app" / "report" / "templates").iterdir(),
    ]
    sources = {path: path.read_text(encoding="utf-8") for path in code if path.name != "texts.py"}
    together = re.sub(r'"\s*\n\s*"', "", "\n".join(sources.values()))
    said = set(re.findall(r'\bsay\(\s*"([^"]+)"', together))
    assert said <= FRENCH.keys()
    built = {text for text in FRENCH if f'"{text}"' not in together}
    assert built == {
        "The first {shown} of {all}; the table has them all.",
        "The {shown} largest of {all}; the table has them all.",
    }
    for text, french in FRENCH.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", french))
        assert not re.search(" [:;!?%€]", french), french
    assert Texts("fr")("run {run}", run=3) == "exécution 3"
    assert Texts("en")("run {run}", run=3) == "run 3"


@pytest.mark.usefixtures("real_charts")
def test_a_chart_that_cannot_be_drawn_is_missed_with_a_sentence(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Renderer, "svg", lambda *_: None)
    shop.run()
    text = (shop.places.results / "report.html").read_text()
    assert "The chart could not be drawn; the table holds its figures." in text
    assert "<svg" not in text
