"""Reservations at every stage of their lives, and processes that sleep meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from clients.http import Reply
from domain.reservations.model import Candidate
from domain.reservations.reservations import Reservation
from store.reservations import Entry
from tests.reservations.estate import Estate, ask, free_numbers, meddling

NUMBERS = free_numbers(20)
ONE, OTHER = NUMBERS[:2]
Made = Reservation | BaseException


async def held(estate: Estate, shopper: str = "ada", what: Candidate = ONE) -> Entry:
    return await estate.entry((await estate.reservations.reserve(ask(shopper), what)).id)


async def in_checkout(estate: Estate) -> Entry:
    frozen = await estate.assignments.freeze(await held(estate), until=estate.clock.now() + 3_600)
    assert frozen is not None
    return frozen


async def assigned(estate: Estate) -> Entry:
    done = await estate.assignments.assign(await in_checkout(estate))
    assert done is not None
    return done


async def overdue(estate: Estate) -> Entry:
    entry = await in_checkout(estate)
    estate.clock.advance(3_600)
    return entry


async def resting(estate: Estate) -> Entry:
    given_up = await estate.assignments.give_back(await assigned(estate))
    assert given_up is not None
    return given_up


@asynccontextmanager
async def overslept(
    estate: Estate, work: Coroutine[Any, Any, Made | Entry | None]
) -> AsyncIterator["asyncio.Task[Any]"]:
    """Inside, `work` sleeps before its first write; afterwards it has woken up and is done."""
    asleep, awake = asyncio.Event(), asyncio.Event()

    async def sleep(_: bytes) -> Reply | None:
        if not asleep.is_set():
            asleep.set()
            await awake.wait()
        return None

    with meddling(estate.desk.inventory, sleep):
        sleeper = asyncio.create_task(work)
        await asleep.wait()
        yield sleeper
        awake.set()
        await asyncio.wait([sleeper])
