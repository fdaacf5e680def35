"""A shop with customers: a gateway over the sandbox's parties, customers, accounts and products."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import pytest

from bff.customers import open_customers
from bff.dev import SANDBOX_TMF629, SANDBOX_TMF632, SANDBOX_TMF637, SANDBOX_TMF666
from bff.upstream_clients import Transports
from kernel.clock import Clock
from kernel.context import Principal
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.conftest import gateway_over
from tests.customers.people import Someone, principal
from tests.customers.records import Records

KEY = "a-signing-key-for-tests-of-forty-letters"
DUPLICATE_KEY = "a-key-that-tells-customers-apart-for-good"


class MakeShop(Protocol):
    """Opens a shop; keyword arguments are settings by variable, without `BFF_`, in lower case."""

    def __call__(
        self, *, clock: Clock | None = None, transports: Transports | None = None, **settings: Any
    ) -> AbstractAsyncContextManager[Someone]: ...


def settings_over(sandbox_url: str, database_url: str, version: str = "v4") -> dict[str, Any]:
    """What a shop with customers needs."""
    paths = {"tmf629": SANDBOX_TMF629, "tmf632": SANDBOX_TMF632, "tmf637": SANDBOX_TMF637, "tmf666": SANDBOX_TMF666}
    urls = {f"{name}_url": sandbox_url + each[version] for name, each in paths.items()}
    return {
        **urls,
        **{f"{name}_version": version for name in paths},
        "keys": KEY,
        "customers_duplicate_key": DUPLICATE_KEY,
        "database_url": database_url,
        "pipelines_sweep": 3600,
        "customers_patience": 20,  # a slow machine is no IN_PROGRESS
        "request_timeout": 30,
    }


async def login_of(caller: Principal) -> str | None:
    """A user of these tests called `x@y` has signed in with that address."""
    return caller.id if caller.id and "@" in caller.id else None


@pytest.fixture
def shop(
    sandbox_process: SandboxProcess, sandbox: SandboxControl, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> MakeShop:
    """Makes shops over SQLite, one at a time: pipelines are one in a process."""
    monkeypatch.setattr("bff.app.principal_of", principal)
    monkeypatch.setattr("bff.customers.open_customers", lambda base, _: open_customers(base, login_of))

    @asynccontextmanager
    async def open_shop(
        *, clock: Clock | None = None, transports: Transports | None = None, version: str = "v4", **given: Any
    ) -> AsyncIterator[Someone]:
        url = sandbox_process.base_url
        settings = {**settings_over(url, sqlite_url, version), **given}
        async with gateway_over(url, clock=clock, transports=transports, **settings) as client:
            yield Someone(client)

    return open_shop


@pytest.fixture
def records(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> Records:
    """The operator's systems, to look into and to change."""
    return Records(sandbox_process.base_url)
