"""A wrong project file fails before anything is fetched, and the error says how to correct it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import ProjectError
from app.project import Project, find_project, load_project
from tests.shop import REPOSITORY, Shop

GOOD = """
[project]
name = "Test"

[sources.customers]
url    = "customers.csv"
key    = ["customer_id"]
covers = "all"

[sources.customers.columns]
customer_id = { type = "integer" }
name        = { from = "Nom", type = "text", optional = true }
discount    = { type = "money", optional = true }

[sources.orders]
url     = "${ORDERS_URL:-orders.csv}"
headers = { Authorization = "${TOKEN:-}", Accept = "text/csv" }
key     = ["order_id"]
covers  = { days_of = "at" }
amount  = ["total"]

[sources.orders.columns]
order_id    = { type = "text" }
at          = { type = "datetime" }
customer_id = { type = "integer", references = "customers" }
total       = { type = "money", min = 0.01, max = "10000" }
state       = { type = "text", values = ["paid", "sent"] }
rebate      = { copy = "customers.discount", optional = true }

[limits]
max_bytes = 1000
cell_chars = 500
"""


def load(tmp_path: Path, text: str, environment: Mapping[str, str] | None = None) -> Project:
    (tmp_path / "comptoir.toml").write_text(textwrap.dedent(text), encoding="utf-8")
    return load_project(tmp_path, {} if environment is None else environment)


def failure(
    tmp_path: Path, text: str, environment: Mapping[str, str] | None = None
) -> ProjectError:
    with pytest.raises(ProjectError) as caught:
        load(tmp_path, text, environment)
    assert caught.value.exit_code == 2
    return caught.value


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_a_good_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD)
    assert project.name == "Test"
    assert list(project.sources) == ["customers", "orders"]
    orders = project.sources["orders"]
    assert orders.column("total").stored == "total_cents"
    assert (orders.column("total").minimum, orders.column("total").maximum) == (1, 1_000_000)
    assert orders.column("rebate").type == "money"
    assert orders.column("rebate").copy == ("customers", "discount_cents")
    assert orders.column("at").label == "at"
    assert project.sources["customers"].referenced_by == (("orders", "customer_id"),)
    assert (project.fetch_limits.max_bytes, project.read_limits.cell_chars) == (1000, 500)


# Each line: what is written in place of what, the key named, what the message must say, the hint.
MISTAKES = [
    ("[sources.orders]", "[source.orders]", "source", "the key 'source' is not known", "'sources'"),
    ("url    =", "ulr    =", "sources.customers.ulr", "the key 'ulr' is not known", "'url'"),
    ('url    = "customers.csv"\n', "", "sources.customers.url", "it is missing", "correct"),
    ('url    = "customers.csv"', 'url = " "', "sources.customers.url", "it is empty", "correct"),
    ('url    = "customers.csv"', "url = 5", "sources.customers.url", "found 5", ""),
    ('key    = ["customer_id"]', 'key = "customer_id"', "sources.customers.key", "a list", ""),
    ('key    = ["customer_id"]', "key = []", "sources.customers.key", "found []", ""),
    ('key    = ["customer_id"]', 'key = [["customer_id"]]', "sources.customers.key", "found [", ""),
    (
        'key    = ["customer_id"]',
        'key = ["customer_id", "customer_id"]',
        "sources.customers.key",
        "a column is named twice",
        "",
    ),
    (
        'key    = ["customer_id"]',
        'key = ["custmer_id"]',
        "sources.customers.key",
        "found 'custmer_id'; expected a column of this source (one of customer_id, name, discount)",
        "'customer_id'",
    ),
    ('key    = ["customer_id"]', 'key = ["name"]', "sources.customers.key", "is optional", ""),
    ('key     = ["order_id"]', 'key = ["rebate"]', "sources.orders.key", "'rebate' is", ""),
    ('covers = "all"', 'covers = "everything"', "sources.customers.covers", "'everything'", ""),
    ('days_of = "at"', 'day_of = "at"', "sources.orders.covers", "'day_of'", ""),
    ('days_of = "at"', 'days_of = "att"', "sources.orders.covers.days_of", "found 'att'", "'at'"),
    ('days_of = "at"', 'days_of = "state"', "sources.orders.covers.days_of", "required date", ""),
    ('days_of = "at"', "days_of = []", "sources.orders.covers.days_of", "found []", ""),
    (
        '{ type = "datetime" }',
        '{ type = "datetim" }',
        "sources.orders.columns.at.type",
        "found 'datetim'; expected a type (one of text, integer, real, money",
        "'datetime'",
    ),
    (
        'references = "customers"',
        'references = "customer"',
        "sources.orders.columns.customer_id.references",
        "found 'customer'; expected a source (one of customers, orders)",
        "'customers'",
    ),
    (
        '{ type = "integer", references',
        '{ type = "text", references',
        "sources.orders.columns.customer_id.references",
        "'text' refers to a key of type 'integer'",
        "",
    ),
    (
        '"customers.discount"',
        '"customers.discont"',
        "sources.orders.columns.rebate.copy",
        "source 'customers' has no column 'discont'",
        "'discount'",
    ),
    (
        '"customers.discount"',
        '"customer.discount"',
        "sources.orders.columns.rebate.copy",
        "0 columns refer to 'customer'",
        "",
    ),
    ('"customers.discount"', '"discount"', "sources.orders.columns.rebate.copy", "SOURCE.COL", ""),
    (
        '{ copy = "customers.discount", optional = true }',
        '{ copy = "customers.discount", type = "money" }',
        "sources.orders.columns.rebate.type",
        "the key 'type' is not known",
        "",
    ),
    ("min = 0.01", "min = 0.001", "sources.orders.columns.total.min", "found 0.001", ""),
    ("min = 0.01", 'min = "x"', "sources.orders.columns.total.min", "type 'money'", ""),
    ("min = 0.01", "min = nan", "sources.orders.columns.total.min", "found nan", ""),
    ('["paid", "sent"]', '["paid", 3]', "sources.orders.columns.state.values", "found 3", ""),
    ('["paid", "sent"]', '"paid"', "sources.orders.columns.state.values", "a list", ""),
    ('amount  = ["total"]', 'amount = ["at"]', "sources.orders.amount", "type datetime", ""),
    ('amount  = ["total"]', 'amount = ["totl"]', "sources.orders.amount", "'totl'", "'total'"),
    (
        '{ type = "datetime" }',
        '{ type = "datetime", formats = ["%Y-%m-%d"] }',
        "sources.orders.columns.at.formats",
        "expected the directives %Y/%y %m/%b/%B %d %H/%I %M, and %S %f %z %p, each once",
        "",
    ),
    (
        '{ type = "datetime" }',
        '{ type = "datetime", formats = ["%Y-%Y-%m-%d %H:%M"] }',
        "sources.orders.columns.at.formats",
        "found '%Y-%Y-%m-%d %H:%M'",
        "",
    ),
    (
        'name        = { from = "Nom", type = "text"',
        'name = { from = "Nom", formats = ["%Y"]',
        "sources.customers.columns.name.formats",
        "type 'text' has no formats",
        "",
    ),
    (
        '"Nom", type = "text"',
        '"Nom", pattern = "("',
        "sources.customers.columns.name.pattern",
        "a regular expression",
        "",
    ),
    (
        "customer_id = { type = \"integer\" }",
        "\"Customer ID\" = { type = \"integer\" }",
        "sources.customers.columns.Customer ID",
        "cannot be a name",
        "",
    ),
    (
        "customer_id = { type = \"integer\" }",
        "customer_id = { type = \"integer\" }\ngone = {}",
        "sources.customers.columns.gone",
        "'gone' cannot be a name",
        "",
    ),
    (
        "customer_id = { type = \"integer\" }",
        "customer_id = { type = \"integer\" }\ndiscount_cents = { type = \"integer\" }",
        "sources.customers.columns.discount",
        "stored as 'discount_cents', like another column",
        "",
    ),
    ("customer_id = { type = \"integer\" }", "customer_id = 3", "customer_id", "found 3", ""),
    ("[sources.orders]", "[sources.sqlite_orders]", "sqlite_orders", "cannot be a name", ""),
    (
        '{ type = "datetime" }',
        '{ type = "datetime" }\nrebate_cents = {}',
        "sources.orders.columns.rebate",
        "stored as 'rebate_cents', like another column",
        "",
    ),
    ("[sources.orders]", "[sources.calendar]", "sources.calendar", "cannot be a name", ""),
    ("max_bytes = 1000", "max_byte = 1000", "limits.max_byte", "is not known", "'max_bytes'"),
    ("max_bytes = 1000", 'max_bytes = "1 GB"', "limits.max_bytes", "a number greater than 0", ""),
    ("max_bytes = 1000", "max_bytes = 0", "limits.max_bytes", "found 0", ""),
    ("cell_chars = 500", "cell_chars = 0.5", "limits.cell_chars", "a whole number", ""),
    ("cell_chars = 500", "cell_chars = 1e3", "limits.cell_chars", "a whole number", ""),
    ("cell_chars = 500", f"cell_chars = {10**30}", "limits.cell_chars", "found 1000", ""),
    ("cell_chars = 500", "seconds = nan", "limits.seconds", "found nan", ""),
    ('name = "Test"', "keep_deliveries = 0", "project.keep_deliveries", "found 0", ""),
    ('name = "Test"', "keep_deliveries = true", "project.keep_deliveries", "found True", ""),
    ('covers = "all"', 'covers = "all"\nrepeats = "yes"', "sources.customers.repeats", "'yes'", ""),
    ('covers = "all"', 'covers = "all"\nmax_rejected = 10', "max_rejected", "from 0 to 1", ""),
    ('covers = "all"', 'covers = "all"\nmax_withdrawn = nan', "max_withdrawn", "from 0 to 1", ""),
    ('"${ORDERS_URL:-orders.csv}"', '"${ORDERS_URL}"', "orders.url", "ORDERS_URL is not", ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "message", "hint"), MISTAKES)
def test_a_mistake_is_told_with_file_key_what_was_found_and_what_was_expected(
    tmp_path: Path, old: str, new: str, key: str, message: str, hint: str
) -> None:
    error = failure(tmp_path, changed(old, new))
    assert error.where.startswith(f"{tmp_path / 'comptoir.toml'}: ")
    assert error.where.endswith(key)
    assert message in error.what
    assert hint in error.hint
    assert error.hint


def test_references_in_a_circle_are_named(tmp_path: Path) -> None:
    error = failure(
        tmp_path,
        changed(
            'name        = { from = "Nom", type = "text", optional = true }',
            'last_order = { type = "text", references = "orders" }',
        ),
    )
    assert "the references form a circle" in error.what
    assert "customers -> orders -> customers" in error.what or "orders -> customers -> orders" in (
        error.what
    )


def test_a_source_that_refers_to_itself_is_refused(tmp_path: Path) -> None:
    error = failure(
        tmp_path,
        changed(
            '{ from = "Nom", type = "text", ', '{ type = "integer", references = "customers", '
        ),
    )
    assert "customers -> customers" in error.what


def test_a_file_without_sources_is_refused(tmp_path: Path) -> None:
    assert failure(tmp_path, "").what.startswith("no source is declared")


@pytest.mark.parametrize("content", [b"[sources", b"\xff\xfe[\x00", b"a = 1\na = 2", b"\x00"])
def test_what_is_not_toml_is_told_with_its_place(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "comptoir.toml").write_bytes(content)
    with pytest.raises(ProjectError, match="not a TOML file") as caught:
        load_project(tmp_path, {})
    assert caught.value.where == str(tmp_path / "comptoir.toml")


def test_a_folder_without_a_project_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"there is no comptoir\.toml"):
        load_project(tmp_path, {})
    with pytest.raises(
        ProjectError, match=r"no comptoir\.toml here or in a folder above"
    ) as caught:
        find_project(tmp_path)
    assert "--project" in caught.value.hint


def test_a_project_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "comptoir.toml").mkdir()
    with pytest.raises(ProjectError, match="cannot be read"):
        load_project(tmp_path, {})


def test_the_project_is_found_from_a_folder_below(tmp_path: Path) -> None:
    load(tmp_path, GOOD)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_project(tmp_path / "a" / "b") == tmp_path


def test_names_that_are_words_of_sql_are_allowed(tmp_path: Path) -> None:
    text = """
    [sources.order]
    url = "x.csv"
    key = ["group"]
    covers = "all"
    columns = { group = {}, select = { type = "money" }, from = { from = "Table" } }
    """
    project = load(tmp_path, text)
    assert [c.stored for c in project.sources["order"].columns] == ["group", "select_cents", "from"]


# The environment -----------------------------------------------------------------------------


def test_a_value_comes_from_the_environment_or_is_its_default(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).sources["orders"].url == "orders.csv"
    given = load(tmp_path, GOOD, {"ORDERS_URL": "https://x.test/o.csv"})
    assert given.sources["orders"].url == "https://x.test/o.csv"
    assert load(tmp_path, GOOD, {"ORDERS_URL": ""}).sources["orders"].url == "orders.csv"


def test_a_default_may_be_empty_and_text_may_stand_around_a_variable(tmp_path: Path) -> None:
    text = GOOD.replace('"${TOKEN:-}"', '"Bearer ${TOKEN:-}!"')
    headers = load(tmp_path, text).sources["orders"].headers
    assert headers == {"Authorization": "Bearer !", "Accept": "text/csv"}
    assert load(tmp_path, text, {"TOKEN": "t"}).sources["orders"].headers["Authorization"] == (
        "Bearer t!"
    )


def test_the_file_dot_env_fills_what_the_environment_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "comptoir.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / ".env").write_text('ORDERS_URL="é.csv"\nTOKEN=from-file\n', encoding="utf-8")
    monkeypatch.delenv("ORDERS_URL", raising=False)
    monkeypatch.setenv("TOKEN", "from-environment")
    orders = load_project(tmp_path).sources["orders"]
    assert (orders.url, orders.headers["Authorization"]) == ("é.csv", "from-environment")


def test_a_dot_env_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "comptoir.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / ".env").write_bytes(b"TOKEN=\xe9\xff\n")
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path)
    assert caught.value.where == str(tmp_path / ".env")


def test_a_token_is_not_shown_by_a_source(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD, {"TOKEN": "hush", "ORDERS_URL": "https://me:hush@x.test/"})
    assert "hush" not in repr(project)


# The contract and its fingerprint ------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type = "money", min = 0.01', 'type = "money", min = 0.02'),
        ('values = ["paid", "sent"]', 'values = ["paid"]'),
        ('from = "Nom"', 'from = "Name"'),
        ('{ days_of = "at" }', '"new"'),
        ('key     = ["order_id"]', 'key = ["order_id", "state"]'),
    ],
)
def test_a_contract_that_could_give_other_rows_has_another_fingerprint(
    tmp_path: Path, old: str, new: str
) -> None:
    before, after = load(tmp_path, GOOD), load(tmp_path, changed(old, new))
    assert {name: s.fingerprint() for name, s in before.sources.items()} != {
        name: s.fingerprint() for name, s in after.sources.items()
    }


def test_a_description_or_a_limit_does_not_change_the_fingerprint(tmp_path: Path) -> None:
    before = load(tmp_path, GOOD).sources["orders"]
    text = changed(
        'covers  = { days_of = "at" }', 'covers = { days_of = "at" }\nmax_rejected = 0.5'
    )
    after = load(tmp_path, text.replace('{ type = "text" }', '{ description = "x" }'))
    assert after.sources["orders"].fingerprint() == before.fingerprint()


# Any content ---------------------------------------------------------------------------------

keys = st.sampled_from(
    ["url", "key", "covers", "columns", "from", "type", "formats", "min", "values", "copy",
     "references", "days_of", "sources", "limits", "project", "x", "a.b", "headers", "amount"]
)  # fmt: skip
scalars = st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.dates())


def written(value: object) -> str:
    """A TOML value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(k)} = {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'
    return str(value)


values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.integers(0, 40), value=values)
def test_any_value_at_any_key_is_accepted_or_told(
    tmp_path: Path, place: int, value: object
) -> None:
    lines = [line for line in GOOD.split("\n") if line]
    at = place % len(lines)
    name, sign, _ = lines[at].partition("=")
    lines[at] = f"{name}= {written(value)}" if sign else lines[at] + f"\nx = {written(value)}"
    reason = ""
    try:
        load(tmp_path, "\n".join(lines))
    except ProjectError as error:
        reason = error.where
    assert not reason or reason.startswith(str(tmp_path))


# The default project -------------------------------------------------------------------------


def test_the_default_project_declares_what_the_brief_names() -> None:
    project = load_project(REPOSITORY, {})
    assert list(project.sources) == ["products", "stores", "cities", "sales"]
    assert project.origin(project.sources["sales"]) == "samples"
    own = load_project(REPOSITORY, {"SALES_URL": "https://x.test/samples/ventes.csv"})
    assert own.origin(own.sources["sales"]) == "own"


def test_a_mistake_stops_before_anything_is_fetched_or_written(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    shop.edit_project('type = "money"', 'type = "monney"')
    with pytest.raises(ProjectError):
        shop.run()
    assert not shop.places.database.exists()
