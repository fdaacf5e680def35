"""A shop that brings numbers along: gateways over the sandbox's carts, inventory and porting provider.

Everything here runs on both databases. Two shops at once are two processes of one estate.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bff.carts import open_carts
from bff.dev import SANDBOX_PORTING, SANDBOX_TMF620, SANDBOX_TMF639, SANDBOX_TMF663
from bff.foundation import open_foundation
from bff.porting import open_porting
from domain.porting.following import Follower
from domain.porting.porting import PortIns
from kernel.clock import Clock, FixedClock
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess
from tests.conftest import gateway_over, settings_of
from tests.porting.shopper import PortingShopper
from tests.porting.systems import Systems

KEY = "a-signing-key-for-tests-of-forty-letters"
MakeShop = Callable[..., Any]
Round = Callable[[], Awaitable[int]]


@pytest.fixture(scope="session")
def porting_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(numbers=400) as process:
        yield process


@pytest.fixture
def sandbox(porting_process: SandboxProcess) -> SandboxControl:
    control = porting_process.control
    control.reset()
    return control


@pytest.fixture
def systems(porting_process: SandboxProcess, sandbox: SandboxControl) -> Systems:
    """The operator's inventory and provider, to look into and to change."""
    return Systems(porting_process.base_url, sandbox)


def given(base_url: str, database_url: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a shop over the sandbox. Upstreams are asked once, so that calls can be counted."""
    version = settings.get("tmf639_version", "v4")
    return {
        "tmf620_url": base_url + SANDBOX_TMF620,
        "tmf639_url": base_url + SANDBOX_TMF639[version],
        "tmf663_url": base_url + SANDBOX_TMF663["v4"],
        "porting_url": base_url + SANDBOX_PORTING,
        "tmf639_attempts": 1,
        "porting_attempts": 1,
        "keys": KEY,
        "database_url": database_url,
        "cart_sweep": 3600,
        "porting_poll": 3600,
        **settings,
    }


@pytest.fixture
def shop(porting_process: SandboxProcess, sandbox: SandboxControl, database_url: str) -> MakeShop:
    """Makes shops; keyword arguments are settings by variable, without `BFF_`, in lower case."""

    @asynccontextmanager
    async def open_shop(*, clock: Clock | None = None, **settings: Any) -> AsyncIterator[PortingShopper]:
        base = porting_process.base_url
        async with gateway_over(base, clock=clock, **given(base, database_url, settings)) as client:
            yield PortingShopper(client)

    return open_shop


@asynccontextmanager
async def port_ins_of(base_url: str, database_url: str, clock: Clock, **settings: Any) -> AsyncIterator[PortIns]:
    """The port-ins of another process of the estate, without its HTTP."""
    read = settings_of(**given(base_url, database_url, settings))
    async with open_foundation(read, clock, {}) as base, open_carts(base) as carts, open_porting(base, carts) as opened:
        assert opened is not None
        assert opened.porting.port_ins is not None
        yield opened.porting.port_ins


@pytest.fixture
async def elsewhere(
    porting_process: SandboxProcess, sandbox: SandboxControl, database_url: str, clock: FixedClock
) -> AsyncIterator[PortIns]:
    """Another process of the estate."""
    async with port_ins_of(porting_process.base_url, database_url, clock) as port_ins:
        yield port_ins


@pytest.fixture
def follower(elsewhere: PortIns) -> Follower:
    """What follows port-ins in that process."""
    return Follower(elsewhere.desk, None, 60.0)  # type: ignore[arg-type]


@pytest.fixture
def poll(follower: Follower) -> Round:
    """Has what is due looked at; answers how many were."""
    return follower.round
