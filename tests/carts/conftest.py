"""A shop with carts: gateways over the sandbox's catalogue, cart system and stock, each with a database of its own."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import pytest

from bff.dev import SANDBOX_TMF663, SANDBOX_TMF687
from bff.upstream_clients import Transports
from kernel.clock import Clock
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.carts.estate import KEY, Estate, open_estate
from tests.carts.operator import Operator
from tests.carts.shopper import Shopper
from tests.conftest import gateway_over


class MakeShop(Protocol):
    """Opens a shop; keyword arguments are settings by variable, without `BFF_`, in lower case."""

    def __call__(
        self, *, clock: Clock | None = None, transports: Transports | None = None, **settings: Any
    ) -> AbstractAsyncContextManager[Shopper]: ...


@pytest.fixture
def shop(sandbox_process: SandboxProcess, sandbox: SandboxControl, sqlite_url: str) -> MakeShop:
    """Makes shops over one database: two of them at once are two processes of one estate."""

    @asynccontextmanager
    async def open_shop(
        *, clock: Clock | None = None, transports: Transports | None = None, **given: Any
    ) -> AsyncIterator[Shopper]:
        version = given.get("tmf663_version", "v4")
        settings = {
            "tmf663_url": sandbox_process.base_url + SANDBOX_TMF663[version],
            "tmf687_url": sandbox_process.base_url + SANDBOX_TMF687,
            "keys": KEY,
            "database_url": sqlite_url,
            "cart_sweep": 3600,
            **given,
        }
        async with gateway_over(sandbox_process.base_url, clock=clock, transports=transports, **settings) as client:
            yield Shopper(client)

    return open_shop


@pytest.fixture
def operator(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> Operator:
    """The cart system behind the shop, to look into and to change."""
    return Operator(sandbox_process.base_url)


@pytest.fixture
def estate(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Two processes over one cart system in memory."""
    with open_estate(sandbox_process, monkeypatch) as opened:
        yield opened


def new_key() -> str:
    return str(uuid.uuid4())
