"""The ledger's tables, and the two column types that read the same on SQLite and PostgreSQL.

The tables here are what the queries are written against; `migrations/` is what builds them. A test holds the two
against each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.types import TypeEngine

from tertib.errors import LedgerCorrupt

KNOWN: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""The schema versions that this Tertib can bring up to date, oldest first."""

HEAD: Final = KNOWN[-1]

VERSION_TABLE: Final = "tertib_schema"
"""Where the schema's version stands: a name of our own, so that no other program's table is taken for it."""


def plain(value: Any) -> Any:
    """Return `value` as plain JSON: exact decimals and instants as text, everything else as it is."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def iso(moment: datetime) -> str:
    """Return an instant as fixed-width text in UTC, whose order as text is its order in time."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs its zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Instant(TypeDecorator[datetime]):
    """A point in time in UTC, to the microsecond: text on SQLite, `timestamptz` elsewhere."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type; SQLite has none for instants."""
        chosen: TypeEngine[Any] = Text() if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(chosen)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Hand the instant over in UTC; raise ValueError where it has no zone."""
        if value is None:
            return None
        written = iso(value)
        return written if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC; raise `LedgerCorrupt` for what is none."""
        if value is None:
            return None
        if dialect.name != "sqlite":
            moment: datetime = value.astimezone(UTC)
            return moment
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (TypeError, ValueError) as error:
            raise LedgerCorrupt("the ledger holds a time that cannot be read", hint=_DAMAGED) from error


class Json(TypeDecorator[Any]):
    """A JSON value kept as text, so that what was written is what is read, on every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base class's signature
        """Write the value; decimals and instants become text."""
        return None if value is None else json.dumps(plain(value), ensure_ascii=True, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - the base class's signature
        """Read the value; raise `LedgerCorrupt` for what is no JSON."""
        if value is None:
            return None
        try:
            return json.loads(value)
        except (TypeError, ValueError) as error:
            raise LedgerCorrupt("the ledger holds a value that cannot be read", hint=_DAMAGED) from error


_DAMAGED: Final = "restore the ledger from a copy; `tertib doctor` shows what is damaged"

metadata = MetaData()

_UNSETTLED: Final = "state = 'sent'"

_ANNOUNCED: Final = "state = 'due'"

IS_UNSETTLED: Final = literal_column("'sent'", Text)
"""The state of a change whose outcome is unknown, to compare with in queries.

It is written into the statement, not bound to it: only then can SQLite use the index of unsettled changes.
"""

WAITING: Final = "waiting"
"""The state of a plan that nobody has decided on."""

APPROVED: Final = "approved"
"""The state of a plan that a person said yes to and that no run has applied."""

REJECTED: Final = "rejected"
"""The state of a plan that a person said no to."""

REPLACED: Final = "replaced"
"""The state of a plan in whose place a later one waits, or waited."""

APPLIED: Final = "applied"
"""The state of a plan that waited for a person once a run has it."""


def _account() -> Column[Any]:
    return Column("account", Text, ForeignKey("accounts.account"), nullable=False)


accounts = Table(
    "accounts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("lease_run", Text),
    Column("lease_owner", Json),
    Column("lease_expires", Instant),
    Column("halted_at", Instant),
    Column("halted_why", Text),
)

plans = Table(
    "plans",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    Column("created_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("document", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("rules", Json, nullable=False),
    Column("applied_by", Text),
    Column("applied_at", Instant),
    Column("forgotten_at", Instant),
    Index("plans_by_account", "account", "created_at"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    Column("kind", Text, nullable=False),
    Column("slot", Text),
    Column("plan", Text, ForeignKey("plans.id")),
    Column("epoch", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("stopped", Text),
    Column("totals", Json),
    UniqueConstraint("account", "slot", name="runs_one_a_slot"),
    UniqueConstraint("account", "epoch", name="runs_one_an_epoch"),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run", Text, ForeignKey("runs.id"), nullable=False),
    _account(),
    Column("epoch", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("body", Json, nullable=False),
    Column("ids", Json, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("status", Integer),
    Column("how", Text),
    Column("message", Text),
    Column("forgotten_at", Instant),
    UniqueConstraint("run", "number", name="requests_numbered"),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("run", Text, ForeignKey("runs.id"), nullable=False),
    Column("plan", Text, ForeignKey("plans.id")),
    _account(),
    Column("epoch", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("order_key", Text, nullable=False),
    Column("id_kind", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("rule_hash", Text),
    Column("store", Text),
    Column("before", Json, nullable=False),
    Column("found", Json),
    Column("set", Json, nullable=False),
    Column("readable", Json, nullable=False),
    Column("value", Text),
    Column("reversible", Boolean, nullable=False),
    Column("trace", Json),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("refused", Boolean, nullable=False),
    Column("request", Text, ForeignKey("requests.id")),
    Column("read_at", Instant),
    # As Scalev wrote it: it is compared, never reckoned with.
    Column("updated_at", Text),
    Column("planned_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("due_at", Instant),
    Column("settled_at", Instant),
    Column("forgotten_at", Instant),
    UniqueConstraint("run", "order_key", "rule", name="changes_once_a_run"),
    Index("changes_by_order", "account", "order_key"),
    Index("changes_by_reference", "account", "order_id"),
    Index("changes_by_sending", "account", "sent_at"),
    Index("changes_by_request", "request"),
    Index("changes_by_rule", "account", "rule", "sent_at"),
    # Totals are added up from the index alone.
    Index("changes_by_state", "account", "rule", "state", "value"),
    # The database's own word on the rule that an order with an unknown outcome gets nothing more sent.
    Index(
        "changes_one_unsettled",
        "account",
        "order_key",
        unique=True,
        sqlite_where=text(_UNSETTLED),
        postgresql_where=text(_UNSETTLED),
    ),
)

holds = Table(
    "holds",
    metadata,
    Column("id", Integer, primary_key=True),
    _account(),
    Column("ref", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant),
    Column("released_at", Instant),
    Column("forgotten_at", Instant),
    Index("holds_by_account", "account", "ref"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True),
    _account(),
    Column("order_key", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("releases_by_order", "account", "order_key"),
)

slots = Table(
    "slots",
    metadata,
    Column("key", Text, primary_key=True),
    _account(),
    Column("rule", Text, nullable=False),
    Column("slot_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("run", Text, ForeignKey("runs.id")),
    Column("note", Text, nullable=False),
    Column("owner", Json),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("cause", Text),
    UniqueConstraint("account", "rule", "slot_at", name="slots_once"),
    Index("slots_by_closing", "account", "closed_at"),
    Index("slots_by_state", "account", "rule", "state"),
    # What the tick announced and nobody took yet is found among all that ever was.
    Index("slots_announced", "account", sqlite_where=text(_ANNOUNCED), postgresql_where=text(_ANNOUNCED)),
)

audit = Table(
    "audit",
    metadata,
    Column("account", Text, ForeignKey("accounts.account"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    # Text, not an instant: the chain is sealed over these very characters.
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev", Text, nullable=False),
    Column("mac", Text, nullable=False),
)

scan_sizes = Table(
    "scan_sizes",
    metadata,
    Column("account", Text, ForeignKey("accounts.account"), primary_key=True),
    Column("scan", Text, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("orders", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("plan", Text, ForeignKey("plans.id"), primary_key=True),
    _account(),
    Column("rules", Json, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("value", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", Text),
    Column("note", Text),
    Column("part", Json),
    Column("replaced_by", Text),
    Column("refused", Text),
    Column("forgotten_at", Instant),
    Index("approvals_by_state", "account", "state"),
)

reversals = Table(
    "reversals",
    metadata,
    Column("change", Text, ForeignKey("changes.id"), primary_key=True),
    _account(),
    Column("rule", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("id", Integer, primary_key=True),
    # Null where everything is paused: that holds for accounts, too, which this ledger does not know yet.
    Column("account", Text, ForeignKey("accounts.account")),
    Column("rule", Text),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant),
    Column("ended_at", Instant),
    Column("ended_by", Text),
    Index("pauses_by_account", "account", "ended_at"),
)

people = Table(
    "people",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("accounts", Json),
    Column("language", Text),
    Column("disabled", Boolean, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    # The hash of a random token: whoever reads the ledger cannot sign in with it.
    Column("token", Text, primary_key=True),
    Column("person", Text, ForeignKey("people.name"), nullable=False),
    Column("secret", Text, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

tallies = Table(
    "tallies",
    metadata,
    Column("id", Integer, primary_key=True),
    _account(),
    Column("plan", Text, ForeignKey("plans.id"), nullable=False),
    Column("rule", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("orders", Integer, nullable=False),
    Index("tallies_by_account", "account", "id"),
    Index("tallies_by_plan", "plan"),
)

notices = Table(
    "notices",
    metadata,
    Column("account", Text, ForeignKey("accounts.account"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("detail", Json, nullable=False),
)

channels = Table(
    "channels",
    metadata,
    Column("account", Text, ForeignKey("accounts.account"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sent", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("why", Text),
)

schedules = Table(
    "schedules",
    metadata,
    Column("account", Text, ForeignKey("accounts.account"), primary_key=True),
    # Empty where the account itself is to be woken: to read back what is due to be.
    Column("rule", Text, primary_key=True),
    Column("cron", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("jitter", Integer, nullable=False),
    # The first slot that was not announced yet, and when it starts: later by its jitter.
    Column("slot_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Index("schedules_by_time", "next_at"),
)

anchors = Table(
    "anchors",
    metadata,
    Column("account", Text, ForeignKey("accounts.account"), primary_key=True),
    Column("rule", Text, primary_key=True),
    # Null where the rule was taken away: should it come back, its slots count from then.
    Column("cron", Text),
    Column("timezone", Text, nullable=False),
    Column("jitter", Integer, nullable=False),
    Column("since", Instant, nullable=False),
)

beats = Table(
    "beats",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    # A keyed hash of the credential, never any part of it.
    Column("credential", Text, primary_key=True),
    Column("spent", Json, nullable=False),
    Column("blocked_until", Instant),
)
