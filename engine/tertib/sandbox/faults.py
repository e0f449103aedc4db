"""Switch on, count and switch off the oddities that the documents and the wild know."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

READS: Final = frozenset(("list", "statistics", "customer", "order"))
PAGES: Final = frozenset(("list", "customer"))
WRITES: Final = frozenset(("change",))
ENDPOINTS: Final = READS | WRITES


@dataclass(frozen=True, slots=True)
class Kind:
    """What a fault does, where it may strike, and the options it takes with their defaults."""

    says: str
    targets: frozenset[str] = ENDPOINTS
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: Final[Mapping[str, Kind]] = {
    "plain_429": Kind("answer 429 as plain text", options={"retry_after": "1"}),
    "ignore_filter": Kind("ignore the query parameter `filter`", READS, {"filter": None}),
    "missing_echo": Kind(
        "leave `count` orders (or `ids`) out of the bulk answer; `applied: false` does not change them either",
        WRITES,
        {"count": 1, "ids": None, "applied": True},
    ),
    "changed_echo": Kind(
        "echo `count` orders (or `ids`) with the values of `set`",
        WRITES,
        {"count": 1, "ids": None, "set": None},
    ),
    "foreign_id": Kind("echo one more order, `id`, that was not sent", WRITES, {"id": None}),
    "bad_id": Kind("refuse any bulk request that holds `id`", WRITES, {"id": None, "status": 422}),
    "late_apply": Kind(
        "answer with `answer` (hang, reset, or a status) and apply after `delay_ms` (null: when told to)",
        WRITES,
        {"answer": "hang", "delay_ms": 300},
    ),
    "error_before_apply": Kind("answer `status` and do nothing", options={"status": 500}),
    "error_after_apply": Kind("do it, then answer `status`", options={"status": 500}),
    "reset_before_apply": Kind("drop the connection and do nothing"),
    "reset_after_apply": Kind("do it, then drop the connection"),
    "slow": Kind("wait `delay_ms` before the answer", options={"delay_ms": 1000}),
    "html_502": Kind(
        "answer an HTML page with 502; `applied: true` does it first", options={"applied": False}
    ),
    "truncated_json": Kind("cut the answer's body short"),
    "no_is_paginated": Kind("leave `is_paginated` out of the answer"),
    "repeated_cursor": Kind("give the cursor of this very page as the next one", PAGES),
    "endless_pages": Kind(
        "always have a next page, with a new cursor; after the last comes the first", PAGES
    ),
    "endless_body": Kind("send a body that goes on for `seconds`", READS, {"seconds": 30}),
    "redirect": Kind("answer 307 to `location`", options={"location": "http://127.0.0.1:9/elsewhere"}),
}


@dataclass(slots=True)
class Fault:
    """One oddity that is switched on: for how many requests, after how many, and on which."""

    number: int
    name: str
    target: str | None
    times: int | None
    after: int
    when: Mapping[str, str]
    options: dict[str, Any]
    struck: int = 0

    def strikes(self, endpoint: str, params: Mapping[str, str], ids: list[Any]) -> bool:
        """Tell whether a request is one that this fault is meant for."""
        if endpoint not in (KINDS[self.name].targets if self.target is None else {self.target}):
            return False
        if any(params.get(name) != value for name, value in self.when.items()):
            return False
        if self.name == "ignore_filter":
            return self.options["filter"] in params
        return self.name != "bad_id" or self.options["id"] in ids

    def shown(self) -> dict[str, Any]:
        """Show the fault in the state view."""
        names = ("number", "name", "target", "times", "after", "struck")
        return {
            **{name: getattr(self, name) for name in names},
            "when": dict(self.when),
            "options": self.options,
        }


class Faults:
    """The oddities that are switched on now; safe to switch from a test's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._on: list[Fault] = []

    def add(
        self,
        name: str,
        *,
        times: int | None = 1,
        target: str | None = None,
        after: int = 0,
        when: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Fault:
        """Switch a fault on for the next `times` requests (None: for ever), after letting `after` through."""
        _check(name, target, times, after, options)
        with self._lock:
            filled = {**KINDS[name].options, **options}
            fault = Fault(next(self._numbers), name, target, times, after, dict(when or {}), filled)
            self._on.append(fault)
            return fault

    def clear(self, name: str | None = None) -> None:
        """Switch one kind of fault off, or all of them."""
        with self._lock:
            self._on = [] if name is None else [fault for fault in self._on if fault.name != name]

    def active(self) -> list[dict[str, Any]]:
        """Show the faults that are still to strike."""
        with self._lock:
            return [fault.shown() for fault in self._on]

    def draw(self, endpoint: str, params: Mapping[str, str], ids: list[Any]) -> dict[str, Fault]:
        """Take the faults that strike this request; each counts it as one of its own."""
        drawn: dict[str, Fault] = {}
        with self._lock:
            for fault in self._on:
                if fault.name not in drawn and fault.strikes(endpoint, params, ids):
                    if fault.after > 0:
                        fault.after -= 1
                        continue
                    fault.struck += 1
                    drawn[fault.name] = fault
            self._on = [fault for fault in self._on if fault.times is None or fault.struck < fault.times]
        return drawn


def _check(name: str, target: str | None, times: int | None, after: int, options: Mapping[str, Any]) -> None:
    kind = KINDS.get(name)
    if kind is None:
        raise ValueError(f"fault {name!r}: expected one of {', '.join(KINDS)}")
    if target is not None and target not in kind.targets:
        raise ValueError(f"target {target!r}: `{name}` strikes {', '.join(sorted(kind.targets))}")
    unknown = sorted(options.keys() - kind.options.keys())
    if unknown:
        raise ValueError(f"option {unknown[0]!r}: `{name}` takes {', '.join(kind.options) or 'none'}")
    needed = {"ignore_filter": "filter", "bad_id": "id"}.get(name)
    if needed is not None and options.get(needed) is None:
        raise ValueError(f"`{name}` needs its `{needed}`")
    answer = options.get("answer", "hang")
    if answer not in ("hang", "reset") and not (isinstance(answer, int) and 400 <= answer < 600):  # noqa: PLR2004
        raise ValueError(f"option 'answer': expected hang, reset or an error status, not {answer!r}")
    if (times is not None and times < 1) or after < 0:
        raise ValueError("`times` is at least 1, `after` at least 0")
