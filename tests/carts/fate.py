"""Requests that die or fall asleep at a chosen point, as their process would: at a transaction, at an upstream call.

What has died does nothing any more, not even what an `except` or a `finally` asks for: every further step fails too.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import pytest

from store.database import Connection, Database


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Life:
    """One request's. `dies_at`, `sleeps_at`: at which of its steps, counted from 1; never, where None."""

    dies_at: int | None = None
    sleeps_at: int | None = None
    steps: int = 0
    asleep: asyncio.Event = field(default_factory=asyncio.Event)
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self) -> None:
        self.steps += 1
        if self.dies_at is not None and self.steps >= self.dies_at:
            raise Killed
        if self.steps == self.sleeps_at:
            self.asleep.set()
            await self.awake.wait()


_life: ContextVar[Life | None] = ContextVar("life", default=None)


async def boundary() -> None:
    """A point at which whoever is running may die or fall asleep."""
    life = _life.get()
    if life is not None:
        await life.step()


def mortal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every transaction a boundary, before it begins and when it is committed."""
    writing = Database.writing

    @asynccontextmanager
    async def stepping(self: Database) -> AsyncIterator[Connection]:
        await boundary()
        async with writing(self) as connection:
            yield connection
        await boundary()

    monkeypatch.setattr(Database, "writing", stepping)


async def live(life: Life, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """Run until it is done, dead or asleep; the task."""
    token = _life.set(life)
    task = asyncio.create_task(work)
    _life.reset(token)
    sleeping = asyncio.create_task(life.asleep.wait())
    await asyncio.wait({task, sleeping}, return_when=asyncio.FIRST_COMPLETED)
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    return task
