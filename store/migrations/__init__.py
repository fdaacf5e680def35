"""The tables' history, as alembic runs it (`store/migrate.py`)."""
