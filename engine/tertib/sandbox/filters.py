"""Turn the list's query parameters into tests on an order; one entry a documented parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from tertib.sandbox import contract as documents
from tertib.sandbox.answers import as_text
from tertib.sandbox.catalogue import Fields
from tertib.sandbox.clock import read_instant
from tertib.sandbox.contract import Contract
from tertib.sandbox.refusal import Refusal, invalid

Test = Callable[[Fields], bool]
TagsMean = Literal["any", "all"]

STATISTICS_PARAMETERS: Final = (
    "search",
    "search_field",
    "status",
    "payment_status",
    "business_id",
    "store_id",
    "shipped_time_since",
    "shipped_time_until",
)


def list_tests(params: Mapping[str, str], contract: Contract, tags_mean: TagsMean = "any") -> list[Test]:
    """Compile every filter of the business list; parameters that are none are ignored, as the vendor does."""
    makers = _makers(contract, tags_mean)
    tests, wrong = [], {}
    for name, value in params.items():
        if name in makers and value != "":
            try:
                tests.append(makers[name](name, value))
            except Refusal as refusal:
                wrong.update(refusal.details)
    if wrong:
        raise Refusal(422, "Validation failed", details=wrong)
    if params.get("search"):
        tests.append(_search(params["search"], params.get("search_field", "order_id")))
    return tests


def statistics_tests(params: Mapping[str, str], contract: Contract) -> list[Test]:
    """Compile the filters that the statistics page documents; the list's other ones are ignored there."""
    return list_tests({name: params[name] for name in STATISTICS_PARAMETERS if name in params}, contract)


def passes(fields: Fields, tests: Iterable[Test]) -> bool:
    """Tell whether an order passes every filter."""
    return all(test(fields) for test in tests)


def at(fields: Any, *path: str) -> Any:
    """Follow a path of keys; anything missing on the way is nothing."""
    for key in path:
        if not isinstance(fields, dict):
            return None
        fields = fields.get(key)
    return fields


Maker = Callable[[str, str], Test]


def _makers(contract: Contract, tags_mean: TagsMean) -> dict[str, Maker]:
    special: dict[str, Maker] = {
        "payment_method": lambda name, value: _method(name, value, contract),
        "tags": lambda _, value: _tags(value, tags_mean),
    }
    return {**_SHARED_MAKERS, **special}


def _choice(allowed: Iterable[str]) -> Maker:
    choices = frozenset(allowed)

    def make(name: str, value: str) -> Test:
        if value not in choices:
            raise invalid(name, "is invalid")
        return lambda fields: fields.get(name) == value

    return make


def _flag(name: str, value: str) -> Test:
    wanted = _boolean(name, value)
    return lambda fields: bool(fields.get(name)) is wanted


def _boolean(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise invalid(name, "is invalid")
    return value == "true"


def _has_proof(name: str, value: str) -> Test:
    wanted = _boolean(name, value)
    return lambda fields: bool(fields.get("transferproof_url")) is wanted


def _exact(_: str, value: str, *path: str) -> Test:
    return lambda fields: (found := at(fields, *path)) is not None and str(found) == value


def _by(*path: str) -> Maker:
    return lambda name, value: _exact(name, value, *path)


def _own_name(name: str, value: str) -> Test:
    return _exact(name, value, name)


def _affiliate(name: str, value: str) -> Test:
    if not value.isascii() or not value.isdigit():
        raise invalid(name, "is invalid")
    return lambda fields: fields.get(name) == int(value)


def _product(_: str, value: str) -> Test:
    return lambda fields: any(str(product) == value for product in fields.get("product_ids") or ())


def _instant(name: str, value: str) -> datetime:
    instant = read_instant(value)
    if instant is None:
        raise invalid(name, "is invalid")
    return instant


def _since(name: str, value: str) -> Test:
    bound, stamp = _instant(name, value), name.removesuffix("_since")
    return lambda fields: (time := read_instant(fields.get(stamp))) is not None and time >= bound


def _until(name: str, value: str) -> Test:
    bound, stamp = _instant(name, value), name.removesuffix("_until")
    return lambda fields: (time := read_instant(fields.get(stamp))) is not None and time <= bound


def _method(name: str, value: str, contract: Contract) -> Test:
    if value not in documents.FILTER_METHODS[contract]:
        raise invalid(name, "is invalid")
    if value == "va" and contract == "current":
        return lambda fields: str(fields.get(name) or "").startswith("va")
    return lambda fields: fields.get(name) == value


def _tags(value: str, mean: TagsMean) -> Test:
    wanted = {name for part in value.split(",") if (name := part.strip())}
    if mean == "all":
        return lambda fields: wanted <= _tag_names(fields)
    return lambda fields: bool(wanted & _tag_names(fields))


def _tag_names(fields: Fields) -> set[Any]:
    tags = fields.get("tags")
    return {tag.get("name") for tag in tags if isinstance(tag, dict)} if isinstance(tags, list) else set()


_SEARCHED: Final[dict[str, tuple[str, ...]]] = {
    name: ("customer", name.removeprefix("customer_")) if name.startswith("customer_") else (name,)
    for name in documents.SEARCH_FIELDS
}


def _search(term: str, field: str) -> Test:
    """Search the named field; one that is not supported means the order id, as documented."""
    path = _SEARCHED.get(field, ("order_id",))
    if path == ("gross_revenue",):
        amount = as_text(term)
        return lambda fields: (
            fields.get("gross_revenue") is not None and as_text(fields["gross_revenue"]) == amount
        )
    wanted = term.strip().casefold()
    return lambda fields: wanted in str(at(fields, *path) or "").casefold()


_SHARED_MAKERS: Final[dict[str, Maker]] = {
    "is_probably_spam": _flag,
    "business_role": _choice(documents.BUSINESS_ROLES),
    "draft_time_until": _until,
    "confirmed_time_since": _since,
    "confirmed_time_until": _until,
    "shipped_time_since": _since,
    "shipped_time_until": _until,
    "completed_time_since": _since,
    "completed_time_until": _until,
    "is_from_form": _flag,
    "is_repeat": _flag,
    "product_id": _product,
    "is_transferproof_exist": _has_proof,
    "order_id": _own_name,
    "awb_ca_status": _choice(documents.AWB_STATUSES),
    "status": _choice(documents.FILTER_STATUSES),
    "payment_status": _choice(documents.PAYMENT_STATUSES),
    "shipment_status": _own_name,
    "business_id": _by("store", "business", "id"),
    "store_id": _by("store", "id"),
    "warehouse_id": _by("warehouse", "id"),
    "courier_id": _by("courier_service", "courier", "id"),
    "handler_id": _by("handler", "id"),
    "advertiser_id": _by("advertiser", "id"),
    "platform": _choice(documents.PLATFORMS),
    "financial_entity_id": _by("financial_entity", "id"),
    "page_id": _by("page", "id"),
    "external_id": _own_name,
    "affiliate_business_id": _affiliate,
    "utm_source": _own_name,
}
FILTERS: Final = frozenset((*_SHARED_MAKERS, "payment_method", "tags", "search"))
