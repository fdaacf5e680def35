"""Some gateways over one database and one cart system, in one process, at the mercy of a test: time, deaths, sleep."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import delete

from bff.dev import SANDBOX_TMF620
from bff.upstreams import Services, open_services
from domain.carts import sweeping
from domain.carts.carts import Carts
from domain.carts.sweeping import CartSweeper
from kernel.clock import FixedClock
from kernel.context import Audience
from sandbox.process import SandboxProcess
from store.leases import Leases
from store.tables import cart_changes, carts, idempotency
from tests.carts.cart_system import CartSystemInMemory
from tests.carts.fate import boundary, mortal
from tests.conftest import settings_of

DAY = 86_400.0
HOLD = 30.0
AUDIENCE = Audience("en", "web")
KEY = "a-signing-key-for-tests-of-forty-letters"


@dataclass
class Estate:
    """Two processes or more, what they share, and the event loop they live in."""

    runner: asyncio.Runner
    processes: list[Services]
    clock: FixedClock
    system: CartSystemInMemory
    sweepers: list[CartSweeper] = field(default_factory=list)
    sleeping: "list[asyncio.Task[Any]]" = field(default_factory=list)
    numbers: int = 0

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def begin_anew(self) -> None:
        """As if nothing had ever been: another history would stumble over what this one has left."""
        self.runner.run(self._forget())
        self.numbers = 0
        self.system.begin_anew()
        self.clock.advance(10.0)  # circuits that opened close

    async def end_sleepers(self) -> None:
        """Whoever a history that failed has left asleep: they would wake among others, or in a closed house."""
        for task in self.sleeping:
            task.cancel()
        await asyncio.gather(*self.sleeping, return_exceptions=True)
        self.sleeping.clear()

    async def _forget(self) -> None:
        await self.end_sleepers()
        async with self.carts(0).keeper.holds.database.writing() as connection:
            for table in (cart_changes, carts, idempotency):
                await connection.execute(delete(table))

    def carts(self, process: int) -> Carts:
        carts = self.processes[process].carts
        assert carts is not None
        return carts


@asynccontextmanager
async def _processes(
    count: int, catalogue: str, database: str, estate_clock: FixedClock, system: CartSystemInMemory
) -> AsyncIterator[list[Services]]:
    configured = settings_of(
        tmf620_url=catalogue + SANDBOX_TMF620,
        tmf620_page_size=500,
        tmf663_url="http://carts.test/tmf663",
        tmf663_attempts=1,
        tmf663_timeout=600,
        cache_fresh=1e9,
        cart_sweep=1e6,
        cart_hold=HOLD,
        keys=KEY,
        database_url=database,
    )
    async with AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(open_services(configured, estate_clock, {"tmf663": system.transport()}))
            for _ in range(count)
        ]
        yield processes


@contextmanager
def open_estate(
    sandbox_process: SandboxProcess, monkeypatch: pytest.MonkeyPatch, *, processes: int = 2
) -> Iterator[Estate]:
    """An estate over the sandbox's catalogue."""
    mortal(monkeypatch)
    monkeypatch.setattr(sweeping, "_SIDE_BY_SIDE", 1)  # or it is anybody's guess who sleeps
    clock, system = FixedClock(), CartSystemInMemory(boundary)
    memory = Path("/dev/shm")  # what a disk does is not looked into here
    with asyncio.Runner() as runner, TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        opened = _processes(processes, sandbox_process.base_url, f"sqlite:///{folder}/bff.db", clock, system)
        estate = Estate(runner, runner.run(opened.__aenter__()), clock, system)
        for process in range(processes):
            carts = estate.carts(process)
            carts.keeper.patience = 0.0
            carts.updater.idempotency._patience = 0.0
            leases = Leases(carts.keeper.holds.database, clock)
            sweeper = CartSweeper(carts.keeper, carts.updater.idempotency, leases, AUDIENCE, every=1e6, keep=7 * DAY)
            estate.sweepers.append(sweeper)
        yield estate
        runner.run(estate.end_sleepers())
        runner.run(opened.__aexit__(None, None, None))
