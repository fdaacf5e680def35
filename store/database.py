"""The database: SQLite in a file or, by one setting, PostgreSQL. Who wants to read asks for `reading`, who wants to
change anything for `writing`; nobody else opens connections or transactions.

Statements are SQLAlchemy's. Building one takes several times as long as running it, so those that every request runs
are built once, with `bindparam` in place of what changes.
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, CursorResult, Dialect, Executable, make_url
from sqlalchemy import exc as sql

from kernel.errors import StoreUnavailableError
from store.sqlite import SQLite

PATIENCE = 5.0
SILENCE = 30.0
_OUR_FAULT = (sql.IntegrityError, sql.ProgrammingError, sql.DataError, sql.NotSupportedError)
_T = TypeVar("_T")


class Connection(Protocol):
    """What statements are executed on. Their rows are all there when `execute` returns."""

    @property
    def dialect(self) -> Dialect: ...

    async def execute(self, statement: Executable, parameters: Any = None, /) -> CursorResult[*tuple[Any, ...]]: ...

    async def run_sync(self, do: Callable[..., _T], /, *given: Any) -> _T: ...


Allowed = Callable[[Connection], Awaitable[bool]]
"""Whether something may still begin, asked within the transaction that begins it."""


class _Server(Protocol):
    def reading(self) -> AbstractAsyncContextManager[Connection]: ...

    def writing(self) -> AbstractAsyncContextManager[Connection]: ...

    async def aclose(self) -> None: ...


def _server(url: URL, patience: float, silence: float | None) -> _Server:
    if url.get_backend_name() == "sqlite":
        return SQLite(url, patience)
    from store.postgresql import PostgreSQL  # noqa: PLC0415  (15 MB that a process over SQLite does without)

    return PostgreSQL(url, patience, silence)


class Database:
    """One process's connections to the database. Made by `open`, closed by `aclose`.

    `silence`: seconds that a server's answer may take, besides the patience for locks; None for ever.
    """

    def __init__(self, url: URL, patience: float, silence: float | None = SILENCE) -> None:
        self._server = _server(url, patience, silence)

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
        return cls(parse_url(url), patience)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection on which each statement stands for itself and sees what is committed; it cannot write.

        Raises:
            StoreUnavailableError: on entering or leaving, as everything in here that the database cannot do just now.
        """
        with translated():
            async with self._server.reading() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """One transaction: committed at the end, rolled back on an exception, a cancellation included.

        Never one inside another: on SQLite the inner one would wait for its own turn. Hand the connection on instead.

        Raises:
            StoreUnavailableError: nothing was written, or, when the connection broke in the very commit, perhaps all.
        """
        with translated():
            async with self._server.writing() as connection:
                yield connection

    async def aclose(self) -> None:
        await self._server.aclose()


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
        return parsed
    raise ValueError("must be sqlite:///path/file.db or postgresql://user:password@host/name")
