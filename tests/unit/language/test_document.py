from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language import document
from tertib.language.document import DEEPEST, LARGEST, Document, Spot


def only(text: str) -> Document:
    """Return the one sound document of a text."""
    parsed = document.parse(text.encode())
    assert parsed.flaws == ()
    ((_, found),) = parsed.documents
    return found


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("1.50", Decimal("1.50")),
        ("-0.5", Decimal("-0.5")),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("True", "True"),
        ("NULL", "NULL"),
        ("0123", "0123"),
        ("+5", "+5"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        (".5", ".5"),
        ("1.", "1."),
        ("2026-01-31", "2026-01-31"),
        ("12:30", "12:30"),
        ("'true'", "true"),
        ('"12"', "12"),
        ("9" * 40, "9" * 40),
        ("١٢", "١٢"),
    ],
)
def test_a_scalar_is_what_it_looks_like(written: str, read: object) -> None:
    """Prove that only true, false, null and plain decimal numbers are anything but the text that was written."""
    found = only(f"key: {written}\n").data["key"]
    assert found == read
    assert type(found) is type(read)


def test_keys_are_always_texts() -> None:
    """Prove that a key that looks like a number or a truth value stays the word that was written."""
    assert only("{1: a, true: b, on: c, ~: d}").data == {"1": "a", "true": "b", "on": "c", "~": "d"}


def test_every_key_and_value_knows_its_place() -> None:
    """Prove lines, columns and widths of keys and values at every depth, from 1."""
    found = only("name: r\nquery:\n  status: [pending, 'draft']\nlast:\n")
    assert found.spot(("name",), on_key=True) == Spot(1, 1, 4)
    assert found.spot(("name",)) == Spot(1, 7, 1)
    assert found.spot(("query", "status", 1)) == Spot(3, 21, 7)
    assert found.spot(("query", "status")) == Spot(3, 11, 1)
    assert found.spot(("last",)) == Spot(4, 1, 4), "a value that is not there is shown by its key"
    assert found.spot(("query", "missing", "deep")) == found.spot(("query",))


@pytest.mark.parametrize(
    ("text", "spot"),
    [
        ('by: "a {{ word }}"\n', Spot(1, 11, 4)),
        ("by: a {{ word }}\n", Spot(1, 10, 4)),
        ("by: |\n  first\n  a {{ word }}\n", Spot(3, 8, 4)),
        ('by: "\\u0061 {{ word }}"\n', Spot(1, 5, 19)),
        ("by: >\n  first\n  a {{ word }}\n", Spot(1, 5, 1)),
    ],
)
def test_a_word_inside_a_text_is_found(text: str, spot: Spot) -> None:
    """Prove that a word's place is exact where the text stands as written, and the text's own place elsewhere."""
    found = only(text)
    offset = found.data["by"].index("word")
    assert found.spot(("by",), offset=offset, width=4) == spot


def test_columns_count_characters() -> None:
    """Prove that letters outside ASCII, and line ends of every kind, move no place."""
    found = only("\ufeffa: é\r\nb: {ü: x}\r\n")
    assert found.spot(("b", "ü")) == Spot(2, 8, 1)
    assert found.source_line(2) == "b: {ü: x}"


def test_documents_of_a_file_are_told_apart() -> None:
    """Prove that several documents keep their own data and their places in the whole file."""
    parsed = document.parse(b"a: 1\n---\na: 2\n")
    assert [(number, found.data) for number, found in parsed.documents] == [(0, {"a": 1}), (1, {"a": 2})]
    assert parsed.documents[1][1].spot(("a",)) == Spot(3, 4, 1)


def test_a_doubled_key_keeps_the_rest_judged() -> None:
    """Prove that a doubled key is reported once each time, at the later one, and the first value is kept."""
    parsed = document.parse(b"a: 1\nb: {c: 1, c: 2}\na: {d: 1}\na: 4\n")
    assert [(flaw.code, flaw.spot.line) for flaw in parsed.flaws] == [("T110", 2), ("T110", 3), ("T110", 4)]
    assert parsed.documents[0][1].data == {"a": 1, "b": {"c": 1}}


def test_anchors_are_refused_before_they_are_followed() -> None:
    """Prove that a file which would grow beyond memory is refused at its anchors, and never built."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    parsed = document.parse("\n".join(lines).encode())
    assert [flaw.code for flaw in parsed.flaws] == ["T111"] * 30
    assert parsed.documents == ()


@pytest.mark.parametrize(("depth", "codes"), [(DEEPEST, []), (DEEPEST + 1, ["T109"]), (100_000, ["T109"])])
def test_depth_is_bounded(depth: int, codes: list[str]) -> None:
    """Prove that 32 levels are read and one more is not, however deep the file goes."""
    parsed = document.parse(b"[" * depth + b"]" * depth)
    assert [flaw.code for flaw in parsed.flaws] == codes


@pytest.mark.parametrize(("size", "codes"), [(LARGEST, []), (LARGEST + 1, ["T104"])])
def test_size_is_bounded(size: int, codes: list[str]) -> None:
    """Prove that 256 KiB are read and one byte more is not."""
    parsed = document.parse(b"a: 1 #".ljust(size, b"x"))
    assert [flaw.code for flaw in parsed.flaws] == codes


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_they_are_judged(raw: bytes) -> None:
    """Prove that no bytes raise, and that what gives no document gives a reason."""
    parsed = document.parse(raw)
    assert parsed.documents or parsed.flaws


_YAML = st.text(alphabet="ab:-[]{},&*!|>'\"#%@`\n \t~<?.0129é\u2028", max_size=60)


@given(_YAML)
def test_whatever_the_text_is_every_place_lies_in_it(text: str) -> None:
    """Prove that every flaw and every value stands in a line that the file has."""
    parsed = document.parse(text.encode())
    lines = len(parsed.lines)
    assert all(1 <= flaw.spot.line <= lines and flaw.spot.column >= 1 for flaw in parsed.flaws)
    for _, found in parsed.documents:
        for path, _ in document.walk(found.data):
            assert 1 <= found.spot(path).line <= lines


_SCALARS = st.one_of(
    st.booleans(), st.none(), st.integers(-(10**29), 10**29), st.text("abc é:#'\"", min_size=1)
)
_DATA = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(_DATA)
def test_json_reads_as_itself(data: object) -> None:
    """Prove that any JSON value, which is YAML too, comes back unchanged."""
    import json  # noqa: PLC0415 - only here

    if data is None:
        return
    assert only(json.dumps({"key": data})).data == {"key": data}
