"""A few operations begin in each pass of the event loop; nobody is lost and nobody overtakes."""

import asyncio

from bff.edge.turns import Turns


class Passing:
    """A clock by which each operation takes so long."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0

    def __call__(self) -> float:
        return self.now


async def passes(turns: Turns, count: int, clock: Passing) -> list[int]:
    """How many of so many that come at once begin in each pass; in the order they came."""
    begun = list[int]()

    async def begin(number: int) -> None:
        await turns.take()
        clock.now += clock.seconds
        begun.append(number)

    tasks = [asyncio.create_task(begin(number)) for number in range(count)]
    each = []
    while len(begun) < count:
        before = len(begun)
        await asyncio.sleep(0)
        each.append(len(begun) - before)
    assert begun == list(range(count))
    await asyncio.gather(*tasks)
    return [each for each in each if each]


async def test_so_many_begin_in_one_pass() -> None:
    """Of ten that come at once three begin at once, and three more in each pass."""
    clock = Passing(1.0)
    assert await passes(Turns(per_pass=3, clock=clock), 10, clock) == [3, 3, 3, 1]


async def test_what_takes_no_time_begins_in_ever_larger_groups() -> None:
    clock = Passing(0.0)
    assert await passes(Turns(per_pass=4, clock=clock), 300, clock) == [4, 8, 16, 32, 64, 64, 64, 48]


async def test_as_many_begin_as_fill_a_pass() -> None:
    """Then, when each takes longer, as few as before."""
    clock = Passing(0.001)
    turns = Turns(per_pass=4, seconds=0.02, clock=clock)
    assert await passes(turns, 60, clock) == [4, 8, 16, 16, 16]
    clock.seconds = 1.0
    assert await passes(turns, 40, clock) == [16, 8, 4, 4, 4, 4]


async def test_who_comes_alone_tells_nothing() -> None:
    """A loop that is free is no sign that many could begin at once."""
    clock = Passing(0.0)
    turns = Turns(per_pass=4, clock=clock)
    for _ in range(20):
        assert await passes(turns, 1, clock) == [1]
    clock.seconds = 1.0
    assert await passes(turns, 8, clock) == [4, 4]


async def test_one_that_goes_away_costs_no_turn() -> None:
    """A caller that is cancelled while it waits leaves its turn to the next."""
    turns = Turns(per_pass=1)
    first, gone, last = (asyncio.create_task(turns.take()) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait_for(asyncio.gather(first, last), 5)
    assert gone.cancelled()
