"""A shop where people sign in: gateways over the sandbox's user pool, with a real Redis and a database of their own."""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import pytest

from bff.upstream_clients import Transports
from kernel.clock import Clock, FixedClock
from sandbox.cognito.operations import CLIENT, POOL
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.conftest import gateway_over
from tests.identity.sessions.person import Person

KEY = "a-signing-key-for-tests-of-forty-letters"


class MakeShop(Protocol):
    """Opens a shop; keyword arguments are settings by variable, without `BFF_`, in lower case."""

    def __call__(
        self, *, clock: Clock | None = None, transports: Transports | None = None, **settings: Any
    ) -> AbstractAsyncContextManager[Person]: ...


@pytest.fixture
def clock() -> FixedClock:
    """Stands at the real time, because the pool's tokens and codes go by that."""
    return FixedClock(time.time())


@pytest.fixture
def shop(sandbox_process: SandboxProcess, sandbox: SandboxControl, redis_url: str, sqlite_url: str) -> MakeShop:
    """Makes shops over one Redis and one database: two of them at once are two processes of one estate.

    They do not pace their answers, unless told to.
    """

    @asynccontextmanager
    async def open_shop(
        *, clock: Clock | None = None, transports: Transports | None = None, **given: Any
    ) -> AsyncIterator[Person]:
        settings = {
            "cognito_pool": POOL,
            "cognito_client_id": CLIENT,
            "cognito_endpoint": sandbox_process.base_url,
            "redis_url": redis_url,
            "keys": KEY,
            "database_url": sqlite_url,
            "identity_pace": 0,
            **given,
        }
        async with gateway_over(sandbox_process.base_url, clock=clock, transports=transports, **settings) as client:
            yield Person(client, sandbox)

    return open_shop
