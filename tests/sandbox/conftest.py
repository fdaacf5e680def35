"""The sandbox in process, on a fresh file, with clocks the test can move; over HTTP where a test asks for it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.app import create_sandbox
from sandbox.process import SandboxProcess

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
BASE = "/tmf-api/productCatalogManagement/v4"
NUMBERS = 300


class Seconds:
    """A monotonic clock that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Clock:
    """The time of day, which stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the seed in it, to copy: seeding anew takes most of the time of a test."""
    file = tmp_path_factory.mktemp("seeded") / "sandbox.sqlite"
    create_sandbox(file, numbers=NUMBERS).state.store.close()
    return file


@pytest.fixture
def app(tmp_path: Path, seeded: Path, seconds: Seconds, clock: Clock) -> Iterator[Starlette]:
    shutil.copy(seeded, tmp_path / "sandbox.sqlite")
    app = create_sandbox(tmp_path / "sandbox.sqlite", numbers=NUMBERS, now=clock, monotonic=seconds)
    yield app
    app.state.store.close()


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Paths are relative to TMF620; the control endpoints are absolute."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
        yield client
    await app.state.courier.close()


@pytest.fixture(scope="session")
def process() -> Iterator[SandboxProcess]:
    """One real server for all tests that need a connection; each resets it."""
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def server(process: SandboxProcess) -> SandboxProcess:
    process.control.reset()
    return process
