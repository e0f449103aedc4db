"""The values that stages hand to each other: all frozen, none with behaviour beyond reading itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Final, Literal, TypeAlias, get_args

Verdict: TypeAlias = bool | None
"""Kleene's three values: True, False, and None for *unknown*. Only True matches."""

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a rule document, from its top: ``("conditions", 0, "tags")``."""


class Missing(Enum):
    """The type of `MISSING`, which stands for a key that the answer did not hold."""

    MISSING = "missing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING


# --- days that count -----------------------------------------------------------------------------------

DaySpan: TypeAlias = tuple[date, date]
"""Days from the first to the last, both included."""


@dataclass(frozen=True, slots=True)
class Holidays:
    """A country's holidays by the `holidays` package's names, with what a shop adds to them and takes away.

    `categories` are those of the package: for Indonesia `government` is collective leave. Where `country` is empty
    there are only the `extra` ones.
    """

    country: str = ""
    subdivision: str | None = None
    categories: tuple[str, ...] = ("public",)
    extra: tuple[DaySpan, ...] = ()
    without: tuple[DaySpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which a shop works: these weekdays (0 is Monday) on its own clock, but for holidays."""

    timezone: str = "Asia/Jakarta"
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: Holidays | None = None


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """A distance in time that only a calendar can measure: so many working days."""

    count: int
    calendar: Calendar


Distance: TypeAlias = timedelta | WorkingDays
"""How long ago something happened."""


# --- what can be said of an order -----------------------------------------------------------------------


class Kind(StrEnum):
    """How a field's JSON value is read before it is compared."""

    TEXT = "text"
    ENUM = "enum"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    TIME = "time"
    ID = "id"
    TAGS = "tags"
    TEXTS = "texts"
    OBJECTS = "objects"
    QUANTITIES = "quantities"
    OBJECT = "object"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an order as an endpoint gives it.

    `column` is what `columns` must name for it: a column's name, ``""`` when it comes by itself, or None when
    an answer narrowed by `columns` never holds it. `element` marks a field of the objects in a list: its path
    runs through that list (`orderlines.product_name`) and only `any`, `every` and `none` reach it.
    """

    path: str
    kind: Kind
    help: str
    sources: frozenset[str]
    column: str | None
    unit: str = ""
    values: frozenset[str] = frozenset()
    personal: bool = False
    element: bool = False
    later: bool = False


class Recheck(StrEnum):
    """How far a filter that was sent can be checked on what came back."""

    EXACT = "exact"
    TOLERANT = "tolerant"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter of `GET /v3/orders`. `checks` are the fields that show whether it was heeded."""

    name: str
    kind: Literal["text", "enum", "boolean", "time", "id", "tags"]
    recheck: Recheck
    help: str
    values: frozenset[str] = frozenset()
    checks: tuple[str, ...] = ()
    comparison: Literal["equal", "since", "until", "exists", "includes", "none"] = "equal"


@dataclass(frozen=True, slots=True)
class ActionField:
    """One field of the bulk change. `reads_as` is the order field that shows it, None where no list answer does."""

    name: str
    kind: Literal["enum", "text", "url", "time", "integer"]
    reads_as: str | None
    help: str
    values: frozenset[str] = frozenset()
    personal: bool = False


# --- conditions -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup table of a rule: a CSV file's rows by their key, every cell a stripped text.

    `sha256` is over the file's bytes and stands for the rows wherever tables are compared. Rows may be personal:
    they are in no repr, no plan and no record.
    """

    name: str
    file: str
    key: str
    columns: tuple[str, ...]
    sha256: str
    rows: Mapping[str, Mapping[str, str]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TableKeys:
    """An operand that is all keys of a lookup table; the `in` and `not_in` of text, enum and id fields take it."""

    table: str
    keys: frozenset[str] = field(repr=False)

    def __contains__(self, value: object) -> bool:
        return value in self.keys

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys)

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class FieldRef:
    """An operand that is another field of the same order; `unit` turns its number into a duration."""

    path: str
    kind: Kind
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """A field, an operator of the table, and an operand already read as the field's kind."""

    field: str
    kind: Kind
    operator: str
    operand: Any
    text: str
    path: Path


@dataclass(frozen=True, slots=True)
class Group:
    """`all`, `any` or `not` (the negation of all) over further conditions."""

    how: Literal["all", "any", "not"]
    children: tuple[Condition, ...]
    text: str
    path: Path


@dataclass(frozen=True, slots=True)
class Elements:
    """`any`, `every` or `none` of the objects in a list field satisfies a condition on the object.

    Paths in `child` start at the object. `kind` says how the list is read: tags are objects with a `name`, and
    quantities objects with `name` and `quantity`.
    """

    field: str
    how: Literal["any", "every", "none"]
    child: Condition
    text: str
    path: Path
    kind: Kind = Kind.OBJECTS


@dataclass(frozen=True, slots=True)
class Expression:
    """`expr:`, a sandboxed Jinja2 expression over the order; `reads` are the fields it names, `tables` those it uses."""

    source: str
    reads: tuple[str, ...]
    text: str
    path: Path
    tables: tuple[Table, ...] = ()


Condition: TypeAlias = Test | Group | Elements | Expression


# --- rules ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule was written; lines and columns count from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Ago:
    """A time that is a distance before `now`."""

    distance: Distance


@dataclass(frozen=True, slots=True)
class Source:
    """The endpoint that a rule reads: the business's orders, or one store's signed-in customer's."""

    store: str | None = None

    @property
    def name(self) -> str:
        """Name the field table of this source."""
        return "orders" if self.store is None else "customer_orders"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule runs. `missed` says what becomes of slots that passed while nothing ran.

    Nothing runs for slots on days of `skip`, or on `holidays`, of its own time zone.
    """

    cron: str
    timezone: str
    jitter: timedelta = timedelta()
    missed: Literal["latest", "skip"] = "latest"
    deadline: timedelta | None = None
    skip: tuple[DaySpan, ...] = ()
    holidays: Holidays | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run of a rule, or of all rules together, may change; None is no limit. Money is in rupiah."""

    orders: int | None = None
    value: Decimal | None = None
    share: Decimal | None = None
    orders_per_day: int | None = None
    value_per_day: Decimal | None = None


class Mode(StrEnum):
    """What `run` and `serve` do with a rule's plan."""

    PREVIEW = "preview"
    APPROVE = "approve"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it was meant, ready to compile.

    `query` maps a parameter to its alternatives (more than one is a union); a time alternative is a `datetime`
    or an `Ago`, every other a string as the API spells it. `action` maps an action field to its literal, or to
    the source of a template (a string that holds ``{{`` or ``{%``). `definition` is the same rule as plain
    JSON, with effective limits: what a plan carries, and what `hash` is taken over. `data` are its lookup tables by
    name; the definition has their files and hashes only.
    """

    name: str
    origin: Origin
    query: Mapping[str, tuple[str | datetime | Ago, ...]]
    conditions: tuple[Condition, ...]
    action: Mapping[str, Any]
    definition: Mapping[str, Any]
    hash: str
    description: str = ""
    enabled: bool = True
    source: Source = Source()
    schedule: Schedule | None = None
    limits: Limits = Limits()
    mode: Mode = Mode.PREVIEW
    first_run: Literal["approve", "apply"] = "approve"
    priority: int = 100
    allow: frozenset[str] = frozenset()
    trust: frozenset[str] = frozenset()
    data: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the language says against a value in a document, before anyone knows its file and line.

    `path` leads to the value from the rule's top; `on_key` points at its key instead; `offset` and `width` narrow it
    to a word inside a text, in characters.
    """

    path: Path
    code: str
    message: str
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"
    on_key: bool = False
    offset: int = 0
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a file: what, where (from 1) and what to do about it."""

    file: str
    line: int
    column: int
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"
    rule: str | None = None
    hint: str | None = None
    source_line: str = ""
    width: int = 1


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` found: the rules that stand, all problems of all files, and the variables that rules declare."""

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    files: int = 0
    vars: frozenset[str] = frozenset()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Return the problems that stop a plan; warnings never do."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


# --- reading --------------------------------------------------------------------------------------------

Order: TypeAlias = Mapping[str, Any]
"""An order as decoded from an answer: fractions as `Decimal`, nothing renamed, absent keys absent."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One walk through an endpoint's pages: what is sent, and the rules that it serves.

    `params` are as sent, without cursor and page size. `starts_from` are the statuses that its rules start from,
    None for all of them. Orders created before `created_since` can match none of its rules.
    """

    source: Source
    params: Mapping[str, str]
    rules: tuple[str, ...]
    starts_from: frozenset[str] | None = None
    created_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answered page. `read_at` is when it was asked for: nothing in it is younger than that for certain."""

    orders: tuple[Order, ...]
    next_cursor: str | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What reading one scan came to; `failure` says why it did not finish.

    `ended_early` says that it was whole although pages were left: nothing in them could match.
    """

    scan: Scan
    pages: int
    orders: int
    failure: str | None = None
    ended_early: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests of one run, by what they were for, and what the budget has left (None where unknown).

    A request's further attempts are `retries`, and not in the other numbers.
    """

    reads: int = 0
    retries: int = 0
    rereads: int = 0
    writes: int = 0
    waited: timedelta = timedelta()
    left_hour: int | None = None

    @property
    def requests(self) -> int:
        """Return all requests together, each attempt counted."""
        return self.reads + self.rereads + self.writes + self.retries


# --- deciding -------------------------------------------------------------------------------------------


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


UNINTENDED_HOLDS: Final = frozenset(
    {
        "limit_orders",
        "limit_value",
        "limit_per_day",
        "limit_share",
        "cap",
        "value_unknown",
        "rule_conflict",
        "incomplete_read",
        "untrusted_filter",
        "paused",
    }
)
"""Holds of changes that a rule was to make; all others, vetoes above all, are how rules ordinarily end."""


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
            return "everything"
        return f"account `{self.account}`" if self.rule is None else f"rule `{self.rule}`"

    @property
    def told(self) -> str:
        """Say who paused what, and why."""
        return f"{self.what} is paused by {self.who}: {self.why}"

    @property
    def way_out(self) -> str:
        """Name the command that ends it."""
        if self.account is None:
            return "`tertib resume --all` ends it"
        return f"`tertib resume {f'--account {self.account}' if self.rule is None else self.rule}` ends it"


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


# --- applying -------------------------------------------------------------------------------------------


class State(StrEnum):
    """Where a change stands. Only `planned → sent` puts anything on the wire."""

    PREVIEWED = "previewed"
    AWAITING_APPROVAL = "awaiting_approval"
    PLANNED = "planned"
    SENT = "sent"
    CONFIRMED = "confirmed"
    CONFIRMED_BY_READBACK = "confirmed_by_readback"
    NOT_APPLIED = "not_applied"
    HELD = "held"
    STALE = "stale"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Echo:
    """What an answer to a change says of one order."""

    id: int | str
    status: str | None
    payment_status: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """How Scalev answered one bulk change.

    `answered`: a 200 whose `echoes` were read. `refused`: nothing was done, for certain (never connected, 429,
    4xx but 408). `unknown`: anything else. `status` is None where no status line arrived.
    """

    how: Literal["answered", "refused", "unknown"]
    status: int | None
    echoes: tuple[Echo, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one planned change; `code` names the hold where one kept it back."""

    id: int | str
    order_id: str
    rule: str
    state: State
    why: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What one apply came to. `sent` counts the orders that went on the wire; `stopped` says why not all did."""

    run_id: str
    plan_id: str
    spent: Spent
    sent: int
    outcomes: tuple[Outcome, ...]
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A change whose outcome is unknown: what was wanted, and when it may be read back.

    `set` holds the readable action fields only; personal ones as their keyed hash. `updated_at` is the order's
    `last_updated_at` as it was read before the change was sent, "" where that is not known.
    """

    change_id: str
    run_id: str
    id: int | str
    order_id: str
    rule: str
    source: Source
    set: Mapping[str, Any]
    sent_at: datetime
    due_at: datetime
    updated_at: str = ""


UNDO: Final = "undo:"
"""How the names of the rules begin that take a run back: no rule that a person writes can have a colon in its name."""


def undone_run(rule: str) -> str:
    """Return the id of the run that the rule of this name takes back, "" for a rule that a person wrote."""
    return rule.removeprefix(UNDO).rpartition(":")[0] if rule.startswith(UNDO) else ""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one order in a past run, as an undo needs to know it.

    `before` are the values of the last reading before it was sent, `set` what was sent; personal ones stand as their
    keyed hash. `over_at` is when its request was over, as far as is known, `reached` whether the change may have reached
    Scalev at all.
    `since` names the last run, and its rule, that changed the order after this one and was not itself taken back.
    """

    id: int | str
    order_id: str
    rule: str
    state: State
    before: Mapping[str, Any]
    set: Mapping[str, Any]
    over_at: datetime | None
    reached: bool
    since: tuple[str, str] | None = None


# --- settings -------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Settings:
    """The project's settings, every path in them absolute. `protect_definition` is `protect` as plain JSON.

    `reversals` says when a rule has lost the trust to act by itself. `base_url`, `ledger` and `rules` are final: the environment and `tertib.yaml` have been merged. `concurrency` is
    how many requests may be under way at once while reading. `checkpoints` is a file or an address that the record's
    checkpoints are exported to; `checkpoints_loopback` lets that address be on this machine. `working_days` are
    weekdays, 0 is Monday; `skip` and `holidays` hold for schedules that say nothing else. `listen` and `web` are
    the whole project's, and the same for every account; without `web` no pages are served unless that is asked for.
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
    account: str = "default"
    batch_size: int = 50
    max_read_age: timedelta = timedelta(seconds=60)
    settle: timedelta = timedelta(minutes=15)
    plan_ttl: timedelta = timedelta(hours=24)
    lease_ttl: timedelta = timedelta(minutes=2)
    limits: Limits = Limits(orders=500, value=Decimal(250_000_000), orders_per_day=2000)
    caps: Limits = Limits(orders_per_day=5000)
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
