"""Waiting for what is built beside a gateway."""

import asyncio
from collections.abc import Awaitable, Callable

_LOOKS = 6


async def until_quiet(search: Callable[[], Awaitable[object]], count: Callable[[], int]) -> None:
    """Until searching has cost no call for a while: from then on the index of free numbers answers."""
    seen = [-1]
    while len(seen) < _LOOKS or len({*seen[-_LOOKS:]}) > 1:
        await search()
        await asyncio.sleep(0.05)
        seen.append(count())
