"""What several machines share: schedules, signs of life, request budgets; and each account's rows apart from all others'.

On PostgreSQL row-level security holds for the tables' owner too. A later migration that rewrites rows must lift it
for its table first (`ALTER TABLE … NO FORCE ROW LEVEL SECURITY`) and put it back.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OF_ACCOUNTS = (
    *(
        "accounts",
        "plans",
        "runs",
        "requests",
        "changes",
        "holds",
        "releases",
        "slots",
        "audit",
        "scan_sizes",
    ),
    *("approvals", "reversals", "pauses", "tallies", "notices", "channels", "schedules"),
)
MINE = "account = current_setting('tertib.account', true)"
ALL = "current_setting('tertib.account', true) = '*'"

READ_BY_THE_TICK = {
    "accounts": ALL,
    "slots": f"{ALL} AND state = 'due'",
    "changes": f"{ALL} AND state = 'sent'",
    "approvals": f"{ALL} AND state = 'approved'",
}


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Create the tables, and the policies where the database has such."""
    op.create_table(
        "schedules",
        sa.Column("account", sa.Text(), sa.ForeignKey("accounts.account"), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("jitter", sa.Integer(), nullable=False),
        sa.Column("slot_at", _instant(), nullable=False),
        sa.Column("next_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("account", "rule"),
    )
    op.create_index("schedules_by_time", "schedules", ["next_at"])
    op.create_table(
        "beats",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("owner"),
    )
    op.create_table(
        "budgets",
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("spent", sa.Text(), nullable=False),
        sa.Column("blocked_until", _instant(), nullable=True),
        sa.PrimaryKeyConstraint("credential"),
    )
    announced = sa.text("state = 'due'")
    op.create_index(
        "slots_announced", "slots", ["account"], sqlite_where=announced, postgresql_where=announced
    )
    if op.get_bind().dialect.name == "postgresql":
        _keep_apart()


def _keep_apart() -> None:
    """Let a transaction see and write the rows of the account that it names, and a tick the little that it needs."""
    for table in OF_ACCOUNTS:
        mine = f"{MINE} OR account IS NULL" if table == "pauses" else MINE
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_one_account ON {table} USING ({mine}) WITH CHECK ({mine})")
    for table, seen in READ_BY_THE_TICK.items():
        op.execute(f"CREATE POLICY read_by_the_tick ON {table} FOR SELECT USING ({seen})")
    # A lock asks for the right to update; what it may then write is nothing.
    op.execute(f"CREATE POLICY locked_by_the_tick ON accounts FOR UPDATE USING ({ALL}) WITH CHECK (false)")
    announced = f"{ALL} AND state = 'due' AND run IS NULL"
    op.execute(f"CREATE POLICY announced_by_the_tick ON slots FOR INSERT WITH CHECK ({announced})")
    op.execute(f"CREATE POLICY moved_by_the_tick ON schedules USING ({ALL}) WITH CHECK ({ALL})")
