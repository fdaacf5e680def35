"""Answers at whole multiples of a time, however long what they say took: so that the time tells nothing."""

import asyncio
from collections.abc import Awaitable, Callable


def evenly(pace: float) -> Callable[[], Awaitable[None]]:
    """From now on: what to await before an answer, so that it comes at a whole multiple of `pace` seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def even() -> None:
        if pace > 0:
            await asyncio.sleep(pace - (loop.time() - began) % pace)

    return even
