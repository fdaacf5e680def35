"""PostgreSQL: connections that give up in time, whatever is wrong with the server, and a pool of them.

A server that is gone without a word is found out by the operating system, for every connection of the process, those
of DBOS too: `LIMITS`. One that never answers although what was sent is received (it was stopped, its disk hangs, or a
proxy's way to it is gone) is given up by ourselves: `connected`.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

import psycopg
import structlog
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

log = structlog.get_logger(__name__)

LIMITS = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",  # of milliseconds; the others are seconds
}
"""How long a connection waits for a server that says nothing. What the URL itself says counts more."""
_LONGEST_PAUSE = 60.0
_CONNECTIONS = 15


def limited(url: URL) -> URL:
    """The URL with `LIMITS`, as SQLAlchemy takes it."""
    return url.set(query={**LIMITS, **url.query})


class _Watched(psycopg.AsyncConnection[Any]):
    """Breaks when an answer takes longer than `silence`: what came afterwards could be taken for another's answer."""

    silence: float | None = None

    async def wait(self, *given: Any, **named: Any) -> Any:
        if self.silence is None:
            return await super().wait(*given, **named)
        giving_up = asyncio.get_running_loop().call_later(self.silence, self._give_up)
        try:
            return await super().wait(*given, **named)
        finally:
            giving_up.cancel()

    def _give_up(self) -> None:
        """Whoever waits finds the connection closed by the other side."""
        log.warning("database.silent", seconds=self.silence)
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)


async def connected(silence: float | None, *given: Any, **named: Any) -> psycopg.AsyncConnection[Any]:
    """A connection as `psycopg.AsyncConnection.connect` makes it of the same arguments, given up after `silence`."""
    connection = await _Watched.connect(*given, **named)
    connection.silence = silence
    return connection


class PostgreSQL:
    """The connections of one process. `patience`: seconds to wait for a lock or for a connection.

    `silence`: seconds that any other answer may take; None for ever.
    """

    def __init__(self, url: URL, patience: float, silence: float | None) -> None:
        self._writer = _engine(url, patience, silence)
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


def _engine(url: URL, patience: float, silence: float | None) -> AsyncEngine:
    """An engine that gives up in time: on a server that is not there, on one that went away, on another's lock."""
    watched = partial(connected, None if silence is None else patience + silence)
    engine = create_async_engine(
        limited(url),
        isolation_level="READ COMMITTED",  # whatever the server's default
        connect_args={"async_creator_fn": watched},
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
