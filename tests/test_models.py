"""What a SQL file may be: its header, its place in the order, and the lint."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from app.answers.models import Model, Models, load
from app.answers.portable import transpile
from app.errors import SqlFileError
from app.report.charts import Chart

TABLES = ("sales", "stores", "calendar", "_runs")


@pytest.fixture
def sql(tmp_path: Path) -> Path:
    folder = tmp_path / "sql"
    for below in ("marts", "analyses", "checks"):
        (folder / below).mkdir(parents=True)
    return folder


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.sql"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str, name: str = "analyses/question") -> Model:
    write(folder, name, text)
    models = load(folder, TABLES)
    (model,) = (*models.marts, *models.analyses, *models.checks)
    return model


def refusal(folder: Path, text: str, name: str = "analyses/question") -> SqlFileError:
    write(folder, name, text)
    with pytest.raises(SqlFileError) as caught:
        load(folder, TABLES)
    assert caught.value.where.startswith("sql/")
    assert caught.value.hint
    assert caught.value.exit_code == 2
    return caught.value


def names(models: tuple[Model, ...]) -> list[str]:
    return [model.name for model in models]


# --- headers


def test_a_file_says_everything_about_itself(sql: Path) -> None:
    text = """\
-- title: Sales by city
-- question: Which cities sell most?
-- page: Places
-- title.fr: Ventes par ville
-- page.fr: Lieux
-- order: 7
-- format: revenue=money
-- format: share=percent
-- label: units=Units sold
-- label.fr: units=Unités vendues
-- label.fr: revenue=Chiffre d’affaires
-- chart: bar x=revenue y=city
-- A city is where its stores are.
--
-- It adds up.

select city, 1 as units, 2.5 as revenue, 0.1 as share from stores order by city; -- done
"""
    model = read(sql, text)
    assert model.name == "question"
    assert model.kind == "analysis"
    assert (model.title, model.question, model.page, model.order) == (
        "Sales by city", "Which cities sell most?", "Places", 7,
    )  # fmt: skip
    assert model.sql == (
        "select city, 1 as units, 2.5 as revenue, 0.1 as share from stores order by city"
    )
    assert model.columns == ("city", "units", "revenue", "share")
    assert model.formats == {"revenue": "money", "share": "percent"}
    assert model.chart == Chart("bar", x="revenue", y=("city",))
    assert model.description == "A city is where its stores are.\n\nIt adds up."
    assert model.translations == {"fr": {"title": "Ventes par ville", "page": "Lieux"}}
    assert model.text("title", "fr") == "Ventes par ville"
    assert model.text("question", "fr") == "Which cities sell most?"
    assert model.text("title") == model.text("title", "de") == "Sales by city"
    assert model.label("units", "fr") == "Unités vendues"
    assert model.label("units", "de") == model.label("units") == "Units sold"
    assert model.label("revenue") is None
    assert model.reads == {"stores"}
    assert model.sha256 == hashlib.sha256(model.path.read_bytes()).hexdigest()


def test_labels_share_a_line_and_texts_have_translations(sql: Path) -> None:
    model = read(
        sql,
        "-- label.fr: city=Ville; units=Unités vendues\n-- value.fr: city Unknown=Non connue\n"
        "-- value: city n/a=Unknown\nselect city, 1 as units from stores order by city",
    )
    assert [model.heading(c, "fr") for c in model.columns] == ["Ville", "Unités vendues"]
    assert [model.heading(c) for c in model.columns] == ["City", "Units"]
    assert model.values == {
        "fr": {("city", "Unknown"): "Non connue"},
        "": {("city", "n/a"): "Unknown"},
    }


def test_a_file_need_not_say_anything(sql: Path) -> None:
    model = read(sql, "select count(*) as n from sales", "checks/no_future_sales")
    assert (model.title, model.question, model.page) == ("No future sales", "", "")
    assert (model.order, model.severity, model.materialized) == (1000, "error", False)
    assert (model.formats, model.chart, model.translations, model.labels) == ({}, None, {}, {})


def test_a_mart_can_be_a_table_and_a_check_a_warning(sql: Path) -> None:
    write(sql, "marts/a", "-- as: table\nselect date from sales")
    write(sql, "marts/b", "-- as: view\nselect date from sales")
    write(sql, "checks/c", "-- severity: warn\nselect date from a")
    models = load(sql, TABLES)
    assert [model.materialized for model in models.marts] == [True, False]
    assert [model.severity for model in models.checks] == ["warn"]


def test_comments_inside_the_select_stay_and_colons_in_a_description_do_no_harm(sql: Path) -> None:
    text = "-- See https://example.org and: this\n-- Note: that\n"
    text += "select 1 as n /* one */\norder by n -- end\n;\n"
    model = read(sql, text)
    assert model.sql == "select 1 as n /* one */\norder by n"
    assert model.description.startswith("See https")


def test_windows_files_with_a_byte_order_mark_are_read(sql: Path) -> None:
    path = sql / "analyses" / "question.sql"
    path.write_bytes("\ufeff-- title: Été\r\nselect 1 as n\r\norder by n\r\n".encode())
    model = load(sql, TABLES).analyses[0]
    assert (model.title, model.sql) == ("Été", "select 1 as n\norder by n")


@pytest.mark.parametrize(
    ("header", "what", "hint"),
    [
        ("-- titel: x", "'titel' is not a key", "did you mean title?"),
        ("-- title: x\n-- title: y", "'title' is given twice", "keep one"),
        ("-- title.fr: x\n-- title.fr: y", "'title.fr' is given twice", "keep one"),
        ("-- title:", "'title' cannot be ''", "a text"),
        ("-- order: first", "'order' cannot be 'first'", "a whole number"),
        ("-- order.fr: 1", "'order.fr' is not a key", "two letters"),
        ("-- title.french: x", "'title.french' is not a key", "two letters"),
        ("-- format: n=mony", "the format of n is 'mony'", "did you mean money?"),
        ("-- format: n", "'format' cannot be 'n'", "revenue=money"),
        ("-- format: m=money", "'m', which is not a column", "there is n"),
        ("-- format: n=money n=date", "names 'n' twice", "keep one"),
        ("-- label: m=Number", "'m', which is not a column", "there is n"),
        ("-- label: number", "'label' cannot be 'number'", "units=Units sold"),
        ("-- label: n=Number; n=Count", "names 'n' twice", "keep one"),
        ("-- value.fr: m Unknown=Inconnu", "'m', which is not a column", "there is n"),
        ("-- value.fr: n", "'value.fr' cannot be 'n'", "region Unknown=Inconnue"),
        ("-- severity: warn", "'severity' belongs in checks", "remove"),
        ("-- as: table", "'as' belongs in marts", "remove"),
    ],
)
def test_a_wrong_header_is_refused(sql: Path, header: str, what: str, hint: str) -> None:
    error = refusal(sql, f"{header}\nselect count(*) as n from sales")
    assert what in error.what
    assert hint in error.hint
    assert error.code == "sql-header"
    assert error.where.startswith("sql/analyses/question.sql")


def test_values_of_as_and_severity_are_checked(sql: Path) -> None:
    assert "'as' cannot be 'both'" in refusal(sql, "-- as: both\nselect 1 as n", "marts/a").what
    (sql / "marts" / "a.sql").unlink()
    error = refusal(sql, "-- severity: fatal\nselect 1 as n", "checks/a")
    assert (error.what, error.hint) == ("'severity' cannot be 'fatal'", "it is error or warn")


def test_an_error_names_line_and_column(sql: Path) -> None:
    error = refusal(sql, "-- title: Été\n-- titel: x\nselect 1 as n")
    assert error.where == "sql/analyses/question.sql, line 2, column 1"
    error = refusal(sql, "-- title: Été\nselect\n    round(1.5) as n")
    assert error.where == "sql/analyses/question.sql, line 3, column 5"


# --- files and names


def test_folders_and_files_may_be_missing(tmp_path: Path) -> None:
    assert load(tmp_path / "sql", TABLES) == Models((), (), ())


def test_files_that_editors_hide_are_passed_over(sql: Path) -> None:
    write(sql, "analyses/.#question", "not sql")
    assert load(sql, TABLES).analyses == ()


@pytest.mark.parametrize("name", ["SalesByCity", "sales-by-city", "2023", "_sales", "été"])
def test_a_file_name_that_is_no_table_name_is_refused(sql: Path, name: str) -> None:
    error = refusal(sql, "select 1 as n", f"analyses/{name}")
    assert error.what == f"'{name}' cannot be the name of a table"
    assert "sales_by_city.sql" in error.hint


def test_a_name_belongs_to_one_file_and_to_no_table(sql: Path) -> None:
    error = refusal(sql, "select 1 as n", "marts/sales")
    assert error.what == "its name is that of the table sales"
    (sql / "marts" / "sales.sql").unlink()
    write(sql, "marts/twice", "select 1 as n")
    error = refusal(sql, "select 1 as n", "checks/twice")
    assert error.where == "sql/marts/twice.sql"
    assert error.what == "its name is that of sql/checks/twice.sql"


@pytest.mark.parametrize("name", ["question", "analyses/more/question", "analysis/question"])
def test_a_file_in_a_folder_that_is_not_read_is_refused(sql: Path, name: str) -> None:
    (sql / name).parent.mkdir(exist_ok=True)
    error = refusal(sql, "select 1 as n", name)
    assert error.what == "this folder is not read"
    assert error.hint == "use marts, analyses, checks"


def test_other_encodings_are_refused(sql: Path) -> None:
    (sql / "analyses" / "question.sql").write_bytes("select 'é' as n".encode("latin-1"))
    with pytest.raises(SqlFileError, match="byte 8 is not UTF-8"):
        load(sql, TABLES)


# --- one select


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "there is no select"),
        ("-- title: Nothing\n;", "there is no select"),
        ("select 1 as n; select 2 as n", "more than one statement"),
        ("select 1 as n; drop table sales", "more than one statement"),
        ("insert into sales values (1)", "'insert' does not begin a select"),
        ("delete from sales", "'delete' does not begin a select"),
        ("create table x as select 1 as n", "'create' does not begin a select"),
        ("pragma user_version", "'pragma' does not begin a select"),
        ("values (1)", "'values' does not begin a select"),
        ("with a as (select 1) insert into sales select * from a", "this changes data"),
        ("with a as (select 1) delete from sales", "this changes data"),
        ("select a b c from sales", "not SQL near 'c'"),
        ("select n from (", "not SQL near '('"),
        ("select 'n from sales", "not SQL: Missing '"),
    ],
)
def test_a_file_is_one_select(sql: Path, text: str, what: str) -> None:
    error = refusal(sql, text)
    assert what in error.what
    assert error.code == "sql-syntax"


def test_a_syntax_error_names_line_and_column(sql: Path) -> None:
    error = refusal(sql, "-- title: x\nselect\n  a b c\nfrom sales")
    assert error.where == "sql/analyses/question.sql, line 3, column 7"
    assert "Token" not in refusal(sql, "select n from (").what


# --- what reads what


def test_what_others_read_comes_first_then_order_then_name(sql: Path) -> None:
    write(sql, "marts/a", "select n from c")
    write(sql, "marts/b", "-- order: 2\nselect count(*) as n from sales")
    write(sql, "marts/c", "-- order: 9\nselect count(*) as n from sales")
    write(sql, "marts/d", "-- order: 1\nselect count(*) as n from sales")
    write(sql, "analyses/x", "select n from y order by n")
    write(sql, "analyses/y", "select a.n from a cross join sales order by a.n")
    write(sql, "analyses/z", "-- order: 1\nselect 1 as n order by n")
    write(sql, "checks/k", "select y.n from y cross join d cross join _runs")
    models = load(sql, TABLES)
    assert names(models.marts) == ["d", "b", "c", "a"]
    assert names(models.analyses) == ["z", "y", "x"]
    assert models.analyses[1].reads == {"a", "sales"}
    assert models.checks[0].reads == {"y", "d", "_runs"}


def test_names_of_with_clauses_are_not_tables_and_case_does_not_matter(sql: Path) -> None:
    text = """
with recursive days (date) as (select date from Calendar union all select date from days),
    found as (select date from DAYS where date in (select date from SALES))
select f.date from found as f order by f.date"""
    assert read(sql, text).reads == {"calendar", "sales"}


def test_tables_in_subqueries_and_unions_are_read(sql: Path) -> None:
    text = """
select date, (select max(city) from stores) as city from sales
union all
select date, 'x' as city from calendar
order by date"""
    assert read(sql, text).reads == {"sales", "stores", "calendar"}


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("select city from store order by city", "no table 'store'", "did you mean stores?"),
        ("select x from nowhere order by x", "no table 'nowhere'", "there is "),
        ("select date from main.sales order by date", "'main.sales'", "write sales alone"),
        (
            "with sales as (select 1 as n) select n from sales order by n",
            "hides the table 'sales'",
            "a name of its own",
        ),
    ],
)
def test_an_unknown_table_is_refused_with_the_nearest(
    sql: Path, text: str, what: str, hint: str
) -> None:
    error = refusal(sql, text)
    assert what in error.what
    assert hint in error.hint
    assert error.code == "sql-table"
    assert ", line 1, column " in error.where


def test_marts_do_not_read_analyses_and_nobody_reads_checks(sql: Path) -> None:
    write(sql, "analyses/total", "select count(*) as n from sales")
    error = refusal(sql, "select n from total", "marts/early")
    assert error.hint == "a mart cannot read sql/analyses/total.sql"
    (sql / "marts" / "early.sql").unlink()
    write(sql, "checks/one", "select n from total")
    error = refusal(sql, "select n from one", "checks/other")
    assert error.hint == "a check cannot read sql/checks/one.sql"


def test_a_circle_names_its_files(sql: Path) -> None:
    write(sql, "analyses/before", "select n from a order by n")
    write(sql, "analyses/a", "select n from b order by n")
    write(sql, "analyses/b", "select n from c order by n")
    error = refusal(sql, "select n from a order by n", "analyses/c")
    assert error.what == (
        "reads itself: sql/analyses/a.sql reads sql/analyses/b.sql"
        " reads sql/analyses/c.sql reads sql/analyses/a.sql"
    )
    assert error.code == "sql-cycle"


def test_a_file_that_reads_itself_is_a_circle(sql: Path) -> None:
    error = refusal(sql, "select n from question order by n")
    assert error.code == "sql-cycle"


# --- the lint


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("date('now')", "ISO text"),
        ("date(date, '+1 day')", "calendar"),
        ("datetime(date)", "ISO text"),
        ("julianday(date)", "calendar"),
        ("strftime('%Y', date)", "calendar"),
        ("current_date", "period"),
        ("CURRENT_TIMESTAMP", "period"),
        ("round(1.234, 2)", "-- format: revenue=money"),
        ("printf('%.2f', 1.5)", "-- format: revenue=money"),
        ("total(quantity)", "coalesce(sum"),
        ("group_concat(date)", "one row per value"),
        ("date like '2023%'", "substr"),
        ("date not like '2023%'", "substr"),
        ("date glob '2023*'", "substr"),
        ("upper(date)", "as it is stored"),
        ("lower(date)", "as it is stored"),
        ("date collate nocase", "as it is stored"),
        ("random()", "same answer"),
        ("rowid", "key"),
        ("sales.rowid", "key"),
        ("ifnull(date, '')", "coalesce"),
        ("iif(1 = 1, 'a', 'b')", "case when"),
        ("instr(date, '-')", "substr"),
        ("typeof(date)", "nothing like it"),
        ("total_changes()", "nothing like it"),
        ("coalesc(date, '')", "did you mean coalesce?"),
        ("json_extract(date, '$')", "there is "),
        ("left(date, 4)", "did you mean"),
        ("quantity / 2", "100.0"),
        ("sum(quantity) / count(*)", "cast(… as double precision)"),
        ("min(quantity, 2)", "case when"),
        ("cast(quantity as integer)", "double precision or to text"),
        ("cast(quantity as decimal(10, 2))", ""),
    ],
)
def test_what_engines_do_differently_is_refused(sql: Path, expression: str, hint: str) -> None:
    for kind in ("marts", "analyses", "checks"):
        path = sql / kind / "question.sql"
        error = refusal(
            sql, f"select\n  {expression} as n\nfrom sales\norder by 1", f"{kind}/question"
        )
        assert error.code == "sql-lint"
        assert hint in error.hint
        assert error.where.startswith(f"sql/{kind}/question.sql, line 2, column ")
        path.unlink()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("select * from sales order by date", "`*` is a star"),
        ("select sales.* from sales order by date", "is a star"),
        ("select date, quantity + 1 from sales order by date", "has no name"),
        ("select date, date from sales order by date", "has the name of another"),
        ("select date from sales", "the rows have no order"),
        ("select date from sales union select date from calendar", "the rows have no order"),
        ("select city, count(*) as n from stores group by city", "the rows have no order"),
        ("select count(*) over () as n from stores", "the rows have no order"),
        ("select (select count(*) from stores) as n from sales", "the rows have no order"),
        ("select date from (select date from sales limit 3) order by date", "without an order by"),
        ("select city, count(*) as n from stores order by city", "`city` is neither"),
        ("select city, max(date) as d from stores group by date order by city", "`city` is"),
        ("select a.x, sum(b.x) as n from a group by b.x order by n", "`a.x` is neither"),
        ("select sum(x) + y as n from a", "`y` is neither"),
        ("select x, sum(y) as n from a group by x having z > 1 order by x", "`z` is neither"),
        ("select x, sum(y) as n from a group by x order by z", "`z` is neither"),
        ("select x, sum(y) over () as n from a group by x order by x", "`y` is neither"),
        ("select x, count(*) filter (where y = 1) as n from a order by x", "`x` is neither"),
    ],
)
def test_results_that_are_not_one_table_in_one_order_are_refused(
    sql: Path, text: str, what: str
) -> None:
    error = refusal(sql, text)
    assert what in error.what
    assert error.code == "sql-lint"


@pytest.mark.parametrize(
    "text",
    [
        "select count(*) as n, sum(quantity) / 100.0 as r from sales",
        "select sum(quantity) filter (where date > '2023') as n from sales",
        "select cast(sum(quantity) as real) / count(*) as n from sales",
        "select sum(quantity) * 1.0 / count(*) as n from sales",
        "select avg(quantity) / 2 as n, (-1.5) / 3 as m from sales",
        "select coalesce(sum(quantity), 0.0) as n from sales",
        "select date as day, count(*) as n from sales group by day order by n, day",
        "select date, count(*) as n from sales group by 1 order by 1",
        "select sales.date, count(*) as n from sales group by date having n > 1 order by date",
        "select substr(date, 1, 4) as y, count(*) as n from sales group by substr(date, 1, 4)"
        " order by y",
        "select date, rank() over (order by sum(quantity) desc) as r from sales group by date"
        " order by r, date",
        "select date, sum(sum(quantity)) over (order by date) as r from sales group by date"
        " order by date",
        "select date, sum(quantity) filter (where date > '') over () as r from sales order by date",
        "select date, (select max(city) from stores) as c from sales order by date limit 3",
        "select date || ' like round(x)' as d from sales where date in ('like') order by d",
        "select case when quantity > 1 then 1.0 else 0 end / 3 as d from sales order by d",
        "with v (a, b) as (values (1, 'x'), (2, 'y')) select a, b from v order by a",
        "with w as (select date from sales) select date from w where exists (select 1 from w)"
        " order by date",
    ],
)
def test_the_portable_subset_is_accepted(sql: Path, text: str) -> None:
    assert read(sql, text).sql == text


def test_marts_and_checks_may_have_stars_and_no_order(sql: Path) -> None:
    assert read(sql, "select * from sales", "marts/a").columns == ()
    (sql / "marts" / "a.sql").unlink()
    assert read(sql, "select * from sales", "checks/a").reads == {"sales"}


# --- other engines


def test_transpiling_keeps_doubles_and_the_place_of_nulls() -> None:
    text = "select sum(x) / 100.0 as r, cast(y as real) as s from t group by y order by y"
    duckdb = transpile(text, "duckdb")
    assert "CAST(100.0 AS DOUBLE)" in duckdb
    assert "CAST(y AS DOUBLE)" in duckdb
    assert duckdb.endswith("ORDER BY y NULLS FIRST")
    assert "CAST(100.0 AS DOUBLE PRECISION)" in transpile(text, "postgres")


def test_transpiling_leaves_integers_texts_and_no_comments() -> None:
    text = "select 7 as n, '1.5' as t /* here */"
    assert transpile(text, "duckdb") == "SELECT 7 AS n, '1.5' AS t"
