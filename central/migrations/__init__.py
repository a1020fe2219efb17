"""Alembic migrations; ``central.database.migrate`` runs them when central starts."""
