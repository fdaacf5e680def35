"""The database: SQLite in a file or, by one setting, PostgreSQL. Who wants to read asks for `reading`, who wants to
change anything for `writing`; nobody else opens connections or transactions.

SQLite has one writer at a time. Writers of one process therefore queue here, in order, instead of trying the file's
lock again and again (a pool of one connection nearly does that, but stalls when its first user is cancelled). A
transaction begins as a writing one, because one that has read first and then wants to write can find itself in a
deadlock that no waiting resolves.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from pathlib import Path
from typing import Any

from sqlalchemy import URL, AsyncAdaptedQueuePool, Connection, event, make_url
from sqlalchemy import exc as sql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from kernel.errors import StoreUnavailableError

PATIENCE = 5.0
_LONGEST_PAUSE = 60.0
_SQLITE_READERS = 4
_POSTGRESQL_CONNECTIONS = 15
_OUR_FAULT = (sql.IntegrityError, sql.ProgrammingError, sql.DataError, sql.NotSupportedError)


class Database:
    """One process's connections to the database. Made by `open`, closed by `aclose`."""

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine, patience: float) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience
        self._unwanted: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock() if reader.dialect.name == "sqlite" else None

    @classmethod
    async def open(cls, url: str, *, migrate: bool, patience: float = PATIENCE) -> "Database":
        """Connect to `sqlite:///path/file.db` or `postgresql://user:password@host/name`; the tables are there then.

        With `migrate` they are made or brought up to this release first, by one process while others wait. `patience`:
        seconds that anything later waits for a lock, for a connection or for its turn to write.

        Raises:
            ValueError: another kind of URL, or a SQLite database without a file.
            StoreUnavailableError: it cannot be reached.
            OutdatedError: without `migrate`, the tables are not as this release needs them.
        """
        from store.migrate import require_current, upgrade  # noqa: PLC0415  (alembic: only who opens pays for it)

        await (upgrade(url) if migrate else require_current(url))
        return cls(*_engines(parse_url(url), patience), patience)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement stands for itself and sees what is committed; it cannot write.

        Raises:
            StoreUnavailableError: on entering or leaving, as everything in here that the database cannot do just now.
        """
        with translated():
            async with self._connected(self._reader) as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back on an exception, a cancellation included.

        Never one inside another: on SQLite the inner one would wait for its own turn. Hand the connection on instead.

        Raises:
            StoreUnavailableError: nothing was written, or, when the connection broke in the very commit, perhaps all.
        """
        with translated():
            async with self._my_turn(), self._connected(self._writer) as connection, connection.begin():
                yield connection

    async def aclose(self) -> None:
        await asyncio.gather(*self._unwanted)
        await self._reader.dispose()
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

    def _my_turn(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._turn is None else _locked(self._turn, self._patience)


@asynccontextmanager
async def _locked(turn: asyncio.Lock, patience: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(patience):
            await turn.acquire()
    except TimeoutError:
        raise StoreUnavailableError(detail=f"{patience:g} s were not enough to get a turn to write") from None
    try:
        yield
    finally:
        turn.release()


async def _give_back(opening: "asyncio.Task[AsyncConnection]") -> None:
    with suppress(Exception):  # it could not be opened, and nobody is left to be told
        await (await opening).close()


@contextmanager
def translated() -> Iterator[None]:
    """What the database cannot do just now, as `StoreUnavailableError`. A broken rule or wrong SQL stays as it is."""
    try:
        yield
    except sql.TimeoutError as error:  # all connections are taken
        raise StoreUnavailableError(detail=str(error)) from error
    except sql.DBAPIError as error:
        if _is_our_fault(error):
            raise
        raise StoreUnavailableError(detail=f"{type(error.orig).__name__}: {error.orig}") from error


def _is_our_fault(error: sql.DBAPIError) -> bool:
    """SQLite calls everything an OperationalError; its code tells wrong SQL from a lock, a full disk and the like."""
    return isinstance(error, _OUR_FAULT) or getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR


def parse_url(url: str) -> URL:
    """The URL as SQLAlchemy takes it, drivers filled in.

    Raises:
        ValueError: neither `sqlite:///path/file.db` nor `postgresql://…`. The text does not repeat a password.
    """
    try:
        parsed = make_url(url)
    except (sql.ArgumentError, ValueError):
        parsed = URL.create("unreadable")
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:") and "?" not in url:
        return parsed.set(drivername="sqlite+aiosqlite")
    raise ValueError("must be sqlite:///path/file.db or postgresql://user:password@host/name")


def _engines(url: URL, patience: float) -> tuple[AsyncEngine, AsyncEngine]:
    """One for reading, one for writing. Without a transaction around it, reading is one statement and nothing else."""
    if url.get_backend_name() == "sqlite":
        reader = sqlite_engine(url, pool_size=_SQLITE_READERS, patience=patience, read_only=True)
        return reader, sqlite_engine(url, pool_size=1, patience=patience)
    writer = postgresql_engine(url, pool_size=_POSTGRESQL_CONNECTIONS, patience=patience)
    return writer.execution_options(isolation_level="AUTOCOMMIT"), writer


def sqlite_engine(url: URL, *, pool_size: int, patience: float, read_only: bool = False) -> AsyncEngine:
    """An engine over the file, whose folder is made when it is not there, readable to nobody else."""
    with suppress(OSError):  # whatever is wrong with the folder, connecting says it better
        Path(str(url.database)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=patience,
        isolation_level="AUTOCOMMIT" if read_only else None,
        skip_autocommit_rollback=read_only,
        connect_args={"timeout": patience},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # or sqlite3 would begin transactions of its own, not IMMEDIATE ones
        cursor = connection.cursor()
        _write_ahead(cursor, patience)
        pragmas = ["synchronous = FULL", "foreign_keys = ON"]
        for pragma in [*pragmas, "query_only = ON"] if read_only else pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if not read_only:
        event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _write_ahead(cursor: Any, patience: float) -> None:
    """Put the file into WAL mode, for good; where it is already, nothing happens.

    SQLite's own patience does not cover this: of several that switch a new file at once, all but one are refused on
    the spot. They queue as writers do, find the file switched, and try again.
    """
    until = time.monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        else:
            return


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def postgresql_engine(url: URL, *, pool_size: int, patience: float) -> AsyncEngine:
    """An engine that gives up in time: on a server that is not there, on one that went away, on another's lock."""
    limits = {"connect_timeout": f"{PATIENCE:.0f}", "tcp_user_timeout": f"{2 * PATIENCE * 1000:.0f}"}
    engine = create_async_engine(
        url.set(query={**limits, **url.query}),
        isolation_level="READ COMMITTED",  # whatever the server's default
        pool_size=pool_size,
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
