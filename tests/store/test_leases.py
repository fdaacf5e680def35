"""Leases: one holder at a time, by token and not by the time alone."""

import asyncio

import pytest

from kernel.clock import FixedClock
from kernel.tasks import stop
from store.database import Database
from store.leases import Lease, Leases


@pytest.fixture
def leases(database: Database, clock: FixedClock) -> Leases:
    return Leases(database, clock)


async def test_a_lease_is_taken_once(leases: Leases) -> None:
    assert await leases.take("sweep", seconds=10) is not None
    assert await leases.take("sweep", seconds=10) is None


async def test_other_work_has_another_lease(leases: Leases) -> None:
    assert await leases.take("sweep", seconds=10) is not None
    assert await leases.take("renew", seconds=10) is not None


async def test_of_many_that_want_it_one_gets_it(leases: Leases, database_url: str, clock: FixedClock) -> None:
    other = await Database.open(database_url, migrate=False)
    there = Leases(other, clock)
    taken = await asyncio.gather(*(each.take("sweep", seconds=10) for each in (leases, there) * 10))
    assert sum(lease is not None for lease in taken) == 1
    await other.aclose()


async def test_it_is_free_when_its_time_is_over(leases: Leases, clock: FixedClock) -> None:
    await leases.take("sweep", seconds=10)
    clock.advance(9.9)
    assert await leases.take("sweep", seconds=10) is None
    clock.advance(0.1)
    assert await leases.take("sweep", seconds=10) is not None


async def test_it_is_free_when_given_back(leases: Leases) -> None:
    lease = await leases.take("sweep", seconds=10)
    assert lease is not None
    await leases.give_back(lease)
    assert await leases.take("sweep", seconds=10) is not None


async def test_renewing_holds_it_longer(leases: Leases, clock: FixedClock) -> None:
    lease = await leases.take("sweep", seconds=10)
    assert lease is not None
    clock.advance(9)
    assert await leases.renew(lease)
    clock.advance(9)
    assert await leases.take("sweep", seconds=10) is None


async def test_whoever_lost_it_finds_out_and_changes_nothing(leases: Leases, clock: FixedClock) -> None:
    lost = await leases.take("sweep", seconds=10)
    assert lost is not None
    clock.advance(10)
    held = await leases.take("sweep", seconds=10)
    assert held is not None
    assert not await leases.renew(lost)
    await leases.give_back(lost)
    assert await leases.renew(held)


async def test_a_lease_that_ran_out_untaken_can_be_renewed(leases: Leases, clock: FixedClock) -> None:
    """Nobody else worked in between, so nothing speaks against going on."""
    lease = await leases.take("sweep", seconds=10)
    assert lease is not None
    clock.advance(60)
    assert await leases.renew(lease)
    assert await leases.take("sweep", seconds=10) is None


async def test_of_several_processes_one_works(leases: Leases) -> None:
    """And goes on with it for as long as it lives."""
    done: list[str] = []

    def worker(name: str) -> "asyncio.Task[None]":
        async def do(_: Lease) -> None:
            done.append(name)

        return asyncio.create_task(leases.work("sweep", do, every=0.001, seconds=10))

    workers = [worker(name) for name in "abc"]
    while len(done) < 20:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await stop(workers)
    assert len(set(done)) == 1


async def test_work_that_fails_is_tried_again(leases: Leases) -> None:
    tries = 0

    async def do(_: Lease) -> None:
        nonlocal tries
        tries += 1
        raise ValueError

    working = asyncio.create_task(leases.work("sweep", do, every=0.001, seconds=10))
    while tries < 3:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await stop([working])


async def test_who_stops_in_order_leaves_the_work_to_others_at_once(leases: Leases) -> None:
    begun = asyncio.Event()

    async def do(_: Lease) -> None:
        begun.set()

    working = asyncio.create_task(leases.work("sweep", do, every=3600, seconds=10))
    await begun.wait()
    await stop([working])
    assert await leases.take("sweep", seconds=10) is not None
