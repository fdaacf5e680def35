"""Bringing the tables up to this release. The migrations travel inside the package and need no alembic.ini.

Everything happens in one transaction on a connection of its own. Several processes that start at once migrate once:
on SQLite the transaction is the lock, on PostgreSQL an advisory one. A revision this release does not know was made by
a newer one that is being rolled out, or was taken back; it is left alone, because migrations only add what the release
before can live with.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from store import database

_PATIENCE = 60.0
_ADVISORY_LOCK = 7_262_346_001


class OutdatedError(Exception):
    """The tables are not as this release needs them."""


@dataclass(frozen=True)
class Status:
    """`current` is the database's revision (None: no tables yet), `head` what this release needs."""

    current: str | None
    head: str
    known: bool

    @property
    def behind(self) -> bool:
        return self.known and self.current != self.head


async def status(url: str) -> Status:
    """Where the database stands.

    Raises:
        StoreUnavailableError: it cannot be reached.
    """
    async with transaction(url) as connection:
        return await connection.run_sync(_status)


async def upgrade(url: str) -> Status:
    """Bring the tables up to this release; what it found before.

    Raises:
        StoreUnavailableError: it cannot be reached, or another migration took longer than a minute.
    """
    async with transaction(url) as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        found = await connection.run_sync(_status)
        if found.behind:
            await connection.run_sync(_upgrade, "head")
        return found


async def downgrade(url: str, revision: str) -> None:
    """Take migrations back down to `revision`; "base" takes all, and every row with them."""
    async with transaction(url) as connection:
        await connection.run_sync(_downgrade, revision)


async def require_current(url: str) -> None:
    """Do nothing when the tables are as this release needs them.

    Raises:
        OutdatedError: they are not.
        StoreUnavailableError: the database cannot be reached.
    """
    found = await status(url)
    if found.behind:
        raise OutdatedError(
            f"the database is at revision {found.current}, this release needs {found.head}: run `bff database migrate`"
        )


@asynccontextmanager
async def transaction(url: str) -> AsyncIterator[database.Connection]:
    own = database.Database(database.parse_url(url), _PATIENCE, silence=None)  # a migration takes as long as it takes
    try:
        async with own.writing() as connection:
            yield connection
    finally:
        await own.aclose()


def _status(connection: Connection) -> Status:
    scripts = ScriptDirectory.from_config(config(connection))
    current = MigrationContext.configure(connection).get_current_revision()
    known = current is None or current in {script.revision for script in scripts.walk_revisions()}
    return Status(current, str(scripts.get_current_head()), known)


def _upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(config(connection), revision)


def _downgrade(connection: Connection, revision: str) -> None:
    command.downgrade(config(connection), revision)


def config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "store:migrations")
    config.attributes["connection"] = connection
    return config
