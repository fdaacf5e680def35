"""Reading and writing: one transaction or nothing, whatever becomes of the request, the disk or the server."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from kernel.errors import StoreUnavailableError
from store.database import Connection, Database, parse_url
from store.sqlite import _write_ahead
from store.tables import cart_changes, carts, leases
from tests.databases import PostgreSQL, postgresql


async def put(connection: Connection, name: str, held_until: float = 0.0) -> None:
    await connection.execute(insert(leases).values(name=name, holder="h", held_until=held_until))


async def put_all(database: Database, *each: str) -> None:
    async with database.writing() as connection:
        for name in each:
            await put(connection, name)


async def names(database: Database) -> list[str]:
    async with database.reading() as connection:
        return list((await connection.execute(select(leases.c.name).order_by(leases.c.name))).scalars())


def cart(**given: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("created_at", "updated_at", "active_at", "expires_at"), 0.0)
    return {"id": "c", "segment": "B2C", "currency": "EUR", "state": "open", "version": 1, "lines": "[]",
            "unsettled": "[]", **empty, **given}  # fmt: skip


# ---------------------------------------------------------------- one transaction


async def test_what_is_written_is_read(database: Database) -> None:
    async with database.writing() as connection:
        await put(connection, "a")
        await put(connection, "b")
    assert await names(database) == ["a", "b"]


async def test_an_exception_undoes_everything(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as connection:
            await put(connection, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await names(database) == []


async def test_nobody_reads_what_is_not_committed(database: Database) -> None:
    async with database.writing() as connection:
        await put(connection, "a")
        assert await names(database) == []
    assert await names(database) == ["a"]


async def test_each_read_sees_what_is_committed_by_then(database: Database) -> None:
    """Reading holds no snapshot: a connection that is kept open is not left behind."""
    async with database.reading() as connection:
        counted = select(func.count()).select_from(leases)
        assert (await connection.execute(counted)).scalar_one() == 0
        async with database.writing() as writer:
            await put(writer, "a")
        assert (await connection.execute(counted)).scalar_one() == 1


async def test_a_second_row_of_one_key_is_an_integrity_error(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await put_all(database, "a", "a")
    assert await names(database) == []


async def test_wrong_sql_is_not_called_unavailable(database: Database) -> None:
    with pytest.raises(DBAPIError, match="nonsense"):
        async with database.reading() as connection:
            await connection.execute(text("SELECT * FROM nonsense"))


async def test_changes_go_with_their_cart(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(insert(carts).values(cart()))
        await connection.execute(insert(cart_changes).values(cart_id="c", version=1, at=0.0, who="w", what="{}"))
        await connection.execute(delete(carts))
        assert (await connection.execute(select(cart_changes))).all() == []


async def test_a_change_without_a_cart_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.writing() as connection:
            await connection.execute(insert(cart_changes).values(cart_id="x", version=1, at=0.0, who="w", what="{}"))


async def test_many_carts_may_have_no_token_but_not_the_same(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(insert(carts), [cart(id=each, token_hash=None) for each in "ab"])
        await connection.execute(insert(carts).values(cart(id="c", token_hash="t")))
    with pytest.raises(IntegrityError):
        async with database.writing() as connection:
            await connection.execute(insert(carts).values(cart(id="d", token_hash="t")))


async def test_times_keep_their_microseconds(database: Database) -> None:
    async with database.writing() as connection:
        await put(connection, "a", 1_800_000_000.123456)
    async with database.reading() as connection:
        assert (await connection.execute(select(leases.c.held_until))).scalar_one() == 1_800_000_000.123456


async def test_what_was_committed_is_there_after_reopening(database: Database, database_url: str) -> None:
    async with database.writing() as connection:
        await put(connection, "a")
    again = await Database.open(database_url, migrate=True)
    assert await names(again) == ["a"]
    await again.aclose()


# ---------------------------------------------------------------- many at once


async def test_a_hundred_writers_at_once_lose_nothing(database: Database, database_url: str) -> None:
    """Of two processes, so to speak: each reads and writes back what it read plus one."""
    other = await Database.open(database_url, migrate=False)
    async with database.writing() as connection:
        await put(connection, "a")

    async def add(to: Database) -> None:
        async with to.writing() as connection:
            found = select(leases.c.held_until).where(leases.c.name == "a").with_for_update()
            value = (await connection.execute(found)).scalar_one()
            await connection.execute(update(leases).values(held_until=value + 1))

    await asyncio.gather(*(add(to) for to in (database, other) * 50))
    async with database.reading() as connection:
        assert (await connection.execute(select(leases.c.held_until))).scalar_one() == 100
    await other.aclose()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_writers_of_one_process_come_in_order(database: Database) -> None:
    done: list[int] = []

    async def write(number: int) -> None:
        async with database.writing() as connection:
            await put(connection, str(number))
            done.append(number)

    await asyncio.gather(*(write(number) for number in range(20)))
    assert done == list(range(20))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_who_writes_again_and_again_lets_those_who_wait_pass(database: Database) -> None:
    done: list[str] = []

    async def write(who: str, times: int) -> None:
        for _ in range(times):
            async with database.writing():
                done.append(who)

    await asyncio.gather(write("busy", 4), write("a", 1), write("b", 1))
    assert done == ["busy", "a", "b", "busy", "busy", "busy"]


# ---------------------------------------------------------------- cancellation


async def test_a_cancelled_writer_leaves_nothing_and_blocks_nobody(database: Database) -> None:
    inside = asyncio.Event()

    async def write() -> None:
        async with database.writing() as connection:
            await put(connection, "a")
            inside.set()
            await asyncio.Event().wait()

    for _ in range(30):  # more than there are connections
        inside.clear()
        task = asyncio.create_task(write())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with database.writing() as connection:
        await put(connection, "b")
    assert await names(database) == ["b"]


async def test_cancelled_at_any_step_it_is_all_or_nothing(database: Database) -> None:
    """Tasks are cancelled after every number of turns of the event loop there is between beginning and end."""

    async def write(number: int) -> None:
        async with database.writing() as connection:
            await put(connection, f"{number:03}a")
            await put(connection, f"{number:03}b")

    ended = 0
    for steps in range(150):
        task = asyncio.create_task(write(steps))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        ended += not isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
        found = [name for name in await names(database) if name.startswith(f"{steps:03}")]
        assert found in ([], [f"{steps:03}a", f"{steps:03}b"])
    async with database.writing() as connection:
        await put(connection, "last")
    assert (await names(database))[-1] == "last"
    assert ended < 150


async def test_readers_that_are_cancelled_give_their_connections_back(database: Database) -> None:
    for steps in range(60):
        task = asyncio.create_task(names(database))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await asyncio.gather(*(names(database) for _ in range(40))) == [[]] * 40


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_cancelled_while_waiting_for_its_turn(database: Database) -> None:
    async def write() -> None:
        async with database.writing() as connection:
            await put(connection, "b")

    async with database.writing() as connection:
        waiting = [asyncio.create_task(write()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[1].cancel()
        await put(connection, "a")
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await names(database) == ["a", "b"]


async def test_the_first_being_cancelled_while_it_connects_holds_nobody_up(database_url: str) -> None:
    """However patient the second is: it would wait for ten minutes if it had to."""
    for steps in range(1, 25):
        database = await Database.open(database_url, migrate=False, patience=600.0)
        first, second = (asyncio.create_task(put_all(database, f"{which}{steps}")) for which in "ab")
        for _ in range(steps):
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await second
        await database.aclose()


# ---------------------------------------------------------------- what the database cannot do


async def test_a_lock_held_too_long_is_unavailable(database_url: str) -> None:
    hasty = await Database.open(database_url, migrate=False, patience=0.05)
    holder = await Database.open(database_url, migrate=False)
    async with holder.writing() as connection:
        await put(connection, "a")
        with pytest.raises(StoreUnavailableError) as raised:
            async with hasty.writing() as other:
                await put(other, "a")
    assert "lock" in raised.value.detail
    with pytest.raises(IntegrityError):
        async with hasty.writing() as other:
            await put(other, "a")
    await hasty.aclose()
    await holder.aclose()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_turn_that_does_not_come_is_unavailable(database_url: str) -> None:
    hasty = await Database.open(database_url, migrate=False, patience=0.05)
    async with hasty.writing():
        with pytest.raises(StoreUnavailableError, match="cannot keep this just now"):
            async with hasty.writing():
                raise AssertionError
    async with hasty.writing() as connection:
        await put(connection, "a")
    await hasty.aclose()


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_full_disk_is_unavailable_and_passes(database: Database) -> None:
    """SQLite itself is told how many pages there are: what it then does is what it does on a full disk."""
    async with database.writing() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StoreUnavailableError) as raised:
        async with database.writing() as connection:
            await connection.execute(insert(carts).values(cart(lines="x" * 100_000)))
    assert "full" in raised.value.detail
    async with database.writing() as connection:
        await connection.execute(text(f"PRAGMA max_page_count = {pages + 1000}"))
        await connection.execute(insert(carts).values(cart(lines="x" * 100_000)))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_connection_for_reading_cannot_write(database: Database) -> None:
    with pytest.raises(StoreUnavailableError) as raised:
        async with database.reading() as connection:
            await put(connection, "a")
    assert "readonly" in raised.value.detail


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "bff.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreUnavailableError) as raised:
        await Database.open(f"sqlite:///{tmp_path}/bff.db", migrate=True)
    assert raised.value.detail == "DatabaseError: file is not a database"


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "bff.db"):
        with pytest.raises(StoreUnavailableError) as raised:
            await Database.open(f"sqlite:///{path}", migrate=True)
        assert raised.value.detail == "OperationalError: unable to open database file"


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError) as raised:
        await Database.open(f"postgresql://bff:hunter2@/bff?host={tmp_path}", migrate=True)
    assert "OperationalError: connection is bad" in raised.value.detail
    assert "hunter2" not in raised.value.detail


@pytest.fixture
def own_server() -> Iterator[PostgreSQL]:
    """One that a test may stop."""
    with postgresql() as server:
        yield server


async def test_a_server_that_stops_is_unavailable_and_comes_back(own_server: PostgreSQL) -> None:
    database = await Database.open(own_server.url(own_server.create()), migrate=True)

    async def write() -> None:
        async with database.writing() as connection:
            await put(connection, "a")
            own_server.stop()

    with pytest.raises(StoreUnavailableError):
        await write()
    for use in (database.reading, database.writing):
        with pytest.raises(StoreUnavailableError):
            async with use():
                raise AssertionError
    own_server.start()
    assert await names(database) == []
    async with database.writing() as connection:
        await put(connection, "b")
    await database.aclose()


async def test_a_server_that_restarted_in_between_costs_no_request(own_server: PostgreSQL) -> None:
    database = await Database.open(own_server.url(own_server.create()), migrate=True)
    assert await asyncio.gather(*(names(database) for _ in range(5))) == [[]] * 5
    own_server.stop()
    own_server.start()
    assert await asyncio.gather(*(names(database) for _ in range(5))) == [[]] * 5
    await database.aclose()


# ---------------------------------------------------------------- how it is opened


@pytest.mark.parametrize(
    "url",
    ["", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///a.db?mode=memory", "mysql://u@h/d",
     "postgresql+asyncpg://u@h/d", "sqlite+aiosqlite:///a.db", "hunter2", "postgresql://u:hunter2@h:port/d"],
)  # fmt: skip
def test_other_urls_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"^must be sqlite:///path/file\.db or postgresql://user:password@host/name$"):
        parse_url(url)


async def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/new/folder/bff.db", migrate=True)
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    for use in (database.reading, database.writing):
        async with use() as connection:
            found = {name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in wanted}
        assert found == wanted
    await database.aclose()
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700


class Spoken:
    """A cursor that notes what it is told; `before` is called ahead of a statement that waits for others."""

    def __init__(self, cursor: sqlite3.Cursor, before: Callable[[], None]) -> None:
        self._cursor, self._before = cursor, before
        self.told: list[str] = []

    def execute(self, statement: str) -> None:
        self.told.append(statement)
        if statement == "BEGIN IMMEDIATE":
            self._before()
        self._cursor.execute(statement)


def test_who_meets_another_in_a_new_file_waits_for_it(tmp_path: Path) -> None:
    """SQLite refuses to switch a file that somebody writes to, however long it was told to wait."""
    with (
        closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other,
        closing(sqlite3.connect(tmp_path / "new.db", timeout=60, isolation_level=None)) as ours,
    ):
        other.execute("BEGIN IMMEDIATE")
        cursor = Spoken(ours.cursor(), other.rollback)
        _write_ahead(cursor, 60)
        switch = "PRAGMA journal_mode = WAL"
        assert cursor.told == [switch, "BEGIN IMMEDIATE", "ROLLBACK", switch]
        assert ours.execute("PRAGMA journal_mode").fetchall() == [("wal",)]


def test_who_waits_for_another_in_a_new_file_gives_up_in_time(tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other,
        closing(sqlite3.connect(tmp_path / "new.db", timeout=0, isolation_level=None)) as ours,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            _write_ahead(ours.cursor(), 0)


async def test_a_writer_does_not_wait_for_a_reader(database: Database, database_url: str) -> None:
    """A long read, of another program too, keeps nobody from writing."""
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as other:
            other.execute("BEGIN")
            other.execute("SELECT * FROM leases").fetchall()
            async with database.writing() as connection:
                await put(connection, "a")
        other.close()
    else:
        async with database.reading() as reader, database.writing() as connection:
            await reader.execute(select(leases))
            await put(connection, "a")
    assert await names(database) == ["a"]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_commit_that_fails_leaves_nothing_behind(database: Database) -> None:
    """SQLite stays in a transaction that it could not commit; the next one is not to find itself in it."""

    async def fail() -> None:
        async with database.writing() as connection:
            await connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            await put(connection, "a")
            await connection.execute(insert(cart_changes).values(cart_id="x", version=1, at=0.0, who="w", what="{}"))

    with pytest.raises(IntegrityError):
        await fail()
    await put_all(database, "b")
    assert await names(database) == ["b"]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_cancelled_transaction_is_undone_before_the_next_begins(database: Database, database_url: str) -> None:
    """Cancelled while its statement waits for another's lock: what it may still do there, it does to no one else."""
    other = await Database.open(database_url, migrate=False)
    async with other.writing() as connection:
        await put(connection, "theirs")
        cancelled = asyncio.create_task(put_all(database, "a"))
        await asyncio.sleep(0)  # it has its turn, and has sent its first statement to wait for the lock
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        following = asyncio.create_task(put_all(database, "b"))
    await following
    assert await names(database) == ["b", "theirs"]
    await other.aclose()
