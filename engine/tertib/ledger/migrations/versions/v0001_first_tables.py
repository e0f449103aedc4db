"""The first tables of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("lease_run", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_expires", _instant(), nullable=True),
        sa.Column("halted_at", _instant(), nullable=True),
        sa.Column("halted_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "audit",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("account", "seq"),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", _instant(), nullable=False),
        sa.Column("until", _instant(), nullable=True),
        sa.Column("released_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("holds_by_account", "holds", ["account", "ref"], unique=False)
    op.create_table(
        "plans",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("recorded_at", _instant(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=True),
        sa.Column("applied_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("plans_by_account", "plans", ["account", "created_at"], unique=False)
    op.create_table(
        "releases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("releases_by_order", "releases", ["account", "order_key"], unique=False)
    op.create_table(
        "scan_sizes",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("scan", sa.Text(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.PrimaryKeyConstraint("account", "scan", "at"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", _instant(), nullable=False),
        sa.Column("ended_at", _instant(), nullable=True),
        sa.Column("stopped", sa.Text(), nullable=True),
        sa.Column("totals", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.ForeignKeyConstraint(
            ["plan"],
            ["plans.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "epoch", name="runs_one_an_epoch"),
        sa.UniqueConstraint("account", "slot", name="runs_one_a_slot"),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.Column("claimed_at", _instant(), nullable=False),
        sa.Column("answered_at", _instant(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("how", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.ForeignKeyConstraint(
            ["run"],
            ["runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run", "number", name="requests_numbered"),
    )
    op.create_table(
        "slots",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("slot_at", _instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("opened_at", _instant(), nullable=False),
        sa.Column("closed_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.ForeignKeyConstraint(
            ["run"],
            ["runs.id"],
        ),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("account", "rule", "slot_at", name="slots_once"),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=False),
        sa.Column("id_kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_hash", sa.Text(), nullable=True),
        sa.Column("store", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("set", sa.Text(), nullable=False),
        sa.Column("readable", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("reversible", sa.Boolean(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("read_at", _instant(), nullable=True),
        sa.Column("updated_at", sa.Text(), nullable=True),
        sa.Column("planned_at", _instant(), nullable=False),
        sa.Column("sent_at", _instant(), nullable=True),
        sa.Column("due_at", _instant(), nullable=True),
        sa.Column("settled_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"],
            ["accounts.account"],
        ),
        sa.ForeignKeyConstraint(
            ["plan"],
            ["plans.id"],
        ),
        sa.ForeignKeyConstraint(
            ["request"],
            ["requests.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run"],
            ["runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run", "order_key", "rule", name="changes_once_a_run"),
    )
    op.create_index("changes_by_order", "changes", ["account", "order_key"], unique=False)
    op.create_index("changes_by_reference", "changes", ["account", "order_id"], unique=False)
    op.create_index("changes_by_request", "changes", ["request"], unique=False)
    op.create_index("changes_by_sending", "changes", ["account", "sent_at"], unique=False)
    op.create_index(
        "changes_one_unsettled",
        "changes",
        ["account", "order_key"],
        unique=True,
        sqlite_where=sa.text("state = 'sent'"),
        postgresql_where=sa.text("state = 'sent'"),
    )
