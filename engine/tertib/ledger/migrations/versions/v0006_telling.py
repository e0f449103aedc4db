"""What people were told, what plans added up to, and why slots failed: for messages and metrics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def _account() -> sa.Column[str]:
    return sa.Column("account", sa.Text(), sa.ForeignKey("accounts.account"), nullable=False)


def upgrade() -> None:
    """Create the tables, and the indexes that totals are added up from."""
    op.add_column("slots", sa.Column("cause", sa.Text(), nullable=True))
    op.create_index("slots_by_closing", "slots", ["account", "closed_at"])
    op.create_index("slots_by_state", "slots", ["account", "rule", "state"])
    op.create_index("changes_by_state", "changes", ["account", "rule", "state", "value"])
    op.create_table(
        "tallies",
        sa.Column("id", sa.Integer(), nullable=False),
        _account(),
        sa.Column("plan", sa.Text(), sa.ForeignKey("plans.id"), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("tallies_by_account", "tallies", ["account", "id"])
    op.create_index("tallies_by_plan", "tallies", ["plan"])
    op.create_table(
        "notices",
        _account(),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("since", _instant(), nullable=False),
        sa.Column("told_at", _instant(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "key"),
    )
    op.create_table(
        "channels",
        _account(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("failing_since", _instant(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "name"),
    )
