"""PostgreSQL: a pool of connections that gives up in time, whatever is wrong with the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

_CONNECT_SECONDS = 5
_LONGEST_PAUSE = 60.0
_CONNECTIONS = 15


class PostgreSQL:
    """The connections of one process. `patience`: seconds to wait for a lock or for a connection."""

    def __init__(self, url: URL, patience: float) -> None:
        self._writer = _engine(url, patience)
        # Without a transaction around it, reading is one statement and nothing else.
        self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        self._unwanted: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        async with self._connected(self._reader) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        async with self._connected(self._writer) as connection, connection.begin():
            yield connection

    async def aclose(self) -> None:
        await asyncio.gather(*self._unwanted)
        await self._writer.dispose()

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection out of the pool. Opening one is never cut short: a half-made one would be left behind.

        Whoever is cancelled meanwhile does not wait for it; it goes into the pool by itself.
        """
        opening = asyncio.ensure_future(engine.connect().start())
        try:
            connection = await asyncio.shield(opening)
        except asyncio.CancelledError:
            unwanted = asyncio.create_task(_give_back(opening))
            self._unwanted.add(unwanted)
            unwanted.add_done_callback(self._unwanted.discard)
            raise
        async with AsyncExitStack() as stack:
            stack.push_async_exit(connection)
            yield connection


async def _give_back(opening: "asyncio.Task[AsyncConnection]") -> None:
    with suppress(Exception):  # it could not be opened, and nobody is left to be told
        await (await opening).close()


def _engine(url: URL, patience: float) -> AsyncEngine:
    """An engine that gives up in time: on a server that is not there, on one that went away, on another's lock."""
    limits = {"connect_timeout": str(_CONNECT_SECONDS), "tcp_user_timeout": str(2 * _CONNECT_SECONDS * 1000)}
    engine = create_async_engine(
        url.set(query={**limits, **url.query}),
        isolation_level="READ COMMITTED",  # whatever the server's default
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=patience,
        pool_pre_ping=True,  # a server that restarted costs nobody a request
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {patience * 1000:.0f}")
        # A process that was stopped in the middle of a transaction does not keep its locks for ever.
        cursor.execute(f"SET idle_in_transaction_session_timeout = {_LONGEST_PAUSE * 1000:.0f}")
        cursor.close()
        connection.commit()

    return engine
