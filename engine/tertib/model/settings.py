"""The settings of an account, as everything else is handed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias, get_args

from tertib.model.conditions import Condition
from tertib.model.days import Calendar, DaySpan, Holidays
from tertib.model.rules import Limits


@dataclass(frozen=True, slots=True)
class Reversals:
    """When a rule must ask again: once people took back more than `share` of what it changed `within` a time.

    Fewer than `orders` changed orders tell nothing.
    """

    share: Decimal = Decimal("0.2")
    orders: int = 10
    within: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a credential is, in a variable or in a file; never the credential itself."""

    env: str | None = None
    file: str | None = None


NotifyEvent: TypeAlias = Literal[
    "approval", "applied", "held", "limit", "unknown", "failing", "token", "idle"
]
"""What people can be told of, in the order in which a message list names them."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One place that messages go to. `min_money` (rupiah) leaves out what is known to be worth less."""

    name: str
    url: Secret
    on: tuple[NotifyEvent, ...] = get_args(NotifyEvent)
    language: Literal["id", "en"] = "id"
    min_money: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told what. `remind` is None where nobody is reminded; `texts` is a directory with texts in place of ours.

    `idle_slots` is after how many slots that matched orders and changed none a rule counts as idle. `link` is an address
    that every message ends with.
    """

    channels: tuple[Channel, ...] = ()
    remind: timedelta | None = timedelta(hours=6)
    idle_slots: int = 20
    texts: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """Where `tertib serve` answers for metrics and health; `remote` says that other machines may ask."""

    host: str
    port: int
    remote: bool = False


@dataclass(frozen=True, slots=True)
class Web:
    """How the pages are served: `listen` is an address of this machine and a port.

    `hosts` are further names that they are opened by, `url` is where people find them, `order_url` an order's address at
    Scalev. Whoever approves more rupiah than `ask_again_above` is asked again.
    """

    listen: str = "127.0.0.1:8787"
    hosts: tuple[str, ...] = ()
    url: str | None = None
    order_url: str = "https://app.scalev.com/orders/{order_id}"
    ask_again_above: Decimal = Decimal(10_000_000)


@dataclass(frozen=True, slots=True)
class Given:
    """A value that is given to a variable of rules, and where: `file` as it was named, `line` and `column` from 1.

    `account` is the one whose own value it is, empty for one that every account shares.
    """

    value: Any
    file: str
    line: int
    column: int = 1
    account: str = ""


LIMITS: Final = Limits(orders=500, value=Decimal(250_000_000), orders_per_day=2000)
"""What holds for a rule that sets no limits of its own."""

CAPS: Final = Limits(orders_per_day=5000)
"""What holds for all rules together."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The project's settings, every path in them absolute. `protect_definition` is `protect` as plain JSON.

    `reversals` says when a rule has lost the trust to act by itself. `base_url`, `ledger` and `rules` are final: the environment and `tertib.yaml` have been merged. `concurrency` is
    how many requests may be under way at once while reading. `checkpoints` is a file or an address that the record's
    checkpoints are exported to; `checkpoints_loopback` lets that address be on this machine. `working_days` are
    weekdays, 0 is Monday; `skip` and `holidays` hold for schedules that say nothing else. `listen` and `web` are
    the whole project's, and the same for every account; without `web` no pages are served unless that is asked for.
    `language` is the command line's, None where the terminal's own locale decides.
    """

    file: str | None = None
    base_url: str = "https://api.scalev.com"
    contract: Literal["auto", "seeds", "current"] = "auto"
    timeout: timedelta = timedelta(seconds=30)
    concurrency: int = 4
    rules: tuple[str, ...] = ("rules",)
    ledger: str = "sqlite:///tertib.db"
    checkpoints: str | None = None
    checkpoints_loopback: bool = False
    timezone: str = "Asia/Jakarta"
    language: Literal["en", "id"] | None = None
    account: str = "default"
    batch_size: int = 50
    max_read_age: timedelta = timedelta(seconds=60)
    settle: timedelta = timedelta(minutes=15)
    plan_ttl: timedelta = timedelta(hours=24)
    lease_ttl: timedelta = timedelta(minutes=2)
    limits: Limits = LIMITS
    caps: Limits = CAPS
    protect: tuple[Condition, ...] = ()
    protect_definition: tuple[Any, ...] = ()
    working_days: tuple[int, ...] = Calendar().weekdays
    holidays: Holidays | None = None
    skip: tuple[DaySpan, ...] = ()
    reversals: Reversals = Reversals()
    credentials: Mapping[str, Secret] | None = None
    vars: Mapping[str, Given] = field(default_factory=dict)
    notify: Notify = Notify()
    listen: Listen | None = None
    web: Web | None = None

    @property
    def calendar(self) -> Calendar:
        """Return the shop's calendar, which measures working days."""
        return Calendar(self.timezone, self.working_days, self.holidays)
