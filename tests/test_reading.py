"""How a delivery is read: encodings, delimiters, line ends, headers, values; nothing is guessed."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import DeliveryError
from app.records.contract import Column, Coverage, Source
from app.records.reading import Reader, ReadLimits
from app.records.values import InvalidValue, Value, choose_format, converter, value_reader
from tests.shop import HEADERS, PRODUCTS, SALES, Shop, counts, outcome

NBSP, NARROW, THIN = "\u00a0", "\u202f", "\u2009"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def source(*columns: Column) -> Source:
    return Source("things", "things.csv", columns, (columns[0].name,), Coverage("all"))


NAMED = source(Column("city", "text", label="Ville"), Column("price", "text", label="Prix"))


def read(
    content: bytes, tmp_path: Path, of: Source = NAMED, **limits: int
) -> tuple[list[tuple[int, list[str], str]], Reader]:
    """The records of a file with this content (line, cells, text), and the reader."""
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with Reader(path, of, ReadLimits(**limits)) as reader:
        return [(line, cells, reader.raw()) for line, cells in reader], reader


def cells(content: bytes, tmp_path: Path) -> list[list[str]]:
    return [record[1] for record in read(content, tmp_path)[0]]


def refusal(content: bytes, tmp_path: Path, **limits: int) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read(content, tmp_path, **limits)
    return caught.value


def value(cell: str, kind: str, **rules: object) -> Value:
    """What a cell gives for a required column of this type."""
    column = Column("x", kind, label="x", **rules)  # type: ignore[arg-type]
    chosen = choose_format(column, [cell])
    return converter(column, value_reader(column, chosen))(cell)


def code(cell: str, kind: str, **rules: object) -> str:
    with pytest.raises(InvalidValue) as caught:
        value(cell, kind, **rules)
    return caught.value.code


# Encodings -----------------------------------------------------------------------------------

TEXT = "Ville,Prix\r\nNîmes,1\r\nŒuvre,2"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252")],
)
def test_an_encoding_is_recognised_and_gives_the_same_cells(
    tmp_path: Path, encoding: str, found: str
) -> None:
    records, reader = read(TEXT.encode(encoding), tmp_path)
    assert [record[1] for record in records] == [["Nîmes", "1"], ["Œuvre", "2"]]
    assert reader.layout.encoding == found


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_in_either_byte_order(tmp_path: Path, order: str) -> None:
    assert cells(f"\ufeff{TEXT}".encode(order), tmp_path) == [["Nîmes", "1"], ["Œuvre", "2"]]


def test_windows_1252_is_a_fallback_and_is_reported(shop: Shop) -> None:
    shop.write_bytes("stores", f"{HEADERS['stores']}\r\n1,Nîmes,2\r\n2,Lyon,1".encode("cp1252"))
    run = shop.run()
    assert outcome(run, "stores").message == "not UTF-8: read as Windows-1252"
    assert shop.query("select city from stores where store_id = 1") == [("Nîmes",)]
    assert outcome(run, "sales").message == ""


def test_bytes_of_no_encoding_are_refused_with_their_place(tmp_path: Path) -> None:
    error = refusal(b"Ville,Prix\r\nN\x81mes,1", tmp_path)
    assert error.code == "encoding-error"
    assert error.what.startswith("byte 14 is not Windows-1252")


def test_a_byte_of_no_encoding_is_found_however_far_it_is(tmp_path: Path) -> None:
    long = b"Ville,Prix\r\n" + b"Lyon,1\r\n" * 200_000 + b"\x81"
    assert refusal(long, tmp_path).what.startswith(f"byte {len(long)} is not Windows-1252")


# Line ends and delimiters --------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_any_line_end_with_or_without_a_last_one_gives_the_same_records(
    tmp_path: Path, end: str, last: bool
) -> None:
    content = end.join(["Ville,Prix", "Lyon,1", "Paris,2"]) + end * last
    records, _ = read(content.encode(), tmp_path)
    assert [(line, cells) for line, cells, _ in records] == [
        (2, ["Lyon", "1"]),
        (3, ["Paris", "2"]),
    ]


def test_mixed_line_ends_in_one_file_keep_the_line_numbers(tmp_path: Path) -> None:
    records, _ = read(b"Ville,Prix\r\nLyon,1\nParis,2\rLille,3\r\nBrest,4", tmp_path)
    assert [(line, cells[0]) for line, cells, _ in records] == [
        (2, "Lyon"),
        (3, "Paris"),
        (4, "Lille"),
        (5, "Brest"),
    ]


def test_only_line_ends_end_a_line(tmp_path: Path) -> None:
    assert cells("Ville,Prix\nLy\u2028on\x0b\x0c\x85,1".encode(), tmp_path) == [
        ["Ly\u2028on\x0b\x0c\x85", "1"]
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_that_yields_the_declared_header(
    tmp_path: Path, delimiter: str
) -> None:
    records, reader = read(f'Ville{delimiter}Prix\r\n"a,b;c\td"{delimiter}1'.encode(), tmp_path)
    assert [record[1] for record in records] == [["a,b;c\td", "1"]]
    assert reader.layout.delimiter == delimiter


def test_a_semicolon_file_whose_quoted_header_spans_lines_is_read(tmp_path: Path) -> None:
    of = source(Column("city", "text", label="Nom de la ville"), Column("p", "text", label="Prix"))
    content = b'"Nom de\nla ville";"Prix"\nLyon;1'
    assert [record[1] for record in read(content, tmp_path, of)[0]] == [["Lyon", "1"]]


def test_a_quoted_cell_may_hold_line_ends_delimiters_and_quotes(tmp_path: Path) -> None:
    records, _ = read(b'Ville,Prix\r\n"Ly\r\non, ""2""",1\r\nParis,2', tmp_path)
    assert [(line, cells) for line, cells, _ in records] == [
        (2, ['Ly\r\non, "2"', "1"]),
        (4, ["Paris", "2"]),
    ]
    assert [text for *_, text in records] == ['"Ly\r\non, ""2""",1', "Paris,2"]


cell_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
rows = st.lists(st.tuples(cell_texts, cell_texts), max_size=8)


@given(rows=rows, delimiter=st.sampled_from(",;\t"), end=st.sampled_from(["\r\n", "\n", "\r"]))
def test_whatever_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    delimiter: str,
    end: str,
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("Ville", "Prix"), *rows])
    found = cells(text.getvalue().encode(), tmp_path_factory.mktemp("csv"))
    assert found == [list(row) for row in rows if any(cell.strip() for cell in row)]


# Headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Date,ID Référence produit,Quantité,ID Magasin",
        "date,id reference produit,quantite,id magasin",
        " DATE , ID  RÉFÉRENCE PRODUIT,QUANTITÉ,ID MAGASIN ",
        "Date,ID Re\u0301fe\u0301rence produit,Quantite\u0301,ID\u00a0Magasin",
    ],
)
def test_headers_match_after_trimming_and_folding_case_and_accents(shop: Shop, header: str) -> None:
    lines = "\r\n".join([header, *(",".join(line) for line in SALES)])
    shop.write_bytes("sales", lines.encode())
    assert counts(shop.run(), "sales") == {"read": 5, "inserted": 5}


def test_columns_in_any_order_give_the_same_rows(shop: Shop, tmp_path: Path) -> None:
    shop.run()
    other = Shop(tmp_path / "other")
    lines = ["ID Magasin;Quantité;Date;ID Référence produit"]
    lines += [";".join((store, units, day, product)) for day, product, units, store in SALES]
    other.write_bytes("sales", "\n".join(lines).encode())
    other.run()
    assert other.sales() == shop.sales()


def test_columns_not_declared_are_ignored_and_reported(shop: Shop) -> None:
    lines = [f"Vendeur,{HEADERS['sales']},Note", *(f"x,{','.join(line)},y" for line in SALES)]
    shop.write_bytes("sales", "\r\n".join(lines).encode())
    run = shop.run()
    assert counts(run, "sales") == {"read": 5, "inserted": 5}
    assert outcome(run, "sales").message == "columns not declared, ignored: 'Vendeur', 'Note'"


def test_a_missing_column_is_named_with_the_nearest_and_what_was_found(tmp_path: Path) -> None:
    error = refusal(b"Villes,Prix\nLyon,1", tmp_path)
    assert error.code == "missing-label"
    assert error.what == (
        "the header lacks the column 'Ville'; the nearest is 'Villes' (found: 'Villes', 'Prix')"
    )
    assert "'from' of column 'city' of source 'things'" in error.hint


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    error = refusal(b"Ville,Prix,VILLE\nLyon,1,Lyon", tmp_path)
    assert (error.code, error.what) == (
        "duplicate-label",
        "the header has the column 'Ville' 2 times",
    )


def test_an_undeclared_column_may_be_there_twice(tmp_path: Path) -> None:
    assert cells(b"x,Ville,Prix,x,\n1,Lyon,1,2,", tmp_path) == [["1", "Lyon", "1", "2", ""]]


# What no reader can make sense of ------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(content, tmp_path).code == "empty"


def test_a_header_alone_gives_no_records(tmp_path: Path) -> None:
    assert cells(b"Ville,Prix\r\n", tmp_path) == []


def test_a_quote_that_is_never_closed_is_refused_with_its_line(tmp_path: Path) -> None:
    error = refusal(b'Ville,Prix\nLyon,1\n"Paris,2\nLille,3\n', tmp_path)
    assert (error.code, error.where) == ("quote-error", "line 3")


def test_a_quote_that_is_never_closed_far_in_the_file_is_refused_too(shop: Shop) -> None:
    shop.run()
    before = shop.sales()
    many = [("2025-03-05", "P1", "1", "1")] * 3_000
    shop.write("sales", [*SALES, *many, ('"2025-03-06', "P1", "1", "1"), *SALES])
    run = shop.run()
    assert (outcome(run, "sales").status, run.exit_code) == ("refused", 3)
    assert "line 3007" in outcome(run, "sales").message
    assert shop.sales() == before


def test_a_stray_quote_within_one_line_rejects_that_line_alone(shop: Shop) -> None:
    shop.write("sales", [SALES[0], ('"2025-03-03"x', "P1", "1", "1"), *SALES[1:]])
    assert counts(shop.run(), "sales") == {"read": 6, "inserted": 5, "rejected": 1}
    assert shop.query("select line, code, raw from _rejects") == [
        (3, "quote-error", '"2025-03-03"x,P1,1,1')
    ]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"cell_chars": 50}, "a cell is longer than 50 characters"),
        ({"line_bytes": 50}, "a line is longer than 50 bytes"),
        ({"columns": 1}, "the header has 2 columns, more than 1"),
    ],
)
def test_more_than_a_limit_allows_is_refused(
    tmp_path: Path, limits: dict[str, int], message: str
) -> None:
    error = refusal(b"Ville,Prix\n" + b"x" * 60 + b",1\n", tmp_path, **limits)
    assert (error.code, error.what) == ("limit-error", message)


def test_a_long_line_is_found_across_the_pieces_in_which_a_file_is_scanned(tmp_path: Path) -> None:
    short = b"Lyon,1\n" * 300_000
    content = b"Ville,Prix\n" + short + b"x" * 1_500_000 + b",1\n" + short
    assert refusal(content, tmp_path, line_bytes=1_400_000).code == "limit-error"
    assert len(read(content, tmp_path, line_bytes=1_600_000, cell_chars=2_000_000)[0]) == 600_001


def test_ten_thousand_columns_are_refused_and_two_thousand_are_not(tmp_path: Path) -> None:
    wide = ",".join(["Ville", "Prix", *(f"c{n}" for n in range(9_998))]).encode()
    assert refusal(wide, tmp_path).code == "limit-error"
    fits = ["Ville", "Prix", *(f"c{n}" for n in range(1_998))]
    _, reader = read(",".join(fits).encode(), tmp_path)
    assert reader.layout.remarks(NAMED)[0].endswith("'c7' and 1990 more")


def test_a_nul_character_is_rejected_with_its_line_and_the_others_are_read(shop: Shop) -> None:
    shop.write("stores", [("1", "Paris", "4"), ("2", "Ly\0on", "3"), ("3", "Lyon", "2\0")])
    assert counts(shop.run(), "stores") == {"read": 3, "inserted": 1, "rejected": 2}
    assert shop.query("select line, code, \"column\" from _rejects where source = 'stores'") == [
        (3, "type-error", "city"),
        (4, "type-error", "employees"),
    ]


def test_a_record_of_another_width_is_rejected_whole(shop: Shop) -> None:
    shop.write("sales", [*SALES, ("2025-03-06", "P1", "1"), ("2025-03-06", "P1", "1", "1", "1")])
    shop.run()
    assert shop.query("select line, code, message from _rejects order by line") == [
        (7, "missing-cell", "3 cells where the header has 4"),
        (8, "extra-cell", "5 cells where the header has 4"),
    ]


def test_a_reject_is_the_same_one_when_its_line_is_no_longer_the_last(shop: Shop) -> None:
    unknown = ("2025-03-06", "P9", "1", "1")
    shop.write("sales", [*SALES, unknown])
    shop.run()
    shop.write("sales", [*SALES, unknown, ("2025-03-06", "P2", "1", "1")])
    shop.run()
    assert shop.query("select raw, first_run, resolved_run from _rejects") == [
        ("2025-03-06,P9,1,1", 1, None)
    ]
    shop.write("products", [*PRODUCTS, ("Neuf", "P9", "1.00", "1")])
    shop.write("sales", [*SALES, ("2025-03-06", "P2", "1", "1"), unknown])
    shop.run()
    assert shop.query("select resolution from _rejects") == [("accepted",)]


# Numbers and texts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "cents"),
    [
        ("49.99", 4999),
        ("49,99", 4999),
        (" 49,9 ", 4990),
        ("1 234,56", 123456),
        (f"1{NBSP}234,56", 123456),
        (f"1{NARROW}234{NARROW}567.5", 123456750),
        (f"12{THIN}345", 1234500),
        ("0", 0),
        ("-0", 0),
        ("-3.10", -310),
        ("+3", 300),
        ("0.1", 10),
        ("1.2300", 123),  # four decimals, of which the last say nothing
        ("90071992547409.93", 9007199254740993),  # more than a float can tell
    ],
)
def test_money_is_read_exactly_to_the_cent(cell: str, cents: int) -> None:
    found = value(cell, "money")
    assert (found, type(found)) == (cents, int)


@pytest.mark.parametrize(
    "cell",
    [
        "1.230",
        "1.234", "1,234", "1.234,56", "1,234.56", "12 34", "1 2345", "1  234", ".5", "5.", "€5",
        "5 €", "1e3", "1e400", "NaN", "nan", "inf", "-inf", "٣", "٣٫٥", "１２", "12abc", "0x10",
        "1_000", "--1", "+-1", "- 1", "1'234", "½", "²", "99999999999999999999", "1" * 500, "=1+1",
    ],
)  # fmt: skip
def test_what_is_not_plainly_an_amount_is_no_amount(cell: str) -> None:
    assert code(cell, "money") == "type-error"


@pytest.mark.parametrize(
    ("cell", "number"), [("7", 7), ("007", 7), ("-0", 0), ("+5", 5), ("12 345", 12345), (" 1 ", 1)]
)
def test_whole_numbers(cell: str, number: int) -> None:
    found = value(cell, "integer")
    assert (found, type(found), str(found)) == (number, int, str(number))


@pytest.mark.parametrize(
    "cell",
    [
        "1.0", "1,0", "1e3", "1e400", "NaN", "٣", "१", "12abc", "0x10", "1_000", "12 34", "1 2 3",
        "9223372036854775808", "9" * 5_000, "True", "−1",
    ],
)  # fmt: skip
def test_what_is_not_plainly_a_whole_number_is_none(cell: str) -> None:
    assert code(cell, "integer") == "type-error"


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1.5", "1.5"), ("1,5", "1.5"), ("-0", "0.0"), ("-0,0", "0.0"), ("3", "3.0")],
)
def test_real_numbers_have_no_negative_zero(cell: str, number: str) -> None:
    assert repr(value(cell, "real")) == number


@pytest.mark.parametrize("cell", ["1e400", "1e5", "NaN", "Infinity", "9" * 350, "1_0.5", "0x1p3"])
def test_what_is_not_plainly_a_real_number_is_none(cell: str) -> None:
    assert code(cell, "real") == "type-error"


@given(st.integers(-(10**15), 10**15))
def test_every_amount_written_with_two_decimals_comes_back(cents: int) -> None:
    sign, whole, rest = "-" if cents < 0 else "", abs(cents) // 100, abs(cents) % 100
    assert value(f"{sign}{whole}.{rest:02}", "money") == cents
    grouped = f"{whole:,}".replace(",", NBSP)
    assert value(f"{sign}{grouped},{rest:02}", "money") == cents


@given(st.text(max_size=20), st.sampled_from(["integer", "real", "money", "boolean", "date"]))
def test_any_text_gives_a_value_or_a_reason(cell: str, kind: str) -> None:
    reason = ""
    try:
        found = value(cell, kind, formats=("%Y-%m-%d",) if kind == "date" else ())
    except InvalidValue as error:
        found, reason = None, error.code
    assert (found is None) == (reason in ("type-error", "constraint-error"))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("true", 1), ("VRAI", 1), ("Oui", 1), ("1", 1), ("no", 0), ("faux", 0), ("N", 0), ("0", 0)],
)
def test_booleans_in_french_and_english(cell: str, expected: int) -> None:
    assert value(cell, "boolean") == expected


def test_a_text_that_says_na_or_null_is_a_text() -> None:
    assert [value(cell, "text") for cell in ("NA", "NULL", "None", "  nan ")] == [
        "NA",
        "NULL",
        "None",
        "nan",
    ]


def test_an_empty_cell_is_null_where_optional_and_rejected_where_not() -> None:
    assert value("  ", "integer", optional=True) is None
    assert code("  ", "integer") == "constraint-error"
    assert code("\u00a0", "text") == "constraint-error"


# Dates ---------------------------------------------------------------------------------------


def sales_on(shop: Shop, days: list[str]) -> None:
    shop.write("sales", [(day, "P1", "1", "1") for day in days])


def test_a_file_of_french_dates_is_read_as_such(shop: Shop) -> None:
    sales_on(shop, ["03/04/2025", "13/04/2025", "5/4/2025"])
    assert counts(shop.run(), "sales") == {"read": 3, "inserted": 3}
    assert [row[0] for row in shop.sales()] == ["2025-04-03", "2025-04-05", "2025-04-13"]


def test_a_delivery_has_one_date_format_and_the_other_is_rejected(shop: Shop) -> None:
    sales_on(shop, ["2025-04-01", "2025-04-02", "03/04/2025"])
    assert counts(shop.run(), "sales") == {"read": 3, "inserted": 2, "rejected": 1}
    assert shop.query("select code, value from _rejects") == [("type-error", "03/04/2025")]


def test_a_file_half_in_one_date_format_and_half_in_the_other_is_refused(shop: Shop) -> None:
    sales_on(shop, ["2025-04-01", "02/04/2025"])
    run = shop.run()
    assert (outcome(run, "sales").status, run.exit_code) == ("refused", 3)
    assert "as many values of the form %Y-%m-%d as of %d/%m/%Y" in outcome(run, "sales").message


@pytest.mark.parametrize(
    "days",
    [
        ["03/27/2025"],
        ["03/04/2025", "03/27/2025"],
        ["3/4/2025", "3/5/2025", "3/13/2025", "3/14/2025"],
        ["03/27/2025"] * 2 + [f"03/{day:02}/2025" for day in range(1, 32)],
    ],
)
def test_a_file_of_american_dates_is_refused_not_half_understood(
    shop: Shop, days: list[str]
) -> None:
    shop.run()
    before = shop.sales()
    sales_on(shop, days)
    run = shop.run()
    assert (outcome(run, "sales").status, run.exit_code) == ("refused", 3)
    assert "are of the form %m/%d/%Y, but %d/%m/%Y is declared" in outcome(run, "sales").message
    assert shop.sales() == before


def test_american_dates_are_noticed_though_they_begin_after_the_sample(shop: Shop) -> None:
    sales_on(shop, ["03/04/2025"] * 1_500 + ["03/27/2025"])
    assert outcome(shop.run(), "sales").status == "refused"


def test_a_single_slip_in_a_french_file_does_not_refuse_it(shop: Shop) -> None:
    sales_on(shop, ["13/04/2025", "14/04/2025", "04/27/2025", "15/04/2025"])
    assert counts(shop.run(), "sales") == {"read": 4, "inserted": 3, "rejected": 1}


def test_a_slip_counts_once_however_often_it_is_repeated(shop: Shop) -> None:
    sales_on(shop, ["13/04/2025", "14/04/2025", "04/27/2025", "04/27/2025", *["15/04/2025"] * 30])
    assert counts(shop.run(), "sales") == {"read": 34, "inserted": 32, "rejected": 2}


@pytest.mark.parametrize(
    "cell",
    [
        "2023-02-30", "2023-13-01", "2023-00-10", "23-01-05", "2023-1", "20230105", "2023/01/05",
        "2023-01-05 10:00", "٢٠٢٣-٠١-٠٥", "0000-00-00", "today", "45000",
    ],
)  # fmt: skip
def test_what_is_not_a_day_of_the_calendar_is_no_date(cell: str) -> None:
    assert code(cell, "date", formats=("%Y-%m-%d",)) == "type-error"


def test_a_year_no_shop_has_known_is_rejected_unless_declared() -> None:
    assert code("0202-01-05", "date", formats=("%Y-%m-%d",)) == "constraint-error"
    assert value("1815-06-18", "date", formats=("%Y-%m-%d",), minimum="1800-01-01") == "1815-06-18"


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_is_read_in_each_declared_format(day: date) -> None:
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d"):
        assert value(day.strftime(form), "date", formats=(form,)) == day.isoformat()


def test_two_formats_that_read_the_same_cells_as_other_days_are_refused() -> None:
    column = Column("day", "date", label="Jour", formats=("%d/%m/%Y", "%m/%d/%Y"))
    with pytest.raises(DeliveryError, match=r"'Jour' can be read as %d/%m/%Y or as %m/%d/%Y"):
        choose_format(column, ["03/04/2025", "05/06/2025"])
    assert choose_format(column, ["03/04/2025", "25/06/2025"]) == "%d/%m/%Y"
    assert choose_format(column, ["03/04/2025", "03/25/2025"]) == "%m/%d/%Y"


# Rules ---------------------------------------------------------------------------------------


def test_rules_of_a_column_reject_what_breaks_them() -> None:
    assert code("101", "integer", maximum=100) == "constraint-error"
    assert code("9.99", "money", minimum=1000) == "constraint-error"
    assert value("10", "money", minimum=1000, maximum=1000) == 1000
    assert code("rouge", "text", values=("vert", "bleu")) == "constraint-error"
    assert code("REF1", "text", pattern=r"REF\d{3}") == "constraint-error"
    assert code("xREF001", "text", pattern=r"REF\d{3}") == "constraint-error"
    assert value("REF001", "text", pattern=r"REF\d{3}") == "REF001"
