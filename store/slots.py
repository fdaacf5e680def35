"""Places for live processes: each is held by one process at a time, and is free the moment that process is dead.

A lease would not do: its holder may be dead and the lease not over, or asleep and the lease over. So the operating
system keeps it (a locked file beside SQLite's), or PostgreSQL for as long as a connection lives.
"""

import asyncio
import fcntl
import secrets
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import structlog

from kernel.errors import StoreUnavailableError
from store.database import SILENCE, parse_url

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger(__name__)

_MOST = 1_000
_PLACES = 2**31


@dataclass
class Slots:
    """The places of one name in one database. Those taken here are kept until they are given back, or `aclose`.

    `silence`: seconds that a server's answer may take; then it is unavailable, and what was held is free.
    """

    url: str
    name: str
    silence: float = SILENCE
    _files: dict[int, IO[bytes]] = field(default_factory=dict)
    _held: set[int] = field(default_factory=set)
    _connection: "psycopg.AsyncConnection[Any] | None" = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take_any(self) -> int:
        """A place that is free. Of a server's one is drawn: it may have forgotten whose the low ones are, and whoever
        starts would have the place of a process that lives, for good.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        for lowest in range(_MOST):
            number = lowest if self._in_files else secrets.randbelow(_PLACES)
            if await self.take(number):
                return number
        raise RuntimeError(f"{_MOST} processes hold a place already")

    async def take(self, number: int) -> bool:
        """Take this place; False when a live process has it, perhaps this one.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._turn:
            if self._in_files:
                return self._lock_file(number)
            return await self._lock_in_server(number)

    async def give_back(self, number: int) -> None:
        async with self._turn:
            if number in self._files:
                self._files.pop(number).close()
            elif self._connection is not None and number in self._held:
                self._held.discard(number)
                with suppress(_psycopg().Error):  # a connection that broke holds nothing
                    await self._connection.execute("SELECT pg_advisory_unlock(%s, %s)", (self._space, number))

    async def keep(self, number: int) -> bool:
        """Make sure that a place taken here is still held: a server that restarted has forgotten. False: it is lost.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._turn:
            if self._in_files:
                return number in self._files
            try:
                if self._connection is not None:
                    await self._connection.execute("SELECT 1")
            except _psycopg().Error:
                await self._disconnect()
            return number in self._held or await self._lock_in_server(number)

    async def aclose(self) -> None:
        async with self._turn:
            for file in self._files.values():
                file.close()
            self._files.clear()
            if self._connection is not None:
                await self._connection.close()

    def _lock_file(self, number: int) -> bool:
        if number in self._files:
            return False
        path = Path(f"{parse_url(self.url).database}.{self.name}-{number}.lock")
        file = path.open("wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._files[number] = file
        return True

    async def _lock_in_server(self, number: int) -> bool:
        if number in self._held:  # or the server would count it twice
            return False
        try:
            if self._connection is None:
                self._connection = await _connected(self.url, self.silence)
            found = await self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (self._space, number))
            row = await found.fetchone()
        except _psycopg().Error as error:  # the driver's own: SQLAlchemy is not between
            await self._disconnect()
            raise StoreUnavailableError(detail=f"{type(error).__name__}: {error}") from error
        if row and row[0]:
            self._held.add(number)
        return number in self._held

    async def _disconnect(self) -> None:
        """The next who asks connects anew. What was held over this connection is free."""
        connection, self._connection = self._connection, None
        self._held.clear()
        if connection is not None:
            await connection.close()

    @property
    def _in_files(self) -> bool:
        """Whether places are files, which SQLite's processes share, and not locks of a server's."""
        return parse_url(self.url).get_backend_name() == "sqlite"

    @property
    def _space(self) -> int:
        """A number for the name; PostgreSQL's advisory locks have no names."""
        return zlib.crc32(f"slots:{self.name}".encode()) & 0x7FFF_FFFF


async def _connected(url: str, silence: float) -> "psycopg.AsyncConnection[Any]":
    from store.postgresql import LIMITS, connected  # noqa: PLC0415  (as the driver)

    given: dict[str, Any] = {**LIMITS, **_psycopg().conninfo.conninfo_to_dict(url)}
    return await connected(silence, autocommit=True, **given)


def _psycopg() -> Any:
    """The driver, which takes 10 MB that a process over SQLite does without."""
    return import_module("psycopg")
