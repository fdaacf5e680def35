"""A server that vanishes without a word: nothing is closed, nothing is refused, and no answer ever comes."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs

from domain.pipelines.durable import _dbos_url
from kernel.errors import StoreUnavailableError
from store.database import Database, parse_url
from store.postgresql import LIMITS
from store.slots import Slots
from tests.databases import PostgreSQL
from tests.hurry import set_forward
from tests.processes import PATIENCE

_OPTIONS = {
    "keepalives_idle": socket.TCP_KEEPIDLE,
    "keepalives_interval": socket.TCP_KEEPINTVL,
    "keepalives_count": socket.TCP_KEEPCNT,
    "tcp_user_timeout": socket.TCP_USER_TIMEOUT,
}


class Line:
    """What is between us and the server: it carries everything, until it is `dead` or `full`."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._ends: list[asyncio.StreamWriter] = []
        self._carrying: list[asyncio.Task[None]] = []
        self.dead = False
        """It says that it has received what was sent, and carries it nowhere."""
        self.full = False
        """It takes nothing more."""
        self.lost = asyncio.Event()
        """Something was not carried."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._server)
        self._ends += [writer, back]
        ways = [asyncio.create_task(self._carry(*way)) for way in ((reader, back), (there, writer))]
        self._carrying += ways
        await asyncio.gather(*ways)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if self.dead or self.full:
                self.lost.set()
            if self.full:
                await asyncio.Event().wait()
            if not self.dead:
                writer.write(data)
        if not self.dead:
            writer.close()

    async def cut(self) -> None:
        for way in self._carrying:
            way.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)
        for end in self._ends:
            end.close()


@pytest.fixture
async def line(postgresql_server: PostgreSQL) -> AsyncIterator[tuple[Line, str]]:
    """The line to the server, and the URL of a new database over it."""
    line = Line(postgresql_server.folder / ".s.PGSQL.5432")
    serving = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    name = postgresql_server.create()
    yield line, f"postgresql://bff@127.0.0.1:{serving.sockets[0].getsockname()[1]}/{name}?sslmode=disable"
    serving.close()
    await line.cut()
    postgresql_server.drop(name)


@asynccontextmanager
async def opened(url: str, silence: float | None) -> AsyncIterator[Database]:
    database = Database(parse_url(url), 0.0, silence)
    try:
        yield database
    finally:
        await database.aclose()


async def ask(database: Database) -> Any:
    async with database.reading() as connection:
        return (await connection.execute(text("SELECT 1"))).scalar_one()


async def given_up(asked: "asyncio.Task[Any]", line: Line) -> None:
    """It fails when the time has passed that it waits for an answer; until then it waits."""
    await line.lost.wait()
    with capture_logs() as logged:
        set_forward(PATIENCE)
        with pytest.raises(StoreUnavailableError):
            await asked
    assert logged == [{"event": "database.silent", "log_level": "warning", "seconds": PATIENCE}]


async def test_an_answer_that_never_comes_is_unavailable(line: tuple[Line, str]) -> None:
    """Within a transaction. The next does not get what is left of the connection."""
    way, url = line
    async with opened(url, PATIENCE) as database:

        async def write() -> None:
            async with database.writing() as connection:
                await connection.execute(text("SELECT 1"))
                way.dead = True
                await connection.execute(text("SELECT 2"))

        assert await ask(database) == 1
        await given_up(asyncio.create_task(write()), way)
        way.dead = False
        assert await ask(database) == 1


async def test_a_connection_of_the_pool_that_died_is_not_waited_for_for_ever(line: tuple[Line, str]) -> None:
    way, url = line
    async with opened(url, PATIENCE) as database:
        assert await ask(database) == 1
        way.dead = True
        await given_up(asyncio.create_task(ask(database)), way)


async def test_a_place_is_not_waited_for_for_ever(line: tuple[Line, str]) -> None:
    """What was held is free by then, as far as anybody knows."""
    way, url = line
    places = Slots(url, "tests", PATIENCE)
    place = await places.take_any()
    way.dead = True
    await given_up(asyncio.create_task(places.keep(place)), way)
    way.dead = False
    await way.cut()
    async with asyncio.timeout(PATIENCE):
        # the server has yet to hear of it, and to forget whose the place was
        while not await places.keep(place):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await places.aclose()


async def test_what_is_never_received_ends_the_connection(line: tuple[Line, str]) -> None:
    """The operating system finds that out, however patient we are."""
    way, url = line
    async with opened(f"{url}&tcp_user_timeout=500", silence=None) as database, asyncio.timeout(PATIENCE):

        async def tell() -> None:
            async with database.reading() as connection:
                way.full = True
                await connection.execute(text("SELECT length(:long)"), {"long": "x" * 64_000_000})

        with pytest.raises(StoreUnavailableError):
            await tell()


def limits_of(connection: "psycopg.AsyncConnection[Any] | psycopg.Connection[Any]") -> dict[str, str]:
    """What the operating system was told of the connection."""
    with socket.socket(fileno=os.dup(connection.pgconn.socket)) as opened:
        return {name: str(opened.getsockopt(socket.IPPROTO_TCP, option)) for name, option in _OPTIONS.items()}


async def test_every_connection_has_its_limits(line: tuple[Line, str]) -> None:
    wanted = {name: LIMITS[name] for name in _OPTIONS}
    _, url = line
    async with opened(url, PATIENCE) as database, database.reading() as connection:
        raw = await connection.get_raw_connection()  # type: ignore[attr-defined]
        assert limits_of(raw.driver_connection) == wanted
    places = Slots(url, "tests")
    await places.take_any()
    assert places._connection is not None
    assert limits_of(places._connection) == wanted
    await places.aclose()


async def test_those_of_the_pipelines_engine_too(line: tuple[Line, str]) -> None:
    _, url = line
    wanted = {name: LIMITS[name] for name in _OPTIONS} | {"keepalives_idle": "7"}

    def look() -> dict[str, str]:
        engine = create_engine(_dbos_url(f"{url}&keepalives_idle=7"))
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            found = limits_of(driver)
        engine.dispose()
        return found

    assert await asyncio.to_thread(look) == wanted
