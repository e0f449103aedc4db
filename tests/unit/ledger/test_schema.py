"""Column types and tables that mean the same on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateIndex, CreateTable

from tertib.ledger.schema import Instant, iso, metadata

SQLITE: Dialect = registry.load("sqlite")()
POSTGRESQL: Dialect = registry.load("postgresql")()
MOMENTS = st.datetimes(timezones=st.timezones()).filter(lambda moment: 1 < moment.year < 9999)


@given(MOMENTS, MOMENTS)
def test_instants_as_text_sort_as_instants(one: datetime, other: datetime) -> None:
    """SQLite compares text: its order must be the order in time, to the microsecond."""
    assert (iso(one) < iso(other)) == (one.astimezone(UTC) < other.astimezone(UTC))


@given(MOMENTS)
def test_an_instant_survives_sqlite(moment: datetime) -> None:
    """What is bound is read back as the same instant, in UTC."""
    kind, dialect = Instant(), SQLITE
    assert kind.process_result_value(kind.process_bind_param(moment, dialect), dialect) == moment.astimezone(
        UTC
    )


def test_an_instant_goes_to_postgresql_with_its_zone() -> None:
    """The driver gets and gives datetimes; they are in UTC on our side."""
    kind, dialect = Instant(), POSTGRESQL
    jakarta = datetime(2026, 3, 10, 7, tzinfo=timezone(timedelta(hours=7)))
    assert kind.process_bind_param(jakarta, dialect) == datetime(2026, 3, 10, tzinfo=UTC)
    assert kind.process_result_value(jakarta, dialect) == datetime(2026, 3, 10, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    """It would mean another instant on every machine."""
    with pytest.raises(ValueError, match="an instant needs its zone"):
        iso(datetime(2026, 3, 10))  # noqa: DTZ001 - that is what is refused


def test_every_table_can_be_made_on_postgresql() -> None:
    """Types and partial indexes have their PostgreSQL form."""
    dialect = POSTGRESQL
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "INDEX" in str(CreateIndex(index).compile(dialect=dialect))
    unsettled = next(index for index in metadata.tables["changes"].indexes if index.unique)
    assert "WHERE state = 'sent'" in str(CreateIndex(unsettled).compile(dialect=dialect))
