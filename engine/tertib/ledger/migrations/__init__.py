"""How the ledger's tables came to be: one Alembic revision a step, applied when a ledger is opened."""
