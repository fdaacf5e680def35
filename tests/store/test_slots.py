"""Places for live processes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from unittest.mock import AsyncMock

import psycopg
import pytest

from kernel.errors import StoreUnavailableError
from store import slots
from store.slots import Slots
from tests.databases import cut_off

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@pytest.fixture
async def processes(database_url: str) -> AsyncIterator[list[Slots]]:
    async with AsyncExitStack() as stack:
        made = [Slots(database_url, "tests") for _ in range(3)]
        for each in made:
            stack.push_async_callback(each.aclose)
        yield made


async def test_a_place_that_was_lost_is_not_said_to_be_kept(database_url: str, processes: list[Slots]) -> None:
    """Another live process has it from then on, and it is taken again once that one is gone."""
    mine, other, third = processes
    assert await mine.take(0)
    cut_off(database_url)
    while not await other.take(0):
        pass
    assert [await mine.keep(0), await mine.keep(0)] == [False, False]
    await other.give_back(0)
    assert await mine.keep(0)
    assert not await third.take(0)


async def test_a_place_is_taken_again_when_the_server_is_back(
    database_url: str, processes: list[Slots], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other, _ = processes
    assert await mine.take(0)
    cut_off(database_url)
    with monkeypatch.context() as patched:
        patched.setattr(slots, "_connected", AsyncMock(side_effect=psycopg.OperationalError))
        with pytest.raises(StoreUnavailableError):
            await mine.keep(0)
    assert await mine.keep(0)
    assert not await other.take(0)


async def test_a_server_that_is_not_there(database_url: str) -> None:
    """It is unavailable, as it is to everybody else who asks the database."""
    nowhere = Slots("postgresql://nobody@127.0.0.1:1/nothing", "tests")
    with pytest.raises(StoreUnavailableError):
        await nowhere.take_any()
    with pytest.raises(StoreUnavailableError):
        await nowhere.keep(0)


async def test_a_connection_that_broke_is_not_asked_again(database_url: str, processes: list[Slots]) -> None:
    """What was held over it is lost, and the next who asks connects anew."""
    mine, other, _ = processes
    assert await mine.take(0)
    cut_off(database_url)
    with pytest.raises(StoreUnavailableError):
        await mine.take(1)
    assert await mine.take(1)
    assert await other.take(0)
    assert not await mine.take(0)


async def test_who_starts_gets_nobody_s_place_that_was_lost(database_url: str, processes: list[Slots]) -> None:
    """Its owner may live and take it again; two would be known by the same place."""
    mine, other, _ = processes
    place = await mine.take_any()
    cut_off(database_url)
    while not await other.take(place):
        pass
    await other.give_back(place)
    assert await other.take_any() != place
    assert await mine.keep(place)
