"""Pauses: of a rule, of an account, of everything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Create the table; a row without an account pauses all of them."""
    op.create_table(
        "pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", _instant(), nullable=False),
        sa.Column("until", _instant(), nullable=True),
        sa.Column("ended_at", _instant(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("pauses_by_account", "pauses", ["account", "ended_at"])
