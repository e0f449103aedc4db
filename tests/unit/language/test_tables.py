"""Lookup tables: what a CSV file is read as, what is said against one, and what rules make of its rows."""

from __future__ import annotations

import csv
import hashlib
import io
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tertib import model
from tertib.language import conditions, tables, templates
from tertib.language.personal import Mask
from tertib.language.templates import RenderError
from tertib.model import Complaint, Condition, Expression, Table, Verdict
from tertib.scalev import contract

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
FIELDS = contract.FIELDS["orders"]
ASKED = tables.Wanted("proofs", "proofs.csv", None, ("data", "proofs"), ("data", "proofs"))
OPEN_KEYS = frozenset({"order_id"})
CSV = "order_id,url,amount,paid at,No. Rekening\nA1,https://cdn.example/1 b.jpg,150000.00,2026-11-20T08:00:00+07:00,0123\nA2,,,,\n"


def parse(raw: bytes | str, key: str | None = None) -> tuple[Table | None, list[Complaint]]:
    """Read a CSV file's bytes as the table `proofs`."""
    complaints: list[Complaint] = []
    asked = tables.Wanted("proofs", "proofs.csv", key, ("data", "proofs"), ("data", "proofs", "file"))
    raw = raw.encode() if isinstance(raw, str) else raw
    return tables.parse(raw, asked, "/shop/proofs.csv", complaints, open_keys=OPEN_KEYS), complaints


def read(raw: bytes | str, key: str | None = None) -> Table:
    """Return the table of a file that has nothing wrong with it."""
    found, complaints = parse(raw, key)
    assert complaints == []
    assert found is not None
    return found


def refused(raw: bytes | str, key: str | None = None) -> list[tuple[str, str]]:
    """Return code and message of everything that is said against a file."""
    found, complaints = parse(raw, key)
    assert found is None
    return [(one.code, one.message) for one in complaints]


PROOFS = read(CSV)
TABLES: dict[str, Table | None] = {"proofs": PROOFS, "broken": None}


# --- reading a file -------------------------------------------------------------------------------------


def test_a_table_is_its_rows_by_key() -> None:
    """The first column is the key, the hash is that of the bytes, and no row shows in a repr."""
    assert (PROOFS.key, PROOFS.columns[:2], len(PROOFS.rows)) == ("order_id", ("order_id", "url"), 2)
    assert PROOFS.sha256 == hashlib.sha256(CSV.encode()).hexdigest()
    assert PROOFS.rows["A1"]["No. Rekening"] == "0123"
    assert list(PROOFS.rows) == ["A1", "A2"]
    assert "A3" not in PROOFS.rows
    assert "0123" not in repr(PROOFS) + repr(PROOFS.rows)


@pytest.mark.parametrize(
    "raw",
    [
        "order_id,url\nA1,x\nA2,y\n",
        "order_id,url\r\nA1,x\r\nA2,y",
        "order_id;url\rA1;x\rA2;y\r",
        b"\xef\xbb\xbforder_id;url\r\nA1;x\r\nA2;y\r\n",
        'order_id , "url"\n"A1", x\n A2 ,y \n',
        '"order_id";"url"\n"A1";"x"\n\nA2;y\n;\n',
        "order_id,url\n,\nA1,x\n\nA2,y\n,\n\n",
    ],
)
def test_what_spreadsheets_write_is_read(raw: bytes | str) -> None:
    """Commas or semicolons, any line end, a byte order mark, blanks round cells, and empty rows are all the same."""
    found = read(raw)
    assert found.columns == ("order_id", "url")
    assert {key: dict(row) for key, row in found.rows.items()} == {
        "A1": {"order_id": "A1", "url": "x"},
        "A2": {"order_id": "A2", "url": "y"},
    }


def test_a_delimiter_inside_quotes_is_text() -> None:
    """The delimiter is told by the header outside of quotes; cells may hold it, and line breaks."""
    found = read('id;"a,b,c"\n1;"x;y\nz"\n2;"say ""hi"""\n')
    assert found.columns == ("id", "a,b,c")
    assert [row["a,b,c"] for row in found.rows.values()] == ["x;y\nz", 'say "hi"']


def test_another_column_may_be_the_key() -> None:
    """The key that the rule names is taken, and must be there."""
    assert list(read("name,order_id\nx,A1\nx,A2\n", "order_id").rows) == ["A1", "A2"]
    found, (complaint,) = parse("name,order_id\nx,A1\n", "orderid")
    assert found is None
    assert (complaint.code, complaint.path) == ("T131", ("data", "proofs", "key"))
    assert complaint.hint == "did you mean `order_id`?"


def test_a_header_alone_is_an_empty_table() -> None:
    """A table may have no rows today."""
    assert len(read("order_id,url\n").rows) == 0


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        ("", "T130", "does not begin with the names of its columns"),
        ("\n\nA1,x\n", "T130", "does not begin with the names of its columns"),
        (",url\n", "T130", "column 1 of `proofs.csv` has no name"),
        ("a,b, a\n", "T130", "the column `a` twice, as number 1 and 3"),
        (",".join(map(str, range(501))), "T130", "has 501 columns"),
        ("a,b\n1\n", "T129", "line 2 of `proofs.csv` has 1 cell, and the first line 2 cells"),
        ("a,b\n1,2,3\n", "T129", "line 2 of `proofs.csv` has 3 cells"),
        ('a,b\n1,"x\ny"\n2\n', "T129", "line 4 of `proofs.csv` has 1 cell"),
        ('a,b\n1,"x"y\n', "T129", "line 2 of `proofs.csv` cannot be read: its quotes do not fit"),
        ('a,b\n1,2\n2,"x\n3,y\n', "T129", "line 3 of `proofs.csv` cannot be read"),
        pytest.param(
            "a,b\n1,2\n" + "x" * 140_000 + ",y\n",
            "T129",
            "line 3 of `proofs.csv` has a cell of more than 131072 characters, the most that one may have",
            id="long-cell",
        ),
        ("a,b\n ,2\n", "T132", "line 2 of `proofs.csv` has nothing in its key column `a`"),
        ("phone,b\n628,2\n 628,2\n", "T132", "lines 2 and 3 of `proofs.csv` have the same key"),
        ("order_id,b\nA1,2\nA2,2\nA1,3", "T132", "lines 2 and 4 of `proofs.csv` have the key `A1`"),
        (b"a,b\n1,caf\xe9\n", "T129", "line 2 of `proofs.csv` has the byte 0xe9"),
        (b"\xef\xbb\xbfa,b\n1,2\n\xff", "T129", "line 3 of `proofs.csv` has the byte 0xff"),
        ("a,b\n1,2\n".encode("utf-16"), "T129", "is UTF-16 text"),
        ("a,b\n1,2\n".encode("utf-16-le"), "T129", "is UTF-16 text"),
        (b"PK\x03\x04rest", "T129", "is a workbook"),
        pytest.param(b"a,b\n" * (4 * 1024 * 1024) + b"x", "T128", "is larger than 16 MiB", id="large"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(raw: bytes | str, code: str, words: str) -> None:
    """Every mistake of a file has its code, its line, and no cell but a key that is an order's number."""
    ((found, message),) = refused(raw)
    assert found == code
    assert words in message
    assert "628" not in message


def test_all_mistakes_come_at_once_but_no_flood_of_them() -> None:
    """Several rows are reported together; after five mistakes a person has seen enough."""
    assert len(refused("a,,a\n")) == 2
    assert len(refused("a,b\n" + "1,2\n" * 3)) == 2
    assert len(refused("a,b\n" + "x\n" * 100)) == 5


def test_two_hundred_thousand_rows_and_not_one_more() -> None:
    """The largest table is read, and one more row is refused once."""
    raw = "order_id,url\n" + "".join(f"{number},x\n" for number in range(tables.MOST_ROWS))
    assert len(read(raw).rows) == tables.MOST_ROWS
    assert refused(raw + "x,y\n" * 2) == [("T128", "`proofs.csv` has more than 200000 rows")]


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12).map(str.strip)
KEYS = CELLS.filter(bool)


@given(
    st.lists(KEYS, min_size=2, max_size=5, unique=True).filter(lambda names: not names[0].startswith("PK")),
    st.dictionaries(KEYS, st.lists(CELLS, min_size=4, max_size=4), max_size=6),
    st.sampled_from(",;"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_whatever_a_spreadsheet_holds_comes_back(
    columns: list[str],
    rows: dict[str, list[str]],
    delimiter: str,
    end: str,
    mark: bool,  # noqa: FBT001 - whether there is a byte order mark
) -> None:
    """A table that is written as CSV reads as exactly that table."""
    width = len(columns)
    if len(set(columns)) != width:
        return
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([columns, *([key, *cells][:width] for key, cells in rows.items())])
    found = read(text.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    assert found.columns == tuple(columns)
    assert {key: list(row.values()) for key, row in found.rows.items()} == {
        key: [key, *cells][:width] for key, cells in rows.items()
    }


@given(st.binary(max_size=200) | st.text('ab,;"\n\r\0 é', max_size=60).map(str.encode))
def test_whatever_the_bytes_a_file_is_judged(raw: bytes) -> None:
    """Reading never raises, and gives a table exactly where nothing is said against it."""
    found, complaints = parse(raw)
    assert (found is None) == bool(complaints)


# --- the rule's `data` ----------------------------------------------------------------------------------


def test_entries_of_data() -> None:
    """A table is a file, or a file and a key; a name must be one that a template can spell."""
    complaints: list[Complaint] = []
    data = {
        "proofs": "a.csv",
        "bank": {"file": "b.csv", "key": "ref"},
        "c": {"file": "c.csv"},
        "odd": 12,
        "x y": "d",
    }
    found = list(tables.wanted(data, complaints))
    assert [(one.name, one.file, one.key, one.at_file[1:]) for one in found] == [
        ("proofs", "a.csv", None, ("proofs",)),
        ("bank", "b.csv", "ref", ("bank", "file")),
        ("c", "c.csv", None, ("c", "file")),
    ]
    assert [(one.code, one.path) for one in complaints] == [("T125", ("data", "x y"))]


# --- conditions -----------------------------------------------------------------------------------------


def condition(text: str) -> Condition:
    """Parse one condition that is right."""
    complaints: list[Complaint] = []
    (found,) = conditions.parse([yaml.safe_load(text)], FIELDS, UTC, complaints, tables=TABLES)
    assert [one for one in complaints if one.severity == "error"] == []
    return found


@pytest.mark.parametrize(
    ("text", "order", "verdict"),
    [
        ("order_id: {in: {table: proofs}}", {"order_id": "A1"}, True),
        ("order_id: {in: {table: proofs}}", {"order_id": "a1"}, False),
        ("order_id: {in: {table: proofs}}", {"order_id": None}, None),
        ("order_id: {in: {table: proofs}}", {"order_id": ""}, None),
        ("order_id: {in: {table: proofs}}", {"order_id": 1}, None),
        ("order_id: {in: {table: proofs}}", {}, None),
        ("order_id: {not_in: {table: proofs}}", {"order_id": "A1"}, False),
        ("order_id: {not_in: {table: proofs}}", {"order_id": "A9"}, True),
        ("order_id: {not_in: {table: proofs}}", {"order_id": None}, None),
        ("order_id: {not_in: {table: proofs}}", {}, None),
        ("not: [order_id: {not_in: {table: proofs}}]", {}, None),
        (
            "orderlines: {any: {product_name: {in: {table: proofs}}}}",
            {"orderlines": [{"product_name": "A2"}]},
            True,
        ),
        ("metadata.ref: {in: {table: proofs}}", {"metadata": {"ref": "A1"}}, True),
        ("status: {in: {table: proofs}}", {"status": "pending"}, False),
    ],
)
def test_a_field_is_looked_up_among_the_keys(text: str, order: dict[str, Any], verdict: Verdict) -> None:
    """`in` and `not_in` of a table are those of the list of its keys, unknown values included."""
    assert conditions.evaluate(condition(text), order, NOW) is verdict
    as_list = text.replace("{table: proofs}", "[A1, A2]")
    assert conditions.evaluate(condition(as_list), order, NOW) is verdict


def test_a_number_is_found_below_an_open_object_too() -> None:
    """Keys are texts, and the same number in an answer is the same key."""
    numbers = read("id\n12\n")
    (found,) = conditions.parse(
        [{"metadata.ref": {"in": {"table": "n"}}}], FIELDS, UTC, [], tables={"n": numbers}
    )
    assert conditions.evaluate(found, {"metadata": {"ref": 12}}, NOW) is True


def test_a_table_that_could_not_be_read_is_no_second_mistake() -> None:
    """What names a broken table is left out without a word: the word about its file is enough."""
    complaints: list[Complaint] = []
    data = [{"order_id": {"in": {"table": "broken"}}}, {"expr": "lookup('broken', order.order_id).x == '1'"}]
    conditions.parse(data, FIELDS, UTC, complaints, tables=TABLES)
    templates.check("{{ lookup('broken', order.order_id).x }}", FIELDS, complaints, (), TABLES)
    assert complaints == []


def test_conditions_without_tables_say_so() -> None:
    """Where a table can be named but none is there, the message shows how."""
    complaints: list[Complaint] = []
    conditions.parse([{"order_id": {"in": {"table": "proofs"}}}], FIELDS, UTC, complaints)
    (complaint,) = complaints
    assert (complaint.code, complaint.hint) == (
        "T221",
        "a rule names its tables and their files: `data: {proofs: proofs.csv}`",
    )


def test_a_trace_shows_the_table_and_no_keys() -> None:
    """A trace names the table, keeps the order's personal value hidden, and lists no key."""
    phones = read("phone\n6281234567890\n")
    (found,) = conditions.parse(
        [{"customer.phone": {"in": {"table": "phones"}}}], FIELDS, UTC, [], tables={"phones": phones}
    )
    order = {"customer": {"phone": "6281234567890"}}
    shown = conditions.trace(found, order, NOW, FIELDS, Mask(b"k" * 32))
    assert (shown.condition, shown.result) == ("customer.phone: {in: {table: phones}}", True)
    assert "6281234567890" not in repr(shown) + repr(found)


# --- templates and expressions --------------------------------------------------------------------------


def render(text: str, order: Any = None, *, percent_encode: bool = False) -> str:
    """Render a template for an order, `A1` by default."""
    return templates.render(
        text,
        order or {"order_id": "A1"},
        "r",
        NOW,
        UTC,
        percent_encode=percent_encode,
        tables={"proofs": PROOFS},
    )


def said(text: str) -> list[tuple[str, str]]:
    """Return code and message of what is said against a template."""
    complaints: list[Complaint] = []
    templates.check(text, FIELDS, complaints, (), TABLES)
    return [(one.code, one.message) for one in complaints]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{{ lookup('proofs', order.order_id).amount }}", "150000.00"),
        ("{{ lookup('proofs', order.order_id)['No. Rekening'] }}", "0123"),
        ("{{ lookup('proofs', order.order_id).amount | int }}", "150000"),
        ("{{ lookup('proofs', order.order_id)['paid at'].date }}", "2026-11-20"),
        ("{{ lookup('proofs', 'A1').order_id ~ '/' ~ lookup(\"proofs\", 'A1').amount }}", "A1/150000.00"),
        ("{{ lookup('proofs', lookup('proofs', ' A1 ').order_id).url[0:5] }}", "https"),
        ("{% if lookup('proofs', order.order_id).amount > 100 %}x{% endif %}", "x"),
    ],
)
def test_a_template_looks_things_up(text: str, result: str) -> None:
    """A lookup gives the cell as a template's value, wherever a value may stand."""
    assert said(text) == []
    assert render(text) == result


def test_what_comes_from_a_table_is_encoded_like_an_order_s_values() -> None:
    """A whole address keeps its slashes, a part of one does not; blanks are encoded in both."""
    whole = render("{{ lookup('proofs', order.order_id).url }}", percent_encode=True)
    part = render("https://x.example/{{ lookup('proofs', order.order_id).url }}", percent_encode=True)
    assert whole == "https://cdn.example/1%20b.jpg"
    assert part == "https://x.example/https%3A%2F%2Fcdn.example%2F1%20b.jpg"


@pytest.mark.parametrize(
    ("text", "order", "why"),
    [
        (
            "{{ lookup('proofs', order.order_id).url }}",
            {"order_id": "S3CRET"},
            "table `proofs` has no row for this order",
        ),
        (
            "{{ lookup('proofs', order.order_id).url }}",
            {"order_id": "A2"},
            "table `proofs` has nothing under `url` for this order",
        ),
        ("{{ lookup('proofs', order.order_id).url or 'x' }}", {"order_id": "A2"}, "has nothing under `url`"),
        ("{{ lookup('proofs', order.order_id).url | default('x') }}", {"order_id": "A9"}, "has no row"),
        ("{{ lookup('proofs', order.order_id).url }}", {"order_id": None}, "the order has no `order_id`"),
        ("{{ lookup('proofs', order.order_id).url }}", {"order_id": ["A1"]}, "not one value"),
        ("{{ lookup('proofs', order.order_id).nothing }}", {"order_id": "A1"}, "does not work"),
        ("{{ lookup('other', order.order_id).url }}", {"order_id": "A1"}, "does not work"),
        ("{{ lookup('proofs', order.order_id) }}", {"order_id": "A1"}, "not one value"),
        ("{{ lookup }}", {"order_id": "A1"}, "not one value"),
        ("{{ lookup.tables }}", {"order_id": "A1"}, "does not work"),
        ("{{ lookup('proofs', order.order_id).cells }}", {"order_id": "A1"}, "does not work"),
        ("{{ lookup('proofs', order.order_id).url.upper() }}", {"order_id": "A1"}, "does not work"),
        ("{{ order.order_id() }}", {"order_id": "A1"}, "does not work"),
    ],
)
def test_what_a_table_lacks_holds_the_order(text: str, order: dict[str, Any], why: str) -> None:
    """No row, an empty cell, or anything odd that slipped through ends the rendering, and no value is shown."""
    with pytest.raises(RenderError) as caught:
        render(text, order)
    assert why in caught.value.why
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{{ lookup('prof', order.order_id).url }}", "T420", "unknown table `prof`"),
        ("{{ lookup('proofs', order.order_id).ur }}", "T421", "table `proofs` has no column `ur`"),
        ("{{ lookup('proofs', order.order_id)['x y'] }}", "T421", "no column `x y`"),
        ("{{ lookup('proofs', order.order_id).url.upper }}", "T421", "`url` is a column, and has no `upper`"),
        ("{{ lookup('proofs', order.order_id) }}", "T419", "`lookup` says no column"),
        ("{{ lookup('proofs', order.order_id)[order.status] }}", "T419", "`lookup` says no column"),
        ("{{ lookup('proofs', order.order_id)[0] }}", "T419", "`lookup` says no column"),
        ("{{ lookup('proofs').url }}", "T419", "takes a table's name and a key"),
        ("{{ lookup('proofs', key=order.order_id).url }}", "T419", "takes a table's name and a key"),
        ("{{ lookup('proofs', *order.tags).url }}", "T419", "takes a table's name and a key"),
        ("{{ lookup(order.status, 'A1').url }}", "T419", "takes a table's name as a text in quotes"),
        ("{{ lookup(proofs, order.order_id).url }}", "T412", "do not know `proofs`"),
        ("{{ lookup }}", "T412", "templates do not know `lookup`"),
        ("{{ lookup.x('a') }}", "T411", "can call `lookup` and nothing else"),
        ("{{ order.lookup('proofs', 1).url }}", "T411", "can call `lookup` and nothing else"),
        ("{{ lookup('proofs', order.ordr_id).url }}", "T413", "unknown field `ordr_id`"),
        ("{{ lookup('proofs', lookup('prof', '1').url).url }}", "T420", "unknown table `prof`"),
    ],
)
def test_a_lookup_that_cannot_work_is_said_when_the_rule_loads(text: str, code: str, words: str) -> None:
    """Form, table, column and key of a lookup are checked before any order is."""
    assert any(found == code and words in message for found, message in said(text))


def test_the_complaint_points_at_the_wrong_word() -> None:
    """The table's and the column's own words are marked, on later lines too."""
    text = "first\n{{ lookup('proofs', order.order_id).colum }}"
    complaints: list[Complaint] = []
    templates.check(text, FIELDS, complaints, (), TABLES)
    (complaint,) = complaints
    assert text[complaint.offset : complaint.offset + (complaint.width or 0)] == "colum"


def test_what_a_lookup_reads_of_the_order_is_read() -> None:
    """The fields inside a lookup's key are fetched; columns are no fields."""
    assert templates.reads("{{ lookup('proofs', order.customer.phone).url }}") == {"customer.phone"}


@pytest.mark.parametrize(
    ("text", "order", "verdict"),
    [
        (
            "lookup('proofs', order.order_id).amount >= order.gross_revenue",
            {"gross_revenue": "150000.0"},
            True,
        ),
        ("lookup('proofs', order.order_id).amount > order.gross_revenue", {"gross_revenue": 150000}, False),
        ("lookup('proofs', order.order_id)['paid at'] < now", {}, True),
        ("lookup('proofs', order.order_id).amount > 1", {"order_id": "A2"}, None),
        ("lookup('proofs', order.order_id).amount > 1", {"order_id": "A9"}, None),
        ("lookup('proofs', order.order_id).amount > 1", {"order_id": None}, None),
    ],
)
def test_an_expression_looks_things_up(text: str, order: dict[str, Any], verdict: Verdict) -> None:
    """What a table says decides like what the order says, and is unknown where there is no row or no cell."""
    found = condition(f'expr: "{text}"')
    assert isinstance(found, Expression)
    assert found.tables == (PROOFS,)
    assert conditions.evaluate(found, {"order_id": "A1", **order}, NOW) is verdict


def test_an_expression_is_another_one_over_another_table() -> None:
    """Two rules may share an expression's source and not its table, and hashing either is possible."""
    other = read(CSV.replace("A1", "B1"))
    text = {"expr": "lookup('proofs', order.order_id).amount > 1"}
    one, another = (
        conditions.parse([text], FIELDS, UTC, [], tables={"proofs": table})[0] for table in (PROOFS, other)
    )
    assert one != another
    assert len({one, another, condition("order_id: {in: {table: proofs}}")}) == 3


def test_keys_as_an_operand_are_a_set() -> None:
    """Operators and checks may count, walk and search the keys."""
    found = condition("order_id: {in: {table: proofs}}")
    assert isinstance(found, model.Test)
    assert (len(found.operand), sorted(found.operand), "A1" in found.operand) == (2, ["A1", "A2"], True)


@given(
    st.lists(
        st.sampled_from(
            [
                "lookup",
                "(",
                ")",
                "'proofs'",
                "'A1'",
                ",",
                ".",
                "url",
                "order.order_id",
                "[",
                "]",
                "|",
                "~",
                "first",
                "0",
            ]
        ),
        max_size=9,
    )
)
def test_whatever_is_written_about_lookups_is_judged(words: list[str]) -> None:
    """Checking never raises, and what passes renders or holds, never raising anything else."""
    text = "{{ " + "".join(words) + " }}"
    if said(text):
        return
    with suppress(RenderError):
        assert render(text).strip()
