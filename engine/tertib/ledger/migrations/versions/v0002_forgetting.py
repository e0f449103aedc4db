"""When the personal data of a row was forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column to each table that may hold personal data."""
    for table in ("plans", "requests", "changes", "holds"):
        instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
        op.add_column(table, sa.Column("forgotten_at", instant, nullable=True))
