"""SQLite in a file: one connection for writing, a few for reading, each on a thread of its own.

A transaction of ours takes SQLite a fraction of a millisecond; what costs is going to a thread and back. So a statement
goes there once, with the BEGIN before it and with its rows on the way back. What one thread is asked for happens in
that order whether anyone still waits for it or not: who is cancelled has nothing to wait for, and nothing overtakes it.

SQLite has one writer at a time. Writers of one process therefore queue here, in order, instead of trying the file's
lock again and again. A transaction begins as a writing one, because one that has read first and then wants to write can
find itself in a deadlock that no waiting resolves.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, CursorResult, Dialect, Engine, Executable, NullPool, create_engine, event

from kernel.errors import StoreUnavailableError

_READERS = 4
_T = TypeVar("_T")


class SQLite:
    """The connections of one process. `patience`: seconds to wait for a lock, for a connection, for one's turn."""

    def __init__(self, url: URL, patience: float) -> None:
        self._patience = patience
        self._turn = asyncio.Lock()
        self._writer = SQLiteConnection(_engine(url, patience, read_only=False))
        reading = _engine(url, patience, read_only=True)
        self._readers = [SQLiteConnection(reading) for _ in range(_READERS)]
        self._free = asyncio.LifoQueue[SQLiteConnection]()  # the last one is used again: what it needs is at hand
        for each in self._readers:
            self._free.put_nowait(each)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator["SQLiteConnection"]:
        reader = await self._patiently(self._free.get(), "a connection to read from")
        try:
            yield reader
        finally:
            self._free.put_nowait(reader)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["SQLiteConnection"]:
        await self._patiently(self._turn.acquire(), "a turn to write")
        try:
            yield self._writer
            await self._writer.commit()
        except BaseException:
            self._writer.undo()
            raise
        finally:
            self._turn.release()

    async def aclose(self) -> None:
        await asyncio.gather(*(each.aclose() for each in (self._writer, *self._readers)))

    async def _patiently(self, wanted: Any, what: str) -> Any:
        try:
            async with asyncio.timeout(self._patience):
                return await wanted
        except TimeoutError:
            raise StoreUnavailableError(detail=f"{self._patience:g} s were not enough to get {what}") from None


class SQLiteConnection:
    """A connection and its thread; there when first used. A transaction begins with its first statement."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = _Thread()
        self._opened: Connection | None = None

    @property
    def dialect(self) -> Dialect:
        return self._engine.dialect

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        return await self._thread.put(lambda: self._connection().execute(statement, parameters))

    async def run_sync(self, do: Callable[..., _T], *given: Any) -> _T:
        """Have something done with the connection, on its thread."""
        return await self._thread.put(lambda: do(self._connection(), *given))

    async def commit(self) -> None:
        await self._thread.put(self._commit)

    def undo(self) -> None:
        """Roll back before anything else that is asked for from now on."""
        self._thread.put(self._undo)

    async def aclose(self) -> None:
        await self._thread.put(self._close)
        self._thread.end()

    # ---------------------------------------------------------------- on the thread

    def _connection(self) -> Connection:
        if self._opened is None:
            self._opened = self._engine.connect()
        if not self._opened.in_transaction():
            self._opened.begin()
        return self._opened

    def _commit(self) -> None:
        if self._opened is not None:
            self._opened.commit()

    def _undo(self) -> None:
        """Roll back, even what SQLAlchemy takes to be over: after a commit that failed, SQLite is in it still."""
        if self._opened is None:
            return
        try:
            self._opened.rollback()
            self._opened.connection.rollback()
        except Exception:  # noqa: BLE001  (whatever it was, the next one gets another connection)
            self._close()

    def _close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


class _Thread:
    """Does one thing after the other, in the order in which it was asked."""

    def __init__(self) -> None:
        self._wanted: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._started = False

    def put(self, do: Callable[[], _T]) -> "asyncio.Future[_T]":
        """What will come of it. It is done even when that is cancelled meanwhile."""
        if not self._started:
            self._started = True
            threading.Thread(target=self._work, name="sqlite", daemon=True).start()
        told: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._wanted.put((do, told))
        return told

    def end(self) -> None:
        self._wanted.put(None)

    def _work(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            do, told = wanted
            try:
                tell = partial(_tell, told, told.set_result, do())
            except BaseException as error:  # noqa: BLE001  (it is raised where it was asked for)
                tell = partial(_tell, told, told.set_exception, error)
            with suppress(RuntimeError):  # the event loop is gone, and whoever asked with it
                told.get_loop().call_soon_threadsafe(tell)
            del wanted, do, told, tell  # while it waits for the next, it keeps nobody's results


def _tell(told: "asyncio.Future[Any]", how: Callable[[Any], None], what: Any) -> None:
    if not told.done():  # cancelled meanwhile
        how(what)


# ---------------------------------------------------------------- the driver


class _Cursor(sqlite3.Cursor):
    """Has read all its rows when it has executed: they are looked at on another thread, the connection is not."""

    _rows: list[Any] = []  # noqa: RUF012  (replaced, never changed)

    def execute(self, statement: str, parameters: Any = ()) -> "_Cursor":
        super().execute(statement, parameters)
        self._rows = super().fetchall()[::-1] if self.description else []
        return self

    def fetchone(self) -> Any:
        return self._rows.pop() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        wanted = self.arraysize if size is None else size
        return [self._rows.pop() for _ in range(min(wanted, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows[::-1], []
        return rows


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)


def _engine(url: URL, patience: float, *, read_only: bool) -> Engine:
    """An engine over the file, whose folder is made when it is not there, readable to nobody else."""
    with suppress(OSError):  # whatever is wrong with the folder, connecting says it better
        Path(str(url.database)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT" if read_only else None,
        skip_autocommit_rollback=read_only,
        connect_args={"timeout": patience, "factory": _Connection, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # or sqlite3 would begin transactions of its own, not IMMEDIATE ones
        cursor = connection.cursor()
        _write_ahead(cursor, patience)
        pragmas = ["synchronous = FULL", "foreign_keys = ON"]
        for pragma in [*pragmas, "query_only = ON"] if read_only else pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if not read_only:
        event.listen(engine, "begin", _begin_immediate)
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
