"""Since when the slots of each rule count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MINE = "account = current_setting('tertib.account', true)"


def upgrade() -> None:
    """Create the table, kept apart by account as all others are."""
    op.create_table(
        "anchors",
        sa.Column("account", sa.Text(), sa.ForeignKey("accounts.account"), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("jitter", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("account", "rule"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE anchors ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE anchors FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_one_account ON anchors USING ({MINE}) WITH CHECK ({MINE})")
