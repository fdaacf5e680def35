"""Two processes over one journal, with an inventory and holds in memory, for thousands of histories."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import delete

from domain.reservations.holds import Hold, Holds, Taken
from kernel.clock import FixedClock
from store.database import Database
from store.tables import leases, reservations
from tests.carts.fate import boundary, mortal
from tests.reservations.estate import Estate, inventory_over, pool_over
from tests.reservations.inventory_system import InventorySystemInMemory

IDS = ("n1", "n2")


class HoldsInMemory(Holds):
    """Holds as `Holds` has them, without Redis: it can forget everything, or some holds and not the epoch."""

    def __init__(self, clock: FixedClock) -> None:
        object.__setattr__(self, "clock", clock)
        object.__setattr__(self, "kept", {})
        object.__setattr__(self, "epochs", [])

    def __repr__(self) -> str:
        return f"HoldsInMemory({self.kept})"

    clock: FixedClock
    kept: dict[str, tuple[str, float]]
    epochs: list[str]

    async def take(self, hold: Hold, *, seconds: float, address: str) -> Taken:
        if not self.epochs:
            return Taken.REBUILDING
        return Taken.HELD if await self.keep(hold, seconds=seconds) else Taken.TAKEN

    async def keep(self, hold: Hold, *, seconds: float) -> bool:
        holder, until = self.kept.get(hold.key, ("", 0.0))
        if holder not in ("", hold.token) and until > self.clock.now():
            return False
        self.kept[hold.key] = (hold.token, self.clock.now() + seconds)
        return True

    async def drop(self, hold: Hold) -> None:
        if self.kept.get(hold.key, ("", 0.0))[0] == hold.token:
            del self.kept[hold.key]

    async def drop_all(self, holds: Sequence[Hold]) -> None:
        for hold in holds:
            await self.drop(hold)

    async def server(self) -> str | None:
        return "one"

    async def epoch(self) -> float | None:
        return float(self.epochs[-1]) if self.epochs else None

    async def begin_epoch(self, holds: Any, name: str) -> None:
        await self.keep_all(list(holds))
        self.epochs.append(name)

    async def keep_all(self, holds: Sequence[tuple[Hold, float]]) -> None:
        for hold, seconds in holds:
            await self.keep(hold, seconds=seconds)


@dataclass
class World:
    """Two processes, what they share, and the event loop they live in."""

    runner: asyncio.Runner
    database: Database
    clock: FixedClock
    system: InventorySystemInMemory
    holds: HoldsInMemory
    processes: list[Estate] = field(default_factory=list)

    def fresh(self, *, conditional: bool) -> None:
        """Nothing has happened yet."""

        async def empty() -> None:
            async with self.database.writing() as connection:
                await connection.execute(delete(reservations))
                await connection.execute(delete(leases))

        self.runner.run(empty())
        self.system.fill(IDS)
        self.system.conditional = conditional
        self.holds.kept.clear()
        self.holds.epochs[:] = ["1"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, api: str) -> Iterator[World]:
    mortal(monkeypatch)
    clock, memory = FixedClock(), Path("/dev/shm")  # what a disk does is not looked into here
    system = InventorySystemInMemory(boundary)
    with asyncio.Runner() as runner, TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        database = runner.run(Database.open(f"sqlite:///{folder}/bff.db", migrate=True))
        made = World(runner, database, clock, system, HoldsInMemory(clock))
        backend_over = pool_over if api == "TMF685" else inventory_over
        for _ in range(2):
            inventory = backend_over("http://up.test", clock, transport=system.transport(), timeout=600)
            made.processes.append(Estate.over(database, made.holds, inventory, clock))
        yield made
        for process in made.processes:
            runner.run(process.aclose())
        runner.run(database.aclose())
