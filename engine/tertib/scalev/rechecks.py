"""Check again, on an order that came back, whether Scalev heeded a filter that was sent.

A filter that a server does not know, or ignores, silently widens its answer. So each parameter is checked as exactly
as its kind allows: False where the order contradicts the filter, True where it agrees, and None where the order does
not show it (a key that is missing, a value that cannot be read).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from tertib.model import MISSING, Order, Parameter, Verdict
from tertib.scalev.ids import UUID
from tertib.scalev.parameters import PARAMETERS


def check(parameter: str, sent: str, order: Order) -> Verdict:
    """Tell whether `order` agrees with the filter `parameter` as it was sent; KeyError for one nobody documents."""
    known = PARAMETERS[parameter]
    special = _SPECIAL.get(parameter)
    if special is not None:
        return special(sent, order)
    if known.kind == "id" and known.checks:
        return _any_id(sent, order, known.checks)
    compare = _BY_COMPARISON.get(known.comparison)
    return None if compare is None else compare(known, sent, _find(order, known.checks[0]))


def _find(order: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path: None under a null parent, MISSING where a key is not there."""
    value: Any = order
    for key in path.split("."):
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return MISSING
        value = value.get(key, MISSING)
    return value


def _is_blank(value: object) -> bool:
    """Tell whether a value says *there is none*: a filter for something is contradicted by it."""
    return value is None or value == ""


# --- equality, presence, time, tags -----------------------------------------------------------------------


def _equal(parameter: Parameter, sent: str, value: object) -> Verdict:
    """Compare text, enumerated values and booleans, exactly."""
    if value is MISSING:
        return None
    if _is_blank(value):
        # Whether null counts as *no* is not documented, so it is no sign of an ignored filter.
        return None if parameter.kind == "boolean" and sent == "false" else False
    if parameter.kind == "boolean" and isinstance(value, bool):
        value = "true" if value else "false"
    if parameter.kind == "text" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value == sent if isinstance(value, str) else None


def _exists(_: Parameter, sent: str, value: object) -> Verdict:
    """Compare the presence of a value with what was asked for."""
    return None if value is MISSING else _is_blank(value) == (sent == "false")


def _instant(value: object) -> datetime | None:
    """Read an instant with its offset, to the second: filters are sent with no more than that."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return None if instant.tzinfo is None else instant.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def _time(parameter: Parameter, sent: str, value: object) -> Verdict:
    """Compare a timestamp with a bound, both ends inclusive."""
    if value is MISSING:
        return None
    if _is_blank(value):
        return False
    bound, instant = _instant(sent), _instant(value)
    if bound is None or instant is None:
        return None
    return instant >= bound if parameter.comparison == "since" else instant <= bound


def _includes(_: Parameter, sent: str, value: object) -> Verdict:
    """Look for a tag by its name; a list without a readable name in it cannot deny the tag."""
    if value is MISSING:
        return None
    if _is_blank(value):
        return False
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    names = [tag.get("name") if isinstance(tag, Mapping) else tag for tag in value]
    if sent in names:
        return True
    return False if all(isinstance(name, str) for name in names) else None


_BY_COMPARISON: Final[Mapping[str, Callable[[Parameter, str, Any], Verdict]]] = MappingProxyType(
    {"equal": _equal, "exists": _exists, "since": _time, "until": _time, "includes": _includes}
)


# --- ids --------------------------------------------------------------------------------------------------


def _shape(key: str) -> str:
    """Name the sort of an id, since only ids of one sort can deny each other."""
    if key.isascii() and key.isdigit():
        return "number"
    return "uuid" if UUID.fullmatch(key) else "name"


def _any_id(sent: str, order: Order, paths: Sequence[str]) -> Verdict:
    """Compare an id with every one that the order shows for it.

    Several parents (the store's business, the warehouse's business) are alternatives: each must deny the filter.
    """
    parents = {path.rpartition(".")[0] for path in paths}
    verdicts = [
        _one_id(sent, [_find(order, path) for path in paths if path.rpartition(".")[0] == parent])
        for parent in parents
    ]
    return _either(verdicts)


def _either(verdicts: Sequence[Verdict]) -> Verdict:
    """Return Kleene's *or*."""
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _one_id(sent: str, shown: Sequence[object]) -> Verdict:
    """Compare an id with the names that one thing goes by.

    Denied by an id of the same sort that differs, or where nothing is there at all (a null parent).
    """
    if all(value is None for value in shown):
        return False
    known = [str(value) for value in shown if isinstance(value, int | str) and not isinstance(value, bool)]
    if sent.casefold() in (key.casefold() for key in known if key):
        return True
    if _shape(sent) in (_shape(key) for key in known if key):
        return False
    return None


def _page(sent: str, order: Order) -> Verdict:
    """Compare a landing page's id with what `page` shows; its shape is not documented."""
    page = _find(order, "page")
    if not isinstance(page, Mapping):
        return None if page is MISSING or not _is_blank(page) else False
    return _one_id(sent, [page.get(key, MISSING) for key in ("id", "unique_id", "uuid")])


def _product(sent: str, order: Order) -> Verdict:
    """Look for a product's id in the order lines; they are documented without one, so mostly this is unknown."""
    lines = _find(order, "orderlines")
    if not isinstance(lines, Sequence) or isinstance(lines, str) or not lines:
        return None
    return _either([_line_product(sent, line) for line in lines])


def _line_product(sent: str, line: object) -> Verdict:
    """Compare a product's id with one order line, which may be a bundle that holds it under another id."""
    if not isinstance(line, Mapping):
        return None
    shown = [value for value in (_find(line, "product_id"), _find(line, "product.id")) if value is not None]
    return _one_id(sent, shown) if shown else None


# --- parameters with a reading of their own -----------------------------------------------------------------


def _method(sent: str, order: Order) -> Verdict:
    """Compare the payment method; a filter for `va` may bring any bank's virtual account."""
    value = _find(order, "payment_method")
    if sent == "va" and isinstance(value, str) and value.startswith("va_"):
        return True
    return _equal(PARAMETERS["payment_method"], sent, value)


def _spam(sent: str, order: Order) -> Verdict:
    """Take note of a spam flag that comes although `columns` cannot ask for it; else this stays unknown."""
    flag = order.get("is_probably_spam", MISSING)
    return flag == (sent == "true") if isinstance(flag, bool) else None


_SPECIAL: Final[Mapping[str, Callable[[str, Order], Verdict]]] = MappingProxyType(
    {"payment_method": _method, "page_id": _page, "product_id": _product, "is_probably_spam": _spam}
)
