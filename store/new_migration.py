"""`scripts/migration "what changed"`: a new migration out of the difference between the last one and the tables."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from store.migrate import config, transaction, upgrade


async def new_migration(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/empty.db"
        await upgrade(url)
        async with transaction(url) as connection:
            await connection.run_sync(_write, message)


def _write(connection: Connection, message: str) -> None:
    written = Path(__file__).parent / "migrations" / "versions"
    number = f"{len(list(written.glob('[0-9]*.py'))) + 1:04}"
    command.revision(config(connection), message, autogenerate=True, rev_id=number)


if __name__ == "__main__":
    asyncio.run(new_migration(sys.argv[1]))
