"""The parts tests run against: a sandbox in its own process, a real Redis-protocol server, gateways with real HTTP.

`gateway` makes a gateway in this process that talks to the sandbox over HTTP; `dev_url` is a whole `bff dev` from
outside, as a user starts it.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
import redis as redis_client
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from bff.app import create_app
from bff.dev import SANDBOX_TMF620, embedded_redis
from bff.settings import Settings
from bff.settings_reader import read_settings
from bff.upstream_clients import Transports
from kernel.clock import Clock, FixedClock
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.client import Client
from tests.databases import (
    database,
    database_kind,
    database_url,
    empty_url,
    migrated_file,
    migrated_name,
    postgresql_server,
    sqlite_url,
)
from tests.hurry import hurried
from tests.processes import PATIENCE, free_ports
from tests.upstream import Seed, Upstream

__all__ = [
    "database",
    "database_kind",
    "database_url",
    "empty_url",
    "migrated_file",
    "migrated_name",
    "postgresql_server",
    "sqlite_url",
]

MakeGateway = Callable[..., AbstractAsyncContextManager[Client]]


_TRACED = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test's cases the first are traced for coverage: the others go the same ways, in twice the time."""
    seen = Counter[str]()
    for item in items:
        name = item.nodeid.partition("[")[0]
        seen[name] += 1
        if seen[name] > _TRACED:
            item.add_marker(pytest.mark.no_cover)


def _drop(_logger: Any, _method: str, _event: Any) -> NoReturn:
    raise structlog.DropEvent


# Nobody has set up logging in a test; structlog would print every expected failure. `capture_logs` still sees all.
structlog.configure(processors=[_drop])


# Property tests are not timed: a busy machine is no bug.
hypothesis.settings.register_profile("calm", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("calm")


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxControl:
    """The sandbox, as seeded, without faults, its calls counted from zero."""
    control = sandbox_process.control
    control.reset()
    return control


@pytest.fixture
def upstream(sandbox_process: SandboxProcess) -> Upstream:
    """The sandbox's documents, to compare with and to change."""
    return Upstream(sandbox_process.base_url)


@pytest.fixture(scope="session")
def seed(sandbox_process: SandboxProcess) -> Seed:
    """The catalogue as it is before any test changes it."""
    sandbox_process.control.reset()
    return Seed.read(Upstream(sandbox_process.base_url))


@pytest.fixture
async def hurry(sandbox: SandboxControl) -> AsyncIterator[None]:
    """In this test deadlines pass at once while the sandbox holds an answer (`tests.hurry`)."""
    async with hurried(sandbox):
        yield


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Redis with nothing in it, which is waited for: on a busy machine a healthy one may take its time too."""
    monkeypatch.setattr("dataloaders.shared.PATIENCE", PATIENCE)
    monkeypatch.setattr("bff.foundation._REDIS_SECONDS", PATIENCE)
    with redis_client.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


@pytest.fixture
def gateway(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> MakeGateway:
    """Makes gateways over the sandbox. Keyword arguments are settings by variable, without `BFF_`, in lower case.

    `async with gateway(cache_fresh=1, clock=clock) as client: await client.query("{ ... }")`
    """
    return partial(gateway_over, sandbox_process.base_url)


@asynccontextmanager
async def gateway_over(
    sandbox_url: str,
    *,
    clock: Clock | None = None,
    transports: Transports | None = None,
    compiled_after: int = 1,
    **given: Any,
) -> AsyncIterator[Client]:
    """A gateway in this process over the sandbox at that URL. It compiles what tests ask once: few ask twice."""
    defaults = {"tmf620_url": sandbox_url + SANDBOX_TMF620, "tmf620_page_size": 500}
    settings = settings_of(**{**defaults, **given})
    app = create_app(settings, clock=clock, transports=transports, compiled_after=compiled_after)
    async with app.router.lifespan_context(app) as state, Client(_with_state(app, dict(state or {}))) as client:
        yield client


def settings_of(**given: Any) -> Settings:
    return read_settings({f"BFF_{name.upper()}": str(value) for name, value in given.items()})


def _with_state(app: ASGIApp, state: dict[str, Any]) -> ASGIApp:
    """What a server does: hand the lifespan's state to every request."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return serve


@pytest.fixture(scope="session")
def dev_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a `bff dev` of its own process, started as a user does and stopped with SIGTERM."""
    port = free_ports(2)
    data = tmp_path_factory.mktemp("dev")
    command = [sys.executable, "-m", "bff", "dev", "--port", str(port), "--data", str(data)]
    with (data / "dev.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=Path(__file__).parents[1])
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if b"Ctrl-C" in line:
                break
        else:
            pytest.fail("bff dev did not start: " + (data / "dev.log").read_text()[-2000:])
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        if process.stdout is not None:
            process.stdout.close()
