"""What is decided: matches, changes, holds, what the record knows, and the plan that they make up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tertib.model.reading import Order, ScanReport
from tertib.model.rules import Mode
from tertib.model.values import Verdict
from tertib.sayings import N_, said


@dataclass(frozen=True, slots=True)
class Trace:
    """A condition, the value it saw (personal values masked), and its verdict, with the parts below it."""

    condition: str
    saw: str
    result: Verdict
    children: tuple[Trace, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """An order for which a rule's query and conditions all hold. `unchecked` are filters it could not confirm.

    `filters` are the traces of the query's filters, `reasons` those of the conditions.
    """

    rule: str
    order: Order
    read_at: datetime
    reasons: tuple[Trace, ...]
    unchecked: tuple[str, ...] = ()
    filters: tuple[Trace, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One order's planned change.

    `id` is the key as the list gave it; `set` the action's rendered values; `before` the present values of the
    same readable fields and of `status` and `payment_status`. Personal values are kept here in clear and
    masked by whoever writes them down; `personal` names those of `set` that were taken from the order. `updated_at` is
    the order's `last_updated_at` as it was read, "" where the answer had none.
    """

    id: int | str
    order_id: str
    rule: str
    before: Mapping[str, Any]
    set: Mapping[str, Any]
    value: Decimal | None
    reversible: bool
    reasons: tuple[Trace, ...]
    read_at: datetime
    customer: str = ""
    since: datetime | None = None
    personal: frozenset[str] = frozenset()
    filters: tuple[Trace, ...] = ()
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """An order, or a whole rule where `order_id` is None, that something keeps from changing."""

    order_id: str | None
    rule: str
    code: str
    why: str
    id: int | str | None = None


@dataclass(frozen=True, slots=True)
class RuleTally:
    """How many orders satisfied a rule's query and conditions, and how many of them would change.

    `satisfied` counts the orders that satisfy the query alone, where a share of them is limited.
    """

    name: str
    hash: str
    mode: Mode
    matched: int
    planned: int
    value: Decimal = Decimal(0)
    satisfied: int | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A change that an order had from us, or may have had where reading back could not tell.

    `values` are the readable fields that it set.
    """

    rule: str
    values: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What a rule has sent since the local day began: orders, and their money in rupiah."""

    orders: int = 0
    value: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Repute:
    """What is known of a rule as it stands now, by its hash.

    `proven` tells that it has changed orders before. `changed` counts the orders that it changed within the time asked
    about, `reversed` those of them that a person changed afterwards.
    """

    proven: bool = False
    changed: int = 0
    reversed: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """A rule of an account, a whole account (no `rule`) or everything (no `account`) that a person paused.

    Without `until` it lasts until somebody resumes it.
    """

    account: str | None
    rule: str | None
    who: str
    why: str
    since: datetime
    until: datetime | None = None

    @property
    def what(self) -> str:
        """Name what is paused."""
        if self.account is None:
            return N_("everything")
        if self.rule is None:
            return said("account `%(account)s`", account=self.account)
        return said("rule `%(rule)s`", rule=self.rule)

    @property
    def told(self) -> str:
        """Say who paused what, and why."""
        by = {"who": self.who, "reason": self.why}
        if self.account is None:
            return said("everything is paused by %(who)s: %(reason)s", **by)
        if self.rule is None:
            return said("account `%(account)s` is paused by %(who)s: %(reason)s", account=self.account, **by)
        return said("rule `%(rule)s` is paused by %(who)s: %(reason)s", rule=self.rule, **by)

    @property
    def way_out(self) -> str:
        """Name the command that ends it."""
        if self.account is None:
            return N_("`tertib resume --all` ends it")
        if self.rule is None:
            return said("`tertib resume --account %(account)s` ends it", account=self.account)
        return said("`tertib resume %(rule)s` ends it", rule=self.rule)


@dataclass(frozen=True, slots=True)
class Hold:
    """An order that no rule may touch. `ref` is its order_id or id as the person named it; no `until` is for good."""

    ref: str
    why: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger knows that a decision needs. Order keys are `str(id)`; holds are keyed by order_id or id.

    `confirmed` is oldest first and starts after the order's last release; `unsettled` are the orders with a
    change whose outcome is unknown.
    """

    confirmed: Mapping[str, tuple[Confirmed, ...]] = field(default_factory=dict)
    unsettled: frozenset[str] = frozenset()
    holds: Mapping[str, str] = field(default_factory=dict)
    sent_today: Mapping[str, Sent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done and why: decided once, shown, recorded, and applied as it stands.

    `over_limit` are the changes of rules over a limit: every row is in `held` too, and nothing of them is sent
    unless a person picks some that stay within the limits. `definitions` are the rules as plain JSON.

    A plan may be a part of what was decided together: `complete`, `requests` and `orders_read` tell of the reading that
    all parts share, `scans` of what served its own rules, and of what failed.
    """

    plan_id: str
    created_at: datetime
    now: datetime
    account: str
    contract: str
    complete: bool
    requests: int
    orders_read: int
    scans: tuple[ScanReport, ...]
    rules: tuple[RuleTally, ...]
    changes: tuple[Change, ...]
    held: tuple[Held, ...]
    warnings: tuple[str, ...]
    definitions: tuple[Mapping[str, Any], ...]
    over_limit: tuple[Change, ...] = ()

    @property
    def orders_for_its_rules(self) -> int:
        """Return how many orders were read for the rules of this plan alone."""
        names = {tally.name for tally in self.rules}
        return sum(one.orders for one in self.scans if names & set(one.scan.rules))
