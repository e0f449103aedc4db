"""Complete an order written in short for a rule test: what a plain order in that status would have.

Pure. A test names what matters to it; everything else is filled in so that only what the test says decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tertib.language import durations, nearest
from tertib.language.calendars import before
from tertib.language.wording import quote
from tertib.model import Calendar, Field, Kind

WAY: Final = ("draft", "pending", "confirmed", "in_process", "ready", "shipped")
"""The statuses on the way to the courier, in the order in which a plain order passes them."""

_ENDINGS: Final = {
    "completed": (*WAY, "completed"),
    "rts": (*WAY, "rts"),
    "shipped_rts": (*WAY, "rts"),
    "closed": (*WAY, "closed"),
    "canceled": ("draft", "pending", "canceled"),
}
_UNPAID: Final = frozenset({"draft", "pending", "canceled"})
_AGO: Final = re.compile(r"(\S+) ago")
_USUAL_OBJECTS: Final = frozenset({"store", "customer", "courier_service", "destination_address"})
"""The objects that every plain order has; all others are null until a test names them."""

_FRESH: Final = timedelta(hours=1)
_EMPTY: Final[Mapping[Kind, Any]] = {
    Kind.TAGS: [],
    Kind.TEXTS: [],
    Kind.OBJECTS: [],
    Kind.QUANTITIES: {},
    Kind.BOOLEAN: False,
}


class BadOrder(ValueError):  # noqa: N818 - named for what it is about
    """An order in a test that cannot be meant: an unknown field, a time that is none."""

    def __init__(self, field: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Slip:
    """One thing that is wrong, or only strange, with an order in a test; `left_out` tells it from a said field."""

    field: str
    message: str
    hint: str | None
    left_out: bool = False
    strange: bool = False


@dataclass(frozen=True, slots=True)
class Specimen:
    """How orders of a test file are completed: the source's field table, the clock, the kind of id, the shop's calendar."""

    fields: Mapping[str, Field]
    now: datetime
    contract: str
    calendar: Calendar

    def order(self, said: Mapping[str, Any], missing: Iterable[str] = ()) -> dict[str, Any]:
        """Return the whole order that `said` means; `missing` are dotted paths that its answer lacks.

        Raises `BadOrder` for fields that no answer of this source has.
        """
        told = {path: self._told(path, value) for path, value in said.items()}
        order = self._blank()
        for path, value in {**self._plain(told), **told}.items():
            _put(order, path, value)
        for path in missing:
            self._known(path)
            _remove(order, path)
        return order

    def slips(self, said: Mapping[str, Any], missing: Iterable[str] = ()) -> Iterator[Slip]:
        """Yield everything that is wrong with an order as said, and what no shop has ever had."""
        for path, value in said.items():
            try:
                self._told(path, value)
            except BadOrder as error:
                yield Slip(path, str(error), error.hint)
            else:
                yield from self._strange(path, value)
        for path in missing:
            try:
                self._known(path)
            except BadOrder as error:
                yield Slip(path, str(error), error.hint, left_out=True)

    def _strange(self, path: str, value: Any) -> Iterator[Slip]:
        field = self.fields.get(path)
        if field is None or field.kind is not Kind.ENUM or not field.values or not isinstance(value, str):
            return
        if value and value not in field.values:
            hint = nearest.did_you_mean(value, field.values)
            yield Slip(path, f"{quote(value)} is no value that `{path}` is known to have", hint, strange=True)

    def _blank(self) -> dict[str, Any]:
        """Return every field that an answer holds, empty, so that only a test makes one unknown."""
        order: dict[str, Any] = {}
        for field in self.fields.values():
            top = field.path.partition(".")[0]
            if field.column is None or field.element:
                continue
            if top in _USUAL_OBJECTS and field.kind is not Kind.OBJECT:
                _put(order, field.path, None)
            elif top == field.path and top not in _USUAL_OBJECTS:
                order[top] = _EMPTY.get(field.kind)
        return order

    def _told(self, path: str, value: Any) -> Any:
        field = self._known(path)
        if field is None:
            return value
        if path == "status" and isinstance(value, Mapping | list):
            raise BadOrder(
                path, "an order has one `status`, which is a text", "for example `status: pending`"
            )
        if field.kind is Kind.TIME and isinstance(value, str):
            return self._time(path, value)
        if field.kind is Kind.TAGS and isinstance(value, list):
            return [
                {"id": 700 + n, "name": tag} if isinstance(tag, str) else tag for n, tag in enumerate(value)
            ]
        return value

    def _known(self, path: str) -> Field | None:
        """Return the field at a path, None below an open object or for the id that always comes."""
        parents = [".".join(path.split(".")[:end]) for end in range(1, path.count(".") + 1)]
        if any(self._is_open(parent) for parent in parents) or path == "id":
            return None
        field = self.fields.get(path)
        if field is None and not any(known.startswith(f"{path}.") for known in self.fields):
            raise BadOrder(path, f"unknown field `{path}`", nearest.did_you_mean(path, self.fields))
        if field is not None and field.column is None:
            raise BadOrder(path, f"no answer that Tertib asks for holds `{path}`", "leave it out")
        return field

    def _is_open(self, path: str) -> bool:
        field = self.fields.get(path)
        return field is not None and field.kind in {Kind.OPEN, Kind.QUANTITIES}

    def _time(self, path: str, text: str) -> str:
        """Read `4d ago`; any other text stays as it is, so that a test can hold a time that cannot be read."""
        found = _AGO.fullmatch(text)
        if found is None:
            return text
        try:
            return _iso(before(self.now, durations.parse_distance(found[1], self.calendar)))
        except ValueError as error:
            hint = "write a distance such as `4d ago`, `1d12h ago` or `2wd ago`"
            raise BadOrder(path, str(error), hint) from None

    # --- a plain order --------------------------------------------------------------------------------------

    def _plain(self, told: Mapping[str, Any]) -> dict[str, Any]:
        status = told.get("status", "pending")
        method = told.get("payment_method", None if status == "draft" else "bank_transfer")
        unpaid = status in _UNPAID or method == "cod"
        shipped = status not in {*WAY[:-1], "canceled"}
        courier_less = told.get("courier_service", "") is None
        plain = {
            "id": 100001 if self.contract == "seeds" else "01930b7a-6a00-7c11-9a00-000000000001",
            "order_id": "261101TERTIB",
            "status": status,
            "payment_status": "unpaid" if unpaid else "paid",
            "payment_method": method,
            "shipment_receipt": "JP1234567890" if shipped and not courier_less else None,
            **_PLAIN,
            **self._times(str(status), told),
        }
        return {path: value for path, value in plain.items() if self._holds(path)}

    def _holds(self, path: str) -> bool:
        if path == "id" or path in self.fields:
            return True
        return any(known.startswith(f"{path}.") for known in self.fields)

    def _times(self, status: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """Stamp the statuses on the way: each no later than the times that the test gives to later ones."""
        stamp = _iso(self.now - _FRESH)
        times: dict[str, Any] = {"last_updated_at": stamp}
        for step in reversed(
            _ENDINGS.get(status, WAY[: WAY.index(status) + 1] if status in WAY else WAY[:2])
        ):
            stamp = _earlier(stamp, told.get(f"{step}_time"))
            times[f"{step}_time"] = stamp
        return {**times, "created_at": stamp}


_PLAIN: Final[Mapping[str, Any]] = {
    "gross_revenue": "150000.00",
    "product_price": "132000.00",
    "shipping_cost": "18000.00",
    "net_revenue": "132000.00",
    "total_weight": 500,
    "quantity": 1,
    "total_quantity": 1,
    "platform": "scalev",
    "awb_status": "unavailable",
    "awb_ca_status": "unavailable",
    "final_variants": {"Contoh Barang": 1},
    "store.id": 1,
    "store.name": "Toko Contoh",
    "store.unique_id": "store_contoh",
    "customer.id": 1,
    "customer.name": "Pembeli Contoh",
    "customer.phone": "6280000000000",
    "customer.email": "pembeli@contoh.example",
    "courier_service.code": "jne_reg",
    "courier_service.name": "JNE REG",
    "courier_service.courier.code": "jne",
    "courier_service.courier.name": "JNE",
}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _earlier(stamp: str, given: Any) -> str:
    """Return the earlier of two instants as text; a given value that is no instant does not count."""
    try:
        return min(stamp, _iso(durations.parse_timestamp(given))) if isinstance(given, str) else stamp
    except ValueError:
        return stamp


def _put(order: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    place = order
    for key in parents:
        inside = place.get(key)
        if not isinstance(inside, dict):
            inside = place[key] = {}
        place = inside
    place[last] = value


def _remove(order: dict[str, Any], path: str) -> None:
    *parents, last = path.split(".")
    place: Any = order
    for key in parents:
        place = place.get(key) if isinstance(place, dict) else None
    if isinstance(place, dict):
        place.pop(last, None)
