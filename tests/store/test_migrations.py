"""Migrations: they make the tables the code declares, go back, and run once however many processes start."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from store.database import Database
from store.migrate import OutdatedError, downgrade, status, transaction, upgrade
from store.tables import metadata

ROOT = Path(__file__).resolve().parents[2]

VERSIONS = Path(__file__).parents[2] / "store" / "migrations" / "versions"
NEWEST = max(file.name[:4] for file in VERSIONS.glob("[0-9]*.py"))


def differences(connection: Connection) -> list[object]:
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


def table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_migrations_make_the_tables_that_are_declared(database_url: str) -> None:
    async with transaction(database_url) as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(table_names) == {*metadata.tables, "alembic_version"}


async def test_a_difference_would_be_found(database_url: str) -> None:
    async with transaction(database_url) as connection:
        await connection.execute(text("DROP INDEX ix_carts_owner"))
        assert len(await connection.run_sync(differences)) == 1


async def test_migrations_can_be_taken_back(database_url: str) -> None:
    await downgrade(database_url, "base")
    async with transaction(database_url) as connection:
        assert await connection.run_sync(table_names) <= {"alembic_version"}
    assert (await upgrade(database_url)).current is None
    assert not (await status(database_url)).behind


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = await upgrade(database_url)
    assert (before.current, before.behind) == (before.head, False)


async def test_tables_of_a_newer_release_are_left_alone(database_url: str) -> None:
    async with transaction(database_url) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'newer'"))
    opened = await Database.open(database_url, migrate=True)
    await opened.aclose()
    found = await status(database_url)
    assert (found.current, found.known, found.behind) == ("newer", False, False)


async def test_opening_without_migrating_wants_the_tables_there(empty_url: str) -> None:
    await upgrade(empty_url)
    await downgrade(empty_url, "base")
    with pytest.raises(OutdatedError, match="run `bff database migrate`"):
        await Database.open(empty_url, migrate=False)


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    async with transaction(empty_url) as connection:
        await connection.execute(text("CREATE TABLE leases (name TEXT)"))
    with pytest.raises(DBAPIError, match="already exists"):
        await upgrade(empty_url)
    async with transaction(empty_url) as connection:
        assert await connection.run_sync(table_names) == {"leases"}


def test_several_processes_that_start_at_once_migrate_once(empty_url: str) -> None:
    """Each says what it found; only one found nothing."""
    code = (
        "import asyncio, sys; from store.migrate import upgrade; print('ready', flush=True); sys.stdin.readline(); "
        "print(asyncio.run(upgrade(sys.argv[1])).current)"
    )
    command = [sys.executable, "-c", code, empty_url]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) for _ in range(5)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:  # all are told before any is waited for
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[0].strip() for process in started]
    assert [process.returncode for process in started] == [0] * 5
    assert sorted(said) == [NEWEST] * 4 + ["None"]


async def test_several_that_start_at_once_in_one_process_migrate_once(empty_url: str) -> None:
    found = await asyncio.gather(*(upgrade(empty_url) for _ in range(5)))
    assert sorted(str(each.current) for each in found) == [NEWEST] * 4 + ["None"]
