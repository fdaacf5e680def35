"""An estate's reservations over real parts: a database, a Redis-protocol server, the sandbox as the inventory."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from domain.reservations.holds import Holds
from kernel.clock import FixedClock
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from store.database import Database
from tests.reservations.estate import Estate, Numbers, inventory_over, pool_over


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def numbers(sandbox_process: SandboxProcess, sandbox: SandboxControl) -> Numbers:
    """The inventory as the operator sees it, past the gateway."""
    return Numbers(sandbox_process.base_url)


@pytest.fixture
def api() -> str:
    """The API by which resources are reserved."""
    return "TMF639"


@pytest.fixture
def make_estate(
    api: str,
    sandbox_process: SandboxProcess,
    sandbox: SandboxControl,
    clock: FixedClock,
    redis: Redis,
    database: Database,
) -> Callable[..., Estate]:
    """Makes processes of one estate; keyword arguments are those of `inventory_over`."""
    sandbox.clear_habits()
    backend_over = pool_over if api == "TMF685" else inventory_over

    def make(*, per_shopper: int = 5, per_address: int = 500, **options: Any) -> Estate:
        holds = Holds(redis, per_shopper, per_address)
        return Estate.over(database, holds, backend_over(sandbox_process.base_url, clock, **options), clock)

    return make


@pytest.fixture
async def estate(make_estate: Callable[..., Estate]) -> AsyncIterator[Estate]:
    """One process, whose Redis takes holds."""
    made = make_estate()
    await made.sweeper.sweep()
    yield made
    await made.aclose()


@pytest.fixture
async def other(make_estate: Callable[..., Estate]) -> AsyncIterator[Estate]:
    """Another process of the estate."""
    made = make_estate()
    yield made
    await made.aclose()


@pytest.fixture
async def unmarked(make_estate: Callable[..., Estate]) -> AsyncIterator[Estate]:
    """A process over an inventory that keeps no related parties."""
    made = make_estate(marks=False)
    await made.sweeper.sweep()
    yield made
    await made.aclose()
