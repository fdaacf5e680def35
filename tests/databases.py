"""Real databases for tests: SQLite files, and a PostgreSQL server of our own, started from the system's package.

`database_url` (a new database with this release's tables) and `database` (the same, opened) run a test once for each
kind; `sqlite_url` is a new SQLite file for tests that care about something else; `empty_url` has no tables.
"""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from store.database import Database
from store.migrate import upgrade
from tests.needs import need

KINDS = ("sqlite", "postgresql")


@dataclass
class PostgreSQL:
    """A server over a unix socket, with the speed of one that may forget."""

    programs: Path
    folder: Path
    made: int = 0

    def url(self, name: str) -> str:
        return f"postgresql://bff@/{name}?host={self.folder}"

    def start(self) -> None:
        """It takes connections when this returns."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
        command = ("pg_ctl", "-D", self._data, "-l", self.folder / "log", "-w", "-o", options, "start")
        self._run(*command)

    def stop(self) -> None:
        """Every connection is cut."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "fast", "stop")

    def create(self, *, template: str = "template0") -> str:
        """The name of a new database."""
        self.made += 1
        name = f"test_{self.made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def initialize(self) -> None:
        self._run("initdb", "-D", self._data, "-U", "bff", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.programs / program), *map(str, arguments)]
        if os.geteuid() == 0:  # PostgreSQL refuses to be root; its package makes a user for it
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        with (self.folder / "output").open("ab") as output:
            subprocess.run(command, stdout=output, stderr=output, cwd=self.folder, check=True)


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A running server in a folder of its own; nothing of it is left afterwards."""
    programs = _programs()
    need(programs is not None, "PostgreSQL's server (Debian: postgresql)")
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="bff-pg-"))  # pytest's own folders are closed to other users
    server = PostgreSQL(programs, folder)
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        server.initialize()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Debian keeps a version's programs off the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return folders[-1].parent if folders else None


def cut_off(database_url: str) -> None:
    """Every connection that holds a place is ended by the server."""
    held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(held)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    with postgresql() as server:
        yield server


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path}/bff.db"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with this release's tables, to be copied: migrating takes longer than most tests."""
    file = tmp_path_factory.mktemp("migrated") / "bff.db"
    asyncio.run(upgrade(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_name(postgresql_server: PostgreSQL) -> str:
    """The same for PostgreSQL: the name of a database."""
    name = postgresql_server.create()
    asyncio.run(upgrade(postgresql_server.url(name)))
    return name


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """A SQLite file of the test's own with this release's tables, and nothing in them."""
    shutil.copyfile(migrated_file, tmp_path / "bff.db")
    return f"sqlite:///{tmp_path}/bff.db"


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with this release's tables, and nothing in them."""
    if database_kind == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    name = server.create(template=request.getfixturevalue("migrated_name"))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url, migrate=False, patience=60.0)  # a busy machine is not what is tested
    yield opened
    await opened.aclose()
