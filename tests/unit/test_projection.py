"""A projected order reads as the dict that it came from, whatever JSON it is."""

from __future__ import annotations

import copy
import importlib.util
import json
import pickle
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breadth import examples
from tertib.language import codegen, conditions
from tertib.language.values import UNREADABLE, find, read_as
from tertib.model import MISSING, Condition, Kind
from tertib.projection import Projected, Projection, plain, project
from tertib.scalev.contract import FIELDS


def _laws() -> ModuleType:
    """Load the module that draws random conditions and orders; tests are no package."""
    path = Path(__file__).with_name("language") / "test_laws.py"
    spec = importlib.util.spec_from_file_location("laws_of_conditions_again", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


laws = _laws()
NOW = laws.NOW
LAW = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
DECODER = msgspec.json.Decoder(float_hook=Decimal)


def spelled(value: Any) -> Any:
    """Make a drawn value into what JSON can carry: no NaN, no lone surrogates, decimals as numbers."""
    if isinstance(value, dict):
        return {spelled(key): spelled(below) for key, below in value.items()}
    if isinstance(value, list):
        return [spelled(one) for one in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Decimal | float):
        number = Decimal(value)
        return float(number) if number.is_finite() and abs(number) < 10**50 else None
    return value


def body_of(orders: list[Any]) -> bytes:
    """Write a page of orders."""
    page = {"data": [spelled(order) for order in orders], "is_paginated": False, "next_cursor": None}
    return json.dumps(page).encode()


def both_ways(
    rules: Mapping[str, tuple[Condition, ...]], orders: list[Any]
) -> tuple[list[Any], list[Any], Projection]:
    """Decode a page of orders into dicts and into structs of what the rules read."""
    reads = {path for found in rules.values() for one in found for path in conditions.reads(one)}
    projection = project(reads, laws.FIELDS)
    body = body_of(orders)
    return DECODER.decode(body)["data"], projection.decode(body)["data"], projection


CASES = st.lists(laws.TREES, min_size=1, max_size=3).flatmap(
    lambda items: st.tuples(
        st.just(items), st.lists(st.one_of(laws.about(items), laws.ORDERS), min_size=1, max_size=4)
    )
)


def rules_of(items: list[Any]) -> dict[str, tuple[Condition, ...]]:
    """Make a rule of each item."""
    return {f"rule {number}": laws.read(item) for number, item in enumerate(items)}


@LAW
@given(CASES)
def test_a_struct_is_decided_as_its_dict(case: tuple[list[Any], list[Any]]) -> None:
    """Compiled and interpreted conditions say of a projected order what they say of the whole one."""
    items, orders = case
    rules = rules_of(items)
    dicts, structs, projection = both_ways(rules, orders)
    expected = [
        tuple(name for name, found in rules.items() if conditions.all_of(found, order, NOW) is True)
        for order in dicts
    ]
    compiled = codegen.compile_conditions(rules, types=projection.types)
    assert compiled.match_page([*structs, *dicts], NOW) == expected * 2
    for name, found in rules.items():
        verdicts = [conditions.all_of(found, order, NOW) for order in dicts]
        assert [conditions.all_of(found, order, NOW) for order in structs] == verdicts
        assert [compiled.verdict(name, order, NOW) for order in structs] == verdicts


@pytest.mark.parametrize("status", ["pending", "paid", "", None, 7, MISSING])
def test_a_pinned_struct_is_decided_as_its_dict(status: Any) -> None:
    """Where the field that the rules are pinned by shows no text, a struct too is decided, only slower."""
    rules = {name: laws.read({"notes": None}) for name in ("one", "two")}
    pins = {name: {"status": frozenset({"pending"})} for name in rules}
    order = {"notes": None, **({} if status is MISSING else {"status": status})}
    projection = project(["notes", "status"], FIELDS["orders"])
    compiled = codegen.compile_conditions(rules, types=projection.types, pins=pins)
    expected = tuple(rules) if status in {"pending", 7, MISSING} else ()
    assert compiled.match(one(projection, order), NOW) == expected
    assert compiled.match(order, NOW) == expected


@LAW
@given(CASES)
def test_every_path_reads_the_same(case: tuple[list[Any], list[Any]]) -> None:
    """What the rules read is in the struct as it is in the dict: the value, null, missing or unreadable."""
    items, orders = case
    rules = rules_of(items)
    dicts, structs, _ = both_ways(rules, orders)
    reads = {path for found in rules.values() for one in found for path in conditions.reads(one)}
    for path in reads:
        for whole, projected in zip(dicts, structs, strict=True):
            assert readings(projected, path) == readings(whole, path)


def readings(order: Any, path: str) -> list[Any]:
    """Read a path as its kind, through the objects of a list where one is on the way."""
    head, _, rest = path.partition(".")
    if head in {"orderlines", "tags"} and rest:
        found = find(order, head)
        if not isinstance(found, list):
            return [plain_kind(found)]
        return [reading(one, rest, f"{head}.{rest}") for one in found]
    return [reading(order, path, path)]


def reading(order: Any, path: str, full: str) -> Any:
    """Read one value as its kind; objects count as objects."""
    raw = find(order, path)
    kind = laws.KINDS.get(full, Kind.OPEN)
    if kind in {Kind.OBJECT, Kind.OBJECTS}:
        return plain_kind(raw)
    return read_as(raw, kind)


def plain_kind(raw: Any) -> Any:
    """Tell what sort of value it is."""
    if raw is None or raw is MISSING or raw is UNREADABLE:
        return raw
    return (
        "object"
        if isinstance(raw, Mapping)
        else [plain_kind(one) for one in raw]
        if isinstance(raw, list)
        else raw
    )


@LAW
@given(CASES)
def test_wrong_types_are_told_as_often_as_they_stand(case: tuple[list[Any], list[Any]]) -> None:
    """Each order has exactly the values of a wrong JSON type that its dict has, none twice; what was decoded at once has none."""
    items, orders = case
    dicts, structs, projection = both_ways(rules_of(items), orders)
    told = list(projection.misfits_of(structs))
    assert sorted(told) == sorted(path for order in dicts for path in projection.misfits(order))
    for order in dicts:
        found = list(projection.misfits(order))
        assert len(found) == len(set(found))


@LAW
@given(laws.JSON)
def test_any_body_decodes(value: Any) -> None:
    """A body that is no page comes as the JSON that it is."""
    projection = project(["status", "customer.phone", "orderlines.quantity", "tags"], laws.FIELDS)
    body = json.dumps(spelled(value)).encode()
    whole = DECODER.decode(body)
    found = projection.decode(body)
    if isinstance(whole, dict):
        assert set(found) == whole.keys() & {"data", "is_paginated", "has_next", "next_cursor"}
    else:
        assert plain(found) == whole
    listed = json.dumps({"data": spelled(value)}).encode()
    orders = projection.decode(listed)["data"]
    assert isinstance(orders, list) == isinstance(spelled(value), list)


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b'{"data": [}', b'{"data": []} x', b"\xff"])
def test_what_is_no_json_is_an_error(body: bytes) -> None:
    """A body that was cut off is an error here as it is everywhere, so that it is asked for again."""
    with pytest.raises(msgspec.DecodeError):
        project(["status"], FIELDS["orders"]).decode(body)


# --- the documented fields ------------------------------------------------------------------------------

ORDER = {
    "id": 12,
    "status": "pending",
    "gross_revenue": "168724.00",
    "shipping_cost": 9000.5,
    "customer": {"name": "Siti", "phone": "628111", "email": "s@x.example"},
    "tags": [{"id": 1, "name": "vip"}, "hold"],
    "orderlines": [{"product_name": "Madu", "quantity": 2, "variant_sku": "M-1"}],
    "courier_service": {"code": "jne", "courier": {"code": "jne", "name": "JNE"}},
    "metadata": {"channel": "wa", "deep": {"er": [1]}},
    "notes": None,
}


def one(projection: Projection, order: Mapping[str, Any]) -> Any:
    """Decode a page of one order."""
    return projection.decode(json.dumps({"data": [order]}).encode())["data"][0]


def test_only_what_is_read_is_built() -> None:
    """Keys that nobody named are not there; objects and lists hold only the keys that are named below them."""
    reads = [
        "status",
        "customer.name",
        "tags",
        "orderlines.quantity",
        "courier_service",
        "notes",
        "metadata.channel",
    ]
    found = one(project(reads, FIELDS["orders"]), ORDER)
    assert plain(found) == {
        "status": "pending",
        "customer": {"name": "Siti"},
        "tags": [{"name": "vip"}, "hold"],
        "orderlines": [{"quantity": 2}],
        "courier_service": {},
        "notes": None,
        "metadata": ORDER["metadata"],
    }


def test_whole_values_keep_everything() -> None:
    """What a template names is kept with all that lies below it, fractions exact."""
    found = one(
        project(["customer.name"], FIELDS["orders"], whole=["customer", "orderlines", "shipping_cost"]), ORDER
    )
    assert plain(found) == {
        "customer": ORDER["customer"],
        "orderlines": ORDER["orderlines"],
        "shipping_cost": Decimal("9000.5"),
    }


def test_a_projected_order_is_a_mapping() -> None:
    """Its readers may treat it as the dict that it was, copy it, and write it out again."""
    found = one(project(["id", "status", "notes", "payment_status"], FIELDS["orders"]), ORDER)
    assert isinstance(found, Mapping)
    assert dict(found) == {"id": 12, "status": "pending", "notes": None}
    assert (found["id"], found.get("payment_status", 5), "payment_status" in found, len(found)) == (
        12,
        5,
        False,
        3,
    )
    assert list(found.keys()) == ["id", "notes", "status"]
    assert list(found.values()) == [12, None, "pending"]
    with pytest.raises(KeyError):
        found["payment_status"]
    assert plain(copy.deepcopy(found)) == plain(found)
    assert json.loads(msgspec.json.encode(found)) == dict(found)


def test_a_projected_order_travels_as_a_dict() -> None:
    """Its class is known to nobody else, so another process gets what it stands for."""
    found = one(project(["customer.name", "tags", "notes"], FIELDS["orders"]), ORDER)
    assert pickle.loads(pickle.dumps(found)) == {  # noqa: S301 - our own bytes
        "customer": {"name": "Siti"},
        "tags": [{"name": "vip"}, "hold"],
        "notes": None,
    }


def test_what_is_kept_whole_is_not_judged() -> None:
    """A list that a template goes through is no list of a rule's objects: what is in it is told by whoever compares it."""
    reads = ["orderlines.product_name", "status"]
    projection = project(reads, FIELDS["orders"], whole=["orderlines"])
    found = one(projection, {"status": 7, "orderlines": [{"product_name": "Madu"}]})
    assert list(projection.misfits(found)) == ["status"]


def test_its_repr_shows_no_values() -> None:
    """Orders hold personal data, so neither they nor what is in them shows it by accident."""
    found = one(project(["customer.name", "status"], FIELDS["orders"]), ORDER)
    assert "Siti" not in repr(found)
    assert "pending" not in f"{found!s}{found.get('customer')!r}"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("status", 7, ["status"]),
        ("is_repeat", "yes", ["is_repeat"]),
        ("customer", "Siti", ["customer.name"]),
        ("tags", [{"id": 3}], ["tags"]),
        ("tags", "vip", ["tags"]),
        ("orderlines", [{"quantity": 1, "product_name": 5}, 6], ["orderlines", "orderlines.product_name"]),
        ("pending_time", 1700000000, ["pending_time"]),
        ("pending_time", "soon", []),
        ("gross_revenue", "n/a", []),
        ("status", None, []),
        ("tags", None, []),
    ],
)
def test_wrong_types_are_told_by_path(key: str, value: Any, told: list[str]) -> None:
    """A value of the wrong JSON type is told, kept, and read as unreadable; other orders of the page are not told of."""
    reads = [
        "status",
        "is_repeat",
        "customer.name",
        "tags",
        "orderlines.product_name",
        "pending_time",
        "gross_revenue",
    ]
    projection = project(reads, FIELDS["orders"])
    body = json.dumps({"data": [ORDER, {**ORDER, key: value}]}).encode()
    orders = projection.decode(body)["data"]
    assert list(projection.misfits_of(orders)) == told
    shown = find(orders[1], key)
    assert shown == value or key in {"orderlines", "tags"}
    assert isinstance(orders[0], Projected)


def test_hostile_keys_are_only_keys() -> None:
    """Keys that are words of Python, methods of the class or no letters at all are read like others."""
    fields = dict.fromkeys(
        ("get", "class", "__class__", "x_41", "A", "a b", "items", "é", "_id"), FIELDS["orders"]["notes"]
    )
    order = {key: f"value of {key}" for key in fields}
    assert plain(one(project(fields, fields), order)) == order


def test_a_key_that_no_struct_has_keeps_its_object_whole() -> None:
    """Below an object such a key is found all the same; at the top no field is called so."""
    fields = {"page": FIELDS["orders"]["customer"]}
    found = one(project(['page.a"b'], fields), {"page": {'a"b': 1, "c": 2}})
    assert plain(found) == {"page": {'a"b': 1, "c": 2}}
    with pytest.raises(ValueError, match="cannot be read"):
        project(["a\nb"], fields)


def test_a_field_that_is_not_projected_is_refused_early() -> None:
    """Conditions that read more than the projection holds are a mistake of the program, found when compiling."""
    rules = {"one": laws.read({"status": "paid"}, {"notes": None})}
    with pytest.raises(ValueError, match="notes"):
        codegen.compile_conditions(rules, types=project(["status"], laws.FIELDS).types)
