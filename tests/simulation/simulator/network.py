"""What stands in for the network and Scalev's server under the real clients: it answers, and it fails as told.

The edge is httpx's transport, so that the clients' own sorting of answers and errors is part of what is simulated.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import httpx

from simulator.scenario import UNKNOWN, Fault
from simulator.shop import lasting

if TYPE_CHECKING:
    from simulator.world import Process, World

_FILTERS: Final = ("status", "payment_status", "order_id")
_ROUND_TRIP: Final = 0.2
_SLOW: Final = 25.0
_TIMEOUT: Final = 30.0


class Seen(NamedTuple):
    """An order as somebody read it, and by how much the clock was wrong that dated the reading."""

    status: str
    payment: str
    money: str
    proof: bool
    clock: float


@dataclass(slots=True)
class Wire:
    """A change that went on the wire: when it left, what it held, and what the client can know of it."""

    number: int
    left_at: float
    process: int
    ids: tuple[Any, ...]
    values: Mapping[str, Any]
    read_at: Mapping[str, float | None]
    seen: Mapping[str, Seen | None]
    request_id: str | None
    fault: str = ""
    foreign: str = ""
    refused: bool = False

    @property
    def unknown(self) -> bool:
        """Tell whether nobody at the client can know what became of every order."""
        return self.fault in UNKNOWN


@dataclass(slots=True)
class Network(httpx.BaseTransport):
    """One process's way to the server."""

    world: World
    process: Process
    reads: dict[str, tuple[float, Any]] = field(default_factory=dict)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or fail, one request."""
        self.process.requests.append(self.world.schedule.true)
        if request.url.path.endswith("/statistics"):
            return httpx.Response(403, json={"error": "Missing scope: order:statistics:read"})
        if request.method == "POST":
            return self._change(json.loads(request.read()))
        return self._list(dict(request.url.params))

    # --- reads ------------------------------------------------------------------------------------------

    def _list(self, params: Mapping[str, str]) -> httpx.Response:
        world, process = self.world, self.process
        process.reach("list<")
        fault = world.strike("list")
        what = fault.what if fault else ""
        process.wait(_ROUND_TRIP / 2)
        early = _early(what, process)
        if early is not None:
            return early
        filters = {name: params[name] for name in _FILTERS if name in params}
        fitting = {str(one["id"]) for one in world.shop.listed(filters)}
        if what == "ignored_filter":
            filters.pop(next(iter(filters), ""), None)
        found = world.shop.listed(filters)
        at = world.schedule.true
        body = self._page(found, params, what)
        # A page that belies a filter is thrown away and asked for once more: nobody goes by it.
        if all(str(row["id"]) in fitting for row in body["data"]):
            for row in body["data"]:
                self._note_read(row, at)
        process.wait(_ROUND_TRIP / 2)
        process.reach("list>")
        if what == "truncated":
            return httpx.Response(200, content=_cut(body))
        return httpx.Response(200, json=body, headers=_OK)

    def _note_read(self, row: Mapping[str, Any], at: float) -> None:
        order = self.world.shop.orders[lasting(row["id"])]
        seen = Seen(
            order["status"],
            order["payment_status"],
            order["gross_revenue"],
            order["transferproof_url"] is not None,
            self.process.worker.machine.offset,
        )
        self.reads[str(row["id"])] = (at, seen)

    def _page(self, found: list[dict[str, Any]], params: Mapping[str, str], what: str) -> dict[str, Any]:
        size = min(self.world.setup.page, int(params["page_size"]))
        cursor = params.get("next_cursor")
        behind = found if cursor is None else [one for one in found if one["created_at"] < _place(cursor)]
        if what == "repeated_page":
            behind = found
        rows = behind[:size]
        more = len(behind) > size
        following = _cursor(rows[-1]["created_at"]) if more else None
        if what == "repeated_cursor" and cursor is not None:
            following, more = cursor, True
        shown = [_shown(one, params.get("columns", "")) for one in rows]
        if what == "reordered":
            shown.reverse()
        if what == "missing_field":
            for one in shown:
                one.pop("payment_status", None)
        return {
            "data": shown,
            "is_paginated": True,
            "has_next": more,
            "has_previous": cursor is not None,
            "next_cursor": following,
            "previous_cursor": None,
            "page_size": size,
        }

    # --- the write --------------------------------------------------------------------------------------

    def _change(self, body: Mapping[str, Any]) -> httpx.Response:
        world, process = self.world, self.process
        ids = tuple(body["ids"])
        values = {name: value for name, value in body.items() if name != "ids"}
        wire = self._noted(ids, values)
        process.reach("change<")
        fault = world.strike("change")
        what = wire.fault = fault.what if fault else ""
        process.wait(_ROUND_TRIP / 2)
        wire.refused = what in {"refused", "plain_429", "json_429", "e401"}
        early = _early(what, process)
        if early is not None:
            return early
        if what in {"late", "late_reset"} and fault is not None:
            world.schedule.at(world.schedule.true + fault.size, lambda: self._carry_out(wire, ids, values))
            _lose(what == "late", process)
        refused = world.shop.refusal(ids, values)
        if refused is not None:
            wire.fault = ""
            wire.refused = True
            process.wait(_ROUND_TRIP / 2)
            process.reach("change>")
            return httpx.Response(refused[0], json={"error": refused[1]}, headers=_OK)
        return self._carried_out(wire, fault)

    def _noted(self, ids: tuple[Any, ...], values: Mapping[str, Any]) -> Wire:
        known = {str(one): self.reads.get(str(one), (None, None)) for one in ids}
        wire = Wire(
            number=len(self.world.wires),
            left_at=self.world.schedule.true,
            process=self.process.number,
            ids=ids,
            values=values,
            read_at={key: at for key, (at, _) in known.items()},
            seen={key: seen for key, (_, seen) in known.items()},
            request_id=self.process.take_claim(ids),
        )
        self.world.wires.append(wire)
        return wire

    def _carry_out(self, wire: Wire, ids: Sequence[Any], values: Mapping[str, Any]) -> None:
        if self.world.shop.refusal(ids, values) is None:
            self.world.shop.change(self.world.schedule.true, wire.number, ids, values)

    def _carried_out(self, wire: Wire, fault: Fault | None) -> httpx.Response:
        process, shop, what = self.process, self.world.shop, wire.fault
        count = int(fault.size) if fault else 1
        undone = what.endswith("_undone")
        done = wire.ids[count:] if undone else wire.ids
        shop.change(self.world.schedule.true, wire.number, done, wire.values)
        process.reach("change applied")
        if what in {"reset_after", "timeout_after"}:
            _lose(what == "timeout_after", process)
        process.wait(_SLOW if what == "slow" else _ROUND_TRIP / 2)
        # A person may have removed an order in the meantime.
        rows = [self._echo(key) for key in wire.ids if lasting(key) in shop.orders]
        if what.startswith("partial"):
            rows = rows[count:]
        if what.startswith("other_values"):
            rows = [*({**row, **_OTHER} for row in rows[:count]), *rows[count:]]
        if what == "echo_twice":
            rows = [*({**row, **_OTHER} for row in rows[:1]), *rows]
        if what == "foreign":
            wire.foreign = "999999"
            rows.append(
                {"id": 999_999, "order_id": "x", **dict.fromkeys(("status", "payment_status"), "paid")}
            )
        process.reach("change>")
        failed = _FAILED_AFTER.get(what)
        if failed is not None:
            return failed()
        answer = {"data": rows, "is_paginated": False}
        if what == "truncated":
            return httpx.Response(200, content=_cut(answer))
        return httpx.Response(200, json=answer, headers=_OK)

    def _echo(self, key: Any) -> dict[str, Any]:
        """Return what an answer says of an order, under the id that was sent: an old one is taken as well."""
        order = self.world.shop.orders[lasting(key)]
        return {"id": key, **{name: order[name] for name in ("order_id", "status", "payment_status")}}


_OK: Final = {"X-Ratelimit-Limit": "10000", "X-Ratelimit-Remaining": "9000", "X-Ratelimit-Reset": "3000"}
_OTHER: Final = {"status": "in_process", "payment_status": "conflict"}
_FAILED_AFTER: Final = {
    "e500_after": lambda: httpx.Response(500, json={"error": "Something went wrong"}),
    "html_502_after": lambda: httpx.Response(502, html="<html>502</html>"),
    "e408_after": lambda: httpx.Response(408, text="Request Timeout"),
}


def _early(what: str, process: Process) -> httpx.Response | None:
    """Fail, or answer, before anything was done."""
    if what == "refused":
        raise httpx.ConnectError("connection refused")
    if what in {"reset", "reset_before"}:
        raise httpx.ReadError("connection reset")
    if what in {"timeout", "timeout_before"}:
        _lose(True, process)  # noqa: FBT003 - by waiting
    return _EARLY[what]() if what in _EARLY else None


_EARLY: Final = {
    "plain_429": lambda: httpx.Response(429, text="Too Many Requests", headers={"Retry-After": "3"}),
    "json_429": lambda: httpx.Response(
        429,
        json={"error": "rate limit"},
        headers={"X-Ratelimit-Limit": "100", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "7"},
    ),
    "e400": lambda: httpx.Response(400, json={"error": "Bad request"}),
    "e500": lambda: httpx.Response(500, json={"error": "Something went wrong"}),
    "e500_before": lambda: httpx.Response(500, json={"error": "Something went wrong"}),
    "html_502": lambda: httpx.Response(502, html="<html>502</html>"),
    "html_502_before": lambda: httpx.Response(502, html="<html>502</html>"),
    "e401": lambda: httpx.Response(401, json={"error": "Unauthorized"}),
}


def _lose(by_waiting: bool, process: Process) -> NoReturn:  # noqa: FBT001 - two ways of one thing
    """Lose the answer, at once or after the client's whole patience."""
    if by_waiting:
        process.wait(_TIMEOUT)
        raise httpx.ReadTimeout("timed out")
    raise httpx.RemoteProtocolError("server disconnected")


def _cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode()


def _place(cursor: str) -> str:
    return base64.urlsafe_b64decode(cursor).decode()


def _shown(order: Mapping[str, Any], columns: str) -> dict[str, Any]:
    wanted = {"id", "created_at", "last_updated_at", *columns.split(",")}
    return {name: value for name, value in order.items() if name in wanted}


def _cut(body: Mapping[str, Any]) -> bytes:
    raw = json.dumps(body).encode()
    return raw[: len(raw) * 2 // 3]
