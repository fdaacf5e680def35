"""Gateways that serve from a dump: `gateway` here dumps the sandbox as it is, loads that, and opens a gateway on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bff.dev import SANDBOX_TMF620
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.client import Client
from tests.conftest import MakeGateway, gateway_over, settings_of
from tests.dumps.making import Loader, load_into, write_sandbox_dump
from tests.processes import PATIENCE
from tests.upstream import Upstream


class WatchedUpstream(Upstream):
    """The sandbox's documents; knows whether a test has changed them."""

    changed = False

    def _send(self, method: str, *given: Any, **named: Any) -> Any:
        self.changed = self.changed or method != "GET"
        return super()._send(method, *given, **named)


@pytest.fixture
def upstream(sandbox_process: SandboxProcess) -> WatchedUpstream:
    return WatchedUpstream(sandbox_process.base_url)


@pytest.fixture
def on_demand_gateway(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> MakeGateway:
    """What `gateway` is elsewhere."""
    return lambda *, clock=None, **given: gateway_over(sandbox_process.base_url, clock=clock, **given)


@pytest.fixture(scope="session")
def loaded_dumps() -> dict[str, Path]:
    """Folders with a dump of the unchanged sandbox, by the settings that a load looks at."""
    return {}


@pytest.fixture
def gateway(
    sandbox_process: SandboxProcess,
    sandbox: SandboxControl,
    upstream: WatchedUpstream,
    loaded_dumps: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> MakeGateway:
    """As `gateway` of the outer conftest, but over a dump of what the sandbox holds when the gateway is opened."""

    @asynccontextmanager
    async def opened(*, clock: Any = None, **given: Any) -> AsyncIterator[Client]:
        settings = settings_of(**{"tmf620_url": sandbox_process.base_url + SANDBOX_TMF620, **given})
        name = f"{settings.catalog} {settings.languages} {clock and clock.at}"
        folder = loaded_dumps.get(name)
        if folder is None or upstream.changed:
            folder = tmp_path_factory.mktemp("dumps")
            file = await write_sandbox_dump(settings, folder / "catalog.ndjson.gz")
            load_into(folder, file, settings=settings, at=clock.at if clock else None)
            sandbox.reset_calls()
            if not upstream.changed:
                loaded_dumps[name] = folder
        served = {"catalog_source": "dump", "dump_folder": folder, **given}
        async with gateway_over(sandbox_process.base_url, clock=clock, **served) as client:
            yield client

    return opened


@pytest.fixture
def dumps(tmp_path: Path) -> Loader:
    """A folder of dumps, and a way to load records, bytes or files into it."""
    return Loader(tmp_path / "dumps", tmp_path / "sources")


async def until(condition: Any, *, seconds: float = PATIENCE) -> None:
    """Wait for something that happens beside us; a failure after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (another process, which cannot set an event of ours)
            await asyncio.sleep(0.01)
