"""What Alembic runs to reach the database: the connection, in its transaction, that `migrate` hands over."""

from alembic import context

from tertib.ledger.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
