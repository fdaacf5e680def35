"""alembic runs this for every command; the connection, inside a transaction, is handed in by `store/migrate.py`."""

from alembic import context

from store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
