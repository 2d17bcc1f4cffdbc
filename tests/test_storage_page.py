"""The storage's page, asked over HTTP of a process like the container's."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.shop import REPOSITORY, Shop
from tests.stack import free_port, wait_for

SAMPLES = {"products": "produits", "stores": "magasins", "sales": "ventes"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Served:
    """A shop and the port that its page is on."""

    shop: Shop
    port: int

    def get(self, path: str) -> Answer:
        """The answer to exactly this path; redirects are not followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        found = Answer(answer.status, headers, answer.read())
        connection.close()
        return found

    def rows(self, name: str) -> list[dict[str, Any]]:
        """A table or ready query as JSON, in its order."""
        answer = self.get(f"/sales/{name}.json?_shape=array&_size=max")
        assert answer.status == 200, answer.text
        return [{k: v for k, v in row.items() if k != "rowid"} for row in json.loads(answer.body)]


@contextmanager
def serve(shop: Shop) -> Iterator[Served]:
    """The page of a shop, as `python -m app.serving.storage` serves it."""
    served = Served(shop, free_port())
    own = {"COMPTOIR_PORT": str(served.port), "PYTHONPATH": str(REPOSITORY), **shop.environment}
    with (
        (shop.root / "log").open("w+") as log,
        subprocess.Popen(
            [sys.executable, "-m", "app.serving.storage"],
            cwd=shop.root,
            env={name: os.environ[name] for name in ("PATH",)} | own,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):

        def state() -> str:
            try:
                return f"serves {served.get('/-/versions.json').status}"
            except OSError:
                return (shop.root / "log").read_text(encoding="utf-8")

        try:
            wait_for(state, "serves 200")
            yield served
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The samples after a run; tests leave them as they were."""
    shop = Shop(tmp_path_factory.mktemp("page") / "shop")
    for source, name in SAMPLES.items():
        shop.write_bytes(source, (REPOSITORY / "samples" / f"{name}.csv").read_bytes())
    shop.run()
    with serve(shop) as running:
        yield running


def analyses(shop: Shop) -> list[str]:
    return [name for (name,) in shop.query("select name from _results where kind = 'analysis'")]


def section(page: str, heading: str) -> str:
    """The part of the database's page below a heading."""
    found = re.search(rf'<h2 id="{heading}">.*?</section>', page, re.DOTALL)
    assert found, heading
    return found[0]


# Where it opens -------------------------------------------------------------------------------


def test_it_opens_on_the_results_in_the_order_of_the_report(served: Served) -> None:
    home = served.get("/")
    assert (home.status, home.headers["location"]) == (302, "/sales")
    page = served.get("/sales").text
    results = section(page, "results")
    assert page.index('id="results"') < page.index('id="data"')
    report = (served.shop.places.results / "report.html").read_text(encoding="utf-8")
    pages = re.findall(r'<a href="#page-\d+">(.*?)</a>', report)
    assert re.findall(r"<h3>(.*?)</h3>", results) == pages
    shown = re.findall(r'<a href="/sales/(\w+)">', results)
    told = re.findall(r'download="(\w+)\.csv"', report)
    assert sorted(shown) == sorted(told) == sorted(analyses(served.shop))
    shown.remove("key_figures")  # the report begins with it, as tiles
    told.remove("key_figures")
    assert shown == told
    assert "Which cities sell most, in units and in revenue?" in results
    assert '<a href="/report/">' in results


def test_an_error_leads_back_to_the_results(served: Served) -> None:
    for path in ("/nope", "/sales/nope"):
        error = served.get(path)
        assert error.status == 404
        assert '<a href="/">home</a>' in error.text
        assert '<html lang="en">' in error.text


def test_it_opens_before_the_first_run_and_shows_each_run_by_itself(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    with serve(shop) as served:
        home = served.get("/")
        assert home.status == 200
        assert "There is no database yet." in home.text
        assert "/report/" not in home.text
        missing = served.get("/report/")
        assert (missing.status, "No report yet" in missing.text) == (404, True)

        blocking = shop.root / "sql" / "checks" / "any_store.sql"
        blocking.write_text("-- title: There is a store\nselect city from stores\n")
        shop.run()
        assert served.get("/").headers["location"] == "/sales"
        assert "No run has published results yet." in served.get("/sales").text

        blocking.unlink()
        run = shop.run()
        page = served.get("/sales").text
        assert f"Of run {run.run_id}." in page
        assert served.get("/report/").status == 200
        assert "of another database" not in page
        manifest = shop.places.results / "manifest.json"
        manifest.write_text(manifest.read_text().replace(f'"run_id": {run.run_id}', '"run_id": 9'))
        assert "which is of run 9, perhaps of another database" in served.get("/sales").text


# What it says of tables -----------------------------------------------------------------------


def test_a_result_is_sorted_as_its_select_says(served: Served) -> None:
    assert "sorted by revenue descending" in served.get("/sales/sales_by_city").text
    assert "sorted by date" in served.get("/sales/sales_by_day").text
    assert "sorted by run_id descending" in served.get("/sales/_runs").text
    for name in analyses(served.shop):
        stored = served.shop.query(f'select * from "{name}" order by rowid')
        assert [tuple(row.values()) for row in served.rows(name)] == stored, name


def test_a_select_that_is_being_edited_never_takes_its_result_off_the_page(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    file = shop.root / "sql" / "analyses" / "towns.sql"
    file.write_text("select store_id from stores order by store_id desc")
    shop.run()
    with serve(shop) as served:
        assert "sorted by store_id descending" in served.get("/sales/towns").text
        file.write_text("-- title: Towns\nselect city as town from stores order by town")
        page = served.get("/sales/towns")
        assert (page.status, "<h1>Towns</h1>" in page.text) == (200, True)
        assert [row["store_id"] for row in served.rows("towns")] == [3, 2, 1]
        assert [row["town"] for row in served.rows("ask_towns")] == ["Lyon", "Lyon", "Paris"]
        shop.run()
        assert "sorted by town" in served.get("/sales/towns").text


def test_figures_have_their_units_on_the_page_and_are_plain_in_json(served: Served) -> None:
    page = served.get("/sales/sales_by_city").text
    first = served.rows("sales_by_city")[0]
    assert first["city"] == "Paris"
    assert first["revenue"] == pytest.approx(19167.27)
    assert re.search(r">19,167\.27 €</td>", page)
    assert re.search(r">28\.9 %</td>", page)
    assert "(in euros)</dd>" in page
    assert "Share of revenue (a share of 1, shown in percent)</dd>" in page
    assert re.search(r"Current price of one unit \(in cents\)", served.get("/sales/products").text)
    assert re.search(r">Monday</td>", served.get("/sales/sales_by_weekday").text)


def test_system_tables_are_hidden_and_still_there(served: Served) -> None:
    page = served.get("/sales").text
    names = {
        name for (name,) in served.shop.query("select name from sqlite_schema where type = 'table'")
    }
    system = {name for name in names if name.startswith("_")}
    assert {"_runs", "_rejects", "_changes"} <= system
    listed = set(re.findall(r'<a href="/sales/(\w+)">', page))
    assert not {name for name in listed if name.startswith("_")}
    assert "/sales/_runs" in section(served.get("/sales?_show_hidden=1").text, "system")
    for name in system:
        assert served.get(f"/sales/{name}").status == 200, name


def test_every_analysis_is_a_ready_query_that_can_be_edited(served: Served) -> None:
    page = served.get("/sales").text
    for name in analyses(served.shop):
        assert f'href="/sales/ask_{name}"' in page
        assert served.rows(f"ask_{name}") == served.rows(name), name
    query = served.get("/sales/ask_sales_by_city").text
    assert "<h1" in query
    assert "Sales by city" in query
    assert "Which cities sell most, in units and in revenue?" in query
    assert "order by revenue_cents desc, city" in query
    edit = re.search(r'href="(/sales\?[^"]*)" class="canned-query-edit-sql"', query)
    assert edit
    assert '<textarea id="sql-editor" name="sql"' in served.get(edit[1]).text


# The report -----------------------------------------------------------------------------------


def test_the_report_and_its_files_are_served_as_what_they_are(served: Served) -> None:
    results = served.shop.places.results
    there = served.get("/report")
    assert (there.status, there.headers["location"]) == (302, "/report/")
    report = served.get("/report/")
    assert (report.status, report.body) == (200, (results / "report.html").read_bytes())
    manifest = json.loads((results / "manifest.json").read_bytes())
    types = {"html": "text/html", "csv": "text/csv", "md": "text/markdown"}
    for name in manifest["files"]:
        answer = served.get(f"/report/{name}")
        assert answer.body == (results / name).read_bytes(), name
        wanted = f"{types[name.rpartition('.')[2]]}; charset=utf-8"
        assert answer.headers["content-type"] == wanted
    for link in re.findall(r'href="([^"#]+)"', report.text):
        assert link.startswith("data:") or served.get(f"/report/{link}").status == 200, link
    assert '<li><a href="/report/">Report</a></li>' in served.get("/sales/sales_by_city").text


@pytest.mark.parametrize(
    "path",
    [
        "manifest.json",
        "mine.txt",
        "linked.csv",
        "folder/inner.csv",
        "../comptoir.toml",
        "..%2fcomptoir.toml",
        "%2e%2e%2fcomptoir.toml",
        "..",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "sales_by_city%2ecsv%00",
    ],
)
def test_nothing_is_served_but_what_the_manifest_names(served: Served, path: str) -> None:
    results = served.shop.places.results
    (results / "mine.txt").write_text("private")
    (results / "folder").mkdir(exist_ok=True)
    (results / "folder" / "inner.csv").write_text("private")
    if not (results / "linked.csv").is_symlink():
        (results / "linked.csv").symlink_to(served.shop.root / "comptoir.toml")
    manifest = results / "manifest.json"
    before = manifest.read_bytes()
    content = json.loads(before)
    # even a manifest that somebody has altered leads nowhere else
    content["files"] |= dict.fromkeys(["linked.csv", "../comptoir.toml", "folder/inner.csv"], "")
    content["files"] |= dict.fromkeys(["/etc/passwd", "..", "..%2fcomptoir.toml"], "")
    manifest.write_text(json.dumps(content))
    answer = served.get(f"/report/{path}")
    manifest.write_bytes(before)
    assert answer.status == 404
    assert b"[sources" not in answer.body
    assert b"private" not in answer.body
    assert b"root:" not in answer.body


# What a browser may do ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/sales", "/sales/_runs", "/sales.json", "/-/static/app.css", "/nope", "/report/"]
)
def test_every_answer_forbids_what_is_elsewhere(served: Served, path: str) -> None:
    headers = served.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert not re.search(r"https?:|\*", policy)
    assert ("script-src" in policy) == (path != "/report/")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
