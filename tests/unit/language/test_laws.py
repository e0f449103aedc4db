"""Laws of conditions, over random trees and random orders.

The plain reading below is written from the language's description alone: it reads a rule's data directly, with
numbers 0, ½ and 1 for false, unknown and true, and shares no code with the engine.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from breadth import examples
from tertib.language import conditions
from tertib.language.personal import Mask
from tertib.model import Complaint, Condition, Field, Kind, Trace

JAKARTA = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 3, 10, 5, tzinfo=UTC)
MASK = Mask(b"k" * 32)
HALF = Fraction(1, 2)
Strategy: TypeAlias = st.SearchStrategy[Any]

KINDS: dict[str, Kind] = {
    "notes": Kind.TEXT,
    "status": Kind.ENUM,
    "customer": Kind.OBJECT,
    "customer.phone": Kind.TEXT,
    "customer.created_at": Kind.TIME,
    "store.id": Kind.ID,
    "gross_revenue": Kind.MONEY,
    "shipping_cost": Kind.MONEY,
    "weight": Kind.NUMBER,
    "expire_days": Kind.NUMBER,
    "is_repeat": Kind.BOOLEAN,
    "pending_time": Kind.TIME,
    "shipped_time": Kind.TIME,
    "tags": Kind.TAGS,
    "pixels": Kind.TEXTS,
    "orderlines": Kind.OBJECTS,
    "orderlines.product_name": Kind.TEXT,
    "orderlines.quantity": Kind.NUMBER,
    "orderlines.price": Kind.MONEY,
    "orderlines.list_price": Kind.MONEY,
    "orderlines.sent_at": Kind.TIME,
    "orderlines.tags": Kind.TAGS,
    "final_variants": Kind.QUANTITIES,
    "metadata": Kind.OPEN,
}
FIELDS = {
    path: Field(
        path,
        kind,
        "",
        frozenset({"orders"}),
        path.split(".")[0],
        unit="days" if path == "expire_days" else "",
        values=frozenset({"pending", "paid", "shipped"}) if kind is Kind.ENUM else frozenset(),
        personal=path.startswith("customer"),
        element=path.startswith("orderlines."),
    )
    for path, kind in KINDS.items()
}
SCALARS = {Kind.TEXT, Kind.ENUM, Kind.ID, Kind.NUMBER, Kind.MONEY, Kind.BOOLEAN, Kind.TIME}
TEXTUAL = {Kind.TEXT, Kind.ENUM, Kind.ID}
ORDERED = {Kind.NUMBER, Kind.MONEY, Kind.TIME}
NAMES = ["hold", "vip", "Ebook", "x"]

# --- random orders --------------------------------------------------------------------------------------

TEXTS = st.sampled_from(["vip", "VIP hold", "Ebook Resep", "pending", "va_bca", "x", " ", "\ud800"])
PHONES = st.sampled_from(["6281234567889", "628111111111", "+6281234567889"])
TIMES = st.one_of(
    st.sampled_from(
        ["2026-03-01", "2026-03-01T10:00:00", "2026-02-30T10:00:00Z", "soon", "0001-01-01T00:00:00+14:00"]
    ),
    st.tuples(st.sampled_from([-20, 0, 11, 12, 24, 36, 48, 72, 168, 200]), st.sampled_from([-1, 0, 1])).map(
        lambda age: (NOW - timedelta(hours=age[0], microseconds=age[1])).isoformat()
    ),
    st.sampled_from(["2026-03-07T12:00:00+07:00", "2026-03-09T17:00:00Z", "9999-12-31T23:59:59-12:00"]),
)
NUMBERS = st.one_of(
    st.integers(-2, 6),
    st.sampled_from(["1", "2.50", "n/a", "1e3", "1,000", "NaN", "-3", Decimal("2.5"), Decimal("1E+999999")]),
    st.sampled_from([Decimal("NaN"), Decimal("Infinity"), float("nan"), 2.5, 10**400]),
)
JUNK = st.sampled_from(
    [None, "", 0, 7, True, False, "n/a", [], {}, ["x"], {"name": "x"}, [None], Decimal("1.5")]
)


def often(good: Strategy) -> Strategy:
    """Draw mostly what belongs there, sometimes null or empty, sometimes anything."""
    return st.one_of(good, good, good, good, st.sampled_from([None, ""]), JUNK)


TAGS = st.lists(st.one_of(st.sampled_from(NAMES).map(lambda name: {"id": 1, "name": name}), JUNK), max_size=3)
RAW: dict[Kind, Strategy] = {
    Kind.TEXT: often(TEXTS),
    Kind.ENUM: often(st.sampled_from(["pending", "paid", "deleted"])),
    Kind.ID: often(st.sampled_from([12, "12", "abc", 13])),
    Kind.NUMBER: often(NUMBERS),
    Kind.MONEY: often(NUMBERS),
    Kind.BOOLEAN: often(st.booleans()),
    Kind.TIME: often(TIMES),
    Kind.TAGS: often(TAGS),
    Kind.TEXTS: often(st.lists(often(st.sampled_from(NAMES)), max_size=3)),
    Kind.QUANTITIES: often(
        st.dictionaries(st.sampled_from([*NAMES, ""]), often(st.integers(0, 3)), max_size=3)
    ),
}


def objects_of(prefix: str) -> Strategy:
    """Draw random objects whose keys are the scalar fields right below `prefix`, each present or not."""
    own = {path.removeprefix(prefix): kind for path, kind in KINDS.items() if path.startswith(prefix)}
    return st.fixed_dictionaries(
        {},
        optional={
            name: often(PHONES) if name == "phone" else RAW[kind]
            for name, kind in own.items()
            if "." not in name and kind in RAW
        },
    )


ORDERS = st.builds(
    lambda top, nested: {**top, **nested},
    objects_of(""),
    st.fixed_dictionaries(
        {},
        optional={
            "customer": often(objects_of("customer.")),
            "store": often(objects_of("store.")),
            "metadata": often(
                st.fixed_dictionaries({}, optional={"channel": often(TEXTS), "level": often(NUMBERS)})
            ),
            "orderlines": often(st.lists(often(objects_of("orderlines.")), max_size=3)),
        },
    ),
)


def about(item: Any) -> Strategy:
    """Draw orders that hold, most of the time, the fields that a condition names, beside some that it does not."""
    named = sorted(names_in(item))
    top = {name: RAW[KINDS[name]] for name in named if KINDS.get(name) in RAW and "." not in name}
    top |= {parent: often(nested(parent, named)) for parent in ("customer", "store", "metadata")}
    top["orderlines"] = often(st.lists(often(nested("orderlines", named)), max_size=2))
    top = {name: values for name, values in top.items() if any(one.startswith(name) for one in named)}
    held = st.fixed_dictionaries(top)
    dropped = st.sampled_from([*[""] * 4, *named])
    return st.builds(
        lambda other, order, without: {
            name: raw for name, raw in {**other, **order}.items() if name != without
        },
        st.one_of(st.just({}), ORDERS),
        held,
        dropped,
    )


def nested(parent: str, named: list[str]) -> Strategy:
    """Draw random objects that hold the fields below `parent` that a condition names, by their own or their full name."""
    wanted = {
        path.removeprefix(f"{parent}."): PHONES if path.endswith("phone") else RAW[kind]
        for path, kind in {**KINDS, "metadata.channel": Kind.TEXT, "metadata.level": Kind.NUMBER}.items()
        if path.startswith(f"{parent}.") and (path in named or path.removeprefix(f"{parent}.") in named)
    }
    return st.fixed_dictionaries({}, optional=wanted) if not wanted else st.fixed_dictionaries(wanted)


def names_in(item: Any) -> set[str]:
    """Collect every key of a condition and every field that is an operand."""
    if isinstance(item, dict):
        found = {one for below in item.values() for one in names_in(below)} | set(item)
        return found | ({item["field"]} if "field" in item else set())
    return {one for below in item for one in names_in(below)} if isinstance(item, list) else set()


# --- random conditions, as a rule's data ----------------------------------------------------------------

LITERALS: dict[Kind, Strategy] = {
    Kind.TEXT: st.sampled_from(["vip", "VIP hold", "Ebook Resep", "6281234567889"]),
    Kind.ENUM: st.sampled_from(["pending", "paid", "gone"]),
    Kind.ID: st.sampled_from([12, "12", "abc"]),
    Kind.NUMBER: st.sampled_from([0, 1, 2, "2.5", Decimal("2.5")]),
    Kind.MONEY: st.sampled_from([0, 1, 2, "2.5", Decimal("2.5")]),
    Kind.BOOLEAN: st.booleans(),
    Kind.TIME: st.sampled_from(["2026-03-07T12:00:00+07:00", "2026-03-10", "2026-03-07"]),
}
PIECES = st.sampled_from(["v", "VIP", "hold", "pend", "a", "8"])
PATTERNS = st.sampled_from(["(?i)vip", "^p", "\\d{4,}", "d$", "[^x]"])
DURATIONS = st.sampled_from(["0m", "12h", "3d", "1d12h", "1w"])


def under(name: str, values: Strategy) -> Strategy:
    """Wrap random values in a mapping with one key."""
    return values.map(lambda value: {name: value})


def values_on(kind: Kind, prefix: str) -> Strategy:
    """Draw random values behind a field's name, in short form or as a mapping of one or two operators."""
    single = st.one_of(operations(kind, prefix))
    several = st.tuples(single, single).map(lambda two: {**two[0], **two[1]})
    short: list[Strategy] = [st.none()]
    if kind in SCALARS:
        short += [LITERALS[kind], st.lists(st.one_of(LITERALS[kind], st.none()), min_size=1, max_size=3)]
    if kind in {Kind.TAGS, Kind.TEXTS, Kind.QUANTITIES}:
        short += [st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), min_size=1, max_size=2)]
    return st.one_of(single, single, several, *short)


def operations(kind: Kind, prefix: str) -> list[Strategy]:
    """Draw random operators that fit the kind, each as `{name: operand}`."""
    found: list[Strategy] = [under("exists", st.booleans())]
    if kind in SCALARS:
        found += scalar_operations(kind, prefix)
    if kind is Kind.TIME:
        found += time_operations(prefix)
    if kind in {Kind.TAGS, Kind.TEXTS, Kind.QUANTITIES}:
        names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2)
        found.append(under("includes", st.sampled_from(NAMES)))
        found += [under(how, names) for how in ("any_of", "all_of", "none_of")]
    if kind in {Kind.TAGS, Kind.TEXTS, Kind.QUANTITIES, Kind.OBJECTS}:
        found += [
            under("count", st.integers(0, 2)),
            st.integers(0, 2).map(lambda number: {"count": {"gte": number, "ne": 3}}),
        ]
    return found


def scalar_operations(kind: Kind, prefix: str) -> list[Strategy]:
    """Draw random comparisons with a value, a list, a range, a text or another field."""
    one = LITERALS[kind]
    several = st.lists(st.one_of(one, st.none()), min_size=1, max_size=3)
    found = [under(how, one) for how in ("eq", "ne")]
    found += [under(how, several) for how in ("in", "not_in")]
    found.append(under("ne", st.none()))
    if kind in ORDERED:
        other = st.one_of(one, other_field(kind, prefix))
        found += [under(how, other) for how in ("lt", "lte", "gt", "gte")]
        low, high = ("2026-03-07", "2026-03-09T10:00:00Z") if kind is Kind.TIME else (1, "2.5")
        found.append(st.just({"between": [low, high]}))
        found.append(other_field(kind, prefix).map(lambda value: {"between": [low, value]}))
    if kind in TEXTUAL:
        names = [f"{how}{twin}" for how in ("contains", "starts_with", "ends_with") for twin in ("", "_i")]
        found += [under(how, PIECES) for how in (*names, "eq_i")]
        found.append(under("matches", PATTERNS))
    return found


def other_field(kind: Kind, prefix: str) -> Strategy:
    """Draw another field of the same object that compares with this kind."""
    inside = {Kind.MONEY: "list_price", Kind.NUMBER: "price", Kind.TIME: "sent_at"}
    outside = {Kind.MONEY: "shipping_cost", Kind.NUMBER: "expire_days", Kind.TIME: "shipped_time"}
    return st.just({"field": (inside if prefix else outside)[kind]})


def time_operations(prefix: str) -> list[Strategy]:
    """Draw random ages and instants."""
    counted = st.sampled_from([{"field": "expire_days"}, {"field": "weight", "unit": "hours"}])
    if prefix:
        counted = st.just({"field": "quantity", "unit": "days"})
    age = st.one_of(DURATIONS, DURATIONS, counted)
    instant = st.one_of(LITERALS[Kind.TIME], other_field(Kind.TIME, prefix))
    found = [under(how, age) for how in ("older_than", "newer_than")]
    return found + [under(how, instant) for how in ("before", "after")]


def entries(prefix: str) -> Strategy:
    """Draw random mappings of one field of the object at `prefix`, without groups."""
    own = {
        path.removeprefix(prefix): kind
        for path, kind in KINDS.items()
        if path.startswith(prefix) and not path.removeprefix(prefix).startswith(("orderlines.", "metadata"))
    }
    return st.sampled_from(sorted(own)).flatmap(
        lambda name: values_on(own[name], prefix).map(lambda test: {name: test})
    )


def inside_lists() -> Strategy:
    """Draw random conditions on the objects of lists, tags and quantities."""
    how = st.sampled_from(["any", "every", "none"])
    line = st.one_of(
        entries("orderlines."),
        st.lists(entries("orderlines."), min_size=1, max_size=2).map(lambda some: {"not": some}),
    )
    tag = values_on(Kind.TEXT, "orderlines.").map(lambda test: {"name": test})
    entry = values_on(Kind.NUMBER, "orderlines.").filter(no_reference).map(lambda test: {"quantity": test})
    both = st.tuples(entry, tag).map(lambda two: {**two[0], **two[1]})
    pairs = [("orderlines", line), ("tags", tag), ("final_variants", st.one_of(entry, both))]
    return st.one_of(
        [under(name, st.tuples(how, child).map(lambda two: {two[0]: two[1]})) for name, child in pairs]
    )


def no_reference(test: Any) -> bool:
    """Tell whether a test names no other field: an entry of quantities has none."""
    return '"field"' not in json.dumps(test, default=str)


OPEN = st.sampled_from(
    [
        {"metadata.channel": "vip"},
        {"metadata.channel": {"contains": "V"}},
        {"metadata.level": {"gte": 2}},
        {"metadata.level": [1, 2]},
        {"metadata.missing": None},
    ]
)
LEAVES = st.one_of(entries(""), entries(""), inside_lists(), OPEN)
TREES = st.recursive(
    LEAVES,
    lambda child: st.one_of(
        st.tuples(st.sampled_from(["all", "any", "not"]), st.lists(child, min_size=1, max_size=3)).map(
            lambda two: {two[0]: two[1]}
        ),
        child.map(lambda one: {"not": one}),
    ),
    max_leaves=6,
)

LEAF_CASES = LEAVES.flatmap(lambda item: st.tuples(st.just(item), about(item)))
CASES = TREES.flatmap(lambda item: st.tuples(st.just(item), about(item)))
PAIRS = st.tuples(TREES, TREES).flatmap(lambda two: st.tuples(st.just(two), about(list(two))))

AGES = st.one_of(
    values_on(Kind.TIME, "").map(lambda test: {"pending_time": test}),
    st.tuples(st.sampled_from(["older_than", "newer_than"]), DURATIONS).map(
        lambda two: {"pending_time": dict([two])}
    ),
    st.tuples(st.sampled_from(["older_than", "newer_than"]), DURATIONS).map(
        lambda two: {"shipped_time": dict([two])}
    ),
    st.sampled_from(["older_than", "newer_than"]).map(
        lambda how: {"pending_time": {how: {"field": "expire_days"}}}
    ),
    DURATIONS.map(lambda age: {"orderlines": {"any": {"sent_at": {"older_than": age}}}}),
)
AGED = st.tuples(st.sampled_from(["all", "any", "not"]), st.lists(AGES, min_size=1, max_size=3)).flatmap(
    lambda two: st.tuples(st.just({two[0]: two[1]}), about(two[1]))
)
"""Conditions on ages alone: the ones that time can turn."""

# --- the plain reading ----------------------------------------------------------------------------------

NOTHING = object()
BAD = object()


def plain_all(items: Iterable[Mapping[str, Any]], order: Any, prefix: str = "") -> Fraction:
    """Take the least certain of the items: all must hold."""
    return min((plain(item, order, prefix) for item in items), default=Fraction(1))


def plain(item: Mapping[str, Any], order: Any, prefix: str = "") -> Fraction:
    """Take the least certain of a mapping's keys."""
    return min(plain_key(key, wanted, order, prefix) for key, wanted in item.items())


def plain_key(key: str, wanted: Any, order: Any, prefix: str) -> Fraction:  # noqa: PLR0911 - one reading a line
    """Read a group, or a field with what must be true of it."""
    if key == "all":
        return plain_all(wanted, order, prefix)
    if key == "any":
        return max(plain(item, order, prefix) for item in wanted)
    if key == "not":
        return 1 - plain_all([wanted] if isinstance(wanted, Mapping) else wanted, order, prefix)
    kind = kind_of(prefix + key, wanted)
    raw = plain_find(order, key)
    if isinstance(wanted, Mapping):
        return min(
            plain_operator(name, operand, raw, kind, order, prefix + key) for name, operand in wanted.items()
        )
    if wanted is None:
        return plain_null(raw)
    listed = kind in {Kind.TAGS, Kind.TEXTS, Kind.QUANTITIES}
    if isinstance(wanted, list):
        return plain_operator("any_of" if listed else "in", wanted, raw, kind, order, prefix + key)
    return plain_operator("includes" if listed else "eq", wanted, raw, kind, order, prefix + key)


def kind_of(path: str, wanted: Any) -> Kind:
    """Return a field's kind; entries and tags have their own, an open value is read as what it is compared with."""
    if path in KINDS:
        return KINDS[path]
    if path.endswith("quantity"):
        return Kind.NUMBER
    if path.startswith("metadata."):
        return Kind.TEXT if "vip" in str(wanted) or "contains" in str(wanted) else Kind.NUMBER
    return Kind.TEXT


def plain_find(order: Any, path: str) -> Any:
    """Return what stands at a path: a null parent is null, a missing one missing, any other that is no object bad."""
    for key in path.split("."):
        if order is None or order is NOTHING:
            return order
        if not isinstance(order, dict):
            return BAD
        order = order.get(key, NOTHING)
    return order


def is_nothing(raw: Any) -> bool:
    """Tell whether it is null or empty text."""
    return raw is None or (isinstance(raw, str) and raw == "")


def plain_null(raw: Any) -> Fraction:
    """Say whether a value is null, as far as is known."""
    return HALF if raw is NOTHING or raw is BAD else certain(yes=is_nothing(raw))


def plain_value(raw: Any, kind: Kind) -> Any:
    """Return a raw value as its kind, NOTHING where it is null or missing, BAD where it cannot be read."""
    if raw is NOTHING or raw is BAD:
        return raw
    if is_nothing(raw):
        return NOTHING
    return plain_readers[kind](raw)


def plain_text(raw: Any) -> Any:
    """Read text, which is JSON text."""
    return raw if isinstance(raw, str) else BAD


def plain_number(raw: Any) -> Any:
    """Read a number exactly, whatever form it came in."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return BAD
    if isinstance(raw, str):
        return Fraction(raw) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", raw) else BAD
    if isinstance(raw, int):
        return Fraction(raw) if abs(raw) < 10**100 else BAD
    number = Decimal(str(raw))
    if not number.is_finite() or not -100 <= number.adjusted() < 100:
        return BAD
    return Fraction(number)


def plain_time(raw: Any) -> Any:
    """Read a time, which has an offset, and exists."""
    if not isinstance(raw, str) or not re.search(r"T.*(Z|[+-]\d\d:\d\d)$", raw):
        return BAD
    try:
        return datetime.fromisoformat(raw).astimezone(UTC)
    except (ValueError, OverflowError):
        return BAD


def plain_names(raw: Any) -> Any:
    """Read the names of tags; BAD for an element without one."""
    if not isinstance(raw, list):
        return BAD
    found = [one.get("name") if isinstance(one, dict) else one for one in raw]
    return [one if isinstance(one, str) and one else BAD for one in found]


def plain_texts(raw: Any) -> Any:
    """Read elements that are texts; BAD for any other."""
    return [one if isinstance(one, str) and one else BAD for one in raw] if isinstance(raw, list) else BAD


plain_readers: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: plain_text,
    Kind.ENUM: plain_text,
    Kind.ID: lambda raw: str(raw) if isinstance(raw, str) or type(raw) is int else BAD,
    Kind.NUMBER: plain_number,
    Kind.MONEY: plain_number,
    Kind.BOOLEAN: lambda raw: raw if isinstance(raw, bool) else BAD,
    Kind.TIME: plain_time,
    Kind.TAGS: plain_names,
    Kind.TEXTS: plain_texts,
    Kind.QUANTITIES: lambda raw: plain_texts(list(raw)) if isinstance(raw, dict) else BAD,
    Kind.OBJECTS: lambda raw: raw if isinstance(raw, list) else BAD,
}


def plain_operand(operand: Any, kind: Kind, order: Any, path: str) -> Any:
    """Return a literal as its kind, or another field of the same object; None where that is not known."""
    if isinstance(operand, Mapping):
        prefix = "orderlines." if path.startswith("orderlines.") else ""
        other = operand["field"]
        found = plain_value(plain_find(order, other), KINDS[prefix + other])
        if found is NOTHING or found is BAD:
            return None
        return found
    if kind is Kind.TIME and len(operand) == 10:
        return datetime.fromisoformat(operand).replace(tzinfo=JAKARTA).astimezone(UTC)
    return plain_value(operand, kind)


def plain_duration(operand: Any, order: Any, path: str) -> timedelta | None:
    """Return a duration, or a number of another field in its unit."""
    if isinstance(operand, str):
        sizes = {"w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60}
        return timedelta(seconds=sum(int(n) * sizes[u] for n, u in re.findall(r"(\d+)([wdhm])", operand)))
    amount = plain_operand(operand, Kind.NUMBER, order, path)
    size = {"days": 86_400, "hours": 3_600}[operand.get("unit", "days")]
    if amount is None or amount < 0 or amount * size > 36_500 * 86_400:
        return None
    return timedelta(seconds=float(amount * size))


def certain(*, yes: bool) -> Fraction:
    """Return a definite verdict."""
    return Fraction(1 if yes else 0)


def plain_operator(  # noqa: PLR0911, PLR0917 - one reading a line, in the order of a sentence
    name: str, operand: Any, raw: Any, kind: Kind, order: Any, path: str
) -> Fraction:
    """Apply one operator to one raw value."""
    if name == "exists" or (name in {"ne", "eq"} and operand is None):
        null = plain_null(raw)
        return 1 - null if operand is True or name == "ne" else null
    if name == "not_in":
        return 1 - plain_operator("in", operand, raw, kind, order, path)
    if name == "in" and None in operand:
        rest = [one for one in operand if one is not None]
        null = plain_null(raw)
        return max(null, plain_operator("in", rest, raw, kind, order, path)) if rest else null
    if name in {"any", "every", "none"}:
        return plain_elements(name, operand, raw, kind, path)
    value = plain_value(raw, kind)
    if value is NOTHING or value is BAD:
        return HALF
    if name == "none_of":
        return 1 - plain_list("any_of", operand, value)
    if isinstance(value, list):
        return plain_list(name, operand, value)
    return plain_scalar(name, operand, value, kind, order, path)


def plain_list(name: str, operand: Any, value: list[Any]) -> Fraction:
    """Look for names in a list, or count them."""
    if name == "count":
        wanted = operand if isinstance(operand, Mapping) else {"gte": operand, "ne": operand + 1}
        exact = isinstance(operand, Mapping) or len(value) == operand
        return certain(yes=exact and len(value) >= wanted["gte"] and len(value) != wanted["ne"])
    names = [operand] if isinstance(operand, str) else operand
    has = [
        max((HALF if one is BAD else certain(yes=one == name) for one in value), default=Fraction(0))
        for name in names
    ]
    return min(has) if name == "all_of" else max(has)


def plain_elements(name: str, operand: Any, raw: Any, kind: Kind, path: str) -> Fraction:
    """Ask at least one, every, or none of the objects."""
    if kind is Kind.QUANTITIES and isinstance(raw, dict):
        raw = [{"name": one, "quantity": quantity} for one, quantity in raw.items()]
    elif kind is Kind.QUANTITIES:
        return HALF
    if not isinstance(raw, list):
        return HALF
    if kind is Kind.TAGS:
        raw = [{"name": one} if isinstance(one, str) else one for one in raw]
    verdicts = [plain(operand, one, f"{path}.") if isinstance(one, dict) else HALF for one in raw]
    if name == "every":
        return min(verdicts, default=Fraction(1))
    found = max(verdicts, default=Fraction(0))
    return found if name == "any" else 1 - found


def plain_scalar(  # noqa: PLR0917 - in the order of a sentence
    name: str, operand: Any, value: Any, kind: Kind, order: Any, path: str
) -> Fraction:
    """Compare one known value."""
    if name in {"older_than", "newer_than"}:
        duration = plain_duration(operand, order, path)
        if duration is None:
            return HALF
        return certain(yes=NOW - value > duration if name == "older_than" else NOW - value < duration)
    if name == "matches":
        return certain(yes=re.search(operand, value) is not None)
    if name in {"in", "between"}:
        parts = [plain_operand(one, kind, order, path) for one in operand]
        if None in parts:
            return HALF
        return certain(yes=value in parts if name == "in" else parts[0] <= value <= parts[1])
    other = plain_operand(operand, kind, order, path)
    return HALF if other is None else certain(yes=plain_comparisons[name](value, other))


plain_comparisons: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "before": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "after": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "contains": lambda a, b: b in a,
    "starts_with": lambda a, b: a[: len(b)] == b,
    "ends_with": lambda a, b: a[-len(b) :] == b,
    "eq_i": lambda a, b: a.lower() == b.lower(),
    "contains_i": lambda a, b: b.lower() in a.lower(),
    "starts_with_i": lambda a, b: a[: len(b)].lower() == b.lower(),
    "ends_with_i": lambda a, b: a[-len(b) :].lower() == b.lower(),
}


# --- the laws -------------------------------------------------------------------------------------------

LAW = settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(*items: Any) -> tuple[Condition, ...]:
    """Parse conditions that must have no errors."""
    complaints: list[Complaint] = []
    found = conditions.parse(list(items), FIELDS, JAKARTA, complaints)
    errors = [one for one in complaints if one.severity == "error"]
    assert not errors, errors
    return found


def verdict(item: Any, order: Any) -> bool | None:
    """Evaluate one item of a rule's conditions."""
    return conditions.all_of(read(item), order, NOW)


def opposite(found: bool | None) -> bool | None:  # noqa: FBT001 - a verdict
    """Return Kleene's negation."""
    return None if found is None else not found


@settings(LAW, max_examples=examples(1500))
@given(LEAF_CASES)
def test_a_test_is_the_plain_reading(case: tuple[Any, Any]) -> None:
    """Every single test says of every order what a plain reading of the language says."""
    item, order = case
    expected = {Fraction(0): False, HALF: None, Fraction(1): True}[plain(item, order)]
    assert verdict(item, order) is expected


@LAW
@given(st.one_of(CASES, AGED))
def test_a_tree_is_the_plain_reading(case: tuple[Any, Any]) -> None:
    """And so does every tree of them."""
    item, order = case
    expected = {Fraction(0): False, HALF: None, Fraction(1): True}[plain(item, order)]
    assert verdict(item, order) is expected


@LAW
@given(PAIRS)
def test_negation_and_de_morgan(case: tuple[tuple[Any, Any], Any]) -> None:
    """`not` turns a verdict and keeps the unknown; De Morgan's laws hold with it."""
    (left, right), order = case
    assert verdict({"not": left}, order) is opposite(verdict(left, order))
    assert verdict({"not": {"not": left}}, order) is verdict(left, order)
    assert verdict({"not": [left, right]}, order) is verdict({"any": [{"not": left}, {"not": right}]}, order)
    either = {"not": {"any": [left, right]}}
    assert verdict(either, order) is verdict({"all": [{"not": left}, {"not": right}]}, order)


@LAW
@given(PAIRS)
def test_order_of_conditions_does_not_matter(case: tuple[tuple[Any, Any], Any]) -> None:
    """Groups are commutative and idempotent."""
    (left, right), order = case
    for how in ("all", "any"):
        assert verdict({how: [left, right]}, order) is verdict({how: [right, left]}, order)
        assert verdict({how: [left, left]}, order) is verdict(left, order)


@LAW
@given(CASES, st.data())
def test_learning_more_never_turns_a_verdict(case: tuple[Any, Any], data: st.DataObject) -> None:
    """Filling in a key that was missing may settle what was unknown; what was definite stays as it was."""
    item, whole = case
    order = {name: raw for name, raw in whole.items() if data.draw(st.booleans())}
    more = {name: raw for name, raw in whole.items() if name not in order}
    before = verdict(item, order)
    learned = copy.deepcopy(order)
    places = [(learned, "", objects_of(""))]
    places += [
        (learned[name], f"{name}.", objects_of(f"{name}."))
        for name in ("customer", "store")
        if isinstance(learned.get(name), dict)
    ]
    lines = learned.get("orderlines")
    if isinstance(lines, list):
        places += [
            (line, "orderlines.", objects_of("orderlines.")) for line in lines if isinstance(line, dict)
        ]
    for place, _, values in places:
        for key, value in data.draw(values).items():
            place.setdefault(key, value)
    learned |= more
    if before is not None:
        assert verdict(item, learned) is before


@LAW
@given(CASES)
def test_reads_is_complete(case: tuple[Any, Any]) -> None:
    """An order without everything that `reads` does not name gets the same verdict."""
    item, order = case
    found = read(item)
    needed = frozenset[str]().union(*map(conditions.reads, found))
    assert conditions.all_of(found, keep(order, needed, ""), NOW) is conditions.all_of(found, order, NOW)


def keep(value: Any, needed: frozenset[str], prefix: str) -> Any:
    """Drop every key of an object that leads to nothing needed."""
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, below in value.items():
        path = prefix + key
        deeper = any(one.startswith(f"{path}.") for one in needed)
        if isinstance(below, list) and deeper and KINDS.get(path) is Kind.OBJECTS:
            kept[key] = [keep(one, needed, f"{path}.") for one in below]
        elif path in needed:
            kept[key] = below
        elif deeper:
            kept[key] = keep(below, needed, f"{path}.")
    return kept


@LAW
@given(CASES)
def test_trace_says_what_evaluation_says(case: tuple[Any, Any]) -> None:
    """Every node of a trace has the verdict that evaluation gives, in short lines without hidden letters."""
    item, order = case
    for condition in read(item):
        traced = conditions.trace(condition, order, NOW, FIELDS, MASK)
        assert traced.result is conditions.evaluate(condition, order, NOW)
        for node in walk(traced):
            assert len(node.saw) <= 250
            assert (node.condition + node.saw).isprintable()
            assert "6281234567889" not in node.saw
            assert not node.condition.startswith("customer.phone: 6281234567889")


def walk(node: Trace) -> Iterable[Trace]:
    """Yield a trace and everything below it."""
    yield node
    for child in node.children:
        yield from walk(child)


@LAW
@given(st.one_of(CASES, AGED))
def test_wait_is_the_shortest(case: tuple[Any, Any]) -> None:
    """Right after the wait that `matches_in` tells, the conditions hold; at no sampled time before it do they."""
    item, order = case
    found = read(item)
    wait = conditions.matches_in(found, order, NOW)
    later = [timedelta(hours=hours) for hours in (0, 1, 13, 37, 71, 73, 100, 169, 400, 30_000)]
    if wait is None:
        if conditions.all_of(found, order, NOW) is not True:
            assert not any(conditions.all_of(found, order, NOW + after) is True for after in later)
        return
    moments = (wait, wait + timedelta(microseconds=1))
    assert any(conditions.all_of(found, order, NOW + moment) is True for moment in moments)
    early = [
        after for after in (*later, wait / 2, wait - timedelta(microseconds=1)) if timedelta() <= after < wait
    ]
    assert not any(conditions.all_of(found, order, NOW + after) is True for after in early)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*(path.split(".")[-1] for path in KINDS), "store", "name"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@LAW
@given(TREES, JSON)
def test_evaluation_is_total(item: Any, order: Any) -> None:
    """Whatever JSON an order is, evaluation, trace and wait return; an order that is no object matches nothing."""
    for condition in read(item):
        found = conditions.evaluate(condition, order, NOW, lambda *_told: None)
        conditions.trace(condition, order, NOW, FIELDS, MASK)
        conditions.matches_in([condition], order, NOW)
        if not isinstance(order, dict):
            assert found is None


RULE_DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([*KINDS, "3d", "", "2026-03-01", "(a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*KINDS, "any", "all", "not", "in", "eq", "count", "field", "unit", "matches", "nope", "lt"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@LAW
@given(RULE_DATA)
def test_parsing_is_total(data: Any) -> None:
    """Whatever a rule holds, parsing returns conditions that evaluate, or complaints that lead to a place in it."""
    complaints: list[Complaint] = []
    found = conditions.parse(data, FIELDS, JAKARTA, complaints)
    conditions.all_of(found, {}, NOW)
    for complaint in complaints:
        assert complaint.path[0] == "conditions"
        spot: Any = {"conditions": data}
        for step in complaint.path:
            spot = spot[step]  # raises where a complaint points at nothing


@LAW
@given(TREES)
def test_parsing_is_a_function_of_the_data(item: Any) -> None:
    """A definition that went through JSON gives the same conditions again."""
    assume("Decimal" not in repr(item))
    assert read(json.loads(json.dumps(item))) == read(item)
