"""Plans that wait for a person, and changes that people took back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Create both tables, and let a rule's changes be found by its name."""
    op.create_table(
        "approvals",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_at", _instant(), nullable=False),
        sa.Column("expires_at", _instant(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_at", _instant(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("part", sa.Text(), nullable=True),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("forgotten_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"]),
        sa.ForeignKeyConstraint(["plan"], ["plans.id"]),
        sa.PrimaryKeyConstraint("plan"),
    )
    op.create_index("approvals_by_state", "approvals", ["account", "state"])
    op.create_table(
        "reversals",
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("seen_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"]),
        sa.ForeignKeyConstraint(["change"], ["changes.id"]),
        sa.PrimaryKeyConstraint("change"),
    )
    op.create_index("changes_by_rule", "changes", ["account", "rule", "sent_at"])
