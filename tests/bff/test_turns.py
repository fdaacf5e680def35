"""A few operations begin in each pass of the event loop; nobody is lost and nobody overtakes."""

import asyncio

from bff.edge.turns import Turns


async def test_so_many_begin_in_one_pass() -> None:
    """Of ten that come at once three begin at once, and three more in each pass, in the order they came."""
    turns, begun = Turns(per_pass=3), list[int]()

    async def begin(number: int) -> None:
        await turns.take()
        begun.append(number)

    tasks = [asyncio.create_task(begin(number)) for number in range(10)]
    most = 0
    while len(begun) < 10:
        before = len(begun)
        await asyncio.sleep(0)
        most = max(most, len(begun) - before)
    assert begun == list(range(10))
    assert most == 3
    await asyncio.gather(*tasks)


async def test_one_that_goes_away_costs_no_turn() -> None:
    """A caller that is cancelled while it waits leaves its turn to the next."""
    turns = Turns(per_pass=1)
    first, gone, last = (asyncio.create_task(turns.take()) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait_for(asyncio.gather(first, last), 5)
    assert gone.cancelled()
